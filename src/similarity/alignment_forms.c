/*
 * alignment_forms.c
 *		Two populations from a paired state, three grams, or two RDMs.
 *
 * Three grams are trusted to be of the same rows after their numbers of rows,
 * widths and means agree; X'Y comes from the first, X'X and Y'Y from the others.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/client_detail.h"
#include "base/memory.h"
#include "similarity/alignment_forms.h"
#include "similarity/rdm_kernel.h"

#define MIN_SHARED_CONDITIONS 3

/* Sums of the same rows may differ in their last digits: float4 products, other blocks. */
#define SAME_ROWS 1e-5

Alignment *
alignment_from_paired(const Paired *s)
{
	Alignment  *a = alignment_new(paired_n(s), s->p, s->q);

	if (paired_rows_held(s))
	{
		a->x = alignment_matrix(a, a->n, a->p);
		a->y = alignment_matrix(a, a->n, a->q);
		paired_centred_rows(s, a->x, a->y);
	}
	else
	{
		PairedProducts products;

		memory_claim_add(a->claim, paired_products_bytes(s), NULL);
		products = paired_products(s);
		a->xx = products.xx;
		a->yy = products.yy;
		a->xy = products.xy;
	}
	if (a->n >= 2)
		alignment_scale(a);
	return a;
}

static int *
all_cells(const Gram *g)
{
	int		   *cells = palloc(Max(1, g->n_cells) * sizeof(int));

	for (int i = 0; i < g->n_cells; i++)
		cells[i] = i;
	return cells;
}

/* X'Y of a gram, centred, and the sums of squares of y, with the means of both. */
static void
cross_products(const Gram *g, double *xy, double *yy, double *mean_x, double *mean_y)
{
	Size		p = g->p;
	Size		q = g->v;
	double		n = gram_n(g);
	int		   *cells = all_cells(g);
	double	   *centre_x = huge_matrix(1, p);
	double	   *centre_y = huge_matrix(1, q);

	gram_get_centre(g, centre_x, centre_y);
	memset(mean_x, 0, p * sizeof(double));
	memset(mean_y, 0, q * sizeof(double));
	memset(yy, 0, q * sizeof(double));
	memset(xy, 0, p * q * sizeof(double));
	gram_sum_xx(g, cells, g->n_cells, centre_x, mean_x, NULL);
	gram_sum_xy(g, cells, g->n_cells, centre_x, centre_y, NULL, (int) q, mean_y, yy, xy, q);
	for (Size i = 0; i < p; i++)
		for (Size j = 0; j < q; j++)
			xy[i * q + j] -= mean_x[i] / n * mean_y[j];
	for (Size j = 0; j < q; j++)
	{
		yy[j] -= mean_y[j] / n * mean_y[j];
		mean_y[j] = centre_y[j] + mean_y[j] / n;
	}
	for (Size i = 0; i < p; i++)
		mean_x[i] = centre_x[i] + mean_x[i] / n;
}

static void
require_same_width(int have, int want, const char *which, const char *what)
{
	if (have != want)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the gram of %s has %d features, but the first gram has %d %s", which, have, want, what),
				 errhint("The three grams are gram_agg(x, y), gram_agg(x) and gram_agg(y) over the same rows.")));
}

/* Means that agree, against the spread of the column. */
static void
require_same_means(const double *a, const double *b, const double *squares, Size stride, Size m, double n,
				   const char *what)
{
	for (Size j = 0; j < m; j++)
	{
		double		spread = sqrt(Max(squares[j * stride], 0) / n);

		if (fabs(a[j] - b[j]) > SAME_ROWS * (spread + fabs(a[j]) * FLT_EPSILON))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the grams are not of the same rows: the means of element %zu of %s differ", j + 1, what),
					 errdetail_client("They are %g and %g.", a[j], b[j])));
	}
}

static double *
scatter_of(Alignment *a, const Gram *g, double *mean)
{
	double	   *scatter = alignment_matrix(a, g->p, g->p);

	gram_scatter(g, mean, scatter);
	drop_constant_columns(scatter, mean, g->p, a->n);
	return scatter;
}

/* What a constant unit has in common with others is 0 too. */
static void
drop_constant_products(Alignment *a)
{
	for (Size i = 0; i < a->p; i++)
		for (Size j = 0; j < a->q; j++)
			if (a->xx[i * a->p + i] == 0 || a->yy[j * a->q + j] == 0)
				a->xy[i * a->q + j] = 0;
}

Alignment *
alignment_from_grams(const Gram *xy, const Gram *xx, const Gram *yy)
{
	int64		n = gram_n(xy);
	Alignment  *a = alignment_new(n, xy->p, xy->v);
	double	   *means[4];
	double	   *squares = alignment_matrix(a, 1, Max(a->q, 1));

	if (xy->v == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the first gram has no y"),
				 errhint("The three grams are gram_agg(x, y), gram_agg(x) and gram_agg(y) over the same rows.")));
	if (xy->n_patterns > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("y has missing values in the first gram"),
				 errdetail("The responses of both populations must be finite.")));
	require_same_width(xx->p, xy->p, "x", "features");
	require_same_width(yy->p, xy->v, "y", "targets");
	if (gram_n(xx) != n || gram_n(yy) != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the grams have " INT64_FORMAT ", " INT64_FORMAT " and " INT64_FORMAT " rows, but must be of the same rows",
						n, gram_n(xx), gram_n(yy))));
	for (int i = 0; i < 4; i++)
		means[i] = alignment_matrix(a, 1, i % 2 == 0 ? a->p : a->q);
	a->xy = alignment_matrix(a, a->p, a->q);
	cross_products(xy, a->xy, squares, means[0], means[1]);
	a->xx = scatter_of(a, xx, means[2]);
	a->yy = scatter_of(a, yy, means[3]);
	if (n < 2)
		return a;
	drop_constant_products(a);
	require_same_means(means[0], means[2], a->xx, a->p + 1, a->p, n, "x");
	require_same_means(means[1], means[3], a->yy, a->q + 1, a->q, n, "y");
	alignment_scale(a);
	return a;
}

Alignment *
alignment_from_rdms(const Rdm *x, const Rdm *y)
{
	const Rdm  *both[2] = {x, y};
	int		   *conditions[2];
	int			n = rdm_align(both, 2, conditions);
	Alignment  *a;

	if (n < MIN_SHARED_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the RDMs share %d condition%s, but at least %d are needed", n, n == 1 ? "" : "s",
						MIN_SHARED_CONDITIONS)));
	a = alignment_new(n, 0, 0);
	a->kx = alignment_matrix(a, n, n);
	a->ky = alignment_matrix(a, n, n);
	rdm_kernel(x, conditions[0], n, a->kx);
	rdm_kernel(y, conditions[1], n, a->ky);
	alignment_scale(a);
	return a;
}
