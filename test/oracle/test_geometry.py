"""Geometry of populations against definitions in NumPy: two_nn, mutual_knn, relative representations, MMCR, linear predictivity."""

import numpy as np
from scipy.spatial.distance import cdist

from neuroenc_oracle import assert_close, assert_equal, create_rows, get, load, put, raises

RNG = np.random.default_rng(52)


def row(db, expression, table):
    with db.cursor() as cur:
        cur.execute("SELECT (q.r).* FROM (SELECT %s AS r FROM %s) q" % (expression, table))
        return cur.fetchone()


def number(db, expression, table, args=()):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM %s" % (expression, table), args or None)
        return cur.fetchone()[0]


# ---- two_nn ----


def two_nn(x, discard=0.1):
    x = np.unique(np.asarray(x, dtype=np.float64), axis=0)
    d = cdist(x, x)
    np.fill_diagonal(d, np.inf)
    d = np.sort(np.partition(d, 1, axis=1)[:, :2], axis=1)
    log_mu = np.sort(np.log(d[:, 1] / d[:, 0]))
    n = len(log_mu)
    used = min(int(np.floor(n * (1 - discard))), n - 1)
    y = -np.log(1 - np.arange(1, used + 1) / n)
    return (n - 1) / log_mu.sum(), (log_mu[:used] * y).sum() / (log_mu[:used] ** 2).sum(), n


def check_two_nn(db, table, x, discard=None, rtol=1e-9):
    create_rows(db, table, {"x": x})
    got = row(db, "two_nn(x)" if discard is None else "two_nn(x, %r)" % discard, table)
    want = two_nn(x, 0.1 if discard is None else discard)
    assert_close(table, got[:2], want[:2], rtol=rtol)
    assert_equal(table + " rows", got[2:], (want[2], len(x) - want[2]))
    return got


def test_two_nn_definition(db):
    check_two_nn(db, "two_small", RNG.standard_normal((7, 3)))
    check_two_nn(db, "two_tiles", RNG.standard_normal((1500, 6)))
    check_two_nn(db, "two_wide", RNG.standard_normal((80, 3000)))
    check_two_nn(db, "two_float4", RNG.standard_normal((400, 9)).astype(np.float32))
    for i, discard in enumerate((0.0, 0.05, 0.5)):
        check_two_nn(db, "two_discard_%d" % i, RNG.standard_normal((300, 4)), discard)


def test_two_nn_planted(db):
    """A smooth manifold of known dimension in a space of 40."""
    for d in (1, 2, 4):
        u = RNG.uniform(size=(3000, d))
        x = np.sin(u @ RNG.standard_normal((d, 40)) / 2) + u @ RNG.standard_normal((d, 40))
        got = check_two_nn(db, "two_planted_%d" % d, x)
        assert_close("planted %d" % d, got[:2], [d, d], rtol=0.08)


def test_two_nn_copies(db):
    x = RNG.standard_normal((200, 3))
    got = check_two_nn(db, "two_copies", np.vstack([x, x[:50], x[:10]]))
    create_rows(db, "two_distinct", {"x": x})
    assert_close("copies count once", got[:2], row(db, "two_nn(x)", "two_distinct")[:2], rtol=1e-12)
    zero = np.array([[0.0, 1], [-0.0, 1], [1, 0], [3, 5], [2, 2]])
    create_rows(db, "two_zero", {"x": zero})
    assert_equal("-0 is 0", row(db, "two_nn(x)", "two_zero")[2:], (4, 1))


def test_two_nn_cancellation(db):
    """Pairs of distances a millionth of the clusters' own: differences of squares would keep no digit."""
    centres = RNG.standard_normal((12, 20)) * 1e4
    x = (centres[:, None, :] + 1e-4 * RNG.standard_normal((12, 40, 20))).reshape(-1, 20)
    check_two_nn(db, "two_cancel", x, rtol=1e-7)
    check_two_nn(db, "two_offset", RNG.standard_normal((300, 5)) * 1e-3 + 1e6, rtol=1e-6)
    check_two_nn(db, "two_tiny", RNG.standard_normal((100, 5)) * 1e-150)
    check_two_nn(db, "two_huge", RNG.standard_normal((100, 5)) * 1e150 / 10)


