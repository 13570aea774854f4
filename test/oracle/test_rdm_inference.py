"""rdm_permutation_test, rdm_bootstrap, rdm_compare_models, rsa_noise_ceiling, rsa_fit against explicit resampling in NumPy and SciPy.

The draws are those of the documented generator (Philox 4x32-10, stream k for draw k), so that a standard error is
checked to rounding: each draw is made as a list of conditions with copies, and compared without weights.  Coverage of
the intervals is by simulation of populations of conditions and subjects.
"""

import itertools

import numpy as np
import scipy.optimize
import scipy.stats

from neuroenc_oracle import assert_close, assert_equal, put

METHODS = ('pearson', 'spearman', 'rho_a', 'kendall_tau_a', 'kendall_tau_b', 'cosine', 'whitened_cosine', 'whitened_pearson')


# ---- comparisons, written out ----

def whitened(pairs, centre):
    """a' V^-1 b with V[p, q] = ((c_p . c_q))^2 of the contrasts c of pairs of positions."""
    n = max(j for _, j in pairs) + 1
    C = np.zeros((len(pairs), n))
    for p, (i, j) in enumerate(pairs):
        C[p, i], C[p, j] = 1, -1
    V = (C @ C.T) ** 2

    def value(a, b):
        a, b = (a - a.mean(), b - b.mean()) if centre else (a, b)
        x, y = np.linalg.solve(V, a), np.linalg.solve(V, b)
        return a @ y / np.sqrt((a @ x) * (b @ y))
    return value


def compare(method, a, b, pairs):
    """Of two vectors over pairs of positions (i < j)."""
    if method == 'pearson':
        return np.corrcoef(a, b)[0, 1]
    if method == 'cosine':
        return a @ b / np.sqrt((a @ a) * (b @ b))
    if method == 'spearman':
        return scipy.stats.spearmanr(a, b)[0]
    if method == 'rho_a':
        m = len(a)
        r, s = (scipy.stats.rankdata(x) - (m + 1) / 2 for x in (a, b))
        return 12 * (r @ s) / (m ** 3 - m)
    if method == 'kendall_tau_b':
        return scipy.stats.kendalltau(a, b)[0]
    if method == 'kendall_tau_a':
        i, j = np.triu_indices(len(a), 1)
        return np.mean(np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]))
    return whitened(pairs, method == 'whitened_pearson')(a, b)


def compare_conditions(method, D, E, conditions):
    """Over the pairs of a list of conditions that are not copies of one another."""
    pairs = [(p, q) for p, q in itertools.combinations(range(len(conditions)), 2) if conditions[p] != conditions[q]]
    at = tuple(np.array([conditions[p[k]] for p in pairs]) for k in (0, 1))
    return compare(method, D[at], E[at], pairs)


# ---- the generator ----

class Stream:
    def __init__(self, seed, stream):
        self.seed, self.stream, self.block, self.words = seed, stream, 0, []

    def bits(self):
        if not self.words:
            c = [self.block & 0xffffffff, self.block >> 32, self.stream & 0xffffffff, self.stream >> 32]
            k = [self.seed & 0xffffffff, self.seed >> 32]
            for _ in range(10):
                p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
                c = [q >> 32 ^ c[1] ^ k[0], q & 0xffffffff, p >> 32 ^ c[3] ^ k[1], p & 0xffffffff]
                k = [k[0] + 0x9E3779B9 & 0xffffffff, k[1] + 0xBB67AE85 & 0xffffffff]
            self.words = [c[0] | c[1] << 32, c[2] | c[3] << 32]
            self.block += 1
        return self.words.pop(0)

    def below(self, n):
        """Lemire's multiply and shift; a rejection has probability n / 2^64."""
        return self.bits() * n >> 64


# ---- RDMs ----

def distances(X):
    G = X @ X.T
    D = np.diag(G)[:, None] + np.diag(G) - 2 * G
    D = (D + D.T) / 2
    np.fill_diagonal(D, 0)
    return D / X.shape[1]


