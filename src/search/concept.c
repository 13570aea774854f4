/*
 * concept.c
 *		Which unit of a layer, and which combination of units, finds a concept in
 *		pictures: network dissection and Net2Vec.
 *
 * A unit is active in a place (a pixel of its map) where it is above its own
 * threshold, the top quantile of its activations over all places.  Its score is the
 * set IoU: places where it is active and the concept is, over places where either
 * is, counted over all pictures (Bau et al. 2017).  A combination of units says that
 * the concept is where sum w_k [unit k is active] + b > 0, with weights by
 * logistic regression on the places (Fong and Vedaldi 2018).
 *
 * Counts of a unit are one pass over its values, after a selection for its threshold:
 * O(n d).  The regression is logistic.c's, all folds at once.
 *
 * The subtlety: held-out scores choose the unit and fit the weights on the other
 * folds, but thresholds are those of all places: they do not look at the concept.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/concept.h"
#include "search/unit_columns.h"
#include "stats/select_value.h"

#define ROWS_AT_ONCE 4096
#define MEMORY_HINT "Take a sample of the places (NaN in a mask leaves one out), or fewer units."

/* Places where something is said to be, and those of them where the concept is. */
typedef struct Overlap
{
	int64		said;
	int64		right;
} Overlap;

static double
iou(Overlap o, int64 n_concept)
{
	int64		either = o.said + n_concept - o.right;

	return either > 0 ? (double) o.right / (double) either : 0;
}

/* Places of the concept in each fold, and last in all. */
static int64 *
count_concept(const LogisticRows *rows)
{
	int64	   *n = huge_alloc0(size_mul(rows->n_folds + 1, sizeof(int64)));

	for (Size i = 0; i < rows->n; i++)
	{
		n[rows->n_folds] += rows->label[i];
		if (rows->n_folds > 0)
			n[rows->fold[i]] += rows->label[i];
	}
	return n;
}

/* ---- units ---- */

typedef struct UnitsJob
{
	const LogisticRows *rows;
	int64		rank;			/* of the threshold among a unit's values, from 0, ascending */
	double	   *room;			/* a worker: n */
	double	   *threshold;		/* d */
	Overlap    *overlap;		/* d x (n_folds + 1), the last is all */
} UnitsJob;

static void
unit_task(int unit, const double *values, int worker, bool interruptible, void *arg)
{
	UnitsJob   *job = arg;
	const LogisticRows *rows = job->rows;
	double	   *room = job->room + worker * rows->n;
	Overlap    *overlap = job->overlap + (Size) unit * (rows->n_folds + 1);
	double		threshold;

	memcpy(room, values, rows->n * sizeof(double));
	select_value(room, (int64) rows->n, job->rank);
	threshold = room[job->rank];
	for (Size i = 0; i < rows->n; i++)
		if (values[i] > threshold)
		{
			Overlap    *o = &overlap[rows->n_folds > 0 ? rows->fold[i] : 0];

			o->said++;
			o->right += rows->label[i];
		}
	for (int f = 0; f < rows->n_folds; f++)
	{
		overlap[rows->n_folds].said += overlap[f].said;
		overlap[rows->n_folds].right += overlap[f].right;
	}
	job->threshold[unit] = threshold;
}

/* The best unit without a fold, by counts: totals less the fold's are exact. */
static int
best_without(const UnitsJob *job, const int64 *n_concept, int fold)
{
	const LogisticRows *rows = job->rows;
	int			all = rows->n_folds;
	int			best = 0;
	double		best_iou = -1;

	for (int k = 0; k < (int) rows->d; k++)
	{
		const Overlap *overlap = job->overlap + (Size) k * (all + 1);
		Overlap		train = {overlap[all].said - overlap[fold].said, overlap[all].right - overlap[fold].right};
		double		value = iou(train, n_concept[all] - n_concept[fold]);

		if (value > best_iou)
		{
			best = k;
			best_iou = value;
		}
	}
	return best;
}

