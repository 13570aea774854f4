"""gap_statistic against scikit-learn's k-means of the rows and of references drawn by NumPy."""

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from neuroenc_oracle import create_rows, raises
from shapes import shape

RNG = np.random.default_rng(2001)


def rows(db, table, options, order=""):
    with db.cursor() as cur:
        cur.execute(f"SELECT g.* FROM (SELECT points_agg(x{order}) AS p FROM {table} OFFSET 0) q, gap_statistic(q.p, {options}) g")
        return np.array(cur.fetchall(), dtype=float)


def log_inertia(x, k, n_init=3):
    with threadpool_limits(1):      # its threads would wait for one another on small tables
        return np.log(KMeans(k, n_init=n_init, random_state=0).fit(x).inertia_)


def check(db, table, x, k_max, chosen):
    create_rows(db, table, {"x": x})
    got = rows(db, table, k_max)
    x = x.astype(np.float64)
    ks = range(1, k_max + 1)
    assert got[:, 0].tolist() == list(ks)
    np.testing.assert_allclose(got[:, 1], [log_inertia(x, k, 20) for k in ks], atol=0.02, err_msg=table)
    axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2]
    turned = (x - x.mean(axis=0)) @ axes.T
    drawn = np.array([[log_inertia(RNG.uniform(turned.min(axis=0), turned.max(axis=0), turned.shape), k) for k in ks] for _ in range(7)])
    error = np.sqrt(drawn.var(axis=0) / 7 + got[:, 4] ** 2 / 11)
    assert (np.abs(got[:, 2] - drawn.mean(axis=0)) < 4.5 * error + 0.005).all(), (table, got[:, 2], drawn.mean(axis=0), error)
    np.testing.assert_allclose(got[:, 3], got[:, 2] - got[:, 1], atol=1e-12)
    rule = [k for k in ks[:-1] if got[k - 1, 3] >= got[k, 3] - got[k, 4]]
    assert got[:, 5].tolist() == [k == (rule[0] if rule else k_max) for k in ks]
    assert got[chosen - 1, 5] == 1, (table, got)


def test_known_numbers(db):
    check(db, "gap_blobs", shape("blobs").x, 6, 3)
    rng = np.random.default_rng(1)      # of the data alone, so that the references' draws change nothing here
    check(db, "gap_none", rng.standard_normal((300, 3)), 4, 1)
    centre = rng.standard_normal((4, 5)) * 6
    check(db, "gap_float4", (centre[rng.integers(4, size=240)] + rng.standard_normal((240, 5))).astype(np.float32), 6, 4)
    check(db, "gap_wide", np.repeat(rng.standard_normal((3, 80)) * 3, 12, axis=0) + rng.standard_normal((36, 80)), 5, 3)


def test_far_away(db):
    """Moving the rows moves nothing, scaling them only log_wk and expected."""
    x = np.round(shape("blobs").x[:200] * 64) / 64
    create_rows(db, "gap_far", {"x": x})
    near = rows(db, "gap_far", 4)
    with db.cursor() as cur:
        cur.execute("UPDATE gap_far SET x = (x + 1024) * 1e6")
    far = rows(db, "gap_far", 4)
    np.testing.assert_allclose(far[:, 3], near[:, 3], atol=1e-3)
    np.testing.assert_allclose(far[:, 1], near[:, 1] + 2 * np.log(1e6), atol=1e-3)


def test_any_order(db):
    create_rows(db, "gap_order", {"x": RNG.standard_normal((150, 3))})
    first = rows(db, "gap_order", "3, seed => 5", " ORDER BY id")
    assert rows(db, "gap_order", "3, seed => 5", " ORDER BY md5(id::text)").tobytes() == first.tobytes()
    with db.cursor() as cur:
        cur.execute("SET neuroenc.threads = 2")
        assert rows(db, "gap_order", "3, seed => 5").tobytes() == first.tobytes()
        cur.execute("RESET neuroenc.threads")
    assert (rows(db, "gap_order", "3, seed => 6")[:, 2] != first[:, 2]).all()


def test_errors(db):
    create_rows(db, "gap_errors", {"x": np.repeat(RNG.standard_normal((4, 2)), 3, axis=0)})
    assert len(rows(db, "gap_errors", 3)) == 3
    with raises(db, "22023", "k_max is 4, but only 4 of the rows are distinct"):
        rows(db, "gap_errors", 4)
    with raises(db, "22023", "n_reference must be from 1"):
        rows(db, "gap_errors", "2, n_reference => 0")
