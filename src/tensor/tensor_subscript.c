/*
 * tensor_subscript.c
 *		Subscripts, 1-based as SQL arrays': t[i][j] is a float8, t[2:3][:] a tensor.
 *
 * The result type is fixed when the query is parsed, so all subscripts of one
 * expression are indexes, or all are slices.  Indexes: NULL unless their count is
 * the rank and each is in range, as SQL arrays do.  Slices keep every dimension,
 * are cut to the bounds that exist, and axes not mentioned are whole; more slices
 * than dimensions give NULL.  Assignment replaces elements of an existing tensor;
 * unlike an SQL array a tensor never grows, so what is out of range is an error.
 *
 * Reading one element of a toasted tensor fetches only the chunk that holds it.
 * The subtlety: a view stores the subscripts as lists of lower and upper bounds
 * and prints them from there, so an index among slices could not be told from a
 * slice after a dump; that is why mixing them is refused.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/execExpr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/subscripting.h"
#include "parser/parse_coerce.h"
#include "parser/parse_expr.h"

#include <math.h>

#include "base/client_detail.h"
#include "tensor/tensor.h"

/* Bounds of the subscripts of one evaluation */
typedef struct SubscriptWorkspace
{
	int32		upper[TENSOR_MAX_NDIM];
	int32		lower[TENSOR_MAX_NDIM];
} SubscriptWorkspace;

/* ---- parse ---- */

/* One bound as an int4 expression */
static Node *
transform_bound(ParseState *pstate, Node *raw)
{
	Node	   *expr = transformExpr(pstate, raw, pstate->p_expr_kind);
	Node	   *bound = coerce_to_target_type(pstate, expr, exprType(expr), INT4OID, -1,
										   COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);

	if (bound == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a tensor subscript must be an integer"),
				 parser_errposition(pstate, exprLocation(expr))));
	return bound;
}

static void
subscript_transform(SubscriptingRef *sbsref, List *indirection, ParseState *pstate, bool is_slice,
					bool is_assignment)
{
	List	   *upper = NIL;
	List	   *lower = NIL;
	ListCell   *cell;

	foreach (cell, indirection)
	{
		A_Indices  *ai = lfirst_node(A_Indices, cell);

		if (is_slice && !ai->is_slice)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the subscripts of a tensor must be all indexes or all slices"),
					 errhint("Write [i:i] for one place along an axis."),
					 parser_errposition(pstate, exprLocation(ai->uidx))));
		if (is_slice)
			lower = lappend(lower, ai->lidx ? transform_bound(pstate, ai->lidx) : NULL);
		upper = lappend(upper, ai->uidx ? transform_bound(pstate, ai->uidx) : NULL);
	}
	if (list_length(upper) > TENSOR_MAX_NDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor expression has at most %d subscripts", TENSOR_MAX_NDIM)));
	sbsref->refupperindexpr = upper;
	sbsref->reflowerindexpr = lower;
	sbsref->refrestype = is_slice ? sbsref->refcontainertype : FLOAT8OID;
	sbsref->reftypmod = -1;
}

/* ---- execution ---- */

/* Evaluate the bounds; false (and NULL) if one is NULL. */
static bool
subscript_check(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *sbs = op->d.sbsref_subscript.state;
	SubscriptWorkspace *work = sbs->workspace;

	for (int i = 0; i < sbs->numupper; i++)
	{
		bool		upper_null = sbs->upperprovided[i] && sbs->upperindexnull[i];
		bool		lower_null = i < sbs->numlower && sbs->lowerprovided[i] && sbs->lowerindexnull[i];

		if (upper_null || lower_null)
		{
			if (sbs->isassignment)
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("a tensor subscript in an assignment must not be null")));
			*op->resnull = true;
			return false;
		}
		work->upper[i] = sbs->upperprovided[i] ? DatumGetInt32(sbs->upperindex[i]) : PG_INT32_MAX;
		if (i < sbs->numlower)
			work->lower[i] = sbs->lowerprovided[i] ? DatumGetInt32(sbs->lowerindex[i]) : 1;
	}
	return true;
}

