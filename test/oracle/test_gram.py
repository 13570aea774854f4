"""The gram state: every way of putting the same rows together gives the same fit, to 1e-9."""
import io

import numpy as np
import psycopg2

import ridge_reference as ref
from gram_tables import assert_same_fit, fit, load, query, value
from ridge_problems import ALPHAS, problem

RIDGE = 'ridge_cv(%s, %%s)'


def cases():
    """Rows form, moments form, some of both; p > n; missing values."""
    rng = np.random.default_rng(0)
    X, Y = problem(71, n=70, p=30)
    yield 'rows', X, Y, np.arange(70) % 4
    X, Y = problem(72, n=900, p=6)
    yield 'moments', X, Y, np.arange(900) % 3
    X, Y = problem(73, n=500, p=20)
    yield 'rows and moments', X, Y, np.repeat([1, 2, 3], [450, 30, 20])
    X, Y = problem(74, n=60, p=100)
    yield 'p > n', X, Y, np.arange(60) % 5
    X, Y = problem(75, n=300, p=7)
    Y[rng.random(Y.shape) < .05] = np.nan
    yield 'missing', X, Y, np.arange(300) % 4


def fit_gram(db, gram, source, alphas=ALPHAS):
    return fit(db, RIDGE % gram, source, ([float(a) for a in alphas],))


def error_of(db, sql, args=None):
    """The text of the error that the statement must raise."""
    try:
        query(db, sql, args)
    except psycopg2.Error as e:
        return str(e)
    raise AssertionError('no error from: ' + sql)


def test_gram_parts(db):
    """1, 2 and 7 parts in any order, by sum() and by +."""
    rng = np.random.default_rng(7)
    for name, X, Y, fold in cases():
        load(db, 'gram_t', X, Y, fold)
        whole = fit_gram(db, 'gram_agg(x, y, fold ORDER BY id)', 'FROM gram_t')
        for parts in (1, 2, 7):
            part = rng.integers(parts, size=len(X))
            query(db, "SELECT set_config('oracle.part', %s, false)", (','.join(map(str, part)),))
            for order in ('part', '-part', 'md5(part::text)'):
                source = f'''FROM (SELECT g, part FROM (SELECT part, gram_agg(x, y, fold) AS g FROM (SELECT *,
                    (string_to_array(current_setting('oracle.part'), ',')::int[])[id] AS part FROM gram_t) a GROUP BY part) b ORDER BY {order}) s'''
                assert_same_fit(fit_gram(db, 'sum(g)', source), whole)
        half = '(SELECT gram_agg(x, y, fold) FROM gram_t WHERE id %% 2 = {})'
        assert_same_fit(fit_gram(db, half.format(0) + ' + ' + half.format(1), ''), whole)


def test_gram_minus(db):
    """What was added can be taken away: seven parts, less three of them."""
    for name, X, Y, fold in cases():
        load(db, 'gram_t', X, Y, fold)
        keep = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_t WHERE id %% 7 < 4')
        less = fit_gram(db, 'a - b - c - d', '''FROM (SELECT gram_agg(x, y, fold) AS a,
            gram_agg(x, y, fold) FILTER (WHERE id %% 7 = 4) AS b, gram_agg(x, y, fold) FILTER (WHERE id %% 7 = 5) AS c,
            gram_agg(x, y, fold) FILTER (WHERE id %% 7 = 6) AS d FROM gram_t) s''')
        assert_same_fit(less, keep, rtol=1e-9)


def test_gram_minus_never_added(db):
    X, Y = problem(76, n=300, p=4)
    fold = np.arange(300) % 3
    load(db, 'gram_t', X, Y, fold)
    load(db, 'gram_u', X[:60] * 30, Y[:60], fold[:60])
    agg = '(SELECT gram_agg(x, y, fold) FROM {})'
    whole, some = agg.format('gram_t'), agg.format('gram_t WHERE id <= 100')
    error_of(db, f'SELECT n_samples({some} - {whole})')                                 # a negative count
    error_of(db, f'SELECT n_samples({whole} - {agg.format("gram_u")})')                 # a negative variance
    error_of(db, f'SELECT n_samples({whole} - (SELECT gram_agg(x, y, fold + 100) FROM gram_t))')    # folds that are not there
    error_of(db, f'SELECT n_samples({whole} - (SELECT gram_agg(x, x, fold) FROM gram_t))')          # other targets
    error_of(db, f'SELECT n_samples({whole} - (SELECT gram_agg(x, y) FROM gram_t))')                # no folds


