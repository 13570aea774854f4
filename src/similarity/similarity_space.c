/*
 * similarity_space.c
 *		SQL functions that make a shared space, read it, and map rows into it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/rows.h"
#include "similarity/shared_space.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(similarity_srm);
PG_FUNCTION_INFO_V1(similarity_srm_final);
PG_FUNCTION_INFO_V1(similarity_hyperalign);
PG_FUNCTION_INFO_V1(similarity_hyperalign_final);
PG_FUNCTION_INFO_V1(similarity_add_subjects);
PG_FUNCTION_INFO_V1(similarity_project);
PG_FUNCTION_INFO_V1(similarity_reconstruct);
PG_FUNCTION_INFO_V1(similarity_shared_response);
PG_FUNCTION_INFO_V1(similarity_shared_series);
PG_FUNCTION_INFO_V1(similarity_subject_map);
PG_FUNCTION_INFO_V1(similarity_space_subjects);
PG_FUNCTION_INFO_V1(similarity_space_info);

#define DEFAULT_SRM_ITER 10
#define DEFAULT_HYPERALIGN_ITER 1
#define MAX_ITER		1000000

/* ---- making one ---- */

static void
check_iterations(int64 n_iter, int least)
{
	if (n_iter < least || n_iter > MAX_ITER)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_iter must be from %d to %d, not " INT64_FORMAT, least, MAX_ITER, n_iter)));
}

static SharedSpace *
make_srm(const Recordings *state, int64 k, int64 n_iter, int64 seed)
{
	AlignedRecordings *r = recordings_align(state);
	int			most;

	recordings_require_size(r, 2, 2, "srm");
	most = r->n_times - 1;
	for (int i = 0; i < r->n_subjects; i++)
		most = Min(most, r->subject[i].v);
	if (k < 1 || k > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to %d, not " INT64_FORMAT, most, k),
				 errdetail("No more than the voxels of any subject, and fewer than the %d times that all have.", r->n_times)));
	check_iterations(n_iter, 1);
	recordings_require_complete(r, "srm");
	return srm_fit(CurrentMemoryContext, r, (int) k, (int) n_iter, (uint64) seed);
}

Datum
similarity_srm(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(StateGetDatum(make_srm(PG_GETARG_RECORDINGS(0), PG_GETARG_INT32(1),
										   PG_GETARG_INT32(2), PG_GETARG_INT64(3))));
}

/* final function of the aggregates: k, n_iter and seed are the recordings' options */
Datum
similarity_srm_final(PG_FUNCTION_ARGS)
{
	const Recordings *r = PG_GETARG_RECORDINGS(0);

	if (r->n_options < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the recordings have no number of components"),
				 errhint("Use srm(recordings, k).")));
	PG_RETURN_DATUM(StateGetDatum(make_srm(r, r->option[0], r->n_options > 1 ? r->option[1] : DEFAULT_SRM_ITER,
										   r->n_options > 2 ? r->option[2] : 0)));
}

static SharedSpace *
make_hyperalign(const Recordings *state, int n_iter)
{
	AlignedRecordings *r = recordings_align(state);

	recordings_require_size(r, 2, 2, "hyperalign");
	check_iterations(n_iter, 0);
	recordings_require_complete(r, "hyperalign");
	return hyperalign_fit(CurrentMemoryContext, r, n_iter);
}

Datum
similarity_hyperalign(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(StateGetDatum(make_hyperalign(PG_GETARG_RECORDINGS(0), PG_GETARG_INT32(1))));
}

Datum
similarity_hyperalign_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(StateGetDatum(make_hyperalign(PG_GETARG_RECORDINGS(0), DEFAULT_HYPERALIGN_ITER)));
}

Datum
similarity_add_subjects(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	const Recordings *state = PG_GETARG_RECORDINGS(1);
	AlignedRecordings *r;
	int			least = space->method == SPACE_SRM ? space->k + 1 : 2;

	for (int i = 0; i < state->n_subjects; i++)
		if (space_find(space, state->subject[i].id))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a subject is in the shared space already"),
					 errdetail_client("It is subject " INT64_FORMAT ".", state->subject[i].id)));
	r = recordings_align_to(state, space->time, space->n_times);
	if (r->n_times < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("add_subjects needs at least %d times that the shared space and all new subjects have, not %d",
						least, r->n_times)));
	for (int i = 0; i < r->n_subjects; i++)
		if (space->method == SPACE_SRM && r->subject[i].v < space->k)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a subject has %d voxels, fewer than the %d components", r->subject[i].v, space->k),
					 errdetail_client("It is subject " INT64_FORMAT ".", r->subject[i].id)));
	recordings_require_complete(r, "add_subjects");
	PG_RETURN_DATUM(StateGetDatum(space_add_subjects(CurrentMemoryContext, space, r)));
}

/* ---- mapping rows ---- */

static const SpaceSubject *
require_subject(const SharedSpace *space, int64 id)
{
	const SpaceSubject *s = space_find(space, id);

	if (s == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the subject is not in the shared space"),
				 errdetail_client("It is subject " INT64_FORMAT ".", id)));
	return s;
}

