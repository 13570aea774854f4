"""rdm: entries, subsets, means, transforms, classical MDS and geometry against NumPy and SciPy."""

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from neuroenc_oracle import assert_close, assert_equal, get, put

LABELS = [str(i) for i in range(-20, 20)] + ["face", "Face", "house", "é", "日本", "", " ", "a b", '"', "\\", "x" * 300, "007"]


def label_order(label):
    """Whole numbers as bigint prints them by value, then bytes."""
    try:
        if str(int(label)) == label:
            return (0, int(label), b"")
    except ValueError:
        pass
    return (1, 0, label.encode())


def make(db, name, labels, square, metric="unknown"):
    """A one-row temporary table 'name' with the rdm r."""
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE IF NOT EXISTS %s (i int, r rdm)" % name)
        cur.execute("INSERT INTO %s SELECT count(*), rdm_from_matrix(%%s, from_npy(%%s), %%s) FROM %s" % (name, name),
                    [list(labels), put(square), metric])


def random_rdm(rng, n, missing=0.0, ties=False, negative=False):
    d = rng.integers(1, 6, n * (n - 1) // 2).astype(float) if ties else rng.gamma(2, size=n * (n - 1) // 2)
    if negative:
        d -= 2
    d[rng.random(d.size) < missing] = np.nan
    return squareform(d, checks=False)[:n, :n]


def sorted_rdm(labels, square):
    order = sorted(range(len(labels)), key=lambda i: label_order(labels[i]))
    return [labels[i] for i in order], square[np.ix_(order, order)]


def condensed(square):
    return square[np.triu_indices(len(square), 1)]


def matrix(db, expression, args=()):
    return get(db, "rdm_matrix(%s)" % expression, args)


def test_labels_and_entries(db):
    rng = np.random.default_rng(1)
    for draw, n in enumerate([0, 1, 2, 3, 7, 30, 50]):
        labels = list(rng.permutation(LABELS)[:n]) if n else []
        labels = [str(x) for x in labels]
        square = random_rdm(rng, n, missing=0.2)
        table = "entries_%d" % draw
        make(db, table, labels, square)
        want_labels, want = sorted_rdm(labels, square)
        with db.cursor() as cur:
            cur.execute("SELECT labels(r) FROM %s" % table)
            assert_equal("labels", cur.fetchone()[0], want_labels)
            cur.execute("SELECT e.* FROM %s, rdm_entries(r) AS e" % table)
            rows = cur.fetchall()
        first, second = np.triu_indices(n, 1)
        assert_equal("pairs", [(a, b) for a, b, _ in rows], [(want_labels[i], want_labels[j]) for i, j in zip(first, second)])
        assert_close("distances", np.array([np.nan if d is None else d for _, _, d in rows], dtype=float), condensed(want), 0, 0)
        assert_close("matrix", matrix(db, "(SELECT r FROM %s)" % table), want, 0, 0)
        if n >= 2:
            chosen = [str(x) for x in rng.permutation(labels)[: n // 2 + 1]]
            _, part = sorted_rdm(chosen, square[np.ix_([labels.index(c) for c in chosen], [labels.index(c) for c in chosen])])
            assert_close("subset", matrix(db, "rdm_subset((SELECT r FROM " + table + "), %s::text[])", [chosen]), part, 0, 0)


def mean_of(rdms):
    """Union of labels, nanmean and count by pair."""
    union = sorted({label for labels, _ in rdms for label in labels}, key=label_order)
    stack = np.full((len(rdms), len(union), len(union)), np.nan)
    for k, (labels, square) in enumerate(rdms):
        at = [union.index(label) for label in labels]
        stack[k][np.ix_(at, at)] = square
    count = np.sum(~np.isnan(stack), axis=0)
    total = np.nansum(stack, axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    np.fill_diagonal(mean, 0)
    np.fill_diagonal(count, 0)
    return union, mean, count


def test_avg(db):
    rng = np.random.default_rng(2)
    for draw in range(12):
        rdms = []
        table = "avg_%d" % draw
        same = draw % 3 == 0
        for k in range(int(rng.integers(1, 15))):
            labels = LABELS[:20] if same else [str(x) for x in rng.permutation(LABELS)[: int(rng.integers(0, 30))]]
            square = random_rdm(rng, len(labels), missing=0.3, negative=True)
            rdms.append((labels, square))
            make(db, table, labels, square)
        labels, mean, count = mean_of(rdms)
        with db.cursor() as cur:
            cur.execute("SELECT labels(avg(r)) FROM %s" % table)
            assert_equal("labels", cur.fetchone()[0], labels)
        assert_close("mean", matrix(db, "(SELECT avg(r) FROM %s)" % table), mean, 1e-14, 1e-15)
        assert_close("count", get(db, "rdm_counts((SELECT avg(r) FROM %s))" % table), count.astype(float), 0, 0)


def test_avg_of_partial_states(db):
    """A parallel plan, of RDMs whose conditions differ, gives what NumPy gives."""
    rng = np.random.default_rng(3)
    rdms = []
    with db.cursor() as cur:
        cur.execute("CREATE TABLE avg_rows (i int, r rdm) WITH (parallel_workers = 2)")
        for k in range(60):
            labels = [str(x) for x in rng.permutation(LABELS)[: int(rng.integers(20, 40))]]
            square = random_rdm(rng, len(labels), missing=0.1)
            rdms.append((labels, square))
            cur.execute("INSERT INTO avg_rows SELECT %s, rdm_from_matrix(%s, from_npy(%s), 'cosine')", [k, labels, put(square)])
        cur.execute("SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
        cur.execute("EXPLAIN SELECT avg(r) FROM avg_rows")
        assert any("Partial Aggregate" in line for line, in cur.fetchall())
        cur.execute("CREATE TEMP TABLE answer AS SELECT avg(r) AS m FROM avg_rows")
    _, mean, count = mean_of(rdms)
    assert_close("mean", matrix(db, "(SELECT m FROM answer)"), mean, 1e-14, 1e-15)
    assert_close("count", get(db, "rdm_counts((SELECT m FROM answer))"), count.astype(float), 0, 0)


SCALES = {
    "unit": lambda d: d / np.linalg.norm(d),
    "max": lambda d: d / d.max(),
    "minmax": lambda d: (d - d.min()) / (d.max() - d.min()),
    "zscore": lambda d: (d - d.mean()) / d.std(),
    "sqrt": lambda d: np.sqrt(np.maximum(d, 0)),
    "positive": lambda d: np.maximum(d, 0),
}


def of_present(function, d):
    out = np.full(d.shape, np.nan)
    out[~np.isnan(d)] = function(d[~np.isnan(d)])
    return out


def geotopological(d, lower, upper):
    low, high = np.quantile(d, [lower, upper])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(d <= low, 0, np.where(d >= high, 1, (d - low) / (high - low)))


def test_transforms(db):
    rng = np.random.default_rng(4)
    for draw in range(16):
        n = int(rng.integers(3, 40))
        square = random_rdm(rng, n, missing=0.2 * (draw % 2), ties=draw % 4 < 2, negative=draw % 8 >= 4)
        table = "transform_%d" % draw
        make(db, table, LABELS[:n], square)
        want = condensed(square)
        rdm = "(SELECT r FROM %s)" % table
        assert_close("rank", condensed(matrix(db, "rdm_rank(%s)" % rdm)), of_present(rankdata, want), 0, 0)
        for method, function in SCALES.items():
            if method == "max" and np.nanmax(want) <= 0:
                continue
            got = condensed(matrix(db, "rdm_scale(%s, '%s')" % (rdm, method)))
            assert_close(method, got, of_present(function, want), 1e-12, 1e-13)
        for lower, upper in [(0, 1), (0.1, 0.9), (0.25, 0.3), (0.5, 0.5), (0, 0), (1, 1), (0.333, 0.777)]:
            got = condensed(matrix(db, "rdm_geotopological(%s, %g, %g)" % (rdm, lower, upper)))
            assert_close("geotopological %g %g" % (lower, upper), got, of_present(lambda d: geotopological(d, lower, upper), want), 1e-9, 1e-10)


def centred(squared):
    n = len(squared)
    j = np.eye(n) - 1.0 / n
    return -0.5 * j @ squared @ j


def classical_mds(squared, k):
    values, vectors = np.linalg.eigh(centred(squared))
    values, vectors = values[::-1], vectors[:, ::-1]
    out = vectors[:, :k] * np.sqrt(np.maximum(values[:k], 0))
    for j in range(k):
        at = np.flatnonzero(np.abs(out[:, j]) >= np.abs(out[:, j]).max() * (1 - 1e-6))[0]
        out[:, j] *= -1 if out[at, j] < 0 else 1
    return out, values


def coordinates(db, table, k):
    with db.cursor() as cur:
        cur.execute("SELECT label, (coordinates)::float8[] FROM %s, mds(r, %d)" % (table, k))
        rows = cur.fetchall()
    return [label for label, _ in rows], np.array([c for _, c in rows])


SQUARED = {"sqeuclidean", "crossnobis", "correlation", "cosine", "poisson"}


def test_mds(db):
    rng = np.random.default_rng(5)
    number = 0
    for metric in ["euclidean", "mahalanobis", "unknown", "cityblock", "transformed", "sqeuclidean", "crossnobis", "correlation", "cosine", "poisson"]:
        for n, k in [(2, 1), (3, 2), (6, 5), (25, 2), (40, 7)]:
            labels, square = sorted_rdm(LABELS[:n], random_rdm(rng, n, negative=metric == "crossnobis"))
            table = "mds_%d" % number
            number += 1
            make(db, table, labels, square, metric)
            want, values = classical_mds(square if metric in SQUARED else square ** 2, k)
            got_labels, got = coordinates(db, table, k)
            assert_equal("labels", got_labels, labels)
            assert_close("coordinates", got, want, 1e-7, 1e-7 * np.abs(want).max())
            assert_close("eigenvalues", get(db, "mds_eigenvalues((SELECT r FROM %s))" % table), values, 1e-10, 1e-12 * np.abs(values).max())


def test_mds_gives_back_points(db):
    """Distances of points in 3 dimensions are those of their map, exactly, and a fourth dimension is 0."""
    rng = np.random.default_rng(6)
    points = rng.normal(size=(48, 3)) * [3, 2, 1]
    make(db, "points", LABELS[:48], squareform(pdist(points)), "euclidean")
    _, got = coordinates(db, "points", 4)
    order = sorted(range(48), key=lambda i: label_order(LABELS[i]))
    assert_close("distances", pdist(got[:, :3]), pdist(points[order]), 1e-10, 1e-10)
    assert_close("fourth", got[:, 3], np.zeros(48), 0, 0)


def effective_rank(weights):
    p = weights / weights.sum()
    p = p[p > 0]
    return np.exp(-np.sum(p * np.log(p)))


def geometry_of(db, table, of):
    with db.cursor() as cur:
        cur.execute("SELECT g.* FROM %s, geometry(r, of => %%s) AS g" % table, [of])
        return cur.fetchone()


def test_geometry(db):
    rng = np.random.default_rng(7)
    for draw in range(8):
        n, p = [(10, 4), (30, 100), (48, 6), (20, 19)][draw % 4]
        x = rng.normal(size=(n, p)) * rng.gamma(1, size=p) + rng.normal(size=p)
        squared = draw < 4
        d = squareform(pdist(x, "sqeuclidean" if squared else "euclidean"))
        table = "geometry_%d" % draw
        make(db, table, LABELS[:n], d, "sqeuclidean" if squared else "euclidean")
        singular = np.linalg.svd(x - x.mean(0), compute_uv=False)
        singular = singular[singular > singular[0] * 1e-10]
        for of, weights in [("singular_values", singular), ("eigenvalues", singular ** 2)]:
            n_conditions, mean, dimensions, rank, ratio, negative = geometry_of(db, table, of)
            assert_equal("counts", (n_conditions, dimensions), (n, min(p, n - 1)))
            assert_close("geometry", np.array([mean, rank, ratio, negative]),
                         np.array([condensed(d).mean(), effective_rank(weights), np.sum(singular ** 2) ** 2 / np.sum(singular ** 4), 0.0]), 1e-6, 1e-12)


def test_geometry_not_euclidean(db):
    rng = np.random.default_rng(8)
    for draw in range(6):
        n = 25
        d = random_rdm(rng, n, negative=draw % 2 == 0)
        make(db, "crossed_%d" % draw, LABELS[:n], d, "crossnobis")
        values = np.linalg.eigvalsh(centred(d))
        values[np.abs(values) < 1e-12 * np.abs(values).max()] = 0
        positive = np.maximum(values, 0)
        _, _, dimensions, rank, ratio, negative = geometry_of(db, "crossed_%d" % draw, "eigenvalues")
        assert_close("geometry", np.array([dimensions, rank, ratio, negative]),
                     np.array([np.sum(positive > 0), effective_rank(positive), positive.sum() ** 2 / np.sum(positive ** 2),
                               -values[values < 0].sum() / np.abs(values).sum()]), 1e-9, 1e-12)


def test_mds_of_many(db):
    """From 512 conditions on few coordinates come from a Krylov space: signal, noise, an eigenvalue met twice, only one eigenvalue."""
    rng = np.random.default_rng(9)
    n = 600
    circle = 2 * np.pi * np.arange(n) / n
    sets = {
        "signal": pdist(rng.normal(size=(n, 30)) * 0.8 ** np.arange(30), "sqeuclidean"),
        "noise": rng.gamma(2, size=n * (n - 1) // 2),
        "twice": pdist(np.column_stack([np.cos(circle), np.sin(circle), 0.3 * rng.normal(size=n)]), "sqeuclidean"),
        "simplex": np.ones(n * (n - 1) // 2),
        "points": pdist(rng.integers(0, 3, (n, 2)).astype(float), "sqeuclidean"),
        "zero": np.zeros(n * (n - 1) // 2),
    }
    for name, d in sets.items():
        labels, square = sorted_rdm([str(i) for i in range(n)], squareform(d))
        make(db, "many_" + name, labels, square, "sqeuclidean")
        for k in (1, 2, 5):
            want, values = classical_mds(square, k)
            _, got = coordinates(db, "many_" + name, k)
            # what the map says, whatever basis an eigenvalue that is met several times has
            assert_close("%s: lengths" % name, np.sum(got ** 2, axis=0), np.maximum(values[:k], 0), 1e-9, 1e-9 * values[0] + 1e-12)
            gram = got.T @ got
            assert_close("%s: orthogonal" % name, gram - np.diag(np.diag(gram)), np.zeros((k, k)), 0, 1e-9 * values[0] + 1e-12)
            b = centred(square)
            assert_close("%s: eigenvectors" % name, b @ got, got * np.maximum(values[:k], 0), 1e-6, 1e-8 * values[0] ** 1.5 + 1e-12)
            if name in ("signal", "noise"):
                assert_close("%s: coordinates" % name, got, want, 1e-6, 1e-6 * np.abs(want).max())
