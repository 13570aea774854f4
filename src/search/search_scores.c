/*
 * search_scores.c
 *		SQL functions over scored rows, and F1 of counts.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/class_scores.h"
#include "search/scored.h"

/* ---- making scored rows ---- */

static int
option_k(FunctionCallInfo fcinfo, int argument)
{
	int			k = PG_GETARG_INT32(argument);

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	return k;
}

/*
 * Transition: the arguments that are the query (-1: none) and k (-1: none), the
 * score, and after it the gain, a number or a boolean.  Rows with a NULL are skipped.
 */
static Datum
add_row(FunctionCallInfo fcinfo, int query, int score, bool boolean_gain, int k)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Scored	   *s = state_running(&scored_kind, fcinfo, cxt);
	int			rows = 0;
	double		gain;

	if ((query >= 0 && PG_ARGISNULL(query)) || PG_ARGISNULL(score) || PG_ARGISNULL(score + 1))
		return state_return(fcinfo, s);
	if (k >= 0)
	{
		if (PG_ARGISNULL(k))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("k must not be NULL")));
		rows = option_k(fcinfo, k);
	}
	if (s == NULL)
		s = scored_new(cxt, query >= 0, rows);
	else
		scored_require_same(s, query >= 0, rows);
	gain = boolean_gain ? (PG_GETARG_BOOL(score + 1) ? 1 : 0) : PG_GETARG_FLOAT8(score + 1);
	scored_add(s, query >= 0 ? PG_GETARG_INT64(query) : 0, PG_GETARG_FLOAT8(score), gain);
	return state_return(fcinfo, s);
}

#define SCORED_ADD_FUNCTION(name, query, score, boolean_gain, k) \
	PG_FUNCTION_INFO_V1(scored_add_##name); \
	Datum \
	scored_add_##name(PG_FUNCTION_ARGS) \
	{ \
		return add_row(fcinfo, query, score, boolean_gain, k); \
	}

SCORED_ADD_FUNCTION(relevant, -1, 1, true, -1)
SCORED_ADD_FUNCTION(gain, -1, 1, false, -1)
SCORED_ADD_FUNCTION(relevant_k, -1, 1, true, 3)
SCORED_ADD_FUNCTION(gain_k, -1, 1, false, 3)
SCORED_ADD_FUNCTION(query_relevant, 1, 2, true, -1)
SCORED_ADD_FUNCTION(query_gain, 1, 2, false, -1)

PG_FUNCTION_INFO_V1(scored_n_samples);

Datum
scored_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_SCORED(0)->rows->n);
}

/* ---- scores ---- */

/* argument 1, where there is one, is k; NULL and 0 are all rows.  An aggregate's own k is in the state. */
static int
rows_that_count(FunctionCallInfo fcinfo, const Scored *s)
{
	if (PG_NARGS() < 2)
		return s->k;
	return PG_ARGISNULL(1) ? 0 : option_k(fcinfo, 1);
}

static Datum
score_of(FunctionCallInfo fcinfo, RankingScore score, bool by_gain)
{
	const Scored *s;
	MemoryContext scratch;
	MemoryContext old;
	double		value;
	int			k;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = PG_GETARG_SCORED(0);
	k = rows_that_count(fcinfo, s);
	scratch = scratch_create("ranking", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	value = s->rows->n == 0 ? NAN : ranking_mean(scored_ranked(s, by_gain), score, k);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return number_or_null(fcinfo, value);
}

#define RANKING_FUNCTION(name, by_gain) \
	PG_FUNCTION_INFO_V1(search_##name); \
	Datum \
	search_##name(PG_FUNCTION_ARGS) \
	{ \
		return score_of(fcinfo, ranking_##name, by_gain); \
	}

RANKING_FUNCTION(auc, false)
RANKING_FUNCTION(average_precision, false)
RANKING_FUNCTION(reciprocal_rank, false)
RANKING_FUNCTION(recall, false)
RANKING_FUNCTION(ndcg, true)

/* ---- one row a query ---- */

#define QUERY_COLUMNS 8

static ResultRows *
make_query_scores(FunctionCallInfo fcinfo)
{
	const Scored *s;
	const RankedRows *r;
	ResultRows *rows;
	int			k;

	if (PG_ARGISNULL(0))
		return result_rows_new(0, QUERY_COLUMNS);
	s = PG_GETARG_SCORED(0);
	k = rows_that_count(fcinfo, s);
	r = scored_ranked(s, true);
	memory_claim_add(memory_claim(CurrentMemoryContext, "query_scores"),
					 size_mul(r->n_queries, QUERY_COLUMNS * (sizeof(Datum) + sizeof(bool))), NULL);
	rows = result_rows_new(r->n == 0 ? 0 : (int64) r->n_queries, QUERY_COLUMNS);
	for (int64 q = 0; q < rows->n; q++)
	{
		Datum	   *values = rows->values + q * QUERY_COLUMNS;
		bool	   *nulls = rows->nulls + q * QUERY_COLUMNS;

		CHECK_FOR_INTERRUPTS();
		nulls[0] = !s->has_queries;
		values[0] = Int64GetDatum(s->has_queries ? r->query[r->start[q]] : 0);
		values[1] = Int64GetDatum((int64) (r->start[q + 1] - r->start[q]));
		values[2] = Int64GetDatum((int64) ranked_relevant(r, q));
		record_put_number(values, nulls, 3, ranking_auc(r, q, 0));
		record_put_number(values, nulls, 4, ranking_average_precision(r, q, 0));
		record_put_number(values, nulls, 5, ranking_reciprocal_rank(r, q, 0));
		record_put_number(values, nulls, 6, ranking_recall(r, q, k));
		record_put_number(values, nulls, 7, ranking_ndcg(r, q, k));
	}
	return rows;
}

PG_FUNCTION_INFO_V1(search_query_scores);

Datum
search_query_scores(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_query_scores);
}

/* ---- F1 of yes and no: counts in a bigint[] ---- */

/* {right yes, wrong yes, missed yes} */
#define F1_COUNTS 3
#define F1_MAX	(INT64CONST(1) << 61)

static int64 *
f1_counts(ArrayType *a)
{
	int64	   *counts;

	if (ARR_NDIM(a) != 1 || ARR_DIMS(a)[0] != F1_COUNTS || ARR_HASNULL(a) || ARR_ELEMTYPE(a) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("counts of f1 must be an array of %d numbers", F1_COUNTS)));
	counts = ARRAY_ELEMENTS(a);
	for (int i = 0; i < F1_COUNTS; i++)
		if (counts[i] < 0 || counts[i] > F1_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("counts of f1 must be from 0 to " INT64_FORMAT, F1_MAX),
					 errdetail_client("One is " INT64_FORMAT ".", counts[i])));
	return counts;
}

