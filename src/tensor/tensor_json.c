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

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(tensor_to_json);
Datum
tensor_to_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(tensor_print_json(PG_GETARG_TENSOR(0))));
}

PG_FUNCTION_INFO_V1(tensor_to_jsonb);
Datum
tensor_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = tensor_print_json(PG_GETARG_TENSOR(0));

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
