"""NIfTI files written here from the standard's table of offsets, byte by byte, and read by the
extension; and files that the extension wrote, read back here.  No NIfTI library."""

import gzip
import io
import json
import os
import struct

import numpy as np
import psycopg2

from neuroenc_oracle import Skip, assert_close, assert_equal

TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
UNREAD = {1: ("binary", 1), 32: ("complex64", 64), 128: ("RGB24", 24), 1536: ("float128", 128), 1792: ("complex128", 128),
          2048: ("complex256", 256), 2304: ("RGBA32", 32)}

# field: (offset, format) of NIfTI-1 and NIfTI-2
FIELDS1 = {"sizeof_hdr": (0, "i"), "dim": (40, "8h"), "intent_code": (68, "h"), "datatype": (70, "h"), "bitpix": (72, "h"),
           "pixdim": (76, "8f"), "vox_offset": (108, "f"), "scl_slope": (112, "f"), "scl_inter": (116, "f"),
           "xyzt_units": (123, "B"), "descrip": (148, "80s"), "qform_code": (252, "h"), "sform_code": (254, "h"),
           "quatern": (256, "3f"), "qoffset": (268, "3f"), "srow": (280, "12f"), "intent_name": (328, "16s"),
           "magic": (344, "4s")}
FIELDS2 = {"sizeof_hdr": (0, "i"), "magic": (4, "8s"), "datatype": (12, "h"), "bitpix": (14, "h"), "dim": (16, "8q"),
           "pixdim": (104, "8d"), "vox_offset": (168, "q"), "scl_slope": (176, "d"), "scl_inter": (184, "d"),
           "descrip": (240, "80s"), "qform_code": (344, "i"), "sform_code": (348, "i"), "quatern": (352, "3d"),
           "qoffset": (376, "3d"), "srow": (400, "12d"), "xyzt_units": (500, "i"), "intent_code": (504, "i"),
           "intent_name": (508, "16s")}


def write_nifti(shape, samples, code=16, version=1, order="<", pad=0, **fields):
    """A single file; samples in C order of shape (i, j, k, ...), or raw bytes."""
    places, size, start = (FIELDS1, 348, 352) if version == 1 else (FIELDS2, 540, 544)
    start += pad
    values = {"sizeof_hdr": size, "dim": [len(shape)] + list(shape) + [1] * (7 - len(shape)), "datatype": code,
              "bitpix": UNREAD[code][1] if code in UNREAD else np.dtype(TYPES[code]).itemsize * 8,
              "pixdim": [1.0] * 8, "vox_offset": start, "scl_slope": 1, "scl_inter": 0, "sform_code": 1,
              "srow": np.eye(4)[:3].ravel(), "magic": b"n+1\0" if version == 1 else b"n+2\0\r\n\x1a\n"}
    values.update(fields)
    head = bytearray(start)
    for name, value in values.items():
        offset, form = places[name]
        value = list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value]
        struct.pack_into(order + form, head, offset, *value)
    if isinstance(samples, np.ndarray):
        samples = samples.astype(np.dtype(TYPES[code]).newbyteorder(order)).tobytes(order="F")
    return bytes(head) + samples


def read_nifti(data):
    """(version, shape, code, affine, pixdim, units, samples) of a native single file, checking what readers check."""
    version = {348: 1, 540: 2}[struct.unpack_from("=i", data, 0)[0]]
    places, start = (FIELDS1, 352) if version == 1 else (FIELDS2, 544)
    f = {name: struct.unpack_from("=" + form, data, at) for name, (at, form) in places.items()}
    assert f["magic"][0] == (b"n+1\0" if version == 1 else b"n+2\0\r\n\x1a\n")
    assert f["vox_offset"][0] == start and data[start - 4 : start] == b"\0\0\0\0"
    ndim, dims = f["dim"][0], f["dim"][1:]
    shape = dims[:ndim]
    assert all(d == 1 for d in dims[ndim:])
    code = f["datatype"][0]
    dtype = np.dtype(TYPES[code])
    assert f["bitpix"][0] == dtype.itemsize * 8 and f["sform_code"][0] > 0 and f["qform_code"][0] == 0
    assert f["scl_slope"][0] == 1 and f["scl_inter"][0] == 0 and f["pixdim"][0] == 1
    assert len(data) == start + dtype.itemsize * int(np.prod(shape))
    affine = np.vstack([np.reshape(f["srow"], (3, 4)), [0, 0, 0, 1]])
    samples = np.frombuffer(data, dtype, offset=start).reshape(shape, order="F")
    return version, shape, code, affine, f["pixdim"][1:], f["xyzt_units"][0], samples


