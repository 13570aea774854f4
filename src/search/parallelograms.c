/*
 * parallelograms.c
 *		Crystals (Li, Michaud, Baek, Engels, Sun and Tegmark 2024, The geometry of
 *		concepts): all parallelograms among n rows, exact.
 *
 * a, b, c, d make one when a - b = d - c, which is a + c = b + d: two pairs of rows,
 * the diagonals, with the same sum.  With p and q the diagonals' lengths and g the
 * distance of the two sums, the squares of the four sides add up to p^2 + q^2 + g^2
 * (Euler), so the mean length of the shorter pair of opposite sides, s, has
 * 4 s^2 <= p^2 + q^2 + g^2; and g <= tolerance s gives, with q <= p,
 *
 *		g <= p tolerance sqrt(2 / (4 - tolerance^2))
 *
 * So each of the n (n - 1) / 2 sums is looked up, with its own radius, among those
 * with shorter diagonals, in a tree over their first principal components
 * (sum_tree.c): a distance of projections is at most the distance.  Leaves meet
 * leaves, 64 sums by 64 at a time; what is left is tested by the rows' squared
 * distances (g^2 is the sides' squares less the diagonals', whatever the number of
 * elements), and what that can't tell from a parallelogram is measured by its
 * elements.  The cost lies between n^2 log n and n^4 / 8 comparisons, by how many
 * sums are near each other: it falls fast with the tolerance.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/parallelograms.h"
#include "search/sum_tree.h"
#include "stats/differences.h"

#define SLICE_PAIRS ((Size) 1 << 15)	/* most sums of the part of the tree that one task looks through */
#define TASKS		1024		/* of a batch */
#define TASK_ROOM	64			/* parallelograms that a task has room for */
#define LEAST_SINE	1e-6
#define LEAST_AXIS	1e-6		/* eigenvalue, of the first, of an axis worth comparing */
#define AXES_TOLERANCE 1e-3		/* of the axes: any would do */
#define AXES_BLOCKS 16
#define MEMORY_HINT "Take fewer rows: clusters of them, or a sample."
#define RESULTS_HINT "Lower the tolerance, or take fewer rows."

typedef struct Search
{
	Size		n;
	Size		d;
	double	   *x;				/* n x d, times a power of two */
	double	   *squared;		/* n x n */
	double		slack;			/* rounding of a sum of six of these */
	double		tolerance;
	double		reach;			/* radius of a sum, of its diagonal */
	float		blur;			/* rounding of a distance of coordinates */
	SumTree    *tree;
	int			slice_level;	/* of the tree: a node is a task's part of it */
	int64		n_slices;
	int64		first_task;		/* of the batch */
	ParallelogramList *found;	/* TASKS of TASK_ROOM */
} Search;

/* ---- rows ---- */

/* Squared distances by products about the mean: rounding is in the slack.  Also leaves the products in 'products'. */
static void
set_distances(Search *s, double *centred, double *products)
{
	double	   *mean = huge_alloc0(s->d * sizeof(double));
	double		most = 0;

	for (Size i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < s->d; k++)
			mean[k] += s->x[i * s->d + k] / (double) s->n;
	}
	for (Size i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < s->d; k++)
			centred[i * s->d + k] = s->x[i * s->d + k] - mean[k];
	}
	syrk_f8(false, s->n, s->d, 1, centred, s->d, 0, products, s->n);
	for (Size i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		most = Max(most, products[i * s->n + i]);
		for (Size j = 0; j < s->n; j++)
			s->squared[i * s->n + j] = i == j ? 0 :
				Max(0, products[i * s->n + i] + products[j * s->n + j] - 2 * products[i * s->n + j]);
	}
	s->slack = 48 * ((double) s->d + 16) * DBL_EPSILON * most;
	pfree(mean);
}

typedef struct Products
{
	Size		n;
	const double *a;
} Products;

