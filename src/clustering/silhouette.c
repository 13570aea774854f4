/*
 * silhouette.c
 *		Silhouettes (Rousseeuw 1987) without the matrix of distances.
 *
 * Euclidean.  Squared distances are |a|^2 + |b|^2 - 2 a.b about the mean, the
 * products by gemm in square tiles of the upper triangle: n^2 d flops, n^2 / 2
 * roots.  Rows are sorted by cluster, so that a tile's distances are summed by
 * runs of neighbours, and both ways: along a row for that row, down the column
 * for the column's row.  A panel of tiles is a parallel_for; a task owns its
 * columns.  Only one cluster's sum is open in a column at a time, since rows
 * come cluster by cluster: when its last row has passed, the mean is taken and
 * the least of them kept.  So memory is n numbers and one panel's sums (a tile's
 * rows times clusters and tiles), never n^2 nor n k.  Sums are added in the order
 * of rows, with any number of threads.
 *
 * The subtlety: such differences of large numbers lose digits where distances
 * are small.  Pairs nearer than NEAR of their squared lengths are taken from
 * the differences of the rows, 3 d flops each, so that a distance is good to
 * about 1e-10 and that of equal rows is 0.
 *
 * Squared.  The mean of |x - y|^2 over the rows y of a cluster is |x - m|^2 + W / n_c, m
 * its mean and W its sum of squares about it: 3 n k d flops.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/silhouette.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define TILE_MAX	256
#define TILE_MIN	32
#define TILE_FLOPS	5e8
#define NEAR		1e-5
#define SHORT		16			/* columns that are not worth vectors */

typedef struct Sweep
{
	const GroupedRows *g;
	double	   *norm;			/* n: squared lengths */
	double	   *open;			/* n: sum of distances to the rows so far of the cluster that is passing */
	double	   *own;			/* n: mean distance in the own cluster */
	double	   *nearest;		/* n: least mean distance to another */
	Size		tile;
	Size		first;			/* of the panel's rows */
	double	   *products;		/* a tile for each worker */
	double	   *unused;			/* a tile's columns for each worker: sums that are not wanted */
	double	   *sums;			/* of the panel: tile by tile, for each row the sums of the clusters in the tile's columns */
	Size	   *sums_at;		/* where a tile's are */
} Sweep;

/* ---- a row of a tile ---- */

/* Products become squared distances.  Is any so small that digits were lost? */
HOT_LOOP static bool
squares_from_products(double *row, double norm, const double *norms, Size m)
{
	int			near = 0;

	for (Size j = 0; j < m; j++)
	{
		double		both = norm + norms[j];

		row[j] = both - 2 * row[j];
		near |= row[j] < NEAR * both;
	}
	return near != 0;
}

static void
recheck_near(const Sweep *s, double *row, Size i, Size j0, Size m)
{
	const GroupedRows *g = s->g;
	Size		d = g->d;

	for (Size j = 0; j < m; j++)
		if (row[j] < NEAR * (s->norm[i] + s->norm[j0 + j]))
			row[j] = squared_difference(g->x + i * d, g->x + (j0 + j) * d, d);
}

/* Squared distances become distances, and are added to their columns. */
HOT_LOOP static void
add_distances(double *restrict row, Size m, double *restrict columns)
{
	for (Size j = 0; j < m; j++)
	{
		row[j] = sqrt(row[j]);
		columns[j] += row[j];
	}
}

/* sums[c]: distances to the tile's columns, first .. first + m - 1, that are of its c-th cluster */
HOT_LOOP static void
sum_by_cluster(const double *restrict row, Size first, Size m, const int *start, int n_clusters, double *restrict sums)
{
	Size		from = 0;

	for (int c = 0; c < n_clusters; c++)
	{
		Size		to = Min((Size) start[c + 1] - first, m);
		double		sum = 0;

		if (to - from < SHORT)
			for (Size j = from; j < to; j++)
				sum += row[j];
		else
#pragma omp simd reduction(+:sum)
			for (Size j = from; j < to; j++)
				sum += row[j];
		sums[c] = sum;
		from = to;
	}
}

