"""Directions: LDA against scikit-learn and SciPy, projections, whitening and the causal inner product against
NumPy, parallelograms against all quadruples, ideal words against least squares."""
import itertools

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf_shrinkage, shrunk_covariance
from sklearn.datasets import load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gram_tables import load, query, unwire, value
from neuroenc_oracle import assert_close, get, put


def tensor(db, expression, args=None):
    return unwire(value(db, f'SELECT tensor_send({expression})', args))


def classes(seed, n, p, k, offset=0.):
    """Rows of k classes of unequal sizes, correlated features, heavy tails, about an offset."""
    rng = np.random.default_rng(seed)
    label = np.minimum(rng.integers(0, k + 1, n), k - 1)
    X = rng.standard_t(6, (n, p)) @ (np.eye(p) + .4 * rng.standard_normal((p, p)) / np.sqrt(p))
    return X + rng.standard_normal((k, p))[label] + offset, label


def within(X, label):
    resid = np.array([x - X[label == l].mean(axis=0) for x, l in zip(X, label)])
    return resid, resid.T @ resid / len(X)


def relative(got, want):
    return np.abs(np.asarray(got) - want).max() / np.abs(want).max()


def test_mean_difference(db):
    for dtype, offset in ((np.float32, 0), (float, 1e4)):
        X, label = classes(1, 700, 9, 2, offset)
        X = X.astype(dtype)
        load(db, 'dir_t', X, X[:, :1], label)
        Z = X.astype(float)
        want = Z[label == 1].mean(axis=0) - Z[label == 0].mean(axis=0)
        for call in ('mean_difference(x, fold = 1)', 'mean_difference(x, fold)', "mean_difference(x, 'class ' || fold)",
                     'mean_difference(class_sums_agg(x, fold))', "mean_difference(class_means_agg(x, fold), '1', '0')",
                     'mean_difference(class_means_agg(x, fold), 1)', '-mean_difference(class_sums_agg(x, fold = 1), \'false\')'):
            assert_close(call, tensor(db, f'(SELECT {call} FROM dir_t)'), want, rtol=1e-11, atol=1e-11 * max(1, offset))
    X, label = classes(2, 300, 5, 4)
    load(db, 'dir_t', X, X[:, :1], label)
    assert_close('one of four', tensor(db, "(SELECT mean_difference(class_means_agg(x, fold), 2) FROM dir_t)"),
                 X[label == 2].mean(axis=0) - X[label != 2].mean(axis=0), rtol=1e-11, atol=1e-12)


def test_lda_direction(db):
    for n, p, offset in ((60, 4, 0), (900, 30, 0), (2000, 60, 1e4), (40, 25, 0)):
        X, label = classes(n, n, p, 2, offset)
        load(db, 'dir_t', X, X[:, :1], label)
        for shrinkage in (0, .1, 1):
            want = LinearDiscriminantAnalysis(solver='lsqr', shrinkage=shrinkage).fit(X - X.mean(axis=0), label).coef_[0]
            got = tensor(db, f'(SELECT lda_direction(class_sums_agg(x, fold), {shrinkage}) FROM dir_t)')
            assert relative(got, want) < 1e-6, (n, p, shrinkage, relative(got, want))
        resid, S = within(X, label)
        a = ledoit_wolf_shrinkage(resid, assume_centered=True)
        assert_close('Ledoit and Wolf', value(db, 'SELECT (lda(class_sums_agg(x, fold))).shrinkage FROM dir_t'), a, rtol=1e-6, atol=1e-12)
        want = np.linalg.solve(shrunk_covariance(S, a), X[label == 1].mean(axis=0) - X[label == 0].mean(axis=0))
        for call in ('lda_direction(x, fold = 1)', 'lda_direction(x, fold)', "lda_direction(x, fold || 'th')",
                     "lda_direction(class_sums_agg(x, fold), positive => '1')", 'lda_direction(class_sums_agg(x, fold), NULL, 1, 0)'):
            assert relative(tensor(db, f'(SELECT {call} FROM dir_t)'), want) < 1e-6, call
    X, label = classes(7, 300, 8, 3)
    load(db, 'dir_t', X, X[:, :1], label)
    _, S = within(X, label)
    want = np.linalg.solve(shrunk_covariance(S, .2), X[label == 0].mean(axis=0) - X[label == 2].mean(axis=0))
    assert relative(tensor(db, '(SELECT lda_direction(class_sums_agg(x, fold), .2, 0, 2) FROM dir_t)'), want) < 1e-9