static void
multiply(void *arg, Size b, const double *x, double *y)
{
	Products   *p = arg;

	gemm_f8(false, false, b, p->n, p->n, 1, x, p->n, p->a, p->n, 0, y, p->n);
}

/*
 * The rows along their first principal components, n x axes, so that the largest is at most 1; returns
 * the number of axes, 0 where all rows are equal.  The axes are v = Y'u / |Y'u|, orthonormal for
 * Ritz vectors u of Y Y'.
 */
static int
set_coordinates(const Search *s, const double *products, float *coordinates, double *scale)
{
	Size		n = s->n;
	int			most = (int) Min(SUM_AXES, Min(n, s->d));
	double	   *values = huge_matrix(1, most);
	double	   *vectors = huge_matrix(most, n);
	double	   *scores = huge_matrix(most, n);
	Products	p = {n, products};
	int			axes = 0;
	double		largest = 0;

	(void) eigh_largest_of(n, multiply, &p, most, AXES_TOLERANCE, AXES_BLOCKS, values, vectors);
	if (!(values[most - 1] > 0))
		return 0;
	multiply(&p, most, vectors, scores);
	for (int k = most - 1; k >= 0 && values[k] > LEAST_AXIS * values[most - 1]; k--, axes++)
		for (Size i = 0; i < n; i++)
		{
			scores[k * n + i] /= sqrt(values[k]);
			largest = Max(largest, fabs(scores[k * n + i]));
		}
	*scale = 1 / largest;
	for (int axis = 0; axis < axes; axis++)
		for (Size i = 0; i < n; i++)
			coordinates[i * axes + axis] = (float) (scores[(most - 1 - axis) * n + i] * *scale);
	pfree(values);
	pfree(vectors);
	pfree(scores);
	return axes;
}

/* ---- one parallelogram ---- */

/* What its elements tell. */
typedef struct Shape
{
	double		gap;			/* |(a - b) - (d - c)|^2 */
	double		ab;				/* squares of the sides */
	double		bc;
	double		cd;
	double		da;
	double		uu;				/* of u = (b - a) + (c - d) and v = (d - a) + (c - b) */
	double		vv;
	double		uv;
} Shape;

HOT_LOOP static Shape
shape_of(const double *a, const double *b, const double *c, const double *d, Size n)
{
	double		gap = 0;
	double		ab = 0;
	double		bc = 0;
	double		cd = 0;
	double		da = 0;
	double		uu = 0;
	double		vv = 0;
	double		uv = 0;

#pragma omp simd reduction(+:gap, ab, bc, cd, da, uu, vv, uv)
	for (Size k = 0; k < n; k++)
	{
		double		s_ab = a[k] - b[k];
		double		s_bc = b[k] - c[k];
		double		s_cd = c[k] - d[k];
		double		s_da = d[k] - a[k];
		double		u = s_cd - s_ab;
		double		v = s_da - s_bc;

		gap += (s_ab + s_cd) * (s_ab + s_cd);
		ab += s_ab * s_ab;
		bc += s_bc * s_bc;
		cd += s_cd * s_cd;
		da += s_da * s_da;
		uu += u * u;
		vv += v * v;
		uv += u * v;
	}
	return (Shape) {gap, ab, bc, cd, da, uu, vv, uv};
}

/* Diagonals (a, c) and (b, d) as a parallelogram with its corners in order and measured; false: it is none. */
static bool
measure(const Search *s, SumPair p, SumPair q, Parallelogram *out)
{
	SumPair		ac = p.a < q.a ? p : q;
	SumPair		bd = p.a < q.a ? q : p;
	Size		d = s->d;
	Shape		shape = shape_of(s->x + ac.a * d, s->x + bd.a * d, s->x + ac.c * d, s->x + bd.c * d, d);
	double		side = Min(sqrt(shape.ab) + sqrt(shape.cd), sqrt(shape.bc) + sqrt(shape.da)) / 2;
	double		error = sqrt(shape.gap) / side;
	double		sine = Max(error, LEAST_SINE);

	if (!(side > 0) || !(error <= s->tolerance) ||
		!(1 - shape.uv / shape.uu * (shape.uv / shape.vv) > sine * sine))
		return false;
	*out = (Parallelogram) {ac.a, bd.a, ac.c, bd.c, error};
	return true;
}

