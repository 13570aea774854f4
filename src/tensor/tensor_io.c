/*
 * tensor_io.c
 *		Text and binary forms of the tensor.
 *
 * Text:	[type][(dims)][:]value, where value is a number (rank 0) or nested
 * brackets, [[1,2],[3,4]].  The type is left out for float4; the dims are written
 * only for an empty tensor of rank 2 or more, float8(0,3):[], because brackets
 * alone cannot say 3; on input they may stand before any flat list of the right
 * length, (2,2):[1,2,3,4], and [[],[]] is read as (2,0).  Numbers are the
 * shortest that read back to the same value, NaN, Infinity and -Infinity.
 *
 * Parsing is one pass: the leading brackets give the rank, so elements go straight
 * to their final place in a tensor that grows by doubling; the length of the
 * first list at each depth is a dimension, and every later one must equal it.
 *
 * Binary (COPY BINARY, binary parameters of drivers):
 *
 *	 0  uint8   version, 1
 *	 1  uint8   bytes an element: 2, 4 or 8
 *	 2  uint8   ndim, 0 .. 8
 *	 3  char    '<' or '>': the elements are little or big endian
 *	 4  int32   dims[ndim], big endian (network order), as all of PostgreSQL's
 *	    elements in C order
 *
 * send always writes '<', the order of NumPy arrays nearly everywhere, so that a
 * client neither swaps nor copies:
 *
 *	 struct.pack(f'!BBBc{a.ndim}i', 1, a.itemsize, a.ndim, b'<', *a.shape) + a.tobytes()
 *
 * recv takes both, and checks rank, dimensions, their product and the number of
 * bytes against the message before it allocates.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "tensor/decimal.h"
#include "tensor/tensor.h"

/* of the elements of the largest tensor */
#define MAX_ELEMENT_BYTES (VALUE_MAX_BYTES - TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM))

#define WIRE_VERSION 1

/* ---- text in ---- */

typedef struct TextParser
{
	const char *text;
	const char *p;
	TensorType	dtype;
	bool		json;			/* the text is JSON: null, "NaN", no prefix */
	bool		has_dims;		/* a shape was written before the value */
	int			given_ndim;
	int32		given_dims[TENSOR_MAX_NDIM];
} TextParser;

_Noreturn static void
syntax_error(const TextParser *in, const char *at, const char *detail)
{
	int			length = (int) strnlen(in->text, 65);
	int			shown = length > 64 ? pg_mbcliplen(in->text, length, 64) : length;
	Size		position = (Size) (at - in->text);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg(in->json ? "cannot cast json to tensor at character %zu"
							 : "invalid input syntax for type tensor at character %zu",
					position + 1),
			 errdetail_client(in->json ? "%s. The value is %.*s%s." : "%s. The text is \"%.*s%s\".", detail,
							  shown, in->text, length > 64 ? "..." : "")));
}

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline void
skip_space(TextParser *in)
{
	while (is_space(*in->p))
		in->p++;
}

/* "(2,3)" before the value */
static void
parse_dims(TextParser *in)
{
	in->p++;
	in->has_dims = true;
	in->given_ndim = 0;
	skip_space(in);
	if (*in->p == ')')
	{
		in->p++;
		return;
	}
	for (;;)
	{
		int64		dim = 0;
		const char *start;

		skip_space(in);
		start = in->p;
		while (*in->p >= '0' && *in->p <= '9' && dim <= PG_INT32_MAX)
			dim = dim * 10 + (*in->p++ - '0');
		if (in->p == start || dim > PG_INT32_MAX)
			syntax_error(in, start, "Expected a dimension");
		if (in->given_ndim == TENSOR_MAX_NDIM)
			syntax_error(in, start, "A tensor has at most 8 dimensions");
		in->given_dims[in->given_ndim++] = (int32) dim;
		skip_space(in);
		if (*in->p == ')')
			break;
		if (*in->p != ',')
			syntax_error(in, in->p, "Expected \",\" or \")\"");
		in->p++;
	}
	in->p++;
}

/* [type][(dims)]: before the value, if any of it is there */
static void
parse_prefix(TextParser *in)
{
	static const TensorType types[] = {TENSOR_FLOAT2, TENSOR_FLOAT4, TENSOR_FLOAT8};
	bool		prefix = false;

	skip_space(in);
	for (int i = 0; i < (int) lengthof(types); i++)
	{
		const char *name = tensor_type_name(types[i]);

		if (strncmp(in->p, name, 6) == 0)
		{
			in->dtype = types[i];
			in->p += 6;
			prefix = true;
			break;
		}
	}
	skip_space(in);
	if (*in->p == '(')
	{
		parse_dims(in);
		prefix = true;
	}
	if (prefix)
	{
		skip_space(in);
		if (*in->p != ':')
			syntax_error(in, in->p, "Expected \":\"");
		in->p++;
		skip_space(in);
	}
}

