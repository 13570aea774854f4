"""Alignment: all pairs of 40 layers by CKA, from a table; measures of two populations against their flops."""

import numpy as np

from encoding_data import Backend, create, median_seconds

THREADS = 2
LAYERS, STIMULI, UNITS = 40, 1000, 768


def make_layers(db):
    with db.cursor() as cur:
        cur.execute("CREATE UNLOGGED TABLE layers (layer bigint, stimulus bigint, x tensor) WITH (toast_tuple_target = 8160)")
        cur.execute("INSERT INTO layers SELECT l, s, random_normal('{%d}', l * 100000 + s) FROM generate_series(1, %d) l, generate_series(1, %d) s"
                    % (UNITS, LAYERS, STIMULI))
        cur.execute("VACUUM (FREEZE, ANALYZE) layers")


def bench_layers(db, rates, report):
    """The floor is one Gram a layer, 2 n^2 p by gemm.  The bar is for one thread: the rest is passes over n x n memory, which a second one does not share."""
    make_layers(db)
    flops = 2.0 * LAYERS * STIMULI * STIMULI * UNITS
    scan = "SELECT sum(s) FROM (SELECT layer, sum(norm(x)) AS s FROM layers GROUP BY layer) q"
    pairs = ("SELECT sum(p.value) FROM (SELECT rdm_similarity(layer, r, 'cka') AS s FROM (SELECT layer, rdm(stimulus, x, 'sqeuclidean') AS r "
             "FROM layers GROUP BY layer) AS of_layers) AS q, similarity_pairs(q.s) AS p")
    for threads, bar in ((1, 2), (THREADS, None)):
        backend = Backend(db, threads)
        read, _ = median_seconds(lambda: backend.query(scan))
        took, rate, work = rates.paired(lambda: backend.query(pairs), np.float64, threads, repeat=3)
        report.figure(f'{LAYERS} layers of {STIMULI} x {UNITS}, CKA of all pairs, threads {threads}', took, 's', note=f'{read:.2f} s of it to read the rows')
        report.figure('  floor: one Gram a layer at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop, {rate / 1e9:.0f} Gflop/s sustained')
        report.figure('  ratio, reading included', work / flops, '', bar=bar)
        backend.close()


def numpy_cka(X, Y):
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    return np.linalg.norm(X.T @ Y) ** 2 / np.linalg.norm(X.T @ X) / np.linalg.norm(Y.T @ Y)


def numpy_cca(X, Y):
    U, V = (np.linalg.svd(A - A.mean(axis=0), full_matrices=False)[0] for A in (X, Y))
    return np.linalg.svd(U.T @ V, compute_uv=False).mean()


def numpy_rbf(X, Y, sigma):
    kernels = []
    for A in (X, Y):
        G = A @ A.T
        K = np.exp((G - (np.diag(G)[:, None] + np.diag(G)) / 2) / sigma**2)
        kernels.append(K - K.mean(axis=0) - K.mean(axis=1)[:, None] + K.mean())
    K, L = kernels
    return (K * L).sum() / np.linalg.norm(K) / np.linalg.norm(L)


def bench_measures(db, rates, report):
    """Beside NumPy on the same two threads, its data in memory as float64; ours less the reading of the rows."""
    n, p = 4000, 400
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)).astype(np.float32)
    Y = (X + rng.standard_normal((n, p))).astype(np.float32)
    create(db, 'measures', np.arange(n), X, Y)
    backend = Backend(db, THREADS)
    rates.set_threads(THREADS)
    X, Y = X.astype(float), Y.astype(float)
    read, _ = median_seconds(lambda: backend.query('SELECT n_samples(paired_agg(x, y)) FROM measures'))
    for call, peer, bar in (('cka(paired_agg(x, y))', lambda: numpy_cka(X, Y), None), ('mean_cca(x, y)', lambda: numpy_cca(X, Y), 1),
                            ('cka_rbf(x, y, 20)', lambda: numpy_rbf(X, Y, 20), 1)):
        took, value = median_seconds(lambda: backend.query(f'SELECT {call} FROM measures'))
        other, want = median_seconds(peer)
        report.figure(f'{call}, {n} x {p} and {p}', took - read, 's', note=f'{read:.2f} s more to read the rows; NumPy {other:.2f} s')
        report.figure('  of NumPy\'s time', (took - read) / other, '', bar=bar)
    backend.close()