def parse(value):
    return np.array(json.loads(value.split(":")[-1], parse_int=float), dtype=np.float64)


def floats(value):
    """A float4 tensor's text, exactly."""
    return np.array(json.loads(value, parse_int=float), dtype=np.float64).astype(np.float32)


def voxels(db, data, mask=None):
    """[(i, j, k)], coordinates, series"""
    with db.cursor() as cur:
        cur.execute("SELECT i, j, k, x(v), y(v), z(v), series::text FROM nifti_voxels(%s, %s)",
                    [psycopg2.Binary(data), None if mask is None else psycopg2.Binary(mask)])
        rows = cur.fetchall()
    return ([r[:3] for r in rows], np.array([r[3:6] for r in rows], dtype=np.float32).reshape(-1, 3),
            [floats(r[6]) for r in rows])


def volumes(db, data, mask=None):
    with db.cursor() as cur:
        cur.execute("SELECT t, volume::text FROM nifti_volumes(%s, %s)",
                    [psycopg2.Binary(data), None if mask is None else psycopg2.Binary(mask)])
        rows = cur.fetchall()
    assert [r[0] for r in rows] == list(range(len(rows)))
    return [floats(r[1]) for r in rows]


def random_samples(rng, code, shape):
    dtype = np.dtype(TYPES[code])
    if dtype.kind == "f":
        a = rng.normal(0, 1e3, shape).astype(dtype)
        a.flat[:3] = [np.nan, np.inf, -np.inf]
        return a
    info = np.iinfo(dtype)
    a = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    a.flat[:3] = [info.min, info.max, 1]
    return a


def want_values(samples, slope, inter):
    with np.errstate(over="ignore", invalid="ignore"):
        if slope == 0 or not np.isfinite(slope) or (slope == 1 and inter == 0):
            return samples.astype(np.float32)
        return (samples.astype(np.float64) * slope + inter).astype(np.float32)


def check_image(db, data, values, affine, inside):
    """values (i, j, k, t) float32; inside (i, j, k) bool or None, data being the image and its mask's file."""
    image, mask = data
    keep = np.ones(values.shape[:3], bool) if inside is None else inside
    ijk = np.array([(i, j, k) for k in range(keep.shape[2]) for j in range(keep.shape[1]) for i in range(keep.shape[0])
                    if keep[i, j, k]], dtype=int).reshape(-1, 3)
    got_ijk, xyz, series = voxels(db, image, mask)
    assert_equal("ijk", got_ijk, [tuple(int(c) for c in r) for r in ijk])
    mm = [[affine[r][0] * i + affine[r][1] * j + affine[r][2] * k + affine[r][3] for r in range(3)] for i, j, k in ijk]
    assert_equal("v", xyz, np.array(mm, dtype=float).astype(np.float32).reshape(-1, 3) + np.float32(0))
    rows = values[tuple(ijk.T)]
    assert_equal("series", np.array(series, dtype=np.float32).reshape(rows.shape), rows)
    assert_equal("volumes", np.array(volumes(db, image, mask), dtype=np.float32).reshape(rows.T.shape), rows.T.copy())


def random_srow(rng, version):
    m = rng.normal(0, 2, (3, 4))
    m[:, 3] *= 30
    return m.astype(np.float32).astype(float) if version == 1 else m


def test_every_type_order_and_version(db):
    rng = np.random.default_rng(0)
    for code in list(TYPES) * 5:
        for version in (1, 2):
            for order in "<>":
                shape = tuple(int(d) for d in rng.integers(1, 6, 4))
                samples = random_samples(rng, code, shape) if np.prod(shape) >= 3 else np.ones(shape, TYPES[code])
                slope, inter = [(1, 0), (0, 5), (np.nan, 1), (0.5, -3.25), (1e-3, 7)][rng.integers(5)]
                if version == 1:
                    slope, inter = float(np.float32(slope)), float(np.float32(inter))
                srow = random_srow(rng, version)
                image = write_nifti(shape, samples, code, version, order, pad=int(rng.integers(0, 3)) * 16,
                                    scl_slope=slope, scl_inter=inter, srow=srow.ravel())
                if rng.random() < 0.5:
                    image = gzip.compress(image, int(rng.integers(0, 10)))
                inside = mask = None
                if rng.random() < 0.5:
                    inside = rng.random(shape[:3]) < 0.5
                    mask = write_nifti(shape[:3], inside.astype("i2") * 3, 4, 3 - version, "<>"[rng.integers(2)])
                    if rng.random() < 0.5:
                        mask = gzip.compress(mask)
                check_image(db, (image, mask), want_values(samples, slope, inter), srow, inside)


