/*
 * centre_distances.c
 *		Squared distances of rows to all centres, |x|^2 - 2 x c + |c|^2 by gemm in
 *		float8 over panels of rows: 2 n k d flops, 8 n k bytes.
 */
#include "postgres.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/centre_distances.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define PANEL 256

typedef struct Distances
{
	const KmeansRows *r;
	int			k;
	double	   *centre;			/* k x d, shifted as the rows are */
	double	   *norm;			/* k */
	double	   *work;			/* a worker: PANEL x d */
	double	   *out;
} Distances;

HOT_LOOP static void
subtract(double *restrict x, const double *restrict shift, int d)
{
	for (int i = 0; i < d; i++)
		x[i] -= shift[i];
}

HOT_LOOP static void
complete(double *restrict product, double row_norm, const double *restrict norm, int k)
{
	for (int j = 0; j < k; j++)
	{
		double		squared = row_norm + norm[j] - 2 * product[j];

		product[j] = squared > 0 ? squared : 0;
	}
}

static void
panel_distances(int64 panel, int worker, void *arg)
{
	Distances  *x = arg;
	Size		d = x->r->d;
	Size		first = (Size) panel * PANEL;
	Size		n = Min(PANEL, x->r->n - first);
	double	   *rows = x->work + (Size) worker * PANEL * d;
	double	   *out = x->out + first * x->k;

	for (Size i = 0; i < n; i++)
	{
		kmeans_row_read(x->r, first + i, rows + i * d);
		if (x->r->shift)
			subtract(rows + i * d, x->r->shift, x->r->d);
	}
	gemm_f8_raw(false, true, n, x->k, d, 1.0, rows, d, x->centre, d, 0.0, out, x->k);
	for (Size i = 0; i < n; i++)
		complete(out + i * x->k, squared_length(rows + i * d, x->r->d), x->norm, x->k);
}

Size
centre_distances_bytes(const KmeansRows *r, int k)
{
	Size		doubles = size_mul(r->d, (Size) parallel_threads() * PANEL + k);

	return size_mul(size_add(doubles, k), sizeof(double));
}

void
centre_distances(const KmeansRows *r, int k, const double *centre, double *out)
{
	MemoryContext scratch = scratch_create("distances to centres", centre_distances_bytes(r, k), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Distances	x = {.r = r, .k = k, .out = out};

	x.centre = huge_matrix(k, r->d);
	x.norm = huge_matrix(1, k);
	x.work = huge_matrix((Size) parallel_threads() * PANEL, r->d);
	memcpy(x.centre, centre, (Size) k * r->d * sizeof(double));
	for (int j = 0; j < k; j++)
	{
		if (r->shift)
			subtract(x.centre + (Size) j * r->d, r->shift, r->d);
		x.norm[j] = squared_length(x.centre + (Size) j * r->d, r->d);
	}
	parallel_for((r->n + PANEL - 1) / PANEL, 0, panel_distances, &x);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
