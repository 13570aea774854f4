/*
 * seeded_kmeans.c
 *		k-means that starts from rows whose clusters are known.
 *
 * S. Basu, A. Banerjee and R. Mooney, "Semi-supervised clustering by seeding",
 * ICML 2002: the centre of a cluster starts as the mean of its given rows; in their
 * Seeded-KMeans these may then go elsewhere, in Constrained-KMeans they stay.  A
 * cluster without given rows starts from a row drawn with probability
 * proportional to the squared distance to the centres so far, as in k-means++.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/constrained.h"

#define MAX_ITERATIONS	300
#define TOLERANCE		1e-4

/* Sizes by label, and centres that are means; a cluster without rows keeps its centre. */
static void
set_means(const KmeansRows *r, int k, const int32 *label, int64 *size, double *centre)
{
	memset(size, 0, k * sizeof(int64));
	for (int i = 0; i < r->n; i++)
		if (label[i] >= 0)
			size[label[i]]++;
	for (int j = 0; j < k; j++)
		if (size[j] > 0)
			memset(centre + (Size) j * r->d, 0, r->d * sizeof(double));
	for (int32 i = 0; i < r->n; i++)
		if (label[i] >= 0)
			kmeans_add_rows(r, &i, 1, centre + (Size) label[i] * r->d);
	for (int j = 0; j < k; j++)
		for (int e = 0; size[j] > 0 && e < r->d; e++)
			centre[(Size) j * r->d + e] /= size[j];
}

/* A row by its squared distance. */
static int
draw_row(RandomStream *random, int n, const double *squared)
{
	double		total = 0;
	double		at;
	int			last = 0;

	for (int i = 0; i < n; i++)
		total += squared[i];
	at = random_double(random) * total;
	for (int i = 0; i < n; i++)
	{
		if (!(squared[i] > 0))
			continue;
		last = i;
		at -= squared[i];
		if (at < 0)
			break;
	}
	return last;
}

/* Centres of the clusters without given rows (size 0); centres: of those before. */
static void
seed_the_rest(const KmeansRows *r, int64 seed, KmeansFit *fit)
{
	RandomStream random;
	double	   *known = huge_matrix(fit->k, r->d);
	double	   *squared = huge_matrix(1, r->n);
	int			n_known = 0;

	random_start(&random, (uint64) seed, 0);
	for (int j = 0; j < fit->k; j++)
		if (fit->size[j] > 0)
			memcpy(known + (Size) n_known++ * r->d, fit->centre + (Size) j * r->d, r->d * sizeof(double));
	for (int j = 0; j < fit->k; j++)
	{
		double	   *centre = fit->centre + (Size) j * r->d;

		if (fit->size[j] > 0)
			continue;
		kmeans_assign(r, n_known, known, fit->label, squared);
		kmeans_row_read(r, draw_row(&random, r->n, squared), centre);
		memcpy(known + (Size) n_known++ * r->d, centre, r->d * sizeof(double));
	}
	pfree(known);
	pfree(squared);
}

/* Lloyd's iterations in which given rows stay. */
static void
iterate_keeping(const KmeansRows *r, const int32 *given, KmeansFit *fit)
{
	int32	   *before = huge_alloc((Size) r->n * sizeof(int32));
	double	   *squared = huge_matrix(1, r->n);

	fit->converged = false;
	for (fit->iterations = 1;; fit->iterations++)
	{
		memcpy(before, fit->label, (Size) r->n * sizeof(int32));
		kmeans_assign(r, fit->k, fit->centre, fit->label, NULL);
		for (int i = 0; i < r->n; i++)
			if (given[i] >= 0)
				fit->label[i] = given[i];
		fit->converged = fit->iterations > 1 && memcmp(before, fit->label, (Size) r->n * sizeof(int32)) == 0;
		set_means(r, fit->k, fit->label, fit->size, fit->centre);
		if (fit->converged || fit->iterations == MAX_ITERATIONS)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	kmeans_squares(r, fit->centre, fit->label, squared);
	fit->inertia = 0;
	for (int i = 0; i < r->n; i++)
		fit->inertia += squared[i];
	pfree(before);
	pfree(squared);
}

/* Clusters without given rows exchange their numbers so that they come by size. */
static void
number_the_rest(const KmeansRows *r, const bool *is_given, KmeansFit *fit)
{
	int			k = fit->k;
	int		   *order = huge_alloc((Size) k * sizeof(int));
	int32	   *number = huge_alloc((Size) k * sizeof(int32));
	int64	   *size = huge_alloc((Size) k * sizeof(int64));
	double	   *centre = huge_matrix(k, r->d);
	int			at = 0;

	clustering_order(k, r->d, fit->size, fit->centre, order);
	memcpy(size, fit->size, k * sizeof(int64));
	memcpy(centre, fit->centre, (Size) k * r->d * sizeof(double));
	for (int j = 0; j < k; j++)
	{
		int			from = j;

		if (!is_given[j])
		{
			while (is_given[order[at]])
				at++;
			from = order[at++];
		}
		number[from] = j;
		fit->size[j] = size[from];
		memcpy(fit->centre + (Size) j * r->d, centre + (Size) from * r->d, r->d * sizeof(double));
	}
	for (int i = 0; i < r->n; i++)
		fit->label[i] = number[fit->label[i]];
	pfree(order);
	pfree(number);
	pfree(size);
	pfree(centre);
}

KmeansFit *
seeded_kmeans_fit(const KmeansRows *r, int k, int64 seed, const int32 *given, bool keep)
{
	Size		bytes = size_add(kmeans_fit_bytes(r->n, r->d, k), size_mul(k, size_mul(size_add(r->d, 4), sizeof(double))));
	KmeansFit  *fit;
	bool	   *is_given = huge_alloc(k);

	bytes = size_add(bytes, size_mul(r->n, sizeof(double) + sizeof(int32)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "seeded_kmeans"), bytes, NULL);
	fit = kmeans_fit_new(r->n, r->d, k);
	set_means(r, k, given, fit->size, fit->centre);
	for (int j = 0; j < k; j++)
		is_given[j] = fit->size[j] > 0;
	seed_the_rest(r, seed, fit);
	if (keep)
		iterate_keeping(r, given, fit);
	else
		kmeans_lloyd(r, MAX_ITERATIONS, TOLERANCE, fit);
	number_the_rest(r, is_given, fit);
	pfree(is_given);
	return fit;
}
