/*
 * search_concept.c
 *		SQL functions of concepts in maps of activations: concept_agg,
 *		concept_units, concept_vector.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/class_rows.h"
#include "search/concept.h"
#include "stats/points.h"
#include "tensor/tensor.h"

/* ---- the places of pictures as points ---- */

static const Label not_concept = {"0", 1};
static const Label concept = {"1", 1};

/* x has a map of the mask's shape for each unit. */
static void
require_maps(const Tensor *x, const Tensor *mask)
{
	bool		same = x->ndim == mask->ndim + 1 && x->dims[0] > 0;

	for (int i = 0; i < mask->ndim && same; i++)
		same = x->dims[i + 1] == mask->dims[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the maps have shape %s, which is not units of the mask's shape %s", tensor_shape_text(x),
						tensor_shape_text(mask)),
				 errhint("Bring the mask to the size of the maps first.")));
}

/* 1 where the concept is, 0 where not, -1 where it is not known */
static int
mask_value(const Tensor *mask, Size place)
{
	double		value = tensor_get(mask, place);

	if (isnan(value))
		return -1;
	if (value != 0 && value != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %zu of the mask must be 1, 0 or NaN", place + 1),
				 errdetail_client("It is %g.", value),
				 errhint("1 is where the concept is, 0 where it is not, NaN where that is not known.")));
	return (int) value;
}

/* A point for each place of a picture: the units' activations there. */
static void
add_picture(Points *p, const Tensor *x, const Tensor *mask, int64 fold)
{
	Size		n_places = tensor_size(mask);
	Size		n_units = x->dims[0];
	TensorType	type = x->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
	Tensor	   *place = tensor_new_vector(type, n_units);
	const Tensor *maps = tensor_as(x, type);

	for (Size i = 0; i < n_places; i++)
	{
		int			value = mask_value(mask, i);
		Label		label = value == 1 ? concept : not_concept;

		if (value < 0)
			continue;
		for (Size k = 0; k < n_units; k++)
			if (type == TENSOR_FLOAT8)
				TENSOR_F8(place)[k] = TENSOR_F8(maps)[k * n_places + i];
			else
				TENSOR_F4(place)[k] = TENSOR_F4(maps)[k * n_places + i];
		if (p->key == POINTS_LABEL_FOLD)
			points_add_label_fold(p, label, fold, place);
		else
			points_add_label(p, label, place);
	}
	pfree(place);
}

static Datum
add_maps(FunctionCallInfo fcinfo, PointsKey key)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Points	   *p = state_running(&points_kind, fcinfo, cxt);
	Tensor	   *x;
	Tensor	   *mask;

	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return state_return(fcinfo, p);
	x = PG_GETARG_TENSOR(1);
	mask = PG_GETARG_TENSOR(2);
	require_maps(x, mask);
	if (p == NULL)
		p = points_new(cxt, key, NULL);
	add_picture(p, x, mask, key == POINTS_LABEL_FOLD ? PG_GETARG_INT64(3) : 0);
	return state_return(fcinfo, p);
}

PG_FUNCTION_INFO_V1(search_concept_add);
PG_FUNCTION_INFO_V1(search_concept_add_fold);

Datum
search_concept_add(PG_FUNCTION_ARGS)
{
	return add_maps(fcinfo, POINTS_LABEL);
}

Datum
search_concept_add_fold(PG_FUNCTION_ARGS)
{
	return add_maps(fcinfo, POINTS_LABEL_FOLD);
}

/* ---- what finds the concept ---- */

/* Places labelled 0 and 1, with their folds if they have some. */
static LogisticRows *
concept_rows(const Points *p)
{
	ClassRows  *c;

	if (p->labels && p->labels->n == 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(label_compare(p->labels->label[0], concept) == 0 ? "every place has the concept" : "no place has the concept")));
	c = class_rows(p, p->key == POINTS_LABEL_FOLD);
	if (c->rows.n_classes != 2 || label_compare(c->labels[0], not_concept) != 0 || label_compare(c->labels[1], concept) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the labels of the points are not 0 and 1"),
				 errhint("Make them with concept_agg(x, mask).")));
	return &c->rows;
}

