/*
 * recordings_align.c
 *		The rows of all subjects at the times that all of them have.
 *
 * Rows are sorted by time (a comparison where they came in order) and merged
 * with the times shared so far, subject after subject: n log n, no copy of values.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/client_detail.h"
#include "similarity/recordings.h"

static void
require_single_times(int64 subject, const PredictionRows *rows)
{
	for (int i = 1; i < rows->n; i++)
		if (rows->row[i].label[0] == rows->row[i - 1].label[0])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a subject has several rows at one time"),
					 errdetail_client("It is subject " INT64_FORMAT " at time " INT64_FORMAT ".", subject, rows->row[i].label[0]),
					 errhint("Give runs times of their own, such as run * 1000 + volume.")));
}

/* Keeps those of n ascending times that the rows have too; returns how many. */
static int
intersect(int64 *time, int n, const PredictionRows *rows)
{
	int			kept = 0;
	int			at = 0;

	for (int i = 0; i < n; i++)
	{
		while (at < rows->n && rows->row[at].label[0] < time[i])
			at++;
		if (at < rows->n && rows->row[at].label[0] == time[i])
			time[kept++] = time[i];
	}
	return kept;
}

/* Leaves the rows at the n times, all of which are there. */
static void
keep_times(PredictionRows *rows, const int64 *time, int n)
{
	int			at = 0;

	for (int i = 0; i < n; i++)
	{
		while (rows->row[at].label[0] < time[i])
			at++;
		rows->row[i] = rows->row[at];
	}
	rows->n = n;
}

/* The n times, and those of the subjects with them; NULL: those of the first subject. */
static AlignedRecordings *
align(const Recordings *r, const int64 *time, int n)
{
	AlignedRecordings *aligned = palloc0(sizeof(AlignedRecordings));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "aligned recordings");

	aligned->subject = palloc0(Max(1, r->n_subjects) * sizeof(AlignedSubject));
	aligned->n_subjects = r->n_subjects;
	for (int i = 0; i < r->n_subjects; i++)
	{
		const Predictions *p = r->subject[i].rows;
		AlignedSubject *s = &aligned->subject[i];

		memory_claim_add(claim, predictions_rows_bytes(p), NULL);
		*s = (AlignedSubject) {r->subject[i].id, p->v, p->n, predictions_rows(p)};
		require_single_times(s->id, s->rows);
	}
	if (time == NULL)
		n = r->n_subjects > 0 ? aligned->subject[0].rows->n : 0;
	memory_claim_add(claim, size_mul(n, sizeof(int64)), NULL);
	aligned->time = huge_alloc(Max(1, n) * sizeof(int64));
	for (int i = 0; i < n; i++)
		aligned->time[i] = time ? time[i] : aligned->subject[0].rows->row[i].label[0];
	for (int i = 0; i < r->n_subjects; i++)
		n = intersect(aligned->time, n, aligned->subject[i].rows);
	for (int i = 0; i < r->n_subjects; i++)
		keep_times(aligned->subject[i].rows, aligned->time, n);
	aligned->n_times = n;
	return aligned;
}

AlignedRecordings *
recordings_align(const Recordings *r)
{
	return align(r, NULL, 0);
}

AlignedRecordings *
recordings_align_to(const Recordings *r, const int64 *time, int n)
{
	return align(r, time, n);
}

void
recordings_gather(const AlignedSubject *s, int r0, int n, int first, int count, double *out, Size ld)
{
	predictions_gather(s->rows, r0, n, 0, first, count, out, ld);
}

/* ---- checks ---- */

_Noreturn static void
report_nan(const AlignedSubject *s, int element, const char *what)
{
	int			i = 0;
	double		value;

	for (;; i++)
	{
		recordings_gather(s, i, 1, element, 1, &value, 1);
		if (value != value)
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %d of y is NaN, but %s needs every value", element + 1, what),
			 errdetail_client("It is missing for subject " INT64_FORMAT " at time " INT64_FORMAT ".",
							  s->id, s->rows->row[i].label[0]),
			 errhint("Leave out the voxels or the times that are not complete.")));
}

void
recordings_require_complete(const AlignedRecordings *r, const char *what)
{
	for (int i = 0; i < r->n_subjects; i++)
	{
		const AlignedSubject *s = &r->subject[i];
		bool	   *missing = palloc(s->v * sizeof(bool));

		predictions_missing(s->rows, missing);
		for (int j = 0; j < s->v; j++)
			if (missing[j])
				report_nan(s, j, what);
		pfree(missing);
	}
}

int
recordings_same_width(const AlignedRecordings *r, const char *what)
{
	for (int i = 1; i < r->n_subjects; i++)
		if (r->subject[i].v != r->subject[0].v)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("two subjects have %d and %d voxels, but %s compares the same voxels of all", r->subject[0].v,
							r->subject[i].v, what),
					 errdetail_client("They are subjects " INT64_FORMAT " and " INT64_FORMAT ".", r->subject[0].id,
									  r->subject[i].id),
					 errhint("Bring subjects of different voxels into a shared space first: srm, hyperalign, project.")));
	return r->n_subjects > 0 ? r->subject[0].v : 0;
}

void
recordings_require_size(const AlignedRecordings *r, int subjects, int times, const char *what)
{
	if (r->n_subjects < subjects)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs at least %d subjects, not %d", what, subjects, r->n_subjects)));
	if (r->n_times < times)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs at least %d times that all subjects have, not %d", what, times, r->n_times),
				 errdetail("Rows of different subjects belong together where their times are equal.")));
}
