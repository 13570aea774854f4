/*
 * gram_ahead.c
 *		Folding a block of rows in while the next rows are read.
 *
 * Reading wide rows takes the backend about a quarter of the time that their
 * products take on all threads.  So the rows of a cell that are due are handed
 * to the other threads and the backend goes on reading into another block;
 * when the next rows are due, or somebody looks at the gram, the backend joins
 * in and waits for the rest.  One task is one tile of targets: centre its
 * columns, multiply, add to the moments, a chunk after the other.  What needs x
 * alone comes first, on all threads.
 *
 * The subtlety: between start and wait the gram's moments belong to the other
 * threads.  gram_add_row touches only rows; everybody else comes through
 * DatumGetGram or gram_fold_in, which wait.  An error in between resets the
 * gram's context, which stops and joins the threads before any memory goes.
 */
#include "postgres.h"

#include "linalg/linalg.h"
#include "stats/block.h"
#include "stats/gram.h"
#include "stats/gram_object.h"

#define MIN_FLOPS		1e9		/* of a block's X'Y; below, a thread costs more than it brings */
#define TILE_FLOPS		4e9
#define TASKS			8		/* or a multiple: an even share for 2, 4 or 8 threads */

typedef struct GramAhead
{
	ParallelRun *run;
	bool		busy;
	int			p;
	int			v;
	const double *cy;
	GramMoments *m;
	bool		fresh;			/* m's sxy has no value yet */
	GramChunk  *rows;			/* the chunks being folded in */
	GramChunk  *empty;			/* a block of room for new rows, or NULL */
	int			tile;			/* targets of a task */
	int			n_tasks;
	int			max_tasks;
	bool	   *too_wide;		/* a task: its products don't fit float4 */
	float	   *scratch;		/* a worker: p x tile */
	Size		scratch_floats;	/* a worker's */
	int			scratch_workers;
} GramAhead;

static void
tile_task(int64 i, int worker, void *arg)
{
	GramAhead  *a = arg;
	int			t0 = (int) (i * a->tile);
	int			nt = Min(a->tile, a->v - t0);

	for (const GramChunk *chunk = a->rows; chunk; chunk = chunk->next)
		block_centre_f4_raw((float *) chunk->y + t0, a->v, chunk->n, nt, a->cy + t0, a->m->sy + t0, a->m->syy + t0);
	a->too_wide[i] = !block_products_fit_float4(a->m->sxx, (Size) a->p + 1, a->p, a->m->syy + t0, nt);
	for (const GramChunk *chunk = a->rows; chunk && !a->too_wide[i]; chunk = chunk->next)
		gemm_f4_accumulate_raw(a->p, nt, chunk->n, chunk->x, a->p, (float *) chunk->y + t0, a->v,
							   !a->fresh || chunk != a->rows, a->m->sxy + t0, a->v, a->scratch + worker * a->scratch_floats);
}

static Size
scratch_bytes(const GramAhead *a)
{
	return size_mul(a->scratch_floats, a->scratch_workers * sizeof(float));
}

static void
free_scratch(Gram *g, GramAhead *a)
{
	if (a->scratch == NULL)
		return;
	memory_claim_sub(g->claim, scratch_bytes(a));
	pfree(a->scratch);
	a->scratch = NULL;
	a->scratch_floats = 0;
}

