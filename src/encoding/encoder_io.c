/*
 * encoder_io.c
 *		The bytes of an encoder where it is stored or shipped (little-endian):
 *
 *	uint8 version, uint8 flags (1 per target, 2 standardize, 4 dual), uint8 wtype, uint8 zero
 *	int32 p, v;  int64 n;  int32 n_folds, scores, scoring, scoring_asked, solver, n_alphas
 *	int32 model, n_components, n_bands;  float8 l1_ratio
 *	float8 alphas[n_alphas], x0[p], x_scale[p]
 *	int64 target_n[v]; float8 variance[v], alpha[v], r[v], r2[v], r2_pooled[v], y0[v]
 *	int32 bands[n_bands]; float8 band_scale[v x n_bands]; float8 prior_strength of a ridge with prior
 *	primal: weights[p x v] of wtype
 *	dual:	int64 n_dual, float8 scale2[p], coef[n_dual x v], rows[n_dual x p] of wtype
 */
#include "postgres.h"

#include <math.h>

#include "encoding/encoder.h"

#define FLAG_PER_TARGET		1
#define FLAG_STANDARDIZE	2
#define FLAG_DUAL			4
#define FLAGS_KNOWN			7

#define MAX_COLUMNS			(1 << 26)
#define N_CODES				9		/* int32 of the head after n */

/* Scales of a target sum to the number of bands but for rounding. */
#define SCALE_TOLERANCE		1e-6

static void
write_encoder(StateWriter *w, const void *state)
{
	const Encoder *e = state;
	uint8		head[3] = {0, e->wtype, 0};

	head[0] = (e->per_target ? FLAG_PER_TARGET : 0) | (e->standardize ? FLAG_STANDARDIZE : 0) |
		(e->dual ? FLAG_DUAL : 0);
	state_put_bytes(w, head, 3);
	state_put_int32(w, e->p);
	state_put_int32(w, e->v);
	state_put_int64(w, e->n);
	state_put_int32(w, e->n_folds);
	state_put_int32(w, e->scores);
	state_put_int32(w, e->scoring);
	state_put_int32(w, e->scoring_asked);
	state_put_int32(w, e->solver);
	state_put_int32(w, e->n_alphas);
	state_put_int32(w, e->model);
	state_put_int32(w, e->n_components);
	state_put_int32(w, e->n_bands);
	state_put_array(w, &e->l1_ratio, 1, 8);
	state_put_array(w, e->alphas, e->n_alphas, 8);
	state_put_array(w, e->x0, e->p, 8);
	state_put_array(w, e->x_scale, e->p, 8);
	state_put_array(w, e->target_n, e->v, 8);
	state_put_array(w, e->variance, e->v, 8);
	state_put_array(w, e->alpha, e->v, 8);
	state_put_array(w, e->r, e->v, 8);
	state_put_array(w, e->r2, e->v, 8);
	state_put_array(w, e->r2_pooled, e->v, 8);
	state_put_array(w, e->y0, e->v, 8);
	state_put_array(w, e->bands, e->n_bands, 4);
	state_put_array(w, e->band_scale, size_mul(e->v, e->n_bands), 8);
	if (e->model == ENCODER_RIDGE_PRIOR)
		state_put_array(w, &e->prior_strength, 1, 8);
	if (e->dual)
	{
		state_put_int64(w, e->n_dual);
		state_put_array(w, e->scale2, e->p, 8);
		state_put_array(w, e->coef, size_mul(e->n_dual, e->v), e->wtype);
		state_put_array(w, e->rows, size_mul(e->n_dual, e->p), e->wtype);
	}
	else
		state_put_array(w, e->weights, size_mul(e->p, e->v), e->wtype);
}

static void
require_range(int32 value, int32 low, int32 high, const char *what)
{
	if (value < low || value > high)
		state_corrupt("encoder", what);
}

static void
require_finite(const double *values, int n, const char *what)
{
	for (int i = 0; i < n; i++)
		if (!isfinite(values[i]))
			state_corrupt("encoder", what);
}

