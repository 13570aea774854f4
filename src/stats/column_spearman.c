/*
 * column_spearman.c
 *		Spearman's rank correlation of p pairs of columns.
 *
 * Ranks need every value of a column, so the rows are kept as they come (in
 * blocks that grow geometrically, in their own element type) and transposed at
 * the end, a few columns at a time, to be ranked by a radix sort (rank.c).  Ties
 * take the mean of their ranks, and r is Pearson's of the ranks (Spearman 1904),
 * so that it is exact with ties.
 *
 * Columns are shared among threads while a column is a short task; longer ones
 * are ranked one by one on the backend's thread, which looks for interrupts.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/columns.h"
#include "stats/rank.h"

#define BLOCK_FIRST_ROWS 8
#define BLOCK_MAX_BYTES ((Size) 32 << 20)

/* Values (rows x columns) that one task takes: some 30 ms */
#define TASK_VALUES ((Size) 1 << 18)
/* Rows of a column up to which it may be a task that can't be interrupted */
#define TASK_MAX_ROWS ((Size) 1 << 19)
#define TASK_MAX_COLUMNS 16

#define CLAIM_HINT "Ranks need every row: take fewer columns at a time, or column_corr on ranked values."

/* ---- rows ---- */

ColumnRows *
column_rows_new(MemoryContext cxt, Size p)
{
	ColumnRows *rows = MemoryContextAllocZero(cxt, sizeof(ColumnRows));

	rows->cxt = cxt;
	rows->claim = memory_claim(cxt, "column_spearman");
	rows->p = p;
	return rows;
}

static Size
row_bytes(Size p, TensorType dtype)
{
	return size_mul(size_mul(2, p), dtype);
}

/* A block for 'capacity' more rows, linked at the end. */
static ColumnBlock *
add_block(ColumnRows *rows, TensorType dtype, Size capacity)
{
	Size		bytes = size_mul(capacity, row_bytes(rows->p, dtype));
	ColumnBlock *block;

	memory_claim_add(rows->claim, size_add(bytes, sizeof(ColumnBlock)), CLAIM_HINT);
	block = MemoryContextAlloc(rows->cxt, sizeof(ColumnBlock));
	block->next = NULL;
	block->dtype = dtype;
	block->n = 0;
	block->capacity = capacity;
	block->rows = MemoryContextAllocHuge(rows->cxt, Max(bytes, 1));
	if (rows->last == NULL)
		rows->first = block;
	else
		rows->last->next = block;
	rows->last = block;
	return block;
}

void *
column_rows_add(ColumnRows *rows, TensorType dtype)
{
	ColumnBlock *block = rows->last;
	Size		bytes = row_bytes(rows->p, dtype);

	if (block == NULL || block->dtype != dtype || block->n == block->capacity)
	{
		Size		most = Max(BLOCK_MAX_BYTES / Max(bytes, 1), 1);

		block = add_block(rows, dtype, Min(Max(rows->n, BLOCK_FIRST_ROWS), most));
	}
	rows->n++;
	rows->bytes = size_add(rows->bytes, bytes);
	return (char *) block->rows + block->n++ * bytes;
}