def load(db, name, rdms, labels=None):
    """Table name(k, r) of the RDMs of square matrices."""
    with db.cursor() as cur:
        cur.execute(f'DROP TABLE IF EXISTS {name}; CREATE TEMP TABLE {name} (k int, r rdm)')
        for k, D in enumerate(rdms):
            words = labels[k] if labels else ['%03d' % i for i in range(len(D))]
            cur.execute(f'INSERT INTO {name} SELECT %s, rdm_from_matrix(%s, from_npy(%s))', (k, list(words), put(D)))


def rows(db, statement, args=None):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return cur.fetchall()


def array(name):
    return f'(SELECT array_agg(r ORDER BY k) FROM {name})'


def sets(seed, n, n_data, n_models, ties=False):
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((n_models, n, 6))
    models = [distances(z) for z in Z]
    data = [distances(Z[0] + 1.5 * rng.standard_normal((n, 6))) for _ in range(n_data)]
    if ties:
        data, models = [np.round(D) for D in data], [np.round(2 * D) / 2 for D in models]
    return data, models


# ---- rdm_permutation_test ----

def test_rdm_permutation_all_orders(db):
    """p of 5 conditions against all 120 orders, by every method; ties and a missing pair."""
    n = 40000
    for ties in (False, True):
        (D,), (M,) = sets(3, 5, 1, 1, ties)
        load(db, 'perm_a', [D])
        load(db, 'perm_b', [M])
        i, j = np.triu_indices(5, 1)
        pairs = list(zip(i, j))
        for method in METHODS:
            value, p = rows(db, f"SELECT t.value, t.p FROM perm_a a, perm_b b, rdm_permutation_test(a.r, b.r, '{method}', n => {n}) t")[0]
            want = compare(method, D[i, j], M[i, j], pairs)
            assert_close(f'{method}, value', value, want, 1e-10, 1e-12)
            values = [compare(method, D[np.ix_(q, q)][i, j], M[i, j], pairs) for q in itertools.permutations(range(5))]
            exact = np.mean(np.array(values) >= want - 1e-9)
            assert abs(p - exact) < 4.5 * np.sqrt(exact * (1 - exact) / n) + 2 / n, (method, ties, p, exact)
    D[0, 1] = D[1, 0] = np.nan
    load(db, 'perm_a', [D])
    value, p = rows(db, f"SELECT t.value, t.p FROM perm_a a, perm_b b, rdm_permutation_test(a.r, b.r, 'pearson', n => {n}) t")[0]
    values = []
    for q in itertools.permutations(range(5)):
        a, b = D[np.ix_(q, q)][i, j], M[i, j]
        values.append(np.corrcoef(a[~np.isnan(a)], b[~np.isnan(a)])[0, 1])
    assert_close('value with a missing pair', value, values[0], 1e-10)
    exact = np.mean(np.array(values) >= value - 1e-9)
    assert abs(p - exact) < 4.5 * np.sqrt(exact * (1 - exact) / n) + 2 / n, (p, exact)


def test_rdm_permutation_null(db):
    """p of unrelated RDMs is uniform; two-sided as well."""
    rng = np.random.default_rng(8)
    load(db, 'null_a', [distances(rng.standard_normal((12, 4))) for _ in range(200)])
    load(db, 'null_b', [distances(rng.standard_normal((12, 4))) for _ in range(200)])
    for method in ('spearman', 'cosine', 'whitened_cosine', 'kendall_tau_a'):
        for two_sided in ('false', 'true'):
            p = rows(db, f"SELECT t.p FROM null_a a JOIN null_b b USING (k), rdm_permutation_test(a.r, b.r, '{method}', n => 199, two_sided => {two_sided}) t")
            assert scipy.stats.kstest(np.ravel(p), 'uniform').pvalue > 1e-3, (method, two_sided)


