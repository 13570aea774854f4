"""Factorizations against their floors and scikit-learn's NMF.

The floor is the products with the data that an iteration cannot do without, twice: at the rate of a large square
product, and as NumPy does these very products.  A matrix times ten or twenty vectors runs at some 40 per cent of
that rate in OpenBLAS, since each element of it serves few multiplications.
"""

import time
import warnings

import numpy as np
from sklearn.decomposition import NMF

from encoding_data import Backend
from neuroenc_oracle import put

N, P, K, ITERATIONS = 2000, 1000, 20, 100
SHAPE, RANK = (200, 100, 100), 10
THREADS = 2


def table(db, name, values):
    with db.cursor() as cur:
        cur.execute(f'CREATE TABLE {name} AS SELECT from_npy(%s) AS m', [put(values)])


def beside_products(backend, statement, products, iterations, rates, threads, repeat=3):
    """Medians of: seconds of the statement, seconds of NumPy's products an iteration, their ratio; taken in turns."""
    rates.set_threads(threads)
    found = []
    for _ in range(repeat):
        started = time.perf_counter()
        backend.query(statement)
        took = time.perf_counter() - started
        started = time.perf_counter()
        for _ in range(iterations):
            products()
        peer = time.perf_counter() - started
        found.append((took, peer, took / peer))
    return np.median(found, axis=0)


def report_floors(report, what, backend, statement, products, flops, rates, threads, bar):
    took, peer, ratio = beside_products(backend, statement, products, ITERATIONS, rates, threads)
    rate = rates.sustained(np.float64, threads)
    report.figure(f'{what}, {ITERATIONS} iterations, {threads} threads', took, 's')
    report.figure("  NumPy's products of these shapes", peer, 's')
    report.figure('  ratio to them', ratio, '', bar=bar)
    report.figure('  floor at the rate of a large product', flops / rate, 's', note=f'{flops / took / rate:.2f} of {rate / 1e9:.0f} Gflop/s')


def bench_nmf(db, rates, report):
    rng = np.random.default_rng(0)
    x = rng.gamma(0.5, size=(N, K)) @ rng.gamma(0.5, size=(K, P)) + rng.random((N, P))
    table(db, 'nmf_matrix', x)
    w, h = rng.random((K, N)), rng.random((K, P))
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        report_floors(report, f'nmf, {N} x {P}, k {K}', backend,
                      f'SELECT error FROM nmf_matrix, nmf(m, {K}, max_iter => {ITERATIONS}, tol => 0)',
                      lambda: (h @ x.T, w @ x), 4.0 * N * P * K * ITERATIONS, rates, threads, 1.6)
        backend.close()
    # until scikit-learn's error is reached, one thread each
    rates.set_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        started = time.perf_counter()
        peer = NMF(K, init='nndsvd', solver='cd', max_iter=ITERATIONS, tol=0, random_state=0).fit(x)
        peer_took = time.perf_counter() - started
    backend = Backend(db, 1)
    fewest, too_few = ITERATIONS, 0
    while fewest - too_few > 1:
        i = (fewest + too_few) // 2
        reached = backend.query(f'SELECT error FROM nmf_matrix, nmf(m, {K}, max_iter => {i}, tol => 0)')[0][0] <= peer.reconstruction_err_
        fewest, too_few = (i, too_few) if reached else (fewest, i)
    started = time.perf_counter()
    backend.query(f'SELECT error FROM nmf_matrix, nmf(m, {K}, max_iter => {fewest}, tol => 0)')
    took = time.perf_counter() - started
    report.figure("scikit-learn's NMF (cd, nndsvd), the same iterations", peer_took, 's')
    report.figure('  nmf to its error', took, 's', note=f'{fewest} iterations, read from the table')
    report.figure("  of scikit-learn's time", took / peer_took, '', bar=1.0)
    backend.close()


def bench_ntf(db, rates, report):
    rng = np.random.default_rng(1)
    a, b, c = (rng.gamma(0.5, size=(d, RANK)) for d in SHAPE)
    t = np.einsum('ir,jr,kr->ijk', a, b, c) + rng.random(SHAPE)
    table(db, 'ntf_tensor', t)
    first, last = t.reshape(SHAPE[0], -1), t.reshape(-1, SHAPE[2])
    middle = np.ascontiguousarray(t.transpose(1, 0, 2)).reshape(SHAPE[1], -1)
    vectors = [rng.random((RANK, m.shape[1])) for m in (first, middle)] + [rng.random((RANK, len(last)))]
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        report_floors(report, f'ntf, {SHAPE[0]} x {SHAPE[1]} x {SHAPE[2]}, rank {RANK}', backend,
                      f'SELECT error FROM ntf_tensor, ntf(m, {RANK}, max_iter => {ITERATIONS}, tol => 0, n_init => 1)',
                      lambda: (vectors[0] @ first.T, vectors[1] @ middle.T, vectors[2] @ last),
                      3 * 2.0 * np.prod(SHAPE) * RANK * ITERATIONS, rates, threads, 1.2)
        backend.close()


def bench_discriminative(db, rates, report):
    rng = np.random.default_rng(2)
    n, p, k = 4000, 1000, 20
    types = rng.integers(0, k, n)
    table(db, 'responses', (rng.gamma(0.5, size=(k, p))[types] + 0.5 * rng.standard_normal((n, p))).astype(np.float32))
    backend = Backend(db, THREADS)
    started = time.perf_counter()
    backend.query(f'SELECT objective FROM responses, most_discriminative_stimuli(m, {k}, 3)')
    report.figure(f'most_discriminative_stimuli, {n} neurons x {p} stimuli, k {k}, 10 starts', time.perf_counter() - started, 's')
    backend.close()
