"""spectral, ncut and their embeddings against SciPy's eigenvectors and scikit-learn's SpectralClustering."""

import warnings

import numpy as np
import scipy.linalg
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import eigsh
from sklearn.cluster import SpectralClustering
from sklearn.datasets import make_blobs
from sklearn.manifold import spectral_embedding
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel
from sklearn.neighbors import kneighbors_graph

from neuroenc_oracle import assert_close, put
from shapes import digits, iris, same_partition, shape, wine


def load(db, x):
    with db.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS spectral_rows")
        cur.execute("CREATE TABLE spectral_rows AS SELECT id, t FROM rows(from_npy(%s)) WITH ORDINALITY AS r (t, id)", [put(np.asarray(x, float))])


def labels(db, call, order="id"):
    """The labels by a window function over spectral_rows, in the order of rows whatever the order of the window."""
    with db.cursor() as cur:
        cur.execute("SELECT l FROM (SELECT id, %s OVER (ORDER BY %s ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS l"
                    " FROM spectral_rows) s ORDER BY id" % (call, order))
        return np.array([row[0] for row in cur.fetchall()])


def embedding(db, call):
    with db.cursor() as cur:
        cur.execute("SELECT y::float8[] FROM (SELECT id, %s OVER () AS y FROM spectral_rows) s ORDER BY id" % call)
        return np.array([row[0] for row in cur.fetchall()])


def graph(x, affinity, gamma=1.0, neighbors=10):
    if affinity == "nearest":
        a = kneighbors_graph(x, neighbors, include_self=True).toarray()
        w = (a + a.T) / 2
    else:
        w = rbf_kernel(x, gamma=gamma) if affinity == "rbf" else np.maximum(cosine_similarity(x), 0)
    np.fill_diagonal(w, 0)
    return w


def cut_value(w, label):
    return sum(w[label == c][:, label != c].sum() / w[label == c].sum() for c in np.unique(label))


def assert_eigenvectors(name, w, y, tolerance=1e-8):
    """y (n x k) spans the k top eigenvectors of the normalised W: the same projector, and each a vector of its own eigenvalue."""
    k = y.shape[1]
    lap, root = laplacian(w, normed=True, return_diag=True)
    values, vectors = scipy.linalg.eigh(lap)
    u = y * root[:, None]
    assert values[k] - values[k - 1] > 1e-6, name + ": the test's own gap"
    assert_close(name + " orthonormal", u.T @ u, np.eye(k), atol=1e-9)
    assert_close(name + " projector", u @ u.T, vectors[:, :k] @ vectors[:, :k].T, atol=tolerance)
    assert_close(name + " values", lap @ u, u * values[:k], atol=1e-9)


def test_embedding_is_the_eigenvectors(db):
    rng = np.random.default_rng(0)
    cases = {"moons": (shape("moons").x, 3, "nearest", 1), "circles": (shape("circles").x, 6, "nearest", 1),
             "iris": (iris(standardised=True).x + rng.normal(size=(150, 4)) * 1e-6, 4, "nearest", 1),
             "moons rbf": (shape("moons").x, 4, "rbf", 20), "noise rbf": (rng.normal(size=(700, 5)), 5, "rbf", 1),
             "digits cosine": (digits().x[:600], 6, "cosine", 1), "many": (rng.normal(size=(200, 3)), 150, "rbf", 1)}
    for name, (x, k, affinity, gamma) in cases.items():
        load(db, x)
        y = embedding(db, "spectral_embed(t, %d, '%s', gamma => %r)" % (k, affinity, gamma))
        assert_eigenvectors(name, graph(x, affinity, gamma), y)


def test_embedding_is_scikit_learns(db):
    x = shape("varied").x
    load(db, x)
    for affinity, gamma in (("rbf", 0.3), ("nearest", 1)):
        w = graph(x, affinity, gamma, 30)
        want = spectral_embedding(w, n_components=4, eigen_solver="arpack", drop_first=False, random_state=0)
        got = embedding(db, "spectral_embed(t, 4, '%s', 30, gamma => %r)" % (affinity, gamma))
        assert_close(affinity, got * np.sign((got * want).sum(0)), want, atol=1e-8)
        assert (got[abs(got).argmax(0), range(4)] > 0).all()


