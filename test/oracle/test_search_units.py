"""Which units: localizers against SciPy's Welch test, selectivity and mutual information against scikit-learn, words of top items by their definition."""

from fractions import Fraction

import numpy as np
from scipy import special, stats
from sklearn.feature_selection import mutual_info_classif
from sklearn.feature_selection._mutual_info import _compute_mi_cd
from sklearn.metrics import mutual_info_score, roc_auc_score

from neuroenc_oracle import assert_close, put
from shapes import digits, iris, wine

RNG = np.random.default_rng(5454)


def table(db, name, x, label, dtype="text"):
    """Rows (i, label, x)."""
    with db.cursor() as cur:
        cur.execute(f"CREATE TEMP TABLE {name} AS SELECT i, (%s::{dtype}[])[i] AS label, x FROM rows(from_npy(%s)) WITH ORDINALITY AS r (x, i)",
                    [[str(value) for value in label], put(x)])


def fetch(db, statement, args=None):
    with db.cursor() as cur:
        cur.execute(statement, args)
        return cur.fetchall()


def numbers(rows):
    return np.array([[np.nan if value is None else float(value) for value in row] for row in rows])


def benjamini_hochberg(p):
    order = np.argsort(p)
    q = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    return np.minimum(q, 1)[np.argsort(order)]


# ---- localizers ----

LOCALIZED = "SELECT u.* FROM (SELECT localizer(x, label) AS l FROM {0}) AS q, units(l{1}) AS u ORDER BY unit"


def check_localizer(db, name, x, condition, rtol=1e-9):
    table(db, name, x, condition, "boolean")
    x = x.astype(np.float64)
    for one_sided in (False, True):
        got = numbers(fetch(db, LOCALIZED.format(name, ", true" if one_sided else "")))
        want = stats.ttest_ind(x[condition], x[~condition], equal_var=False, alternative="greater" if one_sided else "two-sided")
        a, b = (x[c].var(axis=0, ddof=1) / c.sum() for c in (condition, ~condition))
        df = (a + b) ** 2 / (a ** 2 / (condition.sum() - 1) + b ** 2 / ((~condition).sum() - 1))
        d_prime = (x[condition].mean(axis=0) - x[~condition].mean(axis=0)) / np.sqrt((x[condition].var(axis=0, ddof=1) + x[~condition].var(axis=0, ddof=1)) / 2)
        assert_close("t", got[:, 2], want.statistic, rtol, 1e-12)
        assert_close("df", got[:, 3], df, rtol)
        assert_close("p", got[:, 4], want.pvalue, 10 * rtol)
        assert_close("q", got[:, 5], benjamini_hochberg(want.pvalue), 10 * rtol)
        assert_close("d'", got[:, 6], d_prime, rtol, 1e-12)
        assert_close("mean", got[:, 7], x[condition].mean(axis=0), 1e-12, 1e-13)
        assert_close("control", got[:, 8], x[~condition].mean(axis=0), 1e-12, 1e-13)
        assert_close("rank", got[:, 1], stats.rankdata(-want.statistic, "ordinal"))
        assert_close("units", got[:, 0], np.arange(1, x.shape[1] + 1))
    for percent in (1, 7, 50):
        best = fetch(db, f"SELECT localizer_units(localizer(x, label), {percent}) FROM {name}")[0][0]
        assert best == list(np.argsort(-want.statistic, kind="stable")[:int(np.ceil(percent * x.shape[1] / 100))] + 1)


def test_localizer(db):
    n, p = 80, 120
    x = RNG.standard_normal((n, p)) * RNG.uniform(0.01, 100, p) + RNG.normal(0, 50, p)
    condition = RNG.random(n) < 0.4
    x[condition] += RNG.normal(0, 0.3, p) * x.std(axis=0)
    x[condition] *= RNG.uniform(0.5, 2, p)
    check_localizer(db, "loc_f8", x, condition)
    check_localizer(db, "loc_f4", x.astype(np.float32), condition)
    check_localizer(db, "loc_relu", np.maximum(x - x.mean(axis=0), 0) + 1e-3 * RNG.random(x.shape), condition)
    check_localizer(db, "loc_offset", x + 1e6 * x.std(axis=0), condition, 1e-6)


