"""permutation_test, compare_test and bootstrap_r: against every permutation or swap enumerated, and on simulated nulls."""

import itertools

import numpy as np
from scipy import stats

from neuroenc_oracle import assert_close, create_rows

RNG = np.random.default_rng(31)


def query(db, statement, args=None):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return np.array([[np.nan if x is None else float(x) for x in row] for row in cur.fetchall()])


def set_threads(db, n):
    with db.cursor() as cur:
        cur.execute("SET neuroenc.threads = %d" % n)


def rows(db, table, block, position=None, **vectors):
    """A table of these rows in a shuffled order: answers must not depend on it."""
    n = len(block)
    shuffled = RNG.permutation(n)
    position = np.arange(n) if position is None else position
    columns = {name: np.asarray(v)[shuffled] for name, v in vectors.items()}
    columns["block"] = np.asarray(block)[shuffled]
    columns["pos"] = position[shuffled]
    create_rows(db, table, columns)


def column_r(x, y):
    """Pearson by column over rows where both are; 0 for a constant, NaN for fewer than two rows."""
    both = ~np.isnan(x) & ~np.isnan(y)
    n = both.sum(axis=0)
    a, b = np.where(both, x, 0.0), np.where(both, y, 0.0)
    a, b = (np.where(both, z - z.sum(axis=0) / np.maximum(n, 1), 0.0) for z in (a, b))
    a, b = (np.where(np.abs(z).max(axis=0) < 1e-12, 0.0, z) for z in (a, b))
    norm = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.where(n < 2, np.nan, (a * b).sum(axis=0) / np.where(norm == 0, 1.0, norm))


def block_orders(block):
    """Row orders of y for every permutation of blocks among those of their length."""
    labels = list(dict.fromkeys(block))
    members = {b: np.flatnonzero(block == b) for b in labels}
    groups = {}
    for b in labels:
        groups.setdefault(len(members[b]), []).append(b)
    for choice in itertools.product(*[itertools.permutations(g) for g in groups.values()]):
        order = np.empty(len(block), int)
        for group, permuted in zip(groups.values(), choice):
            for a, b in zip(group, permuted):
                order[members[a]] = members[b]
        yield order


def enumerated(x, y, block, two_sided):
    """r, and the shares of all permutations with a statistic, or a largest statistic, of at least r's."""
    size = np.abs if two_sided else np.asarray
    r = column_r(x, y)
    null = np.array([np.nan_to_num(size(column_r(x, y[order]))) for order in block_orders(block)])
    largest = np.where(np.isnan(r), -np.inf, null).max(axis=1)
    return r, (null >= size(r) - 1e-9).mean(axis=0), (largest[:, None] >= size(r) - 1e-9).mean(axis=0)


def assert_shares(name, p, share, n):
    """p = (1 + count) / (1 + n), where count is binomial with this share."""
    count = p * (1 + n) - 1
    assert_close(name + " is a count", count, np.round(count), atol=1e-6)
    off = np.abs(count / n - share) / np.sqrt(np.maximum(share * (1 - share), 1e-12) / n)
    assert np.all((off < 5) | (np.abs(count / n - share) < 1e-9)), "%s: %s, expected %s" % (name, count / n, share)


def check_enumerated(db, table, x, y, block):
    n_perm = 20000
    rows(db, table, block, x=x, y=y)
    for two_sided in (False, True):
        got = query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block, pos) AS s FROM %s) q,"
                        " permutation_test(s, n_perm => %d, two_sided => %s, seed => 5) t ORDER BY target"
                    % (table, n_perm, two_sided))
        r, share, share_fwe = enumerated(x, y, block, two_sided)
        assert_close(table + " r", got[:, 1], r, rtol=0, atol=1e-12)
        has = ~np.isnan(r)
        assert np.array_equal(np.isnan(got[:, 2]), ~has) and np.array_equal(np.isnan(got[:, 3]), ~has)
        assert_shares(table + " p", got[has, 2], share[has], n_perm)
        assert_shares(table + " p_fwe", got[has, 3], share_fwe[has], n_perm)


