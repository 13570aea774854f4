/*
 * clustering_graph.h
 *		What SQL functions over graphs share.
 */
#ifndef NEUROENC_CLUSTERING_GRAPH_H
#define NEUROENC_CLUSTERING_GRAPH_H

#include "postgres.h"
#include "fmgr.h"

#include "base/rows.h"
#include "clustering/edges.h"

/*
 * The body of a transition function over (source, target[, weight]): rows where
 * one of the first n_arguments is NULL are skipped.  Options must be the same in
 * every row.
 */
extern Datum graph_transition(FunctionCallInfo fcinfo, bool labelled, int n_arguments, const EdgesOptions *options);

/* Argument 0, a graph whose nodes are identifiers; an ERROR that names the function for labels. */
extern const Edges *graph_argument_ids(FunctionCallInfo fcinfo, const char *with_labels);

/* A node's identifier or label as an SQL text. */
extern Datum graph_node_text(const MergedEdges *g, int node);

/* result_rows_new, claimed for the life of the context. */
extern ResultRows *graph_rows_new(Size n, int n_columns);

#endif							/* NEUROENC_CLUSTERING_GRAPH_H */
