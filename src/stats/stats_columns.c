/*
 * stats_columns.c
 *		SQL glue of the column aggregates: column_corr, column_r2, split_half and
 *		column_spearman.
 *
 * The state of all but the last is a float8 tensor (a vector laid out as
 * columns.h says), changed in place; they use the same transition, so that
 * PostgreSQL computes it once where a query asks for several of the same columns.
 * The state of spearman is the rows.
 */
#include "postgres.h"
#include "fmgr.h"
#include "access/parallel.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "stats/column_state.h"
#include "stats/columns.h"

/* ---- arguments ---- */

/* The two tensors of a row: vectors of the same width, and of the width p seen before. */
static void
check_row(const Tensor *a, const Tensor *b, bool first, Size p, double rows_before)
{
	tensor_require_vector(a, "the first argument");
	tensor_require_vector(b, "the second argument");
	tensor_require_same_shape(a, b);
	if (!first && (Size) a->dims[0] != p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row %.0f has %d columns, earlier rows have %zu", rows_before + 1,
						a->dims[0], p),
				 errdetail("Rows with a NULL are not counted.")));
}

/* ---- column_corr and column_r2 ---- */

static const ColumnStateKind column_moments_state = {"a column aggregate", COLUMN_SUMS, column_moments_merge};

/* The elements as float8: in place, or converted into a buffer that the call site keeps. */
static const double *
elements_f8(FunctionCallInfo fcinfo, const Tensor *t, int which)
{
	/* fn_extra: a float8 tensor of two rows, one an argument */
	Tensor	   *buffer = fcinfo->flinfo->fn_extra;
	Size		n = tensor_size(t);
	double	   *out;

	if (t->dtype == TENSOR_FLOAT8)
		return TENSOR_F8(t);
	if (buffer == NULL || buffer->dims[1] != t->dims[0])
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (buffer != NULL)
		{
			fcinfo->flinfo->fn_extra = NULL;
			pfree(buffer);
		}
		buffer = tensor_new_matrix(TENSOR_FLOAT8, 2, n);
		fcinfo->flinfo->fn_extra = buffer;
		MemoryContextSwitchTo(old);
	}
	out = TENSOR_F8(buffer) + which * n;
	tensor_read_f8(t, 0, n, out);
	return out;
}

PG_FUNCTION_INFO_V1(stats_column_moments_transition);
Datum
stats_column_moments_transition(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_TENSOR(0);
	Tensor	   *a;
	Tensor	   *b;
	Size		p = 0;

	aggregate_context(fcinfo);
	if (state != NULL)
		p = column_state_columns(&column_moments_state, state);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_TENSOR(state);
	}
	a = PG_GETARG_TENSOR(1);
	b = PG_GETARG_TENSOR(2);
	check_row(a, b, state == NULL, p, state == NULL ? 0 : TENSOR_F8(state)[0]);
	if (state == NULL)
	{
		p = (Size) a->dims[0];
		state = tensor_new_vector(TENSOR_FLOAT8, COLUMN_STATE_SIZE(p));
	}
	column_moments_add(TENSOR_F8(state), p, elements_f8(fcinfo, a, 0), elements_f8(fcinfo, b, 1));
	PG_RETURN_TENSOR(state);
}

PG_FUNCTION_INFO_V1(stats_column_moments_combine);
Datum
stats_column_moments_combine(PG_FUNCTION_ARGS)
{
	return column_state_combine(fcinfo, &column_moments_state);
}

PG_FUNCTION_INFO_V1(stats_column_corr);
Datum
stats_column_corr(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_GETARG_TENSOR(0);
	Size		p = column_state_columns(&column_moments_state, state);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, p);

	column_moments_corr(TENSOR_F8(state), p, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(stats_column_r2);
Datum
stats_column_r2(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_GETARG_TENSOR(0);
	Size		p = column_state_columns(&column_moments_state, state);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, p);

	column_moments_r2(TENSOR_F8(state), p, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

/* Spearman-Brown: reliability of both halves together; a negative r is left */
PG_FUNCTION_INFO_V1(stats_split_half);
Datum
stats_split_half(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_GETARG_TENSOR(0);
	Size		p = column_state_columns(&column_moments_state, state);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, p);
	double	   *r = TENSOR_F8(out);

	column_moments_corr(TENSOR_F8(state), p, r);
	for (Size i = 0; i < p; i++)
		if (r[i] > 0)
			r[i] = 2 * r[i] / (1 + r[i]);
	PG_RETURN_TENSOR(out);
}

/* ---- column_spearman ---- */

static void
write_row(const Tensor *t, TensorType dtype, void *row, Size start)
{
	Size		n = tensor_size(t);

	if (dtype == TENSOR_FLOAT4)
		tensor_read_f4(t, 0, n, (float *) row + start);
	else
		tensor_read_f8(t, 0, n, (double *) row + start);
}

/* A worker's rows reach the leader as one value, which can't exceed 1 GB. */
static void
check_worker_rows(const ColumnRows *rows)
{
	if (rows->bytes > MaxAllocSize / 10 * 9)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column_spearman holds more rows than a parallel worker can hand over"),
				 errdetail("A worker holds %zu bytes.", rows->bytes),
				 errhint("Set max_parallel_workers_per_gather to 0.")));
}

