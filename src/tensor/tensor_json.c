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
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/memory.h"
#include "tensor/decimal.h"
#include "tensor/tensor.h"

/* What a form of a tensor takes: bytes a list, and a number. */
#define TEXT_LIST_BYTES ((Size) 3)
#define TEXT_NUMBER_BYTES ((Size) 8)
#define JSONB_LIST_BYTES ((Size) 12)	/* entry, header, padding */
#define JSONB_NUMBER_BYTES ((Size) 28)	/* entry, a numeric of 17 digits with its long header, padding */
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

PG_FUNCTION_INFO_V1(tensor_from_json);
Datum
tensor_from_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(tensor_parse_json(text_to_cstring(PG_GETARG_TEXT_PP(0)), TENSOR_FLOAT8));
}

/* ---- jsonb ---- */

/* jsonb_in reads lists of so many elements (it doubles an array of 32 bytes each): a dump of longer ones could not be restored. */
#define JSONB_LIST_MAX ((Size) 1 << 24)
#define JSONB_BYTES_MAX JENTRY_OFFLENMASK
#define JSONB_LEAST_NUMBER_BYTES (sizeof(JEntry) + 8)

static pg_noinline void
jsonb_too_large(const Tensor *t)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a tensor of shape %s is too large for jsonb", tensor_shape_text(t)),
			 errdetail("A list of jsonb has at most %zu elements, and all of them at most %d bytes.", JSONB_LIST_MAX, JSONB_BYTES_MAX),
			 errhint("Use json, or take it in parts.")));
}

/* Refuses what has no room whatever its digits, before the work. */
static void
require_jsonb_room(const Tensor *t)
{
	Size		n = tensor_size(t);
	Size		bytes = 0;
	Size		longest = 0;

	for (int d = 0; d < t->ndim; d++)
		longest = Max(longest, (Size) t->dims[d]);
	if (n > JSONB_BYTES_MAX / JSONB_LEAST_NUMBER_BYTES)
		for (Size i = 0; i < n; i++)
		{
			if (i % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			bytes += isnan(tensor_get(t, i)) ? sizeof(JEntry) : JSONB_LEAST_NUMBER_BYTES;
		}
	if (longest > JSONB_LIST_MAX || bytes > JSONB_BYTES_MAX)
		jsonb_too_large(t);
}

static void
pad_to_int(StringInfo out)
{
	static const char zeros[sizeof(int)] = {0};

	appendBinaryStringInfo(out, zeros, INTALIGN(out->len) - out->len);
}

/* Appends element i; its entry, with its length. */
static JEntry
put_element(StringInfo out, const Tensor *t, Size i)
{
	double		x = tensor_get(t, i);
	int			start = out->len;
	char		digits[DECIMAL_MAX_CHARS + 1];
	Numeric		number;

	if (isnan(x))
		return JENTRY_ISNULL;
	if (isinf(x))
	{
		appendStringInfoString(out, x > 0 ? "Infinity" : "-Infinity");
		return JENTRY_ISSTRING | (JEntry) (out->len - start);
	}
	digits[decimal_print((TensorType) t->dtype, TENSOR_DATA(t), i, digits)] = '\0';
	number = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	pad_to_int(out);
	appendBinaryStringInfo(out, (char *) number, (int) VARSIZE(number));
	pfree(number);
	return JENTRY_ISNUMERIC | (JEntry) (out->len - start);
}

/*
 * Appends the list of dimension d whose first element is *next, and moves *next
 * past it; a tensor without dimensions is a list of one that jsonb calls a
 * scalar.  In the stored form of utils/jsonb.h, byte for byte what jsonb_in makes
 * of the JSON, which takes several times the memory for a tree and looks for no
 * interrupts in it.
 */
static JEntry
put_list(StringInfo out, const Tensor *t, int d, Size *next)
{
	int			start = out->len;
	int			n = t->ndim == 0 ? 1 : t->dims[d];
	uint32		header = (uint32) n | JB_FARRAY | (t->ndim == 0 ? JB_FSCALAR : 0);
	uint32		end = 0;
	int			entries;

	pad_to_int(out);
	appendBinaryStringInfo(out, (char *) &header, sizeof(header));
	entries = out->len;
	enlargeStringInfo(out, n * (int) sizeof(JEntry));
	out->len += n * (int) sizeof(JEntry);
	for (int i = 0; i < n; i++)
	{
		JEntry		entry = d + 1 < t->ndim ? put_list(out, t, d + 1, next) : put_element(out, t, (*next)++);

		CHECK_FOR_INTERRUPTS();
		if (out->len > JSONB_BYTES_MAX)
			jsonb_too_large(t);
		end += JBE_OFFLENFLD(entry);
		if (i % JB_OFFSET_STRIDE == 0)
			entry = (entry & JENTRY_TYPEMASK) | end | JENTRY_HAS_OFF;
		memcpy(out->data + entries + (Size) i * sizeof(JEntry), &entry, sizeof(JEntry));
	}
	return JENTRY_ISCONTAINER | (JEntry) (out->len - start);
}

PG_FUNCTION_INFO_V1(tensor_to_jsonb);
Datum
tensor_to_jsonb(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	StringInfoData out;
	Size		next = 0;

	require_jsonb_room(t);
	claim_form(t, "jsonb of a tensor", JSONB_LIST_BYTES, JSONB_NUMBER_BYTES);
	initStringInfo(&out);
	out.len = VARHDRSZ;
	put_list(&out, t, 0, &next);
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_POINTER(out.data);
}

static void
print_scalar(StringInfo out, const JsonbValue *v)
{
	char	   *text;

	if (v->type == jbvNull)
		appendStringInfoString(out, "null");
	else if (v->type == jbvBool)
		appendStringInfoString(out, v->val.boolean ? "true" : "false");
	else
	{
		if (v->type == jbvNumeric)
		{
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
			appendStringInfoString(out, text);
		}
		else
		{
			text = pnstrdup(v->val.string.val, v->val.string.len);
			escape_json(out, text);
		}
		pfree(text);
	}
}

/* The text of a jsonb, which PostgreSQL's own function prints without looking for interrupts. */
static char *
jsonb_text(Jsonb *json)
{
	StringInfoData out;
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	bool		first = true;	/* in its list or object, or after a key */

	initStringInfo(&out);
	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
		{
			if (!JB_ROOT_IS_SCALAR(json))
				appendStringInfoChar(&out, token == WJB_END_ARRAY ? ']' : '}');
			first = false;
			continue;
		}
		if (!first)
			appendStringInfoString(&out, ", ");
		first = token != WJB_ELEM && token != WJB_VALUE;
		if (token == WJB_BEGIN_OBJECT)
			appendStringInfoChar(&out, '{');
		else if (token == WJB_BEGIN_ARRAY)
		{
			if (!JB_ROOT_IS_SCALAR(json))
				appendStringInfoChar(&out, '[');
		}
		else
			print_scalar(&out, &v);
		if (token == WJB_KEY)
			appendStringInfoString(&out, ": ");
	}
	return out.data;
}

PG_FUNCTION_INFO_V1(tensor_from_jsonb);
Datum
tensor_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(tensor_parse_json(jsonb_text(PG_GETARG_JSONB_P(0)), TENSOR_FLOAT8));
}
