/*
 * spectral_rotation.c
 *		Labels from a spectral embedding by the rotation of Yu and Shi (2003).
 *
 * Rows of the embedding, scaled to length 1, would be rows of a rotation R's
 * transpose if the graph fell into k parts.  So R is sought that brings them
 * nearest to indicators: labels are the largest elements of the rotated rows, R
 * the polar factor of what the labelled rows sum to, in turns, until the nuclear
 * norm, which never falls, stands.  A start takes a random row and then rows that
 * are as orthogonal to those before as can be; the best of STARTS counts.
 * 2 n k^2 flops a turn, of which it takes a handful.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "clustering/clustering.h"
#include "clustering/spectral.h"
#include "linalg/linalg.h"

#define STARTS	10
#define TURNS	100

typedef struct Rotation
{
	Size		n;
	Size		k;
	double	   *x;				/* n x k: rows of length 1 (or 0) */
	double	   *r;				/* k x k */
	double	   *rotated;		/* n x k: X R */
	double	   *sums;			/* k x k */
	int32	   *label;			/* n */
} Rotation;

/* Columns to one length, then rows to length 1. */
static void
scale(Rotation *s, const double *y)
{
	for (Size j = 0; j < s->k; j++)
	{
		double		sum = 0;

		for (Size i = 0; i < s->n; i++)
			sum += y[i * s->k + j] * y[i * s->k + j];
		for (Size i = 0; i < s->n; i++)
			s->x[i * s->k + j] = sum > 0 ? y[i * s->k + j] / sqrt(sum) : 0;
	}
	for (Size i = 0; i < s->n; i++)
	{
		double	   *row = s->x + i * s->k;
		double		sum = 0;

		for (Size j = 0; j < s->k; j++)
			sum += row[j] * row[j];
		for (Size j = 0; sum > 0 && j < s->k; j++)
			row[j] /= sqrt(sum);
	}
}

static void
start(Rotation *s, RandomStream *random)
{
	double	   *seen = huge_alloc0(s->n * sizeof(double));
	double	   *cosine = huge_matrix(1, s->n);
	Size		row = (Size) random_below(random, s->n);

	for (Size j = 0; j < s->k; j++)
	{
		const double *chosen = s->x + row * s->k;

		for (Size l = 0; l < s->k; l++)
			s->r[l * s->k + j] = chosen[l];
		gemv_f8(false, s->n, s->k, 1, s->x, s->k, chosen, 0, cosine);
		for (Size i = 0; i < s->n; i++)
			seen[i] += fabs(cosine[i]);
		row = 0;
		for (Size i = 1; i < s->n; i++)
			if (seen[i] < seen[row])
				row = i;
	}
	pfree(seen);
	pfree(cosine);
}

static void
label_rows(Rotation *s)
{
	gemm_f8(false, false, s->n, s->k, s->k, 1, s->x, s->k, s->r, s->k, 0, s->rotated, s->k);
	for (Size i = 0; i < s->n; i++)
	{
		const double *row = s->rotated + i * s->k;
		Size		best = 0;

		for (Size j = 1; j < s->k; j++)
			if (row[j] > row[best])
				best = j;
		s->label[i] = (int32) best;
	}
}

/* R becomes the rotation that brings the labelled rows nearest to their indicators; returns how near. */
static double
rotate(Rotation *s)
{
	memset(s->sums, 0, s->k * s->k * sizeof(double));
	for (Size i = 0; i < s->n; i++)
		for (Size j = 0; j < s->k; j++)
			s->sums[j * s->k + s->label[i]] += s->x[i * s->k + j];
	return polar_f8(s->k, s->k, s->sums, s->r);
}

void
spectral_labels_rotation(int n, int k, const double *y, int64 seed, int32 *label)
{
	Size		bytes = size_mul(size_add(size_mul(n, size_add(size_mul(2, k), 3)), size_mul(2, size_mul(k, k))), sizeof(double));
	MemoryContext scratch = scratch_create("spectral rotation", size_add(bytes, polar_scratch(k, k)), "Take fewer rows.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Rotation	s = {.n = n, .k = k};
	double		best = -1;

	s.x = huge_matrix(n, k);
	s.r = huge_matrix(k, k);
	s.rotated = huge_matrix(n, k);
	s.sums = huge_matrix(k, k);
	s.label = huge_alloc((Size) n * sizeof(int32));
	scale(&s, y);
	for (int init = 0; init < STARTS; init++)
	{
		RandomStream random;
		double		near = -1;

		random_start(&random, (uint64) seed, init);
		start(&s, &random);
		for (int turn = 0; turn < TURNS; turn++)
		{
			double		before = near;

			CHECK_FOR_INTERRUPTS();
			label_rows(&s);
			near = rotate(&s);
			if (near - before <= 4 * DBL_EPSILON * near)
				break;
		}
		if (near > best * (1 + 1e-12))
		{
			best = near;
			memcpy(label, s.label, (Size) n * sizeof(int32));
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	labels_by_size(n, label);
}
