/*
 * unit_columns.c
 *		The rows of points unit by unit.
 *
 * Rows are rows in memory, and what looks at one unit alone (ranks, neighbours in
 * value, the most active rows) reads columns.  Some units are transposed at a
 * time, enough of them for every thread and for whole cache lines, so that
 * memory stays that of the rows.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/unit_columns.h"

#define UNITS_AT_ONCE 64
#define LONG_TASK 150e6			/* ns */

typedef struct UnitTile
{
	Size		n;
	int			first;
	const double *column;
	UnitTask	task;
	void	   *arg;
} UnitTile;

Size
unit_columns_bytes(const PointRows *r)
{
	return size_mul(size_mul(Max(1, r->n), Min(UNITS_AT_ONCE, r->d)), sizeof(double));
}

static void
run_unit(int64 i, int worker, void *arg)
{
	const UnitTile *tile = arg;

	tile->task(tile->first + (int) i, tile->column + (Size) i * tile->n, worker, false, tile->arg);
}

void
unit_columns(const PointRows *r, const char *stage, int ns, UnitTask task, void *arg)
{
	double	   *column = huge_matrix(Max(1, r->n), Min(UNITS_AT_ONCE, r->d));
	UnitTile	tile = {.n = r->n,.column = column,.task = task,.arg = arg};

	progress_begin(stage, r->d);
	for (; tile.first < r->d; tile.first += UNITS_AT_ONCE)
	{
		int			count = Min(UNITS_AT_ONCE, r->d - tile.first);

		point_rows_columns_f8(r, tile.first, count, column);
		if ((double) r->n * ns <= LONG_TASK)
			parallel_for(count, 1, run_unit, &tile);
		else
			for (int i = 0; i < count; i++)
			{
				task(tile.first + i, column + (Size) i * tile.n, 0, true, arg);
				progress_add(1);
			}
	}
	progress_end();
	pfree(column);
}