def related(n, v, effect=0.7):
    x = RNG.standard_normal((n, v))
    return x, effect * x + RNG.standard_normal((n, v))


def test_permutation_enumerated(db):
    x, y = related(6, 11)
    check_enumerated(db, "single_rows", x, y, np.arange(6) * 7 - 3)
    x, y = related(20, 15)
    check_enumerated(db, "blocks", x, y, np.repeat([4, 1, -9, 30, 2], 4))
    x, y = related(23, 9)
    check_enumerated(db, "lengths", x, y, np.repeat([1, 2, 3, 4, 5, 6, 7], [4, 2, 4, 5, 4, 2, 2]))
    x, y = related(15, 12)
    x[:, 3] = 2.5                                   # constants: r 0, p 1
    y[:, 4] = 0.1
    check_enumerated(db, "constants", x, y, np.repeat(np.arange(5), 3))


def test_permutation_missing(db):
    x, y = related(20, 14)
    y[RNG.random(y.shape) < 0.15] = np.nan
    x[RNG.random(x.shape) < 0.1] = np.nan
    y[:, 2] = x[:, 5] = np.nan                      # nothing there
    y[1:, 3] = np.nan                               # one row
    y[~np.isnan(y[:, 6]), 6] = 4.0                  # constant where it is
    y[:, 8:11], x[:, 8:11] = related(20, 3)         # some targets complete
    check_enumerated(db, "missing_blocks", x, y, np.repeat(np.arange(5), 4))
    check_enumerated(db, "missing_rows", x[:6], y[:6], np.arange(6))


def test_permutation_many_rows(db):
    """Both ways to sum, threads, element types, order of arrival, parts: the same answer."""
    n, v = 1200, 37
    x, y = related(n, v, 0.05)
    x, y = x.astype(np.float32), y.astype(np.float32)
    y[5, 3] = np.nan
    block = np.repeat(np.arange(60), 20)
    rows(db, "many", block, x=x, y=y)
    statement = "SELECT t.* FROM (SELECT %s AS s FROM %s) q, permutation_test(s, n_perm => %d) t ORDER BY target"
    want = query(db, statement % ("predictions_agg(x, y, block, pos)", "many", 500))
    assert_close("r", want[:, 1], column_r(x.astype(float), y.astype(float)), rtol=0, atol=1e-7)
    for aggregate, table in (("predictions_agg(x, y, block, pos ORDER BY md5(pos::text))", "many"),
                             ("predictions_agg(astype(x, 'float8'), y, block * 3 - 50, pos - 1000)", "many"),
                             ("sum(p)", "(SELECT predictions_agg(x, y, block, pos) AS p FROM many GROUP BY pos % 7) w"),
                             ("predictions_agg(x, y, block, pos)::text::predictions", "many")):
        assert_close(aggregate, query(db, statement % (aggregate, table, 500)), want, rtol=1e-12, atol=1e-12)
    set_threads(db, 2)
    assert np.array_equal(query(db, statement % ("predictions_agg(x, y, block, pos)", "many", 500)), want)
    # few permutations: summed over rows, many: by cross-products; the first of many are the few
    few = query(db, statement % ("predictions_agg(x, y, block, pos)", "many", 20))
    set_threads(db, 1)
    assert np.array_equal(few, query(db, statement % ("predictions_agg(x, y, block, pos)", "many", 20)))
    many = query(db, statement % ("predictions_agg(x, y, block, pos)", "many", 70))
    assert np.all((many[:, 2] * 71 - 1) - (few[:, 2] * 21 - 1) > -1e-9)
    assert np.all((many[:, 2] * 71 - 1) - (few[:, 2] * 21 - 1) < 50 + 1e-9)


