/*
 * ablation.c
 *		How the held-out score of ridge regression falls as ranked units are
 *		dropped, for all numbers of units at the cost of one fit.
 *
 * The sets of units that are kept are nested.  With the units in the order in
 * which they are kept longest, each set is a leading block, and so is its Cholesky
 * factor: with X'X + alpha I = L L' of the training rows, z = L^-1 X'y, and for the
 * held-out rows S = Xf'Xf, e = L^-1 Xf'y, d = L^-1 (mean of Xf - mean of X), the
 * model of the first k units predicts with
 *
 *		sum (y - hy)(yhat - mean)	= sum over i < k of z_i e_i
 *		sum (yhat - mean)^2			= sum over i, j < k of z_i M_ij z_j,  M = L^-1 S L^-T
 *		mean of yhat				= mean of y in training + sum over i < k of z_i d_i
 *
 * which are running sums, so that every k costs what the last one does.  Without
 * refitting, the same sums have the full model's weights in place of z, and X'y, S
 * and the difference of means as they are.
 *
 * For k folds, p units and v targets: k (p^3 / 3 + 2 p^3) for L and M and
 * 3 k p^2 v for z, e and the lower triangle of M times z, beside the gram's own
 * sums.  Bytes: 2 k p^2, and blocks of targets.  Sums by fold, means and scores
 * are those of ridge_cv (stats/fold_sums.c, stats/fold_scores.c).
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/ablation.h"
#include "stats/fold_scores.h"
#include "stats/fold_sums.h"
#include "stats/target_group.h"

#define BLOCK_BYTES		((Size) 64 << 20)
#define MAX_BLOCK		2048
#define MIN_BLOCK		32
#define TRIANGLE_ROWS	256
#define COLUMNS_A_TASK	64

#define MEMORY_HINT "Take fewer targets (gram_targets), fewer units (gram_features) or fewer steps (drop)."

/* A fold that is held out, and its others; units are in the order of 'order'. */
typedef struct AblationFold
{
	const TargetFold *fold;
	int64		n_train;
	double	   *mean;			/* p: of x in training, about the centre */
	double	   *held_mean;		/* p */
	double	   *inv;			/* p: 1 / scale, 0 for a constant unit */
	double	   *l;				/* p x p, lower */
	double	   *t;				/* p x p, lower, diagonal halved: sum (yhat - mean)^2 = 2 u'T u */
	double	   *d;				/* p: what a unit adds to the mean of yhat, a unit of u */
	double	   *away;			/* p: what it adds where it is dropped; NULL: 0 */
} AblationFold;

typedef struct Ablation
{
	const Gram *g;
	const AblationOptions *options;
	const double *cx;
	const double *cy;
	int			p;
	int		   *order;			/* p: units, those that are kept longest first */
	int			n_folds;
	AblationFold *folds;
} Ablation;

/* ---- the folds ---- */

/* Units that are never dropped, then the ranking from its end. */
static int *
units_kept_longest_first(int p, const AblationOptions *options)
{
	int		   *order = huge_alloc(p * sizeof(int));
	bool	   *ranked = huge_alloc0(p * sizeof(bool));
	int			n = 0;

	for (int i = 0; i < options->n_ranked; i++)
		ranked[options->ranking[i]] = true;
	for (int j = 0; j < p; j++)
		if (!ranked[j])
			order[n++] = j;
	for (int i = options->n_ranked - 1; i >= 0; i--)
		order[n++] = options->ranking[i];
	pfree(ranked);
	return order;
}

static void
permute_vector(const int *order, int p, double *x, double *room)
{
	memcpy(room, x, p * sizeof(double));
	for (int i = 0; i < p; i++)
		x[i] = room[order[i]];
}

/* Rows and columns of *m in the order; *spare is p x p of room, and the two change places. */
static void
permute_matrix(const int *order, int p, double **m, double **spare)
{
	double	   *from = *m;
	double	   *to = *spare;

	for (int i = 0; i < p; i++)
	{
		const double *row = from + (Size) order[i] * p;

		if ((i & 63) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < p; j++)
			to[(Size) i * p + j] = row[order[j]];
	}
	*m = to;
	*spare = from;
}

/* B = B', by tiles */
static void
transpose_in_place(double *b, int p)
{
	const int	tile = 32;

	for (int i0 = 0; i0 < p; i0 += tile)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j0 = 0; j0 <= i0; j0 += tile)
			for (int i = i0; i < Min(i0 + tile, p); i++)
				for (int j = j0; j < Min(j0 + tile, i); j++)
				{
					double		swap = b[(Size) i * p + j];

					b[(Size) i * p + j] = b[(Size) j * p + i];
					b[(Size) j * p + i] = swap;
				}
	}
}

