/*
 * target_group.c
 *		Targets grouped by the rows they have.
 *
 * Without missing data there is one group.  With it, a target's rows are the
 * cells whose pattern does not miss it; targets that miss in the same patterns
 * share every matrix of the fit.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stats/target_group.h"

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets)."

/* For qsort_arg: targets by their bits over patterns, then by number. */
typedef struct Signatures
{
	Size		bytes;			/* a target */
	const uint8 *bits;
} Signatures;

static int
compare_signatures(const void *a, const void *b, void *arg)
{
	const Signatures *s = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;
	int			c = memcmp(s->bits + x * s->bytes, s->bits + y * s->bytes, s->bytes);

	return c != 0 ? c : x < y ? -1 : x > y;
}

/* For qsort_arg: cells by fold, then by number. */
static int
compare_cells(const void *a, const void *b, void *arg)
{
	const Gram *g = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	if (g->cells[x].fold != g->cells[y].fold)
		return g->cells[x].fold < g->cells[y].fold ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Has the cell rows that lack the target, or (target -1) any target? */
static bool
cell_misses(const Gram *g, const GramCell *cell, int target)
{
	return target < 0 ? cell->pattern != 0 : GRAM_MISSING(g, cell, target);
}

/* The group's rows are those that have the target, or (target -1) all targets. */
static void
find_rows(const Gram *g, TargetGroup *group, int target, const int *cells_by_fold, MemoryClaim *claim)
{
	Size		n_cells = 0;
	Size		n_folds = 0;
	int64		last_fold = 0;

	for (int i = 0; i < g->n_cells; i++)
	{
		const GramCell *cell = &g->cells[cells_by_fold[i]];

		if (gram_cell_n(cell) == 0 || cell_misses(g, cell, target))
			continue;
		n_folds += n_cells++ == 0 || cell->fold != last_fold;
		last_fold = cell->fold;
	}
	memory_claim_add(claim, n_cells * sizeof(int) + n_folds * sizeof(TargetFold), MEMORY_HINT);
	group->cells = huge_alloc(Max(1, n_cells) * sizeof(int));
	group->folds = huge_alloc(Max(1, n_folds) * sizeof(TargetFold));
	group->rows_held = true;
	for (int i = 0; i < g->n_cells; i++)
	{
		int			c = cells_by_fold[i];
		const GramCell *cell = &g->cells[c];
		int64		n = gram_cell_n(cell);
		TargetFold  *fold;

		if (n == 0 || cell_misses(g, cell, target))
			continue;
		if (group->n_folds == 0 || group->folds[group->n_folds - 1].id != cell->fold)
		{
			fold = &group->folds[group->n_folds++];
			fold->id = cell->fold;
			fold->n = 0;
			fold->n_cells = 0;
			fold->cells = &group->cells[group->n_cells];
		}
		fold = &group->folds[group->n_folds - 1];
		group->cells[group->n_cells++] = c;
		fold->n_cells++;
		fold->n += n;
		group->n += n;
		if (cell->moments && cell->moments->n > 0)
			group->rows_held = false;
	}
}

static int *
cells_by_fold(const Gram *g)
{
	int		   *cells = huge_alloc(Max(1, g->n_cells) * sizeof(int));

	for (int i = 0; i < g->n_cells; i++)
		cells[i] = i;
	qsort_arg(cells, g->n_cells, sizeof(int), compare_cells, (void *) g);
	return cells;
}

TargetGroup *
target_complete_group(const Gram *g)
{
	TargetGroup *group = palloc0(sizeof(TargetGroup));

	group->n_targets = g->v;
	group->targets = huge_alloc(g->v * sizeof(int));
	for (int t = 0; t < g->v; t++)
		group->targets[t] = t;
	find_rows(g, group, -1, cells_by_fold(g), memory_claim(CurrentMemoryContext, "groups of targets"));
	return group;
}

TargetGroup *
target_groups(const Gram *g, int *n_groups)
{
	Size		bytes = ((Size) g->n_patterns + 7) / 8;
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "groups of targets");
	uint8	   *bits;
	Signatures	s;
	int		   *order = huge_alloc(g->v * sizeof(int));
	int		   *cells = cells_by_fold(g);
	TargetGroup *groups = NULL;
	int			n = 0;
	int			max = 0;

	memory_claim_add(claim, size_mul(g->v, bytes), MEMORY_HINT);
	bits = huge_alloc0(size_mul(g->v, bytes));
	s = (Signatures) {bytes, bits};
	for (int t = 0; t < g->v; t++)
		order[t] = t;
	for (int i = 1; i < g->n_patterns; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int t = 0; t < g->v; t++)
			if (g->patterns[i][t >> 3] & (1 << (t & 7)))
				bits[t * bytes + (i >> 3)] |= 1 << (i & 7);
	}
	if (g->n_patterns > 1)
		qsort_arg(order, g->v, sizeof(int), compare_signatures, &s);

	for (int i = 0; i < g->v; i++)
	{
		if (i == 0 || memcmp(bits + order[i] * bytes, bits + order[i - 1] * bytes, bytes) != 0)
		{
			if (n == max)
			{
				max = Max(8, 2 * max);
				memory_claim_add(claim, (max - n) * sizeof(TargetGroup), MEMORY_HINT);
				groups = groups ? repalloc_huge(groups, max * sizeof(TargetGroup))
					: huge_alloc(max * sizeof(TargetGroup));
			}
			memset(&groups[n], 0, sizeof(TargetGroup));
			groups[n++].targets = &order[i];
		}
		groups[n - 1].n_targets++;
	}
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		find_rows(g, &groups[i], groups[i].targets[0], cells, claim);
	}
	pfree(bits);
	memory_claim_sub(claim, size_mul(g->v, bytes));
	*n_groups = n;
	return groups;
}
