#!/usr/bin/python3
"""Hostile input: mutated values of every type and file format, and functions called with edge values.

usage: fuzz.py [--inputs N] [--seed S] [--only REGEX]      (the server by PGHOST, PGPORT, PGUSER)

Targets, found in the catalog of a database of its own:

    TYPE text       the type's input function
    TYPE binary     its receive function, through COPY BINARY
    F(bytea)        functions that read files (npy, NIfTI), with mutated files
    json            the casts from json and jsonb
    functions       every other function of the extension, arguments drawn from pools of edge values, among them
                    mutated values that the receive functions let pass
    edges           every function with each edge value at each of its arguments in turn, and each pair of them at
                    the first two; the other arguments drawn
    aggregates      every aggregate over a few rows of such values

An input must be accepted, and then text and binary forms round-trip, or be
refused with an SQLSTATE of its own (XX000, "internal error", is a failure, as
is a lost connection or a statement over 20 seconds).  The same seed gives the
same inputs.
"""

import argparse
import base64
import gzip
import io
import os
import random
import re
import struct
import sys
import time

import numpy as np
import psycopg2
import psycopg2.errors

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(os.path.dirname(HERE), "samples.sql")
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TAIL = struct.pack(">h", -1)

SETUP = """
SET client_min_messages = warning;
CREATE EXTENSION neuroenc;
CREATE FUNCTION try_text(statement text, inputs text[], OUT ordinal int, OUT state text, OUT message text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(inputs) LOOP
        ordinal := i;
        state := NULL;
        message := NULL;
        BEGIN
            EXECUTE statement INTO message USING inputs[ordinal];
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            message := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE FUNCTION try_bytea(statement text, inputs bytea[], OUT ordinal int, OUT state text, OUT message text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(inputs) LOOP
        ordinal := i;
        state := NULL;
        message := NULL;
        BEGIN
            EXECUTE statement INTO message USING inputs[ordinal];
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            message := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE FUNCTION try_each(statements text[], OUT ordinal int, OUT state text, OUT message text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(statements) LOOP
        ordinal := i;
        state := NULL;
        message := NULL;
        BEGIN
            EXECUTE statements[ordinal] INTO message;
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            message := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
"""

SESSION = """
SET log_min_messages = fatal;
SET client_min_messages = error;
SET statement_timeout = '20s';
SET neuroenc.memory_limit = '256MB';
SET extra_float_digits = 1;
"""