/* A target's scales are its share of the bands, or all NaN where it could not be fitted. */
static void
require_bands(const Encoder *e)
{
	for (int t = 0; t < e->v; t++)
	{
		const double *scale = e->band_scale + (Size) t * e->n_bands;
		double		sum = 0;
		int			n_nan = 0;

		for (int b = 0; b < e->n_bands; b++)
		{
			if (scale[b] < 0)
				state_corrupt("encoder", "a band's scale is negative");
			n_nan += isnan(scale[b]);
			sum += scale[b];
		}
		if (n_nan == e->n_bands)
			continue;
		if (!(fabs(sum - e->n_bands) <= SCALE_TOLERANCE * e->n_bands))
			state_corrupt("encoder", "a target's scales do not sum to the number of bands");
	}
}

static void
read_bands(StateReader *r, Encoder *e, int n_bands)
{
	int		   *bands = huge_alloc(Max(1, n_bands) * sizeof(int));
	int64		sum = 0;

	state_get_array(r, bands, n_bands, 4);
	for (int b = 0; b < n_bands; b++)
	{
		require_range(bands[b], 1, e->p, "bad width of a band");
		sum += bands[b];
	}
	if (n_bands > 0 && sum != e->p)
		state_corrupt("encoder", "the bands do not sum to the number of features");
	if (n_bands > 0)
	{
		encoder_alloc_bands(e, n_bands, bands);
		state_get_array(r, e->band_scale, size_mul(e->v, n_bands), 8);
	}
	pfree(bands);
}

/* What belongs to some models only. */
static void
require_model(const Encoder *e)
{
	bool		components = e->model == ENCODER_PLS || e->model == ENCODER_PCR;

	if (components ? e->n_components < 1 : e->n_components != 0)
		state_corrupt("encoder", "bad number of components");
	if (e->model == ENCODER_ELASTIC_NET ? !(e->l1_ratio >= 0 && e->l1_ratio <= 1) : !isnan(e->l1_ratio))
		state_corrupt("encoder", "bad l1_ratio");
	if (e->model == ENCODER_RIDGE_PRIOR && !(e->prior_strength >= 0 && e->prior_strength <= 1))
		state_corrupt("encoder", "bad strength of the prior");
	if ((e->model == ENCODER_BANDED_RIDGE) != (e->n_bands > 0))
		state_corrupt("encoder", "bands belong to banded ridge");
	require_bands(e);
}

