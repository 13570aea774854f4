/*
 * kmeans.h
 *		k-means of rows: greedy k-means++ starts, Lloyd's iterations, the nearest
 *		centre of each row.  Spherical k-means is the same of rows scaled to length 1.
 *
 * An assignment is exact: the centre of the least squared distance, taken from
 * differences in float8, the lower number first where two are equal.  Products
 * in the rows' own precision only rule centres out.  So an answer depends
 * neither on tiles nor on which distances were left out, nor on threads.
 */
#ifndef NEUROENC_KMEANS_H
#define NEUROENC_KMEANS_H

#include "postgres.h"

#include "base/random.h"
#include "clustering/clustering.h"
#include "stats/points.h"

/* Rows made ready for distances: values are not copied, and must stay. */
typedef struct KmeansRows
{
	int			n;
	int			d;
	TensorType	dtype;			/* of values: float4 or float8 */
	const void *values;			/* n x d */
	bool		wide;			/* products in float8: the values are, or are too large or small for float4's range */
	double	   *scale;			/* n: 1 / length of each row, of spherical k-means; else NULL */
	double	   *shift;			/* d: taken from rows and centres before products; NULL: rows lie about the origin */
	double	   *norm;			/* n: squared, of the scaled and shifted rows */
	double		norm_max;
	double		variance;		/* of the scaled rows: the mean over elements */
} KmeansRows;

/*
 * In CurrentMemoryContext, which claims kmeans_rows_bytes.  spherical: rows
 * scaled to length 1; a row of zeros is an ERROR that names its ordinal, by
 * came (NULL: by its place).  Also an ERROR: elements over 1e150.
 */
extern KmeansRows *kmeans_rows(const PointRows *rows, bool spherical);
extern KmeansRows *kmeans_rows_of(int n, int d, TensorType dtype, const void *values, const int32 *came, bool spherical);

/*
 * Greedy k-means++ (Arthur and Vassilvitskii 2007; the best of 2 + ln k candidates
 * at each step): k rows as centres, k x d.  Rows must differ in k places at least
 * (kmeans_require_distinct).  n d k (2 + ln k) products.
 */
extern void kmeans_seed(const KmeansRows *r, int k, RandomStream *random, double *centre);

/* Nearest centres: label n (from 0); squared n (exact) or NULL. */
extern void kmeans_assign(const KmeansRows *r, int k, const double *centre, int32 *label, double *squared);

/* Squared distance (exact) of each row to the centre that its label tells. */
extern void kmeans_squares(const KmeansRows *r, const double *centre, const int32 *label, double *squared);

/* A partition and its centres. */
typedef struct KmeansFit
{
	int			k;
	double	   *centre;			/* k x d */
	int32	   *label;			/* n, from 0 */
	int64	   *size;			/* k */
	double		inertia;		/* the sum of squared distances; spherical: of 1 - cosine */
	int			iterations;
	bool		converged;
} KmeansFit;

/* Room for one, in CurrentMemoryContext: claim kmeans_fit_bytes. */
extern Size kmeans_fit_bytes(int n, int d, int k);
extern KmeansFit *kmeans_fit_new(int n, int d, int k);

/*
 * Lloyd's iterations from fit->centre until no label changes, the centres'
 * squared moves sum to at most tol * variance (labels are then those of the last
 * centres), or max_iter (centres are then the means of the rows that labels tell).  A cluster without rows takes the row that is
 * farthest from its centre (of those whose cluster keeps another).
 */
extern void kmeans_lloyd(const KmeansRows *r, int max_iter, double tol, KmeansFit *fit);

typedef struct KmeansOptions
{
	int			k;
	int64		seed;
	int			n_init;
	int			max_iter;
	double		tol;
	const double *init;			/* k x d, the only start; NULL: n_init seeded ones */
} KmeansOptions;

/* scikit-learn's: n_init 10, max_iter 300, tol 1e-4 */
extern KmeansOptions kmeans_options(int k, int64 seed);

/* Start number 'start' of n_init, to its end: for methods that go on from there. */
extern void kmeans_start(const KmeansRows *r, const KmeansOptions *options, int start, KmeansFit *fit);

/* The best of n_init, in CurrentMemoryContext; clusters in the order of clustering_order. */
extern KmeansFit *kmeans_fit(const KmeansRows *r, const KmeansOptions *options);

/* Clusters put in the order of clustering_order. */
extern void kmeans_renumber(KmeansFit *fit, int n, int d);

/* As the SQL type. */
extern Clustering *kmeans_clustering(const KmeansFit *fit, ClusteringMethod method, int n, int d);

/* ERROR unless 1 <= k and the rows differ in k places at least: names both figures. */
extern void kmeans_require_distinct(const PointRows *rows, int k);

/* ---- kmeans_rows.c: one row in float8 ---- */

/* |x - c|^2, the row scaled as it counts */
extern double kmeans_row_squared(const KmeansRows *r, Size i, const double *c);

/* Row i scaled; the sum (d, added to) of n rows. */
extern void kmeans_row_read(const KmeansRows *r, Size i, double *out);
extern void kmeans_add_rows(const KmeansRows *r, const int32 *row, Size n, double *sum);

/* The nearest of k centres (from 0), the first of equally near ones. */
extern int	kmeans_nearest(const double *x, int k, int d, const double *centre);

/* x becomes of length 1; false if it is all zeros. */
extern bool kmeans_unit(double *x, int d);

#endif							/* NEUROENC_KMEANS_H */
