"""banded_ridge_cv against a direct search with the same draws (banded_reference)."""
import numpy as np
from scipy import stats

import banded_reference as banded
import ridge_reference as ref
from gram_tables import assert_same_fit, fit, load, query
from ridge_problems import EQUAL, UNEQUAL, problem

ALPHAS = np.logspace(-3, 4, 8)


def draws_of(db, n_bands, n, concentration=(.1, 1), seed=0):
    rows = query(db, 'SELECT draw, scales FROM band_samples(%s, %s, %s, %s) ORDER BY 1', (n_bands, n, list(concentration), seed))
    assert [r[0] for r in rows] == list(range(1, n + 1))
    return np.array([r[1] for r in rows])


def scales_of(db, encoder, source, args):
    rows = query(db, f'SELECT s.* FROM (SELECT {encoder} AS e {source} OFFSET 0) q, band_scales(q.e) s ORDER BY 1, 2', args)
    v, b = rows[-1][0], rows[-1][1]
    return np.array([[np.nan if r[2] is None else r[2]] for r in rows]).reshape(v, b)


CALL = 'banded_ridge_cv({}, %s, %s, n_iter => %s, seed => %s, standardize => %s, scoring => %s)'


def compare(db, table, X, Y, fold, bands, standardize=False, scoring='r2', n=12, seed=3, gram='gram_agg(x, y, fold)', name='', source=None, found=None):
    """found: banded.search of these draws, where no target is missing."""
    args = (list(bands), ALPHAS.tolist(), n, seed, standardize, scoring)
    source = source or f'FROM {table}'
    got = fit(db, CALL.format(gram), source, args)
    scales = scales_of(db, CALL.format(gram), source, args)
    draws = draws_of(db, len(bands), n, seed=seed)
    np.testing.assert_allclose(scales.sum(axis=1), len(bands), rtol=1e-12)
    for t in range(Y.shape[1]):
        has = ~np.isnan(Y[:, t])
        at = t if found else 0
        own = found or banded.search(X[has], Y[has][:, [t]], fold[has], bands, ALPHAS, draws, standardize)
        used = scoring if np.unique(fold[has], return_counts=True)[1].min() > 1 or scoring != 'r2' else 'r2_pooled'
        score = getattr(own, used)[:, :, [at]]
        d = int(np.argmin(np.abs(draws - scales[t]).sum(axis=1)))
        assert (draws[d] == scales[t]).all(), f'{name}: scales {scales[t]} are no draw'
        a = int(np.argmin(np.abs(ALPHAS - got.alpha[t])))
        want_d, want_a = banded.choose(score, ALPHAS)
        if (d, a) != (want_d[0], want_a[0]):
            apart = score[want_d[0], want_a[0], 0] - score[d, a, 0]
            assert 0 <= apart < 1e-9, f'{name}, target {t}: draw {d}, alpha {a} for {want_d[0]}, {want_a[0]}; {apart} lost'
        for c in ('r2', 'r', 'r2_pooled'):
            assert abs(getattr(got, c)[t] - getattr(own, c)[d, a, at]) < 1e-5, f'{name}: {c} of target {t}'
        w, b0 = banded.fit(X[has], Y[has, t], bands, scales[t], got.alpha[t], standardize)
        fitted = np.asarray(X, float) @ got.weights[:, t] + got.intercept[t]
        spread = np.nanstd(Y[:, t]) + 1e-30
        assert np.abs(fitted - np.asarray(X, float) @ w - b0).max() < 1e-4 * spread, f'{name}: fitted values of target {t}'
    return scales


def test_banded_is_a_direct_search(db):
    X, Y = problem(1)
    W, V = problem(2, p=150)
    for name, x, y, bands in (('two bands', X, Y, (4, 6)), ('five bands', X, Y, (1, 2, 3, 1, 3)), ('one band', X, Y, (10,)),
                              ('p > n', W, V, (100, 50)), ('float4', X.astype('f4'), Y.astype('f4'), (5, 5)),
                              ('float4 p > n', W.astype('f4'), V.astype('f4'), (20, 120, 10))):
        for fold in (EQUAL, UNEQUAL):
            load(db, 'banded_t', x, y, fold)
            for standardize in (False, True):
                found = banded.search(x, y, fold, bands, ALPHAS, draws_of(db, len(bands), 12, seed=3), standardize)
                for scoring in ('r2', 'r', 'r2_pooled'):
                    compare(db, 'banded_t', x, y, fold, bands, standardize, scoring, name=f'{name}, {standardize}, {scoring}', found=found)


def test_banded_from_moments_and_rows(db):
    """g + g - g keeps moments only; plain rows go through the primal with held-out rows or the kernel."""
    X, Y = problem(4, n=60, p=20)
    load(db, 'banded_m', X, Y, EQUAL)
    source = 'FROM (SELECT gram_agg(x, y, fold) AS g FROM banded_m OFFSET 0) s'
    for gram in ('g', 'g + g - g'):
        compare(db, 'banded_m', X, Y, EQUAL, (8, 12), gram=gram, source=source, name=gram)


