"""Clusters of equal size, streams and constraints against brute force, SciPy and scikit-learn."""

import itertools

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from neuroenc_oracle import assert_close, create_rows, get, raises
from shapes import digits, iris, shapes, wine


def labels_of(db, table, call, order="id"):
    with db.cursor() as c:
        c.execute(f"SELECT label FROM (SELECT id, {call} OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS label FROM {table}) q ORDER BY id")
        return np.array([r[0] for r in c.fetchall()])


def inertia(x, labels):
    return sum(((x[labels == j] - x[labels == j].mean(axis=0)) ** 2).sum() for j in np.unique(labels))


def partitions(n, sizes):
    """All labelings of n rows with these sizes."""
    return {p for p in itertools.permutations([j for j, s in enumerate(sizes) for _ in range(s)])} if n <= 8 else None


# ---- clusters of equal size ----


def test_balanced_brute_force(db):
    rng = np.random.default_rng(3)
    for trial, (n, k) in enumerate([(6, 2), (7, 2), (8, 2), (7, 3), (8, 3), (6, 4)]):
        x = rng.normal(size=(n, 2)) + 6 * (rng.random((n, 1)) < 0.3)
        create_rows(db, f"tiny_{trial}", {"t": x})
        got = labels_of(db, f"tiny_{trial}", f"balanced_kmeans(t, {k}, n_init => 40)")
        low, high = n // k, -(-n // k)
        sizes = [high] * (n % k) + [low] * (k - n % k)
        assert sorted(np.bincount(got)[1:], reverse=True) == sizes
        best = min(inertia(x, np.array(p)) for p in partitions(n, sizes))
        assert_close(f"inertia of {n} rows in {k}", inertia(x, got), best, rtol=1e-9)


