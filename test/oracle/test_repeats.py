"""noise_ceiling, explainable_variance, split_half and cc_norm: against NumPy on all trials, and against simulated truth."""

import numpy as np

from neuroenc_oracle import assert_close, create_rows, from_bytes, get

RNG = np.random.default_rng(51)
FIELDS = ("n_stimuli", "n_trials", "ncsnr", "percent_single", "percent_average")


def ceilings(db, source):
    """The five vectors of noise_ceiling over (mean, variance, n)."""
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM (SELECT noise_ceiling(mean, variance, n) AS c FROM %s) q"
                    % (", ".join("to_npy((c).%s)" % f for f in FIELDS), source))
        return dict(zip(FIELDS, map(from_bytes, cur.fetchone())))


def by_stimulus(table):
    return "(SELECT stimulus, avg(y) AS mean, variance(y) AS variance, count(y) AS n FROM %s GROUP BY stimulus) w" % table


def from_trials(y, stimulus):
    """NSD's definition on the trials themselves; a stimulus with a NaN is left out of that column."""
    out = {f: np.full(y.shape[1], np.nan) for f in FIELDS}
    for t in range(y.shape[1]):
        groups = [y[stimulus == s, t] for s in np.unique(stimulus)]
        groups = [g for g in groups if not np.isnan(g).any()]
        trials = np.concatenate(groups) if groups else np.empty(0)
        variances = [g.var(ddof=1) for g in groups if len(g) > 1]
        out["n_stimuli"][t], out["n_trials"][t] = len(groups), len(trials)
        if not variances:
            continue
        noise = np.mean(variances)
        signal = max(trials.var(ddof=1) - noise, 0)
        if signal == 0:
            out["ncsnr"][t] = out["percent_single"][t] = out["percent_average"][t] = 0
            continue
        q = signal / noise
        out["ncsnr"][t] = np.sqrt(q)
        out["percent_single"][t] = 100 * q / (q + 1)
        out["percent_average"][t] = 100 * q / (q + np.mean([1 / len(g) for g in groups]))
    return out


def test_noise_ceiling(db):
    stimulus = np.repeat(np.arange(80), RNG.integers(1, 6, 80))
    y = RNG.standard_normal((80, 15))[stimulus] * RNG.uniform(0, 2, 15) + RNG.standard_normal((len(stimulus), 15))
    y = y * 10.0 ** RNG.integers(-3, 4, 15) + 1e3
    y[:, 3] -= y[:, 3] - RNG.standard_normal(len(stimulus))     # no signal
    y[:, 4] = RNG.standard_normal(80)[stimulus]                  # no noise
    y[RNG.random(len(stimulus)) < 0.05, 5] = np.nan
    y[:, 6] = np.nan
    order = RNG.permutation(len(stimulus))
    create_rows(db, "ceiling", {"stimulus": stimulus[order], "y": y[order]})
    got, want = ceilings(db, by_stimulus("ceiling")), from_trials(y, stimulus)
    some = np.arange(15) != 4
    for f in FIELDS:
        assert_close(f, got[f][some], want[f][some], rtol=1e-7)
    assert got["percent_single"][4] > 100 - 1e-9 and got["ncsnr"][4] > 1e5
    # states merged: the same
    with db.cursor() as cur:
        cur.execute("""CREATE AGGREGATE noise_state(tensor, tensor, bigint) (SFUNC = noise_ceiling_add, STYPE = tensor);
                       CREATE AGGREGATE noise_merge(tensor) (SFUNC = noise_ceiling_combine, STYPE = tensor, FINALFUNC = noise_ceiling_final)""")
        cur.execute("SELECT %s FROM (SELECT noise_merge(s ORDER BY part DESC) AS c FROM (SELECT stimulus %% 7 AS part,"
                    " noise_state(mean, variance, n) AS s FROM %s GROUP BY 1) v) q"
                    % (", ".join("to_npy((c).%s)" % f for f in FIELDS), by_stimulus("ceiling")))
        merged = dict(zip(FIELDS, map(from_bytes, cur.fetchone())))
    for f in FIELDS:
        assert_close("merged " + f, merged[f][some], want[f][some], rtol=1e-7)


def test_noise_ceiling_truth(db):
    """ncsnr .3 and 1, 1,000 stimuli of 3 repeats: the mean of 400 voxels within 2 per cent of the truth."""
    voxels, repeats = 400, 3
    for name, ncsnr in (("low", 0.3), ("high", 1.0)):
        signal = ncsnr * RNG.standard_normal((1000, voxels))
        y = np.repeat(signal, repeats, axis=0) + RNG.standard_normal((1000 * repeats, voxels))
        create_rows(db, "truth_" + name, {"stimulus": np.repeat(np.arange(1000), repeats), "y": y.astype(np.float32)})
        got = ceilings(db, by_stimulus("truth_" + name))
        q = ncsnr**2
        for f, want in (("ncsnr", ncsnr), ("percent_single", 100 * q / (q + 1)), ("percent_average", 100 * q / (q + 1 / 3))):
            assert abs(got[f].mean() / want - 1) < 0.02, "%s, ncsnr %g: %.4f, expected %.4f" % (f, ncsnr, got[f].mean(), want)


def tutorial(y):
    """The voxelwise modelling tutorials' function: y repeats x time x voxels, z-scored, corrected."""
    y = np.nan_to_num((y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True))
    ev = y.mean(axis=0).var(axis=0, ddof=1) / y.var(axis=1, ddof=1).mean(axis=0)
    return ev - (1 - ev) / (len(y) - 1)