def lda(db, call):
    with db.cursor() as c:
        c.execute(f'SELECT tensor_send((l).directions), tensor_send((l).separation), (l).labels FROM (SELECT {call} AS l FROM dir_t OFFSET 0) q')
        directions, separation, labels = c.fetchone()
    return unwire(directions), unwire(separation), labels


def test_lda_axes(db):
    sets = [load_iris(return_X_y=True), load_wine(return_X_y=True), classes(5, 500, 6, 5), classes(6, 90, 3, 7)]
    for X, label in sets:
        load(db, 'dir_t', X, X[:, :1], label)
        directions, separation, labels = lda(db, 'lda(class_sums_agg(x, fold), 0)')
        assert labels == [str(l) for l in np.unique(label)]
        fitted = LinearDiscriminantAnalysis(solver='eigen').fit(X, label)
        m = min(len(labels) - 1, X.shape[1])
        assert directions.shape == (m, X.shape[1])
        assert_close('separation', separation / separation.sum(), fitted.explained_variance_ratio_[:m], rtol=1e-6, atol=1e-9)
        for got, want in zip(directions, fitted.scalings_[:, :m].T):
            assert got[np.abs(got).argmax()] > 0
            want = want * np.sign(want @ got)
            assert relative(got, want) < 1e-6
        for shrinkage in (.3,):
            _, S = within(X, label)
            S = shrunk_covariance(S, shrinkage)
            M = np.array([X[label == l].mean(axis=0) - X.mean(axis=0) for l in np.unique(label)])
            B = (M * np.bincount(label)[:, None] / len(X)).T @ M
            values, vectors = scipy.linalg.eigh(B, S)
            directions, separation, _ = lda(db, f'lda(class_sums_agg(x, fold), {shrinkage})')
            assert_close('separation', separation, values[::-1][:m], rtol=1e-8, atol=1e-10)
            for got, want in zip(directions, vectors[:, ::-1].T):
                assert relative(got, want * np.sign(want @ got)) < 1e-6


def test_class_sums_merged(db):
    """Parts added in any way, stored, and parallel plans: one scan's answer."""
    X, label = classes(8, 3000, 12, 3, 50.)
    load(db, 'dir_t', X, X[:, :1], label, persistent=True)
    want = tensor(db, "(SELECT lda_direction(class_sums_agg(x, fold), positive => '2') FROM dir_t)")
    mean = tensor(db, "(SELECT mean_difference(class_means_agg(x, fold), 2, 0) FROM dir_t)")
    for by in ('id % 7', 'id % 900', 'fold'):
        for stored in ('s', 's::text::class_sums'):
            parts = f'(SELECT {{}}_agg(x, fold) AS s FROM dir_t GROUP BY {by}) q'
            got = tensor(db, f"(SELECT lda_direction(sum({stored}), positive => '2') FROM {parts.format('class_sums')})")
            assert relative(got, want) < 1e-9, (by, stored)
            got = tensor(db, f"(SELECT mean_difference(sum({stored}), 2, 0) FROM {parts.format('class_means')})")
            assert relative(got, mean) < 1e-11, (by, stored)
    twice = tensor(db, "(SELECT lda_direction(s + s, 0) FROM (SELECT class_sums_agg(x, fold = 1) AS s FROM dir_t OFFSET 0) q)")
    assert relative(twice, tensor(db, '(SELECT lda_direction(class_sums_agg(x, fold = 1), 0) FROM dir_t)')) < 1e-9
    with db.cursor() as c:
        c.execute('''ALTER TABLE dir_t SET (parallel_workers = 2); ANALYZE dir_t; SET parallel_setup_cost = 0;
                     SET min_parallel_table_scan_size = 0''')
    for call, expected in (('lda_direction(x, fold = 2)', None), ('mean_difference(x, fold = 2)', None)):
        for workers in (0, 2):
            with db.cursor() as c:
                c.execute(f'SET max_parallel_workers_per_gather = {workers}')
            plan = '\n'.join(r[0] for r in query(db, f'EXPLAIN SELECT {call} FROM dir_t'))
            assert ('Partial Aggregate' in plan) == (workers > 0), plan
            got = tensor(db, f'(SELECT {call} FROM dir_t)')
            expected = got if expected is None else expected
            assert relative(got, expected) < 1e-9


