/*
 * search_class_sums.c
 *		SQL functions over rows summed by class: the aggregates that make class_sums,
 *		class_means, mean_difference, lda_direction, lda.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/rows.h"
#include "search/class_sums.h"
#include "search/directions.h"
#include "search/lda.h"
#include "stats/shrinkage.h"

PG_FUNCTION_INFO_V1(search_mean_difference_final);
PG_FUNCTION_INFO_V1(search_mean_difference_text);
PG_FUNCTION_INFO_V1(search_mean_difference_bigint);
PG_FUNCTION_INFO_V1(search_lda_direction_final);
PG_FUNCTION_INFO_V1(search_lda_direction_text);
PG_FUNCTION_INFO_V1(search_lda_direction_bigint);
PG_FUNCTION_INFO_V1(search_lda);
PG_FUNCTION_INFO_V1(search_class_means);
PG_FUNCTION_INFO_V1(search_class_sums_n_samples);
PG_FUNCTION_INFO_V1(search_class_sums_labels);

#define MEMORY_HINT "Take fewer features, or make them fewer with random_projection()."

/* ---- aggregates ---- */

typedef enum LabelKind
{
	LABEL_TEXT,
	LABEL_BIGINT,
	LABEL_BOOLEAN,
	LABEL_TEXTS					/* the levels of several factors: a text[] */
} LabelKind;

/* A text[] as array_out prints it. */
static Label
label_of_levels(Datum levels)
{
	ArrayType  *array = DatumGetArrayTypeP(levels);
	char	   *text;

	if (ARR_NDIM(array) != 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("levels must be an array of one dimension, of one or more texts, none NULL")));
	text = OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array));
	return (Label) {text, (int) strlen(text)};
}

static Label
class_label(FunctionCallInfo fcinfo, int n, LabelKind kind)
{
	if (kind == LABEL_BOOLEAN)
		return PG_GETARG_BOOL(n) ? (Label) {"true", 4} : (Label) {"false", 5};
	if (kind == LABEL_TEXTS)
		return label_of_levels(PG_GETARG_DATUM(n));
	return label_argument(fcinfo, n, kind == LABEL_BIGINT);
}

static Datum
add_row(FunctionCallInfo fcinfo, bool products, LabelKind kind)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	ClassSums  *s = state_running(&class_sums_kind, fcinfo, cxt);
	const Tensor *x;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, s);
	x = PG_GETARG_TENSOR(1);
	if (s == NULL)
	{
		if (tensor_size(x) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("x of row 1 has no elements")));
		s = class_sums_new(cxt, (int) Min(tensor_size(x), PG_INT32_MAX), products);
	}
	class_sums_add(s, class_label(fcinfo, 2, kind), x);
	return state_return(fcinfo, s);
}

#define TRANSITION(name, products, kind) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		return add_row(fcinfo, products, kind); \
	}

TRANSITION(search_class_sums_add_text, true, LABEL_TEXT)
TRANSITION(search_class_sums_add_bigint, true, LABEL_BIGINT)
TRANSITION(search_class_sums_add_boolean, true, LABEL_BOOLEAN)
TRANSITION(search_class_means_add_text, false, LABEL_TEXT)
TRANSITION(search_class_means_add_bigint, false, LABEL_BIGINT)
TRANSITION(search_class_means_add_boolean, false, LABEL_BOOLEAN)
TRANSITION(search_class_means_add_texts, false, LABEL_TEXTS)

/* ---- which classes ---- */

/* The two that a direction is between; negative -1: all but the positive. */
typedef struct ClassPair
{
	int			positive;
	int			negative;
} ClassPair;

static int
class_of_label(const ClassSums *s, Label label)
{
	for (int i = 0; i < class_sums_classes(s); i++)
		if (label_compare(s->labels->label[i], label) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("no row has the given label"),
			 errdetail_client("It is \"%s\".", label_text(label))));
}

static void
require_classes(const ClassSums *s)
{
	if (class_sums_classes(s) < 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a direction is between two classes, but all rows have the same label"),
				 errdetail_client("It is \"%s\".", label_text(s->labels->label[0]))));
}

