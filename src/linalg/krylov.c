/*
 * krylov.c
 *		The few largest eigenvalues of a symmetric matrix and their eigenvectors.
 *
 * Block Krylov iteration with full reorthogonalisation and a Rayleigh-Ritz step
 * (Golub and Underwood 1977; Saad 2011, section 6.4): a block of k + SPARE random
 * rows is multiplied by A again and again, 2 n^2 flops a row.  The block is
 * larger than k, so that an eigenvalue met up to k times is found as often, which
 * a single vector would not.  It ends when the residuals |A x - w x| of the k are
 * small; what BLOCKS blocks do not settle of a dense matrix (the flat edge of a
 * spectrum of noise) is left to the complete decomposition, as are small matrices.
 *
 * A may also be known by its products alone (eigh_largest_of).  Then the rows are
 * few, and where they are full the best of them and the block that follows begin
 * again (thick restart: Wu and Simon 2000), which is as if none had been dropped
 * but for what the dropped ones still knew.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"

#define SMALL		512
#define SPARE		6
#define BLOCKS		48
#define HELD_BLOCKS 16			/* of a matrix known by its products */
#define KEPT_BLOCKS 5			/* of those at a restart */
#define CHECK_EVERY 4			/* blocks between Rayleigh-Ritz steps */
#define PANEL		512			/* columns of rows that are combined in place */
#define SETTLED		1e-12		/* residual over the largest eigenvalue by size */
#define COLLAPSED	1e-10		/* a row that loses all but this much lay in the space already */

typedef struct Krylov
{
	Size		n;
	Size		k;
	Size		b;				/* rows of a block */
	Size		m;				/* rows so far */
	Size		most;
	SymmetricProduct product;
	void	   *arg;
	double		tolerance;		/* of residuals, over the largest eigenvalue by size */
	double	   *v;				/* most + b x n, orthonormal rows */
	double	   *av;				/* most x n: V A */
	double	   *t;				/* most x most: V A V' */
	double	   *ritz;			/* most x most: eigenvectors of T, of the last Rayleigh-Ritz step */
	double	   *values;			/* most */
	double	   *products;		/* b x most */
	RandomStream random;
	bool		reports;		/* its progress */
} Krylov;

/* Rows that a run may have; 0: the complete decomposition is as good. */
static Size
most_rows(Size n, Size k)
{
	Size		b = k + SPARE;

	return n < SMALL || 8 * b > n / 4 ? 0 : Min(BLOCKS * b, n / 4 / b * b);
}

Size
eigh_largest_scratch(Size n, Size k)
{
	Size		most = most_rows(n, k);
	Size		rows = size_add(size_mul(size_add(size_mul(2, n), size_mul(4, most)), most), size_mul(k + SPARE, n));

	return size_add(size_add(eigh_scratch(n), eigh_scratch(most)), size_mul(size_add(rows, n), sizeof(double)));
}

HOT_LOOP static double
dot(Size n, const double *x, const double *y)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

HOT_LOOP static void
subtract(Size n, double share, const double *x, double *y)
{
	for (Size i = 0; i < n; i++)
		y[i] -= share * x[i];
}

static void
randomize(Krylov *s, double *row)
{
	for (Size i = 0; i < s->n; i++)
		row[i] = random_gaussian(&s->random);
}

/* Row i of a block: orthogonal to the rows before it, of length 1; false if nothing is left of it. */
static bool
orthonormalize_row(Size n, double *block, Size i)
{
	double	   *row = block + i * n;
	double		before = sqrt(dot(n, row, row));
	double		length;

	for (Size j = 0; j < i; j++)
		subtract(n, dot(n, row, block + j * n), block + j * n, row);
	length = sqrt(dot(n, row, row));
	if (!(length > COLLAPSED * before))
		return false;
	for (Size l = 0; l < n; l++)
		row[l] /= length;
	return true;
}

/*
 * The next block, which stands behind the m rows, orthonormal to them and in
 * itself.  Rows that lie in the space already become random ones.
 */
