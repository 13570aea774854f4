"""bicluster against scikit-learn's SpectralCoclustering and planted groups."""

import numpy as np
from sklearn.cluster import SpectralCoclustering
from sklearn.datasets import make_biclusters
from sklearn.metrics import consensus_score

from neuroenc_oracle import put, raises


def bicluster(db, a, k, seed=0):
    """Labels of rows, labels of columns."""
    m = a.shape[0]
    with db.cursor() as cur:
        cur.execute("SELECT side, index, label FROM bicluster(from_npy(%s), %s, %s)", [put(a), k, seed])
        rows = cur.fetchall()
    assert [row[:2] for row in rows] == [("row", i + 1) for i in range(m)] + [("column", j + 1) for j in range(a.shape[1])]
    label = np.array([row[2] for row in rows])
    return label[:m], label[m:]


def members(rows, columns, k):
    return np.array([rows == c for c in range(1, k + 1)]), np.array([columns == c for c in range(1, k + 1)])


def test_planted_groups(db):
    for m, n, k, noise in ((150, 150, 5, 5), (200, 90, 4, 3), (60, 150, 3, 1), (40, 30, 2, 1), (200, 160, 6, 3)):
        a, rows, columns = make_biclusters((m, n), k, noise=noise, random_state=1, shuffle=True)
        a = np.abs(a)
        got = members(*bicluster(db, a, k), k)
        want = SpectralCoclustering(k, random_state=0).fit(a)
        assert consensus_score(got, (rows, columns)) == 1, (m, n, k)
        assert consensus_score(got, want.biclusters_) == 1, (m, n, k)


def test_sizes_number_the_groups(db):
    a, rows, columns = make_biclusters((100, 80), 4, noise=2, random_state=3)
    r, c = bicluster(db, np.abs(a), 4)
    sizes = np.bincount(r, minlength=5)[1:] + np.bincount(c, minlength=5)[1:]
    assert (np.diff(sizes) <= 0).all() and sizes.sum() == 180


def test_a_matrix_that_falls_apart(db):
    """Singular value 1 four times, where a generic first vector would be a mixture of all."""
    rng = np.random.default_rng(0)
    a = np.zeros((70, 50))
    parts = ((0, 30, 0, 10), (30, 45, 10, 30), (45, 60, 30, 42), (60, 70, 42, 50))
    for i0, i1, j0, j1 in parts:
        a[i0:i1, j0:j1] = rng.uniform(0.5, 2, (i1 - i0, j1 - j0))
    rows = np.array([(np.arange(70) >= p[0]) & (np.arange(70) < p[1]) for p in parts])
    columns = np.array([(np.arange(50) >= p[2]) & (np.arange(50) < p[3]) for p in parts])
    permuted, other = rng.permutation(70), rng.permutation(50)
    for seed in (0, 1, 2):
        assert consensus_score(members(*bicluster(db, a[permuted][:, other], 4, seed), 4), (rows[:, permuted], columns[:, other])) == 1
        assert consensus_score(members(*bicluster(db, a.T[other][:, permuted], 4, seed), 4), (columns[:, other], rows[:, permuted])) == 1


def test_zeros_do_no_harm(db):
    a, rows, columns = make_biclusters((60, 50), 3, noise=1, random_state=5)
    a = np.abs(a)
    wide = np.zeros((63, 54))
    wide[1:61, 2:52] = a
    r, c = bicluster(db, a, 3)
    wide_r, wide_c = bicluster(db, wide, 3)
    assert (wide_r[1:61] == r).all() and (wide_c[2:52] == c).all()
    assert (wide_r[[0, 61, 62]] == -1).all() and (wide_c[[0, 1, 52, 53]] == -1).all()


def test_float4_counts_and_scale(db):
    rng = np.random.default_rng(6)
    a = rng.poisson(np.kron(np.eye(3) * 9 + 1, np.ones((12, 9)))).astype(np.float32)
    want = bicluster(db, a, 3)
    assert (want[0].reshape(3, 12) == want[0].reshape(3, 12)[:, :1]).all() and len(set(want[0])) == 3
    for other in (a.astype(float), a * np.float32(0.125), a.astype(float) * 1e300):
        got = bicluster(db, other, 3)
        assert (got[0] == want[0]).all() and (got[1] == want[1]).all()


def test_negative(db):
    with raises(db, "22000", "element (2, 3)"):
        a = np.ones((3, 4))
        a[1, 2] = -1e-30
        bicluster(db, a, 2)