/* Can it be one, as far as the rows' distances tell? */
static bool
may_be(const Search *s, SumPair p, SumPair q)
{
	const double *a = s->squared + (Size) p.a * s->n;
	const double *c = s->squared + (Size) p.c * s->n;
	double		gap;
	double		side;

	if (p.a == q.a || p.a == q.c || p.c == q.a || p.c == q.c)
		return false;
	gap = a[q.a] + c[q.a] + a[q.c] + c[q.c] - a[p.c] - s->squared[(Size) q.a * s->n + q.c];
	side = Min(sqrt(a[q.a]) + sqrt(c[q.c]), sqrt(c[q.a]) + sqrt(a[q.c])) / 2;
	return gap <= s->tolerance * s->tolerance * (side * side + s->slack + 2 * side * sqrt(s->slack)) + s->slack;
}

/* Of the two diagonals p has the shorter one, or the later of equal ones: it is found from the other. */
static bool
found_from_other(const Search *s, SumPair p, SumPair q)
{
	double		pp = s->squared[(Size) p.a * s->n + p.c];
	double		qq = s->squared[(Size) q.a * s->n + q.c];

	if (pp != qq)
		return pp < qq;
	return p.a != q.a ? p.a > q.a : p.c > q.c;
}

/* ---- lists ---- */

/* false: there is no room, and none may be made (in a thread) */
static bool
add(ParallelogramList *list, Parallelogram item)
{
	if (list->n == list->room)
	{
		Size		room = Max(1024, 2 * list->room);

		if (list->claim == NULL)
			return false;
		CHECK_FOR_INTERRUPTS();
		memory_claim_add(list->claim, size_mul(room - list->room, sizeof(Parallelogram)), RESULTS_HINT);
		list->items = list->items ? repalloc_huge(list->items, room * sizeof(Parallelogram)) :
			huge_alloc(room * sizeof(Parallelogram));
		list->room = room;
	}
	list->items[list->n++] = item;
	return true;
}

/* Interrupts are looked for in a sort of many. */
static int
compare(const void *a, const void *b, void *steps)
{
	const Parallelogram *x = a;
	const Parallelogram *y = b;

	breathe(true, (*(Size *) steps)++);
	if (x->error != y->error)
		return x->error < y->error ? -1 : 1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	if (x->c != y->c)
		return x->c < y->c ? -1 : 1;
	return x->d < y->d ? -1 : x->d > y->d;
}

/* ---- leaves against leaves ---- */

/*
 * near[j] = whether the sum at 'point' is within the radius of sum j of 'n', whose coordinates are m apart;
 * false: none is, as the first half of the axes may tell.
 */
HOT_LOOP static bool
near_sums(const float *point, int axes, const float *coordinates, Size m, int n, float squared_radius, uint8 *near)
{
	float		sum[SUM_LEAF] = {0};
	int			half = (axes + 1) / 2;
	int			found = 0;

	for (int k = 0; k < half; k++)
		for (int j = 0; j < n; j++)
			sum[j] += (coordinates[k * m + j] - point[k]) * (coordinates[k * m + j] - point[k]);
	for (int j = 0; j < n; j++)
		found |= sum[j] <= squared_radius;
	if (!found)
		return false;
	for (int k = half; k < axes; k++)
		for (int j = 0; j < n; j++)
			sum[j] += (coordinates[k * m + j] - point[k]) * (coordinates[k * m + j] - point[k]);
	for (int j = 0; j < n; j++)
		near[j] = sum[j] <= squared_radius;
	return true;
}

