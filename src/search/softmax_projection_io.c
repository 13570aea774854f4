/*
 * softmax_projection_io.c
 *		The bytes of a softmax_projection where it is stored or shipped
 *		(little-endian):
 *
 *	uint8 version, 3 zeros;  int32 q, d;  int64 n, fingerprint[2];  float8 temperature
 *	float8 peak[q], sum[q], sum_squares[q], sum_norm[q], sum_unit[q x d]
 *
 * A state without rows (n = 0) has peaks of -Infinity and zeros.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "search/softmax_projection.h"

static void
write_projection(StateWriter *w, const void *state)
{
	const Projection *p = state;
	uint8		zeros[3] = {0, 0, 0};

	state_put_bytes(w, zeros, 3);
	state_put_int32(w, p->q);
	state_put_int32(w, p->d);
	state_put_int64(w, p->n);
	for (int h = 0; h < 2; h++)
		state_put_int64(w, (int64) p->fingerprint[h]);
	state_put_array(w, &p->temperature, 1, sizeof(double));
	state_put_array(w, p->peak, p->q, sizeof(double));
	state_put_array(w, p->sum, p->q, sizeof(double));
	state_put_array(w, p->sum_squares, p->q, sizeof(double));
	state_put_array(w, p->sum_norm, p->q, sizeof(double));
	state_put_array(w, p->sum_unit, size_mul(p->q, p->d), sizeof(double));
}

/* Sums as rows can have made them: of n weights, the largest of them 1. */
static void
check_sums(const StateReader *r, const Projection *p)
{
	double		most = (double) p->n * (1 + 1e-9);

	for (Size i = 0; i < (Size) p->q; i++)
	{
		const double *unit = p->sum_unit + i * p->d;

		if (p->n == 0 ? p->peak[i] != -INFINITY || p->sum[i] != 0 || p->sum_squares[i] != 0 || p->sum_norm[i] != 0 :
			!(fabs(p->peak[i]) <= 1 + 1e-9) || !(p->sum[i] >= 1 - 1e-9 && p->sum[i] <= most) ||
			!(p->sum_squares[i] >= 1 - 1e-9 && p->sum_squares[i] <= most) || !(p->sum_norm[i] >= 0 && isfinite(p->sum_norm[i])))
			state_corrupt(r->name, "a sum is out of range");
		for (int j = 0; j < p->d; j++)
			if (!(fabs(unit[j]) <= (p->n == 0 ? 0 : most)))
				state_corrupt(r->name, "a sum is out of range");
		CHECK_FOR_INTERRUPTS();
	}
}

static void *
read_projection(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		zeros[3];
	int32		q;
	int32		d;
	int64		n;
	uint64		fingerprint[2];
	double		temperature;
	Projection *p;

	state_get_bytes(r, zeros, 3);
	q = state_get_int32(r);
	d = state_get_int32(r);
	n = state_get_int64(r);
	for (int h = 0; h < 2; h++)
		fingerprint[h] = (uint64) state_get_int64(r);
	state_get_array(r, &temperature, 1, sizeof(double));
	if (zeros[0] || zeros[1] || zeros[2] || q < 1 || d < 1 || n < 0 || n > STATE_MAX_ROWS)
		state_corrupt(r->name, "bad number of queries, elements or rows");
	if (!(temperature > 0 && isfinite(temperature)))
		state_corrupt(r->name, "bad temperature");
	state_require(r, size_mul(size_mul(q, size_add(d, 4)), sizeof(double)));
	p = projection_new(parent, q, d, temperature);
	p->n = n;
	memcpy(p->fingerprint, fingerprint, sizeof(fingerprint));
	state_get_array(r, p->peak, q, sizeof(double));
	state_get_array(r, p->sum, q, sizeof(double));
	state_get_array(r, p->sum_squares, q, sizeof(double));
	state_get_array(r, p->sum_norm, q, sizeof(double));
	state_get_array(r, p->sum_unit, (Size) q * d, sizeof(double));
	if (validate)
		check_sums(r, p);
	return p;
}

static void *
copy_projection(MemoryContext parent, const void *state)
{
	return projection_copy(parent, state);
}

static void
merge_projection(void *dst, const void *src)
{
	projection_merge(dst, src);
}

static char *
summarize_projection(const void *state)
{
	const Projection *p = state;

	return psprintf("q=%d, d=%d, temperature=%g, n=" INT64_FORMAT, p->q, p->d, p->temperature, p->n);
}

static void
settle_projection(void *state)
{
	projection_settle(state);
}

const StateKind projection_kind = {
	.name = "softmax_projection",
	.version = 1,
	.write = write_projection,
	.read = read_projection,
	.copy = copy_projection,
	.merge = merge_projection,
	.summary = summarize_projection,
	.settle = settle_projection,
	.size_hint = "Take fewer queries at a time."
};

STATE_IO_FUNCTIONS(softmax_projection, projection_kind)
STATE_MERGE_FUNCTIONS(softmax_projection, projection_kind)