/* Number of brackets that open at p: the rank */
static int
count_opening(const TextParser *in)
{
	const char *p = in->p;
	int			depth = 0;

	for (;; p++)
	{
		if (*p == '[')
		{
			if (++depth > TENSOR_MAX_NDIM)
				syntax_error(in, p, "A tensor has at most 8 dimensions");
		}
		else if (!is_space(*p))
			return depth;
	}
}

/*
 * ERROR if so long a text holds more elements than a tensor can: there is a comma
 * between any two.
 */
static void
require_room(const TextParser *in, Size length)
{
	Size		elements = 1;

	if (length / 2 * in->dtype <= MAX_ELEMENT_BYTES)
		return;
	for (const char *p = in->p; (p = strchr(p, ',')) != NULL; p++)
	{
		if (elements++ % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (elements > MAX_ELEMENT_BYTES / in->dtype)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a %s tensor of %zu elements exceeds the maximum of 1 GB", tensor_type_name(in->dtype), elements),
				 errhint(TENSOR_SIZE_HINT)));
}

/* Room for twice the elements, but no more than a tensor can hold */
static Tensor *
grow(Tensor *t, Size *capacity)
{
	Assert(*capacity < MAX_ELEMENT_BYTES / t->dtype);
	*capacity = Min(*capacity * 2, MAX_ELEMENT_BYTES / t->dtype);
	return repalloc(t, TENSOR_HEADER_SIZE(t->ndim) + *capacity * t->dtype);
}

/* What JSON has instead of a number; true if it was there */
static bool
parse_json_special(TextParser *in, Tensor *t, Size i)
{
	static const struct
	{
		const char *text;
		double		value;
	}			specials[] = {{"null", NAN},
							  {"\"NaN\"", NAN},
							  {"\"Infinity\"", INFINITY},
							  {"\"-Infinity\"", -INFINITY}};

	for (int s = 0; s < (int) lengthof(specials); s++)
	{
		Size		length = strlen(specials[s].text);

		if (strncmp(in->p, specials[s].text, length) == 0)
		{
			tensor_set(t, i, specials[s].value);
			in->p += length;
			return true;
		}
	}
	return false;
}

static Size
parse_number(TextParser *in, Tensor *t, Size i)
{
	const char *start = in->p;

	if (in->json && parse_json_special(in, t, i))
		return i + 1;
	switch (decimal_read(&in->p, (TensorType) t->dtype, TENSOR_DATA(t), i))
	{
		case DECIMAL_OK:
			break;
		case DECIMAL_SYNTAX:
			syntax_error(in, start, *start == '\0' ? "The text ends too early" : "Expected a number");
			break;
		case DECIMAL_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a number is out of range for type %s at character %zu", tensor_type_name(t->dtype),
							(Size) (start - in->text) + 1),
					 errdetail_client("It is \"%.*s\".", (int) Min(in->p - start, 64), start)));
	}
	return i + 1;
}

