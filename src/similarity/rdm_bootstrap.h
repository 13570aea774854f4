/*
 * rdm_bootstrap.h
 *		Models against the RDMs of several subjects, over draws of conditions and
 *		subjects with replacement.
 */
#ifndef NEUROENC_RDM_BOOTSTRAP_H
#define NEUROENC_RDM_BOOTSTRAP_H

#include "similarity/compare.h"

/* RDMs of the same conditions, over the pairs that all of them have: data first, then models. */
typedef struct RdmSample
{
	int			n_conditions;
	int			n_data;
	int			n_models;
	Size		n_pairs;
	bool		complete;		/* no pair is missing */
	int32	   *first;			/* n_pairs: conditions of each pair, first < second */
	int32	   *second;
	double	  **value;			/* n_data + n_models vectors of n_pairs */
} RdmSample;

/*
 * The shared conditions of all RDMs, in the values that the method compares; claims
 * its memory in CurrentMemoryContext.  ERROR for fewer than 3 conditions, no pair
 * that all have, or, whitened, any pair that one of them misses.
 */
extern RdmSample *rdm_sample_new(CompareMethod method, const Rdm *const *data, int n_data,
								 const Rdm *const *models, int n_models);

typedef enum BootstrapOver
{
	BOOTSTRAP_BOTH = 0,			/* also the index of a draw's value in RdmBootstrap */
	BOOTSTRAP_SUBJECTS = 1,
	BOOTSTRAP_CONDITIONS = 2
} BootstrapOver;

typedef struct RdmBootstrap
{
	int			n_conditions;
	int			n_data;
	int			n_models;
	int			n;				/* draws that are held */
	int64		redrawn;		/* with fewer than 3 distinct conditions, or undefined */
	double	   *estimate;		/* n_models: mean over subjects of all conditions */

	/*
	 * By what was drawn (BootstrapOver), n_models x n_draws: the mean over subjects
	 * of one set of draws of conditions and subjects, used together and each alone.
	 */
	double	   *drawn[3];
	Size		n_draws;		/* length of a row: draws asked for */

	/*
	 * Draws of conditions: each comparison's value (draw x model x subject), its sum,
	 * its sum of products with the counts of each condition, and the counts' sums.
	 */
	double	   *value;
	double	   *value_sum;		/* n_models x n_data */
	double	   *product_sum;	/* n_conditions x n_models x n_data */
	double	   *count_sum;		/* n_conditions */
	double	   *left_out;		/* n_conditions x n_models x n_data: with a condition left out */
} RdmBootstrap;

typedef struct BootstrapInterval
{
	double		se;
	double		low;
	double		high;
	double		df;
} BootstrapInterval;

/* Whether copies of a condition can be drawn for a method: not bures, bures_distance, euclidean. */
extern bool rdm_bootstrap_takes(CompareMethod method);

/* Bytes of the result and of all scratch, for a claim */
extern Size rdm_bootstrap_bytes(const RdmSample *sample, CompareMethod method, int n_draws);

/*
 * Result in CurrentMemoryContext.  Draw k takes stream k of seed, so it is the
 * same for all models, methods and numbers of threads.
 */
extern RdmBootstrap *rdm_bootstrap(const RdmSample *sample, CompareMethod method, int n_draws, uint64 seed);

/* Of the estimate of model a, or with b >= 0 of estimate a - estimate b; level in (0, 1). */
extern BootstrapInterval rdm_bootstrap_interval(const RdmBootstrap *boot, int a, int b,
												BootstrapOver over, double level);

/* ---- one set of files a family of methods ---- */

/* Draws side by side in an array: of conditions, counts[block][condition][BOOTSTRAP_LANES]. */
#define BOOTSTRAP_LANES 64

typedef struct BootstrapWork
{
	const RdmSample *sample;
	CompareMethod method;
	void	   *family;			/* what the family keeps */
} BootstrapWork;

/*
 * t (n_draws x n_models x n_data) = each model against each subject in each draw,
 * NaN where undefined; counts are whole blocks, those past n_draws of no meaning
 * but not all zero.  The family's scratch is in the context of its begin.
 */
typedef struct BootstrapFamily
{
	Size		(*bytes) (const RdmSample *sample, CompareMethod method);
	void		(*begin) (BootstrapWork *work);
	void		(*evaluate) (BootstrapWork *work, const double *counts, int n_draws, double *t);
} BootstrapFamily;

extern const BootstrapFamily bootstrap_sums;	/* rdm_bootstrap_sums.c: cosine, pearson, whitened, cka */
extern const BootstrapFamily bootstrap_ranks;	/* rdm_bootstrap_ranks.c: spearman, rho_a */
extern const BootstrapFamily bootstrap_kendall; /* rdm_bootstrap_kendall.c: kendall_tau_a, kendall_tau_b */

/* ---- shared by the two families of ranks (rdm_bootstrap_ranks.c) ---- */

/* Each RDM's pairs in ascending order, the top bit set where a value equals the one before. */
#define BOOTSTRAP_TIED	UINT32_C(0x80000000)

extern Size bootstrap_orders_bytes(const RdmSample *sample);
extern uint32 **bootstrap_orders(const RdmSample *sample);

/* w (n_pairs) = m_i m_j of one draw, whose counts are BOOTSTRAP_LANES apart; returns their sum */
extern double bootstrap_pair_weights(const RdmSample *sample, const double *count, double *w);

#endif							/* NEUROENC_RDM_BOOTSTRAP_H */
