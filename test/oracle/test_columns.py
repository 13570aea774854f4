"""column_corr, column_spearman and column_r2 against SciPy and scikit-learn, column by column."""

import numpy as np
from scipy import stats
from sklearn.metrics import r2_score

from neuroenc_oracle import assert_close, assert_equal, create_rows, get

RNG = np.random.default_rng(21)


def pairwise(measure, a, b):
    """The measure of each pair of columns over the rows where both have a value."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    out = np.empty(a.shape[1])
    for j in range(a.shape[1]):
        valid = ~np.isnan(a[:, j]) & ~np.isnan(b[:, j])
        x, y = a[valid, j], b[valid, j]
        if len(x) < 2:
            out[j] = np.nan
        elif measure is r2_score:
            out[j] = 0.0 if np.ptp(x) == 0 else r2_score(x, y)
        else:
            out[j] = 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else measure(x, y)[0]
    return out


def check(db, table, a, b, tolerance=1e-12):
    create_rows(db, table, {"a": a, "b": b})
    for function, measure in (("column_corr", stats.pearsonr), ("column_spearman", stats.spearmanr), ("column_r2", r2_score)):
        got = get(db, "(SELECT %s(a, b) FROM %s)" % (function, table))
        want = pairwise(measure, a, b)
        atol = tolerance * max(1.0, np.nanmax(np.abs(want)))
        assert_close("%s %s" % (table, function), got, want, rtol=0, atol=atol)


def related(n, p, dtype=float):
    a = RNG.standard_normal((n, p))
    return a.astype(dtype), (a * RNG.uniform(-1, 1, p) + RNG.standard_normal((n, p))).astype(dtype)


def test_random(db):
    check(db, "columns_float8", *related(300, 40))
    check(db, "columns_float4", *related(300, 40, np.float32))
    check(db, "columns_float2", *related(100, 7, np.float16))
    a, b = related(50, 9)
    check(db, "columns_mixed", a.astype(np.float32), b)
    check(db, "columns_two_rows", *related(2, 33))


def test_far_from_zero(db):
    a, b = related(400, 20)
    scale = 10.0 ** RNG.integers(-6, 7, 20)
    check(db, "columns_offset", 1e4 * scale + a * scale, 1e4 * scale + b * scale, 1e-9)
    check(db, "columns_offset_float4", (1e4 + a).astype(np.float32), (1e4 + b).astype(np.float32), 1e-9)
    first = a.copy(), b.copy()
    first[0][0] = first[1][0] = -1e5      # an odd first row, then far away from it
    first[0][1:] += 1e5
    first[1][1:] += 1e5
    check(db, "columns_odd_first_row", *first, 1e-9)


def test_missing_and_ties(db):
    a, b = related(200, 25)
    a[RNG.random(a.shape) < 0.2] = np.nan
    b[RNG.random(b.shape) < 0.1] = np.nan
    a[:, 3] = np.nan                      # nothing valid
    a[1:, 4] = np.nan                     # one valid row
    a[~np.isnan(a[:, 5]), 5] = 2.5        # constant
    b[~np.isnan(b[:, 6]), 6] = -1.0
    check(db, "columns_missing", a, b)
    tied = np.round(a * 2), np.round(b * 2)
    check(db, "columns_tied", *tied)
    check(db, "columns_tied_float4", tied[0].astype(np.float32), tied[1].astype(np.float32))


def test_many_rows(db):
    """More rows than a column may have as an uninterruptible task, with ties and both digit sizes."""
    n = 700000
    i = np.arange(n, dtype=np.int64)
    a, b = (i * 7919 % 100003) / 7.0, (i * 104729 % 50021 + i % 1000)
    got = get(db, "(SELECT column_spearman(ARRAY[i * 7919 % 100003 / 7.0::float8]::tensor,"
                  " ARRAY[(i * 104729 % 50021 + i % 1000)::float8]::tensor) FROM generate_series(0, 699999::bigint) AS i)")
    assert_close("700,000 rows", got, [stats.spearmanr(a, b)[0]], rtol=0, atol=1e-12)


def test_merges(db):
    """States of parts, merged in any order, give the answer of the whole."""
    a, b = related(500, 12)
    a += 1e4
    a[RNG.random(a.shape) < 0.1] = np.nan
    a[:100, 2] = np.nan                   # a part with nothing valid in a column
    create_rows(db, "columns_merge", {"a": a, "b": b})
    with db.cursor() as cur:
        cur.execute("""
            CREATE AGGREGATE column_state(tensor, tensor) (SFUNC = column_moments_transition, STYPE = tensor);
            CREATE AGGREGATE column_merge_corr(tensor) (SFUNC = column_moments_combine, STYPE = tensor, FINALFUNC = column_corr_final);
            CREATE AGGREGATE column_merge_r2(tensor) (SFUNC = column_moments_combine, STYPE = tensor, FINALFUNC = column_r2_final)""")
    for name, measure in (("corr", stats.pearsonr), ("r2", r2_score)):
        want = pairwise(measure, a, b)
        for part in ("id % 2", "id % 7", "id / 100", "id", "CASE WHEN id < 3 THEN 0 ELSE 1 END"):
            for order in ("part", "part DESC", "md5(part::text)"):
                got = get(db, "(SELECT column_merge_%s(s ORDER BY %s) FROM (SELECT %s AS part, column_state(a, b) AS s"
                              " FROM columns_merge GROUP BY 1) AS q)" % (name, order, part))
                assert_close("%s by %s order %s" % (name, part, order), got, want, rtol=1e-9, atol=1e-9)


def test_parallel_plan(db):
    a, b = related(3000, 30, np.float32)
    a = np.round(a, 1)
    b[RNG.random(b.shape) < 0.05] = np.nan
    create_rows(db, "columns_parallel", {"a": a, "b": b})
    query = "SELECT column_corr(a, b) AS corr, column_spearman(a, b) AS spearman, column_r2(a, b) AS r2 FROM columns_parallel"
    names = ("corr", "spearman", "r2")
    serial = [get(db, "(SELECT %s FROM (%s) AS q)" % (name, query)) for name in names]
    with db.cursor() as cur:
        cur.execute("ALTER TABLE columns_parallel SET (parallel_workers = 2)")
        cur.execute("ANALYZE columns_parallel; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0;"
                    " SET parallel_tuple_cost = 0; SET neuroenc.threads = 2")
        cur.execute("EXPLAIN (COSTS OFF) " + query)
        plan = "\n".join(row[0] for row in cur.fetchall())
        assert "Partial Aggregate" in plan and "Gather" in plan, plan
    parallel = [get(db, "(SELECT %s FROM (%s) AS q)" % (name, query)) for name in names]
    assert_close("corr", parallel[0], serial[0], rtol=0, atol=1e-13)
    assert_equal("spearman", parallel[1], serial[1])
    assert_close("r2", parallel[2], serial[2], rtol=0, atol=1e-12)
    for name, got, measure in zip(names, serial, (stats.pearsonr, stats.spearmanr, r2_score)):
        assert_close(name, got, pairwise(measure, a, b), rtol=0, atol=1e-12)


def test_random_projection_lengths(db):
    """Lengths and dot products are kept in the mean, entries have the stated density and scale, rows are independent."""
    d, k = 900, 4000
    matrix = get(db, "(SELECT stack(random_projection(x, %d, 3) ORDER BY i) FROM (SELECT i, row AS x FROM rows(eye(%d)) "
                     "WITH ORDINALITY AS r (row, i)) AS q)" % (k, d)).T
    assert matrix.shape == (k, d)
    scale = np.sqrt(np.sqrt(d) / k)
    entries = matrix[matrix != 0]
    assert_close("scale", np.abs(entries), np.full(len(entries), scale), rtol=1e-6)
    density, expected = len(entries) / matrix.size, 1 / np.sqrt(d)
    spread = np.sqrt(expected * (1 - expected) / matrix.size)
    assert abs(density - expected) < 5 * spread, (density, expected)
    positive = (entries > 0).mean()
    assert abs(positive - 0.5) < 5 * 0.5 / np.sqrt(len(entries)), positive
    per_column, per_row = (matrix != 0).sum(0), (matrix != 0).sum(1)
    for counts, n in ((per_column, k), (per_row, d)):
        variance = n * expected * (1 - expected)
        assert abs(counts.var() / variance - 1) < 0.25, (counts.var(), variance)
        assert np.abs(counts - n * expected).max() < 6 * np.sqrt(variance)
    neighbours = np.mean((matrix[:, 1:] != 0) & (matrix[:, :-1] != 0))
    assert abs(neighbours - expected ** 2) < 5 * expected / np.sqrt(matrix.size), neighbours
    gram = matrix.T @ matrix
    assert_close("squared lengths", np.diag(gram), np.ones(d), rtol=0, atol=0.7)
    assert abs(np.diag(gram).mean() - 1) < 0.02
    off = gram[~np.eye(d, dtype=bool)]
    assert abs(off.mean()) < 1e-3 and abs(off.std() * np.sqrt(k) - 1) < 0.1, (off.mean(), off.std())

    x = RNG.standard_normal((5, d))
    create_rows(db, "projection_rows", {"x": x})
    got = get(db, "(SELECT stack(random_projection(x, %d, 3) ORDER BY id) FROM projection_rows)" % k)
    assert_close("product", got, x @ matrix.T.astype(float), rtol=1e-6, atol=1e-6)
    assert got.dtype == np.float64
    more = get(db, "(SELECT stack(random_projection(x, %d, 3) ORDER BY id) FROM projection_rows)" % (2 * k))
    assert_close("a larger k adds rows", more[:, :k] * np.sqrt(2), got, rtol=1e-12)
