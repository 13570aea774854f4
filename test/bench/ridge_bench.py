"""ridge_cv(gram_agg(x, y, fold)) from a table: n 10,000, p 500, v 5,000, float4, 5 folds; and p 20,000 in dual form."""

import time

import numpy as np
from sklearn.linear_model import RidgeCV

import ridge_reference as ref
from encoding_data import Backend, copy_out, create, median_seconds, power_law, responses


N, P, V, FOLDS, THREADS = 10000, 500, 5000, 5, 2
FIT = 'SELECT avg(t.r2), avg(t.r) FROM (SELECT ridge_cv(gram_agg(x, y, fold), %s) AS e FROM {} OFFSET 0) q, targets(q.e) t'
kept = {}


def white_table(db):
    if 'white' not in kept:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((N, P), dtype=np.float32)
        Y = responses(rng, X, V)
        create(db, 'white', np.arange(N) * FOLDS // N, X, Y)
        kept['white'] = X, Y
    return kept['white']


def grid(n, low=-2, high=6):
    return np.logspace(low, high, n).tolist()


def floor(rates, report, a):
    """The flops of the field notes, each at the rate of the precision it needs for float4 data."""
    s, d = rates.sgemm[THREADS], rates.dgemm[THREADS]
    predict, statistics = 2.0 * a * N * P * V, 2.0 * a * FOLDS * P ** 2 * V
    parts = [("X'X", float(N) * P ** 2, 'dgemm', d),
             ("X'Y", 2.0 * N * P * V, 'sgemm', s),
             (f'{FOLDS + 1} eigendecompositions, 9 p^3', (FOLDS + 1) * 9.0 * P ** 3, 'dgemm', d),
             ("rotating X'Y", 2.0 * (FOLDS + 1) * P ** 2 * V, 'sgemm', s),
             (f'{a} alphas by ' + ('predicting' if predict < statistics else 'statistics'), min(predict, statistics), 'sgemm', s),
             ('weights', 2.0 * P ** 2 * V, 'dgemm', d)]
    return report.floor(parts)


def bench_ridge_cv(db, rates, report):
    X, Y = white_table(db)
    alphas = grid(10)
    backend = Backend(db, THREADS)
    backend.query(FIT.format('white'), (alphas,))
    rates.again()
    took, rows = median_seconds(lambda: backend.query(FIT.format('white'), (alphas,)), 5)
    rates.again()
    report.figure('ridge_cv(gram_agg(x, y, fold)), 10 alphas', took, 's')
    total = floor(rates, report, 10)
    report.figure('  ratio to its floor', took / total, '', bar=2.5)
    backend.close()

    started = time.perf_counter()
    A, B = copy_out(db, 'white', X, Y)
    out = time.perf_counter() - started
    assert np.array_equal(A, X) and np.array_equal(B, Y)
    rates.set_threads(THREADS)
    started = time.perf_counter()
    peer = RidgeCV(alphas=alphas, alpha_per_target=True).fit(A, B)
    fitted = time.perf_counter() - started
    report.figure('COPY BINARY out to NumPy', out, 's')
    report.figure('scikit-learn RidgeCV(alpha_per_target=True)', fitted, 's')
    report.figure('  ridge_cv took of the two', took / (out + fitted), '', bar=.1, note=f'{(out + fitted) / took:.1f} times faster')
    assert peer.alpha_.shape == (V,)

    some = np.arange(0, V, V // 20)
    cv = ref.cross_validate(X, Y[:, some], np.arange(N) * FOLDS // N, alphas)
    index = ref.choose(cv.r2, alphas)
    with db.cursor() as cur:
        cur.execute('''SELECT t.alpha, t.r2, t.r FROM (SELECT ridge_cv(gram_agg(x, y, fold), %s) AS e FROM white OFFSET 0) q,
            targets(q.e) t WHERE (t.target - 1) %% %s = 0 ORDER BY t.target''', (alphas, V // 20))
        rows = np.array(cur.fetchall(), float)
    report.figure('  r2 from refits, the largest difference of 20 targets', np.abs(rows[:, 1] - cv.r2[index, np.arange(20)]).max(), '', bar=1e-5)
    report.figure('  r from refits', np.abs(rows[:, 2] - cv.r[index, np.arange(20)]).max(), '', bar=1e-5)


def bench_ridge_cv_memory(db, rates, report):
    white_table(db)
    backend = Backend(db, 1)
    _, peak = backend.peak(FIT.format('white'), (grid(10),))
    size = (P * P + P * V) * 8 * FOLDS
    report.figure("ridge_cv: peak memory, X'X and X'Y of all folds", peak / size, 'times', bar=3, note=f'{peak / 2 ** 20:.0f} of {size / 2 ** 20:.0f} MB')
    backend.close()


def bench_ridge_cv_40_alphas(db, rates, report):
    X, Y = white_table(db)
    fold = np.arange(N) * FOLDS // N
    rng = np.random.default_rng(1)
    F = power_law(rng, N, P)
    G = responses(rng, F, V)
    create(db, 'power_law', fold, F, G)
    for table, bar, A, B, low, high in (('white', 2.2, X, Y, -2, 6), ('power_law', 3.2, F, G, -4, 4)):
        backend = Backend(db, THREADS)
        ten, _ = median_seconds(lambda: backend.query(FIT.format(table), (grid(10, low, high),)), 5)
        forty, _ = median_seconds(lambda: backend.query(FIT.format(table), (grid(40, low, high),)), 5)
        report.figure(f'{table.replace("_", " ")} features: 10 alphas', ten, 's')
        report.figure(f'{table.replace("_", " ")} features: 40 alphas', forty, 's')
        report.figure('  ratio', forty / ten, '', bar=bar)
        backend.close()
        some = np.arange(0, V, V // 20)
        alphas = grid(40, low, high)
        cv = ref.cross_validate(A, B[:, some], fold, alphas)
        index = ref.choose(cv.r2, alphas)
        with db.cursor() as cur:
            cur.execute(f'''SELECT t.alpha, t.r2 FROM (SELECT ridge_cv(gram_agg(x, y, fold), %s) AS e FROM {table} OFFSET 0) q,
                targets(q.e) t WHERE (t.target - 1) %% %s = 0 ORDER BY t.target''', (alphas, V // 20))
            rows = np.array(cur.fetchall(), float)
        lost = cv.r2[index, np.arange(20)] - rows[:, 1]
        report.figure('  alphas other than refits choose, of 20', float((np.abs(rows[:, 0] / np.array(alphas)[index] - 1) > 1e-9).sum()), '', bar=0)
        report.figure('  r2 from refits', np.abs(lost).max(), '', bar=1e-5)


def bench_ridge_cv_dual(db, rates, report):
    n, p, v = 500, 20000, 2000
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, p))
    Y = X @ rng.standard_normal((p, v)) / np.sqrt(p) * np.linspace(0, 2, v) + rng.standard_normal((n, v))
    alphas = (p * np.logspace(-6, 4, 6)).tolist()
    for name, fold in (('equal', np.arange(n) // 100), ('unequal', np.repeat(np.arange(5), [3, 17, 80, 150, 250]))):
        create(db, 'wide', fold, X, Y)
        cv = ref.cross_validate(X, Y, fold, alphas)
        backend = Backend(db, THREADS)
        apart = 0
        for i, alpha in enumerate(alphas):
            rows = np.array(backend.query('''SELECT t.r2, t.r, t.r2_pooled FROM (SELECT ridge_cv(gram_agg(x, y, fold), %s) AS e FROM wide OFFSET 0) q,
                targets(q.e) t ORDER BY t.target''', ([alpha],)), float)
            for j, want in enumerate((cv.r2[i], cv.r[i], cv.r2_pooled[i])):
                apart = max(apart, np.abs(rows[:, j] - want).max())
        report.figure(f'{name} folds: r, r2 from refits, at every alpha', apart, '', bar=1e-9)
        backend.close()
        backend = Backend(db, THREADS)
        started = time.perf_counter()
        _, peak = backend.peak(FIT.format('wide'), (grid(10, 0, 8),))
        report.figure(f'{name} folds: 10 alphas', time.perf_counter() - started, 's')
        report.figure('  peak memory', peak / 2 ** 30, 'GB', bar=1)
        backend.close()
