"""ward_parcellate against scikit-learn's AgglomerativeClustering with connectivity."""

import struct

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import AgglomerativeClustering
from sklearn.neighbors import radius_neighbors_graph

from gram_tables import copy_binary, query, wire
from neuroenc_oracle import raises
from shapes import same_partition

RNG = np.random.default_rng(41)


def table(db, xyz, x):
    """Temporary table voxels(id, v, t), in a random order."""
    order = RNG.permutation(len(x))
    with db.cursor() as c:
        c.execute('DROP TABLE IF EXISTS voxels; CREATE TEMP TABLE voxels (id bigint, v voxel, t tensor)')
        c.copy_expert('COPY voxels FROM STDIN (FORMAT binary)',
                      copy_binary((struct.pack('>q', i), struct.pack('>fff', *xyz[i]), wire(x[i])) for i in order))


def parcels(db, k, radius):
    return np.array([r[1] for r in query(db, 'SELECT id, ward_parcellate(v, t, %s, %s) OVER () FROM voxels ORDER BY id', [k, radius])])


def grid(*shape):
    return np.array(np.meshgrid(*[range(s) for s in shape], indexing='ij')).reshape(len(shape), -1).T.astype('f4')


def check(db, name, xyz, x, ks, radius):
    table(db, xyz, x)
    graph = radius_neighbors_graph(xyz, radius)
    for k in ks:
        got = parcels(db, k, radius)
        want = AgglomerativeClustering(n_clusters=k, connectivity=graph, linkage='ward').fit(x).labels_
        assert same_partition(got, want), f'{name}: {k} parcels'
        assert len(set(got)) == k and (np.diff(np.bincount(got)[1:]) <= 0).all(), f'{name}: {k} parcels by size'
        for p in set(got):
            inside = np.flatnonzero(got == p)
            assert connected_components(graph[inside][:, inside])[0] == 1, f'{name}: parcel {p} of {k} is in pieces'


def test_noise_on_a_grid(db):
    check(db, 'faces', grid(8, 8, 8), RNG.standard_normal((512, 7)), (1, 2, 5, 40, 400, 512), 1.0)
    check(db, 'corners', grid(8, 8, 8), RNG.standard_normal((512, 3)).astype('f4'), (1, 20), 1.8)


def test_scattered_voxels(db):
    xyz = RNG.uniform(-20, 20, (700, 3)).astype('f4')
    part = connected_components(radius_neighbors_graph(xyz, 7.0))[1]
    xyz = xyz[part == np.bincount(part).argmax()]  # scikit-learn would join the parts by edges of its own
    check(db, 'scattered', xyz, RNG.standard_normal((len(xyz), 10)), (8, 60), 7.0)


def test_smooth_maps(db):
    x = gaussian_filter(RNG.standard_normal((20, 20, 5, 30)), (2, 2, 2, 0)).reshape(-1, 30)
    check(db, 'smooth', grid(20, 20, 5), x + 0.02 * RNG.standard_normal(x.shape), (10, 100), 1.0)


def test_far_from_zero(db):
    """A baseline a million times the signal costs no parcel."""
    x = RNG.standard_normal((125, 4))
    table(db, grid(5, 5, 5), x)
    near = parcels(db, 12, 1.0)
    table(db, grid(5, 5, 5), x + 1e6)
    assert same_partition(near, parcels(db, 12, 1.0))


def test_parts(db):
    """As many parts as parcels is enough, one more is not."""
    xyz = np.vstack([grid(3, 3, 3), grid(3, 3, 3) + 100, grid(3, 3, 3) - 100]).astype('f4')
    table(db, xyz, RNG.standard_normal((81, 2)))
    got = parcels(db, 3, 1.0)
    assert same_partition(got, np.repeat([0, 1, 2], 27))
    with raises(db, '22023', 'fall into 3 parts'):
        parcels(db, 2, 1.0)
