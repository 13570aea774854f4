"""Sparse codes and dictionaries: sparse autoencoders against their formulas, pursuits, the lasso and dictionary
learning against scikit-learn, iterative thresholding against its iteration, planted dictionaries."""

import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.datasets import load_digits
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from sklearn.linear_model import Lasso, orthogonal_mp

from neuroenc_oracle import assert_close, create_rows, from_bytes, put, raises


def dense(text):
    """A sparse value's text as a vector."""
    pairs, width = text.split("{")[1].split("}/")
    out = np.zeros(int(width))
    for pair in pairs.split(",") if pairs else []:
        index, value = pair.split(":")
        out[int(index) - 1] = float(value)
    return out


def rows_of(db, call, args):
    """Codes of a set-returning function as a matrix, whose ids must count from 1."""
    with db.cursor() as cur:
        cur.execute(f"SELECT id, code::text FROM {call}", args)
        found = cur.fetchall()
    assert [row[0] for row in found] == list(range(1, len(found) + 1))
    return np.array([dense(row[1]) for row in found])


def row_of(db, call, args):
    with db.cursor() as cur:
        cur.execute(f"SELECT ({call})::text", args)
        return dense(cur.fetchone()[0])


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


# ---- sparse autoencoders ----

def autoencoder(rng, d, m, dtype):
    return (rng.normal(size=(m, d)).astype(dtype) / np.sqrt(d).astype(dtype), rng.normal(size=m).astype(dtype) * dtype(.3),
            rng.normal(size=d).astype(dtype))


def keep_largest(z, k):
    """The k largest positive elements of each row, the first of equals."""
    out = np.zeros_like(z)
    for i, row in enumerate(z):
        order = np.lexsort((np.arange(len(row)), -row))[:k]
        out[i, order] = np.maximum(row[order], 0)
    return out


def expected_codes(z, kind, option):
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "topk":
        return keep_largest(z, option)
    if kind == "batch_topk" and isinstance(option, int):
        return keep_largest(z.reshape(1, -1), option * len(z)).reshape(z.shape)
    return np.where(z > option, z, 0)


CASES = [("relu", None), ("topk", 1), ("topk", 7), ("topk", 1000), ("jumprelu", .8), ("jumprelu", "vector"),
         ("batch_topk", 5), ("batch_topk", 1.1)]


def check_sae(db, d, m, n, dtype, tolerance):
    rng = np.random.default_rng(d + m)
    w, b_enc, b_dec = autoencoder(rng, d, m, dtype)
    x = (rng.normal(size=(n, d)) + b_dec).astype(dtype)
    z = (x.astype(float) - b_dec) @ w.T.astype(float) + b_enc
    theta = rng.random(m).astype(dtype) * dtype(1.5)
    for kind, option in CASES:
        wanted = expected_codes(z, kind, theta.astype(float) if option == "vector" else option)
        given = "" if option is None else ", from_npy(%s)" if option == "vector" else f", {option}"
        more = [put(theta)] if option == "vector" else []
        for weights in (w, w.T.copy()):
            weights = [put(weights), put(b_enc), put(b_dec)]
            call = "sae_encode_rows(from_npy(%s), from_npy(%s), from_npy(%s), from_npy(%s)::tensor, '" + kind + "'" + given + ")"
            assert_close(f"{kind} {option}", rows_of(db, call, weights + [put(x)] + more), wanted, tolerance, tolerance)
        if kind == "batch_topk" and isinstance(option, int):
            wanted = expected_codes(z[:1], "topk", option)
        one = row_of(db, call.replace("sae_encode_rows", "sae_encode"), weights + [put(x[0])] + more)
        assert_close(f"one row, {kind} {option}", one, wanted[0], tolerance, tolerance)


def test_sae_float8(db):
    check_sae(db, 20, 150, 40, np.float64, 1e-12)
    check_sae(db, 3, 5, 2, np.float64, 1e-12)


def test_sae_float4(db):
    check_sae(db, 48, 1000, 90, np.float32, 2e-5)


