"""Exact search, late interaction, token pooling and softmax projections, against NumPy and SciPy in float64."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist

from neuroenc_oracle import assert_close, assert_equal, create_rows, get, put

METRICS = {"<->": "euclidean", "<=>": "cosine", "<+>": "cityblock", "<~>": "correlation"}


def rows_of(db, statement, args=()):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return cur.fetchall()


def distances(x, q, operator):
    x, q = x.astype(float), q.astype(float)
    return -(x @ q) if operator == "<#>" else cdist(x, q[None], METRICS[operator])[:, 0]


def test_exact_search_ids_and_scores(db):
    rng = np.random.default_rng(1)
    for dtype in ("float16", "float32", "float64"):
        x = rng.standard_normal((1000, 48)).astype(dtype)
        x[500:600] = x[:100]  # ties, which the lower id wins
        create_rows(db, "search_%s" % dtype, {"k": x})
        for operator in [*METRICS, "<#>"]:
            for query in (x[7], x[550], rng.standard_normal(48).astype("float32")):
                for text in ("k {0} from_npy(%s)", "from_npy(%s) {0} k"):
                    text = text.format(operator)
                    got = rows_of(db, "SELECT id, {0} FROM search_{1} ORDER BY {0}, id LIMIT 30".format(text, dtype), [put(query)] * 2)
                    want = distances(x, query, operator)
                    # distances that rounding can't tell apart stay in the order of ids
                    order = np.lexsort((np.arange(len(x)), np.round(want, 10)))[:30]
                    assert_equal("%s of %s" % (operator, dtype), [g[0] for g in got], list(order + 1))
                    assert_close("scores of %s" % operator, np.array([g[1] for g in got]), want[order], rtol=1e-9, atol=1e-9)


def test_exact_search_on_digits(db):
    from sklearn.datasets import load_digits

    x = load_digits().data
    create_rows(db, "search_digits", {"k": x.astype("float32")})
    for i in (0, 500, 1796):
        for operator in METRICS:
            got = rows_of(db, "SELECT id FROM search_digits ORDER BY k %s (SELECT k FROM search_digits WHERE id = %d), id LIMIT 10" % (operator, i + 1))
            order = np.lexsort((np.arange(len(x)), np.round(distances(x, x[i], operator), 10)))[:10]
            assert_equal("digit %d by %s" % (i, operator), [g[0] for g in got], list(order + 1))


def late_interaction(q, x, cosine):
    q, x = np.atleast_2d(q).astype(float), np.atleast_2d(x).astype(float)
    if cosine:
        q, x = q / np.linalg.norm(q, axis=1)[:, None], x / np.linalg.norm(x, axis=1)[:, None]
    return (q @ x.T).max(1).sum()


def test_maxsim(db):
    rng = np.random.default_rng(2)
    for q, m, d in ((1, 1, 1), (5, 3, 7), (32, 150, 128), (100, 40, 16), (64, 1, 300)):
        for kinds in (("float32", "float32"), ("float16", "float32"), ("float64", "float16"), ("float64", "float64")):
            query, item = rng.standard_normal((q, d)).astype(kinds[0]), rng.standard_normal((m, d)).astype(kinds[1])
            for metric in ("dot", "cosine"):
                got = rows_of(db, "SELECT maxsim(from_npy(%s), from_npy(%s), %s)", [put(query), put(item), metric])[0][0]
                assert_close("maxsim %s %s" % (metric, kinds), got, late_interaction(query, item, metric == "cosine"), rtol=1e-12, atol=1e-12)


def test_maxsim_ranks_items(db):
    rng = np.random.default_rng(3)
    items = [rng.standard_normal((rng.integers(1, 60), 24)).astype("float32") for _ in range(300)]
    items[200] = items[11][::-1].copy()  # the same vectors in another order tie exactly
    query = items[11][:9] + 0.1 * rng.standard_normal((min(9, len(items[11])), 24)).astype("float32")
    with db.cursor() as cur:
        cur.execute("CREATE TABLE maxsim_ranked (id bigint, v tensor)")
        cur.executemany("INSERT INTO maxsim_ranked VALUES (%s, from_npy(%s))", [(i + 1, put(v)) for i, v in enumerate(items)])
    for metric in ("dot", "cosine"):
        got = rows_of(db, "SELECT id, maxsim(from_npy(%s), v, %s) AS s FROM maxsim_ranked ORDER BY s DESC, id LIMIT 20", [put(query), metric])
        want = np.array([late_interaction(query, v, metric == "cosine") for v in items])
        order = np.lexsort((np.arange(300), -np.round(want, 10)))[:20]
        assert_equal("ranked by %s" % metric, [g[0] for g in got], list(order + 1))
        assert_close("scores", np.array([g[1] for g in got]), want[order], rtol=1e-9)


def test_pool_tokens(db):
    rng = np.random.default_rng(4)
    for n, d, factor in ((2, 3, 2), (30, 8, 3), (101, 16, 4), (300, 64, 2), (50, 5, 7)):
        x = rng.standard_normal((n, d))
        label = fcluster(linkage(x / np.linalg.norm(x, axis=1)[:, None], "ward"), max(1, n // factor), "maxclust")
        first = sorted(set(label), key=lambda c: np.flatnonzero(label == c)[0])
        want = np.stack([x[label == c].mean(0) for c in first])
        assert_close("pooled by %d" % factor, get(db, "pool_tokens(from_npy(%%s), %d)" % factor, [put(x)]), want, rtol=1e-12, atol=1e-12)


def test_subvector(db):
    rng = np.random.default_rng(5)
    for dtype, tolerance in (("float16", 1e-3), ("float32", 1e-6), ("float64", 1e-14)):
        x = rng.standard_normal(2000).astype(dtype)
        for n in (1, 64, 2000):
            assert_equal("prefix", get(db, "subvector(from_npy(%%s), %d, false)" % n, [put(x)]), x[:n])
            want = x[:n].astype(float) / np.linalg.norm(x[:n].astype(float))
            assert_close("unit prefix", get(db, "subvector(from_npy(%%s), %d)" % n, [put(x)]).astype(float), want, rtol=tolerance, atol=1e-7)


def decoupled(q, keys, temperature):
    """BrainSCUBA's projection: (norm, mean direction, 1 / sum w^2) of one query."""
    length = np.linalg.norm(keys, axis=1)
    unit = keys / length[:, None]
    s = unit @ (q / np.linalg.norm(q)) / temperature
    w = np.exp(s - s.max())
    w /= w.sum()
    return w @ length, w @ unit, 1 / (w @ w)


