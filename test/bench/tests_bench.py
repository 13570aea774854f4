"""Tests of predictions: permutation_test, compare_test, bootstrap_r against their flops and NumPy, identification."""

import time

import numpy as np

from encoding_data import Backend, create, median_seconds

THREADS = 2
kept = {}


def table(db, n, v):
    """Rows (fold = row number, x predicted, y measured)."""
    name = f'tests_{n}_{v}'
    if name not in kept:
        rng = np.random.default_rng(n)
        X = rng.standard_normal((n, v), dtype=np.float32)
        Y = 0.1 * X + rng.standard_normal((n, v), dtype=np.float32)
        create(db, name, np.arange(n), X, Y)
        kept[name] = X, Y
    return name, *kept[name]


def timed(db, name, aggregate, call, threads=THREADS):
    """Seconds of the call alone: those of the aggregate are measured apart, and taken off."""
    backend = Backend(db, threads)
    statement = f'SELECT {{}} FROM (SELECT predictions_agg({aggregate}) AS s FROM {name} OFFSET 0) q'
    rows, _ = median_seconds(lambda: backend.query(statement.format('n_samples(s)')))
    whole, _ = median_seconds(lambda: backend.query(statement.format('count(*)') + f', {call} AS t'))
    backend.close()
    return whole - rows, rows


def numpy_permutations(X, Y, length, n_perm):
    """Seconds of n_perm permutations in NumPy, from 10 of them: rows of y in a new order, times x, summed."""
    rng = np.random.default_rng(0)
    x = (X - X.mean(axis=0)) / np.linalg.norm(X - X.mean(axis=0), axis=0)
    y = (Y - Y.mean(axis=0)) / np.linalg.norm(Y - Y.mean(axis=0), axis=0)
    rows = np.arange(len(X)).reshape(-1, length)
    r = np.einsum('nv,nv->v', x, y)
    reached = np.zeros(X.shape[1], int)
    started = time.perf_counter()
    for _ in range(10):
        reached += np.einsum('nv,nv->v', x, y[rng.permutation(rows).ravel()]) >= r
    return (time.perf_counter() - started) * n_perm / 10


def bench_permutation_test(db, rates, report):
    n_perm = 1000
    for n, v, length, bar in ((10000, 5000, 100, 50), (10000, 5000, 10, 8), (1000, 2000, 1, 2)):
        name, X, Y = table(db, n, v)
        took, rows = timed(db, name, f'x, y, fold / {length}, fold', f'permutation_test(s, n_perm => {n_perm})')
        nb = n // length
        products = min(nb + n_perm * nb / n, n_perm)
        flops = 2.0 * n * v * products
        peer = numpy_permutations(X, Y, length, n_perm)
        report.figure(f'{n} rows in blocks of {length}, {v} targets, {n_perm} permutations', took, 's', note=f'{rows:.2f} s more to read the rows')
        report.figure('  flops of the cheaper way at dgemm rate', flops / rates.dgemm[THREADS], 's', note=f'{flops / took / 1e9:.1f} Gflop/s')
        report.figure('  NumPy, float32, one thread', peer, 's', note='10 permutations, times 100')
        report.figure('  of NumPy\'s time', took / peer, '', bar=1 / bar)


def against_gemm(db, rates, report, what, statement, scan, flops, bar):
    """A statement's time beyond its scan, held against dgemm's sustained rate around each run."""
    backend = Backend(db, THREADS)
    rows, _ = median_seconds(lambda: backend.query(scan))
    took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, THREADS, repeat=3)
    report.figure(what, took, 's', note=f'{rows:.2f} s of it to read the rows')
    report.figure('  its floor at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop, {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  ratio', (work - rows * rate) / flops, '', bar=bar)
    return backend


def bench_compare_test(db, rates, report):
    n, v, n_perm = 1000, 2000, 5000
    name, X, Y = table(db, n, v)
    rows = f'(SELECT predictions_agg(x, x + y, y, fold) AS s FROM {name} OFFSET 0) q'
    against_gemm(db, rates, report, f'compare_test, {n} blocks, {v} targets, {n_perm} swaps (6 n_perm nb v)',
                 f'SELECT count(*) FROM {rows}, compare_test(s, n_perm => {n_perm})', f'SELECT n_samples(s) FROM {rows}',
                 6.0 * n_perm * n * v, 2.5).close()


def bench_bootstrap_r(db, rates, report):
    n, v, n_boot = 1000, 2000, 2500
    name, X, Y = table(db, n, v)
    rows = f'(SELECT predictions_agg(x, y, fold) AS s FROM {name} OFFSET 0) q'
    against_gemm(db, rates, report, f'bootstrap_r, {n} blocks, {v} targets, {n_boot} draws (12 n_boot nb v)',
                 f'SELECT count(*) FROM {rows}, bootstrap_r(s, n_boot => {n_boot})', f'SELECT n_samples(s) FROM {rows}',
                 12.0 * n_boot * n * v, 2.5).close()


def bench_identification(db, rates, report):
    n, v = 8000, 1000
    name, X, Y = table(db, n, v)
    statement = f'SELECT identification(x, y, fold) FROM {name}'
    backend = against_gemm(db, rates, report, f'identification, {n} rows of {v} elements (2 n^2 v)', statement,
                           f'SELECT n_samples(predictions_agg(x, y, fold)) FROM {name}', 2.0 * n * n * v, 1.8)
    _, peak = backend.peak(statement)
    report.figure('  peak memory, of the rows', peak / (2.0 * n * v * 4), 'times', bar=2,
                  note=f'{peak / 2**20:.0f} MB; all correlations would be {n * n * 8 / 2**20:.0f} MB')
    backend.close()
