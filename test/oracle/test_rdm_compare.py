"""rdm_compare, rdm_similarity, rdm_partial and rdm_shared, against SciPy and the formulas written out.

The simrepo consensus: X and Y are 30 x 25; its RDMs divide squared distances by the 25 channels, as rsatoolbox does, which
only bures_distance sees.  Two of its measures are not ours, and the test says how they are related:
  bures_metric   is the square of our bures_distance, which is a metric;
  bures of poisson RDMs, whose kernels have negative eigenvalues: the packages leave these in the traces and drop
                 them from one root, so that the result depends on which RDM comes first (.720041 and .718436); ours
                 drops them everywhere (.721501).
"""

import csv
import itertools

import numpy as np
import scipy.stats
from scipy.spatial.distance import pdist, squareform

from neuroenc_oracle import assert_close, data, get, load, put, raises

METHODS = ["pearson", "spearman", "rho_a", "kendall_tau_a", "kendall_tau_b", "cosine", "whitened_cosine", "whitened_pearson",
           "cka", "bures", "bures_distance", "euclidean"]
BY_KERNEL = ["cka", "bures", "bures_distance"]


# ---- the formulas

def tau_a(a, b):
    return sum(np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i, j in itertools.combinations(range(len(a)), 2)) / (len(a) * (len(a) - 1) / 2)


def rho_a(a, b):
    n = len(a)
    x, y = scipy.stats.rankdata(a), scipy.stats.rankdata(b)
    return 12 / (n**3 - n) * ((x - x.mean()) @ (y - y.mean()))


def covariance(n):
    """V of Diedrichsen et al. 2020 with sigma_k = I: the squared inner products of the pairs' contrasts."""
    i, j = np.triu_indices(n, 1)
    contrast = np.eye(n)[i] - np.eye(n)[j]
    return (contrast @ contrast.T) ** 2


def whitened(a, b, n, centre):
    valid = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[valid], b[valid]
    if centre:
        a, b = a - a.mean(), b - b.mean()
    inverse = np.linalg.inv(covariance(n)[np.ix_(valid, valid)])
    return a @ inverse @ b / np.sqrt((a @ inverse @ a) * (b @ inverse @ b))


def kernel(d2):
    n = len(squareform(d2))
    J = np.eye(n) - 1 / n
    return -0.5 * J @ squareform(d2) @ J


def root(K):
    """The root of K without its negative eigenvalues, nor those that are rounding (a root makes 1e-8 of 1e-16)."""
    w, v = np.linalg.eigh(K)
    return (v * np.sqrt(np.where(w > 1e-13 * w[-1], w, 0))) @ v.T


def nuclear(A, B):
    return np.linalg.norm(root(A) @ root(B), "nuc")


def positive_trace(K):
    return np.maximum(np.linalg.eigvalsh(K), 0).sum()


def expected(method, a, b, n, square=False):
    """NaN pairs left out; square: distances are euclidean, for the methods by kernel."""
    valid = ~np.isnan(a) & ~np.isnan(b)
    x, y = a[valid], b[valid]
    if method in BY_KERNEL:
        A, B = kernel(a**2 if square else a), kernel(b**2 if square else b)
        if method == "cka":
            return np.sum(A * B) / np.linalg.norm(A) / np.linalg.norm(B)
        if method == "bures":
            return nuclear(A, B) / np.sqrt(positive_trace(A) * positive_trace(B))
        return np.sqrt(positive_trace(A) + positive_trace(B) - 2 * nuclear(A, B))
    return {
        "pearson": lambda: scipy.stats.pearsonr(x, y)[0],
        "spearman": lambda: scipy.stats.spearmanr(x, y)[0],
        "rho_a": lambda: rho_a(x, y),
        "kendall_tau_a": lambda: tau_a(x, y),
        "kendall_tau_b": lambda: scipy.stats.kendalltau(x, y)[0],
        "cosine": lambda: x @ y / np.linalg.norm(x) / np.linalg.norm(y),
        "whitened_cosine": lambda: whitened(a, b, n, False),
        "whitened_pearson": lambda: whitened(a, b, n, True),
        "euclidean": lambda: np.linalg.norm(x - y),
    }[method]()


