/*
 * sum_tree.c
 *		A balanced k-d tree (Bentley 1975; Friedman, Bentley and Finkel 1977) over
 *		the sums of all pairs of rows.
 *
 * Each node is cut at its median along that of the first axes on which it is widest, by
 * selection, so that the tree is complete and needs no pointers.  m log m steps
 * for m = n (n - 1) / 2 pairs; 12 + 4 axes bytes a pair.  A pair's coordinate is the
 * sum of two rows', made when it is looked at until the order is final.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/sum_tree.h"

#define TASK_PAIRS ((Size) 1 << 18)	/* of a node that a thread may cut without looking for interrupts */

typedef struct Cutting
{
	SumTree    *tree;
	const float *rows;			/* n x axes */
	const double *squared;		/* n x n */
	Size		n;
	int			level;
	bool		interruptible;
} Cutting;

static Size
n_pairs(Size n)
{
	return n * (n - 1) / 2;
}

static int
n_levels(Size m)
{
	int			levels = 0;

	while ((m >> levels) >= SUM_LEAF)
		levels++;
	return levels;
}

Size
sum_tree_bytes(Size n, int axes)
{
	Size		m = n_pairs(n);
	Size		pair = sizeof(SumPair) + (axes + 1) * sizeof(float);

	return size_add(size_mul(m, pair), size_mul((Size) 2 << n_levels(m), sizeof(SumBox)));
}

static inline float
coordinate(const Cutting *c, SumPair pair, int axis)
{
	return c->rows[(Size) pair.a * c->tree->axes + axis] + c->rows[(Size) pair.c * c->tree->axes + axis];
}

/* ---- cutting ---- */

/* Pairs first .. end - 1 so that those before 'middle' are not above those from it on, along the axis (Hoare's FIND). */
static void
cut_at(const Cutting *c, int axis, Size first, Size end, Size middle)
{
	SumPair    *pairs = c->tree->pairs;
	Size		steps = 0;

	while (end - first > 1)
	{
		float		x = coordinate(c, pairs[first], axis);
		float		y = coordinate(c, pairs[first + (end - first) / 2], axis);
		float		z = coordinate(c, pairs[end - 1], axis);
		float		pivot = Max(Min(x, y), Min(Max(x, y), z));
		Size		i = first;
		Size		j = end - 1;

		for (;;)
		{
			SumPair		swap;

			for (; coordinate(c, pairs[i], axis) < pivot; i++)
				breathe(c->interruptible, steps++);
			for (; coordinate(c, pairs[j], axis) > pivot; j--)
				breathe(c->interruptible, steps++);
			if (i >= j)
				break;
			swap = pairs[i];
			pairs[i++] = pairs[j];
			pairs[j--] = swap;
			breathe(c->interruptible, steps++);
		}
		/* all before i are <= pivot, all after j are >= pivot, and i is j, where the pivot then is, or j + 1 */
		if (middle < i)
			end = i;
		else if (middle > i)
			first = j + 1;
		else
			return;
	}
}

static int
widest_axis(const Cutting *c, Size first, Size end)
{
	int			axes = Min(c->tree->axes, SUM_CUT_AXES);
	float		low[SUM_CUT_AXES];
	float		high[SUM_CUT_AXES];
	int			widest = 0;

	for (int k = 0; k < axes; k++)
		low[k] = high[k] = coordinate(c, c->tree->pairs[first], k);
	for (Size i = first; i < end; i++)
	{
		breathe(c->interruptible, i);
		for (int k = 0; k < axes; k++)
		{
			float		x = coordinate(c, c->tree->pairs[i], k);

			low[k] = Min(low[k], x);
			high[k] = Max(high[k], x);
		}
	}
	for (int k = 1; k < axes; k++)
		if (high[k] - low[k] > high[widest] - low[widest])
			widest = k;
	return widest;
}

static void
cut_node(int64 number, int worker, void *arg)
{
	const Cutting *c = arg;
	Size		first = sum_tree_first(c->tree, c->level, (Size) number);
	Size		end = sum_tree_first(c->tree, c->level, (Size) number + 1);

	if (end > first)
		cut_at(c, widest_axis(c, first, end), first, end, sum_tree_first(c->tree, c->level + 1, 2 * (Size) number + 1));
}

/* ---- coordinates and boxes ---- */

static void
fill_leaf(int64 number, int worker, void *arg)
{
	const Cutting *c = arg;
	SumTree    *t = c->tree;
	SumBox	   *box = &t->boxes[((Size) 1 << t->levels) + (Size) number];
	Size		first = sum_tree_first(t, t->levels, (Size) number);
	Size		end = sum_tree_first(t, t->levels, (Size) number + 1);

	*box = (SumBox) {.shortest = INFINITY, .longest = -1};
	for (int k = 0; k < t->axes; k++)
	{
		box->low[k] = INFINITY;
		box->high[k] = -INFINITY;
	}
	for (Size i = first; i < end; i++)
	{
		SumPair		pair = t->pairs[i];

		t->diagonal[i] = (float) sqrt(c->squared[(Size) pair.a * c->n + pair.c]);
		box->shortest = Min(box->shortest, t->diagonal[i]);
		box->longest = Max(box->longest, t->diagonal[i]);
		for (int k = 0; k < t->axes; k++)
		{
			float		x = t->coordinates[k * t->m + i] = coordinate(c, pair, k);

			box->low[k] = Min(box->low[k], x);
			box->high[k] = Max(box->high[k], x);
		}
	}
}

static void
join_boxes(SumTree *t)
{
	for (Size node = ((Size) 1 << t->levels) - 1; node >= 1; node--)
	{
		const SumBox *left = &t->boxes[2 * node];
		const SumBox *right = left + 1;
		SumBox	   *box = &t->boxes[node];

		breathe(true, node);
		for (int k = 0; k < t->axes; k++)
		{
			box->low[k] = Min(left->low[k], right->low[k]);
			box->high[k] = Max(left->high[k], right->high[k]);
		}
		box->shortest = Min(left->shortest, right->shortest);
		box->longest = Max(left->longest, right->longest);
	}
}

SumTree *
sum_tree_new(Size n, int axes, const float *coordinates, const double *squared)
{
	SumTree    *t = palloc(sizeof(SumTree));
	Cutting		c = {.tree = t, .rows = coordinates, .squared = squared, .n = n};
	Size		at = 0;

	Assert(n >= 2 && axes >= 1 && axes <= SUM_AXES);
	t->m = n_pairs(n);
	t->axes = axes;
	t->levels = n_levels(t->m);
	t->pairs = huge_alloc(t->m * sizeof(SumPair));
	t->coordinates = huge_alloc(t->m * axes * sizeof(float));
	t->diagonal = huge_alloc(t->m * sizeof(float));
	t->boxes = huge_alloc(((Size) 2 << t->levels) * sizeof(SumBox));
	for (Size a = 0; a < n; a++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size other = a + 1; other < n; other++)
			t->pairs[at++] = (SumPair) {(int32) a, (int32) other};
	}
	for (c.level = 0; c.level < t->levels; c.level++)
	{
		c.interruptible = (t->m >> c.level) > TASK_PAIRS;
		if (c.interruptible)
			for (int64 b = 0; b < INT64CONST(1) << c.level; b++)
				cut_node(b, 0, &c);
		else
			parallel_for(INT64CONST(1) << c.level, 0, cut_node, &c);
	}
	parallel_for(INT64CONST(1) << t->levels, 0, fill_leaf, &c);
	join_boxes(t);
	return t;
}