static void
orthonormalize_block(Krylov *s)
{
	double	   *block = s->v + s->m * s->n;

	for (int left = 2; left > 0; left--)	/* twice is enough (Parlett 1998, section 6.9), but for rows that are new */
	{
		if (s->m > 0)
		{
			gemm_f8(false, true, s->b, s->m, s->n, 1, block, s->n, s->v, s->n, 0, s->products, s->m);
			gemm_f8(false, false, s->b, s->n, s->m, -1, s->products, s->m, s->v, s->n, 1, block, s->n);
		}
		for (Size i = 0; i < s->b; i++)
			if (!orthonormalize_row(s->n, block, i))
			{
				randomize(s, block + i * s->n);
				orthonormalize_row(s->n, block, i);
				left = 2;
			}
	}
}

/* V, V A and T grow by the block behind them; the block after it is begun. */
static void
take_block(Krylov *s)
{
	Size		n = s->n;
	double	   *new_av = s->av + s->m * n;

	orthonormalize_block(s);
	s->product(s->arg, s->b, s->v + s->m * n, new_av);
	s->m += s->b;
	gemm_f8(false, true, s->b, s->m, n, 1, new_av, n, s->v, n, 0, s->products, s->m);
	for (Size i = 0; i < s->b; i++)
		for (Size j = 0; j < s->m; j++)
		{
			Size		row = s->m - s->b + i;

			s->t[row * s->most + j] = s->t[j * s->most + row] = s->products[i * s->m + j];
		}
	memcpy(s->v + s->m * n, new_av, s->b * n * sizeof(double));
}

/* The k largest Ritz values and vectors; are they eigenvectors? */
static bool
rayleigh_ritz(Krylov *s, double *w, double *x)
{
	Size		n = s->n;
	Size		m = s->m;
	double	   *residual = s->ritz + m * m;	/* n */
	double	   *top = s->ritz + (m - s->k) * m;
	double		size;

	for (Size i = 0; i < m; i++)
		memcpy(s->ritz + i * m, s->t + i * s->most, m * sizeof(double));
	eigh_f8(m, s->ritz, s->values);
	size = Max(fabs(s->values[0]), fabs(s->values[m - 1]));
	gemm_f8(false, false, s->k, n, m, 1, top, m, s->v, n, 0, x, n);
	memcpy(w, s->values + m - s->k, s->k * sizeof(double));
	for (Size i = 0; i < s->k; i++)
	{
		gemv_f8(true, n, m, 1, s->av, n, top + i * m, 0, residual);
		for (Size l = 0; l < n; l++)
			residual[l] -= w[i] * x[i * n + l];
		if (!(sqrt(dot(n, residual, residual)) <= s->tolerance * size))
			return false;
	}
	return true;
}

/* The first 'kept' of these combinations of the m rows take their place: rows = C rows, C kept x m. */
static void
combine_rows(Size n, Size m, Size kept, const double *combination, double *rows, double *panel)
{
	for (Size first = 0; first < n; first += PANEL)
	{
		Size		width = Min(PANEL, n - first);

		gemm_f8(false, false, kept, width, m, 1, combination, m, rows + first, n, 0, panel, width);
		for (Size i = 0; i < kept; i++)
			memcpy(rows + i * n + first, panel + i * width, width * sizeof(double));
	}
}

/* After a Rayleigh-Ritz step of all rows: its best vectors and the block that follows are what is left. */
static void
restart(Krylov *s)
{
	Size		n = s->n;
	Size		m = s->m;
	Size		kept = KEPT_BLOCKS * s->b;
	const double *best = s->ritz + (m - kept) * m;
	double	   *panel = huge_matrix(kept, PANEL);

	orthonormalize_block(s);
	combine_rows(n, m, kept, best, s->v, panel);
	combine_rows(n, m, kept, best, s->av, panel);
	pfree(panel);
	memset(s->t, 0, s->most * s->most * sizeof(double));
	for (Size i = 0; i < kept; i++)
		s->t[i * s->most + i] = s->values[m - kept + i];
	memcpy(s->v + kept * n, s->v + m * n, s->b * n * sizeof(double));
	s->m = kept;
}

