"""convolve against numpy.convolve, hrf against SciPy's gamma densities and SPM's own figures."""

import time

import numpy as np
import scipy.io
from scipy import stats

from neuroenc_oracle import assert_close, create_rows, data, get, put, raises

RNG = np.random.default_rng(37)


def convolved(x, run, kernel):
    out = np.empty(x.shape)
    for r in np.unique(run):
        rows = np.flatnonzero(run == r)
        for c in range(x.shape[1]):
            out[rows, c] = np.convolve(x[rows, c].astype(float), kernel)[: len(rows)]
    return out


def run_convolve(db, table, kernel):
    return get(db, "(SELECT stack(f ORDER BY id) FROM (SELECT id, convolve(x, from_npy(%s)) OVER (PARTITION BY run ORDER BY id) AS f"
                   " FROM " + table + ") AS s)", [put(kernel)])


def test_random_runs(db):
    run = np.repeat([3, 1, 2], [57, 1, 140])
    for name, dtype, tolerance in (("f2", np.float16, 2e-3), ("f4", np.float32, 3e-7), ("f8", np.float64, 1e-13)):
        x = RNG.standard_normal((len(run), 5)).astype(dtype)
        create_rows(db, "convolve_" + name, {"x": x, "run": run})
        for m in (1, 2, 17, 57, 58, 300):
            kernel = RNG.standard_normal(m)
            got = run_convolve(db, "convolve_" + name, kernel)
            assert got.dtype == dtype, got.dtype
            assert_close("%s, kernel of %d" % (name, m), got, convolved(x, run, kernel), tolerance, tolerance * np.sqrt(m))


def test_wide_rows(db):
    """Several chunks of columns and a rest."""
    run = np.repeat([1, 2], [40, 33])
    x = RNG.standard_normal((len(run), 1301)).astype(np.float32)
    create_rows(db, "convolve_wide", {"x": x, "run": run})
    kernel = RNG.standard_normal(12).astype(np.float32)
    assert_close("wide", run_convolve(db, "convolve_wide", kernel), convolved(x, run, kernel.astype(float)), 3e-7, 1e-6)


def test_scalar_series(db):
    run = np.repeat([1, 2], [300, 211])
    x = RNG.standard_normal(len(run))
    create_rows(db, "convolve_scalar", {"x": x, "run": run})
    kernel = RNG.standard_normal(20)
    with db.cursor() as cur:
        cur.execute("SELECT convolve(x, from_npy(%s)) OVER (PARTITION BY run ORDER BY id) FROM convolve_scalar ORDER BY id", [put(kernel)])
        got = [row[0] for row in cur.fetchall()]
    assert_close("scalar", got, convolved(x[:, None], run, kernel)[:, 0], 1e-12, 1e-12)


def test_nan_and_null(db):
    """NaN reaches the kernel's length after it in its own column, no row beyond; NULL the same rows whole."""
    n = 40
    x = RNG.standard_normal((n, 3))
    x[10, 1] = np.nan
    run = np.ones(n, int)
    create_rows(db, "convolve_nan", {"x": x, "run": run})
    kernel = np.array([0.0, 1, -2, 0.5])
    want = convolved(np.nan_to_num(x), run, kernel)
    want[10:14, 1] = np.nan
    assert_close("NaN", run_convolve(db, "convolve_nan", kernel), want, 1e-12, 1e-12)
    with db.cursor() as cur:
        cur.execute("UPDATE convolve_nan SET x = NULL WHERE id = 21")
        cur.execute("SELECT array_agg(id ORDER BY id) FROM (SELECT id, convolve(x, from_npy(%s)) OVER (ORDER BY id) AS f FROM convolve_nan) AS s"
                    " WHERE f IS NULL", [put(kernel)])
        assert cur.fetchone()[0] == [21, 22, 23, 24]


def test_hrf_is_the_double_gamma(db):
    for tr, length in ((2, 32), (0.1, 32), (0.72, 32), (1, 20), (2.5, 40), (5, 32), (0.5, 0.5)):
        t = np.arange(int(np.floor(length / tr)) + 1) * tr
        h = stats.gamma.pdf(t, 6) - stats.gamma.pdf(t, 16) / 6
        assert_close("hrf(%g, %g)" % (tr, length), get(db, "hrf(%s, %s)", [tr, length]), h / h.sum(), 1e-12, 1e-16)
    assert_close("default length", get(db, "hrf(1.5)"), get(db, "hrf(1.5, 32)"), 0)


def test_hrf_is_spms(db):
    """SPM's curves with its default parameters, as nipy keeps them."""
    curves = scipy.io.loadmat(data("hrf", "spm_hrfs.mat"))
    found = 0
    for parameters, curve in zip(curves["params"].ravel(), curves["hrfs"].ravel()):
        tr, *rest = parameters.ravel()
        if rest == [6, 16, 1, 1, 6]:
            assert_close("SPM, tr %g" % tr, get(db, "hrf(%s)", [float(tr)]), curve.ravel(), 1e-10, 1e-15)
            found += 1
    assert found == 3, found
    basis = scipy.io.loadmat(data("hrf", "spm_bases.mat"))
    assert_close("SPM's basis", get(db, "hrf(%s)", [float(basis["dt"].item())]), basis["hrf"].ravel(), 1e-10, 1e-15)


def test_cancel(db):
    """20,000 rows of 2,000 columns under a kernel of 5,000: minutes of work, given up in time."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE long_run AS SELECT i AS id, filled('{2000}', 1) AS x FROM generate_series(1, 20000) i")
        for timeout in (300, 2000):
            cur.execute("SET statement_timeout = %d" % timeout)
            started = time.perf_counter()
            with raises(db, "57014"):
                cur.execute("SELECT count(f) FROM (SELECT convolve(x, filled('{5000}', 1)) OVER (ORDER BY id) AS f FROM long_run) AS s")
            took = time.perf_counter() - started
            assert took < timeout / 1000 + 1, "canceled after %.2f s, asked for %d ms" % (took, timeout)
