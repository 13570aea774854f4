/*
 * sparse_codes.c
 *		SQL glue that the methods which make sparse codes share: a row at a time, and
 *		sets of rows in blocks.
 *
 * A set-returning function codes a block when its first row is asked for, so that it
 * takes a block's memory and no more; only a batch (SaeBatch) needs all rows first.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/convert.h"
#include "base/memory.h"
#include "base/progress.h"
#include "search/sparse_codes.h"
#include "stats/points.h"

#define PART		((Size) 1 << 18)	/* elements between checks for interrupts */
#define TOO_LARGE	1e150			/* squares of elements must be representable */

/* ---- reading ---- */

TensorType
codes_dtype(const Tensor *t)
{
	return t->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
}

static char *
place_text(const Tensor *t, Size i)
{
	if (t->ndim == 2)
		return psprintf("[%zu, %zu]", i / (Size) t->dims[1] + 1, i % (Size) t->dims[1] + 1);
	return psprintf("[%zu]", i + 1);
}

static void
read_part(const Tensor *t, const char *what, Size start, Size n, TensorType dtype, void *out)
{
	Size		i = 0;

	if (dtype == TENSOR_FLOAT4)
	{
		tensor_read_f4(t, start, n, out);
		while (i < n && isfinite(((float *) out)[i]))
			i++;
	}
	else
	{
		tensor_read_f8(t, start, n, out);
		while (i < n && fabs(((double *) out)[i]) < TOO_LARGE)
			i++;
	}
	if (i < n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %s of %s must be finite, and %s", place_text(t, start + i), what,
						dtype == TENSOR_FLOAT4 ? "in the range of float4" : "below 1e150"),
				 errdetail_client("It is %g.", tensor_get(t, start + i))));
}

void
codes_read_finite(const Tensor *t, const char *what, Size start, Size n, TensorType dtype, void *out)
{
	for (Size at = 0; at < n; at += PART)
	{
		CHECK_FOR_INTERRUPTS();
		read_part(t, what, start + at, Min(PART, n - at), dtype, (char *) out + at * dtype);
	}
}

void *
codes_read_matrix(const Tensor *t, const char *what, bool transposed, TensorType dtype)
{
	Size		n = tensor_size(t);
	void	   *out = huge_alloc(size_mul(n, dtype));
	Tensor	   *turned;

	codes_read_finite(t, what, 0, n, dtype, out);
	if (!transposed)
		return out;
	turned = tensor_transpose(t, NULL);
	codes_read_finite(turned, what, 0, n, dtype, out);
	pfree(turned);
	return out;
}

/* Row i of a block as a sparse value; scratch: as many float8 as it has entries. */
static Datum
sparse_of_row(const Coder *c, int i, TensorType dtype, double *scratch)
{
	codes_read_f8(c->codes, i, scratch);
	return SparsePGetDatum(sparse_from_pairs(dtype, (int32) c->m, c->codes->count[i], CODES_INDEX(c->codes, i), scratch));
}

/* ---- one row ---- */

KeptCoder *
kept_coder_new(void *dictionary)
{
	KeptCoder  *kept = palloc0(sizeof(KeptCoder));

	kept->dictionary = dictionary;
	kept->cxt = AllocSetContextCreate(CurrentMemoryContext, "neuroenc coder", ALLOCSET_DEFAULT_SIZES);
	return kept;
}

static void
renew_coder(KeptCoder *kept, CoderMaker make, const void *options, Size bytes)
{
	MemoryContext old;

	Assert(bytes <= sizeof(kept->options));
	if (kept->coder && memcmp(kept->options, options, bytes) == 0)
		return;
	kept->coder = NULL;
	MemoryContextReset(kept->cxt);
	old = MemoryContextSwitchTo(kept->cxt);
	memcpy(kept->options, options, bytes);
	kept->coder = make(kept->dictionary, options, 1, 1);
	MemoryContextSwitchTo(old);
}

Datum
code_one_row(FunctionCallInfo fcinfo, int x_argument, KeptCoder *kept, CoderMaker make,
			 const void *options, Size options_bytes, TensorType dtype, const char *function)
{
	const Tensor *x = PG_GETARG_TENSOR(x_argument);
	const Coder *c;
	void	   *row;

	renew_coder(kept, make, options, options_bytes);
	c = kept->coder;
	if (x->ndim == 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x is a matrix, of shape %s", tensor_shape_text(x)),
				 errhint("%s gives the codes of its rows.", function)));
	tensor_require_vector(x, "x");
	if ((Size) x->dims[0] != c->d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x has %d elements, but the dictionary is for %zu", x->dims[0], c->d)));
	row = huge_alloc(size_mul(c->d, c->dtype));
	codes_read_finite(x, "x", 0, c->d, c->dtype, row);
	c->encode(c, 1, row);
	return sparse_of_row(c, 0, dtype, huge_matrix(1, Max(1, c->codes->count[0])));
}

/* ---- many rows ---- */

typedef struct IdOrder
{
	int64		id;
	int32		place;
} IdOrder;

typedef struct RowScan
{
	const Coder *coder;
	TensorType	dtype;			/* of codes */
	Size		d;
	int64		n;
	const Tensor *matrix;		/* these, */
	const PointRows *points;	/* or those */
	IdOrder    *order;			/* n, of points */
	void	   *x;				/* a block */
	double	   *scratch;		/* m */
	int64		first;			/* row of the codes at hand */
	int64		next;			/* to give */
	SaeBatch   *batch;
	int64		batch_next;		/* its next entry */
} RowScan;

