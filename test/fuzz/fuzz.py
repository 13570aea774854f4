#!/usr/bin/python3
"""Hostile input: values of every type and file format, and every function with every kind of argument.

usage: fuzz.py [--inputs N] [--seed S] [--only REGEX] [--sanitized]      (the server by PGHOST, PGPORT, PGUSER)

Targets, found in the catalog of a database of its own:

    TYPE text       the type's input function
    TYPE binary     its receive function, through COPY BINARY; some of what passes is kept for "arrived"
    noticed         statements that are slow, large, wrong, crash or can't be cancelled: each must be found out
    npy, nifti      the functions that read files, plain and gzip, with bombs
    json            the casts from json and jsonb
    arrived         every function that takes a type, with the values that the type's receive function let pass
    functions       every function, cast and subscript of the extension, arguments drawn from pools of edge values,
                    the last of them left to their defaults at times
    edges           every function, aggregate, window function, cast and subscript with each value of the pool at each
                    argument, each pair of values at the first two, each pair of the edge values (NULL, empty, rank 0,
                    1, 2 and 8, other dtypes, NaN, infinity, huge dimensions, a million elements, negative, zero, of
                    other types a valid value or two) at each two arguments, and where those are fewer than 3,000 all
                    their combinations; the arguments that are left are drawn
    operators       every operator in a WHERE or ORDER BY clause over a table with an index, so its estimates too
    aggregates      every aggregate and window function over a few rows that differ
    made            aggregates that a user declares: any function that gives its first argument's type as the transition
                    function, any function of that type as the final one, from NULL or from a stored value

Values are mutated from valid ones (test/samples.sql), cut at each byte, and have
each field of their header set to 0, 1, -1, 2^31-1 and 2^32-1.  Of a million
inputs on, a long run, the cuts, the fields, the files and the edges are tried
without exception; a shorter run draws from them.

An input must be accepted, and then its text and binary forms round-trip (a
function's result too: its text must read back), or be refused with an SQLSTATE
of a user's error (REFUSALS: not XX000, internal error).  It may take a second
of the server's time; one that takes more is tried thrice again alone.  A call
with an integer of a million or more among its arguments, a count of iterations
or a dimension, asks for long work: that may run, but must end within a second
of a statement_timeout.  The server process may not hold more anonymous memory
than neuroenc.memory_limit and SLACK, which is for itself and for SQL's own
values.  The same seed gives the same inputs.
"""

import argparse
import os
import random
import re
import signal
import struct
import sys
import time

import psycopg2

from backend import MEGABYTE, MEMORY_LIMIT, Backend, Outcome
from calls import SUBQUERY, Callable, Catalog, Combinations
from mutations import (cuts, field_lies, mutate_bytes, mutate_file, mutate_literal, mutate_text, nifti_bombs, nifti_files, npy_files, npy_lies,
                       text_field_lies)

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(os.path.dirname(HERE), "samples.sql")
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TAIL = struct.pack(">h", -1)

BATCH = 100
LONG_RUN = 1000000              # inputs from which on every one of a kind is tried
SLACK = 96 * MEGABYTE
KEPT = 200                      # arrived values of a type

# Errors that are a user's: protocol violation (a message that ends too soon, as the server itself calls it), feature
# not supported, cardinality, data exception, object not in the state required, program limit exceeded
REFUSALS = ("08P01", "0A", "21", "22", "54", "55")
CANCELLED = "57014"

SETUP = """
SET client_min_messages = warning;
CREATE EXTENSION neuroenc;
CREATE FUNCTION reads_back(value text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    again text;
BEGIN
    EXECUTE format('SELECT $1::%s::text', type) INTO again USING value;
    RETURN CASE WHEN again IS DISTINCT FROM value THEN 'the result reads back as another: ' || left(value, 100) END;
EXCEPTION WHEN OTHERS THEN
    RETURN format('the result does not read back: %s: %s', SQLERRM, left(value, 100));
END $$;
CREATE FUNCTION try_each(statements text[], OUT state text, OUT message text, OUT value text, OUT seconds float8)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
BEGIN
    FOR i IN 1 .. cardinality(statements) LOOP
        state := NULL;
        message := NULL;
        value := NULL;
        started := clock_timestamp();
        BEGIN
            EXECUTE statements[i] INTO value;
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            message := SQLERRM;
        END;
        seconds := extract(epoch FROM clock_timestamp() - started);
        RETURN NEXT;
    END LOOP;
END $$;
"""

