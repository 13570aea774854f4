"""most_discriminative_stimuli: its objective as written in the paper, planted cell types."""

import itertools

import numpy as np
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score

from neuroenc_oracle import assert_close, put


def search(db, responses, k, options=""):
    with db.cursor() as cur:
        cur.execute("SELECT stimuli, labels, objective, iterations FROM most_discriminative_stimuli(from_npy(%%s), %d%s)" % (k, options), [put(responses)])
        stimuli, labels, objective, iterations = cur.fetchone()
    return np.array(stimuli) - 1, np.array(labels), objective, iterations


def standardized(x):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def contrast(x, labels, k, temperature):
    """J: k x stimuli."""
    mean = np.array([x[labels == j + 1].mean(0) for j in range(k)]) / temperature
    return mean - logsumexp(mean, axis=0) + np.log(k)


def objective_of(x, labels, stimuli, temperature):
    k = len(stimuli)
    j = contrast(x, labels, k, temperature)
    shares = np.array([(labels == c + 1).mean() for c in range(k)])
    return sum(shares[c] * j[c, stimuli[c]].mean() for c in range(k))


def planted(seed, n, p, k, noise):
    """Types by tuning, neurons with gains and baselines of their own."""
    rng = np.random.default_rng(seed)
    types = np.concatenate([np.arange(k), rng.choice(k, n - k, p=rng.dirichlet(np.full(k, 5.0)))])
    tuning = rng.gamma(0.5, size=(k, p))
    gain, base = rng.gamma(4, size=(n, 1)) / 4 + 0.3, rng.standard_normal((n, 1))
    return gain * (tuning[types] + noise * tuning.std() * rng.standard_normal((n, p))) + base, types


def test_objective(db):
    for seed, m in ((0, 1), (1, 3)):
        x, _ = planted(seed, 120, 40, 5, 0.5)
        for temperature, standardize in ((1.6, True), (0.8, True), (2.0, False)):
            stimuli, labels, objective, _ = search(db, x, 5, ", %d, 0, %s, %s" % (m, temperature, standardize))
            z = standardized(x) if standardize else x
            assert_close("objective", objective, objective_of(z, labels, stimuli, temperature), 1e-10)
            # each cluster has its most discriminative stimuli, the most so first, unless neurons moved last
            j = contrast(z, labels, 5, temperature)
            assert_close("J of the stimuli", np.take_along_axis(j, stimuli, 1), -np.sort(-j, axis=1)[:, :m], 0, 1e-10)
            sizes = np.bincount(labels)[1:]
            assert np.all(np.diff(sizes) <= 0) and objective <= np.log(5)


def test_planted_types(db):
    for seed, (n, p, k) in enumerate(((200, 40, 4), (500, 100, 8), (400, 300, 6), (150, 60, 3), (600, 100, 10))):
        x, types = planted(seed, n, p, k, 0.2)
        stimuli, labels, _, _ = search(db, x, k, ", 3")
        assert adjusted_rand_score(types, labels) == 1, (seed, adjusted_rand_score(types, labels))
        drive = np.stack([standardized(x)[:, s].mean(1) for s in stimuli], axis=1)
        assert (drive.argmax(1) + 1 == labels).mean() > 0.99
        # and new neurons of the same types go where the stimuli drive them most
        tuned = np.stack([x[types == t].mean(0) for t in range(k)])
        drive = np.stack([standardized(tuned)[:, s].mean(1) for s in stimuli], axis=1).argmax(1) + 1
        assert all(labels[types == t][0] == drive[t] for t in range(k))


def test_noisy_types(db):
    x, types = planted(3, 600, 200, 6, 1.0)
    found = {m: adjusted_rand_score(types, search(db, x, 6, ", %d" % m)[1]) for m in (1, 5)}
    assert found[5] > 0.95 and found[5] >= found[1] - 0.02, found


def test_objective_never_falls(db):
    x, _ = planted(4, 150, 60, 6, 1.0)
    found = [search(db, x, 9, ", 2, max_iter => %d, n_init => 1" % i) for i in range(1, 20)]
    assert np.all(np.diff([f[2] for f in found]) >= -1e-12)


def test_small_problems_reach_the_best_that_the_rule_allows(db):
    """Over all choices of one stimulus a cluster, neurons where the rule sends them: nothing has a higher objective."""
    rng = np.random.default_rng(5)
    for _ in range(5):
        x = rng.gamma(0.5, size=(14, 7))
        z = standardized(x)
        best = -np.inf
        for stimuli in itertools.combinations(range(7), 3):
            labels = z[:, stimuli].argmax(1) + 1
            if len(set(labels)) == 3:
                best = max(best, objective_of(z, labels, np.array(stimuli)[:, None], 1.6))
        assert search(db, x, 3, ", n_init => 200")[2] >= best - 1e-9


def test_order_of_neurons(db):
    x, _ = planted(6, 200, 80, 5, 1.0)
    order = np.random.default_rng(6).permutation(200)
    stimuli, labels, objective, _ = search(db, x, 7, ", 2, 5")
    other_stimuli, other_labels, other_objective, _ = search(db, x[order], 7, ", 2, 5")
    assert np.array_equal(labels[order], other_labels) and np.array_equal(stimuli, other_stimuli) and objective == other_objective


def test_any_number_of_threads(db):
    x, _ = planted(7, 300, 2000, 6, 1.0)
    with db.cursor() as cur:
        one = search(db, x, 6, ", 2")
        cur.execute("SET neuroenc.threads = 3")
        three = search(db, x, 6, ", 2")
        cur.execute("RESET neuroenc.threads")
    assert all(np.array_equal(a, b) for a, b in zip(one, three))
