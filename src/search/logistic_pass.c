/*
 * logistic_pass.c
 *		One pass over the rows for several logistic regressions at once.
 *
 * A gradient is X'(p - y), a Hessian times a vector X' D X v: both multiply a
 * block of rows by vectors, change what comes out element by element, and
 * multiply the same block by that, transposed.  All regressions' vectors stand side by side, so
 * a pass is two products of 2 n r columns flops, and reads X once: a block of rows
 * is still in cache for the second.
 *
 * Tasks are runs of rows, RUNS of them in a round, each with sums of its own that
 * are added in order: the number of threads does not change a bit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/logistic_pass.h"

#define RUNS			16
#define BLOCK_ROWS		256
#define BLOCK_FLOPS		2e8
#define RUN_FLOPS		4e8

/* The sums of one regression over one run. */
typedef struct RunSums
{
	LogisticSums sums;
	double	   *variance;		/* outputs */
} RunSums;

struct LogisticPass
{
	const LogisticBasis *b;
	int			n_classes;
	int			outputs;
	int			max_problems;
	double	   *block;			/* RUNS x BLOCK_ROWS x columns */
	double	   *product;		/* RUNS x columns x r */
	RunSums    *sums;			/* RUNS x max_problems */
	double		flops;

	/* of the pass that runs */
	int			n;
	LogisticAsked *const *asked;
	const double *u;
	Size		columns;
	Size		block_rows;
	Size		run_rows;
	Size		first_row;		/* of the round */
};

Size
logistic_pass_bytes(const LogisticRows *rows, Size r, int max_problems)
{
	Size		outputs = LOGISTIC_OUTPUTS(rows->n_classes);
	Size		columns = size_mul(outputs, max_problems);
	Size		doubles = size_mul(columns, size_add(r, BLOCK_ROWS + 1));

	return size_add(size_mul(size_mul(RUNS, doubles), sizeof(double)), size_mul((Size) RUNS * max_problems, sizeof(RunSums)));
}

LogisticPass *
logistic_pass_new(const LogisticBasis *b, int max_problems)
{
	LogisticPass *p = palloc0(sizeof(LogisticPass));
	Size		columns;
	double	   *variance;

	p->b = b;
	p->n_classes = b->rows->n_classes;
	p->outputs = LOGISTIC_OUTPUTS(p->n_classes);
	p->max_problems = max_problems;
	columns = (Size) p->outputs * max_problems;
	p->block = huge_matrix(size_mul(RUNS, BLOCK_ROWS), columns);
	p->product = huge_matrix(size_mul(RUNS, columns), Max(b->r, 1));
	p->sums = huge_alloc0(size_mul((Size) RUNS * max_problems, sizeof(RunSums)));
	variance = huge_matrix(RUNS, columns);
	for (int i = 0; i < RUNS * max_problems; i++)
		p->sums[i].variance = variance + (Size) i * p->outputs;
	return p;
}

double
logistic_pass_flops(const LogisticPass *p)
{
	return p->flops;
}

/* ---- element by element: m rows, decision values of one regression 'ld' apart ---- */

static inline double
row_weight(const LogisticRows *rows, Size i)
{
	return rows->weight ? rows->weight[i] : 1;
}

static inline bool
is_held_out(const LogisticRows *rows, Size i, int fold)
{
	return fold >= 0 && rows->fold[i] == fold;
}

