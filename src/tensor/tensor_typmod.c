/*
 * tensor_typmod.c
 *		The type modifier: tensor(768), tensor(float2), tensor(float2, 768),
 *		tensor(91, 109, 91).
 *
 * A modifier has 31 bits: an element type (bits 29, 30: 0 any, 1 float2,
 * 2 float4, 3 float8), a rank (bits 26 to 28: 0 any shape, else 1 to 4), and the
 * dimensions packed into 26 bits, equally: 1 of up to 67,108,863, 2 of up to
 * 8,191, 3 of up to 255 or 4 of up to 63.  Shapes that do not fit are refused; a
 * CHECK constraint on shape(t) says what they would.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "tensor/tensor.h"

#define TYPMOD_DIMS_BITS 26
#define TYPMOD_MAX_RANK	 4

static const TensorType typmod_dtypes[4] = {0, TENSOR_FLOAT2, TENSOR_FLOAT4, TENSOR_FLOAT8};

static int
typmod_rank(int32 typmod)
{
	return (typmod >> TYPMOD_DIMS_BITS) & 7;
}

/* Dimensions of a type modifier into dims; returns the rank, 0 for any shape */
static int
typmod_dims(int32 typmod, int32 dims[TYPMOD_MAX_RANK])
{
	int			rank = typmod_rank(typmod);

	if (rank > TYPMOD_MAX_RANK)	/* not made by tensor_typmod_in */
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid tensor type modifier %d", typmod)));
	for (int d = 0; d < rank; d++)
	{
		int			bits = TYPMOD_DIMS_BITS / rank;

		dims[d] = (typmod >> (bits * d)) & ((1 << bits) - 1);
	}
	return rank;
}

TensorType
tensor_typmod_dtype(int32 typmod, TensorType otherwise)
{
	TensorType	dtype = typmod < 0 ? 0 : typmod_dtypes[(typmod >> 29) & 3];

	return dtype == 0 ? otherwise : dtype;
}

Tensor *
tensor_coerce(Tensor *t, int32 typmod)
{
	int32		dims[TYPMOD_MAX_RANK];
	int			rank;

	if (typmod < 0)
		return t;
	rank = typmod_dims(typmod, dims);
	if (rank > 0 && (t->ndim != rank || memcmp(t->dims, dims, rank * sizeof(int32)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected a tensor of shape %s, not %s", tensor_dims_text(rank, dims),
						tensor_shape_text(t))));
	return tensor_as_checked(t, tensor_typmod_dtype(typmod, t->dtype));
}

PG_FUNCTION_INFO_V1(tensor_typmod_in);
Datum
tensor_typmod_in(PG_FUNCTION_ARGS)
{
	ArrayType  *words = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *values;
	int			n;
	int			first = 0;
	int			rank;
	int			bits;
	int32		typmod = 0;

	deconstruct_array(words, CSTRINGOID, -2, false, 'c', &values, NULL, &n);
	if (n > 0 && strncmp(DatumGetCString(values[0]), "float", 5) == 0)
	{
		TensorType	dtype = tensor_type_from_name(DatumGetCString(values[0]));

		for (int i = 1; i < 4; i++)
			if (typmod_dtypes[i] == dtype)
				typmod = i << 29;
		first = 1;
	}
	rank = n - first;
	if (rank > TYPMOD_MAX_RANK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a tensor type modifier has at most %d dimensions, not %d", TYPMOD_MAX_RANK,
						rank),
				 errhint("Use tensor without dimensions and a CHECK constraint on shape().")));
	typmod |= rank << TYPMOD_DIMS_BITS;
	bits = rank > 0 ? TYPMOD_DIMS_BITS / rank : 0;
	for (int d = 0; d < rank; d++)
	{
		const char *word = DatumGetCString(values[first + d]);
		int32		maximum = (1 << bits) - 1;
		char	   *end;
		long		dim = strtol(word, &end, 10);

		if (end == word || *end != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid tensor type modifier \"%s\"", word),
					 errhint("Write tensor(dimensions), tensor(float2), or tensor(float2, "
							 "dimensions), with float2, float4 or float8.")));
		if (dim < 1 || dim > maximum)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("dimension %s of a tensor type modifier is not between 1 and %d", word,
							maximum),
					 errdetail("A modifier of %d dimension(s) holds dimensions up to %d.", rank,
							   maximum)));
		typmod |= (int32) dim << (bits * d);
	}
	PG_RETURN_INT32(typmod);
}

PG_FUNCTION_INFO_V1(tensor_typmod_out);
Datum
tensor_typmod_out(PG_FUNCTION_ARGS)
{
	int32		typmod = PG_GETARG_INT32(0);
	TensorType	dtype = tensor_typmod_dtype(typmod, 0);
	int32		dims[TYPMOD_MAX_RANK];
	int			rank = typmod < 0 ? 0 : typmod_dims(typmod, dims);
	StringInfoData s;

	initStringInfo(&s);
	if (dtype != 0 || rank > 0)
	{
		appendStringInfo(&s, "(%s", dtype != 0 ? tensor_type_name(dtype) : "");
		for (int d = 0; d < rank; d++)
			appendStringInfo(&s, "%s%d", dtype != 0 || d > 0 ? "," : "", dims[d]);
		appendStringInfoChar(&s, ')');
	}
	PG_RETURN_CSTRING(s.data);
}

PG_FUNCTION_INFO_V1(tensor_apply_typmod);
Datum
tensor_apply_typmod(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(tensor_coerce(PG_GETARG_TENSOR(0), PG_GETARG_INT32(1)));
}