INDEXES = """
SELECT format('CREATE INDEX ON samples_%s USING %I (v)', format_type(opcintype, NULL), amname)
FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod
JOIN pg_depend d ON d.classid = 'pg_opclass'::regclass AND d.objid = o.oid AND d.deptype = 'e' WHERE amname <> 'btree' ORDER BY 1
"""


class Bars:
    """What a server under the sanitizers may take: it is slower, and its memory is theirs."""

    def __init__(self, sanitized):
        self.seconds = 20.0 if sanitized else 1.0
        self.memory = None if sanitized else MEMORY_LIMIT + SLACK


class Totals:
    """Of all targets."""

    def __init__(self):
        self.inputs = self.accepted = self.calls = self.long = 0
        self.functions = set()
        self.long_functions = {}
        self.slowest = self.latest = (0.0, "")
        self.peak = (0, "")


class Target:
    """Counts of one target and its failures."""

    def __init__(self, db, name, bars, totals, silent=False):
        self.silent = silent
        self.db = db
        self.name = name
        self.bars = bars
        self.totals = totals
        self.inputs = self.accepted = 0
        self.started = time.time()
        self.failures = {}
        self.waiting = []               # (statement, function) for a batch

    def offer(self, statement, function=None):
        """An input that may be tried together with others; function: of a call, what is called."""
        if function and (function.kind == "d" or Catalog.asks_for_long_work(statement)):
            self.try_one(statement, function=function)
            return
        self.waiting.append((statement, function))
        if len(self.waiting) == BATCH:
            self.try_waiting()

    def try_waiting(self):
        """The batch; what is not clear from it (a crash, too slow, too much memory, a record) is tried by itself."""
        batch, self.waiting = self.waiting, []
        if not batch:
            return
        whole = self.db.attempt_all([statement for statement, _ in batch], 10 * self.bars.seconds)
        unclear = whole.state is not None or whole.peak > min(self.bars.memory or whole.peak, max(64 * MEGABYTE, 1.1 * self.totals.peak[0]))
        for (statement, function), outcome in zip(batch, whole.value or [None] * len(batch)):
            if unclear or outcome.seconds > min(self.bars.seconds / 2, self.totals.slowest[0]):
                self.try_one(statement, function=function)
            else:
                self.count(function)
                self.judge(outcome, statement)

    def count(self, function):
        self.inputs += 1
        if function:
            self.totals.calls += 1
            self.totals.functions.add((function.name, tuple(function.arguments), function.result, function.form))

    def try_one(self, statement, payload=None, shown=None, function=None):
        """Runs one input and judges it."""
        shown = shown or statement
        self.count(function)
        if function and Catalog.asks_for_long_work(statement):
            outcome = self.long_work(statement, function.name, shown)
        else:
            outcome = self.db.attempt(statement, payload, self.bars.seconds)
            if outcome.state == CANCELLED or outcome.seconds > self.bars.seconds:
                outcome = self.again(outcome, lambda: self.db.attempt(statement, payload, 10 * self.bars.seconds), self.bars.seconds)
                if outcome.state == CANCELLED or outcome.seconds > self.bars.seconds:
                    self.fail("took %.1f s" % outcome.seconds, shown)
            self.totals.slowest = max(self.totals.slowest, (outcome.seconds, shown))
        self.judge(outcome, shown)
        return outcome

    def again(self, outcome, attempt, bar):
        """The quickest of three more attempts; the first that is quick enough will do."""
        for _ in range(3):
            other = attempt()
            if outcome.state == CANCELLED or other.seconds < outcome.seconds:
                outcome = other
            if other.state != CANCELLED and other.seconds <= bar:
                break
        return outcome

    def long_work(self, statement, name, shown):
        """The first few of a function are given a second, later ones a tenth, before they are cancelled."""
        seen = self.totals.long_functions.get(name, 0)
        timeout = self.bars.seconds if seen < 3 else self.bars.seconds / 10
        bar = timeout + self.bars.seconds
        outcome = self.db.attempt(statement, None, timeout)
        if outcome.seconds > bar:
            for _ in range(3):
                outcome = min(outcome, self.db.attempt(statement, None, timeout), key=lambda o: o.seconds)
        if outcome.seconds > bar:
            self.fail("did not end within %g s of its timeout: %.1f s" % (self.bars.seconds, outcome.seconds - timeout), shown)
        elif outcome.state == CANCELLED or outcome.seconds > timeout:
            self.totals.long += 1
            self.totals.long_functions[name] = seen + 1
            self.totals.latest = max(self.totals.latest, (outcome.seconds - timeout, shown))
        if outcome.state == CANCELLED:
            outcome = outcome._replace(state=None, value=None)
        return outcome

    def judge(self, outcome, shown):
        if outcome.peak > self.totals.peak[0]:
            self.totals.peak = (outcome.peak, shown)
        if self.bars.memory and outcome.peak > self.bars.memory:
            self.fail("memory: %d MB" % (outcome.peak // MEGABYTE), shown)
        if outcome.state is None:
            self.accepted += 1
            if outcome.value is not None:
                self.fail(outcome.value, shown)
        elif outcome.state == "lost":
            self.fail("connection lost after %.1f s: %s" % (outcome.seconds, outcome.message), shown)
        elif not outcome.state.startswith(REFUSALS) and outcome.state != CANCELLED:
            self.fail("SQLSTATE %s: %s" % (outcome.state, outcome.message), shown)

    def fail(self, why, shown):
        """Says it at once; of those that differ in their numbers only, the first dozen."""
        kind = re.sub(r"\d+", "N", why.split("\n")[0])[:60]
        self.failures[kind] = self.failures.get(kind, 0) + 1
        if self.failures[kind] <= 12 and not self.silent:
            print("# %s: %s" % (self.name, why.replace("\n", " ")[:400]))
            print("#   " + shown[:1500], flush=True)

    def report(self):
        if self.db.deadline is None:    # not in the midst of a batch
            self.try_waiting()
        self.totals.inputs += self.inputs
        self.totals.accepted += self.accepted
        print("%s %s: %d inputs, %d accepted (%.1f s)" % ("not ok" if self.failures else "ok", self.name, self.inputs, self.accepted,
                                                            time.time() - self.started))
        for kind, times in self.failures.items():
            print("# %d times: %s" % (times, kind))
        sys.stdout.flush()
        return not self.failures


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def quote_bytes(value):
    return "'\\x" + bytes(value).hex() + "'"


class Fuzzer:
    def __init__(self, args):
        self.seed = args.seed
        self.only = args.only
        self.inputs = args.inputs
        self.long_run = args.inputs >= LONG_RUN
        self.bars = Bars(args.sanitized)
        self.totals = Totals()
        self.db = Backend()

    def target(self, name):
        self.current = Target(self.db, name, self.bars, self.totals)
        return self.current

    def prepare(self):
        self.db.run(SETUP)
        with open(SAMPLES, encoding="utf-8") as samples:
            self.db.run(samples.read())
        self.types = [row[0] for row in self.db.run(
            """SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
               JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
               WHERE t.typtype = 'b' AND t.typelem = 0 AND t.typreceive <> 0 ORDER BY 1""")]
        for name in self.types:         # a type without samples fails here
            self.db.run("CREATE TABLE arrived_%s (id int GENERATED ALWAYS AS IDENTITY, v %s, sent bytea UNIQUE)" % (name, name))
        for (statement,) in self.db.run(INDEXES):
            self.db.run(statement)
        self.db.run("ANALYZE")
        self.catalog = Catalog(self.db, self.types)

    # ------------------------------------------------------------ the fuzzer itself

    def noticed(self, rng, budget):
        """What each bar is for, made to happen with lower bars: alone and in a batch it must be a failure."""
        target = self.target("noticed")
        bars = Bars(False)
        bars.memory = None if self.bars.memory is None else 50 * MEGABYTE
        block = Callable("block", [], "d", False, "void", False, [], [], None)
        bad = [("took", "SELECT NULL WHERE pg_sleep(0.15) IS NULL", None),
               ("did not end", "DO $$ BEGIN PERFORM pg_sleep(1000000); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(0.15); END $$", block),
               ("SQLSTATE XX", "DO $$ BEGIN RAISE SQLSTATE 'XX000'; END $$", None),
               ("connection lost", "SELECT pg_terminate_backend(pg_backend_pid())", None),
               ("text does not", "SELECT 'text does not round-trip'", None)]
        if bars.memory:
            bad.append(("memory", "SELECT NULL WHERE length(repeat(repeat('x', 1000000), 80)) < 0", None))
        for kind, statement, function in bad + [(None, "SELECT NULL WHERE false", None)]:
            for together in (False, True):
                bars.seconds = 1.0 if kind == "memory" else 0.1
                found = Target(self.db, "", bars, Totals(), silent=True)
                (found.offer if together else found.try_one)(statement, function=function)
                found.try_waiting()
                target.inputs += 1
                if [one.startswith(kind or "") for one in found.failures] != [True] * (kind is not None):
                    target.fail("%s: found %s" % (kind or "nothing wrong", list(found.failures) or "nothing"), statement)
        return target.report()

    # ------------------------------------------------------------ literals

    def values(self, rng, budget, samples, every, mutate):
        """Samples, every one of a kind of each of them or a draw of these, and mutations."""
        yield from samples
        count = len(samples)
        if self.long_run:
            for sample in samples:
                for kind in every:
                    for one in kind(sample):
                        count += 1
                        yield one
            budget = max(budget, count + budget // 2)
        else:
            for kind in every:
                for _ in range(4):
                    found = kind(rng.choice(samples[: max(3, len(samples) * 2 // 3)]))
                    for one in rng.sample(found, min(len(found), budget // (6 * len(every)))):
                        count += 1
                        yield one
        while count < budget:
            count += 1
            yield mutate(rng, samples[int(len(samples) * rng.random() ** 2)])

    def text(self, rng, budget, name):
        target = self.target("%s text" % name)
        samples = [row[0] for row in self.db.run("SELECT v::text FROM samples_%s WHERE v IS NOT NULL ORDER BY length(v::text), id" % name)]
        # Accepted values: their text form must read back to the same binary form.  A NaN's payload is not in the text.
        check = ("SELECT CASE WHEN v IS NULL OR %(n)s_send(v::text::%(n)s) = %(n)s_send(v) OR v::text LIKE '%%NaN%%' "
                 "AND v::text::%(n)s::text = v::text THEN NULL ELSE 'text does not round-trip: ' || left(v::text, 200) END "
                 "FROM (SELECT %(v)s::text::%(t)s AS v OFFSET 0) s")
        typmods = ["", "", "", "", "(3)", "(float2)", "(float8, 2, 2)"] if name == "tensor" else ["", "", "", "(3)"] if name == "sparse" else [""]
        for count, one in enumerate(self.values(rng, budget, samples, [cuts, text_field_lies], mutate_literal)):
            target.offer(check % {"n": name, "t": name + typmods[count % len(typmods)], "v": quote(one)})
        return target.report()

    def binary(self, rng, budget, name):
        target = self.target("%s binary" % name)
        samples = [bytes(row[0]) for row in self.db.run(
            "SELECT %(n)s_send(v) FROM samples_%(n)s WHERE v IS NOT NULL ORDER BY length(%(n)s_send(v)), id" % {"n": name})]
        arriving = "CREATE TEMP TABLE IF NOT EXISTS arriving (v %s)" % name
        self.db.run("DROP TABLE IF EXISTS arriving; " + arriving)
        every = [cuts, field_lies, lambda sample: [sample + b"\0"]]
        for count, one in enumerate(self.values(rng, budget, samples, every, mutate_bytes)):
            outcome = target.try_one("COPY arriving FROM STDIN (FORMAT binary)", COPY_HEAD + struct.pack(">hi", 1, len(one)) + one + COPY_TAIL,
                                     "-- COPY BINARY of one %s field: \\x%s" % (name, one.hex()))
            if outcome.state == "lost":
                self.db.run(arriving)
            if count % 1000 == 999:
                self.keep_arrived(target, name)
        self.keep_arrived(target, name)
        return target.report()

    def keep_arrived(self, target, name):
        """What was accepted: binary and text forms give it back, and some of it is kept for functions to live with."""
        try:
            self.db.run("CREATE TEMP TABLE again (v %s)" % name)
            out = self.db.copy_out("COPY (SELECT v FROM arriving ORDER BY ctid) TO STDOUT (FORMAT binary)")
            self.db.attempt("COPY again FROM STDIN (FORMAT binary)", out, 600)
            if self.db.copy_out("COPY (SELECT v FROM again ORDER BY ctid) TO STDOUT (FORMAT binary)") != out:
                target.fail("binary does not round-trip", "-- COPY BINARY out and in")
            rows = self.db.run("SELECT left(v::text, 300), %(n)s_send(v) FROM arriving WHERE %(n)s_send(v::text::%(n)s) <> %(n)s_send(v) "
                               "AND (v::text NOT LIKE '%%NaN%%' OR v::text::%(n)s::text <> v::text)" % {"n": name})
            for text, sent in rows[:3]:
                target.fail("text does not round-trip: %s" % text, "-- sent as %s" % quote_bytes(sent))
            self.db.run("INSERT INTO arrived_%(n)s (v, sent) SELECT v, %(n)s_send(v) FROM arriving WHERE pg_column_size(v) < 2500 "
                        "AND %(n)s_send(v) NOT IN (SELECT %(n)s_send(v) FROM samples_%(n)s WHERE v IS NOT NULL) "
                        "AND (SELECT count(*) FROM arrived_%(n)s) < %(kept)d "
                        "ORDER BY md5(%(n)s_send(v)) LIMIT 40 ON CONFLICT DO NOTHING" % {"n": name, "kept": KEPT})
            self.db.run("DROP TABLE again; TRUNCATE arriving")
        except psycopg2.Error as error:
            target.fail("an accepted value can't be written and read back: %s" % str(error).strip(), "-- %s" % name)
            self.db.reopen()
            self.db.run("CREATE TEMP TABLE IF NOT EXISTS arriving (v %s)" % name)

    def json(self, rng, budget):
        target = self.target("json")
        samples = ["[]", "[1,2.5,null]", "[[1,2],[3,4]]", "1", "[[[1]]]", '{"a":1}', "[1e400]", '["x"]', "[[],[]]", "[true]", "[" * 3000]
        for kind in ("json", "jsonb"):
            for one in self.values(rng, budget // 2, samples, [cuts, text_field_lies], mutate_text):
                target.offer("SELECT NULL FROM (SELECT (%s::%s::tensor)::text AS t OFFSET 0) s WHERE length(t) < 0" % (quote(one), kind))
        return target.report()

    # ------------------------------------------------------------ files

    def files(self, rng, budget, label, expressions, samples, lies):
        """Each file goes to each of the expressions in a long run, else to one of them."""
        target = self.target(label)
        inputs = list(self.values(rng, max(20, budget - len(lies)), samples,
                                  [lambda file: cuts(file)[:600], lambda file: field_lies(file, 352, (1, 2, 4, 8) if self.long_run else (2, 4))],
                                  mutate_file))
        self.db.run("DROP TABLE IF EXISTS files; CREATE TABLE files (id int, file bytea)")
        for count, one in enumerate(lies + inputs):
            literal = quote_bytes(one) + "::bytea"
            if len(one) > 100000:
                self.db.run("INSERT INTO files VALUES (%d, %s)" % (count, literal))
                literal = "(SELECT file FROM files WHERE id = %d)" % count
            for expression in expressions if self.long_run else [expressions[count % len(expressions)]]:
                target.try_one("SELECT t FROM (SELECT (%s)::text AS t OFFSET 0) s WHERE length(t) < 0" % expression.replace("$1", literal))
        return target.report()

    def npy(self, rng, budget):
        return self.files(rng, budget, "npy", ["from_npy($1)"], npy_files(), npy_lies())

    def nifti(self, rng, budget):
        mask = quote_bytes(nifti_files()[3]) + "::bytea"
        return self.files(rng, budget, "nifti", [
            "nifti_header($1)", "nifti_affine($1)", "SELECT count(q) FROM nifti_voxels($1) q", "SELECT count(q) FROM nifti_voxels($1, $1) q",
            "SELECT count(q) FROM nifti_voxels(%s, $1) q" % mask, "SELECT count(q) FROM nifti_volumes($1, $1) q"], nifti_files(), nifti_bombs())

    # ------------------------------------------------------------ functions

    def functions(self, rng, budget):
        target = self.target("functions")
        called = [f for f in self.catalog.callables + self.catalog.casts if f.kind != "a"]
        for number in range(max(budget, 2 * len(called))):
            function = called[number % len(called)]
            left = sum(default is not None for default in function.defaults)
            n = len(function.arguments) - (rng.randrange(1, left + 1) if left and rng.random() < 0.4 else 0)
            values = [self.catalog.draw(rng, function, at) for at in range(n)]
            target.offer(self.catalog.statement(function, values), function)
        return target.report()

    def aggregates(self, rng, budget):
        target = self.target("aggregates")
        called = [f for f in self.catalog.callables if f.kind in "aw" and f.arguments]
        for number in range(max(budget, 2 * len(called))):
            function = called[number % len(called)]
            columns = []
            for at in range(len(function.arguments)):
                one = self.catalog.draw(rng, function, at)
                columns.append([one if rng.random() < 0.6 else self.catalog.draw(rng, function, at) for _ in range(4)]
                               if at == 0 or rng.random() < 0.5 else [one] * 4)
            target.offer(self.catalog.statement(function, None, list(zip(*columns))), function)
        return target.report()

    def made(self, rng, budget):
        target = self.target("made")
        parts = self.catalog.parts_of_aggregates()
        chosen = rng.sample(parts, min(len(parts), budget // 4 + 1))
        self.db.run("CREATE SCHEMA made")
        declared = 0
        for step, final in chosen * (max(1, budget // (4 * len(chosen))) if self.long_run else 1):
            name = "made.aggregate_%d" % declared
            options = ["SFUNC = " + step.name, "STYPE = " + step.result]
            if final:
                options += ["FINALFUNC = " + final.name] + ["FINALFUNC_EXTRA"] * (len(final.arguments) > 1)
            made_of = " -- " + ", ".join(options)
            if rng.random() < 0.6:
                start = rng.choice([value for value in self.catalog.values_of_type(step.result) if "1000000" not in value])
                made_of += ", INITCOND = " + start
                text = self.db.run("SELECT (%s)::%s::text" % (start, step.result))[0][0]
                options += ["INITCOND = " + quote(text)] if text is not None else []
            try:
                self.db.run("CREATE AGGREGATE %s(%s) (%s)" % (name, ", ".join(step.arguments[1:]), ", ".join(options)))
            except psycopg2.Error as error:
                if error.pgcode != "42P13":             # such as: a strict transition function whose state can't begin with the first row
                    target.fail(str(error), "%s, %s" % (step.name, final and final.name))
                continue
            declared += 1
            for kind in "aaaw":
                function = Callable(name, step.arguments[1:], kind, False, (final or step).result, False, step.defaults[1:], step.words, None)
                rows = [[self.catalog.draw(rng, function, at).replace("1000000", "1000") for at in range(len(function.arguments))] for _ in range(2)]
                target.offer(self.catalog.statement(function, None, rng.choices(rows, k=4)) + made_of)
        target.name = "made (%d of %d declarations)" % (declared, len(parts))
        return target.report()

    def edges(self, rng, budget):
        target = self.target("edges")
        every = Combinations(self.catalog, self.catalog.callables + self.catalog.casts, self.seed)
        n = len(every) if self.long_run else min(budget, len(every))
        for number in rng.sample(range(len(every)), n):
            function, statement = every.function_and_statement(number)
            target.offer(statement, function)
        target.name = "edges (of %d combinations)" % len(every)
        return target.report()

    def operators(self, rng, budget):
        target = self.target("operators")
        statements = []
        for name, left, right, result in self.catalog.operators:
            if left is None:
                form = "SELECT ({op} {value})::text AS t"
            elif left not in self.types:
                form = "SELECT (s.v)::text AS t FROM samples_{right} s WHERE ({value} {op} s.v) IS NULL"
            elif result == "boolean":
                form = "SELECT count(*)::text AS t FROM samples_{left} s WHERE s.v {op} {value}"
            elif result == "double precision":
                form = "SELECT (s.v)::text AS t FROM samples_{left} s ORDER BY s.v {op} {value} LIMIT 3"
            else:
                form = "SELECT (s.v)::text AS t FROM samples_{left} s WHERE (s.v {op} {value}) IS NULL"
            kind = right if left is None or left in self.types else left
            statements += ["SELECT t FROM (%s) q WHERE length(t) < 0" % form.format(op=name, left=left, right=right, value="(%s)::%s" % (value, kind))
                           for value in self.catalog.values_of_type(kind)]
        self.db.run("SET enable_seqscan = off")
        if not self.long_run:
            statements = rng.sample(statements, min(len(statements), budget))
        for statement in statements:
            target.offer(statement)
        target.try_waiting()
        self.db.run("RESET enable_seqscan")
        return target.report()

    def arrived(self, rng, budget):
        """Each position of each callable that takes a type, with each value that its receive function let pass."""
        target = self.target("arrived")
        takers = [(function, at) for function in self.catalog.callables + self.catalog.casts
                  for at, kind in enumerate(function.arguments) if kind in self.types]
        values = {name: [row[0] for row in self.db.run("SELECT id FROM arrived_%s ORDER BY id" % name)] for name in self.types}
        for name in self.types:
            if not values[name]:
                target.fail("no value of %s arrived that is not a sample: run the binary targets too" % name, "--only 'binary|arrived'")
        each = [(function, at, i) for function, at in takers for i in values[function.arguments[at]]]
        chosen = each if self.long_run else rng.sample(each, min(len(each), budget))
        for function, at, i in chosen:
            arguments = [self.catalog.draw(rng, function, other) for other in range(len(function.arguments))]
            arguments[at] = "(SELECT v FROM arrived_%s WHERE id = %d)" % (function.arguments[at], i)
            target.offer(self.catalog.statement(function, arguments), function)
        target.name = "arrived (%d values of %d types x their %d uses)" % (sum(map(len, values.values())), len(values), len(takers))
        return target.report()

    # ------------------------------------------------------------ all

    def plan(self):
        """(label, share of the inputs, target); the last can take any number, and takes what the others leave"""
        targets = [("noticed", 1, self.noticed)]
        for name in self.types:
            targets += [("%s text" % name, 3, lambda r, b, n=name: self.text(r, b, n)),
                        ("%s binary" % name, 3, lambda r, b, n=name: self.binary(r, b, n))]
        return targets + [("npy", 3, self.npy), ("nifti", 5, self.nifti), ("json", 2, self.json), ("arrived", 40, self.arrived),
                          ("edges", 60, self.edges), ("operators", 10, self.operators), ("aggregates", 20, self.aggregates), ("made", 10, self.made),
                          ("functions", 30, self.functions)]

    def run(self):
        good = True
        plan = self.plan()
        total = sum(share for _, share, _ in plan)
        complaints = []
        try:
            for label, share, run in plan:
                if not self.only or re.search(self.only, label):
                    left = self.inputs - self.totals.inputs if label == plan[-1][0] and not self.only else 0
                    good &= run(random.Random("%s:%s" % (self.seed, label)), max(20, self.inputs * share // total, left))
        except KeyboardInterrupt:
            complaints.append("ended by a signal in %s" % self.current.name)
            self.current.report()
        return self.summary(complaints) and good

    def summary(self, complaints):
        totals = self.totals
        complaints += ["no edge values for arguments of type %s (EDGES in calls.py)" % kind for kind in self.catalog.unknown]
        if not self.only and totals.inputs < self.inputs:
            complaints.append("%d inputs were asked for" % self.inputs)
        if not self.only and len(totals.functions) < len(self.catalog.callables + self.catalog.casts):
            complaints.append("%d functions, casts and subscripts can be called" % len(self.catalog.callables + self.catalog.casts))
        print("%s summary: %d inputs, %d accepted; %d functions, casts and subscripts x %d argument combinations; slowest %.2f s; "
              "%d calls asked for long work and were cancelled in time, at the latest after %.2f s; peak memory %d MB with a limit of %d MB"
              % ("not ok" if complaints else "ok", totals.inputs, totals.accepted, len(totals.functions), totals.calls, totals.slowest[0],
                 totals.long, totals.latest[0], totals.peak[0] // MEGABYTE, MEMORY_LIMIT // MEGABYTE))
        print("# %d further functions have an argument of type internal, which no SQL can give" % self.catalog.internal)
        print("# %.0f s of a processor in the server" % self.db.processor())
        for complaint in complaints:
            print("# " + complaint)
        for what, (_, shown) in (("slowest", totals.slowest), ("latest cancelled", totals.latest), ("peak memory", totals.peak)):
            print("# %s: %s" % (what, shown[:300]))
        return not complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", help="regular expression over the target's name")
    parser.add_argument("--sanitized", action="store_true", help="the server runs under ASan or UBSan: more time, memory is not watched")
    fuzzer = Fuzzer(parser.parse_args())
    signal.signal(signal.SIGTERM, signal.default_int_handler)           # says how far it came
    try:
        fuzzer.prepare()
        good = fuzzer.run()
    finally:
        fuzzer.db.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
