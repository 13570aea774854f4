"""linkage against SciPy: merges, heights, cuts, orders of leaves, from rows and from RDMs; Dasgupta's cost by its definition; consensus of runs."""

import struct

import numpy as np
from scipy.cluster.hierarchy import cophenet, cut_tree, fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from gram_tables import copy_binary, query, unwire, value, wire
from neuroenc_oracle import assert_close, assert_equal, put, raises
from shapes import digits, iris, same_partition, shapes, wine

METHODS = ('single', 'complete', 'average', 'ward')


def int8(v):
    return struct.pack('>q', int(v))


def table(db, x, ids=None):
    """Temporary table rows(id, t), in a random order."""
    ids = np.arange(len(x)) if ids is None else ids
    order = np.random.default_rng(3).permutation(len(x))
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS rows; CREATE TEMP TABLE rows (id bigint, t tensor)')
        c.copy_expert('COPY rows FROM STDIN (FORMAT binary)', copy_binary((int8(ids[i]), wire(x[i])) for i in order))


def merges(db, expression, args=None):
    return np.array(query(db, f'SELECT m.* FROM (SELECT {expression} AS d OFFSET 0) q, merges(q.d) m', args), float)


def clusters(db, function, at):
    """Of rows by 'd' of the temporary table tree, in the order of ids."""
    rows = query(db, f'SELECT label::bigint, cluster FROM tree, {function}(d, %s) ORDER BY 1', [at])
    return np.array([r[1] for r in rows])


def check_against_scipy(db, name, x, ks=(2, 3, 7, 20)):
    table(db, x)
    for method in METHODS:
        what = f'{name}, {method}'
        z = linkage(x, method)
        with db.cursor() as c:
            c.execute('DROP TABLE IF EXISTS tree; CREATE TEMP TABLE tree AS SELECT linkage(id, t, %s) AS d FROM rows', [method])
        got = merges(db, '(SELECT d FROM tree)')
        assert_close(what + ': heights', got[:, 2], z[:, 2], rtol=1e-10)
        for k in ks:
            if z[-k, 2] * (1 + 1e-9) >= z[-k + 1, 2]:
                continue  # a tie at the cut: SciPy's choice is one of several
            labels = clusters(db, 'cut', k)
            height = (z[-k, 2] + z[-k + 1, 2]) / 2
            want = fcluster(z, height, 'distance')
            assert same_partition(labels, want), f'{what}: cut to {k}'
            assert same_partition(clusters(db, 'cut_height', height), want), f'{what}: cut at {height}'
            sizes = np.bincount(labels)[1:]
            assert len(sizes) == k and (np.diff(sizes) <= 0).all(), f'{what}: clusters by size'


def test_shapes(db):
    for s in shapes():
        check_against_scipy(db, s.name, s.x)


def test_iris(db):
    check_against_scipy(db, 'iris', iris().x)
    check_against_scipy(db, 'iris standardised', iris(True).x)


def test_wine(db):
    check_against_scipy(db, 'wine', wine().x)
    check_against_scipy(db, 'wine standardised', wine(True).x)


def test_digits(db):
    """Whole numbers: distances tie exactly, and are broken as SciPy breaks them."""
    check_against_scipy(db, 'digits', digits().x[:700], ks=(2, 5, 10, 30))


def test_ties(db):
    """Few distances, many ties: complete and average linkage depend on how they are broken."""
    x = np.random.default_rng(4).integers(0, 4, (120, 3)).astype(float)
    table(db, x)
    for method in ('single', 'complete'):
        z = linkage(x, method)
        assert_close(method, merges(db, f"(SELECT linkage(id, t, '{method}') FROM rows)"), z, rtol=1e-12)