def test_sae_of_points_and_decode(db):
    rng = np.random.default_rng(3)
    w, b_enc, b_dec = autoencoder(rng, 16, 64, np.float32)
    x = rng.normal(size=(700, 16)).astype(np.float32)
    create_rows(db, "sae_rows", {"x": x})
    with db.cursor() as cur:
        cur.execute("CREATE TABLE sae AS SELECT from_npy(%s) AS w, from_npy(%s) AS b_enc, from_npy(%s) AS b_dec",
                    [put(w), put(b_enc), put(b_dec)])
    z = keep_largest((x.astype(float) - b_dec) @ w.T.astype(float) + b_enc, 6)
    found = rows_of(db, "(SELECT points_agg(id, x) AS p FROM sae_rows) q, sae, sae_encode_rows(w, b_enc, b_dec, p, 'topk', 6)", [])
    assert_close("codes", found, z, 2e-5, 2e-5)
    with db.cursor() as cur:
        cur.execute("SELECT id, sae_encode(w, b_enc, b_dec, x, 'topk', 6)::text, "
                    "to_npy(sae_decode(w, b_dec, sae_encode(w, b_enc, b_dec, x, 'topk', 6))), "
                    "to_npy(sae_decode(transpose(w), b_dec, sae_encode(w, b_enc, b_dec, x, 'topk', 6))) FROM sae_rows, sae ORDER BY id")
        rows = cur.fetchall()
    assert_close("row by row", np.array([dense(r[1]) for r in rows]), z, 2e-5, 2e-5)
    for column in (2, 3):
        assert_close("decoded", np.array([from_bytes(r[column]) for r in rows]), z @ w + b_dec, 1e-4, 1e-4)


# ---- pursuits ----

def test_omp_against_sklearn(db):
    rng = np.random.default_rng(4)
    for m, d, k, n in ((60, 20, 5, 100), (30, 40, 12, 50), (200, 64, 10, 3), (8, 8, 8, 20)):
        atoms = unit(rng.normal(size=(m, d)))
        x = rng.normal(size=(n, d))
        wanted = orthogonal_mp(atoms.T, x.T, n_nonzero_coefs=k).T
        found = rows_of(db, f"omp_rows(from_npy(%s), from_npy(%s)::tensor, {k})", [put(atoms), put(x)])
        assert_close(f"omp {m} x {d}", found, wanted, 1e-9, 1e-10)
        assert_close("one row", row_of(db, f"omp(from_npy(%s), from_npy(%s), {k})", [put(atoms), put(x[0])]), wanted[0], 1e-9, 1e-10)
        # atoms of other lengths are chosen alike, and values are for them
        scale = np.exp(rng.normal(size=m))
        found = rows_of(db, f"omp_rows(from_npy(%s), from_npy(%s)::tensor, {k})", [put(atoms * scale[:, None]), put(x)])
        assert_close("scaled", found * scale, wanted, 1e-9, 1e-10)


def test_omp_tolerance_and_exact_recovery(db):
    rng = np.random.default_rng(5)
    atoms = unit(rng.normal(size=(100, 50)))
    codes = np.zeros((30, 100))
    for row in codes:
        row[rng.choice(100, 4, replace=False)] = rng.normal(size=4) + 3 * rng.choice([-1, 1], 4)
    x = codes @ atoms
    found = rows_of(db, "omp_rows(from_npy(%s), from_npy(%s)::tensor, 20)", [put(atoms), put(x)])
    assert_close("recovered", found, codes, 1e-9, 1e-9)
    noisy = x + .3 * rng.normal(size=x.shape) / np.sqrt(50)
    found = rows_of(db, "omp_rows(from_npy(%s), from_npy(%s)::tensor, 30, .1)", [put(atoms), put(noisy)])
    for i in range(30):
        wanted = orthogonal_mp(atoms.T, noisy[i], tol=.01 * noisy[i] @ noisy[i])
        assert_close("tol", found[i], wanted, 1e-9, 1e-10)


def pursue(atoms, x, k):
    code, residual = np.zeros(len(atoms)), x.copy()
    squares = (atoms ** 2).sum(axis=1)
    for _ in range(k):
        products = atoms @ residual
        j = np.argmax(np.abs(products) / np.sqrt(squares))
        code[j] += products[j] / squares[j]
        residual -= products[j] / squares[j] * atoms[j]
    return code


def test_matching_pursuit(db):
    rng = np.random.default_rng(6)
    for m, d, k, n in ((50, 16, 25, 40), (10, 60, 30, 30), (400, 12, 9, 2)):
        atoms, x = rng.normal(size=(m, d)), rng.normal(size=(n, d))
        found = rows_of(db, f"matching_pursuit_rows(from_npy(%s), from_npy(%s)::tensor, {k})", [put(atoms), put(x)])
        assert_close(f"{m} x {d}", found, [pursue(atoms, row, k) for row in x], 1e-9, 1e-11)
        one = row_of(db, f"matching_pursuit(from_npy(%s), from_npy(%s), {k})", [put(atoms), put(x[1])])
        assert_close("one row", one, pursue(atoms, x[1], k), 1e-9, 1e-11)


# ---- thresholds ----

