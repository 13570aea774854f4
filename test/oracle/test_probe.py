"""Logistic regression and sparse probes against scikit-learn, and by the gradient of the objective."""

import warnings

import numpy as np
from scipy.special import logsumexp
from sklearn.feature_selection import f_classif, mutual_info_classif
from sklearn.linear_model import LogisticRegression, OrthogonalMatchingPursuit
from sklearn.metrics import f1_score, log_loss
from threadpoolctl import threadpool_limits

from neuroenc_oracle import assert_close, create_rows, get, raises
from shapes import digits, iris, wine


def scikit_learn(x, y, alpha, **options):
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        return LogisticRegression(C=1 / alpha, solver="newton-cg", tol=1e-8, max_iter=1000, **options).fit(x, y)


def newton(x, y, alpha, intercept=True, balanced=False):
    """(weights, intercepts) of the least objective, by Newton's method with the whole Hessian."""
    n, d = x.shape
    k = y.max() + 1
    mean = x.mean(axis=0) * intercept
    X = np.column_stack([x - mean, np.full(n, float(intercept))])
    weight = n / (k * np.bincount(y)[y]) if balanced else np.ones(n)
    penalty = np.append(np.full(d, float(alpha)), 0)
    target = (y[:, None] == np.arange(k)).astype(float)
    W = np.zeros((k, d + 1))

    if k == 2:                          # softmax of (0, z): one vector of weights
        v = np.zeros(d + 1)
        for _ in range(100):
            p = 1 / (1 + np.exp(-(X @ v)))
            g = X.T @ (weight * (p - y)) + penalty * v
            step = np.linalg.lstsq((X.T * (weight * p * (1 - p))) @ X + np.diag(penalty), g, rcond=None)[0]
            v = v - step
            if np.abs(step).max() < 1e-13 * np.abs(v).max():
                break
        return v[:-1], np.array([v[-1] - v[:-1] @ mean])
    for _ in range(100):
        z = X @ W.T
        p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
        g = (weight[:, None] * (p - target)).T @ X + penalty * W
        H = np.einsum("n,nab,ni,nj->aibj", weight, p[:, :, None] * np.eye(k) - p[:, :, None] * p[:, None, :], X, X, optimize=True)
        H = H.reshape(W.size, W.size) + np.diag(np.tile(penalty, k))
        step = np.linalg.lstsq(H, g.ravel(), rcond=1e-13)[0].reshape(W.shape)
        W = W - step
        if np.abs(step).max() < 1e-13 * np.abs(W).max():
            break
    b = W[:, -1] - W[:, :-1] @ mean
    return W[:, :-1], (b - b.mean()) * intercept


def probabilities(x, w, b):
    if w.ndim == 1:
        p = 1 / (1 + np.exp(-(x @ w + b[0])))
        return np.column_stack([1 - p, p])
    z = x @ w.T + b
    return np.exp(z - logsumexp(z, axis=1, keepdims=True))


def gradient(x, y, w, b, alpha, weight=None):
    """The largest element of the gradient of the objective, of softmax over classes 0 .. k - 1 or of two classes."""
    weight = np.ones(len(x)) if weight is None else weight
    if w.ndim == 1:
        p = 1 / (1 + np.exp(-(x @ w + b[0])))
        r = weight * (p - y)
        return max(np.abs(x.T @ r + alpha * w).max(), abs(r.sum()))
    z = x @ w.T + b
    p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
    r = weight[:, None] * (p - (y[:, None] == np.arange(len(b))))
    return max(np.abs(r.T @ x + alpha * w).max(), np.abs(r.sum(axis=0)).max())


def fit(db, call):
    """weights, intercepts, alpha of a classifier that 'call' makes of table t."""
    with db.cursor() as c:
        c.execute("DROP TABLE IF EXISTS fitted")
        c.execute(f"CREATE TEMP TABLE fitted AS SELECT {call} AS f FROM t")
        c.execute("SELECT alpha(f) FROM fitted")
        alpha = c.fetchone()[0]
    return get(db, "(SELECT weights(f) FROM fitted)"), get(db, "(SELECT intercepts(f) FROM fitted)"), alpha


def table(db, x, y, fold=None):
    with db.cursor() as c:
        c.execute("DROP TABLE IF EXISTS t")
    create_rows(db, "t", {"x": x, "y": y, "fold": np.arange(len(x)) % 5 if fold is None else fold})


