"""Tensor arithmetic, aggregates over rows and distances, against NumPy and SciPy in float64.

The reference is computed from the values as stored (after rounding to the element type), so what remains is the
extension's own arithmetic, to the element type's rounding for results that are tensors and 1e-6 for numbers.
"""

import numpy as np
from scipy.spatial import distance as scipy_distance

from neuroenc_oracle import assert_close, assert_equal, get, put, raises

TYPES = [np.float16, np.float32, np.float64]
ROUNDING = {np.float16: 1e-3, np.float32: 3e-7, np.float64: 1e-14}
SIZES = [1, 2, 7, 64, 1000, 5003]


def vectors(seed, dtype, n, count, offset=0.0):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal(n) + offset).astype(dtype) for _ in range(count)]


def number(db, expression, *args):
    with db.cursor() as cur:
        cur.execute("SELECT " + expression, args)
        return cur.fetchone()[0]


def wide(a):
    return a.astype(np.float64)


def fill(db, table, rows):
    """A temporary table of tensors; None is NULL."""
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE %s (id int, v tensor)" % table)
        for i, row in enumerate(rows):
            cur.execute("INSERT INTO %s VALUES (%%s, from_npy(%%s))" % table, [i, None if row is None else put(row)])


def test_binary_operators_broadcast_as_numpy(db):
    rng = np.random.default_rng(1)
    shapes = [((5,), (5,)), ((4, 5), (5,)), ((5,), (4, 5)), ((4, 5), (4, 1)), ((4, 1), (1, 5)), ((3, 1, 5), (4, 1)),
              ((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((1,), (6, 7)), ((), (3, 2)), ((2, 1, 3, 1), (5, 1, 4)),
              ((3000,), (2, 3000)), ((0,), (1,)), ((0, 3), (3,)), ((2, 0), (1, 1)), ((1, 1, 1), (1,)), ((7, 2), (7, 2))]
    operators = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
    for shape_a, shape_b in shapes:
        for type_a in TYPES:
            for type_b in TYPES:
                a = np.asarray(rng.uniform(0.5, 2, shape_a)).astype(type_a)
                b = np.asarray(rng.uniform(0.5, 2, shape_b)).astype(type_b)
                common = np.promote_types(type_a, type_b)
                for sign, function in operators.items():
                    got = get(db, "from_npy(%s) " + sign + " from_npy(%s)", [put(a), put(b)])
                    # converted first: older NumPy lets a rank-0 array follow the other's type
                    want = function(a.astype(common), b.astype(common))
                    name = "%s%s %s %s%s" % (type_a.__name__, shape_a, sign, type_b.__name__, shape_b)
                    assert_equal(name + " type", got.dtype, common)
                    # IEEE arithmetic rounds one way only
                    assert_close(name, got, want, rtol=0)


def test_binary_operators_with_a_number(db):
    for dtype in TYPES:
        (a,) = vectors(2, dtype, 3000, 1, offset=3)
        for scalar in (2.5, -0.1, 1e-3):
            s = dtype(scalar) if dtype != np.float16 else np.float32(scalar)
            for sign, function in (("+", np.add), ("-", np.subtract), ("*", np.multiply), ("/", np.divide)):
                name = "%s %s %g" % (dtype.__name__, sign, scalar)
                got = get(db, "from_npy(%s) " + sign + " %s::float8", [put(a), scalar])
                with np.errstate(over="ignore"):
                    want = function(a.astype(s.dtype), s).astype(dtype)
                    mirrored = function(s, a.astype(s.dtype)).astype(dtype)
                assert_equal(name + " type", got.dtype, np.dtype(dtype))
                assert_close(name, got, want, rtol=0)
                assert_close(name + " mirrored", get(db, "%s::float8 " + sign + " from_npy(%s)", [scalar, put(a)]), mirrored, rtol=0)


def test_functions_of_each_element(db):
    special = [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, 0.5, 1e-3]
    for dtype in TYPES:
        a = np.concatenate([np.array(special), np.random.default_rng(3).uniform(-3, 3, 4500)]).astype(dtype)
        compute = np.float32 if dtype == np.float16 else dtype
        x = a.astype(compute)
        with np.errstate(all="ignore"):
            cases = [("abs(from_npy(%s))", np.abs(x)), ("sqrt(from_npy(%s))", np.sqrt(x)), ("exp(from_npy(%s))", np.exp(wide(x))),
                     ("ln(from_npy(%s))", np.log(wide(x))), ("- from_npy(%s)", -x), ("power(from_npy(%s), 2)", x * x),
                     ("power(from_npy(%s), 3)", np.power(wide(x), 3)), ("power(from_npy(%s), -0.5)", np.power(wide(x), -0.5)),
                     ("clip(from_npy(%s), -0.75, 1.25)", np.clip(x, -0.75, 1.25)),
                     ("clip(from_npy(%s), '-infinity', 0)", np.minimum(x, 0))]
            for expression, want in cases:
                got = get(db, expression, [put(a)])
                assert_equal(expression + " type", got.dtype, np.dtype(dtype))
                assert_close("%s of %s" % (expression, dtype.__name__), got, want.astype(dtype), rtol=ROUNDING[dtype])


def test_power_of_two_tensors(db):
    rng = np.random.default_rng(4)
    a, b = rng.uniform(0.1, 3, (40, 30)), rng.uniform(-2, 2, 30)
    assert_close("power", get(db, "power(from_npy(%s), from_npy(%s))", [put(a), put(b)]), a ** b, rtol=1e-14)


def test_matmul(db):
    rng = np.random.default_rng(5)
    shapes = [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((1, 1), (1, 1)), ((130, 257), (257, 65)),
              ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((3, 4), (4, 0)), ((300, 700), (700,)), ((700,), (700, 300))]
    for dtype, rtol in ((np.float16, 2e-3), (np.float32, 2e-6), (np.float64, 1e-13)):
        for shape_a, shape_b in shapes:
            a, b = rng.standard_normal(shape_a).astype(dtype), rng.standard_normal(shape_b).astype(dtype)
            want = wide(a) @ wide(b)
            scale = np.abs(wide(a)) @ np.abs(wide(b))
            got = get(db, "matmul(from_npy(%s), from_npy(%s))", [put(a), put(b)])
            name = "matmul %s %s %s" % (dtype.__name__, shape_a, shape_b)
            assert_equal(name + " type", got.dtype, np.dtype(dtype))
            assert_equal(name + " shape", got.shape, want.shape)
            # as a share of the sum of absolute products, which is what rounding is a share of
            assert_close(name, got / np.where(scale > 0, scale, 1), want / np.where(scale > 0, scale, 1), rtol=0, atol=rtol)
    a, b = rng.standard_normal((5, 6)).astype(np.float16), rng.standard_normal((6, 7))
    got = get(db, "matmul(from_npy(%s), from_npy(%s))", [put(a), put(b)])
    assert_equal("mixed type", got.dtype, np.dtype(np.float64))
    assert_close("mixed", got, wide(a) @ b, rtol=1e-12, atol=1e-14)


def test_numbers_over_all_elements(db):
    for dtype in TYPES:
        for n in SIZES:
            for offset in (0, 100, 1e4):
                (a,) = vectors(n, dtype, n, 1, offset)
                x = wide(a)
                name = "%s n %d offset %g" % (dtype.__name__, n, offset)
                assert_close(name + " sum", number(db, "sum_of(from_npy(%s))", put(a)), x.sum(), rtol=1e-12, atol=1e-12 * n)
                assert_close(name + " mean", number(db, "mean_of(from_npy(%s))", put(a)), x.mean(), rtol=1e-12, atol=1e-13)
                assert_close(name + " std", number(db, "std_of(from_npy(%s))", put(a)), x.std(), rtol=1e-9, atol=1e-12)
                assert_equal(name + " min", number(db, "min_of(from_npy(%s))", put(a)), x.min())
                assert_equal(name + " max", number(db, "max_of(from_npy(%s))", put(a)), x.max())
                assert_equal(name + " argmin", number(db, "argmin(from_npy(%s))", put(a)), x.argmin() + 1)
                assert_equal(name + " argmax", number(db, "argmax(from_npy(%s))", put(a)), x.argmax() + 1)
                for p in (0, 0.5, 1, 2, 3, 7.5, np.inf):
                    want = np.linalg.norm(x, p)
                    assert_close("%s norm %g" % (name, p), number(db, "norm(from_npy(%s), %s::float8)", put(a), float(p)), want, rtol=1e-11)
                b = a.copy()
                b[n // 2] = np.nan
                y = wide(b)
                assert_equal(name + " nan_count", number(db, "nan_count(from_npy(%s))", put(b)), 1)
                assert_equal(name + " argmin nan", number(db, "argmin(from_npy(%s))", put(b)), y.argmin() + 1)
                assert_equal(name + " argmax nan", number(db, "argmax(from_npy(%s))", put(b)), y.argmax() + 1)
                for what in ("sum_of", "mean_of", "std_of", "min_of", "max_of", "norm"):
                    assert np.isnan(number(db, what + "(from_npy(%s))", put(b))), name + " " + what + " of a NaN"


def test_normalize_and_zscore(db):
    for dtype in TYPES:
        # float16 is 8 apart at 1e4
        for offset in (0, 100 if dtype == np.float16 else 1e4):
            (a,) = vectors(6, dtype, 2000, 1, offset)
            x = wide(a)
            name = "%s offset %g" % (dtype.__name__, offset)
            assert_close(name + " l2_normalize", get(db, "l2_normalize(from_npy(%s))", [put(a)]), x / np.linalg.norm(x),
                         rtol=ROUNDING[dtype], atol=6e-8 if dtype == np.float16 else 0)
            z = (x - x.mean()) / x.std()
            assert_close(name + " zscore", get(db, "zscore(from_npy(%s))", [put(a)]), z,
                         rtol=max(ROUNDING[dtype], 1e-9), atol=1e-6 if dtype == np.float16 else 1e-9)


def aggregate(db, table, what):
    return get(db, "(SELECT %s(v) FROM %s)" % (what, table))


def test_aggregates_over_rows(db):
    case = 0
    for dtype in TYPES:
        for offset in (0.0, 1e4):
            for n in (1, 2, 3, 50, 333):
                rng = np.random.default_rng([7, case])
                a = (rng.standard_normal((n, 37)) + offset).astype(dtype)
                holes = a.copy()
                holes[rng.random(a.shape) < 0.2] = np.nan
                holes[:, 0] = np.nan
                fill(db, "whole_%d" % case, list(a) + [None])
                fill(db, "holes_%d" % case, [None] + list(holes))
                x, y = wide(a), wide(holes)
                out = np.float64 if dtype == np.float64 else np.float32
                name = "%s n %d offset %g" % (dtype.__name__, n, offset)
                rtol = ROUNDING[out] * 3
                for what, want in (("sum", x.sum(0)), ("avg", x.mean(0)), ("nansum", x.sum(0)), ("nanavg", x.mean(0))):
                    got = aggregate(db, "whole_%d" % case, what)
                    assert_equal(name + " " + what + " type", got.dtype, np.dtype(out))
                    assert_close(name + " " + what, got, want, rtol=rtol, atol=1e-12 * n)
                for what, want in (("min", x.min(0)), ("max", x.max(0))):
                    got = aggregate(db, "whole_%d" % case, what)
                    assert_equal(name + " " + what + " type", got.dtype, np.dtype(dtype))
                    assert_close(name + " " + what, got, want, rtol=0)
                if n > 1:
                    assert_close(name + " variance", aggregate(db, "whole_%d" % case, "variance"), x.var(0, ddof=1), rtol=max(rtol, 1e-10), atol=1e-12)
                    assert_close(name + " stddev", aggregate(db, "whole_%d" % case, "stddev"), x.std(0, ddof=1), rtol=max(rtol, 1e-10), atol=1e-12)
                else:
                    assert aggregate(db, "whole_%d" % case, "variance") is None
                valid = ~np.isnan(y)
                with np.errstate(all="ignore"):
                    mean = np.nansum(y, 0) / valid.sum(0)
                table = "holes_%d" % case
                assert_close(name + " count_valid", aggregate(db, table, "count_valid"), valid.sum(0), rtol=0)
                assert_close(name + " nansum", aggregate(db, table, "nansum"), np.nansum(y, 0), rtol=rtol, atol=1e-12 * n)
                assert_close(name + " nanavg", aggregate(db, table, "nanavg"), mean, rtol=rtol, atol=1e-12 * n)
                for what, want in (("sum", y.sum(0)), ("min", y.min(0)), ("max", y.max(0))):
                    assert_close(name + " NaN " + what, aggregate(db, table, what), want, rtol=rtol, atol=1e-12 * n)
                case += 1


def test_variance_of_raw_means_far_from_zero(db):
    # signals of sd 1 about 1e8, in float8, and about 1e4 in float4: the deviations must keep their digits
    rng = np.random.default_rng(8)
    for dtype, offset in ((np.float64, 1e8), (np.float32, 1e4)):
        a = (rng.standard_normal((500, 11)) + offset).astype(dtype)
        a[:, 3] = a[0, 3]
        fill(db, "far_%s" % dtype.__name__, a)
        got = aggregate(db, "far_%s" % dtype.__name__, "variance")
        want = (wide(a) - wide(a).mean(0)).var(0, ddof=1)
        want[3] = 0
        assert_equal("constant column", got[3], 0)
        assert_close("variance " + dtype.__name__, got, want, rtol=1e-6)


def test_parallel_and_grouped_aggregates(db):
    rng = np.random.default_rng(9)
    a = (rng.standard_normal((900, 23)) + 1e4).astype(np.float32)
    with db.cursor() as cur:
        cur.execute("CREATE TABLE shared_rows (id int, v tensor) WITH (parallel_workers = 2)")
        for i, row in enumerate(a):
            cur.execute("INSERT INTO shared_rows VALUES (%s, from_npy(%s))", [i, put(row)])
        cur.execute("ANALYZE shared_rows")
        for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
            cur.execute("SET %s = 0" % setting)
        cur.execute("EXPLAIN SELECT stddev(v) FROM shared_rows")
        assert any("Partial Aggregate" in row[0] for row in cur.fetchall())
    x = wide(a)
    for what, want in (("sum", x.sum(0)), ("avg", x.mean(0)), ("min", x.min(0)), ("max", x.max(0)), ("nanavg", x.mean(0)),
                       ("variance", x.var(0, ddof=1)), ("stddev", x.std(0, ddof=1)), ("count_valid", np.full(23, 900.0)), ("nansum", x.sum(0))):
        assert_close("parallel " + what, aggregate(db, "shared_rows", what), want, rtol=1e-6)
    with db.cursor() as cur:
        cur.execute("RESET ALL")
        cur.execute("SELECT id %% 7, to_npy(stddev(v)), to_npy(stack(v ORDER BY id)) FROM shared_rows GROUP BY 1 ORDER BY 1" % ())
        for group, sd, stacked in cur.fetchall():
            from neuroenc_oracle import from_bytes

            assert_close("group %d sd" % group, from_bytes(sd), x[group::7].std(0, ddof=1), rtol=1e-6)
            assert_close("group %d rows" % group, from_bytes(stacked), a[group::7], rtol=0)


def test_stack_and_tensor_agg(db):
    rng = np.random.default_rng(10)
    for case, (dtype, shape) in enumerate(((np.float16, (5,)), (np.float32, (3, 4)), (np.float64, ()), (np.float32, (2000,)), (np.float64, (0,)))):
        a = np.asarray(rng.standard_normal((40,) + shape)).astype(dtype)
        fill(db, "pile_%d" % case, a)
        got = get(db, "(SELECT stack(v ORDER BY id DESC) FROM pile_%d)" % case)
        assert_equal("stack type", got.dtype, np.dtype(dtype))
        assert_close("stack %s" % (shape,), got, a[::-1], rtol=0)
    values = rng.standard_normal(10000)
    got = get(db, "(SELECT tensor_agg(x ORDER BY i DESC) FROM unnest(%s::float8[]) WITH ORDINALITY AS t (x, i))", [list(values)])
    assert_close("tensor_agg", got, values[::-1], rtol=0)


REFERENCES = {
    "l2_distance": lambda x, y: np.linalg.norm(x - y),
    "l1_distance": lambda x, y: np.abs(x - y).sum(),
    "negative_inner_product": lambda x, y: -(x @ y),
    "cosine_distance": scipy_distance.cosine,
    "correlation_distance": scipy_distance.correlation,
}
OPERATORS = {"l2_distance": "<->", "l1_distance": "<+>", "negative_inner_product": "<#>", "cosine_distance": "<=>", "correlation_distance": "<~>"}


def test_distances_of_every_mix_of_types(db):
    for type_a in TYPES:
        for type_b in TYPES:
            for n in SIZES[1:]:
                for offset in (0, 3):
                    (a,), (b,) = vectors([11, n], type_a, n, 1, offset), vectors([12, n], type_b, n, 1, offset)
                    for what, reference in REFERENCES.items():
                        want = reference(wide(a), wide(b))
                        scale = np.abs(wide(a) * wide(b)).sum() if what == "negative_inner_product" else 0
                        name = "%s %s %s n %d offset %g" % (what, type_a.__name__, type_b.__name__, n, offset)
                        got = number(db, what + "(from_npy(%s), from_npy(%s))", put(a), put(b))
                        assert_close(name, got, want, rtol=1e-9, atol=1e-14 * scale + 1e-14)
                        assert_equal(name + " operator", number(db, "from_npy(%s) " + OPERATORS[what] + " from_npy(%s)", put(a), put(b)), got)
                        assert_close(name + " other way", number(db, what + "(from_npy(%s), from_npy(%s))", put(b), put(a)), got, rtol=1e-14, atol=1e-15)


def test_distances_keep_their_digits(db):
    """Two close vectors on a common offset of 1e4, against extended precision."""
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(13)
        a = (rng.standard_normal(1000) + 1e4).astype(dtype)
        b = (a + 0.01 * rng.standard_normal(1000)).astype(dtype)
        x, y = a.astype(np.longdouble), b.astype(np.longdouble)
        xc, yc = x - x.mean(), y - y.mean()

        def unit(v):
            return v / np.sqrt((v * v).sum())

        wants = {
            "l2_distance": np.sqrt(((x - y) ** 2).sum()),
            "l1_distance": np.abs(x - y).sum(),
            "negative_inner_product": -(x * y).sum(),
            "cosine_distance": ((unit(x) - unit(y)) ** 2).sum() / 2,
            "correlation_distance": ((unit(xc) - unit(yc)) ** 2).sum() / 2,
        }
        for what, want in wants.items():
            got = number(db, what + "(from_npy(%s), from_npy(%s))", put(a), put(b))
            assert_close("%s of close %s" % (what, dtype.__name__), got, float(want), rtol=1e-6)


def test_dot_norm_consistent_with_distances(db):
    a, b = vectors(14, np.float32, 4097, 2)
    assert_close("dot", number(db, "dot(from_npy(%s), from_npy(%s))", put(a), put(b)), wide(a) @ wide(b), rtol=1e-10)
    got = number(db, "norm(from_npy(%s) - from_npy(%s))", put(a.astype(np.float64)), put(b))
    assert_close("norm of the difference", got, number(db, "from_npy(%s) <-> from_npy(%s)", put(a), put(b)), rtol=1e-14)


def test_scan_against_one_tensor(db):
    """Toasted and inline rows, one side a sub-select whose value is decoded once."""
    rng = np.random.default_rng(15)
    for case, (dtype, n) in enumerate(((np.float16, 3000), (np.float32, 3000), (np.float64, 50), (np.float32, 8))):
        a = rng.standard_normal((60, n)).astype(dtype)
        fill(db, "scan_%d" % case, a)
        for what, reference in REFERENCES.items():
            with db.cursor() as cur:
                cur.execute("SELECT %s(v, (SELECT v FROM scan_%d WHERE id = 17)), %s((SELECT v FROM scan_%d WHERE id = 17), v) FROM scan_%d ORDER BY id"
                            % (what, case, what, case, case))
                got = np.array(cur.fetchall())
            want = np.array([reference(wide(row), wide(a[17])) for row in a])
            assert_close("%s scan" % what, got[:, 0], want, rtol=1e-9, atol=1e-12)
            assert_close("%s scan mirrored" % what, got[:, 1], want, rtol=1e-9, atol=1e-12)


def test_shape_errors(db):
    for statement in ("SELECT '[1,2]'::tensor <-> '[1,2,3]'", "SELECT avg(v) FROM (VALUES ('[1,2]'::tensor), ('[1,2,3]')) t(v)",
                      "SELECT '[1,2]'::tensor + '[1,2,3]'", "SELECT matmul('[1,2]', '[[1,2,3]]')"):
        with raises(db, "22000", "(2)"), db.cursor() as cur:
            cur.execute(statement)
