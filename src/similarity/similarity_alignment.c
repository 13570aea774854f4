/*
 * similarity_alignment.c
 *		SQL functions over two populations: every measure of a paired state, of
 *		three grams (of (x, y), x and y), of two RDMs.
 *
 * A measure is a function of an Alignment and at most two options.  The final
 * function of an aggregate is the same C function as the measure of a paired
 * state: called with the state alone, it takes the option from there.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"

#include "base/memory.h"
#include "base/record.h"
#include "similarity/cca.h"
#include "similarity/cka.h"
#include "similarity/paired.h"
#include "similarity/procrustes.h"
#include "similarity/rdm.h"
#include "similarity/rdm_kernel.h"
#include "tensor/tensor.h"

#define MIN_SHARED_CONDITIONS 3

/* Sums of the same rows may differ in their last digits: float4 products, other blocks. */
#define SAME_ROWS 1e-5

/* ---- the forms ---- */

static Alignment *
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
	gram_sum_xy(g, cells, g->n_cells, centre_x, centre_y, NULL, q, mean_y, yy, xy, q);
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
					 errmsg("the grams are not of the same rows: the mean of element %zu of %s is %g in one and %g in the other",
							j + 1, what, a[j], b[j])));
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

static Alignment *
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

static Alignment *
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

/* ---- measures with their options ---- */

typedef struct Options
{
	double		value;			/* sigma, variance, alpha or k */
	int			k;				/* the second, of svcca */
} Options;

typedef struct Measure
{
	const char *name;
	bool		needs_rows;		/* of a paired state: moments are not enough */
	double		value;			/* of the option where the call has none */
	void		(*check) (double value);	/* or NULL */
	double		(*number) (Alignment *a, Options o);	/* or */
	Tensor	   *(*tensor) (Alignment *a, Options o, MemoryContext result);
} Measure;

static void
check_sigma(double sigma)
{
	if (!(sigma > 0) || isinf(sigma))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sigma must be positive and finite, not %g", sigma)));
}