def store_repeats(db, table, y):
    """A shuffled table of (stimulus, repeat, y), ids with gaps."""
    repeats, stimuli, v = y.shape
    order = RNG.permutation(repeats * stimuli)
    create_rows(db, table, {"stimulus": (np.tile(np.arange(stimuli), repeats) * 5 - 40)[order],
                            "rep": (np.repeat(np.arange(repeats), stimuli) * 3 - 1)[order], "y": y.reshape(-1, v)[order]})


def test_explainable_variance(db):
    for repeats, stimuli in ((2, 30), (5, 17), (10, 120)):
        signal = RNG.standard_normal((1, stimuli, 21)) * RNG.uniform(0, 2, 21)
        y = (signal + RNG.standard_normal((repeats, stimuli, 21))) * 7 + 1e4
        y[1, :, 2] = 5.0                                # one constant repeat
        table = "repeats_%d" % repeats
        store_repeats(db, table, y)
        with np.errstate(all="ignore"):
            want = tutorial(y)
        got = get(db, "(SELECT explainable_variance(y, stimulus, rep) FROM %s)" % table)
        assert_close("%d repeats" % repeats, got, want, rtol=0, atol=1e-9)
        if repeats > 2:
            # the same as the mean correlation between two repeats
            for t in (0, 3):
                c = np.corrcoef(y[:, :, t])
                assert_close("mean r", got[t], c[~np.eye(repeats, dtype=bool)].mean(), rtol=0, atol=1e-9)
    with db.cursor() as cur:
        cur.execute("SET neuroenc.threads = 2")
    assert_close("threads", get(db, "(SELECT explainable_variance(y, stimulus, rep) FROM repeats_10)"), want, rtol=0, atol=1e-9)


def test_explainable_variance_missing(db):
    y = RNG.standard_normal((1, 40, 12)) + RNG.standard_normal((4, 40, 12))
    y[RNG.random(y.shape) < 0.02] = np.nan
    y[0, 1:, 5] = np.nan
    y[:, :, 6] = 2.0
    store_repeats(db, "repeats_missing", y)
    want = np.empty(12)
    for t in range(12):
        has = ~np.isnan(y[:, :, t]).any(axis=0)
        with np.errstate(all="ignore"):
            want[t] = tutorial(y[:, has][:, :, [t]])[0] if has.sum() > 1 else np.nan
    want[6] = 0
    assert_close("missing", get(db, "(SELECT explainable_variance(y, stimulus, rep) FROM repeats_missing)"), want, rtol=0, atol=1e-9)


def test_explainable_variance_is_unbiased(db):
    """Two repeats, a tenth and none of the variance shared: the mean of 3,000 voxels is the truth; some are negative."""
    for name, share in (("tenth", 0.1), ("none", 0.0)):
        y = np.sqrt(share) * RNG.standard_normal((1, 100, 3000)) + np.sqrt(1 - share) * RNG.standard_normal((2, 100, 3000))
        store_repeats(db, "unbiased_" + name, y.astype(np.float32))
        ev = get(db, "(SELECT explainable_variance(y, stimulus, rep) FROM unbiased_%s)" % name)
        assert abs(ev.mean() - share) < 4 * 0.1 / np.sqrt(3000), ev.mean()
        assert (ev < 0).mean() > 0.1


def test_split_half(db):
    a = RNG.standard_normal((60, 25))
    b = a * RNG.uniform(-1, 1, 25) + 0.5 * RNG.standard_normal((60, 25))
    b[RNG.random(b.shape) < 0.05] = np.nan
    a[:, 3] = 1.0
    create_rows(db, "halves", {"a": a, "b": b})
    r = np.empty(25)
    for t in range(25):
        has = ~np.isnan(b[:, t])
        r[t] = 0 if t == 3 else np.corrcoef(a[has, t], b[has, t])[0, 1]
    assert (r < 0).any() and (r > 0.5).any()
    assert_close("split_half", get(db, "(SELECT split_half(a, b) FROM halves)"), np.where(r > 0, 2 * r / (1 + r), r), rtol=1e-10)


def test_split_half_reaches_explainable_variance(db):
    """Halves of 4 repeats each, stepped up, and m ev / (1 + (m - 1) ev) of 8 repeats, are the same ceiling."""
    share, m = 0.2, 8
    y = np.sqrt(share) * RNG.standard_normal((1, 200, 500)) + np.sqrt(1 - share) * RNG.standard_normal((m, 200, 500))
    store_repeats(db, "eight", y.astype(np.float32))
    ev = get(db, "(SELECT explainable_variance(y, stimulus, rep) FROM eight)").mean()
    half = get(db, "(SELECT split_half(a, b) FROM (SELECT avg(y) FILTER (WHERE rep % 2 = 0) AS a, avg(y) FILTER (WHERE rep % 2 <> 0) AS b"
                   " FROM eight GROUP BY stimulus) w)").mean()
    truth = m * share / (1 + (m - 1) * share)
    assert abs(half - truth) < 0.01 and abs(m * ev / (1 + (m - 1) * ev) - truth) < 0.01


def test_cc_norm(db):
    """A perfect model of the signal has r = sqrt(ceiling): cc_norm 1."""
    share = 0.36
    signal = RNG.standard_normal((2000, 100))
    y = 0.6 * signal + 0.8 * RNG.standard_normal((2000, 100))
    r = np.array([np.corrcoef(signal[:, t], y[:, t])[0, 1] for t in range(100)])
    create_rows(db, "normed", {"s": signal.astype(np.float32), "y": y.astype(np.float32)})
    got = get(db, "(SELECT cc_norm(column_corr(s, y), filled('{100}', %g)) FROM normed)" % share)
    assert_close("cc_norm", got, r / 0.6, rtol=1e-5)
    assert abs(got.mean() - 1) < 0.02
