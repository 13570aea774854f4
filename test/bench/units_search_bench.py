"""Which units: localizer against a scan that only touches each row, selectivity and mutual_information against scikit-learn, pmi_label against a dense product."""

import time

import numpy as np

from bench import query_seconds
from encoding_data import Backend, create

THREADS = 2


def bench_localizer(db, rates, report):
    for n, p in ((20000, 1024), (4000, 8192)):
        rng = np.random.default_rng(p)
        create(db, f'activity_{p}', np.arange(n), rng.standard_normal((n, p), dtype=np.float32), np.zeros((n, 1), np.float32))
        backend = Backend(db, 1)
        scan, touch = [], []
        for _ in range(5):
            for statement, times in ((f'SELECT units(l) FROM (SELECT localizer(x, fold % 2 = 0) AS l FROM activity_{p} OFFSET 0) AS q LIMIT 1', scan),
                                     (f'SELECT sum(mean_of(x)) FROM activity_{p}', touch)):
                started = time.perf_counter()
                backend.query(statement)
                times.append(time.perf_counter() - started)
        backend.close()
        report.figure(f'localizer, {n} rows of {p} float4', min(scan), 's', note=f'{n * p * 4 / min(scan) / 1e9:.1f} GB/s')
        report.figure('  of a scan that takes each row\'s mean', min(scan) / min(touch), '', bar=2.5, note=f'{min(touch):.3f} s')


def labelled(db, n, p, k):
    rng = np.random.default_rng(n)
    label = rng.integers(k, size=n)
    X = np.maximum(rng.standard_normal((n, p), dtype=np.float32) + rng.standard_normal((k, p), dtype=np.float32)[label], 0)
    create(db, 'labelled', label, X, X[:, :1])
    return X, label


def bench_selectivity(db, rates, report):
    from sklearn.metrics import roc_auc_score

    n, p, k = 20000, 512, 50
    X, label = labelled(db, n, p, k)
    backend = Backend(db, THREADS)
    took, rows = query_seconds(backend.db, 'SELECT sum(auc) FROM (SELECT points_agg(x, fold) AS p FROM labelled) AS q, selectivity(p)', repeat=2)
    backend.close()
    units = 4
    started = time.perf_counter()
    for column in X[:, :units].T:
        for c in range(k):
            roc_auc_score(label == c, column)
    peer = (time.perf_counter() - started) / units * p
    report.figure(f'selectivity, {n} rows of {p} units, {k} classes, {THREADS} threads', took, 's', note=f'{took / n / p * 1e9:.0f} ns an element')
    report.figure('  of scikit-learn\'s roc_auc_score for each unit and class, one thread', took / peer, '', bar=0.02, note=f'{peer:.0f} s, from {units} units')


def bench_mutual_information(db, rates, report):
    from sklearn.feature_selection import mutual_info_classif

    n, p, k = 5000, 512, 10
    X, label = labelled(db, n, p, k)
    backend = Backend(db, THREADS)
    took, rows = query_seconds(backend.db, 'SELECT sum(mi) FROM (SELECT points_agg(x, fold) AS p FROM labelled) AS q, mutual_information(p)', repeat=2)
    backend.close()
    units = 16
    started = time.perf_counter()
    mutual_info_classif(X[:, :units], label, random_state=0)
    peer = (time.perf_counter() - started) / units * p
    report.figure(f'mutual_information, {n} rows of {p} units, {k} classes, {THREADS} threads', took, 's', note=f'{took / n / p * 1e9:.0f} ns an element')
    report.figure('  of scikit-learn\'s mutual_info_classif, one thread', took / peer, '', bar=0.1, note=f'{peer:.1f} s, from {units} units')


def bench_pmi_label(db, rates, report):
    n, p, words, each = 20000, 2000, 4000, 10
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, p), dtype=np.float32)
    create(db, 'items', np.arange(n), X, X[:, :1])
    with db.cursor() as cur:
        cur.execute("CREATE TABLE described AS SELECT x, (SELECT string_agg('word' || (fold * 7919 + j * j * 104729 + fold * j) %% %s, ' ') FROM generate_series(1, %s) AS j) AS d FROM items", [words, each])
        cur.execute('VACUUM (ANALYZE) described')
    backend = Backend(db, THREADS)
    took, rows = query_seconds(backend.db, 'SELECT sum(pmi) FROM (SELECT points_agg(x, d) AS p FROM described) AS q, pmi_label(p)', repeat=2)
    backend.close()
    rates.again()
    dense = 2.0 * p * n * words / rates.sgemm[THREADS]
    report.figure(f'pmi_label, {n} items of {p} units, {words} words, {each} an item, {THREADS} threads', took, 's')
    report.figure('  of the product of dense matrices at sgemm rate', took / dense, '', bar=1.5, note=f'{dense:.1f} s')
