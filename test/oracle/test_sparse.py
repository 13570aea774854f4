"""Sparse vectors against NumPy, SciPy and Python's integers; their binary form through COPY."""

import io
import struct
from fractions import Fraction
from math import comb

import numpy as np
from scipy.spatial.distance import cosine, jaccard

from neuroenc_oracle import assert_close, assert_equal, get, raises

RNG = np.random.default_rng(52)


def random_rows(n, width, active, dtype="f4"):
    """n rows with 'active' values not zero on average, in rows of very different length."""
    share = RNG.uniform(0, 2 * active / width, (n, 1))
    return np.where(RNG.random((n, width)) < share, RNG.normal(size=(n, width)), 0).astype(dtype)


def text(row):
    (index,) = np.nonzero(row)
    pairs = ",".join("%d:%s" % (i + 1, repr(float(row[i])) if row.dtype == "f8" else str(row[i])) for i in index)
    return ("float8:" if row.dtype == "f8" else "") + "{%s}/%d" % (pairs, len(row))


def wire(row, order="<"):
    (index,) = np.nonzero(row)
    values = row[index]
    return (struct.pack("!BBcBii", 1, values.itemsize, order.encode(), 0, len(row), len(index))
            + index.astype(order + "i4").tobytes() + values.astype(values.dtype.newbyteorder(order)).tobytes())


def copy_in(db, table, values):
    """Binary values into a table of one column."""
    body = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    for v in values:
        body += struct.pack(">hi", 1, len(v)) + v
    db.cursor().copy_expert("COPY %s FROM STDIN (FORMAT binary)" % table, io.BytesIO(body + struct.pack(">h", -1)))


def create(db, table, rows):
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE %s (id int, s sparse)" % table)
        for i, row in enumerate(rows):
            cur.execute("INSERT INTO %s VALUES (%%s, %%s)" % table, [i, text(row)])


def column(db, query, args=()):
    with db.cursor() as cur:
        cur.execute(query, args)
        rows = cur.fetchall()
    return [r[0] if len(r) == 1 else r for r in rows]


def test_binary_and_text(db):
    rows = [random_rows(1, 50, 10, d)[0] for d in ("f4", "f8") for _ in range(4)] + [np.zeros(3, "f8"), np.ones(1, "f4")]
    db.cursor().execute("CREATE TEMP TABLE forms (s sparse); CREATE TEMP TABLE big (s sparse)")
    copy_in(db, "forms", [wire(r) for r in rows])
    copy_in(db, "big", [wire(r, ">") for r in rows])
    assert_equal("from binary", column(db, "SELECT s::text FROM forms"), column(db, "SELECT s::text FROM big"))
    for row, (s, sent) in zip(rows, column(db, "SELECT s::tensor::text, sparse_send(s) FROM forms")):
        assert_equal("sent", bytes(sent), wire(row))
        assert_equal("from text", column(db, "SELECT sparse_send(%s::sparse)", [text(row)])[0].tobytes(), wire(row))
        assert_equal("as a tensor", get(db, "%s::sparse::tensor", [text(row)]), row)


def test_hostile_binary(db):
    good = wire(np.array([0, 1, 2, 0, -3], "f4"))
    db.cursor().execute("CREATE TEMP TABLE hostile (s sparse)")

    def with_index(*index):
        return good[:12] + np.array(index, "<i4").tobytes() + good[24:]

    def with_value(value):
        return good[:24] + np.array(value, "<f4").tobytes() + good[28:]

    bad = [b"", good[:11], good[:-1], good + b"\0", b"\2" + good[1:], good[:1] + b"\2" + good[2:], good[:2] + b"=" + good[3:],
           good[:3] + b"\1" + good[4:], good[:4] + struct.pack("!ii", 0, 3) + good[12:], good[:4] + struct.pack("!ii", -5, 3) + good[12:],
           good[:4] + struct.pack("!ii", 2, 3) + good[12:], good[:4] + struct.pack("!ii", 5, -1) + good[12:],
           good[:4] + struct.pack("!ii", 5, 2) + good[12:], good[:4] + struct.pack("!ii", 2**31 - 1, 2**31 - 1) + good[12:],
           with_index(1, 1, 4), with_index(2, 1, 4), with_index(1, 2, 5), with_index(-1, 2, 4), with_index(1, 2, 2**31 - 1),
           with_value(0), with_value(-0.0), with_value(np.nan), with_value(np.inf)]
    for i, value in enumerate(bad):
        state = "08P01" if i < 2 else "22P03"
        with raises(db, state, ""):
            copy_in(db, "hostile", [value])
    copy_in(db, "hostile", [good])


