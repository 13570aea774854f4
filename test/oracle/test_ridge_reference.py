"""The reference itself against scikit-learn, where scikit-learn's own solver is accurate."""
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from scipy.stats import pearsonr

import ridge_reference as ref


def test_reference_is_sklearn(db):
    rng = np.random.default_rng(1)
    for n, p, standardize in ((60, 12, False), (60, 12, True), (40, 70, False), (40, 70, True)):
        X = rng.normal(size=(n, p)) * rng.uniform(.5, 3, p) + rng.normal(size=p)
        Y = X[:, :4] @ rng.normal(size=(4, 3)) + rng.normal(size=(n, 3))
        fold = rng.permutation(n) % 4
        alphas = [.01, 1., 30.]
        ours = ref.cross_validate(X, Y, fold, alphas, standardize)
        for i, alpha in enumerate(alphas):
            r2, r = np.zeros((4, 3)), np.zeros((4, 3))
            for f in range(4):
                train, test = fold != f, fold == f
                mean, sd = X[train].mean(axis=0), X[train].std(axis=0) if standardize else np.ones(p)
                model = Ridge(alpha=alpha).fit((X[train] - mean) / sd, Y[train])
                P = model.predict((X[test] - mean) / sd)
                r2[f] = r2_score(Y[test], P, multioutput='raw_values')
                r[f] = [pearsonr(Y[test][:, t], P[:, t])[0] for t in range(3)]
            np.testing.assert_allclose(ours.r2[i], r2.mean(axis=0), atol=1e-10)
            np.testing.assert_allclose(ours.r[i], r.mean(axis=0), atol=1e-10)
            model = Ridge(alpha=alpha).fit(X, Y)
            path = ref.Path(X, Y)
            np.testing.assert_allclose(path.weights(alpha), model.coef_.T, atol=1e-9)
            np.testing.assert_allclose(path.predict(X, alpha), model.predict(X), atol=1e-9)
