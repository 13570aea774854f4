/*
 * similarity_rdm.c
 *		SQL functions that make an rdm of a matrix and take one apart.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/record.h"
#include "stats/rdm.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(rdm_from_matrix);
PG_FUNCTION_INFO_V1(rdm_labels);
PG_FUNCTION_INFO_V1(rdm_n_conditions);
PG_FUNCTION_INFO_V1(rdm_metric);
PG_FUNCTION_INFO_V1(rdm_matrix);
PG_FUNCTION_INFO_V1(rdm_counts);
PG_FUNCTION_INFO_V1(rdm_entries);
PG_FUNCTION_INFO_V1(rdm_subset_labels);
PG_FUNCTION_INFO_V1(rdm_distance_text);
PG_FUNCTION_INFO_V1(rdm_distance_bigint);

#define ROUNDING 1e-6			/* of a matrix from elsewhere, which may be of float4: relative to its largest distance */
#define BIGINT_TEXT 24			/* bytes of one */

/* ---- arguments ---- */

static Label
text_label(text *t)
{
	return (Label) {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
}

/* 'buffer' holds the label's text. */
static Label
bigint_label(int64 number, char buffer[BIGINT_TEXT])
{
	return (Label) {buffer, pg_lltoa(number, buffer)};
}

/* The elements of a text[] or bigint[] of labels, none NULL; they may point into the array. */
static Label *
label_array(ArrayType *array, int *n)
{
	bool		is_text = ARR_ELEMTYPE(array) == TEXTOID;
	Datum	   *elements;
	bool	   *nulls;
	Label	   *labels;

	if (is_text)
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, n);
	else
		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, n);
	labels = palloc(Max(1, *n) * sizeof(Label));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of labels is NULL", i + 1)));
		labels[i] = is_text ? text_label(DatumGetTextPP(elements[i])) :
			bigint_label(DatumGetInt64(elements[i]), palloc(BIGINT_TEXT));
	}
	return labels;
}

/* The condition of this label, or an error that names it. */
static int
require_condition(const Rdm *r, Label label)
{
	int			i = rdm_find(r, label);

	if (i < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the rdm has no such condition"),
				 errdetail_client("It is \"%s\".", label_text(label)),
				 errhint("labels(rdm) lists its conditions.")));
	return i;
}

/* ---- a matrix as an rdm ---- */

/* The largest distance by size; an error that names the pair if one is infinite. */
static double
largest_distance(const Tensor *d, Size n)
{
	double		largest = 0;

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
		{
			double		value = tensor_get(d, i * n + j);

			if (isinf(value))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the distance of conditions %zu and %zu is infinite", i + 1, j + 1),
						 errdetail("Distances must be finite, or NaN where one is missing.")));
			if (i != j)
				largest = Max(largest, isnan(value) ? 0 : fabs(value));
		}
	}
	return largest;
}

/*
 * Twice the same distance up to the rounding of products of this size, or an
 * error that names the pair; NaN on both sides is a missing pair.
 */
static double
symmetric_distance(const Tensor *d, Size n, Size i, Size j, double largest)
{
	double		upper = tensor_get(d, i * n + j);
	double		lower = tensor_get(d, j * n + i);

	if (isnan(upper) && isnan(lower))
		return upper;
	if (!(fabs(upper - lower) <= ROUNDING * largest))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the matrix is not symmetric: elements (%zu, %zu) and (%zu, %zu) differ", i + 1, j + 1, j + 1, i + 1),
				 errdetail_client("They are %g and %g.", upper, lower)));
	return upper / 2 + lower / 2;
}

Datum
rdm_from_matrix(PG_FUNCTION_ARGS)
{
	Tensor	   *d = PG_GETARG_TENSOR(1);
	RdmMetric	metric = rdm_metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int			n;
	Label	   *labels = label_array(PG_GETARG_ARRAYTYPE_P(0), &n);
	Label	   *sorted = palloc(Max(1, n) * sizeof(Label));
	int		   *order = palloc(Max(1, n) * sizeof(int));
	double		largest;
	double	   *out;
	Rdm		   *r;

	if (d->ndim != 2 || d->dims[0] != n || d->dims[1] != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("d has shape %s, but there are %d labels", tensor_shape_text(d), n),
				 errdetail("The matrix of distances has a row and a column a label.")));
	labels_sort(labels, n, order);
	for (int i = 0; i < n; i++)
		sorted[i] = labels[order[i]];
	r = rdm_new(metric, sorted, n, false);
	out = RDM_DISTANCES(r);
	largest = largest_distance(d, n);
	for (int i = 0; i < n; i++)
	{
		double		self = tensor_get(d, (Size) i * n + i);

		CHECK_FOR_INTERRUPTS();
		if (fabs(self) > ROUNDING * largest)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the distance of condition %d to itself must be 0", i + 1),
					 errdetail_client("It is %g.", self)));
		for (int j = i + 1; j < n; j++)
			*out++ = symmetric_distance(d, n, order[i], order[j], largest);
	}
	PG_RETURN_POINTER(r);
}

