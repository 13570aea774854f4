/*
 * isc.c
 *		Inter-subject correlation (Hasson et al. 2004), and inter-subject functional
 *		correlation (Simony et al. 2016).
 *
 * isc takes the rows of all subjects a block of times and some hundred voxels at
 * a time, a task of parallel_for: memory is read once, in stretches of a
 * kilobyte, and what is summed over time stays in the cache.  Values are taken
 * about each voxel's first one, so that sums lose no digits to an offset, and a
 * constant is 0 exactly.  The others are the total less the subject itself: a
 * subject a thousand times the scale of the others costs these three digits of
 * sixteen.  5 sums an element; pairwise n_subjects / 2 of them.
 *
 * isfc is a product of v x v a subject, 2 n_times v^2 flops.
 *
 * Missing values, voxel by voxel: a subject without any value is left out, then
 * the times at which one of the rest has none.  So all subjects are compared at
 * the same times, and a subject's own mean can't come and go in that of the
 * others.  A NaN is found by what it does to the sums, and the voxels are then
 * summed again with masks.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/isc.h"

#define MEMORY_HINT "Take fewer subjects or times."
#define TIMES			16		/* of a block */
#define TILE_DOUBLES	((Size) 1 << 17)	/* 1 MB: a tile is made to stay in the cache */
#define TILE_COLUMNS	((Size) 256)	/* at most */
#define FEWEST_COLUMNS	((Size) 8)
#define TASK_PRODUCTS	((Size) 1 << 26)	/* at most, some 60 ms */

/* What leave one out sums, for a subject and voxel: x, the others o */
enum
{
	SUM_X, SUM_O, SUM_XX, SUM_OO, SUM_XO, N_SUMS
};

typedef struct IscTiles
{
	const AlignedRecordings *r;
	bool		pairwise;
	Size		v;
	Size		width;			/* columns of a tile */
	Size		n_sums;			/* a column */
	double	   *out;
	char	   *scratch;		/* a worker's: scratch + worker x stride */
	Size		stride;
} IscTiles;

/* What a task works on: m columns of all subjects */
typedef struct IscTile
{
	const AlignedRecordings *r;
	Size		column;			/* the first */
	Size		m;
	double	   *x;				/* n_subjects x TIMES x m: a block of times, about the first values */
	double	   *total;			/* TIMES x m: over subjects */
	double	   *first;			/* n_subjects x m */
	double	   *count;			/* m: times summed */
	double	   *sums;			/* n_sums x m */
	bool	   *absent;			/* n_subjects x m: has no value at all */
} IscTile;

/* Doubles of a tile, a column. */
static Size
column_doubles(const IscTiles *tiles)
{
	Size		subjects = tiles->r->n_subjects;

	return subjects * (TIMES + 1) + TIMES + 1 + tiles->n_sums;
}

static IscTile
tile_in(const IscTiles *tiles, int worker, Size column)
{
	Size		subjects = tiles->r->n_subjects;
	IscTile		tile = {.r = tiles->r, .column = column, .m = Min(tiles->width, tiles->v - column)};

	tile.x = (double *) (tiles->scratch + worker * tiles->stride);
	tile.total = tile.x + subjects * TIMES * tile.m;
	tile.first = tile.total + TIMES * tile.m;
	tile.count = tile.first + subjects * tile.m;
	tile.sums = tile.count + tile.m;
	tile.absent = (bool *) (tile.sums + tiles->n_sums * tile.m);
	return tile;
}

/* ---- a block of times ---- */

HOT_LOOP static void
subtract_row(double *x, const double *first, Size n, Size m)
{
	for (Size t = 0; t < n; t++)
		for (Size j = 0; j < m; j++)
			x[t * m + j] -= first[j];
}

HOT_LOOP static void
add(const double *a, const double *b, Size n, double *sum)
{
	for (Size e = 0; e < n; e++)
		sum[e] = a[e] + b[e];
}