def test_banded_batches_are_the_same(db):
    X, Y = problem(5, v=30)
    load(db, 'banded_b', X, Y, EQUAL)
    source = 'FROM (SELECT gram_agg(x, y, fold) AS g FROM banded_b OFFSET 0) s'
    whole = fit(db, "banded_ridge_cv(g + g - g, '{3,7}', n_iter => 15)", source)
    for batch in (1, 7, 30, 1000):
        assert_same_fit(fit(db, "banded_ridge_cv(g + g - g, '{3,7}', n_iter => 15, n_targets_batch => %s)", source, (batch,)), whole)


def test_banded_missing_and_constant(db):
    X, Y = problem(6, n=90, p=8, v=6)
    fold = np.arange(90) % 3
    X[:, 2] = 5
    Y[::7, 1] = np.nan
    Y[3:30, 2] = np.nan
    Y[5, 4] = np.nan
    load(db, 'banded_n', X, Y, fold)
    source = 'FROM (SELECT gram_agg(x, y, fold) AS g FROM banded_n OFFSET 0) s'
    for gram in ('g', 'g + g - g'):
        compare(db, 'banded_n', X, Y, fold, (2, 3, 3), gram=gram, source=source, name=gram)
    # a constant target: equal scales, the largest alpha, scores 0; one with a single row: its value, no scale
    Y[:, 0] = 7
    Y[1:, 5] = np.nan
    load(db, 'banded_n', X, Y, fold)
    args = ([2, 3, 3], ALPHAS.tolist(), 9, 3, False, 'r2')
    got, scales = fit(db, CALL.format('g'), source, args), scales_of(db, CALL.format('g'), source, args)
    assert (scales[0] == 1).all() and got.alpha[0] == ALPHAS[-1] and got.r2[0] == 0 and got.r[0] == 0
    assert np.isnan(scales[5]).all() and np.isnan(got.alpha[5]) and got.n[5] == 1
    np.testing.assert_allclose(got.intercept[5], Y[0, 5], rtol=1e-12)


def test_all_equal_scales_are_ridge_cv(db):
    for name, (X, Y) in (('p < n', problem(7)), ('p > n', problem(8, p=150))):
        for fold in (EQUAL, UNEQUAL):
            load(db, 'banded_e', X, Y, fold)
            for standardize in (False, True):
                plain = fit(db, 'ridge_cv(gram_agg(x, y, fold), standardize => %s)', 'FROM banded_e', (standardize,))
                equal = fit(db, 'banded_ridge_cv(gram_agg(x, y, fold), %s, n_iter => 1, standardize => %s)', 'FROM banded_e',
                            ([3, X.shape[1] - 3], standardize))
                for c in ('alpha', 'r2', 'r', 'r2_pooled', 'n'):
                    np.testing.assert_array_equal(getattr(equal, c), getattr(plain, c), err_msg=f'{name}: {c}')
                np.testing.assert_allclose(equal.weights, plain.weights, rtol=1e-9, atol=1e-12 * np.abs(plain.weights).max())


def test_without_folds_gcv_chooses(db):
    X, Y = problem(9)
    load(db, 'banded_g', X, Y)
    draws = draws_of(db, 2, 10)
    gcv = np.stack([ref.gcv(X * banded.weights((4, 6), s), Y, ALPHAS) for s in draws])
    draw, alpha = banded.choose(-gcv, ALPHAS)
    args = ([4, 6], ALPHAS.tolist(), 10, 0, False, 'r2')
    got = fit(db, CALL.format('gram_agg(x, y)'), 'FROM banded_g', args)
    np.testing.assert_allclose(got.alpha, ALPHAS[alpha], rtol=1e-12)
    np.testing.assert_array_equal(scales_of(db, CALL.format('gram_agg(x, y)'), 'FROM banded_g', args), draws[draw])


