/*
 * procrustes.c
 *		Orthogonal Procrustes (Schoenemann 1966): with X'Y = U S V', the rotation
 *		of x onto y is U V', and the cosine of the angle between the populations
 *		after it is sum(S) / (|X| |Y|).
 *
 * Costs 2 n p q flops for X'Y and O(p q min(p, q)) for its singular values.
 *
 * The subtlety: acos loses half of the digits near 1, where a distance of a
 * population to its own rotation would be 1e-7 instead of 0.  There the angle is
 * taken from the residual R = X/|X| - Y/|Y| R' after rotation, 2 asin(|R| / 2): exact
 * from rows.  Moments don't have more than 1e-16 of |R|^2, that is 1e-8 of angle.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "similarity/procrustes.h"

#define NEAR_ONE 1e-6

static double
sum_of(const double *a, Size n)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += a[i];
	return sum;
}

static double
trace_of(const double *a, Size n)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += a[i * n + i];
	return sum;
}

/* The partial isometry R (p x q) from A to B, from C = A'B (p x q), which is used up; *norm: nuclear, of C */
static double *
rotation_of(Alignment *al, Size p, Size q, double *c, double *norm)
{
	double	   *rotation = alignment_matrix(al, p, q);

	memory_claim_add(al->claim, polar_scratch(p, q), NULL);
	*norm = polar_f8(p, q, c, rotation);
	memory_claim_sub(al->claim, polar_scratch(p, q));
	return rotation;
}

static double
nuclear_norm(Alignment *al, Size p, Size q, const double *c)
{
	double	   *copy = alignment_matrix(al, p, q);
	double	   *s = alignment_matrix(al, 1, Min(p, q));

	memcpy(copy, c, p * q * sizeof(double));
	svd_f8(p, q, copy, s, NULL, NULL);
	return sum_of(s, Min(p, q));
}

static Match
no_match(void)
{
	Match		m = {NAN, NAN};

	return m;
}

static double
arc_of_residual(double squares)
{
	return 2 * asin(Min(1, sqrt(Max(squares, 0)) / 2));
}

/* ---- rows ---- */

/*
 * |A/na - B/nb R'|^2 and what of B lies outside R's rows, which A lacks as it has
 * fewer units (p <= q); c = A'B
 */
static double
residual_of_rows(Alignment *al, Size n, Size p, const double *a, double na, Size q, const double *b,
				 double nb, double *c)
{
	double		norm;
	double	   *rotation = rotation_of(al, p, q, c, &norm);
	double	   *turned = alignment_matrix(al, n, p);
	double	   *outside = alignment_matrix(al, n, q);

	gemm_f8(false, true, n, p, q, 1 / nb, b, q, rotation, q, 0, turned, p);
	for (Size i = 0; i < n * q; i++)
		outside[i] = b[i] / nb;
	gemm_f8(false, false, n, q, p, -1, turned, p, rotation, q, 1, outside, q);
	for (Size i = 0; i < n * p; i++)
		turned[i] = a[i] / na - turned[i];
	return dot_product(turned, turned, n * p) + (q > p ? dot_product(outside, outside, n * q) : 0);
}

Match
match_rows(Alignment *al, Size n, Size p, const double *a, Size q, const double *b)
{
	double		na = sqrt(dot_product(a, a, n * p));
	double		nb = sqrt(dot_product(b, b, n * q));
	double	   *c;
	Match		m;

	if (p > q)
		return match_rows(al, n, q, b, p, a);
	if (!(na > 0) || !(nb > 0))
		return no_match();
	c = alignment_matrix(al, p, q);
	gemm_f8(true, false, p, q, n, 1, a, p, b, q, 0, c, q);
	m.cosine = Min(1, nuclear_norm(al, p, q, c) / na / nb);
	m.angle = m.cosine < 1 - NEAR_ONE ? acos(m.cosine)
		: arc_of_residual(residual_of_rows(al, n, p, a, na, q, b, nb, c));
	return m;
}

/* ---- products ---- */

static double
residual_of_products(Alignment *al, Size p, const double *aa, double na, Size q, const double *bb,
					 double nb, const double *ab)
{
	double	   *c = alignment_matrix(al, p, q);
	double	   *rotation;
	double	   *turned = alignment_matrix(al, q, p);	/* B'B R' */
	double		squares = 0;
	double		inside = 0;
	double		norm;

	memcpy(c, ab, p * q * sizeof(double));
	rotation = rotation_of(al, p, q, c, &norm);
	gemm_f8(false, true, q, p, q, 1, bb, q, rotation, q, 0, turned, p);
	for (Size i = 0; i < p; i++)
	{
		double		with_b = 0;
		double		of_b = 0;

		for (Size j = 0; j < q; j++)
		{
			with_b += ab[i * q + j] * rotation[i * q + j];
			of_b += rotation[i * q + j] * turned[j * p + i];
		}
		squares += aa[i * p + i] / na / na - 2 * with_b / na / nb + of_b / nb / nb;
		inside += of_b / nb / nb;
	}
	return Max(squares, 0) + (q > p ? Max(trace_of(bb, q) / nb / nb - inside, 0) : 0);
}

static double *
transposed(Alignment *al, const double *a, Size rows, Size columns)
{
	double	   *t = alignment_matrix(al, columns, rows);

	for (Size i = 0; i < rows; i++)
		for (Size j = 0; j < columns; j++)
			t[j * rows + i] = a[i * columns + j];
	return t;
}

Match
match_products(Alignment *al, Size p, const double *aa, Size q, const double *bb, const double *ab)
{
	double		na = sqrt(trace_of(aa, p));
	double		nb = sqrt(trace_of(bb, q));
	Match		m;

	if (p > q)
		return match_products(al, q, bb, p, aa, transposed(al, ab, p, q));
	if (!(na > 0) || !(nb > 0))
		return no_match();
	m.cosine = Min(1, nuclear_norm(al, p, q, ab) / na / nb);
	m.angle = m.cosine < 1 - NEAR_ONE ? acos(m.cosine)
		: arc_of_residual(residual_of_products(al, p, aa, na, q, bb, nb, ab));
	return m;
}

/* ---- the rotation itself ---- */

double *
procrustes_rotation(Alignment *a)
{
	double	   *c = a->xy;
	double	   *rotation;
	double		norm;

	if (c == NULL)
	{
		c = alignment_matrix(a, a->p, a->q);
		gemm_f8(true, false, a->p, a->q, a->n, 1, a->x, a->p, a->y, a->q, 0, c, a->q);
	}
	rotation = rotation_of(a, a->p, a->q, c, &norm);
	return norm > 0 ? rotation : NULL;
}
