"""What oracle tests share: tensors to and from NumPy, files of the recordings, comparison.

Values travel as .npy bytes, so every element arrives exactly as it was sent.
"""

import io
import os

import numpy as np

__all__ = ["Skip", "put", "get", "assert_close", "assert_equal", "load", "data", "raises", "create_rows"]


class Skip(Exception):
    """Raised by a test that can't run here; the text says why."""


def npy(array):
    """The bytes of a .npy file, as a parameter for from_npy($1)."""
    import psycopg2

    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array), allow_pickle=False)
    return psycopg2.Binary(buffer.getvalue())


def put(array):
    """A NumPy array as a query parameter: cur.execute("SELECT from_npy(%s)", [put(a)])."""
    return npy(array)


def get(db, expression, args=()):
    """The value of a tensor expression as a NumPy array of its own element type (None for NULL)."""
    with db.cursor() as cur:
        cur.execute("SELECT to_npy(%s)" % expression if not args else "SELECT to_npy(" + expression + ")", args or None)
        return from_bytes(cur.fetchone()[0])


def from_bytes(value):
    """A NumPy array from what to_npy returned."""
    if value is None:
        return None
    return np.load(io.BytesIO(bytes(value)), allow_pickle=False)


def create_rows(db, table, columns):
    """A table of one row for each first index: arrays of rank 1 become scalars, others tensors of a row.

    columns: {name: array}.  Integers become bigint, rank 1 floats float8; an id column (from 1) keeps the order.
    """
    names = list(columns)
    arrays = [np.asarray(columns[name]) for name in names]
    n = len(arrays[0])
    types, holes = [], []
    for a in arrays:
        if a.ndim > 1:
            types.append("tensor")
            holes.append("from_npy(%s)")
        elif a.dtype.kind in "iub":
            types.append("bigint")
            holes.append("%s")
        elif a.dtype.kind == "f":
            types.append("float8")
            holes.append("%s")
        else:
            types.append("text")
            holes.append("%s")
    with db.cursor() as cur:
        cur.execute("CREATE TABLE %s (id bigint, %s)" % (table, ", ".join("%s %s" % pair for pair in zip(names, types))))
        statement = "INSERT INTO %s VALUES (%%s, %s)" % (table, ", ".join(holes))
        for i in range(n):
            row = [put(a[i]) if a.ndim > 1 else a[i].item() for a in arrays]
            cur.execute(statement, [i + 1] + row)


def assert_close(name, got, want, rtol=1e-9, atol=0.0):
    """|got - want| <= atol + rtol |want| everywhere; shapes and NaNs equal.  Says the largest error."""
    got = np.asarray(got, dtype=float)
    want = np.asarray(want, dtype=float)
    if got.shape != want.shape:
        raise AssertionError("%s: shape %s, expected %s" % (name, got.shape, want.shape))
    if not np.array_equal(np.isnan(got), np.isnan(want)):
        raise AssertionError("%s: NaN in %d places, expected %d" % (name, np.isnan(got).sum(), np.isnan(want).sum()))
    with np.errstate(invalid="ignore"):
        error = np.where(got == want, 0.0, np.abs(got - want))
    error = np.where(np.isnan(want), 0.0, error)
    bad = ~(error <= atol + rtol * np.abs(want)) & ~np.isnan(want) & (got != want)
    if bad.any():
        where = np.unravel_index(np.argmax(np.where(bad, error, -1.0)), error.shape)
        raise AssertionError(
            "%s: %d of %d values differ; largest error %.3g at %s: %r, expected %r (rtol %g, atol %g)"
            % (name, bad.sum(), bad.size, error[where], tuple(int(i) for i in where), got[where], want[where], rtol, atol)
        )


def assert_equal(name, got, want):
    """Equal values, or arrays equal in every element and type."""
    if isinstance(want, np.ndarray):
        got = np.asarray(got)
        if got.dtype != want.dtype or got.shape != want.shape or got.tobytes() != want.tobytes():
            raise AssertionError("%s: %r, expected %r" % (name, got, want))
    elif got != want:
        raise AssertionError("%s: %r, expected %r" % (name, got, want))


class raises:
    """with raises(db, "22023", "dimension"): the statement inside must fail so."""

    def __init__(self, db, sqlstate, words=""):
        self.sqlstate, self.words = sqlstate, words

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError("no error, expected SQLSTATE %s" % self.sqlstate)
        code = getattr(value, "pgcode", None)
        if code is None:
            return False
        if code != self.sqlstate or self.words not in str(value):
            raise AssertionError("SQLSTATE %s: %s; expected %s with %r" % (code, value, self.sqlstate, self.words))
        return True


def data(*parts):
    """The path of a shared recording under NEUROENC_DATA; skips the test where there is none."""
    root = os.environ.get("NEUROENC_DATA")
    if not root:
        raise Skip("NEUROENC_DATA is not set")
    path = os.path.join(root, *parts)
    if not os.path.exists(path):
        raise Skip("%s is not there" % path)
    return path


def load(*parts, **options):
    """A shared recording as an array: .npy by np.load, .csv and .tsv and .txt by np.genfromtxt (options go to it)."""
    path = data(*parts)
    if path.endswith(".npy"):
        return np.load(path, allow_pickle=False)
    options.setdefault("delimiter", "," if path.endswith(".csv") else "\t" if path.endswith(".tsv") else None)
    return np.genfromtxt(path, **options)
