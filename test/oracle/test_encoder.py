"""What a fitted encoder gives back: rows, weights, predictions, scores."""
import numpy as np

import ridge_reference as ref
from gram_tables import fit, load, npy, query, unwire, value
from ridge_problems import ALPHAS, UNEQUAL, problem


def fitted(standardize=False):
    """Primal and dual: (name, X, Y, SQL of a source with the gram g and the encoder e)."""
    for name, (X, Y) in (('primal', problem(81)), ('dual', problem(82, p=130))):
        yield name, X, Y, f'''(SELECT g, ridge_cv(g, ARRAY[{", ".join(map(repr, ALPHAS.tolist()))}], standardize => {standardize}) AS e
            FROM (SELECT gram_agg(x, y, fold ORDER BY id) AS g FROM encoder_t OFFSET 0) a OFFSET 0) s'''


def test_encoder_predict(db):
    new = np.random.default_rng(83)
    for standardize in (False, True):
        for name, X, Y, source in fitted(standardize):
            load(db, 'encoder_t', X, Y, UNEQUAL)
            rows = fit(db, 'e', 'FROM ' + source)
            path = ref.Path(X, Y, standardize)
            Z = new.normal(size=(5, X.shape[1])) * 3
            want = path.predict(Z, rows.alpha)
            many = unwire(value(db, f'SELECT tensor_send(predict(e, from_npy(%s))) FROM {source}', (npy(Z),)))
            assert many.shape == want.shape
            np.testing.assert_allclose(many, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())
            one = unwire(value(db, f'SELECT tensor_send(predict(e, from_npy(%s))) FROM {source}', (npy(Z[2]),)))
            assert one.shape == want[2].shape
            np.testing.assert_allclose(one, many[2], rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(Z @ rows.weights + rows.intercept, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())


def test_encoder_weights(db):
    for name, X, Y, source in fitted():
        load(db, 'encoder_t', X, Y, UNEQUAL)
        rows = fit(db, 'e', 'FROM ' + source)
        W = unwire(value(db, f'SELECT tensor_send(weights(e)) FROM {source}'))
        assert W.shape == (X.shape[1], Y.shape[1]), W.shape
        np.testing.assert_array_equal(W, rows.weights)
        assert value(db, f'SELECT count(weights) FROM {source}, targets(e)') == 0
        np.testing.assert_allclose(rows.variance, Y.var(axis=0, ddof=1), rtol=1e-9)


def test_encoder_target_ids(db):
    for name, X, Y, source in fitted():
        load(db, 'encoder_t', X, Y, UNEQUAL)
        ids = [900, 5, 77, 4, 12, 1, 2, 3]
        plain = query(db, f'SELECT t.target, t.alpha, t.r FROM {source}, targets(e) t ORDER BY t.target')
        assert [r[0] for r in plain] == list(range(1, 9))
        named = query(db, f'SELECT t.target, t.alpha, t.r, tensor_send(t.weights) FROM {source}, targets(e, %s::bigint[], weights => true) t', (ids,))
        assert sorted(r[0] for r in named) == sorted(ids)
        by_id = {r[0]: r[1:3] for r in named}
        assert [by_id[i] for i in ids] == [r[1:] for r in plain]


def test_encoder_cv_predictions(db):
    """Each held row predicted by the model of the other folds, at the target's chosen alpha."""
    for standardize in (False, True):
        for name, X, Y, source in fitted(standardize):
            load(db, 'encoder_t', X, Y, UNEQUAL)
            alpha = fit(db, 'e', 'FROM ' + source, weights=False).alpha
            rows = query(db, f'SELECT c.row, c.fold, tensor_send(c.prediction) FROM {source}, cv_predictions(g, e) c ORDER BY c.row')
            assert len(rows) == len(X)
            first = rows[0][0]
            assert [r[0] for r in rows] == list(range(first, first + len(X))) and first in (0, 1)
            assert [r[1] for r in rows] == UNEQUAL.tolist()
            cv = ref.cross_validate(X, Y, UNEQUAL, ALPHAS, standardize, keep=True)
            index = [int(np.argmin(np.abs(np.log(ALPHAS) - np.log(a)))) for a in alpha]
            want = np.stack([cv.predictions[i, :, t] for t, i in enumerate(index)], axis=1)
            got = np.stack([unwire(r[2]) for r in rows])
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())


