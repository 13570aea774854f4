/*
 * similarity_recordings.c
 *		SQL functions over recordings: the aggregates that make them, +, counts.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "base/rows.h"
#include "similarity/recordings.h"

PG_FUNCTION_INFO_V1(similarity_recordings_add);
PG_FUNCTION_INFO_V1(similarity_recordings_n_samples);
PG_FUNCTION_INFO_V1(similarity_recordings_n_subjects);
PG_FUNCTION_INFO_V1(similarity_recordings_n_times);
PG_FUNCTION_INFO_V1(similarity_recordings_subjects);

#define FIRST_OPTION 4			/* the argument; those before: the state, subject, t, y */

/* The options of this row: int, int, bigint, as many as the function has. */
static int
read_options(FunctionCallInfo fcinfo, int64 *options)
{
	int			n = PG_NARGS() - FIRST_OPTION;

	Assert(n <= RECORDINGS_MAX_OPTIONS);
	for (int i = 0; i < n; i++)
	{
		if (PG_ARGISNULL(FIRST_OPTION + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d is NULL", FIRST_OPTION + i)));
		options[i] = i < 2 ? PG_GETARG_INT32(FIRST_OPTION + i) : PG_GETARG_INT64(FIRST_OPTION + i);
	}
	return n;
}

static void
require_options(const Recordings *r, int n_options, const int64 *options)
{
	bool		same = r->n_options == n_options;

	for (int i = 0; same && i < n_options; i++)
		same = r->option[i] == options[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the arguments after y are not the same in every row")));
}

/* (state, subject, t, y[, options]); a row with a NULL is skipped */
Datum
similarity_recordings_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Recordings *r = state_running(&recordings_kind, fcinfo, cxt);
	int64		options[RECORDINGS_MAX_OPTIONS];
	int			n_options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return state_return(fcinfo, r);
	n_options = read_options(fcinfo, options);
	if (r == NULL)
		r = recordings_new(cxt, n_options, options);
	else
		require_options(r, n_options, options);
	recordings_add_row(r, PG_GETARG_INT64(1), PG_GETARG_INT64(2), PG_GETARG_TENSOR(3));
	return state_return(fcinfo, r);
}

STATE_MERGE_FUNCTIONS(recordings, recordings_kind)

Datum
similarity_recordings_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(recordings_n(PG_GETARG_RECORDINGS(0)));
}

Datum
similarity_recordings_n_subjects(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_RECORDINGS(0)->n_subjects);
}

Datum
similarity_recordings_n_times(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(recordings_align(PG_GETARG_RECORDINGS(0))->n_times);
}

/* (subject, n_voxels, n_rows, n_dropped) */
static ResultRows *
subject_rows(FunctionCallInfo fcinfo)
{
	AlignedRecordings *aligned = recordings_align(PG_GETARG_RECORDINGS(0));
	ResultRows *rows = result_rows_new(aligned->n_subjects, 4);

	for (int i = 0; i < aligned->n_subjects; i++)
	{
		const AlignedSubject *s = &aligned->subject[i];
		Datum	   *values = rows->values + (Size) i * 4;

		values[0] = Int64GetDatum(s->id);
		values[1] = Int32GetDatum(s->v);
		values[2] = Int64GetDatum(s->n_rows);
		values[3] = Int64GetDatum(s->n_rows - aligned->n_times);
	}
	return rows;
}

Datum
similarity_recordings_subjects(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, subject_rows);
}
