/*
 * neighbours.c
 *		Which voxels lie within a radius of each other.
 *
 * Voxels are sorted into cells a little larger than the radius, so a voxel's
 * neighbours are in the 27 cells about its own; three cells in a row along z
 * follow one another, so these are 9 runs of voxels.  A first pass counts, and
 * what is wanted is then claimed; the second appends voxel i to the list of each
 * of its neighbours, i ascending, so that lists come out sorted.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "voxel/cells.h"
#include "voxel/neighbours.h"

#define RUNS 9
#define CELLS_MOST	1e5			/* along a dimension: cells smaller than this part of the space save nothing */
#define HINT		"Take a smaller radius, or fewer voxels."

typedef struct Search
{
	int			n;
	double		radius;
	const Voxel *voxel;
	const Cells *cells;
	const Voxel *by_cell;		/* n: in the order of the cells */
	const int32 *cell;			/* n: of each voxel */
	int32		(*run)[RUNS][2];	/* of each cell: from, to, as places in by_cell */
} Search;

static double
cell_side(int n, const double *x, double radius)
{
	double		largest = 0;

	for (Size i = 0; i < 3 * (Size) n; i++)
		largest = Max(largest, fabs(x[i]));
	if (largest == 0)
		largest = 1;
	return Max(Min(radius, 4 * largest), 2 * largest / CELLS_MOST) * (1 + 1e-6);
}

static void
find_runs(const Cells *c, int32 (*run)[RUNS][2])
{
	for (int r = 0; r < RUNS; r++)
	{
		const int	below[3] = {r / 3 - 1, r % 3 - 1, -1};
		const int	above[3] = {r / 3 - 1, r % 3 - 1, 2};
		int64		first_step = cells_step(c, below);
		int64		end_step = cells_step(c, above);
		int			first = 0;
		int			end = 0;

		for (int cell = 0; cell < c->n_cells; cell++)
		{
			first = cells_advance(c, first, c->key[cell] + first_step);
			end = cells_advance(c, Max(first, end), c->key[cell] + end_step);
			run[cell][r][0] = c->start[first];
			run[cell][r][1] = c->start[end];
		}
	}
}

static void
count_neighbours(const Search *s, Size *count)
{
	for (int i = 0; i < s->n; i++)
	{
		Size		found = 0;

		CHECK_FOR_INTERRUPTS();
		for (int r = 0; r < RUNS; r++)
			for (int at = s->run[s->cell[i]][r][0]; at < s->run[s->cell[i]][r][1]; at++)
				found += voxel_separation(&s->voxel[i], &s->by_cell[at]) <= s->radius;
		count[i] = found - 1;
		if ((i & 0xfff) == 0xfff)
			progress_add(0x1000);
	}
	progress_add(s->n & 0xfff);
}

static void
fill_neighbours(const Search *s, const VoxelNeighbours *found, Size *filled)
{
	for (int i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int r = 0; r < RUNS; r++)
			for (int at = s->run[s->cell[i]][r][0]; at < s->run[s->cell[i]][r][1]; at++)
			{
				int			j = s->cells->point[at];

				if (j != i && voxel_separation(&s->voxel[i], &s->by_cell[at]) <= s->radius)
					found->neighbour[filled[j]++] = i;
			}
		if ((i & 0xfff) == 0xfff)
			progress_add(0x1000);
	}
	progress_add(s->n & 0xfff);
}

/* The cells, the voxels in their order, and the runs. */
static Search
search_new(int n, const Voxel *v, double radius)
{
	Search		s = {.n = n, .radius = radius, .voxel = v};
	double	   *x = huge_matrix(n, 3);
	Voxel	   *by_cell = huge_alloc(Max(1, (Size) n) * sizeof(Voxel));
	int32	   *cell = huge_alloc(Max(1, (Size) n) * sizeof(int32));
	Cells	   *cells;

	for (Size i = 0; i < (Size) n; i++)
		for (int k = 0; k < 3; k++)
			x[3 * i + k] = v[i].x[k];
	cells = cells_new(n, 3, x, cell_side(n, x, radius));
	pfree(x);
	for (int c = 0; c < cells->n_cells; c++)
		for (int at = cells->start[c]; at < cells->start[c + 1]; at++)
		{
			by_cell[at] = v[cells->point[at]];
			cell[cells->point[at]] = c;
		}
	s.cells = cells;
	s.by_cell = by_cell;
	s.cell = cell;
	s.run = huge_alloc(Max(1, (Size) cells->n_cells) * sizeof(s.run[0]));
	find_runs(cells, s.run);
	return s;
}

static Size
search_bytes(int n)
{
	Size		per_voxel = 3 * sizeof(double) + sizeof(Voxel) + sizeof(int32) + 2 * (Size) RUNS * sizeof(int32);

	return size_add(cells_bytes(n), size_mul(n, per_voxel));
}

VoxelNeighbours *
voxel_neighbours(int n, const Voxel *v, double radius)
{
	VoxelNeighbours *found = palloc(sizeof(VoxelNeighbours));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "neighbours of voxels");
	MemoryContext scratch;
	MemoryContext old;
	Search		s;
	Size	   *filled;

	found->n = n;
	memory_claim_add(claim, size_mul((Size) n + 1, 2 * sizeof(Size)), HINT);
	found->start = huge_alloc(((Size) n + 1) * sizeof(Size));
	filled = huge_alloc(((Size) n + 1) * sizeof(Size));
	scratch = scratch_create("neighbours of voxels", search_bytes(n), HINT);
	old = MemoryContextSwitchTo(scratch);
	s = search_new(n, v, radius);
	MemoryContextSwitchTo(old);

	progress_begin("neighbours of voxels", 2.0 * n);
	count_neighbours(&s, filled);
	found->start[0] = 0;
	for (int i = 0; i < n; i++)
	{
		found->start[i + 1] = found->start[i] + filled[i];
		filled[i] = found->start[i];
	}
	memory_claim_add(claim, size_mul(found->start[n], sizeof(int32)), HINT);
	found->neighbour = huge_alloc(Max(1, found->start[n] * sizeof(int32)));
	fill_neighbours(&s, found, filled);
	progress_end();
	pfree(filled);
	memory_claim_sub(claim, size_mul((Size) n + 1, sizeof(Size)));
	MemoryContextDelete(scratch);
	return found;
}
