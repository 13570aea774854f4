/*
 * sparse_gin.c
 *		Which indices are active: &&, @>, <@, and their GIN index.
 *
 * The operators look at active indices alone, neither at values nor at widths, so
 * a query can be active_at(17, 92).  The keys of an item are its active indices
 * (int4, from 0); a vector of zeros has none, and GIN keeps a place for it.  Keys
 * decide && and @> without fetching the row; a <@ b must look, because keys that
 * b does not have are not asked for.
 */
#include "postgres.h"

#include "access/gin.h"
#include "access/stratnum.h"
#include "fmgr.h"

#include "base/memory.h"
#include "search/sparse_product.h"

/* As in the operator class */
#define OVERLAPS		1
#define CONTAINS		2
#define CONTAINED		3

/* ---- operators ---- */

PG_FUNCTION_INFO_V1(sparse_overlaps);
Datum
sparse_overlaps(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(sparse_overlap(PG_GETARG_SPARSE(0), PG_GETARG_SPARSE(1), 1) > 0);
}

static bool
contains(const Sparse *a, const Sparse *b)
{
	return b->n <= a->n && sparse_overlap(a, b, b->n) == b->n;
}

PG_FUNCTION_INFO_V1(sparse_contains);
Datum
sparse_contains(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(contains(PG_GETARG_SPARSE(0), PG_GETARG_SPARSE(1)));
}

PG_FUNCTION_INFO_V1(sparse_contained);
Datum
sparse_contained(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(contains(PG_GETARG_SPARSE(1), PG_GETARG_SPARSE(0)));
}

/* ---- GIN ---- */

static Datum *
keys_of(const Sparse *s, int32 *n)
{
	Datum	   *keys = huge_alloc(size_mul(Max(s->n, 1), sizeof(Datum)));

	for (int32 i = 0; i < s->n; i++)
		keys[i] = Int32GetDatum(s->index[i]);
	*n = s->n;
	return keys;
}

/* (item, n keys, null flags) */
PG_FUNCTION_INFO_V1(sparse_gin_extract_value);
Datum
sparse_gin_extract_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(keys_of(PG_GETARG_SPARSE(0), (int32 *) PG_GETARG_POINTER(1)));
}

/* (query, n keys, strategy, partial, extra, null flags, search mode) */
PG_FUNCTION_INFO_V1(sparse_gin_extract_query);
Datum
sparse_gin_extract_query(PG_FUNCTION_ARGS)
{
	const Sparse *query = PG_GETARG_SPARSE(0);
	int32	   *n = (int32 *) PG_GETARG_POINTER(1);
	StrategyNumber strategy = PG_GETARG_UINT16(2);
	int32	   *mode = (int32 *) PG_GETARG_POINTER(6);
	Datum	   *keys = keys_of(query, n);

	if (strategy == CONTAINS && *n == 0)
		*mode = GIN_SEARCH_MODE_ALL;	/* everything contains nothing */
	else if (strategy == CONTAINED)
		*mode = GIN_SEARCH_MODE_INCLUDE_EMPTY;
	PG_RETURN_POINTER(keys);
}

/* (check, strategy, query, n keys, extra, recheck, keys, null flags) */
PG_FUNCTION_INFO_V1(sparse_gin_consistent);
Datum
sparse_gin_consistent(PG_FUNCTION_ARGS)
{
	const bool *check = (bool *) PG_GETARG_POINTER(0);
	StrategyNumber strategy = PG_GETARG_UINT16(1);
	int32		n = PG_GETARG_INT32(3);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(5);

	*recheck = strategy == CONTAINED;
	switch (strategy)
	{
		case OVERLAPS:
			for (int32 i = 0; i < n; i++)
				if (check[i])
					PG_RETURN_BOOL(true);
			PG_RETURN_BOOL(false);
		case CONTAINS:
			for (int32 i = 0; i < n; i++)
				if (!check[i])
					PG_RETURN_BOOL(false);
			PG_RETURN_BOOL(true);
		case CONTAINED:
			PG_RETURN_BOOL(true);
		default:
			elog(ERROR, "unknown strategy %d of sparse_gin_ops", strategy);
	}
}

/* (check, strategy, query, n keys, extra, keys, null flags) */
PG_FUNCTION_INFO_V1(sparse_gin_triconsistent);
Datum
sparse_gin_triconsistent(PG_FUNCTION_ARGS)
{
	const GinTernaryValue *check = (GinTernaryValue *) PG_GETARG_POINTER(0);
	StrategyNumber strategy = PG_GETARG_UINT16(1);
	int32		n = PG_GETARG_INT32(3);
	GinTernaryValue result;

	switch (strategy)
	{
		case OVERLAPS:
			result = GIN_FALSE;
			for (int32 i = 0; i < n; i++)
			{
				if (check[i] == GIN_TRUE)
					PG_RETURN_GIN_TERNARY_VALUE(GIN_TRUE);
				if (check[i] == GIN_MAYBE)
					result = GIN_MAYBE;
			}
			PG_RETURN_GIN_TERNARY_VALUE(result);
		case CONTAINS:
			result = GIN_TRUE;
			for (int32 i = 0; i < n; i++)
			{
				if (check[i] == GIN_FALSE)
					PG_RETURN_GIN_TERNARY_VALUE(GIN_FALSE);
				if (check[i] == GIN_MAYBE)
					result = GIN_MAYBE;
			}
			PG_RETURN_GIN_TERNARY_VALUE(result);
		case CONTAINED:
			PG_RETURN_GIN_TERNARY_VALUE(GIN_MAYBE);
		default:
			elog(ERROR, "unknown strategy %d of sparse_gin_ops", strategy);
	}
}
