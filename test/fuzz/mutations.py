"""Lies about values: what is done to valid text, bytes and files, and the files themselves."""

import base64
import gzip
import io
import re
import struct
import zlib

import numpy as np

ISSUE = [0, 1, -1, 2**31 - 1, 2**32 - 1]        # what each field of each header is set to
INTEGERS = ISSUE + [2, 8, 9, 255, 2**15, 2**16 - 1, 2**28, 2**30, -(2**31), 2**62, 2**63 - 1, -(2**63)]
TOKENS = ["[", "]", "[[", "]]", ",", ",,", ":", "(", ")", "<", ">", "{", "}", '"', "'", "\\", " ", "\t", "\n", "-", "+", ".", "e",
          "NaN", "nan", "Infinity", "-inf", "null", "1e999", "-1e999", "1e-999", "0x10", "1_000", "float2:", "float4:",
          "float8:", "float16:", "(0,3):", "(2147483647):", "(2147483648):", "(-1):", "(65536,65536):", "99999999999999999999",
          "0" * 400, "1" * 400, "é", "\u2212", "\U0001F9E0", "[" * 9, "]" * 9, "=", "AAAA", "true"]
HEADER = 128                    # bytes that count as header: more than any type's


# ---------------------------------------------------------------- every one of a kind

def cuts(value):
    """Cut at each byte (of text: character)."""
    return [value[:at] for at in range(len(value))]


def field_lies(value, header=HEADER, widths=(1, 2, 4, 8)):
    """Each field of the header set to each of ISSUE.

    Where a type's fields lie is not told: every offset is taken for the start of a field of each width in either
    byte order, which holds every field of every layout.
    """
    found = []
    for at in range(min(header, len(value))):
        for width in widths:
            if at + width <= len(value):
                lies = {(number % (1 << 8 * width)).to_bytes(width, order) for number in ISSUE for order in ("big", "little")}
                found += [value[:at] + lie + value[at + width :] for lie in sorted(lies)]
    return found


def number_lies(text):
    """Each of the first numbers of a text literal set to each of ISSUE."""
    found = []
    for number in list(re.finditer(r"-?\d+", text))[:40]:
        found += [text[: number.start()] + str(lie) + text[number.end() :] for lie in ISSUE]
    return found


def payload_of(text):
    """A state's text form: its header and the bytes that follow as base64, or None."""
    found = re.match(r"^(.*?)([A-Za-z0-9+/]{16,}={0,2})$", text, re.S)
    try:
        return (found[1], base64.b64decode(found[2])) if found else None
    except ValueError:
        return None


def text_field_lies(text):
    """As field_lies, in the bytes that a state's text form holds; of other text the numbers."""
    payload = payload_of(text)
    if payload is None:
        return number_lies(text)
    lies = field_lies(payload[1], 64, (4, 8))
    return number_lies(payload[0][-60:]) + [payload[0] + base64.b64encode(lie).decode() for lie in lies]


# ---------------------------------------------------------------- at random

def mutate_bytes(rng, value):
    """One of the usual lies about some bytes."""
    data = bytearray(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(9)
        if kind == 0:
            data = data[: rng.randrange(len(data) + 1)]
        elif kind in (1, 2, 3):         # a field near the front
            width = rng.choice((1, 2, 4, 8))
            limit = len(data) if kind == 3 else min(len(data), 400 if rng.random() < 0.2 else 64)
            if limit >= width:
                at = rng.randrange(limit - width + 1)
                if rng.random() < 0.7:
                    at -= at % width
                number = rng.choice(INTEGERS) if rng.random() < 0.8 else rng.getrandbits(64)
                order = rng.choice(("big", "little"))
                data[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, order)
        elif kind == 4 and data:
            for _ in range(rng.randrange(1, 9)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif kind == 5 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 6:
            at = rng.randrange(len(data) + 1)
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 17)))
        elif kind == 7 and data:
            at = rng.randrange(len(data))
            del data[at : at + rng.randrange(1, 17)]
        elif kind == 8 and rng.random() < 0.2:
            data = bytearray(rng.getrandbits(8) for _ in range(rng.randrange(200)))
    return bytes(data)


def mutate_text(rng, value):
    text = value
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(8)
        at = rng.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at]
        elif kind in (1, 2):
            text = text[:at] + rng.choice(TOKENS) + text[at:]
        elif kind == 3:
            text = text[:at] + rng.choice(TOKENS) + text[at + rng.randrange(1, 9) :]
        elif kind == 4:
            text = text[:at] + text[at + rng.randrange(1, 9) :]
        elif kind == 5 and text:
            text = text[:at] + chr(rng.choice((rng.randrange(1, 128), rng.randrange(128, 0xD800)))) + text[at + 1 :]
        elif kind == 6:
            text = text[:at] + text
        elif kind == 7 and rng.random() < 0.1:
            text = rng.choice(TOKENS) * rng.choice((1, 10, 1000, 20000))
    return text.replace("\0", "")


