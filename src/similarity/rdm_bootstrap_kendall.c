/*
 * rdm_bootstrap_kendall.c
 *		Kendall's tau_a and tau_b of bootstrap draws.
 *
 * In a draw, pair p of conditions stands there w_p = m_i m_j times, so that
 * concordant - discordant = sum over p of w_p (weight below y_p - weight above y_p)
 * among those whose x is smaller.  The pairs are walked in the order of x, sorted
 * once, and a binary indexed tree over the places of y holds the weight met so far
 * (Fenwick 1994; Knight 1966 counts by merging).  Copies are equal in both and
 * count as ties.  The sums are whole numbers and exact.
 *
 * Cost: about 2 k log2 m steps a comparison and draw, k the pairs drawn (.4 m).
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/rdm_bootstrap.h"

typedef struct Kendall
{
	uint32	  **order;
	uint32	  **place;			/* data's: 1-based place of each pair among the distinct values */
	uint32	   *n_places;
	double	   *weight;			/* a worker: n_pairs */
	uint32	   *tree;			/* a worker: n_pairs + 1 */

	/* the call under way */
	const BootstrapWork *work;
	const double *counts;
	double	   *t;
} Kendall;

static void
tree_add(uint32 *tree, uint32 n, uint32 place, uint32 w)
{
	for (; place <= n; place += place & -place)
		tree[place] += w;
}

static int64
tree_sum(const uint32 *tree, uint32 place)
{
	uint32		sum = 0;

	for (; place > 0; place -= place & -place)
		sum += tree[place];
	return sum;
}

/* Pairs of entries that are tied within the groups of equal values */
static double
tied_entries(Size m, const uint32 *order, const double *w)
{
	double		tied = 0;

	for (Size k = 0; k < m;)
	{
		double		group = 0;

		do
			group += w[order[k] & ~BOOTSTRAP_TIED];
		while (++k < m && (order[k] & BOOTSTRAP_TIED));
		tied += group * (group - 1) / 2;
	}
	return tied;
}

/* Concordant - discordant, walking x's groups of equal values. */
static double
concordance(Size m, const uint32 *order, const uint32 *place, uint32 n_places, const double *w, uint32 *tree)
{
	int64		sum = 0;
	int64		met = 0;

	memset(tree, 0, ((Size) n_places + 1) * sizeof(uint32));
	for (Size k = 0; k < m;)
	{
		Size		end = k;

		do
		{
			uint32		p = order[end] & ~BOOTSTRAP_TIED;

			if (w[p] > 0)
			{
				int64		below = tree_sum(tree, place[p] - 1);
				int64		not_above = tree_sum(tree, place[p]);

				sum += (int64) w[p] * (below - (met - not_above));
			}
		} while (++end < m && (order[end] & BOOTSTRAP_TIED));
		for (; k < end; k++)
		{
			uint32		p = order[k] & ~BOOTSTRAP_TIED;

			if (w[p] > 0)
				tree_add(tree, n_places, place[p], (uint32) w[p]);
			met += (int64) w[p];
		}
	}
	return (double) sum;
}

/* One draw, one model, one subject. */
static void
kendall_task(int64 i, int worker, void *arg)
{
	Kendall    *kendall = arg;
	const RdmSample *sample = kendall->work->sample;
	int			comparisons = sample->n_models * sample->n_data;
	int			draw = (int) (i / comparisons);
	int			model = (int) (i % comparisons) / sample->n_data;
	int			subject = (int) (i % comparisons) % sample->n_data;
	Size		block = draw / BOOTSTRAP_LANES;
	const double *count = kendall->counts + block * sample->n_conditions * BOOTSTRAP_LANES + draw % BOOTSTRAP_LANES;
	const uint32 *order = kendall->order[sample->n_data + model];
	double	   *w = kendall->weight + worker * sample->n_pairs;
	double		total = bootstrap_pair_weights(sample, count, w);
	double		all = total * (total - 1) / 2;
	double		sum = concordance(sample->n_pairs, order, kendall->place[subject], kendall->n_places[subject], w,
								  kendall->tree + worker * (sample->n_pairs + 1));

	if (kendall->work->method == COMPARE_KENDALL_TAU_B)
		all = sqrt((all - tied_entries(sample->n_pairs, order, w)) *
				   (all - tied_entries(sample->n_pairs, kendall->order[subject], w)));
	kendall->t[i] = all > 0 ? sum / all : NAN;
}

static Size
kendall_bytes(const RdmSample *sample, CompareMethod method)
{
	return size_add(bootstrap_orders_bytes(sample),
					size_mul(sample->n_pairs + 1,
							 size_add(size_mul(sample->n_data, sizeof(uint32)),
									  size_mul(parallel_threads(), sizeof(double) + sizeof(uint32)))));
}

static void
kendall_begin(BootstrapWork *work)
{
	const RdmSample *sample = work->sample;
	Kendall    *kendall = palloc0(sizeof(Kendall));

	kendall->order = bootstrap_orders(sample);
	kendall->place = palloc(sample->n_data * sizeof(uint32 *));
	kendall->n_places = palloc(sample->n_data * sizeof(uint32));
	for (int s = 0; s < sample->n_data; s++)
	{
		uint32		place = 0;

		kendall->place[s] = huge_alloc(size_mul(sample->n_pairs, sizeof(uint32)));
		for (Size k = 0; k < sample->n_pairs; k++)
		{
			if (!(kendall->order[s][k] & BOOTSTRAP_TIED))
				place++;
			kendall->place[s][kendall->order[s][k] & ~BOOTSTRAP_TIED] = place;
		}
		kendall->n_places[s] = place;
	}
	kendall->weight = huge_matrix(parallel_threads(), sample->n_pairs);
	kendall->tree = huge_alloc(size_mul(parallel_threads(), (sample->n_pairs + 1) * sizeof(uint32)));
	kendall->work = work;
	work->family = kendall;
}

static void
kendall_evaluate(BootstrapWork *work, const double *counts, int n_draws, double *t)
{
	Kendall    *kendall = work->family;
	int			comparisons = work->sample->n_models * work->sample->n_data;

	kendall->counts = counts;
	kendall->t = t;
	parallel_for((int64) n_draws * comparisons, 1.0 / comparisons, kendall_task, kendall);
}

const BootstrapFamily bootstrap_kendall = {kendall_bytes, kendall_begin, kendall_evaluate};
