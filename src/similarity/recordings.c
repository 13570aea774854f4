/*
 * recordings.c
 *		Rows of several subjects: adding and merging.
 *
 * A row is one copy into its subject's chunk (stats/predictions.c), after a
 * search among the subjects by halves.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "similarity/recordings.h"

#define FIRST_SUBJECTS 8

const RowsOwner recordings_owner = {"recordings", "Take fewer voxels of each subject (a region at a time), or fewer times."};

Recordings *
recordings_new(MemoryContext parent, int n_options, const int64 *options)
{
	Recordings *r = state_new(&recordings_kind, parent, sizeof(Recordings));

	Assert(n_options <= RECORDINGS_MAX_OPTIONS);
	r->n_options = n_options;
	for (int i = 0; i < n_options; i++)
		r->option[i] = options[i];
	r->capacity = FIRST_SUBJECTS;
	r->subject = MemoryContextAlloc(STATE_CONTEXT(r), r->capacity * sizeof(RecordingSubject));
	return r;
}

/* The first subject whose id is not below this one. */
static int
subject_place(const Recordings *r, int64 id)
{
	int			low = 0;
	int			high = r->n_subjects;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (r->subject[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert_subject(Recordings *r, int place, int64 id, Predictions *rows)
{
	RecordingSubject *s;

	if (r->n_subjects == RECORDINGS_MAX_SUBJECTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("recordings have at most %d subjects", RECORDINGS_MAX_SUBJECTS)));
	if (r->n_subjects == r->capacity)
	{
		r->subject = repalloc(r->subject, 2 * (Size) r->capacity * sizeof(RecordingSubject));
		r->capacity *= 2;
	}
	s = &r->subject[place];
	memmove(s + 1, s, (r->n_subjects - place) * sizeof(RecordingSubject));
	r->n_subjects++;
	*s = (RecordingSubject) {id, rows};
}

/* The rows of a subject with v voxels, made if there are none; ERROR if they have another number. */
static Predictions *
recordings_subject(Recordings *r, int64 id, int v)
{
	int			place = subject_place(r, id);
	Predictions *rows;

	if (place == r->n_subjects || r->subject[place].id != id)
	{
		rows = predictions_new(STATE_CONTEXT(r), &recordings_owner, 1, 1, v);
		insert_subject(r, place, id, rows);
		return rows;
	}
	rows = r->subject[place].rows;
	if (rows->v != v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("y of a subject has %d elements in one row, and %d in another", rows->v, v),
				 errdetail_client("It is subject " INT64_FORMAT ".", id)));
	return rows;
}

void
recordings_adopt(Recordings *r, int64 id, Predictions *rows)
{
	MemoryContextSetParent(STATE_CONTEXT(rows), STATE_CONTEXT(r));
	insert_subject(r, r->n_subjects, id, rows);
}

_Noreturn static void
report_infinity(int64 subject, int64 time, const Tensor *y)
{
	Size		i = 0;

	while (!isinf(tensor_get(y, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of y must be finite, or NaN where it is missing", i + 1),
			 errdetail_client("It is %s for subject " INT64_FORMAT " at time " INT64_FORMAT ".",
							  tensor_get(y, i) > 0 ? "Infinity" : "-Infinity", subject, time)));
}

void
recordings_add_row(Recordings *r, int64 subject, int64 time, Tensor *y)
{
	Size		v = tensor_size(y);

	if (y->ndim > 1 || v == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("y has shape %s, but a vector of one or more is needed", tensor_shape_text(y)),
				 errdetail_client("It is that of subject " INT64_FORMAT " at time " INT64_FORMAT ".", subject, time)));
	if (v > PREDICTIONS_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("recordings have at most %d elements a row, not %zu", PREDICTIONS_MAX_COLUMNS, v)));
	if (tensor_has_infinity(y))
		report_infinity(subject, time, y);
	predictions_add_row(recordings_subject(r, subject, (int) v), &y, &time);
}

static void
require_same_options(const Recordings *a, const Recordings *b)
{
	bool		same = a->n_options == b->n_options;

	for (int i = 0; same && i < a->n_options; i++)
		same = a->option[i] == b->option[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recordings for aggregates with different options can't be added"),
				 errhint("The arguments after y must be the same in every row.")));
}

void
recordings_merge(Recordings *dst, const Recordings *src)
{
	require_same_options(dst, src);
	for (int i = 0; i < src->n_subjects; i++)
	{
		const Predictions *rows = src->subject[i].rows;

		CHECK_FOR_INTERRUPTS();
		predictions_merge(recordings_subject(dst, src->subject[i].id, rows->v), rows);
	}
}

int64
recordings_n(const Recordings *r)
{
	int64		n = 0;

	for (int i = 0; i < r->n_subjects; i++)
		n += r->subject[i].rows->n;
	return n;
}
