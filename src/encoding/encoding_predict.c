/*
 * encoding_predict.c
 *		SQL functions that apply a fitted encoder: predict, residualize,
 *		cv_predictions, score.
 *
 * predict() over the rows of a table is mostly called with one encoder that is
 * stored out of line, which PostgreSQL would fetch and this library decode at
 * every row: the last one is kept with the call site, by its toast pointer.
 *
 * cv_predictions() fits one fold's complement when its first row is asked for,
 * and predicts the fold's rows in blocks.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "encoding/arguments.h"
#include "encoding/encoder.h"
#include "encoding/encoder_score.h"
#include "encoding/ridge.h"
#include "stats/gram.h"
#include "tensor/tensor.h"

#define BLOCK_ELEMENTS	((Size) 1 << 22)	/* of predictions and features made at a time */

PG_FUNCTION_INFO_V1(encoding_predict);
PG_FUNCTION_INFO_V1(encoding_residualize);
PG_FUNCTION_INFO_V1(encoding_cv_predictions);
PG_FUNCTION_INFO_V1(encoding_score);

/* Rows to predict at a time: enough for a matrix product, within about 64 MB. */
static Size
block_rows(const Encoder *e, Size rows)
{
	Size		fits = BLOCK_ELEMENTS / ((Size) e->p + e->v + (e->dual ? e->n_dual : 0));

	return Min(rows, Max((Size) 64, fits));
}

static Size
block_bytes(const Encoder *e, Size rows)
{
	Size		width = size_add(size_mul(2, e->p), size_add(e->v, e->dual ? e->n_dual : 0));

	return size_mul(size_mul(rows, width), sizeof(double));
}

/* ---- predict, residualize ---- */

static void
require_x(const Encoder *e, const Tensor *x)
{
	if (x->ndim != 1 && x->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a vector or a matrix of rows, not a tensor of shape %s",
						tensor_shape_text(x))));
	if (x->dims[x->ndim - 1] != e->p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x has %d features, the encoder has %d", x->dims[x->ndim - 1], e->p)));
}

static void
require_y(const Encoder *e, const Tensor *x, const Tensor *y)
{
	if (y->ndim != x->ndim || y->dims[y->ndim - 1] != e->v || (y->ndim == 2 && y->dims[0] != x->dims[0]))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("y of shape %s does not fit x of shape %s and an encoder of %d targets",
						tensor_shape_text(y), tensor_shape_text(x), e->v)));
}

/* The predictions of x, or, given y, what is left of it; out has an element a target and row of x. */
static void
apply(const Encoder *e, const Tensor *x, const Tensor *y, Tensor *out)
{
	Size		rows = x->ndim == 2 ? x->dims[0] : 1;
	Size		block = block_rows(e, rows);
	Size		bytes = block_bytes(e, block) + (y ? size_mul(size_mul(block, e->v), sizeof(double)) : 0);
	MemoryContext scratch = scratch_create("predict", bytes, "Predict fewer rows at a time.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *in = huge_matrix(block, e->p);
	double	   *predicted = huge_matrix(block, e->v);
	double	   *actual = y ? huge_matrix(block, e->v) : NULL;

	for (Size i = 0; i < rows; i += block)
	{
		Size		n = Min(block, rows - i);

		tensor_read_f8(x, i * e->p, n * e->p, in);
		encoder_predict(e, n, in, predicted);
		if (y)
		{
			tensor_read_f8(y, i * e->v, n * e->v, actual);
			for (Size k = 0; k < n * e->v; k++)
				predicted[k] = actual[k] - predicted[k];
		}
		tensor_write_f8(out, i * e->v, n * e->v, predicted);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static Tensor *
new_rows(TensorType dtype, const Encoder *e, const Tensor *x)
{
	return x->ndim == 2 ? tensor_new_matrix(dtype, x->dims[0], e->v) : tensor_new_vector(dtype, e->v);
}

Datum
encoding_predict(PG_FUNCTION_ARGS)
{
	const Encoder *e = state_argument_kept(&encoder_kind, fcinfo);
	Tensor	   *x = PG_GETARG_TENSOR(1);
	Tensor	   *out;

	require_x(e, x);
	out = new_rows(e->wtype, e, x);
	apply(e, x, NULL, out);
	PG_RETURN_TENSOR(out);
}

Datum
encoding_residualize(PG_FUNCTION_ARGS)
{
	const Encoder *e = state_argument_kept(&encoder_kind, fcinfo);
	Tensor	   *x = PG_GETARG_TENSOR(1);
	Tensor	   *y = PG_GETARG_TENSOR(2);
	Tensor	   *out;

	require_x(e, x);
	require_y(e, x, y);
	out = new_rows(tensor_common_type(e->wtype, y->dtype), e, x);
	apply(e, x, y, out);
	PG_RETURN_TENSOR(out);
}

/* ---- cv_predictions ---- */

#define CV_COLUMNS 3

typedef struct HeldOutScan
{
	const Gram *g;
	const Encoder *e;
	double	   *alphas;			/* v */
	int			n_folds;
	int64	   *folds;
	int			f;				/* the fold at hand; n_folds: done */

	MemoryContext cxt;			/* of the fold at hand */
	const Encoder *fit;			/* on all others; NULL: not yet */
	int64		n;				/* rows held in the fold */
	int64	   *order;			/* n: rows by arrival */
	int64	   *ordinal;		/* n: when a row arrived */
	double	   *x;				/* n x p */
	int64		at;				/* the next of order */
	int64		first;			/* of the block */
	int64		block;			/* rows of it */
	double	   *in;				/* block x p */
	double	   *predicted;		/* block x v */
} HeldOutScan;

static void
require_held_folds(const Gram *g, int n_folds)
{
	if (!g->has_folds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no folds"),
				 errhint("Make it with gram_agg(x, y, fold).")));
	if (n_folds < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("leaving a fold out takes at least 2 folds, but the gram has %d", n_folds)));
	if (!gram_rows_held(g))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram no longer holds its rows"),
				 errdetail("A gram keeps moments instead of rows once they take fewer bytes."),
				 errhint("Fit the other folds, ridge(without_folds(gram, ARRAY[fold]), alphas), and predict(encoder, x) the rows of the table.")));
}