def test_localizer_parts(db):
    """Sessions of very different sizes and means, added in any way."""
    n, p = 500, 30
    session = RNG.choice(5, n, p=[0.02, 0.08, 0.2, 0.3, 0.4])
    x = RNG.standard_normal((n, p)) + 1e4 * session[:, None]
    condition = RNG.random(n) < 0.5
    table(db, "sessions", x, condition, "boolean")
    with db.cursor() as cur:
        cur.execute("ALTER TABLE sessions ADD s bigint; UPDATE sessions SET s = (%s::bigint[])[i]", [session.tolist()])
    want = stats.ttest_ind(x[condition], x[~condition], equal_var=False)
    for source in ("sum(l) AS l FROM (SELECT localizer(x, label) AS l FROM sessions GROUP BY s) AS parts",
                   "sum(l ORDER BY s DESC) AS l FROM (SELECT s, localizer(x, label) AS l FROM sessions GROUP BY s) AS parts",
                   "a + b AS l FROM (SELECT localizer(x, label) FILTER (WHERE s < 3) AS a, localizer(x, label) FILTER (WHERE s >= 3) AS b FROM sessions) AS parts"):
        got = numbers(fetch(db, f"SELECT u.t, u.p FROM (SELECT {source}) AS q, units(l) AS u ORDER BY unit"))
        assert_close("t", got[:, 0], want.statistic, 1e-8)
        assert_close("p", got[:, 1], want.pvalue, 1e-7)


def test_planted_units(db):
    """100 data sets of 200 units, 40 of which respond: all found at q .05, under 5 per cent false discoveries in the mean."""
    n, p, planted, sets = 60, 200, 40, 100
    condition = np.arange(n) % 2 == 0
    x = np.empty((sets, n, p), np.float32)
    responds = np.zeros((sets, p), bool)
    for s in range(sets):
        rng = np.random.default_rng(s)
        responds[s, rng.choice(p, planted, replace=False)] = True
        x[s] = rng.standard_normal((n, p)) * rng.uniform(0.5, 2, p)
        x[s][np.ix_(condition, responds[s])] += 2 * x[s][:, responds[s]].std(axis=0)
    table(db, "planted", x.reshape(sets * n, p), np.tile(condition, sets), "boolean")
    found = fetch(db, f"""SELECT s, array_agg(unit) FROM (SELECT (i - 1) / {n} AS s, localizer(x, label) AS l FROM planted GROUP BY 1) AS q, units(l)
                          WHERE q <= 0.05 GROUP BY s ORDER BY s""")
    assert len(found) == sets
    false = []
    for s, units in found:
        chosen = np.zeros(p, bool)
        chosen[np.array(units) - 1] = True
        assert chosen[responds[s]].all(), (s, "not all planted units are found")
        false.append((chosen & ~responds[s]).sum() / chosen.sum())
    assert 0.02 < np.mean(false) < 0.05, np.mean(false)


def test_random_units(db):
    """As many of each stratum, none of the chosen, every unit as often as another."""
    strata = RNG.integers(1, 5, 60)
    chosen = np.sort(RNG.choice(60, 12, replace=False)) + 1
    count = np.zeros(60)
    for (drawn,) in fetch(db, "SELECT random_units(60, %s::int[], s, %s::int[]) FROM generate_series(1, 3000) AS s", [chosen.tolist(), strata.tolist()]):
        drawn = np.array(drawn)
        assert len(set(drawn)) == 12 and not set(drawn) & set(chosen) and (np.diff(drawn) > 0).all()
        assert (np.bincount(strata[drawn - 1], minlength=5) == np.bincount(strata[chosen - 1], minlength=5)).all()
        count[drawn - 1] += 1
    for s in range(1, 5):
        free = (strata == s) & ~np.isin(np.arange(1, 61), chosen)
        drawn_each = (strata[chosen - 1] == s).sum() / free.sum()
        sd = np.sqrt(3000 * drawn_each * (1 - drawn_each)) if 0 < drawn_each < 1 else 0
        assert (np.abs(count[free] - 3000 * drawn_each) <= 4.5 * sd).all()