void
column_rows_merge(ColumnRows *dst, const ColumnRows *src)
{
	for (const ColumnBlock *from = src->first; from != NULL; from = from->next)
	{
		Size		bytes = from->n * row_bytes(src->p, from->dtype);
		ColumnBlock *to;

		if (from->n == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		to = add_block(dst, from->dtype, from->n);
		memcpy(to->rows, from->rows, bytes);
		to->n = from->n;
		dst->n += from->n;
		dst->bytes = size_add(dst->bytes, bytes);
	}
}

/* ---- ranks ---- */

/* One worker's scratch */
typedef struct SpearmanScratch
{
	double	   *a;				/* columns x n */
	double	   *b;				/* columns x n */
	double	   *rank_a;			/* n */
	double	   *rank_b;			/* n */
	RankScratch rank;
} SpearmanScratch;

/* Pearson's r of two sets of ranks, whose mean is (n + 1) / 2. */
static double
rank_correlation(Size n, const double *x, const double *y)
{
	double		mean = 0.5 * ((double) n + 1);
	double		xx = 0,
				yy = 0,
				xy = 0;

	for (Size i = 0; i < n; i++)
	{
		double		dx = x[i] - mean;
		double		dy = y[i] - mean;

		xx += dx * dx;
		yy += dy * dy;
		xy += dx * dy;
	}
	return column_pearson(xx, yy, xy);
}

/* Spearman's r of n pairs; those with a NaN are dropped, in place. */
static double
spearman(SpearmanScratch *s, Size n, double *a, double *b, bool interruptible)
{
	Size		valid = 0;

	for (Size i = 0; i < n; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
		{
			a[valid] = a[i];
			b[valid] = b[i];
			valid++;
		}
	if (valid < 2)
		return NAN;
	rank_average(&s->rank, valid, a, s->rank_a, interruptible);
	rank_average(&s->rank, valid, b, s->rank_b, interruptible);
	return rank_correlation(valid, s->rank_a, s->rank_b);
}

/* ---- all columns ---- */

typedef struct SpearmanJob
{
	const ColumnRows *rows;
	SpearmanScratch *scratch;		/* one a worker */
	Size		columns;		/* of a task */
	bool		interruptible;
	double	   *out;
} SpearmanJob;

/* Columns first .. first + count - 1 into a and b of the scratch. */
static void
gather_columns(const SpearmanJob *job, SpearmanScratch *s, Size first, Size count)
{
	Size		p = job->rows->p;
	Size		n = job->rows->n;
	Size		row = 0;

	for (const ColumnBlock *block = job->rows->first; block != NULL; block = block->next)
		for (Size i = 0; i < block->n; i++, row++)
		{
			breathe(job->interruptible, row);
			if (block->dtype == TENSOR_FLOAT4)
			{
				const float *a = (const float *) block->rows + i * 2 * p + first;

				for (Size c = 0; c < count; c++)
				{
					s->a[c * n + row] = a[c];
					s->b[c * n + row] = a[p + c];
				}
			}
			else
			{
				const double *a = (const double *) block->rows + i * 2 * p + first;

				for (Size c = 0; c < count; c++)
				{
					s->a[c * n + row] = a[c];
					s->b[c * n + row] = a[p + c];
				}
			}
		}
}

static void
spearman_task(int64 i, int worker, void *arg)
{
	SpearmanJob *job = arg;
	SpearmanScratch *s = &job->scratch[worker];
	Size		n = job->rows->n;
	Size		first = (Size) i * job->columns;
	Size		count = Min(job->columns, job->rows->p - first);

	gather_columns(job, s, first, count);
	for (Size c = 0; c < count; c++)
		job->out[first + c] = spearman(s, n, s->a + c * n, s->b + c * n, job->interruptible);
}

static Size
spearman_scratch_bytes(Size n, Size columns)
{
	return size_add(size_mul(n, size_mul(2 * sizeof(double), columns + 1)), rank_scratch_bytes(n));
}

static void
spearman_scratch_allocate(SpearmanScratch *s, Size n, Size columns)
{
	s->a = huge_matrix(columns, n);
	s->b = huge_matrix(columns, n);
	s->rank_a = huge_matrix(1, n);
	s->rank_b = huge_matrix(1, n);
	rank_scratch_allocate(&s->rank, n);
}

void
column_rows_spearman(const ColumnRows *rows, double *out)
{
	SpearmanJob job;
	Size		n = rows->n;
	int			workers;
	int64		n_tasks;
	MemoryContext scratch,
				old;

	Assert(n > 0);
	if (n > RANK_MAX_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column_spearman over %zu rows exceeds the maximum of %zu", n,
						RANK_MAX_VALUES)));
	if (rows->p == 0)
		return;

	job.rows = rows;
	job.out = out;
	job.interruptible = n > TASK_MAX_ROWS;
	job.columns = Min(Max(TASK_VALUES / n, 1), Min(TASK_MAX_COLUMNS, rows->p));
	workers = job.interruptible ? 1 : parallel_threads();
	n_tasks = (int64) ((rows->p + job.columns - 1) / job.columns);

	scratch = scratch_create("neuroenc column_spearman",
							 size_mul(workers, spearman_scratch_bytes(n, job.columns)), CLAIM_HINT);
	old = MemoryContextSwitchTo(scratch);
	job.scratch = palloc(workers * sizeof(SpearmanScratch));
	for (int w = 0; w < workers; w++)
		spearman_scratch_allocate(&job.scratch[w], n, job.columns);
	MemoryContextSwitchTo(old);

	progress_begin("column_spearman", (double) n_tasks);
	if (job.interruptible)
		for (int64 i = 0; i < n_tasks; i++)
		{
			spearman_task(i, 0, &job);
			progress_add(1);
		}
	else
		parallel_for(n_tasks, 1, spearman_task, &job);
	progress_end();
	MemoryContextDelete(scratch);
}