typedef void (*MapRows) (const SharedSpace *space, const SpaceSubject *s, Size m, double *in, double *out);

/* A vector or a matrix of rows of 'from' elements, mapped to rows of 'to' elements. */
static Tensor *
map_rows(const SharedSpace *space, const SpaceSubject *s, const Tensor *rows, Size from, Size to, MapRows map)
{
	TensorType	dtype = tensor_common_type(rows->dtype, TENSOR_FLOAT4);
	Size		m = rows->ndim == 2 ? rows->dims[0] : 1;
	MemoryContext scratch;
	MemoryContext old;
	double	   *in;
	double	   *mapped;
	Tensor	   *out;

	if ((rows->ndim != 1 && rows->ndim != 2) || (Size) rows->dims[rows->ndim - 1] != from)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a tensor of shape %s is not a vector or rows of %zu elements", tensor_shape_text(rows), from)));
	out = rows->ndim == 1 ? tensor_new_vector(dtype, to) : tensor_new_matrix(dtype, m, to);
	scratch = scratch_create("mapped rows", size_mul(size_mul(m, size_add(from, to)), sizeof(double)),
							 "Map fewer rows at a time.");
	old = MemoryContextSwitchTo(scratch);
	in = huge_matrix(m, from);
	mapped = huge_matrix(m, to);
	tensor_read_f8(rows, 0, m * from, in);
	map(space, s, m, in, mapped);
	tensor_write_f8(out, 0, m * to, mapped);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return out;
}

Datum
similarity_project(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = state_argument_kept(&shared_space_kind, fcinfo);
	const SpaceSubject *s = require_subject(space, PG_GETARG_INT64(1));

	PG_RETURN_TENSOR(map_rows(space, s, PG_GETARG_TENSOR(2), s->v, space->k, space_project));
}

Datum
similarity_reconstruct(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = state_argument_kept(&shared_space_kind, fcinfo);
	const SpaceSubject *s = require_subject(space, PG_GETARG_INT64(1));

	PG_RETURN_TENSOR(map_rows(space, s, PG_GETARG_TENSOR(2), space->k, s->v, space_reconstruct));
}

/* ---- reading one ---- */

Datum
similarity_shared_response(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	Tensor	   *out = tensor_new_matrix(TENSOR_FLOAT8, space->n_times, space->k);

	memcpy(TENSOR_F8(out), space->series, (Size) space->n_times * space->k * sizeof(double));
	PG_RETURN_TENSOR(out);
}

/* (t, y) */
static ResultRows *
series_rows(FunctionCallInfo fcinfo)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	ResultRows *rows = result_rows_new(space->n_times, 2);

	for (int i = 0; i < space->n_times; i++)
	{
		Tensor	   *y = tensor_new_vector(TENSOR_FLOAT8, space->k);

		memcpy(TENSOR_F8(y), space->series + (Size) i * space->k, space->k * sizeof(double));
		rows->values[2 * (Size) i] = Int64GetDatum(space->time[i]);
		rows->values[2 * i + 1] = PointerGetDatum(y);
	}
	return rows;
}

Datum
similarity_shared_series(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, series_rows);
}

Datum
similarity_subject_map(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	const SpaceSubject *s = require_subject(space, PG_GETARG_INT64(1));
	Tensor	   *out = tensor_new_matrix(TENSOR_FLOAT8, s->v, space->k);

	memcpy(TENSOR_F8(out), s->map, (Size) s->v * space->k * sizeof(double));
	PG_RETURN_TENSOR(out);
}

/* (subject, n_voxels, explained) */
static ResultRows *
subject_rows(FunctionCallInfo fcinfo)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	ResultRows *rows = result_rows_new(space->n_subjects, 3);

	for (int i = 0; i < space->n_subjects; i++)
	{
		const SpaceSubject *s = &space->subject[i];

		rows->values[3 * (Size) i] = Int64GetDatum(s->id);
		rows->values[3 * i + 1] = Int32GetDatum(s->v);
		rows->values[3 * i + 2] = Float8GetDatum(1 - s->residual / s->total);
	}
	return rows;
}

Datum
similarity_space_subjects(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, subject_rows);
}

/* (method, k, n_times, n_subjects, objective, explained) */
Datum
similarity_space_info(PG_FUNCTION_ARGS)
{
	const SharedSpace *space = PG_GETARG_SPACE(0);
	Datum		values[6];
	bool		nulls[6] = {false};
	double		total = 0;
	double		residual = 0;
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 6)
		elog(ERROR, "space_info must return 6 columns");
	for (int i = 0; i < space->n_subjects; i++)
	{
		total += space->subject[i].total;
		residual += space->subject[i].residual;
	}
	values[0] = CStringGetTextDatum(space->method == SPACE_SRM ? "srm" : "hyperalign");
	values[1] = Int32GetDatum(space->k);
	values[2] = Int32GetDatum(space->n_times);
	values[3] = Int32GetDatum(space->n_subjects);
	values[4] = Float8GetDatum(residual);
	values[5] = Float8GetDatum(1 - residual / total);
	nulls[5] = total == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
