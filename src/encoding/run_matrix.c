/*
 * run_matrix.c
 *		The rows of one run as a matrix, claimed against the memory limit as soon
 *		as the first row tells how wide it is.
 *
 * float2 and float4 rows are held as float4.  A float8 row among them, which no
 * column of one type has, makes the matrix float8; each row leaves in the type
 * that it came in.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "encoding/clean.h"

#define CLAIM_HINT "All rows of a run are held: take the columns in parts (x[1:1000]), or partition by run."

RunMatrix *
run_matrix_new(MemoryContext parent, Size n_rows)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "neuroenc run", ALLOCSET_DEFAULT_SIZES);
	RunMatrix  *m = MemoryContextAllocZero(cxt, sizeof(RunMatrix));

	m->cxt = cxt;
	m->claim = memory_claim(cxt, "a run");
	m->n_rows = n_rows;
	m->width = -1;
	memory_claim_add(m->claim, n_rows, CLAIM_HINT);
	m->types = MemoryContextAllocHuge(cxt, n_rows);
	return m;
}

HOT_LOOP static bool
any_nan_f4(const float *x, Size n)
{
	int			found = 0;

	for (Size i = 0; i < n; i++)
		found |= x[i] != x[i];
	return found != 0;
}

HOT_LOOP static bool
any_nan_f8(const double *x, Size n)
{
	int			found = 0;

	for (Size i = 0; i < n; i++)
		found |= x[i] != x[i];
	return found != 0;
}

static void
fill_nan(RunMatrix *m, Size i)
{
	Size		width = (Size) m->width;

	if (m->held == TENSOR_FLOAT8)
		for (Size c = 0; c < width; c++)
			((double *) m->data)[i * width + c] = NAN;
	else
		for (Size c = 0; c < width; c++)
			((float *) m->data)[i * width + c] = NAN;
}

/* Memory for a matrix of this type, claimed */
static void *
allocate(RunMatrix *m, TensorType type)
{
	Size		bytes = size_mul(size_mul(m->n_rows, (Size) m->width), (Size) type);
	MemoryContext old;
	void	   *data;

	memory_claim_add(m->claim, bytes, CLAIM_HINT);
	old = MemoryContextSwitchTo(m->cxt);
	data = huge_alloc(Max(bytes, 1));
	MemoryContextSwitchTo(old);
	return data;
}

/* The first row that is not NULL, number i, tells width and type. */
static void
start(RunMatrix *m, Size i, const Tensor *row)
{
	m->width = row->dims[0];
	m->held = tensor_common_type((TensorType) row->dtype, TENSOR_FLOAT4);
	m->data = allocate(m, m->held);
	for (Size before = 0; before < i; before++)
		fill_nan(m, before);
}

/* From float4 to float8, of which the first 'filled' rows are there. */
static void
widen(RunMatrix *m, Size filled)
{
	Size		n = filled * (Size) m->width;
	const float *from = m->data;
	double	   *to = allocate(m, TENSOR_FLOAT8);

	for (Size i = 0; i < n; i++)
		to[i] = (double) from[i];
	pfree(m->data);
	memory_claim_sub(m->claim, m->n_rows * (Size) m->width * sizeof(float));
	m->data = to;
	m->held = TENSOR_FLOAT8;
}

void
run_matrix_set(RunMatrix *m, Size i, const Tensor *row)
{
	Size		at;

	m->types[i] = row == NULL ? 0 : row->dtype;
	if (row == NULL)
	{
		m->missing = true;
		if (m->width >= 0)
			fill_nan(m, i);
		return;
	}
	if (m->width < 0)
		start(m, i, row);
	if (row->dims[0] != m->width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row %zu of the run has width %d, earlier rows have width " INT64_FORMAT,
						i + 1, row->dims[0], m->width)));
	if (row->dtype == TENSOR_FLOAT8 && m->held != TENSOR_FLOAT8)
		widen(m, i);
	at = i * (Size) m->width;
	if (m->held == TENSOR_FLOAT8)
	{
		tensor_read_f8(row, 0, (Size) m->width, (double *) m->data + at);
		m->missing |= any_nan_f8((double *) m->data + at, (Size) m->width);
	}
	else
	{
		tensor_read_f4(row, 0, (Size) m->width, (float *) m->data + at);
		m->missing |= any_nan_f4((float *) m->data + at, (Size) m->width);
	}
}

Tensor *
run_matrix_get(const RunMatrix *m, Size i)
{
	Size		at = i * (Size) m->width;
	int32		width = (int32) m->width;
	Tensor	   *row;

	if (m->types[i] == 0)
		return NULL;
	row = tensor_new_unset((TensorType) m->types[i], 1, &width);
	if (m->held == TENSOR_FLOAT8)
		tensor_write_f8(row, 0, (Size) width, (double *) m->data + at);
	else
		tensor_write_f4(row, 0, (Size) width, (float *) m->data + at);
	return row;
}
