"""elastic_net_cv, pls and pcr against scikit-learn, fold by fold."""
import warnings

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from scipy import stats
from sklearn.linear_model import ElasticNet, ElasticNetCV, LinearRegression
from sklearn.model_selection import PredefinedSplit

from neuroenc_oracle import assert_close, create_rows, get, put, raises


def problem(seed, n=120, p=12, v=6, dtype=float):
    """Correlated features of different scales and means; targets of few features, of all, and of none."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4 * rng.normal(size=(p, p))) * np.logspace(-0.5, 0.5, p) + 3
    B = rng.normal(size=(p, v)) * (rng.random((p, v)) < np.linspace(0.2, 1, v))
    B[:, -1] = 0
    Y = (X - 3) @ B + rng.normal(size=(n, v)) * np.logspace(-0.5, 0.5, v) + 10
    fold = rng.integers(0, 4, n) * 7 - 3
    return X.astype(dtype), Y.astype(dtype), fold


def held_out(fit, X, Y, fold):
    """r, R2 (means over folds) and pooled R2 of models that fit(X, Y) gives, each fold left out."""
    r, r2, sse = [], [], 0
    for f in np.unique(fold):
        held = fold == f
        P, H = fit(X[~held], Y[~held])(X[held]), Y[held]
        Pc, Hc = P - P.mean(0), H - H.mean(0)
        with np.errstate(invalid='ignore', divide='ignore'):
            c = (Pc * Hc).sum(0) / np.sqrt((Pc ** 2).sum(0) * (Hc ** 2).sum(0))
        r.append(np.where((Pc ** 2).sum(0) > 1e-20 * (Hc ** 2).sum(0), c, 0))
        r2.append(1 - ((H - P) ** 2).sum(0) / (Hc ** 2).sum(0))
        sse = sse + ((H - P) ** 2).sum(0)
    return np.mean(r, 0), np.mean(r2, 0), 1 - sse / ((Y - Y.mean(0)) ** 2).sum(0)


def targets(db, expression, args=()):
    """alpha, r, r2, r2_pooled, intercept, n (each v) and weights (p x v) of an encoder."""
    with db.cursor() as cur:
        cur.execute('CREATE TEMP TABLE IF NOT EXISTS fitted (e encoder); TRUNCATE fitted')
        cur.execute('INSERT INTO fitted SELECT ' + expression, args)
        cur.execute('SELECT alpha, r, r2, r2_pooled, intercept, t.n FROM fitted, targets(e) t ORDER BY target')
        rows = np.array(cur.fetchall(), float).T
    return rows, get(db, '(SELECT weights(e) FROM fitted)')


def elastic_net(alpha, ratio, tol=1e-10):
    def fit(X, Y):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            one = [ElasticNet(alpha=alpha, l1_ratio=ratio, tol=tol, max_iter=100000).fit(X, y) for y in Y.T]
        W = np.array([m.coef_ for m in one]).T
        b = np.array([m.intercept_ for m in one])
        fit.last = W, b
        return lambda Z: Z @ W + b
    return fit


def test_elastic_net_at_given_alphas(db):
    X, Y, fold = problem(1)
    create_rows(db, 'en_rows', {'x': X, 'y': Y, 'fold': fold})
    for ratio in (1, 0.5, 0.05):
        for alpha in (3, 0.3, 0.01, 1e-4):
            rows, W = targets(db, "elastic_net_cv(gram_agg(x, y, fold), %s, ARRAY[%s]::float8[], 100000, 1e-12) FROM en_rows", (ratio, alpha))
            model = elastic_net(alpha, ratio)
            model(X, Y)
            want, intercept = model.last
            r, r2, pooled = held_out(model, X, Y, fold)
            name = f'ratio {ratio} alpha {alpha}: '
            assert_close(name + 'weights', W, want, rtol=1e-4, atol=1e-7 * np.abs(want).max())
            assert ((W == 0) == (np.abs(want) < 1e-9)).mean() > 0.98, name + 'zeros'
            assert_close(name + 'intercepts', rows[4], intercept, rtol=1e-5)
            for what, got, expected in (('r', rows[1], r), ('r2', rows[2], r2), ('pooled r2', rows[3], pooled)):
                assert_close(name + what, got, expected, rtol=0, atol=1e-5)


def test_pls_joint(db):
    """scikit-learn's power iteration stops where w moves by 1e-7 with tol 1e-14; with 1e-26 it is exact but for rounding."""
    for seed, p, v in ((2, 12, 6), (5, 8, 30), (6, 70, 90)):
        X, Y, fold = problem(seed, p=p, v=v)
        table = f'pls_rows_{seed}'
        create_rows(db, table, {'x': X, 'y': Y, 'fold': fold})
        for k in (1, 5, min(p, 25)):
            def fit(X, Y, tol=1e-26):
                return PLSRegression(k, scale=False, tol=tol, max_iter=1000000).fit(X, Y).predict
            rows, W = targets(db, f'pls(gram_agg(x, y, fold), %s) FROM {table}', (k,))
            name = f'{p} features, {v} targets, {k} components'
            P = (X - X.mean(0)) @ W
            assert_close(name, P, fit(X, Y)(X) - Y.mean(0), rtol=1e-7, atol=1e-9)
            assert_close(name + ', intercepts', rows[4], Y.mean(0) - X.mean(0) @ W, rtol=1e-9)
            loose = fit(X, Y, 1e-14)(X)
            own = np.abs(loose - fit(X, Y)(X)).max()
            assert_close(name + ', tol 1e-14', P, loose - Y.mean(0), rtol=0, atol=1e-6 + own)
            r, r2, pooled = held_out(fit, X, Y, fold)
            for what, got, expected in (('r', rows[1], r), ('r2', rows[2], r2), ('pooled r2', rows[3], pooled)):
                assert_close(f'{name}: {what}', got, expected, rtol=0, atol=1e-7)


