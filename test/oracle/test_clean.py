"""detrend, highpass, zscore_columns and clean against SciPy, least squares on NumPy's Legendre polynomials and SPM's cosines."""

import time

import numpy as np
from numpy.polynomial import legendre
from scipy import signal

from neuroenc_oracle import assert_close, create_rows, get, load, data, raises

RNG = np.random.default_rng(31)


def cosines(n, k):
    """SPM's spm_dctmtx(n, k): the first k functions of the discrete cosine transform, orthonormal."""
    t = np.arange(n)
    C = np.sqrt(2 / n) * np.cos(np.pi * np.outer(2 * t + 1, np.arange(k)) / (2 * n))
    C[:, 0] = 1 / np.sqrt(n)
    return C


def n_cosines(n, cutoff, tr):
    """SPM's count, the constant among them (spm_filter)."""
    return min(n, int(np.fix(2 * (n * tr) / cutoff + 1)))


def polynomials(n, degree):
    return legendre.legvander(np.linspace(-1, 1, n) if n > 1 else np.zeros(1), degree)


def residual(x, basis):
    """What least squares on the basis leaves, column by column on the rows that the column has."""
    out = np.full(x.shape, np.nan)
    whole = ~np.isnan(x).any(axis=0)
    groups = [(np.ones(len(x), bool), np.flatnonzero(whole))] + [(~np.isnan(x[:, c]), [c]) for c in np.flatnonzero(~whole)]
    for rows, columns in groups:
        if rows.any():
            B, at = basis[rows], np.ix_(rows, columns)
            y = x[at] - x[at].mean(axis=0)
            out[at] = y - B @ np.linalg.lstsq(B, y, rcond=None)[0]
    return out


def standardized(x):
    """Columns over their standard deviation (ddof 0) where they are not NaN."""
    valid = ~np.isnan(x)
    with np.errstate(invalid="ignore"):
        return x / np.sqrt(np.nansum(x**2, axis=0) / np.maximum(valid.sum(axis=0), 1))


def expected(x, degree=0, cutoff=np.inf, tr=1.0, standardize=False):
    n = len(x)
    basis = np.hstack([cosines(n, n_cosines(n, cutoff, tr)), polynomials(n, degree)[:, 1:]])
    out = residual(x.astype(float), basis)
    return standardized(out) if standardize else out


def run(db, table, call, window="PARTITION BY run ORDER BY id"):
    return get(db, "(SELECT stack(f ORDER BY id) FROM (SELECT id, %s OVER (%s) AS f FROM %s) AS s)" % (call, window, table))


def by_run(x, run, function):
    out = np.empty(x.shape)
    for r in np.unique(run):
        out[run == r] = function(x[run == r])
    return out


def signals(n, v, dtype=np.float64):
    """Noise, a drift, a mean far from 0."""
    t = np.linspace(0, 1, n)[:, None]
    drift = t * RNG.standard_normal(v) + np.sin(2 * t * RNG.uniform(0, 3, v))
    return (RNG.standard_normal((n, v)) + 5 * drift + 1000 * RNG.standard_normal(v)).astype(dtype)


def test_detrend_is_scipys(db):
    run_of = np.repeat([2, 1], [60, 143])
    x = signals(len(run_of), 7)
    create_rows(db, "detrend_scipy", {"x": x, "run": run_of})
    for degree, kind in ((0, "constant"), (1, "linear")):
        want = by_run(x, run_of, lambda y: signal.detrend(y, axis=0, type=kind))
        assert_close(kind, run(db, "detrend_scipy", "detrend(x, %d)" % degree), want, 1e-10, 1e-10)


def test_detrend_degrees(db):
    run_of = np.repeat([2, 1], [60, 143])
    x = signals(len(run_of), 7)
    create_rows(db, "detrend_degrees", {"x": x, "run": run_of})
    for degree in (2, 3, 5, 10):
        want = by_run(x, run_of, lambda y: expected(y, degree))
        assert_close("degree %d" % degree, run(db, "detrend_degrees", "detrend(x, %d)" % degree), want, 1e-9, 1e-9)


