/*
 * gram_map.c
 *		A gram's features under a linear map: the gram of z = M'(x - c), c the
 *		gram's centre.
 *
 * Moments transform as they are, without rows: sums s to M's, X'X to M'X'X M,
 * X'Y to M'X'Y (2 p q (p + q + v) flops a cell); held rows are multiplied (2 p q
 * a row) and held in float8.  Taking the centre off first keeps the digits of
 * features with a large offset, which an intercept makes good.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "stats/gram.h"
#include "stats/gram_object.h"

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets)."

/* to (about z = 0) = the moments m (about the centre) of mapped features */
static void
map_moments(const Gram *g, const GramMoments *m, const double *map, int q, GramMoments *to)
{
	Size		p = g->p;
	Size		v = g->v;
	MemoryContext scratch = scratch_create("gram map", size_mul(size_mul(p, q), sizeof(double)), MEMORY_HINT);
	double	   *half = MemoryContextAllocHuge(scratch, size_mul(size_mul(p, q), sizeof(double)));

	to->n = m->n;
	gemv_f8(true, p, q, 1, map, q, m->sx, 0, to->sx);
	gemm_f8(false, false, p, q, p, 1, m->sxx, p, map, q, 0, half, q);
	gemm_f8(true, false, q, q, p, 1, map, q, half, q, 0, to->sxx, q);
	if (v > 0)
	{
		memcpy(to->sy, m->sy, v * sizeof(double));
		memcpy(to->syy, m->syy, v * sizeof(double));
		gemm_f8(true, false, q, v, p, 1, map, q, m->sxy, v, 0, to->sxy, v);
	}
	MemoryContextDelete(scratch);
}

/* The rows of a chunk, mapped, to the end of a cell of dst. */
static void
map_rows(Gram *dst, int dst_cell, const Gram *g, const GramChunk *chunk, const double *cx, const double *map)
{
	Size		n = chunk->n;
	Size		p = g->p;
	Size		q = dst->p;
	MemoryContext scratch = scratch_create("gram map", size_mul(size_mul(n, p + q), sizeof(double)), MEMORY_HINT);
	double	   *x = MemoryContextAllocHuge(scratch, size_mul(size_mul(n, p), sizeof(double)));
	GramChunk	mapped = *chunk;

	mapped.xtype = TENSOR_FLOAT8;
	mapped.x = MemoryContextAllocHuge(scratch, size_mul(size_mul(n, q), sizeof(double)));
	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < p; j++)
		{
			Size		at = i * p + j;

			x[at] = (chunk->xtype == TENSOR_FLOAT8 ? ((const double *) chunk->x)[at]
					 : ((const float *) chunk->x)[at]) - cx[j];
		}
	gemm_f8(false, false, n, q, p, 1, x, p, map, q, 0, mapped.x, q);
	gram_append_rows(dst, dst_cell, &mapped, 0);
	MemoryContextDelete(scratch);
}

Gram *
gram_map_features(MemoryContext parent, const Gram *g, const double *map, int q)
{
	Gram	   *z = gram_new(parent, q, g->v, g->has_folds);
	double	   *cx = huge_alloc(g->p * sizeof(double));
	double	   *cy = huge_alloc(Max(1, g->v) * sizeof(double));

	gram_get_centre(g, cx, cy);
	if (g->has_centre)
	{
		double	   *origin = huge_alloc0(q * sizeof(double));

		gram_set_centre(z, origin, cy);
		pfree(origin);
	}
	for (int i = 0; i < g->n_cells; i++)
	{
		const GramCell *cell = &g->cells[i];
		int			pattern = cell->pattern == 0 ? 0 : gram_pattern(z, g->patterns[cell->pattern]);
		int			at = (int) (gram_cell(z, cell->fold, pattern) - z->cells);

		if (cell->moments)
			map_moments(g, cell->moments, map, q, gram_cell_moments(z, &z->cells[at], NULL));
		for (const GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
		{
			CHECK_FOR_INTERRUPTS();
			if (chunk->n > 0)
				map_rows(z, at, g, chunk, cx, map);
		}
	}
	z->n_rows_seen = g->n_rows_seen;
	z->has_float8 = g->has_float8;
	z->products_float4 = g->products_float4;
	pfree(cx);
	pfree(cy);
	return z;
}