# ---- rdm_bootstrap ----

def draws(seed, n_draws, n_data, n):
    """Subjects and conditions of each draw, and how many were thrown away."""
    found, redrawn = [], 0
    for k in range(n_draws):
        stream = Stream(seed, k)
        subjects = [stream.below(n_data) for _ in range(n_data)]
        while True:
            conditions = [stream.below(n) for _ in range(n)]
            if len(set(conditions)) >= 3:
                break
            redrawn += 1
        found.append((subjects, conditions))
    return found, redrawn


def explicit(method, data, models, n_draws, seed):
    """Values over all conditions (models x subjects), and without each; each draw's subjects, counts of conditions, and values over its conditions; draws thrown away."""
    n, s = len(data[0]), len(data)
    value = lambda conditions: np.array([[compare_conditions(method, D, M, conditions) for D in data] for M in models])
    kept = []
    found, redrawn = draws(seed, n_draws, s, n)
    for subjects, conditions in found:
        drawn = value(conditions)
        if np.isnan(drawn).any():
            redrawn += 1
        else:
            kept.append((subjects, np.bincount(conditions, minlength=n), drawn))
    left_out = np.array([value([c for c in range(n) if c != i]) for i in range(n)])
    return value(range(n)), left_out, [np.array(x) for x in zip(*kept)], redrawn


def standard_error(over, everyone, subjects, counts, drawn, left_out):
    """Of the mean over subjects: everyone (subjects), values over all conditions; a row a draw: its subjects, counts of
    conditions, and each subject's values over its conditions; left_out: the same without each condition."""
    (m, n), s = counts.shape, len(everyone)

    def variance(x):
        return np.var(x, ddof=1)

    def pairs(x):
        """What is left of the variance without its linear part (the infinitesimal jackknife, less its own noise)."""
        covariance = np.array([np.cov(counts[:, i], x)[0, 1] for i in range(n)])
        return variance(x) - (np.sum(covariance ** 2) - (n - 1) / (m - 1) * variance(x))

    V_subjects = variance(everyone[subjects].mean(1))
    V_conditions = variance(drawn.mean(1))
    V_both = variance(np.take_along_axis(drawn, subjects, 1).mean(1))
    if over == 'subjects':
        return np.sqrt(s / (s - 1) * V_subjects)
    all_pairs = pairs(drawn.mean(1))
    own = (np.mean([pairs(x) for x in drawn.T]) - all_pairs) / (s - 1)
    all_pairs = np.clip(all_pairs, 0, V_conditions / 3)
    own = np.clip(own, 0, all_pairs)
    by_subjects, by_conditions = V_subjects * s / (s - 1), (n - 1) ** 2 / n * variance(left_out.mean(1))
    if np.isnan(by_conditions):
        by_conditions = (V_conditions - all_pairs) * n / (n - 1)
    by_conditions = max(by_conditions - all_pairs, V_conditions / 3)
    if over == 'conditions':
        return np.sqrt(by_conditions)
    noise = n / (n - 1) * (s / (s - 1) * (V_both - V_subjects - V_conditions) - 2 * own)
    return np.sqrt(by_subjects + by_conditions - np.clip(noise, 0, min(by_subjects, by_conditions)))


