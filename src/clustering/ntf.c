/*
 * ntf.c
 *		Non-negative CP of a 3-way tensor by hierarchical alternating least squares
 *		(Cichocki and Phan 2009; Kim and Park 2012 compare it with others).
 *
 * With two factors fixed the third is a non-negative least squares problem, whose
 * matrix is the element-wise product of the other two factors' Gram matrices and
 * whose right side is the tensor multiplied by both (MTTKRP).  T is I x J x K, held
 * once, as it came; with factors in rows, r x I, r x J, r x K:
 *	 Y = C T' (r x IJ)	serves both A, from the sum over j of b_rj Y_rij, and B, from the
 *						sum over i of a_ri Y_rij, since C stays as it is in between;
 *	 (A o B) T (r x K)	serves C, A o B the r x IJ products of the two.
 * So an iteration costs two products of 2 I J K r flops, not three.
 *
 * A and B are kept at unit length, their scale moving on to the next factor, which
 * changes neither the sum nor the objective; no step raises it.
 *
 * The first start takes, of each unfolding, the leading left singular vectors, of each the
 * part of the sign that carries more (as NNDSVD does): (I + J + K) I J K flops for
 * the Gram matrices.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "clustering/nmf_start.h"
#include "clustering/nmf_update.h"
#include "clustering/ntf.h"
#include "linalg/linalg.h"

#define FIRST_STREAM 1			/* of random numbers, one a start */
#define NO_VALUE	1e-12		/* of the largest eigenvalue of an unfolding's Gram matrix: past its rank */

typedef struct Fit
{
	Ntf		   *n;
	Size		r;
	Size		pairs;			/* I J */
	double		tt;				/* |T|^2 */
	double	   *factor[3];		/* r x dims[m] */
	double	   *gram[3];		/* r x r */
	double	   *wide;			/* r x I J */
	double	   *target;			/* r x the largest dimension */
	double	   *product;		/* r x r: of two Grams */
} Fit;

static Size
largest_dim(const Ntf *n)
{
	return Max(n->dims[0], Max(n->dims[1], n->dims[2]));
}

static Size
start_scratch(const Ntf *n)
{
	Size		most = 0;

	for (int m = 0; m < 3; m++)
	{
		Size		d = n->dims[m];
		Size		k = Min(d, n->rank);
		Size		bytes = size_mul(size_mul(d, d + k + 1), sizeof(double));

		most = Max(most, size_add(bytes, eigh_largest_scratch(d, k)));
	}
	return most;
}

Size
ntf_scratch(const Ntf *n)
{
	Size		pairs = size_mul(n->dims[0], n->dims[1]);
	Size		rows = size_add(size_add(n->dims[0], n->dims[1]), n->dims[2]);
	Size		elements = size_add(size_add(pairs, size_mul(2, rows)), size_add(size_mul(4, n->rank), largest_dim(n)));

	return size_add(size_add(size_mul(size_mul(elements, n->rank), sizeof(double)), start_scratch(n)),
					factors_residual_scratch(pairs, n->dims[2]));
}

/* ---- starts ---- */

/* G (d x d) = the Gram matrix of the unfolding along mode m */
static void
unfolding_gram(const Fit *f, int m, double *g)
{
	const Size *d = f->n->dims;

	if (m == 0)
		syrk_f8(false, d[0], d[1] * d[2], 1, f->n->t, d[1] * d[2], 0, g, d[0]);
	else if (m == 2)
		syrk_f8(true, d[2], f->pairs, 1, f->n->t, d[2], 0, g, d[2]);
	else
		for (Size i = 0; i < d[0]; i++)
			syrk_f8(false, d[1], d[2], 1, f->n->t + i * d[1] * d[2], d[2], i > 0 ? 1 : 0, g, d[1]);
}

/* The part of x whose sign carries more, of length 'size', in place. */
static void
take_larger_part(Size n, double *x, double size)
{
	double		up = 0;
	double		down = 0;
	double		sign;
	double		scale;

	for (Size i = 0; i < n; i++)
	{
		up += x[i] > 0 ? x[i] * x[i] : 0;
		down += x[i] < 0 ? x[i] * x[i] : 0;
	}
	sign = up >= down ? 1 : -1;
	scale = size / sqrt(Max(up, down));
	for (Size i = 0; i < n; i++)
		x[i] = sign * x[i] > 0 ? scale * fabs(x[i]) : 0;
}

