"""ridge_cv against refits by fold and alpha (ridge_reference): scores, chosen alphas, final weights."""
import itertools

import numpy as np

import ridge_reference as ref
from gram_tables import fit, load, query
from ridge_problems import ALPHAS, EQUAL, UNEQUAL, assert_chosen, datasets, problem


def compare(db, table, X, Y, fold, alphas, standardize, scoring, per_target, name, cv=None):
    cv = cv or ref.cross_validate(X, Y, fold, alphas, standardize)
    got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, per_target => %s, standardize => %s, scoring => %s)',
              f'FROM {table}', (list(map(float, alphas)), per_target, standardize, scoring))
    score = getattr(cv, scoring)
    index = assert_chosen(got.alpha, score, alphas, per_target, name)
    t = np.arange(Y.shape[1])
    for c in ('r', 'r2', 'r2_pooled'):
        np.testing.assert_allclose(getattr(got, c), getattr(cv, c)[index, t], rtol=0, atol=1e-5, err_msg=f'{name}: {c}')
    path = ref.Path(X, Y, standardize)
    want = path.weights(np.asarray(alphas)[index])
    if X.dtype == np.float64 and Y.dtype == np.float64:
        apart = np.linalg.norm(got.weights - want, axis=0) / np.linalg.norm(want, axis=0)
        assert (apart < 1e-4).all(), f'{name}: weights apart by {apart}'
    fitted = np.asarray(X, float) @ got.weights + got.intercept
    np.testing.assert_allclose(fitted, np.asarray(X, float) @ want + path.intercept - path.mean @ want, rtol=1e-5,
                               atol=2e-3 if X.dtype != np.float64 else 1e-4, err_msg=f'{name}: fitted values')
    np.testing.assert_array_equal(got.n, len(X))
    return int((index != ref.choose(score, alphas, per_target)).sum())


def test_ridge_cv_is_refits(db):
    ties = 0
    for name, X, Y in datasets():
        for folds, fold in (('equal', EQUAL), ('unequal', UNEQUAL)):
            load(db, 'ridge_t', X, Y, fold)
            for standardize in (False, True):
                cv = ref.cross_validate(X, Y, fold, ALPHAS, standardize)
                for scoring, per_target in itertools.product(('r2', 'r', 'r2_pooled'), (True, False)):
                    ties += compare(db, 'ridge_t', X, Y, fold, ALPHAS, standardize, scoring, per_target,
                                    f'{name}, {folds} folds, standardize {standardize}, {scoring}, per_target {per_target}', cv)
    if ties:
        print(f'{ties} alphas chosen between scores equal to 1e-9')


def test_ridge_cv_at_each_alpha(db):
    """A single alpha at a time shows the whole path of scores, not only the winner's."""
    for name, X, Y in datasets():
        for fold in (EQUAL, UNEQUAL):
            load(db, 'ridge_t', X, Y, fold)
            for standardize in (False, True):
                cv = ref.cross_validate(X, Y, fold, ALPHAS, standardize)
                for i, alpha in enumerate(ALPHAS):
                    got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, standardize => %s)', 'FROM ridge_t',
                              ([alpha], standardize), weights=False)
                    for c in ('r', 'r2', 'r2_pooled'):
                        np.testing.assert_allclose(getattr(got, c), getattr(cv, c)[i], rtol=0, atol=1e-5,
                                                   err_msg=f'{name}, alpha {alpha}, standardize {standardize}: {c}')


def test_ridge_cv_many_rows(db):
    """Enough rows that the gram keeps moments and scores from statistics."""
    for seed, dtype in ((11, np.float64), (12, np.float32)):
        X, Y = problem(seed, n=3000, p=20, v=30)
        X, Y = X.astype(dtype), Y.astype(dtype)
        fold = np.random.default_rng(seed).choice([1, 2, 3, 50], size=3000, p=[.01, .09, .3, .6])
        load(db, 'ridge_t', X, Y, fold)
        for standardize in (False, True):
            cv = ref.cross_validate(X, Y, fold, ALPHAS * 100, standardize)
            for scoring in ('r2', 'r', 'r2_pooled'):
                compare(db, 'ridge_t', X, Y, fold, ALPHAS * 100, standardize, scoring, True,
                        f'3,000 rows of {dtype.__name__}, {scoring}', cv)


