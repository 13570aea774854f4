/*
 * kmeans_tiles.c
 *		Products of tiles of rows with centres.
 *
 * A tile's products stay in the second-level cache until they have been looked
 * at.  Rows are copied into the tile only where they have to be: gathered,
 * scaled, about their mean, or widened.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/kmeans_tiles.h"
#include "linalg/linalg.h"

#define PRODUCT_BYTES	((Size) 1 << 20)
#define TILE_CENTRES	1024
#define TILE_FLOPS		4e8
#define TILE_ROWS_MIN	16
#define TILE_ROWS_MAX	2048

/* Longer sums are made of partial ones by every BLAS: how long one of those may be. */
#define PARTIAL_SUM		4096

/* |x| |c| that float4 products can hold */
#define NARROW_PRODUCT	1e36

/* ---- centres ---- */

Size
tile_centres_bytes(const KmeansRows *r, int k)
{
	return size_mul(size_mul(k, size_add(r->d, 1)), sizeof(double));
}

TileCentres *
tile_centres_new(const KmeansRows *r, int k)
{
	TileCentres *t = palloc0(sizeof(TileCentres));

	t->d = r->d;
	t->values = huge_matrix(k, r->d);
	t->half = huge_matrix(1, k);
	return t;
}

static double
shifted(const KmeansRows *r, const double *centre, int j)
{
	return r->shift ? centre[j] - r->shift[j] : centre[j];
}

void
tile_centres_set(TileCentres *t, const KmeansRows *r, int k, const double *centre)
{
	double		longest = 0;
	double	   *half = t->half;

	t->k = k;
	for (int c = 0; c < k; c++)
	{
		const double *from = centre + (Size) c * r->d;
		double		squared = 0;

		for (int j = 0; j < r->d; j++)
			squared += shifted(r, from, j) * shifted(r, from, j);
		half[c] = squared / 2;
		longest = Max(longest, squared);
	}
	t->longest = sqrt(longest);
	t->wide = r->wide || longest > NARROW_PRODUCT || t->longest * sqrt(r->norm_max) > NARROW_PRODUCT;
	for (int c = 0; c < k; c++)
	{
		const double *from = centre + (Size) c * r->d;
		Size		at = (Size) c * r->d;

		for (int j = 0; j < r->d; j++)
			if (t->wide)
				((double *) t->values)[at + j] = shifted(r, from, j);
			else
				((float *) t->values)[at + j] = (float) shifted(r, from, j);
	}
	if (!t->wide)
		for (int c = 0; c < k; c++)
		{
			float		narrow = (float) half[c];

			((float *) t->half)[c] = narrow;
		}
}

void
tile_centres_take(TileCentres *to, const TileCentres *from, int m, const int32 *which)
{
	Size		element = from->wide ? sizeof(double) : sizeof(float);
	Size		bytes = from->d * element;

	to->k = m;
	to->d = from->d;
	to->wide = from->wide;
	to->longest = from->longest;
	for (int c = 0; c < m; c++)
	{
		memcpy((char *) to->values + c * bytes, (char *) from->values + which[c] * bytes, bytes);
		memcpy((char *) to->half + c * element, (char *) from->half + which[c] * element, element);
	}
}

double
tile_error(const TileCentres *t, double norm)
{
	double		terms = t->d <= PARTIAL_SUM ? t->d : PARTIAL_SUM + (double) t->d / PARTIAL_SUM;
	double		epsilon = t->wide ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
	double		tiny = t->wide ? DBL_MIN : 1e-44;	/* of products that underflow */

	return 1.01 * epsilon * ((terms + 6) * sqrt(norm) * t->longest + t->longest * t->longest) + t->d * tiny;
}

/* ---- shapes ---- */

TileShape
tile_shape(const KmeansRows *r, int k)
{
	TileShape	s;
	double		flops = 2.0 * r->d;
	Size		rows;

	s.centres = (int) Max(1, Min(Min(k, TILE_CENTRES), TILE_FLOPS / flops / TILE_ROWS_MIN));
	rows = Min(PRODUCT_BYTES / sizeof(float) / s.centres, (Size) (TILE_FLOPS / flops / s.centres));
	s.rows = (int) Min(Max(rows, TILE_ROWS_MIN), TILE_ROWS_MAX);
	return s;
}

/* ---- rows ---- */

HOT_LOOP static void
copy_f4(const float *x, double scale, const double *shift, int d, float *out)
{
	if (shift)
		for (int j = 0; j < d; j++)
			out[j] = x[j] - (float) shift[j];
	else
		for (int j = 0; j < d; j++)
			out[j] = x[j] * (float) scale;
}

HOT_LOOP static void
widen_f4(const float *x, double scale, const double *shift, int d, double *out)
{
	for (int j = 0; j < d; j++)
		out[j] = shift ? x[j] - shift[j] : x[j] * scale;
}

HOT_LOOP static void
copy_f8(const double *x, double scale, const double *shift, int d, double *out)
{
	for (int j = 0; j < d; j++)
		out[j] = shift ? x[j] - shift[j] : x[j] * scale;
}

const void *
tile_rows(const KmeansRows *r, bool wide, const int32 *row, Size first, int n, void *copy)
{
	Size		d = r->d;

	if (row == NULL && r->scale == NULL && r->shift == NULL && wide == (r->dtype == TENSOR_FLOAT8))
		return (const char *) r->values + first * d * r->dtype;
	for (int t = 0; t < n; t++)
	{
		Size		i = row ? (Size) row[first + t] : first + t;
		double		scale = r->scale ? r->scale[i] : 1;

		if (r->dtype == TENSOR_FLOAT8)
			copy_f8((const double *) r->values + i * d, scale, r->shift, r->d, (double *) copy + t * d);
		else if (wide)
			widen_f4((const float *) r->values + i * d, scale, r->shift, r->d, (double *) copy + t * d);
		else
			copy_f4((const float *) r->values + i * d, scale, r->shift, r->d, (float *) copy + t * d);
	}
	return copy;
}

void
tile_products(const TileCentres *t, const void *rows, int n, int from, int m, void *products)
{
	Size		d = t->d;

	if (t->wide)
		gemm_f8_raw(false, true, n, m, d, 1, rows, d, (const double *) t->values + from * d, d, 0, products, m);
	else
		gemm_f4_raw(false, true, n, m, d, 1, rows, d, (const float *) t->values + from * d, d, 0, products, m);
}