/* A fold's complement is fitted by ridge at the encoder's alphas: no other model is refitted so. */
static void
require_ridge(const Encoder *e)
{
	if (e->model != ENCODER_RIDGE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cv_predictions refits ridge models only"),
				 errhint("Fit the other folds by the same function, without_folds(gram, ARRAY[fold]), and predict(encoder, x) the rows of the table.")));
}

/* Each target's alpha; a target without one is predicted by its mean, the limit of a large alpha. */
static double *
refit_alphas(const Encoder *e)
{
	double	   *alphas = huge_alloc(e->v * sizeof(double));

	for (int t = 0; t < e->v; t++)
		alphas[t] = isnan(e->alpha[t]) ? INFINITY : e->alpha[t];
	return alphas;
}

static void
start_held_out(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	HeldOutScan *scan = palloc0(sizeof(HeldOutScan));
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != CV_COLUMNS)
		elog(ERROR, "cv_predictions must return %d columns", CV_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	scan->g = PG_GETARG_GRAM(0);
	scan->e = PG_GETARG_ENCODER(1);
	require_ridge(scan->e);
	argument_require_columns(scan->e, scan->g);
	scan->folds = gram_fold_ids(scan->g, &scan->n_folds);
	require_held_folds(scan->g, scan->n_folds);
	scan->alphas = refit_alphas(scan->e);
	scan->cxt = AllocSetContextCreate(CurrentMemoryContext, "neuroenc held-out fold",
									  ALLOCSET_DEFAULT_SIZES);
	call->user_fctx = scan;
	MemoryContextSwitchTo(old);
}

static int
compare_ordinals(const void *a, const void *b, void *arg)
{
	const int64 *ordinal = arg;
	int64		x = ordinal[*(const int64 *) a];
	int64		y = ordinal[*(const int64 *) b];

	return x < y ? -1 : x > y;
}

/* The fold's rows, in order of arrival by way of 'order'. */
static void
read_fold(HeldOutScan *scan)
{
	const Gram *g = scan->g;
	int		   *cells = palloc(g->n_cells * sizeof(int));
	int			n_cells = 0;

	for (int c = 0; c < g->n_cells; c++)
		if (g->cells[c].fold == scan->folds[scan->f])
			cells[n_cells++] = c;
	scan->n = gram_held_n(g, cells, n_cells);
	scan->block = block_rows(scan->e, scan->n);
	memory_claim_add(memory_claim(CurrentMemoryContext, "held-out fold"),
					 size_add(size_mul(size_mul(scan->n, scan->e->p), sizeof(double)),
							  block_bytes(scan->e, scan->block)), NULL);
	scan->ordinal = huge_alloc(Max(1, size_mul(scan->n, sizeof(int64))));
	scan->order = huge_alloc(Max(1, size_mul(scan->n, sizeof(int64))));
	scan->x = huge_alloc(Max(1, size_mul(size_mul(scan->n, g->p), sizeof(double))));
	scan->in = huge_alloc(Max(1, size_mul(size_mul(scan->block, g->p), sizeof(double))));
	scan->predicted = huge_alloc(Max(1, size_mul(size_mul(scan->block, g->v), sizeof(double))));
	gram_held_ordinals(g, cells, n_cells, scan->ordinal);
	gram_held_x(g, cells, n_cells, NULL, scan->x);
	for (int64 i = 0; i < scan->n; i++)
		scan->order[i] = i;
	qsort_arg(scan->order, scan->n, sizeof(int64), compare_ordinals, scan->ordinal);
	pfree(cells);
}

