/*
 * logistic.c
 *		Logistic regression: one fit, and cross-validation over alphas.
 *
 * The folds' fits at several alphas are solved together (logistic_solver.c): as many
 * alphas at once as fill the columns of a product, from the largest alpha down,
 * each group starting where the one before ended.  The fit to all rows is made
 * at the best alpha alone, from the mean of the folds' weights there.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/logistic.h"
#include "search/logistic_solver.h"

#define COLUMNS_WANTED	48

/* ---- what fits share ---- */

typedef struct Fit
{
	const LogisticRows *rows;
	LogisticBasis *b;
	int			outputs;
	Size		size;			/* of a set of weights: outputs x r */
	double	   *class_weight;	/* (n_folds + 1) x n_classes */
	double		weight;			/* of all rows */
	MemoryContext scratch;
	MemoryContext old;
} Fit;

/* The weights of classes in each training set. */
static double *
class_weights(const LogisticRows *rows)
{
	int			k = rows->n_classes;
	int			sets = rows->n_folds + 1;
	double	   *sum = huge_alloc0(size_mul(size_mul(sets, k), sizeof(double)));

	if (!rows->balanced)
	{
		for (Size i = 0; i < (Size) sets * k; i++)
			sum[i] = 1;
		return sum;
	}
	for (Size i = 0; i < rows->n; i++)
	{
		double		weight = rows->weight ? rows->weight[i] : 1;

		sum[(Size) rows->n_folds * k + rows->label[i]] += weight;
		if (rows->n_folds > 0)
			sum[(Size) rows->fold[i] * k + rows->label[i]] += weight;
	}
	for (int s = 0; s < sets; s++)
	{
		double		all = 0;
		double	   *set = sum + (Size) s * k;

		for (int c = 0; c < k; c++)
		{
			if (s < rows->n_folds)
				set[c] = sum[(Size) rows->n_folds * k + c] - set[c];
			all += set[c];
		}
		for (int c = 0; c < k; c++)
			set[c] = set[c] > 0 ? all / (k * set[c]) : 0;
	}
	return sum;
}

static void
fit_begin(Fit *f, const LogisticRows *rows)
{
	Size		more = size_mul(size_mul(rows->n_folds + 1, rows->n_classes), sizeof(double));

	f->rows = rows;
	f->outputs = LOGISTIC_OUTPUTS(rows->n_classes);
	f->scratch = scratch_create("logistic regression", size_add(logistic_basis_bytes(rows), more), "Take fewer rows or features.");
	f->old = MemoryContextSwitchTo(f->scratch);
	f->b = logistic_basis(rows);
	f->size = f->outputs * f->b->r;
	f->class_weight = class_weights(rows);
	f->weight = 0;
	for (Size i = 0; i < rows->n; i++)
		f->weight += rows->weight ? rows->weight[i] : 1;
}

static void
fit_end(Fit *f)
{
	MemoryContextSwitchTo(f->old);
	MemoryContextDelete(f->scratch);
}

/* n sets of weights, zero */
static double *
weight_sets(const Fit *f, Size n)
{
	Size		bytes = size_mul(size_mul(n, Max(f->size, 1)), sizeof(double));

	memory_claim_add(memory_claim(CurrentMemoryContext, "logistic regression"), bytes, NULL);
	return huge_alloc0(bytes);
}

/* ---- one fit ---- */

void
logistic_fit(const LogisticRows *given, double alpha, double *weights, double *intercepts)
{
	LogisticRows rows = *given;
	LogisticProblem problem = {.held_out = -1, .alpha = alpha, .tolerance = LOGISTIC_EXACT};
	Fit			f;

	rows.n_folds = 0;
	fit_begin(&f, &rows);
	problem.w = weight_sets(&f, 1);
	progress_begin("logistic regression", 1);
	logistic_solve(f.b, f.class_weight, 1, &problem);
	progress_end();
	logistic_basis_return(f.b, f.outputs, problem.w, weights, intercepts);
	fit_end(&f);
}

void
logistic_fit_folds(const LogisticRows *rows, double alpha, double *weights, double *intercepts)
{
	int			sets = rows->n_folds + 1;
	LogisticProblem *problems;
	double	   *w;
	Fit			f;

	fit_begin(&f, rows);
	problems = palloc0(sets * sizeof(LogisticProblem));
	w = weight_sets(&f, sets);
	for (int s = 0; s < sets; s++)
	{
		problems[s].held_out = s < rows->n_folds ? s : -1;
		problems[s].alpha = alpha;
		problems[s].tolerance = LOGISTIC_EXACT;
		problems[s].w = w + s * f.size;
	}
	progress_begin("logistic regression", sets);
	logistic_solve(f.b, f.class_weight, sets, problems);
	progress_end();
	for (int s = 0; s < sets; s++)
		logistic_basis_return(f.b, f.outputs, problems[s].w, weights + (Size) s * f.outputs * rows->d, intercepts + (Size) s * f.outputs);
	fit_end(&f);
}

/* ---- cross-validation ---- */

typedef struct OrderedAlpha
{
	double		alpha;
	int			place;			/* in the caller's order */
} OrderedAlpha;

static int
compare_alphas(const void *a, const void *b)
{
	const OrderedAlpha *x = a;
	const OrderedAlpha *y = b;

	if (x->alpha != y->alpha)
		return x->alpha > y->alpha ? -1 : 1;
	return x->place - y->place;
}