static void
start_mode(Fit *f, int m, bool random_only, double scale, RandomStream *random)
{
	Size		d = f->n->dims[m];
	Size		k = Min(d, f->r);
	Size		found = 0;

	if (!random_only)
	{
		double	   *g = huge_matrix(d, d);
		double	   *x = huge_matrix(k, d);
		double	   *w = huge_matrix(1, k);

		unfolding_gram(f, m, g);
		eigh_largest_f8(d, g, k, w, x);
		for (; found < k && w[k - 1 - found] > NO_VALUE * w[k - 1]; found++)
		{
			double	   *row = f->factor[m] + found * d;

			memcpy(row, x + (k - 1 - found) * d, d * sizeof(double));
			take_larger_part(d, row, pow(w[k - 1 - found], 1.0 / 6));
		}
		pfree(g);
		pfree(x);
		pfree(w);
	}
	nmf_start_random((f->r - found) * d, scale, random, f->factor[m] + found * d);
}

/* ---- iterations ---- */

static void
update_gram(Fit *f, int m)
{
	syrk_f8(false, f->r, f->n->dims[m], 1, f->factor[m], f->n->dims[m], 0, f->gram[m], f->r);
}

/* Factor m from its target, the Grams of the other two, and what a column of the target cost. */
static void
update_factor(Fit *f, int m, double flops_per_column)
{
	const double *x = f->gram[(m + 1) % 3];
	const double *y = f->gram[(m + 2) % 3];

	for (Size i = 0; i < f->r * f->r; i++)
		f->product[i] = x[i] * y[i];
	nmf_update(f->r, f->n->dims[m], f->product, f->target, nmf_sweeps(f->r, flops_per_column), f->factor[m]);
}

/* Rows of factor m become of unit length, and those of the next factor take their lengths. */
static void
pass_on_lengths(Fit *f, int m)
{
	for (Size r = 0; r < f->r; r++)
	{
		double	   *row = f->factor[m] + r * f->n->dims[m];
		double		length = sqrt(factors_dot(f->n->dims[m], row, row));

		if (length > 0)
		{
			factors_scale(f->n->dims[m], row, 1 / length);
			factors_scale(f->n->dims[m + 1], f->factor[m + 1] + r * f->n->dims[m + 1], length);
		}
	}
	update_gram(f, m);
}

static void
update_first_two(Fit *f)
{
	const Size *d = f->n->dims;

	gemm_f8(false, true, f->r, f->pairs, d[2], 1, f->factor[2], d[2], f->n->t, d[2], 0, f->wide, f->pairs);
	for (Size r = 0; r < f->r; r++)
		gemv_f8(false, d[0], d[1], 1, f->wide + r * f->pairs, d[1], f->factor[1] + r * d[1], 0, f->target + r * d[0]);
	update_factor(f, 0, 2.0 * (double) (d[1] * d[2]) * (double) f->r);
	pass_on_lengths(f, 0);
	for (Size r = 0; r < f->r; r++)
		gemv_f8(true, d[1], d[0], 1, f->wide + r * f->pairs, d[1], f->factor[0] + r * d[0], 0, f->target + r * d[1]);
	update_factor(f, 1, 2.0 * (double) (d[0] * d[2]) * (double) f->r);
	pass_on_lengths(f, 1);
}

/* wide = A o B: r x I J */
static void
multiply_out(Fit *f)
{
	const Size *d = f->n->dims;

	for (Size r = 0; r < f->r; r++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < d[0]; i++)
		{
			double		a = f->factor[0][r * d[0] + i];
			const double *b = f->factor[1] + r * d[1];
			double	   *row = f->wide + r * f->pairs + i * d[1];

			for (Size j = 0; j < d[1]; j++)
				row[j] = a * b[j];
		}
	}
}

static void
update_last(Fit *f)
{
	const Size *d = f->n->dims;

	multiply_out(f);
	gemm_f8(false, false, f->r, d[2], f->pairs, 1, f->wide, f->pairs, f->n->t, d[2], 0, f->target, d[2]);
	update_factor(f, 2, 2.0 * (double) f->pairs * (double) f->r);
	update_gram(f, 2);
}