def test_softmax_projection(db):
    rng = np.random.default_rng(6)
    for n, d, q, temperature in ((1, 3, 2, 1.0), (257, 20, 5, 1 / 150), (1500, 64, 70, 0.05), (600, 10, 1, 1e-4)):
        keys = rng.standard_normal((n, d)).astype("float32") * rng.uniform(0.5, 20, (n, 1)).astype("float32")
        queries = rng.standard_normal((q, d))
        create_rows(db, "projection_bank", {"k": keys})
        args = [put(queries), temperature]
        got = rows_of(db, "SELECT query, norm, length, n_effective FROM projections((SELECT softmax_projection(from_npy(%s), k, %s) FROM projection_bank))", args)
        matrix = get(db, "projected((SELECT softmax_projection(from_npy(%s), k, %s) FROM projection_bank))", args)
        for i, (query, norm, length, effective) in enumerate(got):
            want_norm, direction, want_effective = decoupled(queries[i], keys.astype(float), temperature)
            assert_equal("query", [query], [i + 1])
            assert_close("norm", norm, want_norm, rtol=1e-9)
            assert_close("length", length, np.linalg.norm(direction), rtol=1e-9)
            assert_close("n_effective", effective, want_effective, rtol=1e-9)
            assert_close("projection", matrix[i], want_norm * direction, rtol=1e-8, atol=1e-9)
        with db.cursor() as cur:
            cur.execute("DROP TABLE projection_bank")
