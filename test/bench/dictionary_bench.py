"""Sparse codes against their floors and peers: a sparse autoencoder's latents beside the product that makes them and
NumPy, orthogonal matching pursuit and dictionary learning beside scikit-learn."""

import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from sklearn.linear_model import orthogonal_mp_gram

from encoding_data import Backend
from neuroenc_oracle import put

N, D, M, K = 10000, 768, 16384, 32
THREADS = 2


def tables(db):
    with db.cursor() as cur:
        cur.execute(f"CREATE TABLE activations WITH (toast_tuple_target = 8160) AS "
                    f"SELECT i::bigint AS id, random_normal('{{{D}}}', i) AS x FROM generate_series(1, {N}) i")
        cur.execute(f"CREATE TABLE sae AS SELECT random_normal('{{{M},{D}}}', 1) AS w, random_normal('{{{M}}}', 2) AS b_enc, "
                    f"random_normal('{{{D}}}', 3) AS b_dec")


def bench_sae(db, rates, report):
    tables(db)
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(M, D)).astype(np.float32), rng.normal(size=(N, D)).astype(np.float32)
    flops = 2.0 * N * D * M
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        rates.set_threads(threads)
        for kind in ("'topk', 32", "'relu'", "'batch_topk', 32"):
            statement = (f"SELECT count(c.code) FROM (SELECT points_agg(id, x) AS p FROM activations) q, sae, "
                         f"LATERAL sae_encode_rows(w, b_enc, b_dec, p, {kind}) c")
            took, rate = [], []
            for _ in range(3):
                rate.append(rates.sustained(np.float32, threads))
                started = time.perf_counter()
                backend.query(statement)
                took.append(time.perf_counter() - started)
            took, rate = np.median(took), np.median(rate)
            report.figure(f"sae_encode_rows {N} x {D}, {M} latents, {kind}, {threads} threads", took, "s")
            report.figure("  ratio to the product's flops at the rate measured beside it", took * rate / flops, "", bar=1.5 if "topk', 32" == kind[1:] else None)
        started = time.perf_counter()
        for first in range(0, N, 1000):
            z = x[first:first + 1000] @ w.T
            np.argpartition(z, -K, axis=1)[:, -K:]
        report.figure(f"  NumPy: product and argpartition, {threads} threads", time.perf_counter() - started, "s")
    few = "SELECT sum(n_active(sae_encode(w, b_enc, b_dec, x, 'topk', 32))) FROM sae, activations WHERE id <= 500"
    started = time.perf_counter()
    backend.query(few)
    report.figure("  a row at a time, a row", (time.perf_counter() - started) / 500 * 1e3, "ms")


def bench_omp(db, rates, report):
    rng = np.random.default_rng(1)
    n, d, m, k = 5000, 64, 512, 10
    atoms = rng.normal(size=(m, d))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    x = rng.normal(size=(n, d))
    with db.cursor() as cur:
        cur.execute("CREATE TABLE pursuit AS SELECT from_npy(%s) AS d, from_npy(%s) AS x", [put(atoms), put(x)])
    backend = Backend(db, 1)
    rates.set_threads(1)
    started = time.perf_counter()
    backend.query(f"SELECT count(c.code) FROM pursuit, LATERAL omp_rows(d, pursuit.x, {k}) c")
    took = time.perf_counter() - started
    started = time.perf_counter()
    orthogonal_mp_gram(atoms @ atoms.T, atoms @ x.T, n_nonzero_coefs=k)
    peer = time.perf_counter() - started
    report.figure(f"omp_rows {n} x {d}, {m} atoms, k {k}, 1 thread", took, "s")
    report.figure("  scikit-learn's orthogonal_mp_gram", peer, "s")
    report.figure("  ratio", took / peer, "", bar=1.0)


def bench_dictionary_learn(db, rates, report):
    x = load_digits().data / 16
    x = x - x.mean(axis=0)
    k, alpha, passes = 64, .5, 10
    with db.cursor() as cur:
        cur.execute("CREATE TABLE digits AS SELECT from_npy(%s) AS x", [put(x)])
    backend = Backend(db, 1)
    rates.set_threads(1)
    started = time.perf_counter()
    found = backend.query(f"SELECT objective FROM digits, dictionary_learn(x, {k}, {alpha}, max_iter => {passes}, tol => 0, n_init => 1)")
    took = time.perf_counter() - started
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        atoms = MiniBatchDictionaryLearning(k, alpha=alpha, batch_size=256, max_iter=passes, tol=0, max_no_improvement=None,
                                            random_state=0).fit(x).components_
    peer = time.perf_counter() - started
    codes = sparse_encode(x, atoms, algorithm="lasso_cd", alpha=alpha)
    want = ((x - codes @ atoms) ** 2).sum(axis=1).mean() / 2 + alpha * np.abs(codes).sum(axis=1).mean()
    report.figure(f"dictionary_learn, digits, {k} atoms, {passes} passes, 1 thread", took, "s", note=f"objective {found}")
    report.figure("  scikit-learn's MiniBatchDictionaryLearning", peer, "s", note=f"objective {want:.4f}")
    report.figure("  ratio", took / peer, "", bar=1.0)

