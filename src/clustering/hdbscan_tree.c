/*
 * hdbscan_tree.c
 *		The minimum spanning tree of mutual reachability distances.
 *
 * A row's core distance is that to its min_samples-th nearest row, itself the
 * first; two rows reach each other at the largest of their core distances and
 * their own distance.  The tree grows by Prim's algorithm (1957): n steps, each of
 * which measures one row against all.
 *
 * Measuring is a product with the matrix of all rows, which alone would run at
 * the speed of memory.  So products are taken for a block of rows at a time: the
 * one that is needed, and those outside the tree that are nearest to it, since
 * they are next.  Every row is wanted once, so blocks lose nothing: 2 n^2 d flops
 * at the speed of gemm.  Rows taken ahead are kept till their turn; when the store
 * is full the block that has fewest rows left makes room.
 *
 * Products only say which rows may have come nearer, with room for their
 * rounding; distances are then taken from differences, so equal rows are at
 * distance 0 and what is equally far ties.  For that the rows are centred about a
 * mean that is rounded so coarsely that float4 rows lose no digit.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/hdbscan.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/nearest.h"

#define BLOCK			64			/* rows whose products are taken together */
#define STORE_BYTES		((Size) 256 * 1024 * 1024)
#define CHUNK			32			/* products looked at together */
#define SECTION			256			/* rows outside the tree with a minimum of their own */
#define MEAN_BITS		10
#define MEMORY_HINT		"Take fewer rows, a random part of them."

typedef struct Prim
{
	Size		n;
	Size		d;
	const double *x;			/* n x d */
	const double *core;			/* n */
	double		slack;			/* of half a squared distance, as a part of both rows' half squared norms */
	double	   *half_least;		/* n: (1 - slack) |x|^2 / 2 */
	double	   *nearest;		/* n: distance to the tree; infinite for rows in it */
	int32	   *from;			/* n: the row of the tree at that distance */
	double	   *bound;			/* n: half_least - nearest^2 / 2, infinite where nothing is nearer */
	double	   *section;		/* minima of 'nearest' */
	int			n_blocks;
	double	   *products;		/* n_blocks x BLOCK x n */
	int		   *left;			/* n_blocks: rows whose turn has not come */
	int32	   *row_of;			/* n_blocks x BLOCK */
	int32	   *slot_of;		/* n: where in 'products' the row's are, or -1 */
	double	   *rows;			/* BLOCK x d: the rows of a block */
	double	   *wanted;			/* n: scratch */
} Prim;

/* ---- rows ---- */

/* About the mean of each column, rounded to a part of its range that keeps the digits of float4. */
static void
centre(Size n, Size d, double *x)
{
	for (Size k = 0; k < d; k++)
	{
		double		least = x[k];
		double		largest = x[k];
		double		sum = 0;
		double		mean;
		double		unit;

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < n; i++)
		{
			least = Min(least, x[i * d + k]);
			largest = Max(largest, x[i * d + k]);
			sum += x[i * d + k];
		}
		mean = sum / (double) n;
		unit = ldexp(Max(largest - least, fabs(mean) * DBL_EPSILON), -MEAN_BITS);
		unit = unit > DBL_MIN ? ldexp(1, ilogb(unit)) : 0;
		mean = largest == least ? least : unit > 0 ? rint(mean / unit) * unit : 0;
		for (Size i = 0; i < n; i++)
			x[i * d + k] -= mean;
	}
}

/*
 * Distances to the k-th nearest, taken by the same sum as all others: many edges
 * of the tree are as long as a core distance, and these must tie.
 */
static double *
core_distances(Size n, Size d, const double *x, int min_samples)
{
	double	   *core = huge_alloc0(n * sizeof(double));
	int			k = min_samples - 1;
	int32	   *index;

	if (k == 0)
		return core;
	index = huge_alloc(size_mul(n, (Size) k * sizeof(int32)));
	nearest_rows(n, d, x, k, index, NULL);
	for (Size i = 0; i < n; i++)
		core[i] = sqrt(squared_difference(x + i * d, x + (Size) index[i * k + k - 1] * d, d));
	pfree(index);
	return core;
}