def problems():
    rng = np.random.default_rng(0)
    for s in (iris(standardised=True), wine(standardised=True)):
        yield s.name, s.x, s.labels
    s = wine()
    yield "wine, raw features of all scales", s.x, s.labels
    yield "wine, two classes", s.x[s.labels < 2], s.labels[s.labels < 2]
    x = rng.standard_normal((60, 200))
    yield "more features than rows", x, (x[:, :3].sum(axis=1) + rng.standard_normal(60) > 0).astype(int)
    x = rng.standard_normal((80, 150)) * 0.3 + 50
    yield "the same, three classes far from the origin", x, (np.arange(80) % 3)
    x = rng.standard_normal((300, 10))
    yield "far from the origin", x + 1e4, (x[:, 0] + rng.standard_normal(300) > 1).astype(int)


def test_fit_has_no_gradient(db):
    for name, x, y in problems():
        table(db, x, y)
        for alpha in (0.01, 1, 100):
            for intercept in (True, False):
                w, b, _ = fit(db, f"logistic_fit(points_agg(x, y), {alpha}, {intercept})")
                where = x - x.mean(axis=0) if intercept else x
                moved = b + w @ x.mean(axis=0) if intercept else b
                scale = np.abs(where).sum(axis=0).max()
                found = gradient(where, y, w, np.atleast_1d(moved), alpha) if intercept else None
                if intercept:
                    assert found < 1e-7 * scale, (name, alpha, found, scale)
                    if w.ndim == 2:
                        assert_close(f"{name}: weights sum to 0", w.sum(axis=0), np.zeros(x.shape[1]), atol=1e-9 * np.abs(w).max())
                else:
                    assert not b.any()


def test_fit_is_the_minimum(db):
    for name, x, y in problems():
        table(db, x, y)
        k = y.max() + 1
        if x.shape[1] * k > 400 or np.ptp(x, axis=0).max() > 100:
            continue                    # too large, or too ill-conditioned, for the whole Hessian
        for alpha, intercept, balanced in ((0.1, True, False), (0.1, True, True), (10, True, False), (10, False, True)):
            if not intercept and np.abs(x).max() > 1000:
                continue
            w, b, _ = fit(db, f"logistic_fit(points_agg(x, y), {alpha}, {intercept}, {balanced})")
            want_w, want_b = newton(x, y, alpha, intercept, balanced)
            what = f"{name}, alpha {alpha}, intercept {intercept}, balanced {balanced}"
            assert_close(what, w, want_w, rtol=0, atol=1e-8 * np.abs(want_w).max())
            assert_close(what + ": intercept", b, want_b, rtol=1e-7, atol=1e-8)
            want = probabilities(x, want_w, want_b)
            proba = get(db, "(SELECT predict_proba(f, (SELECT stack(x ORDER BY id) FROM t)) FROM fitted)")
            assert_close(what + ": probabilities", proba, want, rtol=0, atol=1e-7)
            with db.cursor() as c:
                c.execute("SELECT array_agg(predict_label(f, x) ORDER BY id), (SELECT predict_labels(f, (SELECT stack(x ORDER BY id) FROM t)) FROM fitted) FROM t, fitted")
                one, many = c.fetchone()
                assert one == many == [str(i) for i in want.argmax(axis=1)], what


def test_fit_is_scikit_learns(db):
    for s in (iris(standardised=True), wine(standardised=True)):
        table(db, s.x, s.labels)
        for alpha in (0.1, 1, 100):
            for intercept in (True, False):
                model = scikit_learn(s.x, s.labels, alpha, fit_intercept=intercept, class_weight="balanced")
                w, b, _ = fit(db, f"logistic_fit(points_agg(x, y), {alpha}, {intercept}, true)")
                assert_close(s.name, w, model.coef_, rtol=0, atol=1e-4)
                assert_close(s.name, b, model.intercept_, rtol=0, atol=1e-4)


