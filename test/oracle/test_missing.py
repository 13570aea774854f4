"""NaN in y: each target equals a fit on the rows it has."""
import numpy as np

import ridge_reference as ref
from gram_tables import fit, load
from ridge_problems import ALPHAS, assert_chosen, problem


def assert_each_on_its_own_rows(db, X, Y, fold, alphas, scoring='r2', standardize=False):
    load(db, 'missing_t', X, Y, fold)
    got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, scoring => %s, standardize => %s)', 'FROM missing_t',
              (list(map(float, alphas)), scoring, standardize))
    for t in range(Y.shape[1]):
        has = ~np.isnan(Y[:, t])
        x, y, f = X[has], Y[has][:, [t]], fold[has]
        cv = ref.cross_validate(x, y, f, alphas, standardize)
        index = assert_chosen(got.alpha[[t]], getattr(cv, scoring), alphas, True, f'target {t + 1}')
        assert got.n[t] == has.sum()
        for c in ('r', 'r2', 'r2_pooled'):
            np.testing.assert_allclose(getattr(got, c)[t], getattr(cv, c)[index[0], 0], atol=1e-5, err_msg=f'target {t + 1}: {c}')
        path = ref.Path(x, y, standardize)
        want = path.weights(alphas[index[0]])[:, 0]
        assert np.linalg.norm(got.weights[:, t] - want) <= 1e-4 * np.linalg.norm(want), f'target {t + 1}: weights'
        np.testing.assert_allclose(got.intercept[t], path.intercept[0] - path.mean @ want, rtol=1e-5, atol=1e-5)


def test_missing_at_random(db):
    rng = np.random.default_rng(1)
    for p in (10, 90):
        X, Y = problem(61, n=80, p=p, v=12)
        Y[rng.random(Y.shape) < .05] = np.nan
        fold = np.arange(80) // 16
        assert_each_on_its_own_rows(db, X, Y, fold, ALPHAS)
        assert_each_on_its_own_rows(db, X, Y, fold, ALPHAS, 'r', True)


def test_missing_at_random_many_rows(db):
    rng = np.random.default_rng(2)
    X, Y = problem(62, n=2000, p=8, v=10)
    Y[rng.random(Y.shape) < .05] = np.nan
    assert_each_on_its_own_rows(db, X, Y, np.arange(2000) % 4, ALPHAS)


def test_missing_by_session(db):
    """Whole runs lost for groups of targets: their folds are not there for these targets."""
    for n, p in ((100, 12), (100, 140), (1500, 6)):
        X, Y = problem(63, n=n, p=p, v=15)
        fold = np.arange(n) * 10 // n
        for run in range(10):
            Y[np.ix_(fold == run, np.arange(15) % 20 == run * 2)] = np.nan
        Y[fold < 4, 14] = np.nan
        assert_each_on_its_own_rows(db, X, Y, fold, ALPHAS)
        assert_each_on_its_own_rows(db, X, Y, fold, ALPHAS, 'r2_pooled', True)


def test_missing_whole_target(db):
    """A target with no value at all is a row with n = 0; the others are as without it."""
    X, Y = problem(64)
    fold = np.arange(60) // 15
    load(db, 'missing_t', X, Y[:, :7], fold)
    without = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM missing_t', (list(ALPHAS),))
    Y[:, 7] = np.nan
    load(db, 'missing_t', X, Y, fold)
    got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM missing_t', (list(ALPHAS),), weights=False)
    assert got.n[7] == 0
    np.testing.assert_array_equal(got.alpha[:7], without.alpha)
    np.testing.assert_allclose(got.r2[:7], without.r2, rtol=1e-9)


def test_missing_dual_constant_feature(db):
    """p > n, one category a row: a feature that is constant on one target's rows is not so on the other's."""
    n = 24
    X = np.hstack([np.eye(n), np.random.default_rng(5).normal(size=(n, 6))])
    Y = np.random.default_rng(6).normal(size=(n, 3)) + 5
    Y[[4, 9], 0] = np.nan
    Y[[7, 20], 2] = np.nan
    assert_each_on_its_own_rows(db, X, Y, np.arange(n) % 3, np.logspace(-3, 1, 5))
