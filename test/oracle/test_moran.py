"""moran_i against the formulas of Cliff and Ord with a dense matrix of weights, and against all dealings of a few values."""

import itertools

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import norm

from neuroenc_oracle import assert_close


def moran(db, x, value, radius):
    with db.cursor() as cur:
        cur.execute("SELECT (m).* FROM (SELECT moran_i(voxel(x, y, z), value, %s) AS m "
                    "FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[]) AS q (x, y, z, value)) s",
                    [float(radius)] + [a.tolist() for a in (*x.T, value)])
        return np.array([np.nan if v is None else v for v in cur.fetchone()], float)


def weights(x, radius):
    w = (cdist(x, x) <= radius).astype(float)
    np.fill_diagonal(w, 0)
    return w


def statistic(w, value):
    z = value - value.mean()
    return len(z) / w.sum() * (z @ w @ z) / (z @ z)


def reference(x, value, radius):
    w, n = weights(x, radius), len(x)
    i = statistic(w, value)
    z = value - value.mean()
    s0, s1, s2 = w.sum(), ((w + w.T) ** 2).sum() / 2, ((w.sum(0) + w.sum(1)) ** 2).sum()
    b2 = n * (z**4).sum() / (z @ z) ** 2
    expected = -1 / (n - 1)
    second = (n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - b2 * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2))
    variance = second / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    with np.errstate(all="ignore"):
        score = (i - expected) / np.sqrt(variance)
    return np.array([n, s0 / 2, i, expected, variance, score, 2 * norm.sf(abs(score))])


def test_moran_formula(db):
    rng = np.random.default_rng(0)
    grid = np.array(list(itertools.product(range(9), range(8), range(7))), float) * 2 - 7
    clouds = {"grid": grid, "cloud": rng.standard_normal((600, 3)).astype(np.float32).astype(float) * 5,
              "line": np.c_[rng.permutation(300), np.zeros((300, 2))].astype(float),
              "clumps": (rng.standard_normal((300, 3)) + 1e4 * rng.integers(0, 3, (300, 1))).astype(np.float32).astype(float)}
    for name, x in clouds.items():
        smooth = np.sin(x[:, 0] / 3) + 0.3 * rng.standard_normal(len(x))
        for radius in (2, 3.5, 6, 1e9, np.inf):
            for value in (smooth, rng.standard_normal(len(x)) ** 3, smooth * 1e200 + 1e200):
                want = reference(x, value / np.abs(value).max(), radius)
                got = moran(db, x, value, radius)
                if radius < 1e9:
                    assert_close("%s, radius %g" % (name, radius), got, want, rtol=1e-8, atol=1e-11)
                else:       # everyone is everyone's neighbour: I is expected whatever the values
                    assert_close("%s, all neighbours" % name, got[:4], want[:4], rtol=1e-9, atol=1e-12)
                    assert np.isnan(got[5:]).all(), got


def test_moran_all_dealings(db):
    """Mean and variance are those over all permutations of seven values."""
    x = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 1, 0], [2, 2, 1], [9, 9, 9]], float)
    value = np.array([1, 4, 2, 8, 5, 7, 30.0])
    w = weights(x, 1.5)
    dealt = [statistic(w, np.array(v)) for v in itertools.permutations(value)]
    got = moran(db, x, value, 1.5)
    assert_close("moran_i", got[2:5], [statistic(w, value), np.mean(dealt), np.var(dealt)], rtol=1e-10)


def test_moran_boundary(db):
    """Radius as long as the grid's steps and diagonals: neighbours are as voxel <@ ball finds them."""
    grid = np.array(list(itertools.product(range(6), repeat=3)), float) * 3
    value = np.random.default_rng(1).standard_normal(len(grid))
    for radius in (3, np.sqrt(18), np.sqrt(27), 6, np.nextafter(3, 0), 0):
        got = moran(db, grid, value, radius)
        assert_close("pairs at %r" % radius, got[1], weights(grid, radius).sum() / 2)
