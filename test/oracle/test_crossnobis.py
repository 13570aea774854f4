"""Crossnobis against the leave-one-fold-out mean and the mean over pairs of folds written out; rdm_crossed; the null; Haxby."""
import csv
import itertools

import numpy as np
from scipy.spatial.distance import cdist

from gram_tables import copy_binary, query, unwire, wire
from neuroenc_oracle import assert_close, data
from rdm_tables import load, matrix, of_table, words


def cell_means(label, fold, X):
    """The mean pattern of each label in each fold: names, folds, array of (label, fold, channel), NaN where there is none."""
    label, fold = np.array(label), np.array(fold)
    names = sorted(set(label), key=lambda s: (not s.isdigit(), int(s) if s.isdigit() else 0, s))
    folds = sorted(set(fold))
    P = np.full((len(names), len(folds), X.shape[1]), np.nan)
    for i, k in enumerate(names):
        for j, f in enumerate(folds):
            rows = (label == k) & (fold == f)
            if rows.any():
                P[i, j] = X[rows].astype(float).mean(axis=0)
    return names, folds, P


def leave_one_out(P, S):
    """Balanced folds: the mean over folds of the contrast left out times that of the other folds' mean."""
    n, k, m = P.shape
    d = np.zeros((n, n))
    for f in range(k):
        rest = np.delete(P, f, axis=1).mean(axis=1)
        for i, j in itertools.product(range(n), repeat=2):
            d[i, j] += (P[i, f] - P[j, f]) @ S @ (rest[i] - rest[j]) / (k * m)
    return d


def pairs_of_folds(P, S=None):
    """The mean over ordered pairs of different folds that have both conditions; S None: the identity."""
    n, k, m = P.shape
    there = ~np.isnan(P[:, :, 0])
    d = np.zeros((n, n))
    for i, j in itertools.combinations(range(n), 2):
        folds = np.flatnonzero(there[i] & there[j])
        D = P[i, folds] - P[j, folds]
        products = D @ D.T if S is None else D @ S @ D.T
        pairs = len(folds) * (len(folds) - 1)
        d[i, j] = d[j, i] = (products.sum() - np.trace(products)) / (pairs * m) if pairs else np.nan
    return d


def close(name, got, want):
    """Relative to the largest distance: one near 0 is a difference of larger numbers."""
    assert_close(name, got, want, rtol=1e-6, atol=1e-9 * np.nanmax(np.abs(want)))


def problem(seed, n, k, m, repeats=1, keep=1.0, effect=1.0):
    rng = np.random.default_rng(seed)
    label = np.repeat(words(n), k * repeats)
    fold = np.tile(np.repeat(np.arange(k) * 10 - 7, repeats), n)
    X = np.repeat(effect * rng.standard_normal((n, m)), k * repeats, axis=0) + rng.standard_normal((n * k * repeats, m))
    there = rng.random(len(X)) < keep
    return list(label[there]), fold[there], X[there]


def test_balanced_folds(db):
    """The leave-one-fold-out mean, with and without a precision; values below 0 among them."""
    rng = np.random.default_rng(9)
    for n, k, m, repeats in ((3, 2, 4, 1), (9, 5, 30, 1), (20, 3, 700, 2), (140, 4, 20, 1)):
        label, fold, X = problem(n, n, k, m, repeats, effect=.1)
        A = rng.standard_normal((m, 2 * m))
        S = A @ A.T / m
        w = rng.random(m)
        for offset, dtype in ((0, np.float32), (0, float), (1e4, float)):
            Y = (X + offset).astype(dtype)
            load(db, 'cn_t', label, Y, fold)
            names, folds, P = cell_means(label, fold, Y.astype(np.float64))
            P = P - P.mean(axis=(0, 1))
            want = leave_one_out(P, np.eye(m)) if n < 100 else pairs_of_folds(P)
            assert (want < 0).any() or n < 5
            labels, got = matrix(db, of_table('crossnobis(label, x, fold)', 'cn_t'))
            assert labels == names
            close(f'{n} x {k} x {m}', got, want)
            close('two forms of it', pairs_of_folds(P), want)
            state = of_table('patterns_agg(label, x, fold)', 'cn_t')
            assert np.array_equal(matrix(db, f'crossnobis({state})')[1], got)
            if m > 100:
                continue
            for name, given, full in (('matrix', S, S), ('vector', w, np.diag(w))):
                literal = ['float8:' + str(given.tolist())]
                want = pairs_of_folds(P, full)
                close(name, matrix(db, of_table('crossnobis(label, x, fold, %s::tensor)', 'cn_t'), literal)[1], want)
                close(name, matrix(db, f'crossnobis({state}, %s::tensor)', literal)[1], want)


