"""kmeans, spherical_kmeans and the clustering type against scikit-learn and a plain Lloyd in float64."""

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from neuroenc_oracle import assert_close, assert_equal, get, put
from shapes import data_sets, same_partition, shapes

RNG = np.random.default_rng(40)


def create(db, table, x):
    """Table (id from 0, t)."""
    with db.cursor() as cur:
        cur.execute(f"CREATE TEMP TABLE {table} AS SELECT ordinality - 1 AS id, t FROM rows(from_npy(%s)) WITH ORDINALITY t(t)", [put(x)])


def one(db, statement, args=()):
    with db.cursor() as cur:
        cur.execute(statement, args or None)
        return cur.fetchone()


def labels(db, table, call, args=()):
    """Labels of a window function in the order of id."""
    with db.cursor() as cur:
        cur.execute(f"SELECT l FROM (SELECT id, {call} OVER () AS l FROM {table}) s ORDER BY id", args or None)
        return np.array([row[0] for row in cur.fetchall()])


def sklearn_kmeans(x, k, **options):
    """Of few rows: threads would only wait for one another."""
    with threadpool_limits(1):
        return KMeans(k, **options).fit(x)


def nearest(x, centre):
    """Labels by differences, the first of equally near centres."""
    out = np.empty(len(x), int)
    for i in range(0, len(x), 1000):
        out[i:i + 1000] = ((x[i:i + 1000, None] - centre[None]) ** 2).sum(axis=2).argmin(axis=1)
    return out


def lloyd(x, centre, iterations, spherical=False):
    """Centres after so many iterations; a cluster without rows takes the row farthest from its centre."""
    x, centre = np.asarray(x, float), np.array(centre, float)
    if spherical:
        x = x / np.linalg.norm(x, axis=1)[:, None]
        centre /= np.linalg.norm(centre, axis=1)[:, None]
    for _ in range(iterations):
        label = nearest(x, centre)
        empty = np.flatnonzero(np.bincount(label, minlength=len(centre)) == 0)
        if len(empty):
            label[np.argsort(-((x - centre[label]) ** 2).sum(axis=1))[:len(empty)]] = empty
        centre = np.array([x[label == j].mean(axis=0) for j in range(len(centre))])
        if spherical:
            centre /= np.linalg.norm(centre, axis=1)[:, None]
    return centre


def by_first(centre):
    return centre[np.lexsort(centre.T[::-1])]


def check_lloyd(db, table, x, init, iterations, atol=1e-9, function="kmeans"):
    create(db, table, x)
    for n in iterations:
        got = get(db, f"(SELECT centroids({function}_fit(points_agg(t), {len(init)}, max_iter => {n}, tol => 0, init => from_npy(%s))) FROM {table})", [put(init)])
        assert_close(f"{table}, {n} iterations", by_first(got), by_first(lloyd(x, init, n, function != "kmeans")), rtol=0, atol=atol)


# ---- partitions ----

def check_partition(db, table, data, dtype):
    x = data.x.astype(dtype)
    create(db, table, x)
    got = labels(db, table, f"kmeans(t, {data.k})")
    best = sklearn_kmeans(x.astype(float), data.k, n_init=10, random_state=0)
    sizes = np.bincount(got)[1:]
    assert len(sizes) == data.k and (np.diff(sizes) <= 0).all(), sizes
    inertia = sum(((x[got == j].astype(float) - x[got == j].astype(float).mean(axis=0)) ** 2).sum() for j in range(1, data.k + 1))
    told, told_sizes = one(db, f"SELECT inertia(c), (SELECT array_agg(size ORDER BY label) FROM clusters(c)) FROM (SELECT kmeans_fit(t, {data.k}) FROM {table} OFFSET 0) s(c)")
    assert_equal("sizes", told_sizes, sizes.tolist())
    assert_close("inertia told", told, inertia, rtol=1e-3)  # tol lets centroids stop short of the means
    assert told <= best.inertia_ * 1.01, (data.name, told, best.inertia_)
    with db.cursor() as cur:
        cur.execute(f"SELECT assign(c, t) FROM {table}, (SELECT kmeans_fit(t, {data.k}) FROM {table} OFFSET 0) s(c) ORDER BY id")
        assert_equal("assign", [row[0] for row in cur.fetchall()], got.tolist())


