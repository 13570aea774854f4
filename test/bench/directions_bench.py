"""Directions: discriminants against the flops of their sums and scikit-learn, parallelograms against all distances of sums."""

import time

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from encoding_data import Backend, create, median_seconds

THREADS = 2


def bench_lda_direction(db, rates, report):
    n, p, k = 20000, 512, 10
    rng = np.random.default_rng(0)
    label = rng.integers(0, k, n)
    X = (rng.standard_normal((n, p)) + rng.standard_normal((k, p))[label]).astype(np.float32)
    create(db, 'directions_rows', label, X, X[:, :1])
    backend = Backend(db, THREADS)
    read, _ = median_seconds(lambda: backend.query('SELECT count(dot(x, x)) FROM directions_rows'))
    sums = 'class_sums_agg(x, fold)'
    took, rate, work = rates.paired(lambda: backend.query(f"SELECT lda_direction({sums}, NULL, '1') FROM directions_rows"), np.float64, THREADS, repeat=3)
    flops = float(n) * p * p + p ** 3 / 3.0
    report.figure(f'lda_direction, {n} rows of {p} features, {k} classes', took, 's', note=f'{read:.2f} s of it to read the rows')
    report.figure('  n p^2 + p^3 / 3 at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop')
    report.figure('  beyond reading, of that', (work - read * rate) / flops, '', bar=8, note='blocks of 256 rows a class; X is float4, its products float8')
    started = time.perf_counter()
    LinearDiscriminantAnalysis(solver='lsqr', shrinkage='auto').fit(X.astype(float), label)
    peer = time.perf_counter() - started
    report.figure('  scikit-learn, rows in memory', peer, 's')
    report.figure("  of scikit-learn's time", took / peer, '', bar=1)
    mean, _ = median_seconds(lambda: backend.query('SELECT mean_difference(x, fold > 4) FROM directions_rows'))
    report.figure('mean_difference, of the time of a scan with dot(x, x)', mean / read, '', bar=2)
    backend.close()


def planted(n, d):
    """Rows that are sums of one of n / 4 vectors and one of 4, with noise."""
    rng = np.random.default_rng(n)
    return (rng.standard_normal((n // 4, 1, d)) + rng.standard_normal((1, 4, d)) + .03 * rng.standard_normal((n // 4, 4, d))).reshape(n, d)


def all_sums_seconds(X, threshold):
    """Seconds to compare all sums of two rows by SciPy, from a part of them."""
    a, c = np.triu_indices(len(X), 1)
    sums = X[a] + X[c]
    part = sums[np.random.default_rng(0).permutation(len(sums))[:200]]
    started = time.perf_counter()
    np.count_nonzero(cdist(part, sums) <= threshold)
    return (time.perf_counter() - started) * len(sums) / len(part) / 2


def bench_parallelograms(db, rates, report):
    for n, tolerance in ((200, .1), (500, .1), (500, .02)):
        X = planted(n, 64)
        backend = Backend(db, THREADS)
        create(db, 'directions_points', np.arange(n), X.astype(np.float32), X[:, :1].astype(np.float32))
        statement = (f'SELECT count(*) FROM (SELECT stack(x ORDER BY fold) AS m FROM directions_points OFFSET 0) AS q, '
                     f'parallelograms(q.m, {tolerance})')
        took, rows = median_seconds(lambda: backend.query(statement))
        peer = all_sums_seconds(X, tolerance)
        report.figure(f'parallelograms, {n} rows of 64, tolerance {tolerance}', took, 's')
        report.figure('  SciPy, distances of all sums, one thread', peer, 's', note='from 200 of them')
        report.figure("  of SciPy's time", took / peer, '', bar=.05)
        backend.close()