/* Of two classes the later is the positive one. */
static ClassPair
only_pair(const ClassSums *s)
{
	bool		later;

	require_classes(s);
	if (class_sums_classes(s) > 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the rows have %d labels: it must be said between which the direction is", class_sums_classes(s)),
				 errhint("Name the positive one, and the negative one if it is not all others: "
						 "mean_difference(class_means_agg(x, label), 'face', 'house').")));
	later = label_compare(s->labels->label[0], s->labels->label[1]) < 0;
	return (ClassPair) {later ? 1 : 0, later ? 0 : 1};
}

/* From arguments n and n + 1, labels that may be NULL. */
static ClassPair
pair_argument(FunctionCallInfo fcinfo, const ClassSums *s, int n, bool is_bigint)
{
	ClassPair	pair = {0, -1};

	if (PG_ARGISNULL(n) && PG_ARGISNULL(n + 1))
		return only_pair(s);
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a negative class needs a positive one")));
	require_classes(s);
	pair.positive = class_of_label(s, label_argument(fcinfo, n, is_bigint));
	if (!PG_ARGISNULL(n + 1))
	{
		pair.negative = class_of_label(s, label_argument(fcinfo, n + 1, is_bigint));
		if (pair.negative == pair.positive)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the positive and the negative class are the same"),
					 errdetail_client("Both are \"%s\".", label_text(s->labels->label[pair.positive]))));
	}
	return pair;
}

/* ---- mean_difference ---- */

static Datum
mean_difference(const ClassSums *s, ClassPair pair)
{
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, s->p);

	class_sums_difference(s, pair.positive, pair.negative, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

Datum
search_mean_difference_final(PG_FUNCTION_ARGS)
{
	const ClassSums *s = PG_GETARG_CLASS_SUMS(0);

	return mean_difference(s, only_pair(s));
}

static Datum
mean_difference_between(FunctionCallInfo fcinfo, bool is_bigint)
{
	const ClassSums *s;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = PG_GETARG_CLASS_SUMS(0);
	return mean_difference(s, pair_argument(fcinfo, s, 1, is_bigint));
}

Datum
search_mean_difference_text(PG_FUNCTION_ARGS)
{
	return mean_difference_between(fcinfo, false);
}

Datum
search_mean_difference_bigint(PG_FUNCTION_ARGS)
{
	return mean_difference_between(fcinfo, true);
}

/* ---- linear discriminants ---- */

/* Makes a scratch context current, and the factor of the covariance within classes in it. */
static double *
within_factor(const ClassSums *s, double *shrinkage)
{
	Size		p = s->p;
	Size		square = size_mul(size_mul(p, p), sizeof(double));
	double	   *covariance;

	if (!s->products)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("these sums of classes have no products of features"),
				 errhint("Make them with class_sums_agg(x, label).")));
	MemoryContextSwitchTo(scratch_create("lda", size_add(square, lda_scratch(s)), MEMORY_HINT));
	covariance = huge_matrix(p, p);
	*shrinkage = lda_within(s, *shrinkage, covariance);
	if (!covariance_factor(p, covariance))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the covariance of " INT64_FORMAT " rows of %zu features about the means of %d classes, with shrinkage %g, has no inverse",
						s->n, p, class_sums_classes(s), *shrinkage),
				 errhint("Shrink more, or leave out features that do not vary within a class.")));
	return covariance;
}

static Datum
lda_direction(const ClassSums *s, double shrinkage, ClassPair pair)
{
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, s->p);
	MemoryContext home = CurrentMemoryContext;
	double	   *factor = within_factor(s, &shrinkage);
	MemoryContext scratch = CurrentMemoryContext;

	class_sums_difference(s, pair.positive, pair.negative, TENSOR_F8(out));
	covariance_solve(s->p, factor, TENSOR_F8(out));
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(out);
}

Datum
search_lda_direction_final(PG_FUNCTION_ARGS)
{
	const ClassSums *s = PG_GETARG_CLASS_SUMS(0);

	return lda_direction(s, NAN, only_pair(s));
}

static Datum
lda_direction_between(FunctionCallInfo fcinfo, bool is_bigint)
{
	const ClassSums *s;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = PG_GETARG_CLASS_SUMS(0);
	return lda_direction(s, shrinkage_argument(fcinfo, 1), pair_argument(fcinfo, s, 2, is_bigint));
}