def mutate_literal(rng, text):
    """Text, or where it is a state's the bytes in it."""
    payload = payload_of(text) if rng.random() < 0.4 else None
    if payload is None:
        return mutate_text(rng, text)
    return payload[0] + base64.b64encode(mutate_bytes(rng, payload[1])).decode()


def mutate_file(rng, value):
    """A file; what gzip compressed mostly beneath that."""
    if value[:2] == b"\x1f\x8b" and rng.random() < 0.6:
        return gzip.compress(mutate_bytes(rng, gzip.decompress(value)), 1, mtime=0)
    return mutate_bytes(rng, value)


# ---------------------------------------------------------------- .npy

def npy_files():
    """Valid files of every version and dtype kind."""
    rng = np.random.default_rng(0)
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(3), np.zeros((0, 3)), rng.standard_normal((3, 4, 5)),
              np.asfortranarray(rng.standard_normal((3, 4))), np.array([True, False]), np.arange(5, dtype=">i4"),
              np.arange(5, dtype="<u2"), rng.standard_normal(7).astype("<f2"), rng.standard_normal(7).astype(">f8"),
              np.arange(3, dtype="i1"), np.arange(3, dtype="<u8")]
    files = []
    for version in ((1, 0), (2, 0), (3, 0)):
        for array in arrays:
            out = io.BytesIO()
            np.lib.format.write_array(out, np.asanyarray(array), version=version)
            files.append(out.getvalue())
    return files


def npy(header, data=b"", version=1, length=None):
    """A file with any text for a header, and any length told of it."""
    text = header.encode("utf-8", "surrogatepass") if isinstance(header, str) else header
    length = len(text) if length is None else length
    return b"\x93NUMPY" + bytes((version, 0)) + struct.pack("<H" if version == 1 else "<I", length) + text + data


def npy_lies():
    """Headers that claim what is not there."""
    plain = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }\n"
    shapes = ["(2147483647,)", "(2147483648,)", "(4294967295,)", "(4294967296,)", "(9223372036854775807,)", "(99999999999999999999999,)",
              "(65536, 65536)", "(4294967296, 4294967296)", "(0, 9223372036854775807)", "(9223372036854775807, 0)", "(-1,)", "(0,)", "()", "(,)",
              "(3", "3", "(3,,)", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", "(1,) * 9", "(None,)", "('3',)", "(3L,)", "(3.0,)", "(True,)", "(0x3,)",
              "(" + "1, " * 20000 + ")", "(" * 20000, "(" + "9" * 20000 + ",)"]
    descrs = ["'|O'", "'<O8'", "'|V8'", "'<U5'", "'|S5'", "'<c16'", "'<f16'", "'<f3'", "'<f'", "'f8'", "'=f8'", "'<i128'", "'<M8[ns]'", "''", "'",
              "'<f8", "None", "8", "[('a', '<f8')]", "[('a', '<f8', (2147483647,))]", "{'a': 1}", "'<f\u00e98'", "'\u202ef8'",
              "'<f8' * 1000000000", "'" + "<" * 60000 + "'", "__import__('os').abort()"]
    rest = ["", "{", "}", "{}", "{'descr'}", "{'descr': }", "{'descr': '<f8'}", "[]", "'", "\n" * 1000, "{" * 30000, "'\\u0000'",
            plain % "(3,)" + plain % "(4,)", (plain % "(3,)").replace("False", "2"), (plain % "(3,)").replace("'shape'", "'sh\u00e4pe'"),
            "{'shape': (3,), 'shape': (2147483647,), 'fortran_order': True, 'descr': '<f8'}", b"\xff\xfe\x00\x80", b"\xed\xa0\x80",
            b"{'descr': '<f8\x00', 'fortran_order': False, 'shape': (3,)}"]
    data = bytes(24)
    headers = [plain % shape for shape in shapes] + [(plain % "(3,)").replace("'<f8'", descr) for descr in descrs] + rest
    files = [npy(header, data, version) for header in headers for version in (1, 2, 3)
             if version > 1 or len(header.encode("utf-8") if isinstance(header, str) else header) < 65536]
    for version, lengths in ((1, (0, 1, 65535)), (2, (0, 1, 2**31 - 1, 2**32 - 1)), (3, (2**31, 2**32 - 1)), (0, (10,)), (4, (10,)), (255, (10,))):
        files += [npy(plain % "(3,)", data, version, length) for length in lengths]
    return files


# ---------------------------------------------------------------- NIfTI