/* Multiplies at most 'blocks' blocks; w and x are the best so far if they did not settle. */
static bool
iterate(Krylov *s, Size blocks, double *w, double *x)
{
	Size		n = s->n;
	bool		settled = false;

	s->v = huge_matrix(s->most + s->b, n);
	s->av = huge_matrix(s->most, n);
	s->t = huge_matrix(s->most, s->most);
	s->ritz = huge_alloc((s->most * s->most + n) * sizeof(double));
	s->values = huge_matrix(1, s->most);
	s->products = huge_matrix(s->b, s->most);
	random_start(&s->random, 0, n);
	for (Size i = 0; i < s->b; i++)
		randomize(s, s->v + i * n);
	for (Size block = 1; block <= blocks && !settled; block++)
	{
		CHECK_FOR_INTERRUPTS();
		if (s->m == s->most)
			restart(s);
		take_block(s);
		if (block % CHECK_EVERY == 0 || s->m == s->most || block == blocks)
			settled = rayleigh_ritz(s, w, x);
		if (s->reports)
			progress_add(1);
	}
	pfree(s->v);
	pfree(s->av);
	pfree(s->t);
	pfree(s->ritz);
	pfree(s->values);
	pfree(s->products);
	return settled;
}

typedef struct Dense
{
	Size		n;
	const double *a;
} Dense;

static void
dense_product(void *arg, Size b, const double *x, double *y)
{
	const Dense *dense = arg;

	gemm_f8(false, false, b, dense->n, dense->n, 1, x, dense->n, dense->a, dense->n, 0, y, dense->n);
}

static void
decompose(Size n, double *a, Size k, double *w, double *x)
{
	double	   *all = huge_matrix(1, n);

	eigh_f8(n, a, all);
	memcpy(w, all + n - k, k * sizeof(double));
	memcpy(x, a + (n - k) * n, k * n * sizeof(double));
	pfree(all);
}

void
eigh_largest_f8(Size n, double *a, Size k, double *w, double *x)
{
	Dense		dense = {n, a};
	Krylov		s = {.n = n, .k = k, .b = k + SPARE, .most = most_rows(n, k), .product = dense_product, .arg = &dense,
	.tolerance = SETTLED};

	if (s.most > 0 && iterate(&s, s.most / s.b, w, x))
		return;
	decompose(n, a, k, w, x);
}

/* ---- a matrix that is known by its products ---- */

/* Is it small, for so many eigenvectors, that its elements are made and decomposed? */
static bool
is_small(Size n, Size k)
{
	return n <= SMALL || HELD_BLOCKS * (k + SPARE) > n / 2;
}

Size
eigh_largest_of_scratch(Size n, Size k)
{
	Size		b = k + SPARE;
	Size		most = HELD_BLOCKS * b;
	Size		rows;

	if (is_small(n, k))
		return size_add(size_mul(size_mul(2, size_mul(n, n)), sizeof(double)), eigh_scratch(n));
	rows = size_add(size_mul(size_add(size_mul(2, n), size_mul(4, most)), most), size_mul(size_add(b, 1), n));
	return size_add(eigh_scratch(most), size_mul(rows, sizeof(double)));
}

bool
eigh_largest_of(Size n, SymmetricProduct product, void *arg, Size k, double tolerance, int blocks, double *w, double *x)
{
	Krylov		s = {.n = n, .k = k, .b = k + SPARE, .most = HELD_BLOCKS * (k + SPARE), .product = product, .arg = arg,
	.tolerance = tolerance, .reports = true};
	double	   *identity;
	double	   *a;
	bool		settled;

	if (!is_small(n, k))
	{
		progress_begin("eigenvectors", blocks);
		settled = iterate(&s, blocks, w, x);
		progress_skip();
		progress_end();
		return settled;
	}
	identity = huge_matrix(n, n);
	a = huge_matrix(n, n);
	memset(identity, 0, n * n * sizeof(double));
	for (Size i = 0; i < n; i++)
		identity[i * n + i] = 1;
	product(arg, n, identity, a);
	pfree(identity);
	decompose(n, a, k, w, x);
	pfree(a);
	return true;
}
