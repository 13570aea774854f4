/*
 * pmi.c
 *		Labels of units: words of the descriptions of the items that drive a unit
 *		most, by pointwise mutual information (MILAN's criterion, Hernandez et al. 2022,
 *		"Natural language descriptions of deep visual features", for words in the place of
 *		whole descriptions):
 *
 *	 pmi(word; E) = log p(word | E) - log p(word) = log(count / |E|) - log((total + s) / (n + s))
 *
 * with E the unit's top items; count of them, and total of all n items, have a description
 * with the word.  Smoothing s is so many items more that have it, none of them in E: pmi
 * alone favours the rarest words.  Words are compared by count / (total + s),
 * cross-multiplied, so that equal ones tie whatever logarithms round to.
 *
 * E is a share of the items.  Items as active as the last of them belong to E as well, unless
 * that is the unit's lowest activity: of a unit that is silent but for three items, E is the
 * three.  So nothing but the activities decides what is in E.
 *
 * Counts are the product of the units' top items (d x n, a few per cent ones) and
 * the items' words (n x words, some ten a row), both sparse: one addition for each word
 * of each top item, d |E| w in all, where a dense product would take 2 d n words flops.
 * Top items are found by selection, O(n) a unit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/pmi.h"
#include "search/unit_columns.h"
#include "stats/select_value.h"

#define MEMORY_HINT "Take fewer items, or shorter descriptions."

/* ---- words ---- */

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word of a description from *at on; false at its end. */
static bool
next_word(Label description, int *at, Label *word)
{
	int			first = *at;

	while (first < description.length && is_space(description.text[first]))
		first++;
	*at = first;
	while (*at < description.length && !is_space(description.text[*at]))
		(*at)++;
	*word = (Label) {description.text + first, *at - first};
	return word->length > 0;
}

static Size
count_words(const Label *descriptions, int n)
{
	Size		count = 0;

	for (int d = 0; d < n; d++)
	{
		Label		word;

		CHECK_FOR_INTERRUPTS();
		for (int at = 0; next_word(descriptions[d], &at, &word);)
			count++;
	}
	return count;
}

static int
compare_words(const void *a, const void *b)
{
	return *(const int32 *) a < *(const int32 *) b ? -1 : *(const int32 *) a > *(const int32 *) b;
}

PmiWords *
pmi_words(const Label *descriptions, int n)
{
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "words");
	LabelSet   *set = label_set_new(CurrentMemoryContext, claim, MEMORY_HINT);
	PmiWords   *words = palloc(sizeof(PmiWords));
	Size		count = count_words(descriptions, n);
	Size		filled = 0;
	int		   *rank;

	memory_claim_add(claim, size_add(size_mul(count, sizeof(int32)), size_mul((Size) n + 1, sizeof(Size))), MEMORY_HINT);
	words->start = huge_alloc(((Size) n + 1) * sizeof(Size));
	words->of = huge_alloc(Max(1, count) * sizeof(int32));
	for (int d = 0; d < n; d++)
	{
		Label		word;

		CHECK_FOR_INTERRUPTS();
		words->start[d] = filled;
		for (int at = 0; next_word(descriptions[d], &at, &word);)
			words->of[filled++] = label_set_number(set, word, "descriptions");
	}
	words->start[n] = filled;
	memory_claim_add(claim, size_mul(set->n, sizeof(int) + sizeof(Label)), MEMORY_HINT);
	rank = label_set_ranks(set);
	words->n = set->n;
	words->word = label_set_sorted(set, rank);
	/* numbers become ranks, and each word of a description is left once */
	filled = 0;
	for (int d = 0; d < n; d++)
	{
		Size		first = words->start[d];
		Size		end = words->start[d + 1];

		CHECK_FOR_INTERRUPTS();
		for (Size i = first; i < end; i++)
			words->of[i] = rank[words->of[i]];
		qsort(words->of + first, end - first, sizeof(int32), compare_words);
		words->start[d] = filled;
		for (Size i = first; i < end; i++)
			if (i == first || words->of[i] != words->of[i - 1])
				words->of[filled++] = words->of[i];
	}
	words->start[n] = filled;
	pfree(rank);
	return words;
}

/* ---- units ---- */

/* One thread's */
typedef struct PmiScratch
{
	double	   *values;			/* n */
	int32	   *count;			/* words: 0 between units */
	int32	   *seen;			/* words that have a count */
} PmiScratch;

