"""banded_ridge_cv (n 10,000, 2 bands of 150, v 2,000, 20 draws, 10 alphas, 5 folds) and variance_partition of 4 bands."""
import time

import numpy as np

import banded_search
from encoding_data import Backend, create, median_seconds

N, BANDS, V, DRAWS, FOLDS, THREADS = 10000, (150, 150), 2000, 20, 5, 2
P = sum(BANDS)
ALPHAS = np.logspace(0, 6, 10).tolist()
PEER_DRAWS = 1			# of the peer, whose time is the same for every draw
kept = {}


def table(db):
    """Half the targets from the first band, half from the second; and its gram, so that no bench counts the scan."""
    if not kept:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((N, P), dtype=np.float32)
        B = rng.standard_normal((P, V), dtype=np.float32)
        B[BANDS[0]:, :V // 2] = B[:BANDS[0], V // 2:] = 0
        Y = X @ B
        Y = (Y / Y.std(axis=0) * np.linspace(.1, 1.4, V, dtype=np.float32) + rng.standard_normal(Y.shape, dtype=np.float32)).astype('f4')
        create(db, 'banded', np.arange(N) * FOLDS // N, X, Y)
        with db.cursor() as cur:
            cur.execute('CREATE UNLOGGED TABLE banded_gram AS SELECT gram_agg(x, y, fold) AS g FROM banded')
        kept['data'] = X, Y
    return kept['data']


def floor(rates, report):
    """What a draw can't do without, each part at the rate of the precision it needs; then the fit."""
    s, d = rates.sgemm[THREADS], rates.dgemm[THREADS]
    k, a = FOLDS, len(ALPHAS)
    parts = [(f'{DRAWS} x {k} eigendecompositions, 9 p^3', DRAWS * k * 9.0 * P ** 3, 'dgemm', d),
             ("the folds' X'X in them, 4 p^3", DRAWS * k * 4.0 * P ** 3, 'dgemm', d),
             ("X'Y of both sides in them, 4 p^2 v", DRAWS * k * 4.0 * P ** 2 * V, 'dgemm', d),
             (f'{a} alphas, p^2 v', DRAWS * k * a * float(P) ** 2 * V, 'sgemm', s),
             ('the fit: 4 p^2 v', 4.0 * P ** 2 * V, 'dgemm', d)]
    return report.floor(parts)


def bench_banded_ridge(db, rates, report):
    X, Y = table(db)
    fold = np.arange(N) * FOLDS // N
    fit = 'banded_ridge_cv(g, %s, %s, n_iter => %s)'
    backend = Backend(db, THREADS)
    statement = f'SELECT avg(t.r2) FROM (SELECT {fit} AS e FROM banded_gram OFFSET 0) q, targets(q.e) t'
    args = (list(BANDS), ALPHAS, DRAWS)
    backend.query(statement, args)
    rates.again()
    took, sustained, work = rates.paired(lambda: backend.query(statement, args), np.float32, THREADS)
    rates.again()
    report.figure('banded_ridge_cv', took, 's')
    total = floor(rates, report)
    report.figure('  ratio to its floor at these rates', took / total, '')
    report.figure('  ratio to its floor', work / (total * rates.sgemm[THREADS]), '', bar=2,
                  note=f'at the rate around each run: sgemm {sustained / 1e9:.0f} Gflop/s, the others in proportion')
    scales = np.array([r[0] for r in backend.query('SELECT scales FROM band_samples(2, %s) ORDER BY draw', (DRAWS,))])
    rates.set_threads(THREADS)
    started = time.perf_counter()
    draw, alpha, best = banded_search.search(X, Y, fold, BANDS, ALPHAS, scales[:PEER_DRAWS])
    peer = (time.perf_counter() - started) * DRAWS / PEER_DRAWS
    report.figure(f'NumPy in himalaya\'s order, {PEER_DRAWS} of {DRAWS} draws, times {DRAWS // PEER_DRAWS}', peer, 's')
    report.figure('  banded_ridge_cv took of it', took / peer, '', bar=1 / 15, note=f'{peer / took:.0f} times faster')
    rows = np.array(backend.query(f'SELECT t.alpha, t.r2 FROM (SELECT {fit} AS e FROM banded_gram OFFSET 0) q, targets(q.e) t ORDER BY t.target',
                                  (list(BANDS), ALPHAS, PEER_DRAWS)), float)
    report.figure('  R2 from its R2 (float4), the largest difference', np.abs(rows[:, 1] - best).max(), '', bar=1e-4, note='the oracle compares with float8, to 1e-5')
    report.figure('  targets with another alpha', float((np.abs(np.array(ALPHAS)[alpha] / rows[:, 0] - 1) > 1e-9).mean()), '', bar=.01)
    backend.close()


def bench_variance_partition(db, rates, report):
    table(db)
    backend = Backend(db, THREADS)
    one = 'SELECT avg(t.r2) FROM (SELECT ridge_cv(g, %s) AS e FROM banded_gram OFFSET 0) q, targets(q.e) t'
    all_subsets = "SELECT avg(p.r2) FROM banded_gram, variance_partition(g, '{75,75,75,75}', %s) p"
    ratios = []
    for _ in range(5):
        plain, _ = median_seconds(lambda: backend.query(one, (ALPHAS,)), 1)
        fifteen, _ = median_seconds(lambda: backend.query(all_subsets, (ALPHAS,)), 1)
        ratios.append(fifteen / plain)
    report.figure('ridge_cv', plain, 's')
    report.figure('variance_partition of 4 bands, 15 fits', fifteen, 's')
    report.figure('  ratio, median of 5', float(np.median(ratios)), '', bar=6)
    backend.close()