def test_gram_round_trip(db):
    """Text, binary, and stored in a table."""
    for name, X, Y, fold in cases():
        load(db, 'gram_t', X, Y, fold)
        query(db, 'SELECT 1')
        with db.cursor() as c:
            c.execute('DROP TABLE IF EXISTS gram_s; CREATE TEMP TABLE gram_s (g gram)')
            c.execute('INSERT INTO gram_s SELECT gram_agg(x, y, fold) FROM gram_t')
            want = fit_gram(db, 'g', 'FROM gram_s')
            assert_same_fit(fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_t'), want)
            assert_same_fit(fit_gram(db, 'g::text::gram', 'FROM gram_s'), want)
            assert value(db, 'SELECT g::text::gram::text = g::text FROM gram_s')
            for form in ('binary', 'text'):
                out = io.BytesIO()
                c.copy_expert(f'COPY gram_s TO STDOUT (FORMAT {form})', out)
                c.execute('TRUNCATE gram_s')
                out.seek(0)
                c.copy_expert(f'COPY gram_s FROM STDIN (FORMAT {form})', out)
                assert_same_fit(fit_gram(db, 'g', 'FROM gram_s'), want)


def test_gram_parallel(db):
    for name, X, Y, fold in cases():
        load(db, 'gram_p', X, Y, fold, persistent=True)
        with db.cursor() as c:
            c.execute('ALTER TABLE gram_p SET (parallel_workers = 2)')
            c.execute('ANALYZE gram_p')
            serial = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_p')
            c.execute('SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2')
            c.execute('EXPLAIN SELECT gram_agg(x, y, fold) FROM gram_p')
            plan = '\n'.join(r[0] for r in c.fetchall())
            assert 'Partial Aggregate' in plan and 'Gather' in plan, plan
            parallel = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_p')
            c.execute('SET parallel_leader_participation = off')
            workers = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_p')
            for g in ('min_parallel_table_scan_size', 'parallel_setup_cost', 'parallel_tuple_cost',
                      'max_parallel_workers_per_gather', 'parallel_leader_participation'):
                c.execute(f'RESET {g}')
            c.execute('DROP TABLE gram_p')
        assert_same_fit(parallel, serial)
        assert_same_fit(workers, serial)


def test_gram_leave_one_fold_out(db):
    """without_folds() and '-' give a training set's own fit; score() on fold() gives that fold's r and r2."""
    for name, X, Y, fold in cases():
        if name == 'missing':
            continue
        load(db, 'gram_t', X, Y, fold)
        gram = '(SELECT gram_agg(x, y, fold) AS g FROM gram_t OFFSET 0) s'
        for f in np.unique(fold):
            train, test = fold != f, fold == f
            path = ref.Path(X[train], Y[train])
            for out in (f'without_folds(g, ARRAY[{f}])', f'g - fold(g, ARRAY[{f}])'):
                assert value(db, f'SELECT n_samples({out}) FROM {gram}') == train.sum()
                got = fit(db, f'ridge({out}, 2.0)', f'FROM {gram}')
                want = path.weights(2.0)
                np.testing.assert_allclose(got.weights, want, rtol=0, atol=1e-9 * np.abs(want).max())
                score = query(db, f'SELECT s2.target, s2.r, s2.r2, s2.n FROM {gram}, score(ridge({out}, 2.0), fold(g, ARRAY[{f}])) s2 ORDER BY 1')
                P = path.predict(X[test], 2.0)
                np.testing.assert_allclose([s[1] for s in score], ref.r_score(Y[test], P), atol=1e-8)
                np.testing.assert_allclose([s[2] for s in score], ref.r2_score(Y[test], P), atol=1e-8)
                assert [s[3] for s in score] == [test.sum()] * Y.shape[1]
        some = [int(f) for f in np.unique(fold)[:2]]
        got = fit(db, 'ridge(fold(g, %s), 2.0)', f'FROM {gram}', (some,))
        path = ref.Path(X[np.isin(fold, some)], Y[np.isin(fold, some)])
        np.testing.assert_allclose(got.weights, path.weights(2.0), rtol=0, atol=1e-9 * np.abs(path.weights(2.0)).max())


def test_gram_accessors(db):
    for name, X, Y, fold in cases():
        load(db, 'gram_t', X, Y, fold)
        row = query(db, '''SELECT n_samples(g), n_features(g), n_targets(g), folds(g)
            FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_t OFFSET 0) s''')[0]
        assert row[:3] == (len(X), X.shape[1], Y.shape[1]), (name, row)
        assert list(row[3]) == sorted(np.unique(fold).tolist()), (name, row)
        row = query(db, 'SELECT n_samples(g), n_features(g), n_targets(g) FROM (SELECT gram_agg(x) AS g FROM gram_t OFFSET 0) s')[0]
        assert row == (len(X), X.shape[1], 0), (name, row)


def test_gram_subsets(db):
    """gram_features and gram_targets: the gram of those columns, in the order asked for (1-based)."""
    for name, X, Y, fold in cases():
        if name == 'missing':
            Y = np.nan_to_num(Y)
        load(db, 'gram_t', X, Y, fold)
        load(db, 'gram_u', X[:, [4, 1, 3]], Y[:, [6, 0]], fold)
        want = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_u')
        for g in ('gram_targets(gram_features(g, ARRAY[5, 2, 4]), ARRAY[7, 1])', 'gram_features(gram_targets(g, ARRAY[7, 1]), ARRAY[5, 2, 4])'):
            assert_same_fit(fit_gram(db, g, 'FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_t OFFSET 0) s'), want)


def test_gram_offset(db):
    """Adding 1e4 to every float8 feature moves no result by more than 1e-5."""
    for name, X, Y, fold in cases():
        load(db, 'gram_t', X, Y, fold)
        load(db, 'gram_u', X + 1e4, Y, fold)
        for standardize in (False, True):
            fits = [fit(db, f'ridge_cv(gram_agg(x, y, fold), %s, standardize => {standardize})', f'FROM {t}', (list(ALPHAS),)) for t in ('gram_t', 'gram_u')]
            np.testing.assert_array_equal(fits[0].alpha, fits[1].alpha)
            for c in ('r', 'r2', 'r2_pooled'):
                np.testing.assert_allclose(getattr(fits[0], c), getattr(fits[1], c), rtol=0, atol=1e-5, err_msg=f'{name} {c}')
            np.testing.assert_allclose(fits[0].weights, fits[1].weights, rtol=0, atol=1e-5 * np.abs(fits[0].weights).max())


def test_gram_drifting_rows(db):
    """The provisional mean is the first block's: rows that drift far from it lose nothing."""
    X, Y = problem(77, n=1200, p=8)
    X = X + np.linspace(0, 1e4, 1200)[:, None] * np.r_[1, 0, 0, 0, 0, 0, 0, 0]
    fold = np.arange(1200) % 4
    load(db, 'gram_t', X, Y, fold)
    cv = ref.cross_validate(X, Y, fold, [1.0])
    got = fit_gram(db, 'gram_agg(x, y, fold ORDER BY id)', 'FROM gram_t', [1.0])
    np.testing.assert_allclose(got.r2, cv.r2[0], atol=1e-5)
    want = ref.Path(X, Y).weights(1.0)
    np.testing.assert_allclose(got.weights, want, rtol=0, atol=1e-5 * np.abs(want).max())


def test_gram_nulls_and_bad_rows(db):
    X, Y = problem(78)
    fold = np.arange(60) % 3
    load(db, 'gram_t', X, Y, fold)
    want = fit_gram(db, 'gram_agg(x, y, fold)', 'FROM gram_t WHERE id NOT IN (3, 17, 40)')
    skipped = fit_gram(db, '''gram_agg(CASE WHEN id <> 3 THEN x END, CASE WHEN id <> 17 THEN y END,
        CASE WHEN id <> 40 THEN fold END)''', 'FROM gram_t')
    assert_same_fit(skipped, want)
    assert value(db, 'SELECT gram_agg(x, y, fold) IS NULL FROM gram_t WHERE false')
    for bad in (np.nan, np.inf, -np.inf):
        Z = X.copy()
        Z[41, 6] = bad
        load(db, 'gram_u', Z, Y, fold)
        text = error_of(db, 'SELECT n_samples(gram_agg(x, y, fold ORDER BY id)) FROM gram_u')
        assert '42' in text and '7' in text, text
    load(db, 'gram_u', X[:, :4], Y, fold)
    error_of(db, 'SELECT n_samples(gram_agg(x, y, fold)) FROM (SELECT * FROM gram_t UNION ALL SELECT * FROM gram_u) s')
    load(db, 'gram_u', X, Y[:, :4], fold)
    error_of(db, 'SELECT n_samples(gram_agg(x, y, fold)) FROM (SELECT * FROM gram_t UNION ALL SELECT * FROM gram_u) s')
