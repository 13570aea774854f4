"""Classifiers and sparse probes: logistic_cv against the products that it made and scikit-learn, sparse_probe against NumPy and scikit-learn."""

import re
import time
import warnings

import numpy as np
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression

from encoding_data import create, power_law

THREADS = 2
ALPHAS = [10.0**i for i in range(5, -5, -1)]
kept = {}


def table(db, n, d, classes):
    """Rows (fold, x, y): the class, by a linear model with noise."""
    name = f'probe_{n}_{d}_{classes}'
    if name not in kept:
        rng = np.random.default_rng(n + classes)
        X = 4 * power_law(rng, n, d) + rng.standard_normal((n, d), dtype=np.float32)
        y = (X @ rng.standard_normal((d, classes)) / np.sqrt(d) + rng.gumbel(size=(n, classes))).argmax(axis=1)
        fold = np.arange(n) % 5
        create(db, name, fold, X, y[:, None].astype(np.float32))
        kept[name] = X, y, fold
    return name, *kept[name]


def measured(db, name, call, threads):
    """(seconds of the call alone, flops and number of the passes that it made)"""
    source = f'(SELECT points_agg(x, (y[1])::bigint, fold) AS p FROM {name} OFFSET 0) q'
    times = []
    with db.cursor() as cur:
        cur.execute(f'SET neuroenc.threads = {threads}; SET client_min_messages = debug1')
        for statement in (f'SELECT n_samples(p) FROM {source}', f'SELECT {call} FROM {source}'):
            del db.notices[:]
            started = time.perf_counter()
            cur.execute(statement)
            times.append(time.perf_counter() - started)
        cur.execute('RESET client_min_messages; RESET neuroenc.threads')
    found = [re.search(r'(\d+) passes, ([0-9.e+]+) flops', notice) for notice in db.notices]
    return times[1] - times[0], sum(float(f.group(2)) for f in found if f), sum(int(f.group(1)) for f in found if f)


def scikit_learn(X, y, fold, alphas, tol):
    """Seconds of warm-started fits without fold 0 at all alphas, times the folds."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        model = LogisticRegression(warm_start=True, tol=tol, max_iter=10000)
        started = time.perf_counter()
        for alpha in alphas:
            model.set_params(C=1 / alpha).fit(X[fold != 0], y[fold != 0])
        return (time.perf_counter() - started) * (fold.max() + 1)


def bench_logistic_cv(db, rates, report):
    for n, d, classes, bar in ((20000, 256, 10, 3), (20000, 256, 2, 6)):
        name, X, y, fold = table(db, n, d, classes)
        array = '{' + ','.join(f'{alpha:g}' for alpha in ALPHAS) + '}'
        rates.set_threads(THREADS)
        for threads in (1, THREADS):
            took, flops, passes = measured(db, name, f"length(classifier_send(logistic_cv(p, '{array}')))", threads)
            rate = rates.sustained(np.float64, threads)
            report.figure(f'{n} x {d}, {classes} classes, 5 folds x {len(ALPHAS)} alphas, {threads} threads', took, 's', note=f'{passes} passes, {flops / 1e9:.0f} Gflop')
            report.figure("  ratio to the passes' products at dgemm rate", took * rate / flops, '', bar=bar, note=f'{rate / 1e9:.1f} Gflop/s')
        rates.set_threads(THREADS)
        peer = scikit_learn(X.astype(float), y, fold, ALPHAS, 1e-4)
        report.figure(f'  scikit-learn (lbfgs, tol 1e-4), {THREADS} threads', peer, 's', note='one fold times 5')
        report.figure('  ratio to it', took / peer, '', bar=0.7)


def bench_sparse_probe(db, rates, report):
    name, X, y, _ = table(db, 20000, 256, 10)
    label = (y == 3).astype(int)
    for method in ('mean_difference', 'mutual_information', 'omp', 'logistic'):
        took, _, _ = measured(db, name, f"(SELECT sum(f1) FROM sparse_probe_sweep(p, '{{1,2,4,8,16}}', '{method}', '3'))", THREADS)
        report.figure(f'sparse_probe_sweep, {method}, 20000 x 256, 5 folds, 5 sizes', took, 's')
        if method == 'mutual_information':
            started = time.perf_counter()
            mutual_info_classif(X[:16000, :16], label[:16000], random_state=0)
            peer = (time.perf_counter() - started) * 16 * 6
            report.figure("  scikit-learn's mutual_info_classif of all training sets", peer, 's', note='16 features, times 16, times 6')
            report.figure('  ratio to it', took / peer, '', bar=0.5)