def test_permutation_null_is_uniform(db):
    """2,000 targets without effect, in blocks and in single rows: Kolmogorov-Smirnov p over .01."""
    n, v = 240, 2000
    x, y = RNG.standard_normal((n, v)), RNG.standard_normal((n, v))
    rows(db, "null_rows", np.repeat(np.arange(24), 10), x=x, y=y)
    for block in ("block", "pos"):
        for two_sided in ("false", "true"):
            got = query(db, "SELECT t.p FROM (SELECT predictions_agg(x, y, %s, pos) AS s FROM null_rows) q,"
                            " permutation_test(s, two_sided => %s) t" % (block, two_sided))[:, 0]
            # p is on a grid of 1/1001: spread it over its cell
            ks = stats.kstest(got - RNG.random(v) / 1001, "uniform").pvalue
            assert ks > 0.01, "%s, two-sided %s: KS p %.4f" % (block, two_sided, ks)


def test_permutation_family_wise_error(db):
    """600 nulls of 40 correlated targets: p_fwe <= .05 somewhere in 5 per cent of them."""
    n, v, sets = 60, 40, 600
    shared = RNG.standard_normal((sets, n, 1))
    x = RNG.standard_normal((sets, n, v)) + shared
    y = RNG.standard_normal((sets, n, v)) + RNG.standard_normal((sets, n, 1))
    create_rows(db, "fwe", {"s": np.repeat(np.arange(sets), n), "i": np.tile(np.arange(n), sets),
                            "x": x.reshape(-1, v), "y": y.reshape(-1, v)})
    least = query(db, "SELECT min(t.p_fwe), min(t.p) FROM (SELECT s, predictions_agg(x, y, i / 3, i) AS p FROM fwe GROUP BY s) q,"
                      " permutation_test(q.p, n_perm => 499, seed => s) t GROUP BY s")
    share = (least[:, 0] <= 0.05).mean()
    assert stats.binomtest(int((least[:, 0] <= 0.05).sum()), sets, 0.05).pvalue > 0.001, "share %.3f" % share
    assert (least[:, 1] <= 0.05).mean() > 0.4      # without the correction


def test_permutation_autocorrelated(db):
    """AR(.9), 1,000 rows, no effect: p <= .05 in .29 of the targets with single rows, .10 and .06 in blocks of 10 and 50."""
    n, v = 1000, 2000
    e = RNG.standard_normal((2, n + 100, v))
    for t in range(1, n + 100):
        e[:, t] += 0.9 * e[:, t - 1]
    x, y = e[:, 100:].astype(np.float32)
    rows(db, "ar", np.arange(n), x=x, y=y)
    for length, want in ((1, 0.29), (10, 0.10), (50, 0.06)):
        share = query(db, "SELECT avg((t.p <= .05)::int) FROM (SELECT predictions_agg(x, y, block / %d, pos) AS s FROM ar) q,"
                          " permutation_test(s) t" % length)[0, 0]
        assert abs(share - want) < 0.025, "blocks of %d: %.3f, expected %.2f" % (length, share, want)


def test_permutation_power(db):
    x, y = related(200, 30, 0.6)
    rows(db, "power", np.repeat(np.arange(20), 10), x=x, y=y)
    got = query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block, pos) AS s FROM power) q, permutation_test(s) t")
    assert np.all(got[:, 2] == 1 / 1001) and np.all(got[:, 3] == 1 / 1001)
    turned = query(db, "SELECT t.* FROM (SELECT predictions_agg(x * -1, y, block, pos) AS s FROM power) q, permutation_test(s) t")
    assert np.all(turned[:, 2] > 0.99) and np.all(turned[:, 3] == 1)


# ---------------------------------------------------------------- comparing two models

def unit(x):
    """Columns centred and of unit norm over their rows; NaN stays."""
    x = x - np.nansum(x, axis=0) / np.maximum((~np.isnan(x)).sum(axis=0), 1)
    norm = np.sqrt(np.nansum(x**2, axis=0))
    return x / np.where(norm == 0, 1, norm)


