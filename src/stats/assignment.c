/*
 * assignment.c
 *		One-to-one matching of rows and columns at the least total cost.
 *
 * Jonker and Volgenant 1987, rectangular as Crouse 2016: with prices v of the
 * columns, a row's best column is the one where cost - v is least.  Two sweeps of
 * augmenting row reduction let the rows bid for columns; the rows that are left
 * each find a shortest augmenting path (Dijkstra over reduced costs, a dense scan
 * of one row a step).  O(m^2 n) at worst, about m n in practice, 8 m n bytes.
 *
 * The subtlety: with more columns than rows, the columns that stay free must keep
 * a price of 0.  So prices start at 0 (no column reduction) and only fall, and
 * only those of columns that are taken, which stay taken.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "stats/assignment.h"

#define SWEEPS		2
#define STEPS_A_ROW 4			/* of a sweep: bids of nearly equal columns could go on for long */

typedef struct Matching
{
	Size		m,
				n;				/* m <= n */
	const double *cost;
	double	   *v;				/* n: prices */
	int		   *column;			/* m: -1 free */
	int		   *row;			/* n: -1 free */
	/* of one search */
	double	   *distance;		/* n: of the shortest path to a column; infinite once it is settled */
	double	   *price;			/* n: v, or -infinity once settled, so that no path is shorter */
	double	   *settled_distance;	/* n */
	int		   *settled;		/* n: columns in the order they were settled */
	int		   *previous;		/* n: the row a path comes from */
} Matching;

/* ---- bids ---- */

/* The two least of cost - v over a row, and where. */
typedef struct TwoBest
{
	double		first,
				second;
	int			j1,
				j2;
} TwoBest;

static TwoBest
two_best(const double *cost, const double *v, Size n)
{
	TwoBest		b = {INFINITY, INFINITY, -1, -1};

	for (Size j = 0; j < n; j++)
	{
		double		c = cost[j] - v[j];

		if (c >= b.second)
			continue;
		if (c < b.first)
		{
			b.second = b.first;
			b.j2 = b.j1;
			b.first = c;
			b.j1 = (int) j;
		}
		else
		{
			b.second = c;
			b.j2 = (int) j;
		}
	}
	return b;
}

/*
 * A free row takes its best column, at a price that makes the second best as
 * good.  Returns the row that had it, -1 for none; *settled says that the price
 * fell, so that the other row can bid at once.
 */
static int
bid(Matching *a, int i, bool *price_fell)
{
	TwoBest		b = two_best(a->cost + i * a->n, a->v, a->n);
	int			owner;

	*price_fell = false;
	if (b.j1 < 0 || (b.j2 < 0 && a->row[b.j1] >= 0))
		return i;				/* no choice: the search for paths sees to it */
	if (b.j2 >= 0 && b.second > b.first)
	{
		double		lower = a->v[b.j1] - (b.second - b.first);

		*price_fell = lower < a->v[b.j1];
		a->v[b.j1] = lower;
	}
	else if (b.j2 >= 0 && a->row[b.j1] >= 0 && a->row[b.j2] < 0)
		b.j1 = b.j2;
	owner = a->row[b.j1];
	if (owner >= 0 && !*price_fell)
		return i;				/* as good for its owner: nothing is won */
	if (owner >= 0)
		a->column[owner] = -1;
	a->row[b.j1] = i;
	a->column[i] = b.j1;
	return owner;
}

static void
sweep(Matching *a)
{
	Size		steps = 0;

	for (Size i = 0; i < a->m; i++)
	{
		int			free_row = (int) i;
		bool		price_fell = true;

		if (a->column[i] >= 0)
			continue;
		while (free_row >= 0 && price_fell && steps++ < STEPS_A_ROW * a->m)
		{
			free_row = bid(a, free_row, &price_fell);
			CHECK_FOR_INTERRUPTS();
		}
	}
}

/* ---- shortest augmenting paths ---- */