/* |T - sum| by way of the last target: as in nmf_factors.c */
static double
error_of(const Fit *f)
{
	double		squared = f->tt - 2 * factors_dot(f->r * f->n->dims[2], f->target, f->factor[2]);

	for (Size i = 0; i < f->r * f->r; i++)
		squared += f->gram[0][i] * f->gram[1][i] * f->gram[2][i];
	return sqrt(Max(squared, 0));
}

static void
alternate(Fit *f, const FactorsStop *stop)
{
	ErrorHistory history;
	bool		settled = false;

	update_gram(f, 1);
	update_gram(f, 2);
	for (f->n->iterations = 0; f->n->iterations < stop->max_iter && !settled;)
	{
		update_first_two(f);
		update_last(f);
		settled = factors_settled(&history, stop, ++f->n->iterations, error_of(f));
		progress_add(1);
	}
}

/* |T - sum| from the residuals: T as a matrix of I J rows */
static double
exact_error(Fit *f)
{
	Factors		flat = {.n = f->pairs, .p = f->n->dims[2], .k = f->r, .x = f->n->t, .left = f->wide, .right = f->factor[2]};

	multiply_out(f);
	return factors_residual(&flat);
}

static void
normal_form(Ntf *n, double *scratch)
{
	Component  *order = palloc(n->rank * sizeof(Component));

	for (Size r = 0; r < n->rank; r++)
	{
		order[r] = (Component) {r, 1};
		for (int m = 0; m < 3; m++)
		{
			double	   *row = n->factor[m] + r * n->dims[m];

			order[r].size *= sqrt(factors_dot(n->dims[m], row, row));
		}
		for (int m = 0; m < 3; m++)
		{
			double	   *row = n->factor[m] + r * n->dims[m];
			double		length = sqrt(factors_dot(n->dims[m], row, row));

			factors_scale(n->dims[m], row, order[r].size > 0 ? 1 / length : 0);
		}
	}
	factors_sort(n->rank, order);
	for (int m = 0; m < 3; m++)
		factors_reorder(n->rank, n->dims[m], n->factor[m], order, scratch);
	for (Size r = 0; r < n->rank; r++)
		n->weight[r] = order[r].size;
	pfree(order);
}

void
ntf(Ntf *n, uint64 seed, int n_init, const FactorsStop *stop)
{
	Size		r = n->rank;
	Size		size = n->dims[0] * n->dims[1] * n->dims[2];
	Fit			f = {.n = n, .r = r, .pairs = n->dims[0] * n->dims[1]};
	int			iterations = 0;
	double		mean = 0;

	for (Size i = 0; i < size; i++)
	{
		breathe(true, i);
		mean += n->t[i] / (double) size;
	}
	f.tt = factors_dot(size, n->t, n->t);
	f.wide = huge_matrix(r, f.pairs);
	f.target = huge_matrix(r, largest_dim(n));
	f.product = huge_matrix(r, r);
	for (int m = 0; m < 3; m++)
	{
		f.gram[m] = huge_matrix(r, r);
		f.factor[m] = huge_matrix(r, n->dims[m]);
		n->factor[m] = huge_matrix(r, n->dims[m]);
	}
	n->weight = huge_matrix(1, r);
	n->error = INFINITY;

	progress_begin("ntf", (double) n_init * stop->max_iter);
	for (int i = 0; i < n_init; i++)
	{
		RandomStream random;
		double		error;

		random_start(&random, seed, FIRST_STREAM + (uint64) i);
		for (int m = 0; m < 3; m++)
			start_mode(&f, m, i > 0, cbrt(mean / (double) r), &random);
		alternate(&f, stop);
		progress_add(stop->max_iter - n->iterations);
		error = exact_error(&f);
		if (error < n->error)
		{
			n->error = error;
			iterations = n->iterations;
			for (int m = 0; m < 3; m++)
			{
				double	   *other = n->factor[m];

				n->factor[m] = f.factor[m];
				f.factor[m] = other;
			}
		}
	}
	progress_end();
	n->iterations = iterations;
	normal_form(n, f.target);
}
