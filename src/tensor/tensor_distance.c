/*
 * tensor_distance.c
 *		SQL's distances between tensors, and dot.
 *
 * A query compares every row with one tensor, often a sub-select whose value is
 * a toast pointer: PostgreSQL would read it from its toast table again for each
 * row.  Each argument therefore remembers, in fn_extra, the pointer that it was
 * last given; from the second time in a row on, the decoded tensor is kept too.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "tensor/distance.h"

/* An on-disk toast pointer with its two header bytes */
#define POINTER_SIZE (VARHDRSZ_EXTERNAL + sizeof(varatt_external))

typedef struct RecentArgument
{
	char		pointer[POINTER_SIZE];
	bool		known;			/* pointer is set */
	MemoryContext cxt;			/* what is decoded lives here; made when first needed */
	Tensor	   *decoded;		/* NULL until the pointer comes a second time */
} RecentArgument;

typedef double (*Distance) (const Tensor *a, const Tensor *b);

static RecentArgument *
recent_argument(FunctionCallInfo fcinfo, int i)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, 2 * sizeof(RecentArgument));
	return (RecentArgument *) fcinfo->flinfo->fn_extra + i;
}

/* Keeps a copy of the tensor, of the element type that it is wanted in. */
static Tensor *
remember(RecentArgument *recent, MemoryContext parent, const Tensor *t)
{
	MemoryContext old;

	if (recent->cxt == NULL)
		recent->cxt = AllocSetContextCreate(parent, "distance argument", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(recent->cxt);
	recent->decoded = palloc(VARSIZE(t));
	memcpy(recent->decoded, t, VARSIZE(t));
	MemoryContextSwitchTo(old);
	return recent->decoded;
}

static const Tensor *
argument(FunctionCallInfo fcinfo, int i)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(i);
	RecentArgument *recent;

	if (!VARATT_IS_EXTERNAL_ONDISK(raw) || fcinfo->flinfo == NULL)
		return PG_GETARG_TENSOR(i);

	recent = recent_argument(fcinfo, i);
	if (recent->known && memcmp(recent->pointer, raw, POINTER_SIZE) == 0)
	{
		if (recent->decoded == NULL)
			remember(recent, fcinfo->flinfo->fn_mcxt, PG_GETARG_TENSOR(i));
		return recent->decoded;
	}
	if (recent->decoded != NULL)
	{
		recent->decoded = NULL;
		MemoryContextReset(recent->cxt);
	}
	memcpy(recent->pointer, raw, POINTER_SIZE);
	recent->known = true;
	return PG_GETARG_TENSOR(i);
}

/*
 * The tensor as it is compared: float8 if one of the two is.  A remembered
 * tensor is remembered so, and float2 as float4 (others stay, and are widened as
 * they are read): what it was before matters to nobody, since both ways give the
 * same values.
 */
static const Tensor *
operand(FunctionCallInfo fcinfo, int i, const Tensor *t, TensorType dtype)
{
	RecentArgument *recent = fcinfo->flinfo ? fcinfo->flinfo->fn_extra : NULL;
	bool		remembered = recent != NULL && recent[i].decoded == t;
	const Tensor *converted;

	if (dtype != TENSOR_FLOAT8 && remembered)
		dtype = TENSOR_FLOAT4;
	else if (dtype != TENSOR_FLOAT8)
		return t;
	converted = tensor_as(t, dtype);
	if (converted == t || !remembered)
		return converted;
	recent += i;
	recent->decoded = NULL;
	MemoryContextReset(recent->cxt);
	return remember(recent, fcinfo->flinfo->fn_mcxt, converted);
}

static double
distance(FunctionCallInfo fcinfo, Distance between)
{
	const Tensor *a = argument(fcinfo, 0);
	const Tensor *b = argument(fcinfo, 1);
	TensorType	dtype = tensor_common_type(a->dtype, b->dtype);

	tensor_require_same_shape(a, b);
	a = operand(fcinfo, 0, a, dtype);
	b = operand(fcinfo, 1, b, dtype);
	return between(a, b);
}

PG_FUNCTION_INFO_V1(tensor_l2_distance);
Datum
tensor_l2_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(fcinfo, distance_l2));
}

PG_FUNCTION_INFO_V1(tensor_l1_distance);
Datum
tensor_l1_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(fcinfo, distance_l1));
}

PG_FUNCTION_INFO_V1(tensor_cosine_distance);
Datum
tensor_cosine_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(fcinfo, distance_cosine));
}

PG_FUNCTION_INFO_V1(tensor_correlation_distance);
Datum
tensor_correlation_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(fcinfo, distance_correlation));
}

PG_FUNCTION_INFO_V1(tensor_negative_inner_product);
Datum
tensor_negative_inner_product(PG_FUNCTION_ARGS)
{
	/* not -x, which makes -0 of 0 */
	PG_RETURN_FLOAT8(0 - distance(fcinfo, distance_dot));
}

PG_FUNCTION_INFO_V1(tensor_dot);
Datum
tensor_dot(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(fcinfo, distance_dot));
}
