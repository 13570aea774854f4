/*
 * bicluster.c
 *		Spectral co-clustering (Dhillon 2001), as scikit-learn's SpectralCoclustering.
 *
 * A is the weights of a bipartite graph between rows and columns.  Its normalised
 * cuts are told by the singular vectors of inv(R^1/2) A inv(C^1/2), R and C the row
 * and column sums: those after the first, ceil(log2 k) of them, divided by the
 * square roots of the sums, are coordinates of rows and columns alike, and k-means
 * puts both into clusters.  The first pair is known, the roots of the sums with
 * singular value 1, and is taken out before the others are sought, so that it can't
 * mix with theirs where the graph falls apart and 1 stands there several times.
 *
 * Vectors come from the cross-products of the shorter side: m n^2 flops for n <= m.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/bicluster.h"
#include "clustering/clustering.h"
#include "clustering/spectral.h"
#include "linalg/linalg.h"

#define VANISHES 1e-7			/* singular values that are 0 but for rounding (their squares' is 1e-16) */

/* How many rows of X (rows x columns) are not all 0; their sums. */
static int
sum_rows(Size rows, Size columns, Size row_step, Size column_step, const double *x, double *sum)
{
	int			count = 0;

	for (Size i = 0; i < rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sum[i] = 0;
		for (Size j = 0; j < columns; j++)
			sum[i] += x[i * row_step + j * column_step];
		count += sum[i] > 0;
	}
	return count;
}

/* B (long_n x short_n) = A or its transpose, normalised. */
static void
normalise(int m, int n, const double *a, const double *row_sum, const double *column_sum, double *b)
{
	bool		transpose = m < n;

	for (Size i = 0; i < (Size) m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < (Size) n; j++)
		{
			double		value = a[i * n + j];

			b[transpose ? j * m + i : i * n + j] = value > 0 ? value / sqrt(row_sum[i]) / sqrt(column_sum[j]) : 0;
		}
	}
}

/* The q singular pairs of B after the first: v (q x short_n), u (long_n x q); zeros where the value vanishes. */
static void
singular_vectors(Size long_n, Size short_n, const double *b, const double *short_sum, Size q, double *u, double *v)
{
	double	   *gram = huge_matrix(short_n, short_n);
	double	   *w = huge_matrix(1, q);
	double		total = 0;

	for (Size j = 0; j < short_n; j++)
		total += short_sum[j];
	syrk_f8(true, short_n, long_n, 1, b, short_n, 0, gram, short_n);
	for (Size i = 0; i < short_n; i++)
		for (Size j = 0; j < short_n; j++)
			gram[i * short_n + j] -= sqrt(short_sum[i] / total) * sqrt(short_sum[j] / total);
	eigh_largest_f8(short_n, gram, q, w, v);
	gemm_f8(false, true, long_n, q, short_n, 1, b, short_n, v, short_n, 0, u, q);
	for (Size l = 0; l < q; l++)
	{
		double		value = sqrt(Max(w[l], 0));
		double		keep = value > VANISHES;

		for (Size i = 0; i < long_n; i++)
			u[i * q + l] = keep ? u[i * q + l] / value : 0;
		for (Size j = 0; j < short_n; j++)
			v[l * short_n + j] = keep ? v[l * short_n + j] : 0;
	}
	pfree(gram);
	pfree(w);
}

static int
coordinates_for(int k)
{
	int			q = 0;

	while (q < 30 && (1 << q) < k)
		q++;
	return q;
}

Size
bicluster_scratch(int m, int n, int k)
{
	Size		shorter = Min(m, n);
	Size		q = coordinates_for(k);
	Size		numbers = size_add(size_mul(m, n), size_mul(shorter, shorter));

	numbers = size_add(numbers, size_mul(size_add(m, n), 2 * q + 3));
	return size_add(eigh_largest_scratch(shorter, q), size_mul(numbers, sizeof(double)));
}

void
bicluster(int m, int n, double *a, int k, int64 seed, int32 *label)
{
	MemoryContext scratch = scratch_create("bicluster", bicluster_scratch(m, n, k), "Take a smaller matrix.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool		transpose = m < n;
	Size		long_n = Max(m, n);
	Size		short_n = Min(m, n);
	Size		q = coordinates_for(k);
	double	   *sum = huge_matrix(1, (Size) m + n);
	int			rows = sum_rows(m, n, n, 1, a, sum);
	int			columns = sum_rows(n, m, 1, n, a, sum + m);
	double	   *b = huge_matrix(m, n);
	double	   *u = huge_matrix(long_n, q);
	double	   *v = huge_matrix(q, short_n);
	double	   *z = huge_matrix((Size) m + n, q);
	int32	   *found = huge_alloc(((Size) m + n) * sizeof(int32));
	int			count = 0;

	if (k > Min(rows, columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but the matrix has %d rows and %d columns that are not all 0", k, rows, columns)));
	if (k > 1)
	{
		normalise(m, n, a, sum, sum + m, b);
		singular_vectors(long_n, short_n, b, transpose ? sum : sum + m, q, u, v);
	}
	for (Size i = 0; i < (Size) m + n; i++)
	{
		bool		is_long = (i < (Size) m) != transpose;
		Size		at = i < (Size) m ? i : i - m;

		if (sum[i] <= 0)
			continue;
		for (Size l = 0; l < q; l++)
			z[count * q + l] = (is_long ? u[at * q + l] : v[l * short_n + at]) / sqrt(sum[i]);
		found[count++] = 0;
	}
	if (k > 1)
	{
		spectral_fix_sign(count, (int) q, z);
		spectral_labels_kmeans(count, (int) q, z, k, seed, found);
	}
	count = 0;
	for (Size i = 0; i < (Size) m + n; i++)
		label[i] = sum[i] > 0 ? found[count++] : -1;
	if (k == 1)
		labels_by_size(m + n, label);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
