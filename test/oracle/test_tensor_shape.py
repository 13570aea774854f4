"""Constructors, shape functions, subscripts, picking and order, against NumPy."""

import itertools

import numpy as np
from scipy import stats

from neuroenc_oracle import assert_close, assert_equal, from_bytes, get, put

TYPES = [np.float16, np.float32, np.float64]


def draws(seed, shape, dtype):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def sql_list(values):
    return "{%s}" % ",".join(str(int(v)) for v in values)


def test_constructors(db):
    for shape in [(), (0,), (3,), (2, 3), (0, 4), (2,) * 8]:
        for dtype in TYPES:
            name = "float%d" % np.dtype(dtype).itemsize
            args = [sql_list(shape), name]
            assert_equal("zeros", get(db, "zeros(%s, %s)", args), np.zeros(shape, dtype))
            assert_equal("ones", get(db, "ones(%s, %s)", args), np.ones(shape, dtype))
            assert_equal("filled", get(db, "filled(%s, 0.1, %s)", args), np.full(shape, 0.1, dtype))
    for n in (0, 1, 5):
        assert_equal("eye", get(db, "eye(%s)", [n]), np.eye(n, dtype=np.float32))


def test_arange(db):
    rng = np.random.default_rng(1)
    cases = [(0, 10, 1), (0, 1, 0.1), (1, 0, -0.1), (0, 0, 1), (5, 1, 1), (0.1, 0.35, 0.05), (-3, 3, 0.7), (0, 3, 1e-3)]
    cases += [tuple(rng.standard_normal(2) * 10) + (rng.standard_normal(),) for _ in range(200)]
    for start, stop, step in cases:
        assert_close(str((start, stop, step)), get(db, "arange(%s, %s, %s)", [start, stop, step]), np.arange(start, stop, step), 1e-13, 1e-12)


def test_logspace(db):
    for a, b, n in [(-5, 5, 20), (0, 1, 1), (0, 1, 2), (3, -3, 7), (2, 2, 4), (-300, 300, 11), (0, 0, 0), (1.5, 2.25, 40)]:
        assert_close(str((a, b, n)), get(db, "logspace(%s, %s, %s)", [a, b, n]), np.logspace(a, b, n), 1e-13)