def test_under_a_covariance(db):
    rng = np.random.default_rng(3)
    for p in (1, 7, 300):
        X = rng.standard_normal((3 * p + 5, p)) @ rng.standard_normal((p, p)) + 100
        U, V = rng.standard_normal((2, 6, p))
        load(db, 'dir_t', X, X[:, :1], np.arange(len(X)) % 3)
        load(db, 'dir_uv', U, V)
        C = np.cov(X.T, ddof=0).reshape(p, p)
        for call, want in (('covariance(gram_agg(x))', C), (f'covariance(gram_agg(x), dof => {len(X) - 1})', np.cov(X.T).reshape(p, p)),
                           ('covariance(gram_agg(x), .3)', shrunk_covariance(C, .3)), ('covariance(residuals_agg(x), 0)', C),
                           ('covariance(residuals_agg(x))', shrunk_covariance(C, ledoit_wolf_shrinkage(X)))):
            got = tensor(db, f'(SELECT {call} FROM dir_t)')
            assert relative(got, want) < 1e-8, (p, call)
            assert np.array_equal(got, got.T)
        got = [r[0] for r in query(db, 'SELECT causal_inner_product(x, y, (SELECT covariance(gram_agg(x)) FROM dir_t)) FROM dir_uv ORDER BY id')]
        want = np.einsum('ij,jk,ik->i', U, np.linalg.inv(C), V)
        assert_close('causal', got, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())
        got = [r[0] for r in query(db, '''SELECT dot(whiten(x, c), whiten(y, c)) FROM dir_uv, (SELECT covariance(gram_agg(x)) AS c FROM dir_t) AS q
            ORDER BY id''')]
        assert_close('whitened', got, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())
        W = get(db, 'whiten(from_npy(%s), from_npy(%s))', (put(X), put(C)))
        assert_close('covariance of whitened', np.cov(W.T, ddof=0).reshape(p, p), np.eye(p), rtol=1e-6, atol=1e-6)
        root = scipy.linalg.fractional_matrix_power(C, -.5)
        assert relative(W, X @ root) < 1e-7


def test_covariance_of_each_row(db):
    """The covariance may change from row to row, in line or stored apart, and in a loop of PL/pgSQL."""
    rng = np.random.default_rng(4)
    C = [np.cov(rng.standard_normal((9, 3)).T) for _ in range(6)] + [np.cov(rng.standard_normal((200, 60)).T) for _ in range(3)]
    with db.cursor() as c:
        c.execute('CREATE TEMP TABLE dir_c (id int, u tensor, c tensor)')
        for i, matrix in enumerate(C):
            c.execute('INSERT INTO dir_c VALUES (%s, from_npy(%s), from_npy(%s))', (i, put(np.arange(len(matrix)) + 1.), put(matrix)))
        c.execute('''CREATE FUNCTION pg_temp.looped() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
            DECLARE r record; x float8;
            BEGIN
                FOR r IN SELECT * FROM dir_c ORDER BY id, u LOOP
                    x := causal_inner_product(r.u, r.u, r.c);
                    RETURN NEXT x;
                END LOOP;
            END $$''')
    want = [(np.arange(len(m)) + 1.) @ np.linalg.inv(m) @ (np.arange(len(m)) + 1.) for m in C]
    assert_close('rows', [r[0] for r in query(db, 'SELECT causal_inner_product(u, u, c) FROM dir_c ORDER BY id')], want, rtol=1e-8)
    assert_close('loop', [r[0] for r in query(db, 'SELECT pg_temp.looped()')], want, rtol=1e-8)


