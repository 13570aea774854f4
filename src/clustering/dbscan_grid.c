/*
 * dbscan_grid.c
 *		DBSCAN in a few dimensions, by a grid (Gunawan 2013; Gan and Tao 2015).
 *
 * Cells have the radius as their diagonal, so all rows of a cell are neighbours:
 * the rows of a cell of min_points are core without a look, and the core rows of
 * a cell are one cluster.  What is left is to count, for rows of sparse cells, up
 * to min_points in the cells near by, and to ask of two cells near each other
 * that are not one cluster yet whether some two of their core rows are
 * neighbours.  The work is about n, however many neighbours rows have.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/dbscan.h"
#include "clustering/disjoint.h"
#include "voxel/cells.h"

#define SLACK		1e-6		/* room for the rounding of cells.c */
#define MAX_OFFSETS	2401		/* (2 CELLS_MAX_STEP + 1)^4 */

typedef struct Grid
{
	const Within *w;
	int			min_points;
	Cells	   *cells;
	double	   *x;				/* n x d, in the order of the cells */
	bool	   *core;			/* n, the same order */
	int32	   *n_core;			/* of each cell */
	double	   *box;			/* of each cell's core rows: d least, d largest */
	int32	   *parent;			/* disjoint sets of cells that have core rows */
	int32	   *label;			/* n, in the order of rows */
	int			n_offsets;
	int64		step[MAX_OFFSETS];
} Grid;

/* What is done with a cell and the cells near it. */
typedef void (*GridVisit) (Grid *g, int cell, int n_near, const int *near);

/* ---- distances: places in the order of the cells ---- */

static inline double
squared(const Grid *g, int a, int b)
{
	Size		d = g->w->d;
	double		sum = 0;

	for (Size k = 0; k < d; k++)
	{
		double		difference = g->x[a * d + k] - g->x[b * d + k];

		sum += difference * difference;
	}
	return sum;
}

static inline bool
near_each_other(const Grid *g, int a, int b)
{
	return sqrt(squared(g, a, b)) <= g->w->radius;
}

static bool
near_box(const Grid *g, int a, const double *box)
{
	Size		d = g->w->d;
	double		radius = g->w->radius * (1 + SLACK);
	double		sum = 0;

	for (Size k = 0; k < d; k++)
	{
		double		value = g->x[a * d + k];
		double		gap = Max(0, Max(box[k] - value, value - box[d + k]));

		sum += gap * gap;
	}
	return sum <= radius * radius;
}

/* ---- cells near a cell ---- */

/* Steps to other cells that may have a row within the radius. */
static void
find_offsets(Grid *g)
{
	int			d = (int) g->w->d;
	int			reach = (int) sqrt(d) + 1;
	int			offset[CELLS_MAX_DIMENSIONS];
	int			total = 1;

	for (int k = 0; k < d; k++)
		total *= 2 * reach + 1;
	for (int number = 0; number < total; number++)
	{
		int			rest = number;
		int			gap = 0;

		for (int k = 0; k < d; k++, rest /= 2 * reach + 1)
		{
			int			cells_between;

			offset[k] = rest % (2 * reach + 1) - reach;
			cells_between = Max(abs(offset[k]) - 1, 0);
			gap += cells_between * cells_between;
		}
		if (gap <= d && number != total / 2)
			g->step[g->n_offsets++] = cells_step(g->cells, offset);
	}
}

static void
visit_cells(Grid *g, GridVisit visit)
{
	const Cells *c = g->cells;
	int		   *place = palloc0(g->n_offsets * sizeof(int));
	int		   *near = palloc(g->n_offsets * sizeof(int));

	for (int cell = 0; cell < c->n_cells; cell++)
	{
		int			n_near = 0;

		for (int o = 0; o < g->n_offsets; o++)
		{
			uint64		key = c->key[cell] + g->step[o];

			place[o] = cells_advance(c, place[o], key);
			if (place[o] < c->n_cells && c->key[place[o]] == key)
				near[n_near++] = place[o];
		}
		visit(g, cell, n_near, near);
		progress_add(c->start[cell + 1] - c->start[cell]);
	}
	pfree(place);
	pfree(near);
}

/* ---- core rows ---- */

static bool
has_min_points(const Grid *g, int place, int in_cell, int n_near, const int *near)
{
	int			count = in_cell;

	for (int b = 0; b < n_near && count < g->min_points; b++)
		for (int q = g->cells->start[near[b]]; q < g->cells->start[near[b] + 1] && count < g->min_points; q++)
			count += near_each_other(g, place, q);
	return count >= g->min_points;
}

static void
add_to_box(Grid *g, double *box, int place, bool first)
{
	Size		d = g->w->d;

	for (Size k = 0; k < d; k++)
	{
		double		value = g->x[place * d + k];

		box[k] = first ? value : Min(box[k], value);
		box[d + k] = first ? value : Max(box[d + k], value);
	}
}

