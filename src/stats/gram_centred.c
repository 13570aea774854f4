/*
 * gram_centred.c
 *		The x of a gram, all folds together, about its mean: sums of squares and
 *		products, or the rows themselves where the gram holds them.
 *
 * Sums are taken about the gram's centre and moved to the mean: n p^2 flops for
 * rows held, p^2 a fold for moments.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stats/gram.h"

static double *
centre_of(const Gram *g)
{
	double	   *centre = huge_alloc(g->p * sizeof(double));
	double	   *centre_y = huge_alloc(((Size) g->v + 1) * sizeof(double));

	gram_get_centre(g, centre, centre_y);
	pfree(centre_y);
	return centre;
}

void
gram_scatter(const Gram *g, double *mean, double *scatter)
{
	Size		p = (Size) g->p;
	double		n = (double) gram_n(g);
	int		   *cells = gram_all_cells(g);
	double	   *centre = centre_of(g);
	double	   *sx = huge_alloc0(p * sizeof(double));

	memset(scatter, 0, p * p * sizeof(double));
	gram_sum_xx(g, cells, g->n_cells, centre, sx, scatter);
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mean[i] = centre[i] + sx[i] / n;
		for (Size j = 0; j < p; j++)
			scatter[i * p + j] -= sx[i] * sx[j] / n;
	}
	pfree(sx);
	pfree(centre);
	pfree(cells);
}

void
gram_centred_rows(const Gram *g, double *mean, double *rows)
{
	Size		p = (Size) g->p;
	Size		n = (Size) gram_n(g);
	int		   *cells = gram_all_cells(g);
	double	   *centre = centre_of(g);
	double	   *shift = huge_alloc0(p * sizeof(double));

	gram_held_x(g, cells, g->n_cells, centre, rows);
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			shift[j] += rows[i * p + j];
	}
	for (Size j = 0; j < p; j++)
	{
		shift[j] /= (double) n;
		mean[j] = centre[j] + shift[j];
	}
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			rows[i * p + j] -= shift[j];
	}
	pfree(shift);
	pfree(centre);
	pfree(cells);
}
