"""stochastic_shape_distance against its definition: closed forms, brute force over rotations, planted rotations, metric axioms."""

import numpy as np
from scipy.optimize import minimize

from neuroenc_oracle import assert_close, create_rows, raises

RNG = np.random.default_rng(53)


def trials(conditions, p, n, spread=1.0):
    """Trials of each condition about its mean with its own covariance: list of n x p."""
    return [spread * RNG.standard_normal(p) + RNG.standard_normal((n, p)) @ RNG.standard_normal((p, p)) * 0.6 for _ in range(conditions)]


def table_of(db, table, x, y=None):
    """Rows (label, x, y): trials of x and of y in rows of their own where their numbers differ."""
    labels = np.concatenate([np.full(len(t), c) for c, t in enumerate(x)])
    create_rows(db, table + "_x", {"label": labels, "x": np.vstack(x)})
    if y is not None:
        labels = np.concatenate([np.full(len(t), c) for c, t in enumerate(y)])
        create_rows(db, table + "_y", {"label": labels, "y": np.vstack(y)})
        with db.cursor() as cur:
            cur.execute("CREATE VIEW {0} AS SELECT label, x, NULL::tensor AS y FROM {0}_x UNION ALL SELECT label, NULL, y FROM {0}_y".format(table))


def number(db, expression, table):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM %s" % (expression, table))
        return cur.fetchone()[0]


def moments(x, p=None):
    p = p or x[0].shape[1]
    pad = [np.pad(t, ((0, 0), (0, p - t.shape[1]))) for t in x]
    return np.array([t.mean(axis=0) for t in pad]), np.array([np.cov(t.T) if len(t) > 1 else np.zeros((p, p)) for t in pad])


def root(s):
    w, v = np.linalg.eigh(s)
    return (v * np.sqrt(np.maximum(w, 0))) @ v.T


def objective(q, mx, sx, my, sy, alpha):
    """Squared distance at this rotation of y."""
    total = 0
    for a, s, b, t in zip(mx, sx, my, sy):
        r = root(s)
        t = q @ t @ q.T
        bures = np.trace(s) + np.trace(t) - 2 * np.sqrt(np.maximum(np.linalg.eigvalsh(r @ t @ r), 0)).sum()
        total += alpha * ((a - q @ b) ** 2).sum() + (2 - alpha) * bures
    return total / len(mx)


def alternating(x, y, alpha, starts=80):
    """The least over many random starts of alternating Procrustes steps on the roots of the covariances."""
    p = max(x[0].shape[1], y[0].shape[1])
    (mx, sx), (my, sy) = moments(x, p), moments(y, p)
    rx, ry = np.array([root(s) for s in sx]), np.array([root(s) for s in sy])
    best, found = -np.inf, None
    for _ in range(starts):
        q = np.linalg.qr(RNG.standard_normal((p, p)))[0] * RNG.choice([-1.0, 1.0], p)
        before = -np.inf
        for _ in range(600):
            u, _, vt = np.linalg.svd(rx @ q @ ry)
            u, s, vt = np.linalg.svd(alpha * mx.T @ my + (2 - alpha) * (rx @ (u @ vt) @ ry).sum(axis=0))
            q = u @ vt
            if s.sum() - before < 1e-13 * abs(before):
                break
            before = s.sum()
        if s.sum() > best:
            best, found = s.sum(), q
    return np.sqrt(max(objective(found, mx, sx, my, sy, alpha), 0))


def brute(x, y, alpha):
    """The least over rotations and reflections of the plane: a grid of angles, then local searches."""
    mx, sx = moments(x)
    my, sy = moments(y)
    best = np.inf
    for flip in (1.0, -1.0):
        turn = lambda v: np.array([[np.cos(v[0]), -np.sin(v[0])], [np.sin(v[0]), np.cos(v[0])]]) @ np.diag([flip, 1.0])
        grid = sorted(np.linspace(0, 2 * np.pi, 60, endpoint=False), key=lambda a: objective(turn([a]), mx, sx, my, sy, alpha))
        for guess in grid[:4]:
            found = minimize(lambda v: objective(turn(v), mx, sx, my, sy, alpha), [guess], method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000})
            best = min(best, found.fun)
    return np.sqrt(max(best, 0))


