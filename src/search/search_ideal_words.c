/*
 * search_ideal_words.c
 *		SQL's ideal_words: of a matrix with an array of levels, or of sums by class.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgroids.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/class_sums.h"
#include "search/ideal_words.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_ideal_words_text);
PG_FUNCTION_INFO_V1(search_ideal_words_bigint);
PG_FUNCTION_INFO_V1(search_ideal_words_sums);

#define N_COLUMNS	5
#define MAX_FACTORS 1000
#define MEMORY_HINT "Take fewer rows, elements or levels."

/* The levels of n rows in f factors, numbered in the order of label_compare. */
typedef struct Levels
{
	Size		n;
	int			f;
	int		   *level;			/* n x f */
	int		   *n_levels;		/* f */
	const Label **labels;		/* f: the labels of its levels */
} Levels;

/* ---- levels ---- */

static void
require_factors(int64 f)
{
	if (f < 1 || f > MAX_FACTORS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ideal words are of 1 to %d factors, not " INT64_FORMAT, MAX_FACTORS, f)));
}

/* From n x f values, texts or numbers, none of them NULL. */
static Levels
number_levels(Size n, int f, const Datum *values, bool is_bigint)
{
	Levels		l = {.n = n, .f = f};
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "levels of ideal words");

	memory_claim_add(claim, size_mul(size_mul(n, f), sizeof(int)), MEMORY_HINT);
	l.level = huge_alloc(Max(1, n * f) * sizeof(int));
	l.n_levels = palloc(f * sizeof(int));
	l.labels = palloc(f * sizeof(Label *));
	for (int k = 0; k < f; k++)
	{
		LabelSet   *set = label_set_new(CurrentMemoryContext, claim, MEMORY_HINT);
		int		   *rank;

		for (Size i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			l.level[i * f + k] = label_set_number(set, label_from_datum(values[i * f + k], is_bigint), "ideal words");
		}
		rank = label_set_ranks(set);
		l.labels[k] = label_set_sorted(set, rank);
		l.n_levels[k] = set->n;
		for (Size i = 0; i < n; i++)
			l.level[i * f + k] = rank[l.level[i * f + k]];
	}
	return l;
}

/* An array n x f, or of n levels of one factor. */
static Levels
levels_of_array(ArrayType *array, Size n, bool is_bigint)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			f = ARR_NDIM(array) == 2 ? ARR_DIMS(array)[1] : 1;

	if (ARR_NDIM(array) < 1 || ARR_NDIM(array) > 2 || (Size) ARR_DIMS(array)[0] != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("factors must be an array of %zu rows, as many as the matrix has, each with the levels of a row", n),
				 errhint("array_agg(ARRAY[colour, shape] ORDER BY id) beside stack(x ORDER BY id) makes one.")));
	require_factors(f);
	if (is_bigint)
		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls, &count);
	else
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the level of row %d in factor %d is NULL", i / f + 1, i % f + 1)));
	return number_levels(n, f, values, is_bigint);
}

_Noreturn static void
bad_label(Label label)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("a label is not an array of levels"),
			 errdetail_client("It is \"%s\".", label_text(label)),
			 errhint("Make the sums with class_means_agg(x, ARRAY[colour, shape]).")));
}

/* A label's text as an array.  The message of array_in, which has the text, is not passed on. */
static ArrayType *
array_of_label(Label label)
{
	char	   *text = pnstrdup(label.text, label.length);
	MemoryContext context = CurrentMemoryContext;
	Datum		array = (Datum) 0;

	if (text[0] != '{')
		bad_label(label);
	PG_TRY();
	{
		array = OidInputFunctionCall(F_ARRAY_IN, text, TEXTOID, -1);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_INVALID_TEXT_REPRESENTATION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		bad_label(label);
	}
	PG_END_TRY();
	return DatumGetArrayTypeP(array);
}

/* The levels that a class's label names; *f is 0 before the first. */
static Datum *
levels_of_label(Label label, int *f)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(array_of_label(label), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a level of a label is NULL"),
					 errdetail_client("The label is \"%s\".", label_text(label))));
	if (*f == 0)
		require_factors(*f = count);
	if (count != *f)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a label has %d levels, others have %d", count, *f),
				 errdetail_client("It is \"%s\".", label_text(label))));
	return values;
}

static Levels
levels_of_classes(const ClassSums *s)
{
	Size		n = class_sums_classes(s);
	int			f = 0;
	Datum	   *values = NULL;

	for (Size i = 0; i < n; i++)
	{
		Datum	   *levels = levels_of_label(s->labels->label[i], &f);

		CHECK_FOR_INTERRUPTS();
		if (values == NULL)
			values = huge_alloc(size_mul(size_mul(n, f), sizeof(Datum)));
		memcpy(values + i * f, levels, f * sizeof(Datum));
	}
	return number_levels(n, f, values, false);
}

/* ---- answers ---- */