/* The value, whose rank is 'ndim' >= 1; returns the number of elements */
static Tensor *
parse_nested(TextParser *in, Tensor *t, Size capacity, Size *size)
{
	int			ndim = t->ndim;
	int32		count[TENSOR_MAX_NDIM + 1] = {0};	/* items so far at each depth */
	bool		known[TENSOR_MAX_NDIM + 1] = {false};	/* the dimension at this depth is known */
	int			depth = 0;
	Size		n = 0;

	for (;;)
	{
		/* here an item is due: a list, down to the innermost depth, or a number */
		skip_space(in);
		while (*in->p == '[')
		{
			if (depth == ndim)
				syntax_error(in, in->p, "Expected a number, as before it");
			count[++depth] = 0;
			in->p++;
			skip_space(in);
		}
		if (depth == ndim && *in->p != ']')
		{
			int32		row = 0;

			for (;;)
			{
				if (n == capacity)
					t = grow(t, &capacity);
				n = parse_number(in, t, n);
				row++;
				if (n % 65536 == 0)
					CHECK_FOR_INTERRUPTS();
				if (*in->p != ',')
				{
					skip_space(in);
					if (*in->p != ',')
						break;
				}
				in->p++;
				while (is_space(*in->p))
					in->p++;
			}
			count[depth] = row;
			CHECK_FOR_INTERRUPTS();
		}
		else if (*in->p != ']' || count[depth] != 0)
			syntax_error(in, in->p,
						 *in->p == '\0' ? "The text ends too early" : "Expected \"[\", as before it");
		else if (depth != ndim)
			syntax_error(in, in->p, "Expected \"[\", as before it");

		/* close every list that ends here */
		while (*in->p == ']')
		{
			if (!known[depth])
			{
				t->dims[depth - 1] = count[depth];
				known[depth] = true;
			}
			else if (t->dims[depth - 1] != count[depth])
				syntax_error(in, in->p,
							 psprintf("Lists differ in length: %d and %d items",
									  t->dims[depth - 1], count[depth]));
			in->p++;
			if (--depth == 0)
			{
				*size = n;
				return t;
			}
			count[depth]++;
			skip_space(in);
		}
		if (*in->p != ',')
			syntax_error(in, in->p,
						 *in->p == '\0' ? "The text ends too early" : "Expected \",\" or \"]\"");
		in->p++;
	}
}

/* Give a parsed tensor the shape that was written before it. */
static Tensor *
apply_given_dims(TextParser *in, Tensor *t, Size size)
{
	Tensor	   *shaped;

	if (in->given_ndim == t->ndim &&
		memcmp(in->given_dims, t->dims, t->ndim * sizeof(int32)) == 0)
		return t;
	if (t->ndim > 1 || tensor_check_shape(t->dtype, in->given_ndim, in->given_dims) != size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("a tensor of shape %s was announced, but the value has shape %s",
						tensor_dims_text(in->given_ndim, in->given_dims), tensor_shape_text(t))));
	shaped = tensor_new_unset(t->dtype, in->given_ndim, in->given_dims);
	memcpy(TENSOR_DATA(shaped), TENSOR_DATA(t), size * t->dtype);
	return shaped;
}

static Tensor *
parse(const char *text, TensorType dtype, bool json)
{
	TextParser	in = {.text = text, .p = text, .dtype = dtype, .json = json};
	int32		no_dims[TENSOR_MAX_NDIM] = {0};
	Size		size = 1;
	int			ndim;
	Tensor	   *t;

	if (json)
		skip_space(&in);
	else
		parse_prefix(&in);
	ndim = count_opening(&in);
	if (ndim == 0)
	{
		t = tensor_new(in.dtype, 0, no_dims);
		parse_number(&in, t, 0);
	}
	else
	{
		/* a guess at the number of elements: eight characters each */
		Size		length = strlen(in.p);
		Size		capacity = Min(length / 8 + 8, (Size) 16 * 1024 * 1024);
		Size		header = TENSOR_HEADER_SIZE(ndim);

		require_room(&in, length);
		t = palloc(header + capacity * in.dtype);
		memset(t, 0, header);
		t->version = TENSOR_VERSION;
		t->dtype = in.dtype;
		t->ndim = ndim;
		t = parse_nested(&in, t, capacity, &size);
		SET_VARSIZE(t, header + size * in.dtype);
		tensor_check_shape(in.dtype, ndim, t->dims);
	}
	skip_space(&in);
	if (*in.p != '\0')
		syntax_error(&in, in.p, "Nothing may follow the tensor");
	return in.has_dims ? apply_given_dims(&in, t, size) : t;
}

Tensor *
tensor_parse_json(const char *text, TensorType dtype)
{
	return parse(text, dtype, true);
}

/* ---- text out ---- */

/* Numbers that are printed between two looks at the size of the buffer, and the characters of each with its comma */
#define ROW_PART 256
#define NUMBER_CHARS (DECIMAL_MAX_CHARS + 3)

static void
print_empty(StringInfo out, const Tensor *t)
{
	if (t->ndim > 1)
	{
		for (int d = 0; d < t->ndim; d++)
			appendStringInfo(out, "%c%d", d > 0 ? ',' : '(', t->dims[d]);
		appendStringInfoString(out, "):");
	}
	else if (t->dtype != TENSOR_FLOAT4)
		appendStringInfoChar(out, ':');
	appendStringInfoString(out, "[]");
}