def test_two_dimensions(db):
    for i, alpha in enumerate((0.0, 0.5, 1.0, 1.7, 2.0)):
        x, y = trials(6, 2, 9), trials(6, 2, 9)
        table_of(db, "plane_%d" % i, x, y)
        want = brute(x, y, alpha)
        assert_close("alpha %g" % alpha, number(db, "stochastic_shape_distance(label, x, y, %r)" % alpha, "plane_%d" % i), want, rtol=1e-6)


def test_more_dimensions(db):
    """Unrelated responses, where most starts end in another minimum."""
    for i, (p, n, alpha) in enumerate(((3, 8, 1.0), (3, 3, 1.0), (3, 2, 0.0), (3, 40, 0.4), (5, 40, 0.7), (6, 12, 1.0))):
        x, y = trials(5, p, n), trials(5, p, n)
        table_of(db, "space_%d" % i, x, y)
        want = alternating(x, y, alpha)
        assert_close("%d units, %d trials, alpha %g" % (p, n, alpha), number(db, "stochastic_shape_distance(label, x, y, %r)" % alpha, "space_%d" % i), want, rtol=1e-6)


def test_unequal(db):
    """Three units against two, other numbers of trials, conditions that only one has."""
    x, y = trials(5, 3, 7), trials(5, 2, 11)
    table_of(db, "unequal", x, y)
    want = alternating(x, y, 1.0)
    assert_close("padded", number(db, "stochastic_shape_distance(label, x, y)", "unequal"), want, rtol=1e-6)
    assert_close("other way", number(db, "stochastic_shape_distance(label, y, x)", "unequal"), want, rtol=1e-6)
    assert_close("shared conditions", number(db, "stochastic_shape_distance(CASE WHEN label < 4 THEN label WHEN y IS NULL THEN 7 ELSE 8 END, x, y)", "unequal"),
                 alternating(x[:4], y[:4], 1.0), rtol=1e-6)


def test_one_condition(db):
    """Covariances alone of one condition: the roots of the eigenvalues, in order."""
    for p, n in ((4, 30), (6, 4), (25, 300)):
        x, y = trials(1, p, n), trials(1, p, n)
        table = "one_%d" % p
        table_of(db, table, x, y)
        roots = [np.sqrt(np.maximum(np.linalg.eigvalsh(moments(t)[1][0]), 0)) for t in (x, y)]
        assert_close(table, number(db, "stochastic_shape_distance(label, x, y, 0)", table),
                     np.sqrt(2) * np.linalg.norm(roots[0] - roots[1]), rtol=1e-6)


def test_means_alone(db):
    """Alpha 2 is twice the Procrustes distance of the means, over the conditions, squared."""
    x, y = trials(12, 5, 6), trials(12, 5, 6)
    table_of(db, "means", x, y)
    a, b = moments(x)[0], moments(y)[0]
    want = np.sqrt(2 * ((a**2).sum() + (b**2).sum() - 2 * np.linalg.svd(a.T @ b, compute_uv=False).sum()) / 12)
    assert_close("means", number(db, "stochastic_shape_distance(label, x, y, 2)", "means"), want, rtol=1e-9)
    means = "(SELECT label, avg(x) AS x, avg(y) AS y FROM means GROUP BY label) q"
    assert_close("one trial a condition", number(db, "stochastic_shape_distance(label, x, y, 1)", means), want / np.sqrt(2), rtol=1e-6)


def test_identity_without_rotation(db):
    """Two populations of one unit: the sign is all there is."""
    x, y = trials(9, 1, 20), trials(9, 1, 20)
    table_of(db, "line", x, y)
    mx, sx, my, sy = (np.array([f(t) for t in z]) for z in (x, y) for f in (np.mean, lambda t: np.std(t, ddof=1)))
    want = min(np.sqrt(np.mean((mx - sign * my) ** 2 + (sx - sy) ** 2)) for sign in (1, -1))
    assert_close("line", number(db, "stochastic_shape_distance(label, x, y)", "line"), want, rtol=1e-9)


def test_planted_rotation(db):
    """y is x turned: distance 0, however few trials and conditions."""
    for i, (conditions, p, n) in enumerate(((20, 6, 10), (3, 8, 30), (40, 12, 3), (10, 5, 400))):
        x = trials(conditions, p, n)
        turn = np.linalg.qr(RNG.standard_normal((p, p)))[0]
        table = "turned_%d" % i
        table_of(db, table, x, [t @ turn for t in x])
        scale = np.sqrt(np.mean([(t**2).sum(axis=1).mean() for t in x]))
        for alpha in (0.6, 1.0):
            got = number(db, "stochastic_shape_distance(label, x, y, %r)" % alpha, table)
            assert got <= 1e-5 * scale, (table, alpha, got, scale)