def test_ridge_cv_many_alphas(db):
    """40 alphas, white and power-law features: the low-rank sweep chooses what refits choose."""
    rng = np.random.default_rng(5)
    alphas = np.logspace(-2, 6, 40)
    for name, decay in (('white', 0), ('power law', 1)):
        for dtype in (np.float64, np.float32):
            n, p, v = 600, 60, 80
            X = rng.normal(size=(n, p)) * np.arange(1.0, p + 1) ** -decay
            X = X @ np.linalg.qr(rng.normal(size=(p, p)))[0]
            Y = X @ rng.normal(size=(p, v)) * np.logspace(0, -2, v) + rng.normal(size=(n, v))
            X, Y = X.astype(dtype), Y.astype(dtype)
            fold = np.arange(n) // 120
            load(db, 'ridge_t', X, Y, fold)
            cv = ref.cross_validate(X, Y, fold, alphas)
            compare(db, 'ridge_t', X, Y, fold, alphas, False, 'r2', True, f'{name}, 40 alphas, {dtype.__name__}', cv)


def test_ridge_cv_default_alphas(db):
    for X, Y in (problem(21), problem(22, p=120)):
        load(db, 'ridge_t', X, Y, UNEQUAL)
        alphas = ref.default_alphas(X)
        cv = ref.cross_validate(X, Y, UNEQUAL, alphas)
        got = fit(db, 'ridge_cv(gram_agg(x, y, fold))', 'FROM ridge_t')
        index = assert_chosen(got.alpha, cv.r2, alphas, True, 'default alphas')
        np.testing.assert_allclose(got.r2, cv.r2[index, np.arange(Y.shape[1])], atol=1e-5)


def test_ridge_cv_alphas_in_any_order(db):
    X, Y = problem(23)
    load(db, 'ridge_t', X, Y, EQUAL)
    a = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', (list(ALPHAS),))
    b = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', (list(ALPHAS[::-1]),))
    np.testing.assert_array_equal(a.alpha, b.alpha)
    np.testing.assert_allclose(a.r2, b.r2, rtol=1e-12)


def test_ridge_gcv(db):
    """One fold, or no fold column: the alpha with the least generalized cross-validation error;
    r2 is 1 - GCV / GCV of the mean alone."""
    for name, X, Y in datasets():
        if name == 'nearly collinear':
            continue
        load(db, 'ridge_t', X, Y, np.full(len(X), 3))
        for standardize in (False, True):
            alphas = ALPHAS if X.shape[1] < len(X) else ALPHAS[4:]
            score = ref.gcv(X, Y, alphas, standardize)
            keep = ~np.isnan(score[:, 0])
            for aggregate in ('gram_agg(x, y)', 'gram_agg(x, y, fold)'):
                got = fit(db, f'ridge_cv({aggregate}, %s, standardize => %s)', 'FROM ridge_t', (list(alphas), standardize))
                kept = -(score / ref.centre(np.asarray(Y, float), False)[2].var(axis=0))[keep]
                index = assert_chosen(got.alpha, kept, alphas[keep], True, f'GCV, {name}')
                n, v = Y.shape
                alone = n * ((Y - Y.mean(axis=0, dtype=float)) ** 2).sum(axis=0) / (n - 1) ** 2
                np.testing.assert_allclose(got.r2, 1 - score[keep][index, np.arange(v)] / alone, rtol=0, atol=1e-5)
                assert np.isnan(got.r).all()
                want = ref.Path(X, Y, standardize).weights(alphas[keep][index])
                if X.dtype == Y.dtype == np.float64:
                    apart = np.linalg.norm(got.weights - want, axis=0) / np.linalg.norm(want, axis=0)
                    assert (apart < 1e-4).all(), f'GCV, {name}: weights apart by {apart}'


def test_ridge_constant_features(db):
    X, Y = problem(31, p=6)
    for constant in (0.0, 0.1, 1e4 + 1 / 3):
        C = np.hstack([X[:, :3], np.full((len(X), 1), constant), X[:, 3:]])
        load(db, 'ridge_t', C, Y, UNEQUAL)
        for standardize in (False, True):
            compare(db, 'ridge_t', C, Y, UNEQUAL, ALPHAS, standardize, 'r2', True, f'a feature that is always {constant}')
            got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, standardize => %s)', 'FROM ridge_t', (list(ALPHAS), standardize))
            assert np.abs(got.weights[3]).max() <= 1e-9 * np.abs(got.weights).max()