def test_products(db):
    width = 300
    rows = np.concatenate([random_rows(14, width, 20), random_rows(6, width, 150), random_rows(2, width, 0.5), np.eye(1, width, 7, dtype="f4"),
                           np.zeros((1, width), "f4")])
    wide = random_rows(6, width, 30, "f8")
    create(db, "products", list(rows) + list(wide))
    x = np.concatenate([rows.astype(float), wide])
    n = len(x)

    def matrix(expression):
        return np.array(column(db, "SELECT %s FROM products a, products b ORDER BY a.id, b.id" % expression), float).reshape(n, n)

    support = x != 0
    shared = support.astype(int) @ support.T.astype(int)
    either = support.sum(1)[:, None] + support.sum(1)[None, :] - shared
    assert_close("dot", matrix("dot(a.s, b.s)"), x @ x.T, rtol=1e-13, atol=1e-13)
    assert_close("negative", matrix("a.s <#> b.s"), -(x @ x.T), rtol=1e-13, atol=1e-13)
    assert_close("l2", matrix("a.s <-> b.s"), np.linalg.norm(x[:, None] - x[None], axis=2), rtol=1e-13)
    assert_equal("equal rows", np.diag(matrix("a.s <-> b.s")), np.zeros(n))
    with np.errstate(all="ignore"):
        want = np.array([[cosine(a, b) if a.any() and b.any() else np.nan for b in x] for a in x])
        assert_close("cosine", matrix("a.s <=> b.s"), want, rtol=1e-12, atol=1e-15)
        assert_close("jaccard", matrix("jaccard(a.s, b.s)"), shared / either, rtol=1e-15)
        for i, j in RNG.integers(0, n, (20, 2)):
            if either[i, j] > 0:
                assert_close("jaccard", 1 - shared[i, j] / either[i, j], jaccard(support[i], support[j]), rtol=1e-14, atol=1e-15)
        y = abs(x)
        absolute = "(SELECT sparse_from_entries(array_agg(index), array_agg(abs(value)), 300, 'float8') FROM entries(%s.s) HAVING count(*) > 0)"
        got = matrix("weighted_jaccard(coalesce(%s, '{}/300'), coalesce(%s, '{}/300'))" % (absolute % "a", absolute % "b"))
        assert_close("weighted", got, np.minimum(y[:, None], y[None]).sum(2) / np.maximum(y[:, None], y[None]).sum(2), rtol=1e-13)
    assert_equal("overlap", matrix("overlap(a.s, b.s)"), shared.astype(float))
    assert_equal("shares", matrix("(a.s && b.s)::int"), (shared > 0).astype(float))
    assert_equal("contains", matrix("(a.s @> b.s)::int"), (shared == support.sum(1)[None, :]).astype(float))
    assert_equal("contained", matrix("(a.s <@ b.s)::int"), (shared == support.sum(1)[:, None]).astype(float))
    for theta in (0, 1, 5):
        assert_equal("matches", matrix("matches(a.s, b.s, %d)::int" % theta), (shared >= theta).astype(float))
    got = [get(db, "union_sdr(%s::sparse, %s::sparse)::tensor", [text(a), text(b)]) for a, b in zip(rows, rows[::-1])]
    assert_equal("union", np.array(got), ((rows != 0) | (rows[::-1] != 0)).astype("f4"))
    for p in (0, 0.5, 1, 2, 3, np.inf):
        norms = [np.linalg.norm(r, p) if p > 0 else (r != 0).sum() for r in x]
        assert_close("norm", column(db, "SELECT norm(s, %s) FROM products ORDER BY id", [float(p)]), norms, rtol=1e-13)
    # with a tensor of each type, in float8 of what the tensor holds
    dense = RNG.normal(size=width)
    for dtype, half in (("float8", "f8"), ("float4", "f4"), ("float2", "f2")):
        t = "astype('float8:[%s]'::tensor, '%s')" % (",".join(map(repr, map(float, dense))), dtype)
        want = x @ dense.astype(half).astype(float)
        for form in ("dot(s, %s)", "dot(%s, s)"):
            assert_close(dtype, column(db, "SELECT " + form % t + " FROM products ORDER BY id"), want, rtol=1e-13, atol=1e-13)


def test_order_is_that_of_tensors(db):
    rows = [RNG.integers(-1, 2, RNG.integers(1, 5)).astype(RNG.choice(["f4", "f8"])) for _ in range(60)]
    create(db, "ordered", rows)
    same = column(db, "SELECT bool_and(sparse_cmp(a.s, b.s) = tensor_cmp(a.s::tensor, b.s::tensor) AND (a.s = b.s) = (a.s::tensor = b.s::tensor)"
                      " AND (a.s <> b.s OR sparse_hash(a.s) = sparse_hash(b.s))) FROM ordered a, ordered b")
    assert_equal("every pair", same, [True])


