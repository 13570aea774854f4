/*
 * npy.c
 *		NumPy's .npy files: header and elements.
 *
 * A file is "\x93NUMPY", a version (major, minor), the header's length (2 bytes
 * little-endian in version 1, 4 in 2 and 3), the header, and the elements.  The
 * header is the text of a Python dictionary with exactly the keys 'descr',
 * 'fortran_order' and 'shape', padded with spaces and a newline
 * (numpy.lib.format's documentation).
 *
 * The text comes from anywhere, so it is not evaluated but read by a parser of just
 * that: two kinds of quotes, keys in any order, each once, a tuple of integers.
 * Nothing is allocated from what the header says; the caller compares shape and
 * bytes first.
 *
 * Element types: f2, f4, f8 stay; bool and integers of up to 16 bits become
 * float4, of 32 and 64 bits float8.  A 64-bit integer that float8 cannot hold
 * exactly is an error, not a rounded number: such integers are usually identifiers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bswap.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "tensor/npy.h"

#define MAGIC		 "\x93NUMPY"
#define MAGIC_LENGTH 6
#define MAX_DESCR	 64
#define CHUNK		 512

/* ---- header in ---- */

typedef struct NpyParser
{
	const char *p;
	const char *end;
} NpyParser;

_Noreturn static void
bad_header(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid npy header: %s", what)));
}

static void
skip_space(NpyParser *in)
{
	while (in->p < in->end && (*in->p == ' ' || (*in->p >= '\t' && *in->p <= '\r')))
		in->p++;
}

/* Skip spaces; whether the next character is c, which is then taken */
static bool
take_char(NpyParser *in, char c)
{
	skip_space(in);
	if (in->p < in->end && *in->p == c)
	{
		in->p++;
		return true;
	}
	return false;
}

static bool
take_word(NpyParser *in, const char *word)
{
	Size		length = strlen(word);

	skip_space(in);
	if ((Size) (in->end - in->p) >= length && memcmp(in->p, word, length) == 0)
	{
		in->p += length;
		return true;
	}
	return false;
}

/* A quoted string without escapes, into out[size] */
static void
read_string(NpyParser *in, char *out, Size size)
{
	char		quote;
	Size		length = 0;

	skip_space(in);
	if (in->p == in->end || (*in->p != '\'' && *in->p != '"'))
		bad_header("a string is missing");
	quote = *in->p++;
	for (; in->p < in->end && *in->p != quote; in->p++)
	{
		if (*in->p == '\\' || (unsigned char) *in->p < ' ' || (unsigned char) *in->p > '~')
			bad_header("a string has an unexpected character");
		if (length + 1 == size)
			bad_header("a string is too long");
		out[length++] = *in->p;
	}
	if (in->p == in->end)
		bad_header("a string does not end");
	in->p++;
	out[length] = '\0';
}

static void
read_descr(NpyParser *in, NpyHeader *header)
{
	char		descr[MAX_DESCR];
	const char *type = descr;
	char		order = '=';
	char		width;

	skip_space(in);
	if (in->p < in->end && (*in->p == '[' || *in->p == '('))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("npy files of structured type are not supported"),
				 errhint("Save one field at a time as a plain array.")));
	read_string(in, descr, sizeof(descr));
	if (*type == '<' || *type == '>' || *type == '|' || *type == '=')
		order = *type++;
	header->kind = type[0];
	width = (char) (type[0] != '\0' ? type[1] : '\0');
	if (width == '\0' || type[2] != '\0' ||
		!((header->kind == 'b' && width == '1') ||
		  ((header->kind == 'i' || header->kind == 'u') && strchr("1248", width) != NULL) ||
		  (header->kind == 'f' && strchr("248", width) != NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("npy element types are bool, integers of 1 to 8 bytes and floats of 2, 4 and 8 bytes"),
				 errdetail_client("This file has \"%s\".", descr),
				 errhint("Convert with astype before saving.")));
	header->width = width - '0';
#ifdef WORDS_BIGENDIAN
	header->big_endian = (order != '<');
#else
	header->big_endian = (order == '>');
#endif
}