def test_shapes(db):
    """Rank 1 to 7, tiles that are cut (512 voxels, 16 volumes), one voxel, one volume."""
    rng = np.random.default_rng(1)
    for shape in [(1,), (5,), (3, 4), (3, 4, 2), (513, 1, 1, 17), (30, 20, 3, 16), (2, 3, 2, 2, 1, 3), (2, 1, 2, 2, 3, 2, 2),
                  (1, 1, 1, 5000), (1, 1, 1, 1), (40, 30, 2, 33)]:
        samples = rng.integers(-3000, 3000, shape).astype("i2")
        full = tuple(shape[:3]) + (1,) * (3 - len(shape[:3]))
        values = samples.reshape(full + (-1,), order="F").astype(np.float32)
        image = write_nifti(shape, samples, 4)
        for data in (image, gzip.compress(image, 1)):
            check_image(db, (data, None), values, np.eye(4)[:3], None)
            inside = rng.random(full) < 0.3
            check_image(db, (data, write_nifti(full, inside.astype("u1"), 2)), values, np.eye(4)[:3], inside)


def test_masks(db):
    """NaN is out, a scaled mask is scaled, an empty mask gives no voxel; one trailing dim of 1 is no matter."""
    shape = (3, 2, 2)
    values = np.arange(12.0).reshape(shape)
    image = write_nifti(shape, values, 64)
    mask_values = np.array([np.nan, 0, -1, 1e-30, np.inf, 0, 0, 0, 2, -0.0, 0, 0]).reshape(shape, order="F")
    inside = (mask_values != 0) & ~np.isnan(mask_values)
    check_image(db, (image, write_nifti(shape, mask_values, 16)), values[..., None].astype("f4"), np.eye(4)[:3], inside)
    scaled = np.array([7, 8] * 6, dtype="i2").reshape(shape)
    check_image(db, (image, write_nifti(shape + (1,), scaled, 4, scl_slope=1, scl_inter=-7)),
                values[..., None].astype("f4"), np.eye(4)[:3], scaled != 7)
    none = write_nifti(shape, np.zeros(shape), 2)
    assert voxels(db, image, none)[0] == [] and [len(v) for v in volumes(db, image, none)] == [0]