def check_bootstrap(db, n, n_data, n_draws, ties, seed, methods=METHODS):
    data, models = sets(seed, n, n_data, 2, ties)
    load(db, 'boot_d', data)
    load(db, 'boot_m', models)
    for method in methods:
        with np.errstate(invalid='ignore', divide='ignore'):
            everyone, left_out, (subjects, counts, drawn), redrawn = explicit(method, data, models, n_draws, seed)
        estimate = everyone.mean(1)
        for over in ('both', 'subjects', 'conditions'):
            df = {'both': min(n, n_data), 'subjects': n_data, 'conditions': n}[over] - 1
            call = f"({array('boot_d')}, {array('boot_m')}, '{method}', {n_draws}, {seed}, '{over}')"
            got = np.array(rows(db, f'SELECT estimate, se, low, high, n, redrawn FROM rdm_bootstrap{call} ORDER BY model'), float)
            name = f'{method} over {over}, {n} conditions, ties {ties}'
            se = np.array([standard_error(over, everyone[i], subjects, counts, drawn[:, i], left_out[:, i]) for i in range(2)])
            half = scipy.stats.t.ppf(.975, df) * se
            assert_close(name + ', estimate', got[:, 0], estimate, 1e-9, 1e-12)
            assert_close(name + ', se', got[:, 1], se, 1e-6, 1e-9)
            assert_close(name + ', interval', got[:, 2:4], np.column_stack([estimate - half, estimate + half]), 1e-6, 1e-8)
            assert_close(name + ', draws', got[:, 4:], [[len(drawn), redrawn]] * 2)
            a, b, difference, se, low, high, p = np.array(rows(db, f'SELECT * FROM rdm_compare_models{call}')[0], float)
            want = standard_error(over, everyone[0] - everyone[1], subjects, counts, drawn[:, 0] - drawn[:, 1], left_out[:, 0] - left_out[:, 1])
            half = scipy.stats.t.ppf(.975, df) * want
            assert_close(name + ', difference', [difference, se, low, high, p],
                         [estimate[0] - estimate[1], want, difference - half, difference + half, 2 * scipy.stats.t.sf(abs(difference) / want, df)], 1e-6, 1e-8)


def test_rdm_bootstrap_draws(db):
    """Each draw's RDMs made in full, copies and all: standard errors to rounding."""
    check_bootstrap(db, 9, 3, 66, False, 5)
    check_bootstrap(db, 9, 3, 30, True, 6)


def test_rdm_bootstrap_few_conditions(db):
    """Few conditions: draws thrown away, and one condition more than half of a draw (the singular case of whitening)."""
    check_bootstrap(db, 6, 2, 130, False, 7, ('cosine', 'whitened_cosine', 'whitened_pearson', 'spearman'))
    check_bootstrap(db, 4, 2, 60, False, 8, ('cosine', 'whitened_cosine', 'kendall_tau_a'))


def test_rdm_bootstrap_many(db):
    """More pairs, draws and comparisons than one panel, block or task takes; the same with three threads, and cka as whitened."""
    data, models = sets(11, 60, 3, 3)
    load(db, 'many_d', data)
    load(db, 'many_m', models)
    got = {}
    for method in ('cosine', 'whitened_cosine', 'cka', 'spearman', 'kendall_tau_b'):
        statement = f"SELECT estimate, se, low, high FROM rdm_bootstrap({array('many_d')}, {array('many_m')}, '{method}', 300) ORDER BY model"
        rows(db, "SELECT set_config('neuroenc.threads', '1', false)")
        got[method] = rows(db, statement)
        rows(db, "SELECT set_config('neuroenc.threads', '3', false)")
        assert_equal(method + ' with three threads', rows(db, statement), got[method])
    assert_close('cka is the whitened cosine', got['cka'], got['whitened_cosine'], 1e-12)
    rows(db, "SELECT set_config('neuroenc.threads', '1', false)")


# ---- coverage ----

