/*
 * sparse_statistics.c
 *		What ANALYZE keeps of a column of sparse vectors, and how many rows the
 *		planner expects of &&, @> and <@.
 *
 * ANALYZE counts in how many of its rows each index is active, and keeps the most
 * frequent as PostgreSQL keeps those of arrays (STATISTIC_KIND_MCELEM: elements in
 * order, with their shares, the least and the greatest of these): pg_stats shows
 * them in most_common_elems, from 1 as SQL counts.  Indices that are not among
 * them are taken to be half as frequent as the rarest.  The planner multiplies
 * shares, as if features came independently.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "base/compare.h"
#include "base/memory.h"
#include "search/sparse.h"

#define MOST_ENTRIES	((Size) 16 * 1024 * 1024)	/* that ANALYZE looks at: rows after these are not counted */
#define KEPT_A_TARGET	10					/* indices kept for each unit of the statistics target, as of arrays */

/* Without statistics, as of arrays */
#define DEFAULT_OVERLAPS	0.01
#define DEFAULT_CONTAINS	0.005

/* ---- ANALYZE ---- */

typedef struct Standard
{
	AnalyzeAttrComputeStatsFunc compute;
	void	   *extra;
	int			target;
} Standard;

typedef struct IndexCount
{
	int32		index;			/* from 1 */
	int32		rows;
} IndexCount;

/* The most frequent first */
static int
compare_rows(const void *a, const void *b)
{
	int32		x = ((const IndexCount *) a)->rows;
	int32		y = ((const IndexCount *) b)->rows;

	return x != y ? (x < y) - (x > y) : compare_int32(a, b);
}

/* All active indices of the sample, from 1; *rows are those without NULL that they are of. */
static int32 *
gather(VacAttrStats *stats, AnalyzeAttrFetchFunc fetch, int n_rows, int *rows, Size *n)
{
	Size		capacity = 65536;
	int32	   *index = huge_alloc(capacity * sizeof(int32));

	*rows = 0;
	*n = 0;
	for (int r = 0; r < n_rows && *n < MOST_ENTRIES; r++)
	{
		bool		isnull;
		Datum		value;
		Sparse	   *s;

#if PG_VERSION_NUM >= 180000
		vacuum_delay_point(true);
#else
		vacuum_delay_point();
#endif
		value = fetch(stats, r, &isnull);
		if (isnull)
			continue;
		s = DatumGetSparse(value);
		if (*n + s->n > capacity)
		{
			capacity = Max(2 * capacity, *n + s->n);
			index = repalloc_huge(index, capacity * sizeof(int32));
		}
		for (int32 i = 0; i < s->n; i++)
			index[(*n)++] = s->index[i] + 1;
		(*rows)++;
		if (PointerGetDatum(s) != value)
			pfree(s);
	}
	return index;
}

/* The distinct indices with their rows, the most frequent first */
static IndexCount *
count(int32 *index, Size n, int *n_distinct)
{
	IndexCount *counts;
	int			distinct = 0;

	qsort(index, n, sizeof(int32), compare_int32);
	for (Size i = 0; i < n; i++)
		distinct += i == 0 || index[i] != index[i - 1];
	counts = huge_alloc(size_mul(Max(distinct, 1), sizeof(IndexCount)));
	distinct = 0;
	for (Size i = 0; i < n; i++)
	{
		if (i == 0 || index[i] != index[i - 1])
			counts[distinct++] = (IndexCount) {index[i], 0};
		counts[distinct - 1].rows++;
	}
	qsort(counts, distinct, sizeof(IndexCount), compare_rows);
	*n_distinct = distinct;
	return counts;
}

/* Into the first free slot; 'counts' by index */
static void
keep(VacAttrStats *stats, const IndexCount *counts, int n, double rows, double least, double most)
{
	MemoryContext old;
	int			slot = 0;
	Datum	   *values;
	float4	   *numbers;

	while (slot < STATISTIC_NUM_SLOTS && stats->stakind[slot] != 0)
		slot++;
	if (slot == STATISTIC_NUM_SLOTS)
		return;
	old = MemoryContextSwitchTo(stats->anl_context);
	values = palloc(n * sizeof(Datum));
	numbers = palloc((n + 3) * sizeof(float4));
	MemoryContextSwitchTo(old);
	for (int i = 0; i < n; i++)
	{
		values[i] = Int32GetDatum(counts[i].index);
		numbers[i] = (float4) (counts[i].rows / rows);
	}
	numbers[n] = (float4) (least / rows);
	numbers[n + 1] = (float4) (most / rows);
	numbers[n + 2] = 0;			/* the share of NULL elements */
	stats->stakind[slot] = STATISTIC_KIND_MCELEM;
	stats->staop[slot] = Int4EqualOperator;
	stats->stacoll[slot] = InvalidOid;
	stats->stanumbers[slot] = numbers;
	stats->numnumbers[slot] = n + 3;
	stats->stavalues[slot] = values;
	stats->numvalues[slot] = n;
	stats->statypid[slot] = INT4OID;
	stats->statyplen[slot] = sizeof(int32);
	stats->statypbyval[slot] = true;
	stats->statypalign[slot] = TYPALIGN_INT;
}

