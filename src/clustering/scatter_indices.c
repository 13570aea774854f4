/*
 * scatter_indices.c
 *		Indices of a clustering from the means of its clusters: inertia,
 *		Calinski and Harabasz (1974), Davies and Bouldin (1979).
 *
 * Two passes over the rows (means, then distances from them: no differences of
 * large sums), n d flops each; Davies and Bouldin's compares all pairs of means,
 * 3 k^2 d flops more.
 */
#include "postgres.h"

#include <math.h>

#include "clustering/scatter_indices.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

static double
sum_of(const double *x, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

double
scatter_inertia(const GroupedRows *g)
{
	return sum_of(group_means(g)->squares, g->k) * g->scale * g->scale;
}

double
scatter_calinski_harabasz(const GroupedRows *g)
{
	const GroupMeans *m = group_means(g);
	double		inside = sum_of(m->squares, g->k);
	double		between = 0;

	/* the mean of all rows is 0 */
	for (int c = 0; c < g->k; c++)
		between += GROUP_SIZE(g, c) * squared_length(m->mean + (Size) c * g->d, g->d);
	if (inside == 0)
		return 1;
	return between * (g->n - g->k) / (inside * (g->k - 1));
}

/* ---- Davies and Bouldin ---- */

typedef struct MeanPairs
{
	const GroupedRows *g;
	const GroupMeans *m;
	double	   *worst;			/* k */
} MeanPairs;

static double
mean_distance(const MeanPairs *p, int c)
{
	return p->m->distances[c] / GROUP_SIZE(p->g, c);
}

/* Means that coincide have no distance to be compared with, and are left out. */
static void
worst_of_cluster(int64 c, int worker, void *arg)
{
	MeanPairs  *p = arg;
	Size		d = p->g->d;

	p->worst[c] = 0;
	for (int other = 0; other < p->g->k; other++)
	{
		double		apart = sqrt(squared_difference(p->m->mean + c * d, p->m->mean + other * d, d));

		if (other != c && apart > 0)
			p->worst[c] = Max(p->worst[c], (mean_distance(p, (int) c) + mean_distance(p, other)) / apart);
	}
}

double
scatter_davies_bouldin(const GroupedRows *g)
{
	MeanPairs	p = {g, group_means(g), huge_matrix(g->k, 1)};

	parallel_for(g->k, 0, worst_of_cluster, &p);
	return sum_of(p.worst, g->k) / g->k;
}