# ---- selectivity ----

def auc(x, own):
    """roc_auc_score of every column, from ranks; checked against it for one."""
    n1, n0 = own.sum(), (~own).sum()
    area = (stats.rankdata(x, axis=0)[own].sum(axis=0) - n1 * (n1 + 1) / 2) / (n1 * n0)
    assert abs(area[-1] - roc_auc_score(own, x[:, -1])) < 1e-12
    return area


def check_selectivity(db, name, x, label, rtol=1e-9):
    table(db, name, x, label)
    x = x.astype(np.float64)
    found = fetch(db, f"SELECT s.* FROM (SELECT points_agg(x, label) AS p FROM {name}) AS q, selectivity(p) AS s")
    labels = sorted(set(str(value) for value in label), key=lambda text: (0, int(text), "") if text.isdigit() else (1, 0, text))
    assert [(row[0], row[1]) for row in found] == [(j + 1, c) for j in range(x.shape[1]) for c in labels]
    got = numbers([row[2:] for row in found]).reshape(x.shape[1], len(labels), 5)
    means = np.array([x[label.astype(str) == c].mean(axis=0) for c in labels])
    for k, c in enumerate(labels):
        own = label.astype(str) == c
        others = np.delete(means, k, axis=0).mean(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = np.sqrt((x[own].var(axis=0, ddof=1) + x[~own].var(axis=0, ddof=1)) / 2)
            d_prime = (x[own].mean(axis=0) - x[~own].mean(axis=0)) / pooled
            index = np.where((means >= 0).all(axis=0), (means[k] - others) / (means[k] + others), np.nan)
        live = pooled > 0
        assert_close("d'", got[live, k, 0], d_prime[live], rtol, rtol / 100)
        assert_close("auc", got[:, k, 1], auc(x, own), 1e-12)
        assert_close("mean", got[:, k, 2], means[k], 1e-12, 1e-12)
        assert_close("rest", got[:, k, 3], x[~own].mean(axis=0), 1e-12, 1e-12)
        assert_close("selectivity", got[:, k, 4], index, 1e-9, 1e-12)


def test_selectivity(db):
    for data in (iris(), wine(), digits()):
        check_selectivity(db, f"sel_{data.name}", data.x[:400], data.labels[:400])
    label = RNG.integers(0, 12, 300)
    x = RNG.standard_normal((300, 70)).astype(np.float32)
    check_selectivity(db, "sel_normal", x, label)
    check_selectivity(db, "sel_relu", np.maximum(x, 0) * (label[:, None] % 3), label)
    check_selectivity(db, "sel_offset", x.astype(np.float64) + 1e6, label, 1e-6)


def test_selectivity_of_unequal_spreads(db):
    """A class that varies 1e8 times as much as the others leaves their variance alone."""
    x = RNG.standard_normal((300, 3))
    x[:100] *= 1e8
    label = np.repeat(["a", "b", "c"], 100)
    check_selectivity(db, "sel_unequal", x, label)


# ---- mutual information ----

INFORMATION = "SELECT mi FROM (SELECT points_agg(x, label) AS p FROM {0}) AS q, mutual_information(p, {1}) AS m ORDER BY unit"


def by_definition(x, label, k):
    """Ross's estimate, the mean over the orders of rows that tie at the distance of the k-th nearest."""
    classes, counts = np.unique(label, return_counts=True)
    keep = np.isin(label, classes[counts > 1])
    x, label = x[keep], label[keep]
    n = len(x)
    distance = np.abs(x[:, None] - x[None, :])
    total = special.digamma(n)
    for i in range(n):
        others = np.delete(distance[i], i)
        same = others[np.delete(label, i) == label[i]]
        own_k = min(k, len(same))
        r = np.sort(same)[own_k - 1]
        s, t, nearer, tied = (same < r).sum(), (same == r).sum(), (others < r).sum(), (others == r).sum()
        term = (special.digamma(t + 1) - special.digamma(tied + 1) if nearer == 0
                else special.digamma(own_k) - special.digamma(nearer + (own_k - s) * (tied + 1) / (t + 1)))
        total += (term - special.digamma(len(same) + 1)) / n
    return max(0, total)


def test_mutual_information(db):
    n = 300
    label = RNG.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    x = RNG.standard_normal((n, 66))
    x[:, :20] += label[:, None] * RNG.uniform(0, 2, 20)
    x[:, 20:30] *= 1 + label[:, None]
    x[:, 30:35] = np.exp(2 * x[:, 30:35])
    # scikit-learn's distances in classes of fewer than 2 k rows are from inner products, and inexact; its public function adds noise
    table(db, "mi", x, label, "bigint")
    for k in (1, 3, 10):
        got = numbers(fetch(db, INFORMATION.format("mi", k)))[:, 0]
        some = [0, 15, 25, 32, 64, 65]
        assert_close("by definition", got[some], [by_definition(column, label, k) for column in x[:, some].T], 1e-9, 1e-12)
        some = list(range(0, 66, 3))
        assert_close("scikit-learn", got[some], [_compute_mi_cd(column, label, k) for column in x[:, some].T], 1e-9, 1e-12)
        some = [1, 20, 40]
        assert_close("with noise", got[some], mutual_info_classif(x[:, some], label, discrete_features=False, n_neighbors=k, random_state=0), 0, 0.02)


def test_mutual_information_with_ties(db):
    n = 300
    label = RNG.integers(0, 4, n)
    x = RNG.standard_normal((n, 12)) + label[:, None] * np.linspace(0, 2, 12)
    x[:, :4] = np.maximum(x[:, :4] - 1, 0)
    x[:, 4:8] = np.round(x[:, 4:8])
    x[:, 8] = 3
    x[:, 9] = label
    label[:3] = [10, 11, 12]                        # labels of a single row
    table(db, "mi_ties", x.astype(np.float32), label, "bigint")
    x = x.astype(np.float32).astype(np.float64)
    for k in (1, 3, 80, 1000):
        got = numbers(fetch(db, INFORMATION.format("mi_ties", k)))[:, 0]
        assert_close("by definition", got, [by_definition(column, label, k) for column in x.T], 1e-9, 1e-12)
        assert abs(got[8]) < 1e-12
    assert abs(got[9] - np.log(4)) < 0.02


def test_mutual_information_of_digits(db):
    data = digits()
    table(db, "mi_digits", data.x, data.labels, "bigint")
    got = numbers(fetch(db, INFORMATION.format("mi_digits", 3)))[:, 0]
    # whole numbers from 0 to 16: noise breaks their ties in scikit-learn, with a standard deviation of .016, and its mean is ours
    some, noise = [10, 21, 34], np.random.default_rng(0)
    noisy = [[_compute_mi_cd(column + 1e-6 * noise.standard_normal(len(column)), data.labels, 3) for column in data.x[:, some].T] for _ in range(30)]
    assert_close("mean over noise", got[some], np.mean(noisy, axis=0), 0, 0.01)
    bins = numbers(fetch(db, INFORMATION.format("mi_digits", "method => 'bins', bins => 8")))[:, 0]
    for j, column in enumerate(data.x.T):
        bin_of = np.floor((stats.rankdata(column) - 0.5) * 8 / len(column)).astype(int)
        assert_close("bins", bins[j], mutual_info_score(data.labels, bin_of), 1e-9, 1e-12)


def test_mutual_information_converges(db):
    """Two normals a distance d apart, equally likely: the integral."""
    n, d = 20000, 1.5
    label = np.arange(n) % 2
    x = RNG.standard_normal((n, 4)) + d * label[:, None]
    table(db, "mi_normal", x, label, "bigint")
    grid = np.linspace(-10, 12, 20001)
    p = stats.norm.pdf(grid), stats.norm.pdf(grid - d)
    want = sum(np.trapz(0.5 * each * np.log(each / (0.5 * (p[0] + p[1]))), grid) for each in p)
    got = numbers(fetch(db, INFORMATION.format("mi_normal", 3)))[:, 0]
    assert np.abs(got - want).max() < 0.02, (got, want)


# ---- words ----

def labels_by_definition(x, descriptions, share, n_words, min_count, smoothing):
    words = sorted(set(" ".join(descriptions).split()), key=lambda w: w.encode())
    has = np.array([[w in set(d.split()) for w in words] for d in descriptions])
    n = len(x)
    for j, column in enumerate(x.T):
        edge = np.sort(column)[::-1][max(1, int(np.ceil(share * n * (1 - 1e-12)))) - 1]
        top = column >= edge if edge > column.min() else column > edge
        count, total = has[top].sum(axis=0), has.sum(axis=0)
        ratio = [Fraction(int(count[w])) / (int(total[w]) + Fraction(smoothing)) for w in range(len(words))]
        good = [w for w in range(len(words)) if count[w] >= min_count and ratio[w] > Fraction(int(top.sum())) / (n + Fraction(smoothing))]
        good.sort(key=lambda w: (-ratio[w], -count[w], words[w].encode()))
        for rank, w in enumerate(good[:n_words]):
            yield j + 1, rank + 1, words[w], np.log(float(ratio[w] * (n + Fraction(smoothing)) / int(top.sum()))), count[w], top.sum(), has[:, w].sum(), stats.hypergeom.sf(count[w] - 1, n, has[:, w].sum(), top.sum())


def test_pmi_label(db):
    n, d = 300, 66
    vocabulary = np.array([w + str(i) for i in range(25) for w in ("sea", "Tree", "übel")])
    frequency = 1 / np.arange(1, len(vocabulary) + 1)
    descriptions = [" ".join(RNG.choice(vocabulary, RNG.integers(0, 12), p=frequency / frequency.sum())) for _ in range(n)]
    x = RNG.standard_normal((n, d))
    x[:, :20] = np.maximum(x[:, :20] - 1.5, 0)
    x[:, 20:40] = np.round(2 * x[:, 20:40])
    for j in range(40, 60):
        x[:, j] += [2.0 * (vocabulary[j] in text.split()) for text in descriptions]
    x[:, 65] = 1
    table(db, "described", x, descriptions)
    for share, n_words, min_count, smoothing in ((0.05, 5, 3, 0), (0.3, 200, 1, 0), (0.01, 3, 1, 2.5), (0.9, 10, 2, 10)):
        got = fetch(db, "SELECT l.* FROM (SELECT points_agg(x, label) AS p FROM described) AS q, pmi_label(p, %s, %s, %s, %s) AS l ORDER BY unit, rank",
                    [share, n_words, min_count, smoothing])
        want = list(labels_by_definition(x, descriptions, share, n_words, min_count, smoothing))
        assert [row[:2] for row in got] == [row[:2] for row in want]
        assert_close("pmi", [row[3] for row in got], [row[3] for row in want], 1e-9, 1e-12)
        assert [row[2] for row in got] == [row[2] for row in want]
        assert [row[4:7] for row in got] == [tuple(int(v) for v in row[4:7]) for row in want]
        assert_close("p", [row[7] for row in got], [row[7] for row in want], 1e-9)
    assert 65 + 1 not in {row[0] for row in got}
