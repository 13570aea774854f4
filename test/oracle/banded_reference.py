"""Banded ridge by random search in float64 NumPy, from the definition: features of band b times sqrt(scale b), plain
ridge on the folds (ridge_reference), the best draw and alpha of each target.  The draws are given."""
import numpy as np

import ridge_reference as ref


def weights(bands, scales):
    return np.repeat(np.sqrt(scales), bands)


def search(X, Y, fold, bands, alphas, draws, standardize=False):
    """Scores of every draw, alpha and target: an object with r2, r and r2_pooled, draws x alphas x targets."""
    out = ref.Scores()
    parts = [cross_validate(X, Y, fold, alphas, weights(bands, s), standardize) for s in draws]
    for name in ('r2', 'r', 'r2_pooled'):
        setattr(out, name, np.stack([getattr(p, name) for p in parts]))
    return out


def cross_validate(X, Y, fold, alphas, weight, standardize):
    """ref.cross_validate of weighted features: standardized first, by the training folds, then weighted."""
    if not standardize:
        return ref.cross_validate(np.asarray(X, float) * weight, Y, fold, alphas)
    X, out = np.asarray(X, float), ref.Scores()
    folds = np.unique(fold)
    out.r2 = np.zeros((len(alphas), Y.shape[1]))
    out.r, error = np.zeros_like(out.r2), np.zeros_like(out.r2)
    for f in folds:
        test = fold == f
        mean, scale, centred = ref.centre(X[~test], True)
        path = ref.Path(centred * weight, Y[~test])
        held = (X[test] - mean) / scale * weight
        predict = path.predictor(held)
        for i, alpha in enumerate(alphas):
            slope = predict(alpha)
            P = slope + path.intercept
            out.r2[i] += ref.r2_score(Y[test], P) / len(folds)
            out.r[i] += ref.r_score(Y[test], slope, path.noise(held, alpha)) / len(folds)
            error[i] += ((Y[test] - P) ** 2).sum(axis=0)
    out.r2_pooled = 1 - error / ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)
    return out


def choose(score, alphas):
    """(draw, alpha index) of each target: the best score, the earlier draw of equal ones, then the larger alpha."""
    order = np.argsort(alphas)[::-1]
    flat = score[:, order].reshape(-1, score.shape[2])
    best = np.argmax(flat, axis=0)
    return best // len(alphas), order[best % len(alphas)]


def fit(X, Y, bands, scales, alpha, standardize=False):
    """Weights of x as it is and intercepts, for one target: scales a band, alpha a number."""
    weight = weights(bands, scales)
    mean, scale, centred = ref.centre(np.asarray(X, float), standardize)
    path = ref.Path(centred * weight, Y[:, None])
    w = path.weights(alpha)[:, 0] * weight / scale
    return w, path.intercept[0] - mean @ w


def split_r2(X, Y, w, intercept, bands):
    """The product measure by band, with band 0 for the intercept on these rows: (bands + 1) x targets."""
    edges = np.cumsum([0] + list(bands))
    y = Y - Y.mean(axis=0)
    parts = [X[:, a:b] @ w[a:b] for a, b in zip(edges[:-1], edges[1:])]
    total = sum(parts)
    offset = (Y - total - intercept).mean(axis=0)
    centred = [q - q.mean(axis=0) for q in parts]
    rows = [-len(Y) * offset ** 2] + [(2 * y * q - q * (total - total.mean(axis=0))).sum(axis=0) for q in centred]
    return np.array(rows) / (y ** 2).sum(axis=0)
