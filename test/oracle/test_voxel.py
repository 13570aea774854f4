"""voxel, ball and affine maps against NumPy: 20,000 points with many duplicates, searched by
index and by brute force in float64."""

import io
import json
import struct

import numpy as np

from neuroenc_oracle import assert_close, assert_equal, raises

N = 20000


def points(kind, seed=0):
    """float32 points: a cloud, a grid, a plane, few distinct values, or wildly different scales."""
    rng = np.random.default_rng(seed)
    if kind == "cloud":
        p = rng.normal(0, 40, (N, 3))
    elif kind == "grid":
        p = rng.integers(0, 25, (N, 3)) * np.array([2.0, 2.0, 2.3]) - 30
    elif kind == "plane":
        p = np.column_stack([rng.normal(0, 40, (N, 2)), np.full(N, 7.25)])
    elif kind == "few":
        p = rng.integers(0, 3, (N, 3)).astype(float)
    else:
        p = rng.choice([-1, 1], (N, 3)) * 10.0 ** rng.uniform(-44, 38, (N, 3))
    p = p.astype(np.float32)
    p[N // 2 : N // 2 + 2000] = p[:2000]
    return p + np.float32(0)  # no -0


KINDS = ["cloud", "grid", "plane", "few", "scales"]


def load_points(db, table, p):
    """By binary COPY, so that every bit arrives."""
    out = io.BytesIO()
    out.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
    for i, row in enumerate(p):
        out.write(struct.pack(">hiqi3f", 2, 8, i, 12, *map(float, row)))
    out.write(struct.pack(">h", -1))
    out.seek(0)
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE %s (id bigint, v voxel)" % table)
        cur.copy_expert("COPY %s FROM STDIN (FORMAT binary)" % table, out)


def text(v):
    return "(%r,%r,%r)" % tuple(float(c) for c in v)


def distances(p, q):
    d = p.astype(float) - np.asarray(q, np.float32).astype(float)
    return np.sqrt(d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2])


def queries(p, rng):
    spread = p[rng.integers(0, N, 4)].astype(float)
    return np.vstack([p[rng.integers(0, N, 4)], spread * 1.01 + 0.3, [[0, 0, 0], [1e3, -1e3, 0.5]]]).astype(np.float32)


def plan(cur, statement, args):
    cur.execute("EXPLAIN (COSTS off) " + statement, args)
    return "\n".join(row[0] for row in cur)


def check_index(db, table, p, seed):
    rng = np.random.default_rng(seed)
    with db.cursor() as cur:
        cur.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
        for q in queries(p, rng):
            d = distances(p, q)
            # nearest first: the exact distances, in order, to the last bit
            nearest = "SELECT v <-> %%s::voxel FROM %s ORDER BY v <-> %%s::voxel LIMIT 500" % table
            assert "Index Only Scan" in plan(cur, nearest, [text(q), text(q)])
            cur.execute(nearest, [text(q), text(q)])
            got = np.array([r[0] for r in cur])
            assert_equal("nearest", got, np.sort(d)[:500])
            # the ids too, but not by an index-only scan: as sets, ties at the end left out
            cur.execute("SELECT id FROM %s ORDER BY v <-> %%s::voxel LIMIT 500" % table, [text(q)])
            ids = {r[0] for r in cur}
            last = np.sort(d)[499]
            assert set(np.flatnonzero(d < last)) <= ids <= set(np.flatnonzero(d <= last))
            # balls, with radii that are some voxel's distance exactly, when float4 has it
            for r in [0.0, float(np.float32(np.sort(d)[50])), float(np.float32(np.median(d)))]:
                inside = "SELECT id FROM %s WHERE v <@ ball(%%s::voxel, %%s)" % table
                assert "Index Cond" in plan(cur, inside, [text(q), r])
                cur.execute(inside, [text(q), r])
                assert_equal("ball", sorted(x[0] for x in cur), sorted(np.flatnonzero(d <= r)))
        for q in p[rng.integers(0, N, 5)]:
            cur.execute("SELECT id FROM %s WHERE v = %%s::voxel" % table, [text(q)])
            assert_equal("equal", sorted(x[0] for x in cur), sorted(np.flatnonzero((p == q).all(1))))


def test_index_sorted_build(db):
    for seed, kind in enumerate(KINDS):
        p = points(kind, seed)
        table = "sorted_" + kind
        load_points(db, table, p)
        with db.cursor() as cur:
            cur.execute("CREATE INDEX ON %s USING gist (v); ANALYZE %s" % (table, table))
        check_index(db, table, p, seed)


