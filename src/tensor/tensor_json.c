/*
 * tensor_json.c
 *		Casts between json, jsonb and tensors.
 *
 * Out: nested lists, NaN as null, infinities as the strings "Infinity" and
 * "-Infinity" (JSON has no number for them), no dimensions as a bare number.  In:
 * the same, and the string "NaN"; the tensor is float8, because JSON does not say;
 * astype or tensor(float4) gives back the float4 it came from.  The parser is that
 * of the type's text form (tensor_io.c).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/memory.h"
#include "tensor/tensor.h"

/* What a form of a tensor takes: bytes a list, and a number. */
#define TEXT_LIST_BYTES ((Size) 3)
#define TEXT_NUMBER_BYTES ((Size) 8)
#define TREE_LIST_BYTES ((Size) 192)		/* what jsonb_in builds: a list begins with room for four of 32 bytes, */
#define TREE_NUMBER_BYTES ((Size) 88)		/* and its room doubles */
#define CLAIMED_FROM ((Size) 1 << 20)	/* less is not worth counting */

/* Claims, for the call, what the JSON of t takes; an empty tensor has lists too, as many as its first dimensions say. */
static void
claim_form(const Tensor *t, const char *what, Size list_bytes, Size number_bytes)
{
	Size		lists = 0;
	Size		level = 1;
	Size		bytes;

	for (int d = 0; d < t->ndim; d++)
	{
		lists = size_add(lists, level);
		level = size_mul(level, t->dims[d]);
	}
	bytes = size_add(size_mul(lists, list_bytes), size_mul(tensor_size(t), number_bytes));
	if (bytes >= CLAIMED_FROM)
		memory_claim_add(memory_claim(CurrentMemoryContext, what), bytes, "Take it in parts.");
}

PG_FUNCTION_INFO_V1(tensor_to_json);
Datum
tensor_to_json(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);

	claim_form(t, "json of a tensor", 3 * TEXT_LIST_BYTES, 3 * TEXT_NUMBER_BYTES);	/* a buffer that doubles, and a copy */
	PG_RETURN_TEXT_P(cstring_to_text(tensor_print_json(t)));
}

/* jsonb takes this many elements in a list (it doubles an array of 32 bytes each), so many bytes of them, and for a number at least so many */
#define JSONB_LIST_MAX ((Size) 1 << 24)
#define JSONB_BYTES_MAX JENTRY_OFFLENMASK
#define JSONB_NUMBER_BYTES (sizeof(JEntry) + 8)

/* ERROR where jsonb has no room: PostgreSQL itself says so after gigabytes, and not always by a proper error. */
static void
require_jsonb_room(const Tensor *t)
{
	Size		n = tensor_size(t);
	Size		bytes = 0;
	Size		longest = 0;

	for (int d = 0; d < t->ndim; d++)
		longest = Max(longest, (Size) t->dims[d]);
	if (n > JSONB_BYTES_MAX / JSONB_NUMBER_BYTES)
		for (Size i = 0; i < n; i++)
		{
			if (i % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			bytes += isnan(tensor_get(t, i)) ? sizeof(JEntry) : JSONB_NUMBER_BYTES;
		}
	if (longest > JSONB_LIST_MAX || bytes > JSONB_BYTES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor of shape %s is too large for jsonb", tensor_shape_text(t)),
				 errdetail("A list of jsonb has at most %zu elements, and all of them at most %d bytes.", JSONB_LIST_MAX, JSONB_BYTES_MAX),
				 errhint("Use json, or take it in parts.")));
}

PG_FUNCTION_INFO_V1(tensor_to_jsonb);
Datum
tensor_to_jsonb(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	char	   *text;

	require_jsonb_room(t);
	claim_form(t, "jsonb of a tensor", 2 * TEXT_LIST_BYTES + TREE_LIST_BYTES, 2 * TEXT_NUMBER_BYTES + TREE_NUMBER_BYTES);
	text = tensor_print_json(t);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

PG_FUNCTION_INFO_V1(tensor_from_json);
Datum
tensor_from_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(tensor_parse_json(text_to_cstring(PG_GETARG_TEXT_PP(0)), TENSOR_FLOAT8));
}

PG_FUNCTION_INFO_V1(tensor_from_jsonb);
Datum
tensor_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = PG_GETARG_JSONB_P(0);

	PG_RETURN_TENSOR(
		tensor_parse_json(JsonbToCString(NULL, &json->root, VARSIZE(json)), TENSOR_FLOAT8));
}
