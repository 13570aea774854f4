/*
 * modularity.c
 *		The modularity of a partition (Newman and Girvan 2004; weighted: Newman
 *		2004; resolution: Reichardt and Bornholdt 2006).  One pass over the edges.
 */
#include "postgres.h"

#include <math.h>

#include "clustering/modularity.h"

void
node_strengths(const MergedEdges *g, double *strength)
{
	for (int u = 0; u < g->n; u++)
		strength[u] = 0;
	for (Size e = 0; e < g->m; e++)
	{
		strength[g->a[e]] += g->weight[e];
		strength[g->b[e]] += g->weight[e];
	}
}

double
modularity(const MergedEdges *g, const int32 *community, double resolution)
{
	double	   *strength = huge_matrix(1, g->n);
	double	   *total = huge_matrix(1, g->n);
	double		weight = 0;
	double		inside = 0;
	double		squares = 0;

	node_strengths(g, strength);
	for (int u = 0; u < g->n; u++)
		total[u] = 0;
	for (int u = 0; u < g->n; u++)
		total[community ? community[u] : u] += strength[u];
	for (Size e = 0; e < g->m; e++)
	{
		weight += g->weight[e];
		if (community ? community[g->a[e]] == community[g->b[e]] : g->a[e] == g->b[e])
			inside += g->weight[e];
	}
	for (int c = 0; c < g->n; c++)
		squares += (total[c] / (2 * weight)) * (total[c] / (2 * weight));
	pfree(strength);
	pfree(total);
	return weight > 0 ? inside / weight - resolution * squares : NAN;
}