Datum
search_lda_direction_text(PG_FUNCTION_ARGS)
{
	return lda_direction_between(fcinfo, false);
}

Datum
search_lda_direction_bigint(PG_FUNCTION_ARGS)
{
	return lda_direction_between(fcinfo, true);
}

/* The classes in the order of their labels: order[k] is the k-th. */
static int *
ordered_classes(const ClassSums *s, Label **labels)
{
	int			k = class_sums_classes(s);
	int		   *order = palloc_extended(k * sizeof(int), MCXT_ALLOC_HUGE);

	labels_sort(s->labels->label, k, order);
	*labels = palloc_extended(k * sizeof(Label), MCXT_ALLOC_HUGE);
	for (int i = 0; i < k; i++)
		(*labels)[i] = s->labels->label[order[i]];
	return order;
}

Datum
search_lda(PG_FUNCTION_ARGS)
{
	const ClassSums *s;
	double		shrinkage;
	MemoryContext home = CurrentMemoryContext;
	MemoryContext scratch;
	double	   *factor;
	double	   *axes;
	double	   *separation;
	int			n_axes;
	Tensor	   *directions;
	Tensor	   *separations;
	Label	   *labels;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};
	Size		room;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = PG_GETARG_CLASS_SUMS(0);
	shrinkage = shrinkage_argument(fcinfo, 1);
	require_classes(s);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	room = Min((Size) class_sums_classes(s) - 1, (Size) s->p);
	ordered_classes(s, &labels);
	value_require("the result of lda", size_add(size_mul(size_mul(room, (Size) s->p + 1), sizeof(double)), labels_array_bytes(labels, class_sums_classes(s))),
				  "Take fewer classes or features, or shorter labels.");
	factor = within_factor(s, &shrinkage);
	scratch = CurrentMemoryContext;
	memory_claim_add(memory_claim(scratch, "lda"), size_mul(size_mul(room, s->p), sizeof(double)), MEMORY_HINT);
	axes = huge_matrix(room, s->p);
	separation = huge_matrix(1, room);
	n_axes = lda_directions(s, factor, axes, separation);
	MemoryContextSwitchTo(home);
	directions = tensor_new_matrix(TENSOR_FLOAT8, n_axes, s->p);
	tensor_write_f8(directions, 0, (Size) n_axes * s->p, axes);
	separations = tensor_new_vector(TENSOR_FLOAT8, n_axes);
	tensor_write_f8(separations, 0, n_axes, separation);
	MemoryContextDelete(scratch);
	ordered_classes(s, &labels);
	values[0] = PointerGetDatum(directions);
	values[1] = PointerGetDatum(separations);
	values[2] = Float8GetDatum(shrinkage);
	values[3] = PointerGetDatum(labels_array(labels, class_sums_classes(s)));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* ---- accessors ---- */

static ResultRows *
make_class_means(FunctionCallInfo fcinfo)
{
	const ClassSums *s = PG_GETARG_CLASS_SUMS(0);
	int			k = class_sums_classes(s);
	Label	   *labels;
	int		   *order = ordered_classes(s, &labels);
	Datum	   *texts = labels_datums(labels, k);
	ResultRows *rows = result_rows_new(k, 3);

	memory_claim_add(memory_claim(CurrentMemoryContext, "class_means"),
					 size_mul(size_mul(k, s->p), sizeof(double)), MEMORY_HINT);
	for (int i = 0; i < k; i++)
	{
		Tensor	   *mean = tensor_new_vector(TENSOR_FLOAT8, s->p);

		class_sums_mean(s, order[i], TENSOR_F8(mean));
		rows->values[3 * (Size) i] = texts[i];
		rows->values[3 * i + 1] = Int64GetDatum(class_sums_n(s, order[i]));
		rows->values[3 * i + 2] = PointerGetDatum(mean);
	}
	return rows;
}

Datum
search_class_means(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_class_means);
}

Datum
search_class_sums_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_CLASS_SUMS(0)->n);
}

Datum
search_class_sums_labels(PG_FUNCTION_ARGS)
{
	const ClassSums *s = PG_GETARG_CLASS_SUMS(0);
	Label	   *labels;

	ordered_classes(s, &labels);
	PG_RETURN_ARRAYTYPE_P(labels_array(labels, class_sums_classes(s)));
}
