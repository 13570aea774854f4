/*
 * banded_primal.c
 *		Held-out scores of many weightings of the bands, from one gram's moments.
 *
 * A weighting D only rescales the sums: X'X becomes D X'X D and X'y D X'y.  So
 * the sums by fold are made once, of x for all, of x'y for a batch of targets,
 * and a draw takes, with k folds, a alphas, p features and v targets:
 *
 *		eigendecompositions		k 9 p^3
 *		held-out X'X in them	k 4 p^3
 *		projections				4 k p^2 v
 *		scores					a k p^2 v, or 2 a n p v by predicting held-out rows
 *
 * and 16 k p v bytes of sums to read.  A band of scale 0 is left out: its rows
 * and columns of the sums are not read, and p is that of the others.  Scratch
 * is 5 k p^2 numbers, and 2 k p a target of the batch.
 *
 * Where scores run in float4, a draw's alphas are scored again in float8 only
 * for targets that it may improve (ridge_primal.c), a number that falls as one
 * over the draws made: the best of many is seldom the last.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "encoding/banded.h"
#include "encoding/ridge_primal.h"
#include "linalg/linalg.h"

#define BATCH_BYTES	((Size) 512 << 20)
#define MEMORY_HINT "Give a smaller n_targets_batch, or fit fewer targets at a time (gram_targets)."

typedef struct Sums
{
	BandedSearch *search;
	Primal		whole;			/* of all features: folds, blocks, float4 or not */
	FeatureSums *held;			/* n_folds, as they are about the centre */
	FeatureSums *train;
	int			n_blocks;		/* of the batch */
	TargetSums **blocks;
	TargetSums *work;			/* a block's sums in the basis of one draw */
} Sums;

/* ---- one draw's features ---- */

/* Features whose band has a scale above 0, and their weights. */
typedef struct DrawFeatures
{
	int			n;
	int		   *index;
	double	   *weight;
} DrawFeatures;

static DrawFeatures
draw_features(const BandDraws *draws, int draw, int p)
{
	DrawFeatures f = {0, palloc(p * sizeof(int)), palloc(p * sizeof(double))};
	int			first = 0;

	for (int b = 0; b < draws->n_bands; b++)
	{
		double		scale = draws->scales[(Size) draw * draws->n_bands + b];

		for (int j = first; j < first + draws->widths[b] && scale > 0; j++)
		{
			f.index[f.n] = j;
			f.weight[f.n++] = sqrt(scale);
		}
		first += draws->widths[b];
	}
	return f;
}

static FeatureSums
select_features(const FeatureSums *from, int p, const DrawFeatures *f)
{
	FeatureSums to = {from->n, huge_matrix(1, f->n), huge_matrix(f->n, f->n)};

	for (int i = 0; i < f->n; i++)
	{
		const double *row = from->sxx + (Size) f->index[i] * p;

		to.sx[i] = from->sx[f->index[i]];
		for (int j = 0; j < f->n; j++)
			to.sxx[(Size) i * f->n + j] = row[f->index[j]];
	}
	return to;
}

/* The bases of the draw, in CurrentMemoryContext. */
static Primal
draw_bases(const Sums *sums, const DrawFeatures *f)
{
	const Primal *whole = &sums->whole;
	int			k = whole->n_folds;
	Primal		s = *whole;
	FeatureSums *held = palloc(k * sizeof(FeatureSums));
	FeatureSums *train = palloc(k * sizeof(FeatureSums));

	s.p = f->n;
	s.features = f->index;
	s.folds = palloc0(k * sizeof(FoldBasis));
	for (int i = 0; i < k; i++)
	{
		s.folds[i].fold = whole->folds[i].fold;
		held[i] = select_features(&sums->held[i], whole->p, f);
		train[i] = select_features(&sums->train[i], whole->p, f);
		CHECK_FOR_INTERRUPTS();
	}
	s.job->weight = f->weight;
	primal_take_sums(&s, held, train, NULL);
	s.job->weight = NULL;
	primal_prepare(&s);
	return s;
}

/* ---- one draw's blocks ---- */

/* Room for one draw's scores of a block, whose sums stay as they are. */
static void
use_block(const DrawFeatures *f, const TargetSums *from, TargetSums *to)
{
	Size		rows = ((Size) from->n_folds + 1) * from->nt * sizeof(double);

	to->nt = from->nt;
	to->p = f->n;
	to->targets = from->targets;
	to->source = from;
	to->source_rows = f->index;
	memcpy(to->sy, from->sy, rows);
	memcpy(to->syy, from->syy, rows);
	memcpy(to->y_norm, from->y_norm, from->nt * sizeof(double));
}

static void
search_block(Sums *sums, const Primal *s, const TargetSums *b, int draw)
{
	BandedSearch *search = sums->search;
	const RidgeJob *job = s->job;
	FoldScores *scores = primal_score_all(s, sums->work);
	int		   *chosen = palloc(b->nt * sizeof(int));
	double	   *floor = palloc(b->nt * sizeof(double));

	for (int t = 0; t < b->nt; t++)
		floor[t] = search->score[b->targets[t]];
	primal_choose(s, sums->work, scores, search->table ? NULL : floor, chosen);
	for (int t = 0; t < b->nt; t++)
	{
		int			j = chosen[t];

		if (j >= 0)
			banded_offer(search, draw, b->targets[t], &(BandedOffer) {
				ridge_score_value(scores, job->scoring, j, t), job->alphas[j],
				ridge_score_value(scores, ENCODER_SCORING_R, j, t),
				ridge_score_value(scores, ENCODER_SCORING_R2, j, t),
				ridge_score_value(scores, ENCODER_SCORING_R2_POOLED, j, t)});
	}
}

