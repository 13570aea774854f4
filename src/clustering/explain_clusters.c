/*
 * explain_clusters.c
 *		Clusters in words: the few half-spaces, each of one feature, that hold a
 *		cluster and little else.
 *
 * A cluster against the rest: the half-space x[feature] <= threshold (or >) of
 * the largest balanced accuracy is its first term; the second is the one that
 * improves most on it where both hold, and so on.  (Cuts by single features to
 * explain clusters: Moshkovitz, Dasgupta, Rashtchian and Frost 2020, who make one
 * tree of them; here each cluster has a rule of its own.)
 *
 * Balanced accuracy is 1/2 + s / (2 n_c (n - n_c)), s = tp (n - n_c) - fp n_c a whole
 * number, so that cuts are compared exactly.  First terms: each feature is
 * sorted once and swept once for all clusters, since along a feature a cluster's
 * s can only be best right after one of its own rows ('<=') or right before one
 * ('>'): d n (log n + 1) steps in all.  Later terms: the same over the rows that the
 * cluster's rule so far holds.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/explain_clusters.h"
#include "linalg/linalg.h"
#include "stats/rank.h"

/* The best cut of a feature, or of all */
typedef struct Cut
{
	int64		score;			/* tp (n - n_c) - fp n_c; that of the rule so far if nothing is better */
	int			feature;		/* -1: none */
	bool		above;
	double		threshold;
} Cut;

/* What a cut is judged by: some rows (all, or those that a rule holds), each of a class. */
typedef struct Classes
{
	Size		n;				/* of all rows */
	Size		m;				/* rows here */
	const int32 *class;			/* m */
	int			n_classes;
	const int64 *size;			/* n_classes: rows of the class among all */
	const int64 *inside;		/* and here */
	int			wanted;			/* the class to cut for, -1: each */
} Classes;

typedef struct Explanation
{
	Size		n;
	Size		d;
	const double *column;		/* d x n */
	Classes		classes;
	const int32 *row;			/* m: where the classes' rows stand; NULL: all rows */
	RankScratch *rank;			/* one a worker */
	double	   *values;			/* n a worker */
	int64	   *left;			/* n_classes a worker */
	Cut		   *cut;			/* d x n_classes: the best of each feature */
} Explanation;

/* ---- one feature ---- */

static inline void
offer(Cut *best, const Classes *c, int class, int64 tp, int64 all, double threshold, bool above, int feature)
{
	int64		score = tp * ((int64) c->n - c->size[class]) - (all - tp) * c->size[class];

	if (score > best->score)
		*best = (Cut) {score, feature, above, threshold};
}

/* Between two values that differ: at least the first and below the second. */
static double
threshold_between(double low, double high)
{
	double		middle = low / 2 + high / 2;

	return middle >= low && middle < high ? middle : low;
}

/*
 * All cuts along sorted values: groups of equal ones are on one side together.
 * left: n_classes, zeros.
 */
static void
sweep(const Classes *c, const double *values, const RankOrder *order, int feature, int64 *left, Cut *best)
{
	Size		end;

	for (Size first = 0; first < c->m; first = end)
	{
		double		value = values[rank_index(order, first)];

		for (end = first + 1; end < c->m && rank_tied(order, end);)
			end++;
		if (first > 0)
		{
			double		threshold = threshold_between(values[rank_index(order, first - 1)], value);

			for (Size i = first; i < end; i++)
			{
				int			class = c->class[rank_index(order, i)];

				if (c->wanted < 0 || class == c->wanted)
					offer(&best[class], c, class, c->inside[class] - left[class], (int64) (c->m - first), threshold, true, feature);
			}
		}
		for (Size i = first; i < end; i++)
			left[c->class[rank_index(order, i)]]++;
		if (end < c->m)
		{
			double		threshold = threshold_between(value, values[rank_index(order, end)]);

			for (Size i = first; i < end; i++)
			{
				int			class = c->class[rank_index(order, i)];

				if (c->wanted < 0 || class == c->wanted)
					offer(&best[class], c, class, left[class], (int64) end, threshold, false, feature);
			}
		}
	}
}

static void
cut_feature(int64 feature, int worker, void *arg)
{
	Explanation *e = arg;
	const Classes *c = &e->classes;
	const double *values = e->column + feature * e->n;
	int64	   *left = e->left + (Size) worker * c->n_classes;
	RankOrder	order;

	if (e->row)
	{
		double	   *some = e->values + worker * e->n;

		for (Size i = 0; i < c->m; i++)
			some[i] = values[e->row[i]];
		values = some;
	}
	memset(left, 0, c->n_classes * sizeof(int64));
	order = rank_order(&e->rank[worker], c->m, values, false);
	sweep(c, values, &order, (int) feature, left, e->cut + (Size) feature * c->n_classes);
}

/* The best cut of all features for each class: e->cut of the first feature; 'score' is to be beaten. */
static void
cut_all(Explanation *e, int64 score)
{
	int			k = e->classes.n_classes;

	for (Size i = 0; i < e->d * k; i++)
		e->cut[i] = (Cut) {score, -1, false, 0};
	parallel_for(e->d, 0, cut_feature, e);
	for (Size feature = 1; feature < e->d; feature++)
		for (int class = 0; class < k; class++)
			if (e->cut[feature * k + class].score > e->cut[class].score)
				e->cut[class] = e->cut[feature * k + class];
}

