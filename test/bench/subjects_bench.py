"""Analyses over several subjects: isc and isfc, srm and time segment matching, against NumPy and their flops."""

import numpy as np

from bench import seconds
from encoding_data import Backend, median_seconds

THREADS = 2


def create(db, n_subjects, n_times, v):
    """A table (subject, t, y), read once; the same as an array of NumPy's is made by standard_normal."""
    name = f'recordings_{n_subjects}_{n_times}_{v}'
    with db.cursor() as cur:
        cur.execute(f'CREATE UNLOGGED TABLE IF NOT EXISTS {name} (subject int, t int, y tensor)')
        cur.execute(f'ALTER TABLE {name} ALTER y SET STORAGE external')
        cur.execute(f"INSERT INTO {name} SELECT s, t, random_normal('{{{v}}}', t) + random_normal('{{{v}}}', 100000 * s + t)"
                    f' FROM generate_series(1, {n_subjects}) s, generate_series(1, {n_times}) t')
        cur.execute(f'VACUUM ANALYZE {name}')
        cur.execute(f'SELECT count(*) FROM {name}')
    return name


def timed(db, name, call):
    """(seconds of the call alone, of reading the rows into recordings)"""
    backend = Backend(db, THREADS)
    statement = f'SELECT {{}} FROM (SELECT recordings_agg(subject, t, y) AS r FROM {name} OFFSET 0) q'
    reading, _ = median_seconds(lambda: backend.query(statement.format('n_samples(r)')))
    whole, _ = median_seconds(lambda: backend.query(statement.format(call)))
    backend.close()
    return whole - reading, reading


def numpy_isc(data):
    """Leave one out, as it is written: the others' mean, centred, normed, multiplied."""
    total = data.sum(axis=0)
    out = np.empty((len(data), data.shape[2]), data.dtype)
    for i, x in enumerate(data):
        others = (total - x) / (len(data) - 1)
        x, others = x - x.mean(axis=0), others - others.mean(axis=0)
        out[i] = np.einsum('tv,tv->v', x, others) / (np.linalg.norm(x, axis=0) * np.linalg.norm(others, axis=0))
    return out


def numpy_srm(data, k, n_iter):
    """Chen et al.'s turns on float64 rows, SVD of each X'S."""
    x = [d - d.mean(axis=0) for d in data]
    rng = np.random.default_rng(0)
    w = [np.linalg.qr(rng.standard_normal((d.shape[1], k)))[0] for d in x]
    s = np.mean([d @ m for d, m in zip(x, w)], axis=0)
    for _ in range(n_iter):
        for i, d in enumerate(x):
            u, _, vt = np.linalg.svd(d.T @ s, full_matrices=False)
            w[i] = u @ vt
        s = np.mean([d @ m for d, m in zip(x, w)], axis=0)
    return s


def bench_isc(db, rates, report):
    n_subjects, n_times, v = 20, 1000, 5000
    name = create(db, n_subjects, n_times, v)
    took, reading = timed(db, name, 'isc(r)')
    data = np.random.default_rng(0).standard_normal((n_subjects, n_times, v), dtype=np.float32)
    peer, _ = seconds(lambda: numpy_isc(data), 2)
    report.figure(f'isc, {n_subjects} subjects, {n_times} times, {v} voxels', took, 's', note=f'{reading:.2f} s more to read the rows')
    report.figure('  NumPy, float32', peer, 's', note='ours sums in float8')
    report.figure("  of NumPy's time", took / peer, '', bar=0.7)
    took, _ = timed(db, name, 'isc_pairwise(r)')
    report.figure('isc_pairwise of the same, 190 pairs', took, 's')
    with db.cursor() as cur:
        cur.execute(f'DROP TABLE {name}')


def bench_srm(db, rates, report):
    n_subjects, n_times, v, k, n_iter = 10, 500, 2000, 50, 10
    name = create(db, n_subjects, n_times, v)
    flops = n_subjects * (1.0 * n_times**2 * v                                         # X X'
                          + 2.0 * n_times * v * k                                      # the start
                          + (n_iter - 1) * (2.0 * n_times**2 * k + 4.0 * n_times * k**2)
                          + 6.0 * n_times * v * k)                                     # maps, series, what they explain
    backend = Backend(db, THREADS)
    statement = f'SELECT {{}} FROM (SELECT recordings_agg(subject, t, y) AS r FROM {name} OFFSET 0) q'
    reading, _ = median_seconds(lambda: backend.query(statement.format('n_samples(r)')))
    took, rate, work = rates.paired(lambda: backend.query(statement.format(f'(space_info(srm(r, {k}, {n_iter}))).k')), np.float64, THREADS)
    backend.close()
    data = np.random.default_rng(0).standard_normal((n_subjects, n_times, v))
    peer, _ = seconds(lambda: numpy_srm(data, k, n_iter), 2)
    report.figure(f'srm, {n_subjects} subjects, {n_times} times, {v} voxels, k {k}', took - reading, 's', note=f'{reading:.2f} s more to read the rows')
    report.figure('  flops of its products at dgemm rate', flops / rate, 's', note=f'{flops / 1e9:.1f} Gflop, {rate / 1e9:.0f} Gflop/s sustained')
    report.figure('  ratio', (work - reading * rate) / flops, '', bar=3, note='decompositions and conversion are in the time, not in the floor')
    report.figure('  NumPy, float64', peer, 's', note=f'{n_subjects * n_iter * 4.0 * n_times * v * k / 1e9:.0f} Gflop and SVDs')
    report.figure("  of NumPy's time", (took - reading) / peer, '', bar=0.5)


def bench_time_segment_match(db, rates, report):
    n_subjects, n_times, v, segment = 10, 2000, 200, 10
    name = create(db, n_subjects, n_times, v)
    backend = Backend(db, THREADS)
    rows = f'(SELECT recordings_agg(subject, t, y) AS r FROM {name} OFFSET 0) q'
    reading, _ = median_seconds(lambda: backend.query(f'SELECT n_samples(r) FROM {rows}'))
    took, _ = median_seconds(lambda: backend.query(f'SELECT count(*) FROM {rows}, time_segment_match(r, {segment})'))
    backend.close()
    data = np.random.default_rng(0).standard_normal((n_subjects, n_times, v))
    n = n_times - segment + 1

    def numpy_match():
        x = np.lib.stride_tricks.sliding_window_view(data, segment, axis=1).reshape(n_subjects, n, v * segment)
        total = x.sum(axis=0)
        for p in x:
            o = total - p
            p, o = ((z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True) for z in (p, o))
            c = p @ o.T
            apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
            c[(apart > 0) & (apart < segment)] = -np.inf
            (c.argmax(axis=1) == np.arange(n)).mean()

    peer, _ = seconds(numpy_match, 1)
    report.figure(f'time_segment_match, {n_subjects} subjects, {n_times} times, {v} features', took - reading, 's', note=f'{reading:.2f} s more to read the rows')
    report.figure('  NumPy, segments written out', peer, 's')
    report.figure("  of NumPy's time", (took - reading) / peer, '', bar=0.2)