static int
compare_ids(const void *a, const void *b)
{
	const IdOrder *x = a;
	const IdOrder *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void
scan_points(RowScan *s, const Points *p)
{
	if (p->rows != NULL && p->key != POINTS_ID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points have no ids"),
				 errhint("Make them with points_agg(id, t).")));
	s->n = points_n(p);
	s->d = points_dimensions(p);
	if (s->n == 0)
		return;
	s->points = points_rows(p);
	s->order = huge_alloc(size_mul(s->n, sizeof(IdOrder)));
	for (int i = 0; i < s->points->n; i++)
		s->order[i] = (IdOrder) {s->points->id[i], i};
	qsort(s->order, s->n, sizeof(IdOrder), compare_ids);
}

static void
scan_matrix(RowScan *s, const Tensor *t)
{
	if (t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x must be a matrix of rows, not a tensor of shape %s", tensor_shape_text(t))));
	s->matrix = t;
	s->n = t->dims[0];
	s->d = (Size) t->dims[1];
}

static void
load_points(const RowScan *s, int64 first, int n)
{
	const PointRows *p = s->points;

	for (int i = 0; i < n; i++)
	{
		Size		from = (Size) s->order[first + i].place * s->d;
		Size		to = (Size) i * s->d;

		if (s->coder->dtype == p->dtype)
			memcpy((char *) s->x + to * p->dtype, (const char *) p->values + from * p->dtype, s->d * p->dtype);
		else if (p->dtype == TENSOR_FLOAT4)
			widen_floats(POINT_ROWS_F4(p) + from, (double *) s->x + to, s->d);
		else
			narrow_doubles(POINT_ROWS_F8(p) + from, (float *) s->x + to, s->d);
	}
}

/* Codes of the rows from 'first' on; how many. */
static int
code_block(RowScan *s, int64 first)
{
	int			n = (int) Min(s->coder->block_rows, s->n - first);

	if (s->matrix)
		codes_read_finite(s->matrix, "x", (Size) first * s->d, (Size) n * s->d, s->coder->dtype, s->x);
	else
		load_points(s, first, n);
	s->coder->encode(s->coder, n, s->x);
	s->first = first;
	progress_add(n);
	return n;
}

static void
code_batch(RowScan *s, int64 k)
{
	s->batch = sae_batch_new((int64) size_mul(k, s->n));
	for (int64 first = 0; first < s->n;)
	{
		int			n = code_block(s, first);

		sae_batch_add(s->batch, s->coder, (int) first);
		first += n;
	}
	sae_batch_finish(s->batch);
}

static RowScan *
scan_new(FunctionCallInfo fcinfo, int x_argument, bool points, DescribeRows describe)
{
	RowScan    *s = palloc0(sizeof(RowScan));
	ManyRows	rows = describe(fcinfo);
	TensorType	read = TENSOR_FLOAT4;
	int			block;

	if (points)
		scan_points(s, PG_GETARG_POINTS(x_argument));
	else
		scan_matrix(s, PG_GETARG_TENSOR(x_argument));
	if (s->n == 0)
		return s;
	if (s->d != rows.d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("rows have %zu elements, but the dictionary is for %zu", s->d, rows.d)));
	if (rows.follow_rows)
		read = points ? s->points->dtype : codes_dtype(s->matrix);
	s->dtype = tensor_common_type(rows.dtype, read);
	block = rows.block_rows(rows.dictionary, rows.options, s->n);
	s->coder = rows.make(rows.dictionary, rows.options, block, s->n);
	memory_claim_add(memory_claim(CurrentMemoryContext, "rows to code"),
					 size_add(size_mul(size_mul(block, s->d), s->coder->dtype), size_mul(s->coder->m, sizeof(double))), NULL);
	s->x = huge_alloc(size_mul(size_mul(block, s->d), s->coder->dtype));
	s->scratch = huge_matrix(1, s->coder->m);
	progress_begin("sparse codes: rows", (double) s->n);
	if (rows.batch_k > 0)
		code_batch(s, rows.batch_k);
	return s;
}

/* Row i's entries of the batch, whose rows are asked for in order. */
static Datum
sparse_of_batch(RowScan *s, int64 i)
{
	const SaeBatch *b = s->batch;
	int64		first = s->batch_next;

	while (s->batch_next < b->n && b->row[s->batch_next] == i)
		s->batch_next++;
	return SparsePGetDatum(sparse_from_pairs(s->dtype, (int32) s->coder->m, s->batch_next - first,
											 b->index + first, b->value + first));
}

Datum
code_many_rows(FunctionCallInfo fcinfo, int x_argument, bool points, DescribeRows describe)
{
	FuncCallContext *call;
	MemoryContext old;
	RowScan    *s;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int64		i;

	if (SRF_IS_FIRSTCALL())
	{
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2)
			elog(ERROR, "sparse codes must be returned in 2 columns");
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = scan_new(fcinfo, x_argument, points, describe);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	s = call->user_fctx;
	CHECK_FOR_INTERRUPTS();
	if (s->next >= s->n)
	{
		if (s->n > 0)
			progress_end();
		SRF_RETURN_DONE(call);
	}
	i = s->next++;
	if (s->batch == NULL && (i == 0 || i >= s->first + s->coder->codes->n))
	{
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		code_block(s, i);
		MemoryContextSwitchTo(old);
	}
	values[0] = Int64GetDatum(s->points ? s->order[i].id : i + 1);
	values[1] = s->batch ? sparse_of_batch(s, i) : sparse_of_row(s->coder, (int) (i - s->first), s->dtype, s->scratch);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
