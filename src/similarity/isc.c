/*
 * isc.c
 *		Inter-subject correlation (Hasson et al. 2004), and inter-subject functional
 *		correlation (Simony et al. 2016).
 *
 * isc works on a few voxels of all subjects at a time, a task of parallel_for,
 * so that the passes over a tile run in the cache: memory is read once, a cache
 * line or two a row.  The mean of the others is the sum of the subjects before
 * and of those after: nothing is subtracted, so a subject of a far larger scale
 * costs no digits of the others', and others that are constant are so exactly.
 *
 * isfc is a product of v x v a subject, 2 n_times v^2 flops.
 *
 * Missing values, voxel by voxel: a subject without any value is left out, then
 * the times at which one of the rest has none.  So all subjects are compared at
 * the same times, and a subject's own mean can't come and go in that of the
 * others.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/isc.h"

#define MEMORY_HINT "Take fewer subjects or times."
#define TILE_ELEMENTS	((Size) 1 << 19)	/* of all subjects: 4 MB */
#define TILE_COLUMNS	((Size) 8)	/* at least, within the next */
#define TASK_ELEMENTS	((Size) 1 << 23)	/* some 60 ms */

typedef struct IscTiles
{
	const AlignedRecordings *r;
	Size		v;
	Size		width;			/* columns of a tile */
	bool		pairwise;
	double	   *out;
	char	   *scratch;		/* a worker's: scratch + worker x stride */
	Size		stride;
} IscTiles;

/* What a task works on, rows of m columns. */
typedef struct IscTile
{
	int			n_subjects;
	Size		n_times;
	Size		m;
	double	   *x;				/* n_subjects x n_times x m */
	double	   *after;			/* the same: sums of the subjects after each */
	double	   *before;			/* n_times x m: sums of the subjects before */
	double	   *others;			/* n_times x m */
	double	   *valid;			/* n_times x m, 1 where all have a value; NULL: everywhere */
	bool	   *absent;			/* n_subjects x m: has no value at all */
} IscTile;

static Size
tile_bytes(const IscTiles *tiles)
{
	Size		rows = size_mul(tiles->r->n_times, tiles->width);
	Size		subjects = tiles->r->n_subjects;
	Size		doubles = size_mul(rows, size_add(size_mul(subjects, tiles->pairwise ? 1 : 2), 3));

	return TYPEALIGN(64, size_add(size_mul(doubles, sizeof(double)), size_mul(subjects, tiles->width)));
}

static IscTile
tile_in(const IscTiles *tiles, int worker, Size m)
{
	const AlignedRecordings *r = tiles->r;
	Size		rows = (Size) r->n_times * m;
	IscTile		tile = {.n_subjects = r->n_subjects, .n_times = r->n_times, .m = m};

	tile.before = (double *) (tiles->scratch + worker * tiles->stride);
	tile.others = tile.before + rows;
	tile.valid = tile.others + rows;
	tile.x = tile.valid + rows;
	tile.after = tile.x + r->n_subjects * rows;
	tile.absent = (bool *) (tile.after + (tiles->pairwise ? 0 : r->n_subjects * rows));
	return tile;
}

static double *
subject_rows(const IscTile *tile, int subject)
{
	return tile->x + subject * tile->n_times * tile->m;
}

/* ---- missing values ---- */

HOT_LOOP static bool
any_nan(const double *x, Size n)
{
	int			found = 0;

	for (Size i = 0; i < n; i++)
		found |= x[i] != x[i];
	return found != 0;
}

/* Fills absent (and puts zeros there, so that sums do without), then valid. */
static void
find_missing(IscTile *tile)
{
	Size		rows = tile->n_times * tile->m;

	if (!any_nan(tile->x, tile->n_subjects * rows))
	{
		memset(tile->absent, 0, tile->n_subjects * tile->m);
		tile->valid = NULL;
		return;
	}
	for (Size e = 0; e < rows; e++)
		tile->valid[e] = 1;
	for (int i = 0; i < tile->n_subjects; i++)
	{
		double	   *x = subject_rows(tile, i);
		bool	   *absent = tile->absent + i * tile->m;

		memset(absent, true, tile->m);
		for (Size e = 0; e < rows; e++)
			absent[e % tile->m] &= isnan(x[e]);
		for (Size e = 0; e < rows; e++)
		{
			if (absent[e % tile->m])
				x[e] = 0;
			else if (isnan(x[e]))
				tile->valid[e] = 0;
		}
	}
}

