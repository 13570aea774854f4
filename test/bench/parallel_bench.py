"""Parallel query: aggregates of each room with one worker and with two, against none.

The floor of one worker is what this machine's two processors give: two sessions at the same time, each with half of the
rows, and nothing to merge; it is also the peer, as it is what one would do by hand.  The leader takes part, so that one
worker can be twice as fast on two processors, and a second one has no processor of its own.  All with one thread each,
in turns, the medians.

A small state is merged at no cost: workers pay.  Where the state is as large as the rows (points_agg, predictions_agg)
each worker sends its rows to the leader, which does nothing but copy; it is shown, without a bar.
"""

import threading

import numpy as np

from bench import seconds
from encoding_data import Backend

N, D, V, CONDITIONS, TURNS = 200000, 256, 64, 200, 5
PROCESSORS = 2


def bench_load(db, rates, report):
    def load():
        with db.cursor() as cur:
            cur.execute(f"""
CREATE UNLOGGED TABLE images (id int, fold int, label int, x tensor, y tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO images SELECT id, id % 5, id % {CONDITIONS}, random_normal('{{{D}}}', id), random_normal('{{{V}}}', -id) FROM generate_series(1, {N}) id;
CREATE UNLOGGED TABLE codes WITH (parallel_workers = 2) AS SELECT id, clip(x - 1, 0, 1e9)::sparse AS code FROM images;
CREATE UNLOGGED TABLE few WITH (parallel_workers = 2) AS SELECT * FROM images WHERE id <= 100;
CREATE TABLE queries AS SELECT random_normal('{{200,{D}}}', 7) AS w;""")
            for table in ('images', 'codes'):
                for half in (0, 1):
                    cur.execute(f'CREATE UNLOGGED TABLE {table}_{half} AS SELECT * FROM {table} WHERE id % 2 = {half}')
            cur.execute('VACUUM (FREEZE, ANALYZE)')
    took, _ = seconds(load, 1)
    report.figure(f'{N} rows of {D} and {V} float4, made in SQL', took, 's')


class Session(Backend):
    """Plans as many workers as it is told to, for any table."""

    def __init__(self, db):
        super().__init__(db, 1)
        with self.db.cursor() as cur:
            cur.execute('SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET jit = off')

    def workers(self, count, statement):
        with self.db.cursor() as cur:
            cur.execute(f'SET max_parallel_workers_per_gather = {count}')
            cur.execute('EXPLAIN (COSTS OFF) ' + statement)
            plan = '\n'.join(row[0] for row in cur.fetchall())
        assert ('Partial Aggregate' in plan and f'Workers Planned: {count}' in plan) if count else 'Gather' not in plan, plan

    def timed(self, count, statement):
        self.workers(count, statement)
        return seconds(lambda: self.query(statement), 1)


def at_once(sessions, statements):
    """Seconds until all are done, each in its session."""
    threads = [threading.Thread(target=s.query, args=(q,)) for s, q in zip(sessions, statements)]

    def run():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return seconds(run, 1)[0]


def compare(db, report, what, answer, table='images', small=True):
    """Seconds of 0, 1 and 2 workers and of two sessions, in turns; a small state has bars."""
    sessions = [Session(db), Session(db)]
    statement = f'SELECT {answer} FROM {table}'
    halves = [f'SELECT {answer} FROM {table}_{half}' for half in (0, 1)]
    for session, half in zip(sessions, halves):
        session.workers(0, half)
        session.query(half)
    took = []
    for _ in range(TURNS):
        turn = []
        found = []
        for count in (0, 1, 2):
            spent, rows = sessions[0].timed(count, statement)
            turn.append(spent)
            found.append(rows)
        assert found[0] == found[1] == found[2], found
        sessions[0].workers(0, halves[0])
        turn.append(at_once(sessions, halves))
        took.append(turn)
    for session in sessions:
        session.close()
    took = np.array(took)
    alone, one, two, floor = np.median(took, axis=0)
    report.figure(what, alone, 's', note='no worker')
    report.figure('  1 worker: time', one, 's', note=f'{np.median(took[:, 0] / took[:, 1]):.2f} times as fast')
    report.figure('  2 workers: time', two, 's', note=f'{np.median(took[:, 0] / took[:, 2]):.2f} times as fast, on {PROCESSORS} processors')
    report.figure('  floor and peer: two sessions, half each', floor, 's', note=f'{np.median(took[:, 0] / took[:, 3]):.2f} times as fast')
    report.figure('  1 worker of no worker', np.median(took[:, 1] / took[:, 0]), '', bar=0.67 if small else None)
    report.figure('  1 worker of the floor', np.median(took[:, 1] / took[:, 3]), '', bar=1.3 if small else None)


def bench_start(db, rates, report):
    """What a query's workers cost before they read anything, in a session that has used the extension."""
    session = Session(db)
    statement = 'SELECT n_samples(gram_agg(x, y)) FROM few'
    took = {}
    for count in (0, 1, 2):
        session.workers(count, statement)
        took[count], _ = seconds(lambda: session.query(statement), 20)
    session.close()
    for count in (1, 2):
        report.figure(f'100 rows, {count} worker{"s"[:count - 1]}: beyond none', (took[count] - took[0]) * 1e3, 'ms', note=f'none: {took[0] * 1e3:.1f} ms')


def bench_tensor(db, rates, report):
    compare(db, report, f'avg(x), {N} rows of {D}', 'ndims(avg(x))')


def bench_stats(db, rates, report):
    compare(db, report, f'gram_agg(x, y, fold), {D} features, {V} targets', 'n_samples(gram_agg(x, y, fold))')
    compare(db, report, 'cross_agg(x, y)', 'ndims(corr(cross_agg(x, y)))')


def bench_encoding(db, rates, report):
    compare(db, report, 'column_corr(y, y * y)', 'ndims(column_corr(y, y * y))')
    compare(db, report, 'predictions_agg(y, y * y, id / 10): keeps the rows', 'predictions_agg(y, y * y, id / 10) IS NULL', small=False)


def bench_similarity(db, rates, report):
    compare(db, report, f'patterns_agg(label, x), {CONDITIONS} conditions', 'n_samples(patterns_agg(label, x))')
    compare(db, report, 'rdm(label, x)', 'rdm(label, x) IS NULL')
    compare(db, report, 'crossnobis(label, x, fold)', 'crossnobis(label, x, id % 3) IS NULL')


def bench_clustering(db, rates, report):
    compare(db, report, 'contingency_agg(label, fold)', 'contingency_agg(label, id % 7) IS NULL')
    compare(db, report, 'points_agg(x): keeps the rows', 'n_samples(points_agg(x))', small=False)
    compare(db, report, 'kmeans_fit of 16 columns: keeps the rows, and then fits', 'kmeans_fit(x[1:16] + (label % 8) * 10, 8) IS NULL', small=False)


def bench_search(db, rates, report):
    compare(db, report, 'topk, 200 queries, k 10', 'topk(id, x, (SELECT w FROM queries), 10) IS NULL')
    compare(db, report, 'class_sums_agg(x, label % 2)', 'n_samples(class_sums_agg(x, label % 2))')
    compare(db, report, 'localizer(x, label < 100)', 'localizer(x, label < 100) IS NULL')
    compare(db, report, 'points_agg(x, label, fold), logistic_cv\'s: keeps the rows', 'n_samples(points_agg(x, id % 2, fold))', small=False)
    compare(db, report, 'feature_activity(code)', 'feature_activity(code) IS NULL', 'codes')
    compare(db, report, 'cooccurrence(code)', 'cooccurrence(code) IS NULL', 'codes')