class Database:
    """A connection that comes back after a crash."""

    def __init__(self):
        self.admin_name = os.environ.get("PGDATABASE", "postgres")
        self.name = "fuzz_%d" % os.getpid()
        self.admin('CREATE DATABASE "%s"' % self.name)
        self.open()

    def admin(self, statement):
        db = psycopg2.connect(dbname=self.admin_name)
        db.autocommit = True
        with db.cursor() as cur:
            cur.execute(statement)
        db.close()

    def open(self):
        self.db = psycopg2.connect(dbname=self.name)
        self.db.autocommit = True
        self.run(SESSION)

    def reopen(self):
        for _ in range(300):
            try:
                self.db.close()
                self.open()
                return
            except psycopg2.Error:
                time.sleep(0.2)
        sys.exit("the server does not come back")

    def run(self, statement, args=None):
        with self.db.cursor() as cur:
            cur.execute(statement, args)
            return cur.fetchall() if cur.description else None

    def copy_in(self, statement, payload):
        with self.db.cursor() as cur:
            cur.copy_expert(statement, io.BytesIO(payload))

    def copy_out(self, statement):
        out = io.BytesIO()
        with self.db.cursor() as cur:
            cur.copy_expert(statement, out)
        return out.getvalue()

    def close(self):
        self.db.close()
        self.admin('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % self.name)


class Target:
    """Counts of one target and its failures."""

    def __init__(self, name):
        self.name = name
        self.inputs = self.accepted = 0
        self.started = time.time()
        self.states = {}
        self.failures = []

    def result(self, state, message, reproduce):
        self.inputs += 1
        if state is None:
            self.accepted += 1
            return
        self.states[state] = self.states.get(state, 0) + 1
        # 42: the statement was not even understood, so the fuzzer's own mistake
        if state.startswith(("XX", "42")) or state == "57014":
            self.fail("SQLSTATE %s: %s" % (state, message), reproduce)

    def fail(self, why, reproduce):
        self.failures.append((why, reproduce))

    def report(self):
        summary = "%s: %d inputs, %d accepted (%.1f s)" % (self.name, self.inputs, self.accepted, time.time() - self.started)
        print(("not ok " if self.failures else "ok ") + summary)
        for why, reproduce in self.failures[:5]:
            print("# " + why.replace("\n", " ")[:400])
            print("#   " + reproduce[:1500])
        if len(self.failures) > 5:
            print("# and %d more" % (len(self.failures) - 5))
        sys.stdout.flush()
        return not self.failures


# ---------------------------------------------------------------- mutations

INTEGERS = [0, 1, -1, 2, 8, 9, 255, 2**15, 2**16 - 1, 2**28, 2**30, 2**31 - 1, -(2**31), 2**32 - 1, 2**62, 2**63 - 1, -(2**63)]
TOKENS = ["[", "]", "[[", "]]", ",", ",,", ":", "(", ")", "<", ">", "{", "}", '"', "'", "\\", " ", "\t", "\n", "-", "+", ".", "e",
          "NaN", "nan", "Infinity", "-inf", "null", "1e999", "-1e999", "1e-999", "0x10", "1_000", "float2:", "float4:",
          "float8:", "float16:", "(0,3):", "(2147483647):", "(2147483648):", "(-1):", "(65536,65536):", "99999999999999999999",
          "0" * 400, "1" * 400, "é", "\u2212", "\U0001F9E0", "[" * 9, "]" * 9, "=", "AAAA", "true"]


def mutate_bytes(rng, value):
    """One of the usual lies about some bytes."""
    data = bytearray(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(9)
        if kind == 0:
            data = data[: rng.randrange(len(data) + 1)]
        elif kind in (1, 2, 3):         # a field near the front
            width = rng.choice((1, 2, 4, 8))
            limit = len(data) if kind == 3 else min(len(data), 400 if rng.random() < 0.2 else 64)
            if limit >= width:
                at = rng.randrange(limit - width + 1)
                if rng.random() < 0.7:
                    at -= at % width
                number = rng.choice(INTEGERS) if rng.random() < 0.8 else rng.getrandbits(64)
                order = rng.choice(("big", "little"))
                data[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, order)
        elif kind == 4 and data:
            for _ in range(rng.randrange(1, 9)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif kind == 5 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 6:
            at = rng.randrange(len(data) + 1)
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 17)))
        elif kind == 7 and data:
            at = rng.randrange(len(data))
            del data[at : at + rng.randrange(1, 17)]
        elif kind == 8 and rng.random() < 0.2:
            data = bytearray(rng.getrandbits(8) for _ in range(rng.randrange(200)))
    return bytes(data)


def mutate_text(rng, value):
    text = value
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(8)
        at = rng.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at]
        elif kind in (1, 2):
            text = text[:at] + rng.choice(TOKENS) + text[at:]
        elif kind == 3:
            text = text[:at] + rng.choice(TOKENS) + text[at + rng.randrange(1, 9) :]
        elif kind == 4:
            text = text[:at] + text[at + rng.randrange(1, 9) :]
        elif kind == 5 and text:
            text = text[:at] + chr(rng.choice((rng.randrange(1, 128), rng.randrange(128, 0xD800)))) + text[at + 1 :]
        elif kind == 6:
            text = text[:at] + text
        elif kind == 7 and rng.random() < 0.1:
            text = rng.choice(TOKENS) * rng.choice((1, 10, 1000, 20000))
    return text.replace("\0", "")


def mutate_base64(rng, value):
    """The payload of a state's text form, a header and base64, changed as bytes."""
    found = re.match(r"^(.*?)([A-Za-z0-9+/]{16,}={0,2})$", value, re.S)
    if not found:
        return mutate_text(rng, value)
    try:
        payload = base64.b64decode(found[2])
    except ValueError:
        return mutate_text(rng, value)
    return found[1] + base64.b64encode(mutate_bytes(rng, payload)).decode()


