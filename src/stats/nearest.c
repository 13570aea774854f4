/*
 * nearest.c
 *		The k nearest rows of a matrix for each of its rows, exact.
 *
 * Squared distances are |a|^2 + |b|^2 - 2 a.b, the products by gemm in square
 * tiles of the upper triangle, each tile serving its rows and its columns: n^2 d
 * flops.  A panel of tiles is a parallel_for; a task owns its columns, and
 * leaves what it found for the panel's rows apart, to be joined after.
 *
 * The subtlety: such differences of large numbers lose digits.  So each row
 * keeps a few candidates more than k, whose distances are then taken from the
 * differences of the rows, and the row is done where rounding can't have kept a
 * nearer one out (or changed the k-th distance by more than 2e-10 of itself).
 * Where it can, all distances of that row are taken from differences: 3 n d flops.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/nearest.h"

#define MORE_CANDIDATES 4
#define TILE_MAX		512
#define TILE_MIN		32
#define TILE_FLOPS		1e9
#define CHUNK			16			/* columns whose distances are looked at together */
#define TOLERANCE		1e-10

/* Lists of the 'length' least distances: rows of length, ascending; unused places are infinite. */
typedef struct Lists
{
	int			length;
	double	   *distance;
	int32	   *index;
} Lists;

typedef struct Search
{
	Size		n;
	Size		d;
	const double *x;			/* n x d */
	const double *norm;			/* n: squared */
	Size		tile;
	int			k;
	Lists		all;			/* n */
	double	   *worst;			/* n: the last distance of each list */
	Lists		panel;			/* what a panel's tasks found for its rows: task by task, tile lists each */
	double	   *products;		/* a tile for each worker */
	Size		first;			/* of the panel's rows */
	int32	   *result;			/* n x k */
	double	   *squared;		/* n x k or NULL */
	Size		rows_per_task;
} Search;

/* ---- lists ---- */

static Lists
lists_new(Size n, int length)
{
	Lists		lists = {length, huge_matrix(n, length), huge_alloc0(size_mul(size_mul(n, length), sizeof(int32)))};

	for (Size i = 0; i < n * length; i++)
		lists.distance[i] = INFINITY;
	return lists;
}

static inline void
list_insert(int length, double *distance, int32 *index, double value, int32 which)
{
	int			at = length - 1;

	while (at > 0 && (distance[at - 1] > value || (distance[at - 1] == value && index[at - 1] > which)))
	{
		distance[at] = distance[at - 1];
		index[at] = index[at - 1];
		at--;
	}
	distance[at] = value;
	index[at] = which;
}

/* ---- tiles ---- */

/* Row i of the tile against columns j0 .. j0 + m - 1: products become distances. */
HOT_LOOP static void
products_to_distances(double *row, double norm, const double *norms, Size m)
{
	for (Size j = 0; j < m; j++)
		row[j] = norm + norms[j] - 2 * row[j];
}

/* Is any of CHUNK distances below the row's worst or its column's own? */
HOT_LOOP static bool
any_near(const double *distance, double worst, const double *worsts)
{
	int			near = 0;

	for (int j = 0; j < CHUNK; j++)
		near |= (distance[j] < worst) | (distance[j] < worsts[j]);
	return near != 0;
}

static void
keep_near(Search *s, Size i, Size j, double distance, double *row_distance, int32 *row_index, bool both)
{
	int			length = s->all.length;

	if (distance < Min(row_distance[length - 1], s->worst[i]))
		list_insert(length, row_distance, row_index, distance, (int32) j);
	if (both && distance < s->worst[j])
	{
		list_insert(length, s->all.distance + j * length, s->all.index + j * length, distance, (int32) i);
		s->worst[j] = s->all.distance[j * length + length - 1];
	}
}

/* The tile of the panel's rows and the number-th block of columns from there on. */
static void
search_tile(int64 number, int worker, void *arg)
{
	Search	   *s = arg;
	Size		i0 = s->first;
	Size		j0 = i0 + number * s->tile;
	Size		rows = Min(s->tile, s->n - i0);
	Size		m = Min(s->tile, s->n - j0);
	bool		both = number > 0;
	int			length = s->all.length;
	double	   *products = s->products + worker * s->tile * s->tile;

	gemm_f8_raw(false, true, rows, m, s->d, 1, s->x + i0 * s->d, s->d, s->x + j0 * s->d, s->d, 0, products, m);
	for (Size i = 0; i < rows; i++)
	{
		double	   *row = products + i * m;
		double	   *near = s->panel.distance + (number * s->tile + i) * length;
		int32	   *near_index = s->panel.index + (number * s->tile + i) * length;
		Size		j = 0;

		products_to_distances(row, s->norm[i0 + i], s->norm + j0, m);
		if (!both)
			row[i] = INFINITY;
		for (int l = 0; l < length; l++)
			near[l] = INFINITY;
		for (; j + CHUNK <= m; j += CHUNK)
			if (any_near(row + j, Min(near[length - 1], s->worst[i0 + i]), s->worst + j0 + j))
				for (Size c = j; c < j + CHUNK; c++)
					keep_near(s, i0 + i, j0 + c, row[c], near, near_index, both);
		for (; j < m; j++)
			keep_near(s, i0 + i, j0 + j, row[j], near, near_index, both);
	}
}

