"""Exact search against a scan that only touches each value; maxsim, softmax_projection, pool_tokens against their flops.

200,000 rows of 512 float4 (inline, toasted) and float2, top-10 by a parallel sequential scan with two workers.  The
scan that only touches each value has the same plan: it sorts by one element, of a tensor that is fetched whole.
"""

import numpy as np

from bench import query_seconds, seconds

ROWS, SIZE = 200000, 512

TABLES = {
    "search_inline": ("float4 inline", " WITH (toast_tuple_target = 8160, parallel_workers = 2)", "float4"),
    "search_toasted": ("float4 toasted", " WITH (parallel_workers = 2)", "float4"),
    "search_half": ("float2 inline", " WITH (toast_tuple_target = 8160, parallel_workers = 2)", "float2"),
}

TOUCH = "SELECT id FROM {0} ORDER BY (take(v, '{{1}}'))[1] LIMIT 10"
SEARCH = "SELECT id FROM {0} ORDER BY v {1} (SELECT v FROM {0} WHERE id = 17) LIMIT 10"
REVERSED = "SELECT id FROM {0} ORDER BY (SELECT v FROM {0} WHERE id = 17) {1} v LIMIT 10"


def execute(db, *statements):
    with db.cursor() as cur:
        for statement in statements:
            cur.execute(statement)


def ratios(db, statements, base, repeat=5):
    """Median over rounds of each statement's time over the base's just before it; and the base's least time."""
    found, least = [[] for _ in statements], float("inf")
    for _ in range(repeat):
        for i, statement in enumerate(statements):
            b = query_seconds(db, base, repeat=1)[0]
            least = min(least, b)
            found[i].append(query_seconds(db, statement, repeat=1)[0] / b)
    return [float(np.median(f)) for f in found], least


def bench_load(db, rates, report):
    execute(db, "SET work_mem = '64MB'", "SET max_parallel_workers_per_gather = 2")
    for table, (_, options, dtype) in TABLES.items():
        execute(
            db,
            "CREATE TABLE %s (id int PRIMARY KEY, v tensor)%s" % (table, options),
            "INSERT INTO %s SELECT i, random_normal('{%d}', i, '%s') FROM generate_series(1, %d) i" % (table, SIZE, dtype, ROWS),
            "VACUUM ANALYZE %s" % table,
        )


def bench_exact_search(db, rates, report):
    for table, (what, _, _) in TABLES.items():
        report.section("ORDER BY v OPERATOR query LIMIT 10, %d x %d, %s, 2 workers" % (ROWS, SIZE, what))
        with db.cursor() as cur:
            cur.execute("EXPLAIN " + SEARCH.format(table, "<=>"))
            assert "Workers Planned: 2" in "\n".join(row[0] for row in cur.fetchall())
        operators = ["<=>", "<->", "<#>", "<+>", "<~>"]
        statements = [SEARCH.format(table, o) for o in operators] + [REVERSED.format(table, "<=>")]
        found, touch = ratios(db, statements, TOUCH.format(table))
        report.figure("a scan that only touches each value", touch * 1e3, "ms")
        for what, ratio in zip(operators + ["query <=> v"], found):
            report.figure("%s / touching scan" % what, ratio, "", 1.5 if what == "<=>" else None)
        report.figure("rows a second, <=>", ROWS / (touch * found[0]) / 1e6, "million")


def bench_prefixes(db, rates, report):
    report.section("Coarse pass over prefixes of 64 kept beside the vectors, 200 of them again in full")
    execute(
        db,
        "CREATE TABLE search_prefix (id int PRIMARY KEY, prefix tensor, v tensor) WITH (parallel_workers = 2)",
        "ALTER TABLE search_prefix ALTER v SET STORAGE EXTERNAL",
        "INSERT INTO search_prefix SELECT id, subvector(v, 64), v FROM search_inline",
        "VACUUM ANALYZE search_prefix",
    )
    coarse = """WITH q AS MATERIALIZED (SELECT prefix, v FROM search_prefix WHERE id = 17),
        c AS (SELECT id, v FROM search_prefix ORDER BY prefix <=> (SELECT prefix FROM q) LIMIT 200)
        SELECT id FROM c ORDER BY v <=> (SELECT v FROM q) LIMIT 10"""
    (ratio, toasted), full = ratios(db, [coarse, SEARCH.format("search_toasted", "<=>")], SEARCH.format("search_inline", "<=>"), 5)
    report.figure("exact search in full, inline", full * 1e3, "ms")
    report.figure("prefixes, then in full / exact inline", ratio)
    report.figure("exact toasted / exact inline", toasted)


def bench_items(db, rates, report):
    n, q, m, d = 5000, 32, 200, 128
    report.section("maxsim: a query of %d vectors against %d items of %d, %d elements, 1 thread" % (q, n, m, d))
    execute(
        db,
        "SET max_parallel_workers_per_gather = 0",
        "CREATE TABLE search_items (id int, v tensor)",
        "INSERT INTO search_items SELECT i, random_normal('{%d,%d}', i) FROM generate_series(1, %d) i" % (m, d, n),
        "CREATE TABLE search_query AS SELECT random_normal('{%d,%d}', -1) AS v" % (q, d),
        "VACUUM ANALYZE search_items",
    )
    touch = query_seconds(db, "SELECT count(take(v, '{1,1}'::int[])) FROM (SELECT flatten(v) AS v FROM search_items) s")[0]
    took = query_seconds(db, "SELECT id FROM search_items ORDER BY maxsim((SELECT v FROM search_query), v) DESC LIMIT 10")[0]
    floor = report.floor([("products", 2.0 * n * q * m * d, "sgemm", rates.sgemm[1])])
    report.figure("reading the items", touch, "s")
    report.figure("maxsim", took, "s")
    report.figure("maxsim / (products + reading)", took / (floor + touch))
    item = np.random.default_rng(0).standard_normal((m, d)).astype("float32")
    query = item[:q].copy()
    rates.set_threads(1)
    peer = seconds(lambda: [(query @ item.T).max(1).sum() for _ in range(500)])[0] / 500 * n
    report.figure("NumPy, the same item from memory", peer, "s")
    took = query_seconds(db, "SELECT count(pool_tokens(v, 4)) FROM search_items WHERE id <= 500")[0]
    report.figure("pool_tokens of %d vectors, each" % m, took / 500 * 1e3, "ms")


def bench_softmax_projection(db, rates, report):
    n, q = 20000, 2000
    report.section("softmax_projection: %d queries onto %d keys of %d, 1 thread" % (q, n, SIZE))
    execute(db, "SET max_parallel_workers_per_gather = 0", "CREATE TABLE search_weights AS SELECT random_normal('{%d,%d}', 1) AS w" % (q, SIZE))
    touch = query_seconds(db, "SELECT count(take(v, '{1}')) FROM search_inline WHERE id <= %d" % n)[0]
    took = query_seconds(db, "SELECT n_samples(softmax_projection((SELECT w FROM search_weights), v, 0.01)) FROM search_inline WHERE id <= %d" % n, repeat=2)[0]
    floor = report.floor([("both products", 4.0 * n * q * SIZE, "dgemm", rates.dgemm[1])])
    x = np.random.default_rng(0).standard_normal(n * 100)
    exponentials = seconds(lambda: np.exp(x))[0] * q / 100
    report.figure("NumPy's exponentials", exponentials, "s")
    report.figure("softmax_projection", took, "s")
    report.figure("/ (products + exponentials + reading)", took / (floor + exponentials + touch))
