/*
 * ollivier_ricci.h
 *		Ollivier-Ricci curvature of a graph's edges, and the Ricci flow.
 */
#ifndef NEUROENC_OLLIVIER_RICCI_H
#define NEUROENC_OLLIVIER_RICCI_H

#include "postgres.h"

#include "stats/rdm.h"
#include "stats/graph.h"

/*
 * The graph of an RDM whose edges join a condition with its k nearest others, as
 * seen from either side; of equal distances the condition that comes first.  A
 * missing pair (NaN) is no edge.  ERROR on a negative distance.
 */
extern Graph *nearest_neighbour_graph(const Rdm *r, int k);

/*
 * kappa (n_edges) = 1 - W1(m_a, m_b) / d(a, b), where m_u has mass alpha at u and
 * the rest on its neighbours in equal parts, and d is the length of the shortest
 * path; NaN where d(a, b) is 0.  distance: n x n, filled with d.
 */
extern void ollivier_ricci_curvature(const Graph *g, double alpha, double *distance, double *kappa);

/*
 * n_iter steps of w = d (1 - step kappa), each followed by scaling to a mean
 * weight of 1: the graph's weights are changed, kappa is of the last ones.
 */
extern void ricci_flow(Graph *g, double alpha, double step, int n_iter, double *distance, double *kappa);

#endif							/* NEUROENC_OLLIVIER_RICCI_H */
