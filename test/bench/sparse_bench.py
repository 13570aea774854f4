"""Sparse vectors of 64 active features of 65,536: products by the pair, scans, the GIN index against reading all, density.

Without JIT, whose compiling takes longer than most of these statements."""

import io
import struct

import numpy as np
from scipy.sparse import csr_matrix

from bench import query_seconds, seconds

ROWS, WIDTH, ACTIVE = 100_000, 65_536, 64


def codes():
    """Features of very different density, as those of a sparse autoencoder: rows x ACTIVE ascending indices, and values."""
    rng = np.random.default_rng(0)
    index = np.empty((ROWS, ACTIVE), np.int32)
    for start in range(0, ROWS, 10_000):
        draw = (WIDTH * rng.random((10_000, 2 * ACTIVE)) ** 2).astype(np.int32)
        draw.sort(axis=1)
        draw[:, 1:][draw[:, 1:] == draw[:, :-1]] = WIDTH
        keep = np.argpartition(np.where(draw < WIDTH, rng.random(draw.shape), 2), ACTIVE, axis=1)[:, :ACTIVE]
        index[start:start + 10_000] = np.sort(np.take_along_axis(draw, keep, 1), axis=1)
    return index, rng.exponential(size=index.shape).astype(np.float32)


def bench_load(db, rates, report):
    index, value = codes()
    head = struct.pack('>hi', 1, 12 + 8 * ACTIVE) + struct.pack('!BBcBii', 1, 4, b'<', 0, WIDTH, ACTIVE)
    body = io.BytesIO()
    body.write(b'PGCOPY\n\xff\r\n\0' + struct.pack('>ii', 0, 0))
    for i in range(ROWS):
        body.write(head + index[i].tobytes() + value[i].tobytes())
    body.write(struct.pack('>h', -1))
    body.seek(0)
    with db.cursor() as cur:
        cur.execute('CREATE TABLE codes (code sparse)')
        took, _ = seconds(lambda: cur.copy_expert('COPY codes FROM STDIN (FORMAT binary)', body), 1)
        report.figure(f'COPY BINARY of {ROWS} codes of {ACTIVE} of {WIDTH}', took, 's', note=f'{body.tell() / took / 1e6:.0f} MB/s')
        for statement in ('SET max_parallel_workers_per_gather = 0', 'SET jit = off', "SET maintenance_work_mem = '512MB'", 'VACUUM ANALYZE codes'):
            cur.execute(statement)
        cur.execute('CREATE TABLE few AS SELECT code FROM codes LIMIT 400')
        cur.execute('CREATE TABLE answer AS SELECT code FROM codes OFFSET 777 LIMIT 1')
    bench_load.matrix = csr_matrix((value.ravel(), index.ravel(), np.arange(0, ROWS * ACTIVE + 1, ACTIVE)), (ROWS, WIDTH))


def bench_pairs(db, rates, report):
    """400 x 400 pairs: what a pair costs beyond calling a function of two vectors."""
    base, _ = query_seconds(db, 'SELECT sum((sparse_width(a.code) + sparse_width(b.code))::bigint) FROM few a, few b')
    report.figure('two calls that only look at the header, a pair', base / 400**2 * 1e9, 'ns')
    x = bench_load.matrix[:400]
    peer, _ = seconds(lambda: (x @ x.T).sum())
    for name, bar in (('dot(a.code, b.code)', 5), ('(a.code && b.code)::int', 5), ('overlap(a.code, b.code)', 5), ('(a.code <=> b.code)', None),
                      ('(a.code <-> b.code)', None), ('jaccard(a.code, b.code)', None)):
        took, _ = query_seconds(db, f'SELECT sum({name}) FROM few a, few b')
        report.figure(f'{name}, a pair', took / 400**2 * 1e9, 'ns')
        report.figure('  of the two calls', took / base, 'times', bar=bar)
    report.figure("SciPy's X @ X.T of the same, a pair", peer / 400**2 * 1e9, 'ns')


def bench_scan(db, rates, report):
    """One query over all rows, against a scan that only looks at each value."""
    touch, _ = query_seconds(db, 'SELECT sum(n_active(code)) FROM codes')
    report.figure(f'scan of {ROWS} rows that looks at each', touch * 1e3, 'ms')
    for op in ('<#>', '<=>', '<->'):
        took, _ = query_seconds(db, f'SELECT min(code {op} (SELECT code FROM answer)) FROM codes')
        report.figure(f'min(code {op} query)', took * 1e3, 'ms')
        report.figure('  of that scan', took / touch, 'times', bar=4)
    with db.cursor() as cur:
        cur.execute("CREATE TABLE direction AS SELECT random_normal(ARRAY[%s], 1) AS v" % WIDTH)
    took, _ = query_seconds(db, 'SELECT max(dot(code, (SELECT v FROM direction))) FROM codes')
    q = np.ones(WIDTH, np.float32)
    peer, _ = seconds(lambda: (bench_load.matrix @ q).max())
    report.figure(f'max(dot(code, tensor of {WIDTH}))', took * 1e3, 'ms')
    report.figure('  of that scan', took / touch, 'times', bar=4)
    report.figure("  SciPy's product in memory", peer * 1e3, 'ms')


def bench_gin(db, rates, report):
    with db.cursor() as cur:
        took, _ = seconds(lambda: cur.execute('CREATE INDEX codes_gin ON codes USING gin (code)'), 1)
        report.figure('CREATE INDEX USING gin', took, 's')
        cur.execute("SELECT pg_relation_size('codes_gin') / 1e6, pg_relation_size('codes') / 1e6")
        size, table = cur.fetchone()
        report.figure('  its size', float(size), 'MB', note=f'the table has {float(table):.0f} MB')
        cur.execute('VACUUM ANALYZE codes')
    for what, where, bar in (('two common features', 'code @> active_at(3, 17)', 0.1), ('two rare features', 'code @> active_at(50001, 60001)', 0.1),
                        ('a rare feature', 'code && active_at(60001)', 0.1), ('any of ten', 'code && active_at(100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)', 1)):
        found = {}
        times = {}
        for path, settings in (('seq', 'SET enable_bitmapscan = off'), ('gin', 'SET enable_bitmapscan = on; SET enable_seqscan = off')):
            with db.cursor() as cur:
                cur.execute(settings)
            times[path], found[path] = query_seconds(db, f'SELECT count(*) FROM codes WHERE {where}')
        with db.cursor() as cur:
            cur.execute('RESET enable_seqscan; RESET enable_bitmapscan')
            cur.execute(f'EXPLAIN SELECT * FROM codes WHERE {where}')
            plan = str(cur.fetchall())
        assert found['seq'] == found['gin'], found
        report.figure(f'{where}', times['gin'] * 1e3, 'ms', note=f"{what}: {found['gin'][0][0]} rows; the planner's choice: {'index' if 'Bitmap' in plan else 'scan'}")
        report.figure('  of reading all rows', times['gin'] / times['seq'], '', bar=bar)


def bench_density(db, rates, report):
    touch, _ = query_seconds(db, 'SELECT sum(n_active(code)) FROM codes')
    x = bench_load.matrix
    for name in ('feature_density(code)', 'feature_activity(code)', 'union_sdr(code)'):
        took, _ = query_seconds(db, f'SELECT {name} IS NULL FROM codes')
        report.figure(name, took * 1e3, 'ms')
        report.figure('  of a scan that looks at each', took / touch, 'times', bar=8)
    peer, _ = seconds(lambda: np.bincount(x.indices, minlength=WIDTH))
    report.figure("np.bincount of the indices in memory", peer * 1e3, 'ms')
