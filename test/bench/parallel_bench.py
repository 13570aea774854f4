"""Parallel query: aggregates of each room with one worker and with two, against none.

The floor of one worker is what this machine's two processors give: two sessions at the same time, each with half of the
rows, and nothing to merge (it is also the peer, as it is what one would do by hand); and PostgreSQL's own price of a
worker, which is what count(*) over the same table takes with one beyond two sessions that count a half each: a process
starts, maps the shared buffers page by page, and unmaps them before its leader goes on.  The leader takes part, so that
one worker can be twice as fast on two processors, and a second one has no processor of its own; statements that only
read are bound by the memory instead.  All with one thread each, in turns, the medians.

A small state is merged at no cost.  Where the state is as large as the rows (points_agg, predictions_agg) each worker
sends its rows to the leader, which does nothing but copy; it is shown over fewer rows, without a bar.
"""

import functools
import pathlib
import threading

import numpy as np

from bench import seconds
from encoding_data import Backend

N, KEPT, D, V, CONDITIONS, TURNS = 700000, 200000, 256, 64, 200, 5
PROCESSORS = 2


def bench_load(db, rates, report):
    def load():
        with db.cursor() as cur:
            cur.execute(f"""
CREATE UNLOGGED TABLE images (id int, fold int, label int, x tensor, y tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO images SELECT id, id % 5, id % {CONDITIONS}, random_normal('{{{D}}}', id), random_normal('{{{V}}}', -id) FROM generate_series(1, {N}) id;
CREATE UNLOGGED TABLE codes WITH (parallel_workers = 2) AS SELECT id, clip(x - 1, 0, 1e9)::sparse AS code FROM images;
CREATE UNLOGGED TABLE labels WITH (parallel_workers = 2) AS SELECT id, fold, label FROM images;
CREATE UNLOGGED TABLE kept WITH (toast_tuple_target = 8160, parallel_workers = 2) AS SELECT * FROM images WHERE id <= {KEPT};
CREATE UNLOGGED TABLE few WITH (parallel_workers = 2) AS SELECT * FROM images WHERE id <= 100;
CREATE TABLE queries AS SELECT random_normal('{{200,{D}}}', 7) AS w;""")
            for table in ('images', 'kept', 'codes', 'labels'):
                for half in (0, 1):
                    cur.execute(f'CREATE UNLOGGED TABLE {table}_{half} AS SELECT * FROM {table} WHERE id % 2 = {half}')
            cur.execute('VACUUM (FREEZE, ANALYZE)')
            cur.execute((pathlib.Path(__file__).parent.parent / 'free_combine.sql').read_text())
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


def in_turns(db, answer, table):
    """Seconds of 0, 1 and 2 workers and of two sessions with half of the rows each: a row for every turn."""
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
    return np.array(took)


@functools.lru_cache
def price(db, table):
    """Seconds that PostgreSQL's own worker costs over this table."""
    took = in_turns(db, 'count(*)', table)
    return max(0.0, np.median(took[:, 1] - took[:, 3]))


def compare(db, report, what, answer, table='images'):
    """A statement with workers against the floor; a state of the size of the rows has no bar."""
    own = price(db, table)
    took = in_turns(db, answer, table)
    alone, one, two, halves = np.median(took, axis=0)
    report.figure(what, alone, 's', note='no worker')
    report.figure('  1 worker: time', one, 's', note=f'{alone / one:.2f} times as fast')
    report.figure('  2 workers: time', two, 's', note=f'{alone / two:.2f} times as fast, on {PROCESSORS} processors')
    report.figure('  peer: two sessions, half each', halves, 's', note=f'{alone / halves:.2f} times as fast')
    report.figure('  1 worker of no worker', np.median(took[:, 1] / took[:, 0]), '')
    report.figure('  1 worker of the floor', np.median(took[:, 1] / (took[:, 3] + own)), '', bar=1.25 if table != 'kept' else None,
                  note=f'floor: the peer and {own * 1e3:.0f} ms')


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
    compare(db, report, 'predictions_agg(y, y * y, id / 10): keeps the rows', 'predictions_agg(y, y * y, id / 10) IS NULL', 'kept')


def bench_similarity(db, rates, report):
    compare(db, report, f'patterns_agg(label, x), {CONDITIONS} conditions', 'n_samples(patterns_agg(label, x))')
    compare(db, report, 'rdm(label, x)', 'rdm(label, x) IS NULL')
    compare(db, report, 'crossnobis(label, x, fold)', 'crossnobis(label, x, id % 3) IS NULL')


def bench_clustering(db, rates, report):
    compare(db, report, 'contingency_agg(label, fold)', 'contingency_agg(label, id % 7) IS NULL', 'labels')
    compare(db, report, 'points_agg(x): keeps the rows', 'n_samples(points_agg(x))', 'kept')
    compare(db, report, 'kmeans_fit of 16 columns: keeps the rows, and then fits', 'kmeans_fit(x[1:16] + (label % 8) * 10, 8) IS NULL', 'kept')


def bench_search(db, rates, report):
    compare(db, report, 'topk, 200 queries, k 10', 'topk(id, x, (SELECT w FROM queries), 10) IS NULL')
    compare(db, report, 'class_sums_agg(x, label % 2)', 'n_samples(class_sums_agg(x, label % 2))')
    compare(db, report, 'localizer(x, label < 100)', 'localizer(x, label < 100) IS NULL')
    compare(db, report, 'points_agg(x, label, fold), logistic_cv\'s: keeps the rows', 'n_samples(points_agg(x, id % 2, fold))', 'kept')
    compare(db, report, 'feature_activity(code)', 'feature_activity(code) IS NULL', 'codes')
    compare(db, report, 'cooccurrence(code)', 'cooccurrence(code) IS NULL', 'codes')
