"""Alignment of two populations against NumPy: CKA, CCA family, Procrustes, shape distances, in all their forms."""

import numpy as np

from neuroenc_oracle import assert_close, create_rows, get, load, put

# ---- the formulas ----


def centred(A):
    return A - A.mean(axis=0)


def cka(X, Y):
    X, Y = centred(X), centred(Y)
    return np.linalg.norm(X.T @ Y) ** 2 / np.linalg.norm(X.T @ X) / np.linalg.norm(Y.T @ Y)


def song_hsic(K, L):
    """Song et al. 2012, equation 5, as printed: K and L without their diagonals."""
    n = len(K)
    K = K - np.diag(np.diag(K))
    L = L - np.diag(np.diag(L))
    one = np.ones(n)
    return (np.trace(K @ L) + one @ K @ one * (one @ L @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))


def cka_debiased(X, Y):
    K, L = X @ X.T, Y @ Y.T
    return song_hsic(K, L) / np.sqrt(song_hsic(K, K) * song_hsic(L, L))


def rbf(X, sigma):
    d2 = ((X[:, None, :] - X[None, :, :]) ** 2).sum(axis=2)
    return np.exp(-d2 / (2 * sigma**2))


def cka_rbf(X, Y, sigma):
    H = np.eye(len(X)) - 1 / len(X)
    K, L = H @ rbf(X, sigma) @ H, H @ rbf(Y, sigma) @ H
    return (K * L).sum() / np.linalg.norm(K) / np.linalg.norm(L)


def factors(X):
    U, s, Vt = np.linalg.svd(centred(X), full_matrices=False)
    r = int((s > max(X.shape) * np.finfo(float).eps * s[0]).sum())
    return U[:, :r], s[:r], Vt[:r]


def cca(X, Y):
    return np.minimum(np.linalg.svd(factors(X)[0].T @ factors(Y)[0], compute_uv=False), 1)


def principal(X, variance=None, k=None):
    U, s, _ = factors(X)
    if k is None:
        k = int(np.argmax(np.cumsum(s**2) >= variance * (s**2).sum() * (1 - 1e-14))) + 1
    return U[:, :k] * s[:k]


def svcca(X, Y, variance=0.99, k=None):
    return cca(principal(X, variance, k), principal(Y, variance, k)).mean()


def pwcca(X, Y):
    """Morcos et al. 2018; only where no two correlations are equal."""
    Ux, s, Vt = factors(X)
    P, rho, _ = np.linalg.svd(Ux.T @ factors(Y)[0], full_matrices=False)
    assert np.diff(-rho).min(initial=1) > 1e-6
    a = np.abs((Ux @ P).T @ centred(X)).sum(axis=1)
    return (a * rho).sum() / a.sum()


def whitened(X, alpha):
    """netrep's LinearMetric: X (alpha I + (1 - alpha) (X'X)^-1/2), of the variance that X had."""
    X = centred(X)
    U, s, Vt = factors(X)
    A = (U * (alpha * s + (1 - alpha))) @ Vt
    return A * np.linalg.norm(X) / np.linalg.norm(A)


def shape(X, Y, alpha):
    """Angular and euclidean distance, from what is left after the rotation: 1 minus a cosine would keep half the digits."""
    A, B = whitened(X, alpha), whitened(Y, alpha)
    units = max(A.shape[1], B.shape[1])
    A, B = (np.pad(M, ((0, 0), (0, units - M.shape[1]))) for M in (A, B))
    U, _, Vt = np.linalg.svd(A.T @ B)
    A = A @ U @ Vt
    chord = np.linalg.norm(A / np.linalg.norm(A) - B / np.linalg.norm(B))
    return 2 * np.arcsin(chord / 2), np.linalg.norm(A - B)


def rotation(X, Y):
    U, _, Vt = np.linalg.svd(centred(X).T @ centred(Y), full_matrices=False)
    return U @ Vt


def sqeuclidean(X):
    return ((X[:, None, :] - X[None, :, :]) ** 2).sum(axis=2)


# ---- the queries ----


def row(db, expressions, source, args=None):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM %s" % (expressions, source), args)
        return np.array([np.nan if v is None else v for v in cur.fetchone()], dtype=float)


OF_STATE = ("cka({0}), rv({0}), mean_cca({0}), svcca({0}), svcca({0}, 0.8), svcca({0}, k => 2), procrustes({0}), procrustes_similarity({0}), "
            "bures_similarity({0}), shape_distance({0}, 0), shape_distance({0}, 0.3), shape_distance_euclidean({0}, 0), "
            "shape_distance_euclidean({0}, 0.3), shape_distance_euclidean({0})")