def test_balanced_assignment_is_exact(db):
    """At a fixed point no exchange helps: the assignment to its own means costs what the Hungarian method finds."""
    for i, s in enumerate([shapes()[4], iris(), wine(standardised=True)]):
        create_rows(db, f"balanced_{i}", {"t": s.x})
        for k in (3, 7):
            got = labels_of(db, f"balanced_{i}", f"balanced_kmeans(t, {k}, n_init => 2)")
            n = len(s.x)
            sizes = np.bincount(got, minlength=k + 1)[1:]
            assert sizes.max() - sizes.min() <= 1 and sizes.sum() == n
            means = np.array([s.x[got == j].mean(axis=0) for j in range(1, k + 1)])
            cost = ((s.x[:, None] - means) ** 2).sum(axis=2)
            # n // k places a cluster, and one more in each, of which n % k are taken
            places = np.repeat(np.arange(k), n // k)
            extra = n % k
            big = np.hstack([cost[:, places], cost]) if extra else cost[:, places]
            if extra:  # rows without cost take the places that stay empty, of the additional ones only
                idle = np.hstack([np.full((k - extra, len(places)), 1e9), np.zeros((k - extra, k))])
                big = np.vstack([big, idle])
            rows, columns = linear_sum_assignment(big)
            best = big[rows, columns].sum()
            assert_close(f"{s.name}, k {k}", inertia(s.x, got), best, rtol=1e-9)


def test_balanced_order_and_offset(db):
    s = shapes()[2]
    create_rows(db, "near", {"t": s.x})
    create_rows(db, "far", {"t": s.x + 1e4})
    near = labels_of(db, "near", "balanced_kmeans(t, 3)")
    assert np.array_equal(near, labels_of(db, "near", "balanced_kmeans(t, 3)", "id % 7, id DESC"))
    far = labels_of(db, "far", "balanced_kmeans(t, 3)")
    assert_close("inertia", inertia(s.x, far), inertia(s.x, near), rtol=1e-6)


# ---- streams ----


def test_minibatch_on_digits(db):
    x = np.tile(PCA(10, random_state=0).fit_transform(digits().x), (4, 1))
    x = x + np.random.default_rng(0).normal(size=x.shape) * 0.5
    x = x[np.random.default_rng(1).permutation(len(x))]
    create_rows(db, "stream", {"t": x})
    best = KMeans(10, n_init=3, random_state=0).fit(x).inertia_
    got = labels_of(db, "stream", "minibatch_kmeans(t, 10)")
    assert inertia(x, got) < 1.05 * best
    assert np.array_equal(got, labels_of(db, "stream", "minibatch_kmeans(t, 10)", "id % 11, id"))
    with db.cursor() as c:
        c.execute("CREATE TEMP TABLE model AS SELECT minibatch_kmeans_fit(t, 10, 0 ORDER BY id) AS f FROM stream")
        c.execute("SELECT n_samples(f), iterations(f), (SELECT sum(size) FROM clusters(f)), inertia(f) FROM model")
        n, batches, sizes, seen = c.fetchone()
    assert (n, batches, sizes) == (len(x), 1 + -(-(len(x) - 4096) // 1024), len(x))
    centres = get(db, "(SELECT centroids(f) FROM model)")
    distances = ((x[:, None] - centres) ** 2).sum(axis=2)
    assert distances.min(axis=1).sum() < 1.05 * best
    assert abs(seen / distances.min(axis=1).sum() - 1) < 0.05


def test_minibatch_follows_sculley(db):
    """Batches after the first, replayed in NumPy."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(9000, 4)) + 4 * rng.integers(0, 3, size=(9000, 1))
    create_rows(db, "replay", {"t": x})
    with db.cursor() as c:
        c.execute("CREATE TEMP TABLE first AS SELECT minibatch_kmeans_fit(t, 5, 2 ORDER BY id) AS f FROM (SELECT * FROM replay ORDER BY id LIMIT 4096) q")
        c.execute("CREATE TEMP TABLE model AS SELECT minibatch_kmeans_fit(t, 5, 2 ORDER BY id) AS f FROM replay")
        c.execute("SELECT array_agg(size ORDER BY label) FROM first, clusters(f)")
        count = np.array(c.fetchone()[0], float)
    centre = get(db, "(SELECT centroids(f) FROM first)").copy()
    for start in range(4096, len(x), 1024):
        batch = x[start : start + 1024]
        nearest = ((batch[:, None] - centre) ** 2).sum(axis=2).argmin(axis=1)
        for row, j in zip(batch, nearest):
            count[j] += 1
            centre[j] += (row - centre[j]) / count[j]
    order = np.argsort(-count, kind="stable")
    assert_close("centroids", get(db, "(SELECT centroids(f) FROM model)"), centre[order], atol=1e-9)


# ---- constraints ----


def pairs_text(pairs):
    return "'{" + ",".join(f"{{{a},{b}}}" for a, b in pairs) + "}'"


def random_pairs(labels, n_pairs, seed):
    rng = np.random.default_rng(seed)
    pairs = [tuple(rng.choice(len(labels), 2, replace=False)) for _ in range(n_pairs)]
    return [p for p in pairs if labels[p[0]] == labels[p[1]]], [p for p in pairs if labels[p[0]] != labels[p[1]]]


def test_cop_on_iris(db):
    s = iris()
    create_rows(db, "iris_rows", {"t": s.x})
    with db.cursor() as c:
        c.execute("SELECT id FROM iris_rows ORDER BY id")
        ids = [r[0] for r in c.fetchall()]
    free = inertia(s.x, labels_of(db, "iris_rows", "cop_kmeans(t, id, 3)"))
    assert_close("without constraints", free, KMeans(3, n_init=10, random_state=0).fit(s.x).inertia_, rtol=1e-4)
    for seed, n_pairs in enumerate([20, 100, 400]):
        must, cannot = random_pairs(s.labels, n_pairs, seed)
        call = "cop_kmeans(t, id, 3, {}, {})".format(*(pairs_text([(ids[a], ids[b]) for a, b in p]) for p in (must, cannot)))
        got = labels_of(db, "iris_rows", call)
        assert all(got[a] == got[b] for a, b in must) and all(got[a] != got[b] for a, b in cannot)
        assert np.array_equal(got, labels_of(db, "iris_rows", call, "id % 13, id DESC"))
        # no worse than the classes, which satisfy everything
        assert inertia(s.x, got) <= inertia(s.x, s.labels) * (1 + 1e-9)
        assert inertia(s.x, got) >= free * (1 - 1e-9)


def test_cop_brute_force(db):
    rng = np.random.default_rng(11)
    for trial in range(6):
        n, k = 8, 3
        x = rng.normal(size=(n, 2)) * 3
        pairs = list(itertools.combinations(range(n), 2))
        chosen = [pairs[i] for i in rng.choice(len(pairs), 7, replace=False)]
        must, cannot = chosen[:2], chosen[2:]
        feasible = [
            np.array(p)
            for p in itertools.product(range(k), repeat=n)
            if all(p[a] == p[b] for a, b in must) and all(p[a] != p[b] for a, b in cannot) and len(set(p)) == k
        ]
        create_rows(db, f"cop_{trial}", {"t": x})
        with db.cursor() as c:
            c.execute(f"SELECT id FROM cop_{trial} ORDER BY id")
            ids = [r[0] for r in c.fetchall()]
        texts = (pairs_text([(ids[a], ids[b]) for a, b in p]) for p in (must, cannot))
        call = "cop_kmeans(t, id, 3, {}, {}, n_init => 50)".format(*texts)
        if not feasible:
            with raises(db, "22023"):
                labels_of(db, f"cop_{trial}", call)
            continue
        best = min(inertia(x, p) for p in feasible)
        got = labels_of(db, f"cop_{trial}", call)
        assert all(got[a] == got[b] for a, b in must) and all(got[a] != got[b] for a, b in cannot)
        assert inertia(x, got) <= 1.1 * best, (trial, inertia(x, got), best)


def test_cop_planted_contradictions(db):
    s = iris()
    create_rows(db, "planted", {"t": s.x})
    with db.cursor() as c:
        c.execute("SELECT id FROM planted ORDER BY id")
        ids = [r[0] for r in c.fetchall()]
    clique = pairs_text(itertools.combinations(ids[10:14], 2))
    with raises(db, "22023", "no assignment to 3 clusters"):
        labels_of(db, "planted", f"cop_kmeans(t, id, 3, '{{}}', {clique})")
    chain = pairs_text(zip(ids[20:30], ids[21:31]))
    with raises(db, "22023", "must be together and must be apart"):
        labels_of(db, "planted", f"cop_kmeans(t, id, 3, {chain}, {pairs_text([(ids[20], ids[30])])})")


def seeded_reference(x, given, k, keep):
    """Basu et al. 2002; every cluster has given rows."""
    centre = np.array([x[given == j].mean(axis=0) for j in range(1, k + 1)])
    before = None
    for _ in range(300):
        labels = ((x[:, None] - centre) ** 2).sum(axis=2).argmin(axis=1) + 1
        if keep:
            labels = np.where(given > 0, given, labels)
        if before is not None and np.array_equal(labels, before):
            break
        before = labels
        centre = np.array([x[labels == j].mean(axis=0) for j in range(1, k + 1)])
    return labels


def test_seeded(db):
    for i, s in enumerate([iris(), wine(standardised=True)]):
        rng = np.random.default_rng(i)
        given = np.where(rng.random(len(s.x)) < 0.15, s.labels + 1, 0)
        given[: 5] = rng.integers(1, s.k + 1, 5)  # some are wrong
        create_rows(db, f"seeded_{i}", {"t": s.x, "g": given})
        for keep in (False, True):
            call = f"seeded_kmeans(t, nullif(g::int, 0), 3, 0, {keep})"
            got = labels_of(db, f"seeded_{i}", call)
            want = seeded_reference(s.x, given, s.k, keep)
            assert (got == want).mean() > 0.99, (s.name, keep, (got == want).mean())
            assert np.array_equal(got, labels_of(db, f"seeded_{i}", call, "id % 5, id"))
            if keep:
                assert np.array_equal(got[given > 0], given[given > 0]) and np.array_equal(got, want)
