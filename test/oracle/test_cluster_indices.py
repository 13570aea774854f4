"""silhouette, davies_bouldin, calinski_harabasz and inertia against scikit-learn."""

import numpy as np
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine

from neuroenc_oracle import create_rows, raises

RNG = np.random.default_rng(47)


def value(db, expression, table):
    with db.cursor() as cur:
        cur.execute(f"SELECT {expression} FROM {table}")
        return cur.fetchone()[0]


def inertia(x, label):
    return sum(((x[label == c] - x[label == c].mean(axis=0)) ** 2).sum() for c in np.unique(label))


def davies_bouldin(x, label):
    """scikit-learn's, but where a row is alone: its distance to its own mean is 0, and not the root of what rounding leaves."""
    if np.unique(label, return_counts=True)[1].min() > 1:
        return metrics.davies_bouldin_score(x, label)
    means = np.array([x[label == c].mean(axis=0) for c in np.unique(label)])
    inside = np.array([np.linalg.norm(x[label == c] - m, axis=1).mean() for c, m in zip(np.unique(label), means)])
    apart = np.linalg.norm(means[:, None] - means[None], axis=2) + np.diag(np.full(len(means), np.inf))
    return ((inside[:, None] + inside) / apart).max(axis=1).mean()


def check(db, table, x, label):
    """All indices of float8 rows, as aggregates and over points, to 1e-9."""
    create_rows(db, table, {"x": x, "label": label})
    x = x.astype(np.float64)
    want = {
        "silhouette": metrics.silhouette_score(x, label),
        "davies_bouldin": davies_bouldin(x, label),
        "calinski_harabasz": metrics.calinski_harabasz_score(x, label),
        "inertia": inertia(x, label),
    }
    for name, expected in want.items():
        for expression in (f"{name}(x, label)", f"{name}(x, 'c' || label)", f"{name}(points_agg(x, label))"):
            np.testing.assert_allclose(value(db, expression, table), expected, rtol=1e-9, atol=1e-9, err_msg=f"{table} {expression}")
    for metric in ("sqeuclidean", "cosine"):
        if metric == "cosine" and (x == 0).all(axis=1).any():
            continue
        expected = metrics.silhouette_score(x, label, metric=metric)
        for expression in (f"silhouette(x, label, '{metric}')", f"silhouette(points_agg(x, label), '{metric}')"):
            np.testing.assert_allclose(value(db, expression, table), expected, rtol=1e-9, atol=1e-9, err_msg=f"{table} {expression}")
    with db.cursor() as cur:
        cur.execute(f"SELECT silhouette_row(x, label) OVER (), silhouette_row(x, 'c' || label, 'sqeuclidean') OVER () FROM {table} ORDER BY id")
        got = np.array(cur.fetchall(), dtype=float)
    np.testing.assert_allclose(got[:, 0], metrics.silhouette_samples(x, label), rtol=1e-8, atol=1e-8, err_msg=table)
    np.testing.assert_allclose(got[:, 1], metrics.silhouette_samples(x, label, metric="sqeuclidean"), rtol=1e-8, atol=1e-8, err_msg=table)


def test_data_sets(db):
    for name, loaded in (("digits", load_digits()), ("wine", load_wine()), ("iris", load_iris())):
        check(db, f"ci_{name}_truth", loaded.data, loaded.target)
        check(db, f"ci_{name}_kmeans", loaded.data, KMeans(7, n_init=1, random_state=0).fit_predict(loaded.data))