/* near[i] = whether the box comes within the radius of sum i of 'n', whose coordinates are m apart; false: of none */
HOT_LOOP static bool
near_box(const SumBox *box, int axes, const float *coordinates, Size m, int n, const float *radius, uint8 *near)
{
	float		sum[SUM_LEAF] = {0};
	int			found = 0;

	for (int k = 0; k < axes; k++)
		for (int i = 0; i < n; i++)
		{
			float		below = box->low[k] - coordinates[k * m + i];
			float		above = coordinates[k * m + i] - box->high[k];
			float		gap = Max(below, above);

			gap = Max(gap, 0);
			sum[i] += gap * gap;
		}
	for (int i = 0; i < n; i++)
	{
		near[i] = sum[i] <= radius[i] * radius[i];
		found |= near[i];
	}
	return found != 0;
}

static bool
meet_leaf(const Search *s, Size leaf, Size other, ParallelogramList *out)
{
	const SumTree *t = s->tree;
	const SumBox *box = &t->boxes[((Size) 1 << t->levels) + other];
	Size		own = sum_tree_first(t, t->levels, leaf);
	int			n_own = (int) (sum_tree_first(t, t->levels, leaf + 1) - own);
	Size		first = sum_tree_first(t, t->levels, other);
	int			n = (int) (sum_tree_first(t, t->levels, other + 1) - first);
	float		radius[SUM_LEAF];
	uint8		near_other[SUM_LEAF];
	uint8		near[SUM_LEAF];

	for (int i = 0; i < n_own; i++)
		radius[i] = (float) s->reach * t->diagonal[own + i] + s->blur;
	if (!near_box(box, t->axes, t->coordinates + own, t->m, n_own, radius, near_other))
		return true;
	for (int i = 0; i < n_own; i++)
	{
		float		point[SUM_AXES];
		SumPair		pair = t->pairs[own + i];

		if (!near_other[i])
			continue;
		for (int k = 0; k < t->axes; k++)
			point[k] = t->coordinates[k * t->m + own + i];
		if (!near_sums(point, t->axes, t->coordinates + first, t->m, n, radius[i] * radius[i], near))
			continue;
		for (int j = 0; j < n; j++)
		{
			SumPair		with = t->pairs[first + j];
			Parallelogram item;

			if (near[j] && !found_from_other(s, pair, with) && may_be(s, pair, with) &&
				measure(s, pair, with, &item) && !add(out, item))
				return false;
		}
	}
	return true;
}

/* A leaf against a slice of the tree; false: 'out' is full. */
static bool
search_slice(const Search *s, Size leaf, Size slice, ParallelogramList *out)
{
	const SumTree *t = s->tree;
	Size		leaves = (Size) 1 << t->levels;
	const SumBox *box = &t->boxes[leaves + leaf];
	float		radius = (float) s->reach * box->longest + s->blur;
	Size		waiting[64];
	int			n_waiting = 0;

	waiting[n_waiting++] = ((Size) 1 << s->slice_level) + slice;
	while (n_waiting > 0)
	{
		Size		node = waiting[--n_waiting];
		const SumBox *other = &t->boxes[node];

		if (other->shortest > box->longest || sum_boxes_distance(box, other, t->axes) > radius * radius)
			continue;
		if (node < leaves)
		{
			waiting[n_waiting++] = 2 * node + 1;
			waiting[n_waiting++] = 2 * node;
		}
		else if (!meet_leaf(s, leaf, node - leaves, out))
			return false;
	}
	return true;
}

static void
search_task(int64 number, int worker, void *arg)
{
	Search	   *s = arg;
	int64		task = s->first_task + number;
	ParallelogramList *out = &s->found[number];

	out->n = 0;
	if (!search_slice(s, (Size) (task / s->n_slices), (Size) (task % s->n_slices), out))
		out->n = out->room + 1;
}