static void
find_core(Grid *g, int cell, int n_near, const int *near)
{
	int			first = g->cells->start[cell];
	int			end = g->cells->start[cell + 1];

	for (int p = first; p < end; p++)
	{
		CHECK_FOR_INTERRUPTS();
		g->core[p] = has_min_points(g, p, end - first, n_near, near);
		if (g->core[p])
			add_to_box(g, g->box + (Size) cell * 2 * g->w->d, p, g->n_core[cell]++ == 0);
	}
}

/* ---- clusters ---- */

static bool
touch(const Grid *g, int a, int b)
{
	const double *box = g->box + (Size) b * 2 * g->w->d;

	for (int p = g->cells->start[a]; p < g->cells->start[a + 1]; p++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!g->core[p] || !near_box(g, p, box))
			continue;
		for (int q = g->cells->start[b]; q < g->cells->start[b + 1]; q++)
			if (g->core[q] && near_each_other(g, p, q))
				return true;
	}
	return false;
}

static void
unite_cells(Grid *g, int cell, int n_near, const int *near)
{
	if (g->n_core[cell] == 0)
		return;
	for (int b = 0; b < n_near; b++)
		if (near[b] > cell && g->n_core[near[b]] > 0 &&
			disjoint_find(g->parent, cell) != disjoint_find(g->parent, near[b]) && touch(g, cell, near[b]))
			disjoint_unite(g->parent, cell, near[b]);
}

/* ---- labels ---- */

/* Looks for a nearer core row in a cell, the first of the rows where two are as near. */
static void
nearest_core(const Grid *g, int place, int cell, double *least, int *nearest, int *nearest_cell)
{
	const int32 *row = g->cells->point;

	for (int q = g->cells->start[cell]; q < g->cells->start[cell + 1]; q++)
	{
		double		distance;

		if (!g->core[q])
			continue;
		distance = squared(g, place, q);
		if (distance < *least || (distance == *least && *nearest >= 0 && row[q] < row[*nearest]))
		{
			*least = distance;
			*nearest = q;
			*nearest_cell = cell;
		}
	}
}

static int
border_cell(const Grid *g, int place, int cell, int n_near, const int *near)
{
	double		least = INFINITY;
	int			nearest = -1;
	int			nearest_cell = -1;

	nearest_core(g, place, cell, &least, &nearest, &nearest_cell);
	for (int b = 0; b < n_near; b++)
		if (g->n_core[near[b]] > 0 && near_box(g, place, g->box + (Size) near[b] * 2 * g->w->d))
			nearest_core(g, place, near[b], &least, &nearest, &nearest_cell);
	return sqrt(least) <= g->w->radius ? nearest_cell : -1;
}

static void
label_cell(Grid *g, int cell, int n_near, const int *near)
{
	for (int p = g->cells->start[cell]; p < g->cells->start[cell + 1]; p++)
	{
		int			of = g->core[p] ? cell : border_cell(g, p, cell, n_near, near);

		CHECK_FOR_INTERRUPTS();
		g->label[g->cells->point[p]] = of < 0 ? -1 : disjoint_find(g->parent, of);
	}
}

/* ---- all of it ---- */

static Size
grid_bytes(const Within *w)
{
	Size		per_row = 3 * w->d * sizeof(double) + 2 * sizeof(int32) + sizeof(bool);

	return size_add(cells_bytes((int) w->n), size_mul(w->n, per_row));
}

bool
dbscan_grid(const Within *w, int min_points, int32 *label)
{
	double		side = w->radius / sqrt((double) w->d) * (1 - SLACK);
	MemoryContext scratch;
	MemoryContext old;
	Grid		g = {.w = w, .min_points = min_points, .label = label};
	Cells	   *cells;

	if (!cells_fit((int) w->n, (int) w->d, w->x, side))
		return false;
	scratch = scratch_create("dbscan", grid_bytes(w), "Take fewer rows, a random part of them.");
	old = MemoryContextSwitchTo(scratch);
	g.cells = cells = cells_new((int) w->n, (int) w->d, w->x, side);
	g.x = huge_matrix(w->n, w->d);
	for (Size p = 0; p < w->n; p++)
		memcpy(g.x + p * w->d, w->x + cells->point[p] * w->d, w->d * sizeof(double));
	g.core = huge_alloc(w->n);
	g.n_core = huge_alloc0(cells->n_cells * sizeof(int32));
	g.box = huge_matrix(cells->n_cells, 2 * w->d);
	g.parent = huge_alloc(cells->n_cells * sizeof(int32));
	disjoint_init(cells->n_cells, g.parent);
	find_offsets(&g);
	progress_begin("dbscan", 3.0 * w->n);
	visit_cells(&g, find_core);
	visit_cells(&g, unite_cells);
	visit_cells(&g, label_cell);
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return true;
}
