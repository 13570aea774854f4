"""concept_vector and concept_units against NumPy, logistic regression by Newton's method."""

import io

import numpy as np

from neuroenc_oracle import assert_close, create_rows, raises

RNG = np.random.default_rng(58)


def pictures(n, units, side, rng):
    """Maps (n x units x side x side) and masks: the concept is a square of which units 3 and 5 see a part each."""
    maps = rng.standard_normal((n, units, side, side))
    masks = np.zeros((n, side, side))
    for i in range(n):
        a, b = rng.integers(0, side - 3, 2)
        masks[i, a : a + 3, b : b + 3] = 1
        maps[i, 2, a : a + 3, b : b + 2] += 4
        maps[i, 4, a : a + 2, b : b + 3] += 4
    return maps, masks


def iou(said, is_so):
    return (said & is_so).sum() / (said | is_so).sum()


def reference(maps, masks, quantile, alpha, thresholded=True, balanced=True, fold=None):
    n, units = maps.shape[:2]
    x = np.moveaxis(maps, 1, -1).reshape(-1, units)
    y = masks.ravel()
    folds = None if fold is None else np.repeat(fold, masks[0].size)
    keep = ~np.isnan(y)
    x, y, folds = x[keep], y[keep] == 1, None if fold is None else folds[keep]
    above = int(np.floor(quantile * len(y) + 1e-9))
    threshold = np.sort(x, axis=0)[len(y) - 1 - above]
    active = x > threshold
    z = active.astype(float) if thresholded else x

    def fit(rows):
        """Weights, and the intercept last: Newton's method, damped until the loss falls."""
        a, is_so = np.column_stack([z[rows], np.ones(rows.sum())]), y[rows]
        weight = np.where(is_so, len(is_so) / (2 * is_so.sum()), len(is_so) / (2 * (~is_so).sum())) if balanced else np.ones(len(is_so))
        penalty = np.append(np.full(units, alpha), 0)
        sign = np.where(is_so, 1.0, -1.0)

        def loss(w):
            return (weight * np.logaddexp(0, -sign * (a @ w))).sum() + (penalty * w**2).sum() / 2

        w = np.zeros(units + 1)
        for _ in range(100):
            p = 1 / (1 + np.exp(-(a @ w)))
            gradient = a.T @ (weight * (p - is_so)) + penalty * w
            step = np.linalg.lstsq(a.T @ (a * (weight * p * (1 - p))[:, None]) + np.diag(penalty), gradient, rcond=None)[0]
            size = 1.0
            while loss(w - size * step) > loss(w) and size > 1e-6:
                size /= 2
            w = w - size * step
            if np.abs(size * step).max() < 1e-13:
                break
        return w

    def decide(w, rows):
        return z[rows] @ w[:-1] + w[-1] > 0

    def best(rows):
        return int(np.argmax([iou(active[rows, k], y[rows]) for k in range(units)]))

    everything = np.ones(len(y), bool)
    model, unit = fit(everything), best(everything)
    out = {"n": len(y), "n_concept": y.sum(), "unit": unit + 1, "threshold": threshold[unit], "unit_iou": iou(active[:, unit], y), "intercept": model[-1],
           "combined_iou": iou(decide(model, everything), y), "weights": model[:-1], "thresholds": threshold, "ious": np.array([iou(active[:, k], y) for k in range(units)])}
    if fold is not None:
        by_unit, by_model = np.zeros(len(y), bool), np.zeros(len(y), bool)
        for f in np.unique(folds):
            held = folds == f
            by_unit[held] = active[held, best(~held)]
            by_model[held] = decide(fit(~held), held)
        out["held_out_unit_iou"], out["held_out_combined_iou"] = iou(by_unit, y), iou(by_model, y)
    return out


NAMES = ["n", "n_concept", "unit", "threshold", "unit_iou", "intercept", "combined_iou", "held_out_unit_iou", "held_out_combined_iou"]


def check(db, call, want, what):
    with db.cursor() as cur:
        cur.execute("SELECT %s, to_npy((r).weights), to_npy((r).thresholds) FROM (SELECT %s AS r OFFSET 0) AS q" % (", ".join("(r)." + n for n in NAMES), call))
        row = cur.fetchone()
    for name, got in zip(NAMES, row):
        if name in want:
            assert abs(got - want[name]) <= 1e-6 * max(1, abs(want[name])), (what, name, got, want[name])
        else:
            assert got is None, (what, name, got)
    assert_close(what, np.load(io.BytesIO(bytes(row[9]))), want["weights"], 1e-5, 1e-6)
    assert_close(what, np.load(io.BytesIO(bytes(row[10]))), want["thresholds"], 1e-12)