def test_forms_agree(db):
    """Aggregates, states of one population, sums of states, text labels; rows and moments of many trials."""
    x, y = trials(8, 4, 700), trials(8, 4, 700)
    table_of(db, "forms", x, y)
    want = number(db, "stochastic_shape_distance(label, x, y)", "forms")
    a = "(SELECT trials_agg(label, x) FROM forms)"
    b = "(SELECT trials_agg(label, y) FROM forms)"
    assert_close("states", number(db, "stochastic_shape_distance(%s, %s)" % (a, b), "(SELECT 1) q"), want, rtol=1e-9)
    assert_close("text", number(db, "stochastic_shape_distance('c' || label, x, y, 1)", "forms"), want, rtol=1e-9)
    sums = "(SELECT sum(t) FROM (SELECT trials_agg(label, %s ORDER BY id DESC) AS t FROM forms_%s GROUP BY (id * 7) %% 5) q)"
    assert_close("sums", number(db, "stochastic_shape_distance(%s, %s)" % (sums % ("x", "x"), sums % ("y", "y")), "(SELECT 1) q"), want, rtol=1e-9)
    assert_close("stored", number(db, "stochastic_shape_distance((%s)::text::trial_set, %s)" % (a, b), "(SELECT 1) q"), want, rtol=1e-9)
    assert_close("seed", number(db, "stochastic_shape_distance(%s, %s, seed => 5)" % (a, b), "(SELECT 1) q"), want, rtol=1e-7)
    with db.cursor() as cur:
        cur.execute("CREATE TABLE forms_all WITH (parallel_workers = 2) AS SELECT * FROM forms")
        cur.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
        cur.execute("EXPLAIN SELECT stochastic_shape_distance(label, x, y) FROM forms_all")
        assert "Partial Aggregate" in str(cur.fetchall())
    assert_close("parallel", number(db, "stochastic_shape_distance(label, x, y)", "forms_all"), want, rtol=1e-9)
    mx, sx = moments(x)
    my, sy = moments(y)
    assert want <= np.sqrt(min(objective(np.linalg.qr(RNG.standard_normal((4, 4)))[0], mx, sx, my, sy, 1.0) for _ in range(200)))


def test_metric(db):
    """Symmetry, and the triangle inequality on 1,000 triples of networks (5 conditions, 3 units, 6 trials)."""
    m = 24
    networks = [trials(5, 3, 6, spread=0.5) for _ in range(m)]
    label = np.tile(np.repeat(np.arange(5), 6), m)
    create_rows(db, "networks", {"network": np.repeat(np.arange(m), 30), "label": label, "x": np.vstack([np.vstack(t) for t in networks])})
    with db.cursor() as cur:
        cur.execute("CREATE TABLE states AS SELECT network, trials_agg(label, x) AS t FROM networks GROUP BY network")
        cur.execute("SELECT a.network, b.network, stochastic_shape_distance(a.t, b.t) FROM states a, states b")
        d = np.full((m, m), np.nan)
        for i, j, value in cur.fetchall():
            d[i, j] = value
    assert_close("symmetric", d, d.T, rtol=1e-6, atol=1e-6)
    assert_close("itself", np.diag(d), np.zeros(m), rtol=0, atol=1e-6)
    worst = -np.inf
    for _ in range(1000):
        i, j, k = RNG.choice(m, 3, replace=False)
        worst = max(worst, d[i, k] - d[i, j] - d[j, k])
    assert worst <= 1e-6, worst


def test_scale(db):
    x, y = trials(6, 3, 5), trials(6, 3, 5)
    table_of(db, "scale", x, y)
    want = number(db, "stochastic_shape_distance(label, x, y)", "scale")
    assert_close("large", number(db, "stochastic_shape_distance(label, astype(x, 'float8') * 1e100, astype(y, 'float8') * 1e100)", "scale"), 1e100 * want, rtol=1e-7)


def test_errors(db):
    create_rows(db, "wrong", {"label": np.arange(4), "x": np.eye(4), "y": np.eye(4)})
    with raises(db, "22023", "alpha must be from 0 to 2, not 2.5"):
        number(db, "stochastic_shape_distance(label, x, y, 2.5)", "wrong")
    with raises(db, "22023", "no condition has trials of both"):
        number(db, "stochastic_shape_distance(label, CASE WHEN label < 2 THEN x END, CASE WHEN label > 1 THEN y END)", "wrong")
