"""pca() and project() against scikit-learn's PCA (full SVD in float64)."""

import numpy as np
from sklearn.decomposition import PCA

from neuroenc_oracle import assert_close, assert_equal, create_rows, get

RNG = np.random.default_rng(31)


def features(n, p, rank=None, dtype=float):
    """Random features of a decaying spectrum, distinct variances."""
    r = min(n, p) if rank is None else rank
    scale = np.exp(-np.arange(r) / (r / 3.0))
    return ((RNG.standard_normal((n, r)) * scale) @ np.linalg.qr(RNG.standard_normal((p, r)))[0].T + RNG.standard_normal(p)).astype(dtype)


def make(db, table, x, k, aggregate="gram_agg(x)"):
    """A table TABLE_pca with the pca of these rows."""
    create_rows(db, table, {"x": x, "fold": np.arange(len(x)) % 3})
    with db.cursor() as cur:
        cur.execute("CREATE TABLE %s_pca AS SELECT pca(%s, %d) AS p FROM %s" % (table, aggregate, k, table))


def accessor(db, table, name):
    return get(db, "(SELECT %s(p) FROM %s_pca)" % (name, table))


def align(components, reference):
    return components * np.sign((components * reference).sum(1))[:, None]


def check(db, table, x, k, tolerance=1e-9, aggregate="gram_agg(x)", scores_tolerance=None):
    make(db, table, x, k, aggregate)
    reference = PCA(k, svd_solver="full").fit(np.asarray(x, float))
    scale = reference.explained_variance_[0]
    assert_close(table + " mean", accessor(db, table, "mean"), reference.mean_, rtol=1e-7 if x.dtype == np.float32 else 1e-12, atol=1e-9)
    assert_close(table + " variance", accessor(db, table, "explained_variance"), reference.explained_variance_, rtol=0, atol=tolerance * scale)
    assert_close(table + " ratio", accessor(db, table, "explained_variance_ratio"), reference.explained_variance_ratio_, rtol=0, atol=tolerance)
    components = accessor(db, table, "components")
    assert components.dtype == np.float64
    assert_close(table + " components", align(components, reference.components_), reference.components_, rtol=0, atol=1e3 * tolerance)
    assert_close(table + " orthonormal", components @ components.T, np.eye(k), rtol=0, atol=1e-9)
    largest = np.abs(components).argmax(1)
    assert (components[np.arange(k), largest] > 0).all(), "sign"

    want = reference.transform(np.asarray(x, float)) * np.sign((components * reference.components_).sum(1))
    atol = (1e3 * tolerance if scores_tolerance is None else scores_tolerance) * np.sqrt(scale)
    got = get(db, "(SELECT stack(project(p, x) ORDER BY id) FROM %s, %s_pca)" % (table, table))
    assert got.dtype == (np.float64 if x.dtype == np.float64 else np.float32)
    assert_close(table + " scores", got, want, rtol=0, atol=atol)
    got = get(db, "(SELECT project(p, (SELECT stack(x ORDER BY id) FROM %s)) FROM %s_pca)" % (table, table))
    assert_close(table + " scores of a matrix", got, want, rtol=0, atol=atol)


def test_moments(db):
    check(db, "pca_tall", features(300, 20), 20)
    check(db, "pca_some", features(400, 50), 7)
    check(db, "pca_folds", features(400, 30), 9, aggregate="gram_agg(x, x, fold)")
    check(db, "pca_offset", features(500, 12) + 1e4, 12, tolerance=1e-7)
    check(db, "pca_float4", features(300, 20, dtype=np.float32), 20, tolerance=1e-5, scores_tolerance=1e-4)


def test_more_features_than_rows(db):
    check(db, "pca_wide", features(30, 200), 12)
    check(db, "pca_wide_all", features(25, 60), 24)
    check(db, "pca_wide_folds", features(40, 150), 10, aggregate="gram_agg(x, x, fold)")
    check(db, "pca_wide_offset", features(40, 150) + 1e4, 10, tolerance=1e-7)
    check(db, "pca_wide_two", features(2, 9), 1)


def test_same_from_merged_parts(db):
    x = features(200, 15)
    check(db, "pca_whole", x, 5)
    merged = get(db, "(SELECT components(pca(sum(g), 5)) FROM (SELECT gram_agg(x) AS g FROM pca_whole GROUP BY fold) AS s)")
    assert_close("merged", merged, accessor(db, "pca_whole", "components"), rtol=0, atol=1e-9)


def test_rank_deficient(db):
    for table, n, p in (("pca_low_rank", 100, 12), ("pca_low_rank_wide", 20, 50)):
        x = features(n, p, rank=5)
        make(db, table, x, 9)
        reference = PCA(9, svd_solver="full").fit(x)
        assert_close("variance", accessor(db, table, "explained_variance")[:5], reference.explained_variance_[:5], rtol=1e-9)
        assert_equal("variance past the rank", accessor(db, table, "explained_variance")[5:], np.zeros(4))
        components = accessor(db, table, "components")
        assert_close("components", align(components[:5], reference.components_[:5]), reference.components_[:5], rtol=0, atol=1e-8)
        assert_equal("components past the rank", components[5:], np.zeros((4, p)))


def test_constant_features(db):
    x = features(60, 8)
    x[:, 2] = 1e4
    make(db, "pca_constant", x, 8)
    assert_close("constant", accessor(db, "pca_constant", "components")[:7, 2], np.zeros(7), rtol=0, atol=1e-12)
    make(db, "pca_all_constant", np.full((5, 3), 7.0), 2)
    assert_equal("variance", accessor(db, "pca_all_constant", "explained_variance"), np.zeros(2))
    assert_equal("ratio", accessor(db, "pca_all_constant", "explained_variance_ratio"), np.zeros(2))
    assert_equal("scores", get(db, "(SELECT project(p, '[7,8,9]') FROM pca_all_constant_pca)"), np.zeros(2, np.float32))


def test_missing_values_stay_in_their_row(db):
    make(db, "pca_nan", features(50, 6), 3)
    got = get(db, "(SELECT project(p, '[[1,2,3,4,5,6],[1,2,NaN,4,5,6],[0,0,0,0,0,0]]') FROM pca_nan_pca)")
    assert np.isnan(got[1]).all() and np.isfinite(got[[0, 2]]).all(), got


def test_round_trips(db):
    make(db, "pca_trip", features(90, 40), 11)
    names = ("components", "mean", "explained_variance", "explained_variance_ratio")
    want = [accessor(db, "pca_trip", name) for name in names]
    with db.cursor() as cur:
        cur.execute("CREATE TABLE pca_trip_text_pca AS SELECT p::text::pca AS p FROM pca_trip_pca")
        cur.execute("SELECT bool_and(pca_send(a.p) = pca_send(b.p)) FROM pca_trip_pca AS a, pca_trip_text_pca AS b")
        assert cur.fetchone()[0]
    for name, value in zip(names, want):
        assert_equal(name, accessor(db, "pca_trip_text", name), value)
    import io
    with db.cursor() as cur:
        binary = io.BytesIO()
        cur.copy_expert("COPY pca_trip_pca TO STDOUT (FORMAT binary)", binary)
        cur.execute("CREATE TABLE pca_trip_binary_pca (p pca)")
        binary.seek(0)
        cur.copy_expert("COPY pca_trip_binary_pca FROM STDIN (FORMAT binary)", binary)
    for name, value in zip(names, want):
        assert_equal(name, accessor(db, "pca_trip_binary", name), value)
