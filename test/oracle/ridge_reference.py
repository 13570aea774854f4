"""Cross-validated ridge in float64 NumPy: what test_ridge, test_gram and test_encoder compare with.

Written from the definitions (field notes, "Ridge and cross-validation" and "Definitions"), not from the
extension.  A training fold is centred (and, if asked, scaled: ddof 0, sd 0 becomes 1) and solved by its
thin SVD, w = V diag(s / (s^2 + alpha)) U'y: exact for collinear features and p > n, where the normal
equations of scikit-learn's default solver are not.  test_ridge_reference checks it against scikit-learn.
"""
import numpy as np

TIE = 1e-9


def centre(X, standardize):
    """Column means and scales of a training set.  A column that is constant to rounding counts as constant."""
    mean = X.mean(axis=0)
    sd = X.std(axis=0)
    flat = sd <= 1e-13 * np.abs(mean)
    if standardize:
        scale = np.where(flat, 1.0, sd)
    else:
        scale = np.ones_like(mean)
    centred = (X - mean) / scale
    centred[:, flat] = 0
    return mean, scale, centred


class Path:
    """Ridge solutions of one training set, for any alpha.  X is n x p, Y n x v."""

    def __init__(self, X, Y, standardize=False):
        X, Y = np.asarray(X, float), np.asarray(Y, float)
        self.mean, self.scale, centred = centre(X, standardize)
        self.intercept = Y.mean(axis=0)
        self.u, self.s, self.vt = np.linalg.svd(centred, full_matrices=False)
        self.uy = self.u.T @ (Y - self.intercept)

    def shrinkage(self, alpha):
        with np.errstate(divide='ignore', invalid='ignore'):
            d = self.s / (self.s ** 2 + alpha)
        return np.where(self.s > 0, d, 0)

    def weights(self, alpha):
        """p x v, in the features' own units; alpha is one number or one a target."""
        if np.ndim(alpha) == 0:
            w = self.vt.T @ (self.shrinkage(alpha)[:, None] * self.uy)
        else:
            d = np.stack([self.shrinkage(a) for a in alpha], axis=1)
            w = self.vt.T @ (d * self.uy)
        return w / self.scale[:, None]

    def predictor(self, X):
        """A function of alpha that predicts rows X, less the intercept, without forming the weights."""
        xv = ((np.asarray(X, float) - self.mean) / self.scale) @ self.vt.T
        return lambda alpha: xv @ (self.shrinkage(alpha)[:, None] * self.uy)

    def noise(self, X, alpha):
        """By target, a standard deviation of predictions of rows X that is only rounding: 1e-9 of what weights
        of this length could predict.  (Categories that no training row had are all predicted alike.)"""
        spread = np.linalg.norm((np.asarray(X, float) - self.mean) / self.scale, axis=1).max()
        return 1e-9 * spread * np.linalg.norm(self.shrinkage(alpha)[:, None] * self.uy, axis=0)

    def predict(self, X, alpha):
        return (np.asarray(X, float) - self.mean) @ self.weights(alpha) + self.intercept


def flat_columns(A):
    return A.std(axis=0) <= 1e-12 * np.maximum(np.abs(A).max(axis=0), 1e-300)


def r2_score(Y, P):
    """By column, against Y's own mean; a constant column scores 0."""
    flat = flat_columns(Y)
    total = np.where(flat, 1, ((Y - Y.mean(axis=0)) ** 2).sum(axis=0))
    return np.where(flat, 0, 1 - ((Y - P) ** 2).sum(axis=0) / total)


def r_score(Y, P, noise=0):
    """Pearson r by column; 0 where either side is constant, P to within 'noise'."""
    flat = flat_columns(Y) | (P.std(axis=0) <= noise)
    y, p = Y - Y.mean(axis=0), P - P.mean(axis=0)
    norm = np.sqrt((y ** 2).sum(axis=0) * (p ** 2).sum(axis=0))
    flat |= norm == 0
    return np.where(flat, 0, (y * p).sum(axis=0) / np.where(flat, 1, norm))


class Scores:
    """r2, r, r2_pooled: alphas x targets.  predictions: alphas x rows x targets, if kept."""


def cross_validate(X, Y, fold, alphas, standardize=False, keep=False):
    X, Y, fold = np.asarray(X, float), np.asarray(Y, float), np.asarray(fold)
    folds = np.unique(fold)
    out = Scores()
    out.r2 = np.zeros((len(alphas), Y.shape[1]))
    out.r = np.zeros_like(out.r2)
    error = np.zeros_like(out.r2)
    if keep:
        out.predictions = np.zeros((len(alphas),) + Y.shape)
    for f in folds:
        test = fold == f
        path = Path(X[~test], Y[~test], standardize)
        predict = path.predictor(X[test])
        for i, alpha in enumerate(alphas):
            slope = predict(alpha)
            P = slope + path.intercept
            out.r2[i] += r2_score(Y[test], P) / len(folds)
            out.r[i] += r_score(Y[test], slope, path.noise(X[test], alpha)) / len(folds)
            error[i] += ((Y[test] - P) ** 2).sum(axis=0)
            if keep:
                out.predictions[i, test] = P
    flat = flat_columns(Y)
    total = np.where(flat, 1, ((Y - Y.mean(axis=0)) ** 2).sum(axis=0))
    out.r2_pooled = np.where(flat, 0, 1 - error / total)
    return out


def choose(score, alphas, per_target=True):
    """The index of the chosen alpha of each target: the best score, the larger alpha of equal ones."""
    order = np.argsort(alphas)[::-1]
    score = score[order]
    if not per_target:
        score = np.repeat(score.mean(axis=1, keepdims=True), score.shape[1], axis=1)
    return order[np.argmax(score, axis=0)]


def gcv(X, Y, alphas, standardize=False):
    """Generalized cross-validation (Golub, Heath and Wahba 1979), the intercept counted as a parameter:
    n ||y - Hy||^2 / (n - df)^2.  Alphas x targets; NaN where n - df < n / 1000."""
    path = Path(X, Y, standardize)
    n = len(X)
    centred = np.asarray(Y, float) - path.intercept
    outside = (centred ** 2).sum(axis=0) - (path.uy ** 2).sum(axis=0)
    score = []
    for alpha in alphas:
        h = path.s * path.shrinkage(alpha)
        df = 1 + h.sum()
        residual = np.maximum(outside, 0) + (((1 - h)[:, None] * path.uy) ** 2).sum(axis=0)
        score.append(n * residual / (n - df) ** 2 if n - df >= 1e-3 * n else np.full(Y.shape[1], np.nan))
    return np.array(score)


def default_alphas(X):
    """trace(Xc'Xc) / min(n - 1, p) times 10^linspace(-5, 5, 20)."""
    n, p = X.shape
    Xc = np.asarray(X, float) - X.mean(axis=0)
    return (Xc ** 2).sum() / min(n - 1, p) * np.logspace(-5, 5, 20)
