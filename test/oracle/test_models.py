"""elastic_net_cv, pls and pcr against scikit-learn, fold by fold."""
import warnings

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import ElasticNet, LinearRegression

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
        for k in (1, 2, 5, min(p, 25)):
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