def test_project_out(db):
    rng = np.random.default_rng(5)
    for p, k, dtype in ((5, 2, float), (40, 7, np.float32), (300, 60, float), (4, 9, float)):
        D = (rng.standard_normal((k, p)) * 10. ** rng.integers(-3, 4, (k, 1))).astype(dtype)
        D = np.vstack([D, 2 * D[0], np.zeros(p)]).astype(dtype)
        X = rng.standard_normal((8, p)).astype(dtype)
        Q = np.linalg.qr((D[:k] / np.linalg.norm(D[:k], axis=1)[:, None]).astype(float).T)[0]
        want = X - X.astype(float) @ Q @ Q.T
        got = get(db, 'project_out(from_npy(%s), from_npy(%s))', (put(X), put(D)))
        close = 1e-12 if dtype is float else 1e-5
        assert got.dtype == X.dtype
        assert np.abs(got - want).max() < close
        assert np.abs(get(db, 'project_out(from_npy(%s), from_npy(%s))', (put(got), put(D))) - got).max() < close
        load(db, 'dir_x', X, X[:, :1])
        with db.cursor() as c:
            c.execute('SELECT tensor_send(project_out(x, from_npy(%s))) FROM dir_x ORDER BY id', (put(D),))
            rows = np.array([unwire(r[0]) for r in c.fetchall()])
        assert np.abs(rows - want).max() < close, (p, k, np.abs(rows - want).max(axis=1))


def test_steer_and_analogy(db):
    rng = np.random.default_rng(6)
    x, d, a = rng.standard_normal((4, 6)), rng.standard_normal(6), 2.5
    assert_close('steer', get(db, 'steer(from_npy(%s), from_npy(%s), 2.5)', (put(x), put(d))), x + a * d, rtol=1e-14)
    assert_close('unit', get(db, 'steer(from_npy(%s), from_npy(%s), 2.5, unit => true)', (put(x[0]), put(d * 1e200))),
                 x[0] + a * d / np.linalg.norm(d), rtol=1e-14)
    unit = [v / np.linalg.norm(v) for v in x[:3]]
    args = tuple(put(v) for v in x[:3])
    assert_close('analogy', get(db, 'analogy(from_npy(%s), from_npy(%s), from_npy(%s))', args), x[1] - x[0] + x[2], rtol=1e-14)
    want = unit[1] - unit[0] + unit[2]
    assert_close('normalized', get(db, 'analogy(from_npy(%s), from_npy(%s), from_npy(%s), true)', args), want / np.linalg.norm(want), rtol=1e-14)

def brute_parallelograms(X, tolerance):
    """Every way to pair four rows as two diagonals: (a, b, c, d) from 1, a the least, b < d."""
    quads = np.array(list(itertools.combinations(range(len(X)), 4)))
    found = []
    for across in (1, 2, 3):
        rest = [i for i in (1, 2, 3) if i != across]
        a, b, c, d = (quads[:, i] for i in (0, rest[0], across, rest[1]))
        A, B, C, D = X[a], X[b], X[c], X[d]
        def norm(v):
            return np.sqrt((v * v).sum(axis=1))
        gap = norm((A - B) + (C - D))
        side = np.minimum((norm(A - B) + norm(C - D)) / 2, (norm(B - C) + norm(D - A)) / 2)
        u, v = (B - A) + (C - D), (D - A) + (C - B)
        with np.errstate(all='ignore'):
            error = gap / side
            sine2 = 1 - (u * v).sum(axis=1) ** 2 / ((u * u).sum(axis=1) * (v * v).sum(axis=1))
            keep = (side > 0) & (error <= tolerance) & (sine2 > np.maximum(error, 1e-6) ** 2)
        found += list(zip(a[keep] + 1, b[keep] + 1, c[keep] + 1, d[keep] + 1, error[keep]))
    return sorted(found, key=lambda r: (r[4],) + r[:4])


