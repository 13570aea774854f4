"""DBSCAN and HDBSCAN against scikit-learn, and against a plain implementation here."""

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.cluster import DBSCAN

from neuroenc_oracle import assert_equal, put
from shapes import data_sets, same_partition, shapes



def window(db, call, x, args=(), order="i", dtype="float8"):
    """Labels of the rows of x: call is a window function of t and %s."""
    with db.cursor() as cur:
        cur.execute("SELECT array_agg(l ORDER BY i) FROM (SELECT i, " + call + " OVER (ORDER BY " + order + " ROWS 1 PRECEDING) AS l "
                    "FROM rows(astype(from_npy(%s), '" + dtype + "')) WITH ORDINALITY q (t, i)) s", list(args) + [put(x)])
        return np.array(cur.fetchone()[0])


def check_dbscan(db, name, x, eps, min_points, metric="euclidean", dtype="float8"):
    """As scikit-learn: the same noise, core rows in the same clusters, each border row in the cluster of its nearest core row."""
    got = window(db, "dbscan(t, %s, %s, %s)", x, [eps, min_points, metric], dtype=dtype)
    if dtype == "float4":
        x = x.astype(np.float32).astype(float)
    distance = cdist(x, x, metric)
    fitted = DBSCAN(eps=max(eps, 1e-300), min_samples=min_points, metric="precomputed").fit(np.maximum(distance, 0))
    core = np.zeros(len(x), bool)
    core[fitted.core_sample_indices_] = True
    what = "%s, eps %g, min_points %d, %s" % (name, eps, min_points, metric)
    assert_equal(what + ": noise", np.flatnonzero(got == -1).tolist(), np.flatnonzero(fitted.labels_ == -1).tolist())
    if core.any():
        assert same_partition(got[core], fitted.labels_[core]), what
        distance = distance[:, core]
        for i in np.flatnonzero(~core & (got > 0)):
            near = distance[i] <= distance[i].min() * (1 + 1e-12) + 1e-15
            assert got[i] in got[core][near] and distance[i].min() <= eps * (1 + 1e-12), (what, i)
    sizes = np.bincount(got[got > 0])[1:]
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all(), (what, sizes)
    return got


def test_dbscan_shapes(db):
    for s in shapes():
        spread = s.x.std()
        for eps, min_points in ((0.05, 3), (0.1, 5), (0.2, 5), (0.2, 20), (0.4, 10), (3, 10), (10, 500), (10, 501)):
            check_dbscan(db, s.name, s.x, eps * spread, min_points)
    assert same_partition(window(db, "dbscan(t, .2, 5)", shapes()[0].x), shapes()[0].labels)


def test_dbscan_data(db):
    for standardised in (False, True):
        for s in data_sets(standardised):
            distance = pdist(s.x)
            for share, min_points in ((0.002, 3), (0.01, 4), (0.02, 10), (0.2, 20)):
                check_dbscan(db, s.name, s.x, np.quantile(distance, share) * (1 + 1e-9), min_points, dtype="float4" if s.name == "digits" else "float8")


def test_dbscan_metrics(db):
    for metric in ("cosine", "cityblock"):
        for s in data_sets(True) + shapes()[2:4]:
            distance = pdist(s.x, metric)
            for share in (0.005, 0.03):
                check_dbscan(db, s.name, s.x, np.quantile(distance, share) * (1 + 1e-9), 5, metric)


def test_dbscan_dimensions(db):
    """The grid (up to 4 dimensions) and tiles of products (more), several tiles of them."""
    rng = np.random.default_rng(1)
    for d in (1, 2, 3, 4, 5, 24):
        x = rng.standard_normal((1300, d)) + 6 * rng.integers(0, 3, (1300, 1))
        distance = pdist(x[:400])
        for share in (0.0005, 0.005, 0.05):
            check_dbscan(db, "%d dimensions" % d, x, np.quantile(distance, share) * (1 + 1e-9), 6)


def test_dbscan_exact_at_eps(db):
    """Distances that are eps exactly, and those one rounding beyond."""
    rng = np.random.default_rng(2)
    for d in (2, 4, 6, 30):
        x = rng.integers(0, 4, (700, d)).astype(float)
        for eps in (1, np.sqrt(2), np.sqrt(d), 3, np.nextafter(3, 0)):
            check_dbscan(db, "lattice of %d dimensions" % d, x, float(eps), 5)
            check_dbscan(db, "lattice far from 0", x + 1e6, float(eps), 5)
        check_dbscan(db, "lattice", x, 3.0, 5, "cityblock")


def test_dbscan_far_points(db):
    """Rows far from each other against the radius: products in single precision would not do."""
    rng = np.random.default_rng(3)
    for d in (3, 10):
        x = rng.standard_normal((900, d)) + 1e4 * rng.integers(0, 3, (900, 1))
        check_dbscan(db, "far clusters", x, 1.5, 4)
        x[::100] *= 1e9
        check_dbscan(db, "outliers", x, 1.5, 4)
        want = window(db, "dbscan(t, 1.5, 4)", x)
        for power in (-800, 800):       # scikit-learn's squares leave the range
            got = window(db, "dbscan(t, %s, 4)", x * 2.0**power, [1.5 * 2.0**power])
            assert same_partition(got, want), power


def test_dbscan_duplicates(db):
    rng = np.random.default_rng(4)
    for d in (2, 7):
        x = np.repeat(rng.standard_normal((150, d)), rng.integers(1, 9, 150), axis=0)
        for eps in (0.0, 0.2, 1.0):
            check_dbscan(db, "duplicates", x, eps, 4)
        check_dbscan(db, "all equal", np.ones((60, d)), 0.0, 60)
        check_dbscan(db, "all equal", np.ones((60, d)), 0.0, 61)
        check_dbscan(db, "one row", np.ones((1, d)), 1.0, 1)


def test_dbscan_order(db):
    """Labels, of border rows too, don't depend on the order of rows, nor on threads."""
    rng = np.random.default_rng(5)
    for d in (2, 9):
        x = rng.standard_normal((1500, d)) + 3 * rng.integers(0, 3, (1500, 1))
        eps = float(np.quantile(pdist(x[:300]), 0.003 if d == 2 else 0.05))
        got = window(db, "dbscan(t, %s, 6)", x, [eps])
        assert len(set(got)) > 2
        for seed in range(3):
            order = np.random.default_rng(seed).permutation(len(x))
            assert_equal("order", window(db, "dbscan(t, %s, 6)", x[order], [eps]).tolist(), got[order].tolist())
        assert_equal("order by", window(db, "dbscan(t, %s, 6)", x, [eps], order="-i").tolist(), got.tolist())
