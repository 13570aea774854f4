/*
 * residuals.c
 *		Residuals into sums: adding rows, merging, the stored form.
 *
 * Rows wait in float8 until a block is worth a matrix product (n p^2 flops by
 * syrk), so there is no rank-1 update a row.  The centre is the first block's
 * mean: a common offset costs no digits.
 *
 * The stored form, little-endian: uint8 version, has_sums, 2 zeros; int32 p; int64 n in the sums; int32 rows held;
 * float8 shrinkage (NaN: none); with sums: float8 centre[p], s[p], q[p], f,
 * xx[p x p]; float8 rows[held x p]
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "stats/block.h"
#include "stats/residuals.h"

#define BLOCK_ROWS		256
#define MIN_BLOCK_ROWS	16
#define BLOCK_BYTES		((Size) 16 << 20)
#define FIRST_ROWS		8

#define MEMORY_HINT "Take fewer channels (a region at a time)."

/* ---- sums ---- */

static Size
sums_doubles(int p)
{
	return size_add(size_mul(p, p), size_mul(3, p));
}

/* Zero sums about no centre yet. */
static void
sums_alloc(ResidualSums *sums)
{
	Size		p = sums->p;
	double	   *at = huge_alloc0(sums_doubles(sums->p) * sizeof(double));

	sums->centre = at;
	sums->s = at + p;
	sums->q = at + 2 * p;
	sums->xx = at + 3 * p;
	sums->n = 0;
	sums->f = 0;
}

static void
sums_copy(ResidualSums *to, const ResidualSums *from)
{
	to->p = from->p;
	sums_alloc(to);
	memcpy(to->centre, from->centre, sums_doubles(from->p) * sizeof(double));
	to->n = from->n;
	to->f = from->f;
}

/* The mean of some rows as the centre. */
static void
sums_set_centre(ResidualSums *sums, const double *rows, int n)
{
	Size		p = sums->p;

	for (int i = 0; i < n; i++)
		for (Size j = 0; j < p; j++)
			sums->centre[j] += rows[i * p + j];
	for (Size j = 0; j < p; j++)
		sums->centre[j] /= n;
}

/* Rows into the sums; they are centred in place. */
static void
sums_add_block(ResidualSums *sums, double *rows, int n)
{
	Size		p = sums->p;
	double	   *squares = palloc(n * sizeof(double));

	block_centre(TENSOR_FLOAT8, rows, p, n, sums->p, sums->centre, sums->s, NULL);
	for (int i = 0; i < n; i++)
	{
		squares[i] = 0;
		for (Size j = 0; j < p; j++)
			squares[i] += rows[i * p + j] * rows[i * p + j];
		sums->f += squares[i] * squares[i];
		CHECK_FOR_INTERRUPTS();
	}
	gemv_f8(true, p, n, 1, rows, p, squares, 1, sums->q);
	syrk_f8(true, p, n, 1, rows, p, 1, sums->xx, p);
	sums->n += n;
	pfree(squares);
}

/* dst += src, whose y become y + t about dst's centre */
static void
sums_merge(ResidualSums *dst, const ResidualSums *src)
{
	Size		p = dst->p;
	double		n = (double) src->n;
	double	   *t = palloc(p * sizeof(double));
	double	   *xx_t = palloc(p * sizeof(double));
	double		tt = 0;
	double		st = 0;
	double		qt = 0;
	double		txxt = 0;
	double		trace = 0;
	double		f;

	for (Size j = 0; j < p; j++)
		t[j] = src->centre[j] - dst->centre[j];
	gemv_f8(false, p, p, 1, src->xx, p, t, 0, xx_t);
	for (Size j = 0; j < p; j++)
	{
		tt += t[j] * t[j];
		st += src->s[j] * t[j];
		qt += src->q[j] * t[j];
		txxt += t[j] * xx_t[j];
		trace += src->xx[j * p + j];
	}
	f = src->f + 4 * qt + 4 * txxt + 2 * tt * trace + 4 * tt * st + n * tt * tt;
	dst->f += f < 0 ? 0 : f;	/* by rounding */
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		dst->q[i] += src->q[i] + 2 * xx_t[i] + tt * src->s[i] + t[i] * (trace + 2 * st + n * tt);
		dst->s[i] += src->s[i] + n * t[i];
		for (Size j = 0; j <= i; j++)
		{
			double		xx = src->xx[i * p + j] + src->s[i] * t[j] + t[i] * src->s[j] + n * t[i] * t[j];

			dst->xx[i * p + j] += j == i && xx < 0 ? 0 : xx;
		}
		for (Size j = 0; j < i; j++)
			dst->xx[j * p + i] = dst->xx[i * p + j];
	}
	dst->n = state_rows_plus("residuals", dst->n, src->n);
	pfree(t);
	pfree(xx_t);
}

