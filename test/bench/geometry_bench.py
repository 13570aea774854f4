"""Geometry of populations: nearest neighbours (two_nn, mutual_knn) against their flops at dgemm rate, spectra against pca."""

import numpy as np

from encoding_data import Backend, create

THREADS = 2


def against_floor(db, rates, report, what, statement, scan, flops, bar, repeat=3):
    """A statement's time beyond its scan, held against dgemm's sustained rate around each run."""
    backend = Backend(db, THREADS)
    rows, _, rows_work = rates.paired(lambda: backend.query(scan), np.float64, THREADS, repeat=1)
    took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, THREADS, repeat=repeat)
    report.figure(what, took, 's', note=f'{rows:.2f} s of it to read the rows')
    report.figure('  its floor at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop, {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  ratio', (work - rows_work) / flops, '', bar=bar)
    backend.close()


def table(db, name, n, p, q):
    rng = np.random.default_rng(n + p)
    create(db, name, np.arange(n), rng.standard_normal((n, p), dtype=np.float32), rng.standard_normal((n, q), dtype=np.float32))
    return name


def bench_two_nn(db, rates, report):
    n, p = 20000, 400
    name = table(db, 'neighbours', n, p, 1)
    against_floor(db, rates, report, f'two_nn, {n} rows of {p} elements (n^2 p)', f'SELECT two_nn(x) FROM {name}',
                  f'SELECT n_samples(paired_agg(x, y)) FROM {name}', float(n) * n * p, 2)


def bench_mutual_knn(db, rates, report):
    n, p, q = 10000, 600, 400
    name = table(db, 'pairs', n, p, q)
    against_floor(db, rates, report, f'mutual_knn, {n} rows of {p} and {q} elements, k 10 (n^2 (p + q))', f'SELECT mutual_knn(x, y) FROM {name}',
                  f'SELECT n_samples(paired_agg(x, y)) FROM {name}', float(n) * n * (p + q), 2)


def bench_spectrum(db, rates, report):
    """Eigenvalues without their vectors, against pca, which needs both."""
    n, p = 6000, 1500
    name = table(db, 'features', n, p, 1)
    backend = Backend(db, THREADS)
    gram, with_vectors, alone = (rates.paired(lambda: backend.query(f'SELECT {call} FROM (SELECT gram_agg(x) AS g FROM {name} OFFSET 0) q'),
                                              np.float64, THREADS, repeat=3)[2]
                                 for call in ('n_samples(g)', 'components(pca(g, 1))', 'spectrum(g)'))
    backend.close()
    report.figure(f'spectrum of {p} features, of pca\'s time', (alone - gram) / (with_vectors - gram), '', bar=1.1,
                  note=f'{(alone - gram) / rates.dgemm[THREADS]:.2f} s at dgemm\'s best rate')
