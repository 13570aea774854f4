"""Comparing RDMs: rdm_compare of 1,000 conditions against SciPy on the same vectors, rdm_similarity of 100 against 4,950 rdm_compare."""

import numpy as np
import scipy.stats
from scipy.spatial.distance import pdist, squareform

from bench import seconds
from encoding_data import Backend
from neuroenc_oracle import put

REPEAT = 5
THREADS = 2


def store(db, table, vectors):
    """A table (i, r) of RDMs from condensed vectors."""
    n = len(squareform(vectors[0]))
    with db.cursor() as cur:
        cur.execute(f'CREATE TABLE {table} (i int, r rdm)')
        for i, vector in enumerate(vectors):
            cur.execute(f"INSERT INTO {table} SELECT %s, rdm_from_matrix(array_agg('c' || g ORDER BY g), from_npy(%s)) FROM generate_series(1, {n}) g",
                        [i + 1, put(squareform(vector))])


def bench_compare(db, rates, report):
    n = 1000
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((n, 40))
    a, b = (pdist(np.hstack([shared, rng.standard_normal((n, 60))]), 'correlation') for _ in range(2))
    store(db, 'compare_large', [a, b])
    backend = Backend(db, THREADS)
    statement = "SELECT rdm_compare(a.r, b.r, '{}') FROM compare_large a, compare_large b WHERE a.i = 1 AND b.i = 2"
    peers = {'spearman': (lambda: scipy.stats.spearmanr(a, b)[0], 5), 'kendall_tau_a': (lambda: scipy.stats.kendalltau(a, b)[0], 2),
             'pearson': (lambda: scipy.stats.pearsonr(a, b)[0], None)}
    for method, (peer, bar) in peers.items():
        query = lambda: backend.query(statement.format(method))
        ours, theirs = [], []
        for _ in range(REPEAT):        # in turn, so that a busy machine is busy for both
            took, value = seconds(query, 1)
            ours.append(took)
            took, want = seconds(peer, 1)
            theirs.append(took)
        assert abs(float(value[0][0]) - want) < 1e-9, (value, want)
        report.figure(f'rdm_compare, {n} conditions, {method}', min(ours), 's', note='both read from a table')
        report.figure('  SciPy on the same vectors', min(theirs), 's')
        report.figure('  of SciPy\'s time', min(ours) / min(theirs), '', bar=1 / bar if bar else None)
    for method in ('rho_a', 'kendall_tau_b', 'cosine', 'whitened_cosine', 'whitened_pearson', 'cka', 'euclidean', 'bures'):
        took, _ = seconds(lambda: backend.query(statement.format(method)), 2)
        report.figure(f'rdm_compare, {n} conditions, {method}', took, 's')
    backend.close()


def bench_similarity(db, rates, report):
    n, r = 92, 100
    rng = np.random.default_rng(1)
    m = n * (n - 1) // 2
    vectors = list(rng.random(m) + 0.3 * rng.random((r, m)))
    store(db, 'compare_many', vectors)
    backend = Backend(db, THREADS)
    for method in ('spearman', 'kendall_tau_a', 'whitened_cosine'):
        all_pairs = f"SELECT similarity_matrix(rdm_similarity(i, r, '{method}')) FROM compare_many"
        one_by_one = f"SELECT sum(rdm_compare(a.r, b.r, '{method}')) FROM compare_many a, compare_many b WHERE a.i < b.i"
        took, _ = seconds(lambda: backend.query(all_pairs), REPEAT)
        pairs, _ = seconds(lambda: backend.query(one_by_one), 1)
        report.figure(f'rdm_similarity of {r} RDMs, {n} conditions, {method}', took, 's')
        report.figure(f'  {r * (r - 1) // 2} calls of rdm_compare', pairs, 's')
        report.figure('  of their time', took / pairs, '', bar=0.2 if method == 'spearman' else None)
        if method == 'spearman':
            ranked, _ = seconds(lambda: [scipy.stats.rankdata(v) for v in vectors], REPEAT)
            report.figure(f'  SciPy ranks each once ({r} rankdata)', ranked, 's')
            report.figure('  floor: the product at dgemm rate', r * r * m / rates.dgemm[THREADS], 's')
    backend.close()