/* ---- a cluster's rule ---- */

/* The rows that a rule holds */
typedef struct Inside
{
	Size		m;
	int32	   *row;			/* room for n */
	int32	   *class;			/* m: 1 for the cluster's */
} Inside;

/* Leaves out the rows that a cut does. */
static void
keep_inside(const Explanation *e, const Cut *cut, Inside *in)
{
	const double *values = e->column + cut->feature * e->n;
	Size		kept = 0;

	for (Size i = 0; i < in->m; i++)
	{
		if ((values[in->row[i]] > cut->threshold) != cut->above)
			continue;
		in->row[kept] = in->row[i];
		in->class[kept++] = in->class[i];
	}
	in->m = kept;
}

static int64
members(const Inside *in)
{
	int64		n = 0;

	for (Size i = 0; i < in->m; i++)
		n += in->class[i];
	return n;
}

static double
balanced(int64 score, int64 size, int64 n)
{
	return 0.5 + (double) score / (2 * (double) size * (double) (n - size));
}

/* Terms of one cluster, the first of which is 'cut'; returns their number. */
static int
explain_one(Explanation *e, const PointRows *rows, int label, int64 size, Cut cut, int max_terms, double min_gain, Inside *in, HalfSpace *term)
{
	int64		sizes[2] = {(int64) e->n - size, size};
	int64		score = 0;
	int			n_terms = 0;

	in->m = e->n;
	for (Size i = 0; i < e->n; i++)
	{
		in->row[i] = (int32) i;
		in->class[i] = rows->label[i] == label;
	}
	while (cut.feature >= 0 && balanced(cut.score, size, e->n) - balanced(score, size, e->n) >= min_gain)
	{
		int64		inside[2];

		CHECK_FOR_INTERRUPTS();
		keep_inside(e, &cut, in);
		score = cut.score;
		inside[1] = members(in);
		inside[0] = (int64) in->m - inside[1];
		term[n_terms] = (HalfSpace) {
			.label = label,.term = n_terms + 1,.feature = cut.feature,.above = cut.above,.threshold = cut.threshold,
			.accuracy = balanced(score, size, e->n),
			.recall = (double) inside[1] / (double) size,.purity = (double) inside[1] / (double) in->m
		};
		if (++n_terms == max_terms || inside[0] == 0)
			break;
		e->row = in->row;
		e->classes = (Classes) {e->n, in->m, in->class, 2, sizes, inside, 1};
		cut_all(e, score);
		cut = e->cut[1];
	}
	return n_terms;
}

/* ---- all clusters ---- */

static Size
scratch_bytes(Size n, Size d, Size k, Size threads)
{
	Size		bytes = size_mul(size_mul(n, size_add(d, threads)), sizeof(double));

	bytes = size_add(bytes, size_mul(threads, size_add(rank_scratch_bytes(n), size_mul(k, sizeof(int64)))));
	bytes = size_add(bytes, size_mul(size_mul(size_add(d, 1), Max(k, 2)), sizeof(Cut)));
	return size_add(bytes, size_mul(n, 2 * sizeof(int32)));
}

Size
explain_clusters(const PointRows *r, int max_terms, double min_gain, HalfSpace **terms)
{
	Size		n = r->n;
	Size		k = r->n_labels;
	int			threads = parallel_threads();
	Size		bytes = size_mul(size_mul(k, max_terms), sizeof(HalfSpace));
	HalfSpace  *term;
	MemoryContext scratch;
	MemoryContext old;
	Explanation e;
	double	   *column;
	int64	   *size;
	Inside		in;
	Cut		   *first;
	Size		n_terms = 0;

	memory_claim_add(memory_claim(CurrentMemoryContext, "explain_clusters"), bytes, NULL);
	term = huge_alloc(bytes);
	scratch = scratch_create("explain_clusters", scratch_bytes(n, r->d, k, threads), "Take fewer rows, a random part of them.");
	old = MemoryContextSwitchTo(scratch);
	column = huge_matrix(r->d, n);
	point_rows_columns_f8(r, 0, r->d, column);
	e = (Explanation) {.n = n,.d = r->d,.column = column};
	size = huge_alloc0(k * sizeof(int64));
	in = (Inside) {0, huge_alloc(n * sizeof(int32)), huge_alloc(n * sizeof(int32))};
	first = huge_alloc(k * sizeof(Cut));
	for (Size i = 0; i < n; i++)
		size[r->label[i]]++;
	e.rank = palloc(threads * sizeof(RankScratch));
	for (int t = 0; t < threads; t++)
		rank_scratch_allocate(&e.rank[t], n);
	e.values = huge_matrix(threads, n);
	e.left = huge_alloc(threads * Max(k, 2) * sizeof(int64));
	e.cut = huge_alloc(size_mul(size_mul(r->d, Max(k, 2)), sizeof(Cut)));
	e.classes = (Classes) {n, n, r->label, (int) k, size, size, -1};
	cut_all(&e, 0);
	memcpy(first, e.cut, k * sizeof(Cut));
	progress_begin("explain_clusters", (double) k);
	for (Size label = 0; label < k; label++)
	{
		if (size[label] > 0)
			n_terms += explain_one(&e, r, (int) label, size[label], first[label], max_terms, min_gain, &in, term + n_terms);
		progress_add(1);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	*terms = term;
	return n_terms;
}
