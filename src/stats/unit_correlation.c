/*
 * unit_correlation.c
 *		Pearson's r of every unit of x with every unit of y, from their sums.
 *
 * r = (sxy - sx sy / n) / sqrt((sxx - sx^2 / n) (syy - sy^2 / n)), the sums about
 * a provisional mean.  n, sx and sxx are those of the rows where y has a value:
 * where targets miss some, they are products of the cells' own sums with the
 * matrix of which cell has which target, 4 p v flops a cell.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "stats/unit_correlation.h"

#define CELLS_AT_ONCE 256

#define MEMORY_HINT "Correlate fewer units at a time (gram_features, gram_targets)."

static double
pearson(double n, double sx, double sy, double ssx, double ssy, double sxy)
{
	double		r = (sxy - sx * sy / n) / (sqrt(ssx) * sqrt(ssy));

	return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* r (p x v) holds sxy on the way in; ssy (v) are about the mean, ssx is made so. */
static void
complete_rows(double n, Size p, Size v, const double *sx, const double *sxx, const double *sy, const double *ssy,
			  double *r)
{
	for (Size i = 0; i < p; i++)
	{
		double		ssx = gram_centred_squares(n, sx[i], sxx[i]);

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < v; j++)
			r[i * v + j] = ssx > 0 && ssy[j] > 0 ? pearson(n, sx[i], sy[j], ssx, ssy[j], r[i * v + j]) : NAN;
	}
}

/* ss (m) about the mean */
static void
centre_squares(double n, Size m, const double *s, double *ss)
{
	for (Size j = 0; j < m; j++)
		ss[j] = gram_centred_squares(n, s[j], ss[j]);
}

/* ---- targets that miss values ---- */

/* Sums over the rows that a target has: n (v), sx and sxx (p x v). */
typedef struct TargetSums
{
	double	   *n;
	double	   *sx;
	double	   *sxx;
} TargetSums;

static TargetSums
target_sums(const Gram *g, const double *cx)
{
	Size		p = g->p;
	Size		v = g->v;
	double	   *cell_sx = huge_matrix(CELLS_AT_ONCE, p);
	double	   *cell_sxx = huge_matrix(CELLS_AT_ONCE, p);
	double	   *present = huge_matrix(CELLS_AT_ONCE, v);
	TargetSums	sums = {huge_alloc0(v * sizeof(double)), huge_alloc0(p * v * sizeof(double)),
	huge_alloc0(p * v * sizeof(double))};

	for (int first = 0; first < g->n_cells; first += CELLS_AT_ONCE)
	{
		int			count = Min(CELLS_AT_ONCE, g->n_cells - first);

		memset(cell_sx, 0, count * p * sizeof(double));
		memset(cell_sxx, 0, count * p * sizeof(double));
		for (int k = 0; k < count; k++)
		{
			int			number = first + k;
			const GramCell *cell = &g->cells[number];
			double		n = gram_sum_squares_x(g, &number, 1, cx, cell_sx + k * p, cell_sxx + k * p);

			CHECK_FOR_INTERRUPTS();
			for (int t = 0; t < g->v; t++)
			{
				present[k * v + t] = GRAM_MISSING(g, cell, t) ? 0 : 1;
				sums.n[t] += n * present[k * v + t];
			}
		}
		gemm_f8(true, false, p, v, count, 1, cell_sx, p, present, v, 1, sums.sx, v);
		gemm_f8(true, false, p, v, count, 1, cell_sxx, p, present, v, 1, sums.sxx, v);
	}
	return sums;
}

static void
incomplete_rows(const Gram *g, const double *cx, const double *sy, const double *syy, double *r)
{
	Size		v = g->v;
	TargetSums	sums = target_sums(g, cx);

	for (Size i = 0; i < (Size) g->p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size t = 0; t < v; t++)
		{
			double		n = sums.n[t];
			double		sx = sums.sx[i * v + t];
			double		ssx = gram_centred_squares(n, sx, sums.sxx[i * v + t]);
			double		ssy = gram_centred_squares(n, sy[t], syy[t]);

			r[i * v + t] = ssx > 0 && ssy > 0 ? pearson(n, sx, sy[t], ssx, ssy, r[i * v + t]) : NAN;
		}
	}
}

/* ---- grams ---- */

static void
x_with_itself(const Gram *g, const int *cells, const double *cx, double *sx, double *ssx, double *r)
{
	Size		p = g->p;
	double		n = gram_sum_xx(g, cells, g->n_cells, cx, sx, r);
	double	   *sxx = huge_matrix(1, p);

	for (Size j = 0; j < p; j++)
		sxx[j] = ssx[j] = r[j * p + j];
	centre_squares(n, p, sx, ssx);
	complete_rows(n, p, p, sx, sxx, sx, ssx, r);
	for (Size j = 0; j < p; j++)
		if (ssx[j] > 0)
			r[j * p + j] = 1;
}

static void
x_with_y(const Gram *g, const int *cells, const double *cx, const double *cy, double *sx, double *sxx, double *r)
{
	double	   *sy = huge_alloc0(g->v * sizeof(double));
	double	   *syy = huge_alloc0(g->v * sizeof(double));

	gram_sum_xy(g, cells, g->n_cells, cx, cy, NULL, g->v, sy, syy, r, g->v);
	if (g->n_patterns > 1)
		incomplete_rows(g, cx, sy, syy, r);
	else
	{
		double		n = gram_sum_squares_x(g, cells, g->n_cells, cx, sx, sxx);

		centre_squares(n, g->v, sy, syy);
		complete_rows(n, g->p, g->v, sx, sxx, sy, syy, r);
	}
}

/* Bytes of the sums that x_with_y and x_with_itself hold. */
static Size
scratch_bytes(const Gram *g)
{
	Size		p = g->p;
	Size		v = g->v;
	Size		doubles = size_add(4 * p, 3 * v);

	if (g->n_patterns > 1)
		doubles = size_add(doubles, size_add(size_mul(2, size_mul(p, v)), CELLS_AT_ONCE * (2 * p + v) + v));
	return size_mul(doubles, sizeof(double));
}

void
correlation_of_gram(const Gram *g, double *r)
{
	Size		columns = g->v > 0 ? g->v : g->p;
	MemoryContext scratch = scratch_create("corr", scratch_bytes(g), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int		   *cells = gram_all_cells(g);
	double	   *cx = huge_matrix(1, g->p);
	double	   *cy = huge_matrix(1, Max(1, g->v));
	double	   *sx = huge_alloc0(g->p * sizeof(double));
	double	   *sxx = huge_alloc0(g->p * sizeof(double));

	memset(r, 0, g->p * columns * sizeof(double));
	gram_get_centre(g, cx, cy);
	if (g->v == 0)
		x_with_itself(g, cells, cx, sx, sxx, r);
	else
		x_with_y(g, cells, cx, cy, sx, sxx, r);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
correlation_of_cross_gram(const CrossGram *g, double *r)
{
	Size		v = g->q;
	double	   *ssy;

	if (g->n == 0)
	{
		for (Size i = 0; i < g->p * v; i++)
			r[i] = NAN;
		return;
	}
	ssy = huge_matrix(1, v);
	memcpy(ssy, g->syy, v * sizeof(double));
	centre_squares(g->n, v, g->sy, ssy);
	memcpy(r, g->sxy, g->p * v * sizeof(double));
	complete_rows(g->n, g->p, v, g->sx, g->sxx, g->sy, ssy, r);
	pfree(ssy);
}
