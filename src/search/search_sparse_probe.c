/*
 * search_sparse_probe.c
 *		SQL functions of sparse probes: sparse_probe and sparse_probe_sweep.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/class_rows.h"
#include "search/sparse_probe.h"
#include "stats/alphas.h"

PG_FUNCTION_INFO_V1(search_sparse_probe);
PG_FUNCTION_INFO_V1(search_sparse_probe_sweep);

/* ---- arguments: (points, k or ks, method, positive, alpha, balanced) ---- */

static const struct
{
	const char *name;
	RankingMethod method;
}			methods[] = {
	{"mean_difference", RANKING_MEAN_DIFFERENCE},
	{"f", RANKING_F},
	{"mutual_information", RANKING_MUTUAL_INFORMATION},
	{"omp", RANKING_OMP},
	{"logistic", RANKING_LOGISTIC}
};

static RankingMethod
method_argument(const text *name)
{
	char	   *word = text_to_cstring(name);

	for (int i = 0; i < (int) lengthof(methods); i++)
		if (strcmp(word, methods[i].name) == 0)
			return methods[i].method;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("method must be mean_difference, f, mutual_information, omp or logistic, not \"%s\"", word)));
}

static void
require_arguments(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {NULL, "k", "method", NULL, "alpha", "balanced"};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (names[i] && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL", names[i])));
}

/* The class to find: argument 3, or of two the second. */
static int
positive_class(FunctionCallInfo fcinfo, const ClassRows *c)
{
	Label		wanted;

	if (PG_ARGISNULL(3))
	{
		if (c->rows.n_classes > 2)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there are %d labels, and a probe is of one of them against the rest", c->rows.n_classes),
					 errdetail_client("One is \"%s\".", label_text(c->labels[0])),
					 errhint("Name it by positive.")));
		return 1;
	}
	wanted = label_argument(fcinfo, 3, false);
	for (int i = 0; i < c->rows.n_classes; i++)
		if (label_compare(c->labels[i], wanted) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("no row has the given label"),
			 errdetail_client("It is \"%s\".", label_text(wanted))));
}

/* Rows of two classes: 1 is the one to find. */
static void
set_apart(ClassRows *c, int positive)
{
	int32	   *label = huge_alloc(c->rows.n * sizeof(int32));

	memory_claim_add(memory_claim(CurrentMemoryContext, "sparse probe"), c->rows.n * sizeof(int32), NULL);
	for (Size i = 0; i < c->rows.n; i++)
		label[i] = c->rows.label[i] == positive;
	c->rows.label = label;
	c->rows.n_classes = 2;
}

static void
require_k(int k, const ClassRows *c)
{
	if (k < 1 || (Size) k > c->rows.d)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to %zu, the number of units, not %d", c->rows.d, k)));
}

static Probes *
probes(FunctionCallInfo fcinfo, ClassRows *c, int n_ks, const int *ks)
{
	ProbeOptions options = {.method = method_argument(PG_GETARG_TEXT_PP(2)), .alpha = PG_GETARG_FLOAT8(4), .balanced = PG_GETARG_BOOL(5)};

	argument_require_alpha(options.alpha, true);
	for (int i = 0; i < n_ks; i++)
		require_k(ks[i], c);
	set_apart(c, positive_class(fcinfo, c));
	return sparse_probes(&c->rows, n_ks, ks, &options);
}

/* ---- the probe of all rows ---- */

/* In how many of the folds' training sets feature j is chosen too. */
static int
chosen_in(const Probes *p, int n_folds, int feature)
{
	int			n = 0;

	for (int s = 0; s < n_folds; s++)
		for (int i = 0; i < p->k_max; i++)
			n += p->feature[(Size) s * p->k_max + i] == feature;
	return n;
}

static double
mean_f1(const Probes *p, int n_folds)
{
	double		sum = 0;
	int			n = 0;

	for (int f = 0; f < n_folds; f++)
	{
		double		f1 = probe_f1(&p->score[f]);

		if (isnan(f1))
			continue;
		sum += f1;
		n++;
	}
	return n > 0 ? sum / n : NAN;
}

