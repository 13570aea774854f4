"""Data of the gram and ridge benches: a big table by COPY BINARY, out again, and a backend's peak memory."""

import io
import struct
import threading
import time

import numpy as np
import psycopg2

from gram_tables import wire


def power_law(rng, n, p):
    """Features whose covariance has eigenvalues i^-2."""
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1) ** -1.0
    return (X @ np.linalg.qr(rng.standard_normal((p, p)))[0]).astype(np.float32)


def responses(rng, X, v):
    """Half signal, half noise in the mean over targets."""
    B = rng.standard_normal((X.shape[1], v)).astype(np.float32)
    S = X @ B
    return (S / S.std(axis=0) * np.linspace(0, 1.4, v, dtype=np.float32) + rng.standard_normal(S.shape, dtype=np.float32)).astype(np.float32)


class Stream:
    """COPY BINARY of (fold bigint, x tensor, y tensor), a row at a time: the file object of copy_expert."""

    def __init__(self, fold, X, Y):
        self.rows = self.produce(fold, X, Y)
        self.left = b''

    def produce(self, fold, X, Y):
        yield b'PGCOPY\n\377\r\n\0' + struct.pack('>ii', 0, 0)
        (hx, nx), (hy, ny) = ((wire(a[0])[:8], len(wire(a[0]))) for a in (X, Y))
        for i in range(len(X)):
            yield b''.join((struct.pack('>hiqi', 3, 8, int(fold[i]), nx), hx, X[i].tobytes(), struct.pack('>i', ny), hy, Y[i].tobytes()))
        yield struct.pack('>h', -1)

    def read(self, size=-1):
        parts, got = [self.left], len(self.left)
        while size < 0 or got < size:
            row = next(self.rows, None)
            if row is None:
                break
            parts.append(row)
            got += len(row)
        data = b''.join(parts)
        if size < 0:
            size = len(data)
        self.left = data[size:]
        return data[:size]


def create(db, table, fold, X, Y):
    """Table (fold, x, y), vacuumed and read once."""
    with db.cursor() as cur:
        cur.execute(f'DROP TABLE IF EXISTS {table}')
        cur.execute(f'CREATE UNLOGGED TABLE {table} (fold bigint, x tensor, y tensor)')
        cur.copy_expert(f'COPY {table} FROM STDIN (FORMAT binary)', Stream(fold, X, Y))
        cur.execute(f'VACUUM (FREEZE, ANALYZE) {table}')
        cur.execute(f'SELECT sum(length(tensor_send(x)) + length(tensor_send(y))) FROM {table}')


def copy_out(db, table, X, Y):
    """The whole table to arrays like X and Y by COPY BINARY: what leaving the database costs."""
    out = io.BytesIO()
    with db.cursor() as cur:
        cur.copy_expert(f'COPY {table} TO STDOUT (FORMAT binary)', out)
    raw = out.getbuffer()
    n, p, v = len(X), X.shape[1], Y.shape[1]
    record = np.dtype([('head', 'V18'), ('x_head', 'V8'), ('x', '<f4', p), ('y_length', 'V4'), ('y_head', 'V8'), ('y', '<f4', v)])
    assert len(raw) == 19 + n * record.itemsize + 2, 'rows of another length'
    rows = np.frombuffer(raw, record, n, 19)
    return np.ascontiguousarray(rows['x']), np.ascontiguousarray(rows['y'])


def median_seconds(function, repeat=3):
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - started)
    return float(np.median(times)), result


class Backend:
    """A connection of its own, so that its memory is the statement's."""

    def __init__(self, db, threads=1):
        self.db = psycopg2.connect(dbname=db.info.dbname)
        self.db.autocommit = True
        with self.db.cursor() as cur:
            cur.execute(f'SET neuroenc.threads = {threads}; SET max_parallel_workers_per_gather = 0')
            cur.execute('SELECT pg_backend_pid()')
            self.pid = cur.fetchone()[0]

    def query(self, sql, args=None):
        with self.db.cursor() as cur:
            cur.execute(sql, args)
            return cur.fetchall()

    def private_bytes(self):
        with open(f'/proc/{self.pid}/status') as f:
            return next(int(line.split()[1]) for line in f if line.startswith('RssAnon')) * 1024

    def peak(self, sql, args=None):
        """Rows, and the most private memory beyond what the backend held before (sampled every 2 ms)."""
        before, most, stop = self.private_bytes(), [0], threading.Event()

        def watch():
            while not stop.is_set():
                most[0] = max(most[0], self.private_bytes())
                time.sleep(.002)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            rows = self.query(sql, args)
        finally:
            stop.set()
            watcher.join()
        return rows, most[0] - before

    def close(self):
        self.db.close()
