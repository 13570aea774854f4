"""ridge_prior_cv against the penalised problem itself, solved for every fold, alpha and strength; and simulated subjects.

The reference solves (Xc'Xc + alpha S^-1) w = Xc'yc for centred training rows, by the definition in the comment of
ridge_prior_cv: S = (1 - s) I + s p M / trace(M), M = W'W / m.
"""
import numpy as np

from gram_tables import load, query
from neuroenc_oracle import assert_close, get, put

STRENGTHS = (0, 0.1, 0.3, 0.6, 0.9)
ALPHAS = np.logspace(-2, 4, 7)


def covariance(W, s):
    M = W.T @ W / len(W)
    p = W.shape[1]
    return (1 - s) * np.eye(p) + s * p * M / np.trace(M)


def direct(X, Y, S, alpha):
    """Weights and intercepts of one training set at one alpha."""
    mx, my = X.mean(axis=0), Y.mean(axis=0)
    G = (X - mx).T @ (X - mx) + alpha * np.linalg.inv(S)
    w = np.linalg.solve(G, (X - mx).T @ (Y - my))
    return w, my - mx @ w


def cross_validated(X, Y, fold, S):
    """R2 by fold averaged, and pooled R2, alphas x targets, by refits."""
    r2, sse = np.zeros((2, len(ALPHAS), Y.shape[1]))
    for f in np.unique(fold):
        held = fold == f
        spread = ((Y[held] - Y[held].mean(axis=0)) ** 2).sum(axis=0)
        for j, alpha in enumerate(ALPHAS):
            w, b = direct(X[~held], Y[~held], S, alpha)
            error = ((Y[held] - X[held] @ w - b) ** 2).sum(axis=0)
            sse[j] += error
            r2[j] += (1 - error / spread) / len(np.unique(fold))
    return r2, 1 - sse / ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)


def choose(pooled, n):
    """pooled: strengths x targets.  The smallest strength within 1.5 standard errors of the best."""
    best = int(np.argmax(pooled.mean(axis=1)))
    v = pooled.shape[1]
    for i in range(best + 1):
        d = pooled[best] - pooled[i]
        error = np.sqrt((((d - d.mean()) ** 2).sum() + 1 / (n - 1)) / v / min(v, n - 1))
        if d.mean() <= 1.5 * error:
            return i


def reference(X, Y, fold, W, strengths):
    v = Y.shape[1]
    fits = []
    for s in strengths:
        r2, pooled = cross_validated(X, Y, fold, covariance(W, s))
        alpha = np.array([np.flatnonzero(r2[:, t] >= r2[:, t].max() - 1e-11)[-1] for t in range(v)])
        fits.append((alpha, r2[alpha, np.arange(v)], pooled[alpha, np.arange(v)]))
    chosen = choose(np.array([f[2] for f in fits]), len(X))
    S = covariance(W, strengths[chosen])
    solved = [direct(X, Y[:, [t]], S, ALPHAS[fits[chosen][0][t]]) for t in range(v)]
    return strengths[chosen], fits[chosen], np.hstack([w for w, _ in solved]), np.hstack([b for _, b in solved])