def test_index_by_insertion(db):
    """The same through penalty and picksplit, with deletions and vacuum."""
    for seed, kind in enumerate(KINDS):
        p = points(kind, 10 + seed)
        table = "inserted_" + kind
        with db.cursor() as cur:
            load_points(db, table + "_source", p)
            cur.execute("CREATE TEMP TABLE %s (id bigint, v voxel)" % table)
            cur.execute("CREATE INDEX ON %s USING gist (v)" % table)
            cur.execute("INSERT INTO %s SELECT id + 100000, v FROM %s_source WHERE id < 5000" % (table, table))
            cur.execute("INSERT INTO %s SELECT * FROM %s_source" % (table, table))
            cur.execute("DELETE FROM %s WHERE id >= 100000" % table)
            cur.execute("VACUUM ANALYZE %s" % table)
        check_index(db, table, p, seed)


def test_distance_and_ball_values(db):
    p, q = points("cloud", 3)[:3000], points("grid", 4)[:3000]
    load_points(db, "da", p)
    load_points(db, "dq", q)
    with db.cursor() as cur:
        cur.execute("SELECT da.v <-> dq.v, dq.v <@ ball(da.v, 60), ball(da.v, 60) @> dq.v FROM da JOIN dq USING (id) ORDER BY id")
        rows = cur.fetchall()
    d = p.astype(float) - q.astype(float)
    want = np.sqrt((d * d)[:, 0] + (d * d)[:, 1] + (d * d)[:, 2])
    assert_equal("distance", np.array([r[0] for r in rows]), want)
    assert_equal("in ball", [r[1] for r in rows], list(want <= 60))
    assert_equal("ball holds", [r[2] for r in rows], list(want <= 60))


def test_text_is_exact(db):
    """Every float32 comes back from its text, in any extra_float_digits."""
    p = points("scales", 5)[:5000]
    load_points(db, "exact", p)
    with db.cursor() as cur:
        cur.execute("SET extra_float_digits = -15")
        cur.execute("SELECT v::text FROM exact ORDER BY id")
        texts = [r[0] for r in cur]
        cur.execute("SELECT count(*) FROM exact WHERE v::text::voxel <> v")
        assert_equal("round trip", cur.fetchone()[0], 0)
    assert_equal("parsed", np.array([t.strip("()").split(",") for t in texts], dtype=np.float32), p)


def test_order_and_hash(db):
    p = points("few", 6)
    load_points(db, "ordered", p)
    with db.cursor() as cur:
        cur.execute("SELECT x(v), y(v), z(v) FROM ordered ORDER BY v")
        got = np.array(cur.fetchall(), dtype=np.float32)
        assert_equal("order", got, p[np.lexsort((p[:, 2], p[:, 1], p[:, 0]))])
        cur.execute("SET enable_sort = off")
        cur.execute("SELECT count(*), sum(n) FROM (SELECT v, count(*) AS n FROM ordered GROUP BY v) g")
        assert_equal("groups", cur.fetchone(), (27, N))
        cur.execute("SET enable_hashjoin = off; SET enable_nestloop = off; SET enable_sort = on")
        cur.execute("SELECT count(*) FROM ordered a JOIN (SELECT DISTINCT v FROM ordered) b USING (v)")
        assert_equal("merge join", cur.fetchone()[0], N)


def random_affine(rng):
    m = np.eye(4)
    m[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] * rng.uniform(0.5, 4, 3) + rng.normal(0, 0.1, (3, 3))
    m[:3, 3] = rng.normal(0, 80, 3)
    return m


def tensor_text(a):
    return "float8:" + json.dumps(np.asarray(a, float).tolist())


def read_tensor(value):
    return np.array(json.loads(value.split(":")[-1]))


def test_transform(db):
    rng = np.random.default_rng(7)
    p = points("cloud", 8)[:2000]
    load_points(db, "grid_points", p)
    m = random_affine(rng)
    with db.cursor() as cur:
        cur.execute("SELECT x(w), y(w), z(w) FROM (SELECT id, transform(%s::tensor, v) AS w FROM grid_points) q ORDER BY id",
                    [tensor_text(m)])
        got = np.array(cur.fetchall())
    want = p.astype(float) @ m[:3, :3].T + m[:3, 3]
    assert_close("transform", got, want, rtol=2e-7, atol=2e-5)


def test_invert_affine(db):
    rng = np.random.default_rng(9)
    with db.cursor() as cur:
        for scale in [1, 1e-6, 1e6]:
            for _ in range(20):
                m = random_affine(rng)
                m[:3, :3] *= scale
                cur.execute("SELECT invert_affine(%s::tensor)::text", [tensor_text(m)])
                want = np.linalg.inv(m)
                assert_close("inverse", read_tensor(cur.fetchone()[0]), want, rtol=1e-12, atol=1e-13 * np.abs(want).max())
        nearly = np.eye(4)
        nearly[:3, 1] = nearly[:3, 0] + [0, 1e-14, 0]
        with raises(db, "22023", "singular"):
            cur.execute("SELECT invert_affine(%s::tensor)", [tensor_text(nearly)])