def test_two_nn_merges(db):
    """Parallel workers' states are merged: the same rows, so the same answer."""
    x = RNG.standard_normal((2000, 4))
    create_rows(db, "two_parallel", {"x": x})
    one = row(db, "two_nn(x)", "two_parallel")
    with db.cursor() as cur:
        cur.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; ALTER TABLE two_parallel SET (parallel_workers = 2)")
        cur.execute("EXPLAIN SELECT two_nn(x) FROM two_parallel")
        assert "Partial Aggregate" in str(cur.fetchall())
    assert_close("parallel", row(db, "two_nn(x)", "two_parallel")[:2], one[:2], rtol=1e-12)


# ---- mutual_knn ----


def neighbours(x, k):
    d = 1 - np.asarray(x, float) @ np.asarray(x, float).T / np.outer(*[np.linalg.norm(np.asarray(x, float), axis=1)] * 2)
    np.fill_diagonal(d, np.inf)
    return np.argsort(d, axis=1, kind="stable")[:, :k]


def mutual_knn(x, y, k):
    return np.mean([len(set(a) & set(b)) / k for a, b in zip(neighbours(x, k), neighbours(y, k))])


def test_mutual_knn_definition(db):
    for i, (n, p, q, k) in enumerate(((5, 3, 2, 2), (40, 8, 60, 10), (1300, 5, 9, 17), (60, 3, 3, 59))):
        latent = RNG.standard_normal((n, 3))
        x = latent @ RNG.standard_normal((3, p)) + 0.2 * RNG.standard_normal((n, p))
        y = latent @ RNG.standard_normal((3, q)) + 0.2 * RNG.standard_normal((n, q))
        table = "knn_%d" % i
        create_rows(db, table, {"x": x, "y": y})
        want = mutual_knn(x, y, k)
        assert_close(table, number(db, "mutual_knn(x, y, %d)" % k, table), want, rtol=1e-12)
        assert_close(table + " paired", number(db, "mutual_knn(paired_agg(x, y), k => %d)" % k, table), want, rtol=1e-12)
        assert_close(table + " other way", number(db, "mutual_knn(y, x, %d)" % k, table), want, rtol=1e-12)
        rdms = "mutual_knn(rdm(id, x, 'cosine'), rdm(id, y, 'cosine'), %d)" % k
        if n < 1000:
            assert_close(table + " rdm", number(db, rdms, table), want, rtol=1e-12)


def test_mutual_knn_invariances(db):
    x = RNG.standard_normal((90, 6))
    y = x + 0.5 * RNG.standard_normal((90, 6))
    rotation = np.linalg.qr(RNG.standard_normal((6, 6)))[0]
    create_rows(db, "knn_invariant", {"x": x, "y": y, "z": 1e5 * y @ rotation})
    assert_close("itself", number(db, "mutual_knn(x, x)", "knn_invariant"), 1.0, rtol=0)
    assert_close("rotated, scaled", number(db, "mutual_knn(x, z)", "knn_invariant"), number(db, "mutual_knn(x, y)", "knn_invariant"), rtol=1e-12)


def test_mutual_knn_simrepo(db):
    x, y = load("oracles", "simrepo_X.csv"), load("oracles", "simrepo_Y.csv")
    create_rows(db, "simrepo", {"x": x, "y": y})
    assert_close("k 10", number(db, "mutual_knn(x, y)", "simrepo"), 104 / 300, rtol=1e-12)


# ---- relative representations ----


def cosines(x, anchors):
    with np.errstate(invalid="ignore"):
        u = x / np.linalg.norm(x, axis=-1, keepdims=True)
        v = anchors / np.linalg.norm(anchors, axis=-1, keepdims=True)
    return u @ v.T