/* ---- correlations ---- */

/* r[j] = sum of a b by column */
HOT_LOOP static void
column_products(const double *a, const double *b, Size n, Size m, double *r)
{
	for (Size j = 0; j < m; j++)
		r[j] = 0;
	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < m; j++)
			r[j] += a[i * m + j] * b[i * m + j];
}

HOT_LOOP static void
add(const double *a, const double *b, Size n, double *sum)
{
	for (Size e = 0; e < n; e++)
		sum[e] = a[e] + b[e];
}

/* Of unit columns: NaN with fewer than two values, or where a subject is not there. */
static double
correlation(double product, int n_values, bool there)
{
	if (!there || n_values < 2)
		return NAN;
	return Max(-1.0, Min(1.0, product));
}

static void
leave_one_out_tile(IscTile *tile, double *out, Size v)
{
	Size		rows = tile->n_times * tile->m;
	int			last = tile->n_subjects - 1;
	int			n_there[COLUMNS_AT_ONCE] = {0};

	for (int i = 0; i <= last; i++)
		for (Size j = 0; j < tile->m; j++)
			n_there[j] += !tile->absent[i * tile->m + j];
	memset(tile->after + last * rows, 0, rows * sizeof(double));
	for (int i = last - 1; i >= 0; i--)
		add(tile->after + (i + 1) * rows, subject_rows(tile, i + 1), rows, tile->after + i * rows);
	memset(tile->before, 0, rows * sizeof(double));
	for (int i = 0; i <= last; i++)
	{
		double	   *x = subject_rows(tile, i);
		double		product[COLUMNS_AT_ONCE];
		int			n_values[COLUMNS_AT_ONCE];

		add(tile->before, tile->after + i * rows, rows, tile->others);
		add(tile->before, x, rows, tile->before);
		columns_standardize(x, tile->valid, (int) tile->n_times, (int) tile->m, tile->m, n_values);
		columns_standardize(tile->others, tile->valid, (int) tile->n_times, (int) tile->m, tile->m, n_values);
		column_products(x, tile->others, tile->n_times, tile->m, product);
		for (Size j = 0; j < tile->m; j++)
			out[i * v + j] = correlation(product[j], n_values[j], !tile->absent[i * tile->m + j] && n_there[j] > 1);
	}
}

static void
pairwise_tile(IscTile *tile, double *out, Size v)
{
	int			n_values[COLUMNS_AT_ONCE];
	double		product[COLUMNS_AT_ONCE];
	Size		m = tile->m;

	for (int i = 0; i < tile->n_subjects; i++)
		columns_standardize(subject_rows(tile, i), tile->valid, (int) tile->n_times, (int) m, m, n_values);
	for (int i = 0; i < tile->n_subjects; i++)
		for (int k = i + 1; k < tile->n_subjects; k++)
		{
			column_products(subject_rows(tile, i), subject_rows(tile, k), tile->n_times, m, product);
			for (Size j = 0; j < m; j++)
				out[j] = correlation(product[j], n_values[j], !tile->absent[i * m + j] && !tile->absent[k * m + j]);
			out += v;
		}
}

static void
isc_task(int64 task, int worker, void *arg)
{
	const IscTiles *tiles = arg;
	Size		first = (Size) task * tiles->width;
	IscTile		tile = tile_in(tiles, worker, Min(tiles->width, tiles->v - first));

	for (int i = 0; i < tile.n_subjects; i++)
		recordings_gather(&tiles->r->subject[i], 0, (int) tile.n_times, (int) first, (int) tile.m,
						  subject_rows(&tile, i), tile.m);
	find_missing(&tile);
	if (tiles->pairwise)
		pairwise_tile(&tile, tiles->out + first, tiles->v);
	else
		leave_one_out_tile(&tile, tiles->out + first, tiles->v);
}

