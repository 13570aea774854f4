"""leiden and modularity against igraph (its Leiden and its modularity), the published value for Zachary's karate club, and planted partitions."""

import random

import igraph
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from neuroenc_oracle import assert_close, assert_equal

# Zachary 1977, figure 3: the friendships of 34 members
KARATE = """1-2 1-3 1-4 1-5 1-6 1-7 1-8 1-9 1-11 1-12 1-13 1-14 1-18 1-20 1-22 1-32 2-3 2-4 2-8 2-14 2-18 2-20 2-22 2-31
3-4 3-8 3-28 3-29 3-33 3-10 3-9 3-14 4-8 4-13 4-14 5-7 5-11 6-7 6-11 6-17 7-17 9-31 9-33 9-34 10-34 14-34 15-33 15-34
16-33 16-34 19-33 19-34 20-34 21-33 21-34 23-33 23-34 24-26 24-28 24-33 24-34 24-30 25-26 25-28 25-32 26-32 27-30 27-34
28-34 29-32 29-34 30-33 30-34 31-33 31-34 32-33 32-34 33-34"""


def load_edges(db, name, edges, weights=None):
    weights = np.ones(len(edges)) if weights is None else weights
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE %s (s bigint, t bigint, w float8)" % name)
        cur.execute("INSERT INTO %s SELECT * FROM unnest(%%s::bigint[], %%s::bigint[], %%s::float8[])" % name,
                    ([int(a) for a, _ in edges], [int(b) for _, b in edges], [float(w) for w in weights]))


def communities(db, name, options=""):
    """{node: community}"""
    with db.cursor() as cur:
        cur.execute("SELECT l.node, l.community FROM (SELECT graph_agg(s, t, w) AS g FROM %s) q, leiden(q.g%s) l" % (name, options))
        return dict(cur.fetchall())


def check_partition(name, found, edges, weights=None):
    """Numbered 1 .. k by size, ties by the smallest node; every community connected."""
    edges = np.asarray(edges)
    nodes = sorted(found)
    k = max(found.values())
    members = {c: [u for u in nodes if found[u] == c] for c in range(1, k + 1)}
    order = sorted(range(1, k + 1), key=lambda c: (-len(members[c]), members[c][0]))
    assert_equal(name + ": numbers", order, list(range(1, k + 1)))
    place = {u: i for i, u in enumerate(nodes)}
    inside = [(place[a], place[b]) for (a, b), w in zip(edges, np.ones(len(edges)) if weights is None else weights) if w > 0 and found[a] == found[b]]
    a, b = np.array(inside).T if inside else (np.zeros(0, int), np.zeros(0, int))
    n = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(len(nodes), len(nodes))), directed=False)[0]
    assert_equal(name + ": connected", n, k)


def igraph_of(edges, weights=None):
    edges = [(int(a), int(b)) for a, b in edges]
    nodes = sorted({u for e in edges for u in e})
    place = {u: i for i, u in enumerate(nodes)}
    g = igraph.Graph(n=len(nodes), edges=[(place[a], place[b]) for a, b in edges])
    g.es["weight"] = [1.0] * len(edges) if weights is None else [float(w) for w in weights]
    return g, nodes


def modularity(g, membership, resolution=1.0):
    """GraphBase's: the method of Graph (0.10) leaves the resolution out."""
    return igraph.GraphBase.modularity(g, membership, weights=g.es["weight"], resolution=resolution)


def judged(g, nodes, found, resolution=1.0):
    return modularity(g, [found[u] - 1 for u in nodes], resolution)


def best_of_igraph(g, seeds, resolution=1.0, iterations=20):
    best = []
    for seed in range(seeds):
        random.seed(seed)
        found = g.community_leiden(objective_function="modularity", weights="weight", resolution_parameter=resolution, n_iterations=iterations)
        best.append(modularity(g, found.membership, resolution))
    return best