def test_encoder_cv_predictions_missing(db):
    X, Y = problem(84)
    Y[3:9, 2] = np.nan
    load(db, 'encoder_t', X, Y, UNEQUAL)
    rows = query(db, '''SELECT tensor_send(c.prediction) FROM (SELECT g, ridge_cv(g, ARRAY[3.0]) AS e FROM (
        SELECT gram_agg(x, y, fold ORDER BY id) AS g FROM encoder_t OFFSET 0) a OFFSET 0) s, cv_predictions(g, e) c ORDER BY c.row''')
    got = np.stack([unwire(r[0]) for r in rows])
    has = ~np.isnan(Y[:, 2])
    cv = ref.cross_validate(X[has], Y[has][:, [2]], UNEQUAL[has], [3.0], keep=True)
    np.testing.assert_allclose(got[has, 2], cv.predictions[0, :, 0], rtol=1e-6, atol=1e-6)
    other = np.delete(np.arange(8), 2)
    cv = ref.cross_validate(X, Y[:, other], UNEQUAL, [3.0], keep=True)
    np.testing.assert_allclose(got[:, other], cv.predictions[0], rtol=1e-6, atol=1e-5)


def test_encoder_score(db):
    """On held-out data of its own, from its gram: one fold, rows form and moments form."""
    for name, X, Y, source in fitted():
        load(db, 'encoder_t', X, Y, UNEQUAL)
        rng = np.random.default_rng(85)
        for n in (25, 2000):
            if n == 2000 and name == 'dual':
                continue
            Z = rng.normal(size=(n, X.shape[1])) * X.std(axis=0) + .3
            V = ref.Path(X, Y).predict(Z, 1.0) + rng.normal(size=(n, Y.shape[1]))
            V[4, 3] = np.nan
            load(db, 'encoder_u', Z, V)
            rows = fit(db, 'e', 'FROM ' + source)
            got = query(db, f'SELECT c.target, c.r, c.r2, c.n FROM {source}, (SELECT gram_agg(x, y) AS h FROM encoder_u OFFSET 0) u, score(e, h) c ORDER BY 1')
            P = ref.Path(X, Y).predict(Z, rows.alpha)
            for t in range(Y.shape[1]):
                has = ~np.isnan(V[:, t])
                y, p = V[has][:, [t]], P[has][:, [t]]
                assert got[t][3] == has.sum()
                np.testing.assert_allclose(got[t][1], ref.r_score(y, p)[0], atol=1e-7)
                np.testing.assert_allclose(got[t][2], ref.r2_score(y, p)[0], atol=1e-7)


def test_encoder_round_trip(db):
    for name, X, Y, source in fitted(True):
        load(db, 'encoder_t', X, Y, UNEQUAL)
        with db.cursor() as c:
            c.execute(f'DROP TABLE IF EXISTS encoder_s; CREATE TEMP TABLE encoder_s AS SELECT e FROM {source}')
        a, b = fit(db, 'e', 'FROM ' + source), fit(db, 'e::text::encoder', 'FROM encoder_s')
        for k in a.__dict__:
            np.testing.assert_array_equal(getattr(a, k), getattr(b, k), err_msg=k)


def test_encoder_info(db):
    for name, X, Y, source in fitted(True):
        load(db, 'encoder_t', X, Y, UNEQUAL)
        info = str(query(db, f'SELECT row_to_json(i) FROM {source}, encoder_info(e) i'))
        for word in ('60', str(X.shape[1]), 'r2'):
            assert word in info, info