PG_FUNCTION_INFO_V1(stats_column_spearman_transition);
Datum
stats_column_spearman_transition(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	ColumnRows *rows = PG_ARGISNULL(0) ? NULL : (ColumnRows *) PG_GETARG_POINTER(0);
	Tensor	   *a;
	Tensor	   *b;
	TensorType	dtype;
	void	   *row;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (rows == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(rows);
	}
	a = PG_GETARG_TENSOR(1);
	b = PG_GETARG_TENSOR(2);
	check_row(a, b, rows == NULL, rows == NULL ? 0 : rows->p,
			  rows == NULL ? 0 : (double) rows->n);
	if (rows == NULL)
	{
		(void) tensor_check_shape(TENSOR_FLOAT8, 1, a->dims);	/* that of the answer */
		rows = column_rows_new(cxt, (Size) a->dims[0]);
	}
	dtype = tensor_common_type(tensor_common_type(a->dtype, b->dtype), TENSOR_FLOAT4);
	row = column_rows_add(rows, dtype);
	write_row(a, dtype, row, 0);
	write_row(b, dtype, row, rows->p);
	if (IsParallelWorker())
		check_worker_rows(rows);
	PG_RETURN_POINTER(rows);
}

PG_FUNCTION_INFO_V1(stats_column_spearman_combine);
Datum
stats_column_spearman_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	ColumnRows *dst = PG_ARGISNULL(0) ? NULL : (ColumnRows *) PG_GETARG_POINTER(0);
	ColumnRows *src = PG_ARGISNULL(1) ? NULL : (ColumnRows *) PG_GETARG_POINTER(1);

	if (src != NULL)
	{
		if (dst == NULL)
			dst = column_rows_new(cxt, src->p);
		if (dst->p != src->p)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("some rows have %zu columns, others %zu", dst->p, src->p)));
		column_rows_merge(dst, src);
	}
	if (dst == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(dst);
}

/* p, then for each block its element type, number of rows and rows, as in memory */
PG_FUNCTION_INFO_V1(stats_column_spearman_serialize);
Datum
stats_column_spearman_serialize(PG_FUNCTION_ARGS)
{
	ColumnRows *rows = (ColumnRows *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	aggregate_context(fcinfo);
	check_worker_rows(rows);
	pq_begintypsend(&buf);
	pq_sendint64(&buf, (int64) rows->p);
	for (const ColumnBlock *block = rows->first; block != NULL; block = block->next)
	{
		pq_sendbyte(&buf, (uint8) block->dtype);
		pq_sendint64(&buf, (int64) block->n);
		pq_sendbytes(&buf, block->rows, (int) (block->n * 2 * rows->p * block->dtype));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(stats_column_spearman_deserialize);
Datum
stats_column_spearman_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;
	ColumnRows *rows;

	aggregate_context(fcinfo);
	buf.data = VARDATA_ANY(bytes);
	buf.len = VARSIZE_ANY_EXHDR(bytes);
	buf.maxlen = buf.len;
	buf.cursor = 0;
	rows = column_rows_new(CurrentMemoryContext, (Size) pq_getmsgint64(&buf));
	while (buf.cursor < buf.len)
	{
		TensorType	dtype = (TensorType) pq_getmsgbyte(&buf);
		int64		n = pq_getmsgint64(&buf);
		Size		row = size_mul(2 * sizeof(double), rows->p);

		if ((dtype != TENSOR_FLOAT4 && dtype != TENSOR_FLOAT8) || n < 0 ||
			size_mul(row, n) > 2 * (Size) MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of column_spearman")));
		row = row / sizeof(double) * dtype;
		for (int64 i = 0; i < n; i++)
			memcpy(column_rows_add(rows, dtype), pq_getmsgbytes(&buf, (int) row), row);
	}
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(rows);
}

PG_FUNCTION_INFO_V1(stats_column_spearman);
Datum
stats_column_spearman(PG_FUNCTION_ARGS)
{
	ColumnRows *rows = PG_ARGISNULL(0) ? NULL : (ColumnRows *) PG_GETARG_POINTER(0);
	Tensor	   *out;

	aggregate_context(fcinfo);
	if (rows == NULL)
		PG_RETURN_NULL();
	out = tensor_new_vector(TENSOR_FLOAT8, rows->p);
	column_rows_spearman(rows, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}
