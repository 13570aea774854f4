/*
 * sparse_io.c
 *		Text and binary forms of the sparse vector, and its type modifier.
 *
 * Text:	[type:]{index:value,...}/width, indices from 1; the type is left out for
 * float4.  Pairs may come in any order and zeros may be given; ascending order
 * without zeros is what is written, with the shortest digits that read back to
 * the same value.
 *
 * Binary (COPY BINARY, binary parameters of drivers):
 *
 *	 0  uint8   version, 1
 *	 1  uint8   bytes a value: 4 or 8
 *	 2  char    '<' or '>': indices and values are little or big endian
 *	 3  uint8   0
 *	 4  int32   width, big endian (network order)
 *	 8  int32   n, big endian
 *	    int32   index[n], from 0, ascending
 *	    value[n], finite, none of them zero
 *
 * send always writes '<', as NumPy keeps arrays nearly everywhere:
 *
 *	 struct.pack('!BBcBii', 1, v.itemsize, b'<', 0, width, len(v)) + i.astype('<i4').tobytes() + v.tobytes()
 *
 * recv takes both, and checks n against the message before it allocates.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "search/sparse.h"
#include "tensor/decimal.h"

#define WIRE_VERSION 1
#define WIRE_HEADER 12

/* ---- text in ---- */

typedef struct Parser
{
	const char *text;
	const char *p;
	TensorType	dtype;
	Size		n;				/* pairs read */
	Size		capacity;
	int32	   *index;			/* from 0 */
	double	   *value;
} Parser;

_Noreturn static void
syntax_error(const Parser *in, const char *detail)
{
	int			length = (int) strnlen(in->text, 65);
	int			shown = length > 64 ? pg_mbcliplen(in->text, length, 64) : length;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type sparse at character %zu", (Size) (in->p - in->text) + 1),
			 errdetail_client("%s. The text is \"%.*s%s\".", *in->p == '\0' ? "The text ends too early" : detail,
							  shown, in->text, length > 64 ? "..." : "")));
}

static void
skip_space(Parser *in)
{
	while (*in->p == ' ' || (*in->p >= '\t' && *in->p <= '\r'))
		in->p++;
}

static void
expect(Parser *in, char c, const char *detail)
{
	skip_space(in);
	if (*in->p != c)
		syntax_error(in, detail);
	in->p++;
	skip_space(in);
}

/* A whole number from 1 to 2^31 - 1 */
static int32
parse_whole(Parser *in, const char *what)
{
	const char *start = in->p;
	int64		number = 0;

	while (*in->p >= '0' && *in->p <= '9' && number <= PG_INT32_MAX)
		number = number * 10 + (*in->p++ - '0');
	if (in->p == start)
		syntax_error(in, "Expected a whole number");
	if (number < 1 || number > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of a sparse vector is not between 1 and %d", what, PG_INT32_MAX),
				 errdetail_client(*in->p >= '0' && *in->p <= '9' ? "It begins with " INT64_FORMAT "." : "It is " INT64_FORMAT ".",
								  number)));
	return (int32) number;
}

static double
parse_value(Parser *in)
{
	const char *start = in->p;
	float		f4 = 0;
	double		f8 = 0;
	bool		wide = in->dtype == TENSOR_FLOAT8;

	switch (decimal_read(&in->p, in->dtype, wide ? (void *) &f8 : (void *) &f4, 0))
	{
		case DECIMAL_OK:
			break;
		case DECIMAL_SYNTAX:
			syntax_error(in, "Expected a number");
			break;
		case DECIMAL_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a number is out of range for type %s at character %zu", tensor_type_name(in->dtype),
							(Size) (start - in->text) + 1),
					 errdetail_client("It is \"%.*s\".", (int) Min(in->p - start, 64), start)));
	}
	return wide ? f8 : (double) f4;
}

static void
parse_pair(Parser *in)
{
	if (in->n == in->capacity)
	{
		Size		limit = sparse_max_entries(in->dtype);

		if (in->n >= limit)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a sparse vector of more than %zu entries exceeds the maximum of 1 GB", limit),
					 errhint(SPARSE_SIZE_HINT)));
		in->capacity = Min(2 * in->capacity, limit);
		in->index = repalloc_huge(in->index, in->capacity * sizeof(int32));
		in->value = repalloc_huge(in->value, in->capacity * sizeof(double));
	}
	in->index[in->n] = parse_whole(in, "an index") - 1;
	expect(in, ':', "Expected \":\"");
	in->value[in->n++] = parse_value(in);
	if (in->n % 65536 == 0)
		CHECK_FOR_INTERRUPTS();
}

