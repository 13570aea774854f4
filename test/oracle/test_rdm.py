"""RDMs of patterns by every metric against SciPy's cdist: random rows and rows that are hard on a matrix product."""
import numpy as np
from scipy.spatial.distance import cdist, pdist, squareform

from gram_tables import query
from neuroenc_oracle import assert_close
from rdm_tables import load, matrix, of_table, words

METRICS = ('correlation', 'cosine', 'euclidean', 'sqeuclidean', 'cityblock')


def means(label, X):
    """Labels as an RDM has them, and the mean pattern of each in float64."""
    names = sorted(set(label), key=lambda s: (not s.isdigit(), int(s) if s.isdigit() else 0, s))
    return names, np.stack([X[np.array(label) == n].astype(np.float64).mean(axis=0) for n in names])


def reference(P, metric, **more):
    """SciPy's distances in extended precision of the patterns, which stay exact: no digits are lost to an offset."""
    L = P.astype(np.longdouble)
    if metric == 'correlation':
        L = L - L.mean(axis=1, keepdims=True)
    with np.errstate(all='ignore'):
        if metric in ('correlation', 'cosine'):
            U = L / np.sqrt((L * L).sum(axis=1, keepdims=True))
            d = np.stack([((u - U)**2).sum(axis=1) / 2 for u in U]).astype(float)
            d[np.diag_indices(len(d))] = 0
            return d
        D = [np.abs(p - L) for p in L]
        if metric == 'cityblock':
            return np.stack([d.sum(axis=1) for d in D]).astype(float)
        squares = np.stack([(d * d).sum(axis=1) for d in D])
        return (np.sqrt(squares) if metric == 'euclidean' else squares).astype(float)


def check(db, label, X, what, rtol=1e-6, scipy=True):
    load(db, 'rdm_t', label, X)
    names, P = means(label, X)
    state = of_table('patterns_agg(label, x)')
    want = {metric: reference(P, metric) if P.size < 1e6 else squareform(pdist(P, metric)) for metric in METRICS}
    for metric in METRICS:
        if scipy:
            assert_close(f'{what}, {metric}: the reference is SciPy', want[metric], cdist(P, P, metric), rtol=1e-9, atol=1e-12)
        labels, got = matrix(db, of_table(f"rdm(label, x, '{metric}')"))
        assert labels == names, (labels, names)
        assert_close(f'{what}, {metric}', got, want[metric], rtol=rtol)
        assert_close(f'{what}, {metric}, of the state', matrix(db, f"rdm({state}, '{metric}')")[1], got, rtol=0)
    assert_close(f'{what}, default', matrix(db, of_table('rdm(label, x)'))[1], want['correlation'], rtol=rtol)


def test_random_patterns(db):
    """One row a label, several, unbalanced; float2, float4 and float8; one channel and many."""
    rng = np.random.default_rng(0)
    for n, m in ((2, 3), (7, 1), (20, 33), (130, 300), (40, 3000)):
        X = rng.standard_normal((n, m))
        for dtype in (np.float32, np.float64, np.float16):
            check(db, words(n), X.astype(dtype), f'{n} x {m} {dtype.__name__}', scipy=m > 1)
    label = list(np.array(words(9))[rng.integers(0, 9, 200)])
    check(db, label, rng.standard_normal((200, 50)).astype(np.float32), 'unbalanced counts')
    check(db, label, rng.standard_normal((200, 50)), 'unbalanced counts, float8')
    # more than a slice of channels, and than a tile of pairs
    check(db, words(100), rng.standard_normal((100, 84000)).astype(np.float32), 'wide', scipy=False)


