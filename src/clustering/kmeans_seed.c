/*
 * kmeans_seed.c
 *		Starts of k-means: greedy k-means++.
 *
 * D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding",
 * SODA 2007, where a centre is drawn with a chance that grows with the squared
 * distance to those before; of 2 + ln k draws at each step that is kept which
 * leaves the least sum of squared distances (their section 5, and scikit-learn's).
 * n d (2 + ln k) products a step, as one matrix product a tile.
 *
 * A row that equals a centre must be at distance 0, or it might be drawn again:
 * small distances are taken from differences.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans.h"
#include "clustering/kmeans_tiles.h"
#include "linalg/linalg.h"

/* Scaled rows that differ by the rounding of their scales only are this near. */
#define SAME_DIRECTION	1e-28

typedef struct Seeding
{
	const KmeansRows *r;
	int			n_trials;
	double	   *candidate;		/* n_trials x d */
	double	   *least;			/* n: squared distance to the nearest centre so far */
	double	   *squared;		/* n x n_trials: the same if a candidate joined */
	double	   *sums;			/* tiles x n_trials: of 'squared' */
	TileCentres *tile_centres;
	TileShape	shape;
	char	   *scratch;
	Size		scratch_bytes;
} Seeding;

static void
seed_tile(int64 number, int worker, void *arg)
{
	Seeding    *s = arg;
	const KmeansRows *r = s->r;
	const TileCentres *c = s->tile_centres;
	Size		first = number * s->shape.rows;
	int			n = (int) Min((Size) s->shape.rows, r->n - first);
	char	   *copy = s->scratch + worker * s->scratch_bytes;
	char	   *products = copy + (Size) s->shape.rows * r->d * sizeof(double);
	double	   *sum = s->sums + number * s->n_trials;

	tile_products(c, tile_rows(r, c->wide, NULL, first, n, copy), n, 0, s->n_trials, products);
	for (int t = 0; t < s->n_trials; t++)
		sum[t] = 0;
	for (int i = 0; i < n; i++)
	{
		double		error = 2 * tile_error(c, r->norm[first + i]);

		for (int t = 0; t < s->n_trials; t++)
		{
			Size		at = (Size) i * s->n_trials + t;
			double		score = c->wide ? ((double *) products)[at] - ((double *) c->half)[t] :
				(double) ((float *) products)[at] - ((float *) c->half)[t];
			double		squared = r->norm[first + i] - 2 * score;

			if (squared < 8 * error)
				squared = kmeans_row_squared(r, first + i, s->candidate + (Size) t * r->d);
			if (r->scale && squared < SAME_DIRECTION)
				squared = 0;
			squared = Min(squared, s->least[first + i]);
			s->squared[(first + i) * s->n_trials + t] = squared;
			sum[t] += squared;
		}
	}
}

/* The sums of squared distances that each of m candidates (rows) would leave; returns the place of the least. */
static int
try_candidates(Seeding *s, const int32 *row, int m)
{
	int64		n_tiles = ((int64) s->r->n + s->shape.rows - 1) / s->shape.rows;
	int			best = 0;
	double		least = INFINITY;

	for (int t = 0; t < s->n_trials; t++)
		kmeans_row_read(s->r, row[Min(t, m - 1)], s->candidate + (Size) t * s->r->d);
	tile_centres_set(s->tile_centres, s->r, s->n_trials, s->candidate);
	parallel_for(n_tiles, 1.0 / n_tiles, seed_tile, s);
	for (int t = 0; t < m; t++)
	{
		double		sum = 0;

		for (int64 i = 0; i < n_tiles; i++)
			sum += s->sums[i * s->n_trials + t];
		if (sum < least)
		{
			least = sum;
			best = t;
		}
	}
	return best;
}

/* The row where the running sum of 'least' first passes 'point'. */
static int32
row_at(const Seeding *s, double point)
{
	double		sum = 0;
	int32		last = 0;

	for (int i = 0; i < s->r->n; i++)
	{
		if (s->least[i] > 0)
			last = i;
		sum += s->least[i];
		if (sum > point)
			return i;
	}
	return last;
}

static double
total(const Seeding *s)
{
	double		sum = 0;

	for (int i = 0; i < s->r->n; i++)
		sum += s->least[i];
	return sum;
}

static void
keep_candidate(Seeding *s, int t, double *centre)
{
	memcpy(centre, s->candidate + (Size) t * s->r->d, s->r->d * sizeof(double));
	for (Size i = 0; i < (Size) s->r->n; i++)
		s->least[i] = s->squared[i * s->n_trials + t];
}

void
kmeans_seed(const KmeansRows *r, int k, RandomStream *random, double *centre)
{
	Seeding		s = {.r = r, .n_trials = 2 + (int) log(k)};
	Size		n_tiles;
	Size		bytes;
	MemoryContext scratch;
	MemoryContext old;
	int32		row[32];

	Assert(s.n_trials <= (int) lengthof(row));
	s.shape = tile_shape(r, s.n_trials);
	n_tiles = ((Size) r->n + s.shape.rows - 1) / s.shape.rows;
	s.scratch_bytes = TYPEALIGN(64, size_mul(size_mul(s.shape.rows, size_add(r->d, s.n_trials)), sizeof(double)));
	bytes = size_mul(size_mul(size_add(r->n, n_tiles), s.n_trials + 1), sizeof(double));
	bytes = size_add(bytes, size_mul(s.scratch_bytes, parallel_threads()));
	bytes = size_add(bytes, size_mul(2, tile_centres_bytes(r, s.n_trials)));
	scratch = scratch_create("k-means++", bytes, NULL);
	old = MemoryContextSwitchTo(scratch);
	s.candidate = huge_matrix(s.n_trials, r->d);
	s.least = huge_matrix(1, r->n);
	s.squared = huge_matrix(r->n, s.n_trials);
	s.sums = huge_matrix(n_tiles, s.n_trials);
	s.tile_centres = tile_centres_new(r, s.n_trials);
	s.scratch = huge_alloc(size_mul(s.scratch_bytes, parallel_threads()));
	for (int i = 0; i < r->n; i++)
		s.least[i] = INFINITY;
	progress_begin("k-means++", k);
	row[0] = (int32) random_below(random, r->n);
	try_candidates(&s, row, 1);
	keep_candidate(&s, 0, centre);
	for (int j = 1; j < k; j++)
	{
		double		sum = total(&s);

		if (sum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("k is %d, but only %d of the %s are distinct", k, j, r->scale ? "rows' directions" : "rows"),
					 errhint("Take a smaller k.")));
		for (int t = 0; t < s.n_trials; t++)
			row[t] = row_at(&s, random_double(random) * sum);
		keep_candidate(&s, try_candidates(&s, row, s.n_trials), centre + (Size) j * r->d);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