def nifti1(order="<", datatype=16, bitpix=32, shape=(3, 4, 2, 5), slope=2.0, inter=1.0, sform=1, offset=352, data=None):
    """A small NIfTI-1 file, written from the standard's table of offsets."""
    head = bytearray(352)
    struct.pack_into(order + "i", head, 0, 348)
    struct.pack_into(order + "8h", head, 40, len(shape), *(list(shape) + [1] * (7 - len(shape))))
    struct.pack_into(order + "hh", head, 70, datatype, bitpix)
    struct.pack_into(order + "8f", head, 76, 1, 2, 2, 3, 1.5, 0, 0, 0)
    struct.pack_into(order + "3f", head, 108, offset, slope, inter)
    struct.pack_into(order + "hh", head, 252, 1 - sform, sform)
    struct.pack_into(order + "6f", head, 256, 0.1, 0.2, 0.3, 1, 2, 3)
    struct.pack_into(order + "12f", head, 280, 2, 0, 0, -10, 0, 2, 0, -20, 0, 0, 3, 5)
    head[344:348] = b"n+1\0"
    if data is None:
        data = bytes(range(256)) * (int(np.prod(shape)) * bitpix // 8 // 256 + 1)
    return bytes(head) + data


def nifti2(order="<", shape=(3, 4, 2, 5), offset=544, data=None):
    head = bytearray(544)
    struct.pack_into(order + "i", head, 0, 540)
    head[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into(order + "hh", head, 12, 64, 64)
    struct.pack_into(order + "8q", head, 16, len(shape), *(list(shape) + [1] * (7 - len(shape))))
    struct.pack_into(order + "8d", head, 104, 1, 2, 2, 3, 1.5, 0, 0, 0)
    struct.pack_into(order + "q2d", head, 168, offset, 1, 0)
    struct.pack_into(order + "ii", head, 344, 0, 1)
    struct.pack_into(order + "12d", head, 400, 2, 0, 0, -10, 0, 2, 0, -20, 0, 0, 3, 5)
    return bytes(head) + (bytes(8 * int(np.prod(shape))) if data is None else data)


def nifti_files():
    files = [nifti1(), nifti1(">"), nifti1(datatype=4, bitpix=16), nifti1(datatype=2, bitpix=8, shape=(3, 4, 2)),
             nifti1(datatype=64, bitpix=64, sform=0), nifti1(datatype=512, bitpix=16, slope=0), nifti2(), nifti2(">")]
    files += [gzip.compress(f, 6, mtime=0) for f in files[:4]]
    return files


def inflates_to(head, zeros):
    """A gzip file of a head and so many zeros, 1,000 times smaller, its checksum wrong."""
    block = 1 << 20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = bytes([31, 139, 8, 0, 0, 0, 0, 0, 2, 3]) + deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = deflate.compress(bytes(block)) + deflate.flush(zlib.Z_FULL_FLUSH)     # can be repeated
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    out += one * (zeros // block) + deflate.compress(bytes(zeros % block)) + deflate.flush()
    return out + struct.pack("<II", 0, (len(head) + zeros) % 2**32)


def nifti_bombs():
    """Plain and gzip files of a few bytes whose headers claim all there is, and small ones that inflate to gigabytes."""
    none = b""
    heads = [nifti1(shape=(32767,) * n, data=none) for n in (1, 2, 3, 4, 7)]
    heads += [nifti1(datatype=64, bitpix=64, shape=(32767, 32767, 32767), data=none), nifti1(shape=(-1, 4, 2, 5), data=none),
              nifti1(shape=(0, 4, 2, 5), data=none), nifti1(shape=(1024, 1024, 1024), datatype=2, bitpix=8, data=none)]
    heads += [nifti1(offset=o) for o in (0, 1, -1, 2**31 - 1, 2**32 - 1, 1e30, float("nan"), float("inf"), -float("inf"))]
    heads += [nifti2(shape=s, data=none) for s in ((2**31 - 1,), (2**32 - 1, 2**32 - 1), (2**63 - 1,), (2**62, 4), (-1, 3, 3),
                                                     (2**21,) * 3, (0, 2**62, 2**62), (2**15, 2**15, 4))]
    heads += [nifti2(offset=o) for o in (0, 1, -1, 2**31 - 1, 2**32 - 1, 2**63 - 1, -(2**63))]
    files = heads + [gzip.compress(h, 9, mtime=0) for h in heads]
    files += [gzip.compress(f, 9, mtime=0) for f in files[-4:]]         # twice
    files += [inflates_to(h, n) for h in (heads[0], heads[2], heads[8], nifti1(), nifti1(offset=2**31 - 1), nifti2(offset=2**31),
                                          nifti2(shape=(2**15, 2**15, 4), data=none), b"", b"\1") for n in (10**6, 10**7, 2**31)]
    files.append(b"\x1f\x8b\x08\0\0\0\0\0\2\3" + b"\0\0\0\xff\xff" * 400000)          # empty blocks without an end
    files.append(gzip.compress(b"", 9, mtime=0) * 100000)                                # empty members
    files.append(b"\x1f\x8b\x08\x1e" + b"\xff" * 200000)                               # extra field, name and comment without an end
    return files
