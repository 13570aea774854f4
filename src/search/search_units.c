/*
 * search_units.c
 *		SQL functions that say which units: localizers and their controls,
 *		selectivity for classes, mutual information with them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/record.h"
#include "base/rows.h"
#include "search/localizer.h"
#include "search/mutual_information.h"
#include "search/random_units.h"
#include "search/selectivity.h"
#include "search/unit_columns.h"

PG_FUNCTION_INFO_V1(localizer_add);
PG_FUNCTION_INFO_V1(localizer_n_units);
PG_FUNCTION_INFO_V1(localizer_n_samples);
PG_FUNCTION_INFO_V1(search_units);
PG_FUNCTION_INFO_V1(search_localizer_units);
PG_FUNCTION_INFO_V1(search_random_units);
PG_FUNCTION_INFO_V1(search_selectivity);
PG_FUNCTION_INFO_V1(search_mutual_information);

STATE_IO_FUNCTIONS(localizer, localizer_kind)
STATE_MERGE_FUNCTIONS(localizer, localizer_kind)

#define MAX_BINS	10000
#define MAX_K		1000000

/* Rows of an answer that may be many, claimed for as long as the context lives. */
static ResultRows *
claimed_rows(Size n, int n_columns, const char *what)
{
	memory_claim_add(memory_claim(CurrentMemoryContext, what), size_mul(size_mul(n, n_columns), sizeof(Datum) + 1), NULL);
	return result_rows_new((int64) n, n_columns);
}

/* ---- localizers ---- */

/* (state, x, condition) */
Datum
localizer_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Localizer  *l = state_running(&localizer_kind, fcinfo, cxt);
	const Tensor *x;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, l);
	x = PG_GETARG_TENSOR(1);
	if (l == NULL)
	{
		Size		p = tensor_size(x);

		if (x->ndim > 1 || p == 0 || p > LOCALIZER_MAX_UNITS)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("x of row 1 has shape %s, but a vector of 1 to %d units is needed",
							tensor_shape_text(x), LOCALIZER_MAX_UNITS)));
		l = localizer_new(cxt, (int) p);
	}
	localizer_add_row(l, x, PG_GETARG_BOOL(2));
	return state_return(fcinfo, l);
}

Datum
localizer_n_units(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_LOCALIZER(0)->p);
}

Datum
localizer_n_samples(PG_FUNCTION_ARGS)
{
	const Localizer *l = PG_GETARG_LOCALIZER(0);

	PG_RETURN_INT64(l->condition[0].n + l->condition[1].n);
}

/* In CurrentMemoryContext, which should be a scratch of localized_bytes. */
static LocalizedUnit *
localized(const Localizer *l, bool one_sided)
{
	LocalizedUnit *unit = huge_alloc(size_mul(l->p, sizeof(LocalizedUnit)));

	localizer_test(l, one_sided, unit);
	return unit;
}

static Size
localized_bytes(const Localizer *l)
{
	return size_add(localizer_scratch(l), size_mul(l->p, sizeof(LocalizedUnit)));
}

/* (localizer, one_sided) */
#define UNIT_COLUMNS 9

static ResultRows *
make_units(FunctionCallInfo fcinfo)
{
	const Localizer *l = PG_GETARG_LOCALIZER(0);
	ResultRows *rows = claimed_rows(l->p, UNIT_COLUMNS, "localized units");
	MemoryContext scratch = scratch_create("localizer", localized_bytes(l), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const LocalizedUnit *unit = localized(l, PG_GETARG_BOOL(1));

	MemoryContextSwitchTo(old);
	for (Size j = 0; j < (Size) l->p; j++)
	{
		Datum	   *values = rows->values + j * UNIT_COLUMNS;
		bool	   *nulls = rows->nulls + j * UNIT_COLUMNS;

		values[0] = Int32GetDatum((int32) j + 1);
		values[1] = Int32GetDatum(unit[j].rank);
		nulls[1] = unit[j].rank == 0;
		record_put_number(values, nulls, 2, unit[j].t);
		record_put_number(values, nulls, 3, unit[j].df);
		record_put_number(values, nulls, 4, unit[j].p);
		record_put_number(values, nulls, 5, unit[j].q);
		record_put_number(values, nulls, 6, unit[j].d_prime);
		record_put_number(values, nulls, 7, l->condition[1].n > 0 ? l->condition[1].mean[j] : NAN);
		record_put_number(values, nulls, 8, l->condition[0].n > 0 ? l->condition[0].mean[j] : NAN);
	}
	MemoryContextDelete(scratch);
	return rows;
}

Datum
search_units(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_units);
}

