/*
 * predictivity.c
 *		A paired state as the gram of a regression of one population on the other.
 *
 * The state is a gram of z = (x, y) side by side.  Its rows become rows of (x, y);
 * its moments are those of (x, y), in blocks, of which y'y keeps the diagonal.
 * The regressions themselves are the encoding room's: linear_predictivity is
 * SQL over two such grams.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "similarity/predictivity.h"
#include "stats/gram_object.h"

#define MEMORY_HINT "Take fewer units."

static void
add_rows(Gram *g, const Paired *s, bool swap)
{
	Size		n = (Size) paired_n(s);
	int32		p = s->p;
	int32		q = s->q;
	Tensor	   *x = tensor_new_unset(TENSOR_FLOAT8, 1, &p);
	Tensor	   *y = tensor_new_unset(TENSOR_FLOAT8, 1, &q);
	double	   *rows_x = huge_matrix(n, p);
	double	   *rows_y = huge_matrix(n, q);

	paired_rows(s, rows_x, rows_y);
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(TENSOR_F8(x), rows_x + i * p, p * sizeof(double));
		memcpy(TENSOR_F8(y), rows_y + i * q, q * sizeof(double));
		gram_add_row(g, swap ? y : x, swap ? x : y, 0);
	}
	gram_wait(g);
}

static void
add_moments(Gram *g, const Paired *s, bool swap)
{
	const Gram *joint = s->gram;
	Size		all = joint->p;
	Size		first_x = swap ? s->p : 0;
	Size		first_y = swap ? 0 : s->p;
	double	   *centre = huge_matrix(1, all);
	double	   *sum = huge_alloc0(all * sizeof(double));
	double	   *products = huge_alloc0(size_mul(size_mul(all, all), sizeof(double)));
	double		no_targets;
	int			cell = 0;
	GramMoments *m;

	gram_get_centre(joint, centre, &no_targets);
	gram_set_centre(g, centre + first_x, centre + first_y);
	m = gram_cell_moments(g, gram_cell(g, 0, 0), NULL);
	m->n = gram_sum_xx(joint, &cell, 1, centre, sum, products);
	memcpy(m->sx, sum + first_x, g->p * sizeof(double));
	memcpy(m->sy, sum + first_y, g->v * sizeof(double));
	for (Size i = 0; i < (Size) g->p; i++)
	{
		const double *row = products + (first_x + i) * all;

		CHECK_FOR_INTERRUPTS();
		memcpy(m->sxx + i * g->p, row + first_x, g->p * sizeof(double));
		memcpy(m->sxy + i * g->v, row + first_y, g->v * sizeof(double));
	}
	for (Size t = 0; t < (Size) g->v; t++)
		m->syy[t] = products[(first_y + t) * (all + 1)];
	g->n_rows_seen = m->n;
	g->has_float8 = true;
}

Gram *
predictivity_gram(MemoryContext parent, const Paired *s, bool swap)
{
	Gram	   *g = gram_new(parent, swap ? s->q : s->p, swap ? s->p : s->q, false);
	Size		all = (Size) s->p + s->q;
	bool		held = paired_rows_held(s);
	Size		doubles = size_mul(all, size_add(2, held ? (Size) paired_n(s) : all));
	MemoryContext scratch = scratch_create("linear_predictivity", size_mul(doubles, sizeof(double)), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	if (held)
		add_rows(g, s, swap);
	else
		add_moments(g, s, swap);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return g;
}
