"""Factorizations against their floors (products with the data, at the rate of a large square one) and scikit-learn's NMF."""

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


def bench_nmf(db, rates, report):
    rng = np.random.default_rng(0)
    x = rng.gamma(0.5, size=(N, K)) @ rng.gamma(0.5, size=(K, P)) + rng.random((N, P))
    table(db, 'nmf_matrix', x)
    flops = 4.0 * N * P * K * ITERATIONS
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        statement = f'SELECT error FROM nmf_matrix, nmf(m, {K}, max_iter => {ITERATIONS}, tol => 0)'
        took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, threads, repeat=3)
        report.figure(f'nmf, {N} x {P}, k {K}, {ITERATIONS} iterations, {threads} threads', took, 's')
        report.figure('  its floor, 4 n p k flops an iteration', flops / rate, 's', note=f'{rate / 1e9:.0f} Gflop/s sustained')
        report.figure('  ratio to the floor', work / flops, '', bar=3)
        backend.close()
    # until scikit-learn's error is reached, one thread each
    rates.set_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        started = time.perf_counter()
        peer = NMF(K, init='nndsvd', solver='cd', max_iter=ITERATIONS, tol=0, random_state=0).fit(x)
        peer_took = time.perf_counter() - started
    backend = Backend(db, 1)
    fewest = next(i for i in range(1, ITERATIONS + 1)
                  if backend.query(f'SELECT error FROM nmf_matrix, nmf(m, {K}, max_iter => {i}, tol => 0)')[0][0] <= peer.reconstruction_err_)
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
    table(db, 'ntf_tensor', np.einsum('ir,jr,kr->ijk', a, b, c) + rng.random(SHAPE))
    flops = 3 * 2.0 * np.prod(SHAPE) * RANK * ITERATIONS
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        statement = f'SELECT error FROM ntf_tensor, ntf(m, {RANK}, max_iter => {ITERATIONS}, tol => 0, n_init => 1)'
        took, rate, work = rates.paired(lambda: backend.query(statement), np.float64, threads, repeat=3)
        report.figure(f'ntf, {SHAPE[0]} x {SHAPE[1]} x {SHAPE[2]}, rank {RANK}, {ITERATIONS} iterations, {threads} threads', took, 's')
        report.figure('  its floor, 2 I J K rank flops a mode and iteration', flops / rate, 's')
        report.figure('  ratio to the floor', work / flops, '', bar=3)
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