PG_FUNCTION_INFO_V1(search_f1_add);
PG_FUNCTION_INFO_V1(search_f1_combine);
PG_FUNCTION_INFO_V1(search_f1_final);

/* (counts, predicted, actual): the array is the aggregate's own, changed in place */
Datum
search_f1_add(PG_FUNCTION_ARGS)
{
	ArrayType  *a = AggCheckCallContext(fcinfo, NULL) ? PG_GETARG_ARRAYTYPE_P(0) : PG_GETARG_ARRAYTYPE_P_COPY(0);
	int64	   *counts = f1_counts(a);
	bool		predicted = PG_GETARG_BOOL(1);
	bool		actual = PG_GETARG_BOOL(2);

	if (predicted || actual)
		counts[predicted ? (actual ? 0 : 1) : 2]++;
	PG_RETURN_ARRAYTYPE_P(a);
}

Datum
search_f1_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *a = AggCheckCallContext(fcinfo, NULL) ? PG_GETARG_ARRAYTYPE_P(0) : PG_GETARG_ARRAYTYPE_P_COPY(0);
	int64	   *counts = f1_counts(a);
	const int64 *more = f1_counts(PG_GETARG_ARRAYTYPE_P(1));

	for (int i = 0; i < F1_COUNTS; i++)
		counts[i] += more[i];
	PG_RETURN_ARRAYTYPE_P(a);
}

Datum
search_f1_final(PG_FUNCTION_ARGS)
{
	const int64 *counts = f1_counts(PG_GETARG_ARRAYTYPE_P(0));

	return number_or_null(fcinfo, class_f1(counts[0], counts[0] + counts[1], counts[0] + counts[2]));
}

/* ---- F1 of classes ---- */

static double
mean_f1(const Contingency *c, ClassAverage average)
{
	MemoryContext scratch = scratch_create("f1", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double		value = class_mean_f1(class_counts(contingency_table(c)), average);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return value;
}

PG_FUNCTION_INFO_V1(search_f1);
PG_FUNCTION_INFO_V1(search_f1_macro);

Datum
search_f1_macro(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, mean_f1(PG_GETARG_CONTINGENCY(0), CLASS_MACRO));
}

/* (counts, average) */
Datum
search_f1(PG_FUNCTION_ARGS)
{
	char	   *word = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ClassAverage average = CLASS_MACRO;

	if (strcmp(word, "micro") == 0)
		average = CLASS_MICRO;
	else if (strcmp(word, "weighted") == 0)
		average = CLASS_WEIGHTED;
	else if (strcmp(word, "macro") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("average \"%s\" is not known", word),
				 errhint("It is macro, micro or weighted.")));
	return number_or_null(fcinfo, mean_f1(PG_GETARG_CONTINGENCY(0), average));
}

#define CLASS_COLUMNS 7

static ResultRows *
make_class_scores(FunctionCallInfo fcinfo)
{
	const ClassCounts *counts = class_counts(contingency_table(PG_GETARG_CONTINGENCY(0)));
	ResultRows *rows = result_rows_new(counts->n_classes, CLASS_COLUMNS);
	Datum	   *labels = labels_datums(counts->label, counts->n_classes);

	for (int i = 0; i < counts->n_classes; i++)
	{
		Datum	   *values = rows->values + (Size) i * CLASS_COLUMNS;
		bool	   *nulls = rows->nulls + (Size) i * CLASS_COLUMNS;
		double		right = (double) counts->right[i];

		values[0] = labels[i];
		values[1] = Int64GetDatum(counts->actual[i]);
		values[2] = Int64GetDatum(counts->predicted[i]);
		values[3] = Int64GetDatum(counts->right[i]);
		record_put_number(values, nulls, 4, counts->predicted[i] > 0 ? right / (double) counts->predicted[i] : NAN);
		record_put_number(values, nulls, 5, counts->actual[i] > 0 ? right / (double) counts->actual[i] : NAN);
		record_put_number(values, nulls, 6, class_f1(counts->right[i], counts->predicted[i], counts->actual[i]));
	}
	return rows;
}

PG_FUNCTION_INFO_V1(search_class_scores);

Datum
search_class_scores(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_class_scores);
}
