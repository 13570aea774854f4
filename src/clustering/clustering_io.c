/*
 * clustering_io.c
 *		The clustering type as text and as bytes.
 *
 * The binary form, little-endian: uint8 version, method, covariance, flags,
 * int32 k, d, int64 n, float8 objective, int32 iterations, int64 sizes, float8
 * centroids and what follows them in clustering.h.  The text form is
 * clustering(summary): and the binary form in base64.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/clustering.h"
#include "linalg/linalg.h"
#include "stats/predictions.h"

static void
write_clustering(StateWriter *w, const void *value)
{
	const Clustering *c = value;
	uint8		head[3] = {c->method, c->covariance, c->flags};

	state_put_bytes(w, head, sizeof(head));
	state_put_int32(w, c->k);
	state_put_int32(w, c->d);
	state_put_int64(w, c->n);
	state_put_array(w, &c->objective, 1, 8);
	state_put_int32(w, c->iterations);
	state_put_array(w, c->size, c->k, 8);
	state_put_array(w, CLUSTERING_CENTROIDS(c), clustering_numbers(c->method, c->covariance, c->k, c->d), 8);
}

/* ---- what is read ---- */

static void
validate_sizes(const Clustering *c)
{
	int64		left = c->n;
	int		   *order = huge_alloc(size_mul(c->k, sizeof(int)));

	for (int j = 0; j < c->k; j++)
	{
		if (c->size[j] < 0 || c->size[j] > left)
			state_corrupt("clustering", "its sizes are not those of its points");
		left -= c->size[j];
	}
	if (left != 0)
		state_corrupt("clustering", "its sizes are not those of its points");
	clustering_order(c->k, c->d, c->size, CLUSTERING_CENTROIDS(c), order);
	for (int j = 0; j < c->k; j++)
		if (order[j] != j)
			state_corrupt("clustering", "its clusters are not in their order");
	pfree(order);
}

static void
validate_unit_centroids(const Clustering *c)
{
	for (int j = 0; j < c->k; j++)
	{
		const double *x = CLUSTERING_CENTROIDS(c) + (Size) j * c->d;
		double		squared = 0;

		for (int i = 0; i < c->d; i++)
			squared += x[i] * x[i];
		if (fabs(squared - 1) > 1e-9)
			state_corrupt("clustering", "a centroid is not of length 1");
	}
}

static void
validate_weights(const Clustering *c)
{
	double		sum = 0;

	for (int j = 0; j < c->k; j++)
	{
		if (CLUSTERING_WEIGHTS(c)[j] < 0)
			state_corrupt("clustering", "a weight is negative");
		sum += CLUSTERING_WEIGHTS(c)[j];
	}
	if (fabs(sum - 1) > 1e-6)
		state_corrupt("clustering", "its weights don't sum to 1");
}

/* A full covariance (d x d) must be symmetric and positive definite. */
static void
validate_full(const double *covariance, int d, double *scratch)
{
	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < (Size) d; i++)
		for (Size j = 0; j < i; j++)
			if (covariance[i * d + j] != covariance[j * d + i])
				state_corrupt("clustering", "a covariance is not symmetric");
	memcpy(scratch, covariance, (Size) d * d * sizeof(double));
	if (cholesky_f8(d, scratch, d) != 0)
		state_corrupt("clustering", "a covariance is not positive definite");
}

static void
validate_covariances(const Clustering *c)
{
	Size		each = clustering_covariance_size(c->covariance, c->d);
	const double *covariance = CLUSTERING_COVARIANCES(c);

	if (c->covariance == CLUSTERING_FULL)
	{
		double	   *scratch = huge_matrix(c->d, c->d);

		for (int j = 0; j < c->k; j++)
			validate_full(covariance + j * each, c->d, scratch);
		pfree(scratch);
		return;
	}
	for (Size i = 0; i < c->k * each; i++)
		if (covariance[i] <= 0)
			state_corrupt("clustering", "a variance is not positive");
}

static void
validate_clustering(const Clustering *c)
{
	Size		numbers = clustering_numbers(c->method, c->covariance, c->k, c->d);

	if (!isfinite(c->objective) || (c->method != CLUSTERING_GMM && c->objective < 0))
		state_corrupt("clustering", "its objective is negative or not finite");
	state_require_finite("clustering", CLUSTERING_CENTROIDS(c), numbers);
	validate_sizes(c);
	if (c->method == CLUSTERING_SPHERICAL)
		validate_unit_centroids(c);
	if (c->method == CLUSTERING_GMM)
	{
		validate_weights(c);
		validate_covariances(c);
	}
}

static void *
read_clustering(StateReader *r)
{
	uint8		head[3];
	int32		k;
	int32		d;
	int64		n;
	Size		numbers;
	Clustering *c;

	state_get_bytes(r, head, sizeof(head));
	if (head[0] > CLUSTERING_GMM || head[1] > CLUSTERING_SPHERE || head[2] > CLUSTERING_CONVERGED ||
		(head[0] == CLUSTERING_GMM) != (head[1] != CLUSTERING_NONE))
		state_corrupt("clustering", "unknown method, covariance or flags");
	k = state_get_int32(r);
	d = state_get_int32(r);
	n = state_get_int64(r);
	if (k < 1 || d < 1 || d > PREDICTIONS_MAX_COLUMNS || n < 1)
		state_corrupt("clustering", "bad number of clusters, elements or points");
	numbers = clustering_numbers(head[0], head[1], k, d);
	state_require(r, size_add(size_mul(size_add(numbers, k), 8), 12));
	c = clustering_new(head[0], head[1], k, d, n);
	c->flags = head[2];
	state_get_array(r, &c->objective, 1, 8);
	c->iterations = state_get_int32(r);
	if (c->iterations < 0)
		state_corrupt("clustering", "a negative number of iterations");
	state_get_array(r, c->size, k, 8);
	state_get_array(r, CLUSTERING_CENTROIDS(c), numbers, 8);
	validate_clustering(c);
	return c;
}

static char *
summarize_clustering(const void *value)
{
	const Clustering *c = value;

	return psprintf("%s, k=%d, d=%d, n=" INT64_FORMAT, clustering_method_name(c->method), c->k, c->d, c->n);
}

const FlatKind clustering_kind = {
	.name = "clustering",
	.version = CLUSTERING_VERSION,
	.write = write_clustering,
	.read = read_clustering,
	.summary = summarize_clustering
};

FLAT_IO_FUNCTIONS(clustering, clustering_kind)
