"""Text and binary forms of tensors, and casts, against NumPy's own parsing and bytes."""

import io
import json
import math
import struct
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np

from neuroenc_oracle import assert_equal, get, put, raises

getcontext().prec = 1200

TYPES = {"float2": np.float16, "float4": np.float32, "float8": np.float64}


def pack(a, order="<"):
    """The documented binary form of a tensor."""
    data = a.astype(a.dtype.newbyteorder(order)).tobytes()
    return struct.pack("!BBBc%di" % a.ndim, 1, a.itemsize, a.ndim, order.encode(), *a.shape) + data


def unpack(value):
    version, itemsize, ndim, order = struct.unpack("!BBBc", value[:4])
    assert version == 1 and order == b"<"
    dims = struct.unpack("!%di" % ndim, value[4 : 4 + 4 * ndim])
    return np.frombuffer(value[4 + 4 * ndim :], "<f%d" % itemsize).reshape(dims)


def copy_in(db, table, values):
    """COPY BINARY of one column."""
    out = io.BytesIO()
    out.write(b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0))
    for value in values:
        out.write(struct.pack("!hi", 1, len(value)) + value)
    out.write(struct.pack("!h", -1))
    out.seek(0)
    with db.cursor() as cur:
        cur.copy_expert("COPY %s FROM STDIN (FORMAT binary)" % table, out)


def copy_out(db, query):
    out = io.BytesIO()
    with db.cursor() as cur:
        cur.copy_expert("COPY (%s) TO STDOUT (FORMAT binary)" % query, out)
    data = out.getvalue()[19:]
    values = []
    while True:
        (columns,) = struct.unpack("!h", data[:2])
        if columns < 0:
            return values
        (length,) = struct.unpack("!i", data[2:6])
        values.append(data[6 : 6 + length])
        data = data[6 + length :]


def parsed(db, strings, dtype):
    """Each string as an element of a tensor of this type."""
    text = "%s:[%s]" % (dtype, ",".join(strings))
    return get(db, "%s::tensor", [text])


def nasty(rng):
    """Decimal strings near the places where parsers go wrong."""
    strings = ["0", "-0", "1", "0.1", "0.2", "0.3", "123456789", "16777217", "9007199254740993", "5e-324", "1e-45"]
    # exact midpoints of neighbours, and a hair to each side
    for bits in rng.integers(1, 0x7F000000, 400):
        a, b = (float(np.uint32(bits + k).view(np.float32)) for k in (0, 1))
        strings += around_exact(a, b)
    for bits in rng.integers(1, 0x7FE0000000000000, 300):
        a, b = (float(np.uint64(int(bits) + k).view(np.float64)) for k in (0, 1))
        strings += around_exact(a, b)
    # subnormals and the edge of normals
    for bits in [1, 2, 3, 0x7FFFFF, 0x800000, 0x800001]:
        strings += ["%.60e" % float(np.uint32(bits).view(np.float32)), "%.9e" % float(np.uint32(bits).view(np.float32))]
    for bits in [1, 2, 0xFFFFFFFFFFFFF, 0x10000000000000, 0x10000000000001]:
        strings += ["%.17e" % float(np.uint64(bits).view(np.float64)), "%.25e" % float(np.uint64(bits).view(np.float64))]
    # digits of every length with exponents of every size
    for _ in range(6000):
        digits = "".join(str(d) for d in rng.integers(0, 10, rng.integers(1, 26)))
        point = rng.integers(0, len(digits) + 1)
        mantissa = digits[:point] + "." + digits[point:]
        strings.append("%s%se%d" % ("-" if rng.random() < 0.3 else "", mantissa, rng.integers(-60, 34) - max(0, point - 5)))
    strings += ["%.*g" % (n, x) for n in range(1, 19) for x in rng.standard_normal(60) * 10.0 ** rng.integers(-30, 30, 60)]
    return strings


def around_exact(a, b):
    """The midpoint of two neighbours, exactly, a hair above and a hair below."""
    middle = (Decimal(a) + Decimal(b)) / 2
    step = Decimal(10) ** (middle.adjusted() - 60)
    return [format(v, "e") for v in (middle, middle + step, middle - step)]


def test_parser_float8(db):
    strings = nasty(np.random.default_rng(1))
    assert_equal("float8", parsed(db, strings, "float8"), np.array([float(s) for s in strings]))


def test_parser_float4_rounds_once(db):
    """NumPy's float32(str) goes through float64; the reference rounds the exact decimal."""
    def nearest(s):
        f = np.float32(float(s))
        if not np.isfinite(f):
            return f
        candidates = [np.nextafter(f, np.float32(-np.inf)), f, np.nextafter(f, np.float32(np.inf))]
        exact = Fraction(s)
        finite = [c for c in candidates if np.isfinite(c)]
        return min(finite, key=lambda c: (abs(Fraction(float(c)) - exact), int(c.view(np.uint32)) & 1))

    strings = [s for s in nasty(np.random.default_rng(2)) if abs(float(s)) < 3.4e38]
    want = np.array([nearest(s) for s in strings], dtype=np.float32)
    # the sign of a zero is in the text
    want = np.where(want == 0, np.copysign(np.float32(0), [float(s) for s in strings]), want).astype(np.float32)
    assert_equal("float4", parsed(db, strings, "float4"), want)