def test_adversarial_patterns(db):
    """A common offset of 1e4, near-duplicates, tight clusters, scales from 1e-150 to 1e150."""
    rng = np.random.default_rng(2)
    n, m = 60, 400
    X = rng.standard_normal((n, m))
    check(db, words(n), X + 1e4, 'offset', scipy=False)
    check(db, words(n), X + 1e4 * rng.standard_normal(m), 'offset by channel', scipy=False)
    check(db, words(n), (X + 1e4).astype(np.float32), 'offset, float4', scipy=False)
    for spread in (1e-2, 1e-4, 1e-6, 1e-9):
        # what the patterns' own digits say: their differences are exact to eps / spread
        rtol = max(1e-6, 1e-15 / spread)
        check(db, words(n), X[0] + spread * X, f'one cluster, {spread}', rtol=rtol, scipy=False)
        check(db, words(n), X[np.arange(n) % 3] + spread * X, f'three clusters, {spread}', rtol=rtol, scipy=False)
    label = [str(i // 2) for i in range(n)]
    check(db, label, np.repeat(X[:n // 2], 2, axis=0) * np.tile([1, -3], n // 2)[:, None], 'means of opposites')
    for scale in (1e-150, 1e-20, 1e20, 1e150):
        load(db, 'rdm_t', words(n), X * scale)
        names, P = means(words(n), X)
        for metric in METRICS:
            factor = 1 if metric in ('correlation', 'cosine') else scale**2 if metric == 'sqeuclidean' else scale
            assert_close(f'{metric} of patterns of {scale}', matrix(db, of_table(f"rdm(label, x, '{metric}')"))[1],
                         reference(P, metric) * factor, rtol=1e-6)
    for scale in (1e-300, 1e300):
        load(db, 'rdm_t', words(n), X * scale)
        for metric in ('correlation', 'cosine'):
            assert_close(f'{metric} of patterns of {scale}', matrix(db, of_table(f"rdm(label, x, '{metric}')"))[1],
                         reference(X[[words(n).index(k) for k in names]], metric), rtol=1e-6)


def test_copies_and_constants(db):
    """Copies of a pattern are at 0 exactly; a constant has no correlation, zeros no cosine."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((6, 50)).astype(np.float32)
    X[3] = X[1]
    X[4] = .1
    X[5] = 0
    load(db, 'rdm_t', list('abcdef'), X)
    for metric in METRICS:
        d = matrix(db, of_table(f"rdm(label, x, '{metric}')"))[1]
        assert d[1, 3] == 0, (metric, d[1, 3])
        undefined = [4, 5] if metric == 'correlation' else [5] if metric == 'cosine' else []
        nan = np.zeros((6, 6), bool)
        nan[undefined] = nan[:, undefined] = True
        nan[np.diag_indices(6)] = False
        assert np.array_equal(np.isnan(d), nan), metric
        good = ~nan
        assert_close(metric, d[good], reference(X.astype(float), metric)[good], rtol=1e-6)


def test_mahalanobis(db):
    """sqrt(d' S d) against SciPy: full precision, precisions of channels, one without full rank."""
    rng = np.random.default_rng(4)
    n, m = 40, 60
    A = rng.standard_normal((m, 2 * m))
    S = A @ A.T / m
    low = A[:, :20] @ A[:, :20].T
    w = rng.random(m)
    w[3] = 0
    for offset in (0, 1e4):
        X = rng.standard_normal((n, m)) + offset
        load(db, 'rdm_t', words(n), X)
        names, P = means(words(n), X)
        for name, given, full in (('full', S, S), ('float4', S.astype(np.float32), S.astype(np.float32).astype(float)),
                                  ('low rank', low, low), ('vector', w, np.diag(w))):
            L = (P - P.mean(axis=0))
            D = L[:, None] - L[None]
            want = np.sqrt(np.maximum(np.einsum('ijk,kl,ijl->ij', D, full, D), 0))
            assert_close(f'SciPy, {name}', want, cdist(L, L, 'mahalanobis', VI=full), rtol=1e-9, atol=1e-9)
            literal = ('float8:' if given.dtype == np.float64 else '') + str(given.tolist()).replace(' ', '')
            for expression in (of_table('rdm(label, x, %s::tensor)'), f'rdm({of_table("patterns_agg(label, x)")}, %s::tensor)'):
                assert_close(f'mahalanobis, {name}, offset {offset}', matrix(db, expression, [literal])[1], want, rtol=1e-6)
        # an inverse covariance, as users make one
        C = np.linalg.inv(np.cov(X.T[:30]))
        literal = 'float8:' + str(C.tolist())
        got = matrix(db, '(SELECT rdm(label, x[1:30], %s::tensor) FROM rdm_t)', [literal])[1]
        assert_close('inverse covariance', got, cdist(P[:, :30], P[:, :30], 'mahalanobis', VI=C), rtol=1e-6)


def test_parallel_and_merged(db):
    """The same answer from one scan, from two workers, and from states added in any order."""
    rng = np.random.default_rng(5)
    n, m = 3000, 40
    label = [str(i) for i in rng.integers(0, 50, n)]
    load(db, 'rdm_t', label, rng.standard_normal((n, m)).astype(np.float32), rng.integers(0, 4, n))
    with db.cursor() as c:
        c.execute('ALTER TABLE rdm_t SET (parallel_workers = 2); ANALYZE rdm_t; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0')
    calls = ['rdm(label, x)', "rdm(label, x, 'cityblock')", 'crossnobis(label, x, fold)', 'poisson_rdm(label, abs(x), fold)']
    for call in calls:
        answers = []
        for workers in (0, 1, 2):
            query_plan = f'EXPLAIN SELECT {call} FROM rdm_t'
            with db.cursor() as c:
                c.execute(f'SET max_parallel_workers_per_gather = {workers}')
            plan = '\n'.join(r[0] for r in query(db, query_plan))
            assert ('Partial Aggregate' in plan) == (workers > 0), plan
            answers.append(matrix(db, of_table(call))[1])
        for other in answers[1:]:
            assert_close(call, other, answers[0], rtol=1e-9, atol=1e-12)
    one = matrix(db, of_table('rdm(label, x)'))[1]
    merged = matrix(db, '(SELECT rdm(sum(p)) FROM (SELECT patterns_agg(label, x) p FROM rdm_t GROUP BY fold, length(label)) q)')[1]
    assert_close('sum(patterns)', merged, one, rtol=1e-9)
    added = matrix(db, f'rdm({of_table("patterns_agg(label, x) FILTER (WHERE fold = 0)")} + {of_table("patterns_agg(label, x) FILTER (WHERE fold > 0)")})')[1]
    assert_close('a + b', added, one, rtol=1e-9)
    assert_close('folds averaged', matrix(db, f'rdm({of_table("patterns_agg(label, x, fold)")})')[1], one, rtol=1e-9)
    for call in calls:
        with db.cursor() as c:
            c.execute('SET max_parallel_workers_per_gather = 0; SET neuroenc.threads = 3')
        threaded = matrix(db, of_table(call))[1]
        with db.cursor() as c:
            c.execute('SET neuroenc.threads = 1')
        assert np.array_equal(threaded, matrix(db, of_table(call))[1], equal_nan=True), call


def poisson(x, y):
    """Mean over channels of (x - x')(ln y - ln y')."""
    return np.stack([((a - x) * (np.log(b) - np.log(y))).mean(axis=1) for a, b in zip(x, y)])


def test_poisson(db):
    """The symmetrised divergence written out, plain and across unbalanced folds."""
    rng = np.random.default_rng(6)
    n, m = 12, 40
    rates = 3 + .3 * rng.random((n, m))
    label = np.repeat(words(n), 15)
    fold = np.tile(np.repeat(np.arange(5), 3), n)
    X = rng.poisson(np.repeat(rates, 15, axis=0)).astype(np.float32)
    keep = rng.random(len(X)) > .3
    keep[(label == '1') & (fold > 0)] = False
    label, fold, X = list(label[keep]), fold[keep], X[keep]
    load(db, 'rdm_t', label, X, fold)
    names, P = means(label, X)
    state = of_table('patterns_agg(label, x, fold)')
    for lam, w in ((1, .1), (2.5, .4)):
        R = (P + lam * w) / (1 + w)
        assert_close('poisson', matrix(db, f'poisson_rdm({state}, {lam}, {w}, crossvalidate => false)')[1], poisson(R, R), rtol=1e-6)
        total, count = np.zeros((n, n)), np.zeros((n, n))
        for f in range(5):
            there = [(i, (np.array(label) == k) & (fold == f), (np.array(label) == k) & (fold != f)) for i, k in enumerate(names)]
            there = [(i, a, b) for i, a, b in there if a.any() and b.any()]
            index = np.array([i for i, _, _ in there])
            test = np.stack([X[a].astype(float).mean(axis=0) for _, a, _ in there])
            train = np.stack([X[b].astype(float).mean(axis=0) for _, _, b in there])
            total[np.ix_(index, index)] += poisson((train + lam * w) / (1 + w), (test + lam * w) / (1 + w))
            count[np.ix_(index, index)] += 1
        with np.errstate(invalid='ignore'):
            want = total / count
        want[np.diag_indices(n)] = 0
        assert np.isnan(want).any() and (want < 0).any()
        assert_close('poisson across folds', matrix(db, f'poisson_rdm({state}, {lam}, {w})')[1], want, rtol=1e-6, atol=1e-12)
    R = (P + .1) / 1.1
    assert_close('aggregate', matrix(db, of_table('poisson_rdm(label, x)'))[1], poisson(R, R), rtol=1e-6)
    near = rates[:1] * (1 + 1e-5 * rng.standard_normal((n, m)))
    load(db, 'rdm_t', words(n), near)
    R = (means(words(n), near)[1] + .1) / 1.1
    assert_close('near rates', matrix(db, of_table('poisson_rdm(label, x)'))[1], poisson(R, R), rtol=1e-6)