/* Values that are missing become 0, those of a subject that is not there too. */
static void
mask_block(IscTile *tile, Size n)
{
	Size		m = tile->m;

	for (Size e = 0; e < n * m; e++)
	{
		Size		j = e % m;
		bool		valid = true;

		for (int i = 0; i < tile->r->n_subjects; i++)
			valid &= tile->absent[i * m + j] || !isnan(tile->x[(Size) i * TIMES * m + e]);
		for (int i = 0; i < tile->r->n_subjects; i++)
		{
			double	   *x = &tile->x[(Size) i * TIMES * m + e];

			if (valid && tile->count[j] == 0)
				tile->first[i * m + j] = *x;
			*x = valid && !tile->absent[i * m + j] ? *x - tile->first[i * m + j] : 0;
		}
		tile->count[j] += valid;
	}
}

/* Times t .. t + n - 1 into x and total */
static void
read_block(IscTile *tile, int t, Size n, bool masked)
{
	Size		m = tile->m;

	for (int i = 0; i < tile->r->n_subjects; i++)
	{
		double	   *x = tile->x + (Size) i * TIMES * m;

		recordings_gather(&tile->r->subject[i], t, (int) n, (int) tile->column, (int) m, x, m);
		if (masked)
			continue;
		if (t == 0)
			memcpy(tile->first + i * m, x, m * sizeof(double));
		subtract_row(x, tile->first + i * m, n, m);
	}
	if (masked)
		mask_block(tile, n);
	memset(tile->total, 0, n * m * sizeof(double));
	for (int i = 0; i < tile->r->n_subjects; i++)
		add(tile->total, tile->x + (Size) i * TIMES * m, n * m, tile->total);
}

HOT_LOOP static void
sum_with_others(const double *restrict x, const double *restrict total, Size n, Size m, double *restrict sums)
{
	for (Size t = 0; t < n; t++)
		for (Size j = 0; j < m; j++)
		{
			double		a = x[t * m + j];
			double		o = total[t * m + j] - a;

			sums[SUM_X * m + j] += a;
			sums[SUM_O * m + j] += o;
			sums[SUM_XX * m + j] += a * a;
			sums[SUM_OO * m + j] += o * o;
			sums[SUM_XO * m + j] += a * o;
		}
}

HOT_LOOP static void
sum_products(const double *restrict a, const double *restrict b, Size n, Size m, double *restrict sum)
{
	for (Size t = 0; t < n; t++)
		for (Size j = 0; j < m; j++)
			sum[j] += a[t * m + j] * b[t * m + j];
}

/* Pairwise: a row of sums of x a subject, then one of products a pair i <= k */
static void
sum_pairs(IscTile *tile, Size n)
{
	Size		m = tile->m;
	int			n_subjects = tile->r->n_subjects;
	double	   *sum = tile->sums + n_subjects * m;

	for (int i = 0; i < n_subjects; i++)
	{
		const double *x = tile->x + (Size) i * TIMES * m;

		for (Size t = 0; t < n; t++)
			add(tile->sums + i * m, x + t * m, m, tile->sums + i * m);
		for (int k = i; k < n_subjects; k++, sum += m)
			sum_products(x, tile->x + (Size) k * TIMES * m, n, m, sum);
	}
}

static void
sum_times(const IscTiles *tiles, IscTile *tile, bool masked)
{
	int			n_times = tile->r->n_times;

	memset(tile->sums, 0, tiles->n_sums * tile->m * sizeof(double));
	for (Size j = 0; j < tile->m; j++)
		tile->count[j] = masked ? 0 : n_times;
	for (int t = 0; t < n_times; t += TIMES)
	{
		Size		n = Min(TIMES, n_times - t);

		read_block(tile, t, n, masked);
		if (tiles->pairwise)
			sum_pairs(tile, n);
		else
			for (int i = 0; i < tile->r->n_subjects; i++)
				sum_with_others(tile->x + (Size) i * TIMES * tile->m, tile->total, n, tile->m,
								tile->sums + (Size) i * N_SUMS * tile->m);
	}
}

/* ---- missing values ---- */

static bool
any_nan(const double *x, Size n)
{
	for (Size e = 0; e < n; e++)
		if (isnan(x[e]))
			return true;
	return false;
}

