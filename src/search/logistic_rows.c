/*
 * logistic_rows.c
 *		Rows in coordinates in which a logistic regression is easy.
 *
 * A penalty on the squares of weights is blind to rotation, so the features may be
 * turned onto the eigenvectors of their scatter: there the Hessian of the loss is
 * nearly diagonal, and its conjugate gradients need some ten steps whatever the
 * features' correlations were.  The mean is taken off first, which only moves the
 * intercept, and is what keeps features far from the origin exact.
 *
 * With d <= n the scatter is d x d: n d^2 + 9 d^3 + 2 n d^2 flops.  With more
 * features than rows the weights lie in the span of the rows, so n coordinates
 * are enough, from the eigenvectors of the kernel: n^2 d + 9 n^3.  Past
 * ROTATED_MAX features and rows rows are only centred.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/logistic_solver.h"
#include "stats/spectrum.h"

#define ROTATED_MAX	4096
#define PANEL_ROWS	1024

static bool
is_rotated(const LogisticRows *rows)
{
	return Min(rows->n, rows->d) <= ROTATED_MAX;
}

static bool
is_kernel(const LogisticRows *rows)
{
	return is_rotated(rows) && rows->d > rows->n;
}

Size
logistic_basis_columns(const LogisticRows *rows)
{
	return (is_kernel(rows) ? rows->n : rows->d) + 1;
}

Size
logistic_basis_bytes(const LogisticRows *rows)
{
	Size		n = rows->n;
	Size		d = rows->d;
	Size		r = logistic_basis_columns(rows);
	Size		doubles = size_add(size_mul(n, r), size_add(r, size_mul(2, d)));
	Size		order = Min(n, d);

	if (!is_rotated(rows))
		return size_mul(doubles, sizeof(double));
	doubles = size_add(doubles, size_add(size_mul(order, order), order));
	doubles = size_add(doubles, size_mul(is_kernel(rows) ? n : Min(n, PANEL_ROWS), d));
	return size_add(size_mul(doubles, sizeof(double)), eigh_scratch(order));
}

/* ---- means ---- */

static double *
column_means(const LogisticRows *rows)
{
	double	   *mean = huge_alloc0(rows->d * sizeof(double));

	for (Size i = 0; i < rows->n; i++)
	{
		const double *x = rows->x + i * rows->d;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < rows->d; j++)
			mean[j] += (x[j] - mean[j]) / (double) (i + 1);
	}
	return mean;
}

/* Rows first .. first + m - 1 less the mean: out m rows, ld apart. */
static void
centred_panel(const LogisticBasis *b, Size first, Size m, double *out, Size ld)
{
	const LogisticRows *rows = b->rows;

	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < m; i++)
	{
		const double *x = rows->x + (first + i) * rows->d;

		for (Size j = 0; j < rows->d; j++)
			out[i * ld + j] = x[j] - b->mean[j];
	}
}

/* ---- coordinates ---- */

static void
coordinates_new(LogisticBasis *b, Size rank)
{
	b->rank = rank;
	b->r = rank + (b->rows->fit_intercept ? 1 : 0);
	b->x = huge_matrix(b->rows->n, Max(b->r, 1));
}

static void
centred_only(LogisticBasis *b)
{
	coordinates_new(b, b->rows->d);
	for (Size i = 0; i < b->rows->n; i += PANEL_ROWS)
		centred_panel(b, i, Min(PANEL_ROWS, b->rows->n - i), b->x + i * b->r, b->r);
}

/* By the scatter (d x d). */
static void
rotated_features(LogisticBasis *b)
{
	Size		n = b->rows->n;
	Size		d = b->rows->d;
	double	   *panel = huge_matrix(Min(n, PANEL_ROWS), d);
	double	   *scatter = huge_matrix(d, d);
	double	   *value = huge_matrix(1, d);

	coordinates_new(b, d);
	for (Size i = 0; i < n; i += PANEL_ROWS)
	{
		Size		m = Min(PANEL_ROWS, n - i);

		centred_panel(b, i, m, panel, d);
		syrk_f8(true, d, m, 1, panel, d, i == 0 ? 0 : 1, scatter, d);
	}
	spectrum_require_finite(d, scatter);
	eigh_f8(d, scatter, value);
	for (Size i = 0; i < n; i += PANEL_ROWS)
	{
		Size		m = Min(PANEL_ROWS, n - i);

		centred_panel(b, i, m, panel, d);
		gemm_f8(false, true, m, d, d, 1, panel, d, scatter, d, 0, b->x + i * b->r, b->r);
	}
	b->rotation = scatter;
	b->n_sources = (int) d;
	pfree(value);
	pfree(panel);
}

