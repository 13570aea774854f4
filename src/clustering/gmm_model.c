/*
 * gmm_model.c
 *		Densities of a Gaussian mixture.
 *
 * A row's distance to a component is the length of its difference to the mean
 * after whitening: inv(L) (x - mean) with L the Cholesky factor of a full
 * covariance, n d^2 flops a component by trsm over a panel of rows; a division by
 * the deviations otherwise.  The difference is taken before anything is squared,
 * so data far from the origin lose nothing.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/gmm.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

Size
gmm_model_bytes(ClusteringCovariance covariance, int k, int d)
{
	Size		a_component = size_add(clustering_covariance_size(covariance, d), (Size) d + 1);

	return size_mul(size_mul(a_component, k), sizeof(double));
}

GmmModel *
gmm_model_new(ClusteringCovariance covariance, int k, int d)
{
	GmmModel   *m = palloc(sizeof(GmmModel));

	m->covariance = covariance;
	m->k = k;
	m->d = d;
	m->mean = huge_matrix(k, d);
	m->factor = huge_matrix(k, clustering_covariance_size(covariance, d));
	m->constant = huge_matrix(1, k);
	return m;
}

/* The factor of component j; *log_determinant is half of the covariance's.  False if there is none. */
static bool
set_factor(GmmModel *m, int j, const double *covariance, double *log_determinant)
{
	Size		size = clustering_covariance_size(m->covariance, m->d);
	double	   *factor = m->factor + j * size;

	*log_determinant = 0;
	if (m->covariance == CLUSTERING_FULL)
	{
		memcpy(factor, covariance, size * sizeof(double));
		if (cholesky_f8(m->d, factor, m->d) != 0)
			return false;
		for (Size i = 0; i < (Size) m->d; i++)
			*log_determinant += log(factor[i * m->d + i]);
		return true;
	}
	for (Size i = 0; i < size; i++)
	{
		if (!(covariance[i] > 0))
			return false;
		factor[i] = 1 / sqrt(covariance[i]);
		*log_determinant -= log(factor[i]);
	}
	if (m->covariance == CLUSTERING_SPHERE)
		*log_determinant *= m->d;
	return isfinite(*log_determinant);
}

int
gmm_model_set(GmmModel *m, const double *mean, const double *weight, const double *covariances)
{
	Size		size = clustering_covariance_size(m->covariance, m->d);

	memcpy(m->mean, mean, (Size) m->k * m->d * sizeof(double));
	for (int j = 0; j < m->k; j++)
	{
		double		log_determinant;

		if (!set_factor(m, j, covariances + j * size, &log_determinant))
			return j;
		m->constant[j] = log(weight[j]) - log_determinant - 0.5 * m->d * log(2 * M_PI);
	}
	return -1;
}

const GmmModel *
gmm_kept(ClusteringKept *kept)
{
	const Clustering *c = kept->c;
	MemoryContext old = MemoryContextSwitchTo(kept->cxt);

	if (kept->prepared == NULL)
	{
		GmmModel   *m;
		int			bad;

		memory_claim_add(memory_claim(kept->cxt, "gmm"), gmm_model_bytes(c->covariance, c->k, c->d), NULL);
		m = gmm_model_new(c->covariance, c->k, c->d);
		bad = gmm_model_set(m, CLUSTERING_CENTROIDS(c), CLUSTERING_WEIGHTS(c), CLUSTERING_COVARIANCES(c));
		if (bad >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the covariance of component %d is not positive definite", bad + 1)));
		kept->prepared = m;
	}
	MemoryContextSwitchTo(old);
	return kept->prepared;
}

HOT_LOOP static double
squared_scaled_length(const double *restrict y, const double *restrict scale, int d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int i = 0; i < d; i++)
		sum += (y[i] * scale[i]) * (y[i] * scale[i]);
	return sum;
}

void
gmm_log_joint(const GmmModel *m, int j, int n, double *y, double *out)
{
	Size		d = m->d;
	const double *factor = m->factor + j * clustering_covariance_size(m->covariance, m->d);

	if (m->covariance == CLUSTERING_FULL)
		trsm_rows_f8_raw(d, n, factor, d, y, d);
	for (int i = 0; i < n; i++)
	{
		double		squared;

		if (m->covariance == CLUSTERING_DIAG)
			squared = squared_scaled_length(y + i * d, factor, m->d);
		else
			squared = squared_length(y + i * d, m->d);
		if (m->covariance == CLUSTERING_SPHERE)
			squared *= factor[0] * factor[0];
		out[i] = m->constant[j] - 0.5 * squared;
	}
}

double
gmm_log_sum_exp(int k, double *x, Size stride)
{
	double		most = x[0];
	double		sum = 0;

	for (int j = 1; j < k; j++)
		most = Max(most, x[j * stride]);
	if (!(most > -INFINITY))
	{
		for (int j = 0; j < k; j++)
			x[j * stride] = 1.0 / k;
		return -INFINITY;
	}
	for (int j = 0; j < k; j++)
	{
		x[j * stride] = exp(x[j * stride] - most);
		sum += x[j * stride];
	}
	for (int j = 0; j < k; j++)
		x[j * stride] /= sum;
	return most + log(sum);
}

int
gmm_assign(const GmmModel *m, const double *x, double *proba)
{
	double	   *y = palloc(m->d * sizeof(double));
	int			best = 0;

	for (int j = 0; j < m->k; j++)
	{
		for (int i = 0; i < m->d; i++)
			y[i] = x[i] - m->mean[(Size) j * m->d + i];
		gmm_log_joint(m, j, 1, y, proba + j);
		if (proba[j] > proba[best])
			best = j;
	}
	gmm_log_sum_exp(m->k, proba, 1);
	pfree(y);
	return best;
}