/* ---- the state ---- */

Residuals *
residuals_new(MemoryContext parent, int p)
{
	Residuals	   *r;

	if (p > RESIDUALS_MAX_CHANNELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("residuals have at most %d channels, not %d", RESIDUALS_MAX_CHANNELS, p)));
	r = state_new(&residuals_kind, parent, sizeof(Residuals));
	r->sums.p = p;
	r->shrinkage = NAN;
	r->claim = memory_claim(STATE_CONTEXT(r), "residuals");
	return r;
}

int64
residuals_n(const Residuals *r)
{
	return r->sums.n + r->n_held;
}

static int
block_rows(const Residuals *r)
{
	return (int) Max(MIN_BLOCK_ROWS, Min(BLOCK_ROWS, BLOCK_BYTES / (r->sums.p * sizeof(double))));
}

static void
claim_sums(Residuals *r)
{
	MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(r));

	memory_claim_add(r->claim, size_mul(sums_doubles(r->sums.p), sizeof(double)), MEMORY_HINT);
	sums_alloc(&r->sums);
	MemoryContextSwitchTo(old);
}

static void
fold_in(Residuals *r)
{
	if (r->sums.centre == NULL)
	{
		claim_sums(r);
		sums_set_centre(&r->sums, r->held, r->n_held);
	}
	sums_add_block(&r->sums, r->held, r->n_held);
	r->n_held = 0;
}

/* Where the next row goes; n_held is not advanced. */
static double *
next_row(Residuals *r)
{
	Size		p = r->sums.p;

	state_rows_plus("residuals", residuals_n(r), 1);
	if (r->n_held == block_rows(r))
		fold_in(r);
	if (r->n_held == r->max_held)
	{
		int			max_held = Min(block_rows(r), Max(FIRST_ROWS, 2 * r->max_held));
		Size		bytes = size_mul(size_mul(max_held, p), sizeof(double));

		memory_claim_add(r->claim, bytes - (Size) r->max_held * p * sizeof(double), MEMORY_HINT);
		r->held = r->held ? repalloc_huge(r->held, bytes) :
			MemoryContextAllocHuge(STATE_CONTEXT(r), bytes);
		r->max_held = max_held;
	}
	return r->held + r->n_held * p;
}

void
residuals_add_row(Residuals *r, const Tensor *residual)
{
	int64		ordinal = residuals_n(r) + 1;
	Size		i = 0;

	block_check_row(residual, r->sums.p, "residual", ordinal);
	if (!block_copy_row(residual, TENSOR_FLOAT8, next_row(r)))
	{
		while (isfinite(tensor_get(residual, i)))
			i++;
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %zu of the residual of row " INT64_FORMAT " is %g", i + 1, ordinal, tensor_get(residual, i)),
				 errdetail("Residuals must be finite.")));
	}
	r->n_held++;
}

void
residuals_set_shrinkage(Residuals *r, double shrinkage)
{
	if (r->shrinkage == shrinkage || (isnan(shrinkage) && isnan(r->shrinkage)))
		return;
	if (residuals_n(r) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shrinkage of row " INT64_FORMAT " is %g, but it was %g before", residuals_n(r) + 1,
						shrinkage, r->shrinkage),
				 errdetail("All rows of a group have one shrinkage (NaN: none is given).")));
	r->shrinkage = shrinkage;
}

void
residuals_merge(Residuals *dst, const Residuals *src)
{
	Size		p = src->sums.p;

	if (dst->sums.p != src->sums.p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("residuals of %d channels can't be added to residuals of %d", src->sums.p, dst->sums.p)));
	if (residuals_n(src) > 0)
		residuals_set_shrinkage(dst, src->shrinkage);
	if (dst == src)
		src = residuals_copy(CurrentMemoryContext, src);
	if (src->sums.centre)
	{
		if (dst->sums.centre == NULL)
		{
			claim_sums(dst);
			memcpy(dst->sums.centre, src->sums.centre, p * sizeof(double));
		}
		sums_merge(&dst->sums, &src->sums);
	}
	for (int i = 0; i < src->n_held; i++)
	{
		memcpy(next_row(dst), src->held + i * p, p * sizeof(double));
		dst->n_held++;
	}
}

Residuals *
residuals_copy(MemoryContext parent, const Residuals *r)
{
	Residuals	   *copy = residuals_new(parent, r->sums.p);

	residuals_merge(copy, r);
	return copy;
}