def test_shapes_of_clusters(db):
    x = RNG.standard_normal((700, 9))
    check(db, "ci_random", x, RNG.integers(4, size=700))
    check(db, "ci_singletons", x[:300], np.r_[np.arange(200), RNG.integers(200, 205, size=100)])
    check(db, "ci_pairs", x[:300], np.arange(300) // 2)
    check(db, "ci_unequal", x, np.where(np.arange(700) < 690, 0, np.arange(700)))
    check(db, "ci_one_dimension", x[:, :1], RNG.integers(3, size=700))
    check(db, "ci_wide", RNG.standard_normal((60, 3000)), RNG.integers(3, size=60))
    check(db, "ci_boundaries", x[:512], np.arange(512) // 256)
    check(db, "ci_float4", x.astype(np.float32), RNG.integers(6, size=700))


def test_offset_and_scale(db):
    """Far from the origin, and where squares would overflow or vanish."""
    x = np.round(RNG.standard_normal((400, 5)) * 1024) / 1024 + 3 * RNG.integers(3, size=400)[:, None]
    label = RNG.integers(3, size=400)
    check(db, "ci_near", x, label)
    create_rows(db, "ci_moved", {"x": x + 2.0**20, "huge": x * 2.0**1000, "tiny": x * 2.0**-1000, "label": label})
    for name in ("silhouette", "davies_bouldin", "calinski_harabasz"):
        expected = value(db, f"{name}(x, label)", "ci_near")
        for column in ("x", "huge", "tiny"):
            np.testing.assert_allclose(value(db, f"{name}({column}, label)", "ci_moved"), expected, rtol=1e-10, err_msg=f"{name} {column}")


def test_near_rows(db):
    """Tight pairs far apart: by differences, which scikit-learn's expansion of the square can't see."""
    centre = RNG.standard_normal((50, 4)) * 1000
    x = np.repeat(centre, 6, axis=0) + 1e-3 * RNG.standard_normal((300, 4))
    label = np.arange(300) // 3                     # two clusters a place
    create_rows(db, "ci_tight", {"x": x, "label": label})
    distance = np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))
    sums = distance @ (label[:, None] == np.arange(100))
    own = sums[np.arange(300), label] / 2
    sums[np.arange(300), label] = np.inf
    other = (sums / 3).min(axis=1)
    expected = ((other - own) / np.maximum(own, other)).mean()
    np.testing.assert_allclose(value(db, "silhouette(x, label)", "ci_tight"), expected, rtol=1e-8)


def test_equal_rows(db):
    x = np.repeat(RNG.standard_normal((30, 3)), 4, axis=0)
    create_rows(db, "ci_equal", {"x": x, "whole": np.arange(120) // 4, "split": np.arange(120) % 4})
    assert value(db, "silhouette(x, whole)", "ci_equal") == 1
    assert value(db, "calinski_harabasz(x, whole)", "ci_equal") == 1
    assert value(db, "davies_bouldin(x, whole)", "ci_equal") == 0
    assert value(db, "inertia(x, whole)", "ci_equal") < 1e-28
    np.testing.assert_allclose(value(db, "inertia(x, split)", "ci_equal"), inertia(x, np.arange(120) % 4), rtol=1e-12)


def test_any_order_and_plan(db):
    x, label = load_wine(return_X_y=True)
    create_rows(db, "ci_order", {"x": x, "label": label})
    with db.cursor() as cur:
        for name in ("silhouette", "davies_bouldin", "calinski_harabasz", "inertia"):
            cur.execute(f"""SELECT array_agg(DISTINCT v) FROM (
                SELECT {name}(x, label ORDER BY id) FROM ci_order UNION ALL SELECT {name}(x, label ORDER BY id DESC) FROM ci_order
                UNION ALL SELECT {name}(x, label ORDER BY md5(id::text)) FROM ci_order
                UNION ALL SELECT {name}(sum(p)) FROM (SELECT points_agg(x, label) AS p FROM ci_order GROUP BY id % 7) q) q (v)""")
            assert len(cur.fetchone()[0]) == 1, name
        cur.execute("SELECT abs(avg(v) - min(s)) < 1e-12 FROM (SELECT silhouette_row(x, label) OVER () AS v FROM ci_order) a, "
                    "(SELECT silhouette(x, label) AS s FROM ci_order) b")
        assert cur.fetchone()[0]


def test_errors(db):
    create_rows(db, "ci_errors", {"x": np.arange(8.0).reshape(4, 2), "label": np.zeros(4, int)})
    with db.cursor() as cur:
        for name in ("silhouette", "davies_bouldin", "calinski_harabasz"):
            with raises(db, "22000", "needs 2 clusters or more"):
                cur.execute(f"SELECT {name}(x, label) FROM ci_errors")
            with raises(db, "22000", "needs a cluster of 2 rows or more"):
                cur.execute(f"SELECT {name}(x, id) FROM ci_errors")