static void
check_variance(double variance)
{
	if (!(variance > 0 && variance <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variance must be a share over 0 and up to 1, not %g", variance)));
}

static void
check_alpha(double alpha)
{
	if (!(alpha >= 0 && alpha <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be from 0 (CCA) to 1 (Procrustes), not %g", alpha)));
}

static void
check_k(double k)
{
	if (k < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be 0 (all) or positive, not %g", k)));
}

static double
number_cka(Alignment *a, Options o)
{
	return cka_linear(a);
}

static double
number_cka_debiased(Alignment *a, Options o)
{
	return cka_debiased(a);
}

static double
number_cka_rbf(Alignment *a, Options o)
{
	return cka_rbf(a, o.value);
}

static double
number_mean_cca(Alignment *a, Options o)
{
	return cca_mean(a);
}

static double
number_svcca(Alignment *a, Options o)
{
	return svcca(a, o.value, o.k);
}

static double
number_pwcca(Alignment *a, Options o)
{
	return pwcca(a);
}

static double
number_similarity(Alignment *a, Options o)
{
	return shape_match(a, 1).match.cosine;
}

static double
number_angle(Alignment *a, Options o)
{
	return shape_angle(shape_match(a, o.value));
}

static double
number_euclidean(Alignment *a, Options o)
{
	return shape_euclidean(shape_match(a, o.value));
}

static Tensor *
tensor_in(MemoryContext result, int ndim, const int32 *dims, const double *values)
{
	MemoryContext old = MemoryContextSwitchTo(result);
	Tensor	   *t = tensor_new_unset(TENSOR_FLOAT8, ndim, dims);

	MemoryContextSwitchTo(old);
	memcpy(TENSOR_F8(t), values, tensor_size(t) * sizeof(double));
	return t;
}

static Tensor *
tensor_cca(Alignment *a, Options o, MemoryContext result)
{
	Size		most = a->kx ? a->n : Min(a->p, a->q);
	Factors		f;
	double	   *rho;
	int32		n;

	if (o.value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %g, but there are at most %zu canonical correlations", o.value, most)));
	f = alignment_factors(a);
	n = Min(f.x.r, f.y.r);
	if (n == 0)
		return NULL;
	rho = canonical_correlations(a, &f, f.x.r, f.y.r);
	n = o.value > 0 ? Min(n, (int32) o.value) : n;
	return tensor_in(result, 1, &n, rho);
}

static Tensor *
tensor_rotation(Alignment *a, Options o, MemoryContext result)
{
	int32		dims[2] = {a->p, a->q};
	double	   *rotation;

	tensor_check_shape(TENSOR_FLOAT8, 2, dims);
	rotation = procrustes_rotation(a);
	return rotation ? tensor_in(result, 2, dims, rotation) : NULL;
}

static const Measure cka_measure = {"cka", false, 0, NULL, number_cka, NULL};
static const Measure cka_debiased_measure = {"cka_debiased", true, 0, NULL, number_cka_debiased, NULL};
static const Measure cka_rbf_measure = {"cka_rbf", true, 1, check_sigma, number_cka_rbf, NULL};
static const Measure cca_measure = {"cca", false, 0, check_k, NULL, tensor_cca};
static const Measure mean_cca_measure = {"mean_cca", false, 0, NULL, number_mean_cca, NULL};
static const Measure svcca_measure = {"svcca", false, 0.99, check_variance, number_svcca, NULL};
static const Measure pwcca_measure = {"pwcca", false, 0, NULL, number_pwcca, NULL};
static const Measure similarity_measure = {"procrustes_similarity", false, 1, NULL, number_similarity, NULL};
static const Measure rotation_measure = {"procrustes_rotation", false, 0, NULL, NULL, tensor_rotation};
static const Measure shape_measure = {"shape_distance", false, 1, check_alpha, number_angle, NULL};
static const Measure euclidean_measure = {"shape_distance_euclidean", false, 1, check_alpha, number_euclidean, NULL};

/* ---- calls ---- */

/* The options that follow n arguments: a float8 or (for cca) an int, and svcca's k. */
static Options
options_argument(FunctionCallInfo fcinfo, const Measure *m, int n)
{
	Options		o = {m->value, 0};

	if (PG_NARGS() > n)
		o.value = m == &cca_measure ? PG_GETARG_INT32(n) : PG_GETARG_FLOAT8(n);
	if (PG_NARGS() > n + 1)
	{
		o.k = PG_GETARG_INT32(n + 1);
		check_k(o.k);
	}
	if (m->check)
		m->check(o.value);
	return o;
}

static Datum
answer(FunctionCallInfo fcinfo, const Measure *m, Alignment *a, Options o, MemoryContext result)
{
	MemoryContext scratch = CurrentMemoryContext;
	Tensor	   *t = NULL;
	double		number = NAN;

	if (a->n < 2)
		;						/* nothing varies */
	else if (m->tensor)
		t = m->tensor(a, o, result);
	else
		number = m->number(a, o);
	MemoryContextSwitchTo(result);
	MemoryContextDelete(scratch);
	if (t)
		PG_RETURN_TENSOR(t);
	return number_or_null(fcinfo, number);
}

static MemoryContext
enter_scratch(void)
{
	return MemoryContextSwitchTo(scratch_create("alignment", 0, NULL));
}

static Datum
of_paired(FunctionCallInfo fcinfo, const Measure *m)
{
	const Paired *s = PG_GETARG_PAIRED(0);
	Options		o = options_argument(fcinfo, m, 1);
	MemoryContext result;

	if (PG_NARGS() == 1 && s->has_option)
	{
		o.value = s->option;
		if (m->check)
			m->check(o.value);
	}
	if (m->needs_rows)
		paired_require_rows(s, m->name);
	result = enter_scratch();
	return answer(fcinfo, m, alignment_from_paired(s), o, result);
}

static Datum
of_grams(FunctionCallInfo fcinfo, const Measure *m)
{
	const Gram *xy = PG_GETARG_GRAM(0);
	const Gram *xx = PG_GETARG_GRAM(1);
	const Gram *yy = PG_GETARG_GRAM(2);
	Options		o = options_argument(fcinfo, m, 3);
	MemoryContext result = enter_scratch();

	return answer(fcinfo, m, alignment_from_grams(xy, xx, yy), o, result);
}

static Datum
of_rdms(FunctionCallInfo fcinfo, const Measure *m)
{
	const Rdm  *x = PG_GETARG_RDM(0);
	const Rdm  *y = PG_GETARG_RDM(1);
	Options		o = options_argument(fcinfo, m, 2);
	MemoryContext result = enter_scratch();

	return answer(fcinfo, m, alignment_from_rdms(x, y), o, result);
}

#define MEASURE_FORM(name, form) \
	PG_FUNCTION_INFO_V1(alignment_##name##_##form); \
	Datum \
	alignment_##name##_##form(PG_FUNCTION_ARGS) \
	{ \
		return of_##form(fcinfo, &name##_measure); \
	}

MEASURE_FORM(cka, paired)
MEASURE_FORM(cka, grams)
MEASURE_FORM(cka, rdms)
MEASURE_FORM(cka_debiased, paired)
MEASURE_FORM(cka_debiased, rdms)
MEASURE_FORM(cka_rbf, paired)
MEASURE_FORM(cka_rbf, rdms)
MEASURE_FORM(cca, paired)
MEASURE_FORM(cca, grams)
MEASURE_FORM(cca, rdms)
MEASURE_FORM(mean_cca, paired)
MEASURE_FORM(mean_cca, grams)
MEASURE_FORM(mean_cca, rdms)
MEASURE_FORM(svcca, paired)
MEASURE_FORM(svcca, grams)
MEASURE_FORM(svcca, rdms)
MEASURE_FORM(pwcca, paired)
MEASURE_FORM(pwcca, grams)
MEASURE_FORM(similarity, paired)
MEASURE_FORM(similarity, grams)
MEASURE_FORM(similarity, rdms)
MEASURE_FORM(rotation, paired)
MEASURE_FORM(rotation, grams)
MEASURE_FORM(shape, paired)
MEASURE_FORM(shape, grams)
MEASURE_FORM(shape, rdms)
MEASURE_FORM(euclidean, paired)
MEASURE_FORM(euclidean, grams)
MEASURE_FORM(euclidean, rdms)