ConceptUnits *
concept_units(const LogisticRows *rows, double quantile)
{
	ConceptUnits *units = palloc0(sizeof(ConceptUnits));
	int			all = rows->n_folds;
	PointRows	points = {.n = (int) rows->n, .d = (int) rows->d, .dtype = TENSOR_FLOAT8, .values = (void *) rows->x};
	Size		counts = size_mul(rows->d, size_mul(all + 1, sizeof(Overlap)));
	Size		room = size_mul(size_mul(parallel_threads(), rows->n), sizeof(double));
	int64		n_above = (int64) floor(quantile * (double) rows->n + 1e-9);
	int64	   *n_concept;
	MemoryContext scratch;
	MemoryContext old;
	Overlap		held = {0, 0};
	UnitsJob	job = {.rows = rows, .rank = (int64) rows->n - 1 - Min(n_above, (int64) rows->n - 1)};

	units->threshold = huge_matrix(1, rows->d);
	units->iou = huge_matrix(1, rows->d);
	units->held_best = huge_alloc(Max(1, all) * sizeof(int));
	scratch = scratch_create("concept units", size_add(size_add(counts, room), unit_columns_bytes(&points)), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	n_concept = count_concept(rows);
	job.threshold = units->threshold;
	job.overlap = huge_alloc0(counts);
	job.room = huge_alloc(room);
	unit_columns(&points, "concept units", 10, unit_task, &job);
	for (Size k = 0; k < rows->d; k++)
		units->iou[k] = iou(job.overlap[k * (all + 1) + all], n_concept[all]);
	for (int f = 0; f < all; f++)
	{
		const Overlap *overlap;

		CHECK_FOR_INTERRUPTS();
		units->held_best[f] = best_without(&job, n_concept, f);
		overlap = job.overlap + (Size) units->held_best[f] * (all + 1);
		held.said += overlap[f].said;
		held.right += overlap[f].right;
	}
	units->held_iou = all > 0 ? iou(held, n_concept[all]) : NAN;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return units;
}

int
concept_best_unit(const ConceptUnits *units, Size d)
{
	int			best = 0;

	for (int k = 1; k < (int) d; k++)
		if (units->iou[k] > units->iou[best])
			best = k;
	return best;
}

/* ---- combinations ---- */

HOT_LOOP static void
threshold_row(double *x, const double *threshold, Size d)
{
	for (Size k = 0; k < d; k++)
		x[k] = x[k] > threshold[k] ? 1 : 0;
}

static void
threshold_rows(const LogisticRows *rows, const double *threshold)
{
	double	   *x = (double *) rows->x;

	for (Size i = 0; i < rows->n; i++)
	{
		if ((i & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		threshold_row(x + i * rows->d, threshold, rows->d);
	}
}

/* Overlaps of the fit to all places (the last), and of each fold's others on that fold */
static void
count_combinations(const LogisticRows *rows, const double *weights, const double *intercepts, Overlap *all, Overlap *held)
{
	int			sets = rows->n_folds + 1;
	double	   *decision = huge_matrix(Min(ROWS_AT_ONCE, rows->n), sets);

	for (Size first = 0; first < rows->n; first += ROWS_AT_ONCE)
	{
		Size		n = Min(ROWS_AT_ONCE, rows->n - first);

		CHECK_FOR_INTERRUPTS();
		logistic_decide(n, rows->d, sets, rows->x + first * rows->d, weights, intercepts, decision);
		for (Size i = 0; i < n; i++)
		{
			int			label = rows->label[first + i];

			if (decision[i * sets + sets - 1] > 0)
			{
				all->said++;
				all->right += label;
			}
			if (rows->n_folds > 0 && decision[i * sets + rows->fold[first + i]] > 0)
			{
				held->said++;
				held->right += label;
			}
		}
	}
	pfree(decision);
}

ConceptVector *
concept_vector(LogisticRows *rows, const ConceptUnits *units, const ConceptOptions *options)
{
	ConceptVector *vector = palloc0(sizeof(ConceptVector));
	Size		sets = rows->n_folds + 1;
	Size		weights_bytes = size_mul(size_mul(sets, rows->d + 1), sizeof(double));
	Size		decision_bytes = size_mul(size_mul(sets, Min(ROWS_AT_ONCE, rows->n)), sizeof(double));
	MemoryContext scratch = scratch_create("concept vector", size_add(weights_bytes, decision_bytes), MEMORY_HINT);
	MemoryContext old;
	double	   *weights;
	double	   *intercepts;
	int64		n_concept;
	Overlap		all = {0, 0};
	Overlap		held = {0, 0};

	vector->weights = huge_matrix(1, rows->d);
	old = MemoryContextSwitchTo(scratch);
	n_concept = count_concept(rows)[rows->n_folds];
	weights = huge_matrix(sets, rows->d);
	intercepts = huge_matrix(1, sets);
	if (options->thresholded)
		threshold_rows(rows, units->threshold);
	rows->balanced = options->balanced;
	logistic_fit_folds(rows, options->alpha, weights, intercepts);
	count_combinations(rows, weights, intercepts, &all, &held);
	memcpy(vector->weights, weights + (sets - 1) * rows->d, rows->d * sizeof(double));
	vector->intercept = intercepts[sets - 1];
	vector->iou = iou(all, n_concept);
	vector->held_iou = rows->n_folds > 0 ? iou(held, n_concept) : NAN;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return vector;
}