def test_ista_lasso_against_sklearn(db):
    rng = np.random.default_rng(7)
    for m, d, n in ((40, 25, 60), (100, 30, 20), (10, 50, 10)):
        atoms, x = unit(rng.normal(size=(m, d))), rng.normal(size=(n, d))
        for penalty in (.1, .5):
            wanted = [Lasso(penalty / d, fit_intercept=False, tol=1e-14, max_iter=100000).fit(atoms.T, row).coef_ for row in x]
            found = rows_of(db, f"ista_rows(from_npy(%s), from_npy(%s)::tensor, {penalty}, max_iter => 20000, tol => 1e-9)", [put(atoms), put(x)])
            assert_close("lasso", found, wanted, 2e-5, 2e-5)
            one = row_of(db, f"ista(from_npy(%s), from_npy(%s), {penalty}, max_iter => 20000, tol => 1e-9)", [put(atoms), put(x[0])])
            assert_close("one row", one, wanted[0], 2e-5, 2e-5)
    assert_close("sparse_encode", found, sparse_encode(x, atoms, algorithm="lasso_lars", alpha=.5), 2e-5, 2e-5)


def lq_threshold(z, penalty, q):
    """The minimiser of (c - z)^2 / 2 + penalty |c|^q: 0, or where the slope right of its least value is 0, by bisection."""
    size = np.abs(z)
    low = np.full_like(size, max((penalty * q * (1 - q)) ** (1 / (2 - q)), 1e-300) if q > 0 else 0)
    high = np.maximum(size, low)
    for _ in range(60):
        middle = (low + high) / 2
        up = middle - size + penalty * q * np.maximum(middle, 1e-300) ** (q - 1) < 0
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    better = (high - size) ** 2 / 2 + penalty * np.maximum(high, 1e-300) ** q < size ** 2 / 2
    return np.where(better & (size > 0), np.sign(z) * high, 0)


def iterate(atoms, x, penalty, q, steps):
    largest = np.linalg.norm(atoms, 2) ** 2
    code = np.zeros((len(x), len(atoms)))
    for _ in range(steps):
        new = lq_threshold(code + (x - code @ atoms) @ atoms.T / largest, penalty / largest, q)
        done = np.abs(new - code).max() <= 1e-12
        code = new
        if done:
            break
    return code


def test_ista_below_one_is_its_iteration(db):
    rng = np.random.default_rng(8)
    atoms, x = unit(rng.normal(size=(9, 10))), rng.normal(size=(6, 10))
    for q in (0, .25, .5, 2 / 3, .9):
        wanted = iterate(atoms, x, .15, q, 3000)
        found = rows_of(db, "ista_rows(from_npy(%s), from_npy(%s)::tensor, .15, %s, 100000, 1e-13)", [put(atoms), put(x), q])
        assert 0 < (found != 0).mean() < 1
        assert_close(f"q {q}", found, wanted, 1e-6, 1e-7)
        one = row_of(db, "ista(from_npy(%s), from_npy(%s), .15, %s, 100000, 1e-13)", [put(atoms), put(x[2]), q])
        assert_close("one row", one, wanted[2], 1e-6, 1e-7)


def test_half_threshold_is_the_closed_form(db):
    """Xu et al. 2012, for a dictionary that is the identity, where one step is the answer."""
    z = np.linspace(-3, 3, 101)
    penalty = .4
    size = np.abs(z)
    angle = np.arccos(np.clip(penalty / 4 * (np.maximum(size, 1e-9) / 3) ** -1.5, -1, 1))
    wanted = np.where(size > 1.5 * penalty ** (2 / 3), 2 / 3 * z * (1 + np.cos(2 * np.pi / 3 - 2 / 3 * angle)), 0)
    found = row_of(db, f"ista(from_npy(%s), from_npy(%s), {penalty}, .5)", [put(np.eye(101)), put(z)])
    assert_close("half", found, wanted, 1e-10, 1e-12)


# ---- codebooks ----

def nearest(scores, k):
    out = np.zeros_like(scores)
    for i, row in enumerate(scores):
        out[i, np.lexsort((np.arange(len(row)), -row))[:k]] = 1
    return out


def test_codebook(db):
    rng = np.random.default_rng(9)
    book, x = rng.normal(size=(150, 12)) + 5, rng.normal(size=(300, 12)) + 5
    scores = {"cosine": unit(x) @ unit(book).T, "dot": x @ book.T,
              "euclidean": -((x[:, None] - book[None]) ** 2).sum(axis=2)}
    for metric, score in scores.items():
        for k in (1, 4, 150):
            call = f"codebook_encode_rows(from_npy(%s), from_npy(%s)::tensor, {k}, '{metric}')"
            assert np.array_equal(rows_of(db, call, [put(book), put(x)]), nearest(score, k)), (metric, k)
    assert np.array_equal(row_of(db, "codebook_encode(from_npy(%s), from_npy(%s))", [put(book), put(x[0])]), nearest(scores["cosine"], 1)[0])