def test_against_numpy(db):
    maps, masks = pictures(40, 8, 9, RNG)
    masks[3, 0, :] = np.nan
    masks[7] = np.nan
    fold = np.arange(40) % 4
    create_rows(db, "pictures", {"x": maps, "mask": masks, "fold": fold})
    agg = "(SELECT concept_agg(x, mask) FROM pictures)"
    folds = "(SELECT concept_agg(x, mask, fold) FROM pictures)"
    check(db, "(SELECT concept_vector(x, mask) FROM pictures)", reference(maps, masks, 0.005, 1.0), "defaults")
    check(db, "(SELECT concept_vector(x, mask, fold) FROM pictures)", reference(maps, masks, 0.005, 1.0, fold=fold), "folds")
    check(db, "concept_vector(%s, quantile => 0.1, alpha => 0.3)" % agg, reference(maps, masks, 0.1, 0.3), "quantile")
    check(db, "concept_vector(%s, 0.08, 2, balanced => false)" % folds, reference(maps, masks, 0.08, 2.0, balanced=False, fold=fold), "not balanced")
    check(db, "concept_vector(%s, 0.08, 5, 'raw')" % folds, reference(maps, masks, 0.08, 5.0, thresholded=False, fold=fold), "raw")
    with db.cursor() as cur:
        cur.execute("SELECT unit, threshold, iou FROM concept_units(%s, 0.1)" % agg)
        rows = np.array(cur.fetchall(), float)
    want = reference(maps, masks, 0.1, 1.0)
    assert_close("units", rows, np.column_stack([np.arange(1, 9), want["thresholds"], want["ious"]]), 1e-12)


def test_two_units_beat_one(db):
    """Planted: a concept that two units see one half of each; the combination has both, and finds more."""
    rng = np.random.default_rng(3)
    maps, masks = rng.standard_normal((60, 12, 12, 12)), np.zeros((60, 12, 12))
    for i in range(60):
        a, b = rng.integers(0, 8, 2)
        masks[i, a : a + 4, b : b + 4] = 1
        maps[i, 2, a : a + 4, b : b + 2] += 5
        maps[i, 4, a : a + 4, b + 2 : b + 4] += 5
    create_rows(db, "planted_pictures", {"x": maps.astype(np.float32), "mask": masks, "fold": np.arange(60) % 5})
    with db.cursor() as cur:
        cur.execute("SELECT (r).unit, (r).unit_iou, (r).combined_iou, (r).held_out_unit_iou, (r).held_out_combined_iou, to_npy((r).weights) "
                    "FROM (SELECT concept_vector(concept_agg(x, mask, fold), 0.055, balanced => false) AS r FROM planted_pictures OFFSET 0) AS q")
        unit, one, both, held_one, held_both, weights = cur.fetchone()
    weights = np.load(io.BytesIO(bytes(weights)))
    assert unit in (3, 5) and both > one + 0.3 and held_both > held_one + 0.3 and abs(held_both - both) < 0.05, (unit, one, both, held_one, held_both)
    assert set(np.argsort(-weights)[:2]) == {2, 4}, weights


def test_any_shape(db):
    """Units by time, and points of places with labels 0 and 1."""
    x, mask = RNG.standard_normal((30, 5, 40)), (RNG.random((30, 40)) < 0.2).astype(float)
    create_rows(db, "tokens", {"x": x, "mask": mask})
    check(db, "(SELECT concept_vector(x, mask) FROM tokens)", reference(x, mask, 0.005, 1.0), "tokens")
    create_rows(db, "places", {"t": np.moveaxis(x, 1, -1).reshape(-1, 5), "label": mask.ravel().astype(int)})
    check(db, "(SELECT concept_vector(points_agg(t, label)) FROM places)", reference(x, mask, 0.005, 1.0), "places")


def test_errors(db):
    create_rows(db, "one_picture", {"x": np.ones((1, 2, 3, 3)), "mask": np.ones((1, 3, 3))})
    with raises(db, "22023", "every place has the concept"):
        db.cursor().execute("SELECT concept_vector(x, mask) FROM one_picture")
    with raises(db, "22000", "maps have shape"):
        db.cursor().execute("SELECT concept_vector(x, mask[1:2]) FROM one_picture")