static void
read_shape(NpyParser *in, NpyHeader *header)
{
	bool		comma = false;

	header->ndim = 0;
	if (!take_char(in, '('))
		bad_header("the shape is not a tuple");
	while (!take_char(in, ')'))
	{
		int64		dim = 0;
		const char *start;

		if (header->ndim > 0 && !comma)
			bad_header("a comma is missing in the shape");
		skip_space(in);
		start = in->p;
		while (in->p < in->end && *in->p >= '0' && *in->p <= '9' && dim <= PG_INT32_MAX)
			dim = dim * 10 + (*in->p++ - '0');
		if (in->p == start)
			bad_header("a dimension is not a whole number");
		if (dim > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an npy dimension exceeds the maximum of %d", PG_INT32_MAX)));
		if (header->ndim == TENSOR_MAX_NDIM)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an npy file of more than %d dimensions does not fit a tensor",
							TENSOR_MAX_NDIM)));
		header->dims[header->ndim++] = (int32) dim;
		take_char(in, 'L');		/* Python 2 wrote 3L */
		comma = take_char(in, ',');
	}
	if (header->ndim == 1 && !comma)
		bad_header("the shape is not a tuple");
}

static void
read_dictionary(NpyParser *in, NpyHeader *header)
{
	bool		descr = false;
	bool		order = false;
	bool		shape = false;

	if (!take_char(in, '{'))
		bad_header("it is not a dictionary");
	while (!take_char(in, '}'))
	{
		char		key[MAX_DESCR];

		read_string(in, key, sizeof(key));
		if (!take_char(in, ':'))
			bad_header("a colon is missing");
		if (strcmp(key, "descr") == 0 && !descr)
		{
			read_descr(in, header);
			descr = true;
		}
		else if (strcmp(key, "fortran_order") == 0 && !order)
		{
			header->fortran_order = take_word(in, "True");
			if (!header->fortran_order && !take_word(in, "False"))
				bad_header("fortran_order is neither True nor False");
			order = true;
		}
		else if (strcmp(key, "shape") == 0 && !shape)
		{
			read_shape(in, header);
			shape = true;
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid npy header: there is an unexpected key"),
					 errdetail_client("It is \"%s\".", key)));
		if (!take_char(in, ','))
		{
			if (!take_char(in, '}'))
				bad_header("a comma is missing");
			break;
		}
	}
	skip_space(in);
	if (in->p != in->end)
		bad_header("something follows the dictionary");
	if (!descr || !order || !shape)
		bad_header("descr, fortran_order or shape is missing");
}

void
npy_read_header(const char *data, Size bytes, NpyHeader *header)
{
	const unsigned char *u = (const unsigned char *) data;
	Size		start;
	Size		length;
	NpyParser	in;

	memset(header, 0, sizeof(*header));
	if (bytes < MAGIC_LENGTH + 2 || memcmp(data, MAGIC, MAGIC_LENGTH) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("not an npy file: it does not begin with \\x93NUMPY")));
	if (u[6] < 1 || u[6] > 3 || u[7] != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("npy format %d.%d is not supported", u[6], u[7])));
	start = u[6] == 1 ? 10 : 12;
	if (bytes < start)
		bad_header("the file is truncated");
	length = (Size) u[8] | (Size) u[9] << 8;
	if (u[6] > 1)
		length |= (Size) u[10] << 16 | (Size) u[11] << 24;
	if (length > bytes - start)
		bad_header("the file is truncated");
	in.p = data + start;
	in.end = in.p + length;
	read_dictionary(&in, header);
	header->length = start + length;
}

/* ---- elements in ---- */

TensorType
npy_tensor_type(const NpyHeader *header)
{
	if (header->kind == 'f')
		return (TensorType) header->width;
	return header->width <= 2 ? TENSOR_FLOAT4 : TENSOR_FLOAT8;
}