# ---- the database's side

RDM = "rdm_from_matrix(%s, from_npy(%s), %s)"


def rdm(d, labels=None, metric="unknown"):
    """Parameters of RDM."""
    square = squareform(d, checks=False)
    return [labels or [str(i) for i in range(len(square))], put(square), metric]


def value(db, call, args):
    with db.cursor() as cur:
        cur.execute("SELECT " + call, args)
        found = cur.fetchone()[0]
    return np.nan if found is None else found


def compare(db, a, b, method, metric="unknown"):
    return value(db, "rdm_compare(%s, %s, %%s)" % (RDM, RDM), rdm(a, metric=metric) + rdm(b, metric=metric) + [method])


def random_rdms(seed, n, levels=None, missing=0.0):
    rng = np.random.default_rng(seed)
    a = pdist(rng.standard_normal((n, 4)))
    b = 0.4 * a + 0.6 * pdist(rng.standard_normal((n, 4)))
    if levels:
        a, b = np.round(a * levels) / levels, np.round(b * levels) / levels
    for d in (a, b):
        d[rng.random(len(d)) < missing] = np.nan
    return a, b


# ---- tests

def test_by_hand(db):
    x, y = np.array([1.0, 1, 2, 2, 3, 3]), np.array([1.0, 2, 2, 3, 3, 3])
    for method, want in (("kendall_tau_a", 0.6), ("kendall_tau_b", 0.783349), ("spearman", 0.839146), ("rho_a", 0.742857)):
        assert_close(method, compare(db, x, y, method), want, rtol=0, atol=5e-7)


def test_all_methods(db):
    for seed, (n, levels) in enumerate(((3, None), (4, 1), (7, None), (20, None), (20, 1), (20, 3))):
        a, b = random_rdms(seed, n, levels)
        for method in METHODS:
            assert_close("%s n=%d" % (method, n), compare(db, a, b, method, "euclidean"), expected(method, a, b, n, True), rtol=1e-10, atol=1e-10)


def test_signed(db):
    """Crossnobis distances may be negative, and a kernel then has negative eigenvalues."""
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal(105), rng.standard_normal(105)
    for method in METHODS:
        assert_close(method, compare(db, a, b, method, "crossnobis"), expected(method, a, b, 15), rtol=1e-10, atol=1e-10)


def test_missing_pairs(db):
    for seed, missing in ((1, 0.1), (2, 0.5)):
        a, b = random_rdms(seed, 16, 4, missing)
        for method in METHODS:
            if method in BY_KERNEL:
                with raises(db, "22023", "missing"):
                    compare(db, a, b, method)
            else:
                assert_close(method, compare(db, a, b, method), expected(method, a, b, 16), rtol=1e-10, atol=1e-12)
        with db.cursor() as cur:
            cur.execute("SELECT (rdm_shared(%s, %s)).*" % (RDM, RDM), rdm(a) + rdm(b))
            gone = int((np.isnan(a) | np.isnan(b)).sum())
            assert cur.fetchone() == (16, 120 - gone, gone)


def test_a_condition_without_pairs(db):
    a, b = random_rdms(3, 9)
    square = squareform(a)
    square[4, :] = square[:, 4] = np.nan
    square[4, 4] = 0
    a = squareform(square, checks=False)
    for method in METHODS[:8]:
        assert_close(method, compare(db, a, b, method), expected(method, a, b, 9), rtol=1e-10)