def test_shapes(db):
    for data in shapes():
        check_partition(db, data.name, data, np.float64)


def test_data_sets(db):
    for dtype in (np.float32, np.float64):
        for data in data_sets():
            check_partition(db, f"{data.name}_{np.dtype(dtype).name}", data, dtype)


def test_equal_to_sklearn(db):
    """From the same centres to the end: the same labels, inertia and number of iterations."""
    for data in data_sets() + shapes():
        create(db, data.name + "_ended", data.x)
        init = data.x[RNG.choice(len(data.x), data.k, replace=False)]
        want = sklearn_kmeans(data.x, data.k, init=init, n_init=1, algorithm="lloyd")
        args = [put(init)]
        got = labels(db, data.name + "_ended", f"kmeans(t, {data.k}, init => from_npy(%s))", args)
        assert same_partition(got, want.labels_), data.name
        inertia, iterations, converged = one(db, f"SELECT inertia(c), iterations(c), converged(c) FROM (SELECT kmeans_fit(points_agg(t), {data.k}, "
                                             f"init => from_npy(%s)) FROM {data.name}_ended OFFSET 0) s(c)", args)
        assert_close(data.name, inertia, want.inertia_, rtol=1e-9)
        assert converged and iterations == want.n_iter_, (data.name, iterations, want.n_iter_)


# ---- nothing depends on order, plan or threads ----

def test_order_threads_plan(db):
    x = (RNG.standard_normal((3000, 6)) + 3 * RNG.standard_normal((7, 6))[RNG.integers(7, size=3000)]).astype(np.float32)
    x[:40] = x[40:80]  # equal rows
    create(db, "ordered", x)
    with db.cursor() as cur:
        cur.execute("CREATE TABLE shuffled WITH (parallel_workers = 3) AS SELECT id, t FROM ordered ORDER BY random()")
        for method in ("kmeans", "spherical_kmeans"):
            want = labels(db, "ordered", f"{method}(t, 9, 5)")
            assert_equal("order", labels(db, "shuffled", f"{method}(t, 9, 5)").tolist(), want.tolist())
            fits = []
            for setting in ("neuroenc.threads = 1", "neuroenc.threads = 3", "parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"):
                cur.execute(f"SET {setting}")
                cur.execute(f"SELECT {method}_fit(t, 9, 5)::text FROM shuffled")
                fits.append(cur.fetchone()[0])
            cur.execute(f"EXPLAIN SELECT {method}_fit(t, 9, 5) FROM shuffled")
            assert "Partial Aggregate" in str(cur.fetchall())
            cur.execute(f"SELECT {method}_fit(t, 9, 5)::text FROM ordered")
            assert len(set(fits + [cur.fetchone()[0]])) == 1, method
            cur.execute("RESET ALL")


def test_offset_and_scale(db):
    """Data far from the origin, and data past the range of float4's squares, are clustered as they are."""
    data = data_sets()[1]
    create(db, "wine_here", data.x)
    create(db, "wine_far", data.x + 1e4)
    assert_equal("offset", labels(db, "wine_far", "kmeans(t, 3)").tolist(), labels(db, "wine_here", "kmeans(t, 3)").tolist())
    digits = data_sets()[0].x.astype(np.float32)
    create(db, "digits_here", digits)
    here = labels(db, "digits_here", "kmeans(t, 10, n_init => 2)")
    for power in (80, -80, 120):
        create(db, f"digits_{abs(power)}_{power > 0}", np.ldexp(digits, power))
        got = labels(db, f"digits_{abs(power)}_{power > 0}", "kmeans(t, 10, n_init => 2)")
        inertia = [sum(((digits[l == j] - digits[l == j].mean(axis=0)) ** 2).sum() for j in range(1, 11)) for l in (got, here)]
        assert_close(f"2^{power}", inertia[0], inertia[1], rtol=.01)


# ---- Lloyd's iterations ----

def test_lloyd_clusters(db):
    """Clusters in 16 dimensions: bounds rule out most."""
    centre = 3 * RNG.standard_normal((40, 16))
    x = centre[RNG.integers(40, size=6000)] + RNG.standard_normal((6000, 16))
    init = x[RNG.choice(6000, 40, replace=False)]
    check_lloyd(db, "clusters8", x, init, (1, 2, 3, 9, 20))
    check_lloyd(db, "clusters4", x.astype(np.float32), init, (1, 2, 4, 9))
    check_lloyd(db, "clusters4_far", (x + 100).astype(np.float32), init + 100, (1, 2, 4, 9))


