"""Graphs and communities: leiden against igraph's, knn_graph against scikit-learn's brute force, cooccurrence against its flops and SciPy's sparse product."""

import random
import time

import igraph
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors

from encoding_data import Backend
from neuroenc_oracle import put

THREADS = 2


def in_turns(first, second, repeat=3):
    """Median seconds of both, run in turns, so that what else the machine does is shared."""
    took = [], []
    for _ in range(repeat):
        for run, seconds in zip((first, second), took):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return [float(np.median(seconds)) for seconds in took]


def bench_leiden(db, rates, report):
    """100,000 nodes in 1,000 groups, 1,000,000 edges, of which 8 in 10 inside a group."""
    n, m = 100000, 1000000
    rng = np.random.default_rng(5)
    a = rng.integers(0, n, m)
    b = np.where(rng.random(m) < 0.8, a // 100 * 100 + rng.integers(0, 100, m), rng.integers(0, n, m))
    with db.cursor() as cur:
        cur.execute("CREATE TABLE bench_edges (s bigint, t bigint, w float8)")
        cur.execute("INSERT INTO bench_edges SELECT s, t, 1 FROM unnest(%s::bigint[], %s::bigint[]) AS u (s, t)", (a.tolist(), b.tolist()))
        cur.execute("ANALYZE bench_edges")
    g = igraph.Graph(n=n, edges=np.column_stack([a, b]).tolist())
    g.es["w"] = 1.0
    call = "SELECT leiden.* FROM (SELECT graph_agg(s, t, w) AS g FROM bench_edges OFFSET 0) q, leiden(q.g%s)"
    found = {}

    def ours():
        found["ours"] = backend.query(call % ", n_iterations => 2")

    def theirs():
        random.seed(0)
        found["igraph"] = g.community_leiden(objective_function="modularity", weights="w", n_iterations=2)

    backend = Backend(db, 1)
    mine, other = in_turns(ours, theirs)
    start = time.perf_counter()
    backend.query(call % "")
    whole = time.perf_counter() - start
    backend.close()
    report.figure("leiden, 1,000,000 edges, 2 iterations, rows read and written", mine, "s")
    report.figure("  until iterations bring little", whole, "s")
    report.figure("  igraph's two iterations, its graph in memory", other, "s")
    report.figure("  ratio", mine / other, "", bar=1)


def load(db, table, x):
    with db.cursor() as cur:
        cur.execute(f"CREATE UNLOGGED TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY, x tensor) WITH (toast_tuple_target = 8160)")
        for first in range(0, len(x), 1000):
            cur.execute(f"INSERT INTO {table} (x) SELECT x FROM rows(from_npy(%s)) AS x", [put(x[first:first + 1000])])
        cur.execute(f"VACUUM (FREEZE, ANALYZE) {table}")


def bench_knn_graph(db, rates, report):
    n, d, k = 20000, 64, 15
    x = np.random.default_rng(6).standard_normal((n, d), dtype=np.float32)
    load(db, "bench_vectors", x)
    backend = Backend(db, THREADS)
    rates.set_threads(THREADS)
    mine, other = in_turns(lambda: backend.query(f"SELECT n_edges(knn_graph(id, x, {k})) FROM bench_vectors"),
                           lambda: NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=THREADS).fit(x).kneighbors_graph())
    backend.close()
    report.figure(f"knn_graph, {n} rows of {d}, k {k}", mine, "s")
    report.figure("  scikit-learn's brute force, the rows at hand", other, "s")
    report.figure("  ratio", mine / other, "", bar=1)


def bench_cooccurrence(db, rates, report):
    """Dense codes against sgemm, n p^2 flops (half the square); sparse ones against SciPy's product."""
    rng = np.random.default_rng(7)
    n, p = 8000, 2000
    load(db, "bench_dense", (rng.random((n, p)) < 0.5).astype(np.float32))
    backend = Backend(db, THREADS)
    rows, _, rows_work = rates.paired(lambda: backend.query("SELECT (max(x))[1] FROM bench_dense"), np.float32, THREADS, repeat=1)
    took, _, work = rates.paired(lambda: backend.query("SELECT n_samples(cooccurrence(x)) FROM bench_dense"), np.float32, THREADS, repeat=3)
    report.figure(f"cooccurrence, {n} rows of {p}, half of them active", took, "s", note="%.2f s for max(x) of the same rows" % rows)
    report.figure("  ratio to its flops at sgemm's sustained rate", (work - rows_work) / (float(n) * p * p), "", bar=2)

    n, p, active = 4000, 8192, 32
    x = np.zeros((n, p), np.float32)
    x[np.repeat(np.arange(n), active), rng.integers(0, p, n * active)] = 1
    load(db, "bench_sparse", x)
    sparse = csr_matrix(x)
    mine, scan = in_turns(lambda: backend.query("SELECT n_samples(cooccurrence(x)) FROM bench_sparse"),
                          lambda: backend.query("SELECT (max(x))[1] FROM bench_sparse"))
    other = in_turns(lambda: sparse.T @ sparse, lambda: None)[0]
    backend.close()
    report.figure(f"cooccurrence, {n} rows of {p}, {active} of them active", mine, "s", note="%.2f s for max(x) of the same rows" % scan)
    report.figure("  SciPy's product of sparse matrices at hand", other, "s")
    report.figure("  of its time as a dense product at sgemm's rate", mine / (float(n) * p * p / rates.sgemm[THREADS]), "", bar=0.5)