def test_constants(db):
    """As SciPy: no correlation with a constant; tau_a and rho_a count it as all ties."""
    a, b = random_rdms(4, 6)
    flat = np.full_like(a, 0.1)
    for method in METHODS:
        want = {"pearson": np.nan, "spearman": np.nan, "kendall_tau_b": np.nan, "whitened_pearson": np.nan,
                "rho_a": 0, "kendall_tau_a": 0}.get(method)
        if want is None:
            want = expected(method, flat, b, 6)
        assert_close(method, compare(db, flat, b, method), want, rtol=1e-10)
    for method, want in (("cosine", np.nan), ("whitened_cosine", np.nan), ("cka", np.nan), ("bures", np.nan), ("euclidean", np.linalg.norm(b))):
        assert_close("zeros, " + method, compare(db, 0 * a, b, method), want)
    assert np.isnan(compare(db, a * np.nan, b, "pearson"))


def test_extreme_sizes(db):
    a, b = random_rdms(4, 12)
    for method in METHODS[:8]:
        for scale in (1e-160, 1e160):
            assert_close("%s %g" % (method, scale), compare(db, a * scale, b, method), expected(method, a, b, 12), rtol=1e-10)


def test_alignment_by_label(db):
    """Other orders, conditions that only one has."""
    rng = np.random.default_rng(9)
    names = ["c%d" % i for i in range(12)]
    X, Y = rng.standard_normal((12, 5)), rng.standard_normal((12, 5))
    first, second = rng.permutation(12)[:9], rng.permutation(12)[:10]
    shared = sorted(set(first) & set(second), key=lambda i: names[i])
    a, b = pdist(X[shared]), pdist(Y[shared])
    for method in METHODS:
        got = value(db, "rdm_compare(%s, %s, %%s)" % (RDM, RDM), rdm(pdist(X[first]), [names[i] for i in first], "euclidean")
                    + rdm(pdist(Y[second]), [names[i] for i in second], "euclidean") + [method])
        assert_close(method, got, expected(method, a, b, len(shared), True), rtol=1e-9)


