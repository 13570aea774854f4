"""random_normal and random_uniform: distribution, independence of seeds, and the generator itself (Philox 4x32-10)."""
import numpy as np
from scipy import stats

from gram_tables import unwire, value


def draw(db, function, n, seed):
    return unwire(value(db, f'SELECT tensor_send({function}(%s, %s))', ([n], seed))).astype(float)


def test_random_distribution(db):
    for seed in (0, 1, 12345):
        z = draw(db, 'random_normal', 200000, seed)
        assert abs(z.mean()) < 4 / np.sqrt(200000) and abs(z.std() - 1) < .01
        assert abs(stats.skew(z)) < .03 and abs(stats.kurtosis(z)) < .06
        assert stats.kstest(z, 'norm').pvalue > 1e-4
        u = draw(db, 'random_uniform', 200000, seed)
        assert u.min() >= 0 and u.max() < 1
        assert stats.kstest(u, 'uniform').pvalue > 1e-4
        for x in (z, u):
            lag = [abs(np.corrcoef(x[:-k], x[k:])[0, 1]) for k in (1, 2, 3, 4, 8)]
            assert max(lag) < 5 / np.sqrt(200000), lag


def test_random_seeds(db):
    """The same seed gives the same draws, a longer draw begins with a shorter one, seeds are independent."""
    a = draw(db, 'random_normal', 50000, 7)
    np.testing.assert_array_equal(a, draw(db, 'random_normal', 50000, 7))
    np.testing.assert_array_equal(a[:999], draw(db, 'random_normal', 999, 7))
    draws = np.stack([draw(db, 'random_normal', 50000, seed) for seed in (7, 8, 9, -7, 2 ** 40)])
    off = np.corrcoef(draws)[~np.eye(5, dtype=bool)]
    assert np.abs(off).max() < 5 / np.sqrt(50000), off


def test_random_shape(db):
    m = unwire(value(db, "SELECT tensor_send(random_normal('{3,4}', 5))"))
    assert m.shape == (3, 4)
    np.testing.assert_array_equal(m.ravel(), draw(db, 'random_normal', 12, 5).astype(m.dtype))


def philox(seed, blocks):
    """Philox 4x32-10 (Salmon et al. 2011) of counters 0 .. blocks - 1, stream 0: blocks x 4 words."""
    low = np.uint64(0xffffffff)
    c = [np.arange(blocks, dtype=np.uint64)] + [np.zeros(blocks, np.uint64) for _ in range(3)]
    k0, k1 = seed & 0xffffffff, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xffffffff, (k1 + 0xBB67AE85) & 0xffffffff
    return np.stack(c, axis=1)


def test_random_is_philox(db):
    """The authors' known answer for counter and key 0; then 53 bits of two words, the low half first."""
    assert [f'{w:08x}' for w in philox(0, 1)[0]] == ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    for seed in (0, 42, 2 ** 35 + 17):
        words = philox(seed, 500)
        bits = (words[:, [0, 2]] | words[:, [1, 3]] << np.uint64(32)).ravel()
        u = (bits >> np.uint64(11)).astype(float) * 2.0 ** -53
        np.testing.assert_allclose(draw(db, 'random_uniform', 1000, seed), u, rtol=0, atol=6.1e-8)
        first, angle = u[0::2], 2 * np.pi * u[1::2]
        radius = np.sqrt(-2 * np.log(1 - first))
        z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
        np.testing.assert_allclose(draw(db, 'random_normal', 1000, seed), z, rtol=0, atol=4e-7)
