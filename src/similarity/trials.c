/*
 * trials.c
 *		The trial_set state: adding, merging, and its bytes.
 *
 * Merging gives the other state's labels their places here and moves its grams'
 * folds there.  Stored form (little-endian), after the version: uint8
 * populations, has option, the gram's version; float8 option; the labels
 * (stats/label.h); for each population uint8 is there, and what its gram writes.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "similarity/trials.h"
#include "stats/block.h"

#define MEMORY_HINT "Aggregate fewer units or fewer conditions at a time."

Trials *
trials_new(MemoryContext parent, int n_populations)
{
	Trials	   *t = state_new(&trials_kind, parent, sizeof(Trials));

	t->n_populations = n_populations;
	t->claim = memory_claim(STATE_CONTEXT(t), "trials");
	t->labels = label_set_new(STATE_CONTEXT(t), t->claim, MEMORY_HINT);
	return t;
}

/* ---- rows ---- */

static void
require_finite(const Tensor *x, const char *what, int64 ordinal)
{
	for (Size i = 0; i < tensor_size(x); i++)
	{
		double		value = tensor_get(x, i);

		if (!isfinite(value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %zu of %s is %s in row " INT64_FORMAT, i + 1, what,
							isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity", ordinal),
					 errdetail("Responses must be finite.")));
	}
}

static void
check_response(const Trials *t, int population, const Tensor *x)
{
	const Gram *g = t->gram[population];
	int64		ordinal = g ? g->n_rows_seen + 1 : 1;
	const char *what = population == 0 ? "x" : "y";

	if (tensor_size(x) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row " INT64_FORMAT " has no elements", what, ordinal)));
	block_check_row(x, g ? g->p : (int) Min(tensor_size(x), PG_INT32_MAX), what, ordinal);
	require_finite(x, what, ordinal);
}

void
trials_add(Trials *t, Label label, int population, const Tensor *x)
{
	int			number;

	Assert(population < t->n_populations);
	check_response(t, population, x);
	number = label_set_number(t->labels, label, "trials");
	if (t->gram[population] == NULL)
		t->gram[population] = gram_new(STATE_CONTEXT(t), (int) tensor_size(x), 0, true);
	gram_add_row(t->gram[population], x, NULL, number);
}

void
trials_set_option(Trials *t, double option)
{
	if (t->has_option && t->option != option)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the last argument is %g, but %g in the rows before", option, t->option),
				 errdetail("It is one option of the whole aggregate.")));
	t->has_option = true;
	t->option = option;
}

/* ---- merging ---- */

/* dst += src.  ERROR when populations, units or options differ. */
static void
trials_merge(Trials *dst, const Trials *src)
{
	int			n = src->labels->n;	/* dst may be src */
	int64	   *folds = huge_alloc(Max(1, size_mul(n, sizeof(int64))));

	if (dst->n_populations != src->n_populations)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("trials of %d and of %d populations can't be added", dst->n_populations, src->n_populations)));
	if (src->has_option)
		trials_set_option(dst, src->option);
	for (int i = 0; i < n; i++)
		folds[i] = label_set_number(dst->labels, src->labels->label[i], "trials");
	for (int k = 0; k < src->n_populations; k++)
	{
		if (src->gram[k] == NULL)
			continue;
		if (dst->gram[k] == NULL)
			dst->gram[k] = gram_new(STATE_CONTEXT(dst), src->gram[k]->p, 0, true);
		if (dst->gram[k]->p != src->gram[k]->p)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("trials of %d and of %d units can't be added", dst->gram[k]->p, src->gram[k]->p)));
		gram_merge_folds(dst->gram[k], src->gram[k], folds);
	}
	pfree(folds);
}

static Trials *
trials_copy(MemoryContext parent, const Trials *t)
{
	Trials	   *copy = trials_new(parent, t->n_populations);

	trials_merge(copy, t);
	return copy;
}

/* ---- bytes ---- */

static void
write_trials(StateWriter *w, const void *state)
{
	const Trials *t = state;
	uint8		head[3] = {t->n_populations, t->has_option, gram_kind.version};

	state_put_bytes(w, head, 3);
	state_put_array(w, &t->option, 1, 8);
	label_set_write(w, t->labels);
	for (int k = 0; k < t->n_populations; k++)
	{
		uint8		there = t->gram[k] != NULL;

		state_put_bytes(w, &there, 1);
		if (there)
			gram_kind.write(w, t->gram[k]);
	}
}

static Gram *
read_population(StateReader *r, const Trials *t, bool validate)
{
	Gram	   *g = gram_kind.read(r, STATE_CONTEXT(t), validate);

	if (g->v != 0 || !g->has_folds)
		state_corrupt("trial_set", "a gram is not of trials");
	for (int i = 0; i < g->n_cells; i++)
		if (g->cells[i].fold < 0 || g->cells[i].fold >= t->labels->n)
			state_corrupt("trial_set", "a trial has no label");
	return g;
}

static void *
read_trials(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	Trials	   *t;

	state_get_bytes(r, head, 3);
	if (head[0] < 1 || head[0] > 2 || head[1] > 1 || head[2] != gram_kind.version)
		state_corrupt("trial_set", "unknown flags or version of its grams");
	t = trials_new(parent, head[0]);
	t->has_option = head[1];
	state_get_array(r, &t->option, 1, 8);
	if (!isfinite(t->option) || (!t->has_option && t->option != 0))
		state_corrupt("trial_set", "bad option");
	label_set_read(r, t->labels);
	for (int k = 0; k < t->n_populations; k++)
	{
		uint8		there;

		state_get_bytes(r, &there, 1);
		if (there > 1)
			state_corrupt("trial_set", "unknown flags");
		if (there)
			t->gram[k] = read_population(r, t, validate);
	}
	return t;
}

static void *
copy_trials(MemoryContext parent, const void *state)
{
	return trials_copy(parent, state);
}

static void
merge_trials(void *dst, const void *src)
{
	trials_merge(dst, src);
}

static void
settle_trials(void *state)
{
	Trials	   *t = state;

	for (int k = 0; k < t->n_populations; k++)
		if (t->gram[k])
			gram_wait(t->gram[k]);
}

static char *
summarize_trials(const void *state)
{
	const Trials *t = state;
	int64		n = 0;

	for (int k = 0; k < t->n_populations; k++)
		n += t->gram[k] ? gram_n(t->gram[k]) : 0;
	return psprintf("conditions=%d, n=" INT64_FORMAT, t->labels->n, n);
}

const StateKind trials_kind = {
	.name = "trial_set",
	.version = 1,
	.write = write_trials,
	.read = read_trials,
	.copy = copy_trials,
	.merge = merge_trials,
	.summary = summarize_trials,
	.settle = settle_trials,
	.size_hint = "Take fewer units or fewer conditions, or pass it straight to its measure in one query level, which does not copy it."
};

STATE_IO_FUNCTIONS(trial_set, trials_kind)
STATE_MERGE_FUNCTIONS(trial_set, trials_kind)