def coverage(db, n, n_data, n_sets, method='pearson', n_draws=300):
    """Share of the intervals that hold the population's value, by (effect, over).

    Over conditions: other conditions, the same subjects (their gains); over subjects: the same conditions, other
    subjects; both.  The population's value is the mean estimate of many samples of what may vary.
    """
    found = {}
    for effect in (0, .7):
        for over in ('both', 'subjects', 'conditions'):
            rng = np.random.default_rng([n, n_data, int(effect * 10), len(over)])
            channels = 20
            gains = np.exp(.4 * rng.standard_normal((n_data, channels)))
            Z0 = rng.standard_normal((n, channels))
            S0 = effect * Z0[:, ::-1] + np.sqrt(1 - effect ** 2) * rng.standard_normal((n, channels))
            data, models = [], []
            for _ in range(n_sets):
                Z, S = Z0, S0
                if over != 'subjects':
                    Z = rng.standard_normal((n, channels))
                    S = effect * Z[:, ::-1] + np.sqrt(1 - effect ** 2) * rng.standard_normal((n, channels))
                G = gains if over == 'conditions' else np.exp(.4 * rng.standard_normal((n_data, channels)))
                data += [distances(S * g + rng.standard_normal((n, channels))) for g in G]
                models.append(distances(Z))
            load(db, 'cover_d', data)
            load(db, 'cover_m', models)
            got = np.array(rows(db, f"""
                SELECT b.estimate, b.low, b.high FROM cover_m m,
                    LATERAL (SELECT array_agg(r ORDER BY k) AS data FROM cover_d d WHERE d.k / {n_data} = m.k) q,
                    LATERAL rdm_bootstrap(data, m.r, '{method}', {n_draws}, m.k, '{over}') b"""), float)
            value = got[:, 0].mean()
            found[effect, over] = np.mean((got[:, 1] <= value) & (value <= got[:, 2])), got[:, 0].std(), (got[:, 2] - got[:, 1]).mean()
    return found


def test_rdm_bootstrap_coverage(db):
    """95 per cent intervals hold the population's value in 92 to 98 per cent of 400 sets of 30 conditions and 10 subjects, in each of six cases."""
    for case, (share, sd, width) in coverage(db, 30, 10, 400).items():
        assert .92 <= share <= .98, (case, share, sd, width)


# ---- rsa_noise_ceiling ----

def pooled(method, vectors, pairs):
    forms = []
    for v in vectors:
        if method in ('spearman', 'rho_a', 'kendall_tau_a', 'kendall_tau_b'):
            forms.append(scipy.stats.rankdata(v))
            continue
        if method in ('pearson', 'whitened_pearson'):
            v = v - v.mean()
        if method.startswith('whitened'):
            n = max(j for _, j in pairs) + 1
            C = np.zeros((len(pairs), n))
            for p, (i, j) in enumerate(pairs):
                C[p, i], C[p, j] = 1, -1
            forms.append(v / np.sqrt(v @ np.linalg.solve((C @ C.T) ** 2, v)))
        else:
            forms.append(v / np.linalg.norm(v))
    return np.mean(forms, axis=0)


def test_rsa_noise_ceiling(db):
    data, _ = sets(21, 9, 5, 1)
    data[1][0, 3] = data[1][3, 0] = np.nan
    for name, subset in (('complete', data[:1] + data[2:]), ('a pair missing', data)):
        load(db, 'ceiling', subset)
        i, j = np.triu_indices(9, 1)
        there = ~np.isnan(np.sum(subset, axis=0)[i, j])
        pairs = list(zip(i[there], j[there]))
        vectors = [D[i, j][there] for D in subset]
        for method in METHODS:
            got = rows(db, f"SELECT (c).lower, (c).upper FROM (SELECT rsa_noise_ceiling(r, '{method}') AS c FROM ceiling) q")[0]
            everyone = pooled(method, vectors, pairs)
            upper = np.mean([compare(method, everyone, v, pairs) for v in vectors])
            lower = np.mean([compare(method, pooled(method, vectors[:k] + vectors[k + 1:], pairs), v, pairs) for k, v in enumerate(vectors)])
            assert_close(f'noise ceiling, {method}, {name}', got, [lower, upper], 1e-9)
            if method in ('pearson', 'cosine', 'whitened_cosine', 'whitened_pearson'):
                rng = np.random.default_rng(0)
                for step in (1e-2, 1, 1):
                    other = everyone + step * everyone.std() * rng.standard_normal(len(everyone))
                    assert np.mean([compare(method, other, v, pairs) for v in vectors]) <= upper + 1e-12, method