static Datum
unit_array(const int32 *unit, Size n)
{
	Datum	   *elements = huge_alloc(Max(1, n) * sizeof(Datum));

	for (Size i = 0; i < n; i++)
		elements[i] = Int32GetDatum(unit[i] + 1);
	return PointerGetDatum(construct_array(elements, (int) n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* (localizer, percent) */
Datum
search_localizer_units(PG_FUNCTION_ARGS)
{
	const Localizer *l = PG_GETARG_LOCALIZER(0);
	double		percent = PG_GETARG_FLOAT8(1);
	MemoryContext scratch;
	MemoryContext old;
	const LocalizedUnit *unit;
	int32	   *best;
	int			n_best;
	int			found = 0;
	Datum		result;

	if (!(percent > 0 && percent <= 100))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("percent must be over 0 and at most 100, not %g", percent)));
	scratch = scratch_create("localizer", size_add(localized_bytes(l), size_mul(l->p, sizeof(int32) + sizeof(Datum))), NULL);
	old = MemoryContextSwitchTo(scratch);
	unit = localized(l, false);
	best = huge_alloc(size_mul(l->p, sizeof(int32)));
	/* rounded up, but not for a rounding error */
	n_best = (int) ceil(percent / 100 * l->p * (1 - 1e-12));
	for (int j = 0; j < l->p; j++)
		if (unit[j].rank > 0 && unit[j].rank <= n_best)
		{
			best[unit[j].rank - 1] = j;
			found++;
		}
	MemoryContextSwitchTo(old);
	result = unit_array(best, found);
	MemoryContextDelete(scratch);
	PG_RETURN_DATUM(result);
}

/* ---- random_units(n, "like", seed, strata) ---- */

/* The numbers of an int[]; ERROR where one is NULL. */
static int32 *
numbers_of(ArrayType *array, const char *what, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int32	   *numbers;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, n);
	numbers = palloc_extended(Max(1, *n) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is NULL", i + 1, what)));
		numbers[i] = DatumGetInt32(elements[i]);
	}
	return numbers;
}

Datum
search_random_units(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(0);
	int			n_like;
	int32	   *like = numbers_of(PG_GETARG_ARRAYTYPE_P(1), "like", &n_like);
	uint64		seed = (uint64) PG_GETARG_INT64(2);
	int			n_strata;
	int32	   *strata = numbers_of(PG_GETARG_ARRAYTYPE_P(3), "strata", &n_strata);
	MemoryContext scratch;
	MemoryContext old;
	StratumUnit *units;
	int32	   *drawn;
	int32		stratum;
	Datum		result;

	if (n < 1 || n > LOCALIZER_MAX_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be from 1 to %d, not %d", LOCALIZER_MAX_UNITS, n)));
	if (n_strata != 0 && n_strata != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("strata has %d elements, but there are %d units", n_strata, n)));
	scratch = scratch_create("random_units", size_mul(n, sizeof(StratumUnit) + sizeof(int32) + sizeof(Datum)), NULL);
	old = MemoryContextSwitchTo(scratch);
	units = huge_alloc(size_mul(n, sizeof(StratumUnit)));
	drawn = huge_alloc(size_mul(n, sizeof(int32)));
	for (int i = 0; i < n; i++)
		units[i] = (StratumUnit) {n_strata > 0 ? strata[i] : 0, i, false};
	for (int i = 0; i < n_like; i++)
	{
		if (like[i] < 1 || like[i] > n)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of like is %d, but units are 1 to %d", i + 1, like[i], n)));
		if (units[like[i] - 1].chosen)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unit %d comes twice in like", like[i])));
		units[like[i] - 1].chosen = true;
	}
	if (!random_units(n, units, seed, drawn, &stratum))
	{
		if (n_strata == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%d of %d units are chosen, so that there are not as many others", n_like, n)));
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a stratum has fewer units that are not chosen than chosen ones"),
				 errdetail_client("It is stratum %d.", stratum),
				 errhint("Give fewer, wider strata.")));
	}
	MemoryContextSwitchTo(old);
	result = unit_array(drawn, n_like);
	MemoryContextDelete(scratch);
	PG_RETURN_DATUM(result);
}

/* ---- selectivity(points) ---- */

#define SELECTIVITY_COLUMNS 7