def test_rdm(db):
    """Any distances, not euclidean ones: ward too takes them as SciPy does."""
    rng = np.random.default_rng(5)
    for n in (2, 3, 10, 150):
        d = rng.random(n * (n - 1) // 2) + 0.1
        labels = [str(i) for i in range(n)]
        for method in METHODS:
            got = merges(db, 'linkage(rdm_from_matrix(%s, from_npy(%s)), %s)', [labels, put(squareform(d)), method])
            assert_close(f'{n}, {method}', got, linkage(d, method), rtol=1e-10)


def test_rows_and_rdm_agree(db):
    x = np.random.default_rng(6).standard_normal((200, 5))
    table(db, x)
    for method in METHODS:
        a = merges(db, f"(SELECT linkage(id, t, '{method}') FROM rows)")
        b = merges(db, f"linkage((SELECT rdm(id, t, 'euclidean') FROM rows), '{method}')")
        assert_close(method, a, b, rtol=1e-9)


def test_sizes_of_triangle(db):
    """Sizes at which panels of rows end and the triangle is packed."""
    rng = np.random.default_rng(7)
    for n in (2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 79, 80, 81, 128, 257):
        for d in (1, 2, 9):
            x = rng.standard_normal((n, d))
            table(db, x)
            for method in METHODS:
                assert_close(f'{n} x {d}, {method}', merges(db, f"(SELECT linkage(id, t, '{method}') FROM rows)"), linkage(x, method), rtol=1e-9)


def test_close_rows(db):
    """Distances a hundred-millionth of the rows' length."""
    rng = np.random.default_rng(8)
    x = 1e4 * rng.standard_normal(6) + 1e-4 * rng.standard_normal((90, 6))
    table(db, x)
    for method in METHODS:
        assert_close(method, merges(db, f"(SELECT linkage(id, t, '{method}') FROM rows)")[:, 2], linkage(x, method)[:, 2], rtol=1e-7)


def test_order_and_cophenetic(db):
    x = np.random.default_rng(9).standard_normal((60, 4))
    table(db, x, ids=np.arange(60) * 3 - 50)
    for method in METHODS:
        z = linkage(x, method)
        order = value(db, f"SELECT leaf_order(linkage(id, t, '{method}'))::bigint[] FROM rows")
        assert_equal(method, order, [int(i) * 3 - 50 for i in leaves_list(z)])
        c = unwire(value(db, f"SELECT tensor_send(rdm_matrix(cophenetic(linkage(id, t, '{method}')))) FROM rows"))
        assert_close(method, c, squareform(cophenet(z)), rtol=1e-9)
        correlation = value(db, f"SELECT rdm_compare(rdm(id, t, 'euclidean'), cophenetic(linkage(id, t, '{method}')), 'pearson') FROM rows")
        assert_close(method, correlation, cophenet(z, pdist(x))[0], rtol=1e-8)


def test_dasgupta(db):
    rng = np.random.default_rng(10)
    n = 40
    similarity = squareform(rng.random(n * (n - 1) // 2))
    x = rng.standard_normal((n, 3))
    table(db, x)
    z = linkage(x, 'average')
    leaves = [{i} for i in range(n)]
    cost = 0.0
    for a, b, _, _ in z:
        a, b = leaves[int(a)], leaves[int(b)]
        cost += (len(a) + len(b)) * similarity[np.ix_(sorted(a), sorted(b))].sum()
        leaves.append(a | b)
    got = value(db, 'SELECT dasgupta_cost(linkage(id, t), rdm_from_matrix(%s, from_npy(%s))) FROM rows',
                [[str(i) for i in range(n)], put(similarity)])
    assert_close('cost', got, cost, rtol=1e-12)


def test_parallel(db):
    x = np.random.default_rng(11).standard_normal((3000, 6))
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS par; CREATE UNLOGGED TABLE par (id bigint, t tensor) WITH (parallel_workers = 2)')
        c.copy_expert('COPY par FROM STDIN (FORMAT binary)', copy_binary((int8(i), wire(x[i])) for i in range(len(x))))
        c.execute('SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_tuple_cost = 0')
    plan = '\n'.join(r[0] for r in query(db, "EXPLAIN SELECT linkage(id, t, 'ward') FROM par"))
    assert 'Partial Aggregate' in plan, plan
    parallel = value(db, "SELECT md5(linkage(id, t, 'ward')::text) FROM par")
    with db.cursor() as c:
        c.execute('SET max_parallel_workers_per_gather = 0')
    one = value(db, "SELECT md5(linkage(id, t, 'ward')::text) FROM par")
    with db.cursor() as c:
        c.execute('RESET max_parallel_workers_per_gather; DROP TABLE par')
    assert_equal('parallel', parallel, one)


# ---- consensus ----


def given(db, labels):
    """Temporary table given(id, run, label) of an array of runs x ids; None is left out."""
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS given; CREATE TEMP TABLE given (id bigint, run bigint, label bigint)')
        rows = [(int8(i), int8(r), int8(label)) for r, run in enumerate(labels) for i, label in enumerate(run) if label is not None]
        np.random.default_rng(12).shuffle(rows)
        c.copy_expert('COPY given FROM STDIN (FORMAT binary)', copy_binary(rows))


def coassociation(labels):
    n = len(labels[0])
    d = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = [r for r in labels if r[i] is not None and r[j] is not None]
            if both:
                d[i, j] = 1 - np.mean([r[i] == r[j] and r[i] != -1 for r in both])
        d[i, i] = 0
    return d


def test_coassociation(db):
    rng = np.random.default_rng(13)
    labels = [[None if rng.random() < 0.2 else int(rng.integers(-1, 4)) for _ in range(50)] for _ in range(12)]
    given(db, labels)
    got = unwire(value(db, 'SELECT tensor_send(rdm_matrix(coassociation(id, run, label))) FROM given'))
    assert_close('with gaps', got, coassociation(labels), rtol=1e-12)
    labels = [[int(rng.integers(0, 5)) for _ in range(70)] for _ in range(9)]
    given(db, labels)
    got = unwire(value(db, 'SELECT tensor_send(rdm_matrix(coassociation(id, run, label))) FROM given'))
    assert_close('complete', got, coassociation(labels), rtol=1e-12)


def test_consensus(db):
    """Runs that each mislabel a third of the rows agree on what was planted, and are cut as SciPy cuts."""
    rng = np.random.default_rng(14)
    truth = rng.integers(0, 5, 200)
    labels = []
    for _ in range(25):
        run = rng.permutation(5)[truth]
        wrong = rng.random(200) < 1 / 3
        run[wrong] = rng.integers(0, 5, wrong.sum())
        labels.append([int(v) for v in run])
    given(db, labels)
    d = coassociation(labels)
    for method in ('ward', 'average'):
        rows = query(db, f"SELECT c.* FROM (SELECT label_sets_agg(id, run, label) AS s FROM given) q, consensus(s, 5, '{method}') c ORDER BY 1")
        got = np.array([r[1] for r in rows])
        assert same_partition(got, truth), method
        assert same_partition(got, cut_tree(linkage(squareform(d, checks=False), method), 5)[:, 0]), method
    with raises(db, '22000', 'no run labels both'):
        given(db, [[0, None], [None, 1]])
        query(db, 'SELECT consensus(label_sets_agg(id, run, label), 1) FROM given')
