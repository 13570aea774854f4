/*
 * rdm_bootstrap_ranks.c
 *		Spearman's r and rho_a of bootstrap draws, ranks within the draw.
 *
 * In a draw, pair p of conditions stands there w_p = m_i m_j times.  Each RDM's
 * pairs are sorted once, over all conditions; one pass in that order with running
 * sums of w gives the mid-ranks of a draw, ties (copies are ties) averaged:
 * those below, and half of those that are equal.  Both methods are sums of w
 * times products of ranks about their mean: a small matrix product a draw.
 *
 * Cost: a draw takes about 3 m steps an RDM and 2 m flops a comparison (m pairs).
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/rdm_bootstrap.h"
#include "stats/rank.h"

#define FUSED_BYTES		((Size) 4 << 20)	/* ranks of a draw that one task makes and multiplies */
#define PRODUCT_FLOPS	2e8

typedef struct Ranks
{
	int			n_rdms;
	Size		n_pairs;
	Size		step;			/* pairs a product task takes */
	bool		fused;
	int			n_slots;		/* draws whose ranks are held at a time */
	uint32	  **order;
	double	   *weight;			/* n_slots x n_pairs */
	double	   *rank;			/* n_slots x n_rdms x n_pairs, about the mean; data's times the weight */
	double	   *total;			/* n_slots: sum of weights */
	double	   *square;			/* n_slots x n_rdms: sum of w rank^2 */

	/* the call under way */
	const BootstrapWork *work;
	const double *counts;
	double	   *t;
	int			first_draw;
	Size		first_pair;
} Ranks;

/* ---- shared with Kendall ---- */

Size
bootstrap_orders_bytes(const RdmSample *sample)
{
	Size		n_rdms = (Size) sample->n_data + sample->n_models;

	return size_add(size_mul(size_mul(n_rdms, sample->n_pairs), sizeof(uint32)),
					rank_scratch_bytes(sample->n_pairs));
}

uint32 **
bootstrap_orders(const RdmSample *sample)
{
	int			n_rdms = sample->n_data + sample->n_models;
	uint32	  **order = palloc(n_rdms * sizeof(uint32 *));
	RankScratch scratch;

	rank_scratch_allocate(&scratch, sample->n_pairs);
	for (int r = 0; r < n_rdms; r++)
	{
		RankOrder	sorted = rank_order(&scratch, sample->n_pairs, sample->value[r], true);

		order[r] = huge_alloc(size_mul(sample->n_pairs, sizeof(uint32)));
		for (Size k = 0; k < sample->n_pairs; k++)
			order[r][k] = rank_index(&sorted, k) | (k > 0 && rank_tied(&sorted, k) ? BOOTSTRAP_TIED : 0);
	}
	pfree(scratch.word[0]);
	pfree(scratch.word[1]);
	return order;
}

double
bootstrap_pair_weights(const RdmSample *sample, const double *count, double *w)
{
	double		total = 0;

	for (Size p = 0; p < sample->n_pairs; p++)
	{
		w[p] = count[(Size) sample->first[p] * BOOTSTRAP_LANES] * count[(Size) sample->second[p] * BOOTSTRAP_LANES];
		total += w[p];
	}
	return total;
}

/* ---- ranks of a draw ---- */

/* rank (m) about its mean, times w where 'weigh'; returns the sum of w rank^2.  total: sum of w */
static double
weighted_ranks(Size m, const uint32 *order, const double *w, double total, bool weigh, double *rank)
{
	double		below = -total / 2;
	double		square = 0;

	for (Size k = 0; k < m;)
	{
		double		group = 0;
		double		mid;
		Size		end = k;

		do
			group += w[order[end] & ~BOOTSTRAP_TIED];
		while (++end < m && (order[end] & BOOTSTRAP_TIED));
		mid = below + group / 2;
		for (; k < end; k++)
		{
			uint32		p = order[k] & ~BOOTSTRAP_TIED;

			rank[p] = weigh ? mid * w[p] : mid;
		}
		square += group * mid * mid;
		below += group;
	}
	return square;
}

static const double *
counts_of_draw(const Ranks *ranks, int draw)
{
	Size		block = draw / BOOTSTRAP_LANES;

	return ranks->counts + block * ranks->work->sample->n_conditions * BOOTSTRAP_LANES + draw % BOOTSTRAP_LANES;
}

static void
weigh_slot(Ranks *ranks, int slot, int draw)
{
	ranks->total[slot] = bootstrap_pair_weights(ranks->work->sample, counts_of_draw(ranks, draw),
												ranks->weight + slot * ranks->n_pairs);
}

static void
rank_slot(Ranks *ranks, int slot, int r)
{
	Size		at = (Size) slot * ranks->n_rdms + r;

	ranks->square[at] = weighted_ranks(ranks->n_pairs, ranks->order[r], ranks->weight + slot * ranks->n_pairs,
									   ranks->total[slot], r < ranks->work->sample->n_data,
									   ranks->rank + at * ranks->n_pairs);
}