def subject(seed, n, p, v, m, shared=0.8, noise=2.0):
    """Rows of a new subject, and m voxels of others that share most of 5 directions with it."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(5, p))
    new = shared * rng.normal(size=(v, 5)) @ axes + (1 - shared) * rng.normal(size=(v, p))
    others = shared * rng.normal(size=(m, 5)) @ axes + (1 - shared) * rng.normal(size=(m, p))
    X = rng.normal(size=(n, p)) * np.linspace(2, 0.2, p) + rng.normal(size=p)
    Y = X @ new.T + noise * np.sqrt(p) * rng.normal(size=(n, v)) + rng.normal(size=v)
    return X, Y, rng.permutation(np.arange(n) % 4), others


def fitted(db, table, W, strengths, where='', grams='gram_agg(x, y, fold)'):
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS prior_fit')
        c.execute(f'CREATE TEMP TABLE prior_fit AS SELECT ridge_prior_cv(g, from_npy(%s), %s, %s) AS e '
                  f'FROM (SELECT {grams} AS g FROM {table} {where} OFFSET 0) AS s',
                  (put(W), ALPHAS.tolist(), list(strengths)))
    strength = query(db, 'SELECT prior_strength FROM prior_fit, encoder_info(e)')[0][0]
    rows = np.array(query(db, 'SELECT alpha, r2, r2_pooled, intercept FROM prior_fit, targets(e)'), float)
    return strength, rows, get(db, '(SELECT weights(e) FROM prior_fit)')


def compare(db, table, X, Y, fold, W, strengths, name, **how):
    strength, rows, weights = fitted(db, table, W, strengths, **how)
    want, (alpha, r2, pooled), w, b = reference(X, Y, fold, W, strengths)
    assert strength == want, f'{name}: strength {strength} for {want}'
    assert_close(f'{name}: alpha', rows[:, 0], ALPHAS[alpha], 1e-12, 0)
    assert_close(f'{name}: r2', rows[:, 1], r2, 0, 1e-6)
    assert_close(f'{name}: r2_pooled', rows[:, 2], pooled, 0, 1e-6)
    assert_close(f'{name}: weights', weights, w, 0, 1e-6 * np.abs(w).max())
    assert_close(f'{name}: intercepts', rows[:, 3], b, 0, 1e-5 * (1 + np.abs(b).max()))
    return strength


def test_prior_is_the_penalised_problem(db):
    used = set()
    for name, shape in (('p > n', dict(n=24, p=60, v=9, m=30)), ('p > n, more voxels than features', dict(n=24, p=60, v=9, m=200)),
                        ('p < n', dict(n=90, p=20, v=9, m=50)), ('one voxel of prior', dict(n=40, p=15, v=4, m=1)),
                        ('one target', dict(n=40, p=15, v=1, m=30)), ('irrelevant', dict(n=30, p=40, v=9, m=50, shared=0.0))):
        X, Y, fold, W = subject(3, **shape)
        load(db, 'prior_t', X, Y, fold)
        used.add(compare(db, 'prior_t', X, Y, fold, W, STRENGTHS, name))
        compare(db, 'prior_t', X, Y, fold, W, (0.6,), f'{name}, one strength')
    assert 0 in used and len(used) > 2, f'strengths {used}: all kinds of choice are wanted'


def test_prior_from_moments(db):
    """gram - gram leaves moments alone, about a centre that is not the rows' mean."""
    X, Y, fold, W = subject(5, n=90, p=20, v=9, m=50)
    load(db, 'prior_t', X + 50, Y, fold)
    assert compare(db, 'prior_t', X + 50, Y, fold, W, STRENGTHS, 'moments',
                   grams='gram_agg(x, y, fold) + gram_agg(x, y, fold) - gram_agg(x, y, fold)') > 0


def test_prior_missing_responses(db):
    """Every target on the rows it has, at one strength; S is the same for all."""
    X, Y, fold, W = subject(7, n=60, p=25, v=6, m=40)
    Y[3, 0] = Y[8, 0] = Y[8, 3] = Y[20:26, 4] = np.nan
    load(db, 'prior_t', X, Y, fold)
    strength, rows, weights = fitted(db, 'prior_t', W, (0.4,))
    for t in range(6):
        has = ~np.isnan(Y[:, t])
        _, (alpha, r2, pooled), w, b = reference(X[has], Y[has][:, [t]], fold[has], W, (0.4,))
        assert_close(f'target {t}', rows[t], np.array([ALPHAS[alpha[0]], r2[0], pooled[0], b[0]]), 1e-6, 1e-6)
        assert_close(f'weights of target {t}', weights[:, t], w[:, 0], 0, 1e-6 * np.abs(w).max())


def test_prior_rank_one_strength_one(db):
    """At strength 1 weights lie in the span of the prior: S is singular, so the reference is ridge on the coordinate."""
    X, Y, fold, W = subject(9, n=40, p=15, v=4, m=1)
    load(db, 'prior_t', X, Y, fold)
    _, rows, weights = fitted(db, 'prior_t', W, (1,))
    axis = W[0] / np.linalg.norm(W[0])
    for t in range(4):
        z = (X - X.mean(axis=0)) @ axis * np.sqrt(15)
        b = z @ (Y[:, t] - Y[:, t].mean()) / (z @ z + rows[t, 0])
        assert_close(f'weights of target {t}', weights[:, t], b * np.sqrt(15) * axis, 0, 1e-9 * np.abs(b))


P, VOXELS, OTHERS = 512, 40, 400


