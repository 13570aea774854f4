/*
 * ball.c
 *		The ball type: a centre and a radius, the searchlight of searchlight
 *		analyses (Kriegeskorte, Goebel and Bandettini 2006).  Text
 *		"<(x,y,z),r>".  A ball is closed: it holds the voxels at distance r too,
 *		distance being what the operator <-> gives.
 *
 * The radius is a float4, not NaN and not negative.  It may be infinite: such
 * a ball holds every voxel.  -0 is stored as 0, so equality is equality of bytes.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"

#include "base/client_detail.h"
#include "voxel/voxel.h"

static float4
checked_radius(double r)
{
	float4		f = (float4) r;

	if (isnan(r) || r < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the radius of a ball must not be negative or NaN"),
				 errdetail_client("It is %s.", isnan(r) ? "NaN" : psprintf("%g", r))));
	if (isinf(f) && !isinf(r))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a radius is out of range for type real"), errdetail_client("It is %g.", r)));
	return f == 0 ? 0 : f;
}

bool
ball_contains(const Ball *b, const Voxel *v)
{
	return voxel_separation(&b->center, v) <= b->radius;
}

PG_FUNCTION_INFO_V1(ball_in);
Datum
ball_in(PG_FUNCTION_ARGS)
{
	const char *start = PG_GETARG_CSTRING(0);
	const char *s = start;
	Ball	   *b = palloc(sizeof(Ball));

	voxel_scan_char(&s, '<', start, "ball");
	voxel_scan(&s, &b->center, start, "ball");
	voxel_scan_char(&s, ',', start, "ball");
	b->radius = checked_radius(voxel_scan_number(&s, start, "ball"));
	voxel_scan_char(&s, '>', start, "ball");
	voxel_scan_end(s, start, "ball");
	PG_RETURN_POINTER(b);
}

PG_FUNCTION_INFO_V1(ball_out);
Datum
ball_out(PG_FUNCTION_ARGS)
{
	Ball	   *b = PG_GETARG_BALL(0);
	char	   *out = palloc(2 * (Size) VOXEL_TEXT_SIZE);
	char	   *p = out;

	*p++ = '<';
	p += voxel_print(&b->center, p);
	*p++ = ',';
	p += float_to_shortest_decimal_bufn(b->radius, p);
	strcpy(p, ">");
	PG_RETURN_CSTRING(out);
}

/* binary: the centre, then the radius, four big-endian float4 */

PG_FUNCTION_INFO_V1(ball_recv);
Datum
ball_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	Ball	   *b = palloc(sizeof(Ball));
	float4		c[3];

	for (int d = 0; d < 3; d++)
		c[d] = pq_getmsgfloat4(buf);
	voxel_set(&b->center, c[0], c[1], c[2]);
	b->radius = checked_radius(pq_getmsgfloat4(buf));
	PG_RETURN_POINTER(b);
}

PG_FUNCTION_INFO_V1(ball_send);
Datum
ball_send(PG_FUNCTION_ARGS)
{
	Ball	   *b = PG_GETARG_BALL(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	for (int d = 0; d < 3; d++)
		pq_sendfloat4(&buf, b->center.x[d]);
	pq_sendfloat4(&buf, b->radius);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(ball_make);
Datum
ball_make(PG_FUNCTION_ARGS)
{
	Ball	   *b = palloc(sizeof(Ball));

	b->center = *PG_GETARG_VOXEL(0);
	b->radius = checked_radius(PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(b);
}

PG_FUNCTION_INFO_V1(voxel_in_ball);
Datum
voxel_in_ball(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ball_contains(PG_GETARG_BALL(1), PG_GETARG_VOXEL(0)));
}

PG_FUNCTION_INFO_V1(ball_contains_voxel);
Datum
ball_contains_voxel(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ball_contains(PG_GETARG_BALL(0), PG_GETARG_VOXEL(1)));
}

/* ---- order (centre, then radius) and hash ---- */

static int
ball_compare(const Ball *a, const Ball *b)
{
	int			c = voxel_compare(&a->center, &b->center);

	if (c != 0)
		return c;
	return a->radius < b->radius ? -1 : a->radius > b->radius ? 1 : 0;
}

#define BALL_COMPARISON(name, op) \
PG_FUNCTION_INFO_V1(ball_##name); \
Datum \
ball_##name(PG_FUNCTION_ARGS) \
{ \
	/* NOLINTNEXTLINE(bugprone-macro-parentheses): an operator */ \
	PG_RETURN_BOOL(ball_compare(PG_GETARG_BALL(0), PG_GETARG_BALL(1)) op 0); \
}

BALL_COMPARISON(eq, ==)
BALL_COMPARISON(ne, !=)
BALL_COMPARISON(lt, <)
BALL_COMPARISON(le, <=)
BALL_COMPARISON(gt, >)
BALL_COMPARISON(ge, >=)

PG_FUNCTION_INFO_V1(ball_cmp);
Datum
ball_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ball_compare(PG_GETARG_BALL(0), PG_GETARG_BALL(1)));
}

PG_FUNCTION_INFO_V1(ball_hash);
Datum
ball_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_BALL(0), sizeof(Ball));
}

PG_FUNCTION_INFO_V1(ball_hash_extended);
Datum
ball_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((unsigned char *) PG_GETARG_BALL(0), sizeof(Ball), PG_GETARG_INT64(1));
}
