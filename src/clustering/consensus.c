/*
 * consensus.c
 *		Label sets, and their co-association matrix (Fred and Jain 2005; the
 *		cluster-based similarity of Strehl and Ghosh 2002).
 *
 * How often two rows were together is a product of the indicator matrix with
 * itself: n^2 k flops for a run of k clusters.  Comparing the labels themselves is
 * n^2 / 2 comparisons a run, 8 or 16 of them in an instruction, whatever k: the
 * cheaper form from a few clusters on.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/compare.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/consensus.h"
#include "linalg/linalg.h"
#include "stats/rdm.h"

#define MEMORY_HINT		"Take fewer rows or runs."
#define TASK_COMPARISONS 2e8

LabelSets *
label_sets_new(MemoryContext parent)
{
	LabelSets  *s = state_new(&label_sets_kind, parent, sizeof(LabelSets));

	s->claim = memory_claim(STATE_CONTEXT(s), "label_sets");
	s->labels = label_set_new(STATE_CONTEXT(s), s->claim, MEMORY_HINT);
	return s;
}

void
label_sets_reserve(LabelSets *s, int n)
{
	Size		wanted = size_add(s->n, n);
	Size		capacity;

	if (wanted <= (Size) s->capacity)
		return;
	if (wanted > LABEL_SETS_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("label_sets have at most %d labels", LABEL_SETS_MAX_ROWS)));
	capacity = Max(wanted, Max(64, (Size) s->capacity + s->capacity / 2));
	memory_claim_add(s->claim, (capacity - s->capacity) * sizeof(LabelGiven), MEMORY_HINT);
	if (s->row == NULL)
		s->row = MemoryContextAllocHuge(STATE_CONTEXT(s), capacity * sizeof(LabelGiven));
	else
		s->row = repalloc_huge(s->row, capacity * sizeof(LabelGiven));
	s->capacity = (int) capacity;
}

void
label_sets_add(LabelSets *s, int64 id, int64 run, Label label)
{
	bool		noise = label.length == 2 && memcmp(label.text, "-1", 2) == 0;

	label_sets_reserve(s, 1);
	s->row[s->n++] = (LabelGiven) {id, run, noise ? -1 : label_set_number(s->labels, label, "label_sets"), 0};
}

void
label_sets_merge(LabelSets *dst, const LabelSets *src)
{
	int			n = src->n;
	int32	   *ours = huge_alloc(Max(1, (Size) src->labels->n) * sizeof(int32));

	label_sets_reserve(dst, n);
	for (int i = 0; i < src->labels->n; i++)
		ours[i] = label_set_number(dst->labels, src->labels->label[i], "label_sets");
	for (int i = 0; i < n; i++)
	{
		dst->row[dst->n] = src->row[i];
		if (src->row[i].label >= 0)
			dst->row[dst->n].label = ours[src->row[i].label];
		dst->n++;
	}
	pfree(ours);
}

/* ---- the table ---- */

static int
compare_given(const void *a, const void *b)
{
	const LabelGiven *x = a;
	const LabelGiven *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return x->id == y->id ? 0 : x->id < y->id ? -1 : 1;
}

