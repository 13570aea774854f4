/*
 * sparse_product.h
 *		What two sparse vectors have in common: products, distances, overlaps.
 *
 * Functions over both values want equal widths; those over active indices alone
 * don't.
 */
#ifndef NEUROENC_SPARSE_PRODUCT_H
#define NEUROENC_SPARSE_PRODUCT_H

#include "search/sparse.h"

extern double sparse_dot(const Sparse *a, const Sparse *b);

/* With a tensor of a->width elements */
extern double sparse_dot_dense(const Sparse *a, const Tensor *dense);

/* The p-norm, p > 0 (infinity: the largest |value|); p = 0: how many are active */
extern double sparse_norm(const Sparse *s, double p);
extern double sparse_l2_distance(const Sparse *a, const Sparse *b);

/* 1 - cosine, 0 to 2; NaN where one is all zeros */
extern double sparse_cosine_distance(const Sparse *a, const Sparse *b);

/* sum of least over sum of greatest elements; NaN of two without any.  No value is negative. */
extern double sparse_weighted_jaccard(const Sparse *a, const Sparse *b);

/* Active in both, counted; at most 'enough' */
extern int32 sparse_overlap(const Sparse *a, const Sparse *b, int32 enough);

/* Active in either, with value 1: of the same width */
extern Sparse *sparse_union(const Sparse *a, const Sparse *b);

#endif							/* NEUROENC_SPARSE_PRODUCT_H */