static void
search_draw(Sums *sums, int draw, MemoryContext per_draw, MemoryContext per_block)
{
	MemoryContext old = MemoryContextSwitchTo(per_draw);
	DrawFeatures f = draw_features(sums->search->draws, draw, sums->whole.p);
	Primal		s = draw_bases(sums, &f);

	MemoryContextSwitchTo(per_block);
	for (int i = 0; i < sums->n_blocks; i++)
	{
		use_block(&f, sums->blocks[i], sums->work);
		search_block(sums, &s, sums->blocks[i], draw);
		MemoryContextReset(per_block);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(per_draw);
}

/* ---- batches of targets ---- */

static int
blocks_a_batch(const Sums *sums)
{
	const Primal *s = &sums->whole;
	Size		limit = Min(BATCH_BYTES, (Size) neuroenc_memory_limit * 1024 / 4);
	int			all = (s->group->n_targets + s->max_block - 1) / s->max_block;
	int			asked = (sums->search->draws->batch + s->max_block - 1) / s->max_block;
	Size		fits = limit / fold_target_bytes(s->p, s->n_folds, s->max_block);

	return Min(all, asked > 0 ? asked : (int) Max(1, Min(fits, (Size) all)));
}

/* Flops of the scores of all draws: bands of scale 0 take no part. */
static double
score_flops(const BandedSearch *search, const TargetGroup *group)
{
	const BandDraws *draws = search->draws;
	double		whole = primal_sweep_flops(search->job, group);
	double		sum = 0;

	for (int d = 0; d < draws->n_draws; d++)
	{
		double		share = 0;

		for (int b = 0; b < draws->n_bands; b++)
			if (draws->scales[(Size) d * draws->n_bands + b] > 0)
				share += (double) draws->widths[b] / search->job->g->p;
		sum += whole * share * share;
	}
	return sum;
}

static void
load_batch(Sums *sums, int first, int n)
{
	const Primal *s = &sums->whole;

	sums->n_blocks = (n + s->max_block - 1) / s->max_block;
	for (int i = 0; i < sums->n_blocks; i++)
	{
		TargetSums *b = sums->blocks[i];

		b->targets = s->group->targets + first + (Size) i * s->max_block;
		b->nt = Min(s->max_block, n - i * s->max_block);
		fold_target_sums(s->job->g, s->group, s->job->cx, s->job->cy, b);
	}
}

static Size
scratch_bytes(const Sums *sums, int n_blocks)
{
	const Primal *s = &sums->whole;
	Size		features = size_mul(2, fold_feature_bytes(s->p, s->n_folds));
	Size		targets = size_mul(n_blocks + 1, fold_target_bytes(s->p, s->n_folds, s->max_block));

	return size_add(size_add(features, primal_bases_bytes(s)), targets);
}

void
banded_primal(BandedSearch *search, const TargetGroup *group)
{
	Sums		sums = {.search = search};
	Primal	   *s = &sums.whole;
	FeatureSums all;
	MemoryContext scratch;
	MemoryContext old;
	MemoryContext per_draw;
	MemoryContext per_block;
	int			n_blocks;
	int			batch;
	int			all_blocks;

	primal_start(s, search->job, group);
	s->float4 = score_flops(search, group) > PRIMAL_FLOAT4_FLOPS;
	if (search->draws->batch > 0)
		s->max_block = Min(s->max_block, search->draws->batch);
	n_blocks = blocks_a_batch(&sums);
	batch = (int) Min((Size) n_blocks * s->max_block, (Size) group->n_targets);

	scratch = scratch_create("banded ridge", scratch_bytes(&sums, n_blocks), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	sums.held = palloc(s->n_folds * sizeof(FeatureSums));
	sums.train = palloc(s->n_folds * sizeof(FeatureSums));
	fold_feature_sums(s->job->g, group, s->n_folds, s->job->cx, sums.held, sums.train, &all);
	sums.blocks = palloc(n_blocks * sizeof(TargetSums *));
	for (int i = 0; i < n_blocks; i++)
		sums.blocks[i] = fold_target_sums_new(s->p, s->n_folds, s->max_block);
	sums.work = fold_target_sums_new(s->p, s->n_folds, s->max_block);
	per_draw = AllocSetContextCreate(scratch, "banded ridge draw", ALLOCSET_DEFAULT_SIZES);
	per_block = AllocSetContextCreate(scratch, "banded ridge block", ALLOCSET_DEFAULT_SIZES);

	all_blocks = (group->n_targets + s->max_block - 1) / s->max_block;
	progress_begin("banded ridge: draws", (double) search->draws->n_draws * s->n_folds * all_blocks);
	for (int first = 0; first < group->n_targets; first += batch)
	{
		load_batch(&sums, first, Min(batch, group->n_targets - first));
		for (int d = 0; d < search->draws->n_draws; d++)
			search_draw(&sums, d, per_draw, per_block);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	pfree(s->folds);
}