def same_parallelograms(got, want):
    assert {r[:4] for r in got} == {r[:4] for r in want}, (len(got), len(want))
    assert len(got) == len(want)
    errors = {r[:4]: r[4] for r in want}
    assert all(abs(r[4] - errors[r[:4]]) < 1e-12 for r in got)
    assert got == sorted(got, key=lambda r: (r[4],) + r[:4])


def test_parallelograms(db):
    rng = np.random.default_rng(9)
    lattice = np.array(list(itertools.product(range(3), range(3), range(3))), float)
    planted = rng.standard_normal((6, 1, 20)) + rng.standard_normal((1, 4, 20)) + .05 * rng.standard_normal((6, 4, 20))
    two = np.repeat(rng.standard_normal((12, 6)), 2, axis=0)
    cases = [(rng.standard_normal((40, 2)), (.02, .2)), (rng.standard_normal((24, 5)), (.3, 1)), (rng.standard_normal((24, 100)), (.5, 1)),
             (planted.reshape(24, 20), (.05, .2, .5)), (lattice, (0, .3, .9)), (lattice * 3 + 1e6, (0,)), (two, (0, .4)),
             (two + 1e-9 * rng.standard_normal(two.shape), (.4,)), (np.arange(30.)[:, None], (0, .5)), (np.ones((12, 3)), (.5,)),
             (np.hstack([rng.standard_normal((24, 3)), 1e3 * rng.integers(0, 2, (24, 1))]), (.3,)),
             (rng.standard_normal((24, 3)) * 1e-170, (.2,)), (rng.integers(0, 3, (24, 4)) * 1e200, (0, .5))]
    for X, tolerances in cases:
        for tolerance in tolerances:
            scaled = np.ldexp(X, -np.frexp(np.abs(X).max())[1])
            want = brute_parallelograms(scaled, tolerance)
            got = query(db, 'SELECT * FROM parallelograms(from_npy(%s), %s)', (put(X), tolerance))
            same_parallelograms(got, want)
    assert len(brute_parallelograms(lattice, 0)) > 100
    X = planted.reshape(24, 20)
    ids = rng.permutation(1000)[:24] - 500
    load(db, 'dir_x', X, X[:, :1], ids)
    got = query(db, 'SELECT p.* FROM (SELECT points_agg(fold, x) AS s FROM dir_x) AS q, parallelograms(q.s, .3) AS p')
    order = np.argsort(ids)
    want = [tuple(int(ids[order][i - 1]) for i in r[:4]) + (r[4],) for r in brute_parallelograms(X[order], .3)]
    same_parallelograms(got, want)


def test_parallelograms_of_many(db):
    """100 rows of a planted grid: what the distances of all sums give, also with threads."""
    rng = np.random.default_rng(10)
    X = (rng.standard_normal((20, 1, 30)) + rng.standard_normal((1, 5, 30)) + .1 * rng.standard_normal((20, 5, 30))).reshape(100, 30)
    a, c = np.triu_indices(100, 1)
    D = cdist(X, X)
    gap = cdist(X[a] + X[c], X[a] + X[c])
    i, j = np.nonzero(np.triu(gap <= .2 * D.max(), 1))
    A, C, B, E = a[i], c[i], a[j], c[j]
    side = np.minimum(D[A, B] + D[C, E], D[B, C] + D[E, A]) / 2
    distinct = (A != B) & (A != E) & (C != B) & (C != E)
    keep = distinct & (gap[i, j] <= .2 * side)
    want = {(A[k] + 1, B[k] + 1, C[k] + 1, E[k] + 1) for k in np.flatnonzero(keep)}
    for threads in (1, 3):
        with db.cursor() as cur:
            cur.execute(f'SET neuroenc.threads = {threads}')
        got = query(db, 'SELECT * FROM parallelograms(from_npy(%s), .2)', (put(X),))
        assert {r[:4] for r in got} == want, (len(got), len(want))
        first = got if threads == 1 else first
        assert got == first
    assert len(want) > 1000