/* What the panel's tasks found for row i of it joins the row's list. */
static void
join_row(Search *s, Size n_tasks, Size i)
{
	int			length = s->all.length;
	double	   *distance = s->all.distance + (s->first + i) * length;
	int32	   *index = s->all.index + (s->first + i) * length;

	for (Size t = 0; t < n_tasks; t++)
	{
		Size		at = (t * s->tile + i) * length;

		for (int l = 0; l < length && s->panel.distance[at + l] < distance[length - 1]; l++)
			list_insert(length, distance, index, s->panel.distance[at + l], s->panel.index[at + l]);
	}
	s->worst[s->first + i] = distance[length - 1];
}

/* ---- exact distances ---- */

/*
 * Could a row that is no candidate be nearer than the k-th of them?  A row b more
 * than twice as long as a and as that distance is farther; the products of the
 * others are off by at most d epsilon |a| |b|, their distances by 'error'.
 */
static bool
is_certain(const Search *s, Size i, double kth, double last)
{
	double		error = 10 * (double) (s->d + 4) * DBL_EPSILON * Max(s->norm[i], kth);

	return kth == 0 || s->all.length == (int) (s->n - 1) || error <= TOLERANCE * kth || last - error >= kth;
}

static void
finish_row(Search *s, Size i)
{
	int			length = s->all.length;
	double	   *approximate = s->all.distance + i * length;
	int32	   *candidate = s->all.index + i * length;
	const double *row = s->x + i * s->d;
	double		last = approximate[length - 1];
	int32	   *index = s->result + i * s->k;
	double	   *distance = s->squared + i * s->k;

	for (int l = 0; l < s->k; l++)
		distance[l] = INFINITY;
	for (int l = 0; l < length; l++)
	{
		double		exact = squared_difference(row, s->x + (Size) candidate[l] * s->d, s->d);

		if (exact < distance[s->k - 1] || (exact == distance[s->k - 1] && candidate[l] < index[s->k - 1]))
			list_insert(s->k, distance, index, exact, candidate[l]);
	}
	if (is_certain(s, i, distance[s->k - 1], last))
		return;
	for (int l = 0; l < s->k; l++)
		distance[l] = INFINITY;
	for (Size j = 0; j < s->n; j++)
	{
		double		exact = j == i ? INFINITY : squared_difference(row, s->x + j * s->d, s->d);

		if (exact < distance[s->k - 1])
			list_insert(s->k, distance, index, exact, (int32) j);
	}
}

static void
finish_rows(int64 number, int worker, void *arg)
{
	Search	   *s = arg;
	Size		end = Min(s->n, (number + 1) * s->rows_per_task);

	for (Size i = number * s->rows_per_task; i < end; i++)
		finish_row(s, i);
}

/* ---- all of it ---- */

static Size
tile_of(Size d)
{
	double		rows = sqrt(TILE_FLOPS / (double) Max(d, 1));

	return (Size) Min(Max(rows, TILE_MIN), TILE_MAX);
}

static int
list_length(Size n, int k)
{
	return (int) Min((Size) k + MORE_CANDIDATES, n - 1);
}

Size
nearest_scratch(Size n, Size d, int k)
{
	Size		tile = tile_of(d);
	Size		entries = size_mul(size_add(size_mul(2, n), tile), list_length(n, k));
	Size		bytes = size_mul(entries, sizeof(double) + sizeof(int32));

	bytes = size_add(bytes, size_mul(size_mul(tile * tile, parallel_threads()), sizeof(double)));
	return size_add(bytes, size_mul(size_mul(n, 2 + (Size) k), sizeof(double)));
}

void
nearest_rows(Size n, Size d, const double *x, int k, int32 *index, double *squared)
{
	MemoryContext scratch = scratch_create("nearest rows", nearest_scratch(n, d, k), "Take fewer rows, a random part of them.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Size		tile = tile_of(d);
	Size		panels = (n + tile - 1) / tile;
	double	   *norm = huge_matrix(1, n);
	double	   *worst = huge_matrix(1, n);
	Search		s = {.n = n, .d = d, .x = x, .norm = norm, .tile = tile, .k = k, .worst = worst,
	.result = index, .squared = squared ? squared : huge_matrix(n, k)};

	Assert(k >= 1 && (Size) k < n && n <= PG_INT32_MAX);
	s.all = lists_new(n, list_length(n, k));
	s.panel = lists_new(panels * tile, list_length(n, k));
	s.products = huge_matrix(tile * tile, parallel_threads());
	for (Size i = 0; i < n; i++)
	{
		if ((i & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		norm[i] = squared_length(x + i * d, d);
		worst[i] = INFINITY;
	}
	progress_begin("nearest rows", (double) panels * (double) (panels + 1) / 2);
	for (Size p = 0; p < panels; p++)
	{
		s.first = p * tile;
		parallel_for((int64) (panels - p), 1, search_tile, &s);
		for (Size i = 0; i < Min(tile, n - s.first); i++)
			join_row(&s, panels - p, i);
	}
	s.rows_per_task = Max(1, (Size) (5e7 / ((double) n * (double) d)));	/* should all distances be needed */
	parallel_for((int64) ((n + s.rows_per_task - 1) / s.rows_per_task), 0, finish_rows, &s);
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
nearest_smallest(Size n, const double *distance, Size self, int k, int32 *index, double *smallest)
{
	for (int l = 0; l < k; l++)
		smallest[l] = INFINITY;
	for (Size j = 0; j < n; j++)
		if (j != self && distance[j] < smallest[k - 1])
			list_insert(k, smallest, index, distance[j], (int32) j);
}
