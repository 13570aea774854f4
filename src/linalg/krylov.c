/*
 * krylov.c
 *		The few largest eigenvalues of a symmetric matrix and their eigenvectors.
 *
 * Block Krylov iteration with full reorthogonalisation and a Rayleigh-Ritz step
 * (Golub and Underwood 1977; Saad 2011, section 6.4): a block of k + SPARE random
 * rows is multiplied by A again and again, 2 n^2 flops a row.  The block is
 * larger than k, so that an eigenvalue met up to k times is found as often, which
 * a single vector would not.  It ends when the residuals |A x - w x| of the k are
 * of rounding size; what BLOCKS blocks do not settle (the flat edge of a spectrum
 * of noise) is left to the complete decomposition, as are small matrices.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "linalg/linalg.h"

#define SMALL		512
#define SPARE		6
#define BLOCKS		48
#define CHECK_EVERY 4			/* blocks between Rayleigh-Ritz steps */
#define SETTLED		1e-12		/* residual over the largest eigenvalue by size */
#define COLLAPSED	1e-10		/* a row that loses all but this much lay in the space already */

typedef struct Krylov
{
	Size		n;
	Size		k;
	Size		b;				/* rows of a block */
	Size		m;				/* rows so far */
	Size		most;
	const double *a;
	double	   *v;				/* most x n, orthonormal rows */
	double	   *av;				/* most x n: V A */
	double	   *t;				/* most x most: V A V' */
	double	   *ritz;			/* most x most: eigenvectors of T, of the last Rayleigh-Ritz step */
	double	   *values;			/* most */
	double	   *products;		/* b x most */
	RandomStream random;
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
	Size		rows = size_mul(size_add(size_mul(2, n), size_mul(4, most)), most);

	return size_add(size_add(eigh_scratch(n), eigh_scratch(most)), size_mul(size_add(rows, n), sizeof(double)));
}

static double
dot(Size n, const double *x, const double *y)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
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
	{
		double		share = dot(n, row, block + j * n);

		for (Size l = 0; l < n; l++)
			row[l] -= share * block[j * n + l];
	}
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

	for (int again = 0; again < 3; again++)
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
	gemm_f8(false, false, s->b, n, n, 1, s->v + s->m * n, n, s->a, n, 0, new_av, n);
	s->m += s->b;
	gemm_f8(false, true, s->b, s->m, n, 1, new_av, n, s->v, n, 0, s->products, s->m);
	for (Size i = 0; i < s->b; i++)
		for (Size j = 0; j < s->m; j++)
		{
			Size		row = s->m - s->b + i;

			s->t[row * s->most + j] = s->t[j * s->most + row] = s->products[i * s->m + j];
		}
	if (s->m < s->most)
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
	for (Size i = 0; i < s->k; i++)
	{
		w[i] = s->values[m - s->k + i];
		gemv_f8(true, n, m, 1, s->av, n, top + i * m, 0, residual);
		for (Size l = 0; l < n; l++)
			residual[l] -= w[i] * x[i * n + l];
		if (!(sqrt(dot(n, residual, residual)) <= SETTLED * size))
			return false;
	}
	return true;
}

static bool
iterate(Size n, const double *a, Size k, double *w, double *x)
{
	Krylov		s = {.n = n, .k = k, .b = k + SPARE, .most = most_rows(n, k), .a = a};
	bool		settled = false;

	s.v = huge_matrix(s.most, n);
	s.av = huge_matrix(s.most, n);
	s.t = huge_matrix(s.most, s.most);
	s.ritz = huge_alloc((s.most * s.most + n) * sizeof(double));
	s.values = huge_matrix(1, s.most);
	s.products = huge_matrix(s.b, s.most);
	random_start(&s.random, 0, n);
	for (Size i = 0; i < s.b; i++)
		randomize(&s, s.v + i * n);
	for (Size block = 1; s.m < s.most && !settled; block++)
	{
		CHECK_FOR_INTERRUPTS();
		take_block(&s);
		if (block % CHECK_EVERY == 0 || s.m == s.most)
			settled = rayleigh_ritz(&s, w, x);
	}
	pfree(s.v);
	pfree(s.av);
	pfree(s.t);
	pfree(s.ritz);
	pfree(s.values);
	pfree(s.products);
	return settled;
}

void
eigh_largest_f8(Size n, double *a, Size k, double *w, double *x)
{
	double	   *all;

	if (most_rows(n, k) > 0 && iterate(n, a, k, w, x))
		return;
	all = huge_matrix(1, n);
	eigh_f8(n, a, all);
	memcpy(w, all + n - k, k * sizeof(double));
	memcpy(x, a + (n - k) * n, k * n * sizeof(double));
	pfree(all);
}