def least_squares_words(X, levels):
    """u_0 and each level's vector by least squares with a row of constraints for each factor, and R2."""
    names = [np.unique(column) for column in levels.T]
    design = np.hstack([np.ones((len(X), 1))] + [(column[:, None] == n).astype(float) for column, n in zip(levels.T, names)])
    constraints, at = np.zeros((len(names), design.shape[1])), 1
    for k, n in enumerate(names):
        constraints[k, at:at + len(n)] = 1
        at += len(n)
    basis = scipy.linalg.null_space(constraints)
    words = basis @ np.linalg.lstsq(design @ basis, X, rcond=None)[0]
    residual = X - design @ words
    r2 = 1 - (residual ** 2).sum() / ((X - X.mean(axis=0)) ** 2).sum()
    labels = [(0, None)] + [(k + 1, str(l)) for k, n in enumerate(names) for l in n]
    return labels, design.sum(axis=0), words, r2


def test_ideal_words(db):
    rng = np.random.default_rng(11)
    sizes, p = (4, 3, 2), 9
    planted = [rng.standard_normal((s, p)) for s in sizes]
    full = np.array(list(itertools.product(*map(range, sizes))))
    cases = [(full, 0), (full, .5), (np.vstack([full, full]), .5), (full[rng.random(len(full)) < .7], .5),
             (full[rng.integers(0, len(full), 500)], 1), (rng.integers(0, 5, (60, 1)), 1)]
    for levels, noise in cases:
        X = 50 + sum(planted[k % 3][levels[:, k] % sizes[k % 3]] for k in range(levels.shape[1]))
        X = X + noise * rng.standard_normal(X.shape)
        labels, n, words, r2 = least_squares_words(X, levels)
        if len(levels) % 24 == 0:
            for (factor, level), word in zip(labels[1:], words[1:]):
                rows = levels[:, factor - 1] == int(level)
                assert_close('marginal mean', word, X[rows].mean(axis=0) - X.mean(axis=0), rtol=1e-9, atol=1e-9)
        load(db, 'dir_w', X, X[:, :1])
        with db.cursor() as c:
            c.execute('ALTER TABLE dir_w ADD levels text[]')
            for i, row in enumerate(levels):
                c.execute('UPDATE dir_w SET levels = %s WHERE id = %s', ([str(v) for v in row], i + 1))
        for source in (f"ideal_words((SELECT stack(x ORDER BY id) FROM dir_w), '{{{','.join('{' + ','.join(map(str, r)) + '}' for r in levels)}}}'::int[])",
                       "ideal_words((SELECT stack(x ORDER BY id) FROM dir_w), (SELECT array_agg(levels ORDER BY id) FROM dir_w))",
                       "(SELECT w.* FROM (SELECT class_means_agg(x, levels) AS s FROM dir_w) AS q, ideal_words(q.s) AS w) AS w",
                       """(SELECT w.* FROM (SELECT sum(s::text::class_sums) AS s FROM (SELECT class_means_agg(x, levels) AS s FROM dir_w
                           GROUP BY id % 4) AS q) AS q, ideal_words(q.s) AS w) AS w"""):
            got = query(db, f'SELECT factor, level, n, tensor_send(vector), r2 FROM {source}')
            assert [r[:2] for r in got] == labels
            assert [r[2] for r in got] == list(n)
            assert_close('words', np.array([unwire(r[3]) for r in got]), words, rtol=1e-9, atol=1e-9)
            assert_close('r2', [r[4] for r in got], np.full(len(got), r2), rtol=0, atol=1e-10)