def planted(rng, groups, size, p_in, p_out):
    n = groups * size
    label = np.arange(n) // size
    p = np.where(label[:, None] == label[None, :], p_in, p_out)
    a, b = np.nonzero(np.triu(rng.random((n, n)) < p, 1))
    return list(zip(3 * a + 5, 3 * b + 5)), {3 * i + 5: int(label[i]) for i in range(n)}


def test_karate(db):
    edges = [tuple(map(int, pair.split("-"))) for pair in KARATE.split()]
    assert_equal("edges", len(edges), 78)
    famous = igraph.Graph.Famous("Zachary")
    assert_equal("as igraph has it", sorted(tuple(sorted((a + 1, b + 1))) for a, b in famous.get_edgelist()), sorted(tuple(sorted(e)) for e in edges))
    load_edges(db, "karate", edges)
    g, nodes = igraph_of(edges)
    for seed in range(20):
        found = communities(db, "karate", ", seed => %d" % seed)
        check_partition("karate", found, edges)
        assert_close("0.4198, seed %d" % seed, judged(g, nodes, found), 0.4198, rtol=0, atol=5e-5)
    assert_equal("four communities", max(found.values()), 4)
    with db.cursor() as cur:
        cur.execute("SELECT (r).modularity, (r).n_communities FROM (SELECT leiden(s, t, w) AS r FROM karate OFFSET 0) q")
        assert_close("karate's own modularity", cur.fetchone(), (judged(g, nodes, communities(db, "karate")), 4), rtol=1e-12)


def test_planted_partitions(db):
    """Found where they can be; the modularity at least igraph's."""
    rng = np.random.default_rng(0)
    for i, (p_in, p_out, weighted) in enumerate([(0.3, 0.01, False), (0.3, 0.03, True), (0.25, 0.04, False), (0.25, 0.04, True)]):
        edges, truth = planted(rng, 8, 50, p_in, p_out)
        weights = rng.uniform(0.1, 1, len(edges)) if weighted else None
        load_edges(db, "planted%d" % i, edges, weights)
        g, nodes = igraph_of(edges, weights)
        theirs = best_of_igraph(g, 5)
        for seed in range(5):
            found = communities(db, "planted%d" % i, ", seed => %d" % seed)
            check_partition("planted", found, edges)
            ours = judged(g, nodes, found)
            assert ours >= max(theirs) - 1e-9, "planted %d, seed %d: %r, igraph has %r" % (i, seed, ours, theirs)
            assert adjusted_rand_score([truth[u] for u in nodes], [found[u] for u in nodes]) > 0.9


def test_hard_partitions(db):
    """Below what can be detected, and graphs without planted communities: better than igraph's two iterations on average, and the best of ten as good."""
    rng = np.random.default_rng(1)
    random.seed(3)
    cases = [planted(rng, 10, 40, 0.2, 0.06)[0], igraph.Graph.Barabasi(600, 4).get_edgelist(), igraph.Graph.GRG(600, 0.09).get_edgelist()]
    for i, edges in enumerate(cases):
        load_edges(db, "hard%d" % i, edges)
        g, nodes = igraph_of(edges)
        for resolution in (0.7, 1.0, 2.5):
            theirs = best_of_igraph(g, 5, resolution, iterations=2)
            ours = [judged(g, nodes, communities(db, "hard%d" % i, ", %s, %d" % (resolution, seed)), resolution) for seed in range(5)]
            found = communities(db, "hard%d" % i, ", %s, n_starts => 10" % resolution)
            check_partition("hard", found, edges)
            best = judged(g, nodes, found, resolution)
            assert np.mean(ours) >= np.mean(theirs), "hard %d, resolution %g: %r on average, igraph has %r" % (i, resolution, np.mean(ours), np.mean(theirs))
            assert best >= max(theirs) - 5e-4, "hard %d, resolution %g: %r, igraph has %r" % (i, resolution, best, max(theirs))


