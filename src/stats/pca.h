/*
 * pca.h
 *		Principal components: the pca type and the arithmetic.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, PCA_VERSION
 *	 5  zeros
 *	 8  int32   p, features
 *	12  int32   k, components, 1 <= k <= min(n - 1, p)
 *	16  int64   n, rows, >= 2
 *	24  float8  total variance (ddof 1)
 *	32  float8  mean[p], variance[k] (descending), components[k][p]
 */
#ifndef NEUROENC_PCA_H
#define NEUROENC_PCA_H

#include "postgres.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#define PCA_VERSION 1

typedef struct Pca
{
	int32		vl_len_;
	uint8		version;
	uint8		zero[3];
	int32		p;
	int32		k;
	int64		n;
	double		total_variance;
	double		values[FLEXIBLE_ARRAY_MEMBER];
} Pca;

#define PCA_MEAN(pca)		((pca)->values)
#define PCA_VARIANCE(pca)	((pca)->values + (pca)->p)
#define PCA_COMPONENTS(pca) ((pca)->values + (pca)->p + (pca)->k)

/* An empty one (version and sizes set) in CurrentMemoryContext; ERROR if it is over 1 GB. */
extern Pca *pca_new(int32 p, int32 k, int64 n);

/* Bytes of scratch that the two solvers take besides their arguments. */
extern Size pca_scratch(Size n, Size p, Size k, bool kernel);

/*
 * Fill total variance, variances and components from the centred sums of
 * squares and products (p x p, destroyed), or from the centred rows (n x p).
 */
extern void pca_from_scatter(Pca *pca, double *scatter);
extern void pca_from_rows(Pca *pca, const double *rows);

/* The sign of a component: its largest element becomes positive (the first, if several are), and -0 becomes 0. */
extern void pca_fix_sign(Size p, double *component);

/* out (m x k) = (X - mean) components', X m x p, destroyed */
extern void pca_project(const Pca *pca, Size m, double *x, double *out);

#endif							/* NEUROENC_PCA_H */