def test_high_degrees_stay_orthonormal(db):
    """Degree 59 of 80 rows: Legendre's polynomials at the points are dependent, so the reference is their QR by Arnoldi in long double."""
    n, degree = 80, 59
    x = RNG.standard_normal((n, 3))
    t = np.linspace(-1, 1, n, dtype=np.longdouble)
    Q = [np.ones(n, dtype=np.longdouble) / np.sqrt(np.longdouble(n))]
    for _ in range(degree):
        v = t * Q[-1]
        for _ in range(3):
            for q in Q:
                v = v - q * (q @ v)
        Q.append(v / np.sqrt(v @ v))
    Q = np.array(Q)
    want = (x - Q.T @ (Q @ x)).astype(float)
    create_rows(db, "detrend_high", {"x": x})
    assert_close("degree 59", run(db, "detrend_high", "detrend(x, 59)", "ORDER BY id"), want, 1e-7, 1e-9)


def test_highpass(db):
    run_of = np.repeat([2, 1], [60, 143])
    x = signals(len(run_of), 7)
    create_rows(db, "highpass", {"x": x, "run": run_of})
    for cutoff, tr in ((128, 2), (64, 1.5), (20, 0.8), (1e9, 2), (9, 2), (4.1, 2)):
        want = by_run(x, run_of, lambda y: expected(y, 0, cutoff, tr))
        assert_close("cutoff %g, tr %g" % (cutoff, tr), run(db, "highpass", "highpass(x, %g, %g)" % (cutoff, tr)), want, 1e-9, 1e-9)


def test_highpass_takes_out_the_shared_cosines(db):
    """The cosines of nipy and SPM are taken out whole, those beyond the cutoff stay as they are."""
    C = load("hrf", "dct_100.txt", delimiter=None)
    create_rows(db, "highpass_dct", {"x": C})
    for cutoff, k in ((100, 3), (20, 11), (7, 29)):
        want = np.where(np.arange(100) < k, 0, C)
        assert n_cosines(100, cutoff, 1) == k
        assert_close("dct_100, %d" % k, run(db, "highpass_dct", "highpass(x, %d, 1)" % cutoff, "ORDER BY id"), want, 0, 1e-6)
    with np.load(data("hrf", "spm_dmtx.npz"), allow_pickle=False) as designs:
        drifts = designs["cosbf_dt_1_nt_20_hcut_0p1"]
    create_rows(db, "highpass_spm", {"x": drifts})
    assert_close("cosbf_dt_1_nt_20_hcut_0p1", run(db, "highpass_spm", "highpass(x, 10, 1)", "ORDER BY id"), 0 * drifts, 0, 1e-7)


def test_zscore(db):
    run_of = np.repeat([2, 1], [60, 143])
    x = signals(len(run_of), 7)
    x[:, 3] = 0.1
    create_rows(db, "zscore_rows", {"x": x, "run": run_of})
    with np.errstate(invalid="ignore"):
        want = by_run(x, run_of, lambda y: np.nan_to_num((y - y.mean(axis=0)) / np.where(np.ptp(y, axis=0) == 0, np.inf, y.std(axis=0))))
    assert_close("zscore_columns", run(db, "zscore_rows", "zscore_columns(x)"), want, 1e-10, 1e-12)


def test_clean_is_joint(db):
    run_of = np.repeat([2, 1], [60, 243])
    x = signals(len(run_of), 7)
    create_rows(db, "clean", {"x": x, "run": run_of})
    for degree, cutoff, tr, standardize in ((1, 128, 2, True), (3, 100, 1.5, True), (2, 60, 2, False), (4, 40, 2, True), (0, np.inf, 1, True)):
        want = by_run(x, run_of, lambda y: expected(y, degree, cutoff, tr, standardize))
        got = run(db, "clean", "clean(x, %d, '%s', %g, %s)" % (degree, cutoff, tr, standardize))
        assert_close("clean %s" % ((degree, cutoff, tr, standardize),), got, want, 1e-8, 1e-8)
    np.testing.assert_array_equal(run(db, "clean", "clean(x, degree => 1, cutoff_s => 128, tr => 2)"), run(db, "clean", "clean(x, 1, 128, 2, true)"))