static void
run_tiles(const AlignedRecordings *r, bool pairwise, double *out)
{
	Size		rows = (Size) r->n_subjects * r->n_times;
	Size		work = pairwise ? rows * (1 + r->n_subjects / 8) : rows;	/* in elements of a column */
	IscTiles	tiles = {.r = r, .v = r->subject[0].v, .pairwise = pairwise, .out = out};
	int64		n_tasks;
	MemoryContext scratch;
	MemoryContext old;

	tiles.width = Max(TILE_ELEMENTS / rows, Min(TILE_COLUMNS, TASK_ELEMENTS / work));
	tiles.width = Min(Max(1, tiles.width), COLUMNS_AT_ONCE);
	tiles.width = Min(tiles.width, tiles.v);
	tiles.stride = tile_bytes(&tiles);
	n_tasks = (int64) ((tiles.v + tiles.width - 1) / tiles.width);
	scratch = scratch_create("isc", size_mul(tiles.stride, parallel_threads()), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	tiles.scratch = huge_alloc(tiles.stride * parallel_threads());
	progress_begin("isc", (double) n_tasks);
	parallel_for(n_tasks, 1, isc_task, &tiles);
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
isc_leave_one_out(const AlignedRecordings *r, double *out)
{
	run_tiles(r, false, out);
}

void
isc_pairwise(const AlignedRecordings *r, double *out)
{
	run_tiles(r, true, out);
}

/* ---- isfc ---- */

/* sum += X of a subject, row by row; a buffer of v */
static void
add_subject(const AlignedSubject *s, double *buffer, double *sum)
{
	for (int t = 0; t < s->rows->n; t++)
	{
		double	   *row = sum + (Size) t * s->v;

		if (t % 256 == 0)
			CHECK_FOR_INTERRUPTS();
		recordings_gather(s, t, 1, 0, s->v, buffer, s->v);
		add(row, buffer, s->v, row);
	}
}

/* All columns centred, of unit norm, or zeros */
static void
standardize_all(double *x, int n_times, int v)
{
	int			n_values[COLUMNS_AT_ONCE];

	for (int first = 0; first < v; first += COLUMNS_AT_ONCE)
	{
		CHECK_FOR_INTERRUPTS();
		columns_standardize(x + first, NULL, n_times, Min(COLUMNS_AT_ONCE, v - first), v, n_values);
	}
}

/* C = (C + C') / 2 */
static void
make_symmetric(double *c, Size v)
{
	for (Size i = 0; i < v; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < i; j++)
			c[i * v + j] = c[j * v + i] = (c[i * v + j] + c[j * v + i]) / 2;
	}
}

void
isfc(const AlignedRecordings *r, double *out)
{
	Size		v = r->subject[0].v;
	Size		elements = (Size) r->n_times * v;
	MemoryContext scratch = scratch_create("isfc", size_mul(size_add(2 * elements, v), sizeof(double)),
										   "Take fewer voxels, or average them by area.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x = huge_matrix(r->n_times, v);
	double	   *others = huge_matrix(r->n_times, v);
	double	   *buffer = huge_alloc(v * sizeof(double));

	progress_begin("isfc", r->n_subjects);
	for (int i = 0; i < r->n_subjects; i++)
	{
		memset(others, 0, elements * sizeof(double));
		for (int k = 0; k < r->n_subjects; k++)
			if (k != i)
				add_subject(&r->subject[k], buffer, others);
		recordings_gather(&r->subject[i], 0, r->n_times, 0, (int) v, x, v);
		standardize_all(x, r->n_times, (int) v);
		standardize_all(others, r->n_times, (int) v);
		gemm_f8(true, false, v, v, r->n_times, 1.0 / r->n_subjects, x, v, others, v, i == 0 ? 0 : 1, out, v);
		progress_add(1);
	}
	progress_end();
	make_symmetric(out, v);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