def test_embedding_of_long_graphs(db):
    """Gaps of 1e-5, which products alone don't settle."""
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 3000)
    for name, x, k in (("ring", np.c_[np.cos(angle), np.sin(angle)] + rng.normal(size=(3000, 2)) * 0.01, 7), ("plane", rng.normal(size=(3000, 2)), 8)):
        load(db, x)
        y = embedding(db, "spectral_embed(t, %d)" % k)
        a = kneighbors_graph(x, 10, include_self=True)
        lap, root = laplacian(csr_matrix((a + a.T) / 2), normed=True, return_diag=True)
        values, vectors = eigsh(lap, k=k, sigma=-1e-6, which="LM", tol=0, v0=np.ones(3000))
        order = np.argsort(values)
        vectors = vectors[:, order]
        u = y * root[:, None]
        assert_close(name, u @ (u.T @ vectors), vectors, atol=1e-7)
        assert_close(name + " values", lap @ u, u * values[order], atol=1e-8)


def test_every_component_is_found(db):
    """Eigenvalue 1 as often as there are components, and the eigenvalues after it, equal ones too."""
    rng = np.random.default_rng(2)
    part = rng.normal(size=(120, 3))
    x = np.vstack([part + 50 * i for i in range(6)])        # six copies: every eigenvalue six times
    load(db, x)
    truth = np.repeat(np.arange(6), 120)
    w = graph(x, "nearest")
    for k in (4, 6, 12):
        y = embedding(db, "spectral_embed(t, %d)" % k)
        lap, root = laplacian(w, normed=True, return_diag=True)
        u = y * root[:, None]
        values = scipy.linalg.eigvalsh(lap)[:k]
        assert_close("orthonormal", u.T @ u, np.eye(k), atol=1e-9)
        assert_close("values", lap @ u, u * values, atol=1e-9)
    assert same_partition(labels(db, "spectral(t, 6)"), truth)
    assert same_partition(labels(db, "spectral(t, 6, assign => 'rotation')"), truth)
    # a dense graph whose components are apart but for numbers that underflow
    assert same_partition(labels(db, "spectral(t, 6, 'rbf', gamma => 0.5)"), truth)
    assert same_partition(labels(db, "ncut(t, 6, affinity => 'rbf')"), truth)


def fit(w, k, assign):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SpectralClustering(k, affinity="precomputed", assign_labels=assign, random_state=0).fit_predict(w)


def test_partitions_are_scikit_learns_where_apart(db):
    for name in ("circles", "moons", "blobs"):
        s = shape(name)
        load(db, s.x)
        want = fit(graph(s.x, "nearest"), s.k, "kmeans")
        for assign in ("kmeans", "rotation"):
            got = labels(db, "spectral(t, %d, assign => '%s')" % (s.k, assign))
            assert adjusted_rand_score(got, want) == 1, (name, assign)
            assert adjusted_rand_score(got, s.labels) == 1 or name == "blobs", (name, assign)


def test_cuts_are_as_good_as_scikit_learns(db):
    for s, gamma in ((iris(standardised=True), 0.25), (wine(standardised=True), 1 / 13), (digits(), 0.001)):
        x = s.x[:400] + np.random.default_rng(0).normal(size=s.x[:400].shape) * 1e-6     # no ties between neighbours
        load(db, x)
        for affinity in ("nearest", "rbf"):
            w = graph(x, affinity, gamma)
            for assign, theirs in (("kmeans", "kmeans"), ("rotation", "discretize")):
                got = labels(db, "spectral(t, %d, '%s', gamma => %r, assign => '%s')" % (s.k, affinity, gamma, assign))
                ours, best = cut_value(w, got), cut_value(w, fit(w, s.k, theirs))
                assert ours <= 1.01 * best, (s.name, affinity, assign, ours, best)


def test_same_in_any_order_and_threads(db):
    s = digits()
    load(db, s.x[:500])
    for call in ("spectral(t, 10, seed => 5)", "spectral(t, 10, 'rbf', gamma => 0.001)", "spectral(t, 10, 'cosine', assign => 'rotation')",
                 "ncut(t, 10)", "ncut(t, 10, 100, seed => 9, assign => 'kmeans')"):
        want = labels(db, call)
        for order in ("-id", "id * 7919 % 503"):
            assert (labels(db, call, order) == want).all(), (call, order)
        with db.cursor() as cur:
            cur.execute("SET neuroenc.threads = 3")
            assert (labels(db, call) == want).all(), (call, "threads")
            cur.execute("RESET neuroenc.threads")
        sizes = np.bincount(want)[1:]
        assert (np.diff(sizes) <= 0).all() and sizes.sum() == 500, call


