"""fir() against delayed copies made by NumPy indexing."""

import numpy as np

from neuroenc_oracle import assert_equal, create_rows, get

RNG = np.random.default_rng(11)


def delayed(x, run, delays):
    """The definition: row t of a run is x[t - d] for each d, zeros outside the run."""
    out = np.zeros((len(x), len(delays), x.shape[1]), dtype=x.dtype)
    for r in np.unique(run):
        rows = np.flatnonzero(run == r)
        for t, row in enumerate(rows):
            for i, d in enumerate(delays):
                if 0 <= t - d < len(rows):
                    out[row, i] = x[rows[t - d]]
    return out.reshape(len(x), -1)


def test_random_runs(db):
    run = np.repeat([3, 1, 2], [57, 1, 140])
    for number, dtype in enumerate((np.float16, np.float32, np.float64)):
        x = RNG.standard_normal((len(run), 5)).astype(dtype)
        x[10, 2] = np.nan
        table = "fir_%d" % number
        create_rows(db, table, {"x": x, "run": run})
        for delays in ([1, 2, 3, 4], [0], [-3, 0, 7], [-1], [100, -100, 20], [5, 5, -60]):
            got = get(db, "(SELECT stack(f ORDER BY id) FROM (SELECT id, fir(x, %s) OVER (PARTITION BY run ORDER BY id) AS f"
                          " FROM " + table + ") AS s)", [delays])
            assert_equal("%s %s" % (dtype.__name__, delays), got, delayed(x, run, delays))


def test_scalar_series(db):
    run = np.repeat([1, 2], [300, 211])
    x = RNG.standard_normal(len(run))
    create_rows(db, "fir_scalar", {"x": x, "run": run})
    delays = list(range(15)) + [-2]
    got = get(db, "(SELECT stack(f ORDER BY id) FROM (SELECT id, fir(x, %s) OVER (PARTITION BY run ORDER BY id) AS f"
                  " FROM fir_scalar) AS s)", [delays])
    assert_equal("scalar", got, delayed(x[:, None], run, delays))
