/*
 * dendrogram.c
 *		Dendrograms: making, cutting, the order of leaves, sums over pairs of leaves.
 *
 * In the order of leaves every cluster is a run of neighbours.  So the pairs that
 * a merge joins are the products of two runs, and all pairs are visited once:
 * n (n - 1) / 2 steps for cophenetic distances and for Dasgupta's cost.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/dendrogram.h"

Dendrogram *
dendrogram_new(LinkageMethod method, const Label *labels, int n)
{
	Size		label_bytes = 0;
	Size		bytes;
	char	   *at;
	Dendrogram *d;

	Assert(n >= 1);
	for (int i = 0; i < n; i++)
		label_bytes = size_add(label_bytes, labels[i].length);
	bytes = size_add(DENDROGRAM_HEADER_SIZE(n, label_bytes), (Size) (n - 1) * (sizeof(double) + 2 * sizeof(int32)));
	value_require("a dendrogram", bytes, "Take fewer leaves, or shorter labels.");
	d = palloc0(bytes);
	SET_VARSIZE(d, bytes);
	d->version = DENDROGRAM_VERSION;
	d->method = method;
	d->n = n;
	d->label_bytes = (int32) label_bytes;
	at = DENDROGRAM_LABELS_START(d);
	for (int i = 0; i < n; i++)
	{
		if (labels[i].length > 0)
			memcpy(at, labels[i].text, labels[i].length);
		at += labels[i].length;
		d->label_end[i] = (int32) (at - DENDROGRAM_LABELS_START(d));
	}
	return d;
}

Label
dendrogram_label(const Dendrogram *d, int leaf)
{
	int			start = leaf == 0 ? 0 : d->label_end[leaf - 1];

	return (Label) {DENDROGRAM_LABELS_START(d) + start, d->label_end[leaf] - start};
}

Label *
dendrogram_labels(const Dendrogram *d)
{
	Label	   *labels = huge_alloc((Size) d->n * sizeof(Label));

	for (int i = 0; i < d->n; i++)
		labels[i] = dendrogram_label(d, i);
	return labels;
}

/* ---- clusters ---- */

void
dendrogram_sizes(int n, const int32 *pair, int32 *size)
{
	for (int i = 0; i < n; i++)
		size[i] = 1;
	for (int i = 0; i < n - 1; i++)
		size[n + i] = size[pair[2 * (Size) i]] + size[pair[2 * (Size) i + 1]];
}

int
dendrogram_cut(int n, const int32 *pair, int n_merges, int32 *label)
{
	int			n_nodes = n + n_merges;
	int32	   *root = huge_alloc((Size) n_nodes * sizeof(int32));
	int			k;

	/* a cluster's root is itself, or that of the one it merged into, which has a higher number */
	for (int i = 0; i < n_nodes; i++)
		root[i] = i;
	for (int i = n_merges - 1; i >= 0; i--)
		root[pair[2 * (Size) i]] = root[pair[2 * (Size) i + 1]] = root[n + i];
	/* a cluster is called after one of its leaves: labels_by_size takes numbers below n */
	for (int i = 0; i < n; i++)
		label[i] = root[i];
	for (int i = n - 1; i >= 0; i--)
		root[label[i]] = i;
	for (int i = 0; i < n; i++)
		label[i] = root[label[i]];
	k = labels_by_size(n, label);
	pfree(root);
	return k;
}

void
dendrogram_order(int n, const int32 *pair, const int32 *size, int32 *leaf, int32 *start)
{
	start[2 * n - 2] = 0;
	for (int i = n - 2; i >= 0; i--)
	{
		start[pair[2 * (Size) i]] = start[n + i];
		start[pair[2 * (Size) i + 1]] = start[n + i] + size[pair[2 * (Size) i]];
	}
	for (int i = 0; i < n; i++)
		leaf[start[i]] = i;
}

/* ---- pairs of leaves ---- */

/* The order of leaves, with sizes and starts of all clusters. */
typedef struct Runs
{
	int32	   *size;
	int32	   *start;
	int32	   *leaf;
} Runs;

static Runs
runs_of(const Dendrogram *d)
{
	Size		n_nodes = 2 * (Size) d->n - 1;
	Runs		runs = {huge_alloc(n_nodes * sizeof(int32)), huge_alloc(n_nodes * sizeof(int32)),
	huge_alloc((Size) d->n * sizeof(int32))};

	dendrogram_sizes(d->n, DENDROGRAM_PAIRS(d), runs.size);
	dendrogram_order(d->n, DENDROGRAM_PAIRS(d), runs.size, runs.leaf, runs.start);
	return runs;
}

static void
runs_free(Runs *runs)
{
	pfree(runs->size);
	pfree(runs->start);
	pfree(runs->leaf);
}

void
dendrogram_cophenetic(const Dendrogram *d, double *out)
{
	Runs		runs = runs_of(d);

	for (int i = 0; i < d->n - 1; i++)
	{
		int32		a = DENDROGRAM_PAIRS(d)[2 * (Size) i];
		int32		b = DENDROGRAM_PAIRS(d)[2 * i + 1];

		for (const int32 *x = runs.leaf + runs.start[a]; x < runs.leaf + runs.start[a] + runs.size[a]; x++)
		{
			CHECK_FOR_INTERRUPTS();
			for (const int32 *y = runs.leaf + runs.start[b]; y < runs.leaf + runs.start[b] + runs.size[b]; y++)
				out[rdm_pair(d->n, Min(*x, *y), Max(*x, *y))] = DENDROGRAM_HEIGHTS(d)[i];
		}
	}
	runs_free(&runs);
}

double
dendrogram_cost(const Dendrogram *d, const Rdm *r, const int *condition)
{
	Runs		runs = runs_of(d);
	double		cost = 0;

	for (int i = 0; i < d->n - 1; i++)
	{
		int32		a = DENDROGRAM_PAIRS(d)[2 * (Size) i];
		int32		b = DENDROGRAM_PAIRS(d)[2 * i + 1];
		double		joined = 0;

		for (const int32 *x = runs.leaf + runs.start[a]; x < runs.leaf + runs.start[a] + runs.size[a]; x++)
		{
			CHECK_FOR_INTERRUPTS();
			for (const int32 *y = runs.leaf + runs.start[b]; y < runs.leaf + runs.start[b] + runs.size[b]; y++)
			{
				int			p = condition[*x];
				int			q = condition[*y];
				double		weight = RDM_DISTANCES(r)[rdm_pair(r->n_conditions, Min(p, q), Max(p, q))];

				if (isnan(weight))
					ereport(ERROR,
							(errcode(ERRCODE_DATA_EXCEPTION),
							 errmsg("a pair of conditions is missing in the rdm"),
							 errdetail_client("It is \"%s\", \"%s\".", label_text(rdm_label(r, Min(p, q))),
											  label_text(rdm_label(r, Max(p, q))))));
				joined += weight;
			}
		}
		cost += joined * (runs.size[a] + runs.size[b]);
	}
	runs_free(&runs);
	return cost;
}