/* Flat index of the element that the indexes name, or -1 */
static int64
element_position(const Tensor *t, const SubscriptWorkspace *work, int n)
{
	int64		position = 0;

	if (n != t->ndim)
		return -1;
	for (int d = 0; d < n; d++)
	{
		if (work->upper[d] < 1 || work->upper[d] > t->dims[d])
			return -1;
		position = position * t->dims[d] + (work->upper[d] - 1);
	}
	return position;
}

/* One element of a tensor that may lie out of line */
static double
fetch_element(Datum value, const Tensor *header, int64 position)
{
	if (VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
	{
		TensorType	dtype = (TensorType) header->dtype;
		Size		offset = TENSOR_HEADER_SIZE(header->ndim) + position * dtype;
		struct varlena *piece = PG_DETOAST_DATUM_SLICE(value, offset - VARHDRSZ, dtype);
		int32		one[1] = {1};
		Tensor	   *t = tensor_new(dtype, 1, one);

		memcpy(TENSOR_DATA(t), VARDATA(piece), dtype);
		return tensor_get(t, 0);
	}
	return tensor_get(DatumGetTensor(value), position);
}

static Tensor *
fetch_header(Datum value)
{
	if (VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
		return (Tensor *) PG_DETOAST_DATUM_SLICE(value, 0,
												 TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM) - VARHDRSZ);
	return DatumGetTensor(value);
}

static void
fetch_index(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *sbs = op->d.sbsref.state;
	Tensor	   *header = fetch_header(*op->resvalue);
	int64		position = element_position(header, sbs->workspace, sbs->numupper);

	Assert(header->version == TENSOR_VERSION);
	if (position < 0)
	{
		*op->resnull = true;
		return;
	}
	*op->resvalue = Float8GetDatum(fetch_element(*op->resvalue, header, position));
}

/* Bounds of a slice on every axis, 0-based start and length, cut to the tensor's shape */
static void
slice_extent(const Tensor *t, const SubscriptWorkspace *work, int n, int32 *start, int32 *length)
{
	for (int d = 0; d < t->ndim; d++)
	{
		int32		first = d < n ? Max(work->lower[d], 1) : 1;
		int32		last = d < n ? Min(work->upper[d], t->dims[d]) : t->dims[d];

		start[d] = first - 1;
		length[d] = last >= first ? last - first + 1 : 0;
	}
}

/* Copy the region (start, length) of t out to, or in from, a tensor of shape length */
static void
copy_region(Tensor *t, const int32 *start, const int32 *length, Tensor *part, bool in)
{
	int			ndim = t->ndim;
	Size		width = t->dtype;
	Size		run = (Size) length[ndim - 1] * width;
	Size		runs = run == 0 ? 0 : tensor_size(part) * width / run;
	int32		position[TENSOR_MAX_NDIM] = {0};
	char	   *packed = TENSOR_DATA(part);

	for (Size r = 0; r < runs; r++, packed += run)
	{
		Size		offset = 0;
		char	   *place;

		for (int d = 0; d < ndim; d++)
			offset = offset * (Size) t->dims[d] + (Size) (start[d] + position[d]);
		place = (char *) TENSOR_DATA(t) + offset * width;
		if (in)
			memcpy(place, packed, run);
		else
			memcpy(packed, place, run);
		for (int d = ndim - 2; d >= 0; d--)
		{
			if (++position[d] < length[d])
				break;
			position[d] = 0;
		}
	}
}

static void
fetch_slice(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *sbs = op->d.sbsref.state;
	Tensor	   *t = DatumGetTensor(*op->resvalue);
	int32		start[TENSOR_MAX_NDIM];
	int32		length[TENSOR_MAX_NDIM];
	Tensor	   *part;

	Assert(t->version == TENSOR_VERSION);
	if (sbs->numupper > t->ndim)
	{
		*op->resnull = true;
		return;
	}
	slice_extent(t, sbs->workspace, sbs->numupper, start, length);
	part = tensor_new_unset((TensorType) t->dtype, t->ndim, length);
	copy_region(t, start, length, part, false);
	*op->resvalue = PointerGetDatum(part);
}

/* A copy of the tensor that is being assigned to */
static Tensor *
tensor_to_change(const ExprEvalStep *op)
{
	Tensor	   *old;
	Tensor	   *copy;

	if (*op->resnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("cannot assign to a part of a tensor that is null")));
	old = DatumGetTensor(*op->resvalue);
	copy = palloc(VARSIZE(old));
	memcpy(copy, old, VARSIZE(old));
	return copy;
}