def test_activity(db):
    x = random_rows(500, 80, 8)
    x[:, 40:50] = 0
    create(db, "activity", list(x))
    active = x != 0
    assert_close("density", get(db, "(SELECT feature_density(s) FROM activity)"), active.mean(0), rtol=1e-15)
    assert_close("sum", get(db, "(SELECT sum(s) FROM activity)"), x.astype(float).sum(0), rtol=1e-6, atol=1e-6)
    assert_close("mean", get(db, "(SELECT avg(s) FROM activity)"), x.astype(float).mean(0), rtol=1e-6, atol=1e-8)
    rows = column(db, "SELECT f.* FROM (SELECT feature_activity(s) AS a FROM activity) q, features(a) f")
    for feature, n_active, density, mean, mean_active, largest in rows:
        values = x[active[:, feature - 1], feature - 1].astype(float)
        assert_equal("count", n_active, len(values))
        assert_close("mean", mean, values.sum() / 500, rtol=1e-12, atol=1e-15)
        if len(values):
            assert_close("of active rows", [mean_active, largest], [values.mean(), values.max()], rtol=1e-12, atol=1e-15)
        else:
            assert_equal("dead", (mean_active, largest, density), (None, None, 0.0))
    assert_equal("union", get(db, "(SELECT union_sdr(s)::tensor FROM activity)"), active.any(0).astype("f4"))


def false_match(n, a, s, theta):
    """Ahmad and Hawkins 2016, in whole numbers."""
    return Fraction(sum(comb(s, b) * comb(n - s, a - b) for b in range(theta, min(a, s) + 1)), comb(n, a))


def test_false_matches(db):
    cases = [(n, a, s, theta) for n in (1, 7, 40, 1024, 2048, 65536, 200000) for a in (0, 1, 20, 64, 327) for s in (0, 1, 10, 24, 200)
             for theta in (0, 1, 5, 12, 24, 60) if max(a, s) <= n and theta <= s + 1]
    got = column(db, "SELECT sdr_false_match(n, a, s, t) FROM unnest(%s, %s, %s, %s) WITH ORDINALITY q(n, a, s, t, i) ORDER BY i",
                 [list(c) for c in zip(*cases)])
    n_checked = 0
    for case, p in zip(cases, got):
        want = false_match(*case)
        if 0 < want < Fraction(1, 10**290):
            assert p < 1e-289, case
            continue
        n_checked += 1
        assert abs(Fraction(p) - want) <= want * Fraction(1, 10**12), (case, p, float(want))
    assert n_checked > 300, n_checked


def test_unions_by_drawing(db):
    """The approximation of unions: the mean over drawn unions, within its own error."""
    n, a, m, s, theta = 400, 20, 6, 12, 5
    hits, sizes = 0, []
    for _ in range(4000):
        union = np.zeros(n, bool)
        for _ in range(m):
            union[RNG.choice(n, a, replace=False)] = True
        sizes.append(union.sum())
        hits += union[RNG.choice(n, s, replace=False)].sum() >= theta
    expected, p = column(db, "SELECT sdr_union_active(%s, %s, %s), sdr_false_match(%s, %s, %s, %s, %s)", [n, a, m, n, a, s, theta, m])[0]
    assert abs(expected - np.mean(sizes)) < 4 * np.std(sizes) / 4000 ** 0.5, (expected, np.mean(sizes))
    assert abs(p - hits / 4000) < 0.03, (p, hits / 4000)


def test_index_answers_as_numpy(db):
    """Items of a planted code book by the GIN index: the same ids as NumPy, for all three operators."""
    x = random_rows(3000, 120, 6)
    create(db, "indexed", list(x))
    active = x != 0
    cur = db.cursor()
    cur.execute("CREATE INDEX ON indexed USING gin (s); ANALYZE indexed; SET enable_seqscan = off")
    for _ in range(25):
        query = np.flatnonzero(RNG.random(120) < RNG.choice([0.01, 0.03, 0.4]))
        q = np.zeros(120, bool)
        q[query] = True
        given = [int(i) + 1 for i in query]
        for op, want in (("&&", (active & q).any(1)), ("@>", (active | ~q).all(1)), ("<@", (~active | q).all(1))):
            ids = column(db, "SELECT id FROM indexed WHERE s " + op + " active_at(VARIADIC %s::int[]) ORDER BY id", [given])
            assert_equal(op, ids, np.flatnonzero(want).tolist())
    cur.execute("EXPLAIN SELECT id FROM indexed WHERE s @> active_at(1, 2)")
    assert "Bitmap Index Scan" in str(cur.fetchall())
    cur.execute("RESET enable_seqscan")