/* The rows by run and id; ERROR if two are of the same. */
static LabelGiven *
sorted_rows(const LabelSets *s)
{
	LabelGiven *row = huge_alloc(Max(1, (Size) s->n) * sizeof(LabelGiven));

	memcpy(row, s->row, (Size) s->n * sizeof(LabelGiven));
	qsort(row, s->n, sizeof(LabelGiven), compare_given);
	for (int i = 1; i < s->n; i++)
		if (compare_given(&row[i - 1], &row[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a run labels an id twice"),
					 errdetail_client("It is run " INT64_FORMAT ", and id " INT64_FORMAT ".", row[i].run, row[i].id)));
	return row;
}

static int64 *
distinct_ids(const LabelGiven *row, int n, int *n_ids)
{
	int64	   *id = huge_alloc(Max(1, (Size) n) * sizeof(int64));
	int			kept = 0;

	for (int i = 0; i < n; i++)
		id[i] = row[i].id;
	qsort(id, n, sizeof(int64), compare_int64);
	for (int i = 0; i < n; i++)
		if (i == 0 || id[i] != id[i - 1])
			id[kept++] = id[i];
	*n_ids = kept;
	return id;
}

/* Rows of one run ascend by id, as the ids do: one pass over both. */
static void
fill_table(LabelTable *t, const LabelGiven *row, int n)
{
	int			run = -1;
	int			at = 0;

	for (int i = 0; i < n; i++)
	{
		Size		cell;

		if (i == 0 || row[i].run != row[i - 1].run)
		{
			CHECK_FOR_INTERRUPTS();
			run++;
			at = 0;
			for (int j = 0; j < t->n; j++)
				t->code[(Size) run * t->n + j] = -1 - j;
		}
		while (t->id[at] != row[i].id)
			at++;
		cell = (Size) run * t->n + at;
		if (row[i].label >= 0)
			t->code[cell] = row[i].label;
		if (t->present)
			t->present[cell] = 1;
	}
}

LabelTable *
label_table(const LabelSets *s)
{
	LabelTable *t = palloc0(sizeof(LabelTable));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "label_sets");
	LabelGiven *row;
	Size		cells;

	memory_claim_add(claim, size_mul(s->n, sizeof(LabelGiven) + sizeof(int64)), MEMORY_HINT);
	row = sorted_rows(s);
	t->id = distinct_ids(row, s->n, &t->n);
	for (int i = 0; i < s->n; i++)
		t->n_runs += i == 0 || row[i].run != row[i - 1].run;
	cells = size_mul(t->n, t->n_runs);
	t->complete = cells == (Size) s->n;
	memory_claim_add(claim, size_mul(cells, (t->complete ? 1 : 2) * sizeof(int32)), MEMORY_HINT);
	t->code = huge_alloc(Max(1, cells) * sizeof(int32));
	if (!t->complete)
		t->present = huge_alloc0(Max(1, cells) * sizeof(int32));
	fill_table(t, row, s->n);
	pfree(row);
	return t;
}

/* ---- distances ---- */

typedef struct Comparison
{
	const LabelTable *table;
	int			rows_per_task;
	int32	   *counts;			/* 2 n for each worker */
	double	   *distance;
} Comparison;

HOT_LOOP static void
count_together(Size n, const int32 *code, int32 mine, int32 *together)
{
	for (Size j = 0; j < n; j++)
		together[j] += code[j] == mine;
}

HOT_LOOP static void
count_present(Size n, const int32 *present, int32 *both)
{
	for (Size j = 0; j < n; j++)
		both[j] += present[j];
}

/* Row i against the rows after it. */
static void
compare_row(const Comparison *c, Size i, int32 *together, int32 *both)
{
	const LabelTable *t = c->table;
	Size		after = t->n - i - 1;
	double	   *out = c->distance + rdm_pair(t->n, i, i + 1);

	memset(together, 0, after * sizeof(int32));
	for (Size j = 0; j < after; j++)
		both[j] = t->complete ? t->n_runs : 0;
	for (Size r = 0; r < (Size) t->n_runs; r++)
	{
		Size		at = r * t->n + i;

		if (t->present && !t->present[at])
			continue;
		count_together(after, t->code + at + 1, t->code[at], together);
		if (t->present)
			count_present(after, t->present + at + 1, both);
	}
	for (Size j = 0; j < after; j++)
		out[j] = both[j] == 0 ? NAN : (double) (both[j] - together[j]) / both[j];
}

static void
compare_task(int64 number, int worker, void *arg)
{
	const Comparison *c = arg;
	int32	   *counts = c->counts + 2 * (Size) c->table->n * worker;
	int			end = (int) Min(c->table->n - 1, (number + 1) * c->rows_per_task);

	for (int i = (int) number * c->rows_per_task; i < end; i++)
		compare_row(c, i, counts, counts + c->table->n);
}

void
label_table_distances(const LabelTable *t, double *distance)
{
	Comparison	c = {.table = t, .distance = distance};
	int			n_tasks;

	c.counts = huge_alloc(size_mul(2 * (Size) t->n * parallel_threads(), sizeof(int32)));
	c.rows_per_task = (int) Max(1, TASK_COMPARISONS / ((double) t->n * t->n_runs));
	c.rows_per_task = Min(c.rows_per_task, t->n);
	n_tasks = (t->n - 1 + c.rows_per_task - 1) / c.rows_per_task;
	progress_begin("coassociation", n_tasks);
	parallel_for(n_tasks, 1, compare_task, &c);
	progress_end();
	pfree(c.counts);
}
