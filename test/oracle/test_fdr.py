"""fdr_bh and fdr_by against SciPy where it has them, else the definition, and by simulation."""

import time

import numpy as np
from scipy import stats

from neuroenc_oracle import assert_close, create_rows, raises

RNG = np.random.default_rng(41)


def definition(p, method):
    """q of a test: the smallest level at which the step-up procedure rejects it, each level tried."""
    m = len(p)
    factor = m * (np.sum(1 / np.arange(1, m + 1)) if method == "by" else 1)
    ordered = np.sort(p)
    candidates = ordered * factor / np.arange(1, m + 1)
    return np.array([min(1, candidates[np.flatnonzero(ordered >= value)].min()) for value in p])


def q_values(db, table, method, window="PARTITION BY family"):
    with db.cursor() as cur:
        cur.execute("SELECT q FROM (SELECT id, fdr_%s(p) OVER (%s) AS q FROM %s) AS s ORDER BY id" % (method, window, table))
        return np.array([np.nan if row[0] is None else row[0] for row in cur.fetchall()])


def test_families(db):
    family = np.repeat(np.arange(5), [1, 2, 40, 300, 7])
    p = RNG.random(len(family)) ** 3
    p[50:90] = np.round(p[50:90], 2)
    p[[60, 61]] = 0, 1
    create_rows(db, "fdr_families", {"p": p, "family": family})
    for method in ("bh", "by"):
        want = np.concatenate([definition(p[family == f], method) for f in range(5)])
        assert_close(method, q_values(db, "fdr_families", method), want, 1e-14)
        if hasattr(stats, "false_discovery_control"):
            scipys = np.concatenate([stats.false_discovery_control(p[family == f], method=method) for f in range(5)])
            assert_close(method + ", SciPy", q_values(db, "fdr_families", method), scipys, 1e-14)
    np.testing.assert_array_equal(q_values(db, "fdr_families", "bh", "PARTITION BY family ORDER BY p DESC"), q_values(db, "fdr_families", "bh"))


def test_null_is_no_test(db):
    p = RNG.random(100) ** 2
    missing = RNG.random(100) < 0.3
    create_rows(db, "fdr_null", {"p": p, "family": np.zeros(100, int), "missing": missing.astype(int)})
    with db.cursor() as cur:
        cur.execute("UPDATE fdr_null SET p = NULL WHERE missing = 1")
    want = np.full(100, np.nan)
    want[~missing] = definition(p[~missing], "bh")
    assert_close("NULL", q_values(db, "fdr_null", "bh"), want, 1e-14)


def test_rate_is_held(db):
    """500 families of 200 tests, 40 of them true: the mean share of false discoveries at q <= 0.1 is at most that."""
    families, m, true = 500, 200, 40
    z = RNG.standard_normal((families, m))
    z[:, :true] += 3
    p = stats.norm.sf(z)
    create = "CREATE TABLE fdr_rate AS SELECT f AS family, t AS test, p FROM unnest(%s::float8[]) WITH ORDINALITY AS u (p, i), " \
             "LATERAL (SELECT (i - 1) / 200 AS f, (i - 1) %% 200 AS t) AS k"
    with db.cursor() as cur:
        cur.execute(create, [p.ravel().tolist()])
        for method, low, high in (("bh", 0.07, 0.09), ("by", 0.005, 0.02)):
            cur.execute("SELECT avg(coalesce(wrong / nullif(found, 0)::float8, 0)) FROM (SELECT count(*) FILTER (WHERE test >= 40) AS wrong, count(*) AS found"
                        " FROM (SELECT *, fdr_%s(p) OVER (PARTITION BY family) AS q FROM fdr_rate) AS s WHERE q <= 0.1 GROUP BY family) AS s" % method)
            share = cur.fetchone()[0]
            assert low < share < high, "%s: %g" % (method, share)


def test_cancel(db):
    """The sort of three million is given up in time."""
    with db.cursor() as cur:
        for timeout in (1000, 2000):
            cur.execute("SET statement_timeout = %d" % timeout)
            started = time.perf_counter()
            with raises(db, "57014"):
                cur.execute("SELECT max(q) FROM (SELECT fdr_bh(abs(sin(i))) OVER () AS q FROM generate_series(1, 10000000) i) AS s")
            took = time.perf_counter() - started
            assert took < timeout / 1000 + 1, "canceled after %.2f s, asked for %d ms" % (took, timeout)
