/*
 * sparse_probe.c
 *		Sparse probes (Gurnee et al. 2023): the k best features of a training set,
 *		a logistic regression on them alone, and its score on the fold left out.
 *
 * Features are ranked within each training set, so that the held-out score knows
 * nothing of how they were chosen.  A probe costs some 20 products of 4 n k flops;
 * the ranking is what takes time (feature_ranking.c).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "search/sparse_probe.h"

double
probe_f1(const ProbeScore *s)
{
	double		of = 2.0 * s->hits + s->false_alarms + s->misses;

	return of > 0 ? 2.0 * s->hits / of : NAN;
}

double
probe_accuracy(const ProbeScore *s)
{
	return (double) (s->hits + s->rejections) / (double) (s->hits + s->rejections + s->false_alarms + s->misses);
}

/* A training set's chosen features on one scale, of all rows: those of the training set first. */
typedef struct Chosen
{
	const LogisticRows *rows;
	Size		n_train;
	Size	   *row;			/* n */
	double	   *x;				/* n x k_max */
	double	   *part;			/* n x k: the first k columns */
	int32	   *label;			/* n */
} Chosen;

static void
choose_rows(Chosen *c, int set)
{
	Size		held = c->rows->n;

	c->n_train = 0;
	for (Size i = 0; i < c->rows->n; i++)
		if (ranking_set_has(c->rows, set, i))
			c->row[c->n_train++] = i;
		else
			c->row[--held] = i;
	for (Size i = 0; i < c->rows->n; i++)
		c->label[i] = c->rows->label[c->row[i]];
}

static void
choose_features(Chosen *c, const ClassMoments *m, int set, int k, const int32 *feature)
{
	double	   *mean = palloc(k * sizeof(double));
	double	   *scale = palloc(k * sizeof(double));

	for (int j = 0; j < k; j++)
	{
		double		squares = class_moments_squares(m, set, feature[j]);

		mean[j] = class_moments_mean(m, set, feature[j]);
		scale[j] = squares > 0 ? sqrt((double) c->n_train / squares) : 0;
	}
	for (Size i = 0; i < c->rows->n; i++)
	{
		const double *x = c->rows->x + c->row[i] * c->rows->d;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < k; j++)
			c->x[i * k + j] = (x[feature[j]] - mean[j]) * scale[j];
	}
	pfree(mean);
	pfree(scale);
}

/* The probe of the first k of k_max features. */
static void
fit_probe(const Chosen *c, const ProbeOptions *o, int k_max, int k, double *weights, double *intercept)
{
	LogisticRows rows = {.n = c->n_train, .d = k, .x = c->part, .n_classes = 2, .label = c->label, .fit_intercept = true, .balanced = o->balanced};

	for (Size i = 0; i < c->rows->n; i++)
		memcpy(c->part + i * k, c->x + i * k_max, k * sizeof(double));
	logistic_fit(&rows, o->alpha, weights, intercept);
}

static ProbeScore
score_probe(const Chosen *c, int k, const double *weights, double intercept)
{
	ProbeScore	s = {0};

	for (Size i = c->n_train; i < c->rows->n; i++)
	{
		double		decision = intercept;

		for (int j = 0; j < k; j++)
			decision += c->part[i * k + j] * weights[j];
		if (c->label[i] == 1)
			*(decision > 0 ? &s.hits : &s.misses) += 1;
		else
			*(decision > 0 ? &s.false_alarms : &s.rejections) += 1;
	}
	return s;
}

static Size
scratch_bytes(const LogisticRows *rows, int k_max)
{
	Size		chosen = size_mul(rows->n, size_add(size_mul(2 * sizeof(double), k_max), sizeof(Size) + sizeof(int32)));

	return size_add(chosen, class_moments_bytes(rows));
}

Probes *
sparse_probes(const LogisticRows *rows, int n_ks, const int *ks, const ProbeOptions *options)
{
	int			sets = RANKING_SETS(rows);
	RankingOptions ranking = {.method = options->method, .alpha = options->alpha};
	Probes	   *p = palloc0(sizeof(Probes));
	Chosen		c = {.rows = rows};
	MemoryContext scratch;
	MemoryContext old;
	ClassMoments *m;
	double	   *weights;

	for (int i = 0; i < n_ks; i++)
		p->k_max = Max(p->k_max, ks[i]);
	ranking.k = p->k_max;
	p->feature = huge_alloc(size_mul(size_mul(sets, p->k_max), sizeof(int32)));
	p->rank_score = huge_matrix(sets, p->k_max);
	p->score = palloc0(Max(1, (Size) n_ks * rows->n_folds) * sizeof(ProbeScore));
	p->weight = huge_matrix(1, p->k_max);
	scratch = scratch_create("sparse probe", scratch_bytes(rows, p->k_max), "Take fewer rows, or a smaller k.");
	old = MemoryContextSwitchTo(scratch);
	m = class_moments(rows);
	feature_rank(rows, m, &ranking, p->feature, p->rank_score);
	c.row = huge_alloc(rows->n * sizeof(Size));
	c.label = huge_alloc(rows->n * sizeof(int32));
	c.x = huge_matrix(rows->n, p->k_max);
	c.part = huge_matrix(rows->n, p->k_max);
	weights = huge_matrix(1, p->k_max);
	for (int s = 0; s < sets; s++)
	{
		choose_rows(&c, s);
		choose_features(&c, m, s, p->k_max, p->feature + (Size) s * p->k_max);
		for (int i = 0; i < (s < rows->n_folds ? n_ks : 1); i++)
		{
			int			k = s < rows->n_folds ? ks[i] : p->k_max;
			double		intercept;

			fit_probe(&c, options, p->k_max, k, s < rows->n_folds ? weights : p->weight, &intercept);
			if (s < rows->n_folds)
				p->score[(Size) i * rows->n_folds + s] = score_probe(&c, k, weights, intercept);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return p;
}
