/*
 * logistic_solver.c
 *		Many logistic regressions on the same rows at once: Newton's method with
 *		conjugate gradients (truncated Newton; Nocedal and Wright 2006, chapter 7).
 *
 * Each regression asks for one thing at a time, the loss and gradient at a point
 * or the Hessian times a direction, and a pass over the rows (logistic_pass.c)
 * answers all of them, so that folds, alphas and classes share its two products
 * whatever step each is at.
 *
 * The preconditioner is the Hessian's diagonal as it is where p (1 - p) does not
 * depend on the features: its mean over the rows, times the sum of squares of a
 * coordinate, plus alpha.  In the coordinates of logistic_rows.c that is
 * most of the Hessian.  It also gives the measure of convergence, the root of g' inv(M) g,
 * nearly the Newton decrement, which is in units of loss and blind to the scale of features: a
 * regression is solved when it is under its tolerance times the root of the loss of equal
 * probabilities.  At 1e-9 that is some 1e-9 of a standard deviation of a row's decision value.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "search/logistic_pass.h"
#include "search/logistic_solver.h"
#include "stats/differences.h"

#define STALLED			1e-6	/* as good as rounding lets it be */
#define MAX_NEWTON		200
#define MAX_NEWTON_UNPENALISED 30	/* each gains a factor of e on classes that can be separated, and squares the error else */
#define MAX_CONJUGATE	1000
#define SEPARATED_LOSS	1e-6	/* of the loss of equal probabilities */
#define VECTORS			6

/* A regression under way. */
typedef struct Regression
{
	LogisticAsked asked;		/* must be first */
	LogisticProblem *problem;
	const LogisticBasis *b;
	int			outputs;
	bool		done;
	bool		started;
	int			newton;			/* steps */
	int			conjugate;
	double		reference;		/* loss of equal probabilities */
	double		loss;			/* with the penalty, at w */
	double		decrement;		/* g' inv(M) g */
	double		slope;			/* g's */
	double		length;			/* of the step, in s */
	double		rz;
	double		goal;			/* of rz */
	double	   *trial;			/* outputs x r each, like w */
	double	   *g;
	double	   *s;
	double	   *residual;
	double	   *direction;
	double	   *inverse;		/* diagonal of inv(M) */
} Regression;

Size
logistic_solve_bytes(const LogisticRows *rows, Size r, int n_problems)
{
	Size		outputs = LOGISTIC_OUTPUTS(rows->n_classes);
	Size		each = size_mul(outputs, size_add(size_mul(VECTORS + 2, r), size_add(rows->n, 1)));

	return size_add(size_mul(size_mul(each, sizeof(double)) + sizeof(Regression), n_problems),
					logistic_pass_bytes(rows, r, n_problems));
}

/* ---- vectors ---- */

static Size
vector_size(const Regression *g)
{
	return g->outputs * g->b->r;
}

static double
dot_scaled(Size n, const double *restrict a, const double *restrict scale)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += a[i] * a[i] * scale[i];
	return sum;
}

/* y += alpha x, but for the intercepts */
static void
add_penalty(const Regression *g, const double *x, double *y)
{
	for (int c = 0; c < g->outputs; c++)
		for (Size j = 0; j < g->b->rank; j++)
			y[c * g->b->r + j] += g->problem->alpha * x[c * g->b->r + j];
}

static double
penalty(const Regression *g, const double *w)
{
	double		sum = 0;

	for (int c = 0; c < g->outputs; c++)
		sum += squared_length(w + c * g->b->r, g->b->rank);
	return g->problem->alpha / 2 * sum;
}

static void
set_preconditioner(Regression *g)
{
	const LogisticBasis *b = g->b;

	for (int c = 0; c < g->outputs; c++)
		for (Size j = 0; j < b->r; j++)
		{
			double		diagonal = g->asked.variance[c] * (b->square[j] / (double) b->rows->n) +
				(j < b->rank ? g->problem->alpha : 0);

			g->inverse[c * b->r + j] = diagonal > 0 ? 1 / diagonal : 0;
		}
}