/* Adds the products of pairs first .. first + n - 1 to t of a draw. */
static void
multiply_slot(Ranks *ranks, int slot, int draw, Size first, Size n)
{
	const RdmSample *sample = ranks->work->sample;
	const double *data = ranks->rank + (Size) slot * ranks->n_rdms * ranks->n_pairs + first;

	gemm_f8_raw(false, true, sample->n_models, sample->n_data, n,
				1.0, data + sample->n_data * ranks->n_pairs, ranks->n_pairs, data, ranks->n_pairs,
				first == 0 ? 0.0 : 1.0, ranks->t + (Size) draw * sample->n_models * sample->n_data, sample->n_data);
}

/* Products of centred ranks become r. */
static void
scale_slot(Ranks *ranks, int slot, int draw)
{
	const RdmSample *sample = ranks->work->sample;
	double	   *t = ranks->t + (Size) draw * sample->n_models * sample->n_data;
	const double *square = ranks->square + (Size) slot * ranks->n_rdms;
	double		n = ranks->total[slot];

	for (int k = 0; k < sample->n_models; k++)
		for (int s = 0; s < sample->n_data; s++)
		{
			double		spread = square[s] * square[sample->n_data + k];

			if (ranks->work->method == COMPARE_RHO_A)
				t[k * sample->n_data + s] *= 12 / (n * (n * n - 1));
			else
				t[k * sample->n_data + s] = spread > 0 ? t[k * sample->n_data + s] / sqrt(spread) : NAN;
		}
}

static void
fused_task(int64 i, int worker, void *arg)
{
	Ranks	   *ranks = arg;
	int			draw = ranks->first_draw + (int) i;

	weigh_slot(ranks, worker, draw);
	for (int r = 0; r < ranks->n_rdms; r++)
		rank_slot(ranks, worker, r);
	multiply_slot(ranks, worker, draw, 0, ranks->n_pairs);
	scale_slot(ranks, worker, draw);
}

static void
weight_task(int64 i, int worker, void *arg)
{
	Ranks	   *ranks = arg;

	weigh_slot(ranks, (int) i, ranks->first_draw + (int) i);
}

static void
rank_task(int64 i, int worker, void *arg)
{
	Ranks	   *ranks = arg;

	rank_slot(ranks, (int) (i / ranks->n_rdms), (int) (i % ranks->n_rdms));
}

static void
product_task(int64 i, int worker, void *arg)
{
	Ranks	   *ranks = arg;

	multiply_slot(ranks, (int) i, ranks->first_draw + (int) i, ranks->first_pair,
				  Min(ranks->step, ranks->n_pairs - ranks->first_pair));
}

/* ---- the family ---- */

static bool
fits_a_task(const RdmSample *sample)
{
	double		comparisons = (double) sample->n_data * sample->n_models;

	return ((double) sample->n_data + sample->n_models) * sample->n_pairs * sizeof(double) <= FUSED_BYTES &&
		2 * comparisons * sample->n_pairs <= PRODUCT_FLOPS;
}

static Size
ranks_bytes(const RdmSample *sample, CompareMethod method)
{
	Size		n_rdms = (Size) sample->n_data + sample->n_models;

	return size_add(bootstrap_orders_bytes(sample),
					size_mul(size_mul(parallel_threads(), n_rdms + 1),
							 size_mul(sample->n_pairs + 1, sizeof(double))));
}

static void
ranks_begin(BootstrapWork *work)
{
	const RdmSample *sample = work->sample;
	Ranks	   *ranks = palloc0(sizeof(Ranks));
	double		comparisons = (double) sample->n_data * sample->n_models;

	ranks->n_rdms = sample->n_data + sample->n_models;
	ranks->n_pairs = sample->n_pairs;
	ranks->fused = fits_a_task(sample);
	ranks->step = (Size) Max(1024, PRODUCT_FLOPS / (2 * comparisons));
	ranks->n_slots = parallel_threads();
	ranks->order = bootstrap_orders(sample);
	ranks->weight = huge_matrix(ranks->n_slots, ranks->n_pairs);
	ranks->rank = huge_matrix((Size) ranks->n_slots * ranks->n_rdms, ranks->n_pairs);
	ranks->total = palloc(ranks->n_slots * sizeof(double));
	ranks->square = huge_matrix(ranks->n_slots, ranks->n_rdms);
	ranks->work = work;
	work->family = ranks;
}

static void
ranks_evaluate(BootstrapWork *work, const double *counts, int n_draws, double *t)
{
	Ranks	   *ranks = work->family;

	ranks->counts = counts;
	ranks->t = t;
	ranks->first_draw = 0;
	if (ranks->fused)
	{
		parallel_for(n_draws, 1, fused_task, ranks);
		return;
	}
	for (; ranks->first_draw < n_draws; ranks->first_draw += ranks->n_slots)
	{
		int			n = Min(ranks->n_slots, n_draws - ranks->first_draw);

		parallel_for(n, 0, weight_task, ranks);
		parallel_for((int64) n * ranks->n_rdms, 0, rank_task, ranks);
		for (ranks->first_pair = 0; ranks->first_pair < ranks->n_pairs; ranks->first_pair += ranks->step)
			parallel_for(n, 0, product_task, ranks);
		for (int slot = 0; slot < n; slot++)
			scale_slot(ranks, slot, ranks->first_draw + slot);
		progress_add(n);
	}
}

const BootstrapFamily bootstrap_ranks = {ranks_bytes, ranks_begin, ranks_evaluate};