def test_ridge_only_constant_features(db):
    _, Y = problem(32)
    X = np.full((60, 2), [0.1, 7.0])
    load(db, 'ridge_t', X, Y, UNEQUAL)
    for standardize in (False, True):
        cv = ref.cross_validate(X, Y, UNEQUAL, ALPHAS, standardize)
        got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, standardize => %s)', 'FROM ridge_t', (list(ALPHAS), standardize))
        np.testing.assert_allclose(got.alpha, ALPHAS[-1], err_msg='equal scores: the larger alpha')
        np.testing.assert_allclose(got.r, 0, atol=1e-12)
        np.testing.assert_allclose(got.r2, cv.r2[-1], atol=1e-9)
        np.testing.assert_allclose(got.weights, 0, atol=1e-12)
        np.testing.assert_allclose(got.intercept, Y.mean(axis=0), rtol=1e-12)


def test_ridge_constant_targets(db):
    X, Y = problem(33)
    Y[:, 2] = 0
    Y[:, 5] = 1e4 + 0.1
    Y[UNEQUAL == 1, 6] = 3.3                # constant in one fold only
    for dtype in (np.float64, np.float32):
        load(db, 'ridge_t', X, Y.astype(dtype), UNEQUAL)
        compare_to = ref.cross_validate(X, Y.astype(dtype), UNEQUAL, ALPHAS)
        got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', (list(ALPHAS),))
        for t in (2, 5):
            assert got.r[t] == 0 and got.r2[t] == 0 and got.r2_pooled[t] == 0
            assert got.alpha[t] == ALPHAS[-1], 'equal scores: the larger alpha'
            assert np.abs(got.weights[:, t]).max() <= 1e-15
            np.testing.assert_allclose(got.intercept[t], Y[0, t], rtol=1e-7)
        index = assert_chosen(got.alpha[[6]], compare_to.r2[:, [6]], ALPHAS, True, 'constant in a fold')
        np.testing.assert_allclose(got.r2[6], compare_to.r2[index[0], 6], atol=1e-5)
        np.testing.assert_allclose(got.r[6], compare_to.r[index[0], 6], atol=1e-5)


def test_ridge_fold_of_one_row(db):
    """Such a fold has no R2 of its own: alphas are chosen by the pooled score."""
    X, Y = problem(34)
    for fold in (np.repeat([1, 2, 3], [1, 29, 30]), np.arange(60)):
        load(db, 'ridge_t', X, Y, fold)
        cv = ref.cross_validate(X, Y, fold, ALPHAS)
        got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', (list(ALPHAS),))
        index = assert_chosen(got.alpha, cv.r2_pooled, ALPHAS, True, 'a fold of one row')
        np.testing.assert_allclose(got.r2_pooled, cv.r2_pooled[index, np.arange(Y.shape[1])], atol=1e-5)
        assert np.isfinite(got.weights).all()
        info = str(query(db, 'SELECT encoder_info(ridge_cv(gram_agg(x, y, fold), %s)) FROM ridge_t', (list(ALPHAS),)))
        assert 'pooled' in info, info


def test_ridge_duplicated_features(db):
    X, Y = problem(35, p=5)
    D = np.hstack([X, X])
    load(db, 'ridge_t', D, Y, EQUAL)
    got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', (list(ALPHAS),))
    np.testing.assert_allclose(got.weights[:5], got.weights[5:], rtol=0, atol=1e-6 * np.abs(got.weights).max())


def test_ridge_collinear_float4_products(db):
    """p v over 250,000: X'Y is multiplied in float4, which leaves noise where collinear features have nothing to say."""
    rng = np.random.default_rng(41)
    n, p, v = 900, 80, 3200
    half = rng.normal(size=(n, p // 2)).astype(np.float32)
    fold = np.arange(n) // 300
    for name, other in (('duplicated', half), ('rounded sums', half + np.roll(half, 1, axis=1))):
        X = np.hstack([half, other])
        Y = X @ rng.normal(size=(p, v)).astype(np.float32) / 9 + rng.normal(size=(n, v)).astype(np.float32)
        load(db, 'ridge_t', X, Y, fold)
        for alpha in (1e-6, 1.0):
            cv = ref.cross_validate(X, Y, fold, [alpha])
            got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s)', 'FROM ridge_t', ([alpha],))
            what = f'{name}, alpha {alpha}'
            np.testing.assert_allclose(got.r2, cv.r2[0], atol=1e-6, err_msg=what)
            np.testing.assert_allclose(got.r, cv.r[0], atol=1e-6, err_msg=what)
            length = np.linalg.norm(ref.Path(X, Y).weights(1.0), axis=0)
            assert (np.linalg.norm(got.weights, axis=0) < 1.01 * length).all(), f'{what}: the weights hold noise'


def test_ridge_dual(db):
    """p > n: exact k-fold scores at every alpha, to 1e-9 (the full size is in bench)."""
    rng = np.random.default_rng(41)
    n, p, v = 60, 1200, 25
    X = rng.normal(size=(n, p))
    Y = X @ rng.normal(size=(p, v)) / np.sqrt(p) * np.linspace(0, 2, v) + rng.normal(size=(n, v))
    largest = np.linalg.norm(X, 2) ** 2
    for fold in (EQUAL, UNEQUAL, np.repeat(np.arange(5), [2, 2, 6, 10, 40])):
        load(db, 'ridge_t', X, Y, fold)
        for standardize in (False, True):
            cv = ref.cross_validate(X, Y, fold, largest * ALPHAS, standardize)
            for i, alpha in enumerate(largest * ALPHAS):
                got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, standardize => %s)', 'FROM ridge_t',
                          ([alpha], standardize), weights=False)
                for c in ('r', 'r2', 'r2_pooled'):
                    np.testing.assert_allclose(getattr(got, c), getattr(cv, c)[i], rtol=0, atol=1e-9,
                                               err_msg=f'alpha {alpha}, standardize {standardize}: {c}')
            compare(db, 'ridge_t', X, Y, fold, largest * ALPHAS, standardize, 'r2', True, 'p > n', cv)