def quaternion_affine(b, c, d, qfac, pixdim, qoffset):
    """nifti1.h, method 2."""
    a = np.sqrt(max(0.0, 1 - (b * b + c * c + d * d)))
    r = np.array([[a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                  [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                  [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b]])
    m = np.eye(4)
    m[:3, :3] = r * np.array([pixdim[0], pixdim[1], pixdim[2] * qfac])
    m[:3, 3] = qoffset
    return m


def affine_of(db, data):
    with db.cursor() as cur:
        cur.execute("SELECT nifti_affine(%s)::text", [psycopg2.Binary(data)])
        return parse(cur.fetchone()[0])


def test_affines(db):
    rng = np.random.default_rng(2)
    shape = (4, 5, 6)
    zeros = np.zeros(shape)
    for version in (1, 2):
        real = np.float32 if version == 1 else np.float64
        for order in "<>":
            for trial in range(8):
                q = rng.normal(size=4)
                q = (q / np.linalg.norm(q) * np.sign(q[0]))[1:].astype(real)
                if trial == 0:
                    q = np.array([1, 0, 0], real)  # a = 0: half a turn
                qfac = float(rng.choice([-1, 1]))
                sizes = rng.uniform(0.5, 4, 3).astype(real)
                offset = rng.normal(0, 50, 3).astype(real)
                srow = rng.normal(0, 2, 12).astype(real)
                common = dict(order=order, version=version, quatern=q, qoffset=offset, srow=srow,
                              pixdim=[qfac, *sizes, 1.5, 0, 0, 0])
                # sform before qform
                got = affine_of(db, write_nifti(shape, zeros, sform_code=4, qform_code=1, **common))
                assert_equal("sform", got, np.vstack([srow.reshape(3, 4), [0, 0, 0, 1]]).astype(float))
                # qform
                got = affine_of(db, write_nifti(shape, zeros, sform_code=0, qform_code=1, **common))
                want = quaternion_affine(*q.astype(float), qfac, sizes.astype(float), offset.astype(float))
                assert_close("qform", got, want, rtol=0, atol=3e-6 if version == 1 else 1e-12)
                # neither: voxel sizes, x flipped, centred
                got = affine_of(db, write_nifti(shape, zeros, sform_code=0, qform_code=0, **common))
                want = np.diag([-float(sizes[0]), float(sizes[1]), float(sizes[2]), 1.0])
                want[:3, 3] = -np.diag(want)[:3] * (np.array(shape) - 1) / 2
                assert_equal("base", got + 0.0, want + 0.0)
    # qfac 0 counts as 1, sizes 0 and negative as 1 and positive
    got = affine_of(db, write_nifti(shape, zeros, sform_code=0, qform_code=2, pixdim=[0, 0, -2, 3, 0, 0, 0, 0]))
    assert_equal("odd sizes", got, np.diag([1.0, 2, 3, 1]))
    got = affine_of(db, write_nifti((4,), np.zeros(4), sform_code=0, pixdim=[0, 2, 9, 9, 0, 0, 0, 0]))
    assert_equal("one dimension", got + 0.0, np.array([[-2.0, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))


def test_header(db):
    with db.cursor() as cur:
        for version in (1, 2):
            for order, name in (("<", "little"), (">", "big")):
                data = write_nifti((3, 4, 2, 5), np.zeros(120), 512, version, order, pad=16, pixdim=[-1, 2, 2.5, 3, 1.25, 9, 9, 9],
                                   scl_slope=0.5, scl_inter=-2, xyzt_units=2 | 16, qform_code=1, sform_code=3, intent_code=3,
                                   intent_name=b"t test", descrip=b"caf\xc3\xa9\0junk")
                for f in (data, gzip.compress(data), data[: 348 if version == 1 else 540]):
                    cur.execute("SELECT * FROM nifti_header(%s)", [psycopg2.Binary(f)])
                    want = (version, name, f[:2] == b"\x1f\x8b", [3, 4, 2, 5], "uint16", [2, 2.5, 3, 1.25], "mm", "msec",
                            (352 if version == 1 else 544) + 16, 0.5, -2.0, 1, 3, 3, "t test", "caf??")
                    assert_equal("header", cur.fetchone(), want)
        # from a toasted value, only the beginning is read
        big = write_nifti((100, 100, 100), np.random.default_rng(0).integers(0, 255, (100, 100, 100)), 2)
        cur.execute("CREATE TEMP TABLE files (f bytea)")
        cur.execute("INSERT INTO files VALUES (%s), (%s)", [psycopg2.Binary(big), psycopg2.Binary(gzip.compress(big, 1))])
        cur.execute("SELECT (nifti_header(f)).dims, nifti_affine(f)::text = 'float8:[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]' FROM files")
        assert_equal("toasted", cur.fetchall(), [([100, 100, 100], True)] * 2)


def test_to_nifti(db):
    rng = np.random.default_rng(3)
    with db.cursor() as cur:
        for shape in [(1, 1, 1), (2, 3, 4), (17, 5, 9), (33, 2, 70), (2, 3, 4, 5), (18, 3, 5, 21), (1, 40000, 1), (2, 1, 1, 33000)]:
            for kind, code in (("float2", 16), ("float4", 16), ("float8", 64)):
                values = np.round(rng.normal(0, 4, shape), 3).astype({"float2": "f2", "float4": "f4", "float8": "f8"}[kind])
                affine = np.vstack([random_srow(rng, 2), [0, 0, 0, 1]])
                cur.execute("SELECT to_nifti(%s::tensor, %s::tensor)",
                            ["float8:" + json.dumps(affine.tolist()), kind + ":" + json.dumps(values.astype(float).tolist())])
                data = bytes(cur.fetchone()[0])
                version, got_shape, got_code, got_affine, pixdim, units, samples = read_nifti(data)
                assert_equal("version", version, 2 if max(shape) > 32767 else 1)
                assert_equal("shape", got_shape, shape)
                assert_equal("type", got_code, code)
                assert_equal("samples", samples.astype("f8"), values.astype("f8"))
                assert_equal("units", units, 2)
                real = np.float32 if version == 1 else np.float64
                assert_equal("affine", got_affine, affine.astype(real).astype(float))
                assert_close("pixdim", pixdim[:3], np.sqrt((affine[:3, :3] ** 2).sum(0)), rtol=1e-6)
                # and our own reader agrees
                check = np.vstack([got_affine]).astype(float)
                assert_equal("read back", affine_of(db, data), check)
                if code == 16:
                    check_image(db, (data, None), values.astype("f4").reshape(shape[:3] + (-1,)), got_affine[:3], None)


def test_gzip_forms(db):
    """Several members, a name and a comment in gzip's header, padding and rubbish after the end."""
    rng = np.random.default_rng(4)
    samples = rng.integers(0, 4000, (7, 6, 5, 4)).astype("i2")
    plain = write_nifti(samples.shape, samples, 4)
    values = samples.astype("f4")
    named = io.BytesIO()
    with gzip.GzipFile("a name " * 50, "wb", fileobj=named) as f:
        f.write(plain)
    cuts = [0, 100, 347, 351, 352, 600, len(plain)]
    members = b"".join(gzip.compress(plain[a:b]) for a, b in zip(cuts, cuts[1:]))
    empty = gzip.compress(b"")
    for data in (named.getvalue(), members, empty * 3 + members + empty, gzip.compress(plain) + bytes(512),
                 gzip.compress(plain) + b"rubbish", gzip.compress(plain + bytes(100000)), plain + b"more"):
        check_image(db, (data, None), values, np.eye(4)[:3], None)


def code_of(cur, statement, args):
    """SQLSTATE, or None if it works"""
    try:
        cur.execute(statement, args)
        cur.fetchall()
        return None
    except psycopg2.Error as e:
        return e.pgcode


STATEMENTS = ["SELECT nifti_header(%s)", "SELECT nifti_affine(%s)", "SELECT count(*) FROM nifti_voxels(%s)",
              "SELECT count(*) FROM nifti_volumes(%s)"]
AS_MASK = "SELECT count(*) FROM nifti_volumes(%s, %s)"


def test_every_truncation(db):
    samples = np.arange(3 * 2 * 2 * 2).reshape(3, 2, 2, 2)
    with db.cursor() as cur:
        for version, order in ((1, "<"), (2, ">")):
            plain = write_nifti((3, 2, 2, 2), samples, 4, version, order, pad=16)
            good = write_nifti((3, 2, 2), samples[..., 0], 4)
            mask = write_nifti((3, 2, 2), samples[..., 0], 4, version, order)
            for data, header in ((plain, 348 if version == 1 else 540), (gzip.compress(plain, 0, mtime=0), None),
                                 (gzip.compress(plain, 9, mtime=0), None)):
                for n in range(len(data)):
                    part = psycopg2.Binary(data[:n])
                    codes = [code_of(cur, s, [part]) for s in STATEMENTS]
                    assert codes[2:] == ["22P03"] * 2, (n, codes)
                    if header:
                        assert codes[:2] == [None if n >= header else "22P03"] * 2, (n, codes)
                    else:
                        assert set(codes[:2]) <= {None, "22P03"}, (n, codes)
                assert [code_of(cur, s, [psycopg2.Binary(data)]) for s in STATEMENTS] == [None] * 4
            for n in range(len(mask)):
                assert code_of(cur, AS_MASK, [psycopg2.Binary(good), psycopg2.Binary(mask[:n])]) == "22P03", n
            assert code_of(cur, AS_MASK, [psycopg2.Binary(good), psycopg2.Binary(mask)]) is None


def test_every_corrupt_byte_of_gzip(db):
    plain = write_nifti((3, 2, 2, 2), np.arange(24).reshape(3, 2, 2, 2), 4)
    good = gzip.compress(plain, 9, mtime=0)
    allowed = {None, "22P03", "54000", "0A000"}
    with db.cursor() as cur:
        for n in range(len(good)):
            for flip in (0x01, 0x80, 0xFF):
                bad = bytearray(good)
                bad[n] ^= flip
                codes = {code_of(cur, s, [psycopg2.Binary(bytes(bad))]) for s in STATEMENTS}
                assert codes <= allowed, (n, flip, codes)
                if n >= len(good) - 8:  # the checksum and the length
                    assert code_of(cur, STATEMENTS[2], [psycopg2.Binary(bytes(bad))]) == "22P03"


def test_extreme_fields(db):
    """Each field of the header set to each extreme; the memory limit is low, so that no lie is believed."""
    allowed = {None, "22P03", "54000", "0A000", "22003"}
    samples = np.arange(24).reshape(3, 2, 2, 2)
    refused = 0
    with db.cursor() as cur:
        cur.execute("SET neuroenc.memory_limit = '64MB'")
        for version, places in ((1, FIELDS1), (2, FIELDS2)):
            plain = write_nifti((3, 2, 2, 2), samples, 4, version, "<", qform_code=1)
            for name, (at, form) in places.items():
                count, kind = (int(form[:-1] or 1), form[-1])
                if kind in "hiqB":
                    size = struct.calcsize("<" + kind)
                    top = 2 ** (8 * size - (kind != "B")) - 1
                    extremes = [0, 1, top, top // 2 + 1, 7, 8, 348] + ([-1, -top - 1] if kind != "B" else [])
                    extremes = [e for e in extremes if e <= top]
                elif kind in "fd":
                    extremes = [0, -1, 0.5, 1e-40, 1e30, 3e38, np.inf, -np.inf, np.nan, 2.0**31, 2.0**62]
                else:
                    extremes = [b"\xff" * count, b"ni1\0", b"ni2\0\r\n\x1a\n", b"n+2\0", b"\0" * count]
                    count, kind = 1, form
                for element in range(count):
                    for value in extremes:
                        bad = bytearray(plain)
                        struct.pack_into("<" + kind, bad, at + element * struct.calcsize("<" + kind), value)
                        for data in (bytes(bad), gzip.compress(bytes(bad), 1)):
                            codes = [code_of(cur, s, [psycopg2.Binary(data)]) for s in STATEMENTS]
                            assert set(codes) <= allowed, (version, name, element, value, codes)
                            refused += codes[2] is not None
            for sform, qform in ((0, 0), (0, 1)):  # the qform's and pixdim's fields in use
                for name in ("pixdim", "quatern", "qoffset", "dim"):
                    at, form = places[name]
                    for element in range(int(form[:-1])):
                        for value in [0, -1, 1e30, np.inf, np.nan] if form[-1] in "fd" else [0, -1, 32767]:
                            bad = bytearray(write_nifti((3, 2, 2, 2), samples, 4, version, "<", qform_code=qform, sform_code=sform))
                            struct.pack_into("<" + form[-1], bad, at + element * struct.calcsize(form[-1]), value)
                            codes = [code_of(cur, s, [psycopg2.Binary(bytes(bad))]) for s in STATEMENTS]
                            assert set(codes) <= allowed, (version, name, element, value, codes)
        cur.execute("SELECT 1")
    assert refused > 200, refused


def test_lies_and_bombs(db):
    """What a header asks for is refused before it is allocated; zeros that inflate without end cost little."""
    with db.cursor() as cur:
        for dims, version, want in (((30000, 30000, 30000, 30000), 1, "54000"), ((2**31 - 1,) * 7, 2, "54000"),
                                    ((2**40, 1, 1), 2, "54000"), ((2**31 - 1, 2, 2), 2, "54000"),
                                    ((1, 1, 1, 2**31 - 1, 2), 2, "54000"), ((1000, 1000, 1000), 1, "22P03")):
            data = write_nifti(dims, bytes(1000), 64, version)
            for f in (data, gzip.compress(data)):
                assert_equal("lie %s" % (dims,), code_of(cur, STATEMENTS[2], [psycopg2.Binary(f)]), want)
                assert code_of(cur, STATEMENTS[3], [psycopg2.Binary(f)]) == want
        # 200 MB of zeros in 1 MB; only the limit refuses the voxels, and one volume is little
        head = write_nifti((100, 100, 100, 100), b"", 4)
        bomb = gzip.compress(head + bytes(200_000_000), 1)
        cur.execute("SET neuroenc.memory_limit = '100MB'")
        assert_equal("bomb", code_of(cur, STATEMENTS[2], [psycopg2.Binary(bomb)]), "54000")
        assert_equal("volumes", code_of(cur, STATEMENTS[3] + " WHERE t < 2", [psycopg2.Binary(bomb)]), None)
        inside = np.zeros((100, 100, 100), "u1")
        inside[::10, ::10, ::10] = 1
        mask = gzip.compress(write_nifti(inside.shape, inside, 2))
        cur.execute("SELECT count(*), bool_and(shape(series) = '{100}') FROM nifti_voxels(%s, %s)",
                    [psycopg2.Binary(bomb), psycopg2.Binary(mask)])
        assert_equal("masked", cur.fetchone(), (1000, True))
        # a small image before a bomb: not inflated
        small = gzip.compress(write_nifti((2, 2, 2), np.zeros((2, 2, 2)), 4) + bytes(200_000_000), 1)
        assert_equal("tail", code_of(cur, STATEMENTS[2], [psycopg2.Binary(small)]), None)
        # an extension that is a bomb: interruptible
        far = gzip.compress(write_nifti((2, 2, 2), b"", 4, vox_offset=190_000_000.0) + bytes(200_000_000), 1)
        cur.execute("SET statement_timeout = '20ms'")
        assert code_of(cur, STATEMENTS[3], [psycopg2.Binary(far)]) == "57014"
        assert code_of(cur, STATEMENTS[3], [psycopg2.Binary(bomb)]) == "57014"


def test_memory_is_given_back(db):
    """60 MB claimed of 100, five times over: read to the end, left early, and stopped by an error."""
    image = psycopg2.Binary(gzip.compress(write_nifti((100, 100, 100, 30), bytes(60_000_000), 4), 1))
    with db.cursor() as cur:
        cur.execute("SET neuroenc.memory_limit = '100MB'")
        for _ in range(5):
            assert code_of(cur, "SELECT count(*) FROM (SELECT nifti_voxels(%s) OFFSET 0) q", [image]) is None
            assert code_of(cur, "SELECT nifti_voxels(%s) LIMIT 1", [image]) is None
            assert code_of(cur, "SELECT 1 / (i - 5) FROM (SELECT (nifti_voxels(%s)).i OFFSET 0) q", [image]) == "22012"
        # two at once are too much, and both give back what they had
        assert code_of(cur, "SELECT nifti_voxels(%s), nifti_voxels(%s)", [image] * 2) == "54000"
        assert code_of(cur, "SELECT nifti_voxels(%s) LIMIT 1", [image]) is None


def test_unread_types(db):
    with db.cursor() as cur:
        for code, (name, bits) in UNREAD.items():
            data = write_nifti((2, 2, 2), bytes(bits), code)
            cur.execute("SELECT (nifti_header(%s)).datatype", [psycopg2.Binary(data)])
            assert_equal("name", cur.fetchone()[0], name)
            for statement in STATEMENTS[2:]:
                try:
                    cur.execute(statement, [psycopg2.Binary(data)])
                    raise AssertionError(name + " was read")
                except psycopg2.Error as e:
                    assert e.pgcode == "0A000" and name in str(e)


def nitime():
    """Debian's python3-nitime recordings, if they are unpacked or installed here."""
    for root in (os.environ.get("NEUROENC_NITIME", ""), "/usr/lib/python3/dist-packages/nitime/data"):
        path = os.path.join(root, "fmri1.nii.gz")
        if root and os.path.exists(path):
            return path
    raise Skip("python3-nitime's fmri1.nii.gz is not here (NEUROENC_NITIME names its directory)")


def test_real_recording(db):
    data = open(nitime(), "rb").read()
    plain = gzip.decompress(data)
    shape = struct.unpack_from("<8h", plain, 40)[1:5]
    samples = np.frombuffer(plain, "<i2", count=int(np.prod(shape)), offset=352).reshape(shape, order="F")
    srow = np.reshape(struct.unpack_from("<12f", plain, 280), (3, 4))
    assert shape == (10, 10, 18, 40)
    check_image(db, (data, None), samples.astype("f4"), srow, None)
    inside = samples.mean(3) > 700
    check_image(db, (data, write_nifti(shape[:3], inside, 2)), samples.astype("f4"), srow, inside)
