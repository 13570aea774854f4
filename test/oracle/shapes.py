"""What oracle tests of clustering share: six shapes in the plane, and three data sets that come with scikit-learn.

    for shape in shapes():          # about 500 points each, the same at every call
        shape.name, shape.x, shape.labels, shape.k

    digits(), wine(), iris()        # the same form; standardised=True: columns of mean 0 and standard deviation 1

x is float64, n x d; labels are the true ones, 0 to k - 1 (uniform has one, and k 3 to fit to it).
"""

from collections import namedtuple

import numpy as np
from sklearn import datasets

__all__ = ["Shape", "shapes", "shape", "digits", "wine", "iris", "data_sets", "same_partition"]

Shape = namedtuple("Shape", "name x labels k")
N = 500


def circles():
    x, labels = datasets.make_circles(n_samples=N, factor=0.5, noise=0.05, random_state=0)
    return Shape("circles", x, labels, 2)


def moons():
    x, labels = datasets.make_moons(n_samples=N, noise=0.05, random_state=0)
    return Shape("moons", x, labels, 2)


def blobs():
    x, labels = datasets.make_blobs(n_samples=N, random_state=8)
    return Shape("blobs", x, labels, 3)


def anisotropic():
    x, labels = datasets.make_blobs(n_samples=N, random_state=170)
    return Shape("anisotropic", x @ np.array([[0.6, -0.6], [-0.4, 0.8]]), labels, 3)


def varied():
    x, labels = datasets.make_blobs(n_samples=N, cluster_std=[1.0, 2.5, 0.5], random_state=170)
    return Shape("varied", x, labels, 3)


def uniform():
    return Shape("uniform", np.random.default_rng(0).random((N, 2)), np.zeros(N, int), 3)


def shapes():
    return [make() for make in (circles, moons, blobs, anisotropic, varied, uniform)]


def shape(name):
    return next(s for s in shapes() if s.name == name)


def loaded(name, load, standardised):
    bunch = load()
    x = np.asarray(bunch.data, float)
    if standardised:
        sd = x.std(axis=0)
        x = (x - x.mean(axis=0)) / np.where(sd > 0, sd, 1)
    return Shape(name + (" standardised" if standardised else ""), x, np.asarray(bunch.target), len(bunch.target_names))


def digits(standardised=False):
    return loaded("digits", datasets.load_digits, standardised)


def wine(standardised=False):
    return loaded("wine", datasets.load_wine, standardised)


def iris(standardised=False):
    return loaded("iris", datasets.load_iris, standardised)


def data_sets(standardised=False):
    return [load(standardised) for load in (digits, wine, iris)]


def same_partition(a, b):
    """Are two labelings the same up to the names of the labels?  (Noise, -1, must be the same rows.)"""
    a, b = np.asarray(a), np.asarray(b)
    pairs = len(set(zip(a.tolist(), b.tolist())))
    return bool(np.array_equal(a < 0, b < 0) and pairs == len(np.unique(a)) == len(np.unique(b)))
