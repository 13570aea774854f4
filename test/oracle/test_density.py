"""DBSCAN and HDBSCAN against scikit-learn, and against a plain implementation here."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist, pdist
from sklearn.cluster import DBSCAN

from neuroenc_oracle import assert_close, assert_equal, load, put
from shapes import data_sets, digits, same_partition, shapes



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
            x = s.x[:900]
            distance = pdist(x)
            for share, min_points in ((0.002, 3), (0.01, 4), (0.02, 10), (0.2, 20)):
                check_dbscan(db, s.name, x, np.quantile(distance, share) * (1 + 1e-9), min_points, dtype="float4" if s.name == "digits" else "float8")


def test_dbscan_metrics(db):
    for metric in ("cosine", "cityblock"):
        for s in data_sets(True) + shapes()[2:4]:
            x = s.x[:900]
            distance = pdist(x, metric)
            for share in (0.005, 0.03):
                check_dbscan(db, s.name, x, np.quantile(distance, share) * (1 + 1e-9), 5, metric)


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


# ---- HDBSCAN ----


def spanning_tree(w):
    """The edges (weight, i, j) of a minimum spanning tree of a dense matrix, row by row."""
    n = len(w)
    outside = np.ones(n, bool)
    outside[0] = False
    nearest, of = w[0].copy(), np.zeros(n, int)
    edges = []
    for _ in range(n - 1):
        j = np.flatnonzero(outside)[nearest[outside].argmin()]
        edges.append((nearest[j], of[j], j))
        outside[j] = False
        of[outside & (w[j] < nearest)] = j
        nearest = np.minimum(nearest, w[j])
    return np.array(edges)


def reference_hdbscan(x, min_cluster_size, min_samples, allow_single=False):
    """Top down, by cutting the longest edges of each group and looking at what hangs together: labels from 0, and probabilities."""
    n = len(x)
    distance = cdist(x, x)
    core = np.sort(distance, axis=1)[:, min_samples - 1]
    edges = spanning_tree(np.maximum(distance, np.maximum(core[:, None], core)))
    parent, birth, death, stability = [-1], [0.0], [0.0], [0.0]
    last, leaves = np.zeros(n, int), np.zeros(n)
    groups = [(np.arange(n), edges, 0)]
    while groups:
        rows, tree, c = groups.pop()
        longest = tree[:, 0].max()
        level = 1 / longest if longest > 0 else np.inf
        keep = tree[tree[:, 0] < longest]
        ends = np.searchsorted(rows, keep[:, 1:])
        part = connected_components(coo_matrix((np.ones(len(keep)), (ends[:, 0], ends[:, 1])), (len(rows),) * 2), directed=False)[1]
        sizes = np.bincount(part)
        large = np.flatnonzero(sizes >= min_cluster_size)
        gone = rows[sizes[part] < min_cluster_size]
        last[gone], leaves[gone] = c, level
        death[c] = max(death[c], level)
        if len(gone) or len(large) > 1:
            stability[c] += (len(gone) if len(large) == 1 else len(rows)) * (level - birth[c])
        for q in large:
            to = c
            if len(large) > 1:
                to = len(parent)
                parent.append(c)
                birth.append(level)
                death.append(0.0)
                stability.append(0.0)
            groups.append((rows[part == q], keep[part[ends[:, 0]] == q], to))
    below = np.zeros(len(parent))
    best = np.array(stability)
    chosen = np.zeros(len(parent), bool)
    for c in reversed(range(len(parent))):
        chosen[c] = best[c] >= below[c] and (c > 0 or allow_single)
        best[c] = best[c] if chosen[c] else below[c]
        if c > 0:
            below[parent[c]] += best[c]
    labels, probability = np.full(n, -1), np.zeros(n)
    for i in range(n):
        path = [last[i]]
        while path[-1] > 0:
            path.append(parent[path[-1]])
        found = [c for c in path if chosen[c]]
        if found and (found[-1] > 0 or leaves[i] >= death[0]):
            labels[i] = found[-1]
            top = death[found[-1]]
            probability[i] = 1.0 if np.isinf(leaves[i]) or top == 0 else min(leaves[i], top) / top
    return labels, probability


def check_hdbscan(db, name, x, min_cluster_size, min_samples, allow_single=False, dtype="float8"):
    args = [min_cluster_size, min_samples, allow_single]
    got = window(db, "hdbscan(t, %s, %s, %s)", x, args, dtype=dtype)
    probability = window(db, "hdbscan_probability(t, %s, %s, %s)", x, args, dtype=dtype)
    labels, strength = reference_hdbscan(x.astype(np.float32).astype(float) if dtype == "float4" else x, min_cluster_size, min_samples or min_cluster_size, allow_single)
    what = "%s, min_cluster_size %d, min_samples %s" % (name, min_cluster_size, min_samples)
    assert same_partition(got, labels), (what, len(set(got)), len(set(labels)), (got < 0).sum(), (labels < 0).sum())
    assert_close(what, probability, strength, rtol=1e-9)
    sizes = np.bincount(got[got > 0])[1:]
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all(), (what, sizes)
    return got


def test_hdbscan_shapes(db):
    for s in shapes():
        for options in ((5, None), (20, 1), (50, 10)):
            check_hdbscan(db, s.name, s.x, *options)
    for s in shapes()[:4]:
        check_hdbscan(db, s.name, s.x, 15, None, allow_single=True)
    assert same_partition(window(db, "hdbscan(t, 10)", shapes()[1].x), shapes()[1].labels)


def test_hdbscan_data(db):
    for standardised in (False, True):
        for s in data_sets(standardised)[1:]:
            for options in ((5, None), (10, 3), (10, 20)):
                check_hdbscan(db, s.name, s.x, *options)
    s = digits()                                # whole numbers: distances tie
    check_hdbscan(db, s.name, s.x[:900], 5, 3, dtype="float4")


def test_hdbscan_ties(db):
    """Duplicates, more than min_samples of a row, and lattices: distances of 0 and many that are equal."""
    rng = np.random.default_rng(6)
    for d in (1, 2, 5):
        x = np.repeat(rng.standard_normal((80, d)), rng.integers(1, 9, 80), axis=0)
        lattice = rng.integers(0, 3 if d > 2 else 12, (300, d)) + 20.0 * rng.integers(0, 3, (300, 1))
        for options in ((3, None), (5, 2), (12, 4)):
            check_hdbscan(db, "duplicates", x, *options)
            check_hdbscan(db, "lattice", lattice, *options)
            check_hdbscan(db, "lattice", lattice + 12345.0, *options, dtype="float4")
    check_hdbscan(db, "equal rows", np.ones((9, 2)), 3, 3)
    check_hdbscan(db, "equal rows", np.ones((9, 2)), 3, 3, allow_single=True)
    assert_equal("few rows", window(db, "hdbscan(t, 4)", np.eye(3)).tolist(), [-1] * 3)
    assert_equal("min_samples over the rows", window(db, "hdbscan(t, 2, 4)", np.eye(3)).tolist(), [-1] * 3)


def test_hdbscan_tiles(db):
    """Several blocks of products, centres far apart, in more dimensions."""
    rng = np.random.default_rng(7)
    for d in (2, 12, 40):
        x = rng.standard_normal((900, d)) * rng.choice([0.3, 1, 3], (900, 1)) + 1000 * rng.integers(0, 4, (900, 1))
        check_hdbscan(db, "%d dimensions" % d, x, 8, 5)
        for power in (-900, 900):
            assert same_partition(window(db, "hdbscan(t, 8, 5)", x * 2.0**power), window(db, "hdbscan(t, 8, 5)", x)), power


def test_hdbscan_clusterable_data(db):
    """The data of the hdbscan package's documentation: six clusters at min_cluster_size 15."""
    x = load("hdbscan_clusterable", "clusterable_data.npy").astype(float)
    got = check_hdbscan(db, "clusterable data", x, 15, None)
    assert_equal("clusters", got.max(), 6)


def test_hdbscan_order(db):
    rng = np.random.default_rng(8)
    x = np.round(rng.standard_normal((800, 3)) * rng.choice([0.3, 1, 3], (800, 1)) + 8 * rng.integers(0, 3, (800, 1)), 1)
    for call in ("hdbscan(t, 7)", "hdbscan_probability(t, 7)"):
        got = window(db, call, x)
        for seed in range(3):
            order = np.random.default_rng(seed).permutation(len(x))
            assert_equal(call, window(db, call, x[order]).tolist(), got[order].tolist())
