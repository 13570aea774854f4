/*
 * feature_ranking.c
 *		Which features tell one class from the rest, in each training set.
 *
 * Mean difference and F come from moments by fold and class, which one pass over the
 * rows sums about the mean of all; a training set's are those of the other folds, added.  Mutual
 * information sorts each feature once a training set (mutual_information.c).  The logistic
 * ranking solves all training sets together (logistic.c).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/feature_ranking.h"
#include "search/feature_pursuit.h"
#include "search/mutual_information.h"

#define STRIPE_ELEMENTS	((Size) 1 << 21)
#define PANEL_FEATURES	64
#define NEIGHBOURS		3

/* ---- moments ---- */

/* Sums by fold and class about the mean of all rows, of a stripe of features a task. */
typedef struct Summing
{
	const LogisticRows *rows;
	Size		stripe;
	double	   *centre;			/* d */
	double	   *sum;			/* folds (1 without) x 2 x d */
	double	   *squares;		/* the same */
} Summing;

static void
sum_stripe(int64 number, int worker, void *arg)
{
	Summing    *s = arg;
	const LogisticRows *rows = s->rows;
	Size		d = rows->d;
	Size		first = (Size) number * s->stripe;
	Size		end = Min(d, first + s->stripe);

	for (Size i = 0; i < rows->n; i++)
	{
		const double *x = rows->x + i * d;

		for (Size j = first; j < end; j++)
			s->centre[j] += (x[j] - s->centre[j]) / (double) (i + 1);
	}
	for (Size i = 0; i < rows->n; i++)
	{
		const double *x = rows->x + i * d;
		Size		cell = (rows->n_folds > 0 ? 2 * (Size) rows->fold[i] : 0) + rows->label[i];
		double	   *sum = s->sum + cell * d;
		double	   *squares = s->squares + cell * d;

		for (Size j = first; j < end; j++)
		{
			double		value = x[j] - s->centre[j];

			sum[j] += value;
			squares[j] += value * value;
		}
	}
}

/* From sums of n values about a centre: those about their mean. */
static void
settle_class(Size d, double n, const double *centre, double *mean, double *squares)
{
	for (Size j = 0; j < d; j++)
	{
		double		off = n > 0 ? mean[j] / n : 0;

		squares[j] = Max(0, squares[j] - mean[j] * off);
		mean[j] = centre[j] + off;
	}
}

Size
class_moments_bytes(const LogisticRows *rows)
{
	Size		cells = size_mul(2 * ((Size) rows->n_folds + 1 + Max(1, rows->n_folds)), rows->d);

	return size_mul(size_add(size_mul(2, cells), size_add(rows->d, 4 * (Size) rows->n_folds + 4)), sizeof(double));
}

ClassMoments *
class_moments(const LogisticRows *rows)
{
	ClassMoments *m = palloc(sizeof(ClassMoments));
	Size		folds = Max(1, rows->n_folds);
	Size		d = rows->d;
	Summing		s = {.rows = rows};
	double	   *count = palloc0(2 * folds * sizeof(double));

	m->n_sets = RANKING_SETS(rows);
	m->d = d;
	m->count = palloc0(2 * (Size) m->n_sets * sizeof(double));
	m->mean = huge_alloc0(2 * (Size) m->n_sets * d * sizeof(double));
	m->squares = huge_alloc0(2 * (Size) m->n_sets * d * sizeof(double));
	s.centre = huge_alloc0(d * sizeof(double));
	s.sum = huge_alloc0(2 * folds * d * sizeof(double));
	s.squares = huge_alloc0(2 * folds * d * sizeof(double));
	s.stripe = Max(8, STRIPE_ELEMENTS / rows->n);
	parallel_for((int64) ((d + s.stripe - 1) / s.stripe), 0, sum_stripe, &s);
	for (Size i = 0; i < rows->n; i++)
		count[(rows->n_folds > 0 ? 2 * rows->fold[i] : 0) + rows->label[i]]++;
	for (int set = 0; set < m->n_sets; set++)
		for (Size cell = 0; cell < 2 * folds; cell++)
		{
			Size		to = 2 * (Size) set + cell % 2;

			CHECK_FOR_INTERRUPTS();
			if (set < rows->n_folds && cell / 2 == (Size) set)
				continue;
			m->count[to] += count[cell];
			for (Size j = 0; j < d; j++)
			{
				m->mean[to * d + j] += s.sum[cell * d + j];
				m->squares[to * d + j] += s.squares[cell * d + j];
			}
		}
	for (int c = 0; c < 2 * m->n_sets; c++)
		settle_class(d, m->count[c], s.centre, m->mean + c * d, m->squares + c * d);
	pfree(s.centre);
	pfree(s.sum);
	pfree(s.squares);
	pfree(count);
	return m;
}

