/*
 * kmeans_bounds.c
 *		The nearest centres after they have moved: what the triangle inequality
 *		rules out is not computed.
 *
 * A row keeps its centre without a look if its distance to it (at most 'upper',
 * taken anew where that helps) is less than that to every other one (at least
 * 'lower', less the largest move): G. Hamerly, "Making k-means even faster", SDM
 * 2010.  Rows that are left open are compared, by runs of one centre, with the
 * centres within twice the run's largest distance only: C. Elkan, "Using the
 * triangle inequality to accelerate k-means", ICML 2003; so each run is still a
 * product of matrices.
 *
 * In many dimensions and without clusters neither leaves anything out, and
 * gathering rows costs more than it brings.  A sample of open rows tells
 * beforehand; then everything is computed, in place.  The answer is the same.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans_assign.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define BLOCK_ROWS		4096
#define SAMPLE			128			/* open rows that tell what bounds would leave out */
#define WORTH			0.5			/* share of the products up to which they are used */

/* Open rows of one centre, places in 'order'. */
typedef struct Run
{
	int32		centre;
	int32		n;
	Size		first;
} Run;

typedef struct Round
{
	Assignment *a;
	const double *moved;		/* k: at least */
	double		most;			/* the largest of them, */
	double		next;			/* the largest but that one, */
	int			mover;			/* and whose it is */
	double	   *share;			/* SAMPLE: of the centres that a sampled row needs */
	const Run  *run;
} Round;

/* ---- bounds of rows ---- */

static inline bool
bounds_part(const Assignment *a, Size i, double slack)
{
	return a->upper[i] * (1 + slack) < a->lower[i];
}

static double
own_distance(const Assignment *a, Size i)
{
	double		squared = kmeans_row_squared(a->r, i, a->centre + (Size) a->label[i] * a->r->d);

	return sqrt(squared) * (1 + assignment_slack(a->r));
}

/* Moves the bounds of a block's rows with the centres. */
static void
move_bounds(int64 block, int worker, void *arg)
{
	Round	   *u = arg;
	Assignment *a = u->a;
	Size		end = Min((Size) a->r->n, (Size) (block + 1) * BLOCK_ROWS);
	double		slack = assignment_slack(a->r);

	for (Size i = block * BLOCK_ROWS; i < end; i++)
	{
		int32		c = a->label[i];

		a->upper[i] += u->moved[c];
		a->lower[i] -= c == u->mover ? u->next : u->most;
		a->open[i] = !bounds_part(a, i, slack);
	}
}

/* Closes the open rows whose own distance, taken anew, is below the others'. */
static void
settle_rows(int64 block, int worker, void *arg)
{
	Round	   *u = arg;
	Assignment *a = u->a;
	Size		end = Min((Size) a->r->n, (Size) (block + 1) * BLOCK_ROWS);
	double		slack = assignment_slack(a->r);

	for (Size i = block * BLOCK_ROWS; i < end; i++)
		if (a->open[i])
		{
			a->upper[i] = own_distance(a, i);
			a->open[i] = !bounds_part(a, i, slack);
		}
}

static void
largest_moves(Round *u)
{
	u->mover = 0;
	u->next = 0;
	for (int j = 1; j < u->a->k; j++)
		if (u->moved[j] > u->moved[u->mover])
		{
			u->next = u->moved[u->mover];
			u->mover = j;
		}
		else
			u->next = Max(u->next, u->moved[j]);
	u->most = u->moved[u->mover];
}

/* ---- centres near a centre ---- */

/*
 * The centres that rows of centre c within 'radius' of it may be nearest to;
 * every other one is at least *beyond away from c.
 */
static int
near_centres(const Assignment *a, int c, double radius, int32 *which, double *beyond)
{
	Size		d = a->r->d;
	double		slack = assignment_slack(a->r);
	int			n = 0;

	*beyond = INFINITY;
	for (int j = 0; j < a->k; j++)
	{
		double		distance = j == c ? 0 : sqrt(squared_difference(a->centre + c * d, a->centre + j * d, a->r->d)) * (1 - slack);

		if (distance <= 2 * radius)
			which[n++] = j;
		else
			*beyond = Min(*beyond, distance);
	}
	return n;
}