/* What a task found to the end of the list; what it had no room for is looked up again. */
static void
gather(const Search *s, int64 number, ParallelogramList *list)
{
	const ParallelogramList *out = &s->found[number];
	int64		task = s->first_task + number;

	if (out->n > out->room)
		(void) search_slice(s, (Size) (task / s->n_slices), (Size) (task % s->n_slices), list);
	else
		for (Size i = 0; i < out->n; i++)
			(void) add(list, out->items[i]);
}

static ParallelogramList *
room_for_tasks(void)
{
	ParallelogramList *found = huge_alloc0(TASKS * sizeof(ParallelogramList));
	Parallelogram *items = huge_alloc((Size) TASKS * TASK_ROOM * sizeof(Parallelogram));

	for (int i = 0; i < TASKS; i++)
	{
		found[i].room = TASK_ROOM;
		found[i].items = items + (Size) i * TASK_ROOM;
	}
	return found;
}

static void
search_all(Search *s, ParallelogramList *list)
{
	int64		n_tasks = (INT64CONST(1) << s->tree->levels) * s->n_slices;

	progress_begin("parallelograms", (double) n_tasks);
	for (s->first_task = 0; s->first_task < n_tasks; s->first_task += TASKS)
	{
		int64		n = Min(TASKS, n_tasks - s->first_task);

		parallel_for(n, 1, search_task, s);
		for (int64 i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			gather(s, i, list);
		}
	}
	progress_end();
}

/* ---- all of it ---- */

static Size
search_bytes(Size n, Size d)
{
	Size		doubles = size_add(size_mul(2, size_mul(n, d)), size_mul(2, size_mul(n, n)));
	Size		axes = size_mul((Size) SUM_AXES * 5, n);
	Size		tasks = TASKS * (sizeof(ParallelogramList) + TASK_ROOM * sizeof(Parallelogram));

	return size_add(size_add(size_mul(size_add(doubles, axes), sizeof(double)), eigh_largest_of_scratch(n, SUM_AXES)),
					size_add(sum_tree_bytes(n, SUM_AXES), tasks));
}

ParallelogramList *
parallelograms_find(Size n, Size d, const double *x, double tolerance)
{
	ParallelogramList *list = palloc0(sizeof(ParallelogramList));
	MemoryContext home = CurrentMemoryContext;
	MemoryContext scratch;
	Search		s = {.n = n, .d = d, .tolerance = tolerance};
	double	   *products;
	float	   *coordinates;
	double		scale;
	int			axes;
	Size		steps = 0;

	list->claim = memory_claim(home, "parallelograms");
	if (n < 4 || d == 0)
		return list;
	scratch = scratch_create("parallelograms", search_bytes(n, d), MEMORY_HINT);
	MemoryContextSwitchTo(scratch);
	s.x = huge_matrix(n, d);
	s.squared = huge_matrix(n, n);
	products = huge_matrix(n, n);
	coordinates = huge_alloc(n * SUM_AXES * sizeof(float));
	memcpy(s.x, x, n * d * sizeof(double));
	scale_to_one(n * d, s.x);
	set_distances(&s, huge_matrix(n, d), products);
	axes = set_coordinates(&s, products, coordinates, &scale);
	if (axes > 0)
	{
		s.tree = sum_tree_new(n, axes, coordinates, s.squared);
		s.reach = tolerance * sqrt(2 / (4 - tolerance * tolerance)) * scale * (1 + 1e-5);
		s.blur = (float) (32 * FLT_EPSILON + 2 * sqrt(s.slack) * scale);
		while ((s.tree->m >> s.slice_level) > SLICE_PAIRS && s.slice_level < s.tree->levels)
			s.slice_level++;
		s.n_slices = INT64CONST(1) << s.slice_level;
		s.found = room_for_tasks();
		MemoryContextSwitchTo(home);
		search_all(&s, list);
		if (list->n > 1)
			qsort_arg(list->items, list->n, sizeof(Parallelogram), compare, &steps);
	}
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	return list;
}
