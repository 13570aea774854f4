"""topk: 10,000 queries against 200,000 rows of 512 float4, k 10, in one scan.

The floor is the one product (2 n q d flops by sgemm) and a scan that touches each value.  Beside it the same work by a
sorted scan a query, and by NumPy in memory.
"""

import io

import numpy as np

from bench import seconds
from encoding_data import Backend, median_seconds
from neuroenc_oracle import put
from gram_tables import wire

N, Q, D, K = 200000, 10000, 512, 10
kept = {}


def create(db, table, X):
    """(id, key), rows of float4 kept inline, in parts by COPY BINARY."""
    head = wire(X[0])[:8]
    record = np.dtype([('columns', '>i2'), ('id_length', '>i4'), ('id', '>i8'), ('length', '>i4'), ('tensor', 'V8'), ('x', '<f4', X.shape[1])])
    with db.cursor() as cur:
        cur.execute(f'CREATE UNLOGGED TABLE {table} (id bigint, key tensor) WITH (toast_tuple_target = 8160)')
        for first in range(0, len(X), 20000):
            part = X[first:first + 20000]
            rows = np.empty(len(part), record)
            rows['columns'], rows['id_length'], rows['length'], rows['tensor'] = 2, 8, len(head) + part[0].nbytes, np.void(head)
            rows['id'], rows['x'] = np.arange(first, first + len(part)), part
            cur.copy_expert(f'COPY {table} FROM STDIN (FORMAT binary)', io.BytesIO(b'PGCOPY\n\377\r\n\0' + bytes(8) + rows.tobytes() + b'\xff\xff'))
        cur.execute(f'VACUUM (FREEZE, ANALYZE) {table}')


def data(db):
    if not kept:
        rng = np.random.default_rng(6)
        kept['X'] = rng.standard_normal((N, D), dtype=np.float32)
        kept['W'] = rng.standard_normal((Q, D), dtype=np.float32)
        create(db, 'images', kept['X'])
        with db.cursor() as cur:
            cur.execute('CREATE TABLE voxels AS SELECT from_npy(%s) AS w', [put(kept['W'])])
            cur.execute('SELECT sum(length(tensor_send(key))) FROM images')
    return kept['X'], kept['W']


def statement(metric, queries='(SELECT w FROM voxels)', limit=N):
    return f"SELECT count(*), sum(score) FROM (SELECT topk(id, key, {queries}, {K}, '{metric}') AS t FROM images WHERE id < {limit}) s, neighbors(s.t)"


def against_floor(db, rates, report, what, query, n, q, threads, repeat, bar=1.5):
    backend = Backend(db, threads)
    scan, _ = median_seconds(lambda: backend.query(f'SELECT sum(length(tensor_send(key))) FROM images WHERE id < {n}'))
    took, rate, work = rates.paired(lambda: backend.query(query), np.float32, threads, repeat=repeat)
    flops = 2.0 * n * q * D
    report.figure(f'{what}, threads {threads}', took, 's', note=f'{scan:.2f} s to read the rows')
    report.figure('  floor: the product', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop at sgemm {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  of product and reading', work / (flops + scan * rate), '', bar=bar)
    backend.close()
    return took


def bench_ten_thousand_queries(db, rates, report):
    X, W = data(db)
    for threads in (1, 2):
        took = against_floor(db, rates, report, f'topk, {Q} queries x {N} rows x {D}, k {K}', statement('dot'), N, Q, threads, 1)
    backend = Backend(db, 1)
    _, peak = backend.peak(statement('dot', limit=20000))
    report.figure('  memory, the queries once read', peak / 2**20, 'MB', note='any number of rows')
    one, _ = median_seconds(lambda: backend.query(f'SELECT id FROM images, (SELECT flatten(w[1:1][:]) AS v FROM voxels OFFSET 0) q ORDER BY key <#> v LIMIT {K}'))
    report.figure(f'  ORDER BY key <#> q LIMIT {K}, times {Q}', one * Q, 's', note=f'{one:.3f} s a query')
    report.figure('  topk of that time', took / (one * Q), '', bar=1)
    backend.close()
    rates.set_threads(2)

    def numpy_part():
        score = W[:500] @ X.T
        best = np.argpartition(-score, K, axis=1)[:, :K]
        return np.take_along_axis(score, best, axis=1)
    peer, _ = seconds(numpy_part, 1)
    report.figure('  NumPy in memory, 500 queries, times 20', peer * Q / 500, 's', note='two threads, float4, argpartition')
    report.figure('  topk of that time', took / (peer * Q / 500), '')


def bench_metrics(db, rates, report):
    data(db)
    for metric in ('cosine', 'euclidean', 'correlation'):
        against_floor(db, rates, report, f'topk, {metric}, {Q} queries x 20000 rows', statement(metric, limit=20000), 20000, Q, 1, 3, bar=2)


def bench_few_queries(db, rates, report):
    """Reading, not the product, is what these cost."""
    data(db)
    for q in (1, 100):
        against_floor(db, rates, report, f'topk, {q} queries x {N} rows', statement('dot', f'(SELECT w[1:{q}][:] FROM voxels)'), N, q, 1, 3, bar=4)


def bench_elements(db, rates, report):
    """Without queries: each of 4,096 features its best of 10,000 rows, against reading them."""
    backend = Backend(db, 1)
    with db.cursor() as cur:
        cur.execute("CREATE UNLOGGED TABLE codes_wide AS SELECT id, random_normal('{4096}', id) AS key FROM generate_series(1, 10000) id")
        cur.execute("VACUUM ANALYZE codes_wide")
    scan, _ = median_seconds(lambda: backend.query('SELECT sum(length(tensor_send(key))) FROM codes_wide'))
    took, _ = median_seconds(lambda: backend.query(f'SELECT count(*) FROM (SELECT topk(id, key, {K}) AS t FROM codes_wide) s, neighbors(s.t)'))
    report.figure('4096 features of 10000 rows', took, 's', note=f'{scan:.2f} s to read the rows')
    report.figure('  of reading', took / scan, '', bar=2.5)
    backend.close()


def bench_heavy_ties(db, rates, report):
    """Keys of 0 and 1 against queries of 0 and 1: half the rows tie with a list's last, the worst that can come."""
    data(db)
    backend = Backend(db, 1)
    with db.cursor() as cur:
        cur.execute("CREATE TABLE codes AS SELECT id, ARRAY(SELECT (id >> b) & 1 FROM generate_series(0, 9) b)::real[]::tensor AS key FROM generate_series(1, 50000) id")
        cur.execute("CREATE TABLE templates AS SELECT stack(ARRAY(SELECT (id >> b) & 1 FROM generate_series(0, 9) b)::real[]::tensor ORDER BY id) AS w FROM generate_series(0, 1023) id")
    took, _ = median_seconds(lambda: backend.query(f'SELECT count(*) FROM (SELECT topk(id, key, (SELECT w FROM templates), {K}) AS t FROM codes) s, neighbors(s.t)'), 1)
    report.figure('1024 templates x 50000 codes of 10 bits', took, 's', note=f'{took / 1024 / 50000 * 1e9:.1f} ns a pair')
    backend.close()