class World:
    """Features with a power-law spectrum (variance of component i as 1 / i), and voxels whose weights share a mean and
    6 directions of 512, with 5 per cent of their own; responses have as much noise as signal."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        variance = 1 / np.arange(1, P + 1)
        self.root = np.sqrt(variance * P / variance.sum())[:, None] * np.linalg.qr(self.rng.normal(size=(P, P)))[0]
        self.mean = self.rng.normal(size=P)
        self.axes = np.arange(1, 7)[:, None] ** -0.5 * self.rng.normal(size=(6, P))
        self.axes /= np.sqrt((1 / np.arange(1, 7)).sum())

    def voxels(self, n):
        shared = np.sqrt(0.5) * self.mean + np.sqrt(0.5) * self.rng.normal(size=(n, 6)) @ self.axes
        w = np.sqrt(0.95) * shared + np.sqrt(0.05) * self.rng.normal(size=(n, P))
        return w / np.linalg.norm(self.root @ w.T, axis=0)[:, None]

    def features(self, n):
        return self.rng.normal(size=(n, P)) @ self.root

    def responses(self, X, w):
        return X @ w.T + self.rng.normal(size=(len(X), len(w)))

    def estimated(self, w):
        """As a lab has them: ridge from 1,000 noisy samples."""
        X = self.features(1000)
        return np.linalg.solve(X.T @ X + P * np.eye(P), X.T @ self.responses(X, w)).T


def correlations(A, B):
    A, B = A - A.mean(axis=0), B - B.mean(axis=0)
    length = np.sqrt((A * A).sum(axis=0) * (B * B).sum(axis=0))
    return np.where(length > 0, (A * B).sum(axis=0) / np.where(length > 0, length, 1), 0)


def gain(db, world, w, n, prior, test):
    """Held-out r of ridge_prior_cv and of ridge_cv, a row each, from n new samples."""
    X, signal = test
    A = world.features(n)
    load(db, 'prior_sim', A, world.responses(A, w), np.arange(n) * 5 // n)
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS prior_fit')
        c.execute('''CREATE TEMP TABLE prior_fit AS SELECT ridge_prior_cv(g, from_npy(%s)) AS prior, ridge_cv(g) AS ridge
                     FROM (SELECT gram_agg(x, y, fold) AS g FROM prior_sim OFFSET 0) AS s''', (put(prior),))
    return np.array([correlations(X @ get(db, f'(SELECT weights({fit}) FROM prior_fit)'), signal)
                     for fit in ('prior', 'ridge')])


def test_prior_of_simulated_subjects(db):
    """Three new subjects of 40 voxels; the prior is 400 voxels of others, estimated.  A voxel's r is its mean over five
    draws of the samples: on one draw of 20 rows ridge is lucky with a few."""
    gains = {20: [], 50: [], 200: [], 2000: []}
    for seed in range(3):
        world = World(seed)
        w, prior = world.voxels(VOXELS), world.estimated(world.voxels(OTHERS))
        X = world.features(2000)
        test = X, X @ w.T
        for n in gains if seed == 0 else (20, 50, 200):
            draws = [gain(db, world, w, n, prior, test) for _ in range(5 if n < 2000 else 1)]
            gains[n].append(np.mean([d[0] - d[1] for d in draws], axis=0))
    mean = {n: np.mean(g) for n, g in gains.items()}
    worst = {n: np.min(g) for n, g in gains.items()}
    figures = f'gain in r {mean}, of the worst voxel {worst}'
    assert mean[20] >= 0.07, figures
    assert min(worst.values()) >= -0.01, figures
    assert mean[50] > mean[200] > mean[2000] and mean[2000] < 0.05, figures


def test_prior_that_is_irrelevant(db):
    """Others whose weights share nothing with the new subject's: mean cost in r under .005, and none with 50 samples."""
    cost = {20: [], 50: [], 200: []}
    for seed in range(6):
        world, other = World(100 + seed), World(200 + seed)
        w, prior = world.voxels(VOXELS), other.estimated(other.voxels(OTHERS))
        X = world.features(2000)
        for n in cost:
            for _ in range(5 if n == 20 else 2):
                r = gain(db, world, w, n, prior, (X, X @ w.T))
                cost[n].append((r[1] - r[0]).mean())
    mean = {n: np.mean(c) for n, c in cost.items()}
    assert max(mean.values()) < 0.005, f'mean cost in r {mean}'
