"""knn_graph against scikit-learn's neighbours and SciPy's distances."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import kneighbors_graph

from neuroenc_oracle import assert_close, assert_equal, create_rows, raises

RNG = np.random.default_rng(45)


def edges(db, table, call):
    with db.cursor() as cur:
        cur.execute("SELECT e.* FROM (SELECT %s AS g FROM %s) q, edges(q.g) e" % (call, table))
        return {(a - 1, b - 1): w for a, b, w in cur.fetchall()}


def neighbourhoods(x, k, metric):
    d = cdist(x, x, metric)
    np.fill_diagonal(d, np.inf)
    return [set(np.argsort(row, kind="stable")[:k]) for row in d]


def check(db, table, x, k, metric):
    graph = kneighbors_graph(x, k, metric=metric).tocoo()
    want = {tuple(sorted((int(a), int(b)))) for a, b in zip(graph.row, graph.col)}
    got = edges(db, table, "knn_graph(id, x, %d, '%s')" % (k, metric))
    assert_equal("edges", set(got), want)
    assert_equal("weights", set(got.values()), {1.0})
    distance = cdist(x, x, metric)
    got = edges(db, table, "knn_graph(id, x, %d, '%s', 'distance')" % (k, metric))
    assert_close("distances", [got[e] for e in sorted(want)], [distance[e] for e in sorted(want)], rtol=1e-9, atol=1e-15)
    near = [n | {i} for i, n in enumerate(neighbourhoods(x, k, metric))]
    got = edges(db, table, "knn_graph(id, x, %d, '%s', 'jaccard')" % (k, metric))
    assert_close("jaccard", [got[e] for e in sorted(want)], [len(near[a] & near[b]) / len(near[a] | near[b]) for a, b in sorted(want)], rtol=1e-14)


def test_random_rows(db):
    for i, (n, d, k, dtype) in enumerate([(2, 3, 1, "f8"), (50, 1, 49, "f8"), (300, 8, 5, "f4"), (700, 20, 15, "f8"), (1100, 3, 30, "f4")]):
        x = RNG.standard_normal((n, d)).astype(dtype) + 3
        create_rows(db, "knn_rows%d" % i, {"x": x})
        for metric in ("euclidean", "cosine") if d > 1 else ("euclidean",):
            check(db, "knn_rows%d" % i, x.astype(float), k, metric)


def test_far_from_the_origin(db):
    x = 1e6 + RNG.standard_normal((200, 4))
    create_rows(db, "knn_far", {"x": x})
    check(db, "knn_far", x, 6, "euclidean")


def test_ties(db):
    """Points of a lattice: each row has exactly k neighbours, no farther than the k-th distance."""
    x = np.array([(a, b) for a in range(12) for b in range(12)], dtype=float)
    create_rows(db, "knn_lattice", {"x": x})
    got = edges(db, "knn_lattice", "knn_graph(id, x, 3, 'euclidean', 'distance')")
    degree = np.zeros(len(x))
    for (a, b), w in got.items():
        degree[[a, b]] += 1
        assert w <= np.sqrt(2)
    assert degree.min() >= 3 and len(got) <= 3 * len(x)
    with db.cursor() as cur:
        cur.execute("SELECT e.* FROM (SELECT knn_graph(id, x, 3, 'euclidean', 'distance') AS g FROM (SELECT * FROM knn_lattice ORDER BY id DESC) q) q, edges(q.g) e")
        assert_equal("another order of rows", {(a - 1, b - 1): w for a, b, w in cur.fetchall()}, got)


def test_communities_of_vectors(db):
    """The digits' ten classes and two of iris' clusters, from vectors to communities."""
    for name, (x, y), bar in (("digits", load_digits(return_X_y=True), 0.8), ("iris", load_iris(return_X_y=True), 0.5)):
        create_rows(db, name, {"x": x})
        found = {}
        for order in ("id", "id % 7, id DESC"):
            with db.cursor() as cur:
                cur.execute("SELECT l.* FROM (SELECT knn_graph(id, x, 15, 'euclidean', 'jaccard') AS g FROM (SELECT * FROM %s ORDER BY %s) q) q, leiden(q.g) l" % (name, order))
                found[order] = cur.fetchall()
        assert_equal("another order of rows", *found.values())
        assert adjusted_rand_score(y, [c for _, c in sorted(found["id"])]) > bar


def test_errors(db):
    create_rows(db, "knn_zero", {"x": np.vstack([np.zeros(3), np.ones((2, 3))])})
    with db.cursor() as cur:
        with raises(db, "22000", "all zeros"):
            cur.execute("SELECT knn_graph(id, x, 1, 'cosine') FROM knn_zero")
        with raises(db, "22023", "less than the number of rows"):
            cur.execute("SELECT knn_graph(id, x, 3) FROM knn_zero")
