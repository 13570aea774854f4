/*
 * voxel.c
 *		The voxel type: a point (x, y, z) of float4, in millimetres or grid units.
 *		Text "(x,y,z)" and binary I/O, both exact; order, hash and distance.
 *
 * A coordinate is finite: a NaN or an infinity has no place in a space index,
 * and a point at infinity no distance.  -0 is stored as 0, so that two voxels
 * are equal exactly when their bytes are.  Distances are computed in float8
 * from the float4 coordinates, so they neither overflow nor underflow.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"

#include "base/client_detail.h"
#include "voxel/voxel.h"

static float4
coordinate(double x)
{
	float4		f = (float4) x;

	if (!isfinite(x))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("voxel coordinates must be finite, not %s",
						isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity")));
	if (!isfinite(f))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a voxel coordinate is out of range for type real"), errdetail_client("It is %g.", x)));
	return f == 0 ? 0 : f;
}

void
voxel_set(Voxel *v, double x, double y, double z)
{
	v->x[0] = coordinate(x);
	v->x[1] = coordinate(y);
	v->x[2] = coordinate(z);
}

int
voxel_compare(const Voxel *a, const Voxel *b)
{
	for (int d = 0; d < 3; d++)
	{
		if (a->x[d] < b->x[d])
			return -1;
		if (a->x[d] > b->x[d])
			return 1;
	}
	return 0;
}

pg_noinline double
voxel_length(double dx, double dy, double dz)
{
	return sqrt(dx * dx + dy * dy + dz * dz);
}

double
voxel_separation(const Voxel *a, const Voxel *b)
{
	return voxel_length((double) a->x[0] - b->x[0],
						(double) a->x[1] - b->x[1],
						(double) a->x[2] - b->x[2]);
}

/* ---- text ---- */

static void
bad_text(const char *start, const char *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s", type), errdetail_client("It is \"%s\".", start)));
}

static void
skip_space(const char **s)
{
	while (isspace((unsigned char) **s))
		(*s)++;
}

void
voxel_scan_char(const char **s, char wanted, const char *start, const char *type)
{
	skip_space(s);
	if (**s != wanted)
		bad_text(start, type);
	(*s)++;
}

float4
voxel_scan_number(const char **s, const char *start, const char *type)
{
	char	   *end;
	float4		f;

	skip_space(s);
	errno = 0;
	f = strtof(*s, &end);
	if (end == *s)
		bad_text(start, type);
	if (errno == ERANGE && (f == 0 || isinf(f)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number is out of range for type real"), errdetail_client("It is \"%.*s\".", (int) (end - *s), *s)));
	*s = end;
	return f;
}

void
voxel_scan(const char **s, Voxel *v, const char *start, const char *type)
{
	float4		c[3];

	voxel_scan_char(s, '(', start, type);
	for (int d = 0; d < 3; d++)
	{
		c[d] = voxel_scan_number(s, start, type);
		voxel_scan_char(s, d < 2 ? ',' : ')', start, type);
	}
	voxel_set(v, c[0], c[1], c[2]);
}

void
voxel_scan_end(const char *s, const char *start, const char *type)
{
	skip_space(&s);
	if (*s != '\0')
		bad_text(start, type);
}

int
voxel_print(const Voxel *v, char *out)
{
	char	   *p = out;

	*p++ = '(';
	for (int d = 0; d < 3; d++)
	{
		p += float_to_shortest_decimal_bufn(v->x[d], p);
		*p++ = d < 2 ? ',' : ')';
	}
	*p = '\0';
	return (int) (p - out);
}

PG_FUNCTION_INFO_V1(voxel_in);
Datum
voxel_in(PG_FUNCTION_ARGS)
{
	const char *start = PG_GETARG_CSTRING(0);
	const char *s = start;
	Voxel	   *v = palloc(sizeof(Voxel));

	voxel_scan(&s, v, start, "voxel");
	voxel_scan_end(s, start, "voxel");
	PG_RETURN_POINTER(v);
}

PG_FUNCTION_INFO_V1(voxel_out);
Datum
voxel_out(PG_FUNCTION_ARGS)
{
	char	   *out = palloc(VOXEL_TEXT_SIZE);

	voxel_print(PG_GETARG_VOXEL(0), out);
	PG_RETURN_CSTRING(out);
}

/* ---- binary: three big-endian float4 ---- */

PG_FUNCTION_INFO_V1(voxel_recv);
Datum
voxel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	Voxel	   *v = palloc(sizeof(Voxel));
	float4		c[3];

	for (int d = 0; d < 3; d++)
		c[d] = pq_getmsgfloat4(buf);
	voxel_set(v, c[0], c[1], c[2]);
	PG_RETURN_POINTER(v);
}

PG_FUNCTION_INFO_V1(voxel_send);
Datum
voxel_send(PG_FUNCTION_ARGS)
{
	Voxel	   *v = PG_GETARG_VOXEL(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	for (int d = 0; d < 3; d++)
		pq_sendfloat4(&buf, v->x[d]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- making and reading ---- */

PG_FUNCTION_INFO_V1(voxel_make);
Datum
voxel_make(PG_FUNCTION_ARGS)
{
	Voxel	   *v = palloc(sizeof(Voxel));

	voxel_set(v, PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
	PG_RETURN_POINTER(v);
}

PG_FUNCTION_INFO_V1(voxel_x);
Datum
voxel_x(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT4(PG_GETARG_VOXEL(0)->x[0]);
}

PG_FUNCTION_INFO_V1(voxel_y);
Datum
voxel_y(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT4(PG_GETARG_VOXEL(0)->x[1]);
}

PG_FUNCTION_INFO_V1(voxel_z);
Datum
voxel_z(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT4(PG_GETARG_VOXEL(0)->x[2]);
}

PG_FUNCTION_INFO_V1(voxel_distance);
Datum
voxel_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(voxel_separation(PG_GETARG_VOXEL(0), PG_GETARG_VOXEL(1)));
}

/* ---- order and hash ---- */

#define VOXEL_COMPARISON(name, op) \
PG_FUNCTION_INFO_V1(voxel_##name); \
Datum \
voxel_##name(PG_FUNCTION_ARGS) \
{ \
	/* NOLINTNEXTLINE(bugprone-macro-parentheses): an operator */ \
	PG_RETURN_BOOL(voxel_compare(PG_GETARG_VOXEL(0), PG_GETARG_VOXEL(1)) op 0); \
}

VOXEL_COMPARISON(eq, ==)
VOXEL_COMPARISON(ne, !=)
VOXEL_COMPARISON(lt, <)
VOXEL_COMPARISON(le, <=)
VOXEL_COMPARISON(gt, >)
VOXEL_COMPARISON(ge, >=)

PG_FUNCTION_INFO_V1(voxel_cmp);
Datum
voxel_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(voxel_compare(PG_GETARG_VOXEL(0), PG_GETARG_VOXEL(1)));
}

PG_FUNCTION_INFO_V1(voxel_hash);
Datum
voxel_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_VOXEL(0), sizeof(Voxel));
}

PG_FUNCTION_INFO_V1(voxel_hash_extended);
Datum
voxel_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((unsigned char *) PG_GETARG_VOXEL(0), sizeof(Voxel), PG_GETARG_INT64(1));
}