def test_pls_by_target(db):
    X, Y, fold = problem(3)
    create_rows(db, 'pls1_rows', {'x': X, 'y': Y, 'fold': fold})
    for k in (1, 3, 8):
        def fit(X, Y):
            models = [PLSRegression(k, scale=False).fit(X, y) for y in Y.T]
            return lambda Z: np.column_stack([m.predict(Z)[:, 0] for m in models])
        rows, W = targets(db, 'pls(gram_agg(x, y, fold), %s, per_target => true) FROM pls1_rows', (k,))
        assert_close(f'{k} components', X @ W + rows[4], fit(X, Y)(X), rtol=1e-6)
        r, r2, pooled = held_out(fit, X, Y, fold)
        for what, got, expected in (('r', rows[1], r), ('r2', rows[2], r2), ('pooled r2', rows[3], pooled)):
            assert_close(f'{k} components: {what}', got, expected, rtol=0, atol=1e-6)


def test_pcr(db):
    X, Y, fold = problem(4)
    create_rows(db, 'pcr_rows', {'x': X, 'y': Y, 'fold': fold})
    for k in (1, 4, 12):
        def fit(X, Y):
            pca = PCA(k).fit(X)
            ols = LinearRegression().fit(pca.transform(X), Y)
            fit.weights = pca.components_.T @ ols.coef_.T
            return lambda Z: ols.predict(pca.transform(Z))
        rows, W = targets(db, 'pcr(gram_agg(x, y, fold), %s) FROM pcr_rows', (k,))
        P = fit(X, Y)(X)
        assert_close(f'{k} components: weights', W, fit.weights, rtol=1e-6, atol=1e-9)
        assert_close(f'{k} components', X @ W + rows[4], P, rtol=1e-8)
        r, r2, pooled = held_out(fit, X, Y, fold)
        for what, got, expected in (('r', rows[1], r), ('r2', rows[2], r2), ('pooled r2', rows[3], pooled)):
            assert_close(f'{k} components: {what}', got, expected, rtol=0, atol=1e-8)


def test_elastic_net_default_grid(db):
    """The grid, and for each target the alpha, that leave-one-fold-out scores of scikit-learn choose."""
    X, Y, fold = problem(7, n=200, p=20, v=8)
    create_rows(db, 'grid_rows', {'x': X, 'y': Y, 'fold': fold})
    for ratio in (1, 0.3):
        rows, W = targets(db, "elastic_net_cv(gram_agg(x, y, fold), %s, max_iter => 100000, tol => 1e-10, scoring => 'r2_pooled') FROM grid_rows", (ratio,))
        for t in range(Y.shape[1]):
            # mean squared error weighted by the rows of a fold is r2_pooled's order
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                cv = ElasticNetCV(l1_ratio=ratio, n_alphas=100, eps=1e-3, cv=PredefinedSplit(np.unique(fold, return_inverse=True)[1]),
                                  tol=1e-8, max_iter=100000).fit(X, Y[:, t])
            weight = np.array([(fold == f).sum() for f in np.unique(fold)])
            mse = cv.mse_path_ @ weight / weight.sum()
            got = int(np.argmin(np.abs(np.log(cv.alphas_ / rows[0, t]))))
            assert abs(cv.alphas_[got] / rows[0, t] - 1) < 1e-9, f'target {t}: alpha {rows[0, t]} is not in the grid'
            assert mse[got] <= mse.min() * (1 + 1e-6), f'target {t}: alpha {rows[0, t]}, mse {mse[got]} for {mse.min()}'
            model = elastic_net(cv.alphas_[got], ratio)
            model(X, Y[:, [t]])
            assert_close(f'target {t}: weights', W[:, t], model.last[0][:, 0], rtol=1e-4, atol=1e-6 * np.abs(model.last[0]).max() + 1e-12)


