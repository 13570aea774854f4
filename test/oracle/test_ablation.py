"""ablation_curve against ridge fits in NumPy that see only the units that are kept, and against ridge_cv."""

import io

import numpy as np

from neuroenc_oracle import assert_close, create_rows, raises

RNG = np.random.default_rng(57)
COLUMNS = "dropped, n_kept, r, r2, to_npy(target_r), to_npy(target_r2)"


def problem(n, p, v, seed=0, shift=0.0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ (np.eye(p) + 0.3 * rng.standard_normal((p, p))) * rng.uniform(0.5, 3, p) + shift
    y = x @ rng.standard_normal((p, v)) / p + rng.standard_normal((n, v)) + rng.standard_normal(v)
    return x.astype(dtype), y.astype(dtype)


def rows_of(db, table, ranking, alpha, options=""):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM %s), %%s::int[], %%s%s, per_target => true)" % (COLUMNS, table, options),
                    (list(map(int, ranking)), alpha))
        rows = cur.fetchall()
    tensors = [[np.load(io.BytesIO(bytes(t))) for t in row[4:]] for row in rows]
    return [r[0] for r in rows], [r[1] for r in rows], np.array([r[2:4] for r in rows], float), np.array(tensors)


def fold_score(y, predicted):
    """r and R2 of a fold by target."""
    yc = y - y.mean(axis=0)
    pc = predicted - predicted.mean(axis=0)
    syy, spp = (yc**2).sum(axis=0), (pc**2).sum(axis=0)
    r = np.where((spp > 1e-22 * syy) & (syy > 0), (yc * pc).sum(axis=0) / np.sqrt(np.where(spp > 0, spp, 1) * syy), 0)
    return np.array([r, 1 - ((y - predicted) ** 2).sum(axis=0) / syy])


def reference(x, y, fold, ranking, alpha, steps, how="refit", standardize=False):
    """(steps, 2, v): r and R2 by target, each model fitted or cut by itself."""
    out = []
    for n_dropped in steps:
        dropped = np.array(ranking[:n_dropped], int) - 1
        kept = np.setdiff1d(np.arange(x.shape[1]), dropped)
        scores = []
        for f in np.unique(fold):
            train, held = fold != f, fold == f
            mean, y_mean = x[train].mean(axis=0), y[train].mean(axis=0)
            scale = x[train].std(axis=0) if standardize else np.ones(x.shape[1])
            a, b = (x[train] - mean) / scale, (x[held] - mean) / scale
            units = kept if how == "refit" else np.arange(x.shape[1])
            w = np.linalg.solve(a[:, units].T @ a[:, units] + alpha * np.eye(len(units)), a[:, units].T @ (y[train] - y_mean))
            if how == "mean":
                b[:, dropped] = 0
            elif how == "zero":
                b[:, dropped] = (0 - mean[dropped]) / scale[dropped]
            scores.append(fold_score(y[held], b[:, units] @ w + y_mean))
        out.append(np.mean(scores, axis=0))
    return np.array(out)


def test_refits(db):
    for i, (n, p, v, k, shift, dtype) in enumerate(((60, 7, 3, 4, 0, np.float64), (200, 30, 9, 5, 100, np.float64), (90, 40, 5, 2, 1, np.float32), (30, 45, 70, 3, 0, np.float64))):
        x, y = problem(n, p, v, i, shift, dtype)
        fold = RNG.integers(0, k, n)
        ranking = RNG.permutation(p)[: p - (i % 2) * 3] + 1
        table = "ablated_%d" % i
        create_rows(db, table, {"x": x, "y": y, "fold": fold})
        for alpha, standardize in ((3.0, False), (0.5, True)):
            dropped, kept, means, targets = rows_of(db, table, ranking, alpha, ", standardize => %s" % standardize)
            assert dropped == list(range(len(ranking) + 1)) and kept == [p - d for d in dropped]
            want = reference(x.astype(float), y.astype(float), fold, ranking, alpha, dropped, "refit", standardize)
            assert_close(table, targets, want, 1e-8, 1e-8)
            assert_close(table + ", means", means, want.mean(axis=2), 1e-8, 1e-8)


def test_full_model_cut(db):
    x, y = problem(150, 20, 6, 9, 2.0)
    fold = np.arange(150) % 5
    ranking = RNG.permutation(20)[:15] + 1
    create_rows(db, "cut", {"x": x, "y": y, "fold": fold})
    for how in ("mean", "zero"):
        for standardize in (False, True):
            dropped, _, _, targets = rows_of(db, "cut", ranking, 7.0, ", drop => '{15,0,3,3,8}', refit => false, fill => '%s', standardize => %s" % (how, standardize))
            assert dropped == [0, 3, 8, 15]
            want = reference(x, y, fold, ranking, 7.0, dropped, how, standardize)
            assert_close(how, targets, want, 1e-8, 1e-8)


def test_nothing_dropped_is_ridge_cv(db):
    """Also with missing targets, a constant unit and unequal folds; and from moments instead of rows."""
    x, y = problem(500, 12, 4, 3, 5.0)
    x[:, 4] = 2.5
    y[:50, 1] = np.nan
    y[::7, 2] = np.nan
    fold = np.minimum(np.arange(500) // 60, 4)
    create_rows(db, "whole", {"x": x, "y": y, "fold": fold})
    with db.cursor() as cur:
        for alpha, standardize in ((0.01, "false"), (10.0, "true")):
            cur.execute("SELECT t.r, t.r2 FROM (SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[%s], standardize => %s) AS e FROM whole OFFSET 0) AS q, targets(q.e) AS t ORDER BY target" % (alpha, standardize))
            want = np.array(cur.fetchall(), float).T
            _, _, means, targets = rows_of(db, "whole", [1], alpha, ", drop => '{0}', standardize => " + standardize)
            assert_close("ridge_cv", targets[0], want, 1e-10)
            assert_close("ridge_cv, means", means[0], want.mean(axis=1), 1e-10)


def test_units_in_ridge_cv_of_fewer_features(db):
    """With units dropped, ridge_cv of the gram of the others."""
    x, y = problem(2000, 16, 3, 4)
    create_rows(db, "fewer", {"x": x, "y": y, "fold": np.arange(2000) % 3})
    _, _, _, targets = rows_of(db, "fewer", [3, 16, 1], 50.0, ", drop => '{3}'")
    with db.cursor() as cur:
        cur.execute("SELECT t.r, t.r2 FROM (SELECT ridge_cv(gram_features(gram_agg(x, y, fold), '{2,4,5,6,7,8,9,10,11,12,13,14,15}'), ARRAY[50.0]) AS e FROM fewer OFFSET 0) AS q, targets(q.e) AS t ORDER BY target")
        assert_close("fewer", targets[0], np.array(cur.fetchall(), float).T, 1e-10)


def test_errors(db):
    x, y = problem(20, 3, 2)
    create_rows(db, "few", {"x": x, "y": y, "fold": np.arange(20) % 2})
    for ranking, options in (([4], ""), ([0], ""), ([1, 1], ""), ([1], ", drop => '{2}'"), ([1], ", fill => 'median'")):
        with raises(db, "22023", ""):
            rows_of(db, "few", ranking, 1.0, options)