/* Before training sums are centred: the means and scales of both, and S about the fold's mean. */
static void
centre_fold(const Ablation *a, AblationFold *f, FeatureSums *train, FeatureSums *held)
{
	int			p = a->p;
	double	   *held_inv = huge_matrix(1, p);

	f->n_train = train->n;
	f->mean = huge_matrix(1, p);
	f->inv = huge_matrix(1, p);
	f->held_mean = huge_matrix(1, p);
	f->d = huge_matrix(1, p);
	f->away = a->options->fill == ABLATION_ZERO ? huge_matrix(1, p) : NULL;
	fold_centre_features(train, p, a->options->standardize, NULL, f->mean, f->inv);
	for (int j = 0; j < p; j++)
	{
		/* what is constant in the fold predicts nothing but a shift */
		double		ss = gram_centred_squares(held->n, held->sx[j], held->sxx[(Size) j * p + j]);

		held_inv[j] = ss > 0 ? f->inv[j] : 0;
		f->held_mean[j] = held->sx[j] / held->n;
		f->d[j] = (f->held_mean[j] - f->mean[j]) * f->inv[j];
		if (f->away)
			f->away[j] = -(a->cx[j] + f->mean[j]) * f->inv[j];
	}
	fold_centre_and_scale(held->sxx, p, held->n, f->held_mean, held_inv);
	pfree(held_inv);
}

/*
 * X'X + alpha I becomes L.  A pivot that is rounding would go into all that is divided by
 * it: then the units before tell all of that one, and alpha does not say what to do.
 */
static void
factor(double *xx, int p, double alpha)
{
	double	   *diagonal = huge_matrix(1, p);
	bool		good;

	for (int i = 0; i < p; i++)
		diagonal[i] = xx[(Size) i * p + i] += alpha;
	good = cholesky_f8(p, xx, p) == 0;
	for (int i = 0; i < p && good; i++)
	{
		double		pivot = xx[(Size) i * p + i];

		good = pivot * pivot > p * DBL_EPSILON * diagonal[i];
	}
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the units are too nearly collinear for alpha %g", alpha),
				 errhint("Give a larger alpha.")));
	pfree(diagonal);
}

/* S becomes T, in the basis of L where the model is fitted again. */
static void
finish_fold(const Ablation *a, AblationFold *f)
{
	int			p = a->p;

	factor(f->l, p, a->options->alpha);
	if (a->options->fill == ABLATION_REFIT)
	{
		trsm_lower_f8(false, p, p, f->l, p, f->t, p);
		transpose_in_place(f->t, p);
		trsm_lower_f8(false, p, p, f->l, p, f->t, p);
		trsm_lower_f8(false, p, 1, f->l, p, f->d, 1);
	}
	for (int i = 0; i < p; i++)
	{
		f->t[(Size) i * p + i] /= 2;
		memset(f->t + (Size) i * p + i + 1, 0, (p - i - 1) * sizeof(double));
	}
}

static void
prepare_folds(Ablation *a, const TargetGroup *group)
{
	int			p = a->p;
	FeatureSums *held = palloc(a->n_folds * sizeof(FeatureSums));
	FeatureSums *train = palloc(a->n_folds * sizeof(FeatureSums));
	FeatureSums all;
	double	   *room = huge_matrix(1, p);
	double	   *spare;

	fold_feature_sums(a->g, group, a->n_folds, a->cx, held, train, &all);
	spare = all.sxx;
	for (int i = 0; i < a->n_folds; i++)
	{
		AblationFold *f = &a->folds[i];

		f->fold = &group->folds[i];
		centre_fold(a, f, &train[i], &held[i]);
		permute_matrix(a->order, p, &train[i].sxx, &spare);
		permute_matrix(a->order, p, &held[i].sxx, &spare);
		permute_vector(a->order, p, f->mean, room);
		permute_vector(a->order, p, f->held_mean, room);
		permute_vector(a->order, p, f->inv, room);
		permute_vector(a->order, p, f->d, room);
		if (f->away)
			permute_vector(a->order, p, f->away, room);
		f->l = train[i].sxx;
		f->t = held[i].sxx;
		finish_fold(a, f);
		progress_add(1);
	}
	pfree(spare);
	pfree(room);
	pfree(held);
	pfree(train);
}

/* ---- a block of targets ---- */

/* Sums of the block in the fold's order and scale, about 'mean' */
static double *
centred_products(const Ablation *a, const AblationFold *f, TargetSums *b, double **from, const double *mean,
				 const double *sy)
{
	double	   *to = b->spare;

	fold_centre_products(*from, a->order, to, NULL, a->p, b->nt, mean, f->inv, sy, b->y_norm, 1);
	b->spare = *from;
	*from = to;
	return to;
}