static void
search_run(int64 number, int worker, void *arg)
{
	Round	   *u = arg;
	Assignment *a = u->a;
	const Run  *run = &u->run[number];
	const int32 *row = a->order + run->first;
	AssignmentScratch s = assignment_scratch(a, worker);
	double		radius = 0;
	double		beyond;
	int			m;

	for (int i = 0; i < run->n; i++)
		radius = Max(radius, a->upper[row[i]]);
	m = near_centres(a, run->centre, radius, s.which, &beyond);
	if (m == 1)
		for (int i = 0; i < run->n; i++)
			a->lower[row[i]] = beyond;
	else if (m == a->k)
		assignment_search(a, a->tile_centres, NULL, row, 0, run->n, &s);
	else
	{
		tile_centres_take(&s.some, a->tile_centres, m, s.which);
		assignment_search(a, &s.some, s.which, row, 0, run->n, &s);
	}
	for (int i = 0; i < run->n; i++)
		a->lower[row[i]] = Min(a->lower[row[i]], beyond - radius);
}

/* ---- is it worth while? ---- */

/* The share of the centres that one open row of the sample needs; 'order' holds the sample. */
static void
sample_row(int64 number, int worker, void *arg)
{
	Round	   *u = arg;
	Assignment *a = u->a;
	Size		i = a->order[number];
	AssignmentScratch s = assignment_scratch(a, worker);
	double		beyond;

	a->upper[i] = own_distance(a, i);
	if (bounds_part(a, i, assignment_slack(a->r)))
		u->share[number] = 0;
	else
		u->share[number] = (double) near_centres(a, a->label[i], a->upper[i], s.which, &beyond) / a->k;
}

static Size
count_open(const Assignment *a)
{
	Size		n = 0;

	for (int i = 0; i < a->r->n; i++)
		n += a->open[i];
	return n;
}

/* Would bounds leave out enough of what the open rows need? */
static bool
worth_while(Round *u)
{
	Assignment *a = u->a;
	Size		n_open = count_open(a);
	Size		step = Max(1, n_open / SAMPLE);
	double		share[SAMPLE];
	double		sum = 0;
	Size		seen = 0;
	int			m = 0;

	if (n_open < (Size) (WORTH / 4 * a->r->n))
		return true;
	for (int i = 0; i < a->r->n && m < SAMPLE; i++)
		if (a->open[i] && seen++ % step == 0)
			a->order[m++] = i;
	u->share = share;
	parallel_for(m, 0, sample_row, u);
	for (int i = 0; i < m; i++)
		sum += share[i];		/* cppcheck-suppress uninitvar; sample_row wrote it */
	return sum / m * n_open <= WORTH * a->r->n;
}

/* ---- a round ---- */

/* Open rows by their centre, cut in runs of a tile's rows at most; returns their number. */
static Size
make_runs(Assignment *a, Run **runs)
{
	Size	   *start = huge_alloc0(((Size) a->k + 1) * sizeof(Size));
	Size		most = a->shape.rows;
	Size		n = 0;

	for (int i = 0; i < a->r->n; i++)
		if (a->open[i])
			start[a->label[i] + 1]++;
	for (int j = 0; j < a->k; j++)
	{
		n += (start[j + 1] + most - 1) / most;
		start[j + 1] += start[j];
	}
	*runs = huge_alloc(Max(1, n) * sizeof(Run));
	n = 0;
	for (int j = 0; j < a->k; j++)
		for (Size first = start[j]; first < start[j + 1]; first += most)
			(*runs)[n++] = (Run) {j, (int32) Min(most, start[j + 1] - first), first};
	for (int i = 0; i < a->r->n; i++)
		if (a->open[i])
			a->order[start[a->label[i]]++] = i;
	pfree(start);
	return n;
}

void
assignment_again(Assignment *a, const double *centre, const double *moved)
{
	int64		n_blocks = ((int64) a->r->n + BLOCK_ROWS - 1) / BLOCK_ROWS;
	Round		u = {.a = a, .moved = moved};
	Run		   *runs;
	Size		n_runs;

	a->centre = centre;
	largest_moves(&u);
	parallel_for(n_blocks, 0, move_bounds, &u);
	if (!worth_while(&u))
	{
		assignment_start(a, centre);
		return;
	}
	parallel_for(n_blocks, 0, settle_rows, &u);
	n_runs = make_runs(a, &runs);
	if (n_runs > 0)
		tile_centres_set(a->tile_centres, a->r, a->k, centre);
	u.run = runs;
	parallel_for((int64) n_runs, 0, search_run, &u);
	pfree(runs);
	if (a->work > 0)
		progress_add(a->work);
}