def check_swaps(db, table, a, b, y, block):
    """Against all 2^blocks swaps."""
    n_perm = 20000
    rows(db, table, block, a=a, b=b, y=y)
    has = ~np.isnan(a) & ~np.isnan(b) & ~np.isnan(y)
    A, B, Y = (np.where(has, z, np.nan) for z in (a, b, y))
    A, B = unit(A), unit(B)
    labels = np.unique(block)
    null = []
    for swap in itertools.product([False, True], repeat=len(labels)):
        flip = np.isin(block, labels[np.array(swap)])[:, None]
        null.append(column_r(np.where(flip, B, A), Y) - column_r(np.where(flip, A, B), Y))
    null = np.array(null)
    for two_sided, size in ((False, np.asarray), (True, np.abs)):
        got = query(db, "SELECT t.* FROM (SELECT predictions_agg(a, b, y, block) AS s FROM %s) q,"
                        " compare_test(s, n_perm => %d, two_sided => %s) t ORDER BY target" % (table, n_perm, two_sided))
        r_a, r_b = column_r(A, Y), column_r(B, Y)
        assert_close(table + " r_a", got[:, 1], r_a, rtol=0, atol=1e-12)
        assert_close(table + " r_b", got[:, 2], r_b, rtol=0, atol=1e-12)
        assert_close(table + " difference", got[:, 3], r_a - r_b, rtol=0, atol=1e-12)
        ok = ~np.isnan(r_a)
        share = (size(null) >= size(r_a - r_b) - 1e-9).mean(axis=0)
        assert np.array_equal(np.isnan(got[:, 4]), ~ok)
        assert_shares(table + " p", got[ok, 4], share[ok], n_perm)


def test_compare_enumerated(db):
    n, v = 24, 40
    y = RNG.standard_normal((n, v))
    a = (y + RNG.standard_normal((n, v))) * RNG.uniform(0.1, 10, v) + 50
    b = 0.8 * y + RNG.standard_normal((n, v))
    check_swaps(db, "swap_blocks", a, b, y, np.repeat([3, 1, 9, 4, 8, -2], [4, 6, 2, 5, 1, 6]))
    a[:, 1] = b[:, 1]                               # equal: difference 0, p 1
    a[:, 2] = 7.0
    b[:, 3] = -1.0
    y[:, 4] = 3.0
    check_swaps(db, "swap_constants", a, b, y, np.repeat(np.arange(8), 3))
    y[RNG.random(y.shape) < 0.1] = np.nan
    a[RNG.random(y.shape) < 0.1] = np.nan
    b[:, 5] = np.nan
    y[1:, 6] = np.nan
    check_swaps(db, "swap_missing", a, b, y, np.repeat(np.arange(8), 3))