/* Element i as JSON; returns the number of characters */
static int
print_json_number(TensorType dtype, const void *data, Size i, char *p)
{
	int			length = decimal_print(dtype, data, i, p);
	char		last = p[length - 1];

	if (last == 'N')
	{
		memcpy(p, "null", 4);	/* NOLINT(bugprone-not-null-terminated-result): of known length */
		return 4;
	}
	if (last != 'y')
		return length;
	memmove(p + 1, p, length);
	p[0] = p[length + 1] = '"';
	return length + 2;
}

/* Elements start .. start + n, with commas between */
static void
print_row(StringInfo out, const Tensor *t, Size start, Size n, bool json)
{
	const void *data = TENSOR_DATA(t);
	TensorType	dtype = (TensorType) t->dtype;

	for (Size i = start; i < start + n;)
	{
		/* room for many numbers at once, then straight into the buffer */
		Size		end = Min(i + ROW_PART, start + n);
		char	   *p;

		enlargeStringInfo(out, ROW_PART * NUMBER_CHARS);
		p = out->data + out->len;
		for (; i < end; i++)
		{
			p += json ? print_json_number(dtype, data, i, p) : decimal_print(dtype, data, i, p);
			*p++ = ',';
		}
		out->len = (int) (p - out->data);
		CHECK_FOR_INTERRUPTS();
	}
	out->data[--out->len] = '\0'; /* the last comma */
}

/*
 * ERROR if the text of so large a tensor would pass 1 GB.  Where that is possible
 * at all the numbers are printed for their length alone, before a gigabyte is taken.
 */
static void
require_text(const Tensor *t, bool json)
{
	Size		limit = VALUE_MAX_BYTES - (Size) ROW_PART * NUMBER_CHARS;
	Size		n = tensor_size(t);
	Size		bytes = 0;
	Size		lists = 1;
	char		number[NUMBER_CHARS];

	for (int d = 0; d < t->ndim; d++)
	{
		bytes += 3 * lists;		/* brackets and a comma */
		lists *= (Size) t->dims[d];
	}
	if (n <= (limit - Min(bytes, limit)) / NUMBER_CHARS)
		return;
	for (Size i = 0; i < n; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		bytes += 1 + (json ? print_json_number(t->dtype, TENSOR_DATA(t), i, number) :
					  decimal_print(t->dtype, TENSOR_DATA(t), i, number));
	}
	if (bytes > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text of a %s tensor of shape %s, %zu bytes, exceeds the maximum of 1 GB",
						tensor_type_name(t->dtype), tensor_shape_text(t), bytes),
				 errhint("Use the binary form (COPY WITH (FORMAT binary)), or take it in parts.")));
}

/* A tensor with elements, as nested lists */
static void
print_nested(StringInfo out, const Tensor *t, bool json)
{
	Size		n = tensor_size(t);
	Size		inner = t->ndim > 0 ? (Size) t->dims[t->ndim - 1] : 1;

	require_text(t, json);
	for (Size start = 0; start < n; start += inner)
	{
		int			turned = 0; /* lists that end and begin between the row before and this */
		Size		block = inner;

		if (start == 0)
			turned = t->ndim;
		else
		{
			for (int d = t->ndim - 1; d > 0 && start % block == 0; d--)
			{
				turned++;
				block *= (Size) t->dims[d - 1];
			}
			for (int d = 0; d < turned; d++)
				appendStringInfoChar(out, ']');
			appendStringInfoChar(out, ',');
		}
		for (int d = 0; d < turned; d++)
			appendStringInfoChar(out, '[');
		print_row(out, t, start, inner, json);
	}
	for (int d = 0; d < t->ndim; d++)
		appendStringInfoChar(out, ']');
}

static char *
tensor_print(const Tensor *t)
{
	StringInfoData out;

	initStringInfo(&out);
	if (t->dtype != TENSOR_FLOAT4)
		appendStringInfoString(&out, tensor_type_name((TensorType) t->dtype));
	if (tensor_size(t) == 0)
		print_empty(&out, t);
	else
	{
		if (t->dtype != TENSOR_FLOAT4)
			appendStringInfoChar(&out, ':');
		print_nested(&out, t, false);
	}
	return out.data;
}

/* Lists down to the first dimension of 0 */
static void
print_json_empty(StringInfo out, const Tensor *t, int d)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < t->dims[d]; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		print_json_empty(out, t, d + 1);
	}
	appendStringInfoChar(out, ']');
}

char *
tensor_print_json(const Tensor *t)
{
	StringInfoData out;

	initStringInfo(&out);
	if (tensor_size(t) == 0)
		print_json_empty(&out, t, 0);
	else
		print_nested(&out, t, true);
	return out.data;
}