static ResultRows *
sparse_probe(FunctionCallInfo fcinfo)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext scratch;
	MemoryContext old;
	const Points *points;
	ResultRows *rows;
	ClassRows  *c;
	Probes	   *p;
	double		f1;
	int			k;

	require_arguments(fcinfo);
	if (PG_ARGISNULL(0))
		return result_rows_new(0, 6);
	scratch = scratch_create("sparse probe", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	points = PG_GETARG_POINTS(0);
	k = PG_GETARG_INT32(1);
	c = class_rows(points, points->key == POINTS_LABEL_FOLD);
	p = probes(fcinfo, c, 1, &k);
	f1 = mean_f1(p, c->rows.n_folds);
	MemoryContextSwitchTo(result);
	rows = result_rows_new(k, 6);
	for (int i = 0; i < k; i++)
	{
		Size		mine = (Size) c->rows.n_folds * k + i;
		Datum	   *values = rows->values + 6 * (Size) i;
		bool	   *nulls = rows->nulls + 6 * (Size) i;

		values[0] = Int32GetDatum(i + 1);
		values[1] = Int32GetDatum(p->feature[mine] + 1);
		record_put_number(values, nulls, 2, p->rank_score[mine]);
		record_put_number(values, nulls, 3, p->weight[i]);
		values[4] = Int32GetDatum(chosen_in(p, c->rows.n_folds, p->feature[mine]));
		nulls[4] = c->rows.n_folds == 0;
		record_put_number(values, nulls, 5, f1);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
search_sparse_probe(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, sparse_probe);
}

/* ---- probes of several sizes, fold by fold ---- */

static int *
ks_argument(ArrayType *array, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int		   *ks;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of k is empty")));
	ks = palloc(*n * sizeof(int));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of k is NULL", i + 1)));
		ks[i] = DatumGetInt32(elements[i]);
	}
	return ks;
}

static ArrayType *
units_array(const int32 *feature, int k)
{
	Datum	   *units = palloc(k * sizeof(Datum));

	for (int i = 0; i < k; i++)
		units[i] = Int32GetDatum(feature[i] + 1);
	return construct_array(units, k, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

static ResultRows *
sparse_probe_sweep(FunctionCallInfo fcinfo)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext scratch;
	MemoryContext old;
	ResultRows *rows;
	ClassRows  *c;
	Probes	   *p;
	int			n_ks;
	int		   *ks;
	int			folds;

	require_arguments(fcinfo);
	if (PG_ARGISNULL(0))
		return result_rows_new(0, 7);
	scratch = scratch_create("sparse probe", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	ks = ks_argument(PG_GETARG_ARRAYTYPE_P(1), &n_ks);
	c = class_rows(PG_GETARG_POINTS(0), true);
	p = probes(fcinfo, c, n_ks, ks);
	folds = c->rows.n_folds;
	MemoryContextSwitchTo(result);
	rows = result_rows_new((int64) n_ks * folds, 7);
	for (int i = 0; i < n_ks * folds; i++)
	{
		const ProbeScore *s = &p->score[i];
		int			fold = i % folds;
		int			k = ks[i / folds];
		Datum	   *values = rows->values + 7 * (Size) i;
		bool	   *nulls = rows->nulls + 7 * (Size) i;

		values[0] = Int32GetDatum(k);
		values[1] = Int64GetDatum(c->fold[fold]);
		values[2] = Int64GetDatum(s->hits + s->misses + s->false_alarms + s->rejections);
		values[3] = Int64GetDatum(s->hits + s->misses);
		record_put_number(values, nulls, 4, probe_f1(s));
		record_put_number(values, nulls, 5, probe_accuracy(s));
		values[6] = PointerGetDatum(units_array(p->feature + (Size) fold * p->k_max, k));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
search_sparse_probe_sweep(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, sparse_probe_sweep);
}
