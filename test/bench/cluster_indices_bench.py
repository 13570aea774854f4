"""silhouette of a table's rows against scikit-learn's silhouette_score of the same rows in memory, two threads each."""

import time

import numpy as np

from encoding_data import Backend, create

N, D, K = 50000, 64, 20


def bench_silhouette(db, rates, report):
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(0)
    centres = rng.standard_normal((K, D), dtype=np.float32)
    label = rng.integers(K, size=N)
    X = centres[label] + 2 * rng.standard_normal((N, D), dtype=np.float32)
    create(db, 'labelled', label, X, X[:, :1])
    statement = 'SELECT silhouette(x, fold) FROM labelled'
    backend = Backend(db, 2)
    took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, 2, repeat=3)
    rows, peak = backend.peak(statement)
    got = rows[0][0]
    backend.close()
    rates.set_threads(2)
    started = time.perf_counter()
    want = silhouette_score(X.astype(np.float64), label)
    peer = time.perf_counter() - started
    started = time.perf_counter()
    silhouette_score(X, label)
    single = time.perf_counter() - started
    flops = float(N) * N * D
    report.figure(f'silhouette, {N} rows of {D} float4, reading them included', took, 's', note=f'peak memory {peak / 2 ** 20:.0f} MB')
    report.figure('  of the time of scikit-learn\'s silhouette_score, float64', took / peer, '', bar=1, note=f'{peer:.1f} s')
    report.figure('  ... and float32, whose distances keep 7 digits', took / single, '', bar=1, note=f'{single:.1f} s')
    report.figure('  of n^2 d flops at dgemm rate', work / flops, '', note=f'{flops / rate:.2f} s at {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  difference from scikit-learn\'s', abs(got - want), '', bar=1e-9)