/* ---- the nearest row outside the tree ---- */

static void
find_section(Prim *p, Size number)
{
	double		least = INFINITY;

	for (Size j = number * SECTION; j < Min(p->n, (number + 1) * SECTION); j++)
		least = Min(least, p->nearest[j]);
	p->section[number] = least;
}

static Size
nearest_outside(const Prim *p)
{
	Size		best = 0;
	Size		j;

	for (Size s = 1; s * SECTION < p->n; s++)
		if (p->section[s] < p->section[best])
			best = s;
	for (j = best * SECTION; p->nearest[j] > p->section[best]; j++)
		;
	return j;
}

/* ---- products taken ahead ---- */

/* A block without rows; if there is none, that with fewest loses them. */
static int
free_block(Prim *p)
{
	int			fewest = 0;

	for (int b = 1; b < p->n_blocks; b++)
		if (p->left[b] < p->left[fewest])
			fewest = b;
	for (int s = fewest * BLOCK; s < (fewest + 1) * BLOCK && p->left[fewest] > 0; s++)
		if (p->slot_of[p->row_of[s]] == s)
		{
			p->slot_of[p->row_of[s]] = -1;
			p->left[fewest]--;
		}
	return fewest;
}

/* Products of a row outside the tree and of those that are nearest to it and have none yet. */
static void
fetch_block(Prim *p, Size row)
{
	double		distance[BLOCK];
	int			block = free_block(p);
	int32	   *rows = p->row_of + (Size) block * BLOCK;
	int			n_rows = 1;

	for (Size j = 0; j < p->n; j++)
		p->wanted[j] = p->slot_of[j] < 0 ? p->nearest[j] : INFINITY;
	nearest_smallest(p->n, p->wanted, row, BLOCK - 1, rows + 1, distance + 1);
	rows[0] = (int32) row;
	while (n_rows < BLOCK && distance[n_rows] < INFINITY)
		n_rows++;
	for (int b = 0; b < n_rows; b++)
	{
		memcpy(p->rows + b * p->d, p->x + rows[b] * p->d, p->d * sizeof(double));
		p->slot_of[rows[b]] = block * BLOCK + b;
	}
	p->left[block] = n_rows;
	gemm_f8(false, true, n_rows, p->n, p->d, 1, p->rows, p->d, p->x, p->d, 0,
			p->products + (Size) block * BLOCK * p->n, p->n);
}

/* ---- one step ---- */

/* Can any of CHUNK rows have come nearer? */
HOT_LOOP static bool
any_nearer(const double *product, const double *bound, double limit)
{
	int			nearer = 0;

	for (int j = 0; j < CHUNK; j++)
		nearer |= bound[j] - product[j] < limit;
	return nearer != 0;
}

/* The row of the tree may be nearer to row j than those before it. */
static void
offer(Prim *p, Size row, Size j)
{
	double		distance = sqrt(squared_difference(p->x + row * p->d, p->x + j * p->d, p->d));

	distance = Max(distance, Max(p->core[row], p->core[j]));
	if (!(distance < p->nearest[j]))
		return;
	p->nearest[j] = distance;
	p->from[j] = (int32) row;
	p->bound[j] = distance > p->core[j] ? p->half_least[j] - distance * distance / 2 * (1 + 8 * DBL_EPSILON) : INFINITY;
	p->section[j / SECTION] = Min(p->section[j / SECTION], distance);
}

static void
add_row(Prim *p, Size row)
{
	const double *product;
	double		limit = -p->half_least[row];
	Size		j = 0;

	p->nearest[row] = INFINITY;
	p->bound[row] = INFINITY;
	find_section(p, row / SECTION);
	if (p->slot_of[row] < 0)
		fetch_block(p, row);
	product = p->products + (Size) p->slot_of[row] * p->n;
	for (; j + CHUNK <= p->n; j += CHUNK)
		if (any_nearer(product + j, p->bound + j, limit))
			for (Size c = j; c < j + CHUNK; c++)
				if (p->bound[c] - product[c] < limit)
					offer(p, row, c);
	for (; j < p->n; j++)
		if (p->bound[j] - product[j] < limit)
			offer(p, row, j);
	p->left[p->slot_of[row] / BLOCK]--;
	p->slot_of[row] = -1;
}

