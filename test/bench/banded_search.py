"""Banded ridge by random search in NumPy, in the order of himalaya's solve_group_ridge_random_search: for every draw and
fold one SVD of the scaled training rows, then for every alpha the held-out rows predicted as (X_test V D U') Y_train.
Written from the description of the algorithm, float32 as the data."""
import numpy as np


def search(X, Y, fold, bands, alphas, draws):
    """The best draw, alpha and cross-validated R2 of each target."""
    best = np.full(Y.shape[1], -np.inf, np.float32)
    draw, alpha = np.zeros(Y.shape[1], int), np.zeros(Y.shape[1], int)
    for d, scales in enumerate(draws):
        Z = X * np.repeat(np.sqrt(scales), bands).astype(X.dtype)
        score = np.zeros((len(alphas), Y.shape[1]), np.float32)
        for f in np.unique(fold):
            test = fold == f
            x_mean, y_mean = Z[~test].mean(axis=0), Y[~test].mean(axis=0)
            train_y = Y[~test] - y_mean
            u, s, vt = np.linalg.svd(Z[~test] - x_mean, full_matrices=False)
            left = (Z[test] - x_mean) @ vt.T
            total = ((Y[test] - Y[test].mean(axis=0)) ** 2).sum(axis=0)
            for a, value in enumerate(alphas):
                predicted = (left * (s / (s ** 2 + np.float32(value)))) @ u.T @ train_y + y_mean
                score[a] += (1 - ((Y[test] - predicted) ** 2).sum(axis=0) / total) / len(np.unique(fold))
        a = score.argmax(axis=0)
        value = score[a, np.arange(len(a))]
        better = value > best
        best[better], alpha[better], draw[better] = value[better], a[better], d
    return draw, alpha, best