OF_ROWS = ("cka(x, y), rv(x, y), mean_cca(x, y), svcca(x, y), svcca(x, y, 0.8), svcca(paired_agg(x, y), k => 2), procrustes(x, y), "
           "procrustes_similarity(x, y), bures_similarity(x, y), shape_distance(x, y, 0), shape_distance(x, y, 0.3), "
           "shape_distance_euclidean(x, y, 0), shape_distance_euclidean(x, y, 0.3), shape_distance_euclidean(x, y)")


def answers(X, Y):
    angle = shape(X, Y, 1)[0]
    return np.array([cka(X, Y), cka(X, Y), cca(X, Y).mean(), svcca(X, Y), svcca(X, Y, 0.8), svcca(X, Y, k=2), angle, np.cos(angle), np.cos(angle),
                     shape(X, Y, 0)[0], shape(X, Y, 0.3)[0], shape(X, Y, 0)[1], shape(X, Y, 0.3)[1], shape(X, Y, 1)[1]])


def grams(table):
    return "(SELECT gram_agg(x, y) AS xy, gram_agg(x) AS xx, gram_agg(y) AS yy FROM %s) AS q" % table


def check_all(db, name, X, Y, rtol=1e-9, moments=1e-6):
    """Rows to rtol; of moments 1 - 5e-13 passes for a similarity of 1, and an angle of 0 is then sqrt(2 * 5e-13)."""
    create_rows(db, name, {"x": X, "y": Y})
    X, Y = X.astype(float), Y.astype(float)
    want = answers(X, Y)
    assert_close(name + ", rows", row(db, OF_STATE.format("s"), "(SELECT paired_agg(x, y) AS s FROM %s) AS q" % name), want, rtol=rtol, atol=1e-12)
    assert_close(name + ", aggregates", row(db, OF_ROWS, name), want, rtol=moments, atol=1e-6)
    assert_close(name + ", grams", row(db, OF_STATE.format("xy, xx, yy"), grams(name)), want, rtol=moments, atol=1e-6)
    labels = [str(i) for i in range(len(X))]
    with db.cursor() as cur:
        cur.execute("CREATE TABLE %s_rdm AS SELECT rdm_from_matrix(%%s, from_npy(%%s), 'sqeuclidean') AS a, rdm_from_matrix(%%s, from_npy(%%s), 'euclidean') AS b" % name,
                    [labels, put(sqeuclidean(X)), labels, put(np.sqrt(sqeuclidean(Y)))])
    assert_close(name + ", rdms", row(db, OF_STATE.format("a, b"), name + "_rdm"), want, rtol=moments, atol=1e-6)
    wanted = [cka_debiased(X, Y), cka_rbf(X, Y, 1), cka_rbf(X, Y, 3)]
    assert_close(name + ", kernels of rows", row(db, "cka_debiased(x, y), cka_rbf(x, y), cka_rbf(x, y, 3)", name), wanted, rtol=rtol, atol=1e-9)
    assert_close(name + ", kernels of rdms", row(db, "cka_debiased(a, b), cka_rbf(a, b), cka_rbf(a, b, 3)", name + "_rdm"), wanted, rtol=1e-8, atol=1e-9)
    assert_close(name + ", cca", get(db, "(SELECT cca(x, y) FROM %s)" % name), cca(X, Y), rtol=1e-6, atol=1e-6)
    return X, Y


def populations(n, p, q, seed):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, 3))
    X = common @ rng.standard_normal((3, p)) + rng.standard_normal((n, p)) + 5
    Y = common @ rng.standard_normal((3, q)) + 0.7 * rng.standard_normal((n, q)) - 2
    return X, Y


# ---- tests ----


def test_more_rows_than_units(db):
    X, Y = check_all(db, "tall", *populations(60, 7, 5, 1))
    assert_close("pwcca", row(db, "pwcca(x, y), pwcca(y, x)", "tall"), [pwcca(X, Y), pwcca(Y, X)], rtol=1e-9)
    assert_close("pwcca of grams", row(db, "pwcca(xy, xx, yy)", grams("tall")), [pwcca(X, Y)], rtol=1e-7)
    assert_close("rotation", get(db, "(SELECT procrustes_rotation(x, y) FROM tall)"), rotation(X, Y), atol=1e-9)
    assert_close("and back", get(db, "(SELECT procrustes_rotation(y, x) FROM tall)"), rotation(Y, X), atol=1e-9)


def test_moments(db):
    """Enough rows to be folded into moments inside the aggregates; float4."""
    X, Y = populations(320, 9, 12, 2)
    X, Y = check_all(db, "long", X.astype(np.float32), Y.astype(np.float32))
    assert_close("pwcca", row(db, "pwcca(x, y)", "long"), [pwcca(X, Y)], rtol=1e-6)


