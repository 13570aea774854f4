"""Haxby et al. 2001, subject 1, ventral temporal mask: categories to voxels, and voxels to categories."""
import csv

import numpy as np
from sklearn.linear_model import Ridge

import ridge_reference as ref
from neuroenc_oracle import data
from gram_tables import fit, load, query, unwire
from ridge_problems import assert_chosen


def recordings():
    """X indicators 864 x 8, Y voxels 864 x 577, run."""
    path = data('haxby2001_vt_subj1', 'haxby_vt_trials.csv')
    with open(path) as f:
        rows = list(csv.reader(f))[1:]
    run = np.array([int(r[0]) for r in rows])
    category = np.array([r[1] for r in rows])
    names = np.unique(category)
    return (category[:, None] == names).astype(float), np.array([r[3:] for r in rows], float), run


def zscore_by_run(Y, run):
    Z = np.empty_like(Y)
    for f in np.unique(run):
        Z[run == f] = (Y[run == f] - Y[run == f].mean(axis=0)) / Y[run == f].std(axis=0)
    return Z


def test_haxby_encoding(db):
    """Category indicators to voxels, leave one run out: scikit-learn's refits by run and alpha."""
    X, raw, run = recordings()
    alphas = np.logspace(-2, 4, 7)
    for Y in (raw, zscore_by_run(raw, run), raw.astype(np.float32)):
        load(db, 'haxby_t', X.astype(Y.dtype), Y, run)
        cv = ref.cross_validate(X, Y, run, alphas)
        r2 = np.zeros((len(alphas), Y.shape[1]))
        for f in np.unique(run):
            train, test = run != f, run == f
            for i, alpha in enumerate(alphas):
                P = Ridge(alpha=alpha).fit(X[train], Y[train].astype(float)).predict(X[test])
                r2[i] += ref.r2_score(Y[test].astype(float), P) / 12
        np.testing.assert_allclose(cv.r2, r2, atol=1e-9)
        for scoring in ('r2', 'r', 'r2_pooled'):
            got = fit(db, 'ridge_cv(gram_agg(x, y, fold), %s, scoring => %s)', 'FROM haxby_t', (list(alphas), scoring), weights=False)
            index = assert_chosen(got.alpha, getattr(cv, scoring), alphas, True, f'Haxby, {scoring}')
            for c in ('r', 'r2', 'r2_pooled'):
                np.testing.assert_allclose(getattr(got, c), getattr(cv, c)[index, np.arange(577)], atol=1e-5, err_msg=c)


def test_haxby_decoding(db):
    """Voxels to categories at alpha 1000, leave one run out: the share of volumes right is .8414, as RidgeClassifier's."""
    indicator, raw, run = recordings()
    Z = zscore_by_run(raw, run)
    load(db, 'haxby_t', Z, indicator * 2 - 1, run)
    rows = query(db, '''SELECT tensor_send(c.prediction) FROM (SELECT g, ridge_cv(g, ARRAY[1000.0]) AS e FROM (
        SELECT gram_agg(x, y, fold ORDER BY id) AS g FROM haxby_t OFFSET 0) a OFFSET 0) s, cv_predictions(g, e) c ORDER BY c.row''')
    P = np.stack([unwire(r[0]) for r in rows])
    right = (P.argmax(axis=1) == indicator.argmax(axis=1)).mean()
    np.testing.assert_allclose(right, .8414, atol=5e-5)
    right = query(db, '''WITH g AS MATERIALIZED (SELECT gram_agg(x, y, fold) AS g FROM haxby_t),
        e AS MATERIALIZED (SELECT f, ridge(without_folds(g, ARRAY[f]), 1000) AS e FROM g, unnest(folds(g)) f)
        SELECT avg((argmax(predict(e, x)) = argmax(y))::int) FROM haxby_t JOIN e ON f = fold''')[0][0]
    np.testing.assert_allclose(float(right), .8414, atol=5e-5)