/* log(1 + exp(-t)), and p = 1 / (1 + exp(-z)), without overflow */
static void
evaluate_two(const LogisticRows *rows, const LogisticAsked *a, Size first, Size m, double *z, Size ld, RunSums *s)
{
	double		variance = 0;

	for (Size i = 0; i < m; i++)
	{
		Size		row = first + i;
		int			label = rows->label[row];
		double		value = z[i * ld];
		double		e = exp(-fabs(value));
		double		proba = value > 0 ? 1 / (1 + e) : e / (1 + e);
		double		loss = log1p(e) + ((value > 0) == (label == 1) ? 0 : fabs(value));

		if (is_held_out(rows, row, a->held_out))
		{
			s->sums.held_loss += row_weight(rows, row) * loss;
			s->sums.held_right += (value > 0) == (label == 1) ? row_weight(rows, row) : 0;
			a->proba[row] = 0;
			z[i * ld] = 0;
		}
		else
		{
			double		weight = row_weight(rows, row) * a->class_weight[label];

			s->sums.loss += weight * loss;
			variance += weight * (e / ((1 + e) * (1 + e)));
			a->proba[row] = proba;
			z[i * ld] = weight * (label == 1 ? (value > 0 ? -e / (1 + e) : -1 / (1 + e)) : proba);
		}
	}
	s->variance[0] += variance;
}

static void
evaluate_several(const LogisticRows *rows, const LogisticAsked *a, Size first, Size m, double *z, Size ld, RunSums *s)
{
	int			k = rows->n_classes;

	for (Size i = 0; i < m; i++, z += ld)
	{
		Size		row = first + i;
		int			label = rows->label[row];
		double	   *proba = a->proba + row * k;
		double		of_label = z[label];
		double		most = z[0];
		int			best = 0;
		double		sum = 0;
		double		loss;

		for (int c = 1; c < k; c++)
			if (z[c] > most)
			{
				most = z[c];
				best = c;
			}
		for (int c = 0; c < k; c++)
		{
			z[c] = exp(z[c] - most);
			sum += z[c];
		}
		/* cppcheck-suppress invalidFunctionArg; k >= 2, and the largest class adds 1 */
		loss = most + log(sum) - of_label;
		if (is_held_out(rows, row, a->held_out))
		{
			s->sums.held_loss += row_weight(rows, row) * loss;
			s->sums.held_right += best == label ? row_weight(rows, row) : 0;
			memset(proba, 0, k * sizeof(double));
			memset(z, 0, k * sizeof(double));
		}
		else
		{
			double		weight = row_weight(rows, row) * a->class_weight[label];

			s->sums.loss += weight * loss;
			for (int c = 0; c < k; c++)
			{
				proba[c] = z[c] / sum;
				s->variance[c] += weight * proba[c] * (1 - proba[c]);
				z[c] = weight * (proba[c] - (c == label));
			}
		}
	}
}

static void
curve_two(const LogisticRows *rows, const LogisticAsked *a, Size first, Size m, double *z, Size ld)
{
	const double *proba = a->proba + first;

	for (Size i = 0; i < m; i++)
		z[i * ld] *= row_weight(rows, first + i) * a->class_weight[rows->label[first + i]] * proba[i] * (1 - proba[i]);
}

HOT_LOOP static void
curve_several(const LogisticRows *rows, const LogisticAsked *a, Size first, Size m, double *z, Size ld)
{
	int			k = rows->n_classes;

	for (Size i = 0; i < m; i++, z += ld)
	{
		const double *proba = a->proba + (first + i) * k;
		double		weight = row_weight(rows, first + i) * a->class_weight[rows->label[first + i]];
		double		mean = 0;

#pragma omp simd reduction(+:mean)
		for (int c = 0; c < k; c++)
			mean += proba[c] * z[c];
		for (int c = 0; c < k; c++)
			z[c] = weight * proba[c] * (z[c] - mean);
	}
}

/* ---- a run of rows ---- */

static void
change_block(LogisticPass *p, int run, Size first, Size m, double *z)
{
	const LogisticRows *rows = p->b->rows;

	for (int a = 0; a < p->n; a++)
	{
		LogisticAsked *asked = p->asked[a];
		RunSums    *s = &p->sums[run * p->max_problems + a];
		double	   *mine = z + (Size) a * p->outputs;

		if (asked->ask == LOGISTIC_CURVATURE && p->outputs == 1)
			curve_two(rows, asked, first, m, mine, p->columns);
		else if (asked->ask == LOGISTIC_CURVATURE)
			curve_several(rows, asked, first, m, mine, p->columns);
		else if (p->outputs == 1)
			evaluate_two(rows, asked, first, m, mine, p->columns, s);
		else
			evaluate_several(rows, asked, first, m, mine, p->columns, s);
	}
}