def test_cv_scores(db):
    alphas = [0.1, 10, 1, 1000]
    for s, folds in ((iris(standardised=True), 5), (wine(standardised=True), 3)):
        fold = np.random.default_rng(1).integers(0, folds, len(s.x)) * 7 - 3
        table(db, s.x, s.labels, fold)
        for balanced in (False, True):
            w, b, alpha = fit(db, f"logistic_cv(points_agg(x, y, fold), '{{{','.join(map(str, alphas))}}}', balanced => {balanced})")
            want = []
            for a in alphas:
                proba = np.empty((len(s.x), s.k))
                for f in np.unique(fold):
                    model = newton(s.x[fold != f], s.labels[fold != f], a, balanced=balanced)
                    proba[fold == f] = probabilities(s.x[fold == f], *model)
                want.append((a, log_loss(s.labels, proba), np.mean(proba.argmax(axis=1) == s.labels)))
            with db.cursor() as c:
                c.execute("SELECT s.alpha, log_loss, accuracy FROM fitted, cv_scores(f) s")
                assert_close(s.name, c.fetchall(), want, rtol=1e-6)
                c.execute("SELECT s.alpha FROM fitted, cv_scores(f) s WHERE best")
                best = min(want, key=lambda row: row[1])[0]
                assert c.fetchall() == [(best,)] and alpha == best, (s.name, alpha, best)
                c.execute("SELECT alpha(logistic_cv(points_agg(x, y, fold), %s, balanced => %s, scoring => 'accuracy')) FROM t", [alphas, balanced])
                assert c.fetchone()[0] == max(want, key=lambda row: (row[2], row[0]))[0]
            model = newton(s.x, s.labels, best, balanced=balanced)
            assert_close(s.name, w, model[0], rtol=0, atol=1e-8)
            assert_close(s.name, b, model[1], rtol=0, atol=1e-8)


def test_digits(db):
    s = digits()
    table(db, s.x, s.labels)
    w, b, alpha = fit(db, "logistic_cv(points_agg(x, y, fold), '{1,10,100,1000}')")
    assert gradient(s.x, s.labels, w, b, alpha) < 1e-4
    model = scikit_learn(s.x, s.labels, alpha)
    assert_close("digits", w, model.coef_, rtol=0, atol=1e-4)
    assert_close("digits: intercepts", b, model.intercept_, rtol=0, atol=1e-4)


def test_unpenalised(db):
    """At alpha 0 the maximum of the likelihood, where there is one."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((400, 4)) * [1, 1e-4, 1e3, 1]
    y = (x @ [0.5, 3e3, 1e-3, 0] + 2 * rng.logistic(size=400) > 0.3).astype(int)
    table(db, np.column_stack([x, x[:, 0] + 2 * x[:, 3]]), y)
    w, b, _ = fit(db, "logistic_fit(points_agg(x, y), 0)")
    z = x / [1, 1e-4, 1e3, 1]
    assert gradient(z, y, np.array([w[0] + w[4], w[1] * 1e-4, w[2] * 1e3, w[3] + 2 * w[4]]), b, 0) < 1e-6
    table(db, x, (x[:, 0] > 0).astype(int))
    with raises(db, "22023", "at alpha 0"):
        fit(db, "logistic_fit(points_agg(x, y), 0)")
    table(db, np.sign(x), (x[:, 0] > 0).astype(int) * (1 + (x[:, 3] > 0)))
    with raises(db, "22023", "at alpha 0"):
        fit(db, "logistic_fit(points_agg(x, y), 0)")


# ---- sparse probes ----


def concept(n=240, d=12, seed=3):
    """Units of different scales of which 4, 9 and 2 (from 0) carry the class, in this order; folds of unequal size."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.35).astype(int)
    x = rng.standard_normal((n, d))
    x[:, 4] += 2 * y
    x[:, 9] += 1.2 * y
    x[:, 2] -= 0.9 * y
    x[:, 7] = x[:, 4] + 0.3 * rng.standard_normal(n)
    return x * np.linspace(0.8, 1.2, d) + np.linspace(-5, 5, d), y, rng.integers(1, 5, n)


def ranking(method, x, y, k, whole):
    """(units from 0, scores) by scikit-learn or the formula; whole: all rows, whose deviation 'logistic' divides by."""
    if method == "mean_difference":
        score = np.abs(x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0))
    elif method == "f":
        score = f_classif(x, y)[0]
    elif method == "mutual_information":
        score = np.array([mutual_info_classif(x[:, [j]], y, n_neighbors=3, random_state=0)[0] for j in range(x.shape[1])])
    elif method == "logistic":
        score = np.abs(newton(x / whole.std(axis=0), y, 0.5)[0])
    else:
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        taken, scores, residual = [], [], y - y.mean()
        for _ in range(k):
            r = np.abs([np.corrcoef(z[:, j], residual)[0, 1] if j not in taken else 0 for j in range(x.shape[1])])
            taken.append(int(r.argmax()))
            scores.append(r.max())
            residual = y - y.mean() - z[:, taken] @ np.linalg.lstsq(z[:, taken], y - y.mean(), rcond=None)[0]
        step = OrthogonalMatchingPursuit(n_nonzero_coefs=k).fit(z / np.sqrt(len(z)), y)
        assert set(np.flatnonzero(step.coef_)) == set(taken)
        return taken, np.array(scores)
    order = np.argsort(-score, kind="stable")[:k]
    return list(order), score[order]


