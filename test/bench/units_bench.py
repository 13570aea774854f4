"""Units of two models: corr over many rows against its floor, assignment against SciPy, transport and curvature."""

import time

import numpy as np
from scipy.optimize import linear_sum_assignment

from encoding_data import Backend, create, median_seconds
from neuroenc_oracle import put

UNITS, DISTINCT, SCANS = 4000, 5000, 20
THREADS = 2


def bench_corr(db, rates, report):
    """2 x 4,000 units over 100,000 rows: 5,000 rows of a table, read 20 times."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((DISTINCT, UNITS), dtype=np.float32)
    Y = rng.standard_normal((DISTINCT, UNITS), dtype=np.float32)
    create(db, 'unit_rows', np.zeros(DISTINCT, int), X, Y)
    n = DISTINCT * SCANS
    products, squares = 2.0 * n * UNITS * UNITS, float(n) * UNITS * UNITS
    # X'X is float8 (it may be inverted), X'Y float4: the floor counts each at its own rate
    as_float4 = rates.sgemm[THREADS] / rates.dgemm[THREADS]
    for state, flops in (('cross_agg', products), ('gram_agg', products + squares * as_float4)):
        backend = Backend(db, THREADS)
        statement = f'SELECT size(corr({state}(x, y))) FROM unit_rows, generate_series(1, {SCANS})'
        took, rate, work = rates.paired(lambda: backend.query(statement), np.float32, THREADS, repeat=1)
        report.figure(f'corr({state}), {n} rows of 2 x {UNITS} units', took, 's')
        report.figure("  its floor, 2 n p q" + (" at sgemm, n p^2 at dgemm" if state == 'gram_agg' else " at sgemm"), flops / rate, 's',
                      note=f'{rate / 1e9:.0f} Gflop/s sustained')
        report.figure('  ratio to the floor', work / flops, '', bar=1.5)
        backend.close()
        backend = Backend(db, THREADS)
        peaks = [backend.peak(f'SELECT size(corr({state}(x, y))) FROM unit_rows, generate_series(1, {scans})')[1] for scans in (2, 4)]
        report.figure('  peak memory', peaks[1] / 2**20, 'MB', note=f"X'Y and r are {2 * UNITS * UNITS * 8 / 2**20:.0f} MB")
        report.figure('  of that with half of the rows', peaks[1] / peaks[0], 'times', bar=1.1)
        backend.close()


def matrix(db, name, values):
    with db.cursor() as cur:
        cur.execute(f'CREATE TABLE IF NOT EXISTS {name} (m tensor)')
        cur.execute(f'TRUNCATE {name}')
        cur.execute(f'INSERT INTO {name} VALUES (from_npy(%s))', [put(values)])


def correlated(rng, p, q):
    """Correlations of two models' units that share 50 dimensions, of 400 rows."""
    shared = rng.standard_normal((400, 50))
    X, Y = (shared @ rng.standard_normal((50, k)) + 5 * rng.standard_normal((400, k)) for k in (p, q))
    return np.corrcoef(X.T, Y.T)[:p, p:]


def bench_assignment(db, rates, report):
    rng = np.random.default_rng(1)
    for what, cost in (('normal', rng.standard_normal((2000, 2000))), ('uniform', rng.random((2000, 2000))),
                       ('whole numbers to 100', rng.integers(0, 100, (2000, 2000)).astype(float)),
                       ('correlations', -correlated(rng, 2000, 2000)), ('rectangular', rng.standard_normal((1500, 3000)))):
        matrix(db, 'costs', cost)
        backend = Backend(db, 1)
        scan, _ = median_seconds(lambda: backend.query('SELECT size(m * 1) FROM costs'))
        took, _ = median_seconds(lambda: backend.query('SELECT sum(a.cost) FROM costs, assignment(m) a'))
        started = time.perf_counter()
        linear_sum_assignment(cost)
        peer = time.perf_counter() - started
        report.figure(f'assignment, {cost.shape[0]} x {cost.shape[1]}, {what}', took, 's', note=f'{scan:.2f} s of it to read the matrix')
        report.figure('  linear_sum_assignment', peer, 's')
        report.figure("  of SciPy's time", (took - scan) / peer, '', bar=1.0)
        backend.close()


def bench_soft_match(db, rates, report):
    rng = np.random.default_rng(2)
    for p, q in ((1000, 1000), (1000, 750), (4000, 3000)):
        matrix(db, 'units_r', correlated(rng, p, q))
        backend = Backend(db, 1)
        took, _ = median_seconds(lambda: backend.query('SELECT (soft_match(m)).score FROM units_r'))
        report.figure(f'soft_match, {p} and {q} units', took, 's')
        backend.close()


def bench_excess_correlation(db, rates, report):
    p = 2000
    with db.cursor() as cur:
        cur.execute(f"CREATE TABLE excess_rows AS SELECT random_normal('{{{p}}}', i) AS x, random_normal('{{{p}}}', -i) AS y FROM generate_series(1, 4000) i")
    backend = Backend(db, THREADS)
    gram, _ = median_seconds(lambda: backend.query('SELECT n_samples(gram_agg(x, y)) FROM excess_rows'))
    took, rate, _ = rates.paired(lambda: backend.query('SELECT sum(e.excess) FROM (SELECT gram_agg(x, y) AS g FROM excess_rows OFFSET 0) q, excess_correlation(g) e'), np.float64, THREADS, repeat=3)
    flops = (8 / 3 + 2 + 2) * p**3
    report.figure(f'excess_correlation, 2 x {p} units, beside its gram', took - gram, 's')
    report.figure('  its floor: QR and Q, Q Sxx, Q Sxy at dgemm', flops / rate, 's')
    report.figure('  ratio to the floor', (took - gram) * rate / flops, '', bar=4)
    backend.close()


def bench_ollivier_ricci(db, rates, report):
    rng = np.random.default_rng(3)
    for n, k in ((500, 10), (2000, 10), (500, 50)):
        points = rng.standard_normal((n, 8))
        matrix(db, 'distances', np.linalg.norm(points[:, None] - points[None], axis=2))
        backend = Backend(db, THREADS)
        took, _ = median_seconds(lambda: backend.query(f"SELECT count(*) FROM (SELECT rdm_from_matrix(array_agg(i::text), (SELECT m FROM distances)) AS r FROM generate_series(1, {n}) i OFFSET 0) q, ollivier_ricci(r, {k})"))
        report.figure(f'ollivier_ricci, {n} conditions, k {k}', took, 's')
        backend.close()