def test_large_ties_and_tails(db):
    """Ranks and Kendall where leading bits don't tell values apart: many ties, clumps, heavy tails, both infinities of scale."""
    rng = np.random.default_rng(11)
    n = 150
    m = n * (n - 1) // 2
    sets = [rng.random(m), rng.integers(0, 3, m).astype(float), np.exp(8 * rng.standard_normal(m)), 1 + 1e-12 * rng.random(m),
            np.r_[-1e300, 1 + 1e-10 * rng.random(m - 1)], np.repeat([1.0, 2.0], [m // 2, m - m // 2]), np.arange(m)[::-1] * 1.0,
            rng.standard_normal(m).astype("f4").astype(float), np.where(rng.random(m) < 0.5, 0.0, -0.0) + rng.integers(0, 2, m) * 1e-300]
    for i, j in itertools.combinations(range(len(sets)), 2):
        assert_close("spearman %d %d" % (i, j), compare(db, sets[i], sets[j], "spearman"), scipy.stats.spearmanr(sets[i], sets[j])[0], rtol=1e-9, atol=1e-12)
        assert_close("tau_b %d %d" % (i, j), compare(db, sets[i], sets[j], "kendall_tau_b"), scipy.stats.kendalltau(sets[i], sets[j])[0], rtol=1e-9, atol=1e-12)


def test_whitened_cosine_is_cka(db):
    X, Y = np.random.default_rng(1).standard_normal((2, 40, 10))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    cka = np.linalg.norm(X.T @ Y) ** 2 / np.linalg.norm(X.T @ X) / np.linalg.norm(Y.T @ Y)
    assert_close("whitened_cosine", compare(db, pdist(X, "sqeuclidean"), pdist(Y, "sqeuclidean"), "whitened_cosine"), cka, rtol=1e-12)
    assert_close("cka", compare(db, pdist(X), pdist(Y), "cka", "euclidean"), cka, rtol=1e-12)
    procrustes = np.linalg.norm(X.T @ Y, "nuc") / np.linalg.norm(X) / np.linalg.norm(Y)
    assert_close("bures", compare(db, pdist(X), pdist(Y), "bures", "euclidean"), procrustes, rtol=1e-10)


def poisson(X, prior=1.0, weight=0.1):
    X = (X + prior * weight) / (1 + weight)
    i, j = np.triu_indices(len(X), 1)
    return np.mean((X[i] - X[j]) * (np.log(X[i]) - np.log(X[j])), axis=1)


def test_simrepo_consensus(db):
    X, Y = load("oracles", "simrepo_X.csv"), load("oracles", "simrepo_Y.csv")
    rdms = {"correlation": lambda Z: pdist(Z, "correlation"), "cosine": lambda Z: pdist(Z, "cosine"), "euclidean": pdist,
            "squared_euclidean": lambda Z: pdist(Z, "sqeuclidean") / 25, "mahalanobis": lambda Z: pdist(Z, "sqeuclidean") / 25,
            "poisson": poisson}
    ours = {"kendall": "kendall_tau_b", "tau_a": "kendall_tau_a", "tau_b": "kendall_tau_b", "cosine_cov": "whitened_cosine",
            "corr_cov": "whitened_pearson", "bures_metric": "bures_distance"}
    checked = 0
    with open(data("oracles", "simrepo_consensus.csv")) as rows:
        for row in csv.reader(rows):
            if not row[0].startswith("rsa-rdm="):
                continue
            name, method = row[0][len("rsa-rdm="):].split("-compare=")
            if name not in rdms:
                assert name == "gaussian", name     # 1 - exp(-d^2 / ...) of one package: no metric of ours
                continue
            want = float(row[1])
            got = compare(db, rdms[name](X), rdms[name](Y), ours.get(method, method))
            if method == "bures_metric":
                got = got**2
            if name == "poisson" and method.startswith("bures"):
                A, B = kernel(poisson(X)), kernel(poisson(Y))
                N = np.sqrt(np.maximum(np.linalg.eigvalsh(root(A) @ B @ root(A)), 0)).sum()
                theirs = N / np.sqrt(np.trace(A) * np.trace(B)) if method == "bures" else np.trace(A) + np.trace(B) - 2 * N
                assert_close("as the packages have " + row[0], theirs, want, rtol=1e-6)
                assert abs(got - want) < 5e-3 and abs(got - want) > 1e-4
                continue
            assert_close(row[0], got, want, rtol=1e-6, atol=1e-9)
            checked += 1
    assert checked == 47, checked


def test_similarity_of_sets(db):
    """All pairs at once are rdm_compare's, whatever labels and pairs the RDMs have, at any number of threads."""
    rng = np.random.default_rng(3)
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE layers (layer text, complete bool, r rdm)")
        for k, n in enumerate((12, 12, 12, 12, 10, 10, 11, 12)):
            d = pdist(np.round(rng.random((n, 5)), 1 if k % 2 else 3))
            labels = ["c%d" % (i + (k == 7)) for i in rng.permutation(n)]
            if k == 3:
                d[2:7] = np.nan
            if k == 2:
                d = d * 0 + 3
            cur.execute("INSERT INTO layers SELECT %%s, %%s, %s" % RDM, ["layer %d" % k, k != 3] + rdm(d, labels, "sqeuclidean" if k == 1 else "euclidean"))
    for method in METHODS:
        only = "WHERE complete" if method in BY_KERNEL else ""
        with db.cursor() as cur:
            cur.execute("SELECT rdm_compare(a.r, b.r, %%s) FROM (SELECT * FROM layers %s) a, (SELECT * FROM layers %s) b ORDER BY a.layer, b.layer" % (only, only), [method])
            want = np.array([row[0] for row in cur.fetchall()], float)
        n = int(np.sqrt(len(want)))
        for threads in (1, 3):
            with db.cursor() as cur:
                cur.execute("SET neuroenc.threads = %d" % threads)
            got = get(db, "(SELECT similarity_matrix(rdm_similarity(layer, r, %%s)) FROM layers %s)" % only, [method])
            assert_close(method, got, want.reshape(n, n), rtol=1e-12, atol=1e-7 if "distance" in method else 1e-12)
        with db.cursor() as cur:
            cur.execute("SELECT label_a, label_b, value FROM (SELECT rdm_similarity(layer, r, %%s) AS s FROM layers %s) q, similarity_pairs(s)" % only, [method])
            rows = cur.fetchall()
        i, j = np.triu_indices(n, 1)
        assert_close(method + " rows", [np.nan if row[2] is None else row[2] for row in rows], got[i, j], rtol=0)


def test_near_copies(db):
    """The distance of RDMs that are almost equal does not drown in their squares."""
    a, _ = random_rdms(1, 20)
    b = a + 1e-9 * np.random.default_rng(0).standard_normal(len(a))
    with db.cursor() as cur:
        cur.execute("SELECT value FROM similarity_pairs((SELECT rdm_similarity(l, r, 'euclidean') FROM (VALUES (1, %s), (2, %s)) v (l, r)))" % (RDM, RDM), rdm(a) + rdm(b))
        assert_close("distance", cur.fetchone()[0], np.linalg.norm(a - b), rtol=1e-6)


def residual(x, controls):
    design = np.column_stack([np.ones(len(x))] + list(controls))
    return x - design @ np.linalg.lstsq(design, x, rcond=None)[0]


def partial(db, a, b, controls, method):
    return value(db, "rdm_partial(%s, %s, ARRAY[%s], %%s)" % (RDM, RDM, ", ".join([RDM] * len(controls))),
                 sum((rdm(d) for d in [a, b] + controls), []) + [method])


def test_partial(db):
    rng = np.random.default_rng(7)
    n = 14
    controls = [pdist(rng.standard_normal((n, 3))) for _ in range(3)]
    a = pdist(rng.standard_normal((n, 3))) + controls[0] + 0.5 * controls[1]
    b = 0.3 * a + controls[0] - controls[2] + rng.random(len(a))
    a, controls[1] = np.round(a, 1), np.round(controls[1], 1)
    for k in (1, 2, 3):
        want = np.corrcoef(residual(a, controls[:k]), residual(b, controls[:k]))[0, 1]
        assert_close("pearson %d" % k, partial(db, a, b, controls[:k], "pearson"), want, rtol=1e-10)
        ranks = [scipy.stats.rankdata(d) for d in [a, b] + controls[:k]]
        want = np.corrcoef(residual(ranks[0], ranks[2:]), residual(ranks[1], ranks[2:]))[0, 1]
        assert_close("spearman %d" % k, partial(db, a, b, controls[:k], "spearman"), want, rtol=1e-10)
    ab, ac, bc = (scipy.stats.kendalltau(x, y)[0] for x, y in ((a, b), (a, controls[0]), (b, controls[0])))
    assert_close("kendall_tau_b", partial(db, a, b, controls[:1], "kendall_tau_b"), (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2)), rtol=1e-10)
    # controls that say nothing new, and one that says all
    want = partial(db, a, b, controls[:2], "pearson")
    assert_close("collinear", partial(db, a, b, controls[:2] + [controls[0] + 2 * controls[1], np.ones(len(a))], "pearson"), want, rtol=1e-9)
    assert np.isnan(partial(db, a, b, [controls[0], 2 * a + controls[0]], "pearson"))


def test_partial_missing(db):
    rng = np.random.default_rng(8)
    vectors = [pdist(rng.standard_normal((13, 3))) for _ in range(4)]
    for d in vectors:
        d[rng.random(len(d)) < 0.15] = np.nan
    valid = ~np.isnan(vectors).any(axis=0)
    ranks = [scipy.stats.rankdata(d[valid]) for d in vectors]
    want = np.corrcoef(residual(ranks[0], ranks[2:]), residual(ranks[1], ranks[2:]))[0, 1]
    assert_close("spearman", partial(db, vectors[0], vectors[1], vectors[2:], "spearman"), want, rtol=1e-10)