def test_elastic_net_standardized_float4_and_moments(db):
    """Rows folded into moments, float4 and standardized features: the same model."""
    X, Y, fold = problem(8, n=3000, p=6, v=5, dtype=np.float32)
    create_rows(db, 'many_rows', {'x': X, 'y': Y, 'fold': fold})
    X, Y = X.astype(float), Y.astype(float)
    sd = X.std(0)

    def scaled(X, Y):
        m, s = X.mean(0), X.std(0)
        inner = elastic_net(0.2, 0.7)
        predict = inner((X - m) / s, Y)
        scaled.last = inner.last
        return lambda Z: predict((Z - m) / s)
    rows, W = targets(db, "elastic_net_cv(gram_agg(x, y, fold), 0.7, '{0.2}', 10000, 1e-10, standardize => true) FROM many_rows")
    scaled(X, Y)
    want = scaled.last[0] / sd[:, None]
    assert_close('weights', W, want, rtol=1e-4, atol=1e-5 * np.abs(want).max())
    r, r2, pooled = held_out(scaled, X, Y, fold)
    for what, got, expected in (('r', rows[1], r), ('r2', rows[2], r2), ('pooled r2', rows[3], pooled)):
        assert_close(what, got, expected, rtol=0, atol=1e-5)


def test_missing_targets(db):
    """Each target on its own rows; joint PLS on the rows that are complete."""
    X, Y, fold = problem(9, n=150, p=7, v=5)
    rng = np.random.default_rng(10)
    M = Y.copy()
    M[rng.random(150) < 0.3, 1] = np.nan
    M[rng.random(150) < 0.2, 3] = np.nan
    create_rows(db, 'holes', {'x': X, 'y': M, 'fold': fold})
    enet = elastic_net(0.1, 0.5)
    single = lambda k: lambda X, Y: PLSRegression(k, scale=False).fit(X, Y).predict

    def pcr(X, Y):
        pca = PCA(3).fit(X)
        ols = LinearRegression().fit(pca.transform(X), Y)
        return lambda Z: ols.predict(pca.transform(Z))
    for name, expression, fit in (('elastic net', "elastic_net_cv(gram_agg(x, y, fold), 0.5, '{0.1}', 10000, 1e-12)", enet),
                                  ('pls', 'pls(gram_agg(x, y, fold), 3, true)', single(3)), ('pcr', 'pcr(gram_agg(x, y, fold), 3)', pcr)):
        rows, W = targets(db, expression + ' FROM holes')
        for t in range(5):
            has = ~np.isnan(M[:, t])
            assert rows[5, t] == has.sum()
            assert_close(f'{name}, target {t}', X @ W[:, t] + rows[4, t], fit(X[has], M[has][:, [t]])(X)[:, 0], rtol=1e-5, atol=1e-5)
            r, r2, pooled = held_out(fit, X[has], M[has][:, [t]], fold[has])
            assert_close(f'{name}, target {t}: scores', rows[1:4, t], [r[0], r2[0], pooled[0]], rtol=0, atol=1e-5)
    has = ~np.isnan(M).any(1)
    rows, W = targets(db, 'pls(gram_agg(x, y, fold), 3) FROM holes')
    assert (rows[5] == has.sum()).all()
    fit = lambda X, Y: PLSRegression(3, scale=False, tol=1e-26, max_iter=100000).fit(X, Y).predict
    assert_close('joint pls', X @ W + rows[4], fit(X[has], M[has])(X), rtol=1e-6, atol=1e-6)
    r, r2, pooled = held_out(fit, X[has], M[has], fold[has])
    assert_close('joint pls: scores', rows[1:4], [r, r2, pooled], rtol=0, atol=1e-6)