/* ---- element bytes ---- */

HOT_LOOP static void
swap2(const uint16 *in, uint16 *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = pg_bswap16(in[i]);
}

HOT_LOOP static void
swap4(const uint32 *in, uint32 *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = pg_bswap32(in[i]);
}

HOT_LOOP static void
swap8(const uint64 *in, uint64 *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = pg_bswap64(in[i]);
}

void
tensor_copy_bytes(void *out, const void *in, TensorType dtype, Size n, bool swap)
{
	memcpy(out, in, n * (Size) dtype);
	if (!swap)
		return;
	/* in place: the message that the bytes came from need not be aligned */
	if (dtype == TENSOR_FLOAT2)
		swap2(out, out, n);
	else if (dtype == TENSOR_FLOAT4)
		swap4(out, out, n);
	else
		swap8(out, out, n);
}

/* ---- SQL ---- */

PG_FUNCTION_INFO_V1(tensor_in);
Datum
tensor_in(PG_FUNCTION_ARGS)
{
	int32		typmod = PG_GETARG_INT32(2);
	Tensor	   *t = parse(PG_GETARG_CSTRING(0), tensor_typmod_dtype(typmod, TENSOR_FLOAT4), false);

	PG_RETURN_TENSOR(tensor_coerce(t, typmod));
}

PG_FUNCTION_INFO_V1(tensor_out);
Datum
tensor_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(tensor_print(PG_GETARG_TENSOR(0)));
}

PG_FUNCTION_INFO_V1(tensor_send);
Datum
tensor_send(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Size		n = tensor_size(t);
	Size		header = 4 + t->ndim * sizeof(int32);
	Size		bytes = VARHDRSZ + header + n * t->dtype;
	bytea	   *out = palloc(bytes);
	uint8	   *p = (uint8 *) VARDATA(out);

	SET_VARSIZE(out, bytes);
	p[0] = WIRE_VERSION;
	p[1] = t->dtype;
	p[2] = t->ndim;
	p[3] = '<';
	for (int d = 0; d < t->ndim; d++)
	{
		uint32		dim = pg_hton32((uint32) t->dims[d]);

		memcpy(p + 4 + d * sizeof(dim), &dim, sizeof(dim));
	}
#ifdef WORDS_BIGENDIAN
	{
		/* swap in an aligned copy, then move */
		char	   *copy = palloc(n * t->dtype);

		tensor_copy_bytes(copy, TENSOR_DATA(t), t->dtype, n, true);
		memcpy(p + header, copy, n * t->dtype);
	}
#else
	memcpy(p + header, TENSOR_DATA(t), n * t->dtype);
#endif
	PG_RETURN_BYTEA_P(out);
}

PG_FUNCTION_INFO_V1(tensor_recv);
Datum
tensor_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int			version = pq_getmsgbyte(buf);
	int			dtype = pq_getmsgbyte(buf);
	int			ndim = pq_getmsgbyte(buf);
	int			order = pq_getmsgbyte(buf);
	int32		dims[TENSOR_MAX_NDIM];
	Size		n;
	Size		left;
	bool		swap;
	Tensor	   *t;

	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version %d of the binary form of a tensor", version)));
	if (dtype != TENSOR_FLOAT2 && dtype != TENSOR_FLOAT4 && dtype != TENSOR_FLOAT8)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid element size %d in the binary form of a tensor", dtype)));
	if (ndim > TENSOR_MAX_NDIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid rank %d in the binary form of a tensor", ndim)));
	if (order != '<' && order != '>')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid byte order %d in the binary form of a tensor", order)));
	for (int d = 0; d < ndim; d++)
		dims[d] = (int32) pq_getmsgint(buf, 4);
	n = tensor_check_shape((TensorType) dtype, ndim, dims);
	left = (Size) (buf->len - buf->cursor);
	if (left != n * (Size) dtype)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a %s tensor of shape %s takes %zu bytes, but %zu came",
						tensor_type_name((TensorType) dtype), tensor_dims_text(ndim, dims),
						n * (Size) dtype, left)));
	t = tensor_new_unset((TensorType) dtype, ndim, dims);
#ifdef WORDS_BIGENDIAN
	swap = (order == '<');
#else
	swap = (order == '>');
#endif
	tensor_copy_bytes(TENSOR_DATA(t), pq_getmsgbytes(buf, (int) left), (TensorType) dtype, n, swap);
	PG_RETURN_TENSOR(tensor_coerce(t, typmod));
}
