/*
 * similarity_patterns_rdm.c
 *		SQL functions that make RDMs of patterns: final functions of aggregates,
 *		and the same answers of a stored state.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "similarity/patterns.h"
#include "similarity/patterns_rdm.h"

PG_FUNCTION_INFO_V1(similarity_rdm_final);
PG_FUNCTION_INFO_V1(similarity_rdm_metric);
PG_FUNCTION_INFO_V1(similarity_rdm_precision);
PG_FUNCTION_INFO_V1(similarity_crossnobis);
PG_FUNCTION_INFO_V1(similarity_crossnobis_precision);
PG_FUNCTION_INFO_V1(similarity_rdm_crossed_final);
PG_FUNCTION_INFO_V1(similarity_rdm_crossed);
PG_FUNCTION_INFO_V1(similarity_poisson_final);
PG_FUNCTION_INFO_V1(similarity_poisson);

#define CROSSED_COLUMNS 2

/* ---- rdm ---- */

/* What the rows asked for: a precision, a metric, or nothing, which is correlation. */
Datum
similarity_rdm_final(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);
	RdmMetric	metric = p->precision ? RDM_MAHALANOBIS : p->metric != RDM_UNKNOWN ? p->metric : RDM_CORRELATION;

	PG_RETURN_POINTER(patterns_rdm(p, metric, p->precision));
}

Datum
similarity_rdm_metric(PG_FUNCTION_ARGS)
{
	RdmMetric	metric = patterns_metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	PG_RETURN_POINTER(patterns_rdm(PG_GETARG_PATTERNS(0), metric, NULL));
}

static const Tensor *
precision_argument(FunctionCallInfo fcinfo, const Patterns *p)
{
	const Tensor *precision = PG_GETARG_TENSOR(1);

	precision_check(precision, p->n_channels);
	return precision;
}

Datum
similarity_rdm_precision(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);

	PG_RETURN_POINTER(patterns_rdm(p, RDM_MAHALANOBIS, precision_argument(fcinfo, p)));
}

/* ---- across folds ---- */

/* Final function, with the precision of the rows if they gave one; and of a stored state. */
Datum
similarity_crossnobis(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);

	patterns_require_folds(p, "crossnobis");
	PG_RETURN_POINTER(patterns_crossnobis(p, p->precision));
}

Datum
similarity_crossnobis_precision(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);

	patterns_require_folds(p, "crossnobis");
	PG_RETURN_POINTER(patterns_crossnobis(p, precision_argument(fcinfo, p)));
}

static Datum
crossed(FunctionCallInfo fcinfo, const Patterns *p, RdmMetric metric)
{
	PatternTable *t;
	int32		dims[2];
	Tensor	   *d;
	TupleDesc	desc;
	Datum		values[CROSSED_COLUMNS];
	bool		nulls[CROSSED_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != CROSSED_COLUMNS)
		elog(ERROR, "return type must be a row of %d columns", CROSSED_COLUMNS);
	patterns_require_folds(p, "rdm_crossed");
	t = patterns_table(p);
	dims[0] = dims[1] = t->n;
	value_require("the result of rdm_crossed", size_add(size_mul(size_mul(t->n, t->n), sizeof(double)), labels_array_bytes(t->labels, t->n)),
				  "Take fewer conditions, or shorter labels.");
	d = tensor_new_unset(TENSOR_FLOAT8, 2, dims);
	patterns_crossed(t, metric, TENSOR_F8(d));
	values[0] = PointerGetDatum(labels_array(t->labels, t->n));
	values[1] = PointerGetDatum(d);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

Datum
similarity_rdm_crossed_final(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);

	return crossed(fcinfo, p, p->metric != RDM_UNKNOWN ? p->metric : RDM_CORRELATION);
}

Datum
similarity_rdm_crossed(PG_FUNCTION_ARGS)
{
	return crossed(fcinfo, PG_GETARG_PATTERNS(0), patterns_metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* ---- Poisson rates ---- */

#define PRIOR_LAMBDA	1.0
#define PRIOR_WEIGHT	0.1

Datum
similarity_poisson_final(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);

	PG_RETURN_POINTER(patterns_poisson(p, PRIOR_LAMBDA, PRIOR_WEIGHT, p->has_folds));
}

static double
prior_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	double		value = PG_GETARG_FLOAT8(number);

	if (!(value >= 0 && isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite and not negative, not %g", name, value)));
	return value;
}

Datum
similarity_poisson(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);
	double		prior_lambda = prior_argument(fcinfo, 1, "prior_lambda");
	double		prior_weight = prior_argument(fcinfo, 2, "prior_weight");

	PG_RETURN_POINTER(patterns_poisson(p, prior_lambda, prior_weight, p->has_folds && PG_GETARG_BOOL(3)));
}
