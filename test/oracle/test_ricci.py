"""ollivier_ricci and ricci_flow: the karate club, and graphs whose transport is solved by SciPy's linear programming."""

import json

import numpy as np
from scipy.optimize import linprog
from scipy.sparse.csgraph import shortest_path

from neuroenc_oracle import assert_close, data, put

RNG = np.random.default_rng(78)


def rows(db, statement, args=()):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return cur.fetchall()


def wasserstein(cost, a, b):
    m, n = cost.shape
    A = np.vstack([np.kron(np.eye(m), np.ones(n)), np.kron(np.ones(m), np.eye(n))])
    return linprog(cost.ravel(), A_eq=A, b_eq=np.r_[a, b], method="highs").fun


def curvatures(weight, alpha):
    """{(a, b): curvature} of a graph whose matrix of lengths has NaN where there is no edge; and the distances."""
    present = ~np.isnan(weight)
    D = shortest_path(np.where(present, weight, 0), directed=False)
    walks = np.where(present, (1 - alpha) / np.maximum(present.sum(1, keepdims=True), 1), 0)
    np.fill_diagonal(walks, alpha)
    found = {}
    for a, b in zip(*np.nonzero(np.triu(present, 1))):
        i, j = np.nonzero(walks[a])[0], np.nonzero(walks[b])[0]
        found[a, b] = 1 - wasserstein(D[np.ix_(i, j)], walks[a, i], walks[b, j]) / D[a, b]
    return found, D


def neighbours(D, k):
    """Lengths of the symmetrised k-nearest-neighbour graph."""
    n = len(D)
    weight = np.full((n, n), np.nan)
    for i in range(n):
        order = [j for j in np.argsort(D[i], kind="stable") if j != i and not np.isnan(D[i, j])]
        for j in order[:k]:
            weight[i, j] = weight[j, i] = D[i, j]
    return weight


def test_karate(db):
    club = json.load(open(data("oracles", "ollivier_ricci_karate.json")))
    want = {tuple(edge): value for edge, value in zip(club["edges"], club["expected_6dp"])}
    assert len(want) == 78
    source, target = (list(side) for side in zip(*club["edges"]))
    found = rows(db, "SELECT a::int, b::int, curvature FROM ollivier_ricci(%s, %s)", [source, target])
    assert len(found) == 78
    for a, b, curvature in found:
        assert_close(f"({a}, {b})", curvature, want[a, b], 0, 1e-6)
    labels = rows(db, "SELECT a, b, curvature FROM ollivier_ricci(%s, %s, alpha => .5)", [[f"n{s:02}" for s in source], [f"n{t:02}" for t in target]])
    assert [c for _, _, c in labels] == [c for _, _, c in found]


def test_weighted_graphs(db):
    for n, density, alpha in ((8, 0.4, 0.5), (14, 0.3, 0.0), (14, 0.5, 0.3), (20, 0.25, 0.9)):
        weight = np.where(RNG.random((n, n)) < density, RNG.random((n, n)) + 0.1, np.nan)
        weight = np.where(np.tri(n, dtype=bool), np.nan, weight)
        source, target = np.nonzero(~np.isnan(weight))
        lengths = weight[source, target]
        weight = np.where(np.isnan(weight), weight.T, weight)
        want, _ = curvatures(weight, alpha)
        found = rows(db, "SELECT a::int, b::int, curvature FROM ollivier_ricci(%s, %s, %s, %s)",
                     [source.tolist(), target.tolist(), lengths.tolist(), alpha])
        assert len(found) == len(want)
        for a, b, curvature in found:
            assert_close(f"({a}, {b})", curvature, want[a, b], 0, 1e-7)


def test_rdm(db):
    points = RNG.standard_normal((25, 3))
    D = np.linalg.norm(points[:, None] - points[None], axis=2)
    D[3, 9] = D[9, 3] = np.nan
    labels = [f"c{i:02}" for i in range(25)]
    for k, alpha in ((1, 0.5), (4, 0.5), (7, 0.25), (40, 0.0)):
        want, _ = curvatures(neighbours(D, k), alpha)
        found = rows(db, "SELECT a, b, curvature FROM ollivier_ricci(rdm_from_matrix(%s, from_npy(%s), 'euclidean'), %s, %s)", [labels, put(D), k, alpha])
        assert len(found) == len(want), (k, len(found), len(want))
        for a, b, curvature in found:
            assert_close(f"k {k} ({a}, {b})", curvature, want[int(a[1:]), int(b[1:])], 0, 1e-7)


def test_flow(db):
    """Steps written out; two communities come apart."""
    points = np.r_[RNG.standard_normal((8, 2)), RNG.standard_normal((8, 2)) + 5]
    D = np.linalg.norm(points[:, None] - points[None], axis=2)
    labels = [f"c{i:02}" for i in range(16)]
    weight = neighbours(D, 8)
    edges = np.nonzero(np.triu(~np.isnan(weight), 1))
    weight /= np.nanmean(weight[edges])
    for n_iter in range(4):
        want, paths = curvatures(weight, 0.5)
        found = rows(db, "SELECT a, b, weight, curvature FROM ricci_flow(rdm_from_matrix(%s, from_npy(%s), 'euclidean'), 8, %s)", [labels, put(D), n_iter])
        assert len(found) == len(want)
        for a, b, length, curvature in found:
            i, j = int(a[1:]), int(b[1:])
            assert_close(f"weight after {n_iter}", length, weight[i, j], 1e-6)
            assert_close(f"curvature after {n_iter}", curvature, want[i, j], 0, 1e-6)
        for (i, j), kappa in want.items():
            weight[i, j] = weight[j, i] = paths[i, j] * (1 - kappa)
        weight /= weight[edges].mean()
    found = rows(db, "SELECT (a < 'c08') <> (b < 'c08'), avg(weight) FROM ricci_flow(rdm_from_matrix(%s, from_npy(%s), 'euclidean'), 8, 10) GROUP BY 1", [labels, put(D)])
    average = dict(found)
    assert average[True] > 2 * average[False], average