def test_fewer_rows_than_units(db):
    check_all(db, "wide", *populations(25, 60, 90, 3))
    check_all(db, "half_wide", *populations(25, 60, 4, 4))
    check_all(db, "just_wide", *populations(25, 24, 25, 5))


def test_large_means(db):
    """1e4 standard deviations from 0, as raw recordings are: nothing moves by 1e-6."""
    X, Y = populations(400, 6, 6, 6)
    create_rows(db, "far", {"x": X, "y": Y, "x_far": X + 1e4, "y_far": Y - 1e4})
    near = row(db, OF_STATE.format("xy, xx, yy"), grams("far"))
    far = row(db, OF_STATE.format("xy, xx, yy"), "(SELECT gram_agg(x_far, y_far) AS xy, gram_agg(x_far) AS xx, gram_agg(y_far) AS yy FROM far) AS q")
    assert_close("grams", far, near, rtol=1e-6)
    assert_close("rows", row(db, OF_STATE.format("paired_agg(x_far, y_far)"), "far"), near, rtol=1e-6)


def test_rank_deficient(db):
    """A unit twice and one that is the sum of two: the correlations are those of the space that is there."""
    X, Y = populations(50, 5, 4, 7)
    more = np.column_stack([X, X[:, 0], X[:, 1] + X[:, 2]])
    create_rows(db, "deficient", {"x": X, "more": more, "y": Y})
    assert_close("rows", get(db, "(SELECT cca(paired_agg(more, y)) FROM deficient)"), cca(X, Y), rtol=1e-9)
    assert_close("moments", get(db, "(SELECT cca(gram_agg(more, y), gram_agg(more), gram_agg(y)) FROM deficient)"), cca(X, Y), rtol=1e-7)
    assert_close("mean", row(db, "mean_cca(more, y), pwcca(y, more)", "deficient"), [cca(X, Y).mean(), pwcca(Y, X)], rtol=1e-7)


def test_ill_conditioned(db):
    """Units whose scales differ by 1e5 and that are nearly equal: rows keep all digits, moments six."""
    X, Y = populations(200, 6, 5, 8)
    X = X * np.logspace(0, -5, 6)
    X[:, 1] = X[:, 0] + 1e-4 * X[:, 1]
    create_rows(db, "ill", {"x": X, "y": Y})
    assert_close("rows", get(db, "(SELECT cca(paired_agg(x, y)) FROM ill)"), cca(X, Y), rtol=1e-8)


def test_pwcca_of_equal_correlations(db):
    """With n < p + q some correlations are 1 and their variates any basis: ours is the mean of the weights over bases."""
    X, Y = populations(20, 12, 13, 9)
    create_rows(db, "equal", {"x": X, "y": Y})
    Ux, s, Vt = factors(X)
    P, rho, _ = np.linalg.svd(Ux.T @ factors(Y)[0], full_matrices=False)
    projections = (Ux @ P).T @ centred(X)
    m = int((rho > 1 - 1e-8).sum())
    assert m == 12 + 13 - 19
    rng = np.random.default_rng(0)
    of_group = np.mean([np.abs(np.linalg.qr(rng.standard_normal((m, m)))[0] @ projections[:m]).sum() for _ in range(20000)])
    rest = np.abs(projections[m:]).sum(axis=1)
    want = (of_group + (rest * rho[m:]).sum()) / (of_group + rest.sum())
    assert_close("pwcca", row(db, "pwcca(x, y)", "equal"), [want], rtol=2e-4)
    order = "(SELECT * FROM equal ORDER BY id DESC) AS q"
    assert_close("in another order", row(db, "pwcca(x, y)", order), row(db, "pwcca(x, y)", "equal"), rtol=1e-9)


