"""Scores: AUC of many rows, NDCG of many queries, ablation_curve against one ridge_cv, concept_vector against its passes."""

import numpy as np
from sklearn import metrics

from bench import seconds
from encoding_data import Backend, create, median_seconds

THREADS = 2


def bench_auc(db, rates, report):
    n = 3000000
    with db.cursor() as cur:
        cur.execute(f'CREATE UNLOGGED TABLE ranked AS SELECT i % 20000 AS query, sin(i) AS score, i % 7 = 0 AS relevant FROM generate_series(1, {n}) i')
        cur.execute('VACUUM (FREEZE, ANALYZE) ranked')
    backend = Backend(db)
    scan, _ = median_seconds(lambda: backend.query('SELECT avg(score), count(relevant) FROM ranked'))
    took, rows = median_seconds(lambda: backend.query('SELECT auc(score, relevant) FROM ranked'))
    i = np.arange(1, n + 1)
    score, relevant = np.sin(i), i % 7 == 0
    peer, want = seconds(lambda: metrics.roc_auc_score(relevant, score), 1)
    assert abs(rows[0][0] - want) < 1e-12, (rows, want)
    report.figure(f'auc of {n} rows', took, 's', note=f'{scan:.2f} s for avg(score), count(relevant) of the same scan')
    report.figure("  of scikit-learn's roc_auc_score, rows in memory", took / peer, '', bar=1.5, note=f'{peer:.2f} s')
    report.figure('  beyond the scan, a row', (took - scan) / n * 1e9, 'ns')
    took, _ = median_seconds(lambda: backend.query('SELECT mean_reciprocal_rank(query, score, relevant) FROM ranked'), 1)
    report.figure('mean_reciprocal_rank of 20,000 queries, the same rows', took, 's')
    backend.close()


def bench_ablation(db, rates, report):
    n, p, v, k = 4000, 2000, 1000, 5
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p), dtype=np.float32)
    Y = (X @ rng.standard_normal((p, v), dtype=np.float32) / 30 + rng.standard_normal((n, v), dtype=np.float32))
    create(db, 'ablated', np.arange(n) % k, X, Y)
    backend = Backend(db, THREADS)
    backend.db.cursor().execute('CREATE TEMP TABLE held AS SELECT gram_agg(x, y, fold) AS g FROM ablated; ALTER TABLE held ALTER g SET STORAGE external')
    units = '(SELECT array_agg(i) FROM generate_series(1, %d) i)' % p
    calls = {'read': 'SELECT n_samples(g) FROM held', 'ridge': 'SELECT avg(r2) FROM held, targets(ridge_cv(g, ARRAY[100.0]))',
             'refit': f'SELECT r2 FROM held, ablation_curve(g, {units}, 100)', 'cut': f'SELECT r2 FROM held, ablation_curve(g, {units}, 100, refit => false)'}
    took = {}
    for name in ('read', 'ridge', 'cut'):
        took[name], rows = median_seconds(lambda: backend.query(calls[name]), 1)
        if name == 'ridge':
            whole = rows[0][0]
    took['refit'], rate, work = rates.paired(lambda: backend.query(calls['refit']), np.float64, THREADS, repeat=2)
    assert abs(backend.query(calls['refit'] + ' LIMIT 1')[0][0] - whole) < 1e-6
    # sums of the rows, L, M (two triangular solves), z and e and the triangle of M times z
    flops = n * p * p + 2.0 * n * p * v + k * (p**3 / 3 + 2.0 * p**3) + 3.0 * k * p * p * v
    report.figure(f'ablation_curve, {p} steps, {p} units, {v} targets, {k} folds', took['refit'], 's', note=f'{took["read"]:.2f} s to read the gram')
    report.figure('  flops at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop, {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  ratio to the floor', (work - took['read'] * rate) / flops, '', bar=2.5)
    report.figure('  of one ridge_cv at one alpha', (took['refit'] - took['read']) / (took['ridge'] - took['read']), '', bar=1, note=f'{took["ridge"]:.2f} s')
    report.figure('  without refitting', took['cut'], 's')
    backend.close()


def bench_concept(db, rates, report):
    n, units, side = 400, 128, 20
    with db.cursor() as cur:
        cur.execute(f"CREATE UNLOGGED TABLE pictures AS SELECT i, random_normal('{{{units},{side},{side}}}', i) AS x, clip((random_uniform('{{{side},{side}}}', i) - 0.95) * 1e9, 0, 1) AS mask FROM generate_series(1, {n}) i")
    backend = Backend(db, THREADS)
    rows, _ = median_seconds(lambda: backend.query('SELECT n_samples(concept_agg(x, mask)) FROM pictures'), 1)
    unit, _ = median_seconds(lambda: backend.query('SELECT max(iou) FROM concept_units((SELECT concept_agg(x, mask) FROM pictures))'), 1)
    both, _ = median_seconds(lambda: backend.query('SELECT concept_vector(x, mask) FROM pictures'), 1)
    places = n * side * side
    x, y = np.random.default_rng(0).standard_normal((units, places)), np.random.default_rng(1).random(places) < 0.05

    def numpy_units():
        at = places - 1 - places // 200
        active = x > np.partition(x, at, axis=1)[:, at, None]
        return (active & y).sum(axis=1) / (active | y).sum(axis=1)

    peer, _ = seconds(numpy_units, 1)
    report.figure(f'concept_vector, {places} places, {units} units', both, 's', note=f'{rows:.2f} s of it to read the places')
    report.figure('  concept_units of the same', unit - rows, 's')
    report.figure('    of NumPy\'s time, units by places in memory', (unit - rows) / peer, '', bar=2.5, note=f'{peer:.2f} s')
    backend.close()