void
residuals_mean(const Residuals *r, double *mean)
{
	Size		p = r->sums.p;
	double		n = (double) residuals_n(r);

	for (Size j = 0; j < p; j++)
		mean[j] = r->sums.centre ? r->sums.centre[j] * ((double) r->sums.n / n) + r->sums.s[j] / n : 0;
	for (int i = 0; i < r->n_held; i++)
		for (Size j = 0; j < p; j++)
			mean[j] += r->held[i * p + j] / n;
}

ResidualSums
residuals_sums(const Residuals *r)
{
	Size		row_bytes = r->sums.p * sizeof(double);
	ResidualSums	sums = {.p = r->sums.p};

	if (r->sums.centre)
		sums_copy(&sums, &r->sums);
	else
	{
		sums_alloc(&sums);
		if (r->n_held > 0)
			sums_set_centre(&sums, r->held, r->n_held);
	}
	if (r->n_held > 0)
	{
		double	   *rows = huge_alloc(r->n_held * row_bytes);

		memcpy(rows, r->held, r->n_held * row_bytes);
		sums_add_block(&sums, rows, r->n_held);
		pfree(rows);
	}
	return sums;
}

/* ---- stored ---- */

static void
write_residuals(StateWriter *w, const void *state)
{
	const Residuals *r = state;
	const ResidualSums *sums = &r->sums;
	uint8		head[3] = {sums->centre != NULL, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, sums->p);
	state_put_int64(w, sums->n);
	state_put_int32(w, r->n_held);
	state_put_array(w, &r->shrinkage, 1, 8);
	if (sums->centre)
	{
		state_put_sums(w, "residuals", sums->centre, sums_doubles(sums->p));
		state_put_sums(w, "residuals", &sums->f, 1);
	}
	state_put_array(w, r->held, (Size) r->n_held * sums->p, 8);
}

static void
require_scatter(const ResidualSums *sums)
{
	Size		p = sums->p;

	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j <= i; j++)
			if (sums->xx[i * p + j] != sums->xx[j * p + i] || (i == j && sums->xx[i * p + i] < 0))
				state_corrupt("residuals", "the sums of products are not symmetric, or negative on the diagonal");
	}
	if (sums->f < 0)
		state_corrupt("residuals", "the sum of fourth powers is negative");
}

static void *
read_residuals(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	int64		n;
	int32		n_held;
	Size		doubles;
	Residuals  *state;

	state_get_bytes(r, head, 3);
	p = state_get_int32(r);
	n = state_get_int64(r);
	n_held = state_get_int32(r);
	if (head[0] > 1 || head[1] || head[2] || p < 1 || p > RESIDUALS_MAX_CHANNELS)
		state_corrupt("residuals", "bad flags or number of channels");
	state = residuals_new(parent, p);
	if (n < 0 || n > STATE_MAX_ROWS || (head[0] ? n == 0 : n != 0) || n_held < 0 || n_held > block_rows(state) || n + n_held == 0)
		state_corrupt("residuals", "bad number of rows");
	state_get_array(r, &state->shrinkage, 1, 8);
	if (!isnan(state->shrinkage) && !(state->shrinkage >= 0 && state->shrinkage <= 1))
		state_corrupt("residuals", "its shrinkage is not from 0 to 1");
	doubles = size_add(head[0] ? size_add(sums_doubles(p), 1) : 0, size_mul(n_held, p));
	state_require(r, size_mul(doubles, sizeof(double)));
	if (head[0])
	{
		claim_sums(state);
		state->sums.n = n;
		state_get_array(r, state->sums.centre, sums_doubles(p), 8);
		state_get_array(r, &state->sums.f, 1, 8);
		if (validate)
		{
			state_require_finite("residuals", state->sums.centre, sums_doubles(p));
			state_require_finite("residuals", &state->sums.f, 1);
			require_scatter(&state->sums);
		}
	}
	for (; state->n_held < n_held; state->n_held++)
	{
		double	   *row = next_row(state);

		state_get_array(r, row, p, 8);
		if (validate)
			state_require_finite("residuals", row, p);
	}
	return state;
}

static void *
copy_residuals(MemoryContext parent, const void *state)
{
	return residuals_copy(parent, state);
}

static void
merge_residuals(void *dst, const void *src)
{
	residuals_merge(dst, src);
}

static char *
summarize_residuals(const void *state)
{
	const Residuals *r = state;

	return psprintf("channels=%d, n=" INT64_FORMAT, r->sums.p, residuals_n(r));
}

const StateKind residuals_kind = {
	.name = "residuals",
	.version = 1,
	.write = write_residuals,
	.read = read_residuals,
	.copy = copy_residuals,
	.merge = merge_residuals,
	.summary = summarize_residuals,
	.size_hint = "Aggregate fewer channels at a time (a region)."
};