/* How many alphas to solve at a time. */
static int
group_size(const Fit *f, int n_alphas)
{
	int			wanted = (int) (COLUMNS_WANTED / ((Size) f->outputs * f->rows->n_folds));

	return Max(1, Min(wanted, n_alphas));
}

/* Solves and scores alphas 0 .. n - 1 of 'alphas' from w (group x folds x size), and sets the folds' mean weights of each. */
static void
solve_group(const Fit *f, int n, const OrderedAlpha *alphas, LogisticProblem *problems, double *w,
			LogisticScores *scores, double *mean)
{
	int			folds = f->rows->n_folds;

	for (int i = 0; i < n * folds; i++)
	{
		problems[i].held_out = i % folds;
		problems[i].alpha = alphas[i / folds].alpha;
		problems[i].tolerance = LOGISTIC_SCORED;
		problems[i].w = w + i * f->size;
	}
	logistic_solve(f->b, f->class_weight, n * folds, problems);
	for (int a = 0; a < n; a++)
	{
		LogisticScores *s = &scores[alphas[a].place];
		double	   *mine = mean + alphas[a].place * f->size;

		*s = (LogisticScores) {0};
		for (int fold = 0; fold < folds; fold++)
		{
			const LogisticProblem *p = &problems[a * folds + fold];

			s->log_loss += p->held_loss;
			s->accuracy += p->held_right;
			for (Size i = 0; i < f->size; i++)
				mine[i] += p->w[i] / folds;
		}
		s->log_loss /= f->weight;
		s->accuracy = Min(1, s->accuracy / f->weight);
	}
}

/* The next group starts at the last alpha's weights. */
static void
warm_start(const Fit *f, int n, double *w)
{
	Size		all = f->rows->n_folds * f->size;
	const double *last = w + (n - 1) * all;

	for (int a = 0; a < n - 1; a++)
		memcpy(w + a * all, last, all * sizeof(double));
}

static int
best_alpha(int n_alphas, const OrderedAlpha *ordered, LogisticScoring scoring, const LogisticScores *scores)
{
	int			best = ordered[0].place;

	for (int i = 1; i < n_alphas; i++)
	{
		const LogisticScores *s = &scores[ordered[i].place];

		if (scoring == LOGISTIC_ACCURACY ? s->accuracy > scores[best].accuracy : s->log_loss < scores[best].log_loss)
			best = ordered[i].place;
	}
	return best;
}

int
logistic_cv(const LogisticRows *rows, int n_alphas, const double *alphas, LogisticScoring scoring,
			LogisticScores *scores, double *weights, double *intercepts)
{
	LogisticProblem last = {.held_out = -1, .tolerance = LOGISTIC_EXACT};
	LogisticProblem *problems;
	OrderedAlpha *ordered;
	double	   *mean;
	double	   *w;
	int			group;
	int			best;
	Fit			f;

	fit_begin(&f, rows);
	group = group_size(&f, n_alphas);
	ordered = palloc(n_alphas * sizeof(OrderedAlpha));
	for (int a = 0; a < n_alphas; a++)
		ordered[a] = (OrderedAlpha) {alphas[a], a};
	qsort(ordered, n_alphas, sizeof(OrderedAlpha), compare_alphas);
	problems = palloc0((Size) group * rows->n_folds * sizeof(LogisticProblem));
	mean = weight_sets(&f, n_alphas);
	w = weight_sets(&f, (Size) group * rows->n_folds);
	progress_begin("logistic regression", (double) n_alphas * rows->n_folds + 1);
	for (int first = 0; first < n_alphas; first += group)
	{
		int			n = Min(group, n_alphas - first);

		solve_group(&f, n, ordered + first, problems, w, scores, mean);
		warm_start(&f, n, w);
	}
	best = best_alpha(n_alphas, ordered, scoring, scores);
	last.alpha = alphas[best];
	last.w = mean + best * f.size;
	logistic_solve(f.b, f.class_weight, 1, &last);
	progress_end();
	logistic_basis_return(f.b, f.outputs, last.w, weights, intercepts);
	fit_end(&f);
	return best;
}

/* ---- predictions ---- */

void
logistic_decide(Size m, Size d, int outputs, const double *x, const double *weights, const double *intercepts, double *out)
{
	if (m == 1)
		gemv_f8(false, outputs, d, 1, weights, d, x, 0, out);
	else
		gemm_f8(false, true, m, outputs, d, 1, x, d, weights, d, 0, out, outputs);
	for (Size i = 0; i < m; i++)
		for (int c = 0; c < outputs; c++)
			out[i * outputs + c] += intercepts[c];
}

static int
class_of_two(double decision, double *proba)
{
	double		e = exp(-fabs(decision));

	if (proba)
	{
		proba[1] = decision > 0 ? 1 / (1 + e) : e / (1 + e);
		proba[0] = decision > 0 ? e / (1 + e) : 1 / (1 + e);
	}
	return decision > 0;
}

int
logistic_class(int n_classes, const double *decision, double *proba)
{
	int			best = 0;
	double		sum = 0;

	if (n_classes == 2)
		return class_of_two(decision[0], proba);
	for (int c = 1; c < n_classes; c++)
		if (decision[c] > decision[best])
			best = c;
	if (proba == NULL)
		return best;
	for (int c = 0; c < n_classes; c++)
	{
		proba[c] = exp(decision[c] - decision[best]);
		sum += proba[c];
	}
	for (int c = 0; c < n_classes; c++)
		proba[c] /= sum;
	return best;
}
