"""Agreement of two labelings against scikit-learn."""

from decimal import Decimal, getcontext

import numpy as np
from sklearn import metrics

from neuroenc_oracle import create_rows

RNG = np.random.default_rng(470)


def purity(a, b):
    table = metrics.cluster.contingency_matrix(a, b)
    return table.max(axis=0).sum() / len(a)


def entropy(x):
    p = np.unique(x, return_counts=True)[1] / len(x)
    return -(p * np.log(p)).sum()


INDICES = {
    "rand_index": metrics.rand_score,
    "adjusted_rand": metrics.adjusted_rand_score,
    "mutual_info": metrics.mutual_info_score,
    "nmi": metrics.normalized_mutual_info_score,
    "ami": metrics.adjusted_mutual_info_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "v_measure": metrics.v_measure_score,
    "purity": purity,
    "fowlkes_mallows": metrics.fowlkes_mallows_score,
    "variation_of_information": lambda a, b: entropy(a) + entropy(b) - 2 * metrics.mutual_info_score(a, b),
}


def row(db, statement):
    with db.cursor() as cur:
        cur.execute(statement)
        return np.array(cur.fetchone(), dtype=float)


def check(db, table, a, b):
    a, b = np.asarray(a), np.asarray(b)
    create_rows(db, table, {"a": a, "b": b})
    want = [index(a, b) for index in INDICES.values()]
    for pair in ("a, b", "'x' || a, (b * 7)::text"):
        got = row(db, f"SELECT {', '.join(f'{name}({pair})' for name in INDICES)} FROM {table}")
        held = row(db, f"SELECT {', '.join(f'{name}(c)' for name in INDICES)} FROM (SELECT contingency_agg({pair}) AS c FROM {table} OFFSET 0) q")
        shards = row(db, f"SELECT {', '.join(f'{name}(sum(c))' for name in INDICES)} "
                         f"FROM (SELECT contingency_agg({pair}) AS c FROM {table} GROUP BY id % 5 ORDER BY id % 5 DESC) q")
        assert got.tobytes() == held.tobytes() == shards.tobytes(), table
        for name, x, y in zip(INDICES, got, want):
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12, err_msg=f"{table} {name}")


def test_labelings(db):
    check(db, "ag_independent", RNG.integers(5, size=400), RNG.integers(7, size=400))
    a = RNG.integers(6, size=500)
    check(db, "ag_noisy", a, np.where(RNG.random(500) < 0.3, RNG.integers(6, size=500), a))
    check(db, "ag_finer", a, a * 3 + RNG.integers(3, size=500))
    check(db, "ag_unequal", np.minimum(RNG.geometric(0.3, size=800), 9), np.minimum(RNG.geometric(0.05, size=800), 60))
    check(db, "ag_many", RNG.integers(150, size=300), RNG.integers(200, size=300))
    check(db, "ag_noise", RNG.integers(-1, 3, size=200), RNG.integers(-1, 2, size=200))


def test_limits(db):
    check(db, "ag_equal", [1, 1, 2, 2, 3], [5, 5, 9, 9, 1])
    check(db, "ag_one_cluster", [1] * 6, [2] * 6)
    check(db, "ag_one_class", [1] * 6, [1, 2, 3, 1, 2, 3])
    check(db, "ag_one_found", [1, 2, 3, 1, 2, 3], [1] * 6)
    check(db, "ag_alone_found", [1, 1, 2, 2, 3, 3], [1, 2, 3, 4, 5, 6])
    check(db, "ag_crossed", [1, 1, 2, 2], [1, 2, 1, 2])
    check(db, "ag_two", [1, 2], [1, 1])


def test_all_alone(db):
    """Each row a cluster in both: equal partitions, where scikit-learn's ami is 0 / 0."""
    create_rows(db, "ag_alone", {"a": np.arange(8), "b": np.arange(8)[::-1].copy()})
    got = row(db, "SELECT adjusted_rand(a, b), ami(a, b), nmi(a, b), variation_of_information(a, b), fowlkes_mallows(a, b) FROM ag_alone")
    assert got.tolist() == [1, 1, 1, 0, 0]
    assert row(db, "SELECT rand_index(a, b), adjusted_rand(a, b), ami(a, b), nmi(a, b), purity(a, b) FROM ag_alone WHERE id = 1").tolist() == [1] * 5