static char *
subscripts_text(const SubscriptWorkspace *work, int n)
{
	return tensor_dims_text(n, work->upper);
}

static void
assign_index(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *sbs = op->d.sbsref.state;
	Tensor	   *t = tensor_to_change(op);
	int64		position = element_position(t, sbs->workspace, sbs->numupper);
	double		value = sbs->replacenull ? NAN : DatumGetFloat8(sbs->replacevalue);

	if (position < 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a tensor of shape %s has no element %s", tensor_shape_text(t),
						subscripts_text(sbs->workspace, sbs->numupper))));
	tensor_set(t, position, value);
	if (isinf(tensor_get(t, position)) && !isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a value is out of range for type %s", tensor_type_name(t->dtype)),
				 errdetail_client("It is %g.", value)));
	*op->resvalue = PointerGetDatum(t);
	*op->resnull = false;
}

static void
assign_slice(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *sbs = op->d.sbsref.state;
	Tensor	   *t = tensor_to_change(op);
	SubscriptWorkspace *work = sbs->workspace;
	int32		start[TENSOR_MAX_NDIM];
	int32		length[TENSOR_MAX_NDIM];
	Tensor	   *part;

	if (sbs->replacenull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("cannot assign null to a slice of a tensor")));
	part = DatumGetTensor(sbs->replacevalue);
	if (sbs->numupper > t->ndim)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a tensor of shape %s has no slice of %d dimensions", tensor_shape_text(t),
						sbs->numupper)));
	slice_extent(t, work, sbs->numupper, start, length);
	if (part->ndim != t->ndim || memcmp(part->dims, length, t->ndim * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cannot assign a tensor of shape %s to a slice of shape %s",
						tensor_shape_text(part), tensor_dims_text(t->ndim, length))));
	copy_region(t, start, length, tensor_as_checked(part, (TensorType) t->dtype), true);
	*op->resvalue = PointerGetDatum(t);
	*op->resnull = false;
}

static void
fetch_old_refused(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("an element of a tensor has no parts to assign to")));
}

static void
subscript_setup(const SubscriptingRef *sbsref, SubscriptingRefState *sbs, SubscriptExecSteps *methods)
{
	bool		is_slice = sbs->numlower > 0;

	sbs->workspace = palloc0(sizeof(SubscriptWorkspace));
	methods->sbs_check_subscripts = subscript_check;
	methods->sbs_fetch = is_slice ? fetch_slice : fetch_index;
	methods->sbs_assign = is_slice ? assign_slice : assign_index;
	methods->sbs_fetch_old = fetch_old_refused;
}

PG_FUNCTION_INFO_V1(tensor_subscript);
Datum
tensor_subscript(PG_FUNCTION_ARGS)
{
	static const SubscriptRoutines routines = {.transform = subscript_transform,
											   .exec_setup = subscript_setup,
											   .fetch_strict = true,
											   .fetch_leakproof = true,
											   .store_leakproof = false};

	PG_RETURN_POINTER(&routines);
}