def test_independent_populations(db):
    """50 rows of two independent populations of 2,000: the biased measure says .977, the debiased one 0 within its error."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((50, 2000)), rng.standard_normal((50, 2000))
    create_rows(db, "independent", {"x": X, "y": Y})
    got = row(db, "cka(x, y), cka_debiased(x, y)", "independent")
    assert_close("both", got, [cka(X, Y), cka_debiased(X, Y)], rtol=1e-9)
    assert abs(got[0] - 0.977) < 0.003 and abs(got[1]) < 0.06, got


def test_invariances(db):
    X, Y = populations(40, 8, 6, 10)
    rng = np.random.default_rng(11)
    Q = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    A = rng.standard_normal((8, 8))
    create_rows(db, "invariant", {"x": X, "y": Y, "turned": 7 * X @ Q - 3, "sheared": X @ A + 1, "padded": np.column_stack([X, np.zeros((40, 3))])})
    rotated = "cka({0}, y), cka_debiased({0}, y), mean_cca({0}, y), svcca({0}, y), procrustes({0}, y), shape_distance({0}, y, 0), rv({0}, y)"
    plain = row(db, rotated.format("x"), "invariant")
    assert_close("rotation and scale", row(db, rotated.format("turned"), "invariant"), plain, rtol=1e-9, atol=1e-9)
    assert_close("zeros appended", row(db, rotated.format("padded"), "invariant"), plain, rtol=1e-9, atol=1e-9)
    rigid = "shape_distance({0}, y, 0.4), shape_distance_euclidean({0}, y, 0.4), shape_distance_euclidean({0}, y), cka_rbf({0}, y, 3)"
    unit = "(SELECT x, y, (turned + 3) / 7 AS turned FROM invariant) AS q"
    assert_close("rotation", row(db, rigid.format("turned"), unit), row(db, rigid.format("x"), unit), rtol=1e-9)
    maps = "mean_cca({0}, y), shape_distance({0}, y, 0)"
    assert_close("invertible maps", row(db, maps.format("sheared"), "invariant"), row(db, maps.format("x"), "invariant"), rtol=1e-8)
    pairs = ("cka({0}), cka_debiased({0}), cka_rbf({0}), mean_cca({0}), svcca({0}), procrustes({0}), shape_distance({0}, 0), shape_distance({0}, 0.5), "
             "shape_distance_euclidean({0}, 0.5), shape_distance_euclidean({0})")
    assert_close("symmetry", row(db, pairs.format("paired_agg(y, x)"), "invariant"), row(db, pairs.format("paired_agg(x, y)"), "invariant"), rtol=1e-10)
    itself = "procrustes({0}), shape_distance({0}, 0), shape_distance({0}, 0.5), shape_distance_euclidean({0}, 0.5), shape_distance_euclidean({0})"
    assert_close("d(x, x)", row(db, itself.format("paired_agg(x, x)"), "invariant"), np.zeros(5), atol=1e-7)
    assert_close("d(x, turned x)", row(db, itself.format("paired_agg(x, turned)"), unit), np.zeros(5), atol=1e-7)
    assert_close("d(x, padded x)", row(db, itself.format("paired_agg(x, padded)"), "invariant"), np.zeros(5), atol=1e-7)
    of_grams = "(SELECT gram_agg(x, x) AS xy, gram_agg(x) AS xx FROM invariant) AS q"
    assert_close("d(x, x) of grams", row(db, "procrustes(xy, xx, xx), shape_distance(xy, xx, xx, 0), shape_distance(xy, xx, xx, 0.5)", of_grams),
                 np.zeros(3), atol=1e-7)


def test_triangle_inequality(db):
    """Six distances between 60 populations of 4 to 7 units, some of them near others: 1,000 random triples."""
    rng = np.random.default_rng(12)
    k, n = 60, 12
    base = rng.standard_normal((n, 7))
    with db.cursor() as cur:
        cur.execute("CREATE TABLE triangle (k int, i int, x tensor)")
        for a in range(k):
            X = (base if a % 2 else rng.standard_normal((n, 7))) @ rng.standard_normal((7, 4 + a % 4)) + 0.3 * rng.standard_normal((n, 4 + a % 4))
            for i in range(n):
                cur.execute("INSERT INTO triangle VALUES (%s, %s, from_npy(%s))", [a, i, put(X[i])])
        cur.execute("""SELECT a, b, procrustes(s), shape_distance(s, 0), shape_distance(s, 0.5), shape_distance_euclidean(s, 0),
            shape_distance_euclidean(s, 0.5), shape_distance_euclidean(s)
            FROM (SELECT a.k AS a, b.k AS b, paired_agg(a.x, b.x) AS s FROM triangle a JOIN triangle b USING (i) WHERE a.k < b.k GROUP BY 1, 2) AS q""")
        d = np.zeros((6, k, k))
        for r in cur:
            d[:, r[0], r[1]] = d[:, r[1], r[0]] = r[2:]
    for _ in range(1000):
        a, b, c = rng.choice(k, 3, replace=False)
        assert (d[:, a, c] <= d[:, a, b] + d[:, b, c] + 1e-9).all(), (a, b, c, d[:, a, c], d[:, a, b], d[:, b, c])


def test_rdms(db):
    """Aligned by label, conditions that one lacks left out; a metric that is not euclidean; a missing pair."""
    X, Y = populations(30, 6, 9, 13)
    order = np.random.default_rng(14).permutation(30)
    D, E = sqeuclidean(X), sqeuclidean(Y[order])
    with db.cursor() as cur:
        cur.execute("CREATE TABLE labelled AS SELECT rdm_from_matrix(%s, from_npy(%s), 'sqeuclidean') AS a, rdm_from_matrix(%s, from_npy(%s), 'sqeuclidean') AS b, "
                    "rdm_from_matrix(%s, from_npy(%s), 'sqeuclidean') AS part",
                    [[str(i) for i in range(30)], put(D), [str(i) for i in order], put(E), [str(i) for i in range(25)], put(D[:25, :25])])
    assert_close("in another order", row(db, "cka(a, b), procrustes(a, b)", "labelled"), [cka(X, Y), shape(X, Y, 1)[0]], rtol=1e-8)
    assert_close("shared conditions", row(db, "cka(part, b), mean_cca(part, b)", "labelled"), [cka(X[:25], Y[:25]), cca(X[:25], Y[:25]).mean()], rtol=1e-7)
    # a kernel with negative eigenvalues: cka counts them, measures of roots leave them out
    rng = np.random.default_rng(15)
    D, E = (np.triu(rng.random((12, 12)), 1) for _ in range(2))
    D, E = D + D.T, E + E.T
    J = np.eye(12) - 1 / 12
    K, L = -J @ D @ J / 2, -J @ E @ J / 2
    root = lambda A: (lambda w, V: (V * np.sqrt(np.maximum(w, 0))) @ V.T)(*np.linalg.eigh(A))
    with db.cursor() as cur:
        labels = [str(i) for i in range(12)]
        cur.execute("CREATE TABLE odd AS SELECT rdm_from_matrix(%s, from_npy(%s)) AS a, rdm_from_matrix(%s, from_npy(%s)) AS b", [labels, put(D), labels, put(E)])
    want = np.linalg.svd(root(K) @ root(L), compute_uv=False).sum() / np.linalg.norm(root(K)) / np.linalg.norm(root(L))
    assert_close("not euclidean", row(db, "cka(a, b), bures_similarity(a, b)", "odd"),
                 [(K * L).sum() / np.linalg.norm(K) / np.linalg.norm(L), want], rtol=1e-8)


def test_rbf_sigmas(db):
    """From kernels that are the identity to kernels that are all but constant."""
    X, Y = populations(130, 5, 3, 16)
    create_rows(db, "rbf_rows", {"x": X, "y": Y})
    for sigma in (0.05, 0.5, 5, 50):
        assert_close("sigma %g" % sigma, row(db, "cka_rbf(x, y, %s)" % sigma, "rbf_rows"), [cka_rbf(X, Y, sigma)], rtol=1e-7)
    # wide kernels are linear ones in the limit; NumPy's own would have lost all digits
    assert_close("very wide", row(db, "cka_rbf(x, y, 1e6)", "rbf_rows"), [cka(X, Y)], rtol=1e-8)


def check_nets(db, name, want):
    A, B = (load("svcca_activations", "%s_%s.npy" % (name, net)) for net in "AB")
    shuffled = B[np.random.default_rng(0).permutation(len(B))]
    table = name.lower()
    create_rows(db, table, {"x": A, "y": B, "shuffled": shuffled})
    four = "mean_cca({0}), cka({0}), procrustes({0}), shape_distance({0}, 0.5)"
    A, B, shuffled = (M.astype(float) for M in (A, B, shuffled))
    full = [cca(A, B).mean(), cka(A, B), shape(A, B, 1)[0], shape(A, B, 0.5)[0]]
    assert_close("README", full[:3], want, atol=5e-7)
    assert_close("rows", row(db, four.format("paired_agg(x, y)"), table), full, rtol=1e-9)
    assert_close("aggregates", row(db, "mean_cca(x, y), cka(x, y), procrustes(x, y), shape_distance(x, y, 0.5)", table), full, rtol=1e-8)
    assert_close("grams", row(db, four.format("gram_agg(x, y), gram_agg(x), gram_agg(y)"), table), full, rtol=1e-8)
    assert_close("shuffled", row(db, "mean_cca(x, shuffled), cka(x, shuffled)", table), [cca(A, shuffled).mean(), cka(A, shuffled)], rtol=1e-8)
    assert_close("pwcca", row(db, "pwcca(x, y)", table), [pwcca(A, B)], rtol=1e-8)


def test_mnist_nets(db):
    check_nets(db, "MNIST", [0.705726, 0.437452, 0.784577])


def test_svhn_nets(db):
    check_nets(db, "SVHN", [0.548182, 0.872379, 0.666502])