def test_planted_bands(db):
    """himalaya's teaching example: the first band predicts half of the targets, the second the others."""
    rng = np.random.default_rng(10)
    X = rng.standard_normal((1500, 60))
    B = rng.standard_normal((60, 40))
    B[30:, :20] = B[:30, 20:] = 0
    S = X @ B
    Y = S / S.std(axis=0) + rng.standard_normal(S.shape)
    load(db, 'banded_p', X[:1000], Y[:1000], np.arange(1000) // 200)
    load(db, 'banded_q', X[1000:], Y[1000:])
    source = 'FROM (SELECT gram_agg(x, y, fold) AS g FROM banded_p OFFSET 0) s'
    call = "banded_ridge_cv(g, '{30,30}', n_iter => 40)"
    scales = scales_of(db, call, source, None)
    assert (scales[:20, 1] < .05).all() and (scales[20:, 0] < .05).all()
    split = np.array([r[2] for r in query(db, f'''SELECT s.* FROM (SELECT {call} AS e {source} OFFSET 0) f,
        (SELECT gram_agg(x, y) AS h FROM banded_q OFFSET 0) q, split_r2(f.e, q.h) s ORDER BY 1, 2''')]).reshape(40, 3)
    own, other = np.r_[split[:20, 1], split[20:, 2]], np.r_[split[:20, 2], split[20:, 1]]
    assert (own > .35).all() and (np.abs(other) < .03).all() and (np.abs(split[:, 0]) < .02).all()


def test_draws_are_dirichlet(db):
    """Marginals of a symmetric Dirichlet are beta: Kolmogorov-Smirnov; and the same whatever the number of draws."""
    for n_bands, concentration in ((2, .1), (3, 1), (4, 5.5)):
        draws = draws_of(db, n_bands, 4001, (concentration,), seed=11)
        assert (draws[0] == 1).all()
        np.testing.assert_allclose(draws.sum(axis=1), n_bands, rtol=1e-12)
        for b in range(n_bands):
            p = stats.kstest(draws[1:, b] / n_bands, stats.beta(concentration, concentration * (n_bands - 1)).cdf).pvalue
            assert p > 1e-3, (n_bands, concentration, b, p)
    a, b = draws_of(db, 3, 50, seed=5), draws_of(db, 3, 7, seed=5)
    np.testing.assert_array_equal(a[:7], b)
    assert (draws_of(db, 3, 7, seed=6)[1:] != b[1:]).any()
    # concentrations in turn: the second draw is of the first one
    mixed = draws_of(db, 3, 4001, (.1, 5), seed=2)
    assert mixed[1::2].max(axis=1).mean() > 2.5 and mixed[2::2].max(axis=1).mean() < 1.7


def test_split_r2(db):
    """From held rows and from moments, with missing responses, on data of other means, against the definition."""
    X, Y = problem(20, n=120, p=9, v=5)
    bands = (2, 4, 3)
    for missing in (False, True):
        x, y = X[60:] + .5, Y[60:] * 1.5 + 2
        if missing:
            y[::4, 1] = np.nan
            y[5:50, 3] = np.nan
        load(db, 'split_t', X[:60], Y[:60], EQUAL)
        load(db, 'split_u', x, y)
        fitted = '(SELECT banded_ridge_cv(gram_agg(x, y, fold), %s, n_iter => 6) AS e FROM split_t OFFSET 0) f'
        model = fit(db, 'f.e', 'FROM ' + fitted, (list(bands),))
        for gram in ('h', 'h + h - h'):
            rows = query(db, f'''SELECT s.target, s.band, s.r2, c.r2 FROM {fitted}, (SELECT gram_agg(x, y) AS h FROM split_u OFFSET 0) u,
                split_r2(f.e, {gram}) s JOIN LATERAL score(f.e, {gram}) c USING (target) ORDER BY 1, 2''', (list(bands),))
            got = np.array([r[2] for r in rows]).reshape(5, 4)
            np.testing.assert_allclose(got.sum(axis=1), [r[3] for r in rows[::4]], rtol=0, atol=1e-9)
            for t in range(5):
                has = ~np.isnan(y[:, t])
                want = banded.split_r2(x[has], y[has][:, [t]], model.weights[:, [t]], model.intercept[t], bands)[:, 0]
                np.testing.assert_allclose(got[t], want, rtol=1e-8, atol=1e-8, err_msg=f'{gram}, target {t}')


def test_variance_partition(db):
    """Every subset by refits on its features; regions by inclusion and exclusion."""
    X, Y = problem(21, n=60, p=12, v=4)
    bands, edges = (3, 5, 4), (0, 3, 8, 12)
    load(db, 'vp_t', X, Y, EQUAL)
    source = '(SELECT gram_agg(x, y, fold) AS g FROM vp_t OFFSET 0) s'
    r2 = {(): np.zeros(4)}
    for subset in [(1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3)]:
        columns = np.concatenate([np.arange(edges[b - 1], edges[b]) for b in subset])
        r2[subset] = ref.cross_validate(X[:, columns], Y, EQUAL, ALPHAS).r2.max(axis=0)
    for gram in ('g', 'g + g - g'):
        for t, b, value, unique, shared in query(db, f'SELECT v.* FROM {source}, variance_partition({gram}, %s, %s) v', (list(bands), ALPHAS.tolist())):
            def only(part):
                return (r2[1, 2, 3] - r2[tuple(sorted({1, 2, 3} - set(part)))])[t - 1]
            b = tuple(b)
            assert abs(value - r2[b][t - 1]) < 1e-8 and abs(unique - only(b)) < 1e-8
            want = only(b) if len(b) == 1 else only(b) - sum(only((i,)) for i in b)
            if len(b) == 3:
                want -= sum(only(pair) - only(pair[:1]) - only(pair[1:]) for pair in ((1, 2), (1, 3), (2, 3)))
            assert abs(shared - want) < 1e-8, (b, shared, want)
