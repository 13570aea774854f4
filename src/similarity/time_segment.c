/*
 * time_segment.c
 *		Time segment matching (Haxby et al. 2011; Chen et al. 2015).
 *
 * A segment is the pattern of 'segment' rows from a time on.  Each one of a
 * subject is correlated (Pearson, over its segment x v elements) with all of the
 * mean of the other subjects that do not overlap it, and with the same one: it is
 * matched when that is the largest.  Columns are centred over time before.
 *
 * The products of all pairs of rows are one matrix product C = X O', 2 n_times^2
 * v flops a subject; the product of two segments is a sum of C along a diagonal,
 * which is carried on from one segment to the next: n_times^2 more, whatever the
 * segment.  C is made for BLOCK segments at a time, and the sums are begun anew
 * with each block, so that rounding errors don't build up.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/time_segment.h"

#define BLOCK 256

typedef struct SegmentMatch
{
	Size		n_times;
	Size		v;
	Size		segment;
	Size		n_segments;
	double	   *total;			/* n_times x v: sum of all subjects, about the first time */
	double	   *x;				/* n_times x v: a subject */
	double	   *others;			/* n_times x v */
	double	   *products;		/* (BLOCK + segment - 1) x n_times */
	double	   *sums;			/* n_segments: of C along diagonals */
	double	   *sum_x;			/* n_segments: of a segment's elements */
	double	   *sum_others;
	double	   *norm_x;			/* n_segments: of its elements about their mean */
	double	   *norm_others;
} SegmentMatch;

static Size
match_bytes(const AlignedRecordings *r, int segment)
{
	Size		n = r->n_times;
	Size		doubles = size_mul(size_mul(n, r->subject[0].v), 3);

	doubles = size_add(doubles, size_mul(n, (Size) BLOCK + segment + 5));
	return size_mul(doubles, sizeof(double));
}

/* ---- rows ---- */

/* A subject's rows less its first, so that an offset costs the sums no digits. */
static void
read_subject(const AlignedSubject *s, Size n_times, double *out)
{
	Size		v = s->v;

	recordings_gather(s, 0, (int) n_times, 0, (int) v, out, v);
	CHECK_FOR_INTERRUPTS();
	for (Size t = n_times; t-- > 0;)
		for (Size j = 0; j < v; j++)
			out[t * v + j] -= out[j];
}

static void
centre_columns(double *x, Size n_times, Size v, double *mean)
{
	memset(mean, 0, v * sizeof(double));
	for (Size t = 0; t < n_times; t++)
		for (Size j = 0; j < v; j++)
			mean[j] += x[t * v + j] / (double) n_times;
	for (Size t = 0; t < n_times; t++)
	{
		if (t % 256 == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < v; j++)
			x[t * v + j] -= mean[j];
	}
}

/* Sums of each segment's elements, and their norms about the mean; 0: constant */
static void
segment_norms(const SegmentMatch *match, const double *x, double *sum, double *norm)
{
	Size		segment = match->segment;
	Size		v = match->v;
	double		n = (double) segment * v;
	double	   *row_sum = huge_alloc(match->n_times * sizeof(double));
	double	   *row_square = huge_alloc(match->n_times * sizeof(double));

	for (Size t = 0; t < match->n_times; t++)
	{
		row_sum[t] = row_square[t] = 0;
		for (Size j = 0; j < v; j++)
		{
			row_sum[t] += x[t * v + j];
			row_square[t] += x[t * v + j] * x[t * v + j];
		}
	}
	for (Size s = 0; s < match->n_segments; s++)
	{
		double		squares = 0;

		sum[s] = 0;
		for (Size w = 0; w < segment; w++)
		{
			sum[s] += row_sum[s + w];
			squares += row_square[s + w];
		}
		norm[s] = sqrt(Max(0, squares - sum[s] * sum[s] / n));
		if (norm[s] * norm[s] <= squares * 1e-14)
			norm[s] = 0;
	}
	pfree(row_sum);
	pfree(row_square);
}

/* ---- a block of segments ---- */

/* sums[s'] of the block's segment 'local', counted from its first row */
static void
first_sums(const SegmentMatch *match, Size local, Size n_sums)
{
	Size		n = match->n_times;

	for (Size s = 0; s < n_sums; s++)
	{
		double		sum = 0;

		for (Size w = 0; w < match->segment; w++)
			sum += match->products[(local + w) * n + s + w];
		match->sums[s] = sum;
	}
}