/* The first row: nothing is known of the others. */
static void
start(Prim *p)
{
	for (Size j = 0; j < p->n; j++)
	{
		if ((j & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		p->half_least[j] = (1 - p->slack) * squared_length(p->x + j * p->d, p->d) / 2;
		p->nearest[j] = INFINITY;
		p->slot_of[j] = -1;
	}
	for (Size s = 0; s * SECTION < p->n; s++)
		p->section[s] = INFINITY;
	for (Size j = 1; j < p->n; j++)
	{
		if ((j & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		offer(p, 0, j);
	}
	p->bound[0] = INFINITY;
}

/* ---- all of it ---- */

static int
compare_edges(const void *a, const void *b)
{
	const HdbscanEdge *x = a;
	const HdbscanEdge *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

static int
store_blocks(Size n)
{
	return (int) Min(n / BLOCK + 1, Max(2, STORE_BYTES / (BLOCK * n * sizeof(double))));
}

static Size
tree_bytes(Size n, Size d, int min_samples)
{
	Size		rows = size_mul(size_add(n, BLOCK), size_mul(d, sizeof(double)));
	Size		each = size_mul(n, 6 * sizeof(double) + 2 * sizeof(int32) + sizeof(double) / SECTION + 1);
	Size		core = size_mul(n, size_mul(min_samples, sizeof(int32)));

	return size_add(size_add(rows, each), size_add(core, size_mul(store_blocks(n), size_mul(n, BLOCK * sizeof(double)))));
}

static void
grow(Prim *p, HdbscanEdge *edge)
{
	progress_begin("hdbscan", (double) p->n - 1);
	start(p);
	for (Size step = 1; step < p->n; step++)
	{
		Size		row = nearest_outside(p);

		CHECK_FOR_INTERRUPTS();
		edge[step - 1] = (HdbscanEdge) {p->nearest[row], p->from[row], (int32) row};
		add_row(p, row);
		if ((step & 0xff) == 0)
			progress_add(0x100);
	}
	progress_add((p->n - 1) & 0xff);
	progress_end();
}

void
hdbscan_tree(const PointRows *rows, int min_samples, HdbscanEdge *edge)
{
	Size		n = rows->n;
	Size		d = rows->d;
	MemoryContext scratch = scratch_create("hdbscan", tree_bytes(n, d, min_samples), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x = huge_matrix(n, d);
	Prim		p = {.n = n, .d = d, .x = x, .slack = ((double) d + 16) * DBL_EPSILON, .n_blocks = store_blocks(n)};
	int			power;

	Assert(min_samples >= 1 && (Size) min_samples <= n);
	point_rows_read_f8(rows, 0, rows->n, x);
	power = scale_to_one(n * d, x);
	centre(n, d, x);
	p.core = core_distances(n, d, x, min_samples);
	p.half_least = huge_matrix(1, n);
	p.nearest = huge_matrix(1, n);
	p.bound = huge_matrix(1, n);
	p.wanted = huge_matrix(1, n);
	p.section = huge_matrix(1, n / SECTION + 1);
	p.from = huge_alloc(n * sizeof(int32));
	p.slot_of = huge_alloc(n * sizeof(int32));
	p.left = palloc0(p.n_blocks * sizeof(int));
	p.row_of = palloc0((Size) p.n_blocks * BLOCK * sizeof(int32));
	p.products = huge_matrix((Size) p.n_blocks * BLOCK, n);
	p.rows = huge_matrix(BLOCK, d);
	grow(&p, edge);
	for (Size e = 0; e + 1 < n; e++)
		edge[e].weight = ldexp(edge[e].weight, power);
	qsort(edge, n - 1, sizeof(HdbscanEdge), compare_edges);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
