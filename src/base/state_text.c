/*
 * state_text.c
 *		Text and byte forms that all stored states share.
 */
#include "postgres.h"

#include <math.h>

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/state_text.h"

#if PG_VERSION_NUM >= 180000
typedef uint8 Base64Byte;
#else
typedef char Base64Byte;
#endif

bytea *
state_flatten(const ExpandedObjectHeader *state)
{
	Size		size = EOH_get_flat_size((ExpandedObjectHeader *) state);
	bytea	   *flat = palloc(size);

	EOH_flatten_into((ExpandedObjectHeader *) state, flat, size);
	return flat;
}

void
state_require_text(const char *name, Size n_bytes)
{
	if (n_bytes / 3 * 4 > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text of a %s of %zu bytes would pass 1 GB", name, n_bytes),
				 errhint("Use the binary form (COPY WITH (FORMAT binary)), or chunk the targets.")));
}

char *
state_to_text(const char *name, const char *summary, const char *bytes, Size n_bytes)
{
	Size		header = strlen(name) + strlen(summary) + 3;
	Size		n_base64 = (n_bytes + 2) / 3 * 4;
	char	   *text;
	int			n;

	state_require_text(name, n_bytes);
	text = palloc(header + n_base64 + 1);
	sprintf(text, "%s(%s):", name, summary);
	n = pg_b64_encode((const Base64Byte *) bytes, (int) n_bytes, text + header, (int) n_base64);
	if (n < 0)
		elog(ERROR, "base64 of %zu bytes did not fit", n_bytes);
	text[header + n] = '\0';
	return text;
}

_Noreturn static void
bad_text(const char *name, const char *text, const char *detail)
{
	int			shown = pg_mbcliplen(text, (int) strlen(text), 40);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s", name),
			 errdetail_client("%s The text is \"%.*s%s\".", detail, shown, text, text[shown] != '\0' ? "..." : "")));
}

StringInfo
state_from_text(const char *name, const char *text)
{
	const char *at = text;
	StringInfo	out = makeStringInfo();
	Size		n_base64;
	int			n;

	while (*at == ' ' || *at == '\n' || *at == '\t')
		at++;
	if (strncmp(at, name, strlen(name)) != 0 || at[strlen(name)] != '(')
		bad_text(name, text, "The text does not begin with the type's name and an opening parenthesis.");
	at = strstr(at, "):");
	if (at == NULL)
		bad_text(name, text, "There is no \"):\" before the base64 part.");
	at += 2;
	n_base64 = strlen(at);
	if (n_base64 > MaxAllocSize)
		bad_text(name, text, "The base64 part is longer than 1 GB.");
	enlargeStringInfo(out, (int) (n_base64 / 4 * 3 + 3));
	n = pg_b64_decode(at, (int) n_base64, (Base64Byte *) out->data, out->maxlen - 1);
	if (n < 0)
		bad_text(name, text, "The part after \"):\" is not base64.");
	out->len = n;
	out->data[n] = '\0';
	return out;
}

void
state_corrupt(const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid %s: %s", name, what)));
}

void
state_require_finite(const char *name, const double *values, Size n)
{
	for (Size i = 0; i < n; i++)
		if (!isfinite(values[i]))
			state_corrupt(name, "a value is not finite");
}

void
state_put_bytes(StateWriter *w, const void *bytes, Size n)
{
	if (w->buffer && n > 0)
		memcpy(w->buffer + w->n, bytes, n);
	w->n = size_add(w->n, n);
}

void
state_put_array(StateWriter *w, const void *elements, Size n, int element_size)
{
#ifdef WORDS_BIGENDIAN
	Size		start = w->n;
#endif

	state_put_bytes(w, elements, size_mul(n, element_size));
#ifdef WORDS_BIGENDIAN
	if (w->buffer)
		for (Size i = 0; i < n; i++)
		{
			char	   *e = w->buffer + start + i * element_size;

			for (int b = 0; b < element_size / 2; b++)
			{
				char		swap = e[b];

				e[b] = e[element_size - 1 - b];
				e[element_size - 1 - b] = swap;
			}
		}
#endif
}

void
state_put_sums(StateWriter *w, const char *name, const double *sums, Size n)
{
	double		zero = 0;

	if (w->buffer)
		for (Size i = 0; i < n; i++)
			zero += sums[i] * 0.0;	/* NaN of what is not finite, and then it stays */
	if (isnan(zero))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sums in a value of type %s are out of range", name),
				 errdetail("Squares and products of values so large pass the range of float8.")));
	state_put_array(w, sums, n, sizeof(double));
}

int64
state_rows_plus(const char *name, int64 n, int64 more)
{
	if (more > STATE_MAX_ROWS - n)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a value of type %s counts at most " INT64_FORMAT " rows", name, STATE_MAX_ROWS)));
	return n + more;
}

void
state_put_int32(StateWriter *w, int32 value)
{
	state_put_array(w, &value, 1, 4);
}

void
state_put_int64(StateWriter *w, int64 value)
{
	state_put_array(w, &value, 1, 8);
}

void
state_require(const StateReader *r, Size n)
{
	if (n > (Size) (r->end - r->at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s: it ends %zu bytes too early", r->name,
						n - (Size) (r->end - r->at))));
}

void
state_get_bytes(StateReader *r, void *bytes, Size n)
{
	state_require(r, n);
	if (n > 0)
		memcpy(bytes, r->at, n);
	r->at += n;
}

void
state_get_array(StateReader *r, void *elements, Size n, int element_size)
{
	state_get_bytes(r, elements, size_mul(n, element_size));
#ifdef WORDS_BIGENDIAN
	for (Size i = 0; i < n; i++)
	{
		char	   *e = (char *) elements + i * element_size;

		for (int b = 0; b < element_size / 2; b++)
		{
			char		swap = e[b];

			e[b] = e[element_size - 1 - b];
			e[element_size - 1 - b] = swap;
		}
	}
#endif
}

int32
state_get_int32(StateReader *r)
{
	int32		value;

	state_get_array(r, &value, 1, 4);
	return value;
}

int64
state_get_int64(StateReader *r)
{
	int64		value;

	state_get_array(r, &value, 1, 8);
	return value;
}

void
state_get_end(const StateReader *r)
{
	if (r->at != r->end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s: %zu bytes too many", r->name, (Size) (r->end - r->at))));
}