/* Between the classes' means. */
static double
squares_between(const ClassMoments *m, int set, Size j)
{
	const double *count = m->count + 2 * (Size) set;
	const double *mean = m->mean + 2 * (Size) set * m->d + j;
	double		difference = mean[m->d] - mean[0];

	return count[0] * count[1] / (count[0] + count[1]) * difference * difference;
}

double
class_moments_mean(const ClassMoments *m, int set, Size j)
{
	const double *count = m->count + 2 * (Size) set;
	const double *mean = m->mean + 2 * (Size) set * m->d + j;

	return mean[0] + count[1] / (count[0] + count[1]) * (mean[m->d] - mean[0]);
}

static double
squares_within(const ClassMoments *m, int set, Size j)
{
	const double *squares = m->squares + 2 * (Size) set * m->d + j;

	return squares[0] + squares[m->d];
}

double
class_moments_squares(const ClassMoments *m, int set, Size j)
{
	return squares_between(m, set, j) + squares_within(m, set, j);
}

/* ---- scores of all features of a training set ---- */

static double
f_statistic(const ClassMoments *m, int set, Size j)
{
	double		between = squares_between(m, set, j);
	double		within = squares_within(m, set, j);
	double		df = m->count[2 * (Size) set] + m->count[2 * (Size) set + 1] - 2;

	return between > 0 ? between / (within / Max(df, 1)) : 0;
}

static double
mean_difference(const ClassMoments *m, int set, Size j)
{
	const double *mean = m->mean + 2 * (Size) set * m->d + j;

	return fabs(mean[m->d] - mean[0]);
}

/* The rows of a training set, and some of their features one after the other. */
typedef struct Informing
{
	const InformationProblem *problem;
	Size		n;
	const double *panel;		/* features x n */
	double	   *score;			/* of the panel's features */
} Informing;

static void
inform_feature(int64 number, int worker, void *arg)
{
	Informing  *i = arg;
	double		information = information_of(i->problem, i->panel + (Size) number * i->n, worker, false);

	i->score[number] = isnan(information) ? 0 : information;
}

static Size
information_scratch(const LogisticRows *rows)
{
	return size_add(size_mul(size_mul(rows->n, PANEL_FEATURES), sizeof(double)),
					size_add(information_bytes(INFORMATION_KNN, rows->n, 2, NEIGHBOURS), size_mul(rows->n, 2 * sizeof(int32))));
}