/* ---- what an rdm holds ---- */

Datum
rdm_labels(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);

	PG_RETURN_ARRAYTYPE_P(labels_array(rdm_all_labels(r), r->n_conditions));
}

Datum
rdm_n_conditions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_RDM(0)->n_conditions);
}

Datum
rdm_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(rdm_metric_name(PG_GETARG_RDM(0)->metric)));
}

/* n x n float8, twice what the rdm takes: claimed for the call */
static Tensor *
square_tensor(Size n)
{
	memory_claim_add(memory_claim(CurrentMemoryContext, "matrix of an rdm"), size_mul(size_mul(n, n), sizeof(double)),
					 "Take fewer conditions (rdm_subset).");
	return tensor_new_matrix(TENSOR_FLOAT8, n, n);
}

Datum
rdm_matrix(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	Tensor	   *out = square_tensor(r->n_conditions);

	rdm_square(r, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

Datum
rdm_counts(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	bool		has_counts = r->flags & RDM_HAS_COUNTS;
	Size		n = r->n_conditions;
	Tensor	   *out = square_tensor(n);
	double	   *count = TENSOR_F8(out);
	Size		pair = 0;

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = i + 1; j < n; j++, pair++)
			count[i * n + j] = count[j * n + i] =
				has_counts ? RDM_COUNTS(r)[pair] : !isnan(RDM_DISTANCES(r)[pair]);
	}
	PG_RETURN_TENSOR(out);
}

/* ---- rdm_entries(rdm): a row a pair, made as it is asked for ---- */

typedef struct Entries
{
	const Rdm  *r;
	Datum	   *labels;			/* n_conditions, text */
	Size		pair;			/* the next: conditions i < j */
	int			i;
	int			j;
} Entries;

Datum
rdm_entries(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Entries    *at;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		at = palloc0(sizeof(Entries));
		at->r = DatumGetRdm(PG_GETARG_DATUM(0));
		at->labels = labels_datums(rdm_all_labels(at->r), at->r->n_conditions);
		at->j = 1;
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 3)
			elog(ERROR, "rdm_entries must return 3 columns");
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = at;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	at = call->user_fctx;
	if (at->j >= at->r->n_conditions)
		SRF_RETURN_DONE(call);

	values[0] = at->labels[at->i];
	values[1] = at->labels[at->j];
	record_put_number(values, nulls, 2, RDM_DISTANCES(at->r)[at->pair++]);
	if (++at->j == at->r->n_conditions && at->i + 2 < at->r->n_conditions)
	{
		at->i++;
		at->j = at->i + 1;
	}
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* ---- some of its conditions ---- */

/* rdm_subset(rdm, text[] or bigint[]): in the order of the labels, whatever the array's */
Datum
rdm_subset_labels(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	int			m;
	Label	   *labels = label_array(PG_GETARG_ARRAYTYPE_P(1), &m);
	int		   *order = palloc(Max(1, m) * sizeof(int));
	int		   *conditions = palloc(Max(1, m) * sizeof(int));

	labels_sort(labels, m, order);
	for (int i = 0; i < m; i++)
		conditions[i] = require_condition(r, labels[order[i]]);
	PG_RETURN_POINTER(rdm_subset(r, conditions, m));
}

/* NaN where the pair is missing */
static double
distance_between(const Rdm *r, Label a, Label b)
{
	int			i = require_condition(r, a);
	int			j = require_condition(r, b);

	return i == j ? 0 : RDM_DISTANCES(r)[rdm_pair(r->n_conditions, Min(i, j), Max(i, j))];
}

Datum
rdm_distance_text(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, distance_between(PG_GETARG_RDM(0), text_label(PG_GETARG_TEXT_PP(1)),
												   text_label(PG_GETARG_TEXT_PP(2))));
}

Datum
rdm_distance_bigint(PG_FUNCTION_ARGS)
{
	char		a[BIGINT_TEXT];
	char		b[BIGINT_TEXT];

	return number_or_null(fcinfo, distance_between(PG_GETARG_RDM(0), bigint_label(PG_GETARG_INT64(1), a),
												   bigint_label(PG_GETARG_INT64(2), b)));
}