def test_relative(db):
    x, anchors = RNG.standard_normal((30, 12)), RNG.standard_normal((7, 12))
    want = cosines(x, anchors)
    got = get(db, "relative_representation(from_npy(%s), from_npy(%s))", [put(x), put(anchors)])
    assert got.dtype == np.float64
    assert_close("matrix", got, want, rtol=1e-12, atol=1e-14)
    assert_close("vector", get(db, "relative_representation(from_npy(%s), from_npy(%s))", [put(x[3]), put(anchors)]), want[3], rtol=1e-12, atol=1e-14)
    single = get(db, "relative_representation(from_npy(%s), from_npy(%s))", [put(x.astype(np.float32)), put(anchors.astype(np.float32))])
    assert single.dtype == np.float32
    assert_close("float4", single, want, rtol=0, atol=2e-7)
    half = get(db, "relative_representation(from_npy(%s), from_npy(%s))", [put(x.astype(np.float16)), put(anchors.astype(np.float16))])
    assert half.dtype == np.float32


def test_relative_invariance(db):
    x, anchors = RNG.standard_normal((20, 9)), RNG.standard_normal((5, 9))
    rotation = np.linalg.qr(RNG.standard_normal((9, 9)))[0]
    call = "relative_representation(from_npy(%s), from_npy(%s))"
    assert_close("rotation and scale", get(db, call, [put(1e3 * x @ rotation), put(0.1 * anchors @ rotation)]),
                 get(db, call, [put(x), put(anchors)]), rtol=0, atol=1e-13)
    assert_close("range", get(db, call, [put(x * 1e200), put(anchors * 1e-200)]), cosines(x, anchors), rtol=0, atol=1e-13)
    assert_equal("clipped", (np.abs(get(db, call, [put(x), put(3 * x)])) <= 1).all(), np.True_)
    zero = x.copy()
    zero[4] = 0
    assert_close("zeros", get(db, call, [put(zero), put(anchors)]), cosines(zero, anchors), rtol=0, atol=1e-13)


def test_relative_stored(db):
    """Anchors of a table, read once for all rows, and another set after."""
    x, anchors = RNG.standard_normal((25, 600)), RNG.standard_normal((2, 40, 600))
    create_rows(db, "rel_x", {"x": x})
    create_rows(db, "rel_anchors", {"a": anchors})
    for i in range(2):
        got = get(db, "(SELECT stack(relative_representation(x, (SELECT a FROM rel_anchors WHERE id = %d)) ORDER BY id) FROM rel_x)" % (i + 1))
        assert_close("anchors %d" % i, got, cosines(x, anchors[i]), rtol=0, atol=1e-13)
    got = get(db, "(SELECT stack(relative_representation(x, a) ORDER BY a.id, r.id) FROM rel_x r, rel_anchors a)")
    assert_close("both", got, np.vstack([cosines(x, a) for a in anchors]), rtol=0, atol=1e-13)


# ---- MMCR ----


def mmcr(labels, x):
    u = np.asarray(x, float) / np.linalg.norm(np.asarray(x, float), axis=1, keepdims=True)
    return np.linalg.svd(np.array([u[labels == c].mean(axis=0) for c in np.unique(labels)]), compute_uv=False).sum()