def test_larger(db):
    """Tails of the hypergeometric that are cut off, and sizes that come often."""
    n = 60000
    with db.cursor() as cur:
        cur.execute("CREATE TABLE ag_large AS SELECT i % 7 AS a, ((i::bigint * i) % 101 + i / 9000) % 23 AS b FROM generate_series(0, 59999) i")
    i = np.arange(n, dtype=np.int64)
    a, b = i % 7, ((i * i) % 101 + i // 9000) % 23
    got = row(db, f"SELECT {', '.join(f'{name}(a, b)' for name in INDICES)} FROM ag_large")
    # scikit-learn's logarithms of factorials of 60,000 lose 6 digits of the mean, and ami is near 0 here
    for name, x, index in zip(INDICES, got, INDICES.values()):
        np.testing.assert_allclose(x, index(a, b), rtol=1e-9, atol=1e-9 if name == "ami" else 1e-12, err_msg=name)


def test_counts_past_32_bits(db):
    """Doubling a contingency 55 times multiplies all counts by 2^55; indices keep to their formulas."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE ag_counts AS SELECT contingency_agg(a, b) AS c FROM (VALUES (1, 1), (1, 1), (1, 2), (2, 2), (2, 2), (2, 2), (3, 1)) v (a, b)")
        cur.execute("""WITH RECURSIVE d AS (SELECT 0 AS i, c FROM ag_counts UNION ALL SELECT i + 1, c + c FROM d WHERE i < 55)
                       SELECT n_samples(c), adjusted_rand(c), rand_index(c), fowlkes_mallows(c), ami(c), nmi(c),
                              (SELECT array_agg(n / (1::bigint << 55) ORDER BY a, b) FROM entries(c)) FROM d WHERE i = 55""")
        n, ari, ri, fm, ami, nmi, counts = cur.fetchone()
    assert n == 7 << 55 and counts == [2, 1, 3, 1]
    cells = np.array([[2, 1], [0, 3], [1, 0]]) / 7
    same = (cells**2).sum()
    a, b = (cells.sum(axis=1) ** 2).sum(), (cells.sum(axis=0) ** 2).sum()
    np.testing.assert_allclose(ri, 1 - a - b + 2 * same, rtol=1e-12)
    np.testing.assert_allclose(ari, (same - a * b) / ((a + b) / 2 - a * b), rtol=1e-12)
    np.testing.assert_allclose(fm, same / np.sqrt(a * b), rtol=1e-12)
    np.testing.assert_allclose(ami, nmi, rtol=1e-12)   # chance gives nothing with so many rows


def expected_cell(a, b, n):
    """The mean of k log(k / mu) - (k - mu) for a hypergeometric k, by its probabilities from the mode outwards."""
    mu = Decimal(a) * b / n
    mode, low, high = a * b // n, max(0, a + b - n), min(a, b)
    total = weights = Decimal(0)
    for step in (1, -1):
        k, p = mode, Decimal(1)
        while low <= k <= high and p > Decimal("1e-25"):
            if step == 1 or k != mode:
                total += p * (k * (k / mu).ln() - (k - mu) if k else mu)
                weights += p
            up = Decimal((a - k) * (b - k)) / ((k + 1) * (n - a - b + k + 1))
            down = Decimal(k * (n - a - b + k)) / ((a - k + 1) * (b - k + 1))
            p *= up if step == 1 else down
            k += step
    return total / weights


def test_chance_of_many_rows(db):
    """Independent labels share nothing but what chance gives: summed in full up to deviations of 1,000, by a series above."""
    with db.cursor() as cur:
        cur.execute("CREATE TABLE ag_product AS SELECT contingency_agg(a, b) AS c FROM (VALUES (1, 1), (1, 2), (2, 1), (2, 1), (2, 2), (2, 2)) v (a, b)")
        for doublings in (12, 22):
            cur.execute("""WITH RECURSIVE d AS (SELECT 0 AS i, c FROM ag_product UNION ALL SELECT i + 1, c + c FROM d WHERE i < %s)
                           SELECT ami(c) FROM d WHERE i = %s""", (doublings, doublings))
            many = 1 << doublings
            chance = float(sum(expected_cell(a * many, b * many, 6 * many) for a in (2, 4) for b in (3, 3))) / (6 * many)
            half = -(np.log(1 / 2) + (np.log(1 / 3) + 2 * np.log(2 / 3)) / 3) / 2
            np.testing.assert_allclose(cur.fetchone()[0], -chance / (half - chance), rtol=1e-7, err_msg=str(doublings))


def test_chance_of_lopsided_counts(db):
    """One pair of labels has nearly all rows, up to more than a double counts."""
    getcontext().prec = 60
    with db.cursor() as cur:
        cur.execute("CREATE TABLE ag_one AS SELECT contingency_agg(1, 1) AS c")
        for doublings, rtol in ((10, 1e-12), (30, 1e-9), (55, 1e-2)):      # the entropies of the last are 1e-13, rounded at 1e-16
            cur.execute("""WITH RECURSIVE d AS (SELECT 0 AS i, c FROM ag_one UNION ALL SELECT i + 1, c + c FROM d WHERE i < %s)
                           SELECT ami(c + (SELECT contingency_agg(a, b) FROM (VALUES (1, 2, 133), (2, 1, 90), (2, 2, 20), (3, 1, 1)) v (a, b, n), generate_series(1, n)))
                           FROM d WHERE i = %s""", (doublings, doublings))
            cells = {(1, 1): 1 << doublings, (1, 2): 133, (2, 1): 90, (2, 2): 20, (3, 1): 1}
            n = Decimal(sum(cells.values()))
            sums = [{label: sum(count for key, count in cells.items() if key[side] == label) for label in (1, 2, 3)[:3 - side]} for side in (0, 1)]
            mi = sum(count / n * (count * n / (sums[0][a] * sums[1][b])).ln() for (a, b), count in cells.items())
            half = -sum(count / n * (count / n).ln() for side in sums for count in side.values()) / 2
            chance = sum(expected_cell(a, b, int(n)) for a in sums[0].values() for b in sums[1].values()) / n
            np.testing.assert_allclose(cur.fetchone()[0], float((mi - chance) / (half - chance)), rtol=rtol, err_msg=str(doublings))


def test_chance(db):
    """The mean over random labelings is what ami takes off."""
    a, b = np.repeat([0, 1, 2], [10, 6, 4]), np.repeat([0, 1], [13, 7])
    create_rows(db, "ag_chance", {"a": a, "b": b})
    drawn = 0
    for _ in range(4000):
        p = np.bincount(2 * a + RNG.permutation(b), minlength=6).reshape(3, 2) / 20
        ratio = p / np.outer(p.sum(axis=1), p.sum(axis=0))
        drawn += (p * np.log(np.where(p > 0, ratio, 1))).sum() / 4000
    ami, mi, vi = row(db, "SELECT ami(a, b), mutual_info(a, b), variation_of_information(a, b) FROM ag_chance")
    half = mi + vi / 2
    expected = (mi - ami * half) / (1 - ami)
    assert abs(expected - drawn) < 0.005