/* "float8:", if it is there */
static void
parse_prefix(Parser *in)
{
	static const TensorType types[] = {TENSOR_FLOAT4, TENSOR_FLOAT8};

	skip_space(in);
	for (int i = 0; i < (int) lengthof(types); i++)
	{
		if (strncmp(in->p, tensor_type_name(types[i]), 6) != 0)
			continue;
		in->dtype = types[i];
		in->p += 6;
		expect(in, ':', "Expected \":\"");
		return;
	}
}

static Sparse *
parse(const char *text)
{
	Parser		in = {.text = text, .p = text, .dtype = TENSOR_FLOAT4};
	int32		width;
	Sparse	   *s;

	parse_prefix(&in);
	in.capacity = Min(strlen(in.p) / 8 + 8, (Size) 1024 * 1024);
	in.index = huge_alloc(in.capacity * sizeof(int32));
	in.value = huge_alloc(in.capacity * sizeof(double));
	expect(&in, '{', "Expected \"{\"");
	while (*in.p != '}')
	{
		parse_pair(&in);
		skip_space(&in);
		if (*in.p == '}')
			break;
		expect(&in, ',', "Expected \",\" or \"}\"");
		if (*in.p == '}')
			syntax_error(&in, "Expected a whole number");
	}
	in.p++;
	expect(&in, '/', "Expected \"/\" and the width");
	width = parse_whole(&in, "the width");
	skip_space(&in);
	if (*in.p != '\0')
		syntax_error(&in, "Nothing may follow the width");
	s = sparse_from_pairs(in.dtype, width, in.n, in.index, in.value);
	pfree(in.index);
	pfree(in.value);
	return s;
}

PG_FUNCTION_INFO_V1(sparse_in);
Datum
sparse_in(PG_FUNCTION_ARGS)
{
	Sparse	   *s = parse(PG_GETARG_CSTRING(0));

	sparse_require_typmod(s, PG_GETARG_INT32(2));
	PG_RETURN_SPARSE(s);
}

/* ---- text out ---- */

/* Most characters of an entry: index, colon, value, comma */
#define ENTRY_CHARS (10 + 1 + DECIMAL_MAX_CHARS + 1)

/* ERROR if the text would pass 1 GB; where it may, the entries are printed for their length alone. */
static void
require_text(const Sparse *s)
{
	Size		bytes = 0;
	char		entry[ENTRY_CHARS + 1];

	if ((Size) s->n <= VALUE_MAX_BYTES / ENTRY_CHARS - 1)
		return;
	for (int32 i = 0; i < s->n; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		bytes += 2 + snprintf(entry, sizeof(entry), "%d", s->index[i] + 1);
		bytes += decimal_print((TensorType) s->dtype, SPARSE_VALUES(s), i, entry);
	}
	value_require("the text of a sparse vector", bytes + ENTRY_CHARS, "Use the binary form (COPY WITH (FORMAT binary)).");
}

PG_FUNCTION_INFO_V1(sparse_out);
Datum
sparse_out(PG_FUNCTION_ARGS)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	StringInfoData out;

	require_text(s);
	initStringInfo(&out);
	if (s->dtype != TENSOR_FLOAT4)
		appendStringInfo(&out, "%s:", tensor_type_name((TensorType) s->dtype));
	appendStringInfoChar(&out, '{');
	for (int32 i = 0; i < s->n; i++)
	{
		appendStringInfo(&out, i == 0 ? "%d:" : ",%d:", s->index[i] + 1);
		enlargeStringInfo(&out, DECIMAL_MAX_CHARS + 1);
		out.len += decimal_print((TensorType) s->dtype, SPARSE_VALUES(s), i, out.data + out.len);
		out.data[out.len] = '\0';
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfo(&out, "}/%d", s->width);
	PG_RETURN_CSTRING(out.data);
}

/* ---- binary ---- */

PG_FUNCTION_INFO_V1(sparse_send);
Datum
sparse_send(PG_FUNCTION_ARGS)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	Size		n = (Size) s->n;
	Size		bytes = VARHDRSZ + WIRE_HEADER + n * (sizeof(int32) + s->dtype);
	bytea	   *out = palloc(bytes);
	uint8	   *p = (uint8 *) VARDATA(out);
	uint32		sizes[2] = {pg_hton32((uint32) s->width), pg_hton32((uint32) s->n)};
