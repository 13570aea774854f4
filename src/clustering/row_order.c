/*
 * row_order.c
 *		Rows of a matrix in the order of their content.
 *
 * The order is found by sorting row numbers, mostly one comparison of elements
 * each, and the rows then follow it in cycles, so that no second matrix is needed:
 * n log n comparisons, n p elements read and written once.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/row_order.h"

typedef struct RowsToSort
{
	Size		p;
	const double *x;
} RowsToSort;

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const RowsToSort *rows = arg;
	int32		i = *(const int32 *) a;
	int32		j = *(const int32 *) b;
	const double *x = rows->x + (Size) i * rows->p;
	const double *y = rows->x + (Size) j * rows->p;

	for (Size e = 0; e < rows->p; e++)
		if (x[e] != y[e])
			return x[e] < y[e] ? -1 : 1;
	return i < j ? -1 : i > j;
}

Size
row_order_scratch(Size n, Size p)
{
	return size_add(size_mul(n, sizeof(int32) + sizeof(bool)), size_mul(p, sizeof(double)));
}

/* Row order[i] goes to i, for all i. */
static void
follow_order(Size n, Size p, double *x, const int32 *order)
{
	double	   *held = huge_matrix(1, p);
	bool	   *done = huge_alloc0(n * sizeof(bool));
	Size		bytes = p * sizeof(double);

	for (Size first = 0; first < n; first++)
	{
		Size		to = first;

		if (done[first])
			continue;
		memcpy(held, x + first * p, bytes);
		for (; (Size) order[to] != first; to = (Size) order[to])
		{
			CHECK_FOR_INTERRUPTS();
			memcpy(x + to * p, x + (Size) order[to] * p, bytes);
			done[to] = true;
		}
		memcpy(x + to * p, held, bytes);
		done[to] = true;
	}
	pfree(held);
	pfree(done);
}

int32 *
row_order(Size n, Size p, double *x)
{
	RowsToSort	rows = {p, x};
	int32	   *order = huge_alloc(n * sizeof(int32));

	for (Size i = 0; i < n; i++)
		order[i] = (int32) i;
	qsort_arg(order, n, sizeof(int32), compare_rows, &rows);
	follow_order(n, p, x, order);
	return order;
}
