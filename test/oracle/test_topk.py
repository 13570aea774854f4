"""topk against NumPy: all scores in float64, sorted by score and then id."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from neuroenc_oracle import assert_close, assert_equal, create_rows, data, put, raises

RNG = np.random.default_rng(50)


def scores(x, q, metric):
    """q x n; larger is better but for euclidean"""
    x, q = np.asarray(x, float), np.asarray(q, float)
    if metric == "dot":
        return q @ x.T
    return cdist(q, x, metric) if metric == "euclidean" else 1 - cdist(q, x, metric)


def best(db, table, q, k, metric, where="true"):
    with db.cursor() as cur:
        cur.execute("SELECT query, rank, n.id, score FROM (SELECT topk(id, x, from_npy(%%s), %d, '%s') AS t FROM %s WHERE %s) s, neighbors(s.t) n"
                    % (k, metric, table, where), [put(q)])
        return cur.fetchall()


def check(db, table, x, q, k, metric, atol=1e-12, exact_ids=True):
    s = scores(x, q, metric)
    loss = s if metric == "euclidean" else -s
    length = min(k, len(x))
    rows = best(db, table, q, k, metric)
    assert_equal("queries and ranks", [r[:2] for r in rows], [(i + 1, j + 1) for i in range(len(q)) for j in range(length)])
    ids = np.array([r[2] for r in rows]).reshape(len(q), length) - 1
    got = np.array([r[3] for r in rows]).reshape(len(q), length)
    want = np.argsort(loss, axis=1, kind="stable")[:, :length]
    if exact_ids:
        assert_equal("%s ids" % metric, ids.tolist(), want.tolist())
    assert_close("%s scores of those ids" % metric, got, np.take_along_axis(s, ids, 1), rtol=1e-12, atol=atol)
    assert_close("%s scores" % metric, got, np.take_along_axis(s, want, 1), rtol=1e-12, atol=atol)


def test_random_rows(db):
    for i, (n, q, d, k, kx, kq) in enumerate([
            (1, 1, 1, 1, "f4", "f4"), (7, 3, 1, 9, "f8", "f4"), (300, 40, 5, 12, "f2", "f8"),
            (2500, 60, 33, 10, "f4", "f4"), (1500, 7, 130, 100, "f8", "f8"), (1100, 1, 64, 1, "f4", "f2")]):
        x = RNG.standard_normal((n, d)).astype(kx)
        queries = RNG.standard_normal((q, d)).astype(kq)
        create_rows(db, "topk_random%d" % i, {"x": x})
        for metric in ("dot", "cosine", "euclidean", "correlation"):
            if d == 1 and metric == "correlation":
                continue
            check(db, "topk_random%d" % i, x, queries, k, metric, exact_ids=d > 1 or metric != "cosine")


def test_lengths_that_differ(db):
    """Rows and queries of lengths over twelve orders of magnitude: each query has a threshold of its own."""
    x = RNG.standard_normal((3000, 20)) * 10 ** RNG.uniform(-6, 6, (3000, 1))
    q = RNG.standard_normal((30, 20)) * 10 ** RNG.uniform(-6, 6, (30, 1))
    create_rows(db, "topk_lengths", {"x": x})
    for metric in ("dot", "cosine", "euclidean"):
        check(db, "topk_lengths", x, q, 8, metric)
    f4 = x.astype("f4")
    create_rows(db, "topk_lengths4", {"x": f4})
    check(db, "topk_lengths4", f4, q.astype("f4"), 8, "dot")


def test_common_offset(db):
    """Scores that float4 products can't tell apart are decided in float8."""
    x = 1e4 + RNG.standard_normal((1500, 16))
    q = 1e4 + RNG.standard_normal((12, 16))
    create_rows(db, "topk_offset", {"x": x})
    for metric, atol in (("dot", 0), ("euclidean", 1e-9), ("correlation", 1e-9)):
        check(db, "topk_offset", x, q, 5, metric, atol)


def test_ties(db):
    """Whole numbers: scores are exact, and ties go to the lower id."""
    x = RNG.integers(-2, 3, (4000, 6)).astype("f4")
    q = RNG.integers(-2, 3, (25, 6)).astype("f4")
    create_rows(db, "topk_ties", {"x": x})
    for k in (1, 10, 500):
        for metric in ("dot", "euclidean"):
            check(db, "topk_ties", x, q, k, metric)
    check(db, "topk_ties", x, q * 0, 10, "dot")


