"""isc, isfc, srm, hyperalign and time segment matching: against NumPy from the equations, and on planted data."""

import numpy as np
from scipy.linalg import orthogonal_procrustes

from neuroenc_oracle import assert_close, assert_equal, create_rows, get, put, raises

RNG = np.random.default_rng(47)


def rows(db, table, data, times=None):
    """subject, t, y of a list of (times x voxels) arrays, in a shuffled order."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE %s (subject bigint, t bigint, y tensor)" % table)
        every = [(i + 1, int(times[i][j] if times else 3 * j - 7), data[i][j])
                 for i in range(len(data)) for j in range(len(data[i]))]
        for k in RNG.permutation(len(every)):
            subject, t, y = every[k]
            cur.execute("INSERT INTO %s VALUES (%%s, %%s, from_npy(%%s))" % table, [subject, t, put(y)])


def query(db, statement, args=None):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return [list(row) for row in cur.fetchall()]


def corr(a, b):
    """Pearson by column; 0 where one is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.where(norm < 1e-12, 0, (a * b).sum(axis=0) / np.where(norm < 1e-12, 1, norm))


# ---- inter-subject correlation

def isc_reference(data):
    """data: subjects x times x voxels, NaN missing."""
    n, _, v = data.shape
    out = np.full((n, v), np.nan)
    pairs = np.full((n * (n - 1) // 2, v), np.nan)
    for j in range(v):
        x = data[:, :, j]
        there = np.flatnonzero(~np.isnan(x).all(axis=1))
        kept = x[there][:, ~np.isnan(x[there]).any(axis=0)]
        if len(there) < 2 or kept.shape[1] < 2:
            continue
        for a, i in enumerate(there):
            out[i, j] = corr(kept[a], np.delete(kept, a, axis=0).mean(axis=0))
        for a in range(len(there)):
            for b in range(a + 1, len(there)):
                i, k = there[a], there[b]
                pairs[i * n - i * (i + 1) // 2 + k - i - 1, j] = corr(kept[a], kept[b])
    return out, pairs


def shared_data(n, times, v, noise=1.0):
    return RNG.standard_normal((times, v)) + noise * RNG.standard_normal((n, times, v))


def test_isc(db):
    for n, times, v in ((2, 12, 3), (5, 40, 67), (7, 33, 130)):
        data = shared_data(n, times, v)
        data[1] = 1e3 + 50 * data[1]                # another scale and offset
        data[:, :, 2] = 4.0                         # a constant
        if n > 2:
            data[1:, :, 1] = 0.1 * np.arange(n - 1)[:, None]   # others constant
        table = "isc_%d" % n
        rows(db, table, data)
        loo, pairs = isc_reference(data)
        assert_close("isc", get(db, "(SELECT isc(subject, t, y) FROM %s)" % table), loo, rtol=1e-9, atol=1e-12)
        assert_close("pairs", get(db, "(SELECT isc_pairwise(subject, t, y) FROM %s)" % table), pairs, rtol=1e-9, atol=1e-12)


def test_isc_missing(db):
    data = shared_data(6, 50, 40)
    data[RNG.random(data.shape) < 0.03] = np.nan
    data[2, :, 5] = np.nan                          # a subject without a voxel
    data[:, :, 6] = np.nan                          # nobody has it
    data[1:, :, 7] = np.nan                         # one has it
    data[3, 1:, 8] = np.nan                         # one time left
    rows(db, "isc_nan", data)
    loo, pairs = isc_reference(data)
    assert_close("isc", get(db, "(SELECT isc(subject, t, y) FROM isc_nan)"), loo, rtol=1e-9, atol=1e-12)
    assert_close("pairs", get(db, "(SELECT isc_pairwise(subject, t, y) FROM isc_nan)"), pairs, rtol=1e-9, atol=1e-12)


def test_isfc(db):
    n, times, v = 4, 60, 90
    data = shared_data(n, times, v)
    data[:, :, 3] = 2.0
    rows(db, "isfc_rows", data)
    want = np.zeros((v, v))
    for i in range(n):
        others = np.delete(data, i, axis=0).mean(axis=0)
        with np.errstate(invalid="ignore"):
            c = np.nan_to_num(np.corrcoef(data[i].T, others.T)[:v, v:])
        want += (c + c.T) / 2 / n
    assert_close("isfc", get(db, "(SELECT isfc(subject, t, y) FROM isfc_rows)"), want, rtol=1e-9, atol=1e-10)


def test_times_intersect(db):
    """Times are aligned by value; those that a subject lacks are left out."""
    data = shared_data(3, 30, 5)
    times = [np.arange(30) * 10 - 50] * 3
    keep = [np.arange(30), np.delete(np.arange(30), [0, 7]), np.delete(np.arange(30), [7, 29])]
    rows(db, "gaps", [data[i][keep[i]] for i in range(3)], [times[i][keep[i]] for i in range(3)])
    shared = [k for k in range(30) if k not in (0, 7, 29)]
    loo, _ = isc_reference(data[:, shared])
    assert_close("isc", get(db, "(SELECT isc(subject, t, y) FROM gaps)"), loo, rtol=1e-9)
    got = query(db, "SELECT s.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM gaps) q, recordings_subjects(r) s")
    assert_equal("dropped", got, [[1, 5, 30, 3], [2, 5, 28, 1], [3, 5, 28, 1]])


# ---- shared response model

def polar(a):
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return u @ vt


def srm_reference(data, start, n_iter):
    """From a shared series (times x k): n_iter turns of W = polar(X'S), S = mean XW."""
    s = start
    for _ in range(n_iter):
        w = [polar(x.T @ s) for x in data]
        s = np.mean([x @ m for x, m in zip(data, w)], axis=0)
    return w, s


def planted(n, times, voxels, k, noise):
    s = RNG.standard_normal((times, k))
    maps = [np.linalg.qr(RNG.standard_normal((v, k)))[0] for v in voxels]
    return s, maps, [s @ m.T + noise * RNG.standard_normal((times, v)) / np.sqrt(1) for m, v in zip(maps, voxels)]


def aligned_r(got, want):
    """Mean correlation of the columns after the best rotation."""
    got, want = got - got.mean(axis=0), want - want.mean(axis=0)
    rotation, _ = orthogonal_procrustes(got, want)
    return corr(got @ rotation, want).mean()


def test_srm_planted(db):
    """The bar: planted shared series, noise sd .3, r over .95 after Procrustes; wide and narrow subjects."""
    for name, voxels, times in (("wide", [120, 90, 200], 80), ("narrow", [40, 35, 60], 300), ("mixed", [40, 300, 90, 70], 100)):
        s, maps, data = planted(len(voxels), times, voxels, 5, 0.3)
        rows(db, "planted_" + name, data)
        got = get(db, "(SELECT shared_response(srm(subject, t, y, 5)) FROM planted_%s)" % name)
        r = aligned_r(got, s)
        assert r > 0.95, "%s: r %.3f" % (name, r)


def fitted(db, table, n_subjects, call):
    db.cursor().execute("CREATE TABLE space_%s AS SELECT %s AS space FROM (SELECT recordings_agg(subject, t, y) AS r FROM %s) q"
                        % (table, call, table))
    s = get(db, "(SELECT shared_response(space) FROM space_%s)" % table)
    w = [get(db, "(SELECT subject_map(space, %d) FROM space_%s)" % (i + 1, table)) for i in range(n_subjects)]
    return w, s


def check_space(db, table, data, w, s):
    """What must hold of any fit: orthonormal maps, S the mean of XW, the figures of space_info and space_subjects."""
    x = [d - d.mean(axis=0) for d in data]
    for i in range(len(data)):
        gram = w[i].T @ w[i] if w[i].shape[0] >= w[i].shape[1] else w[i] @ w[i].T
        assert_close("orthonormal", gram, np.eye(len(gram)), atol=1e-10)
    assert_close("S", s, np.mean([a @ m for a, m in zip(x, w)], axis=0), rtol=1e-8, atol=1e-8)
    residual = np.array([((a - s @ m.T) ** 2).sum() for a, m in zip(x, w)])
    total = np.array([(a**2).sum() for a in x])
    got = query(db, "SELECT (space_info(space)).* FROM space_%s" % table)[0]
    assert_close("objective", got[4], residual.sum(), rtol=1e-9, atol=1e-12 * total.sum())
    assert_close("explained", got[5], 1 - residual.sum() / total.sum(), rtol=1e-9)
    got = query(db, "SELECT s.explained FROM space_%s, space_subjects(space) s" % table)
    assert_close("explained", np.array(got)[:, 0], 1 - residual / total, rtol=1e-9)


def test_srm_equations(db):
    """A turn of the server's is a turn of NumPy's; the fixed point; the same objective as from another start."""
    for name, voxels, times in (("a", [50, 61, 44], 30), ("b", [12, 20, 9, 15], 70), ("c", [20, 90, 33], 33)):
        k = 4
        _, _, data = planted(len(voxels), times, voxels, k, 0.5)
        data = [d + 3 * RNG.standard_normal(d.shape[1]) for d in data]
        x = [d - d.mean(axis=0) for d in data]
        rows(db, "eq_" + name, data)
        w, s = fitted(db, "eq_" + name, len(data), "srm(r, %d, 6, 3)" % k)
        check_space(db, "eq_" + name, data, w, s)
        before = get(db, "(SELECT shared_response(srm(subject, t, y, %d, 3, 3)) FROM eq_%s)" % (k, name))
        want_w, want_s = srm_reference(x, before, 3)
        assert_close(name + " S", s, want_s, rtol=1e-7, atol=1e-7)
        for i in range(len(data)):
            assert_close(name + " W", w[i], want_w[i], rtol=1e-7, atol=1e-7)
        want_w, want_s = srm_reference(x, RNG.standard_normal((times, k)), 3000)
        objective = sum(((a - want_s @ m.T) ** 2).sum() for a, m in zip(x, want_w))
        got = query(db, "SELECT (space_info(srm(r, %d, 3000))).objective FROM (SELECT recordings_agg(subject, t, y) AS r FROM eq_%s) q"
                    % (k, name))[0][0]
        assert_close(name + " objective at convergence", got, objective, rtol=1e-6)


def test_srm_low_rank(db):
    """More components than the data have: maps stay orthonormal, and what is there is found."""
    s, maps, data = planted(3, 40, [30, 60, 25], 2, 0.0)
    rows(db, "low_rank", data)
    w, got = fitted(db, "low_rank", 3, "srm(r, 6, 50)")
    check_space(db, "low_rank", data, w, got)
    assert query(db, "SELECT (space_info(space)).explained > 1 - 1e-9 FROM space_low_rank")[0][0]


def test_srm_any_plan(db):
    """The order of rows, parts, types and threads don't matter."""
    _, _, data = planted(4, 50, [30, 70, 45, 33], 3, 0.4)
    data = [d.astype(np.float32) for d in data]
    rows(db, "plans", data)
    want = get(db, "(SELECT shared_response(srm(subject, t, y, 3)) FROM plans)")
    for statement in ("SELECT shared_response(srm(subject, t, y, 3, 10, 0 ORDER BY md5(t::text))) FROM plans",
                      "SELECT shared_response(srm(sum(r), 3)) FROM (SELECT recordings_agg(subject, t, y) AS r FROM plans GROUP BY t % 5) w",
                      "SELECT shared_response(srm(recordings_agg(subject, t * 7, astype(y, 'float8'))::text::recordings, 3)) FROM plans"):
        assert_equal(statement, get(db, "(%s)" % statement), want)
    with db.cursor() as cur:
        cur.execute("SET neuroenc.threads = 2")
    assert_equal("threads", get(db, "(SELECT shared_response(srm(subject, t, y, 3)) FROM plans)"), want)
    other = get(db, "(SELECT shared_response(srm(subject, t, y, 3, 10, 1)) FROM plans)")
    assert np.abs(other - want).max() > 0.1         # another start, another rotation
    assert aligned_r(other, want) > 0.99


def test_project(db):
    _, _, data = planted(3, 40, [20, 31, 18], 3, 0.4)
    rows(db, "projected", data)
    w, s = fitted(db, "projected", 3, "srm(r, 3)")
    new = RNG.standard_normal((6, 31))
    z = (new - data[1].mean(axis=0)) @ w[1]
    assert_close("matrix", get(db, "(SELECT project(space, 2, from_npy(%s)) FROM space_projected)", [put(new)]), z, rtol=1e-9, atol=1e-12)
    assert_close("vector", get(db, "(SELECT project(space, 2, from_npy(%s)) FROM space_projected)", [put(new[3])]), z[3], rtol=1e-9, atol=1e-12)
    back = z @ w[0].T + data[0].mean(axis=0)
    assert_close("back", get(db, "(SELECT reconstruct(space, 1, from_npy(%s)) FROM space_projected)", [put(z)]), back, rtol=1e-9, atol=1e-12)
    mean = get(db, "(SELECT stack(y ORDER BY t) FROM (SELECT t, avg(project(space, subject, y)) AS y FROM projected, space_projected GROUP BY t) q)")
    assert_close("the series is the mean of the projected", mean, s, rtol=1e-9, atol=1e-9)


def test_add_subjects(db):
    """A new subject's map is the Procrustes solution to the series at the times it has."""
    _, _, data = planted(4, 60, [25, 30, 22, 41], 4, 0.3)
    rows(db, "three", data[:3])
    w, s = fitted(db, "three", 3, "srm(r, 4)")
    keep = np.sort(RNG.permutation(60)[:45])
    db.cursor().execute("CREATE TABLE fourth (subject bigint, t bigint, y tensor)")
    for j in keep:
        db.cursor().execute("INSERT INTO fourth VALUES (-5, %s, from_npy(%s)), (-5, %s, from_npy(%s))",
                            [3 * int(j) - 7, put(data[3][j]), 1000 + int(j), put(data[3][j])])
    db.cursor().execute("CREATE TABLE joined AS SELECT add_subjects(space, r) AS space FROM space_three,"
                        " (SELECT recordings_agg(subject, t, y) AS r FROM fourth) q")
    x, target = data[3][keep], s[keep]
    want = polar((x - x.mean(axis=0)).T @ (target - target.mean(axis=0)))
    assert_close("map", get(db, "(SELECT subject_map(space, -5) FROM joined)"), want, rtol=1e-8, atol=1e-8)
    got = get(db, "(SELECT project(space, -5, from_npy(%s)) FROM joined)", [put(x)])
    assert_close("rows, with the series' mean", got, (x - x.mean(axis=0)) @ want + target.mean(axis=0), rtol=1e-8, atol=1e-8)
    assert_equal("others", get(db, "(SELECT subject_map(space, 2) FROM joined)"), w[1])
    assert_equal("series", get(db, "(SELECT shared_response(space) FROM joined)"), s)
    assert_equal("order", query(db, "SELECT s.subject FROM joined, space_subjects(space) s"), [[-5], [1], [2], [3]])


# ---- hyperalignment

def hyperalign_reference(data, n_iter):
    """Haxby et al. 2011 with orthogonal Procrustes, written out; data centred."""
    p = max(x.shape[1] for x in data)
    reference = next(i for i, x in enumerate(data) if x.shape[1] == p)
    mapped = [None] * len(data)
    mapped[reference] = data[reference]
    mean, count = data[reference], 1
    for i, x in enumerate(data):
        if i != reference:
            mapped[i] = x @ polar(x.T @ mean)
            count += 1
            mean = mean + (mapped[i] - mean) / count
    for _ in range(n_iter):
        mapped = [x @ polar(x.T @ np.mean(mapped[:i] + mapped[i + 1:], axis=0)) for i, x in enumerate(data)]
    w = [polar(x.T @ np.mean(mapped, axis=0)) for x in data]
    return w, np.mean([x @ m for x, m in zip(data, w)], axis=0)


def test_hyperalign(db):
    """Planted rotations are recovered, and all passes are those of the paper."""
    times, p = 120, 12
    s = RNG.standard_normal((times, p))
    rotations = [np.linalg.qr(RNG.standard_normal((p, p)))[0] for _ in range(4)]
    exact = [s @ q.T + 5 * RNG.standard_normal(p) for q in rotations]
    rows(db, "rotated", exact)
    w, got = fitted(db, "rotated", 4, "hyperalign(r)")
    check_space(db, "rotated", exact, w, got)
    for i in range(1, 4):
        assert_close("rotation", w[0] @ w[i].T, rotations[0] @ rotations[i].T, atol=1e-9)
    assert aligned_r(got, s) > 1 - 1e-9
    noisy = [(s + 0.5 * RNG.standard_normal(s.shape)) @ q.T for q in rotations]
    noisy[0] = noisy[0][:, :9]                      # a narrower subject; the second is the reference
    noisy[3] = noisy[3][:, :11]
    rows(db, "rotated_noisy", noisy)
    for n_iter in (0, 1, 3):
        want_w, want_s = hyperalign_reference([x - x.mean(axis=0) for x in noisy], n_iter)
        db.cursor().execute("DROP TABLE IF EXISTS space_rotated_noisy")
        w, got = fitted(db, "rotated_noisy", 4, "hyperalign(r, %d)" % n_iter)
        check_space(db, "rotated_noisy", noisy, w, got)
        assert_close("S", got, want_s, rtol=1e-7, atol=1e-7)
        for i in range(4):
            assert_close("W", w[i], want_w[i], rtol=1e-7, atol=1e-7)


# ---- time segment matching

def segment_reference(data, segment):
    accuracy = []
    n_segments = data.shape[1] - segment + 1
    for i in range(len(data)):
        x, o = data[i], np.delete(data, i, axis=0).mean(axis=0)
        x, o = x - x.mean(axis=0), o - o.mean(axis=0)
        patterns = [np.array([z[s:s + segment].ravel() for s in range(n_segments)]) for z in (x, o)]
        with np.errstate(invalid="ignore"):
            c = np.corrcoef(*patterns)[:n_segments, n_segments:]
        matched = 0
        for s in range(n_segments):
            others = [c[s, q] for q in range(n_segments) if abs(q - s) >= segment]
            matched += c[s, s] > np.nanmax(others)
        accuracy.append(matched / n_segments)
    return np.array(accuracy)


def test_time_segment_match(db):
    for n, times, v, segment in ((3, 40, 4, 5), (5, 90, 7, 1), (2, 30, 2, 10), (4, 700, 3, 2)):
        data = shared_data(n, times, v, 1.2) + 100
        table = "segments_%d_%d" % (n, times)
        rows(db, table, data)
        want = segment_reference(data, segment)
        assert_close(table, get(db, "(SELECT time_segment_match(subject, t, y, %d) FROM %s)" % (segment, table)), want, rtol=1e-9)
        got = query(db, "SELECT m.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM %s) q, time_segment_match(r, %d) m" % (table, segment))
        assert_equal("subjects", [g[0] for g in got], list(range(1, n + 1)))
        assert_close(table, np.array([g[1] for g in got]), want, rtol=1e-9)
        n_segments = times - segment + 1
        chance = np.mean([1 / (1 + sum(abs(q - s) >= segment for q in range(n_segments))) for s in range(n_segments)])
        assert_close("chance", got[0][2], chance, rtol=1e-12)
        assert_equal("n", got[0][3], n_segments)


def test_time_segment_null(db):
    """Noise is matched as often as chance says."""
    data = RNG.standard_normal((12, 400, 6))
    rows(db, "segment_null", data)
    got = query(db, "SELECT avg(m.accuracy), avg(m.chance) FROM (SELECT recordings_agg(subject, t, y) AS r FROM segment_null) q, time_segment_match(r, 4) m")[0]
    assert abs(got[0] - got[1]) < 0.006, got


def test_srm_generalises(db):
    """Fitted on one half, matched on the other: far better than the voxels as they are."""
    times, k = 200, 6
    s = np.cumsum(RNG.standard_normal((times, k)), axis=0)
    s = (s - s.mean(axis=0)) / s.std(axis=0)
    data = [s @ np.linalg.qr(RNG.standard_normal((50, k)))[0].T + 0.15 * RNG.standard_normal((times, 50)) for _ in range(5)]
    rows(db, "halves", data)
    middle = 3 * (times // 2) - 7
    statement = ("SELECT avg(m.accuracy) FROM (SELECT recordings_agg(subject, t, %s) AS r FROM halves%s WHERE t >= %d) q,"
                 " time_segment_match(r, 6) m")
    anatomical = query(db, statement % ("y", "", middle))[0][0]
    db.cursor().execute("CREATE TABLE half AS SELECT srm(subject, t, y, %d) AS space FROM halves WHERE t < %d" % (k, middle))
    shared = query(db, statement % ("project(space, subject, y)", ", half", middle))[0][0]
    assert shared > 0.9 and shared > anatomical + 0.5, (shared, anatomical)


def test_errors(db):
    data = shared_data(3, 10, 4)
    rows(db, "broken", data)
    cur = db.cursor()
    cur.execute("INSERT INTO broken SELECT 2, -7, y FROM broken WHERE subject = 1 LIMIT 1")
    with raises(db, "22000", "It is subject 2 at time -7."):
        cur.execute("SELECT isc(subject, t, y) FROM broken")
    with raises(db, "22000", "element 3 of y is NaN"):
        cur.execute("SELECT srm(subject, t, CASE WHEN subject = 1 AND t = 5 THEN tensor '[1,2,NaN,4]' ELSE y END, 2)"
                    " FROM broken WHERE subject <> 2")


# ---- the step

def test_procrustes_align(db):
    """Rotation, scale and translation: against least squares written out, and a planted transform; widths of all kinds."""
    for p, q, n in ((6, 6, 40), (4, 9, 30), (9, 4, 30), (12, 15, 8)):
        x, y = RNG.standard_normal((n, p)) + 5, RNG.standard_normal((n, q)) - 3
        table = "align_%d_%d" % (p, q)
        create_rows(db, table, {"x": x, "y": y})
        a, b = x - x.mean(axis=0), y - y.mean(axis=0)
        r = polar(a.T @ b)
        scale = np.sum(a @ r * b) / np.sum((a @ r) ** 2)
        field = lambda name: get(db, "(SELECT (procrustes_align(x, y)).%s FROM %s)" % (name, table))
        if min(p, q) < n - 1:
            assert_close("rotation", field("rotation"), r, rtol=1e-8, atol=1e-8)
            assert_close("translation", field("translation"), y.mean(axis=0) - scale * x.mean(axis=0) @ r, rtol=1e-7, atol=1e-7)
        got = query(db, "SELECT a.scale, a.r2 FROM (SELECT procrustes_align(paired_agg(x, y)) AS s FROM %s) q, LATERAL (SELECT (s).*) a" % table)[0]
        assert_close("scale", got[0], scale, rtol=1e-8)
        assert_close("r2", got[1], 1 - ((b - scale * a @ r) ** 2).sum() / (b**2).sum(), rtol=1e-8)
    q, _ = np.linalg.qr(RNG.standard_normal((5, 5)))
    x = RNG.standard_normal((20, 5))
    create_rows(db, "align_planted", {"x": x, "y": 2.5 * x @ q + np.arange(5)})
    assert_close("planted", get(db, "(SELECT (procrustes_align(x, y)).rotation FROM align_planted)"), q, atol=1e-12)
    assert_close("planted", get(db, "(SELECT (procrustes_align(x, y)).translation FROM align_planted)"), np.arange(5), atol=1e-12)
    assert_close("planted", query(db, "SELECT (procrustes_align(x, y)).scale FROM align_planted")[0][0], 2.5, rtol=1e-12)