def test_codebook_ties_go_to_the_first(db):
    """Vectors that come up to six times each, anywhere in the book: of equals the lowest index."""
    rng = np.random.default_rng(10)
    book = rng.normal(size=(40, 33))[rng.integers(0, 40, 200)]
    x = rng.normal(size=(97, 33))
    for metric in ("cosine", "euclidean", "dot"):
        distinct, first = np.unique(book, axis=0, return_index=True)
        found = rows_of(db, f"codebook_encode_rows(from_npy(%s), from_npy(%s)::tensor, 1, '{metric}')", [put(book), put(x)])
        assert set(np.argmax(found, axis=1)) <= set(first), metric


# ---- dictionary learning ----

def learn(db, x, k, options, seed=0):
    with db.cursor() as cur:
        cur.execute(f"SELECT to_npy(dictionary), objective, n_active, iterations "
                    f"FROM dictionary_learn(from_npy(%s)::tensor, {k}, seed => {seed}, {options})", [put(x)])
        row = cur.fetchone()
    return [from_bytes(row[0])] + list(row[1:])


def planted(rng, n, k, d, active):
    atoms = unit(rng.normal(size=(k, d)))
    codes = np.zeros((n, k))
    for row in codes:
        row[rng.choice(k, active, replace=False)] = rng.choice([-1, 1], active) * (1 + rng.random(active))
    return atoms, codes @ atoms


def match(planted_atoms, found):
    cosine = np.abs(planted_atoms @ unit(found).T)
    return cosine[linear_sum_assignment(-cosine)]


def test_planted_dictionaries_are_recovered(db):
    for case, (k, d, active) in enumerate(((20, 16, 2), (12, 30, 3))):
        rng = np.random.default_rng(case)
        atoms, x = planted(rng, 1500, k, d, active)
        x += .01 * rng.normal(size=x.shape)
        for seed in range(2):
            found, value, *_ = learn(db, x, k, "alpha => .3", seed)
            assert match(atoms, found).min() > .99, (k, d, seed, np.sort(match(atoms, found))[:4])
            assert value <= objective(x, atoms, .3)[0]


def objective(x, atoms, alpha):
    codes = sparse_encode(x, atoms, algorithm="lasso_lars", alpha=alpha)
    return ((x - codes @ atoms) ** 2).sum(axis=1).mean() / 2 + alpha * np.abs(codes).sum(axis=1).mean(), codes


def test_digits_against_sklearn(db):
    x = load_digits().data[:600] / 16
    x = x - x.mean(axis=0)
    for k, alpha in [(30, .5)]:
        warnings.simplefilter("ignore")
        peer = MiniBatchDictionaryLearning(k, alpha=alpha, batch_size=256, random_state=0, max_iter=6).fit(x)
        warnings.resetwarnings()
        want, _ = objective(x, peer.components_, alpha)
        atoms, found, n_active, iterations = learn(db, x, k, f"alpha => {alpha}, max_iter => 30")
        ours, codes = objective(x, atoms, alpha)
        assert_close("objective as reported", found, ours, 1e-6)
        assert_close("n_active", n_active, (codes != 0).sum(axis=1).mean(), 1e-2)
        assert found <= 1.01 * want, (k, found, want, iterations)
        assert np.linalg.norm(atoms, axis=1).max() < 1 + 1e-12
        use = np.abs(codes).sum(axis=0)
        assert np.all(np.diff(use) <= 1e-4 * use.max()) and np.all(codes.sum(axis=0) >= -1e-4)


def test_order_of_rows_and_plan_change_nothing(db):
    rng = np.random.default_rng(12)
    _, x = planted(rng, 2000, 12, 10, 2)
    one = learn(db, x, 12, "alpha => .1, max_iter => 10")
    other = learn(db, x[rng.permutation(len(x))], 12, "alpha => .1, max_iter => 10")
    assert np.array_equal(one[0], other[0]) and one[1:] == other[1:]
    create_rows(db, "learn_rows", {"x": x})
    with db.cursor() as cur:
        cur.execute("ALTER TABLE learn_rows SET (parallel_workers = 2)")
        cur.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
        query = "SELECT to_npy(dictionary), objective FROM (SELECT points_agg(x) AS p FROM learn_rows) q, dictionary_learn(p, 12, .1, max_iter => 10)"
        cur.execute("EXPLAIN " + query)
        assert "Partial Aggregate" in str(cur.fetchall())
        cur.execute(query)
        atoms, found = cur.fetchone()
        cur.execute("RESET ALL")
    assert np.array_equal(from_bytes(atoms), one[0]) and found == one[1]


def test_errors_name_what_is_wrong(db):
    x = np.ones((3, 2))
    x[1, 1] = np.nan
    with raises(db, "22000", "element [2, 2] of x must be finite"):
        rows_of(db, "omp_rows(from_npy(%s), from_npy(%s)::tensor, 1)", [put(np.eye(2)), put(x)])
    with raises(db, "22023", "only 2 distinct rows"):
        learn(db, np.repeat(np.eye(2), 5, axis=0), 3, "alpha => 1")