/* Paths on from row i, whose column lies at 'offset': returns the least distance of a column not settled. */
HOT_LOOP static double
extend(const double *restrict cost, const double *restrict price, double offset, int i, Size n,
	   double *restrict distance, int *restrict previous)
{
	double		least = INFINITY;

#pragma omp simd reduction(min:least)
	for (Size j = 0; j < n; j++)
	{
		double		d = cost[j] - price[j] + offset;
		bool		shorter = d < distance[j];

		distance[j] = shorter ? d : distance[j];
		previous[j] = shorter ? i : previous[j];
		least = distance[j] < least ? distance[j] : least;
	}
	return least;
}

/* A column at this distance, a free one if there is any. */
static int
column_at(const Matching *a, double distance)
{
	int			found = -1;

	for (Size j = 0; j < a->n; j++)
		if (a->distance[j] == distance)
		{
			if (a->row[j] < 0)
				return (int) j;
			if (found < 0)
				found = (int) j;
		}
	return found;
}

/* Matches free row 'start', changing others' columns along the path; false if there is none. */
static bool
augment(Matching *a, int start)
{
	Size		n_settled = 0;
	int			i = start;
	int			j;
	double		offset = 0;
	double		least;

	memcpy(a->price, a->v, a->n * sizeof(double));
	for (Size k = 0; k < a->n; k++)
		a->distance[k] = INFINITY;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		least = extend(a->cost + i * a->n, a->price, offset, i, a->n, a->distance, a->previous);
		if (!(least < INFINITY))
			return false;
		j = column_at(a, least);
		if (a->row[j] < 0)
			break;
		i = a->row[j];
		offset = least - (a->cost[i * a->n + j] - a->v[j]);
		a->settled_distance[n_settled] = least;
		a->settled[n_settled++] = j;
		a->distance[j] = INFINITY;
		a->price[j] = -INFINITY;
	}
	for (Size k = 0; k < n_settled; k++)
		a->v[a->settled[k]] += a->settled_distance[k] - least;
	do
	{
		int			next;

		i = a->previous[j];
		next = a->column[i];
		a->column[i] = j;
		a->row[j] = i;
		j = next;
	} while (i != start);
	return true;
}

/* ---- the whole ---- */

static bool
match(Matching *a)
{
	progress_begin("assignment", (double) a->m);
	for (int k = 0; k < SWEEPS; k++)
		sweep(a);
	for (Size i = 0; i < a->m; i++)
	{
		if (a->column[i] < 0 && !augment(a, (int) i))
			return false;
		progress_add(1);
	}
	progress_end();
	return true;
}

static double *
transposed(Size m, Size n, const double *a)
{
	double	   *t = huge_matrix(n, m);

	for (Size i0 = 0; i0 < m; i0 += 32)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			for (Size i = i0; i < Min(m, i0 + 32); i++)
				t[j * m + i] = a[i * n + j];
	}
	return t;
}

bool
assignment_solve(Size m, Size n, const double *cost, int *column)
{
	bool		tall = m > n;
	Size		doubles = size_add(size_mul(6, Max(m, n)), tall ? size_mul(m, n) : 0);
	MemoryContext scratch = scratch_create("assignment", size_mul(doubles, sizeof(double)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Matching	a = {.m = Min(m, n), .n = Max(m, n), .cost = tall ? transposed(m, n, cost) : cost};
	bool		feasible;

	a.v = huge_alloc0(Max(1, a.n) * sizeof(double));
	a.distance = huge_matrix(1, a.n);
	a.price = huge_matrix(1, a.n);
	a.settled_distance = huge_matrix(1, a.n);
	a.settled = huge_alloc(Max(1, a.n) * sizeof(int));
	a.previous = huge_alloc(Max(1, a.n) * sizeof(int));
	a.column = huge_alloc(Max(1, a.m) * sizeof(int));
	a.row = huge_alloc(Max(1, a.n) * sizeof(int));
	for (Size i = 0; i < a.m; i++)
		a.column[i] = -1;
	for (Size j = 0; j < a.n; j++)
		a.row[j] = -1;
	feasible = match(&a);
	if (m > 0)
		memcpy(column, tall ? a.row : a.column, m * sizeof(int));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return feasible;
}
