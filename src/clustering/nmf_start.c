/*
 * nmf_start.c
 *		NNDSVD (Boutsidis and Gallopoulos 2008): the k largest singular triplets of
 *		X, of each the non-negative or the non-positive parts of the two vectors,
 *		whichever carry more.
 *
 * The triplets come by subspace iteration from random rows (Halko, Martinsson and
 * Tropp 2011): 4 n p l flops a round, l = k + SPARE, which a few rounds of a
 * factorization cost as well; exact where l reaches min(n, p).  A start needs no
 * more.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/nmf_start.h"
#include "linalg/linalg.h"

#define SPARE	10
#define ROUNDS	4
#define NO_VALUE 1e-10			/* of the largest singular value: past the rank */
#define SKETCH_STREAM 1			/* of random numbers */

typedef struct Triplets
{
	Size		l;
	double	   *s;				/* l, descending */
	double	   *u;				/* l x n */
	double	   *v;				/* l x p */
} Triplets;

static Size
n_triplets(Size n, Size p, Size k)
{
	return Min(k + SPARE, Min(n, p));
}

Size
nmf_start_scratch(Size n, Size p, Size k, NmfInit init)
{
	Size		l = n_triplets(n, p, k);
	Size		elements;

	if (init == NMF_RANDOM)
		return 0;
	elements = size_mul(l, size_add(size_add(size_mul(2, n), size_mul(2, p)), 2 * l + 1));
	return size_add(size_mul(elements, sizeof(double)), svd_scratch(l, Max(n, p)));
}

void
nmf_start_random(Size n, double scale, RandomStream *random, double *x)
{
	for (Size i = 0; i < n; i++)
	{
		breathe(true, i);
		x[i] = scale * fabs(random_gaussian(random));
	}
}

/* The largest singular triplets of X (n x p). */
static void
find_triplets(Triplets *t, Size n, Size p, const double *x, uint64 seed)
{
	Size		l = t->l;
	double	   *rows = huge_matrix(l, Max(n, p));
	double	   *left = huge_matrix(l, l);
	RandomStream random;

	random_start(&random, seed, SKETCH_STREAM);
	for (Size i = 0; i < l * p; i++)
	{
		breathe(true, i);
		t->v[i] = random_gaussian(&random);
	}
	for (int round = 0; round < ROUNDS; round++)
	{
		gemm_f8(false, true, l, n, p, 1, t->v, p, x, p, 0, rows, n);
		svd_f8(l, n, rows, t->s, left, t->u);
		gemm_f8(false, false, l, p, n, 1, t->u, n, x, p, 0, rows, p);
		svd_f8(l, p, rows, t->s, left, t->v);
	}
	/* U' X = left diag(s) V': the left vectors are left' U' */
	gemm_f8(true, false, l, n, l, 1, left, l, t->u, n, 0, rows, n);
	memcpy(t->u, rows, l * n * sizeof(double));
	pfree(rows);
	pfree(left);
}

static double
norm_of_part(Size n, const double *x, double sign)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		if (sign * x[i] > 0)
			sum += x[i] * x[i];
	return sqrt(sum);
}

/* to = scale times the part of x that has this sign */
static void
take_part(Size n, const double *x, double sign, double scale, double *to)
{
	for (Size i = 0; i < n; i++)
		to[i] = sign * x[i] > DBL_EPSILON ? scale * fabs(x[i]) : 0;
}

static void
start_component(Size n, Size p, double s, const double *u, const double *v, double *w, double *h)
{
	double		u_up = norm_of_part(n, u, 1);
	double		v_up = norm_of_part(p, v, 1);
	double		u_down = norm_of_part(n, u, -1);
	double		v_down = norm_of_part(p, v, -1);
	bool		up = u_up * v_up >= u_down * v_down;
	double		u_norm = up ? u_up : u_down;
	double		v_norm = up ? v_up : v_down;
	double		scale = sqrt(s * u_norm * v_norm);

	if (u_norm == 0 || v_norm == 0)
		scale = 0, u_norm = v_norm = 1;
	take_part(n, u, up ? 1 : -1, scale / u_norm, w);
	take_part(p, v, up ? 1 : -1, scale / v_norm, h);
}

static void
fill_zeros(Size n, double value, double *x)
{
	for (Size i = 0; i < n; i++)
		if (x[i] == 0)
			x[i] = value;
}

void
nmf_start(Size n, Size p, const double *x, Size k, NmfInit init, uint64 seed, RandomStream *random,
		  double *w, double *h)
{
	double		mean = 0;
	double		scale;
	Size		found = 0;

	for (Size i = 0; i < n * p; i++)
	{
		breathe(true, i);
		mean += x[i];
	}
	mean /= (double) n * (double) p;
	scale = sqrt(mean / (double) k);
	if (init != NMF_RANDOM)
	{
		Triplets	t = {.l = n_triplets(n, p, k)};

		t.s = huge_matrix(1, t.l);
		t.u = huge_matrix(t.l, n);
		t.v = huge_matrix(t.l, p);
		find_triplets(&t, n, p, x, seed);
		while (found < Min(k, t.l) && t.s[found] > NO_VALUE * t.s[0])
		{
			start_component(n, p, t.s[found], t.u + found * n, t.v + found * p, w + found * n, h + found * p);
			found++;
		}
		if (init == NMF_NNDSVDA)
		{
			fill_zeros(found * n, mean, w);
			fill_zeros(found * p, mean, h);
		}
		pfree(t.s);
		pfree(t.u);
		pfree(t.v);
	}
	nmf_start_random((k - found) * n, scale, random, w + found * n);
	nmf_start_random((k - found) * p, scale, random, h + found * p);
}
