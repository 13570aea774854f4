"""kmeans_fit from a table: n 200,000 rows of 128 float4, k 256, ten iterations from given centres, two threads.

On rows without clusters the floor is ten products of the rows with the centres and one scan of the table; on rows
that form clusters the bounds must go below it.  The peer is scikit-learn's KMeans after COPY BINARY out.
"""

import io
import time

import numpy as np

from encoding_data import Backend, median_seconds
from neuroenc_oracle import get, put
from gram_tables import wire

N, D, K, ITERATIONS = 200000, 128, 256, 10

STATEMENT = f'SELECT kmeans_fit(points_agg(x), {K}, max_iter => {ITERATIONS}, tol => 0, init => from_npy(%s))'


def random_rows(rng):
    return rng.standard_normal((N, D), dtype=np.float32)


def clustered_rows(rng):
    """Centres N(0, 9 I), noise of variance 1."""
    centres = 3 * rng.standard_normal((K, D), dtype=np.float32)
    return centres[rng.integers(K, size=N)] + rng.standard_normal((N, D), dtype=np.float32)


def create(db, table, X):
    head = wire(X[0])[:8]
    record = np.dtype([('head', '>i2'), ('length', '>i4'), ('tensor', 'V8'), ('x', '<f4', X.shape[1])])
    rows = np.empty(len(X), record)
    rows['head'], rows['length'], rows['tensor'], rows['x'] = 1, len(head) + X[0].nbytes, np.void(head), X
    with db.cursor() as cur:
        cur.execute(f'CREATE UNLOGGED TABLE {table} (x tensor) WITH (toast_tuple_target = 8160)')
        cur.copy_expert(f'COPY {table} FROM STDIN (FORMAT binary)',
                        io.BytesIO(b'PGCOPY\n\377\r\n\0' + bytes(8) + rows.tobytes() + b'\xff\xff'))
        cur.execute(f'VACUUM (FREEZE, ANALYZE) {table}')


def copy_out(db, table):
    out = io.BytesIO()
    with db.cursor() as cur:
        cur.copy_expert(f'COPY {table} TO STDOUT (FORMAT binary)', out)
    record = np.dtype([('head', 'V14'), ('x', '<f4', D)])
    return np.ascontiguousarray(np.frombuffer(out.getbuffer(), record, N, 19)['x'])


def lloyd(X, centre):
    """Lloyd's iterations in float64, all distances; a cluster without rows takes the farthest row."""
    X, centre = X.astype(np.float64), centre.astype(np.float64)
    for _ in range(ITERATIONS):
        label = np.argmin((centre ** 2).sum(axis=1) - 2 * X @ centre.T, axis=1)
        empty = np.flatnonzero(np.bincount(label, minlength=K) == 0)
        if len(empty):
            label[np.argsort(-((X - centre[label]) ** 2).sum(axis=1))[:len(empty)]] = empty
        order = np.argsort(label, kind='stable')
        sizes = np.bincount(label, minlength=K)
        centre = np.add.reduceat(X[order], np.concatenate([[0], np.cumsum(sizes)[:-1]])) / sizes[:, None]
    return centre


def scikit_learn(rates, X, init):
    from sklearn.cluster import KMeans

    rates.set_threads(2)
    started = time.perf_counter()
    KMeans(K, init=init, n_init=1, max_iter=ITERATIONS, tol=0, algorithm='lloyd').fit(X)
    return time.perf_counter() - started


def one_kind(db, rates, report, kind, X, init, bar):
    create(db, kind, X)
    backend = Backend(db, 2)
    run = f'{STATEMENT} FROM {kind}'
    got = get(backend.db, f'centroids(({run}))', [put(init)])
    want = lloyd(X, init)
    nearest = ((got[:, None, :16] - want[None, :, :16]) ** 2).sum(axis=2).argmin(axis=1)
    report.figure(f'{kind}: centres against float64 Lloyd, largest difference', np.abs(got - want[nearest]).max(), '', bar=1e-9)
    took, rate, work = rates.paired(lambda: backend.query(run, [put(init)]), np.float32, 2)
    scan, _ = median_seconds(lambda: backend.query(f'SELECT sum(length(tensor_send(x))) FROM {kind}'))
    products = 2.0 * N * K * D * ITERATIONS
    floor = products + scan * rate
    report.figure(f'{kind}: kmeans_fit, threads 2', took, 's')
    report.figure('  floor: ten products', products / rate, 's', note=f'{rate / 1e9:.0f} Gflop/s, sustained')
    report.figure('  floor: a scan', scan, 's')
    report.figure('  ratio to the floor', work / floor, '', bar=bar)
    _, peak = backend.peak(run, [put(init)])
    report.figure('  peak memory', peak / 2 ** 20, 'MB', note=f'the rows: {X.nbytes / 2 ** 20:.0f} MB')
    out, copied = median_seconds(lambda: copy_out(db, kind))
    learned = scikit_learn(rates, copied, init)
    report.figure('  COPY BINARY out and scikit-learn', out + learned, 's', note=f'{out:.2f} s of it the copy; ratio {(out + learned) / took:.1f}')
    backend.close()


def bench_kmeans_random(db, rates, report):
    rng = np.random.default_rng(0)
    X = random_rows(rng)
    one_kind(db, rates, report, 'random_rows', X, X[rng.choice(N, K, replace=False)], 1.5)


def bench_kmeans_clustered(db, rates, report):
    rng = np.random.default_rng(1)
    X = clustered_rows(rng)
    one_kind(db, rates, report, 'clustered_rows', X, X[rng.choice(N, K, replace=False)], 1)
