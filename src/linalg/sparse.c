/*
 * sparse.c
 *		Products of a sparse symmetric matrix with blocks of vectors, and the
 *		connected components of its graph.
 *
 * 2 b flops an entry.  The block is transposed first, so that an entry meets b
 * neighbouring numbers: the product then reads rows, not scattered elements.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "linalg/sparse.h"

#define ROWS_OF_TASK	512

SparseSymmetric *
sparse_new(int n, Size entries)
{
	SparseSymmetric *a = palloc(sizeof(SparseSymmetric));

	a->n = n;
	a->start = huge_alloc(size_mul((Size) n + 1, sizeof(Size)));
	a->column = huge_alloc(size_mul(Max(1, entries), sizeof(int32)));
	a->value = huge_alloc(size_mul(Max(1, entries), sizeof(double)));
	return a;
}

Size
sparse_bytes(int n, Size entries)
{
	return size_add(size_mul((Size) n + 1, sizeof(Size)), size_mul(entries, sizeof(int32) + sizeof(double)));
}

/* ---- products ---- */

typedef struct Product
{
	const SparseSymmetric *a;
	Size		b;
	const double *x;			/* b x n */
	double	   *xt;				/* n x b */
	double	   *yt;				/* n x b */
	double	   *y;				/* b x n */
} Product;

static void
transpose_rows(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	Size		n = (Size) p->a->n;
	Size		first = (Size) number * ROWS_OF_TASK;
	Size		end = Min(n, first + ROWS_OF_TASK);

	for (Size j = 0; j < p->b; j++)
		for (Size i = first; i < end; i++)
			p->xt[i * p->b + j] = p->x[j * n + i];
}

HOT_LOOP static void
add_entries(const SparseSymmetric *a, Size i, Size b, const double *xt, double *sum)
{
	for (Size j = 0; j < b; j++)
		sum[j] = 0;
	for (Size e = a->start[i]; e < a->start[i + 1]; e++)
	{
		const double *x = xt + (Size) a->column[e] * b;
		double		value = a->value[e];

		for (Size j = 0; j < b; j++)
			sum[j] += value * x[j];
	}
}

static void
multiply_rows(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	Size		n = (Size) p->a->n;
	Size		first = (Size) number * ROWS_OF_TASK;
	Size		end = Min(n, first + ROWS_OF_TASK);

	for (Size i = first; i < end; i++)
		add_entries(p->a, i, p->b, p->xt, p->yt + i * p->b);
	for (Size j = 0; j < p->b; j++)
		for (Size i = first; i < end; i++)
			p->y[j * n + i] = p->yt[i * p->b + j];
}

Size
sparse_product_scratch(int n, Size b)
{
	return size_mul(size_mul(2 * (Size) n, b), sizeof(double));
}

void
sparse_product(void *arg, Size b, const double *x, double *y)
{
	const SparseSymmetric *a = arg;
	Product		p = {.a = a, .b = b, .x = x, .y = y};
	int64		tasks = (a->n + ROWS_OF_TASK - 1) / ROWS_OF_TASK;

	p.xt = huge_matrix(a->n, b);
	p.yt = huge_matrix(a->n, b);
	parallel_for(tasks, 0, transpose_rows, &p);
	parallel_for(tasks, 0, multiply_rows, &p);
	pfree(p.xt);
	pfree(p.yt);
}

/* ---- components ---- */

int
sparse_components(const SparseSymmetric *a, int32 *component)
{
	int32	   *queue = huge_alloc(size_mul(Max(1, a->n), sizeof(int32)));
	int			count = 0;

	for (int i = 0; i < a->n; i++)
		component[i] = -1;
	for (int i = 0; i < a->n; i++)
	{
		int			done = 0;
		int			reached = 0;

		if (component[i] >= 0)
			continue;
		component[i] = count;
		queue[reached++] = i;
		while (done < reached)
		{
			int32		u = queue[done++];

			for (Size e = a->start[u]; e < a->start[u + 1]; e++)
				if (component[a->column[e]] < 0)
				{
					component[a->column[e]] = count;
					queue[reached++] = a->column[e];
				}
		}
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	pfree(queue);
	return count;
}
