/*
 * gmm.h
 *		Gaussian mixtures: k components, each with a weight, a mean and a covariance.
 */
#ifndef NEUROENC_GMM_H
#define NEUROENC_GMM_H

#include "postgres.h"

#include "clustering/clustering.h"
#include "stats/points.h"

/* ---- gmm_model.c: densities ---- */

/* What densities need of a mixture's parameters. */
typedef struct GmmModel
{
	ClusteringCovariance covariance;
	int			k;
	int			d;
	double	   *mean;			/* k x d */
	double	   *factor;			/* of the covariances: full: lower Cholesky factors, k x d x d; else 1 / deviation, k x d or k */
	double	   *constant;		/* k: log weight - (d log 2 pi + log determinant) / 2 */
} GmmModel;

/* In CurrentMemoryContext, unset. */
extern GmmModel *gmm_model_new(ClusteringCovariance covariance, int k, int d);
extern Size gmm_model_bytes(ClusteringCovariance covariance, int k, int d);

/*
 * Sets it; covariances as in a Clustering.  Returns -1, or the component whose
 * covariance is not positive definite.
 */
extern int	gmm_model_set(GmmModel *m, const double *mean, const double *weight, const double *covariances);

/* The same of a clustering that a call site keeps, once. */
extern const GmmModel *gmm_kept(ClusteringKept *kept);

/*
 * log(weight density) of n rows under component j; y (n x d) are the rows less
 * its mean, and are overwritten.  Calls nothing of PostgreSQL.
 */
extern void gmm_log_joint(const GmmModel *m, int j, int n, double *y, double *out);

/* log(sum(exp(x))) of k numbers 'stride' apart, which become their shares of that sum (1/k where it is 0). */
extern double gmm_log_sum_exp(int k, double *x, Size stride);

/*
 * The component (from 0) of largest responsibility for the vector x (d); proba
 * (k): the responsibilities.
 */
extern int	gmm_assign(const GmmModel *m, const double *x, double *proba);

/* ---- gmm.c: the fit ---- */

typedef struct GmmOptions
{
	int			k;
	int64		seed;
	ClusteringCovariance covariance;
	int			n_init;
	int			max_iter;
	double		tol;			/* of the mean log likelihood of a row */
	double		reg;			/* added to the diagonals of the covariances */
} GmmOptions;

/* label: n, 1 .. k by largest responsibility, or NULL. */
extern Clustering *gmm_fit(const PointRows *rows, const GmmOptions *options, int32 *label);

/* Free parameters of a mixture, for criteria. */
extern double gmm_parameters(ClusteringCovariance covariance, int k, int d);

#endif							/* NEUROENC_GMM_H */