/* W = T U, T lower (p x p), U p x nt */
static void
triangle_product(int p, int nt, const double *t, const double *u, double *w)
{
	for (int i = 0; i < p; i += TRIANGLE_ROWS)
	{
		int			n = Min(TRIANGLE_ROWS, p - i);

		gemm_f8(false, false, n, nt, i + n, 1, t + (Size) i * p, p, u, nt, 0, w + (Size) i * nt, nt);
	}
}

/* The running sums of some columns, and their scores at each step. */
typedef struct RunningSums
{
	const Ablation *a;
	const AblationFold *f;
	const TargetSums *b;
	const double *u;			/* p x nt: z, or the weights */
	const double *e;			/* p x nt */
	const double *w;			/* p x nt: T u */
	const double *sy_held;		/* nt */
	const double *sy_train;
	const double *syy_held;
	FoldScores *scores;
} RunningSums;

typedef struct Sums
{
	double		a1[COLUMNS_A_TASK];
	double		a2[COLUMNS_A_TASK];
	double		a3[COLUMNS_A_TASK];
} Sums;

HOT_LOOP static void
add_unit(Sums *s, int n, const double *restrict u, const double *restrict e, const double *restrict w, double d)
{
	for (int t = 0; t < n; t++)
	{
		s->a1[t] += u[t] * e[t];
		s->a2[t] += 2 * u[t] * w[t];
		s->a3[t] += u[t] * d;
	}
}

static void
add_step(const RunningSums *r, const Sums *s, int step, int first, int n)
{
	double		n_held = r->f->fold->n;

	for (int i = 0; i < n; i++)
	{
		int			t = first + i;
		double		norm = r->b->y_norm[t];

		fold_scores_add(r->scores, step, t, r->f->fold->n, gram_centred_squares(n_held, r->sy_held[t], r->syy_held[t]),
						s->a1[i] * norm * norm, s->a2[i] * norm * norm,
						r->sy_held[t] / n_held - r->sy_train[t] / r->f->n_train - s->a3[i] * norm);
	}
}

static void
running_sums_task(int64 task, int worker, void *arg)
{
	const RunningSums *r = arg;
	const AblationOptions *options = r->a->options;
	int			first = (int) task * COLUMNS_A_TASK;
	int			nt = r->b->nt;
	int			n = Min(COLUMNS_A_TASK, nt - first);
	int			p = r->a->p;
	int			step = options->n_steps - 1;
	Sums		s = {0};

	/* at first every unit is dropped */
	for (int i = 0; i < p && r->f->away; i++)
		for (int t = 0; t < n; t++)
			s.a3[t] += r->u[(Size) i * nt + first + t] * r->f->away[i];
	for (int kept = 0;; kept++)
	{
		Size		at = (Size) kept * nt + first;

		while (step >= 0 && p - options->drop[step] == kept)
			add_step(r, &s, step--, first, n);
		if (step < 0)
			return;
		add_unit(&s, n, r->u + at, r->e + at, r->w + at, r->f->d[kept] - (r->f->away ? r->f->away[kept] : 0));
	}
}

static void
score_fold(const Ablation *a, int fold, TargetSums *b, double *w, FoldScores *scores)
{
	const AblationFold *f = &a->folds[fold];
	bool		refit = a->options->fill == ABLATION_REFIT;
	int			p = a->p;
	int			nt = b->nt;
	const double *sy_held = b->sy + (Size) fold * nt;
	const double *sy_all = b->sy + (Size) a->n_folds * nt;
	double	   *sy_train = huge_matrix(1, nt);
	double	   *u;
	double	   *e;
	RunningSums r;

	for (int t = 0; t < nt; t++)
		sy_train[t] = sy_all[t] - sy_held[t];
	u = centred_products(a, f, b, &b->train[fold], f->mean, sy_train);
	trsm_lower_f8(false, p, nt, f->l, p, u, nt);
	e = centred_products(a, f, b, &b->held[fold], f->held_mean, sy_held);
	trsm_lower_f8(!refit, p, nt, f->l, p, refit ? e : u, nt);
	triangle_product(p, nt, f->t, u, w);
	r = (RunningSums) {a, f, b, u, e, w, sy_held, sy_train, b->syy + (Size) fold * nt, scores};
	parallel_for((nt + COLUMNS_A_TASK - 1) / COLUMNS_A_TASK, 0, running_sums_task, &r);
	pfree(sy_train);
	progress_add(1);
}

/* ---- the curve ---- */

/* The curve so far, whose means are sums, and how many targets they have. */
typedef struct CurveSums
{
	AblationCurve *curve;
	int64	   *n_r;			/* n_steps */
	int64	   *n_r2;
} CurveSums;

static void
add_value(double value, double *sum, int64 *n)
{
	if (isnan(value))
		return;
	*sum += value;
	++*n;
}