#ifdef WORDS_BIGENDIAN
	bool		swap = true;
#else
	bool		swap = false;
#endif

	SET_VARSIZE(out, bytes);
	p[0] = WIRE_VERSION;
	p[1] = s->dtype;
	p[2] = '<';
	p[3] = 0;
	memcpy(p + 4, sizes, sizeof(sizes));
	p += WIRE_HEADER;
	tensor_copy_bytes(p, s->index, TENSOR_FLOAT4, n, swap); /* four bytes each, whatever they mean */
	tensor_copy_bytes(p + n * sizeof(int32), SPARSE_VALUES(s), (TensorType) s->dtype, n, swap);
	PG_RETURN_BYTEA_P(out);
}

/* What the layout promises of indices and values; they came from outside. */
static void
require_valid(const Sparse *s)
{
	for (int32 i = 0; i < s->n; i++)
	{
		double		value = sparse_value(s, i);

		if (s->index[i] < 0 || s->index[i] >= s->width || (i > 0 && s->index[i] <= s->index[i - 1]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid index in the binary form of a sparse vector of width %d", s->width),
					 errdetail_client("It is %d. Indices count from 0, each is given once, in ascending order.", s->index[i])));
		if (!isfinite(value) || value == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid value in the binary form of a sparse vector"),
					 errdetail_client("It is %g. Values are finite, and none is zero.", value)));
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

PG_FUNCTION_INFO_V1(sparse_recv);
Datum
sparse_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	int			dtype = pq_getmsgbyte(buf);
	int			order = pq_getmsgbyte(buf);
	int			zero = pq_getmsgbyte(buf);
	int32		width;
	int32		n;
	Size		left;
	bool		swap;
	Sparse	   *s;

	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version %d of the binary form of a sparse vector", version)));
	if (dtype != TENSOR_FLOAT4 && dtype != TENSOR_FLOAT8)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid value size %d in the binary form of a sparse vector", dtype)));
	if ((order != '<' && order != '>') || zero != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid byte order %d, %d in the binary form of a sparse vector", order, zero)));
	width = (int32) pq_getmsgint(buf, 4);
	n = (int32) pq_getmsgint(buf, 4);
	left = (Size) (buf->len - buf->cursor);
	if (width < 1 || n < 0 || n > width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid width %d with %d entries in the binary form of a sparse vector", width, n)));
	if (left != (Size) n * (sizeof(int32) + dtype))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a sparse vector of %d %s entries takes %zu bytes, but %zu came", n,
						tensor_type_name((TensorType) dtype), (Size) n * (sizeof(int32) + dtype), left)));
	s = sparse_new_unset((TensorType) dtype, width, (Size) n);
#ifdef WORDS_BIGENDIAN
	swap = (order == '<');
#else
	swap = (order == '>');
#endif
	tensor_copy_bytes(s->index, pq_getmsgbytes(buf, (int) (n * sizeof(int32))), TENSOR_FLOAT4, n, swap);
	tensor_copy_bytes(SPARSE_VALUES(s), pq_getmsgbytes(buf, n * dtype), (TensorType) dtype, n, swap);
	require_valid(s);
	sparse_require_typmod(s, PG_GETARG_INT32(2));
	PG_RETURN_SPARSE(s);
}

/* ---- type modifier: the width ---- */

PG_FUNCTION_INFO_V1(sparse_typmod_in);
Datum
sparse_typmod_in(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *widths = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a sparse type modifier is one width, not %d numbers", n)));
	if (widths[0] < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width %d of a sparse type modifier is not between 1 and %d", widths[0], PG_INT32_MAX)));
	PG_RETURN_INT32(widths[0]);
}

PG_FUNCTION_INFO_V1(sparse_typmod_out);
Datum
sparse_typmod_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(psprintf("(%d)", PG_GETARG_INT32(0)));
}

PG_FUNCTION_INFO_V1(sparse_apply_typmod);
Datum
sparse_apply_typmod(PG_FUNCTION_ARGS)
{
	Sparse	   *s = PG_GETARG_SPARSE(0);

	sparse_require_typmod(s, PG_GETARG_INT32(1));
	PG_RETURN_SPARSE(s);
}