/* Elements in file order [start, start + n) as host-order bytes into an aligned chunk */
static void
read_chunk(const NpyHeader *header, const char *data, Size start, Size n, void *chunk)
{
	const char *from = data + start * header->width;

#ifdef WORDS_BIGENDIAN
	bool		swap = !header->big_endian;
#else
	bool		swap = header->big_endian;
#endif

	if (header->width == 1)
		memcpy(chunk, from, n);
	else
		tensor_copy_bytes(chunk, from, (TensorType) header->width, n, swap);
}

_Noreturn static void
inexact(Size position, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("element %zu of an npy file is not exact in float8", position + 1),
			 errdetail_client("It is %s.", value),
			 errhint("If rounding is right, convert with astype before saving.")));
}

/* One chunk of integers as float8 */
static void
integers_to_f8(const NpyHeader *header, const void *chunk, Size start, Size n, double *out)
{
	bool		is_signed = header->kind == 'i';

	for (Size i = 0; i < n; i++)
		switch (header->width)
		{
			case 1:
				out[i] = header->kind == 'b' ? ((const uint8 *) chunk)[i] != 0
						 : is_signed		 ? ((const int8 *) chunk)[i]
											 : ((const uint8 *) chunk)[i];
				break;
			case 2:
				out[i] = is_signed ? ((const int16 *) chunk)[i] : ((const uint16 *) chunk)[i];
				break;
			case 4:
				out[i] = is_signed ? (double) ((const int32 *) chunk)[i]
								   : (double) ((const uint32 *) chunk)[i];
				break;
			default:
				if (is_signed)
				{
					int64		v = ((const int64 *) chunk)[i];

					out[i] = (double) v;
					if (out[i] >= 0x1p63 || (int64) out[i] != v)
						inexact(start + i, psprintf(INT64_FORMAT, v));
				}
				else
				{
					uint64		v = ((const uint64 *) chunk)[i];

					out[i] = (double) v;
					if (out[i] >= 0x1p64 || (uint64) out[i] != v)
						inexact(start + i, psprintf(UINT64_FORMAT, v));
				}
		}
}

void
npy_read_elements(const NpyHeader *header, const char *data, Size n, Tensor *t)
{
	uint64		chunk[CHUNK];
	double		values[CHUNK];

	if (header->kind == 'f')
	{
		read_chunk(header, data, 0, n, TENSOR_DATA(t));
		return;
	}
	for (Size start = 0; start < n; start += CHUNK)
	{
		Size		m = Min(CHUNK, n - start);

		read_chunk(header, data, start, m, chunk);
		integers_to_f8(header, chunk, start, m, values);
		tensor_write_f8(t, start, m, values);
		CHECK_FOR_INTERRUPTS();
	}
}

/* ---- header out ---- */

Size
npy_write_header(const Tensor *t, char *out)
{
	char		text[NPY_MAX_HEADER];
	Size		length;
	Size		total;
	const char *order =
#ifdef WORDS_BIGENDIAN
		">";
#else
		"<";
#endif

	length = (Size) snprintf(text, sizeof(text), "{'descr': '%sf%d', 'fortran_order': False, 'shape': (",
							 order, t->dtype);
	for (int d = 0; d < t->ndim; d++)
		length += (Size) snprintf(text + length, sizeof(text) - length, "%d%s", t->dims[d],
								  t->ndim == 1 ? "," : d < t->ndim - 1 ? ", " : "");
	length += (Size) snprintf(text + length, sizeof(text) - length, "), }");

	/* elements begin at a multiple of 64, as NumPy writes them, the newline last before them */
	total = TYPEALIGN(64, 10 + length + 1);
	Assert(total <= NPY_MAX_HEADER);
	memcpy(out, MAGIC "\x01\x00", 8); /* NOLINT(bugprone-not-null-terminated-result): bytes, of known length */
	out[8] = (char) ((total - 10) & 0xff);
	out[9] = (char) ((total - 10) >> 8);
	memcpy(out + 10, text, length); /* NOLINT(bugprone-not-null-terminated-result): so here */
	memset(out + 10 + length, ' ', total - 10 - length);
	out[total - 1] = '\n';
	return total;
}
