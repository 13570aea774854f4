/*
 * encoder.h
 *		The encoder: a fitted encoding model.
 *
 * A prediction is   y_t = y0_t + sum_j (x_j - x0_j) w_jt   with one reference
 * point x0 for all targets, so that features with a large offset lose no
 * digits; the intercept in the usual sense is y0_t - sum_j x0_j w_jt.
 *
 * Weights are held in one of two forms:
 *	 primal	 weights p x v;
 *	 dual	 coefficients n x v and the rows they belong to, n x p (about x0):
 *			 w_jt = scale2_j sum_i rows_ij coef_it
 * The dual is what a kernel solution (p > n) gives; it is smaller.
 *
 * In flight an encoder is an expanded object; encoder_io.c has the flat form.
 */
#ifndef NEUROENC_ENCODER_H
#define NEUROENC_ENCODER_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "tensor/tensor.h"

/* What was fitted; stored, so never renumber. */
typedef enum EncoderModel
{
	ENCODER_RIDGE = 0,
	ENCODER_BANDED_RIDGE = 1,
	ENCODER_ELASTIC_NET = 2,
	ENCODER_PLS = 3,
	ENCODER_PCR = 4,
	ENCODER_RIDGE_PRIOR = 5
} EncoderModel;

/* How the scores were made; stored, so never renumber. */
typedef enum EncoderScores
{
	ENCODER_SCORES_NONE = 0,	/* ridge(): no cross-validation: r, r2, r2_pooled are NaN */
	ENCODER_SCORES_CV = 1,		/* leave one fold out */
	ENCODER_SCORES_GCV = 2		/* generalized cross-validation: r2 only */
} EncoderScores;

typedef enum EncoderScoring
{
	ENCODER_SCORING_R2 = 0,
	ENCODER_SCORING_R = 1,
	ENCODER_SCORING_R2_POOLED = 2
} EncoderScoring;

/* Which arithmetic gave the cross-validation scores, for encoder_info. */
typedef enum EncoderSolver
{
	ENCODER_SOLVER_STATISTICS = 0,	/* held-out folds' moments */
	ENCODER_SOLVER_PREDICT = 1,		/* held-out rows predicted */
	ENCODER_SOLVER_KERNEL = 2		/* kernel, exact k-fold identity or a kernel a fold */
} EncoderSolver;

typedef struct Encoder
{
	StateHeader hdr;			/* must be first */
	int			p;
	int			v;
	int64		n;				/* rows of the gram it was fitted on */
	int			n_folds;		/* 0: no cross-validation by folds */
	EncoderModel model;			/* of encoder_new: ridge */
	double		l1_ratio;		/* elastic net, else NaN */
	int			n_components;	/* PLS and PCR, else 0 */
	double		prior_strength; /* ridge with prior, else NaN */
	EncoderScores scores;
	EncoderScoring scoring;		/* the one used: a fold of < 2 rows turns r2 into r2_pooled */
	EncoderScoring scoring_asked;
	EncoderSolver solver;
	bool		per_target;
	bool		standardize;
	TensorType	wtype;			/* element type of weights, coef and rows: float4 or float8 */

	int			n_alphas;
	double	   *alphas;			/* n_alphas, as given or the default grid, ascending */

	double	   *x0;				/* p: the reference point */
	double	   *x_scale;		/* p: standard deviations divided by (1 without standardize) */

	/* by target, v each */
	int64	   *target_n;		/* rows that have this target */
	double	   *variance;		/* of y over those rows, ddof 1 (NaN if fewer than 2) */
	double	   *alpha;
	double	   *r;
	double	   *r2;
	double	   *r2_pooled;
	double	   *y0;

	/* banded ridge: the weights are those of x as it is, the scales only say how they came about */
	int			n_bands;		/* 0: none */
	int		   *bands;			/* n_bands: widths, which sum to p */
	double	   *band_scale;		/* v x n_bands: a target's sum to n_bands, or are NaN without a fit */

	bool		dual;
	void	   *weights;		/* primal: p x v of wtype; NULL when dual */
	int64		n_dual;			/* dual: rows */
	void	   *coef;			/* n_dual x v of wtype */
	void	   *rows;			/* n_dual x p of wtype, minus x0 */
	double	   *scale2;			/* p: x_scale^-2, or ones */

	MemoryClaim *claim;
} Encoder;

/* ---- encoder.c: the object ---- */

/* A new encoder in a child context of 'parent'; per-target arrays NaN, alphas copied, no weights yet. */
extern Encoder *encoder_new(MemoryContext parent, int p, int v, int n_alphas, const double *alphas,
							TensorType wtype);
extern void encoder_alloc_bands(Encoder *e, int n_bands, const int *bands);	/* scales NaN */
extern void encoder_alloc_primal(Encoder *e);				/* weights, zeroed */
extern void encoder_alloc_dual(Encoder *e, int64 n_dual);	/* coef, rows, zeroed */

/* Weights of targets t0 .. t0 + nt - 1 as float8, out p x nt. */
extern void encoder_weights(const Encoder *e, int t0, int nt, double *out);

/* ... of the targets listed (0-based) */
extern void encoder_weights_of(const Encoder *e, const int *targets, int nt, double *out);

/* Intercept of every target, out v. */
extern void encoder_intercepts(const Encoder *e, double *out);

/* Predictions for n rows x (n x p, float8), out n x v. */
extern void encoder_predict(const Encoder *e, int64 n, const double *x, double *out);

/*
 * The same in two steps, for callers that take targets in blocks: what the
 * rows are multiplied with the targets' weights or coefficients as (palloc'd),
 * then targets t0 .. t0 + nt - 1, out n x nt.
 */
extern double *encoder_rows(const Encoder *e, int64 n, const double *x);
extern void encoder_predict_targets(const Encoder *e, int64 n, const double *rows, int t0, int nt,
									double *out);

/* ---- encoder_io.c ---- */

#define PG_GETARG_ENCODER(n) ((const Encoder *) state_from_datum(&encoder_kind, PG_GETARG_DATUM(n)))
#define EncoderGetDatum(e) StateGetDatum(e)

extern const StateKind encoder_kind;

#endif							/* NEUROENC_ENCODER_H */