/* Tiles for blocks of so many rows, and the scratch that they take. */
static void
plan_tiles(Gram *g, GramAhead *a, int rows)
{
	double		flops = 2.0 * g->p * g->v * rows;
	int			n_tasks = TASKS * (1 + (int) (flops / (TILE_FLOPS * TASKS)));

	a->tile = (g->v + n_tasks - 1) / n_tasks;
	a->n_tasks = (g->v + a->tile - 1) / a->tile;
	if (a->n_tasks > a->max_tasks)
	{
		if (a->too_wide)
			pfree(a->too_wide);
		a->max_tasks = a->n_tasks;
		a->too_wide = MemoryContextAlloc(STATE_CONTEXT(g), a->max_tasks * sizeof(bool));
	}
	if ((Size) g->p * a->tile > a->scratch_floats || parallel_threads() > a->scratch_workers)
	{
		MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(g));

		free_scratch(g, a);
		memory_claim_add(g->claim, size_mul((Size) g->p * a->tile, parallel_threads() * sizeof(float)), NULL);
		a->scratch_floats = (Size) g->p * a->tile;
		a->scratch_workers = parallel_threads();
		a->scratch = huge_alloc(scratch_bytes(a));
		MemoryContextSwitchTo(old);
	}
}

/* Float4 rows, enough of them, and another thread to work on them. */
static bool
worth_it(Gram *g, const GramCell *cell)
{
	if (parallel_threads() == 1 || 2.0 * g->p * g->v * cell->n_held < MIN_FLOPS)
		return false;
	gram_need_centre(g);
	for (const GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
		if (gram_block_type(g, chunk) != TENSOR_FLOAT4)
			return false;
	return true;
}

/* Rows that have been folded in leave one block of room at most. */
static void
recycle(Gram *g, GramAhead *a)
{
	while (a->rows)
	{
		GramChunk  *chunk = a->rows;

		a->rows = chunk->next;
		chunk->next = NULL;
		chunk->n = 0;
		if (a->empty == NULL && chunk->capacity == gram_block_rows(g, chunk))
			a->empty = chunk;
		else
			gram_free_chunk(g, chunk);
	}
}

void
gram_fold_ahead(Gram *g, GramCell *cell)
{
	GramAhead  *a;

	gram_wait(g);
	if (!worth_it(g, cell))
	{
		gram_fold_in(g, cell);
		return;
	}
	a = g->ahead;
	if (a == NULL)
	{
		a = g->ahead = MemoryContextAllocZero(STATE_CONTEXT(g), sizeof(GramAhead));
		a->run = parallel_run_new(STATE_CONTEXT(g));
		a->p = g->p;
		a->v = g->v;
	}
	gram_join_small_chunks(g, cell);
	plan_tiles(g, a, (int) cell->n_held);
	a->m = gram_cell_moments(g, cell, &a->fresh);
	a->cy = g->cy;
	for (GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
		gram_fold_in_x(g, a->m, chunk, TENSOR_FLOAT4, chunk->x);

	/* the cell goes on with room that is left from before, or with a new block when its next row comes */
	a->rows = cell->first;
	cell->first = cell->last = a->empty;
	a->empty = NULL;
	cell->n_held = 0;
	cell->held_bytes = 0;
	g->products_float4 = true;
	a->busy = true;
	parallel_start(a->run, a->n_tasks, tile_task, a);
}

void
gram_wait(Gram *g)
{
	GramAhead  *a = g->ahead;

	if (a == NULL || !a->busy)
		return;
	parallel_finish(a->run);
	a->busy = false;
	for (int i = 0; i < a->n_tasks; i++)
		if (a->too_wide[i])
		{
			int			t0 = i * a->tile;

			for (int j = 0; j < a->p && a->fresh; j++)
				memset(a->m->sxy + (Size) j * a->v + t0, 0, Min(a->tile, a->v - t0) * sizeof(double));
			for (const GramChunk *chunk = a->rows; chunk; chunk = chunk->next)
				block_add_wide_products(chunk->x, a->p, (float *) chunk->y + t0, a->v, chunk->n,
										Min(a->tile, a->v - t0), a->m->sxy + t0, a->v);
		}
	recycle(g, a);
}

/* The room for further blocks is given back. */
void
gram_wait_and_free(Gram *g)
{
	GramAhead  *a = g->ahead;

	gram_wait(g);
	if (a == NULL)
		return;
	if (a->empty)
		gram_free_chunk(g, a->empty);
	a->empty = NULL;
	free_scratch(g, a);
}
