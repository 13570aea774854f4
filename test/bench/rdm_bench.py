"""RDMs of patterns from a table: against the floor of their one product (n^2 p by dsyrk) plus the scan that detoasts the rows."""

import numpy as np
from scipy.spatial.distance import pdist

from bench import seconds
from encoding_data import Backend, create, median_seconds

THREADS = 2
kept = {}


def table(db, n, p, folds=1):
    """Rows (fold = row number, x a pattern, y nothing much); the label is fold % n."""
    name = f'rdm_{n}_{p}_{folds}'
    if name not in kept:
        X = np.random.default_rng(n).standard_normal((n * folds, p), dtype=np.float32)
        create(db, name, np.arange(n * folds), X, X[:, :1])
        kept[name] = X
    return name, kept[name]


def against_floor(db, rates, report, what, name, call, flops, bar):
    """A statement's time against dgemm's sustained rate around each run and the scan in the same run."""
    for threads in (1, THREADS):
        backend = Backend(db, threads)
        scan, _ = median_seconds(lambda: backend.query(f'SELECT sum(length(tensor_send(x))) FROM {name}'))
        took, rate, work = rates.paired(lambda: backend.query(f'SELECT n_conditions({call}) FROM {name}'), np.float64, threads, repeat=3)
        floor = flops / rate + scan
        report.figure(f'{what}, threads {threads}', took, 's', note=f'{scan:.2f} s to read the rows')
        report.figure('  floor: products', flops / rate, 's', note=f'{flops / 1e9:.0f} Gflop at dgemm {rate / 1e9:.0f} Gflop/s sustained')
        report.figure('  of products and reading', work / (flops + scan * rate), '', bar=bar)
        if threads == THREADS:
            _, peak = backend.peak(f'SELECT n_conditions({call}) FROM {name}')
            report.figure('  peak memory', peak / 2**20, 'MB')
        backend.close()


def bench_rdm_from_a_table(db, rates, report):
    n, p = 2000, 10000
    name, X = table(db, n, p)
    syrk = float(n) * n * p
    for metric in ('correlation', 'euclidean'):
        against_floor(db, rates, report, f'rdm, {metric}, {n} conditions x {p} voxels', name, f"rdm(fold, x, '{metric}')", syrk, 2)
    peer, _ = seconds(lambda: pdist(X[:500].astype(float), 'correlation'), 1)
    report.figure('SciPy pdist, correlation, in memory', peer * 16, 's', note='500 conditions, times 16')


def bench_cityblock(db, rates, report):
    n, p = 1000, 5000
    name, X = table(db, n, p)
    backend = Backend(db, THREADS)
    took, _ = median_seconds(lambda: backend.query(f"SELECT n_conditions(rdm(fold, x, 'cityblock')) FROM {name}"))
    backend.close()
    report.figure(f'rdm, cityblock, {n} conditions x {p} voxels', took, 's', note=f'{n * n * p / 2 / took / 1e9:.1f} G differences a second')
    peer, _ = seconds(lambda: pdist(X[:500].astype(float), 'cityblock'), 1)
    report.figure('  SciPy pdist, one thread, in memory', peer * 4, 's', note='500 conditions, times 4')
    report.figure('  of SciPy\'s time', took / (peer * 4), '', bar=1)


def bench_crossnobis(db, rates, report):
    n, p, folds = 1000, 2000, 6
    name, X = table(db, n, p, folds)
    flops = (folds + 1.0) * n * n * p
    against_floor(db, rates, report, f'crossnobis, {n} conditions x {p} voxels, {folds} folds', name, f'crossnobis(fold % {n}, x, fold / {n})', flops, 3)
    backend = Backend(db, THREADS)
    whole, _ = median_seconds(lambda: backend.query(f'SELECT n_conditions(crossnobis(fold % {n}, x, fold / {n})) FROM {name}'))
    holes, _ = median_seconds(lambda: backend.query(
        f'SELECT n_conditions(crossnobis(fold % {n}, x, fold / {n})) FROM {name} WHERE fold * 7919 % 10 > 0'))
    backend.close()
    report.figure('  with a tenth of the rows missing, of the time with all', holes / whole, '', bar=1.5)