typedef struct PmiWork
{
	const PointRows *rows;
	const PmiWords *words;
	const PmiOptions *options;
	int			n_top;
	const int32 *total;
	PmiScratch *scratch;
	PmiUnit    *unit;
	PmiLabel   *label;
} PmiWork;

/* The lowest activity of a top item; selected: n of scratch */
static double
least_top_activity(const double *values, Size n, Size n_top, double *selected)
{
	double		edge;
	double		least;
	double		above = INFINITY;

	memcpy(selected, values, n * sizeof(double));
	select_value(selected, (int64) n, (int64) (n - n_top));
	edge = selected[n - n_top];
	least = edge;
	for (Size i = 0; i < n - n_top; i++)
		least = Min(least, selected[i]);
	if (edge > least)
		return edge;
	for (Size i = n - n_top; i < n; i++)
		if (selected[i] > least)
			above = Min(above, selected[i]);
	return above;
}

/* Is a the better label? */
static inline bool
better(const PmiLabel *a, const PmiLabel *b, double smoothing)
{
	double		x = a->count * (b->total + smoothing);
	double		y = b->count * (a->total + smoothing);

	if (x != y)
		return x > y;
	return a->count != b->count ? a->count > b->count : a->word < b->word;
}

static void
enter(PmiLabel *labels, int32 *n, const PmiOptions *o, PmiLabel label)
{
	int			at;

	if (*n == o->n_words && !better(&label, &labels[*n - 1], o->smoothing))
		return;
	at = *n < o->n_words ? (*n)++ : *n - 1;
	for (; at > 0 && better(&label, &labels[at - 1], o->smoothing); at--)
		labels[at] = labels[at - 1];
	labels[at] = label;
}

static void
label_unit(int number, const double *values, int worker, bool interruptible, void *arg)
{
	const PmiWork *w = arg;
	const PmiWords *words = w->words;
	const PmiOptions *o = w->options;
	PmiScratch *s = &w->scratch[worker];
	PmiUnit    *unit = &w->unit[number];
	PmiLabel   *label = w->label + (Size) number * o->n_words;
	Size		n = w->rows->n;
	double		least = least_top_activity(values, n, w->n_top, s->values);
	int			n_seen = 0;

	*unit = (PmiUnit) {0, 0};
	for (Size i = 0; i < n; i++)
	{
		int32		description = w->rows->label[i];

		breathe(interruptible, i);
		if (values[i] < least)
			continue;
		unit->items++;
		for (Size at = words->start[description]; at < words->start[description + 1]; at++)
			if (s->count[words->of[at]]++ == 0)
				s->seen[n_seen++] = words->of[at];
	}
	for (int i = 0; i < n_seen; i++)
	{
		int32		word = s->seen[i];
		int32		count = s->count[word];

		s->count[word] = 0;
		/* more frequent than in all items */
		if (count >= o->min_count && count * (n + o->smoothing) > unit->items * (w->total[word] + o->smoothing))
			enter(label, &unit->n_labels, o, (PmiLabel) {word, count, w->total[word], 0});
	}
	for (int i = 0; i < unit->n_labels; i++)
		label[i].pmi = log(label[i].count * (n + o->smoothing) / (unit->items * (label[i].total + o->smoothing)));
}

void
pmi_labels(const PointRows *r, const PmiWords *words, const PmiOptions *options, PmiUnit *unit, PmiLabel *label)
{
	Size		threads = parallel_threads();
	Size		bytes = size_add(size_mul(r->n, sizeof(double)), size_mul(words->n, 3 * sizeof(int32)));
	MemoryContext scratch = scratch_create("pmi_label", size_add(size_mul(threads, bytes), unit_columns_bytes(r)), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int32	   *total = huge_alloc0(Max(1, words->n) * sizeof(int32));
	PmiWork		w = {.rows = r,.words = words,.options = options,.total = total,.unit = unit,.label = label};

	/* rounded up, but not for a rounding error */
	w.n_top = (int) Max(1, ceil(options->share * r->n * (1 - 1e-12)));
	for (int i = 0; i < r->n; i++)
		for (Size at = words->start[r->label[i]]; at < words->start[r->label[i] + 1]; at++)
			total[words->of[at]]++;
	w.scratch = palloc(threads * sizeof(PmiScratch));
	for (Size t = 0; t < threads; t++)
	{
		w.scratch[t].values = huge_matrix(1, r->n);
		w.scratch[t].count = huge_alloc0(Max(1, words->n) * sizeof(int32));
		w.scratch[t].seen = huge_alloc(Max(1, words->n) * sizeof(int32));
	}
	unit_columns(r, "pmi_label", 30, label_unit, &w);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