static void *
read_encoder(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	int32		v;
	int64		n;
	int32		code[N_CODES];	/* n_folds, scores, scoring, scoring_asked, solver, n_alphas, model, n_components, n_bands */
	double		l1_ratio;
	double	   *alphas;
	Encoder    *e;

	state_get_bytes(r, head, 3);
	if ((head[0] & ~FLAGS_KNOWN) || head[2] || (head[1] != TENSOR_FLOAT4 && head[1] != TENSOR_FLOAT8))
		state_corrupt("encoder", "unknown flags or element type");
	p = state_get_int32(r);
	v = state_get_int32(r);
	n = state_get_int64(r);
	for (int i = 0; i < N_CODES; i++)
		code[i] = state_get_int32(r);
	state_get_array(r, &l1_ratio, 1, 8);
	require_range(p, 1, MAX_COLUMNS, "bad number of features");
	require_range(v, 1, MAX_COLUMNS, "bad number of targets");
	require_range(code[0], 0, PG_INT32_MAX, "bad number of folds");
	require_range(code[1], ENCODER_SCORES_NONE, ENCODER_SCORES_GCV, "unknown kind of scores");
	require_range(code[2], ENCODER_SCORING_R2, ENCODER_SCORING_R2_POOLED, "unknown scoring");
	require_range(code[3], ENCODER_SCORING_R2, ENCODER_SCORING_R2_POOLED, "unknown scoring");
	require_range(code[4], ENCODER_SOLVER_STATISTICS, ENCODER_SOLVER_KERNEL, "unknown solver");
	require_range(code[5], 0, MAX_COLUMNS, "bad number of alphas");
	require_range(code[6], ENCODER_RIDGE, ENCODER_RIDGE_PRIOR, "unknown model");
	require_range(code[7], 0, MAX_COLUMNS, "bad number of components");
	require_range(code[8], 0, p, "bad number of bands");
	if (n < 0)
		state_corrupt("encoder", "bad number of rows");
	state_require(r, size_add(size_add(size_mul(8, size_add(code[5], size_mul(2, p))), size_mul(56, v)),
							   size_mul(code[8], size_add(4, size_mul(8, v)))));

	alphas = palloc(Max(1, code[5]) * sizeof(double));
	state_get_array(r, alphas, code[5], 8);
	e = encoder_new(parent, p, v, code[5], alphas, head[1]);
	pfree(alphas);
	e->n = n;
	e->n_folds = code[0];
	e->scores = code[1];
	e->scoring = code[2];
	e->scoring_asked = code[3];
	e->solver = code[4];
	e->model = code[6];
	e->n_components = code[7];
	e->l1_ratio = l1_ratio;
	e->per_target = (head[0] & FLAG_PER_TARGET) != 0;
	e->standardize = (head[0] & FLAG_STANDARDIZE) != 0;
	state_get_array(r, e->x0, p, 8);
	state_get_array(r, e->x_scale, p, 8);
	state_get_array(r, e->target_n, v, 8);
	state_get_array(r, e->variance, v, 8);
	state_get_array(r, e->alpha, v, 8);
	state_get_array(r, e->r, v, 8);
	state_get_array(r, e->r2, v, 8);
	state_get_array(r, e->r2_pooled, v, 8);
	state_get_array(r, e->y0, v, 8);
	read_bands(r, e, code[8]);
	if (e->model == ENCODER_RIDGE_PRIOR)
		state_get_array(r, &e->prior_strength, 1, 8);
	if (head[0] & FLAG_DUAL)
	{
		int64		n_dual = state_get_int64(r);

		if (n_dual < 0)
			state_corrupt("encoder", "bad number of dual rows");
		state_require(r, size_add(size_mul(8, p), size_mul(size_mul(n_dual, size_add(p, v)), head[1])));
		encoder_alloc_dual(e, n_dual);
		state_get_array(r, e->scale2, p, 8);
		state_get_array(r, e->coef, size_mul(n_dual, v), e->wtype);
		state_get_array(r, e->rows, size_mul(n_dual, p), e->wtype);
	}
	else
	{
		state_require(r, size_mul(size_mul(p, v), head[1]));
		encoder_alloc_primal(e);
		state_get_array(r, e->weights, size_mul(p, v), e->wtype);
	}
	if (validate)
	{
		require_model(e);
		require_finite(e->alphas, e->n_alphas, "an alpha is not finite");
		require_finite(e->x0, p, "a feature mean is not finite");
		require_finite(e->x_scale, p, "a feature scale is not finite");
		if (e->dual)
			require_finite(e->scale2, p, "a feature scale is not finite");
		for (int t = 0; t < v; t++)
		{
			if (e->target_n[t] < 0 || e->target_n[t] > n)
				state_corrupt("encoder", "a target has an impossible number of rows");
			if (e->alpha[t] < 0 || isinf(e->alpha[t]))
				state_corrupt("encoder", "a target's alpha is negative or infinite");
		}
	}
	return e;
}

static char *
summarize_encoder(const void *state)
{
	const Encoder *e = state;

	return psprintf("p=%d, v=%d, n=" INT64_FORMAT, e->p, e->v, e->n);
}

const StateKind encoder_kind = {
	.name = "encoder",
	.version = 2,
	.write = write_encoder,
	.read = read_encoder,
	.summary = summarize_encoder,
	.size_hint = "Fit fewer targets at a time (gram_targets), or store the rows of targets(encoder)."
};

STATE_IO_FUNCTIONS(encoder, encoder_kind)
