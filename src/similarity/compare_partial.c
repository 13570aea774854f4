/*
 * compare_partial.c
 *		How alike two RDMs are beside what others explain of both.
 *
 * Pearson: the correlation of the residuals of a and b of least squares on the
 * controls and a constant; Spearman: the same of ranks.  The controls become an
 * orthonormal basis by Gram-Schmidt, twice over so that it is orthogonal to the
 * last digits, and a control that the ones before explain is left out: with m
 * pairs and k controls 4 m k (k + 4) flops.  Kendall (1942): of one control,
 * (t_ab - t_ac t_bc) / sqrt((1 - t_ac^2) (1 - t_bc^2)), which has no form by
 * residuals.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "similarity/compare_partial.h"
#include "similarity/kendall.h"
#include "stats/rank.h"

/* What is left of a vector of unit norm that is rounding alone */
#define NOTHING_LEFT 1e-12

void
compare_partial_check(CompareMethod method, int n_controls)
{
	if (method != COMPARE_PEARSON && method != COMPARE_SPEARMAN && method != COMPARE_KENDALL_TAU_B)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rdm_partial has no method \"%s\"", compare_method_name(method)),
				 errhint("Methods are pearson, spearman and kendall_tau_b.")));
	if (method == COMPARE_KENDALL_TAU_B && n_controls != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kendall_tau_b takes one control, not %d", n_controls),
				 errhint("Use spearman for several.")));
}

/* Pairs that are NaN in any of k vectors go, in place: x is k x m, then k x the number returned. */
static Size
drop_missing(Size m, double *x, int k)
{
	Size		n = 0;

	for (Size i = 0; i < m; i++)
	{
		bool		valid = true;

		for (int v = 0; v < k; v++)
			valid = valid && !isnan(x[v * m + i]);
		if (!valid)
			continue;
		for (int v = 0; v < k; v++)
			x[v * m + n] = x[v * m + i];
		n++;
	}
	for (int v = 1; v < k && n < m; v++)
		memmove(x + v * n, x + v * m, n * sizeof(double));
	return n;
}

/* x less its projections on the k orthonormal vectors, of unit norm again; false if nothing is left. */
static bool
residual(Size m, double *x, const double *basis, int k)
{
	double		left;

	for (int round = 0; round < 2; round++)
		for (int v = 0; v < k; v++)
		{
			double		along = compare_dot(m, x, basis + v * m);

			CHECK_FOR_INTERRUPTS();
			for (Size i = 0; i < m; i++)
				x[i] -= along * basis[v * m + i];
		}
	left = sqrt(compare_dot(m, x, x));
	return left > NOTHING_LEFT && compare_normalize(m, x, true);
}

static double
partial_correlation(Size m, double *x, int n_controls)
{
	double	   *controls = x + 2 * m;
	int			k = 0;
	double		r;

	for (int v = 0; v < n_controls; v++)
	{
		double	   *control = controls + v * m;

		if (!compare_normalize(m, control, true))
			continue;
		if (v != k)
			memcpy(controls + k * m, control, m * sizeof(double));
		k += residual(m, controls + k * m, controls, k);
	}
	for (int v = 0; v < 2; v++)
		if (!compare_normalize(m, x + v * m, true) || !residual(m, x + v * m, controls, k))
			return NAN;
	r = compare_dot(m, x, x + m);
	return Max(-1.0, Min(1.0, r));
}

static void
rank_all(Size m, double *x, int k)
{
	RankScratch rank;
	double	   *ranks = huge_matrix(1, m);

	rank_scratch_allocate(&rank, m);
	for (int v = 0; v < k; v++)
	{
		rank_average(&rank, m, x + v * m, ranks, true);
		memcpy(x + v * m, ranks, m * sizeof(double));
	}
}

static double
partial_kendall(Size m, const double *x)
{
	RankScratch rank;
	KendallScratch scratch;
	KendallOrder order[3];
	double		ab,
				ac,
				bc;

	rank_scratch_allocate(&rank, m);
	kendall_scratch_allocate(&scratch, m);
	for (int v = 0; v < 3; v++)
	{
		kendall_order_allocate(&order[v], m);
		kendall_order(&order[v], m, x + v * m, &rank, true);
	}
	ab = kendall_tau_b(&order[0], &order[1], &scratch, true);
	ac = kendall_tau_b(&order[0], &order[2], &scratch, true);
	bc = kendall_tau_b(&order[1], &order[2], &scratch, true);
	if (fabs(ac) == 1 || fabs(bc) == 1)
		return NAN;
	return (ab - ac * bc) / sqrt((1 - ac * ac) * (1 - bc * bc));
}

Size
compare_partial_scratch(CompareMethod method, Size m)
{
	switch (method)
	{
		case COMPARE_SPEARMAN:
			return size_add(rank_scratch_bytes(m), size_mul(m, sizeof(double)));
		case COMPARE_KENDALL_TAU_B:
			return size_add(rank_scratch_bytes(m), size_add(size_mul(3, kendall_order_bytes(m)), kendall_scratch_bytes(m)));
		default:
			return 0;
	}
}

double
compare_partial(CompareMethod method, Size m, double *x, int n_controls)
{
	Size		n = drop_missing(m, x, 2 + n_controls);

	if (n < 2)
		return NAN;
	if (method == COMPARE_KENDALL_TAU_B)
		return partial_kendall(n, x);
	if (method == COMPARE_SPEARMAN)
		rank_all(n, x, 2 + n_controls);
	return partial_correlation(n, x, n_controls);
}
