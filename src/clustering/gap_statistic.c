/*
 * gap_statistic.c
 *		The gap statistic (Tibshirani, Walther and Hastie 2001).
 *
 * k-means of the rows, and of references that have no clusters: as many rows,
 * uniform over the box that the rows' principal axes span (their choice b).  A
 * rotation changes no distance, so that references stay in the axes' coordinates,
 * of which there are min(n, d).  Cost: (1 + n_reference) n_init k-means for each
 * k, and one eigenproblem.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/random.h"
#include "clustering/gap_statistic.h"
#include "clustering/grouped_rows.h"
#include "clustering/kmeans.h"
#include "linalg/linalg.h"

/* streams of the seed from here on draw references: those before are k-means' */
#define REFERENCE_STREAM (UINT64CONST(1) << 32)

typedef struct Box
{
	int			d;
	double	   *low;			/* d */
	double	   *range;			/* d */
} Box;

/* ---- the box ---- */

/* Coordinates of centred rows x (n x d) on their principal axes: n x r, r = min(n, d).  Takes x. */
static double *
principal_coordinates(double *x, Size n, Size d)
{
	Size		r = Min(n, d);
	double	   *gram = huge_matrix(r, r);
	double	   *value = huge_matrix(r, 1);
	double	   *y = huge_matrix(n, r);

	syrk_f8(n >= d, r, n >= d ? n : d, 1, x, d, 0, gram, r);
	eigh_f8(r, gram, value);
	if (n >= d)
		gemm_f8(false, true, n, r, d, 1, x, d, gram, r, 0, y, r);
	else
		for (Size i = 0; i < n; i++)
			for (Size j = 0; j < r; j++)
				y[i * r + j] = gram[j * r + i] * sqrt(Max(value[j], 0));
	return y;
}

static Box
box_of(const PointRows *rows)
{
	int			n = rows->n;
	int			r = Min(n, rows->d);
	Box			box = {r, huge_matrix(1, r), huge_matrix(1, r)};
	Size		numbers = size_add(size_mul(n, r), size_mul(r, r));
	MemoryContext scratch = scratch_create("gap_statistic", size_add(size_mul(numbers, sizeof(double)), eigh_scratch(r)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PointRows	one = *rows;
	GroupedRows *g;
	double	   *y;

	one.n_labels = 1;
	one.label = huge_alloc0(size_mul(n, sizeof(int32)));
	g = grouped_rows(&one, false);
	y = principal_coordinates(g->x, n, g->d);
	for (int j = 0; j < r; j++)
	{
		double		high = y[j];

		box.low[j] = y[j];
		for (Size i = 1; i < (Size) n; i++)
		{
			box.low[j] = Min(box.low[j], y[i * r + j]);
			high = Max(high, y[i * r + j]);
		}
		box.range[j] = (high - box.low[j]) * g->scale;
		box.low[j] *= g->scale;
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return box;
}

/* ---- references ---- */

/* n rows uniform over the box, elements as wide as the data's */
static void
draw_reference(const Box *box, int n, int64 seed, int number, TensorType dtype, void *values)
{
	RandomStream random;

	random_start(&random, (uint64) seed, REFERENCE_STREAM + number);
	for (Size i = 0; i < (Size) n; i++)
	{
		if ((i & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < box->d; j++)
		{
			double		value = box->low[j] + box->range[j] * random_double(&random);

			if (dtype == TENSOR_FLOAT4)
				((float *) values)[i * box->d + j] = (float) value;
			else
				((double *) values)[i * box->d + j] = value;
		}
	}
}

static double
log_inertia(const KmeansRows *rows, const GapOptions *o, int k)
{
	MemoryContext scratch = scratch_create("gap_statistic", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	KmeansOptions options = kmeans_options(k, o->seed);
	double		inertia;

	options.n_init = o->n_init;
	inertia = kmeans_fit(rows, &options)->inertia;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return log(inertia);
}

void
gap_statistic(const PointRows *rows, const GapOptions *o, Gap *gap)
{
	int			n = rows->n;
	MemoryContext scratch = scratch_create("gap_statistic", size_mul(size_mul(n, Min(n, rows->d)), rows->dtype), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const KmeansRows *data = kmeans_rows(rows, false);
	Box			box = box_of(rows);
	void	   *values = huge_alloc(size_mul(size_mul(n, box.d), rows->dtype));
	double	   *drawn = huge_matrix(o->n_reference, o->k_max);

	for (int k = 1; k <= o->k_max; k++)
		gap[k - 1].log_w = log_inertia(data, o, k);
	for (int b = 0; b < o->n_reference; b++)
	{
		MemoryContext one = AllocSetContextCreate(scratch, "neuroenc reference", ALLOCSET_DEFAULT_SIZES);
		const KmeansRows *reference;

		MemoryContextSwitchTo(one);
		draw_reference(&box, n, o->seed, b, rows->dtype, values);
		reference = kmeans_rows_of(n, box.d, rows->dtype, values, NULL, false);
		for (int k = 1; k <= o->k_max; k++)
			drawn[(Size) b * o->k_max + k - 1] = log_inertia(reference, o, k);
		MemoryContextSwitchTo(scratch);
		MemoryContextDelete(one);
	}
	for (int k = 0; k < o->k_max; k++)
	{
		double		mean = 0;
		double		squares = 0;

		for (int b = 0; b < o->n_reference; b++)
			mean += drawn[(Size) b * o->k_max + k] / o->n_reference;
		for (int b = 0; b < o->n_reference; b++)
			squares += pow(drawn[(Size) b * o->k_max + k] - mean, 2);
		gap[k].expected = mean;
		gap[k].gap = mean - gap[k].log_w;
		gap[k].se = sqrt(squares / o->n_reference * (1 + 1.0 / o->n_reference));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

int
gap_chosen(const Gap *gap, int k_max)
{
	for (int k = 1; k < k_max; k++)
		if (gap[k - 1].gap >= gap[k].gap - gap[k].se)
			return k;
	return k_max;
}
