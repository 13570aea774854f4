"""nmf and semi_nmf: scikit-learn's NMF on digits and wine, planted factors, an error that never rises."""

import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment, nnls
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import NMF

from neuroenc_oracle import assert_close, create_rows, from_bytes, put


def factorize(db, function, columns, x, k, options=""):
    """(factors, error, iterations) of function(x, k, options)."""
    with db.cursor() as cur:
        cur.execute("SELECT %s, error, iterations FROM %s(from_npy(%%s), %d%s)"
                    % (", ".join("to_npy(%s)" % c for c in columns), function, k, options), [put(x)])
        row = cur.fetchone()
    return [from_bytes(value) for value in row[:-2]] + list(row[-2:])


def nmf(db, x, k, options=""):
    return factorize(db, "nmf", "wh", x, k, options)


def semi_nmf(db, x, k, options=""):
    return factorize(db, "semi_nmf", "fg", x, k, options)


def similarity(planted, found):
    """Cosines of columns, each planted one with the found one that it is matched to."""
    planted = planted / np.linalg.norm(planted, axis=0)
    found = found / np.maximum(np.linalg.norm(found, axis=0), 1e-300)
    cosine = planted.T @ found
    return cosine[linear_sum_assignment(-cosine)]


def peer(x, k, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return NMF(k, init="nndsvd", solver="cd", random_state=0, **options).fit(x)


def test_digits_against_sklearn(db):
    x = load_digits().data
    for k in (1, 5, 10, 16, 30):
        w, h, error, iterations = nmf(db, x, k)
        assert w.min() >= 0 and h.min() >= 0
        assert_close("error", error, np.linalg.norm(x - w @ h), 1e-9)
        assert_close("rows of h", np.linalg.norm(h, axis=1), np.ones(k), 1e-12)
        assert np.all(np.diff(np.linalg.norm(w, axis=0)) <= 0)
        want = peer(x, k, max_iter=200).reconstruction_err_
        assert error <= 1.01 * want, (k, error, want, iterations)


def test_wine_against_sklearn(db):
    x = load_wine().data
    x = x / x.max(axis=0)
    for k in (2, 3, 6):
        error = nmf(db, x, k, ", tol => 1e-6, max_iter => 2000")[2]
        want = peer(x, k, max_iter=2000, tol=1e-6).reconstruction_err_
        assert error <= 1.01 * want, (k, error, want)


def test_one_component_is_the_leading_singular_one(db):
    x = load_digits().data[:300]
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    w, h, error, _ = nmf(db, x, 1, ", tol => 0")
    assert_close("h", h[0], np.abs(vt[0]), 0, 1e-9)
    assert_close("w", w[:, 0], s[0] * np.abs(u[:, 0]), 0, 1e-7)
    assert_close("error", error, np.sqrt((s[1:] ** 2).sum()), 1e-12)


def test_factors_are_least_squares_of_one_another(db):
    """At the end each row of w is the non-negative least squares solution for h (SciPy's)."""
    rng = np.random.default_rng(3)
    x = rng.gamma(0.5, size=(60, 4)) @ rng.gamma(0.5, size=(4, 30)) + 0.1 * rng.random((60, 30))
    w, h, error, _ = nmf(db, x, 4, ", tol => 0, max_iter => 5000")
    want = np.array([nnls(h.T, row)[0] for row in x])
    assert_close("w", w, want, 0, 1e-4 * w.max())


def test_planted(db):
    """Parts that overlap little are found again."""
    rng = np.random.default_rng(4)
    h = np.where(rng.random((6, 80)) < 0.25, rng.random((6, 80)), 0)
    w = np.where(rng.random((200, 6)) < 0.4, rng.random((200, 6)), 0)
    x = w @ h
    x = np.maximum(x + 0.02 * x.std() * rng.standard_normal(x.shape), 0)
    for init in ("nndsvd", "nndsvda", "random"):
        found_w, found_h, _, _ = nmf(db, x, 6, ", init => '%s', tol => 1e-6, max_iter => 3000, n_init => 3" % init)
        assert similarity(h.T, found_h.T).min() > 0.98, init
        assert similarity(w, found_w).min() > 0.98, init


def test_error_never_rises(db):
    rng = np.random.default_rng(5)
    mixed = rng.standard_normal((50, 20))
    for x, run in ((np.abs(mixed), nmf), (load_digits().data[:150], nmf), (mixed, semi_nmf)):
        errors = [run(db, x, 7, ", max_iter => %d, tol => 0, n_init => 1" % i)[2] for i in range(1, 40)]
        assert np.all(np.diff(errors) <= 1e-10 * errors[0]), np.diff(errors).max()


def test_exact_rank_and_beyond(db):
    rng = np.random.default_rng(6)
    x = rng.random((30, 3)) @ rng.random((3, 12))
    assert nmf(db, x, 3, ", tol => 1e-6, max_iter => 5000")[2] < 1e-2 * np.linalg.norm(x)
    for k in (12, 20, 40):
        w, h, error, _ = nmf(db, x, k, ", init => 'nndsvda'")
        assert w.shape == (30, k) and h.shape == (k, 12) and np.isfinite(w).all() and np.isfinite(h).all()
        assert error < 1e-2 * np.linalg.norm(x), (k, error)
    x[[3, 7]] = 0
    x[:, 5] = 0
    w, h, error, _ = nmf(db, x, 3)
    assert np.all(w[[3, 7]] == 0) and np.all(h[:, 5] == 0)


def test_element_types(db):
    x = np.random.default_rng(7).random((20, 10)).astype(np.float32)
    assert_close("float4 and float8", nmf(db, x, 3)[0], nmf(db, x.astype(float), 3)[0], 0, 0)


def test_any_number_of_threads(db):
    x = np.random.default_rng(8).random((900, 400))
    with db.cursor() as cur:
        for run in (nmf, semi_nmf):
            one = run(db, x, 12, ", max_iter => 20")
            cur.execute("SET neuroenc.threads = 3")
            three = run(db, x, 12, ", max_iter => 20")
            cur.execute("RESET neuroenc.threads")
            assert all(np.array_equal(a, b) for a, b in zip(one, three))


def test_order_of_rows(db):
    rng = np.random.default_rng(16)
    x, order = rng.random((90, 30)), rng.permutation(90)
    for run, options, left in ((nmf, ", 3, 'random'", 0), (nmf, "", 0), (semi_nmf, ", 3", 1)):
        one, other = run(db, x, 5, options), run(db, x[order], 5, options)
        assert np.array_equal(one[left][order], other[left]) and np.array_equal(one[1 - left], other[1 - left])


def test_from_rows(db):
    x = load_digits().data[:100]
    create_rows(db, "nmf_rows", {"x": x})
    with db.cursor() as cur:
        cur.execute("SELECT error FROM (SELECT stack(x ORDER BY id) AS m FROM nmf_rows) q, nmf(m, 4)")
        assert_close("error", cur.fetchone()[0], nmf(db, x, 4)[2], 1e-12)
        cur.execute("DROP TABLE nmf_rows")


def planted_rays(rng, n, p, k, noise):
    f = rng.standard_normal((k, p))
    g = np.zeros((n, k))
    g[np.arange(n), rng.integers(0, k, n)] = rng.gamma(2, size=n) + 0.2
    x = g @ f
    return x + noise * x.std() * rng.standard_normal(x.shape), f, g


def test_semi_nmf_one_factor_active(db):
    for seed, (n, p, k) in enumerate(((200, 30, 4), (500, 50, 10), (1000, 20, 6), (300, 100, 20))):
        x, f, g = planted_rays(np.random.default_rng(seed), n, p, k, 0.1)
        found_f, found_g, error, _ = semi_nmf(db, x, k)
        assert found_g.min() >= 0
        assert_close("error", error, np.linalg.norm(x - found_g @ found_f), 1e-9)
        assert_close("rows of f", np.linalg.norm(found_f, axis=1), np.ones(k), 1e-12)
        assert error <= np.linalg.norm(x - g @ f), (seed, error)
        assert similarity(f.T, found_f.T).min() > 0.95, (seed, similarity(f.T, found_f.T))
        assert similarity(g, found_g).min() > 0.9, (seed, similarity(g, found_g))


def test_semi_nmf_reaches_planted_residual(db):
    """Factors that are all active at once are not determined; their residual is."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        f, g = rng.standard_normal((6, 40)), rng.gamma(0.5, size=(150, 6))
        x = g @ f + 0.1 * rng.standard_normal((150, 40))
        error = semi_nmf(db, x, 6)[2]
        assert error <= np.linalg.norm(x - g @ f), (seed, error)


def test_semi_nmf_is_least_squares(db):
    rng = np.random.default_rng(9)
    x = rng.standard_normal((80, 15))
    f, g, error, _ = semi_nmf(db, x, 3, ", tol => 0, max_iter => 5000")
    assert_close("f", g @ f, g @ np.linalg.lstsq(g, x, rcond=None)[0], 0, 1e-8)
    best = np.linalg.norm([nnls(f.T, row)[1] for row in x])
    assert_close("error", error, best, 1e-4)
    s = np.linalg.svd(x, compute_uv=False)
    assert error >= np.sqrt((s[3:] ** 2).sum())
