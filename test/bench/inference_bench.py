"""Inference on RDMs: the dual bootstrap against its bars and flops, permutations against NumPy's."""

import time

import numpy as np

from bench import query_seconds
from encoding_data import Backend, median_seconds

THREADS = 2

# seconds of rsatoolbox's eval_dual_bootstrap on two such cores, and the bars of the issue
PEERS = {'cosine': (52, 2), 'spearman': (169, 10), 'whitened_cosine': (1372, 30), 'kendall_tau_a': (203, 30)}


def tables(db, name, n, n_data, n_models):
    """name(k, data, r): RDMs of random points, the first n_data are subjects."""
    with db.cursor() as cur:
        cur.execute(f"""
            DROP TABLE IF EXISTS {name};
            CREATE UNLOGGED TABLE {name} AS
            SELECT k, k <= {n_data} AS data, rdm(i, random_normal('{{20}}', 100000 * k + i), 'sqeuclidean') AS r
            FROM generate_series(1, {n_data + n_models}) k, generate_series(1::bigint, {n}) i GROUP BY k""")


def arrays(name):
    return f'(SELECT array_agg(r ORDER BY k) FILTER (WHERE data) AS data, array_agg(r ORDER BY k) FILTER (WHERE NOT data) AS models FROM {name} OFFSET 0) q'


def bench_dual_bootstrap(db, rates, report):
    n, n_data, n_models, n_draws = 92, 4, 8, 1000
    tables(db, 'inference_92', n, n_data, n_models)
    backend = Backend(db, THREADS)
    for method, (peer, bar) in PEERS.items():
        statement = f"SELECT count(*) FROM {arrays('inference_92')}, rdm_bootstrap(data, models, '{method}', {n_draws})"
        took, _ = median_seconds(lambda: backend.query(statement))
        report.figure(f'{method}, {n_draws} draws, {n} conditions, {n_models} models, {n_data} subjects', took, 's', bar=bar,
                      note=f'rsatoolbox {peer} s, {peer / took:.0f} times')
    m, rdms, pairs = n * (n - 1) / 2, n_data + n_models, n_data * n_models
    flops = 2.0 * n_draws * m * (1 + 2 * rdms + pairs)
    report.figure('  floor of cosine: its products at dgemm rate', flops / rates.dgemm[THREADS], 's', note=f'{flops / 1e9:.2f} Gflop')
    backend.close()


def bench_bootstrap_large(db, rates, report):
    """1,000 conditions, 10 subjects, 10 models: 499,500 pairs."""
    n, n_data, n_models, n_draws = 1000, 10, 10, 256
    tables(db, 'inference_1000', n, n_data, n_models)
    backend = Backend(db, THREADS)
    m, rdms, pairs = n * (n - 1) / 2, n_data + n_models, n_data * n_models
    products = 2.0 * n_draws * m * (1 + 2 * rdms + pairs)
    for method, flops, bar in (('cosine', products, 4), ('whitened_cosine', products + 2.0 * n_draws * n * (n * rdms + pairs), 4)):
        statement = f"SELECT count(*) FROM {arrays('inference_1000')}, rdm_bootstrap(data, models, '{method}', {n_draws})"
        took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, THREADS, repeat=3)
        report.figure(f'{method}, {n_draws} draws, {n} conditions, {n_models} models, {n_data} subjects', took, 's')
        report.figure('  its floor at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop')
        report.figure('  ratio', work / flops, '', bar=bar)
    backend.close()


def numpy_permutations(A, B, n_perm):
    """Seconds of n_perm permuted products in NumPy, from 20."""
    rng = np.random.default_rng(0)
    i = np.triu_indices(len(A), 1)
    b = B[i]
    started = time.perf_counter()
    for _ in range(20):
        q = rng.permutation(len(A))
        A[np.ix_(q, q)][i] @ b
    return (time.perf_counter() - started) * n_perm / 20


def bench_permutation(db, rates, report):
    rng = np.random.default_rng(0)
    for n, n_perm in ((92, 10000), (1000, 1000)):
        name = f'inference_{n}'
        tables(db, name, n, 1, 1)
        backend = Backend(db, THREADS)
        D = rng.standard_normal((n, n))
        peer = numpy_permutations(D, D, n_perm)
        for method, bar in (('spearman', 1 / 5), ('whitened_cosine', 1 / 5), ('kendall_tau_a', None)):
            draws = n_perm if method != 'kendall_tau_a' else n_perm // 20
            took, _ = median_seconds(lambda: backend.query(f"SELECT count(*) FROM {arrays(name)}, rdm_permutation_test(data[1], models[1], '{method}', {draws})"))
            report.figure(f'permutation, {method}, {n} conditions, {draws} permutations', took, 's')
            if bar is not None:
                report.figure('  of NumPy\'s time for the products of permuted vectors', took / peer, '', bar=bar, note=f'{peer:.2f} s')
        backend.close()


def bench_fit(db, rates, report):
    n, n_models = 500, 40
    tables(db, 'inference_fit', n, 1, n_models)
    took, _ = query_seconds(db, f"SELECT count(*) FROM {arrays('inference_fit')}, rsa_fit(data[1], models, 5)")
    report.figure(f'rsa_fit, {n} conditions, {n_models} models, 5 folds', took, 's', bar=5)
