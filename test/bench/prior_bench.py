"""ridge_prior_cv: 100 rows of a new subject, p 512, v 2,000, a prior of 1,000 voxels, 8 strengths, 20 alphas, 5 folds, float4."""

import numpy as np

from bench import seconds
from encoding_data import Backend, create, median_seconds, power_law, responses

N, P, V, M, FOLDS = 100, 512, 2000, 1000, 5
STRENGTHS = (0, .05, .1, .2, .3, .5, .7, .9)
ALPHAS = np.logspace(-1, 6, 20)
FIT = '''SELECT avg(t.r2) FROM (SELECT ridge_prior_cv((SELECT gram_agg(x, y, fold) FROM few), w, %s) AS e FROM others OFFSET 0) AS q,
    targets(q.e) AS t'''
ALONE = 'SELECT avg(t.r2) FROM (SELECT ridge_cv(gram_agg(x, y, fold), %s) AS e FROM few OFFSET 0) AS q, targets(q.e) AS t'


def numpy_search(X, Y, fold, W):
    """Pooled squared errors by strength, alpha and target: a kernel and its eigenvectors for each fold."""
    values, Q = np.linalg.eigh(W.T @ W / M)
    values *= P / values.sum()
    errors = np.zeros((len(STRENGTHS), len(ALPHAS), V))
    for i, s in enumerate(STRENGTHS):
        Z = X @ (Q * np.sqrt(np.maximum(1 - s + s * values, 0))) @ Q.T
        for f in range(FOLDS):
            held = fold == f
            A, B = Z[~held] - Z[~held].mean(axis=0), Z[held] - Z[~held].mean(axis=0)
            mean = Y[~held].mean(axis=0)
            lam, U = np.linalg.eigh(A @ A.T)
            z, k = U.T @ (Y[~held] - mean), B @ A.T @ U
            for j, alpha in enumerate(ALPHAS):
                errors[i, j] += ((Y[held] - mean - k @ (z / (lam + alpha)[:, None])) ** 2).sum(axis=0)
    return errors


def floor(rate):
    """Flops: the prior's eigenvectors, and for each strength its root, the mapped rows and the kernel's fit and scores."""
    strengths = len(STRENGTHS) + 1
    n_f = N / FOLDS
    prior = M * P ** 2 + 9 * P ** 3
    mapped = 2 * P ** 3 + 2 * N * P ** 2
    kernel = N ** 2 * P + 9 * N ** 3 + 4 * N ** 2 * V
    scores = len(ALPHAS) * FOLDS * (n_f ** 2 * N + 2 * n_f * N * V + 2 * n_f ** 2 * V)
    return (prior + strengths * (mapped + kernel + scores)) / rate


def bench_ridge_prior_cv(db, rates, report):
    rng = np.random.default_rng(0)
    X = power_law(rng, N, P)
    Y = responses(rng, X, V)
    W = rng.standard_normal((M, P), dtype=np.float32)
    fold = np.arange(N) * FOLDS // N
    create(db, 'few', fold, X, Y)
    create(db, 'prior_rows', np.arange(M), W, np.zeros((M, 1), np.float32))
    with db.cursor() as cur:
        cur.execute('CREATE TABLE others AS SELECT stack(x ORDER BY fold) AS w FROM prior_rows')
    backend = Backend(db, 1)
    backend.query(FIT, (ALPHAS.tolist(),))
    took, _ = median_seconds(lambda: backend.query(FIT, (ALPHAS.tolist(),)))
    alone, _ = median_seconds(lambda: backend.query(ALONE, (ALPHAS.tolist(),)))
    backend.close()
    rates.again()
    total = floor(rates.dgemm[1])
    report.figure('ridge_prior_cv, 8 strengths', took, 's', note=f'ridge_cv alone {alone:.3f} s')
    report.figure('  floor', total, 's', note=f'dgemm {rates.dgemm[1] / 1e9:.0f} Gflop/s')
    report.figure('  ratio to its floor', took / total)
    report.figure('  ratio to as many ridge_cv', took / alone / (len(STRENGTHS) + 1), '', bar=2.5)
    rates.set_threads(1)
    peer, _ = seconds(lambda: numpy_search(X.astype(float), Y.astype(float), fold, W.astype(float)), 1)
    report.figure('the same search in NumPy, without data or weights', peer, 's')
    report.figure('  ridge_prior_cv took of it', took / peer)