/* The next segment's sums: each diagonal loses its first product and gains one. */
static void
carry_sums(const SegmentMatch *match, Size local)
{
	Size		n = match->n_times;
	const double *lost = match->products + (local - 1) * n;
	const double *gained = match->products + (local - 1 + match->segment) * n + match->segment;

	for (Size s = match->n_segments - 1; s > 0; s--)
		match->sums[s] = match->sums[s - 1] - lost[s - 1] + gained[s - 1];
	first_sums(match, local, 1);
}

/* The largest of similarity(s') = (sum - sum_x sum_others / n) / norm_others for s' in [from, to) */
HOT_LOOP static double
largest(const double *sums, const double *sum_others, const double *norm_others, double mean_x, Size from, Size to)
{
	double		most = -INFINITY;

	for (Size s = from; s < to; s++)
	{
		double		similarity = norm_others[s] > 0 ?
			(sums[s] - mean_x * sum_others[s]) / norm_others[s] : -INFINITY;

		most = similarity > most ? similarity : most;
	}
	return most;
}

static bool
is_matched(const SegmentMatch *match, Size s)
{
	double		mean_x = match->sum_x[s] / ((double) match->segment * match->v);
	Size		before = s >= match->segment ? s - match->segment + 1 : 0;
	Size		after = Min(match->n_segments, s + match->segment);
	double		same,
				other;

	if (match->norm_x[s] == 0 || match->norm_others[s] == 0)
		return false;
	same = largest(match->sums, match->sum_others, match->norm_others, mean_x, s, s + 1);
	other = Max(largest(match->sums, match->sum_others, match->norm_others, mean_x, 0, before),
				largest(match->sums, match->sum_others, match->norm_others, mean_x, after, match->n_segments));
	return same > other;
}

static int64
count_matched(const SegmentMatch *match)
{
	int64		matched = 0;

	for (Size first = 0; first < match->n_segments; first += BLOCK)
	{
		Size		count = Min(BLOCK, match->n_segments - first);

		gemm_f8(false, true, count + match->segment - 1, match->n_times, match->v, 1,
				match->x + first * match->v, match->v, match->others, match->v, 0,
				match->products, match->n_times);
		for (Size local = 0; local < count; local++)
		{
			CHECK_FOR_INTERRUPTS();
			if (local == 0)
				first_sums(match, 0, match->n_segments);
			else
				carry_sums(match, local);
			matched += is_matched(match, first + local);
		}
	}
	return matched;
}

void
time_segment_match(const AlignedRecordings *r, int segment, double *accuracy)
{
	Size		n = r->n_times;
	Size		v = r->subject[0].v;
	SegmentMatch match = {.n_times = n, .v = v, .segment = segment, .n_segments = N_SEGMENTS(n, segment)};
	MemoryContext scratch = scratch_create("time_segment_match", match_bytes(r, segment),
										   "Take fewer voxels, or project the subjects into a shared space.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *mean = huge_alloc(v * sizeof(double));

	match.total = huge_matrix(n, v);
	match.x = huge_matrix(n, v);
	match.others = huge_matrix(n, v);
	match.products = huge_matrix((Size) BLOCK + segment - 1, n);
	match.sums = huge_alloc(n * sizeof(double));
	match.sum_x = huge_alloc(n * sizeof(double));
	match.sum_others = huge_alloc(n * sizeof(double));
	match.norm_x = huge_alloc(n * sizeof(double));
	match.norm_others = huge_alloc(n * sizeof(double));

	memset(match.total, 0, n * v * sizeof(double));
	for (int i = 0; i < r->n_subjects; i++)
	{
		read_subject(&r->subject[i], n, match.x);
		for (Size e = 0; e < n * v; e++)
			match.total[e] += match.x[e];
	}
	progress_begin("time_segment_match", r->n_subjects);
	for (int i = 0; i < r->n_subjects; i++)
	{
		read_subject(&r->subject[i], n, match.x);
		for (Size e = 0; e < n * v; e++)
			match.others[e] = (match.total[e] - match.x[e]) / (r->n_subjects - 1);
		centre_columns(match.x, n, v, mean);
		centre_columns(match.others, n, v, mean);
		segment_norms(&match, match.x, match.sum_x, match.norm_x);
		segment_norms(&match, match.others, match.sum_others, match.norm_others);
		accuracy[i] = (double) count_matched(&match) / match.n_segments;
		progress_add(1);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

double
time_segment_chance(int n_times, int segment)
{
	int			n_segments = N_SEGMENTS(n_times, segment);
	double		sum = 0;

	for (int s = 0; s < n_segments; s++)
	{
		int			before = Max(0, s - segment + 1);
		int			after = Max(0, n_segments - s - segment);

		sum += 1.0 / (1 + before + after);
	}
	return sum / n_segments;
}