# ---- rsa_fit ----

def fit_weights(method, A, y, pairs):
    """scipy's NNLS in the metric of the method."""
    if method in ('pearson', 'whitened_pearson'):
        A, y = A - A.mean(0), y - y.mean()
    if method.startswith('whitened'):
        n = len(set(itertools.chain(*pairs)))
        C = np.zeros((len(pairs), n))
        for p, (i, j) in enumerate(pairs):
            C[p, i], C[p, j] = 1, -1
        w, Q = np.linalg.eigh((C @ C.T) ** 2)
        root = (Q / np.sqrt(w)) @ Q.T
        A, y = root @ A, root @ y
    return scipy.optimize.nnls(A, y)[0]


def test_rsa_fit(db):
    rng = np.random.default_rng(31)
    n, k, n_folds = 20, 6, 4
    models = [distances(rng.standard_normal((n, 5))) for _ in range(k)]
    y = 2 * models[0] + .5 * models[1] - models[2] + distances(.6 * rng.standard_normal((n, 3)))
    load(db, 'fit_d', [y])
    load(db, 'fit_m', models)
    stream = Stream(9, 0)
    perm = list(range(n))
    for i in range(n - 1, 0, -1):
        j = stream.below(i + 1)
        perm[i], perm[j] = perm[j], perm[i]
    fold = np.empty(n, int)
    fold[perm] = np.arange(n) % n_folds

    def vectors(conditions):
        i, j = np.triu_indices(len(conditions), 1)
        at = conditions[i], conditions[j]
        return np.column_stack([M[at] for M in models]), y[at], list(zip(i, j))

    for method in ('pearson', 'cosine', 'whitened_pearson', 'whitened_cosine'):
        got = np.array(rows(db, f"SELECT weight, fold_weight, score, fit, n_folds, n_conditions FROM rsa_fit((SELECT r FROM fit_d), {array('fit_m')}, {n_folds}, 9, '{method}') ORDER BY model"), float)
        weights, scores = [], []
        for f in range(n_folds):
            weights.append(fit_weights(method, *vectors(np.flatnonzero(fold != f))))
            A, held, pairs = vectors(np.flatnonzero(fold == f))
            scores.append(compare(method, A @ weights[-1], held, pairs))
        A, all_of, pairs = vectors(np.arange(n))
        weight = fit_weights(method, A, all_of, pairs)
        assert (weight == 0).any() and (weight > 0).sum() > 1
        assert_close(f'weights, {method}', got[:, 0], weight, 1e-7, 1e-9)
        assert_close(f'weights of folds, {method}', got[:, 1], np.mean(weights, axis=0), 1e-7, 1e-9)
        assert_close(f'score, {method}', got[:, 2], [np.mean(scores)] * k, 1e-7)
        assert_close(f'fit, {method}', got[:, 3], [compare(method, A @ weight, all_of, pairs)] * k, 1e-7)
        assert_close(f'folds and conditions, {method}', got[:, 4:], [[n_folds, n]] * k)


def test_rsa_fit_many(db):
    """100 problems of 15 models, nearly collinear ones too: scipy.optimize.nnls by cosine."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        base = rng.standard_normal((12, 4))
        models = [distances(np.hstack([base, rng.standard_normal((12, 4))])) for _ in range(15)]
        y = distances(np.hstack([base, rng.standard_normal((12, 2))]))
        load(db, 'nnls_d', [y])
        load(db, 'nnls_m', models)
        got = np.ravel(rows(db, f"SELECT weight FROM rsa_fit((SELECT r FROM nnls_d), {array('nnls_m')}, 2, method => 'cosine') ORDER BY model")).astype(float)
        i, j = np.triu_indices(12, 1)
        want = scipy.optimize.nnls(np.column_stack([M[i, j] for M in models]), y[i, j])[0]
        assert_close(f'weights of problem {seed}', got, want, 1e-6, 1e-8)