/* ---- steps of one regression ---- */

static void
ask_for_point(Regression *g)
{
	g->asked.ask = LOGISTIC_EVALUATE;
	for (Size i = 0; i < vector_size(g); i++)
		g->trial[i] = g->problem->w[i] + g->length * g->s[i];
}

/* Conjugate gradients on H s = -g, until the residual is small enough for this Newton step. */
static void
start_conjugate(Regression *g)
{
	double		relative = sqrt(g->decrement / g->reference);
	double		share = Max(Min(0.2, sqrt(relative)), Min(0.5, 0.3 * g->problem->tolerance / relative));
	Size		size = vector_size(g);

	g->asked.ask = LOGISTIC_CURVATURE;
	g->conjugate = 0;
	g->rz = g->decrement;
	g->goal = share * share * g->rz;
	for (Size i = 0; i < size; i++)
	{
		g->s[i] = 0;
		g->residual[i] = -g->g[i];
		g->direction[i] = -g->g[i] * g->inverse[i];
	}
}

static void
finish_conjugate(Regression *g)
{
	Size		size = vector_size(g);

	if (g->conjugate == 0)
		memcpy(g->s, g->direction, size * sizeof(double));
	g->slope = inner_product(g->g, g->s, size);
	g->length = 1;
	ask_for_point(g);
}

/* The Hessian times the direction came. */
static void
conjugate_step(Regression *g, double *product)
{
	Size		size = vector_size(g);
	double		curvature;
	double		step;
	double		rz;

	add_penalty(g, g->direction, product);
	curvature = inner_product(g->direction, product, size);
	if (!(curvature > 0))
	{
		finish_conjugate(g);
		return;
	}
	step = g->rz / curvature;
	for (Size i = 0; i < size; i++)
	{
		g->s[i] += step * g->direction[i];
		g->residual[i] -= step * product[i];
	}
	g->conjugate++;
	rz = dot_scaled(size, g->residual, g->inverse);
	if (rz <= g->goal || g->conjugate >= MAX_CONJUGATE)
	{
		finish_conjugate(g);
		return;
	}
	for (Size i = 0; i < size; i++)
		g->direction[i] = g->residual[i] * g->inverse[i] + rz / g->rz * g->direction[i];
	g->rz = rz;
}

static void
finish(Regression *g)
{
	g->done = true;
	progress_add(1);
}

static void
require_not_separated(const Regression *g)
{
	if (g->problem->alpha == 0 && (g->loss <= SEPARATED_LOSS * g->reference || g->newton > MAX_NEWTON_UNPENALISED))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at alpha 0 no weights are the best: the features separate classes of the rows"),
				 errdetail("Weights without bound would fit them ever better."),
				 errhint("Use an alpha above 0.")));
}

_Noreturn static void
not_converged(const Regression *g)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("logistic regression at alpha %g did not converge in %d Newton steps", g->problem->alpha, g->newton),
			 errhint("Use a larger alpha, or features of comparable scale.")));
}

/* Not enough of an improvement: half the step; where rounding leaves none, w it is. */
static void
shorten(Regression *g)
{
	g->length /= 2;
	if (g->length > 1e-10)
	{
		ask_for_point(g);
		return;
	}
	if (!(g->decrement <= STALLED * STALLED * g->reference))
		not_converged(g);
	finish(g);
}

static void
accept(Regression *g, const double *gradient, double loss)
{
	Size		size = vector_size(g);

	g->started = true;
	g->loss = loss;
	memcpy(g->problem->w, g->trial, size * sizeof(double));
	memcpy(g->g, gradient, size * sizeof(double));
	g->problem->held_loss = g->asked.sums.held_loss;
	g->problem->held_right = g->asked.sums.held_right;
	set_preconditioner(g);
	g->decrement = dot_scaled(size, g->g, g->inverse);
	require_not_separated(g);
	if (g->decrement <= g->problem->tolerance * g->problem->tolerance * g->reference)
		finish(g);
	else if (++g->newton > MAX_NEWTON)
		not_converged(g);
	else
		start_conjugate(g);
}