def test_lloyd_random(db):
    """No clusters, in many dimensions (bounds rule nothing out) and in the plane (few centres are near)."""
    x = RNG.standard_normal((4000, 90)).astype(np.float32)
    check_lloyd(db, "random90", x, x[:50], (1, 3, 8))
    x = RNG.random((8000, 2)).astype(np.float32)
    check_lloyd(db, "plane", x, x[:64], (1, 2, 3, 12))
    x = RNG.standard_normal((2000, 1))
    check_lloyd(db, "line", x, x[:5], (1, 5, 25))


def test_lloyd_wide(db):
    """More elements than a partial sum, more centres than a tile."""
    x = RNG.standard_normal((60, 9000)).astype(np.float32)
    check_lloyd(db, "long_rows", x, x[:4], (1, 3))
    x = RNG.standard_normal((2500, 3)).astype(np.float32)
    check_lloyd(db, "many_centres", x, x[:1100], (1, 3))


def test_lloyd_one_cluster(db):
    x = RNG.standard_normal((300, 4))
    check_lloyd(db, "one_cluster", x, x[:1], (1, 5))


def test_lloyd_empty(db):
    """Centres that no row is nearest to take the farthest rows."""
    x = RNG.standard_normal((800, 5)) + 4 * RNG.standard_normal((6, 5))[RNG.integers(6, size=800)]
    init = np.concatenate([x[:5], [[1e3] * 5, [-1e3] * 5]])
    check_lloyd(db, "empties", x, init, (1, 2, 3, 10))


def test_lloyd_spherical(db):
    x = RNG.standard_normal((3000, 12)) * RNG.uniform(.01, 100, (3000, 1)) + 2
    check_lloyd(db, "directions8", x, x[:20], (1, 2, 5, 12), function="spherical_kmeans")
    check_lloyd(db, "directions4", x.astype(np.float32), x[:20], (1, 2, 5, 12), function="spherical_kmeans")


# ---- spherical ----

def test_spherical(db):
    """Inertia is that of cosines, and within 1 per cent of the best of ten starts of a plain implementation."""
    for data in data_sets():
        create(db, data.name + "_directions", data.x)
        got = labels(db, data.name + "_directions", f"spherical_kmeans(t, {data.k})")
        told = one(db, f"SELECT inertia(spherical_kmeans_fit(t, {data.k})) FROM {data.name}_directions")[0]
        u = data.x / np.linalg.norm(data.x, axis=1)[:, None]
        centre = get(db, f"(SELECT centroids(spherical_kmeans_fit(t, {data.k})) FROM {data.name}_directions)")
        assert_close("length", np.linalg.norm(centre, axis=1), np.ones(data.k), rtol=1e-12)
        cosine = u @ centre.T
        assert_equal("largest cosine", (cosine.argmax(axis=1) + 1).tolist(), got.tolist())
        assert_close("inertia", told, (1 - cosine.max(axis=1)).sum(), rtol=1e-7, atol=1e-10)
        best = np.inf
        for start in range(10):
            first = sklearn_kmeans(u, data.k, n_init=1, random_state=start, max_iter=1).cluster_centers_
            for _ in range(40):
                nearest_of = (u @ first.T).argmax(axis=1)
                first = np.array([u[nearest_of == j].sum(axis=0) for j in range(data.k)])
                first /= np.linalg.norm(first, axis=1)[:, None]
            best = min(best, (1 - (u @ first.T).max(axis=1)).sum())
        assert told <= best * 1.01, (data.name, told, best)


def test_rows_of_one_length(db):
    """On rows of length 1 whose lengths are changed, the same partition."""
    x = RNG.standard_normal((500, 6))
    create(db, "unit_rows", x / np.linalg.norm(x, axis=1)[:, None])
    create(db, "long_and_short", x * np.exp2(RNG.integers(-30, 30, (500, 1))))
    first, second = (one(db, f"SELECT inertia(spherical_kmeans_fit(t, 4)) FROM {table}")[0] for table in ("unit_rows", "long_and_short"))
    assert_close("inertia", first, second, rtol=.01)
