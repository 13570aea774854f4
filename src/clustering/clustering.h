/*
 * clustering.h
 *		The clustering type: k clusters of n points, as a model that labels new
 *		points.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, CLUSTERING_VERSION
 *	 5  uint8   method, a ClusteringMethod
 *	 6  uint8   covariance, a ClusteringCovariance (none but for gmm)
 *	 7  uint8   flags, CLUSTERING_CONVERGED
 *	 8  int32   k, clusters
 *	12  int32   d, elements of a point
 *	16  int64   n, points that it was fitted to
 *	24  float8  objective: inertia (the sum of squared distances to centroids; spherical: of 1 - cosine), gmm: the log likelihood of all points
 *	32  int32   iterations
 *	36  int32   zero
 *	40  int64   size[k], which sum to n
 *	    float8  centroid[k][d]: means; spherical: of length 1
 *	    float8  weight[k], of gmm only
 *	    float8  covariance of gmm only: full [k][d][d], diag [k][d], spherical [k]
 *
 * Clusters are numbered in the order of clustering_order.
 */
#ifndef NEUROENC_CLUSTERING_H
#define NEUROENC_CLUSTERING_H

#include "postgres.h"
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/flat.h"

#define CLUSTERING_VERSION		1
#define CLUSTERING_CONVERGED	1

/* Stored: never renumber. */
typedef enum ClusteringMethod
{
	CLUSTERING_KMEANS = 0,
	CLUSTERING_SPHERICAL = 1,
	CLUSTERING_MINIBATCH = 2,
	CLUSTERING_BALANCED = 3,
	CLUSTERING_CONSTRAINED = 4, /* cop_kmeans */
	CLUSTERING_SEEDED = 5,
	CLUSTERING_GMM = 6
} ClusteringMethod;

typedef enum ClusteringCovariance
{
	CLUSTERING_NONE = 0,
	CLUSTERING_FULL = 1,
	CLUSTERING_DIAG = 2,
	CLUSTERING_SPHERE = 3		/* one variance a cluster */
} ClusteringCovariance;

typedef struct Clustering
{
	int32		vl_len_;
	uint8		version;
	uint8		method;
	uint8		covariance;
	uint8		flags;
	int32		k;
	int32		d;
	int64		n;
	double		objective;
	int32		iterations;
	int32		zero;
	int64		size[FLEXIBLE_ARRAY_MEMBER];
} Clustering;

#define CLUSTERING_CENTROIDS(c) ((double *) ((c)->size + (c)->k))
#define CLUSTERING_WEIGHTS(c)	(CLUSTERING_CENTROIDS(c) + (Size) (c)->k * (c)->d)
#define CLUSTERING_COVARIANCES(c) (CLUSTERING_WEIGHTS(c) + (c)->k)

/* Numbers of the covariances of one cluster: d * d, d, 1; 0 without. */
extern Size clustering_covariance_size(ClusteringCovariance covariance, int d);

/* Numbers from the centroids on. */
extern Size clustering_numbers(ClusteringMethod method, ClusteringCovariance covariance, int k, int d);

/* "kmeans", "spherical_kmeans", ...: the function that makes one */
extern const char *clustering_method_name(ClusteringMethod method);

/* A new one in CurrentMemoryContext, zeros but for what is given here; ERROR past 1 GB. */
extern Clustering *clustering_new(ClusteringMethod method, ClusteringCovariance covariance, int k, int d, int64 n);

extern const FlatKind clustering_kind;

#define DatumGetClustering(d) ((const Clustering *) flat_from_datum(&clustering_kind, d))
#define PG_GETARG_CLUSTERING(n) DatumGetClustering(PG_GETARG_DATUM(n))

/*
 * Argument 0 of a function that is called a row with one clustering.  Where it
 * is stored out of line, or making it ready takes more than a comparison (gmm),
 * the last one is kept with the call site in a context of its own, with what the
 * method makes of it in 'prepared' (NULL at first).  Takes the function's fn_extra.
 */
typedef struct ClusteringKept
{
	const Clustering *c;
	void	   *prepared;		/* the method's own, in cxt */
	MemoryContext cxt;			/* lives as long as c does */
} ClusteringKept;

extern ClusteringKept *clustering_argument_kept(FunctionCallInfo fcinfo);

/* Argument number 'argument', a tensor, as d finite float8 elements. */
extern double *clustering_point_argument(FunctionCallInfo fcinfo, int argument, int d);

/*
 * The order in which clusters are numbered: by size, the largest first; clusters
 * of the same size by their centroid, the smaller first element first.  order[j]
 * is which of the k given ones becomes cluster j (from 0).
 */
extern void clustering_order(int k, int d, const int64 *size, const double *centroid, int *order);

/* n_init, the number of starts of which the best is kept; ERROR unless 1 .. 10,000 */
extern int	clustering_starts(int n_init);

/* ERROR unless that, max_iter at least 1, and tol finite and not negative. */
extern void clustering_check_search(int n_init, int max_iter, double tol);

/* ---- labels.c: labels 1 .. k of rows ---- */

/*
 * Numbers clusters for methods without centroids: label[i] (any number >= 0 for a
 * cluster, below n; < 0 is noise) becomes 1 .. k, the largest cluster 1, those of one size by
 * their first row (rows are in the order of their content), and noise -1.  Returns k.
 */
extern int	labels_by_size(int n, int32 *label);

#endif							/* NEUROENC_CLUSTERING_H */
