/*
 * ricci_flow.c
 *		The discrete Ricci flow of a graph (Ni, Lin, Luo and Gao 2019).
 *
 * Edges that are curved positively, inside communities, become shorter and those
 * between them longer: w = d (1 - step kappa), with d the length of the shortest
 * path between the ends.  After every step the weights are scaled to a mean of 1,
 * without which all would shrink or grow together.  One curvature of all edges a
 * step, and one for the answer.
 */
#include "postgres.h"

#include <math.h>

#include "base/progress.h"
#include "similarity/ollivier_ricci.h"

/* Weights to a mean of 1 */
static void
normalise(Graph *g)
{
	double		sum = 0;

	for (Size e = 0; e < g->n_edges; e++)
		sum += g->edge[e].weight;
	if (!(sum > 0))
		return;
	for (Size e = 0; e < g->n_edges; e++)
		g->edge[e].weight *= g->n_edges / sum;
}

void
ricci_flow(Graph *g, double alpha, double step, int n_iter, double *distance, double *kappa)
{
	progress_begin("ricci_flow", n_iter + 1.0);
	normalise(g);
	for (int i = 0; i < n_iter; i++)
	{
		ollivier_ricci_curvature(g, alpha, distance, kappa);
		for (Size e = 0; e < g->n_edges; e++)
		{
			GraphEdge  *edge = &g->edge[e];
			double		d = distance[(Size) edge->a * g->n + edge->b];

			edge->weight = d > 0 ? d * Max(0, 1 - step * kappa[e]) : 0;
		}
		normalise(g);
		progress_add(1);
	}
	ollivier_ricci_curvature(g, alpha, distance, kappa);
	progress_add(1);
	progress_end();
}
