"""Units of two populations: corr, best_match, assignment and transport_plan against NumPy and SciPy, soft_match, excess_correlation."""

import json

import numpy as np
from scipy.optimize import linear_sum_assignment, linprog

from neuroenc_oracle import assert_close, create_rows, data, get, load, put, raises

RNG = np.random.default_rng(404)


def rows(db, statement, args=()):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return cur.fetchall()


def correlations(X, Y):
    """Pearson's r of columns, over the rows where y is not NaN."""
    r = np.full((X.shape[1], Y.shape[1]), np.nan)
    for j in range(Y.shape[1]):
        kept = ~np.isnan(Y[:, j])
        for i in range(X.shape[1]):
            x, y = X[kept, i].astype(float), Y[kept, j].astype(float)
            if len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0:
                r[i, j] = np.corrcoef(x, y)[0, 1]
    return r


def test_corr(db):
    n, p, v = 300, 12, 9
    X = RNG.standard_normal((n, p))
    Y = X[:, :v] * 0.5 + RNG.standard_normal((n, v)) + 1e3
    X[:, 3] = 7.1
    Y[:, 2] = 0.1
    create_rows(db, "corr_rows", {"x": X, "y": Y})
    want = correlations(X, Y)
    for state in ("gram_agg(x, y)", "gram_agg(x, y, id % 7)", "cross_agg(x, y)"):
        assert_close(state, get(db, f"(SELECT corr({state}) FROM corr_rows)"), want, 0, 1e-11)
    assert_close("x alone", get(db, "(SELECT corr(gram_agg(x)) FROM corr_rows)"), correlations(X, X), 0, 1e-11)
    assert_close("sum", get(db, "(SELECT corr(sum(g)) FROM (SELECT cross_agg(x, y) AS g FROM corr_rows GROUP BY id % 5) q)"), want, 0, 1e-11)


def test_corr_missing(db):
    n, p, v = 200, 8, 6
    X = RNG.standard_normal((n, p)) + 50
    Y = X[:, :v] + RNG.standard_normal((n, v))
    Y[RNG.random((n, v)) < 0.1] = np.nan
    Y[:60, 1] = np.nan
    Y[1:, 5] = np.nan
    X[60:, 2] = 3
    create_rows(db, "corr_missing", {"x": X, "y": Y})
    for state in ("gram_agg(x, y)", "gram_agg(x, y, id % 3)"):
        assert_close(state, get(db, f"(SELECT corr({state}) FROM corr_missing)"), correlations(X, Y), 0, 1e-10)