def test_unbalanced_folds(db):
    """Conditions missing in some folds: a pair has the folds that hold both; fewer than two give NaN."""
    for seed, (n, k, m, repeats, keep) in enumerate(((6, 4, 10, 1, .6), (30, 6, 40, 3, .4), (200, 3, 20, 1, .8), (150, 12, 600, 1, .97))):
        label, fold, X = problem(seed, n, k, m, repeats, keep, effect=.2)
        load(db, 'cn_t', label, X.astype(np.float32), fold)
        names, folds, P = cell_means(label, fold, X.astype(np.float32))
        want = pairs_of_folds(P)
        assert np.isnan(want).any() or k == 12
        close(f'unbalanced {n} x {k} x {m}', matrix(db, of_table('crossnobis(label, x, fold)', 'cn_t'))[1], want)


def test_null(db):
    """Null patterns, 5 folds, 8 conditions, 50 channels, 400 sets: mean 0, while distances of fold means are .40."""
    rng = np.random.default_rng(10)
    sets, n, k, m = 400, 8, 5, 50
    X = rng.standard_normal((sets, n, k, m)).astype(np.float32)
    with db.cursor() as c:
        c.execute('CREATE TABLE null_t (set int, label text, fold bigint, x tensor)')
    rows = [((s).to_bytes(4, 'big'), str(i).encode(), int(f).to_bytes(8, 'big'), wire(X[s, i, f]))
            for s in range(sets) for i in range(n) for f in range(k)]
    with db.cursor() as c:
        c.copy_expert('COPY null_t FROM STDIN (FORMAT binary)', copy_binary(rows))
    got = query(db, '''SELECT avg(e.d), avg(e.m) FROM (SELECT patterns_agg(label, x, fold) AS p FROM null_t GROUP BY set OFFSET 0) q,
        LATERAL (SELECT avg(c.distance) AS d, avg(s.distance) / 50 AS m
                 FROM rdm_entries(crossnobis(p)) c JOIN rdm_entries(rdm(p, 'sqeuclidean')) s USING (a, b)) e GROUP BY q.p::text''')
    d, of_means = np.array(got, float).T
    assert len(d) == sets
    error = d.std(ddof=1) / np.sqrt(sets)
    assert abs(d.mean()) < 3 * error, (d.mean(), error)
    assert (d < 0).any()
    assert_close('distance of fold means', of_means.mean(), .40, atol=.01)


def crossed(P, metric):
    n, k, m = P.shape
    total, count = np.zeros((n, n)), np.zeros((n, n))
    for f, g in itertools.combinations(range(k), 2):
        with np.errstate(all='ignore'):
            d = cdist(P[:, f], P[:, g], metric)
        good = ~np.isnan(d)
        total[good] += d[good]
        count += good
    with np.errstate(invalid='ignore'):
        return total / count


def test_rdm_crossed(db):
    """Rows of the earlier fold, columns of the later, averaged over pairs of folds; missing conditions."""
    for seed, (n, k, m, keep) in enumerate(((4, 2, 9, 1), (12, 5, 30, 1), (15, 4, 20, .6))):
        label, fold, X = problem(seed, n, k, m, 2, keep)
        load(db, 'cn_t', label, X, fold)
        names, folds, P = cell_means(label, fold, X)
        state = of_table('patterns_agg(label, x, fold)', 'cn_t')
        for metric in ('correlation', 'cosine', 'euclidean', 'sqeuclidean', 'cityblock'):
            want = crossed(P, metric)
            for source in (of_table(f"rdm_crossed(label, x, fold, '{metric}')", 'cn_t'), f"rdm_crossed({state}, '{metric}')"):
                labels, d = query(db, f'SELECT (r).labels, tensor_send((r).d) FROM (SELECT {source} AS r OFFSET 0) q')[0]
                assert labels == names
                assert_close(f'{metric} {n} x {k}', unwire(d), want, rtol=1e-6)
        d = query(db, 'SELECT tensor_send((r).d) FROM (SELECT rdm_crossed(label, x, fold) AS r FROM cn_t) q')[0][0]
        assert_close('default', unwire(d), crossed(P, 'correlation'), rtol=1e-6)


def test_haxby(db):
    """Haxby 2001, z-scored by run: the most distant pair is face and house, .746 (the recording's README)."""
    with open(data('haxby2001_vt_subj1', 'haxby_vt_trials.csv')) as f:
        rows = list(csv.reader(f))[1:]
    run = np.array([int(r[0]) for r in rows])
    category = [r[1] for r in rows]
    Y = np.array([r[3:] for r in rows], float)
    for f in np.unique(run):
        Y[run == f] = (Y[run == f] - Y[run == f].mean(axis=0)) / Y[run == f].std(axis=0)
    load(db, 'cn_t', category, Y, run)
    names, folds, P = cell_means(category, run, Y)
    labels, d = matrix(db, of_table('crossnobis(label, x, fold)', 'cn_t'))
    close('crossnobis', d, leave_one_out(P, np.eye(577)))
    i, j = np.unravel_index(d.argmax(), d.shape)
    assert {labels[i], labels[j]} == {'face', 'house'}, (labels[i], labels[j])
    assert_close('face and house', d.max(), .746, atol=5e-4)
