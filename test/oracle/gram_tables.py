"""Rows of (id, fold, x, y) into a table by COPY BINARY, and fits back as NumPy arrays."""
import io
import struct

import numpy as np


def npy(a):
    out = io.BytesIO()
    np.save(out, np.ascontiguousarray(a))
    return out.getvalue()


def wire(a):
    """A tensor's binary form (COMMENT ON FUNCTION tensor_send)."""
    return struct.pack(f'!BBBc{a.ndim}i', 1, a.itemsize, a.ndim, b'<', *a.shape) + a.tobytes()


def unwire(value):
    """An array from what tensor_send returned."""
    if value is None:
        return None
    value = bytes(value)
    size, ndim = value[1], value[2]
    shape = struct.unpack_from(f'!{ndim}i', value, 4)
    return np.frombuffer(value, f'<f{size}', -1, 4 + 4 * ndim).reshape(shape)


def copy_binary(rows):
    """A COPY BINARY stream; a field is bytes in its type's binary form, or None."""
    out = [b'PGCOPY\n\377\r\n\0' + struct.pack('>ii', 0, 0)]
    for row in rows:
        out.append(struct.pack('>h', len(row)))
        for field in row:
            out.append(struct.pack('>i', -1) if field is None else struct.pack('>i', len(field)) + field)
    out.append(struct.pack('>h', -1))
    return io.BytesIO(b''.join(out))


def load(db, name, X, Y, fold=None, persistent=False):
    """Table name(id, fold, x, y): temporary, or unlogged where other processes must read it; id from 1."""
    def int8(v):
        return None if v is None else struct.pack('>q', int(v))
    rows = ((int8(i + 1), int8(None if fold is None else fold[i]), wire(X[i]), wire(Y[i])) for i in range(len(X)))
    with db.cursor() as c:
        c.execute(f'DROP TABLE IF EXISTS {name}')
        c.execute(f'CREATE {"UNLOGGED" if persistent else "TEMP"} TABLE {name} (id bigint, fold bigint, x tensor, y tensor)')
        c.copy_expert(f'COPY {name} FROM STDIN (FORMAT binary)', copy_binary(rows))


def query(db, sql, args=None):
    with db.cursor() as c:
        c.execute(sql, args)
        return c.fetchall()


def value(db, sql, args=None):
    return query(db, sql, args)[0][0]


class Fit:
    """The rows of targets(encoder, true): one array an attribute; weights is p x v."""


COLUMNS = ('target', 'n', 'variance', 'alpha', 'r', 'r2', 'r2_pooled', 'intercept')


def fit(db, encoder, source='', args=None, weights=True):
    """encoder: an SQL expression over the one row of 'source' ("FROM ...")."""
    rows = query(db, f'''SELECT {", ".join("t." + c for c in COLUMNS)}, tensor_send(t.weights)
        FROM (SELECT {encoder} AS e {source} OFFSET 0) q, targets(q.e, weights => {weights}) t ORDER BY t.target''', args)
    out = Fit()
    for i, c in enumerate(COLUMNS):
        setattr(out, c, np.array([np.nan if r[i] is None else r[i] for r in rows],
                                 dtype=np.int64 if c in ('target', 'n') else float))
    out.weights = np.stack([unwire(r[-1]) for r in rows], axis=1) if weights else None
    return out


def assert_same_fit(a, b, rtol=1e-9):
    """Two fits of the same data by different routes."""
    for c in COLUMNS:
        x, y = getattr(a, c), getattr(b, c)
        scale = np.nanmax(np.abs(y), initial=0)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * min(scale, 1) + 1e-15, err_msg=c)
    if a.weights is not None:
        np.testing.assert_allclose(a.weights, b.weights, rtol=0, atol=rtol * np.abs(b.weights).max() + 1e-300,
                                   err_msg='weights')
