"""dbscan beside scikit-learn's, hdbscan beside that of R's dbscan package; ours reads its rows from a table."""

import os
import shutil
import subprocess
import tempfile
import time

import numpy as np
from sklearn.cluster import DBSCAN

from encoding_data import Backend, median_seconds
from neuroenc_oracle import put

THREADS = 2


def blobs(rng, n, d, k=20):
    """Centres N(0, 16 I), noise of variance 1."""
    centres = 4 * rng.standard_normal((k, d))
    return (centres[rng.integers(0, k, n)] + rng.standard_normal((n, d))).astype(np.float32)


def create(db, table, x):
    with db.cursor() as cur:
        cur.execute(f'CREATE UNLOGGED TABLE {table} (t tensor) WITH (toast_tuple_target = 8160)')
        cur.execute(f'INSERT INTO {table} SELECT t FROM rows(from_npy(%s)) AS t', [put(x)])
        cur.execute(f'VACUUM (FREEZE, ANALYZE) {table}')


def count(label):
    return int(label.max()) + 1, int((label < 0).sum())


def beside_scikit_learn(db, rates, report, what, x, eps, min_points):
    table = f'rows_{x.shape[1]}'
    create(db, table, x)
    statement = f'SELECT max(l), count(*) FILTER (WHERE l < 0) FROM (SELECT dbscan(t, {eps}, {min_points}) OVER () AS l FROM {table}) q'
    backend = Backend(db, THREADS)
    took, rows = median_seconds(lambda: backend.query(statement))
    peak = backend.peak(statement)[1]
    backend.close()
    rates.set_threads(THREADS)
    started = time.perf_counter()
    label = DBSCAN(eps=eps, min_samples=min_points, n_jobs=THREADS).fit(x).labels_
    peer = time.perf_counter() - started
    report.figure(f'dbscan, {what}, eps {eps}', took, 's', note=f'{rows[0][0]} clusters, {rows[0][1]} noise, {peak / 2**20:.0f} MB')
    report.figure('  scikit-learn, the rows at hand', peer, 's', note='%d clusters, %d noise' % count(label))
    report.figure("  of scikit-learn's time", took / peer, '', bar=1.0)
    return took


def bench_dbscan(db, rates, report):
    rng = np.random.default_rng(0)
    took = beside_scikit_learn(db, rates, report, '50,000 x 32', blobs(rng, 50000, 32), 5.5, 10)
    flops = 50000.0**2 * 32
    report.figure('  times its floor, n^2 d flops at sgemm', took * rates.sgemm[THREADS] / flops, '')
    beside_scikit_learn(db, rates, report, '200,000 x 2', blobs(rng, 200000, 2), 0.05, 10)


R_SCRIPT = """
library(dbscan)
x <- matrix(readBin("%s", "double", %d), ncol = %d, byrow = TRUE)
cat(system.time(h <- hdbscan(x, minPts = %d))["elapsed"], max(h$cluster), sum(h$cluster == 0))
"""


def r_hdbscan(x, min_points):
    """(seconds, clusters, noise) of R's hdbscan; None where there is no R or no such package."""
    if shutil.which('Rscript') is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'x')
        x.astype(float).tofile(path)
        script = R_SCRIPT % (path, x.size, x.shape[1], min_points)
        run = subprocess.run(['Rscript', '-e', script], capture_output=True, text=True)
    if run.returncode != 0:
        return None
    seconds, clusters, noise = run.stdout.split()
    return float(seconds), int(clusters), int(noise)


def bench_hdbscan(db, rates, report):
    x = blobs(np.random.default_rng(1), 20000, 16)
    create(db, 'rows_16', x)
    statement = 'SELECT max(l), count(*) FILTER (WHERE l < 0) FROM (SELECT hdbscan(t, 15) OVER () AS l FROM rows_16) q'
    backend = Backend(db, THREADS)
    took, rows = median_seconds(lambda: backend.query(statement))
    peak = backend.peak(statement)[1]
    backend.close()
    report.figure('hdbscan, 20,000 x 16', took, 's', note=f'{rows[0][0]} clusters, {rows[0][1]} noise, {peak / 2**20:.0f} MB')
    report.figure('  its floor, 3 n^2 d flops at dgemm', 3 * len(x)**2 * 16.0 / rates.dgemm[THREADS], 's')
    peer = r_hdbscan(x, 15)
    if peer is None:
        print("  R's dbscan package (Debian r-cran-dbscan) is not installed: no peer", flush=True)
        return
    report.figure("  R's dbscan, the rows at hand", peer[0], 's', note='%d clusters, %d noise' % peer[1:])
    report.figure("  of R's time", took / peer[0], '', bar=1.0)
