"""Data sets of the ridge tests, and what counts as choosing the right alpha."""
import numpy as np

import ridge_reference as ref

ALPHAS = np.logspace(-6, 4, 11)
UNEQUAL = np.repeat([4, 1, 9, 2], [3, 7, 20, 30])
EQUAL = np.repeat([1, 2, 3, 4], 15)


def problem(seed, n=60, p=10, v=8, scales=True):
    """Targets from well predicted to pure noise, features of different scales."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (np.logspace(-1, 1, p) if scales else 1)
    B = rng.normal(size=(p, v)) / X.std(axis=0)[:, None] * np.logspace(1, -3, v)
    Y = X @ B + rng.normal(size=(n, v)) + rng.normal(size=v) * 5
    order = rng.permutation(n)
    return X[order], Y[order]


def datasets():
    X, Y = problem(1)
    yield 'random', X, Y
    D = np.hstack([X, X[:, :4], X[:, [5]] + X[:, [6]], X[:, [7]] * 3])
    yield 'collinear', D, Y
    near = np.hstack([X, X + 1e-3 * np.random.default_rng(3).normal(size=X.shape) * X.std(axis=0)])
    yield 'nearly collinear', near, Y
    W, V = problem(2, p=150)
    yield 'p > n', W, V
    yield 'offset', X + 1e4, Y
    yield 'offset of y', X, Y + 1e4
    yield 'float4', X.astype(np.float32), Y.astype(np.float32)
    yield 'float4 p > n', W.astype(np.float32), V.astype(np.float32)
    yield 'float8 x, float4 y', X, Y.astype(np.float32)


def assert_chosen(got, score, alphas, per_target, name):
    """Equal alphas; where two scores are equal to 1e-9 either will do, and is counted."""
    chosen = ref.choose(score, alphas, per_target)
    index = np.array([int(np.argmin(np.abs(np.log(alphas) - np.log(a)))) for a in got])
    np.testing.assert_allclose(got, np.asarray(alphas)[index], rtol=1e-12, err_msg=f'{name}: an alpha not in the list')
    if not per_target:
        score = np.repeat(score.mean(axis=1, keepdims=True), score.shape[1], axis=1)
    t = np.arange(score.shape[1])
    gap = np.where(index == chosen, 0, np.abs(score[chosen, t] - score[index, t]))
    assert (gap < ref.TIE).all(), f'{name}: alphas {got} for {np.asarray(alphas)[chosen]}, scores apart by {gap}'
    return index
