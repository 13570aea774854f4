"""cooccurrence against NumPy's corrcoef and counts, and scikit-learn's jaccard and F1 scores."""

import numpy as np
from sklearn.metrics import adjusted_rand_score, f1_score, jaccard_score

from neuroenc_oracle import assert_close, assert_equal, create_rows, get

RNG = np.random.default_rng(46)


def codes(n, p, density, dtype="f4"):
    active = RNG.random((n, p)) < density
    return np.where(active, RNG.exponential(size=(n, p)), 0).astype(dtype)


def matrix(db, table, method, arguments="x"):
    return get(db, "(SELECT cooccurrence_matrix(cooccurrence(%s), '%s') FROM %s)" % (arguments, method, table))


def check(db, table, x, threshold=None):
    a = (x > (threshold or 0)).astype(float)
    n = len(a)
    arguments = "x" if threshold is None else "x, %r" % threshold
    n11 = a.T @ a
    n1 = a.sum(0)
    assert_equal("counts", matrix(db, table, "count", arguments), n11)
    with np.errstate(all="ignore"):
        varies = (n1 > 0) & (n1 < n)
        want = np.where(varies[:, None] & varies[None, :], np.corrcoef(a.T), 0)
        assert_close("phi", matrix(db, table, "phi", arguments), want, rtol=1e-9, atol=1e-12)
        assert_equal("its diagonal", np.diag(matrix(db, table, "phi", arguments)).tolist(), varies.astype(float).tolist())
        assert_close("matching", matrix(db, table, "matching", arguments), (n11 + (1 - a).T @ (1 - a)) / n, rtol=1e-14)
        smaller = np.minimum(n1[:, None], n1[None, :])
        assert_close("overlap", matrix(db, table, "overlap", arguments), np.nan_to_num(n11 / smaller), rtol=1e-14)
    jaccard, dice = matrix(db, table, "jaccard", arguments), matrix(db, table, "dice", arguments)
    for i, j in RNG.integers(0, x.shape[1], (20, 2)):
        if n1[i] + n1[j] > 0:
            assert_close("jaccard", jaccard[i, j], jaccard_score(a[:, i], a[:, j], zero_division=0), rtol=1e-12)
            assert_close("dice", dice[i, j], f1_score(a[:, i], a[:, j], zero_division=0), rtol=1e-12)
        else:
            assert_equal("neither is ever active", (jaccard[i, j], dice[i, j]), (0.0, 0.0))


def test_densities(db):
    """Counted one by one, by matrix products, and both in one table; features that are always or never active."""
    for i, (n, p, density, dtype) in enumerate([(40, 7, 0.5, "f4"), (700, 30, 0.02, "f4"), (1200, 45, 0.5, "f8"), (900, 300, 0.12, "f4"), (600, 530, 0.3, "f2")]):
        x = codes(n, p, density, dtype)
        x[:, 1] = 0
        x[:, 3] = 2
        create_rows(db, "codes%d" % i, {"x": x})
        check(db, "codes%d" % i, x.astype(float))
    check(db, "codes0", codes_of(db, "codes0"), 0.7)


def codes_of(db, table):
    with db.cursor() as cur:
        cur.execute("SELECT count(*) FROM %s" % table)
    return get(db, "(SELECT stack(x ORDER BY id) FROM %s)" % table).astype(float)


def test_lobes(db):
    """Features of planted lobes fire in the same blocks of tokens: found by leiden, from the graph and from the matrix."""
    p, blocks, tokens = 90, 300, 8
    lobe = RNG.permutation(p) % 3
    topic = RNG.integers(0, 3, blocks)
    rate = np.where(lobe[None, :] == topic[:, None], 0.06, 0.01)
    x = (RNG.random((blocks, tokens, p)) < rate[:, None, :]).astype("f4").reshape(-1, p)
    create_rows(db, "tokens", {"x": x})
    together = x.reshape(blocks, tokens, p).max(1)
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE together AS SELECT (id - 1) / %s AS block, max(x) AS x FROM tokens GROUP BY 1" % tokens)
    want = np.corrcoef(together.T)
    assert_close("phi", get(db, "(SELECT phi(cooccurrence(x)) FROM together)"), want, rtol=1e-9, atol=1e-12)
    with db.cursor() as cur:
        cur.execute("SELECT e.* FROM (SELECT cooccurrence(x) AS c FROM together) q, edges(cooccurrence_graph(q.c, above => 0.1)) e")
        got = {(a - 1, b - 1): w for a, b, w in cur.fetchall()}
        a, b = np.nonzero(np.triu(want, 1) > 0.1)
        assert_equal("pairs", set(got), set(zip(a.tolist(), b.tolist())))
        cur.execute("SELECT l.* FROM (SELECT cooccurrence(x) AS c FROM together) q, leiden(cooccurrence_graph(q.c)) l")
        found = dict(cur.fetchall())
    assert_equal("lobes", adjusted_rand_score(lobe, [found[i + 1] for i in range(p)]), 1.0)


def test_merging(db):
    x = codes(500, 60, 0.2)
    create_rows(db, "parts", {"x": x})
    whole = get(db, "(SELECT cooccurrence_matrix(cooccurrence(x), 'count') FROM parts)")
    summed = get(db, "(SELECT cooccurrence_matrix(sum(c), 'count') FROM (SELECT cooccurrence(x) AS c FROM parts GROUP BY id %% 7) q)" % ())
    assert_equal("summed", summed, whole)
