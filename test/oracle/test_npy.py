"""from_npy and to_npy against numpy.save and numpy.load."""

import io
import struct

import numpy as np
import psycopg2

from neuroenc_oracle import assert_equal, from_bytes, get, put, raises

SHAPES = [(), (0,), (1,), (1001,), (3, 4), (0, 3), (3, 0), (2, 3, 4), (1,) * 8, (2,) * 8]
FLOATS = ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]
INTEGERS = ["|b1", "|i1", "|u1"] + [order + kind + width for order in "<>" for kind in "iu" for width in "248"]


def save(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=False)
    return out.getvalue()


def read(db, data):
    return get(db, "from_npy(%s)", [psycopg2.Binary(data)])


def draws(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**53)), min(info.max, 2**53)
    return np.asarray(rng.integers(low, high, shape, endpoint=True)).astype(dtype)


def tensor_type(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return dtype.newbyteorder("=")
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)


def test_every_type_order_and_version(db):
    for dtype in FLOATS + INTEGERS:
        for shape in SHAPES:
            a = draws(1, shape, dtype)
            want = a.astype(tensor_type(dtype))
            for version in ((1, 0), (2, 0), (3, 0)):
                assert_equal("%s %s" % (dtype, shape), read(db, save(a, version)), want)
            if len(shape) > 1:
                assert_equal("Fortran %s %s" % (dtype, shape), read(db, save(np.asfortranarray(a))), want)


def test_extremes(db):
    for dtype in INTEGERS[1:]:
        info = np.iinfo(np.dtype(dtype))
        exact = [info.min, 0, 1, info.max if np.dtype(dtype).itemsize < 8 else 2**53]
        a = np.array(exact).astype(dtype)
        assert_equal(dtype, read(db, save(a)), a.astype(tensor_type(dtype)))
    for value, dtype in [(2**53 + 1, "<i8"), (-(2**53) - 1, ">i8"), (2**63 - 1, "<i8"), (2**64 - 1, "<u8"), (2**64 - 1025, ">u8")]:
        with raises(db, "22003", str(value)):
            read(db, save(np.array([0, value], dtype=dtype)))
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308])
    for order in "<>":
        assert_equal("special", read(db, save(special.astype(order + "f8"))), special)


def test_large_fortran(db):
    a = np.asfortranarray(np.random.default_rng(2).standard_normal((300, 200, 7)).astype(np.float32))
    assert_equal("large", read(db, save(a)), np.ascontiguousarray(a))


def test_to_npy_is_what_numpy_writes(db):
    with db.cursor() as cur:
        for dtype in (np.float16, np.float32, np.float64):
            for shape in SHAPES:
                a = draws(3, shape, dtype)
                cur.execute("SELECT to_npy(from_npy(%s))", [put(a)])
                data = bytes(cur.fetchone()[0])
                assert_equal("elements", from_bytes(data), a)
                assert_equal("bytes", data, save(a, (1, 0)))


def test_other_types_are_refused_by_name(db):
    arrays = {
        "<c8": np.zeros(2, np.complex64),
        "<c16": np.zeros(2, np.complex128),
        "<U3": np.array(["abc"]),
        "|S3": np.array([b"abc"]),
        "<M8[ns]": np.zeros(2, "M8[ns]"),
        "<m8[s]": np.zeros(2, "m8[s]"),
        "|V4": np.zeros(2, "V4"),
    }
    if np.dtype(np.longdouble).itemsize == 16:
        arrays["<f16"] = np.zeros(2, np.longdouble)
    for name, a in arrays.items():
        with raises(db, "0A000", name):
            read(db, save(a))
    with raises(db, "0A000", "structured"):
        read(db, save(np.zeros(2, [("a", "<f4"), ("b", "<i4")])))
    out = io.BytesIO()
    np.save(out, np.array([None, {}], dtype=object), allow_pickle=True)
    with raises(db, "0A000", "|O"):
        read(db, out.getvalue())


def test_truncated_anywhere(db):
    """No prefix of a file, and no file with a byte more, is accepted."""
    data = save(np.arange(6, dtype=np.float32).reshape(2, 3))
    with db.cursor() as cur:
        for n in list(range(len(data))) + [None]:
            part = data + b"\0" if n is None else data[:n]
            try:
                cur.execute("SELECT from_npy(%s)", [psycopg2.Binary(part)])
                raise AssertionError("accepted %r" % n)
            except psycopg2.Error as e:
                assert e.pgcode in ("22P03", "0A000"), (n, e)


def test_lying_headers(db):
    def file(header, version=1, data=b""):
        return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data

    def dictionary(shape, descr="'<f4'", order="False"):
        return ("{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (descr, order, shape)).encode()

    cases = [
        (file(dictionary("(2000000000,)")), "54000"),
        (file(dictionary("(200000000,)")), "22P03"),
        (file(dictionary("(0, 4000000000)")), "54000"),
        (file(dictionary("(65536, 65536, 0)")), "54000"),
        (file(dictionary("(4294967296, 4294967296)")), "54000"),
        (file(dictionary("(-1,)")), "22P03"),
        (file(dictionary("(1e3,)")), "22P03"),
        (file(dictionary("(" + "1," * 9 + ")"), data=b"\0" * 4), "54000"),
        (file(dictionary("(" + "9" * 60000 + ",)")), "54000"),
        (file(b"(" * 60000, 1), "22P03"),
        (file(dictionary("()", "__import__('os').system('true')")), "22P03"),
        (file(dictionary("()", "'<f4'", "not True")), "22P03"),
        (file(b"\0" * 64), "22P03"),
        (file("{'descr': '\u2026'}".encode(), 3), "22P03"),
        (b"\x93NUMPY\x02\0\xff\xff\xff\xff{", "22P03"),
    ]
    for data, state in cases:
        with raises(db, state):
            read(db, data)
