/*
 * codes.c
 *		Sparse codes of a block of rows.
 *
 * Threads make them, so that a row's room is there before its entries are counted.
 */
#include "postgres.h"

#include "base/convert.h"
#include "base/memory.h"
#include "search/codes.h"

Size
codes_bytes(TensorType dtype, int rows, Size value_room, Size index_room)
{
	Size		a_row = size_add(size_mul(value_room, dtype), size_mul(size_add(index_room, 1), sizeof(int32)));

	return size_mul(rows, a_row);
}

Codes *
codes_new(TensorType dtype, int rows, Size value_room, Size index_room)
{
	Codes	   *c = palloc0(sizeof(Codes));

	c->dtype = dtype;
	c->value_room = value_room;
	c->index_room = index_room;
	c->count = huge_alloc(size_mul(rows, sizeof(int32)));
	c->index = huge_alloc(size_mul(size_mul(rows, index_room), sizeof(int32)));
	c->value = huge_alloc(size_mul(size_mul(rows, value_room), dtype));
	return c;
}

void
codes_read_f8(const Codes *c, int i, double *out)
{
	if (c->dtype == TENSOR_FLOAT4)
		widen_floats(CODES_F4(c, i), out, c->count[i]);
	else
		memcpy(out, CODES_F8(c, i), c->count[i] * sizeof(double));
}