/* Loss and gradient at the trial point came. */
static void
newton_step(Regression *g, double *gradient)
{
	double		loss = g->asked.sums.loss + penalty(g, g->trial);
	double		room = 1e-12 * g->reference;

	add_penalty(g, g->trial, gradient);
	if (!g->started || loss <= g->loss + 1e-4 * g->length * g->slope + room)
		accept(g, gradient, loss);
	else
		shorten(g);
}

/* ---- all of them ---- */

static double
reference_loss(const LogisticRows *rows, int held_out, const double *class_weight)
{
	double		sum = 0;

	for (Size i = 0; i < rows->n; i++)
		if (held_out < 0 || rows->fold[i] != held_out)
			sum += (rows->weight ? rows->weight[i] : 1) * class_weight[rows->label[i]];
	return sum * log(rows->n_classes);
}

static void
regression_start(Regression *g, const LogisticBasis *b, const double *class_weights, LogisticProblem *problem)
{
	int			set = problem->held_out < 0 ? b->rows->n_folds : problem->held_out;
	Size		size;
	double	   *memory;

	CHECK_FOR_INTERRUPTS();
	g->problem = problem;
	g->b = b;
	g->outputs = LOGISTIC_OUTPUTS(b->rows->n_classes);
	g->asked.held_out = problem->held_out;
	g->asked.class_weight = class_weights + (Size) set * b->rows->n_classes;
	g->asked.proba = huge_matrix(b->rows->n, g->outputs);
	g->asked.variance = palloc(g->outputs * sizeof(double));
	g->reference = reference_loss(b->rows, problem->held_out, g->asked.class_weight);
	size = vector_size(g);
	memory = huge_alloc0(Max(VECTORS * size, 1) * sizeof(double));
	g->trial = memory;
	g->g = memory + size;
	g->s = memory + 2 * size;
	g->residual = memory + 3 * size;
	g->direction = memory + 4 * size;
	g->inverse = memory + 5 * size;
	ask_for_point(g);
}

void
logistic_solve(const LogisticBasis *b, const double *class_weight, int n_problems, LogisticProblem *problems)
{
	MemoryContext scratch = scratch_create("logistic regression", logistic_solve_bytes(b->rows, b->r, n_problems),
										   "Take fewer rows or features.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	LogisticPass *pass = logistic_pass_new(b, n_problems);
	Regression *regressions = huge_alloc0(n_problems * sizeof(Regression));
	LogisticAsked **asked = palloc(n_problems * sizeof(LogisticAsked *));
	Size		size = LOGISTIC_OUTPUTS(b->rows->n_classes) * b->r;
	double	   *u = huge_matrix(n_problems, Max(size, 1));
	double	   *out = huge_matrix(n_problems, Max(size, 1));
	int			passes = 0;

	for (int i = 0; i < n_problems; i++)
		regression_start(&regressions[i], b, class_weight, &problems[i]);
	for (;;)
	{
		int			n = 0;

		for (int i = 0; i < n_problems; i++)
			if (!regressions[i].done)
			{
				Regression *g = &regressions[i];

				memcpy(u + n * size, g->asked.ask == LOGISTIC_EVALUATE ? g->trial : g->direction, size * sizeof(double));
				asked[n++] = &g->asked;
			}
		if (n == 0)
			break;
		logistic_pass(pass, n, asked, u, out);
		passes++;
		for (int i = 0; i < n; i++)
		{
			Regression *g = (Regression *) asked[i];

			CHECK_FOR_INTERRUPTS();
			if (g->asked.ask == LOGISTIC_EVALUATE)
				newton_step(g, out + i * size);
			else
				conjugate_step(g, out + i * size);
		}
	}
	elog(DEBUG1, "logistic regression: %d problems, %d passes, %.6g flops", n_problems, passes, logistic_pass_flops(pass));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