def ncut_graph(x, sigma, affinity="cosine", y=None):
    y = x if y is None else y
    if affinity == "cosine":
        x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
        return np.exp(-(1 - x @ y.T) / sigma**2)
    return rbf_kernel(x, y, gamma=1 / (2 * sigma**2))


def generalised(w, k):
    _, y = scipy.linalg.eigh(w, np.diag(w.sum(1)))
    y = y[:, ::-1][:, :k]
    return y * np.sign(y[abs(y).argmax(0), range(k)])


def test_ncut_embedding_is_the_generalised_eigenvectors(db):
    x = np.random.default_rng(3).normal(size=(400, 6)) + np.array([2, 0, 0, 0, 0, 0])
    load(db, x)
    for affinity, sigma in (("cosine", 0.5), ("cosine", 0.3), ("rbf", 2.0)):
        got = embedding(db, "ncut_embed(t, 5, affinity => '%s', sigma => %r)" % (affinity, sigma))
        assert_close(affinity, got, generalised(ncut_graph(x, sigma, affinity), 5), atol=1e-10)


def farthest_points(x, m):
    """Gonzalez, from the row farthest from the mean."""
    chosen = [int(((x - x.mean(0))**2).sum(1).argmax())]
    distance = ((x - x[chosen[0]])**2).sum(1)
    while len(chosen) < m:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((x - x[chosen[-1]])**2).sum(1))
    return np.array(chosen)


def test_nystrom_is_its_formula(db):
    x = np.random.default_rng(4).normal(size=(900, 4))
    sigma, m, k = 1.5, 60, 4
    load(db, x)
    got = embedding(db, "ncut_embed(t, %d, %d, 'rbf', %r)" % (k, m, sigma))
    landmark = farthest_points(x, m)
    w = ncut_graph(x[landmark], sigma, "rbf") * (900 / m) ** 2
    degree = w.sum(1)
    values, y = scipy.linalg.eigh(w, np.diag(degree))
    values, y = values[::-1][:k], y[:, ::-1][:, :k]
    cross = ncut_graph(x, sigma, "rbf", x[landmark])
    want = cross @ y / cross.sum(1, keepdims=True) / values
    assert_close("Nystrom", got, want * np.sign(want[abs(want).argmax(0), range(k)]), atol=1e-10)
    assert_close("landmarks' own", want[landmark], y, atol=1e-10)


def test_nystrom_is_near_the_exact_cut(db):
    x, truth = make_blobs(2000, 16, centers=8, cluster_std=2, random_state=1)
    load(db, x)
    exact = labels(db, "ncut(t, 8, sigma => 0.3)")
    for m in (500, 100):
        near = labels(db, "ncut(t, 8, %d, sigma => 0.3)" % m)
        assert adjusted_rand_score(exact, near) > 0.9
        assert adjusted_rand_score(truth, near) > 0.9
    exact = embedding(db, "ncut_embed(t, 6, 2000, 'rbf', 10)")
    near = embedding(db, "ncut_embed(t, 6, 500, 'rbf', 10)")
    for j in range(1, 6):
        assert abs(np.corrcoef(exact[:, j], near[:, j])[0, 1]) > 0.98, j


def test_nystrom_in_noise(db):
    """Farthest points are outliers here."""
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 6, 3000)
    load(db, rng.normal(size=(6, 40))[truth] + 1.5 * rng.normal(size=(3000, 40)))
    exact = labels(db, "ncut(t, 6)")
    assert adjusted_rand_score(exact, truth) > 0.9
    for m, least in ((100, 0.8), (300, 0.9)):
        assert adjusted_rand_score(labels(db, "ncut(t, 6, %d)" % m), exact) > least, m


def test_uneven_density(db):
    """Nine rows in ten lie in one group."""
    rng = np.random.default_rng(5)
    x = np.vstack([rng.normal(size=(1800, 8)), rng.normal(size=(200, 8)) + 4])
    truth = np.repeat([0, 1], [1800, 200])
    load(db, x)
    for call in ("ncut(t, 2, 300, 'rbf', 2)", "ncut(t, 2, 2000, 'rbf', 2)", "ncut(t, 2, 300, 'rbf', 2, assign => 'kmeans')"):
        assert adjusted_rand_score(labels(db, call), truth) > 0.95, call
