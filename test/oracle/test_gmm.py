"""Gaussian mixtures against scikit-learn's, and by formula on the parameters that gmm_fit gives."""

import warnings

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from neuroenc_oracle import assert_close, create_rows, get, raises
from shapes import Shape, digits, iris, same_partition, shapes, wine

COVARIANCES = ("full", "diag", "spherical")


def tables(db, data):
    """Each data set, in a table."""
    for s in data:
        with db.cursor() as c:
            c.execute("DROP TABLE IF EXISTS points_of_set")
        create_rows(db, "points_of_set", {"t": s.x})
        yield "points_of_set", s


def small_digits():
    s = digits()
    return Shape("digits of 10 components", PCA(10, random_state=0).fit_transform(s.x)[::2], s.labels[::2], s.k)


def parameters(db, table, k, options=""):
    """weights, means, covariances, log likelihood and bic of gmm_fit."""
    with db.cursor() as c:
        c.execute("DROP TABLE IF EXISTS fitted")
        c.execute(f"CREATE TEMP TABLE fitted AS SELECT gmm_fit(points_agg(t), {k}{options}) AS f FROM {table}")
        c.execute("SELECT log_likelihood(f), bic(f), aic(f) FROM fitted")
        figures = c.fetchone()
    return [get(db, f"(SELECT {what}(f) FROM fitted)") for what in ("weights", "centroids", "covariances")] + list(figures)


def full(covariances, d):
    """k x d x d of any kind."""
    if covariances.ndim == 3:
        return covariances
    if covariances.ndim == 2:
        return np.array([np.diag(v) for v in covariances])
    return np.array([np.eye(d) * v for v in covariances])


def joint(x, weights, means, covariances):
    return np.array(
        [np.log(w) + multivariate_normal.logpdf(x, m, c) for w, m, c in zip(weights, means, full(covariances, x.shape[1]))]
    ).T


def best_of_sklearn(x, k, covariance, starts=10):
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = [GaussianMixture(k, covariance_type=covariance, random_state=i).fit(x) for i in range(starts)]
    return max(f.score(x) for f in fits) * len(x)


def test_likelihood_against_best_of_ten(db):
    for table, s in tables(db, shapes() + [iris(), wine(standardised=True), small_digits()]):
        for covariance in COVARIANCES:
            options = f", covariance => '{covariance}', n_init => 10"
            got = parameters(db, table, s.k, options)[3]
            want = best_of_sklearn(s.x, s.k, covariance)
            assert got >= want - 0.01 * abs(want), (s.name, covariance, got, want)


def test_figures_by_formula(db):
    for table, s in tables(db, [iris(), wine(standardised=True), shapes()[3]]):
        n, d = s.x.shape
        free = {"full": d * (d + 1) / 2, "diag": d, "spherical": 1}
        for covariance in COVARIANCES:
            w, means, cov, likelihood, bic, aic = parameters(db, table, s.k, f", covariance => '{covariance}'")
            log_joint = joint(s.x, w, means, cov)
            want = logsumexp(log_joint, axis=1).sum()
            p = s.k * (free[covariance] + d) + s.k - 1
            assert_close("weights", w.sum(), 1, atol=1e-12)
            assert_close("log likelihood", likelihood, want, rtol=1e-9)
            assert_close("bic", bic, p * np.log(n) - 2 * want, rtol=1e-6)
            assert_close("aic", aic, 2 * p - 2 * want, rtol=1e-6)


def test_responsibilities(db):
    for table, s in tables(db, [iris(), wine(standardised=True)]):
        for covariance in COVARIANCES:
            w, means, cov = parameters(db, table, s.k, f", covariance => '{covariance}'")[:3]
            peer = GaussianMixture(s.k, covariance_type=covariance)
            peer.weights_, peer.means_, peer.covariances_ = w, means, cov
            peer.precisions_cholesky_ = (
                np.array([np.linalg.inv(np.linalg.cholesky(c)).T for c in cov]) if covariance == "full" else 1 / np.sqrt(cov)
            )
            with db.cursor() as c:
                c.execute(f"SELECT assign_proba(f, t)::float8[], assign(f, t) FROM {table}, fitted ORDER BY id")
                rows = c.fetchall()
            proba = np.array([r[0] for r in rows], float)
            assert_close("responsibilities", proba, peer.predict_proba(s.x), atol=1e-6)
            assert np.array_equal([r[1] - 1 for r in rows], proba.argmax(axis=1))


def test_likelihood_never_falls(db):
    for table, s in tables(db, [iris(), shapes()[5]]):
        for covariance in COVARIANCES:
            got = [
                parameters(db, table, s.k, f", 3, '{covariance}', max_iter => {m}, tol => 0, reg => 1e-12")[3] for m in range(1, 25)
            ]
            assert np.all(np.diff(got) >= -1e-8 * np.abs(got[0])), (s.name, covariance, np.diff(got).min())


def test_offset(db):
    s = iris()
    create_rows(db, "near", {"t": s.x})
    create_rows(db, "far", {"t": s.x + 1e4})
    for covariance in COVARIANCES:
        options = f", covariance => '{covariance}', n_init => 5, tol => 0, max_iter => 500"
        near = parameters(db, "near", 3, options)
        far = parameters(db, "far", 3, options)
        assert_close("weights", far[0], near[0], atol=1e-6)
        assert_close("means", far[1] - 1e4, near[1], atol=1e-6)
        assert_close("covariances", far[2], near[2], atol=1e-6)
        assert_close("log likelihood", far[3], near[3], rtol=1e-6)


def test_many_rows_and_elements(db):
    """More than a round of panels, float4, more elements than a block of the solver."""
    rng = np.random.default_rng(1)
    k, d, n = 3, 40, 18000
    centres = rng.normal(size=(k, d)) * 2
    mix = rng.normal(size=(k, d, d)) / np.sqrt(d) + np.eye(d)
    labels = rng.choice(k, n, p=[0.5, 0.3, 0.2])
    x = (centres[labels] + np.einsum("nd,nde->ne", rng.normal(size=(n, d)), mix[labels])).astype(np.float32)
    create_rows(db, "many", {"t": x})
    w, means, cov, likelihood, _, _ = parameters(db, "many", k)
    with threadpool_limits(1):
        want = GaussianMixture(k, random_state=0).fit(x.astype(float))
    assert_close("log likelihood", likelihood, want.score(x.astype(float)) * n, rtol=1e-6)
    order = np.argsort(-want.weights_)
    assert_close("weights", w, want.weights_[order], atol=1e-4)
    assert_close("means", means, want.means_[order], atol=1e-3)
    assert_close("covariances", cov, want.covariances_[order], atol=1e-3)
    with db.cursor() as c:
        c.execute("SELECT label FROM (SELECT id, gmm(t, 3) OVER () AS label FROM many) q ORDER BY id")
        assert same_partition([r[0] for r in c.fetchall()], want.predict(x.astype(float)))


def test_singular_component_is_named(db):
    x = np.random.default_rng(0).normal(size=(30, 5))
    x[:, 4] = x[:, 0] * 1e6
    create_rows(db, "flat", {"t": x * 1e6})
    with raises(db, "22000", "of 2 is not positive definite"):
        with db.cursor() as c:
            c.execute("SELECT gmm_fit(t, 2) FROM flat")
