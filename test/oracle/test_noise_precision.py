"""noise_precision against scikit-learn's LedoitWolf: rows in blocks, merged, about any offset."""
import numpy as np
from sklearn.covariance import LedoitWolf, ledoit_wolf_shrinkage, shrunk_covariance

from gram_tables import load, query, unwire, value
from neuroenc_oracle import assert_close


def tensor(db, expression, args=None):
    return unwire(value(db, f'SELECT tensor_send({expression})', args))


def residuals(seed, n, p):
    """Rows with a correlation and with tails, so that fourth moments matter."""
    rng = np.random.default_rng(seed)
    return rng.standard_t(6, (n, p)) @ (np.eye(p) + .3 * rng.standard_normal((p, p)) / np.sqrt(p))


def test_against_scikit_learn(db):
    for n, p in ((4, 3), (5, 40), (300, 7), (300, 1), (1000, 60), (700, 300)):
        for offset, dtype in ((0, np.float32), (0, float), (1e4, float), (1e4 * np.arange(p), float)):
            X = (residuals(n, n, p) + offset).astype(dtype)
            load(db, 'noise_t', X, X[:, :1])
            fitted = LedoitWolf().fit(X.astype(float))
            assert_close(f'shrinkage {n} x {p}', value(db, 'SELECT noise_shrinkage(residuals_agg(x)) FROM noise_t'),
                         fitted.shrinkage_, rtol=1e-6, atol=1e-12)
            want = np.linalg.inv(fitted.covariance_)
            got = tensor(db, '(SELECT noise_precision(x) FROM noise_t)')
            assert_close(f'precision {n} x {p}', got, want, rtol=1e-6, atol=1e-7 * np.abs(want).max())
            assert np.array_equal(got, got.T)
            for shrinkage in (.1, 1):
                S = shrunk_covariance(np.cov(X.astype(float).T, ddof=0).reshape(p, p), shrinkage)
                want = np.linalg.inv(S)
                for call in (f'noise_precision(x, {shrinkage})', f'noise_precision(residuals_agg(x), {shrinkage})',
                             f'noise_precision(gram_agg(x), {shrinkage})'):
                    assert_close(call, tensor(db, f'(SELECT {call} FROM noise_t)'), want, rtol=1e-6, atol=1e-7 * np.abs(want).max())
    want = np.linalg.inv(LedoitWolf().fit(X.astype(float)).covariance_)
    assert_close('dof', tensor(db, '(SELECT noise_precision(residuals_agg(x), dof => 680) FROM noise_t)'), want * 680 / 700,
                 rtol=1e-6, atol=1e-7 * np.abs(want).max())
    assert_close('NULL is Ledoit and Wolf', tensor(db, '(SELECT noise_precision(x, NULL) FROM noise_t)'), want,
                 rtol=1e-6, atol=1e-7 * np.abs(want).max())


def test_merged(db):
    """States of runs with offsets of their own, added in any way, and parallel plans: one scan's answer."""
    n, p = 2000, 20
    X = residuals(1, n, p)
    run = np.arange(n) % 7
    X += 30.0 * np.random.default_rng(2).standard_normal((7, p))[run]
    load(db, 'noise_t', X, X[:, :1], run, persistent=True)
    fitted = LedoitWolf().fit(X)
    want = np.linalg.inv(fitted.covariance_)
    close = dict(rtol=1e-6, atol=1e-7 * np.abs(want).max())
    assert_close('one scan', tensor(db, '(SELECT noise_precision(x) FROM noise_t)'), want, **close)
    parts = '(SELECT fold, residuals_agg(x) AS r FROM noise_t GROUP BY fold)'
    assert_close('sum of runs', tensor(db, f'(SELECT noise_precision(sum(r)) FROM {parts} q)'), want, **close)
    small = '(SELECT id % 300 AS part, residuals_agg(x) AS r FROM noise_t GROUP BY 1)'
    assert_close('sum of rows held', tensor(db, f'(SELECT noise_precision(sum(r)) FROM {small} q)'), want, **close)
    mixed = f'(SELECT r FROM {parts} a WHERE fold < 4 UNION ALL SELECT residuals_agg(x) FROM noise_t WHERE fold >= 4 GROUP BY id)'
    assert_close('sums and rows', value(db, f'SELECT noise_shrinkage(sum(r)) FROM {mixed} q'), fitted.shrinkage_, rtol=1e-6)
    stored = f'(SELECT r::text::residuals AS r FROM {parts} q)'
    assert_close('stored', tensor(db, f'(SELECT noise_precision(sum(r)) FROM {stored} q)'), want, **close)
    twice = np.vstack([X, X])
    assert_close('r + r', value(db, 'SELECT noise_shrinkage(r + r) FROM (SELECT residuals_agg(x) AS r FROM noise_t OFFSET 0) q'),
                 ledoit_wolf_shrinkage(twice), rtol=1e-6)
    with db.cursor() as c:
        c.execute('''ALTER TABLE noise_t SET (parallel_workers = 2); ANALYZE noise_t; SET parallel_setup_cost = 0;
                     SET min_parallel_table_scan_size = 0''')
    for workers in (0, 1, 2):
        with db.cursor() as c:
            c.execute(f'SET max_parallel_workers_per_gather = {workers}')
        plan = '\n'.join(r[0] for r in query(db, 'EXPLAIN SELECT noise_precision(x) FROM noise_t'))
        assert ('Partial Aggregate' in plan) == (workers > 0), plan
        assert_close(f'{workers} workers', tensor(db, '(SELECT noise_precision(x) FROM noise_t)'), want, **close)


def test_crossnobis_with_noise_precision(db):
    """The two together, in one statement over two tables."""
    rng = np.random.default_rng(3)
    R, P = residuals(4, 200, 12), rng.standard_normal((5 * 3, 12))
    load(db, 'noise_t', R, R[:, :1])
    load(db, 'noise_p', P, P[:, :1], np.repeat(np.arange(3), 5))
    S = np.linalg.inv(LedoitWolf().fit(R).covariance_)
    means = P.reshape(3, 5, 12)
    want = np.zeros((5, 5))
    for f, g in ((0, 1), (0, 2), (1, 2)):
        D, E = (m[:, None] - m[None] for m in (means[f], means[g]))
        want += np.einsum('ijk,kl,ijl->ij', D, S, E) / 3 / 12
    got = tensor(db, '''(SELECT rdm_matrix(crossnobis((id - 1) % 5, x, fold, (SELECT noise_precision(x) FROM noise_t))) FROM noise_p)''')
    assert_close('crossnobis', got, want, rtol=1e-6, atol=1e-9)