static double
quantile_argument(FunctionCallInfo fcinfo, int n)
{
	double		quantile = PG_GETARG_FLOAT8(n);

	if (!(quantile > 0 && quantile < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quantile must be between 0 and 1, not %g", quantile)));
	return quantile;
}

#define UNIT_COLUMNS 3

static ResultRows *
make_units(FunctionCallInfo fcinfo)
{
	const LogisticRows *rows = concept_rows(PG_GETARG_POINTS(0));
	const ConceptUnits *units = concept_units(rows, quantile_argument(fcinfo, 1));
	ResultRows *out = result_rows_new((int64) rows->d, UNIT_COLUMNS);

	for (Size k = 0; k < rows->d; k++)
	{
		out->values[k * UNIT_COLUMNS] = Int32GetDatum((int32) k + 1);
		out->values[k * UNIT_COLUMNS + 1] = Float8GetDatum(units->threshold[k]);
		out->values[k * UNIT_COLUMNS + 2] = Float8GetDatum(units->iou[k]);
	}
	return out;
}

PG_FUNCTION_INFO_V1(search_concept_units);

Datum
search_concept_units(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_units);
}

static Tensor *
vector_tensor(const double *values, Size n)
{
	Tensor	   *t = tensor_new_vector(TENSOR_FLOAT8, n);

	memcpy(TENSOR_F8(t), values, n * sizeof(double));
	return t;
}

#define VECTOR_COLUMNS 11

static Datum
vector_record(FunctionCallInfo fcinfo, const LogisticRows *rows, const ConceptUnits *units, const ConceptVector *vector)
{
	int			best = concept_best_unit(units, rows->d);
	int64		n_concept = 0;
	Datum		values[VECTOR_COLUMNS];
	bool		nulls[VECTOR_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "concept_vector must return a row");
	value_require("a concept vector", size_mul(rows->d, 2 * sizeof(double)), "Take fewer units.");
	for (Size i = 0; i < rows->n; i++)
		n_concept += rows->label[i];
	values[0] = Int64GetDatum((int64) rows->n);
	values[1] = Int64GetDatum(n_concept);
	values[2] = Int32GetDatum(best + 1);
	values[3] = Float8GetDatum(units->threshold[best]);
	values[4] = Float8GetDatum(units->iou[best]);
	values[5] = PointerGetDatum(vector_tensor(vector->weights, rows->d));
	values[6] = Float8GetDatum(vector->intercept);
	values[7] = Float8GetDatum(vector->iou);
	record_put_number(values, nulls, 8, units->held_iou);
	record_put_number(values, nulls, 9, vector->held_iou);
	values[10] = PointerGetDatum(vector_tensor(units->threshold, rows->d));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static Datum
find_concept(FunctionCallInfo fcinfo, const ConceptOptions *options)
{
	const Points *p = PG_GETARG_POINTS(0);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("concept vector", 0, NULL);
	LogisticRows *rows;
	ConceptUnits *units;
	ConceptVector *vector;
	Datum		record;

	MemoryContextSwitchTo(scratch);
	rows = concept_rows(p);
	units = concept_units(rows, options->quantile);
	vector = concept_vector(rows, units, options);
	MemoryContextSwitchTo(caller);
	record = vector_record(fcinfo, rows, units, vector);
	MemoryContextDelete(scratch);
	return record;
}

PG_FUNCTION_INFO_V1(search_concept_vector);
PG_FUNCTION_INFO_V1(search_concept_vector_final);

/* (points, quantile, alpha, activations, balanced) */
Datum
search_concept_vector(PG_FUNCTION_ARGS)
{
	char	   *activations = text_to_cstring(PG_GETARG_TEXT_PP(3));
	ConceptOptions options = {.quantile = quantile_argument(fcinfo, 1), .alpha = PG_GETARG_FLOAT8(2), .balanced = PG_GETARG_BOOL(4)};

	options.thresholded = strcmp(activations, "thresholded") == 0;
	if (!options.thresholded && strcmp(activations, "raw") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("activations \"%s\" are not known", activations),
				 errhint("They are thresholded or raw.")));
	if (!(options.alpha > 0) || isinf(options.alpha))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be positive and finite, not %g", options.alpha)));
	return find_concept(fcinfo, &options);
}

Datum
search_concept_vector_final(PG_FUNCTION_ARGS)
{
	ConceptOptions options = {.quantile = 0.005, .alpha = 1, .thresholded = true, .balanced = true};

	return find_concept(fcinfo, &options);
}
