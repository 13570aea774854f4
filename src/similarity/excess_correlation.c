/*
 * excess_correlation.c
 *		How much better units match units than a random rotation of them (Gurnee
 *		et al. 2024, "Universal neurons in GPT2 language models").
 *
 * A rotation keeps all that a population tells and takes away its axes: what a
 * unit's best partner has over its best rotated partner is owed to the units
 * themselves.  With Q orthogonal, (Q x) correlates with y through Q Sxy and the
 * diagonal of Q Sxx Q', so that the rows are not needed: 4/3 p^3 flops for Q
 * (Haar-distributed, from Gaussian rows), 2 p^3 + 2 p^2 v for the products.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/random.h"
#include "linalg/linalg.h"
#include "linalg/orthonormal.h"
#include "similarity/excess_correlation.h"

#define MEMORY_HINT "Take fewer features (gram_features)."

/* Q: p x p */
static void
random_rotation(Size p, uint64 seed, double *q)
{
	for (Size i = 0; i < p; i++)
	{
		RandomStream r;

		CHECK_FOR_INTERRUPTS();
		random_start(&r, seed, i);
		for (Size j = 0; j < p; j++)
			q[i * p + j] = random_gaussian(&r);
	}
	orthonormal_rows_f8(p, p, q);
}

/* Products about the means of x (p) and y (v). */
typedef struct Products
{
	double		n;
	double	   *xx;				/* p x p */
	double	   *xy;				/* p x v */
	double	   *yy;				/* v */
} Products;

/* Sums about the centre, moved to the mean; 0 where a unit is constant. */
static Products
centred_products(const Gram *g)
{
	Size		p = g->p;
	Size		v = g->v;
	int		   *cells = gram_all_cells(g);
	double	   *cx = huge_matrix(1, p);
	double	   *cy = huge_matrix(1, v);
	double	   *sx = huge_alloc0(p * sizeof(double));
	double	   *sy = huge_alloc0(v * sizeof(double));
	Products	s = {.xx = huge_alloc0(p * p * sizeof(double)), .xy = huge_alloc0(p * v * sizeof(double)),
	.yy = huge_alloc0(v * sizeof(double))};

	gram_get_centre(g, cx, cy);
	s.n = gram_sum_xx(g, cells, g->n_cells, cx, sx, s.xx);
	gram_sum_xy(g, cells, g->n_cells, cx, cy, NULL, g->v, sy, s.yy, s.xy, v);
	for (Size i = 0; i < p; i++)
	{
		double		own = gram_centred_squares(s.n, sx[i], s.xx[i * p + i]);

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			s.xx[i * p + j] -= sx[i] * sx[j] / s.n;
		for (Size t = 0; t < v; t++)
			s.xy[i * v + t] -= sx[i] * sy[t] / s.n;
		s.xx[i * p + i] = own;
	}
	for (Size t = 0; t < v; t++)
		s.yy[t] = gram_centred_squares(s.n, sy[t], s.yy[t]);
	return s;
}

/* The largest r of each y with a row of xy (p x v): r (v, NaN: none) and which (NULL: not wanted). */
static void
best_partners(Size p, Size v, const double *xx, Size xx_stride, const double *xy, const double *yy, double *r, int *which)
{
	for (Size t = 0; t < v; t++)
		r[t] = NAN;
	for (Size i = 0; i < p; i++)
	{
		double		norm = sqrt(xx[i * xx_stride]);

		CHECK_FOR_INTERRUPTS();
		if (!(norm > 0))
			continue;
		for (Size t = 0; t < v; t++)
		{
			double		value = yy[t] > 0 ? xy[i * v + t] / (norm * sqrt(yy[t])) : NAN;

			if (value > r[t] || (isnan(r[t]) && !isnan(value)))
			{
				r[t] = Min(value, 1);
				if (which)
					which[t] = (int) i;
			}
		}
	}
}

/* The diagonal of Q Sxx Q' (p), through Q Sxx in 'product' (p x p) */
static void
rotated_squares(Size p, const double *q, const double *xx, double *product, double *squares)
{
	double		largest = 0;

	gemm_f8(false, false, p, p, p, 1, q, p, xx, p, 0, product, p);
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		squares[i] = 0;
		for (Size j = 0; j < p; j++)
			squares[i] += product[i * p + j] * q[i * p + j];
		largest = Max(largest, squares[i]);
	}
	for (Size i = 0; i < p; i++)
		if (squares[i] < 1e-13 * largest)
			squares[i] = 0;
}

static Size
scratch_bytes(Size p, Size v)
{
	Size		doubles = size_add(size_mul(2, size_mul(p, p)), size_add(size_mul(p, v), size_mul(p, Max(p, v))));

	return size_add(size_mul(size_add(doubles, 4 * (p + v)), sizeof(double)), orthonormal_scratch(p, p));
}

void
excess_correlation(const Gram *g, uint64 seed, ExcessCorrelation *out)
{
	Size		p = g->p;
	Size		v = g->v;
	MemoryContext scratch = scratch_create("excess_correlation", scratch_bytes(p, v), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Products	s = centred_products(g);
	double	   *r = huge_matrix(1, v);
	double	   *rotated = huge_matrix(1, v);
	int		   *which = huge_alloc(v * sizeof(int));
	double	   *q = huge_matrix(p, p);
	double	   *product = huge_matrix(p, Max(p, v));
	double	   *squares = huge_matrix(1, p);

	best_partners(p, v, s.xx, p + 1, s.xy, s.yy, r, which);
	random_rotation(p, seed, q);
	rotated_squares(p, q, s.xx, product, squares);
	gemm_f8(false, false, p, v, p, 1, q, p, s.xy, v, 0, product, v);
	best_partners(p, v, squares, 1, product, s.yy, rotated, NULL);
	for (Size t = 0; t < v; t++)
		out[t] = (ExcessCorrelation) {isnan(r[t]) ? -1 : which[t], r[t], rotated[t]};
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
