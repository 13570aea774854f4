/*
 * cells.c
 *		Points sorted into the cells of a grid: one sort of n keys.
 *
 * A coordinate's cell is floor((x - least) / side).  The quotient is off by at
 * most 2^-24 of a cell, as there are at most 2^28 cells along a dimension: who
 * relies on cells leaves that much room in the side.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "voxel/cells.h"

typedef struct KeyedPoint
{
	uint64		key;
	int32		point;
} KeyedPoint;

static int
key_bits(int d)
{
	return Min(28, 62 / d);
}

static void
extent(int n, int d, const double *x, int dimension, double *least, double *largest)
{
	*least = INFINITY;
	*largest = -INFINITY;
	for (int i = 0; i < n; i++)
	{
		double		value = x[(Size) i * d + dimension];

		*least = Min(*least, value);
		*largest = Max(*largest, value);
	}
}

bool
cells_fit(int n, int d, const double *x, double side)
{
	double		most = (double) ((INT64CONST(1) << key_bits(d)) - 2 * (int64) CELLS_MAX_STEP - 1);

	if (d > CELLS_MAX_DIMENSIONS || !(side > 0))
		return false;
	for (int k = 0; k < d && n > 0; k++)
	{
		double		least;
		double		largest;

		extent(n, d, x, k, &least, &largest);
		if (!((largest - least) / side < most))
			return false;
	}
	return true;
}

int64
cells_step(const Cells *c, const int *offset)
{
	int64		step = 0;

	for (int k = 0; k < c->d; k++)
		step = step * (INT64CONST(1) << key_bits(c->d)) + offset[k];
	return step;
}

static int
compare_keys(const void *a, const void *b)
{
	const KeyedPoint *x = a;
	const KeyedPoint *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->point < y->point ? -1 : x->point > y->point;
}

static KeyedPoint *
keyed_points(int n, int d, const double *x, double side)
{
	KeyedPoint *keyed = huge_alloc0(Max(1, (Size) n) * sizeof(KeyedPoint));
	int			bits = key_bits(d);

	for (int k = 0; k < d; k++)
	{
		double		least;
		double		largest;

		CHECK_FOR_INTERRUPTS();
		extent(n, d, x, k, &least, &largest);
		for (int i = 0; i < n; i++)
			keyed[i].key = (keyed[i].key << bits) + (uint64) floor((x[(Size) i * d + k] - least) / side) + CELLS_MAX_STEP;
	}
	for (int i = 0; i < n; i++)
		keyed[i].point = i;
	qsort(keyed, n, sizeof(KeyedPoint), compare_keys);
	CHECK_FOR_INTERRUPTS();
	return keyed;
}

Cells *
cells_new(int n, int d, const double *x, double side)
{
	KeyedPoint *keyed = keyed_points(n, d, x, side);
	Cells	   *c = palloc0(sizeof(Cells));

	c->n = n;
	c->d = d;
	c->key = huge_alloc(Max(1, (Size) n) * sizeof(uint64));
	c->start = huge_alloc(((Size) n + 1) * sizeof(int32));
	c->point = huge_alloc(Max(1, (Size) n) * sizeof(int32));
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || keyed[i].key != keyed[i - 1].key)
		{
			c->key[c->n_cells] = keyed[i].key;
			c->start[c->n_cells++] = i;
		}
		c->point[i] = keyed[i].point;
	}
	c->start[c->n_cells] = n;
	pfree(keyed);
	return c;
}

Size
cells_bytes(int n)
{
	return size_mul((Size) n + 1, sizeof(KeyedPoint) + sizeof(uint64) + 2 * sizeof(int32));
}
