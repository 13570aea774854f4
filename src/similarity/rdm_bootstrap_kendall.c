/*
 * rdm_bootstrap_kendall.c
 *		Kendall's tau_a and tau_b of bootstrap draws.
 *
 * In a draw, pair p of conditions stands there w_p = m_i m_j times, together at
 * most as often as there are pairs.  Each RDM's pairs are sorted once, over all
 * conditions; a draw's order follows by walking it and writing each pair as often
 * as it was drawn, copies tied.  Comparisons are those of kendall.c.
 *
 * Cost: a draw takes about 3 m steps an RDM and m log m a comparison (m pairs).
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/kendall.h"
#include "similarity/rdm_bootstrap.h"

#define FUSED_STEPS		1e7		/* of a draw that one task takes in full */

typedef struct Kendall
{
	const RdmSample *sample;
	int			n_rdms;
	Size		max;			/* pairs of a draw, copies counted */
	bool		fused;
	int			n_slots;		/* draws that are held at a time */
	uint32	  **order;
	double	   *weight;			/* n_slots x n_pairs */
	uint32	   *place;			/* n_slots x n_pairs: of a pair's first copy in the draw's vectors */
	KendallOrder *drawn;		/* n_slots x n_rdms */
	KendallScratch *scratch;	/* a worker */

	/* the call under way */
	const BootstrapWork *work;
	const double *counts;
	double	   *t;
	int			first_draw;
} Kendall;

static void
place_slot(Kendall *kendall, int slot, int draw)
{
	const RdmSample *sample = kendall->sample;
	Size		block = draw / BOOTSTRAP_LANES;
	const double *count = kendall->counts + block * sample->n_conditions * BOOTSTRAP_LANES + draw % BOOTSTRAP_LANES;
	double	   *w = kendall->weight + slot * sample->n_pairs;
	uint32	   *place = kendall->place + slot * sample->n_pairs;
	uint32		n = 0;

	bootstrap_pair_weights(sample, count, w);
	for (Size p = 0; p < sample->n_pairs; p++)
	{
		place[p] = n;
		n += (uint32) w[p];
	}
	for (int r = 0; r < kendall->n_rdms; r++)
		kendall->drawn[slot * kendall->n_rdms + r].n = n;
}

/* The draw's order of an RDM. */
static void
order_slot(Kendall *kendall, int slot, int r)
{
	Size		n_pairs = kendall->sample->n_pairs;
	const double *w = kendall->weight + slot * n_pairs;
	const uint32 *place = kendall->place + slot * n_pairs;
	KendallOrder *out = &kendall->drawn[slot * kendall->n_rdms + r];
	uint32		k = 0;
	uint32		first = 0;

	out->tied = 0;
	for (Size i = 0; i < n_pairs; i++)
	{
		uint32		p = kendall->order[r][i] & ~BOOTSTRAP_TIED;

		if (!(kendall->order[r][i] & BOOTSTRAP_TIED))
			first = k;
		for (uint32 copy = 0; copy < (uint32) w[p]; copy++)
		{
			out->tied += k - first;
			out->order[k++] = place[p] + copy;
			out->first[place[p] + copy] = first;
		}
	}
}

static void
compare_slot(Kendall *kendall, int slot, int draw, int comparison, KendallScratch *scratch)
{
	const RdmSample *sample = kendall->sample;
	const KendallOrder *drawn = kendall->drawn + (Size) slot * kendall->n_rdms;
	const KendallOrder *model = &drawn[sample->n_data + comparison / sample->n_data];
	const KendallOrder *data = &drawn[comparison % sample->n_data];
	double	   *t = kendall->t + (Size) draw * sample->n_models * sample->n_data + comparison;

	*t = kendall->work->method == COMPARE_KENDALL_TAU_A ? kendall_tau_a(model, data, scratch, false)
		: kendall_tau_b(model, data, scratch, false);
}

static void
fused_task(int64 i, int worker, void *arg)
{
	Kendall    *kendall = arg;
	int			draw = kendall->first_draw + (int) i;

	place_slot(kendall, worker, draw);
	for (int r = 0; r < kendall->n_rdms; r++)
		order_slot(kendall, worker, r);
	for (int c = 0; c < kendall->sample->n_models * kendall->sample->n_data; c++)
		compare_slot(kendall, worker, draw, c, &kendall->scratch[worker]);
}

static void
place_task(int64 i, int worker, void *arg)
{
	Kendall    *kendall = arg;

	place_slot(kendall, (int) i, kendall->first_draw + (int) i);
}

static void
order_task(int64 i, int worker, void *arg)
{
	Kendall    *kendall = arg;

	order_slot(kendall, (int) (i / kendall->n_rdms), (int) (i % kendall->n_rdms));
}

static void
compare_task(int64 i, int worker, void *arg)
{
	Kendall    *kendall = arg;
	int			comparisons = kendall->sample->n_models * kendall->sample->n_data;

	compare_slot(kendall, (int) (i / comparisons), kendall->first_draw + (int) (i / comparisons),
				 (int) (i % comparisons), &kendall->scratch[worker]);
}

/* ---- the family ---- */

static Size
kendall_bytes(const RdmSample *sample, CompareMethod method)
{
	Size		max = RDM_PAIRS(sample->n_conditions);
	Size		slot = size_add(size_mul(sample->n_pairs, sizeof(double) + sizeof(uint32)),
								size_mul((Size) sample->n_data + sample->n_models, kendall_order_bytes(max)));

	return size_add(bootstrap_orders_bytes(sample),
					size_mul(parallel_threads(), size_add(slot, kendall_scratch_bytes(max))));
}

static void
kendall_begin(BootstrapWork *work)
{
	const RdmSample *sample = work->sample;
	Kendall    *kendall = palloc0(sizeof(Kendall));
	double		steps = 30.0 * sample->n_models * sample->n_data * sample->n_pairs;

	kendall->sample = sample;
	kendall->n_rdms = sample->n_data + sample->n_models;
	kendall->max = RDM_PAIRS(sample->n_conditions);
	kendall->fused = steps <= FUSED_STEPS;
	kendall->n_slots = parallel_threads();
	kendall->order = bootstrap_orders(sample);
	kendall->weight = huge_matrix(kendall->n_slots, sample->n_pairs);
	kendall->place = huge_alloc(size_mul(kendall->n_slots, sample->n_pairs * sizeof(uint32)));
	kendall->drawn = palloc((Size) kendall->n_slots * kendall->n_rdms * sizeof(KendallOrder));
	kendall->scratch = palloc(kendall->n_slots * sizeof(KendallScratch));
	for (int i = 0; i < kendall->n_slots * kendall->n_rdms; i++)
		kendall_order_allocate(&kendall->drawn[i], kendall->max);
	for (int w = 0; w < kendall->n_slots; w++)
		kendall_scratch_allocate(&kendall->scratch[w], kendall->max);
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
	kendall->first_draw = 0;
	if (kendall->fused)
	{
		parallel_for(n_draws, 1, fused_task, kendall);
		return;
	}
	for (; kendall->first_draw < n_draws; kendall->first_draw += kendall->n_slots)
	{
		int			n = Min(kendall->n_slots, n_draws - kendall->first_draw);

		parallel_for(n, 0, place_task, kendall);
		parallel_for((int64) n * kendall->n_rdms, 0, order_task, kendall);
		parallel_for((int64) n * comparisons, 0, compare_task, kendall);
		progress_add(n);
	}
}

const BootstrapFamily bootstrap_kendall = {kendall_bytes, kendall_begin, kendall_evaluate};
