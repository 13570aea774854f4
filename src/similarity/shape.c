/*
 * shape.c
 *		Generalized shape metrics (Williams, Kunz, Kornblith and Linderman 2021):
 *		Procrustes distances of populations that are whitened in part.
 *
 * The population that is rotated is X (alpha I + (1 - alpha) (X'X)^-1/2) = U G V' with
 * G = alpha S + (1 - alpha), where X = U S V' is centred and of the scale it came in
 * (netrep's convention): with 0 < alpha < 1 the distance depends on the scales of
 * the two, at 0 (CCA) and 1 (Procrustes) the angle does not.  V is a rotation and
 * needs no computing.  For the euclidean metric each whitened population is given
 * the norm it had before (netrep's preserve_variance).
 *
 * Both are metrics because they are distances between the points that each
 * population alone is mapped to, minimized over a group that acts by isometries.
 */
#include "postgres.h"

#include <math.h>

#include "similarity/procrustes.h"

#define NO_WHITENING 1e-7

static double
norm_of(const double *rows, Size n_rows, const double *squares, Size n)
{
	double		trace = 0;

	if (rows)
		return sqrt(dot_product(rows, rows, n_rows));
	for (Size i = 0; i < n; i++)
		trace += squares[i * n + i];
	return sqrt(Max(trace, 0));
}

/* The singular values after whitening, of the scale that the population came in */
static double *
whitened(Alignment *a, const Factor *f, double scale, double alpha)
{
	double	   *g = alignment_matrix(a, 1, f->r);

	for (Size i = 0; i < f->r; i++)
		g[i] = alpha * scale * f->s[i] + (1 - alpha);
	return g;
}

static double *
diagonal_of_squares(Alignment *a, const double *g, Size n)
{
	double	   *d = alignment_matrix(a, n, n);

	memset(d, 0, n * n * sizeof(double));
	for (Size i = 0; i < n; i++)
		d[i * n + i] = g[i] * g[i];
	return d;
}

static Match
match_factors(Alignment *a, double alpha)
{
	Factors		f = alignment_factors(a);
	Size		rx = f.x.r;
	Size		ry = f.y.r;
	double	   *gx = whitened(a, &f.x, a->scale_x, alpha);
	double	   *gy = whitened(a, &f.y, a->scale_y, alpha);

	if (f.x.u)
		return match_rows(a, a->n, rx, factor_coordinates(a, &f.x, gx), ry, factor_coordinates(a, &f.y, gy));
	for (Size i = 0; i < rx; i++)
		for (Size j = 0; j < ry; j++)
			f.m[i * ry + j] *= gx[i] * gy[j];
	return match_products(a, rx, diagonal_of_squares(a, gx, rx), ry, diagonal_of_squares(a, gy, ry), f.m);
}

ShapeMatch
shape_match(Alignment *a, double alpha)
{
	ShapeMatch	m;

	m.norm_x = a->scale_x * norm_of(a->x, a->n * a->p, a->kx ? a->kx : a->xx, a->kx ? a->n : a->p);
	m.norm_y = a->scale_y * norm_of(a->y, a->n * a->q, a->ky ? a->ky : a->yy, a->ky ? a->n : a->q);
	if (alpha < 1 - NO_WHITENING || a->kx || (a->x && a->n < Min(a->p, a->q)))
		m.match = match_factors(a, alpha);
	else if (a->x)
		m.match = match_rows(a, a->n, a->p, a->x, a->q, a->y);
	else
		m.match = match_products(a, a->p, a->xx, a->q, a->yy, a->xy);
	return m;
}

double
shape_angle(ShapeMatch m)
{
	return m.match.angle;
}

/* |X|^2 + |Y|^2 - 2 |X| |Y| cos(angle), without cancellation */
double
shape_euclidean(ShapeMatch m)
{
	double		s = 2 * sin(m.match.angle / 2);

	return hypot(m.norm_x - m.norm_y, sqrt(m.norm_x * m.norm_y) * s);
}
