"""identification against the whole matrix of correlations."""

import numpy as np

from neuroenc_oracle import create_rows, raises

RNG = np.random.default_rng(41)


def by_matrix(predicted, actual, item):
    def unit(x):
        x = x - x.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        norm[norm < 1e-12] = np.inf
        return x / norm

    s = unit(predicted.astype(float)) @ unit(actual.astype(float)).T
    n = len(item)
    own = np.diag(s)
    other = item[:, None] != item[None, :]
    won = lambda d: np.where(np.abs(d) <= 1e-10, 0.5, np.where(d > 0, 1.0, 0.0))
    rank = 1 + np.where(other, won(s - own[:, None]), 0).sum(axis=1)
    two_way = won(own[:, None] - s)[other]
    pairs = won(own[:, None] + own[None, :] - s - s.T)[other & (np.arange(n)[:, None] < np.arange(n))]
    mean = lambda x: np.mean(x) if len(x) else np.nan
    return [n, (rank <= 1).mean(), (rank <= 5).mean(), mean(two_way), mean(pairs), np.median(rank)]


def check(db, table, predicted, actual, item):
    create_rows(db, table, {"predicted": predicted, "actual": actual, "item": item})
    want = by_matrix(predicted, actual, item)
    for setting in ("SET neuroenc.threads = 1", "SET neuroenc.threads = 2"):
        with db.cursor() as cur:
            cur.execute(setting)
            cur.execute("SELECT (i).* FROM (SELECT identification(predicted, actual, item ORDER BY md5(id::text)) AS i FROM %s) q" % table)
            got = [np.nan if x is None else float(x) for x in cur.fetchone()]
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=table)


def decoded(n, v, noise, dtype=np.float64):
    actual = RNG.standard_normal((n, v))
    return (actual + noise * RNG.standard_normal((n, v))).astype(dtype), actual.astype(dtype)


def test_items(db):
    check(db, "ident_small", *decoded(12, 5, 1.5), np.arange(12) * 11)
    check(db, "ident_float4", *decoded(150, 30, 3, np.float32), np.arange(150))
    check(db, "ident_tiles", *decoded(333, 17, 2), RNG.permutation(333))
    check(db, "ident_wide", *decoded(60, 3000, 15), np.arange(60))
    check(db, "ident_two", *decoded(2, 4, 1), np.array([1, 2]))
    p, a = decoded(80, 20, 2)
    check(db, "ident_offset", p * 3 + 1e6, a * 1e-3 - 1e4, np.arange(80))


def test_repeats_and_ties(db):
    p, a = decoded(90, 12, 2)
    item = RNG.integers(25, size=90)
    check(db, "ident_repeats", p, a[item], item)        # repeats share the actual vector
    check(db, "ident_repeats_noisy", p, a, item)
    item = np.arange(90)
    a[40:60] = a[:20]                                   # different items, the same vector: ties
    p[7] = 3.0                                          # constants correlate 0 with everything
    a[9] = -1.0
    check(db, "ident_ties", p, a, item)
    check(db, "ident_one_item", p[:6], a[:6], np.zeros(6, int))
    check(db, "ident_one_row", p[:1], a[:1], np.zeros(1, int))


def test_chance(db):
    """Decoding nothing: two-way and 2v2 at .5, top-1 at 1/n."""
    n, v = 900, 40
    create_rows(db, "ident_chance", {"p": RNG.standard_normal((n, v)), "a": RNG.standard_normal((n, v))})
    with db.cursor() as cur:
        cur.execute("SELECT (i).* FROM (SELECT identification(p, a, id) AS i FROM ident_chance) q")
        n_rows, top_1, top_5, two_way, two_v_two, median_rank = cur.fetchone()
    assert n_rows == n and top_1 < 0.006 and top_5 < 0.015
    assert abs(two_way - 0.5) < 0.03 and abs(two_v_two - 0.5) < 0.03 and abs(median_rank / n - 0.5) < 0.05


def test_missing_is_refused(db):
    p, a = decoded(5, 4, 1)
    a[3, 2] = np.nan
    create_rows(db, "ident_missing", {"p": p, "a": a})
    with db.cursor() as cur, raises(db, "22000", "element 3 of the actual vector is NaN in a row\nDETAIL:  It is a row of item 4."):
        cur.execute("SELECT identification(p, a, id) FROM ident_missing")
