"""Spectra of grams against NumPy: eigenvalues, effective rank, participation ratio, decay."""

import numpy as np

from neuroenc_oracle import assert_close, create_rows, get, load, raises

RNG = np.random.default_rng(51)


def features(n, p, decay=1.0, offset=0.0):
    scale = np.arange(1, p + 1) ** (-decay / 2)
    return (RNG.standard_normal((n, p)) * scale) @ np.linalg.qr(RNG.standard_normal((p, p)))[0] + offset


def entropy_rank(w):
    q = w[w > 0] / w.sum()
    return np.exp(-(q * np.log(q)).sum())


def number(db, expression, table):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM %s" % (expression, table))
        return cur.fetchone()[0]


def check(db, table, x, rtol=1e-9):
    create_rows(db, table, {"x": x, "fold": np.arange(len(x)) % 4})
    n, p = x.shape
    k = min(n - 1, p)
    centred = x - x.mean(axis=0)
    values = np.maximum(np.linalg.svd(centred, compute_uv=False)[:k], 0) ** 2 / (n - 1)
    for gram in ("gram_agg(x)", "gram_agg(x, x, fold)", "sum(g)"):
        source = table if gram != "sum(g)" else "(SELECT fold, gram_agg(x) AS g FROM %s GROUP BY fold) s" % table
        got = get(db, "(SELECT spectrum(%s) FROM %s)" % (gram, source))
        assert got.dtype == np.float64 and (np.diff(got) <= 0).all()
        assert_close(table + " spectrum", got, values, rtol=0, atol=rtol * values[0])
    for centre in (True, False):
        s = np.linalg.svd(centred if centre else x, compute_uv=False)
        s = s[s > s[0] * 1e-7]
        for of, w in (("singular_values", s), ("eigenvalues", s**2)):
            got = number(db, "effective_rank(gram_agg(x), '%s', %s)" % (of, centre), table)
            assert_close("%s effective rank of %s, centred %s" % (table, of, centre), got, entropy_rank(w), rtol=1e3 * rtol)
    assert_close(table + " default", number(db, "effective_rank(gram_agg(x))", table),
                 number(db, "effective_rank(gram_agg(x), of => 'singular_values', centred => true)", table), rtol=0)
    assert_close(table + " participation", number(db, "participation_ratio(gram_agg(x))", table),
                 values.sum() ** 2 / (values**2).sum(), rtol=rtol)
    first, last = 2, max(4, k // 2)
    i = np.arange(first, last + 1)
    slope = np.polyfit(np.log(i), np.log(values[first - 1:last]), 1)[0]
    assert_close(table + " decay", number(db, "spectral_decay(gram_agg(x), %d, %d)" % (first, last), table), -slope, rtol=1e3 * rtol)


def test_moments(db):
    check(db, "tall", features(300, 20))
    check(db, "shifted", features(300, 12, offset=100.0), rtol=1e-8)


def test_kernel(db):
    check(db, "wide", features(25, 60))
    check(db, "wider", features(60, 900, offset=3.0))


def test_large_orders(db):
    """Past the order that one LAPACK call takes."""
    check(db, "large", features(700, 450))


def test_float4(db):
    x = features(200, 15).astype(np.float32)
    create_rows(db, "single", {"x": x})
    want = np.linalg.eigvalsh(np.cov(x.astype(float).T))[::-1]
    assert_close("float4", get(db, "(SELECT spectrum(gram_agg(x)) FROM single)"), want, rtol=1e-9)


def test_equals_pca(db):
    create_rows(db, "same", {"x": features(80, 30)})
    assert_close("pca", get(db, "(SELECT spectrum(gram_agg(x)) FROM same)"),
                 get(db, "(SELECT explained_variance(pca(gram_agg(x))) FROM same)"), rtol=1e-9)


def test_rank_deficient(db):
    """Directions without variance are 0, and their roots do not count."""
    x = RNG.standard_normal((50, 3)) @ RNG.standard_normal((3, 10))
    create_rows(db, "deficient", {"x": x})
    got = get(db, "(SELECT spectrum(gram_agg(x)) FROM deficient)")
    assert (got[3:] == 0).all() and (got[:3] > 0).all()
    s = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[:3]
    assert_close("rank", number(db, "effective_rank(gram_agg(x))", "deficient"), entropy_rank(s), rtol=1e-9)
    with raises(db, "22023", "eigenvalue 5 is 0"):
        number(db, "spectral_decay(gram_agg(x), 1, 5)", "deficient")


def test_power_law(db):
    """Rows whose covariance has eigenvalues i^-1.3 exactly."""
    n, p = 128, 40
    q = np.linalg.qr(np.c_[np.ones(n), RNG.standard_normal((n, p))])[0][:, 1:]
    x = q * np.arange(1, p + 1) ** -0.65
    create_rows(db, "power", {"x": x})
    assert_close("decay", number(db, "spectral_decay(gram_agg(x), 3, 33)", "power"), 1.3, rtol=1e-8)


def test_simrepo(db):
    x = load("oracles", "simrepo_X.csv")
    create_rows(db, "simrepo", {"x": x})
    for options, want in (("centred => false", 15.468), ("centred => true", 21.055), ("of => 'eigenvalues'", 16.134)):
        assert_close(options, round(number(db, "effective_rank(gram_agg(x), %s)" % options, "simrepo"), 3), want, rtol=0, atol=1.1e-3)
