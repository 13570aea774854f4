/*
 * mutual_knn.c
 *		Overlap of nearest neighbours in two representations (Huh, Cheung, Wang and
 *		Isola 2024, the Platonic representation hypothesis).
 *
 * A row's neighbours in x are the k other rows with the greatest cosine, and so
 * in y; the measure is the mean over rows of the share of them that are the
 * same.  Rows of unit length are ordered by cosine as by euclidean distance,
 * 2 - 2 cos, so nearest_rows finds them: n^2 (p + q) flops.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "similarity/mutual_knn.h"
#include "similarity/unit_rows.h"
#include "stats/nearest.h"

static void
normalize_rows(Size n, Size p, double *x, const char *what)
{
	Size		zero = unit_rows(n, p, x);

	if (zero < n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row %zu is all zeros, and so has no angle to the others", what, zero + 1)));
}

static int
compare_indices(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return x < y ? -1 : x > y;
}

/* How many of k indices are among the other k; sorts both. */
static int
n_shared(int32 *a, int32 *b, int k)
{
	int			i = 0;
	int			j = 0;
	int			shared = 0;

	qsort(a, k, sizeof(int32), compare_indices);
	qsort(b, k, sizeof(int32), compare_indices);
	while (i < k && j < k)
	{
		bool		next_a = a[i] <= b[j];
		bool		next_b = b[j] <= a[i];

		shared += next_a && next_b;
		i += next_a;
		j += next_b;
	}
	return shared;
}

Size
mutual_knn_scratch(Size n, int k)
{
	return size_mul(size_mul(n, k), 2 * sizeof(int32));
}

double
mutual_knn_rows(Size n, Size p, double *x, Size q, double *y, int k)
{
	int32	   *near_x = huge_alloc(size_mul(size_mul(n, k), sizeof(int32)));
	int32	   *near_y = huge_alloc(size_mul(size_mul(n, k), sizeof(int32)));
	int64		shared = 0;

	normalize_rows(n, p, x, "x");
	normalize_rows(n, q, y, "y");
	nearest_rows(n, p, x, k, near_x, NULL);
	nearest_rows(n, q, y, k, near_y, NULL);
	for (Size i = 0; i < n; i++)
		shared += n_shared(near_x + i * k, near_y + i * k, k);
	pfree(near_x);
	pfree(near_y);
	return (double) shared / ((double) n * k);
}

double
mutual_knn_distances(Size m, const double *a, const double *b, int k)
{
	int32	   *near_a = palloc(k * sizeof(int32));
	int32	   *near_b = palloc(k * sizeof(int32));
	double	   *smallest = palloc(k * sizeof(double));
	int64		shared = 0;

	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		nearest_smallest(m, a + i * m, i, k, near_a, smallest);
		nearest_smallest(m, b + i * m, i, k, near_b, smallest);
		shared += n_shared(near_a, near_b, k);
	}
	pfree(smallest);
	pfree(near_b);
	pfree(near_a);
	return (double) shared / ((double) m * k);
}