def test_mmcr(db):
    for i, (n, p, classes) in enumerate(((200, 12, 7), (60, 90, 25), (30, 5, 30))):
        labels = np.r_[np.arange(classes), RNG.integers(0, classes, n - classes)]
        x = RNG.standard_normal((n, p)) + RNG.standard_normal((classes, p))[labels]
        table = "mmcr_%d" % i
        create_rows(db, table, {"label": labels, "x": x})
        assert_close(table, number(db, "manifold_capacity_mmcr(label, x)", table), mmcr(labels, x), rtol=1e-12)
        assert_close(table + " text", number(db, "manifold_capacity_mmcr('c' || label, x * 1e-200)", table), mmcr(labels, x), rtol=1e-6)
    create_rows(db, "mmcr_best", {"label": np.arange(6) // 2, "x": np.repeat(np.eye(3), 2, axis=0) * 5})
    assert_close("three directions", number(db, "manifold_capacity_mmcr(label, x)", "mmcr_best"), 3.0, rtol=1e-12)


# ---- linear predictivity ----


def ridge_predictions(x, y, alpha, fold):
    r2 = []
    for f in np.unique(fold):
        train, test = fold != f, fold == f
        mx, my = x[train].mean(axis=0), y[train].mean(axis=0)
        b = np.linalg.solve((x[train] - mx).T @ (x[train] - mx) + alpha * np.eye(x.shape[1]), (x[train] - mx).T @ (y[train] - my))
        e = y[test] - (x[test] - mx) @ b - my
        r2.append(1 - (e**2).sum(axis=0) / ((y[test] - y[test].mean(axis=0)) ** 2).sum(axis=0))
    return np.mean(r2, axis=0)


def test_linear_predictivity_folds(db):
    n, p, q = 200, 9, 6
    x = RNG.standard_normal((n, p))
    y = x[:, :4] @ RNG.standard_normal((4, q)) + RNG.standard_normal((n, q))
    fold = RNG.integers(0, 5, n)
    create_rows(db, "pred", {"x": x, "y": y, "fold": fold})
    alphas = [0.1, 10.0, 1000.0]
    got = row(db, "linear_predictivity(gram_agg(x, y, fold), gram_agg(y, x, fold), '{0.1,10,1000}')", "pred")
    want = [np.max([ridge_predictions(a, b, alpha, fold) for alpha in alphas], axis=0).mean() for a, b in ((x, y), (y, x))]
    assert_close("folds", got, want, rtol=1e-8)


def gcv(x, y, alphas):
    n = len(x)
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    u, s, _ = np.linalg.svd(xc, full_matrices=False)
    best = np.full(y.shape[1], -np.inf)
    for alpha in alphas:
        keep = s**2 / (s**2 + alpha)
        rss = ((yc - u @ (keep[:, None] * (u.T @ yc))) ** 2).sum(axis=0)
        left = 1 - (1 + keep.sum()) / n
        best = np.maximum(best, 1 - rss / left**2 / ((yc**2).sum(axis=0) / (1 - 1 / n) ** 2))
    return best.mean()


def test_linear_predictivity_gcv(db):
    """Rows held, and moments: the state changes from one to the other with the rows that come."""
    alphas = [0.3, 3.0, 30.0]
    for table, n in (("gcv_rows", 100), ("gcv_moments", 1200)):
        x = RNG.standard_normal((n, 7)) + 5
        y = x[:, :3] @ RNG.standard_normal((3, 5)) + RNG.standard_normal((n, 5))
        create_rows(db, table, {"x": x, "y": y})
        want = [gcv(x, y, alphas), gcv(y, x, alphas)]
        got = row(db, "linear_predictivity(paired_agg(x, y), '{0.3,3,30}')", table)
        assert_close(table, got, want, rtol=1e-8)
        create_rows(db, table + "_one", {"x": x, "y": y})
        default = row(db, "linear_predictivity(x, y)", table)
        grams = row(db, "linear_predictivity(gram_agg(x, y), gram_agg(y, x))", table)
        assert_close(table + " aggregate", default, grams, rtol=1e-8)


def test_linear_predictivity_simrepo(db):
    """ridge-lambda=1-r2-cv=5folds of the consensus: contiguous folds of six rows, errors of all folds pooled."""
    x, y = load("oracles", "simrepo_X.csv"), load("oracles", "simrepo_Y.csv")
    create_rows(db, "simrepo_folds", {"x": x, "y": y, "fold": np.repeat(np.arange(5), 6)})
    got = row(db, "linear_predictivity(gram_agg(x, y, fold), gram_agg(y, x, fold), '{1}', 'r2_pooled')", "simrepo_folds")
    assert_close("x to y", got[0], -0.4080885630026571, rtol=1e-6)
    got = row(db, "linear_predictivity(gram_agg(x, y, fold), gram_agg(y, x, fold), '{1}')", "simrepo_folds")
    fold = np.repeat(np.arange(5), 6)
    assert_close("by fold", got, [ridge_predictions(x, y, 1.0, fold).mean(), ridge_predictions(y, x, 1.0, fold).mean()], rtol=1e-8)