static void
take_scores(const Ablation *a, const TargetSums *b, const FoldScores *scores, CurveSums *sums)
{
	AblationCurve *curve = sums->curve;

	for (int step = 0; step < a->options->n_steps; step++)
		for (int t = 0; t < b->nt; t++)
		{
			double		r = fold_scores_r(scores, step, t);
			double		r2 = fold_scores_r2(scores, step, t);

			add_value(r, &curve->r[step], &sums->n_r[step]);
			add_value(r2, &curve->r2[step], &sums->n_r2[step]);
			if (curve->target_r)
			{
				curve->target_r[(Size) step * a->g->v + b->targets[t]] = r;
				curve->target_r2[(Size) step * a->g->v + b->targets[t]] = r2;
			}
		}
}

static int
block_targets(const Ablation *a, const TargetGroup *group)
{
	Size		a_target = ((2 * (Size) a->n_folds + 3) * a->p + 3 * (Size) a->options->n_steps) * sizeof(double);
	Size		fits = BLOCK_BYTES / a_target;

	return (int) Min((Size) group->n_targets, Min((Size) MAX_BLOCK, Max((Size) MIN_BLOCK, fits)));
}

/* Bytes of the folds and of a block, without its scores */
static Size
group_bytes(const Ablation *a, int block)
{
	Size		vectors = size_mul(size_mul(8, a->n_folds), a->p);

	return size_add(size_add(fold_feature_bytes(a->p, a->n_folds), fold_target_bytes(a->p, a->n_folds, block)),
					size_mul(size_add(vectors, size_mul(a->p, block)), sizeof(double)));
}

/* Targets with rows in one fold only have no score. */
static void
ablate_group(Ablation *a, const TargetGroup *group, CurveSums *sums)
{
	int			block;
	int			n_blocks;
	MemoryContext scratch;
	MemoryContext old;
	MemoryContext per_block;
	TargetSums *b;
	double	   *w;

	a->n_folds = group->n_folds;
	if (a->n_folds < 2)
		return;
	block = block_targets(a, group);
	scratch = scratch_create("ablation_curve", group_bytes(a, block), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	per_block = AllocSetContextCreate(scratch, "ablation block", ALLOCSET_DEFAULT_SIZES);
	n_blocks = (group->n_targets + block - 1) / block;
	progress_begin("ablation_curve", (double) a->n_folds * (1 + n_blocks));
	a->folds = palloc0(a->n_folds * sizeof(AblationFold));
	prepare_folds(a, group);
	b = fold_target_sums_new(a->p, a->n_folds, block);
	w = huge_matrix(a->p, block);
	for (int t0 = 0; t0 < group->n_targets; t0 += block)
	{
		FoldScores *scores;

		b->nt = Min(block, group->n_targets - t0);
		b->targets = group->targets + t0;
		MemoryContextSwitchTo(per_block);
		scores = fold_scores_new(a->options->n_steps, b->nt);
		for (int f = 0; f < a->n_folds; f++)
			scores->n_scored += group->folds[f].n >= 2;
		fold_target_sums(a->g, group, a->cx, a->cy, b);
		for (int f = 0; f < a->n_folds; f++)
			score_fold(a, f, b, w, scores);
		take_scores(a, b, scores, sums);
		MemoryContextReset(per_block);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static void
clear_curve(const Ablation *a, AblationCurve *curve)
{
	Size		n = (Size) a->options->n_steps * a->g->v;

	memset(curve->r, 0, a->options->n_steps * sizeof(double));
	memset(curve->r2, 0, a->options->n_steps * sizeof(double));
	for (Size i = 0; i < n && curve->target_r; i++)
		curve->target_r[i] = curve->target_r2[i] = NAN;
}

void
ablation_curve(const Gram *g, const AblationOptions *options, AblationCurve *curve)
{
	MemoryContext scratch = scratch_create("ablation_curve", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *cx = huge_matrix(1, g->p);
	double	   *cy = huge_matrix(1, g->v);
	Ablation	a = {.g = g, .options = options, .cx = cx, .cy = cy, .p = g->p};
	CurveSums	sums = {curve, huge_alloc0(options->n_steps * sizeof(int64)), huge_alloc0(options->n_steps * sizeof(int64))};
	TargetGroup *groups;
	int			n_groups;

	gram_get_centre(g, cx, cy);
	a.order = units_kept_longest_first(g->p, options);
	clear_curve(&a, curve);
	groups = target_groups(g, &n_groups);
	for (int i = 0; i < n_groups; i++)
		ablate_group(&a, &groups[i], &sums);
	for (int step = 0; step < options->n_steps; step++)
	{
		curve->r[step] /= (double) sums.n_r[step];
		curve->r2[step] /= (double) sums.n_r2[step];
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
