"""Trees and parcels against SciPy's linkage and scikit-learn's AgglomerativeClustering, the reading of the table included."""

import time

import numpy as np

from encoding_data import Backend, create

THREADS = 2


def once(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def in_turns(ours, peer, repeat):
    """The least seconds of each, taken in turns, and their last results."""
    took = []
    for _ in range(repeat):
        a, mine = once(ours)
        b, theirs = once(peer)
        took.append((a, b))
    return np.min(took, axis=0), mine, theirs


def peak_mb(pid):
    with open(f'/proc/{pid}/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmHWM')) / 1024


def bench_linkage_ward(db, rates, report):
    from scipy.cluster.hierarchy import linkage

    n, d = 10000, 64
    x = np.random.default_rng(1).standard_normal((n, d))
    create(db, 'leaves', np.arange(n), x.astype(np.float32), x[:, :1].astype(np.float32))
    x = x.astype(np.float32).astype(np.float64)
    for method, repeat in (('ward', 2), ('average', 1), ('single', 1)):
        backend = Backend(db, THREADS)
        (took, scipy), rows, z = in_turns(
            lambda: backend.query(f"SELECT m.* FROM (SELECT linkage(fold, x, '{method}') AS d FROM leaves OFFSET 0) q, merges(q.d) m"),
            lambda: linkage(x, method), repeat)
        assert np.allclose(np.array(rows, float), z, rtol=1e-9), 'not the same tree'
        report.figure(f'linkage, {method}, {n} rows of {d}', took, 's')
        report.figure('  scipy.cluster.hierarchy.linkage', scipy, 's')
        report.figure('  ratio', took / scipy, '', bar=1)
        report.figure('  peak of the backend', peak_mb(backend.pid), 'MB', bar=1000)
        backend.close()


def bench_ward_parcellate(db, rates, report):
    from scipy.ndimage import gaussian_filter
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.neighbors import radius_neighbors_graph

    shape, d, k = (37, 37, 37), 100, 200
    rng = np.random.default_rng(2)
    x = gaussian_filter(rng.standard_normal(shape + (d,)), (1.5, 1.5, 1.5, 0)).reshape(-1, d)
    x = (x / x.std() + 0.3 * rng.standard_normal(x.shape)).astype(np.float32)
    xyz = np.array(np.meshgrid(*[range(s) for s in shape], indexing='ij')).reshape(3, -1).T
    create(db, 'brain', np.arange(len(x)), x, xyz.astype(np.float32))
    with db.cursor() as c:
        c.execute("CREATE TABLE voxels AS SELECT fold AS id, ('(' || y[1] || ',' || y[2] || ',' || y[3] || ')')::voxel AS v, x AS t FROM brain")
    backend = Backend(db, THREADS)
    took, rows = once(lambda: backend.query(f'SELECT id, ward_parcellate(v, t, {k}, 1) OVER () FROM voxels ORDER BY id'))
    sklearn, labels = once(lambda: AgglomerativeClustering(n_clusters=k, connectivity=radius_neighbors_graph(xyz, 1.0), linkage='ward')
                           .fit(x.astype(np.float64)).labels_)
    assert len(set(zip((r[1] for r in rows), labels))) == k, 'not the same parcels'
    report.figure(f'ward_parcellate, {len(x)} voxels of {d}, {k} parcels', took, 's')
    report.figure('  scikit-learn', sklearn, 's')
    report.figure('  ratio', took / sklearn, '', bar=1)
    backend.close()
