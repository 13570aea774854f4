/*
 * sparse_compare.c
 *		The total order of sparse vectors, for =, <, btree, and a hash that agrees.
 *
 * The order of the tensors that they stand for: the first element that differs
 * decides, zeros included, then the width.  Elements compare as float8 values
 * whatever their type.  Without NaN and with one form of each vector, equal means
 * the same indices and values.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "search/sparse.h"

#define CHUNK 256

/* -1, 0 or 1 */
static int
compare(const Sparse *a, const Sparse *b)
{
	int32		shared = Min(a->width, b->width);
	int32		n = Min(a->n, b->n);
	int32		i = 0;
	int32		x;
	int32		y;

	while (i < n && a->index[i] == b->index[i] && sparse_value(a, i) == sparse_value(b, i))
	{
		if (++i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	x = i < a->n ? a->index[i] : PG_INT32_MAX;
	y = i < b->n ? b->index[i] : PG_INT32_MAX;
	if (Min(x, y) < shared)
	{
		double		u = x <= y ? sparse_value(a, i) : 0;
		double		v = y <= x ? sparse_value(b, i) : 0;

		return u < v ? -1 : 1;
	}
	return (a->width > b->width) - (a->width < b->width);
}

static int
compare_arguments(FunctionCallInfo fcinfo)
{
	Sparse	   *a = PG_GETARG_SPARSE(0);
	Sparse	   *b = PG_GETARG_SPARSE(1);
	int			order = compare(a, b);

	PG_FREE_IF_COPY(a, 0);		/* an index build compares millions of pairs */
	PG_FREE_IF_COPY(b, 1);
	return order;
}

static uint64
hash(const Sparse *s, uint64 seed)
{
	uint64		h = hash_bytes_extended((const unsigned char *) &s->width, sizeof(s->width), seed);
	double		value[CHUNK];

	for (int32 start = 0; start < s->n; start += CHUNK)
	{
		int32		m = Min(CHUNK, s->n - start);

		for (int32 i = 0; i < m; i++)
			value[i] = sparse_value(s, start + i);
		h = hash_bytes_extended((const unsigned char *) (s->index + start), m * (int) sizeof(int32), h);
		h = hash_bytes_extended((const unsigned char *) value, m * (int) sizeof(double), h);
		CHECK_FOR_INTERRUPTS();
	}
	return h;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): 'condition' is an operator and its right side */
#define COMPARE_FUNCTION(name, condition) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(compare_arguments(fcinfo) condition); \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

COMPARE_FUNCTION(sparse_eq, == 0)
COMPARE_FUNCTION(sparse_ne, != 0)
COMPARE_FUNCTION(sparse_lt, < 0)
COMPARE_FUNCTION(sparse_le, <= 0)
COMPARE_FUNCTION(sparse_gt, > 0)
COMPARE_FUNCTION(sparse_ge, >= 0)

PG_FUNCTION_INFO_V1(sparse_cmp);
Datum
sparse_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

PG_FUNCTION_INFO_V1(sparse_hash);
Datum
sparse_hash(PG_FUNCTION_ARGS)
{
	Sparse	   *s = PG_GETARG_SPARSE(0);
	uint32		h = (uint32) hash(s, 0);

	PG_FREE_IF_COPY(s, 0);
	PG_RETURN_INT32((int32) h);
}

PG_FUNCTION_INFO_V1(sparse_hash_extended);
Datum
sparse_hash_extended(PG_FUNCTION_ARGS)
{
	Sparse	   *s = PG_GETARG_SPARSE(0);
	uint64		h = hash(s, (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(s, 0);
	PG_RETURN_INT64((int64) h);
}