# ---------------------------------------------------------------- types

def batches(items, size):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def run_batch(db, target, function, cast, statement, inputs, show):
    """Inputs through try_*; a crash or a timeout is then looked for one by one."""
    size = 100
    for batch in batches(inputs, size):
        try:
            rows = db.run("SELECT ordinal, state, message FROM %s(%%s, %%s::%s)" % (function, cast), (statement, batch))
            for ordinal, state, message in rows:
                target.result(state, message, show(batch[ordinal - 1]))
        except (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.errors.QueryCanceled, UnicodeDecodeError):
            db.reopen()
            for one in batch:
                started = time.time()
                try:
                    rows = db.run("SELECT ordinal, state, message FROM %s(%%s, %%s::%s)" % (function, cast), (statement, [one]))
                    target.result(rows[0][1], rows[0][2], show(one))
                except (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.errors.QueryCanceled, UnicodeDecodeError) as error:
                    target.inputs += 1
                    target.fail("%s after %.0f s" % (str(error).strip() or "connection lost", time.time() - started), show(one))
                    db.reopen()


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def quote_bytes(value):
    return "'\\x" + bytes(value).hex() + "'"


def fuzz_text(db, rng, budget, name, typmods):
    target = Target("%s text" % name)
    samples = [row[0] for row in db.run("SELECT v::text FROM samples_%s WHERE v IS NOT NULL AND length(v::text) < 20000" % name)]
    samples.sort(key=len)
    inputs = list(samples)
    for sample in samples:               # cut at each character, while it is short
        inputs += [sample[:at] for at in range(min(len(sample), 80))]
    rng.shuffle(inputs)
    inputs = inputs[: budget // 3]
    while len(inputs) < budget:
        sample = samples[int(len(samples) * rng.random() ** 2)]
        inputs.append(mutate_base64(rng, sample) if rng.random() < 0.4 else mutate_text(rng, sample))
    # Accepted values: their text form must read back to the same binary form.
    check = ("SELECT CASE WHEN v IS NULL THEN NULL WHEN %(n)s_send(v::text::%(n)s) = %(n)s_send(v) OR v::text LIKE '%%NaN%%' "
             "AND v::text::%(n)s::text = v::text THEN NULL ELSE 'text does not round-trip: ' || left(v::text, 200) END "
             "FROM (SELECT $1::text::%(t)s::%(n)s AS v OFFSET 0) s")
    for typmod in typmods:
        part = inputs if typmod == "" else inputs[: budget // 20]
        statement = check % {"n": name, "t": name + typmod}
        run_batch_checked(db, target, "try_text", "text[]", statement, part,
                          lambda one, t=name + typmod: "SELECT %s::%s" % (quote(one), t))
    return target.report()


def run_batch_checked(db, target, function, cast, statement, inputs, show):
    """As run_batch; a result that is not NULL is a failure that the statement found."""
    original = target.result

    def result(state, message, reproduce):
        original(state, message, reproduce)
        if state is None and message is not None:
            target.fail(message, reproduce)

    target.result = result
    run_batch(db, target, function, cast, statement, inputs, show)
    target.result = original


def field(value):
    return struct.pack(">hi", 1, len(value)) + value


def fuzz_binary(db, rng, budget, name):
    target = Target("%s binary" % name)
    samples = [bytes(row[0]) for row in
               db.run("SELECT %s_send(v) FROM samples_%s WHERE v IS NOT NULL AND length(%s_send(v)) < 60000" % ((name,) * 3))]
    samples.sort(key=len)
    inputs = []
    for sample in samples:
        inputs += [sample[:at] for at in range(min(len(sample), 200))] + [sample + b"\0"]
    rng.shuffle(inputs)
    inputs = inputs[: budget // 3]
    for sample in samples[: max(1, budget // 400)]:     # each header field, each lie
        for at in range(0, min(64, len(sample) - 4)):
            for number in INTEGERS:
                if len(inputs) < budget * 2 // 3:
                    inputs.append(sample[:at] + (number % 2**32).to_bytes(4, "big") + sample[at + 4 :])
    while len(inputs) < budget:
        inputs.append(mutate_bytes(rng, samples[int(len(samples) * rng.random() ** 2)]))
    db.run("DROP TABLE IF EXISTS arrived; CREATE TEMP TABLE arrived (v %s)" % name)
    for count, one in enumerate(inputs):
        show = "-- COPY BINARY of one %s field: \\x%s" % (name, one.hex())
        try:
            db.copy_in("COPY arrived FROM STDIN (FORMAT binary)", COPY_HEAD + field(one) + COPY_TAIL)
            target.result(None, None, show)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if getattr(error, "pgcode", None):
                target.result(error.pgcode, str(error), show)
                continue
            target.inputs += 1
            target.fail("connection lost: %s" % str(error).strip(), show)
            db.reopen()
            db.run("CREATE TEMP TABLE arrived (v %s)" % name)
        except psycopg2.Error as error:
            target.result(error.pgcode or "XX000", str(error), show)
        if count % 2000 == 1999:
            check_arrived(db, target, name)
    check_arrived(db, target, name)
    return target.report()


def check_arrived(db, target, name):
    """What was accepted: binary and text forms give it back, and it survives use."""
    try:
        db.run("CREATE TEMP TABLE again (v %s)" % name)
        out = db.copy_out("COPY (SELECT v FROM arrived ORDER BY ctid) TO STDOUT (FORMAT binary)")
        db.copy_in("COPY again FROM STDIN (FORMAT binary)", out)
        if db.copy_out("COPY (SELECT v FROM again ORDER BY ctid) TO STDOUT (FORMAT binary)") != out:
            target.fail("binary does not round-trip", "-- COPY BINARY out and in")
        # A NaN's payload is not in the text, so there only the text must stand.
        rows = db.run("SELECT left(v::text, 300), %(n)s_send(v) FROM arrived WHERE %(n)s_send(v::text::%(n)s) <> %(n)s_send(v) "
                      "AND (v::text NOT LIKE '%%NaN%%' OR v::text::%(n)s::text <> v::text)" % {"n": name})
        for text, sent in rows[:3]:
            target.fail("text does not round-trip: %s" % text, "-- sent as %s" % quote_bytes(sent))
        # What passed is what functions must live with: some of it joins the samples.
        db.run("INSERT INTO samples_%(n)s (v) SELECT v FROM arrived WHERE pg_column_size(v) < 3000 "
               "ORDER BY md5(%(n)s_send(v)) LIMIT 40" % {"n": name})
        db.run("DROP TABLE again; TRUNCATE arrived")
    except psycopg2.Error as error:
        target.fail("an accepted value can't be written and read back: %s" % str(error).strip(), "-- %s" % name)
        db.reopen()
        db.run("CREATE TEMP TABLE IF NOT EXISTS arrived (v %s)" % name)


# ---------------------------------------------------------------- files

def npy_files():
    rng = np.random.default_rng(0)
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(3), np.zeros((0, 3)), rng.standard_normal((3, 4, 5)),
              np.asfortranarray(rng.standard_normal((3, 4))), np.array([True, False]), np.arange(5, dtype=">i4"),
              np.arange(5, dtype="<u2"), rng.standard_normal(7).astype("<f2"), rng.standard_normal(7).astype(">f8"),
              np.arange(3, dtype="i1"), np.arange(3, dtype="<u8")]
    files = []
    for version in ((1, 0), (2, 0), (3, 0)):
        for array in arrays:
            out = io.BytesIO()
            np.lib.format.write_array(out, np.asanyarray(array), version=version)
            files.append(out.getvalue())
    return files


def nifti1(order="<", datatype=16, bitpix=32, shape=(3, 4, 2, 5), slope=2.0, inter=1.0, sform=1):
    """A small NIfTI-1 file, written from the standard's table of offsets."""
    head = bytearray(352)
    struct.pack_into(order + "i", head, 0, 348)
    struct.pack_into(order + "8h", head, 40, len(shape), *(list(shape) + [1] * (7 - len(shape))))
    struct.pack_into(order + "hh", head, 70, datatype, bitpix)
    struct.pack_into(order + "8f", head, 76, 1, 2, 2, 3, 1.5, 0, 0, 0)
    struct.pack_into(order + "3f", head, 108, 352, slope, inter)
    struct.pack_into(order + "hh", head, 252, 1 - sform, sform)
    struct.pack_into(order + "6f", head, 256, 0.1, 0.2, 0.3, 1, 2, 3)
    struct.pack_into(order + "12f", head, 280, 2, 0, 0, -10, 0, 2, 0, -20, 0, 0, 3, 5)
    head[344:348] = b"n+1\0"
    return bytes(head) + bytes(range(256)) * (int(np.prod(shape)) * bitpix // 8 // 256 + 1)


def nifti2(order="<", shape=(3, 4, 2, 5)):
    head = bytearray(544)
    struct.pack_into(order + "i", head, 0, 540)
    head[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into(order + "hh", head, 12, 64, 64)
    struct.pack_into(order + "8q", head, 16, len(shape), *(list(shape) + [1] * (7 - len(shape))))
    struct.pack_into(order + "8d", head, 104, 1, 2, 2, 3, 1.5, 0, 0, 0)
    struct.pack_into(order + "q2d", head, 168, 544, 1, 0)
    struct.pack_into(order + "ii", head, 344, 0, 1)
    struct.pack_into(order + "12d", head, 400, 2, 0, 0, -10, 0, 2, 0, -20, 0, 0, 3, 5)
    return bytes(head) + bytes(8 * int(np.prod(shape)))


def nifti_files():
    files = [nifti1(), nifti1(">"), nifti1(datatype=4, bitpix=16), nifti1(datatype=2, bitpix=8, shape=(3, 4, 2)),
             nifti1(datatype=64, bitpix=64, sform=0), nifti1(datatype=512, bitpix=16, slope=0), nifti2(), nifti2(">")]
    files += [gzip.compress(f, 6, mtime=0) for f in files[:4]]
    return files


def mutate_file(rng, value):
    if value[:2] == b"\x1f\x8b" and rng.random() < 0.6:
        return gzip.compress(mutate_bytes(rng, gzip.decompress(value)), 1, mtime=0)
    return mutate_bytes(rng, value)


def fuzz_files(db, rng, budget, label, expressions, files):
    target = Target(label)
    inputs = list(files)
    for sample in files:
        inputs += [sample[:at] for at in range(0, min(len(sample), 560), 1 + len(files) // 4)]
    rng.shuffle(inputs)
    inputs = inputs[: budget // 3]
    while len(inputs) < budget:
        inputs.append(mutate_file(rng, rng.choice(files)))
    share = max(1, len(inputs) // len(expressions))
    for number, (expression, needs) in enumerate(expressions):
        if not needs:
            continue
        run_batch(db, target, "try_bytea", "bytea[]", "SELECT count(s)::text FROM (SELECT %s AS s) q" % expression,
                  [psycopg2.Binary(one) for one in inputs[number * share : (number + 1) * share]],
                  lambda one, e=expression: "SELECT " + e.replace("$1", "%s::bytea" % quote_bytes(one.adapted)))
    return target.report()


# ---------------------------------------------------------------- functions

def pools(db, types):
    """SQL expressions of edge values by type name."""
    pool = {
        "integer": ["0", "1", "-1", "2", "3", "5", "7", "100", "2147483647", "'-2147483648'", "NULL"],
        "smallint": ["0::int2", "1::int2", "'-32768'", "32767::int2"],
        "bigint": ["0", "1", "-1", "2", "3", "10", "9223372036854775807", "'-9223372036854775808'", "NULL"],
        "double precision": ["0", "1", "-1", "0.5", "2", "1e-300", "1e300", "'NaN'", "'Infinity'", "'-Infinity'", "1e15", "NULL"],
        "real": ["0", "1", "-1", "0.5", "'NaN'", "'Infinity'", "3e38"],
        "numeric": ["0", "1", "-1.5", "'NaN'", "1e400", "'Infinity'"],
        "boolean": ["true", "false", "NULL"],
        "text": ["''", "'float2'", "'float4'", "'float8'", "'r'", "'r2'", "'r2_pooled'", "'nonsense'", "'é'", "repeat('x', 3000)", "NULL"],
        "bytea": ["''", "'\\x00'", "'\\x934e554d5059'", "NULL"],
        "integer[]": ["'{}'", "'{0}'", "'{1}'", "'{1,2}'", "'{2,3}'", "'{-1}'", "'{2147483647}'", "'{65536,65536}'", "'{1,NULL}'",
                      "'{{1,2},{3,4}}'", "'{1,1,1,1,1,1,1,1,1}'", "'{0,2147483647}'", "'[5:6]={1,2}'", "'{-2147483648}'", "NULL"],
        "bigint[]": ["'{}'", "'{0}'", "'{1}'", "'{1,2}'", "'{1,1}'", "'{-1}'", "'{9223372036854775807}'", "'{1,NULL}'", "'{{1,2},{3,4}}'", "NULL"],
        "smallint[]": ["'{}'", "'{1,NULL}'", "'{{1,2},{3,4}}'"],
        "double precision[]": ["'{}'", "'{0}'", "'{1}'", "'{1,10,100}'", "'{-1}'", "'{NaN}'", "'{Infinity,1}'", "'{1,NULL}'", "'{{1,2},{3,4}}'",
                               "'{1e-300,1e300}'", "'{1,1}'", "NULL"],
        "real[]": ["'{}'", "'{1,NULL,NaN}'", "'{{1,2},{3,4}}'"],
        "numeric[]": ["'{}'", "'{1e400}'", "'{1,NULL,NaN}'", "'{Infinity}'"],
        "boolean[]": ["'{}'", "'{t}'", "'{t,f}'", "'{t,f,t}'", "'{t,NULL,f}'", "'{{t,f},{f,t}}'", "NULL"],
        "text[]": ["'{}'", "'{a}'", "'{a,NULL}'"],
        "json": ["'[]'", "'[1,null]'", "'[[1],[2,3]]'", "'{}'", "'1'", "'\"x\"'"],
        "jsonb": ["'[]'", "'[1,null]'", "'[[1],[2,3]]'", "'{}'", "'1e400'", "'\"x\"'"],
        "cstring[]": ["'{}'", "'{3}'", "'{float2,3,4}'", "'{nonsense}'"],
        "name": ["'x'"],
        "oid": ["0", "23"],
    }
    for name in types:
        rows = db.run("SELECT id FROM samples_%s WHERE v IS NOT NULL AND pg_column_size(v) < 3000 ORDER BY id" % name)
        pool[name] = ["(SELECT v FROM samples_%s WHERE id = %d)" % (name, row[0]) for row in rows] + ["NULL"]
        pool[name + "[]"] = ["'{}'", "NULL", "(SELECT array_agg(v) FROM samples_%s WHERE id < 6)" % name]
    small = ["'[1,2,3]'", "'[0,0,0]'", "'[3,1,2]'", "'[[1,2,3],[4,5,6],[7,8,10]]'", "'float8:[1,2,3]'", "'float2:[1,NaN,3]'",
             "'[[2,1,0,0],[0,2,0,0],[0,0,3,0],[0,0,0,1]]'", "'[1]'", "'[]'"]
    odd = ["'5'", "'[[[[[[[[1]]]]]]]]'", "'(0,3):[]'", "'(0,65536,4):[]'", "'[[1],[2],[3]]'", "'[NaN,Infinity,-Infinity]'",
           "'float8:[1e300,1e-300,-1e300]'", "zeros('{1000000}')", "zeros('{100000,1}')", "zeros('{1,100000}')"]
    pool["tensor"] = pool.get("tensor", []) + small * 3 + odd
    return pool


def functions_of(db, kinds):
    """(name, argument types, returns a set, number of defaults, result type) of the extension's functions."""
    return db.run(
        """SELECT p.oid::regproc::text, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, i) ORDER BY i),
                  p.proretset, p.pronargdefaults, format_type(p.prorettype, NULL), p.provariadic <> 0, p.prokind
           FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
           WHERE p.prokind = ANY (%s::"char"[]) ORDER BY p.oid::regprocedure::text""", (kinds,))


def callable_by(pool, arguments):
    return all(a in pool for a in arguments)


def draw(rng, pool, kind):
    value = rng.choice(pool[kind])
    return value + "::" + kind


def call(rng, pool, function):
    name, arguments, returns_set, defaults, result, variadic, kind = function
    if defaults and rng.random() < 0.4:
        arguments = arguments[: len(arguments) - rng.randrange(1, defaults + 1)]
    return call_with(function, [draw(rng, pool, a) for a in arguments])


def call_with(function, values):
    name, arguments, returns_set, _, _, variadic, kind = function
    if variadic and len(values) == len(arguments):
        values = values[:-1] + ["VARIADIC " + values[-1]]
    text = "%s(%s)" % (name, ", ".join(values))
    if kind == "w":
        text += " OVER ()"
    if returns_set:
        return "SELECT count(q)::text FROM %s q" % text
    return "SELECT left((%s)::text, 10)" % text


def fuzz_functions(db, rng, budget, pool):
    target = Target("functions")
    functions = [f for f in functions_of(db, ["f", "w"]) if callable_by(pool, f[1]) and f[4] not in ("internal", "cstring", "trigger")]
    per = max(3, budget // max(1, len(functions)))
    statements = [call(rng, pool, f) for f in functions for _ in range(per if f[1] else 1)]
    run_batch_each(db, target, statements)
    return target.report()


def fuzz_edges(db, rng, budget, pool):
    target = Target("edges")
    statements = []
    for function in functions_of(db, ["f", "w"]):
        if not callable_by(pool, function[1]) or function[4] in ("internal", "cstring", "trigger") or not function[1]:
            continue
        kinds = function[1]
        edges = [sorted(set(pool[kind])) for kind in kinds]
        chosen = [{at: value} for at in range(len(kinds)) for value in edges[at]]
        if len(kinds) > 1:
            chosen += [{0: a, 1: b} for a in edges[0] for b in edges[1]]
        for fixed in chosen:
            statements.append(call_with(function, [(fixed[at] if at in fixed else rng.choice(pool[kind])) + "::" + kind
                                                   for at, kind in enumerate(kinds)]))
    rng.shuffle(statements)
    everything = len(statements)
    run_batch_each(db, target, statements[:budget])
    target.name = "edges (of %d calls)" % everything
    return target.report()


def fuzz_aggregates(db, rng, budget, pool):
    target = Target("aggregates")
    aggregates = [f for f in functions_of(db, ["a"]) if callable_by(pool, f[1])]
    per = max(3, budget // max(1, len(aggregates)))
    statements = []
    for function in aggregates:
        for _ in range(per):
            names = ["a%d" % i for i in range(len(function[1]))]
            if rng.random() < 0.6:      # rows that fit one another
                columns = [[draw(rng, pool, a)] * rng.randrange(1, 5) for a in function[1]]
            else:
                columns = [[draw(rng, pool, a) for _ in range(4)] for a in function[1]]
            n = min(len(c) for c in columns)
            rows = ", ".join("(%s)" % ", ".join(c[i] for c in columns) for i in range(n))
            statements.append("SELECT left(%s(%s)::text, 10) FROM (VALUES %s) q(%s)"
                              % (function[0], ", ".join(names), rows, ", ".join(names)))
    run_batch_each(db, target, statements)
    return target.report()


def run_batch_each(db, target, statements):
    for batch in batches(statements, 50):
        try:
            for ordinal, state, message in db.run("SELECT ordinal, state, message FROM try_each(%s)", (batch,)):
                target.result(state, message, batch[ordinal - 1])
        except (psycopg2.Error, UnicodeDecodeError):
            db.reopen()
            for one in batch:
                try:
                    rows = db.run("SELECT ordinal, state, message FROM try_each(%s)", ([one],))
                    target.result(rows[0][1], rows[0][2], one)
                except (psycopg2.Error, UnicodeDecodeError) as error:
                    target.inputs += 1
                    target.fail(str(error).strip() or "connection lost", one)
                    db.reopen()


# ---------------------------------------------------------------- main

def base_types(db):
    """Base types of the extension that have a receive function."""
    return [row[0] for row in db.run(
        """SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
           JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
           WHERE t.typtype = 'b' AND t.typelem = 0 AND t.typreceive <> 0 ORDER BY 1""")]


def exists(db, function):
    return db.run("SELECT to_regprocedure(%s) IS NOT NULL", (function,))[0][0]


def plan(db):
    """(label, share of the budget, run(rng, budget))"""
    types = [t for t in base_types(db) if db.run("SELECT to_regclass(%s) IS NOT NULL", ("samples_" + t,))[0][0]]
    targets = []
    for name in types:
        typmods = ["", "(3)", "(float2)", "(float8, 2, 2)"] if name == "tensor" else [""]
        targets.append(("%s text" % name, 3, lambda r, b, n=name, t=typmods: fuzz_text(db, r, b, n, t)))
        targets.append(("%s binary" % name, 3, lambda r, b, n=name: fuzz_binary(db, r, b, n)))
    if exists(db, "from_npy(bytea)"):
        targets.append(("from_npy", 2, lambda r, b: fuzz_files(db, r, b, "from_npy", [("from_npy($1)::text", True)], npy_files())))
    nifti = [("nifti_header($1)::text", exists(db, "nifti_header(bytea)")),
             ("nifti_affine($1)::text", exists(db, "nifti_affine(bytea)")),
             ("(SELECT count(q) FROM nifti_voxels($1) q)::text", exists(db, "nifti_voxels(bytea,bytea)")),
             ("(SELECT count(q) FROM nifti_voxels($1, $1) q)::text", exists(db, "nifti_voxels(bytea,bytea)")),
             ("(SELECT count(q) FROM nifti_volumes($1, $1) q)::text", exists(db, "nifti_volumes(bytea,bytea)"))]
    if any(there for _, there in nifti):
        targets.append(("nifti", 3, lambda r, b: fuzz_files(db, r, b, "nifti", nifti, nifti_files())))
    json_statement = "SELECT ($1::%s::tensor)::text"
    json_samples = ["[]", "[1,2.5,null]", "[[1,2],[3,4]]", "1", "[[[1]]]", '{"a":1}', "[1e400]", '["x"]', "[[],[]]", "[true]"]
    if db.run("SELECT count(*) FROM pg_cast WHERE castsource = 'json'::regtype AND casttarget = to_regtype('tensor')")[0][0]:
        targets.append(("json", 1, lambda r, b: fuzz_json(db, r, b, json_statement, json_samples)))
    targets.append(("functions", 12, lambda r, b: fuzz_functions(db, r, b, pools(db, types))))
    targets.append(("edges", 30, lambda r, b: fuzz_edges(db, r, b, pools(db, types))))
    targets.append(("aggregates", 6, lambda r, b: fuzz_aggregates(db, r, b, pools(db, types))))
    return targets


def fuzz_json(db, rng, budget, statement, samples):
    target = Target("json")
    for kind in ("json", "jsonb"):
        inputs = samples + [mutate_text(rng, rng.choice(samples)) for _ in range(budget // 2)]
        run_batch(db, target, "try_text", "text[]", statement % kind, inputs,
                  lambda one, k=kind: "SELECT %s::%s::tensor" % (quote(one), k))
    return target.report()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", help="regular expression over the target's name")
    args = parser.parse_args()
    db = Database()
    try:
        db.run(SETUP)
        with open(SAMPLES, encoding="utf-8") as samples:
            db.run(samples.read())
        targets = plan(db)
        total = sum(weight for _, weight, _ in targets)
        good = True
        for label, weight, run in targets:
            if args.only and not re.search(args.only, label):
                continue
            good &= run(random.Random("%s:%s" % (args.seed, label)), max(20, args.inputs * weight // total))
    finally:
        db.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
