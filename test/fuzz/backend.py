"""A session of the server, and what its process spends on each statement.

Time and memory are the server process's own, read from /proc: seconds are
those in which it ran or slept, without those in which it waited for a
processor, and memory is the peak of its anonymous pages.  So a loaded machine
is not taken for a hang, and the fuzzer must run beside the server, as its user.
"""

import collections
import io
import os
import re
import signal
import sys
import threading
import time

import psycopg2
import psycopg2.errors

MEGABYTE = 1 << 20
MEMORY_LIMIT = 256 * MEGABYTE
LOST_AFTER = 60.0               # seconds after its timeout when a server process that does not answer is killed

SESSION = """
SET log_min_messages = fatal;
SET client_min_messages = error;
SET neuroenc.memory_limit = '256MB';
SET extra_float_digits = 1;
SET jit = off;
"""

# state: the SQLSTATE, None of what was accepted, or "lost" with the connection
Outcome = collections.namedtuple("Outcome", "state message value seconds peak")


class Backend:
    """A connection to a database of its own that comes back after a crash."""

    def __init__(self):
        self.admin_name = os.environ.get("PGDATABASE", "postgres")
        self.name = "fuzz_%d" % os.getpid()
        self.admin('CREATE DATABASE "%s"' % self.name)
        self.files = []
        self.deadline = None
        self.open()
        threading.Thread(target=self.watch, daemon=True).start()

    def admin(self, statement):
        db = psycopg2.connect(dbname=self.admin_name)
        db.autocommit = True
        with db.cursor() as cur:
            cur.execute(statement)
        db.close()

    def open(self):
        self.db = psycopg2.connect(dbname=self.name)
        self.db.autocommit = True
        self.pid = self.db.info.backend_pid
        self.timeout = None
        for file in self.files:
            os.close(file)
        process = "/proc/%d/" % self.pid
        try:
            self.files = [os.open(process + "schedstat", os.O_RDONLY), os.open(process + "status", os.O_RDONLY),
                          os.open(process + "clear_refs", os.O_WRONLY)]
        except OSError as error:
            sys.exit("fuzz.py must run on the server's machine, as the server's user: %s" % error)
        self.run(SESSION)

    def reopen(self):
        for _ in range(600):
            try:
                self.db.close()
                self.open()
                return
            except psycopg2.Error:
                time.sleep(0.2)
        sys.exit("the server does not come back")

    def watch(self):
        """A server process that answers neither us nor its own timeout: its end is found as a lost connection."""
        while True:
            time.sleep(1)
            deadline = self.deadline
            if deadline is not None and time.monotonic() > deadline:
                self.deadline = None
                os.kill(self.pid, signal.SIGKILL)

    def query(self, statement, args=None):
        with self.db.cursor() as cur:
            cur.execute(statement, args)
            return cur.fetchall() if cur.description else None

    def limit(self, timeout):
        if timeout != self.timeout:
            self.query("SET statement_timeout = %d" % (1000 * timeout))
            self.timeout = timeout

    def run(self, statement, args=None):
        """The fuzzer's own statements, without a timeout."""
        self.limit(0)
        return self.query(statement, args)

    def copy_out(self, statement):
        self.limit(0)
        out = io.BytesIO()
        with self.db.cursor() as cur:
            cur.copy_expert(statement, out)
        return out.getvalue()

    def processor(self):
        """Seconds that the server process has run, since the last crash."""
        return int(os.pread(self.files[0], 100, 0).split()[0]) / 1e9

    def waited(self):
        """Seconds that the server process has waited for a processor."""
        return int(os.pread(self.files[0], 100, 0).split()[1]) / 1e9

    def peak(self):
        """Most anonymous memory since the last attempt began; shared pages and the library's are not counted."""
        status = os.pread(self.files[1], 4096, 0)
        kilobytes = {key: int(number) for key, number in re.findall(rb"(VmHWM|RssFile|RssShmem):\s+(\d+)", status)}
        return 1024 * (kilobytes[b"VmHWM"] - kilobytes[b"RssFile"] - kilobytes[b"RssShmem"])

    def attempt(self, statement, payload=None, timeout=1.0):
        """Runs a statement, or a COPY FROM STDIN of the payload, cancelled after so many seconds."""
        def work():
            if payload is None:
                rows = self.query(statement)
                return rows[0][0] if rows else None
            with self.db.cursor() as cur:
                cur.copy_expert(statement, io.BytesIO(payload))
        return self.watched(work, timeout)

    def attempt_all(self, statements, timeout):
        """Many at once: the outcome of the whole, whose value is the list of their own (seconds: waiting for a processor too)."""
        def work():
            return [Outcome(*row, 0) for row in self.query("SELECT state, message, value, seconds FROM try_each(%s)", (statements,))]
        return self.watched(work, timeout)

    def watched(self, work, timeout):
        """What the work comes to, and what it costs the server process."""
        self.limit(timeout)
        state = message = value = None
        os.write(self.files[2], b"5")
        waited = self.waited()
        started = time.monotonic()
        self.deadline = started + timeout + LOST_AFTER
        try:
            value = work()
        except (psycopg2.Error, UnicodeDecodeError) as error:
            state, message = getattr(error, "pgcode", None) or "lost", str(error).strip()
        self.deadline = None
        seconds = time.monotonic() - started
        try:
            seconds -= self.waited() - waited
            peak = self.peak()
        except (OSError, KeyError, IndexError):         # the process is no more
            peak = 0
        if self.db.closed or state == "lost":
            self.reopen()
        return Outcome(state, message, value, seconds, peak)

    def close(self):
        try:
            self.db.cancel()
        except psycopg2.Error:
            pass
        self.db.close()
        self.admin('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % self.name)