static void
put_row(ResultRows *rows, Size at, int factor, const Label *level, double weight, Size d, const double *vector, double r2)
{
	Datum	   *values = rows->values + at * N_COLUMNS;
	bool	   *nulls = rows->nulls + at * N_COLUMNS;
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, d);

	tensor_write_f8(out, 0, d, vector);
	values[0] = Int32GetDatum(factor);
	nulls[1] = level == NULL;
	if (level)
		values[1] = labels_datums(level, 1)[0];
	values[2] = Int64GetDatum((int64) weight);
	values[3] = PointerGetDatum(out);
	record_put_number(values, nulls, 4, r2);
}

/* The fit's rows in 'home'; the current context is its scratch, and goes. */
static ResultRows *
fit(MemoryContext home, const IdealCells *cells, const Levels *levels)
{
	MemoryContext scratch = CurrentMemoryContext;
	Size		n_words = 1;
	Size		at = 0;
	IdealWords	words;
	int			confounded;
	ResultRows *rows;

	for (int k = 0; k < levels->f; k++)
		n_words = size_add(n_words, levels->n_levels[k]);
	memory_claim_add(memory_claim(scratch, "ideal_words"),
					 size_add(ideal_words_scratch(cells), size_mul(n_words, size_mul(cells->d + 1, sizeof(double)))), MEMORY_HINT);
	words.vectors = huge_matrix(n_words, cells->d);
	words.weight = huge_matrix(1, n_words);
	confounded = ideal_words_fit(cells, &words);
	if (confounded >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("levels of factor %d follow from those of the other factors: their ideal words are not determined", confounded + 1),
				 errhint("Leave a factor out, or rows whose levels occur with too few others.")));
	MemoryContextSwitchTo(home);
	memory_claim_add(memory_claim(home, "ideal_words"), size_mul(n_words, size_mul(cells->d, sizeof(double))), MEMORY_HINT);
	rows = result_rows_new((int64) n_words, N_COLUMNS);
	put_row(rows, at++, 0, NULL, words.weight[0], cells->d, words.vectors, words.r2);
	for (int k = 0; k < levels->f; k++)
		for (int level = 0; level < levels->n_levels[k]; level++, at++)
		{
			CHECK_FOR_INTERRUPTS();
			put_row(rows, at, k + 1, &levels->labels[k][level], words.weight[at], cells->d, words.vectors + at * cells->d, words.r2);
		}
	MemoryContextDelete(scratch);
	return rows;
}

/* Scratch for cells of n x d, made current. */
static MemoryContext
enter_scratch(Size n, Size d)
{
	return MemoryContextSwitchTo(scratch_create("ideal_words", size_mul(size_mul(n, size_add(d, 1)), sizeof(double)), MEMORY_HINT));
}

static ResultRows *
make_of_matrix(FunctionCallInfo fcinfo, bool is_bigint)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	MemoryContext home;
	IdealCells	cells = {0};
	Levels		levels;
	double	   *weight;

	tensor_require_matrix(t, "matrix");
	if (tensor_size(t) == 0)
		return result_rows_new(0, N_COLUMNS);
	cells.n = t->dims[0];
	cells.d = t->dims[1];
	home = enter_scratch(cells.n, cells.d);
	levels = levels_of_array(array, cells.n, is_bigint);
	weight = huge_matrix(1, cells.n);
	for (Size i = 0; i < cells.n; i++)
		weight[i] = 1;
	cells.f = levels.f;
	cells.x = tensor_finite_elements(t, "ideal_words");
	cells.weight = weight;
	cells.level = levels.level;
	cells.n_levels = levels.n_levels;
	return fit(home, &cells, &levels);
}

static ResultRows *
make_of_text(FunctionCallInfo fcinfo)
{
	return make_of_matrix(fcinfo, false);
}

static ResultRows *
make_of_bigint(FunctionCallInfo fcinfo)
{
	return make_of_matrix(fcinfo, true);
}

static ResultRows *
make_of_sums(FunctionCallInfo fcinfo)
{
	const ClassSums *s = PG_GETARG_CLASS_SUMS(0);
	MemoryContext home;
	IdealCells	cells = {.n = class_sums_classes(s), .d = s->p};
	Levels		levels;
	double	   *weight;
	double	   *x;

	if (s->products)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ideal words are of sums without products of features"),
				 errhint("Make them with class_means_agg(x, ARRAY[colour, shape]).")));
	home = enter_scratch(cells.n, cells.d);
	levels = levels_of_classes(s);
	x = huge_matrix(cells.n, cells.d);
	weight = huge_matrix(1, cells.n);
	for (Size i = 0; i < cells.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		class_sums_mean(s, (int) i, x + i * cells.d);
		weight[i] = (double) class_sums_n(s, (int) i);
		cells.squares += class_sums_squares(s, (int) i);
	}
	cells.f = levels.f;
	cells.x = x;
	cells.weight = weight;
	cells.level = levels.level;
	cells.n_levels = levels.n_levels;
	return fit(home, &cells, &levels);
}

Datum
search_ideal_words_text(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_of_text);
}

Datum
search_ideal_words_bigint(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_of_bigint);
}

Datum
search_ideal_words_sums(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_of_sums);
}
