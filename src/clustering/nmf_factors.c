/*
 * nmf_factors.c
 *		Alternation of two least squares problems, X ~ left' right: left by
 *		coordinate descent over non-negative values, right by the caller's rule.
 *
 * Both factors are held with components in rows, so that the update and the
 * products read them along the long side.  An iteration costs 4 n p k flops in two
 * products with X; its error comes without a further one, from
 * |X|^2 - 2 <left X, right> + <left left', right right'>.  That form loses digits
 * where the fit is nearly exact (below 1e-8 |X|), so it serves to stop and no more:
 * the error of the answer is summed from the residuals.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/nmf_factors.h"
#include "clustering/nmf_update.h"
#include "linalg/linalg.h"

#define RESIDUAL_ELEMENTS ((Size) 1 << 20)	/* of a block of rows */

double
factors_dot(Size n, const double *a, const double *b)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
	{
		breathe(true, i);
		sum += a[i] * b[i];
	}
	return sum;
}

static Size
residual_rows(Size n, Size p)
{
	return Min(n, Max(1, RESIDUAL_ELEMENTS / p));
}

Size
factors_residual_scratch(Size n, Size p)
{
	return size_mul(size_mul(residual_rows(n, p), p), sizeof(double));
}

/* left, right and their best, product, grams, a block of residuals */
Size
factors_scratch(Size n, Size p, Size k)
{
	Size		elements = size_mul(k, size_add(size_mul(3, size_add(n, p)), 2 * k));

	return size_add(size_mul(elements, sizeof(double)), factors_residual_scratch(n, p));
}

Factors *
factors_new(Size n, Size p, Size k, const double *x)
{
	Factors    *f = palloc0(sizeof(Factors));

	f->n = n;
	f->p = p;
	f->k = k;
	f->x = x;
	f->xx = factors_dot(n * p, x, x);
	f->left = huge_matrix(k, n);
	f->right = huge_matrix(k, p);
	f->product = huge_matrix(k, Max(n, p));
	f->gram_left = huge_matrix(k, k);
	f->gram_right = huge_matrix(k, k);
	return f;
}

bool
factors_settled(ErrorHistory *history, const FactorsStop *stop, int iteration, double error)
{
	double	   *before = &history->error[iteration % FACTORS_SPAN];
	bool		settled = iteration > FACTORS_SPAN && *before - error <= stop->tol * *before;

	*before = error;
	return settled;
}

static void
left_step(Factors *f)
{
	gemm_f8(false, true, f->k, f->n, f->p, 1, f->right, f->p, f->x, f->p, 0, f->product, f->n);
	nmf_update(f->k, f->n, f->gram_right, f->product, nmf_sweeps(f->k, 2.0 * (double) f->p * (double) f->k), f->left);
}

static void
alternate(Factors *f, FactorsRight right, const FactorsStop *stop)
{
	ErrorHistory history = {{0}};
	bool		settled = false;

	syrk_f8(false, f->k, f->p, 1, f->right, f->p, 0, f->gram_right, f->k);
	for (f->iterations = 0; f->iterations < stop->max_iter && !settled;)
	{
		double		squared;

		left_step(f);
		gemm_f8(false, false, f->k, f->p, f->n, 1, f->left, f->n, f->x, f->p, 0, f->product, f->p);
		syrk_f8(false, f->k, f->n, 1, f->left, f->n, 0, f->gram_left, f->k);
		right(f);
		syrk_f8(false, f->k, f->p, 1, f->right, f->p, 0, f->gram_right, f->k);
		squared = f->xx - 2 * factors_dot(f->k * f->p, f->product, f->right) + factors_dot(f->k * f->k, f->gram_left, f->gram_right);
		f->error = sqrt(Max(squared, 0));
		settled = factors_settled(&history, stop, ++f->iterations, f->error);
		progress_add(1);
	}
}

double
factors_residual(const Factors *f)
{
	Size		rows = residual_rows(f->n, f->p);
	double	   *residual = huge_matrix(rows, f->p);
	double		sum = 0;

	for (Size i = 0; i < f->n; i += rows)
	{
		Size		m = Min(rows, f->n - i);

		memcpy(residual, f->x + i * f->p, m * f->p * sizeof(double));
		gemm_f8(true, false, m, f->p, f->k, -1, f->left + i, f->n, f->right, f->p, 1, residual, f->p);
		sum += factors_dot(m * f->p, residual, residual);
	}
	pfree(residual);
	return sqrt(sum);
}

void
factors_scale(Size n, double *row, double factor)
{
	for (Size i = 0; i < n; i++)
		row[i] *= factor;
}

static int
compare_components(const void *a, const void *b)
{
	const Component *x = a;
	const Component *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->t < y->t ? -1 : 1;
}

void
factors_sort(Size k, Component *order)
{
	qsort(order, k, sizeof(Component), compare_components);
}

void
factors_reorder(Size k, Size n, double *rows, const Component *order, double *scratch)
{
	for (Size t = 0; t < k; t++)
		memcpy(scratch + t * n, rows + order[t].t * n, n * sizeof(double));
	memcpy(rows, scratch, k * n * sizeof(double));
}

static void
normal_form(Factors *f)
{
	Component  *order = palloc(f->k * sizeof(Component));

	for (Size t = 0; t < f->k; t++)
	{
		double	   *left = f->left + t * f->n;
		double	   *right = f->right + t * f->p;
		double		right_norm = sqrt(factors_dot(f->p, right, right));
		double		left_norm = sqrt(factors_dot(f->n, left, left));
		bool		used = right_norm > 0 && left_norm > 0;

		factors_scale(f->p, right, used ? 1 / right_norm : 0);
		factors_scale(f->n, left, used ? right_norm : 0);
		order[t] = (Component) {t, left_norm * right_norm};
	}
	factors_sort(f->k, order);
	factors_reorder(f->k, f->n, f->left, order, f->product);
	factors_reorder(f->k, f->p, f->right, order, f->product);
	pfree(order);
}

void
factors_best(Factors *f, int n_init, FactorsStart start, FactorsRight right, const FactorsStop *stop,
			 const char *stage, void *arg)
{
	Factors		best = *f;

	best.error = INFINITY;
	best.left = huge_matrix(f->k, f->n);
	best.right = huge_matrix(f->k, f->p);
	progress_begin(stage, (double) n_init * stop->max_iter);
	for (int i = 0; i < n_init; i++)
	{
		start(f, i, arg);
		alternate(f, right, stop);
		progress_add(stop->max_iter - f->iterations);
		f->error = factors_residual(f);
		if (f->error < best.error)
		{
			Factors		other = best;

			best = *f;
			*f = other;
		}
	}
	progress_end();
	*f = best;
	normal_form(f);
}