def test_near_ties(db):
    """Neighbours that differ in the last bits of float4."""
    base = RNG.standard_normal(50)
    x = (base + 1e-6 * RNG.standard_normal((2000, 50))).astype("f4")
    create_rows(db, "topk_near", {"x": x})
    for metric in ("dot", "cosine", "euclidean", "correlation"):
        # cosines differ by 1e-13, near the rounding of either side: ids there are checked by their scores
        check(db, "topk_near", x, base[None].astype("f4"), 20, metric, exact_ids=metric in ("dot", "euclidean"))


def test_digits(db):
    x = load_digits().data
    create_rows(db, "topk_digits", {"x": x})
    q = x[:40]
    for metric in ("dot", "euclidean"):
        check(db, "topk_digits", x, q, 15, metric)
    for metric in ("cosine", "correlation"):
        check(db, "topk_digits", x, q, 15, metric, exact_ids=False)
        rows = best(db, "topk_digits", q, 1, metric)
        assert_equal("each is nearest to itself", [r[2] for r in rows], list(range(1, 41)))
        assert_equal("at exactly 1", {r[3] for r in rows}, {1.0})


def test_recording(db):
    x = np.load(data("hdbscan_clusterable", "clusterable_data.npy"))[:2000]
    create_rows(db, "topk_recording", {"x": x})
    check(db, "topk_recording", x, x[::100] + 1e-3, 10, "euclidean")


def test_elements(db):
    """Without queries: the rows of each column's largest values."""
    for i, x in enumerate([RNG.standard_normal((600, 130)).astype("f4"), RNG.standard_normal((40, 1)), np.maximum(RNG.standard_normal((700, 70)) - 2, 0).astype("f2")]):
        create_rows(db, "topk_elements%d" % i, {"x": x})
        with db.cursor() as cur:
            for k in (1, 12, 3000):
                length = min(k, len(x))
                cur.execute("SELECT n.id - 1, score FROM (SELECT topk(id, x, %d) AS t FROM topk_elements%d) s, neighbors(s.t) n" % (k, i))
                got = np.array(cur.fetchall(), dtype=float).reshape(x.shape[1], length, 2)
                want = np.argsort(-x.astype(float), axis=0, kind="stable")[:length].T
                assert_equal("ids", got[:, :, 0].astype(int).tolist(), want.tolist())
                assert_close("scores", got[:, :, 1], np.take_along_axis(x.astype(float), want.T, 0).T, rtol=0)


def test_filter(db):
    """A filter that keeps 1 in 1,000 rows, k 10: 10 rows."""
    x = RNG.standard_normal((10000, 3))
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE topk_filter AS SELECT id, x[id:id][:] AS x FROM (SELECT from_npy(%s) AS x) q, generate_series(1, 10000) id", [put(x)])
    kept = np.arange(999, 10000, 1000)
    rows = best(db, "topk_filter", x[:1], 10, "dot", "mod(id, 1000) = 0")
    assert_equal("ids", [r[2] for r in rows], [int(kept[i]) + 1 for i in np.argsort(-(x[kept] @ x[0]))])


def test_order_and_groups(db):
    """The same rows in any order, in parts that are merged, and in the state that was stored: the same bytes."""
    x = RNG.standard_normal((3000, 9)).astype("f4")
    create_rows(db, "topk_order", {"x": x})
    q = put(RNG.standard_normal((10, 9)))
    with db.cursor() as cur:
        for metric in ("dot", "cosine", "euclidean", "correlation"):
            call = "topk(id, x, (SELECT w FROM q), 13, '%s')" % metric
            cur.execute("""WITH q AS MATERIALIZED (SELECT from_npy(%%s) AS w)
                SELECT (SELECT CALL::text FROM topk_order),
                       (SELECT CALL::text FROM (SELECT * FROM topk_order ORDER BY id DESC) s),
                       (SELECT sum(t)::text FROM (SELECT CALL AS t FROM topk_order GROUP BY mod(id * id, 7)) s),
                       (SELECT sum(t::text::topk)::text FROM (SELECT CALL AS t FROM topk_order GROUP BY mod(id, 2)) s)""".replace("%%", "%").replace("CALL", call), [q])
            row = cur.fetchone()
            assert_equal("%s: answers" % metric, len(set(row)), 1)


def test_errors(db):
    create_rows(db, "topk_errors", {"x": np.array([[1.0, 2], [np.nan, 1]])})
    with raises(db, "22000", "In the key with id 2 it is NaN."):
        best(db, "topk_errors", np.ones((1, 2)), 1, "dot")
    with raises(db, "22000", "element 2 of query 3 must be finite"):
        best(db, "topk_errors", np.array([[1, 2], [1, 2], [3, np.nan]]), 1, "dot")