def test_corr_large(db):
    """Many columns, where products are float4, and more than one block of rows."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE corr_large AS SELECT i AS id, random_normal('{600}', i) + 100 AS x, random_normal('{600}', i) * 2 + random_normal('{600}', -i) AS y FROM generate_series(1, 3000) i")
    X = get(db, "(SELECT stack(x ORDER BY id) FROM corr_large)").astype(float)
    Y = get(db, "(SELECT stack(y ORDER BY id) FROM corr_large)").astype(float)
    Xz = (X - X.mean(0)) / X.std(0)
    Yz = (Y - Y.mean(0)) / Y.std(0)
    want = Xz.T @ Yz / len(X)
    for state in ("cross_agg(x, y)", "gram_agg(x, y)"):
        assert_close(state, get(db, f"(SELECT corr({state}) FROM corr_large)"), want, 0, 1e-6)
    assert_close("float8", get(db, "(SELECT corr(cross_agg(astype(x, 'float8'), y)) FROM corr_large)"), want, 0, 1e-11)
    assert_close("types in turn", get(db, "(SELECT corr(cross_agg(CASE WHEN id % 900 = 0 THEN astype(x, 'float8') ELSE x END, y)) FROM corr_large)"), want, 0, 1e-6)


def test_best_match(db):
    m = RNG.integers(-5, 5, (30, 12)).astype(float)
    m[RNG.random(m.shape) < 0.2] = np.nan
    for unit, partner, value in rows(db, "SELECT * FROM best_match(from_npy(%s))", [put(m)]):
        assert (partner - 1, value) == (np.nanargmax(m[unit - 1]), np.nanmax(m[unit - 1]))


def assigned(db, cost, maximize=False):
    """The total, after checking that the pairs are one to one and carry their own costs."""
    found = rows(db, "SELECT * FROM assignment(from_npy(%s), %s)", [put(cost), maximize])
    i, j, c = (np.array(column) for column in zip(*found))
    assert len(found) == min(cost.shape) and len(set(i)) == len(found) and len(set(j)) == len(found)
    assert (c == cost[i - 1, j - 1]).all() and (np.diff(i) > 0).all()
    return c.sum()


def test_assignment(db):
    shapes = [(1, 1), (1, 7), (7, 1), (5, 5), (30, 30), (20, 60), (60, 20), (150, 151), (300, 300)]
    for m, n in shapes:
        kinds = {"normal": RNG.standard_normal((m, n)), "few values": RNG.integers(0, 4, (m, n)).astype(float),
                 "equal": np.full((m, n), 2.5), "products": np.outer(np.arange(m), np.arange(n)) / 7,
                 "near ties": 1 + 1e-16 * RNG.integers(0, 9, (m, n)), "large": 1e12 * RNG.random((m, n)),
                 "correlated": np.corrcoef(RNG.standard_normal((m + n, 9)) + RNG.standard_normal(9))[:m, m:]}
        for kind, cost in kinds.items():
            for maximize in (False, True):
                want = cost[linear_sum_assignment(cost, maximize=maximize)].sum()
                assert_close(f"{kind} {m} x {n}", assigned(db, cost, maximize), want, 1e-12, 1e-12)


def test_assignment_forbidden(db):
    feasible = infeasible = 0
    for trial in range(300):
        m, n = RNG.integers(1, 9, 2)
        cost = RNG.integers(0, 9, (m, n)).astype(float)
        cost[RNG.random((m, n)) < RNG.choice([0.1, 0.4, 0.6])] = np.inf
        try:
            want = cost[linear_sum_assignment(cost)].sum()
        except ValueError:
            with raises(db, "22000", "avoids the forbidden pairs"):
                rows(db, "SELECT * FROM assignment(from_npy(%s))", [put(cost)])
            infeasible += 1
            continue
        assert_close("total", assigned(db, cost), want, 1e-12)
        assert_close("maximized", assigned(db, -cost, True), -want, 1e-12)
        feasible += 1
    assert min(feasible, infeasible) > 20, (feasible, infeasible)


def transported(db, cost, supply=None, demand=None):
    """The total, after checking that the plan moves what it must."""
    m, n = cost.shape
    found = rows(db, "SELECT * FROM transport_plan(from_npy(%s), from_npy(%s), from_npy(%s))",
                 [put(cost), None if supply is None else put(supply), None if demand is None else put(demand)])
    plan = np.zeros((m, n))
    for source, sink, mass, c in found:
        plan[source - 1, sink - 1] = mass
        assert c == cost[source - 1, sink - 1] and mass > 0
    assert len(found) <= m + n - 1
    supply = np.full(m, 1 / m) if supply is None else supply
    demand = np.full(n, 1 / n) if demand is None else demand
    assert_close("rows of the plan", plan.sum(1), supply, 1e-9, 1e-12)
    assert_close("columns of the plan", plan.sum(0), demand, 1e-9, 1e-12)
    return (plan * cost).sum()


def least_cost(cost, supply, demand):
    """The linear program, by HiGHS."""
    m, n = cost.shape
    A = np.vstack([np.kron(np.eye(m), np.ones(n)), np.kron(np.ones(m), np.eye(n))])
    return linprog(cost.ravel(), A_eq=A, b_eq=np.r_[supply, demand], method="highs").fun


def test_transport(db):
    for m, n in [(1, 1), (1, 5), (5, 1), (3, 3), (6, 4), (12, 18), (17, 13), (40, 40), (35, 50)]:
        points = RNG.standard_normal((m + n, 3))
        kinds = {"normal": RNG.standard_normal((m, n)), "few values": RNG.integers(0, 3, (m, n)).astype(float),
                 "equal": np.full((m, n), -1.5), "metric": np.linalg.norm(points[:m, None] - points[None, m:], axis=2)}
        for kind, cost in kinds.items():
            want = least_cost(cost, np.full(m, 1 / m), np.full(n, 1 / n))
            assert_close(f"uniform, {kind} {m} x {n}", transported(db, cost), want, 1e-9, 1e-9)
            supply, demand = RNG.random(m), RNG.random(n)
            supply[RNG.random(m) < 0.2] = 0
            supply[0] = 1
            demand *= supply.sum() / demand.sum()
            want = least_cost(cost, supply, demand)
            assert_close(f"{kind} {m} x {n}", transported(db, cost, supply, demand), want, 1e-8, 1e-8)
            whole = RNG.integers(1, 4, m).astype(float)
            shared = RNG.multinomial(int(whole.sum()), np.full(n, 1 / n)).astype(float)
            assert_close(f"whole, {kind} {m} x {n}", transported(db, cost, whole, shared), least_cost(cost, whole, shared), 1e-8, 1e-8)


def test_transport_is_assignment(db):
    cost = RNG.standard_normal((120, 120))
    assert_close("p = q", transported(db, cost), cost[linear_sum_assignment(cost)].mean(), 1e-12)


def test_soft_match(db):
    X = RNG.standard_normal((40, 14))
    Y = np.c_[X[:, 3:9] + 0.5 * RNG.standard_normal((40, 6)), RNG.standard_normal((40, 5))]
    create_rows(db, "soft_rows", {"x": X, "y": Y})
    Xc, Yc = X - X.mean(0), Y - Y.mean(0)
    nx, ny = np.linalg.norm(Xc, axis=0), np.linalg.norm(Yc, axis=0)
    score = -least_cost(-(Xc / nx).T @ (Yc / ny), np.full(14, 1 / 14), np.full(11, 1 / 11))
    want = [score, np.sqrt(2 - 2 * score)]
    for call in ("soft_match(x, y)", "soft_match(cross_agg(x, y))", "soft_match(corr(gram_agg(x, y)))"):
        assert_close(call, rows(db, f"SELECT (m).* FROM (SELECT {call} AS m FROM soft_rows) q")[0], want, 1e-7)
    squared = least_cost((nx**2)[:, None] + ny**2 - 2 * Xc.T @ Yc, np.full(14, 1 / 14), np.full(11, 1 / 11))
    found = rows(db, "SELECT (m).* FROM (SELECT soft_match(cross_agg(x, y), false) AS m FROM soft_rows) q")[0]
    assert_close("unscaled", found[1], np.sqrt(squared), 1e-7)
    assert_close("its score", found[0], ((nx**2).mean() + (ny**2).mean() - squared) / 2 / np.sqrt((nx**2).mean() * (ny**2).mean()), 1e-7)


def test_soft_match_metric(db):
    """Symmetric, 0 for the same units, and the triangle inequality, for populations of different sizes."""
    sets = [RNG.standard_normal((20, n)) for n in (3, 4, 6, 5, 4, 8)]
    create_rows(db, "soft_sets", {f"x{i}": s for i, s in enumerate(sets)})
    d = np.zeros((6, 6))
    for i in range(6):
        for j in range(6):
            d[i, j] = rows(db, f"SELECT (soft_match(x{i}, x{j})).distance FROM soft_sets")[0][0]
    assert_close("d(x, x)", np.diag(d), np.zeros(6), 0, 1e-6)
    assert_close("symmetry", d, d.T, 1e-12)
    for k in range(6):
        assert (d <= d[:, [k]] + d[[k], :] + 1e-6).all()


def test_simrepo(db):
    """The permutation metric and the hard match as other packages have them."""
    X, Y = load("oracles", "simrepo_X.csv"), load("oracles", "simrepo_Y.csv")
    consensus = {row[0]: float(row[1]) for row in np.genfromtxt(data("oracles", "simrepo_consensus.csv"), delimiter=",", dtype=str, skip_header=1)}
    netrep = json.load(open(data("oracles", "netrep_on_simrepo.json")))
    create_rows(db, "simrepo_units", {"x": X, "y": Y})
    score, distance = rows(db, "SELECT (m).* FROM (SELECT soft_match(cross_agg(x, y), scaled => false) AS m FROM simrepo_units) q")[0]
    assert_close("permutation score", score, consensus["permutation_metric-score"], 1e-6)
    assert_close("angular", np.arccos(score), netrep["PermutationMetric_angular"], 1e-6)
    assert_close("angular, consensus", np.arccos(score), consensus["permutation_metric-distance=angular"], 1e-6)
    assert_close("euclidean", np.sqrt(X.shape[1]) * distance, netrep["PermutationMetric_euclidean"], 1e-6)
    assert_close("squared", X.shape[1] * distance**2, consensus["permutation_metric-distance=squared_euclidean"], 1e-6)
    hard = rows(db, "SELECT (soft_match(x, y)).score FROM simrepo_units")[0][0]
    assert_close("hard match", hard, consensus["hard_correlation_match"], 1e-6)
    pairs = rows(db, "SELECT avg(cost) FROM assignment((SELECT corr(cross_agg(x, y)) FROM simrepo_units), maximize => true)")[0][0]
    assert_close("by assignment", pairs, consensus["hard_correlation_match"], 1e-6)
    uncentred = rows(db, "SELECT sum(cost) FROM assignment(from_npy(%s), maximize => true)", [put(X.T @ Y)])[0][0]
    assert_close("permutation without centring", np.sqrt((X**2).sum() + (Y**2).sum() - 2 * uncentred), consensus["permutation_procrustes"], 1e-6)
    # soft_correlation_match there is more than any plan with uniform masses can reach
    best = -least_cost(-correlations(X, Y), np.full(25, 1 / 25), np.full(25, 1 / 25))
    assert_close("the largest", hard, best, 1e-9)
    assert consensus["soft_correlation_match"] > best + 1e-4


def excess(db, state, seed=0):
    found = rows(db, f"SELECT * FROM excess_correlation((SELECT {state}), %s) ORDER BY unit", [seed])
    return [np.array(column, float) for column in zip(*found)]


def test_excess_correlation(db):
    n, p = 400, 30
    rng = np.random.default_rng(11)
    X = rng.laplace(size=(n, p)) * rng.uniform(0.5, 2, p) + 5
    shared = X[:, :6] + 0.2 * X[:, :6].std(0) * rng.standard_normal((n, 6))
    Y = np.c_[shared, X @ rng.standard_normal((p, 4)), rng.standard_normal((n, 3))]
    create_rows(db, "excess_rows", {"x": X, "y": Y})
    unit, partner, r, rotated, difference = excess(db, "gram_agg(x, y) FROM excess_rows", 7)
    want = correlations(X, Y)
    assert_close("r", r, want.max(0), 1e-9)
    assert (partner - 1 == want.argmax(0)).all(), partner
    assert_close("excess", difference, r - rotated, 1e-12)
    # the largest correlations after rotations of NumPy's: the same distribution
    own = np.array([excess(db, "gram_agg(x, y) FROM excess_rows", seed)[3] for seed in range(40)])
    theirs = []
    for seed in range(40):
        Q, R = np.linalg.qr(np.random.default_rng(seed).standard_normal((p, p)))
        theirs.append(correlations(X @ (Q * np.sign(np.diag(R))), Y).max(0))
    theirs = np.array(theirs)
    error = np.sqrt(own.var(0) / 40 + theirs.var(0) / 40)
    assert (np.abs(own.mean(0) - theirs.mean(0)) < 4.5 * error).all(), (own.mean(0) - theirs.mean(0)) / error
    assert difference[:6].min() > 0.2 and own.std(0).min() > 0, (difference, own.std(0))


def test_excess_rotation_is_orthogonal(db):
    """White features stay white: of p orthonormal columns, the rotated ones reach a y in their span by r with sum of squares 1."""
    n, p = 60, 10
    Q, _ = np.linalg.qr(np.c_[np.ones(n), RNG.standard_normal((n, p))])
    X = Q[:, 1:] * 3
    create_rows(db, "white_rows", {"x": X})
    r = np.array([excess(db, "gram_agg(x, x) FROM white_rows", seed)[3] for seed in range(200)])
    # a coordinate of a random unit vector in p dimensions, the largest of p: bounded by 1 and below by 1/sqrt(p)
    draws = np.random.default_rng(0).standard_normal((20000, p))
    want = (draws / np.linalg.norm(draws, axis=1, keepdims=True)).max(1)
    assert r.max() <= 1 and abs(r.mean() - want.mean()) < 0.02, (r.mean(), want.mean())