def test_element_types(db):
    x = signals(150, 9)
    for name, dtype, tolerance in (("f4", np.float32, 2e-6), ("f2", np.float16, 2e-3)):
        rows = (x - x.mean(axis=0)).astype(dtype)
        create_rows(db, "clean_" + name, {"x": rows})
        got = run(db, "clean_" + name, "clean(x, 2, 60, 2)", "ORDER BY id")
        assert got.dtype == dtype, got.dtype
        assert_close(name, got, expected(rows, 2, 60, 2, True), tolerance, tolerance)


def test_missing_values(db):
    """Each column on the rows that it has; a NaN never reaches another column."""
    n = 120
    x = signals(n, 10)
    clean = x.copy()
    x[:, 1] = np.nan
    x[3:7, 2] = np.nan
    x[3:7, 5] = np.nan
    x[50:80, 3] = np.nan
    x[1:, 4] = np.nan
    x[RNG.random(n) < 0.2, 6] = np.nan
    x[17, 8] = np.inf
    create_rows(db, "missing", {"x": x})
    for arguments in ((0, np.inf, 1, True), (2, np.inf, 1, False), (0, 40, 1, False), (3, 40, 1, True)):
        want = expected(np.where(np.isinf(x), 0, x), *arguments)
        want[:, 8] = np.nan
        want[0, 4] = 0
        got = run(db, "missing", "clean(x, %d, '%s', %g, %s)" % arguments, "ORDER BY id")
        assert_close("missing %s" % (arguments,), got, want, 1e-8, 1e-8)
        whole = [0, 7, 9]
        assert_close("the others", got[:, whole], expected(clean, *arguments)[:, whole], 1e-8, 1e-8)


def test_null_rows(db):
    """A NULL row is a time point without values: NULL comes out, the others are fitted at their own times."""
    x = signals(90, 4)
    create_rows(db, "null_rows", {"x": x})
    rows = np.ones(90, bool)
    rows[[0, 10, 11, 12, 60]] = False
    holes = x.copy()
    holes[~rows] = np.nan
    with db.cursor() as cur:
        cur.execute("UPDATE null_rows SET x = NULL WHERE id = ANY(%s)", [[int(i) + 1 for i in np.flatnonzero(~rows)]])
        cur.execute("SELECT array_agg(id ORDER BY id) FROM (SELECT id, clean(x, 2, 30, 1) OVER (ORDER BY id) AS f FROM null_rows) AS s WHERE f IS NULL")
        assert cur.fetchone()[0] == [1, 11, 12, 13, 61]
    got = get(db, "(SELECT stack(f ORDER BY id) FROM (SELECT id, clean(x, 2, 30, 1) OVER (ORDER BY id) AS f FROM null_rows) AS s WHERE f IS NOT NULL)")
    assert_close("NULL rows", got, expected(holes, 2, 30, 1, True)[rows], 1e-8, 1e-8)


def test_extreme_scales(db):
    """A mean of 1e4 moves nothing by 1e-5; columns of 1e200 and 1e-200 are like any other."""
    x = RNG.standard_normal((100, 3))
    want = expected(x, 2, 30, 1, True)
    create_rows(db, "scales", {"x": np.hstack([x, x + 1e4, x * 1e200, x * 1e-200, x * 1e-310])})
    got = run(db, "scales", "clean(x, 2, 30, 1)", "ORDER BY id")
    assert_close("plain", got[:, :3], want, 1e-9, 1e-9)
    assert_close("mean 1e4", got[:, 3:6], want, 0, 1e-9)
    assert_close("1e200", got[:, 6:9], want, 1e-9, 1e-9)
    assert_close("1e-200", got[:, 9:12], want, 1e-9, 1e-9)
    assert_close("subnormal", got[:, 12:], want, 0, 1e-9)
    got = run(db, "scales", "detrend(x, 1)", "ORDER BY id")
    assert_close("1e200, detrended", got[:, 6:9] / 1e200, signal.detrend(x, axis=0), 1e-9, 1e-9)