def test_ridge_without_cv(db):
    X, Y = problem(51)
    W, V = problem(52, p=100)
    for X, Y in ((X, Y), (W, V), (np.hstack([X, X]), Y)):
        load(db, 'ridge_t', X, Y)
        path = ref.Path(X, Y)
        each = list(map(float, np.logspace(-3, 3, Y.shape[1])))
        for alpha in (1e-3, 2.5, each):
            got = fit(db, 'ridge(gram_agg(x, y), %s)', 'FROM ridge_t', (alpha,))
            want = path.weights(alpha)
            np.testing.assert_allclose(got.weights, want, rtol=0, atol=1e-6 * np.abs(want).max())
            np.testing.assert_allclose(got.intercept, path.intercept - path.mean @ want, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(got.alpha, alpha)


def test_ridge_random_problems(db):
    """150 small problems of any shape: rows, features, folds, scales, offsets, ranks, element types, missing values."""
    for seed in range(150):
        rng = np.random.default_rng(1000 + seed)
        n, p, v, k = rng.integers(8, 70), rng.integers(1, 60), rng.integers(1, 7), rng.integers(2, 6)
        fold = np.concatenate([np.repeat(np.arange(k), 3), rng.integers(k, size=max(n - 3 * k, 0))])
        n = len(fold)
        X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-2, 3, size=p) + rng.normal(size=p) * rng.choice([0, 1, 1000])
        if rng.random() < .4:                    # lower rank
            X = X @ np.diag((rng.random(p) < .7).astype(float)) @ rng.integers(-1, 2, size=(p, p))
        Y = X @ rng.normal(size=(p, v)) * 10.0 ** rng.integers(-4, 1, size=v) + rng.normal(size=(n, v)) + rng.normal() * 100
        if rng.random() < .3:
            Y = np.where((rng.random(Y.shape) < .1) & (np.arange(n) >= 3 * k)[:, None], np.nan, Y)
        if rng.random() < .3:
            X, Y = np.round(X, 2).astype(np.float32), Y.astype(np.float32)
        standardize, scoring = bool(rng.integers(2)), str(rng.choice(['r2', 'r', 'r2_pooled']))
        size = max(np.linalg.norm(np.asarray(X, float) - X.mean(axis=0), 2) ** 2, 1e-6) if not standardize else n
        alphas = size * np.logspace(-6, 2, rng.integers(1, 8))
        order = rng.permutation(n)
        load(db, 'ridge_t', X[order], Y[order], fold[order])
        got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, standardize => %s, scoring => %s)', 'FROM ridge_t', (list(alphas), standardize, scoring))
        for t in range(v):
            has = ~np.isnan(Y[:, t])
            cv = ref.cross_validate(X[has], Y[has][:, [t]], fold[has], alphas, standardize)
            name = f'seed {1000 + seed}, target {t + 1}'
            index = assert_chosen(got.alpha[[t]], getattr(cv, scoring), alphas, True, name)[0]
            assert got.n[t] == has.sum()
            for c in ('r', 'r2', 'r2_pooled'):
                want = getattr(cv, c)[index, 0]
                np.testing.assert_allclose(getattr(got, c)[t], want, rtol=1e-5, atol=1e-5, err_msg=f'{name}: {c}')