def test_parser_float2_as_numpy(db):
    strings = [s for s in nasty(np.random.default_rng(3)) if abs(float(s)) < 65519]
    want = np.array([float(s) for s in strings]).astype(np.float16)
    assert_equal("float2", parsed(db, strings, "float2"), want)


def test_out_of_range_is_refused(db):
    with db.cursor() as cur:
        for text in ("[3.4028236e38]", "[3.40282356779733661637539395458142568448e38]", "float8:[1.7976931348623159e308]", "float2:[65520]", "[-1e39]"):
            with raises(db, "22003"):
                cur.execute("SELECT %s::tensor", [text])
    largest = parsed(db, ["3.40282356779733661637539395458142568447e38"], "float4")
    assert_equal("below the midpoint to infinity", largest, np.array([np.finfo(np.float32).max]))


def test_every_half_both_ways(db):
    """All 65,536 halves: text, widening, and narrowing of what lies between them."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)]
    number = halves[~np.isnan(halves)]
    with db.cursor() as cur:
        cur.execute("SELECT from_npy(%s)::text", [put(halves)])
        text = cur.fetchone()[0]
    assert_equal("text of halves", get(db, "%s::tensor", [text])[~np.isnan(halves)], number)
    assert_equal("NaN halves", np.isnan(get(db, "%s::tensor", [text])), np.isnan(halves))
    words = text[len("float2:[") : -1].split(",")
    for word, half in zip(words, halves):
        if np.isfinite(half):
            digits = len(word.strip("-").partition("e")[0].replace(".", "").strip("0"))
            shortest = len(np.format_float_scientific(abs(half), unique=True, trim="-").partition("e")[0].replace(".", "").strip("0"))
            assert digits <= shortest, (word, half)
    for name in ("float4", "float8"):
        wide = get(db, "astype(from_npy(%%s), '%s')" % name, [put(halves)])
        assert_equal(name, wide[~np.isnan(halves)], number.astype(TYPES[name]))
        assert np.isnan(wide[np.isnan(halves)]).all()
        back = get(db, "astype(from_npy(%s), 'float2')", [put(wide)])
        assert_equal(name + " back", back[~np.isnan(halves)], number)

    # between neighbours: the middle goes to even, a hair off it to the nearer
    positive = np.sort(np.abs(finite).astype(np.float64))
    middle = (positive[:-1] + positive[1:]) / 2
    for dtype in (np.float32, np.float64):
        around = np.concatenate([middle, np.nextafter(middle.astype(dtype), dtype(np.inf)), np.nextafter(middle.astype(dtype), dtype(0))]).astype(dtype)
        around = np.concatenate([around, -around])
        assert_equal(str(dtype), get(db, "astype(from_npy(%s), 'float2')", [put(around)]), around.astype(np.float16))


def test_text_round_trip(db):
    rng = np.random.default_rng(4)
    for name, dtype in TYPES.items():
        bits = rng.integers(0, 2**63, 3000, dtype=np.uint64).astype("u%d" % np.dtype(dtype).itemsize)
        a = bits.view(dtype)
        a = np.where(np.isnan(a), dtype(np.nan), a)
        got = get(db, "from_npy(%s)::text::tensor", [put(a)])
        assert_equal(name, got, a)
    for shape in [(), (0,), (5,), (2, 0), (0, 3), (2, 3, 4), (1, 2, 1, 2, 1, 2, 1, 2), (3, 0, 2)]:
        for dtype in TYPES.values():
            a = rng.standard_normal(shape).astype(dtype)
            assert_equal(str(shape), get(db, "from_npy(%s)::text::tensor", [put(a)]), np.asarray(a))


def test_text_is_shortest(db):
    """The fewest digits that read back, as NumPy's; PostgreSQL's float code writes whole numbers in full."""
    rng = np.random.default_rng(5)
    for name, dtype in (("float4", np.float32), ("float8", np.float64)):
        a = (rng.standard_normal(2000) * 10.0 ** rng.integers(-30, 30, 2000)).astype(dtype)
        with db.cursor() as cur:
            cur.execute("SELECT from_npy(%s)::text", [put(a)])
            words = cur.fetchone()[0].rpartition(":")[2].strip("[]").split(",")
        for word, x in zip(words, a):
            assert dtype(word) == x
            if x == np.rint(x):
                continue
            digits = len(word.strip("-").partition("e")[0].replace(".", "").strip("0"))
            shortest = len(np.format_float_scientific(abs(x), unique=True, trim="-").partition("e")[0].replace(".", "").strip("0"))
            assert digits <= shortest, (word, x)


def test_binary_both_byte_orders(db):
    rng = np.random.default_rng(6)
    arrays = [np.asarray(rng.standard_normal(s)).astype(t) for t in TYPES.values() for s in [(), (0,), (1001,), (2, 3), (0, 3), (1,) * 7 + (2,)]]
    arrays.append(np.array([np.nan, np.inf, -np.inf, -0.0], dtype=np.float32))
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE wire (id serial, v tensor)")
    for order in "<>":
        copy_in(db, "wire (v)", [pack(a, order) for a in arrays])
    got = [unpack(v) for v in copy_out(db, "SELECT v FROM wire ORDER BY id")]
    for g, a in zip(got, arrays + arrays):
        assert_equal(str(a.shape), g, a)


def test_binary_with_a_modifier(db):
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE typed (v tensor(float2, 3))")
    a = np.array([1.5, 2, 3], dtype=np.float64)
    copy_in(db, "typed", [pack(a)])
    assert_equal("converted", unpack(copy_out(db, "SELECT v FROM typed")[0]), a.astype(np.float16))
    with raises(db, "22000", "expected a tensor of shape (3), not (2)"):
        copy_in(db, "typed", [pack(a[:2])])


def test_binary_lies_are_refused(db):
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE lies (v tensor)")
    good = pack(np.ones((2, 3), dtype=np.float32))
    cases = [
        (good[:-1], "22P03"),
        (good + b"\0", "22P03"),
        (good[:3], "08P01"),
        (good[:7], "08P01"),
        (b"", "08P01"),
        (b"\2" + good[1:], "22P03"),
        (good[:1] + b"\3" + good[2:], "22P03"),
        (good[:2] + b"\x09" + good[3:], "22P03"),
        (good[:2] + b"\xff" + good[3:], "22P03"),
        (good[:3] + b"=" + good[4:], "22P03"),
        (struct.pack("!BBBc2i", 1, 4, 2, b"<", -1, 3), "22023"),
        (struct.pack("!BBBc2i", 1, 4, 2, b"<", 2**31 - 1, 2**31 - 1), "54000"),
        (struct.pack("!BBBc3i", 1, 4, 3, b"<", 0, 2**31 - 1, 2**31 - 1), "54000"),
        (struct.pack("!BBBci", 1, 8, 1, b"<", 100000000), "22P03"),
    ]
    for value, state in cases:
        with raises(db, state):
            copy_in(db, "lies", [value])


def test_arrays(db):
    rng = np.random.default_rng(7)
    kinds = {
        "real": rng.standard_normal((3, 4)).astype(np.float32),
        "double precision": rng.standard_normal((2, 3, 2)),
        "smallint": rng.integers(-(2**15), 2**15, 50),
        "integer": rng.integers(-(2**31), 2**31, (5, 5)),
        "bigint": rng.integers(-(2**53), 2**53, 40),
    }
    with db.cursor() as cur:
        for kind, a in kinds.items():
            want = a.astype(np.float32 if kind == "real" else np.float64)
            assert_equal(kind, get(db, "%%s::%s[]::tensor" % kind, [a.tolist()]), want)
            cur.execute("SELECT from_npy(%%s)::%s[]" % kind, [put(want)])
            assert_equal(kind + " back", np.array(cur.fetchone()[0], dtype=want.dtype), want)
        a = rng.standard_normal(200) * 10.0 ** rng.integers(-200, 200, 200)
        cur.execute("SELECT from_npy(%s)::numeric[]::text[]", [put(a)])
        assert_equal("numeric", np.array([float(x) for x in cur.fetchone()[0]]), a)
        assert_equal("numeric back", get(db, "from_npy(%s)::numeric[]::tensor", [put(a)]), a)
        # rounding as rint
        a = np.concatenate([np.arange(-20, 20) / 2, rng.standard_normal(100) * 1000])
        for kind in ("smallint", "integer", "bigint"):
            cur.execute("SELECT from_npy(%%s)::%s[]" % kind, [put(a)])
            assert_equal(kind, np.array(cur.fetchone()[0], dtype=float) + 0.0, np.rint(a) + 0.0)


def test_json(db):
    rng = np.random.default_rng(8)
    a = rng.standard_normal((3, 4))
    a[1, 2] = np.nan
    with db.cursor() as cur:
        for kind in ("json", "jsonb"):
            cur.execute("SELECT from_npy(%%s)::%s::text" % kind, [put(a)])
            got = np.array(json.loads(cur.fetchone()[0]), dtype=float)
            assert_equal(kind, got, a)
            want = [[None if math.isnan(x) else x for x in row] for row in a.tolist()]
            assert_equal(kind + " in", get(db, "%%s::%s::tensor" % kind, [json.dumps(want)]), a)
            f = rng.standard_normal(500).astype(np.float32)
            assert_equal(kind + " float4", get(db, "astype(from_npy(%%s)::%s::tensor, 'float4')" % kind, [put(f)]), f)
