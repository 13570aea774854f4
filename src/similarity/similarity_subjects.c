/*
 * similarity_subjects.c
 *		SQL functions over recordings: inter-subject correlation, time segment
 *		matching.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/rows.h"
#include "similarity/isc.h"
#include "similarity/time_segment.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(similarity_isc);
PG_FUNCTION_INFO_V1(similarity_isc_pairwise);
PG_FUNCTION_INFO_V1(similarity_isfc);
PG_FUNCTION_INFO_V1(similarity_time_segment_match);
PG_FUNCTION_INFO_V1(similarity_time_segment_final);

/* At least two subjects and times, the same voxels. */
static AlignedRecordings *
comparable(const Recordings *r, const char *what)
{
	AlignedRecordings *aligned = recordings_align(r);

	recordings_require_size(aligned, 2, 2, what);
	recordings_same_width(aligned, what);
	return aligned;
}

Datum
similarity_isc(PG_FUNCTION_ARGS)
{
	AlignedRecordings *r = comparable(PG_GETARG_RECORDINGS(0), "isc");
	Tensor	   *out = tensor_new_matrix(TENSOR_FLOAT8, r->n_subjects, r->subject[0].v);

	isc_leave_one_out(r, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

Datum
similarity_isc_pairwise(PG_FUNCTION_ARGS)
{
	AlignedRecordings *r = comparable(PG_GETARG_RECORDINGS(0), "isc_pairwise");
	Tensor	   *out = tensor_new_matrix(TENSOR_FLOAT8, SUBJECT_PAIRS(r->n_subjects), r->subject[0].v);

	isc_pairwise(r, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

Datum
similarity_isfc(PG_FUNCTION_ARGS)
{
	AlignedRecordings *r = comparable(PG_GETARG_RECORDINGS(0), "isfc");
	Tensor	   *out;

	recordings_require_complete(r, "isfc");
	out = tensor_new_matrix(TENSOR_FLOAT8, r->subject[0].v, r->subject[0].v);
	isfc(r, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

/* ---- time segments ---- */

static AlignedRecordings *
matchable(const Recordings *r, int64 segment)
{
	AlignedRecordings *aligned = comparable(r, "time_segment_match");

	if (segment < 1 || segment > aligned->n_times || SEGMENT_TIMES(segment) > aligned->n_times)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segments of " INT64_FORMAT " times don't fit in %d", segment, aligned->n_times),
				 errdetail("A segment has at least one time, and there must be room for one that it does not overlap: "
						   "3 times its length, less one.")));
	recordings_require_complete(aligned, "time_segment_match");
	return aligned;
}

/* (subject, accuracy, chance, n_segments) */
static ResultRows *
segment_rows(FunctionCallInfo fcinfo)
{
	int			segment = PG_GETARG_INT32(1);
	AlignedRecordings *r = matchable(PG_GETARG_RECORDINGS(0), segment);
	ResultRows *rows = result_rows_new(r->n_subjects, 4);
	double	   *accuracy = palloc(r->n_subjects * sizeof(double));

	time_segment_match(r, segment, accuracy);
	for (int i = 0; i < r->n_subjects; i++)
	{
		Datum	   *values = rows->values + (Size) i * 4;

		values[0] = Int64GetDatum(r->subject[i].id);
		values[1] = Float8GetDatum(accuracy[i]);
		values[2] = Float8GetDatum(time_segment_chance(r->n_times, segment));
		values[3] = Int32GetDatum(N_SEGMENTS(r->n_times, segment));
	}
	return rows;
}

Datum
similarity_time_segment_match(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, segment_rows);
}

/* final function of the aggregate: the segment is the recordings' option */
Datum
similarity_time_segment_final(PG_FUNCTION_ARGS)
{
	const Recordings *state = PG_GETARG_RECORDINGS(0);
	AlignedRecordings *r;
	Tensor	   *out;

	if (state->n_options != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the recordings have no segment length"),
				 errhint("Use time_segment_match(recordings, segment).")));
	r = matchable(state, state->option[0]);
	out = tensor_new_vector(TENSOR_FLOAT8, r->n_subjects);
	time_segment_match(r, (int) state->option[0], TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}