/* ---- tiles ---- */

/* A cluster of 'size' rows has passed: its mean distance to columns that are not of it. */
HOT_LOOP static void
close_cluster(double *restrict open, double *restrict nearest, Size m, double size)
{
	for (Size j = 0; j < m; j++)
	{
		double		mean = open[j] / size;

		nearest[j] = mean < nearest[j] ? mean : nearest[j];
		open[j] = 0;
	}
}

/* The panel's rows against the number-th block of columns from there on. */
static void
add_tile(int64 number, int worker, void *arg)
{
	Sweep	   *s = arg;
	const GroupedRows *g = s->g;
	Size		d = g->d;
	Size		i0 = s->first;
	Size		j0 = i0 + number * s->tile;
	Size		rows = Min(s->tile, g->n - i0);
	Size		m = Min(s->tile, g->n - j0);
	int			first = g->group[j0];
	int			n_clusters = g->group[j0 + m - 1] - first + 1;
	double	   *products = s->products + worker * s->tile * s->tile;
	double	   *columns = number > 0 ? s->open + j0 : s->unused + worker * s->tile;

	gemm_f8_raw(false, true, rows, m, d, 1, g->x + i0 * d, d, g->x + j0 * d, d, 0, products, m);
	for (Size i = 0; i < rows; i++)
	{
		double	   *row = products + i * m;
		int			cluster = g->group[i0 + i];

		if (squares_from_products(row, s->norm[i0 + i], s->norm + j0, m))
			recheck_near(s, row, i0 + i, j0, m);
		add_distances(row, m, columns);
		sum_by_cluster(row, j0, m, g->start + first, n_clusters, s->sums + s->sums_at[number] + i * n_clusters);
		/* columns come after the panel's rows, so they are of later clusters */
		if (number > 0 && i0 + i + 1 == (Size) g->start[cluster + 1])
			close_cluster(columns, s->nearest + j0, m, GROUP_SIZE(g, cluster));
	}
}

/* ---- panels ---- */

static void
take_mean(Sweep *s, Size i, int cluster, double sum)
{
	int			size = GROUP_SIZE(s->g, cluster);

	if (cluster == s->g->group[i])
		s->own[i] = sum / Max(size - 1, 1);
	else
		s->nearest[i] = Min(s->nearest[i], sum / size);
}

/* Row i of the panel is complete: the clusters from the panel's first on, tile by tile. */
static void
finish_row(Sweep *s, Size n_tiles, Size i)
{
	const GroupedRows *g = s->g;
	int			cluster = g->group[s->first];
	double		sum = s->open[s->first + i];

	for (Size t = 0; t < n_tiles; t++)
	{
		Size		j0 = s->first + t * s->tile;
		int			c = g->group[j0];
		int			last = g->group[Min(j0 + s->tile, (Size) g->n) - 1];
		const double *sums = s->sums + s->sums_at[t] + i * (last - c + 1);

		for (; c <= last; c++, sums++)
		{
			if (c != cluster)
			{
				take_mean(s, s->first + i, cluster, sum);
				cluster = c;
				sum = 0;
			}
			sum += *sums;
		}
	}
	take_mean(s, s->first + i, cluster, sum);
}

static void
sweep_panel(Sweep *s, Size first)
{
	const GroupedRows *g = s->g;
	Size		n_tiles = (g->n - first + s->tile - 1) / s->tile;
	Size		at = 0;

	s->first = first;
	for (Size t = 0; t < n_tiles; t++)
	{
		Size		j0 = first + t * s->tile;

		s->sums_at[t] = at;
		at += s->tile * (g->group[Min(j0 + s->tile, (Size) g->n) - 1] - g->group[j0] + 1);
	}
	parallel_for(n_tiles, 1, add_tile, s);
	for (Size i = 0; i < Min(s->tile, g->n - first); i++)
		finish_row(s, n_tiles, i);
}

