"""Time series: clean, zscore_columns and convolve of a run of 10,000 rows, float4, against their flops, a scan, and NumPy after COPY."""

import time

import numpy as np
from scipy import signal

from encoding_data import Backend, copy_out, create, median_seconds

N, EVENTS, VOXELS, TR, CUTOFF = 10000, 300, 5000, 2, 128
SCAN = 'SELECT sum(length(tensor_send({}))) FROM bold'
WINDOW = 'SELECT count(z) FROM (SELECT {} OVER (ORDER BY fold) AS z FROM bold) AS s'
kept = {}


def bold_table(db):
    """(fold: the time, x: sparse events, y: noise with drifts)."""
    if 'bold' not in kept:
        rng = np.random.default_rng(0)
        X = (rng.random((N, EVENTS)) < .02).astype(np.float32)
        Y = rng.standard_normal((N, VOXELS), dtype=np.float32)
        Y += np.linspace(0, 5, N, dtype=np.float32)[:, None] + 100
        create(db, 'bold', np.arange(N), X, Y)
        kept['bold'] = X, Y
    return kept['bold']


def drifts():
    """Orthonormal: SPM's cosines, and a line beside them."""
    k = int(2 * (N * TR) / CUTOFF + 1)
    t = np.arange(N)
    C = np.cos(np.pi * np.outer(2 * t + 1, np.arange(k)) / (2 * N))
    return np.ascontiguousarray(np.linalg.qr(np.hstack([C, t[:, None]]))[0].T)


def numpy_clean(Y, Q):
    """float64, as clean() computes."""
    R = Y - Y.mean(axis=0, dtype=np.float64)
    R -= Q.T @ (Q @ R)
    return (R / R.std(axis=0)).astype(np.float32)


def first_rows(db, call):
    with db.cursor() as cur:
        cur.execute(f'SELECT z::float8[] FROM (SELECT fold, {call} OVER (ORDER BY fold) AS z FROM bold) AS s ORDER BY fold LIMIT 20')
        return np.array([row[0] for row in cur.fetchall()])


def bench_clean(db, rates, report):
    X, Y = bold_table(db)
    Q = drifts()
    call = f'clean(y, 1, {CUTOFF}, {TR})'
    flops = 4.0 * N * len(Q) * VOXELS
    for threads in (1, 2):
        backend = Backend(db, threads)
        backend.query(WINDOW.format(call))
        took, rate, work = rates.paired(lambda: backend.query(WINDOW.format(call)), np.float64, threads, 3)
        scan, _ = median_seconds(lambda: backend.query(SCAN.format('y')))
        report.figure(f'clean, {len(Q)} drifts, threads {threads}', took, 's')
        report.figure('  its floor, 4nkv / dgemm', flops / rate, 's', note=f'{rate / 1e9:.0f} Gflop/s, sustained')
        report.figure('  a scan that only detoasts', scan, 's')
        report.figure('  less the scan, to the floor', work * (1 - scan / took) / flops, '', bar=2 if threads == 1 else None)
        backend.close()
    backend = Backend(db, 1)
    _, peak = backend.peak(WINDOW.format(call))
    report.figure('  peak memory, of the run in float4', peak / Y.nbytes, 'times', bar=2, note=f'{peak / 2 ** 20:.0f} MB')
    backend.close()

    started = time.perf_counter()
    _, B = copy_out(db, 'bold', X, Y)
    out = time.perf_counter() - started
    rates.set_threads(1)
    fitted, Z = median_seconds(lambda: numpy_clean(B, Q), 1)
    report.figure('COPY BINARY out, NumPy on one thread', out + fitted, 's', note=f'{out:.1f} s + {fitted:.1f} s, and not back in')
    report.figure('  the largest difference', np.abs(first_rows(db, call) - Z[:20]).max(), '', bar=1e-5)


def bench_zscore_columns(db, rates, report):
    _, Y = bold_table(db)
    backend = Backend(db, 1)
    for call in ('zscore_columns(y)', 'detrend(y, 1)'):
        took, _ = median_seconds(lambda: backend.query(WINDOW.format(call)))
        scan, _ = median_seconds(lambda: backend.query(SCAN.format('y')))
        report.figure(call, took, 's')
        report.figure('  to a scan that only detoasts', took / scan, '', bar=6)
    backend.close()


def bench_convolve(db, rates, report):
    X, Y = bold_table(db)
    backend = Backend(db, 1)
    scan, _ = median_seconds(lambda: backend.query(SCAN.format('y')))
    kernel = np.array(backend.query(f'SELECT hrf({TR})::float8[]')[0][0])
    for m, name in ((len(kernel), f'hrf({TR})'), (32, "filled('{32}', 1)")):
        call = f'convolve(y, {name})'
        took, _ = median_seconds(lambda: backend.query(WINDOW.format(call)))
        flops = 2.0 * N * m * VOXELS
        report.figure(f'{call}, {m} rows', took, 's')
        report.figure('  less the scan, Gflop/s', flops / max(took - scan, 1e-3) / 1e9, '')
        report.figure('  less the scan, to its flops at the dgemm rate', (took - scan) / (flops / rates.dgemm[1]), '', bar=8)
    backend.close()
    started = time.perf_counter()
    _, B = copy_out(db, 'bold', X, Y)
    out = time.perf_counter() - started
    fitted, Z = median_seconds(lambda: signal.oaconvolve(B, kernel[:, None].astype(np.float32), axes=0)[:N], 1)
    report.figure('COPY BINARY out, SciPy oaconvolve in float32', out + fitted, 's', note=f'{out:.1f} s + {fitted:.1f} s, and not back in')
    report.figure('  the largest difference', np.abs(first_rows(db, f'convolve(y, hrf({TR}))') - Z[:20]).max(), '', bar=1e-3)
