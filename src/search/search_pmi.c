/*
 * search_pmi.c
 *		SQL function pmi_label.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/rows.h"
#include "search/pmi.h"
#include "stats/hypergeometric.h"

PG_FUNCTION_INFO_V1(search_pmi_label);

#define PMI_COLUMNS 8
#define MAX_WORDS 10000			/* a unit */

static PmiOptions
pmi_options(FunctionCallInfo fcinfo)
{
	PmiOptions	o = {PG_GETARG_FLOAT8(1), PG_GETARG_INT32(2), PG_GETARG_INT32(3), PG_GETARG_FLOAT8(4)};

	if (!(o.share > 0 && o.share < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share must be over 0 and under 1, not %g", o.share),
				 errdetail("It is the share of the items that are a unit's top items.")));
	if (o.n_words < 1 || o.n_words > MAX_WORDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_words must be from 1 to %d, not %d", MAX_WORDS, o.n_words)));
	if (o.min_count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_count must be at least 1, not %d", o.min_count)));
	if (!(o.smoothing >= 0 && o.smoothing <= 1e9))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("smoothing must be from 0 to 1e9, not %g", o.smoothing)));
	return o;
}

static ResultRows *
rows_of_labels(const PointRows *r, const PmiWords *words, const PmiOptions *o, const PmiUnit *unit, const PmiLabel *label)
{
	ResultRows *rows;
	Datum	   *texts = labels_datums(words->word, words->n);
	Size		n = 0;
	Size		at = 0;

	for (int j = 0; j < r->d; j++)
		n += unit[j].n_labels;
	rows = result_rows_new((int64) n, PMI_COLUMNS);
	for (Size j = 0; j < (Size) r->d; j++)
		for (int i = 0; i < unit[j].n_labels; i++, at++)
		{
			const PmiLabel *l = &label[j * o->n_words + i];
			Datum	   *values = rows->values + at * PMI_COLUMNS;

			CHECK_FOR_INTERRUPTS();
			values[0] = Int32GetDatum((int32) j + 1);
			values[1] = Int32GetDatum(i + 1);
			values[2] = texts[l->word];
			values[3] = Float8GetDatum(l->pmi);
			values[4] = Int64GetDatum(l->count);
			values[5] = Int64GetDatum(unit[j].items);
			values[6] = Int64GetDatum(l->total);
			values[7] = Float8GetDatum(hypergeometric_tail(r->n, l->total, unit[j].items, l->count));
		}
	return rows;
}

/* (points, share, n_words, min_count, smoothing) */
static ResultRows *
make_labels(FunctionCallInfo fcinfo)
{
	const Points *p = PG_GETARG_POINTS(0);
	PmiOptions	options = pmi_options(fcinfo);
	MemoryContext scratch;
	MemoryContext old;
	const PointRows *r;
	const PmiWords *words;
	PmiUnit    *unit;
	PmiLabel   *label;
	Size		n_labels;
	Size		bytes;
	ResultRows *rows;

	points_require_labels(p);
	if (points_n(p) == 0)
		return result_rows_new(0, PMI_COLUMNS);
	/* of the answer, at most: what it takes while it is made, and then its rows */
	n_labels = size_mul(points_dimensions(p), options.n_words);
	bytes = size_add(size_mul(n_labels, sizeof(PmiLabel) + PMI_COLUMNS * (sizeof(Datum) + 1)),
					 size_mul(points_dimensions(p), sizeof(PmiUnit)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "labels of units"), bytes, "Ask for fewer words, or of fewer units at a time.");
	scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc described points", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	r = points_rows(p);
	words = pmi_words(r->labels, r->n_labels);
	unit = huge_alloc(r->d * sizeof(PmiUnit));
	label = huge_alloc(n_labels * sizeof(PmiLabel));
	pmi_labels(r, words, &options, unit, label);
	MemoryContextSwitchTo(old);
	rows = rows_of_labels(r, words, &options, unit, label);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
search_pmi_label(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_labels);
}