static void
start_fold(HeldOutScan *scan)
{
	MemoryContext old;
	Gram	   *others;

	MemoryContextReset(scan->cxt);
	old = MemoryContextSwitchTo(scan->cxt);
	others = gram_copy_folds(scan->cxt, scan->g, &scan->folds[scan->f], 1, true);
	scan->fit = ridge_fit(scan->cxt, others, scan->e->v, scan->alphas, scan->e->standardize);
	MemoryContextDelete(STATE_CONTEXT(others));
	read_fold(scan);
	scan->at = 0;
	scan->first = -1;
	MemoryContextSwitchTo(old);
}

static void
predict_block(HeldOutScan *scan)
{
	Size		p = scan->g->p;
	int64		n = Min(scan->block, scan->n - scan->at);

	scan->first = scan->at;
	for (int64 i = 0; i < n; i++)
		memcpy(scan->in + i * p, scan->x + scan->order[scan->first + i] * p, p * sizeof(double));
	encoder_predict(scan->fit, n, scan->in, scan->predicted);
}

Datum
encoding_cv_predictions(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	HeldOutScan *scan;
	Datum		values[CV_COLUMNS];
	bool		nulls[CV_COLUMNS] = {false};
	Tensor	   *prediction;
	Datum		row;

	if (SRF_IS_FIRSTCALL())
		start_held_out(fcinfo, SRF_FIRSTCALL_INIT());
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	CHECK_FOR_INTERRUPTS();
	while (scan->f < scan->n_folds && scan->fit != NULL && scan->at == scan->n)
	{
		scan->f++;
		scan->fit = NULL;
	}
	if (scan->f == scan->n_folds)
		SRF_RETURN_DONE(call);

	if (scan->fit == NULL)
		start_fold(scan);
	if (scan->first < 0 || scan->at == scan->first + scan->block)
		predict_block(scan);
	prediction = tensor_new_vector(scan->e->wtype, scan->e->v);
	tensor_write_f8(prediction, 0, scan->e->v,
					scan->predicted + (Size) (scan->at - scan->first) * scan->e->v);
	values[0] = Int64GetDatum(scan->ordinal[scan->order[scan->at]] + 1);
	values[1] = Int64GetDatum(scan->folds[scan->f]);
	values[2] = PointerGetDatum(prediction);
	scan->at++;
	row = HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls));
	SRF_RETURN_NEXT(call, row);
}

/* ---- score ---- */

#define SCORE_COLUMNS 4

typedef struct ScoreScan
{
	int64	   *n;
	double	   *r;
	double	   *r2;
} ScoreScan;

static void
start_score(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	const Encoder *e = PG_GETARG_ENCODER(0);
	const Gram *g = PG_GETARG_GRAM(1);
	ScoreScan  *scan = palloc(sizeof(ScoreScan));
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != SCORE_COLUMNS)
		elog(ERROR, "score must return %d columns", SCORE_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	argument_require_columns(e, g);
	scan->n = huge_alloc(e->v * sizeof(int64));
	scan->r = huge_alloc(e->v * sizeof(double));
	scan->r2 = huge_alloc(e->v * sizeof(double));
	encoder_score(e, g, scan->n, scan->r, scan->r2);
	call->user_fctx = scan;
	call->max_calls = e->v;
	MemoryContextSwitchTo(old);
}

Datum
encoding_score(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	ScoreScan  *scan;
	Datum		values[SCORE_COLUMNS];
	bool		nulls[SCORE_COLUMNS] = {false};
	Datum		row;
	int			t;

	if (SRF_IS_FIRSTCALL())
		start_score(fcinfo, SRF_FIRSTCALL_INIT());
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	t = (int) call->call_cntr;
	values[0] = Int64GetDatum(t + 1);
	values[1] = Float8GetDatum(scan->r[t]);
	values[2] = Float8GetDatum(scan->r2[t]);
	values[3] = Int64GetDatum(scan->n[t]);
	nulls[1] = isnan(scan->r[t]);
	nulls[2] = isnan(scan->r2[t]);
	row = HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls));
	SRF_RETURN_NEXT(call, row);
}