static void
find_absent(IscTile *tile)
{
	Size		m = tile->m;

	memset(tile->absent, true, tile->r->n_subjects * m);
	for (int i = 0; i < tile->r->n_subjects; i++)
		for (int t = 0; t < tile->r->n_times; t++)
		{
			recordings_gather(&tile->r->subject[i], t, 1, (int) tile->column, (int) m, tile->x, m);
			for (Size j = 0; j < m; j++)
				tile->absent[i * m + j] &= isnan(tile->x[j]);
		}
}

/* ---- correlations ---- */

/* Of n values by their sums about any point; 0 where a or b is constant, NaN for fewer than two values. */
static double
correlation(double n, double a, double b, double aa, double bb, double ab)
{
	double		va = aa - a * a / n;
	double		vb = bb - b * b / n;

	if (n < 2)
		return NAN;
	if (!(va > 0) || !(vb > 0))
		return 0;
	return Max(-1.0, Min(1.0, (ab - a * b / n) / (sqrt(va) * sqrt(vb))));
}

static void
put_leave_one_out(const IscTile *tile, double *out, Size v)
{
	Size		m = tile->m;

	for (Size j = 0; j < m; j++)
	{
		int			n_there = 0;

		for (int i = 0; i < tile->r->n_subjects; i++)
			n_there += !tile->absent[i * m + j];
		for (int i = 0; i < tile->r->n_subjects; i++)
		{
			const double *s = tile->sums + (Size) i * N_SUMS * m + j;

			out[i * v + j] = tile->absent[i * m + j] || n_there < 2 ? NAN :
				correlation(tile->count[j], s[SUM_X * m], s[SUM_O * m], s[SUM_XX * m], s[SUM_OO * m], s[SUM_XO * m]);
		}
	}
}

static void
put_pairs(const IscTile *tile, double *out, Size v)
{
	Size		m = tile->m;
	int			n = tile->r->n_subjects;
	const double *products = tile->sums + n * m;

	for (int i = 0; i < n; i++)
		for (int k = i + 1; k < n; k++)
		{
			/* rows of products: i's begin after those of the subjects before, of n, n - 1 .. pairs */
			const double *own = products + ((Size) i * n - (Size) i * (i - 1) / 2) * m;
			const double *other = products + ((Size) k * n - (Size) k * (k - 1) / 2) * m;

			for (Size j = 0; j < m; j++)
				out[j] = tile->absent[i * m + j] || tile->absent[k * m + j] ? NAN :
					correlation(tile->count[j], tile->sums[i * m + j], tile->sums[k * m + j],
								own[j], other[j], own[(k - i) * m + j]);
			out += v;
		}
}

static void
isc_task(int64 task, int worker, void *arg)
{
	const IscTiles *tiles = arg;
	Size		column = (Size) task * tiles->width;
	IscTile		tile = tile_in(tiles, worker, column);

	memset(tile.absent, false, tile.r->n_subjects * tile.m);
	sum_times(tiles, &tile, false);
	if (any_nan(tile.sums, tiles->n_sums * tile.m))
	{
		find_absent(&tile);
		sum_times(tiles, &tile, true);
	}
	if (tiles->pairwise)
		put_pairs(&tile, tiles->out + column, tiles->v);
	else
		put_leave_one_out(&tile, tiles->out + column, tiles->v);
}

static void
run_tiles(const AlignedRecordings *r, bool pairwise, double *out)
{
	Size		n = r->n_subjects;
	Size		products = n * r->n_times * (pairwise ? 1 + n / 8 : 1);	/* of a column, in units of 5 */
	IscTiles	tiles = {.r = r, .pairwise = pairwise, .v = r->subject[0].v, .out = out};
	int64		n_tasks;
	MemoryContext scratch;
	MemoryContext old;

	tiles.n_sums = pairwise ? n + n * (n + 1) / 2 : n * N_SUMS;
	tiles.width = Max(FEWEST_COLUMNS, TILE_DOUBLES / column_doubles(&tiles));
	tiles.width = Min(Min(tiles.width, TILE_COLUMNS), TASK_PRODUCTS / products);
	tiles.width = Min(Max(1, tiles.width), tiles.v);
	tiles.stride = size_mul(tiles.width, size_add(size_mul(column_doubles(&tiles), sizeof(double)), n));
	tiles.stride = TYPEALIGN(64, tiles.stride);
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