static void
compute(VacAttrStats *stats, AnalyzeAttrFetchFunc fetch, int n_rows, double total_rows)
{
	Standard   *standard = stats->extra_data;
	int32	   *index;
	IndexCount *counts;
	Size		n;
	int			rows;
	int			distinct;
	int			kept;
	int32		least;
	int32		most;

	stats->extra_data = standard->extra;
	standard->compute(stats, fetch, n_rows, total_rows);
	stats->extra_data = standard;

	index = gather(stats, fetch, n_rows, &rows, &n);
	counts = count(index, n, &distinct);
	kept = Min(distinct, standard->target * KEPT_A_TARGET);
	if (kept > 0)
	{
		most = counts[0].rows;
		least = counts[kept - 1].rows;
		qsort(counts, kept, sizeof(IndexCount), compare_int32);	/* the index comes first */
		keep(stats, counts, kept, rows, least, most);
	}
	pfree(index);
	pfree(counts);
}

PG_FUNCTION_INFO_V1(sparse_typanalyze);
Datum
sparse_typanalyze(PG_FUNCTION_ARGS)
{
	VacAttrStats *stats = (VacAttrStats *) PG_GETARG_POINTER(0);
	Standard   *standard;

	if (!std_typanalyze(stats))
		PG_RETURN_BOOL(false);
	standard = palloc(sizeof(Standard));
	standard->compute = stats->compute_stats;
	standard->extra = stats->extra_data;
	standard->target = stats->minrows / 300;	/* as std_typanalyze makes it */
	stats->compute_stats = compute;
	stats->extra_data = standard;
	PG_RETURN_BOOL(true);
}

/* ---- the planner ---- */

typedef enum Question
{
	OVERLAPS,
	CONTAINS,					/* the column has all of the query */
	CONTAINED
} Question;

/* Of the rows without NULL, the share that has an index (from 1) */
static double
share_of(const AttStatsSlot *common, int32 index)
{
	int			low = 0;
	int			high = common->nvalues;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (DatumGetInt32(common->values[middle]) < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < common->nvalues && DatumGetInt32(common->values[low]) == index)
		return common->numbers[low];
	return common->numbers[common->nvalues] / 2;
}

static double
share_of_rows(const AttStatsSlot *common, const Sparse *query, Question question)
{
	double		product = 1;

	for (int32 i = 0; i < query->n; i++)
	{
		double		share = share_of(common, query->index[i] + 1);

		product *= question == CONTAINS ? share : 1 - share;
	}
	return question == CONTAINS ? product : 1 - product;
}

/* Without what this knows of; of a column without statistics too */
static double
default_share(const Sparse *query, Question question)
{
	if (query->n == 0 && question == OVERLAPS)
		return 0;
	if (query->n == 0 && question == CONTAINS)
		return 1;
	return question == OVERLAPS ? DEFAULT_OVERLAPS : DEFAULT_CONTAINS;
}

static double
selectivity(VariableStatData *column, const Sparse *query, Question question)
{
	AttStatsSlot common;
	double		share;
	double		nulls = 0;

	if (HeapTupleIsValid(column->statsTuple))
		nulls = ((Form_pg_statistic) GETSTRUCT(column->statsTuple))->stanullfrac;
	if (question != CONTAINED && query->n > 0 && HeapTupleIsValid(column->statsTuple) && statistic_proc_security_check(column, F_INT4EQ) &&
		get_attstatsslot(&common, column->statsTuple, STATISTIC_KIND_MCELEM, InvalidOid, ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
	{
		/* numbers: one a value, the least, the greatest, that of NULL */
		share = common.nnumbers == common.nvalues + 3 ? share_of_rows(&common, query, question) : default_share(query, question);
		free_attstatsslot(&common);
	}
	else
		share = default_share(query, question);
	return share * (1 - nulls);
}

/* (planner, operator, arguments, relation) */
static Datum
estimate(FunctionCallInfo fcinfo, Question question)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	int			relation = PG_GETARG_INT32(3);
	double		otherwise = question == OVERLAPS ? DEFAULT_OVERLAPS : DEFAULT_CONTAINS;
	VariableStatData column;
	Node	   *other;
	bool		on_left;

	if (!get_restriction_variable(root, args, relation, &column, &other, &on_left))
		PG_RETURN_FLOAT8(otherwise);
	if (IsA(other, Const) && ((Const *) other)->constisnull)
		otherwise = 0;
	else if (IsA(other, Const))
	{
		if (!on_left && question != OVERLAPS)
			question = question == CONTAINS ? CONTAINED : CONTAINS;
		otherwise = selectivity(&column, DatumGetSparse(((Const *) other)->constvalue), question);
	}
	ReleaseVariableStats(column);
	CLAMP_PROBABILITY(otherwise);
	PG_RETURN_FLOAT8(otherwise);
}

PG_FUNCTION_INFO_V1(sparse_overlaps_sel);
Datum
sparse_overlaps_sel(PG_FUNCTION_ARGS)
{
	return estimate(fcinfo, OVERLAPS);
}

PG_FUNCTION_INFO_V1(sparse_contains_sel);
Datum
sparse_contains_sel(PG_FUNCTION_ARGS)
{
	return estimate(fcinfo, CONTAINS);
}

PG_FUNCTION_INFO_V1(sparse_contained_sel);
Datum
sparse_contained_sel(PG_FUNCTION_ARGS)
{
	return estimate(fcinfo, CONTAINED);
}
