"""gram_agg from a table: n 10,000, p 1,000, v 10,000, float4."""

import numpy as np

from encoding_data import Backend, create, median_seconds, responses

N, P, V = 10000, 1000, 10000


def bench_gram_agg(db, rates, report):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, P), dtype=np.float32)
    Y = responses(rng, X, V)
    create(db, 'gram_rows', np.arange(N) * 5 // N, X, Y)
    statement = 'SELECT n_samples(gram_agg(x, y)) FROM gram_rows'
    for threads in (1, 2):
        backend = Backend(db, threads)
        backend.query(statement)
        # a shared machine's rate drifts by a third within seconds: each run is held against the rate around it
        took, rate, work = rates.paired(lambda: backend.query(statement), np.float32, threads)
        scan, _ = median_seconds(lambda: backend.query('SELECT sum(length(tensor_send(x)) + length(tensor_send(y))) FROM gram_rows'))
        flops = 2.0 * N * P * V + N * P ** 2
        report.figure(f'gram_agg, threads {threads}', took, 's')
        report.figure('  its floor, (2npv + np^2) / sgemm', flops / rate, 's', note=f'{rate / 1e9:.0f} Gflop/s, sustained')
        report.figure('  a scan that only detoasts', scan, 's')
        report.figure('  ratio to the floor', work / flops, '', bar=1.5 if threads == 2 else None)
        backend.close()
    for folds, aggregate in ((0, 'gram_agg(x, y)'), (5, 'gram_agg(x, y, fold)')):
        backend = Backend(db, 2)
        _, peak = backend.peak(f'SELECT n_samples({aggregate}) FROM gram_rows')
        report.figure(f'{aggregate}: peak memory', peak / 2 ** 20, 'MB', note=f'X\'X and X\'Y in float8: {(P * P + P * V) * 8 * max(folds, 1) / 2 ** 20:.0f} MB')
        backend.close()