static Size
tile_of(Size d)
{
	return (Size) Min(Max(sqrt(TILE_FLOPS / (double) d), TILE_MIN), TILE_MAX);
}

static void
silhouettes(int n, const GroupedRows *g, const double *own, const double *nearest, double *value)
{
	for (int i = 0; i < n; i++)
	{
		double		more = Max(own[i], nearest[i]);

		value[i] = GROUP_SIZE(g, g->group[i]) == 1 || more == 0 ? 0 : (nearest[i] - own[i]) / more;
	}
}

void
silhouette_values(const GroupedRows *g, double *value)
{
	Size		n = g->n;
	Size		d = g->d;
	Size		tile = tile_of(d);
	Size		n_tiles = (n + tile - 1) / tile;
	Size		n_sums = size_mul(tile, size_add(g->k, n_tiles));
	Size		n_products = size_mul(tile * (tile + 1), parallel_threads());
	MemoryContext scratch = scratch_create("silhouette", size_mul(size_add(size_add(n_sums, n_products), 4 * n + n_tiles), sizeof(double)),
										   "Take fewer rows, a random part of them.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Sweep		s = {.g = g,.tile = tile};

	s.norm = huge_matrix(n, 1);
	s.open = huge_alloc0(n * sizeof(double));
	s.own = huge_matrix(n, 1);
	s.nearest = huge_matrix(n, 1);
	s.products = huge_matrix(tile * tile, parallel_threads());
	s.unused = huge_alloc0(tile * parallel_threads() * sizeof(double));
	s.sums = huge_matrix(n_sums, 1);
	s.sums_at = huge_alloc(n_tiles * sizeof(Size));
	for (Size i = 0; i < n; i++)
	{
		s.norm[i] = squared_length(g->x + i * d, d);
		s.nearest[i] = INFINITY;
	}
	progress_begin("silhouette", (double) n_tiles * (n_tiles + 1) / 2);
	for (Size first = 0; first < n; first += tile)
		sweep_panel(&s, first);
	progress_end();
	silhouettes(g->n, g, s.own, s.nearest, value);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- squared distances ---- */

typedef struct SquaredSweep
{
	const GroupedRows *g;
	const GroupMeans *m;
	double	   *own;
	double	   *nearest;
	Size		rows_per_task;
} SquaredSweep;

static void
squared_rows(int64 number, int worker, void *arg)
{
	SquaredSweep *s = arg;
	const GroupedRows *g = s->g;
	Size		end = Min((Size) g->n, (number + 1) * s->rows_per_task);

	for (Size i = number * s->rows_per_task; i < end; i++)
	{
		s->nearest[i] = INFINITY;
		for (int c = 0; c < g->k; c++)
		{
			double		size = GROUP_SIZE(g, c);
			double		mean = squared_difference(g->x + i * g->d, s->m->mean + (Size) c * g->d, g->d) + s->m->squares[c] / size;

			if (c != g->group[i])
				s->nearest[i] = Min(s->nearest[i], mean);
			else
				s->own[i] = size > 1 ? mean * size / (size - 1) : 0;
		}
	}
}

void
silhouette_values_squared(const GroupedRows *g, double *value)
{
	MemoryContext scratch = scratch_create("silhouette", size_mul(g->n, 2 * sizeof(double)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double		per_row = 3 * (double) g->k * g->d;
	SquaredSweep s = {g, group_means(g), huge_matrix(g->n, 1), huge_matrix(g->n, 1), 1};
	Size		n_tasks;

	s.rows_per_task = (Size) Min(Max(1e7 / per_row, 1), 1024);
	n_tasks = (g->n + s.rows_per_task - 1) / s.rows_per_task;
	progress_begin("silhouette", (double) n_tasks);
	parallel_for(n_tasks, 1, squared_rows, &s);
	progress_end();
	silhouettes(g->n, g, s.own, s.nearest, value);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
