"""ntf: planted non-negative terms, the error, agreement with nmf where a dimension is 1."""

import numpy as np
from scipy.optimize import linear_sum_assignment, nnls

from neuroenc_oracle import assert_close, from_bytes, put


def ntf(db, t, rank, options=""):
    with db.cursor() as cur:
        cur.execute("SELECT to_npy(a), to_npy(b), to_npy(c), to_npy(weights), error, iterations FROM ntf(from_npy(%%s), %d%s)" % (rank, options), [put(t)])
        row = cur.fetchone()
    return [from_bytes(value) for value in row[:4]] + list(row[4:])


def terms(a, b, c, weights=None):
    return np.einsum("ir,jr,kr,r->ijk", a, b, c, np.ones(a.shape[1]) if weights is None else weights)


def similarities(planted, found):
    """Cosines of each planted column, in all three factors at once: terms are matched as wholes."""
    cosines = [(p / np.linalg.norm(p, axis=0)).T @ f for p, f in zip(planted, found)]
    i, j = linear_sum_assignment(-cosines[0] * cosines[1] * cosines[2])
    return np.array([c[i, j] for c in cosines])


def assert_sound(t, a, b, c, weights, error):
    for factor in (a, b, c):
        assert factor.min() >= 0
        assert_close("columns", np.linalg.norm(factor, axis=0), np.where(weights > 0, 1.0, 0.0), 0, 1e-12)
    assert np.all(np.diff(weights) <= 0)
    assert_close("error", error, np.linalg.norm(t - terms(a, b, c, weights)), 1e-9, 1e-12)


def test_planted(db):
    for seed, (shape, rank) in enumerate((((40, 30, 20), 4), ((100, 30, 10), 6), ((30, 30, 30), 12), ((20, 100, 50), 5))):
        rng = np.random.default_rng(seed)
        planted = [rng.gamma(0.5, size=(d, rank)) for d in shape]
        t = terms(*planted)
        t = np.maximum(t + 0.1 * t.std() * rng.standard_normal(t.shape), 0)
        a, b, c, weights, error, _ = ntf(db, t, rank)
        assert_sound(t, a, b, c, weights, error)
        assert similarities(planted, (a, b, c)).min() > 0.95, (seed, similarities(planted, (a, b, c)))
        assert error <= np.linalg.norm(t - terms(*planted))


def test_tensor_component_analysis(db):
    """Assemblies with a time course each, that come and go over trials (Williams et al. 2018)."""
    rng = np.random.default_rng(10)
    neurons = np.where(rng.random((60, 3)) < 0.4, rng.gamma(2, size=(60, 3)), 0)
    times = np.exp(-0.5 * ((np.arange(50)[:, None] - np.array([10, 25, 40])) / 5.0) ** 2)
    trials = np.stack([np.linspace(0.2, 1, 80), np.linspace(1, 0, 80) ** 2, np.tile([1, 0.1], 40)], axis=1)
    rate = terms(neurons, times, trials)
    spikes = rng.poisson(rate + 0.05).astype(np.float32)
    a, b, c, weights, error, _ = ntf(db, spikes, 3)
    assert_sound(spikes, a, b, c, weights, error)
    assert similarities((neurons, times, trials), (a, b, c)).min() > 0.95


def test_error_never_rises(db):
    rng = np.random.default_rng(11)
    for t in (rng.random((8, 9, 7)), rng.poisson(0.3, size=(12, 5, 20)).astype(float)):
        errors = [ntf(db, t, 5, ", max_iter => %d, tol => 0, n_init => 1" % i)[4] for i in range(1, 40)]
        assert np.all(np.diff(errors) <= 1e-10 * errors[0]), np.diff(errors).max()


def test_factors_are_least_squares_of_one_another(db):
    rng = np.random.default_rng(12)
    planted = [rng.gamma(0.5, size=(d, 3)) for d in (12, 10, 14)]
    t = terms(*planted) + 0.1 * rng.random((12, 10, 14))
    a, b, c, weights, _, _ = ntf(db, t, 3, ", tol => 0, max_iter => 5000")
    for axis, factor, (x, y) in ((0, a, (b, c)), (1, b, (a, c)), (2, c, (a, b))):
        design = np.einsum("ir,jr->ijr", x, y).reshape(-1, 3)
        want = np.array([nnls(design, row)[0] for row in np.moveaxis(t, axis, 0).reshape(t.shape[axis], -1)])
        assert_close("factor %d" % axis, factor * weights, want, 0, 1e-5 * want.max())


def test_a_matrix_is_nmf(db):
    rng = np.random.default_rng(13)
    x = rng.gamma(0.5, size=(30, 3)) @ rng.gamma(0.5, size=(3, 20)) + 0.1 * rng.random((30, 20))
    with db.cursor() as cur:
        cur.execute("SELECT error FROM nmf(from_npy(%s), 3, tol => 1e-8, max_iter => 3000, n_init => 5)", [put(x)])
        want = cur.fetchone()[0]
    for shape in ((1, 30, 20), (30, 1, 20), (30, 20, 1)):
        error = ntf(db, x.reshape(shape), 3, ", tol => 1e-8, max_iter => 3000, n_init => 5")[4]
        assert_close("error of %r" % (shape,), error, want, 1e-3)


def test_rank_past_the_dimensions(db):
    t = np.random.default_rng(14).random((3, 4, 2))
    for rank in (5, 12, 30):
        a, b, c, weights, error, _ = ntf(db, t, rank, ", max_iter => 3000, tol => 1e-6")
        assert_sound(t, a, b, c, weights, error)
        assert error < 0.05 * np.linalg.norm(t) or rank == 5, (rank, error)


def test_any_number_of_threads(db):
    t = np.random.default_rng(15).random((60, 70, 80))
    with db.cursor() as cur:
        one = ntf(db, t, 8, ", max_iter => 10")
        cur.execute("SET neuroenc.threads = 3")
        three = ntf(db, t, 8, ", max_iter => 10")
        cur.execute("RESET neuroenc.threads")
    assert all(np.array_equal(a, b) for a, b in zip(one, three))