def test_constant_potts(db):
    rng = np.random.default_rng(2)
    edges, truth = planted(rng, 6, 30, 0.5, 0.02)
    load_edges(db, "potts", edges)
    g, nodes = igraph_of(edges)
    found = communities(db, "potts", ", 0.15, objective => 'cpm'")
    check_partition("potts", found, edges)
    assert_equal("planted", adjusted_rand_score([truth[u] for u in nodes], [found[u] for u in nodes]), 1.0)
    random.seed(0)
    theirs = g.community_leiden(objective_function="CPM", weights="weight", resolution_parameter=0.15, n_iterations=20)
    assert_equal("as igraph's", adjusted_rand_score(theirs.membership, [found[u] for u in nodes]), 1.0)


def test_modularity(db):
    """Any labels, with weights, parallel edges and edges from a node to itself, against igraph."""
    rng = np.random.default_rng(3)
    ends = rng.integers(0, 40, (400, 2))
    weights = rng.exponential(size=400)
    label = rng.integers(0, 6, 40)
    load_edges(db, "judged", ends, weights)
    g, nodes = igraph_of(ends, weights)
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE labels AS SELECT i - 1 AS node, l FROM unnest(%s::int[]) WITH ORDINALITY AS u (l, i)", ([int(c) for c in label],))
        for resolution in (1.0, 0.3, 2.0):
            want = modularity(g, [int(label[u]) for u in nodes], resolution)
            for cast in ("bigint", "text"):
                cur.execute("SELECT modularity(a.l::%s, b.l::%s, w, %r) FROM judged JOIN labels a ON a.node = s JOIN labels b ON b.node = t" % (cast, cast, resolution))
                assert_close("modularity", cur.fetchone()[0], want, rtol=1e-10)
        cur.execute("SELECT sum(weight), count(*) FROM (SELECT graph_agg(s, t, w) AS g FROM judged) q, edges(q.g)")
        assert_close("edges", cur.fetchone(), (weights.sum(), len({tuple(sorted(map(int, e))) for e in ends})), rtol=1e-12)
        for resolution in (0.5, 1.0, 3.0):
            cur.execute("SELECT (r).modularity, (r).node, (r).community FROM (SELECT leiden(s, t, w, %s, 0) AS r FROM judged OFFSET 0) q", (resolution,))
            reached, node, community = cur.fetchone()
            assert_close("what the aggregate says", reached, judged(g, nodes, dict(zip(node, community)), resolution), rtol=1e-10)


def test_order_of_rows(db):
    """Weights that can't be added exactly, parallel edges, either end first: the same partition."""
    rng = np.random.default_rng(4)
    ends = rng.integers(0, 200, (3000, 2))
    weights = rng.random(3000) * 10.0 ** rng.integers(-6, 6, 3000)
    load_edges(db, "one_order", ends, weights)
    shuffled = rng.permutation(3000)
    flipped = np.where(rng.random((3000, 1)) < 0.5, ends[shuffled], ends[shuffled][:, ::-1])
    load_edges(db, "other_order", flipped, weights[shuffled])
    for seed in range(3):
        assert_equal("seed %d" % seed, communities(db, "one_order", ", seed => %d" % seed), communities(db, "other_order", ", seed => %d" % seed))
    check_partition("spread weights", communities(db, "one_order", ", n_iterations => 1"), ends, weights)


def test_components(db):
    """Nothing joins what is not connected; a star, a path and a clique."""
    star = [(0, i) for i in range(1, 12)]
    path = [(i, i + 1) for i in range(20, 60)]
    clique = [(a, b) for a in range(70, 80) for b in range(a + 1, 80)]
    edges = star + path + clique
    load_edges(db, "components", edges)
    found = communities(db, "components")
    check_partition("components", found, edges)
    assert_equal("star", len({found[u] for u in range(12)}), 1)
    assert_equal("clique", len({found[u] for u in range(70, 80)}), 1)
    assert not {found[u] for u in range(12)} & {found[u] for u in range(20, 61)}
    random.seed(0)
    g, nodes = igraph_of(edges)
    assert judged(g, nodes, found) >= max(best_of_igraph(g, 5)) - 1e-9
