/*
 * rdm_kernel.c
 *		The kernel of an RDM, by double centring.
 *
 * Two passes over n x n: one fills the upper triangle with squared distances and
 * sums whole rows, one subtracts.  The matrix is symmetric to the bit, because
 * both mirrored elements are written from one value.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "similarity/rdm_kernel.h"

#define TILE 64					/* of n x n, so that mirrored elements are written while they are in cache */

bool
rdm_kernel_squares(RdmMetric metric)
{
	return metric == RDM_EUCLIDEAN || metric == RDM_MAHALANOBIS;
}

_Noreturn static void
missing_pair(const Rdm *r, int i, int j)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the distance of two conditions is missing"),
			 errdetail_client("They are \"%s\" and \"%s\".", label_text(rdm_label(r, i)), label_text(rdm_label(r, j))),
			 errhint("Leave conditions with missing pairs out, by rdm_subset.")));
}

/* Rows i of out from their diagonal on: the squared distances; their sums, of whole rows, in sum. */
static void
fill_squared(const Rdm *r, const int *conditions, Size n, bool square, double *out, double *sum)
{
	const double *d = RDM_DISTANCES(r);

	for (Size i = 0; i < n; i++)
	{
		double		of_row = 0;

		CHECK_FOR_INTERRUPTS();
		out[i * n + i] = 0;
		for (Size j = i + 1; j < n; j++)
		{
			int			a = conditions ? conditions[i] : (int) i;
			int			b = conditions ? conditions[j] : (int) j;
			double		value = d[rdm_pair(r->n_conditions, a, b)];

			if (isnan(value))
				missing_pair(r, a, b);
			value = square ? value * value : value;
			out[i * n + j] = value;
			of_row += value;
			sum[j] += value;
		}
		sum[i] += of_row;
	}
}

void
rdm_centred(const Rdm *r, const int *conditions, int m, bool square, double *out)
{
	Size		n = m;
	double	   *mean = palloc0(Max(1, n) * sizeof(double));
	double		grand_mean = 0;

	fill_squared(r, conditions, n, square, out, mean);
	for (Size i = 0; i < n; i++)
	{
		mean[i] /= n;
		grand_mean += mean[i] / n;
	}
	if (!isfinite(grand_mean))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("squared distances are out of range"),
				 errhint("Scale the distances down.")));
	for (Size row = 0; row < n; row += TILE)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size column = row; column < n; column += TILE)
			for (Size i = row; i < Min(row + TILE, n); i++)
				for (Size j = Max(column, i); j < Min(column + TILE, n); j++)
					out[i * n + j] = out[j * n + i] = 0.5 * (mean[i] + mean[j] - grand_mean - out[i * n + j]);
	}
	pfree(mean);
}

void
rdm_kernel(const Rdm *r, const int *conditions, int m, double *out)
{
	rdm_centred(r, conditions, m, rdm_kernel_squares(r->metric), out);
}
