/*
 * sparse_sdr.c
 *		SQL functions of binary sparse distributed representations: vectors of which
 *		only the active indices count.
 *
 * Ahmad and Hawkins (2016, arXiv:1601.00720): a segment of s synapses recognises
 * a pattern where theta of them are active.  Where a of n cells are active at
 * random, the number of active synapses is hypergeometric, and its tail from
 * theta is the probability of a false match.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "search/sparse_product.h"
#include "stats/hypergeometric.h"

PG_FUNCTION_INFO_V1(sdr_overlap);
Datum
sdr_overlap(PG_FUNCTION_ARGS)
{
	const Sparse *a = PG_GETARG_SPARSE(0);
	const Sparse *b = PG_GETARG_SPARSE(1);

	sparse_require_same_width(a, b);
	PG_RETURN_INT32(sparse_overlap(a, b, PG_INT32_MAX));
}

/* (segment, pattern, threshold) */
PG_FUNCTION_INFO_V1(sdr_matches);
Datum
sdr_matches(PG_FUNCTION_ARGS)
{
	const Sparse *segment = PG_GETARG_SPARSE(0);
	const Sparse *pattern = PG_GETARG_SPARSE(1);
	int32		threshold = PG_GETARG_INT32(2);

	sparse_require_same_width(segment, pattern);
	if (threshold < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must not be negative, but is %d", threshold)));
	PG_RETURN_BOOL(sparse_overlap(segment, pattern, threshold) >= threshold);
}

PG_FUNCTION_INFO_V1(sdr_union);
Datum
sdr_union(PG_FUNCTION_ARGS)
{
	const Sparse *a = PG_GETARG_SPARSE(0);
	const Sparse *b = PG_GETARG_SPARSE(1);

	sparse_require_same_width(a, b);
	PG_RETURN_SPARSE(sparse_union(a, b));
}

/* ---- theory ---- */

static int64
count_argument(FunctionCallInfo fcinfo, int argument, const char *name, int64 least, int64 most)
{
	int64		count = PG_GETARG_INT32(argument);

	if (count < least || count > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from " INT64_FORMAT " to " INT64_FORMAT ", not " INT64_FORMAT, name, least, most, count)));
	return count;
}

/* Cells of n that are expected to be active in the union of m random patterns of a cells each */
static double
union_active(double n, double a, double m)
{
	if (a == n)
		return n;
	return -n * expm1(m * log1p(-a / n));
}

/* (n, a, s, theta, patterns) */
PG_FUNCTION_INFO_V1(sdr_false_match);
Datum
sdr_false_match(PG_FUNCTION_ARGS)
{
	int64		n = count_argument(fcinfo, 0, "n", 1, PG_INT32_MAX);
	int64		a = count_argument(fcinfo, 1, "a", 0, n);
	int64		s = count_argument(fcinfo, 2, "s", 0, n);
	int64		theta = count_argument(fcinfo, 3, "theta", 0, PG_INT32_MAX);
	int64		patterns = count_argument(fcinfo, 4, "patterns", 1, PG_INT32_MAX);

	if (patterns > 1)
		a = (int64) rint(union_active((double) n, (double) a, (double) patterns));
	PG_RETURN_FLOAT8(hypergeometric_tail(n, s, a, theta));
}

/* (n, a, patterns) */
PG_FUNCTION_INFO_V1(sdr_union_active);
Datum
sdr_union_active(PG_FUNCTION_ARGS)
{
	int64		n = count_argument(fcinfo, 0, "n", 1, PG_INT32_MAX);
	int64		a = count_argument(fcinfo, 1, "a", 0, n);
	int64		patterns = count_argument(fcinfo, 2, "patterns", 1, PG_INT32_MAX);

	PG_RETURN_FLOAT8(union_active((double) n, (double) a, (double) patterns));
}
