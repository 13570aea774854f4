/*
 * minibatch.c
 *		k-means of a stream.
 *
 * D. Sculley, "Web-scale k-means clustering", WWW 2010: rows of a batch go to the
 * nearest centre as it was before the batch, and a centre moves to each of its
 * rows by 1 / (rows that it has had), which makes it the mean of them all.  k-means
 * of the first rows makes the centres, so they begin as means too.  2 n d k flops,
 * and memory for the centres and a batch, whatever n.
 *
 * The subtlety: a centre keeps the rows that it had when it lay elsewhere, and
 * clusters that the first rows don't show get no centre.  So rows must come in an
 * order that means nothing.
 */
#include "postgres.h"

#include "base/memory.h"
#include "clustering/kmeans.h"
#include "clustering/minibatch.h"

#define STARTS 3

Minibatch *
minibatch_new(MemoryContext parent, int k, int64 seed)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "neuroenc minibatch", ALLOCSET_SMALL_SIZES);
	Minibatch  *m = MemoryContextAllocZero(cxt, sizeof(Minibatch));

	m->cxt = cxt;
	m->k = k;
	m->seed = seed;
	return m;
}

static void
make_centres(Minibatch *m, int d)
{
	MemoryContext old = MemoryContextSwitchTo(m->cxt);
	Size		bytes = size_mul(m->k, size_mul(size_add(d, 1), sizeof(double)));

	memory_claim_add(memory_claim(m->cxt, "minibatch k-means"), bytes, NULL);
	m->d = d;
	m->centre = huge_matrix(m->k, d);
	m->count = huge_alloc((Size) m->k * sizeof(int64));
	MemoryContextSwitchTo(old);
}

Minibatch *
minibatch_copy(MemoryContext parent, const Minibatch *m)
{
	Minibatch  *copy = minibatch_new(parent, m->k, m->seed);

	if (m->n == 0)
		return copy;
	make_centres(copy, m->d);
	memcpy(copy->centre, m->centre, (Size) m->k * m->d * sizeof(double));
	memcpy(copy->count, m->count, m->k * sizeof(int64));
	copy->n = m->n;
	copy->batches = m->batches;
	copy->converged = m->converged;
	copy->inertia = m->inertia;
	return copy;
}

int
minibatch_wants(const Minibatch *m)
{
	return m->n > 0 ? MINIBATCH_ROWS : (int) Min(Max(MINIBATCH_FIRST_ROWS, 4 * (int64) m->k), PREDICTIONS_MAX_ROWS);
}

static void
start(Minibatch *m, const PointRows *rows)
{
	KmeansOptions options = kmeans_options(m->k, m->seed);
	KmeansFit  *fit;

	kmeans_require_distinct(rows, m->k);
	options.n_init = STARTS;
	fit = kmeans_fit(kmeans_rows(rows, false), &options);
	make_centres(m, rows->d);
	memcpy(m->centre, fit->centre, (Size) m->k * m->d * sizeof(double));
	memcpy(m->count, fit->size, m->k * sizeof(int64));
	m->inertia = fit->inertia;
	m->converged = fit->converged;
}

static void
scale(double *x, int d, double by)
{
	for (int i = 0; i < d; i++)
		x[i] *= by;
}

static void
move(Minibatch *m, const PointRows *rows)
{
	const KmeansRows *r = kmeans_rows(rows, false);
	int32	   *label = huge_alloc((Size) r->n * sizeof(int32));
	double	   *squared = huge_matrix(1, r->n);
	int64	   *added = huge_alloc0((Size) m->k * sizeof(int64));

	kmeans_assign(r, m->k, m->centre, label, squared);
	for (int i = 0; i < r->n; i++)
		added[label[i]]++;
	for (int j = 0; j < m->k; j++)
		if (added[j] > 0)
			scale(m->centre + (Size) j * m->d, m->d, (double) m->count[j]);
	for (int32 i = 0; i < r->n; i++)
	{
		kmeans_add_rows(r, &i, 1, m->centre + (Size) label[i] * m->d);
		m->inertia += squared[i];
	}
	for (int j = 0; j < m->k; j++)
		if (added[j] > 0)
		{
			m->count[j] += added[j];
			scale(m->centre + (Size) j * m->d, m->d, 1.0 / (double) m->count[j]);
		}
}

void
minibatch_take(Minibatch *m, const PointRows *rows)
{
	MemoryContext scratch = scratch_create("minibatch k-means", size_mul(rows->n, sizeof(double) + sizeof(int32)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	if (m->n == 0)
		start(m, rows);
	else
		move(m, rows);
	m->n += rows->n;
	m->batches++;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Clustering *
minibatch_clustering(const Minibatch *m)
{
	int		   *order = palloc(m->k * sizeof(int));
	Clustering *c = clustering_new(CLUSTERING_MINIBATCH, CLUSTERING_NONE, m->k, m->d, m->n);

	c->flags = m->batches == 1 && m->converged ? CLUSTERING_CONVERGED : 0;
	c->objective = m->inertia;
	c->iterations = m->batches;
	clustering_order(m->k, m->d, m->count, m->centre, order);
	for (int j = 0; j < m->k; j++)
	{
		c->size[j] = m->count[order[j]];
		memcpy(CLUSTERING_CENTROIDS(c) + (Size) j * m->d, m->centre + (Size) order[j] * m->d, m->d * sizeof(double));
	}
	pfree(order);
	return c;
}
