"""eigh, svd, cholesky, solve and matmul against NumPy in float64, degenerate, graded and rank-deficient matrices included."""
import numpy as np

from neuroenc_oracle import assert_close, from_bytes, put, raises

# both sides of the sizes at which one LAPACK call gives way to panels, and of panel and block widths
EIGH_SIZES = (0, 1, 2, 3, 10, 65, 384, 385, 448, 449, 700)
SVD_SHAPES = ((0, 0), (0, 4), (4, 0), (1, 1), (1, 6), (6, 1), (3, 3), (5, 9), (9, 5), (64, 65), (128, 31), (310, 310),
              (311, 312), (353, 321), (321, 353), (640, 319), (2000, 128), (128, 2000), (4000, 90), (450, 450))


def row(db, sql, args=()):
    with db.cursor() as cur:
        cur.execute(sql, args)
        return [from_bytes(v) for v in cur.fetchone()]


def eigh(db, a):
    return row(db, 'SELECT to_npy(e.values), to_npy(e.vectors) FROM eigh(from_npy(%s)) AS e', [put(a)])


def svd(db, a):
    return row(db, 'SELECT to_npy(d.u), to_npy(d.s), to_npy(d.vt) FROM svd(from_npy(%s)) AS d', [put(a)])


def symmetric_matrices(n, rng):
    g = rng.standard_normal((n, n))
    q = np.linalg.qr(g)[0] if n else g
    low = rng.standard_normal((n, max(1, n // 5)))
    yield 'random', g + g.T
    yield 'zero', np.zeros((n, n))
    yield 'identity', np.eye(n)
    yield 'ones', np.ones((n, n))
    yield 'diagonal', np.diag(rng.permutation(n) - n / 3)
    yield 'low rank', low @ low.T
    yield 'two values', (q * np.where(np.arange(n) % 2, 1.0, -2.0)) @ q.T
    yield 'graded', (q * np.logspace(0, -15, n)) @ q.T
    yield 'tiny', (g + g.T) * 1e-300
    yield 'huge', (g + g.T) * 1e299


def check_eigh(name, a, w, v):
    n = len(a)
    scale = np.abs(a).max() if n and np.abs(a).max() > 0 else 1.0
    a = (a + a.T) / 2 / scale
    w = w / scale
    bound = 4e-15 * max(n, 10) * max(1, np.abs(w).max() if n else 1)
    assert np.all(np.diff(w) >= 0), name
    assert_close(name + ': values', w, np.linalg.eigvalsh(a), rtol=0, atol=bound)
    assert_close(name + ': orthonormal', v.T @ v, np.eye(n), rtol=0, atol=1e-13 * max(n, 10) ** .5)
    assert_close(name + ': a v = v w', a @ v, v * w, rtol=0, atol=bound)
    largest = np.abs(v).max(axis=0, initial=0)
    for j in range(n):
        first = np.argmax(np.abs(v[:, j]) >= largest[j] * (1 - 1e-6))
        assert v[first, j] > 0, (name, j)


def test_eigh(db):
    rng = np.random.default_rng(2)
    for n in EIGH_SIZES:
        for name, a in symmetric_matrices(n, rng):
            a = a / 2 + a.T / 2
            w, v = eigh(db, a)
            check_eigh('%s of %d' % (name, n), a, w, v)


def test_eigh_float4(db):
    """A float4 matrix is symmetric to its own precision, and decomposed in float8."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 50)).astype('float32')
    a = x.T @ x
    a[3, 4] *= 1 + 1e-6
    w, v = eigh(db, a)
    assert w.dtype == np.float64
    check_eigh('float4', a.astype(float), w, v)


def test_svd(db):
    rng = np.random.default_rng(4)
    for m, n in SVD_SHAPES:
        r = min(m, n)
        g = rng.standard_normal((m, n))
        p = np.linalg.qr(rng.standard_normal((m, r)))[0]
        q = np.linalg.qr(rng.standard_normal((n, r)))[0]
        k = max(1, r // 3)
        matrices = {'random': g, 'zero': 0 * g, 'ones': np.ones((m, n)), 'identity': np.eye(m, n),
                    'low rank': rng.standard_normal((m, k)) @ rng.standard_normal((k, n)),
                    'equal values': 3.0 * p @ q.T, 'graded': (p * np.logspace(0, -15, r)) @ q.T,
                    'tiny': g * 1e-300, 'huge': g * 1e299}
        for name, a in matrices.items():
            name = '%s of %d x %d' % (name, m, n)
            u, s, vt = svd(db, a)
            assert u.shape == (m, r) and s.shape == (r,) and vt.shape == (r, n), name
            scale = np.abs(a).max(initial=0) or 1.0
            s = s / scale
            assert np.all(np.diff(s) <= 0) and np.all(s >= 0), name
            reference = np.linalg.svd(a / scale, compute_uv=False) if r else s
            bound = 4e-15 * max(r, 10) * max(1, reference.max(initial=0))
            assert_close(name + ': values', s, reference, rtol=0, atol=bound)
            assert_close(name + ': u', u.T @ u, np.eye(r), rtol=0, atol=1e-13 * max(r, 10) ** .5)
            assert_close(name + ': vt', vt @ vt.T, np.eye(r), rtol=0, atol=1e-13 * max(r, 10) ** .5)
            assert_close(name + ': product', (u * s) @ vt, a / scale, rtol=0, atol=bound)


def test_cholesky(db):
    rng = np.random.default_rng(5)
    for n in (0, 1, 2, 64, 255, 256, 257, 512, 700):
        x = rng.standard_normal((n, n + 10))
        a = x @ x.T
        l, = row(db, 'SELECT to_npy(cholesky(from_npy(%s)))', [put(a)])
        assert np.array_equal(l, np.tril(l))
        assert_close('cholesky of %d' % n, l, np.linalg.cholesky(a), rtol=0, atol=1e-8)
        assert_close('product of %d' % n, l @ l.T, a, rtol=0, atol=1e-11 * max(n, 1))
        for k in (n // 3, n - 1) if n > 2 else ():
            indefinite = a.copy()
            indefinite[k, k] = -1
            with raises(db, '22000', 'leading minor of order %d ' % (k + 1)), db.cursor() as cur:
                cur.execute('SELECT cholesky(from_npy(%s))', [put(indefinite)])


def test_solve(db):
    rng = np.random.default_rng(6)
    for n, m in ((1, 1), (2, 3), (127, 1), (128, 5), (129, 300), (256, 2), (400, 400), (650, 1)):
        a = rng.standard_normal((n, n))
        b = rng.standard_normal((n, m))
        x, = row(db, 'SELECT to_npy(solve(from_npy(%s), from_npy(%s)))', [put(a), put(b)])
        assert_close('solve %d %d' % (n, m), x, np.linalg.solve(a, b), rtol=1e-9, atol=1e-9 * np.abs(x).max())
        x, = row(db, 'SELECT to_npy(solve(from_npy(%s), from_npy(%s)))', [put(a), put(b[:, 0])])
        assert_close('vector', x, np.linalg.solve(a, b[:, 0]), rtol=1e-9, atol=1e-9 * np.abs(x).max())
    permutation = np.eye(300)[rng.permutation(300)]
    x, = row(db, 'SELECT to_npy(solve(from_npy(%s), from_npy(%s)))', [put(permutation), put(np.arange(300.))])
    assert np.array_equal(x, permutation.T @ np.arange(300.))
    singular = rng.standard_normal((200, 200))
    singular[150] = 0
    with raises(db, '22000', 'matrix is singular'), db.cursor() as cur:
        cur.execute('SELECT solve(from_npy(%s), from_npy(%s))', [put(singular), put(np.ones(200))])


def test_products(db):
    """Tiles, slices and thin shapes of the product, in both element types."""
    rng = np.random.default_rng(7)
    for m, n, k in ((1, 1, 1), (3, 4, 0), (0, 3, 2), (1, 5000, 300), (5000, 1, 300), (1, 1, 10000), (7, 9, 5000),
                    (1000, 1000, 3), (513, 700, 1025), (1500, 900, 400), (64, 3000, 2000), (3000, 65, 769)):
        a = rng.standard_normal((m, k))
        b = rng.standard_normal((k, n))
        for dtype, rtol in (('float64', 1e-13), ('float32', 2e-5)):
            x, y = a.astype(dtype), b.astype(dtype)
            got, = row(db, 'SELECT to_npy(matmul(from_npy(%s), from_npy(%s)))', [put(x), put(y)])
            assert_close('%d %d %d %s' % (m, n, k, dtype), got, x.astype(float) @ y.astype(float), rtol=0,
                         atol=rtol * max(k, 1) ** .5 * 10)


def test_threads_same_bits(db):
    rng = np.random.default_rng(8)
    a = rng.standard_normal((1300, 900))
    spd = a.T @ a
    answers = []
    for threads in (1, 2, 3):
        with db.cursor() as cur:
            cur.execute('SET neuroenc.threads = %s', [threads])
        answers.append([*row(db, 'SELECT to_npy(matmul(transpose(t), t)), to_npy(matmul(f, transpose(f))) '
                                 "FROM (SELECT t, astype(t, 'float4') AS f FROM from_npy(%s) AS t OFFSET 0) AS s", [put(a)]),
                        *eigh(db, (spd + spd.T) / 2), *svd(db, a), *svd(db, a[:600]),
                        *row(db, 'SELECT to_npy(cholesky(from_npy(%s)))', [put((spd + spd.T) / 2)]),
                        *row(db, 'SELECT to_npy(solve(from_npy(%s), from_npy(%s)))', [put(spd), put(a[:900])])])
    with db.cursor() as cur:
        cur.execute('RESET neuroenc.threads')
    # eigh of 1300 takes the grouped symmetric product
    big = rng.standard_normal((1300, 1300))
    wide = []
    for threads in (1, 2):
        with db.cursor() as cur:
            cur.execute('SET neuroenc.threads = %s', [threads])
        wide.append(eigh(db, big + big.T))
    with db.cursor() as cur:
        cur.execute('RESET neuroenc.threads')
    check_eigh('1300', big + big.T, *wide[0])
    for other in answers[1:]:
        for x, y in zip(answers[0], other):
            assert np.array_equal(x, y)
    for x, y in zip(*wide):
        assert np.array_equal(x, y)


def test_memory_is_given_back(db):
    with db.cursor() as cur:
        cur.execute('SELECT shape(e.values), shape(d.s), shape(cholesky(t)), shape(solve(t, t)) '
                    'FROM from_npy(%s) AS t, eigh(t) AS e, svd(t) AS d', [put(np.eye(450) + 1)])
        cur.execute('SELECT memory_in_use FROM neuroenc_info()')
        assert cur.fetchone()[0] == 0
        cur.execute("SET neuroenc.memory_limit = '3MB'")
        for call in ('eigh(%s)', 'svd(%s)', 'cholesky(%s)', 'solve(%s, eye(450))'):
            with raises(db, '54000', 'neuroenc.memory_limit'):
                cur.execute('SELECT ' + call.replace('%s', 'from_npy(%s)') + ' IS NULL', [put(np.eye(450) + 1)])
        cur.execute('RESET neuroenc.memory_limit')
        cur.execute('SELECT memory_in_use FROM neuroenc_info()')
        assert cur.fetchone()[0] == 0


def test_progress(db):
    """A notice a second names the stage and says how far it is, then that it is done."""
    rng = np.random.default_rng(10)
    a = rng.standard_normal((2000, 2000))
    with db.cursor() as cur:
        cur.execute('SET neuroenc.progress = 1')
        del db.notices[:]
        cur.execute('SELECT shape(e.values) FROM eigh(from_npy(%s)) AS e', [put(a + a.T)])
        notices = list(db.notices)
        cur.execute('RESET neuroenc.progress')
        del db.notices[:]
        cur.execute('SELECT shape(e.values) FROM eigh(eye(600)) AS e')
        assert not db.notices
    shares = [int(n.split(':')[2].split('%')[0]) for n in notices]
    assert notices and all('eigendecomposition: ' in n for n in notices), notices
    assert shares == sorted(shares) and shares[-1] == 100, notices