static ResultRows *
make_selectivity(FunctionCallInfo fcinfo)
{
	const Points *p = PG_GETARG_POINTS(0);
	MemoryContext scratch;
	MemoryContext old;
	const PointRows *r;
	UnitSelectivity *found;
	ResultRows *rows;
	Datum	   *labels;
	Size		n;
	Size		at = 0;

	points_require_labels(p);
	if (points_n(p) == 0)
		return result_rows_new(0, SELECTIVITY_COLUMNS);
	n = size_mul(points_dimensions(p), p->labels->n);
	rows = claimed_rows(n, SELECTIVITY_COLUMNS, "selectivity of units");
	scratch = scratch_create("selectivity of units", size_mul(n, sizeof(UnitSelectivity)), "Take fewer units at a time.");
	old = MemoryContextSwitchTo(scratch);
	r = points_rows(p);
	found = huge_alloc(size_mul(n, sizeof(UnitSelectivity)));
	selectivity(r, found);
	MemoryContextSwitchTo(old);
	labels = labels_datums(r->labels, r->n_labels);
	for (Size i = 0; i < n; i++)
	{
		Datum	   *values = rows->values + at * SELECTIVITY_COLUMNS;
		bool	   *nulls = rows->nulls + at * SELECTIVITY_COLUMNS;

		if (isnan(found[i].mean))
			continue;			/* a label without rows */
		values[0] = Int32GetDatum((int32) (i / r->n_labels) + 1);
		values[1] = labels[i % r->n_labels];
		record_put_number(values, nulls, 2, found[i].d_prime);
		record_put_number(values, nulls, 3, found[i].auc);
		record_put_number(values, nulls, 4, found[i].mean);
		record_put_number(values, nulls, 5, found[i].rest);
		record_put_number(values, nulls, 6, found[i].index);
		at++;
	}
	rows->n = (int64) at;
	MemoryContextDelete(scratch);
	return rows;
}

Datum
search_selectivity(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_selectivity);
}

/* ---- mutual_information(points, k, method, bins) ---- */

typedef struct InformationWork
{
	const InformationProblem *problem;
	double	   *information;	/* d */
} InformationWork;

static void
information_unit(int unit, const double *values, int worker, bool interruptible, void *arg)
{
	const InformationWork *w = arg;

	w->information[unit] = information_of(w->problem, values, worker, interruptible);
}

static InformationMethod
information_method(const char *name)
{
	if (strcmp(name, "knn") == 0)
		return INFORMATION_KNN;
	if (strcmp(name, "bins") == 0)
		return INFORMATION_BINS;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown method \"%s\"", name),
			 errhint("The method is knn or bins.")));
}

static int
number_argument(int value, int least, int most, const char *name)
{
	if (value < least || value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from %d to %d, not %d", name, least, most, value)));
	return value;
}

static ResultRows *
make_information(FunctionCallInfo fcinfo)
{
	const Points *p = PG_GETARG_POINTS(0);
	int			k = number_argument(PG_GETARG_INT32(1), 1, MAX_K, "k");
	InformationMethod method = information_method(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int			bins = number_argument(PG_GETARG_INT32(3), 2, MAX_BINS, "bins");
	int			number = method == INFORMATION_KNN ? k : bins;
	MemoryContext outer;
	MemoryContext scratch;
	MemoryContext old;
	const PointRows *r;
	InformationWork w;
	ResultRows *rows;

	points_require_labels(p);
	if (points_n(p) == 0)
		return result_rows_new(0, 2);
	rows = claimed_rows(points_dimensions(p), 2, "mutual information");
	outer = AllocSetContextCreate(CurrentMemoryContext, "neuroenc labelled points", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(outer);
	r = points_rows(p);
	scratch = scratch_create("mutual_information",
							 size_add(size_add(information_bytes(method, r->n, r->n_labels, number), unit_columns_bytes(r)),
									  size_mul(r->d, sizeof(double))),
							 "Take fewer rows, a random part of them.");
	MemoryContextSwitchTo(scratch);
	w = (InformationWork) {information_problem(method, r->label, r->n, r->n_labels, number), huge_matrix(1, r->d)};
	unit_columns(r, "mutual_information", 300, information_unit, &w);
	MemoryContextSwitchTo(old);
	for (Size j = 0; j < (Size) r->d; j++)
	{
		rows->values[2 * j] = Int32GetDatum((int32) j + 1);
		record_put_number(rows->values + 2 * j, rows->nulls + 2 * j, 1, w.information[j]);
	}
	MemoryContextDelete(outer);
	return rows;
}

Datum
search_mutual_information(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_information);
}