static void
mutual_information(const LogisticRows *rows, int set, double *score)
{
	MemoryContext scratch = scratch_create("mutual information", information_scratch(rows), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Informing	i = {0};
	int32	   *row = huge_alloc(rows->n * sizeof(int32));
	int32	   *class = huge_alloc(rows->n * sizeof(int32));
	double	   *panel = huge_matrix(PANEL_FEATURES, rows->n);

	for (Size r = 0; r < rows->n; r++)
		if (ranking_set_has(rows, set, r))
		{
			row[i.n] = (int32) r;
			class[i.n++] = rows->label[r];
		}
	i.problem = information_problem(INFORMATION_KNN, class, i.n, 2, NEIGHBOURS);
	i.panel = panel;
	for (Size first = 0; first < rows->d; first += PANEL_FEATURES)
	{
		Size		m = Min(PANEL_FEATURES, rows->d - first);

		for (Size r = 0; r < i.n; r++)
		{
			const double *x = rows->x + row[r] * rows->d + first;

			if ((r & 0xfff) == 0)
				CHECK_FOR_INTERRUPTS();
			for (Size j = 0; j < m; j++)
				panel[j * i.n + r] = x[j];
		}
		i.score = score + first;
		parallel_for((int64) m, 1, inform_feature, &i);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Weights of all training sets (sets x d) on features of standard deviation 1. */
static void
logistic_weights(const LogisticRows *given, const ClassMoments *m, double alpha, double *weight)
{
	int			sets = RANKING_SETS(given);
	Size		bytes = size_mul(size_add(size_mul(given->n, given->d), sets), sizeof(double));
	MemoryContext scratch = scratch_create("logistic ranking", bytes, "Take fewer rows or features.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	LogisticRows rows = *given;
	double	   *x = huge_matrix(given->n, given->d);
	double	   *scale = huge_matrix(1, given->d);
	double	   *intercept = palloc(sets * sizeof(double));

	for (Size j = 0; j < given->d; j++)
	{
		double		squares = class_moments_squares(m, given->n_folds, j);

		scale[j] = squares > 0 ? sqrt(squares / (double) given->n) : 1;
	}
	for (Size i = 0; i < given->n; i++)
	{
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < given->d; j++)
			x[i * given->d + j] = given->x[i * given->d + j] / scale[j];
	}
	rows.x = x;
	logistic_fit_folds(&rows, alpha, weight, intercept);
	for (Size i = 0; i < sets * given->d; i++)
		weight[i] = fabs(weight[i]);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- the best of them ---- */

typedef struct Scored
{
	double		score;
	int32		feature;
} Scored;

static int
compare_scored(const void *a, const void *b)
{
	const Scored *x = a;
	const Scored *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->feature - y->feature;
}

static void
take_best(Size d, const double *all, int k, int32 *feature, double *score)
{
	Scored	   *scored = huge_alloc(d * sizeof(Scored));

	for (Size j = 0; j < d; j++)
		scored[j] = (Scored) {all[j], (int32) j};
	qsort(scored, d, sizeof(Scored), compare_scored);
	for (int i = 0; i < k; i++)
	{
		feature[i] = scored[i].feature;
		score[i] = scored[i].score;
	}
	pfree(scored);
}

void
feature_rank(const LogisticRows *rows, const ClassMoments *m, const RankingOptions *o, int32 *feature, double *score)
{
	int			sets = RANKING_SETS(rows);
	Size		d = rows->d;
	Size		bytes = size_mul(d, size_mul(sets, sizeof(double)) + sizeof(Scored));
	MemoryContext scratch = scratch_create("feature ranking", bytes, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *all = huge_matrix(sets, d);

	if (o->method == RANKING_LOGISTIC)
		logistic_weights(rows, m, o->alpha, all);
	if (o->method == RANKING_MUTUAL_INFORMATION)
		progress_begin("mutual information", (double) sets * (double) d);
	for (int s = 0; s < sets; s++)
	{
		double	   *mine = all + s * d;

		CHECK_FOR_INTERRUPTS();
		if (o->method == RANKING_MUTUAL_INFORMATION)
			mutual_information(rows, s, mine);
		else if (o->method == RANKING_MEAN_DIFFERENCE)
			for (Size j = 0; j < d; j++)
				mine[j] = mean_difference(m, s, j);
		else if (o->method != RANKING_LOGISTIC)
			for (Size j = 0; j < d; j++)
				mine[j] = f_statistic(m, s, j);
		take_best(d, mine, o->k, feature + (Size) s * o->k, score + (Size) s * o->k);
	}
	if (o->method == RANKING_MUTUAL_INFORMATION)
		progress_end();
	if (o->method == RANKING_OMP)
		feature_pursuit(rows, m, o->k, feature, score);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