def test_pls_many_components(db):
    """25 components of correlated features, as many targets as Brain-Score's regions have."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(300, 80)) @ (rng.normal(size=(80, 80)) * np.logspace(0, -1.5, 80))
    Y = X @ rng.normal(size=(80, 120)) * 0.2 + rng.normal(size=(300, 120)) * 3
    create_rows(db, 'brain', {'x': X, 'y': Y, 'fold': np.arange(300) // 75})
    rows, W = targets(db, 'pls(gram_agg(x, y, fold)) FROM brain')
    want = PLSRegression(25, scale=False, tol=1e-14, max_iter=100000).fit(X, Y).predict(X)
    exact = PLSRegression(25, scale=False, tol=1e-28, max_iter=100000).fit(X, Y).predict(X)
    assert_close('predictions', X @ W + rows[4], exact, rtol=0, atol=1e-7)
    assert_close('predictions, tol 1e-14', X @ W + rows[4], want, rtol=0, atol=1e-6 + np.abs(want - exact).max())


def ols_contrast(X, Y, c):
    """t, p, effect and df by the normal equations with a column of ones."""
    D = np.column_stack([X, np.ones(len(X))])
    c = np.append(c, 0)
    P = np.linalg.pinv(D.T @ D)
    B = P @ D.T @ Y
    df = len(X) - np.linalg.matrix_rank(D)
    t = c @ B / np.sqrt(((Y - D @ B) ** 2).sum(0) / df * (c @ P @ c))
    return t, 2 * stats.t.sf(np.abs(t), df), c @ B, df


def contrast(db, table, c):
    with db.cursor() as cur:
        cur.execute(f'SELECT t, p, effect, df FROM contrast((SELECT gram_agg(x, y, fold) FROM {table}), %s::float8[]) ORDER BY target', (list(map(float, c)),))
        return np.array(cur.fetchall(), float).T


def test_contrast(db):
    X, Y, fold = problem(12, n=90, p=6, v=7)
    conditions = np.eye(4)[np.arange(90) % 4]
    cases = (('features', X, ((1, 0, 0, 0, 0, 0), (0, 1, -1, 0, 0.5, 0))),
             ('conditions', conditions, ((1, -1, 0, 0), (-3, 1, 1, 1))),
             ('collinear', np.column_stack([X, X[:, 0] + 2 * X[:, 1]]), ((0, 0, 1, 0, 0, 0, 0), (1, 2, 0, 0, 0, 0, 5))),
             ('offset', X + 1e5, ((1, 0, 0, 0, 0, 0),)))
    for name, D, contrasts in cases:
        create_rows(db, 'c_' + name, {'x': D, 'y': Y, 'fold': fold})
        for c in contrasts:
            centred = D - D.mean(0)
            t, p, effect, df = ols_contrast(centred, Y, c)
            got = contrast(db, 'c_' + name, c)
            assert_close(f'{name} {c}: t', got[0], t, rtol=1e-6)
            assert_close(f'{name} {c}: p', got[1], p, rtol=1e-5)
            assert_close(f'{name} {c}: effect', got[2], effect, rtol=1e-6)
            assert (got[3] == df).all()
    with raises(db, '22023', 'cannot be estimated'):
        contrast(db, 'c_conditions', (1, 0, 0, 0))


def test_contrast_missing(db):
    X, Y, fold = problem(13, n=60, p=4, v=4)
    Y[5:25, 1] = np.nan
    Y[::3, 2] = np.nan
    create_rows(db, 'c_holes', {'x': X, 'y': Y, 'fold': fold})
    got = contrast(db, 'c_holes', (1, -1, 0, 0))
    for t in range(4):
        has = ~np.isnan(Y[:, t])
        want = ols_contrast(X[has], Y[has][:, [t]], (1, -1, 0, 0))
        for i, what in enumerate(('t', 'p', 'effect', 'df')):
            assert_close(f'target {t}: {what}', got[i, t], np.ravel(want[i])[0], rtol=1e-7)


def test_student_t(db):
    """p of t from 1e-3 to 40 at 1 to 1e5 degrees of freedom, by designs of two rows a condition and known residuals."""
    for df in (1, 2, 3, 10, 57, 1000):
        n = df + 2
        rng = np.random.default_rng(df)
        x = np.arange(n) % 2.0
        residual = rng.normal(size=n)
        D = np.column_stack([x, np.ones(n)])
        residual -= D @ np.linalg.lstsq(D, residual, rcond=None)[0]
        se = np.sqrt(residual @ residual / df / ((x - x.mean()) ** 2).sum())
        t = np.concatenate([10.0 ** np.arange(-3, 2), [2, 5, 40], [-1.5]])
        Y = residual[:, None] + x[:, None] * (t * se)
        create_rows(db, f'student_{df}', {'x': x[:, None], 'y': Y, 'fold': np.zeros(n, int)})
        got = contrast(db, f'student_{df}', (1,))
        assert_close(f'{df}: t', got[0], t, rtol=1e-9)
        assert_close(f'{df}: p', got[1], 2 * stats.t.sf(np.abs(got[0]), df), rtol=1e-10)


def test_residualize(db):
    X, Y, fold = problem(14, n=50, p=3, v=4)
    Y[3, 1] = np.nan
    create_rows(db, 'res_rows', {'x': X, 'y': Y, 'fold': fold})
    got = get(db, '(SELECT stack(residualize(e, x, y) ORDER BY id) FROM res_rows, (SELECT ridge(gram_agg(x, y), 0) AS e FROM res_rows) s)')
    for t in range(4):
        has = ~np.isnan(Y[:, t])
        want = np.full(50, np.nan)
        want[has] = Y[has, t] - LinearRegression().fit(X[has], Y[has, t]).predict(X[has])
        assert_close(f'target {t}', got[:, t], want, rtol=0, atol=1e-9)