def test_compare_null_is_uniform(db):
    """Two models as good as one another, of different scale, 50 blocks whose rows share most of their errors."""
    n, v, length = 600, 2000, 12
    shared, ea, eb, ey = (np.repeat(RNG.standard_normal((n // length, v)), length, axis=0)
                          + RNG.standard_normal((n, v)) for _ in range(4))
    y = shared + ey
    rows(db, "compare_null", np.repeat(np.arange(n // length), length), a=3 * (shared + ea) + 5, b=shared + eb, y=y)
    for two_sided in ("false", "true"):
        p = query(db, "SELECT t.p FROM (SELECT predictions_agg(a, b, y, block) AS s FROM compare_null) q,"
                      " compare_test(s, two_sided => %s) t" % two_sided)[:, 0]
        ks = stats.kstest(p - RNG.random(v) / 1001, "uniform").pvalue
        assert ks > 0.01, "KS p %.4f, share of p <= .05 %.3f" % (ks, (p <= 0.05).mean())
    # what standardizing costs where blocks are few: 20 of them
    p = query(db, "SELECT t.p FROM (SELECT predictions_agg(a, b, y, block) AS s FROM compare_null WHERE block < 20) q,"
                  " compare_test(s) t")[:, 0]
    assert (p <= 0.05).mean() < 0.08
    # single rows ignore what rows of a block share
    p = query(db, "SELECT t.p FROM (SELECT predictions_agg(a, b, y, pos) AS s FROM compare_null) q, compare_test(s) t")[:, 0]
    assert (p <= 0.05).mean() > 0.15


def test_compare_threads(db):
    n, v = 300, 70
    y = RNG.standard_normal((n, v))
    rows(db, "compare_threads", np.arange(n) // 7, a=y + RNG.standard_normal((n, v)), b=y + RNG.standard_normal((n, v)), y=y)
    statement = ("SELECT t.* FROM (SELECT predictions_agg(a, b, y, block, pos) AS s FROM compare_threads) q,"
                 " compare_test(s, n_perm => 300, seed => 9) t ORDER BY target")
    one = query(db, statement)
    set_threads(db, 2)
    assert np.array_equal(one, query(db, statement))


# ---------------------------------------------------------------- bootstrap

def bootstrapped(x, y, block, n_boot):
    """r of draws of whole blocks."""
    labels = np.unique(block)
    members = [np.flatnonzero(block == b) for b in labels]
    out = np.empty((n_boot, x.shape[1]))
    for k in range(n_boot):
        at = np.concatenate([members[i] for i in RNG.integers(len(labels), size=len(labels))])
        out[k] = column_r(x[at], y[at])
    return out


def test_bootstrap_quantiles(db):
    """Quantiles of draws of another generator, within their sampling error."""
    n, v, n_boot = 90, 20, 4000
    x, y = related(n, v, 0.5)
    y[RNG.random(y.shape) < 0.05] = np.nan
    x[:, 2] = 1.0
    y[1:, 3] = np.nan
    block = np.repeat(np.arange(15), RNG.permutation(np.repeat([3, 6, 9], 5)))
    rows(db, "boot", block, x=x, y=y)
    want = bootstrapped(x, y, block, n_boot)
    for level in (0.95, 0.5):
        got = query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block) AS s FROM boot) q,"
                        " bootstrap_r(s, n_boot => %d, level => %g) t ORDER BY target" % (n_boot, level))
        assert_close("r", got[:, 1], column_r(x, y), rtol=0, atol=1e-12)
        ok = ~np.isnan(got[:, 1])
        assert not ok[3] and np.all(np.isnan(got[3, 1:]))
        low, high = np.nanquantile(want[:, ok], [(1 - level) / 2, (1 + level) / 2], axis=0)
        assert np.abs(got[ok, 2] - low).max() < 0.035 and np.abs(got[ok, 3] - high).max() < 0.035
        assert abs((got[ok, 2] - low).mean()) < 0.005 and abs((got[ok, 3] - high).mean()) < 0.005


def test_bootstrap_exact(db):
    """Two blocks: draws are AA, AB, BA, BB, so the quantiles are known."""
    x, y = related(10, 4)
    block = np.repeat([0, 1], 5)
    rows(db, "boot_two", block, x=x, y=y)
    got = query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block) AS s FROM boot_two) q,"
                    " bootstrap_r(s, n_boot => 4000, level => 0.9) t ORDER BY target")
    parts = np.sort([column_r(x[:5], y[:5]), column_r(x, y), column_r(x[5:], y[5:])], axis=0)
    assert_close("low", got[:, 2], parts[0], rtol=0, atol=1e-12)
    assert_close("high", got[:, 3], parts[2], rtol=0, atol=1e-12)


def test_bootstrap_coverage(db):
    """The 95 per cent interval of r holds the true r in about that share of 1,000 targets."""
    n, v, rho = 300, 1000, 0.4
    x = RNG.standard_normal((n, v))
    y = rho * x + np.sqrt(1 - rho**2) * RNG.standard_normal((n, v))
    rows(db, "coverage", np.arange(n), x=x, y=y)
    got = query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block) AS s FROM coverage) q, bootstrap_r(s) t ORDER BY target")
    share = ((got[:, 2] <= rho) & (rho <= got[:, 3])).mean()
    assert 0.92 < share < 0.97, share
    set_threads(db, 2)
    assert np.array_equal(got, query(db, "SELECT t.* FROM (SELECT predictions_agg(x, y, block, pos) AS s FROM coverage) q,"
                                         " bootstrap_r(s) t ORDER BY target"))
