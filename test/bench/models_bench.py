"""elastic_net_cv, pls and pcr from a gram: p 200, v 1,000, 5 folds; scikit-learn by the Gram matrix as the peer."""
import time
import warnings

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import enet_path

from encoding_data import Backend, create, median_seconds, responses

N, P, V, FOLDS, THREADS = 2000, 200, 1000, 5, 2
RATIO, ALPHAS = 0.5, np.logspace(-3, 0, 20)
PEER_TARGETS = 10


def tables(db):
    """White features, and features that are correlated .9 with their neighbours."""
    rng = np.random.default_rng(0)
    fold = np.arange(N) * FOLDS // N
    white = rng.standard_normal((N, P), dtype=np.float32)
    near = white.copy()
    for j in range(1, P):
        near[:, j] = 0.9 * near[:, j - 1] + np.sqrt(1 - 0.81) * white[:, j]
    for name, X in (('white', white), ('correlated', near)):
        Y = responses(rng, X, V)
        create(db, name, fold, X, Y)
        with db.cursor() as cur:
            cur.execute(f'CREATE TABLE {name}_gram AS SELECT gram_agg(x, y, fold) AS g FROM {name}')
        yield name, X.astype(float), Y.astype(float), fold


def peer_seconds(X, Y, fold):
    """scikit-learn's coordinate descent over the same sets and alphas, on one thread: the paths alone, scaled to all targets."""
    took = 0
    for f in (*range(FOLDS), -1):
        Xt = X[fold != f] - X[fold != f].mean(0)
        Yt = Y[fold != f] - Y[fold != f].mean(0)
        G, C = Xt.T @ Xt, Xt.T @ Yt
        started = time.perf_counter()
        for t in np.linspace(0, V - 1, PEER_TARGETS).astype(int):
            enet_path(Xt, Yt[:, t].copy(), l1_ratio=RATIO, alphas=ALPHAS, precompute=G, Xy=C[:, t].copy(), tol=1e-4, max_iter=1000,
                      check_input=False)
        took += time.perf_counter() - started
    return took * V / PEER_TARGETS


def bench_elastic_net_cv(db, rates, report):
    query = 'SELECT avg(t.r2), avg(t.r) FROM (SELECT elastic_net_cv(g, %s, %s) AS e FROM {} OFFSET 0) q, targets(q.e) t'
    for name, X, Y, fold in tables(db):
        backend = Backend(db, THREADS)
        took, rows = median_seconds(lambda: backend.query(query.format(name + '_gram'), (RATIO, ALPHAS.tolist())), 1)
        report.figure(f'{name} features: 20 alphas, {THREADS} threads', took, 's', bar=60)
        backend.close()
        backend = Backend(db, 1)
        one, _ = median_seconds(lambda: backend.query(query.format(name + '_gram'), (RATIO, ALPHAS.tolist())), 1)
        report.figure('  one thread', one, 's')
        backend.close()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            peer = peer_seconds(X, Y, fold)
        report.figure("  scikit-learn's paths, one thread", peer, 's')
        report.figure('  of its time', one / peer, '', bar=1)


def bench_pls_and_pcr(db, rates, report):
    backend = Backend(db, THREADS)
    for name, call in (('joint PLS', 'pls(g, 25)'), ('PLS by target', 'pls(g, 25, true)'), ('PCR', 'pcr(g, 25)')):
        took, _ = median_seconds(lambda: backend.query(f'SELECT avg(t.r2) FROM (SELECT {call} AS e FROM correlated_gram OFFSET 0) q, targets(q.e) t'), 3)
        report.figure(f'{name}, 25 components, {FOLDS + 1} fits', took, 's')
    backend.close()
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((N, P)), rng.standard_normal((N, V))
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        PLSRegression(25, scale=False).fit(X, Y)
    report.figure('  scikit-learn, joint PLS, one fit', time.perf_counter() - started, 's')