static void
clear_sums(LogisticPass *p, int run)
{
	for (int a = 0; a < p->n; a++)
	{
		RunSums    *s = &p->sums[run * p->max_problems + a];

		memset(&s->sums, 0, sizeof(LogisticSums));
		memset(s->variance, 0, p->outputs * sizeof(double));
	}
}

static void
run_rows(int64 number, int worker, void *arg)
{
	LogisticPass *p = arg;
	const LogisticBasis *b = p->b;
	Size		start = p->first_row + (Size) number * p->run_rows;
	Size		end = Min(b->rows->n, start + p->run_rows);
	double	   *z = p->block + (Size) number * BLOCK_ROWS * p->columns;
	double	   *product = p->product + (Size) number * p->columns * b->r;

	clear_sums(p, (int) number);
	for (Size first = start; first < end; first += p->block_rows)
	{
		Size		m = Min(p->block_rows, end - first);
		const double *x = b->x + first * b->r;

		gemm_f8_raw(false, true, m, p->columns, b->r, 1, x, b->r, p->u, b->r, 0, z, p->columns);
		change_block(p, (int) number, first, m, z);
		gemm_f8_raw(true, false, p->columns, b->r, m, 1, z, p->columns, x, b->r, first == start ? 0 : 1, product, b->r);
	}
}

static void
add_run(LogisticPass *p, int run, double *out)
{
	Size		size = p->columns * p->b->r;
	const double *product = p->product + run * size;

	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < size; i++)
		out[i] += product[i];
	for (int a = 0; a < p->n; a++)
	{
		const RunSums *s = &p->sums[run * p->max_problems + a];
		LogisticAsked *asked = p->asked[a];

		if (asked->ask != LOGISTIC_EVALUATE)
			continue;
		asked->sums.loss += s->sums.loss;
		asked->sums.held_loss += s->sums.held_loss;
		asked->sums.held_right += s->sums.held_right;
		for (int c = 0; c < p->outputs; c++)
			asked->variance[c] += s->variance[c];
	}
}

static void
clear_answers(LogisticPass *p, double *out)
{
	memset(out, 0, p->columns * p->b->r * sizeof(double));
	for (int a = 0; a < p->n; a++)
		if (p->asked[a]->ask == LOGISTIC_EVALUATE)
		{
			memset(&p->asked[a]->sums, 0, sizeof(LogisticSums));
			memset(p->asked[a]->variance, 0, p->outputs * sizeof(double));
		}
}

void
logistic_pass(LogisticPass *p, int n, LogisticAsked *const *asked, const double *u, double *out)
{
	Size		n_rows = p->b->rows->n;
	double		flops_per_row;
	Size		share;

	p->n = n;
	p->asked = asked;
	p->u = u;
	p->columns = (Size) n * p->outputs;
	flops_per_row = 4.0 * (double) p->columns * (double) p->b->r;
	p->block_rows = (Size) Max(16, Min(BLOCK_ROWS, BLOCK_FLOPS / flops_per_row));
	share = (n_rows + RUNS - 1) / RUNS;
	p->run_rows = (Size) Min((double) share, RUN_FLOPS / flops_per_row);
	p->run_rows = Max(p->run_rows, p->block_rows);
	clear_answers(p, out);
	for (p->first_row = 0; p->first_row < n_rows; p->first_row += RUNS * p->run_rows)
	{
		int			runs = (int) Min(RUNS, (n_rows - p->first_row + p->run_rows - 1) / p->run_rows);

		parallel_for(runs, 0, run_rows, p);
		for (int run = 0; run < runs; run++)
			add_run(p, run, out);
	}
	p->flops += flops_per_row * (double) n_rows;
}