def probe(x, y, units, x_test, alpha, balanced):
    """(weights, predictions) of a logistic regression on some units, standardised by the training set."""
    mean, scale = x[:, units].mean(axis=0), x[:, units].std(axis=0)
    w, b = newton((x[:, units] - mean) / scale, y, alpha, balanced=balanced)
    return w, (((x_test[:, units] - mean) / scale) @ w + b[0] > 0).astype(int)


def test_sparse_probe(db):
    x, y, fold = concept()
    table(db, x, y, fold)
    ks = [3, 1, 6]
    for method in ("mean_difference", "f", "mutual_information", "omp", "logistic"):
        for balanced in (False, True):
            want, f1s = [], []
            for k in ks:
                for f in np.unique(fold):
                    train, test = fold != f, fold == f
                    units, _ = ranking(method, x[train], y[train], max(ks), x)
                    _, predicted = probe(x[train], y[train], units[:k], x[test], 0.5, balanced)
                    want.append((k, f, test.sum(), y[test].sum(), f1_score(y[test], predicted), np.mean(predicted == y[test]),
                                 [j + 1 for j in units[:k]]))
            with db.cursor() as c:
                c.execute("SELECT s.* FROM (SELECT points_agg(x, y, fold) AS p FROM t) q, sparse_probe_sweep(p, %s, %s, alpha => 0.5, balanced => %s) s",
                          [ks, method, balanced])
                got = c.fetchall()
                assert [(r[:4], r[6]) for r in got] == [(w[:4], w[6]) for w in want], (method, got, want)
                assert_close(method, [r[4:6] for r in got], [w[4:6] for w in want], rtol=1e-12)
                c.execute("SELECT s.* FROM (SELECT points_agg(x, y, fold) AS p FROM t) q, sparse_probe(p, 3, %s, alpha => 0.5, balanced => %s) s",
                          [method, balanced])
                got = c.fetchall()
            units, scores = ranking(method, x, y, 3, x)
            assert [r[0] for r in got] == [1, 2, 3] and [r[1] - 1 for r in got] == units, (method, got, units)
            assert_close(method, [r[2] for r in got], scores, rtol=1e-6 if method in ("mutual_information", "logistic") else 1e-9)
            assert_close(method, [r[3] for r in got], probe(x, y, units, x, 0.5, balanced)[0], rtol=1e-7)
            chosen = [w[6] for w in want if w[0] == 3]
            assert [r[4] for r in got] == [sum(r[1] in units for units in chosen) for r in got]
            assert_close(method, [r[5] for r in got], [np.mean([w[4] for w in want if w[0] == 3])] * 3, rtol=1e-12)


def test_probe_of_one_label_of_several(db):
    s = wine()
    table(db, s.x, np.array(["barolo", "grignolino", "barbera"])[s.labels])
    units, scores = ranking("f", s.x, (s.labels == 1).astype(int), 2, s.x)
    with db.cursor() as c:
        c.execute("SELECT unit, score FROM (SELECT points_agg(x, y, fold) AS p FROM t) q, sparse_probe(p, 2, 'f', 'grignolino')")
        got = c.fetchall()
        assert [r[0] - 1 for r in got] == units
        assert_close("F", [r[1] for r in got], scores)
        with raises(db, "22023", "there are 3 labels"):
            c.execute("SELECT sparse_probe(points_agg(x, y), 2) FROM t")


def test_order_of_rows_and_threads(db):
    x, y, fold = concept()
    table(db, np.round(x), y, fold)
    calls = [f"sparse_probe(p, 4, '{method}')::text" for method in ("mean_difference", "f", "mutual_information", "omp", "logistic")]
    with db.cursor() as c:
        for call in calls + ["logistic_cv(p)::text"]:
            c.execute("SET neuroenc.threads = 1")
            c.execute(f"SELECT {call} FROM (SELECT points_agg(x, y, fold ORDER BY id) AS p FROM t) q")
            want = c.fetchall()
            c.execute("SET neuroenc.threads = 3")
            c.execute(f"SELECT {call} FROM (SELECT points_agg(x, y, fold ORDER BY -id) AS p FROM t) q")
            assert c.fetchall() == want, call
        c.execute("RESET neuroenc.threads")