def test_random_moments_and_independence(db):
    for seed in (0, 1, 12345, -7):
        z = get(db, "random_normal('{200000}', %s, 'float8')", [seed])
        assert stats.kstest(z, "norm").pvalue > 1e-4
        u = get(db, "random_uniform('{200000}', %s, 'float8')", [seed])
        assert stats.kstest(u, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.012
    first, second = (get(db, "random_normal('{200000}', %s, 'float8')", [seed]) for seed in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.012


def test_transpose_every_permutation(db):
    for dtype in TYPES:
        for shape in [(3, 4), (70, 33), (2, 3, 4), (5, 1, 7), (3, 0, 2), (2, 3, 4, 5)]:
            a = draws(2, shape, dtype)
            assert_equal("reversed", get(db, "transpose(from_npy(%s))", [put(a)]), np.ascontiguousarray(a.T))
            for axes in itertools.permutations(range(len(shape))):
                got = get(db, "transpose(from_npy(%s), %s)", [put(a), sql_list(x + 1 for x in axes)])
                assert_equal(str(axes), got, np.ascontiguousarray(a.transpose(axes)))
    a = draws(3, (2, 3, 1, 2, 2, 1, 3, 2), np.float32)
    for axes in ([7, 6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 7, 2, 1, 5, 4], [0, 1, 2, 3, 4, 5, 7, 6]):
        got = get(db, "transpose(from_npy(%s), %s)", [put(a), sql_list(x + 1 for x in axes)])
        assert_equal(str(axes), got, np.ascontiguousarray(a.transpose(axes)))
    a = draws(4, (700, 900), np.float32)
    assert_equal("large", get(db, "transpose(from_npy(%s))", [put(a)]), np.ascontiguousarray(a.T))


def test_reshape_and_concatenate(db):
    for dtype in TYPES:
        a = draws(5, (4, 6), dtype)
        assert_equal("reshape", get(db, "reshape(from_npy(%s), '{2,-1,3}')", [put(a)]), a.reshape(2, -1, 3))
        assert_equal("flatten", get(db, "flatten(from_npy(%s))", [put(a)]), a.ravel())
        for other in TYPES:
            b = draws(6, (3, 6), other)
            want = np.concatenate([a, b])
            assert_equal("||", get(db, "from_npy(%s) || from_npy(%s)", [put(a), put(b)]), want)


def test_astype(db):
    rng = np.random.default_rng(7)
    a = np.concatenate([rng.standard_normal(5000) * 10.0 ** rng.integers(-9, 4, 5000), [0.0, -0.0, np.nan, np.inf, -np.inf]])
    for source in TYPES:
        for target in TYPES:
            x = a.astype(source)
            got = get(db, "astype(from_npy(%%s), 'float%d')" % np.dtype(target).itemsize, [put(x)])
            want = x.astype(target)
            assert_equal("NaN", np.isnan(got), np.isnan(want))
            assert_equal("astype", got[~np.isnan(want)], want[~np.isnan(want)])


def test_subscripts(db):
    rng = np.random.default_rng(8)
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE s (v tensor)")
        for shape in [(7,), (4, 5), (3, 4, 5), (60, 70)]:
            for dtype in TYPES:
                a = draws(9, shape, dtype)
                cur.execute("TRUNCATE s; INSERT INTO s SELECT from_npy(%s)", [put(a)])
                for _ in range(20):
                    index = [int(rng.integers(0, n)) for n in shape]
                    cur.execute("SELECT v%s FROM s" % "".join("[%d]" % (i + 1) for i in index))
                    assert_equal("element", cur.fetchone()[0], float(a[tuple(index)]))
                    bounds = [sorted(rng.integers(-1, n + 3, 2)) for n in shape]
                    text = "".join("[%d:%d]" % (lo + 1, hi) for lo, hi in bounds)
                    want = a[tuple(slice(max(lo, 0), max(hi, 0)) for lo, hi in bounds)]
                    cur.execute("SELECT to_npy(v%s) FROM s" % text)
                    assert_equal(text, from_bytes(cur.fetchone()[0]), np.ascontiguousarray(want))
        a = draws(10, (3, 4, 5), np.float32)
        part = draws(11, (2, 4, 1), np.float64)
        cur.execute("TRUNCATE s; INSERT INTO s SELECT from_npy(%s)", [put(a)])
        cur.execute("UPDATE s SET v[2:3][:][4:4] = from_npy(%s), v[1][1][1] = 7.25", [put(part)])
        cur.execute("SELECT to_npy(v) FROM s")
        a[1:3, :, 3:4] = part
        a[0, 0, 0] = 7.25
        assert_equal("assigned", from_bytes(cur.fetchone()[0]), a)


def test_take_mask_scatter(db):
    rng = np.random.default_rng(12)
    for dtype in TYPES:
        for shape in [(50,), (50, 3), (50, 2, 3)]:
            a = draws(13, shape, dtype)
            index = rng.integers(0, 50, 70)
            assert_equal("take", get(db, "take(from_npy(%s), %s)", [put(a), sql_list(index + 1)]), a[index])
            keep = rng.random(50) < 0.4
            assert_equal("mask", get(db, "mask(from_npy(%s), %s)", [put(a), keep.tolist()]), a[keep])
            place = rng.permutation(90)[:50]
            want = np.zeros((90,) + shape[1:], dtype)
            want[place] = a
            assert_equal("scatter", get(db, "scatter(from_npy(%s), %s, 90)", [put(a), sql_list(place + 1)]), want)


def test_unnest_and_rows(db):
    with db.cursor() as cur:
        for dtype in TYPES:
            a = draws(14, (5, 4), dtype)
            cur.execute("SELECT array_agg(u ORDER BY i) FROM unnest(from_npy(%s)) WITH ORDINALITY AS q (u, i)", [put(a)])
            assert_equal("unnest", np.array(cur.fetchone()[0]), a.ravel().astype(float))
            cur.execute("SELECT to_npy(r) FROM rows(from_npy(%s)) WITH ORDINALITY AS q (r, i) ORDER BY i", [put(a)])
            got = [from_bytes(row[0]) for row in cur.fetchall()]
            assert_equal("rows", np.array(got), a)


def test_order_is_total_and_lexicographic(db):
    """ORDER BY against Python's own tuple order, NaN last, -0 equal to 0, types mixed."""
    rng = np.random.default_rng(15)
    values = [-np.inf, -1.0, -0.0, 0.0, 0.5, 2.0, np.inf, np.nan]
    rows = [rng.choice(values, rng.integers(0, 4)).astype(TYPES[rng.integers(0, 3)]) for _ in range(400)]

    def key(a):
        return ([(np.isnan(x), 0.0 if np.isnan(x) else x + 0.0) for x in a.astype(float)], len(a))

    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE o (id int, v tensor)")
        for i, a in enumerate(rows):
            cur.execute("INSERT INTO o VALUES (%s, from_npy(%s))", [i, put(a)])
        cur.execute("SELECT id FROM o ORDER BY v, id")
        assert_equal("order", [r[0] for r in cur.fetchall()], sorted(range(len(rows)), key=lambda i: key(rows[i]) + (i,)))
        groups = len({str(key(a)) for a in rows})
        for setting in ("enable_hashagg", "enable_sort"):
            cur.execute("SET %s = off; SELECT count(*) FROM (SELECT v FROM o GROUP BY v) q" % setting)
            assert_equal("groups", cur.fetchone()[0], groups)
            cur.execute("RESET " + setting)
        cur.execute("SELECT count(*) FROM o a JOIN o b ON a.v = b.v AND tensor_hash(a.v) <> tensor_hash(b.v)")
        assert_equal("hashes of equals", cur.fetchone()[0], 0)