def test_explained_entirely(db):
    """Constants, ramps and parabolas become 0, not rounding blown up to unit variance; so do runs shorter than the drifts."""
    t = np.arange(200.0)[:, None]
    x = np.hstack([0.1 + 0 * t, 3 * t + 7, 1e5 * (t / 200) ** 2 - 3e8, np.cos(np.pi * (2 * t + 1) * 2 / 400)])
    create_rows(db, "explained", {"x": x, "run": np.arange(200) // 5})
    assert_close("all", run(db, "explained", "clean(x, 2, 100, 1)", "ORDER BY id"), 0 * x, 0, 0)
    assert_close("no cutoff", run(db, "explained", "highpass(x, 'infinity', 1e308)", "ORDER BY id"), x - x.mean(axis=0), 1e-9, 1e-6)
    for call in ("detrend(x, 4)", "detrend(x, 2000000000)", "highpass(x, 2, 1)", "highpass(x, 1e-300, 1e300)", "clean(x, 2, 5, 1)"):
        assert_close(call, run(db, "explained", call), 0 * x, 0, 0)


def test_near_dependence(db):
    """Degree 5 beside 49 cosines of 243 rows: what is new in the polynomials is 1e-11 of them.  A direction that rounding decides is left out;
    what is certainly among the drifts goes, whatever is orthogonal to them stays."""
    n, tr, cutoff = 243, 2, 20
    k = n_cosines(n, cutoff, tr)
    C = cosines(n, n)
    x = np.hstack([C[:, :k] @ RNG.standard_normal((k, 3)), polynomials(n, 2) @ RNG.standard_normal((3, 3))])
    create_rows(db, "dependent", {"x": np.hstack([x, C[:, [n - 1, n - 2]]])})
    got = run(db, "dependent", "clean(x, 5, %d, %d, false)" % (cutoff, tr), "ORDER BY id")
    assert_close("drifts", got[:, :6], 0 * x, 0, 1e-9)
    assert (got[:, 6:] ** 2).sum(axis=0).min() > 0.99


def test_threads_change_nothing(db):
    x = signals(700, 400, np.float32)
    create_rows(db, "threads", {"x": x})
    with db.cursor() as cur:
        results = []
        for n in (1, 2):
            cur.execute("SET neuroenc.threads = %d" % n)
            results.append(run(db, "threads", "clean(x, 2, 20, 1)", "ORDER BY id"))
    np.testing.assert_array_equal(results[0], results[1])
    assert_close("panels", results[0], expected(x, 2, 20, 1, True), 1e-5, 1e-5)


def test_cancel(db):
    """A long run is given up in time: 6,000 rows, 3,000 cosines of them, with missing values that take a basis of their own."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE long_run AS SELECT i AS id, random_normal('{300}', i) AS x FROM generate_series(1, 6000) i")
        cur.execute("UPDATE long_run SET x = random_normal('{200}', id) || filled('{100}', 'NaN') WHERE id % 11 = 0")
        for timeout in (300, 1000, 2000):
            cur.execute("SET statement_timeout = %d" % timeout)
            started = time.perf_counter()
            with raises(db, "57014"):
                cur.execute("SELECT count(f) FROM (SELECT clean(x, 50, 4.1, 2) OVER (ORDER BY id) AS f FROM long_run) AS s")
            took = time.perf_counter() - started
            assert took < timeout / 1000 + 1, "canceled after %.2f s, asked for %d ms" % (took, timeout)
        cur.execute("RESET statement_timeout")
        cur.execute("SELECT count(f) FROM (SELECT clean(x, 1, 128, 2) OVER (ORDER BY id) AS f FROM long_run WHERE id <= 100) AS s")
        assert cur.fetchone()[0] == 100
