/*
 * search_ablation.c
 *		SQL function over grams: ablation_curve.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/compare.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/ablation.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_ablation_curve);

#define COLUMNS 6
#define MEMORY_HINT "Take fewer steps (drop), or leave per_target off."

static int *
int_array(ArrayType *a, const char *what, int *n)
{
	if (ARR_HASNULL(a) && array_contains_nulls(a))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not have NULLs", what)));
	*n = ArrayGetNItems(ARR_NDIM(a), ARR_DIMS(a));
	return ARRAY_ELEMENTS(a);
}

/* Units from 1 as distinct ones from 0 */
static const int *
read_ranking(ArrayType *a, int p, int *n)
{
	const int  *units = int_array(a, "ranking", n);
	int		   *ranking = palloc(Max(1, *n) * sizeof(int));
	bool	   *seen = palloc0(p * sizeof(bool));

	for (int i = 0; i < *n; i++)
	{
		if (units[i] < 1 || units[i] > p)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unit %d of the ranking must be from 1 to %d", units[i], p)));
		if (seen[units[i] - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unit %d comes twice in the ranking", units[i])));
		seen[units[i] - 1] = true;
		ranking[i] = units[i] - 1;
	}
	pfree(seen);
	return ranking;
}

/* Ascending, each once; all from 0 to n_ranked where the array is NULL */
static const int *
read_steps(ArrayType *a, int n_ranked, int *n_steps)
{
	int			n = n_ranked + 1;
	const int  *given = a ? int_array(a, "drop", &n) : NULL;
	int		   *steps = palloc(Max(1, n) * sizeof(int));
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		steps[i] = given ? given[i] : i;
		if (steps[i] < 0 || steps[i] > n_ranked)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("drop must be from 0 to %d units, not %d", n_ranked, steps[i]),
					 errdetail("The ranking has %d units.", n_ranked)));
	}
	qsort(steps, n, sizeof(int32), compare_int32);
	for (int i = 0; i < n; i++)
		if (kept == 0 || steps[kept - 1] != steps[i])
			steps[kept++] = steps[i];
	*n_steps = kept;
	return steps;
}

static AblationFill
read_fill(bool refit, const char *word)
{
	if (strcmp(word, "mean") != 0 && strcmp(word, "zero") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fill \"%s\" is not known", word),
				 errhint("It is mean or zero.")));
	return refit ? ABLATION_REFIT : strcmp(word, "mean") == 0 ? ABLATION_MEAN : ABLATION_ZERO;
}

static void
require_folds(const Gram *g)
{
	int			n_folds;

	if (g->v == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no targets"),
				 errhint("Make it with gram_agg(x, y, fold).")));
	gram_fold_ids(g, &n_folds);
	if (!g->has_folds || n_folds < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("held-out scores need two folds or more"),
				 errhint("Make the gram with gram_agg(x, y, fold).")));
}

static AblationCurve
curve_new(int n_steps, int v, bool per_target)
{
	AblationCurve curve = {huge_matrix(1, n_steps), huge_matrix(1, n_steps), NULL, NULL};

	if (per_target)
	{
		memory_claim_add(memory_claim(CurrentMemoryContext, "ablation_curve"),
						 size_mul(size_mul(n_steps, v), 4 * sizeof(double)), MEMORY_HINT);
		curve.target_r = huge_matrix(n_steps, v);
		curve.target_r2 = huge_matrix(n_steps, v);
	}
	return curve;
}

/* A vector of v scores; NaN where there is none */
static Datum
scores_tensor(const double *scores, int v)
{
	Tensor	   *t = tensor_new_vector(TENSOR_FLOAT8, v);

	memcpy(TENSOR_F8(t), scores, v * sizeof(double));
	return PointerGetDatum(t);
}

/* (g, ranking, alpha, drop, refit, fill, standardize, per_target) */
static ResultRows *
make_curve(FunctionCallInfo fcinfo)
{
	const Gram *g;
	AblationOptions options;
	AblationCurve curve;
	ResultRows *rows;

	for (int i = 0; i < 8; i++)
		if (PG_ARGISNULL(i) && i != 3)
			return result_rows_new(0, COLUMNS);
	g = PG_GETARG_GRAM(0);
	require_folds(g);
	options.ranking = read_ranking(PG_GETARG_ARRAYTYPE_P(1), g->p, &options.n_ranked);
	options.alpha = PG_GETARG_FLOAT8(2);
	options.drop = read_steps(PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3), options.n_ranked, &options.n_steps);
	options.fill = read_fill(PG_GETARG_BOOL(4), text_to_cstring(PG_GETARG_TEXT_PP(5)));
	options.standardize = PG_GETARG_BOOL(6);
	if (!(options.alpha > 0) || isinf(options.alpha))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be positive and finite, not %g", options.alpha)));
	curve = curve_new(options.n_steps, g->v, PG_GETARG_BOOL(7));
	ablation_curve(g, &options, &curve);

	rows = result_rows_new(options.n_steps, COLUMNS);
	for (int i = 0; i < options.n_steps; i++)
	{
		Datum	   *values = rows->values + (Size) i * COLUMNS;
		bool	   *nulls = rows->nulls + (Size) i * COLUMNS;

		values[0] = Int32GetDatum(options.drop[i]);
		values[1] = Int32GetDatum(g->p - options.drop[i]);
		record_put_number(values, nulls, 2, curve.r[i]);
		record_put_number(values, nulls, 3, curve.r2[i]);
		nulls[4] = nulls[5] = curve.target_r == NULL;
		if (curve.target_r)
		{
			values[4] = scores_tensor(curve.target_r + (Size) i * g->v, g->v);
			values[5] = scores_tensor(curve.target_r2 + (Size) i * g->v, g->v);
		}
	}
	return rows;
}

Datum
search_ablation_curve(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_curve);
}
