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

#include <math.h>

#include "fmgr.h"

#include "base/memory.h"
#include "base/record.h"
#include "similarity/alignment_forms.h"
#include "similarity/cca.h"
#include "similarity/cka.h"
#include "similarity/procrustes.h"
#include "tensor/tensor.h"

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
	int32		dims[2] = {(int32) a->p, (int32) a->q};
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
