/*
 * column_spearman.c
 *		Spearman's rank correlation of p pairs of columns.
 *
 * Ranks need every value of a column, so the rows are kept as they come (in
 * blocks that grow geometrically, in their own element type) and transposed at
 * the end, a few columns at a time.  A column's values become sortable integers
 * and are ranked by a least-significant-digit radix sort: O(n) a column and the
 * same for any distribution; digits that all values share are skipped, which
 * for float4 data is a third of them.  Ties take the mean of their ranks, and r
 * is Pearson's of the ranks (Spearman 1904), so that it is exact with ties.
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

#define BLOCK_FIRST_ROWS 8
#define BLOCK_MAX_BYTES ((Size) 32 << 20)

/* Values (rows x columns) that one task takes: some 30 ms */
#define TASK_VALUES ((Size) 1 << 18)
/* Rows of a column up to which it may be a task that can't be interrupted */
#define TASK_MAX_ROWS ((Size) 1 << 19)
#define TASK_MAX_COLUMNS 16

#define MAX_DIGIT_BITS 11

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

/* In a loop over rows: interrupts are looked for where the thread may. */
static inline void
breathe(bool interruptible, Size i)
{
	if (interruptible && (i & 0xfffff) == 0)
		CHECK_FOR_INTERRUPTS();
}

/* One worker's scratch; each array is n long but the two of the gather. */
typedef struct RankScratch
{
	double	   *a;				/* columns x n */
	double	   *b;				/* columns x n */
	double	   *rank_a;
	double	   *rank_b;
	uint64	   *key[2];
	uint32	   *index[2];
} RankScratch;

/* An integer that sorts as the value does; -0 and 0 are the same. */
static inline uint64
sortable(double value)
{
	union
	{
		double		f;
		uint64		u;
	}			bits = {.f = value + 0.0};

	return bits.u ^ ((bits.u >> 63) != 0 ? ~UINT64CONST(0) : UINT64CONST(1) << 63);
}

/* Sort key[0] with its index[0]; returns which of the two buffers holds the result. */
static int
radix_sort(RankScratch *s, Size n, bool interruptible)
{
	int			bits = n < 2048 ? 8 : MAX_DIGIT_BITS;
	uint64		digit_mask = (UINT64CONST(1) << bits) - 1;
	int			from = 0;

	for (int shift = 0; shift < 64; shift += bits)
	{
		Size		start[1 << MAX_DIGIT_BITS];
		const uint64 *key = s->key[from];
		const uint32 *index = s->index[from];
		uint64	   *to_key = s->key[1 - from];
		uint32	   *to_index = s->index[1 - from];
		Size		sum = 0;

		memset(start, 0, ((Size) 1 << bits) * sizeof(Size));
		for (Size i = 0; i < n; i++)
		{
			breathe(interruptible, i);
			start[(key[i] >> shift) & digit_mask]++;
		}
		if (start[(key[0] >> shift) & digit_mask] == n)
			continue;
		for (uint64 d = 0; d <= digit_mask; d++)
		{
			Size		count = start[d];

			start[d] = sum;
			sum += count;
		}
		for (Size i = 0; i < n; i++)
		{
			Size		to = start[(key[i] >> shift) & digit_mask]++;

			breathe(interruptible, i);
			to_key[to] = key[i];
			to_index[to] = index[i];
		}
		from = 1 - from;
	}
	return from;
}

/* Ranks 1 .. n of n > 0 values, ties averaged. */
static void
rank_values(RankScratch *s, Size n, const double *values, double *ranks, bool interruptible)
{
	int			sorted;

	for (Size i = 0; i < n; i++)
	{
		s->key[0][i] = sortable(values[i]);
		s->index[0][i] = (uint32) i;
	}
	sorted = radix_sort(s, n, interruptible);
	for (Size i = 0; i < n;)
	{
		Size		end = i + 1;

		while (end < n && s->key[sorted][end] == s->key[sorted][i])
			end++;
		for (Size k = i; k < end; k++)
		{
			breathe(interruptible, k);
			ranks[s->index[sorted][k]] = 0.5 * (double) (i + 1 + end);
		}
		i = end;
	}
}

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
spearman(RankScratch *s, Size n, double *a, double *b, bool interruptible)
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
	rank_values(s, valid, a, s->rank_a, interruptible);
	rank_values(s, valid, b, s->rank_b, interruptible);
	return rank_correlation(valid, s->rank_a, s->rank_b);
}

/* ---- all columns ---- */

typedef struct SpearmanJob
{
	const ColumnRows *rows;
	RankScratch *scratch;		/* one a worker */
	Size		columns;		/* of a task */
	bool		interruptible;
	double	   *out;
} SpearmanJob;

/* Columns first .. first + count - 1 into a and b of the scratch. */
static void
gather_columns(const SpearmanJob *job, RankScratch *s, Size first, Size count)
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
	RankScratch *s = &job->scratch[worker];
	Size		n = job->rows->n;
	Size		first = (Size) i * job->columns;
	Size		count = Min(job->columns, job->rows->p - first);

	gather_columns(job, s, first, count);
	for (Size c = 0; c < count; c++)
		job->out[first + c] = spearman(s, n, s->a + c * n, s->b + c * n, job->interruptible);
}

static Size
rank_scratch_bytes(Size n, Size columns)
{
	Size		row = size_add(size_mul(2 * sizeof(double), columns),
							   2 * (sizeof(double) + sizeof(uint64) + sizeof(uint32)));

	return size_mul(n, row);
}

static void
rank_scratch_allocate(RankScratch *s, Size n, Size columns)
{
	s->a = huge_alloc(n * columns * sizeof(double));
	s->b = huge_alloc(n * columns * sizeof(double));
	s->rank_a = huge_alloc(n * sizeof(double));
	s->rank_b = huge_alloc(n * sizeof(double));
	for (int k = 0; k < 2; k++)
	{
		s->key[k] = huge_alloc(n * sizeof(uint64));
		s->index[k] = huge_alloc(n * sizeof(uint32));
	}
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
	if (n > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column_spearman over %zu rows exceeds the maximum of %u", n,
						PG_UINT32_MAX)));
	if (rows->p == 0)
		return;

	job.rows = rows;
	job.out = out;
	job.interruptible = n > TASK_MAX_ROWS;
	job.columns = Min(Max(TASK_VALUES / n, 1), Min(TASK_MAX_COLUMNS, rows->p));
	workers = job.interruptible ? 1 : parallel_threads();
	n_tasks = (int64) ((rows->p + job.columns - 1) / job.columns);

	scratch = scratch_create("neuroenc column_spearman",
							 size_mul(workers, rank_scratch_bytes(n, job.columns)), CLAIM_HINT);
	old = MemoryContextSwitchTo(scratch);
	job.scratch = palloc(workers * sizeof(RankScratch));
	for (int w = 0; w < workers; w++)
		rank_scratch_allocate(&job.scratch[w], n, job.columns);
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