/* By the kernel (n x n): row j of its eigenvectors, times the root of its value, is column j. */
static void
rotated_rows(LogisticBasis *b)
{
	Size		n = b->rows->n;
	Size		d = b->rows->d;
	double	   *kernel = huge_matrix(n, n);
	double	   *value = huge_matrix(1, n);
	double		cut;
	Size		first = 0;

	b->centred = huge_matrix(n, d);
	for (Size i = 0; i < n; i += PANEL_ROWS)
		centred_panel(b, i, Min(PANEL_ROWS, n - i), b->centred + i * d, d);
	syrk_f8(false, n, d, 1, b->centred, d, 0, kernel, n);
	spectrum_require_finite(n, kernel);
	eigh_f8(n, kernel, value);
	cut = spectrum_cut(value[n - 1], n, d);
	while (first < n - 1 && !(value[first] > cut))
		first++;
	coordinates_new(b, n - first);
	for (Size j = 0; j < b->rank; j++)
	{
		double	   *direction = kernel + (first + j) * n;
		double		length = sqrt(Max(value[first + j], 0));

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < n; i++)
		{
			b->x[i * b->r + j] = direction[i] * length;
			direction[i] /= length > 0 ? length : 1;
		}
	}
	b->rotation = kernel + first * n;
	b->n_sources = (int) n;
	pfree(value);
}

/* Sums of squares; directions that are rounding errors beside the largest are made 0. */
static void
settle_columns(LogisticBasis *b)
{
	Size		n = b->rows->n;
	double		largest = 0;
	double		noise = DBL_EPSILON * (double) Max(n, b->rows->d);
	bool	   *is_noise = palloc0(Max(b->rank, 1) * sizeof(bool));
	bool		any = false;

	b->square = huge_alloc0(Max(b->r, 1) * sizeof(double));
	for (Size i = 0; i < n; i++)
	{
		double	   *x = b->x + i * b->r;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (b->r > b->rank)
			x[b->rank] = 1;
		for (Size j = 0; j < b->r; j++)
			b->square[j] += x[j] * x[j];
	}
	for (Size j = 0; j < b->rank; j++)
		largest = Max(largest, b->square[j]);
	if (!isfinite(largest))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the squares of a feature sum to more than float8 holds")));
	for (Size j = 0; j < b->rank; j++)
	{
		is_noise[j] = b->square[j] <= largest * noise * noise;
		any |= is_noise[j];
		if (is_noise[j])
			b->square[j] = 0;
	}
	for (Size i = 0; any && i < n; i++)
	{
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < b->rank; j++)
			if (is_noise[j])
				b->x[i * b->r + j] = 0;
	}
	pfree(is_noise);
}

LogisticBasis *
logistic_basis(const LogisticRows *rows)
{
	LogisticBasis *b = palloc0(sizeof(LogisticBasis));

	b->rows = rows;
	b->mean = rows->fit_intercept ? column_means(rows) : huge_alloc0(rows->d * sizeof(double));
	if (!is_rotated(rows))
		centred_only(b);
	else if (is_kernel(rows))
		rotated_rows(b);
	else
		rotated_features(b);
	settle_columns(b);
	return b;
}

/* ---- weights of the rows themselves ---- */

/* Softmax does not see what all classes share: of the weights that predict the same, those that sum to 0. */
static void
centre_outputs(int outputs, Size columns, double *w)
{
	for (Size j = 0; j < columns; j++)
	{
		double		mean = 0;

		for (int c = 0; c < outputs; c++)
			mean += w[c * columns + j] / outputs;
		for (int c = 0; c < outputs; c++)
			w[c * columns + j] -= mean;
	}
}

void
logistic_basis_return(const LogisticBasis *b, int outputs, const double *w, double *weights, double *intercepts)
{
	Size		d = b->rows->d;
	Size		sources = b->n_sources;

	if (b->rotation == NULL)
		for (int c = 0; c < outputs; c++)
			memcpy(weights + c * d, w + c * b->r, d * sizeof(double));
	else if (b->centred == NULL)
		gemm_f8(false, false, outputs, d, b->rank, 1, w, b->r, b->rotation, sources, 0, weights, d);
	else
	{
		double	   *dual = huge_matrix(outputs, sources);

		gemm_f8(false, false, outputs, sources, b->rank, 1, w, b->r, b->rotation, sources, 0, dual, sources);
		gemm_f8(false, false, outputs, d, sources, 1, dual, sources, b->centred, d, 0, weights, d);
		pfree(dual);
	}
	for (int c = 0; c < outputs; c++)
	{
		intercepts[c] = b->r > b->rank ? w[c * b->r + b->rank] : 0;
		for (Size j = 0; j < d; j++)
			intercepts[c] -= weights[c * d + j] * b->mean[j];
	}
	if (outputs > 1)
	{
		centre_outputs(outputs, d, weights);
		if (b->rows->fit_intercept)
			centre_outputs(outputs, 1, intercepts);
	}
}
