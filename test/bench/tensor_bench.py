"""Tensors: aggregates against a scan that only reads them, COPY against real[] and bytea, a distance scan.

20,000 tensors of 1,000 float4, 80 MB.  A value of 4 kB leaves the heap for its toast table by default; with
toast_tuple_target = 8160 it stays inline (docs/guide/loading.md), which is where the arithmetic shows most.
Statements are timed in turn and repeated, since a shared machine's speed changes from one second to the next.
"""

import os
import tempfile

from bench import query_seconds

ROWS, SIZE = 20000, 1000

TABLES = {
    "bench_toasted": "",
    "bench_inline": " WITH (toast_tuple_target = 8160)",
}

# fetches every tensor whole and reads one element (ndims, shape and subscripts fetch the header or a slice only)
DETOAST = "SELECT count(take(v, '{1}')) FROM "


def execute(db, *statements):
    with db.cursor() as cur:
        for statement in statements:
            cur.execute(statement)


def in_turn(functions, repeat=7):
    """The least time of each function, called in turn so that all meet the same conditions."""
    best = [float("inf")] * len(functions)
    for _ in range(repeat):
        for i, function in enumerate(functions):
            best[i] = min(best[i], function())
    return best


def timed(db, statement):
    return lambda: query_seconds(db, statement, repeat=1)[0]


def bench_load(db, rates, report):
    execute(db, "SET max_parallel_workers_per_gather = 0", "SET work_mem = '64MB'")
    for table, options in TABLES.items():
        execute(
            db,
            "CREATE TABLE %s (id int PRIMARY KEY, v tensor)%s" % (table, options),
            "INSERT INTO %s SELECT i, random_normal(ARRAY[%d], i) FROM generate_series(1, %d) i" % (table, SIZE, ROWS),
            "VACUUM ANALYZE %s" % table,
        )


def bench_aggregates(db, rates, report):
    # inline there is nothing to fetch: the scan does not touch the elements at all
    for table, bar in (("bench_toasted", 1.5), ("bench_inline", None)):
        report.section("%d tensors of %d float4, %s" % (ROWS, SIZE, table.split("_")[1]))
        names = ["avg", "sum", "min", "nanavg", "stddev", "count_valid"]
        statements = [DETOAST + table] + ["SELECT %s(v) FROM %s" % (name, table) for name in names]
        times = in_turn([timed(db, s) for s in statements])
        report.figure("scan that only detoasts", times[0] * 1e3, "ms")
        for name, time in zip(names, times[1:]):
            report.figure("%s / detoasting scan" % name, time / times[0], "", bar if name == "avg" else None, "%.0f ms" % (time * 1e3))
        groups = "SELECT count(a) FROM (SELECT avg(v) AS a FROM %s GROUP BY id %% 5000) g" % table
        report.figure("avg of 5,000 groups / detoasting scan", timed(db, groups)() / times[0])


def bench_distances(db, rates, report):
    for table in TABLES:
        report.section("Distance scan of %d tensors of %d float4, %s" % (ROWS, SIZE, table.split("_")[1]))
        operators = ["<->", "<#>", "<=>", "<+>", "<~>"]
        nearest = "SELECT id FROM %s ORDER BY v %s (SELECT v FROM %s WHERE id = 17) LIMIT 10"
        times = in_turn([timed(db, DETOAST + table)] + [timed(db, nearest % (table, o, table)) for o in operators], 5)
        for operator, time in zip(operators, times[1:]):
            # a constant that is fetched again on every row doubles this
            bar = 1.5 if table == "bench_toasted" else None
            report.figure("ORDER BY v %s constant / detoasting scan" % operator, time / times[0], "", bar, "%.0f ms" % (time * 1e3))


def copy_in(db, table, path, form):
    def once():
        from time import perf_counter

        with db.cursor() as cur, open(path, "rb") as source:
            cur.execute("TRUNCATE " + table)
            started = perf_counter()
            cur.copy_expert("COPY %s FROM STDIN (FORMAT %s)" % (table, form), source, 1 << 20)
            return perf_counter() - started

    return once


def copy_out(db, query, path, form):
    def once():
        from time import perf_counter

        with db.cursor() as cur, open(path, "wb") as sink:
            started = perf_counter()
            cur.copy_expert("COPY (%s) TO STDOUT (FORMAT %s)" % (query, form), sink, 1 << 20)
            return perf_counter() - started

    return once


def bench_copy(db, rates, report):
    report.section("COPY of %d tensors of %d float4" % (ROWS, SIZE))
    kinds = {"tensor": "v", "real": "v::real[]", "bytes": "substr(tensor_send(v), 1)"}
    types = {"tensor": "tensor", "real": "real[]", "bytes": "bytea"}
    execute(db, *["CREATE UNLOGGED TABLE bench_copy_%s (v %s)" % pair for pair in types.items()])
    execute(db, *["ALTER TABLE bench_copy_%s ALTER v SET STORAGE external" % kind for kind in kinds])
    with tempfile.TemporaryDirectory() as folder:
        path = {(kind, form): os.path.join(folder, kind + form) for kind in kinds for form in ("text", "binary")}
        # the stored forms, so that what is timed is output and input only
        for kind, expression in kinds.items():
            execute(db, "INSERT INTO bench_copy_%s SELECT %s FROM bench_toasted" % (kind, expression))
        text = [("tensor", "text"), ("real", "text")]
        binary = [("tensor", "binary"), ("real", "binary"), ("bytes", "binary")]
        writes, reads = {}, {}
        # text takes seconds, and misses its bar or meets it by far; binary differs by less than the machine's noise
        for out, repeat in ((text, 1), (binary, 7)):
            times = in_turn([copy_out(db, "SELECT v FROM bench_copy_" + kind, path[kind, form], form) for kind, form in out], repeat)
            writes.update(zip(out, times))
            times = in_turn([copy_in(db, "bench_copy_" + kind, path[kind, form], form) for kind, form in out], repeat)
            reads.update(zip(out, times))
    for verb, time in (("FROM", reads), ("TO", writes)):
        report.figure("COPY %s text, tensor / real[]" % verb, time["tensor", "text"] / time["real", "text"], "",
                      1.0 if verb == "FROM" else None, "%.0f ms" % (time["tensor", "text"] * 1e3))
        report.figure("COPY %s binary, tensor / bytea of the same size" % verb, time["tensor", "binary"] / time["bytes", "binary"], "",
                      1.3, "%.0f ms" % (time["tensor", "binary"] * 1e3))
        report.figure("COPY %s binary, tensor / real[]" % verb, time["tensor", "binary"] / time["real", "binary"])
