/*
 * shared_space_io.c
 *		The bytes of a shared space where it is stored (little-endian):
 *
 *	uint8 version, method, 2 zeros;  int32 k, n_times, n_subjects
 *	int64 time[n_times];  float8 series[n_times x k]
 *	subjects, ascending:  int64 id, int32 v, float8 total, residual, mean[v], map[v x k]
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "similarity/shared_space.h"

static void
write_space(StateWriter *w, const void *state)
{
	const SharedSpace *space = state;
	uint8		head[3] = {space->method, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, space->k);
	state_put_int32(w, space->n_times);
	state_put_int32(w, space->n_subjects);
	state_put_array(w, space->time, space->n_times, 8);
	state_put_array(w, space->series, (Size) space->n_times * space->k, 8);
	for (int i = 0; i < space->n_subjects; i++)
	{
		const SpaceSubject *s = &space->subject[i];

		state_put_int64(w, s->id);
		state_put_int32(w, s->v);
		state_put_array(w, &s->total, 1, 8);
		state_put_array(w, &s->residual, 1, 8);
		state_put_array(w, s->mean, s->v, 8);
		state_put_array(w, s->map, (Size) s->v * space->k, 8);
	}
}

static void
read_subject(StateReader *r, SharedSpace *space, bool validate)
{
	int64		id = state_get_int64(r);
	int32		v = state_get_int32(r);
	SpaceSubject *s;

	if (v < 1 || v > PREDICTIONS_MAX_COLUMNS)
		state_corrupt("shared_space", "bad number of voxels");
	if (space->n_subjects > 0 && space->subject[space->n_subjects - 1].id >= id)
		state_corrupt("shared_space", "subjects do not ascend");
	state_require(r, size_mul(size_add(size_mul(v, (Size) space->k + 1), 2), sizeof(double)));
	s = space_append(space, id, v);
	state_get_array(r, &s->total, 1, 8);
	state_get_array(r, &s->residual, 1, 8);
	state_get_array(r, s->mean, v, 8);
	state_get_array(r, s->map, (Size) v * space->k, 8);
	if (!validate)
		return;
	if (!(s->total > 0) || !isfinite(s->total) || !(s->residual >= 0) || !isfinite(s->residual))
		state_corrupt("shared_space", "a sum of squares is out of range");
	state_require_finite("shared_space", s->mean, v);
	state_require_finite("shared_space", s->map, (Size) v * space->k);
}

static void *
read_space(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		k,
				n_times,
				n_subjects;
	SharedSpace *space;

	state_get_bytes(r, head, 3);
	k = state_get_int32(r);
	n_times = state_get_int32(r);
	n_subjects = state_get_int32(r);
	if (head[0] < SPACE_SRM || head[0] > SPACE_HYPERALIGN || head[1] || head[2])
		state_corrupt("shared_space", "unknown method or flags");
	if (k < 1 || k > PREDICTIONS_MAX_COLUMNS || n_times < 1 || n_times > PREDICTIONS_MAX_ROWS ||
		n_subjects < 0 || n_subjects > RECORDINGS_MAX_SUBJECTS)
		state_corrupt("shared_space", "bad number of components, times or subjects");
	state_require(r, size_add(size_mul(size_mul(n_times, (Size) k + 1), sizeof(double)),
							  size_mul(n_subjects, 5 * sizeof(double))));
	space = space_new(parent, head[0], k, n_times, n_subjects);
	state_get_array(r, space->time, n_times, 8);
	state_get_array(r, space->series, (Size) n_times * k, 8);
	if (validate)
	{
		for (int i = 1; i < n_times; i++)
			if (space->time[i] <= space->time[i - 1])
				state_corrupt("shared_space", "times do not ascend");
		state_require_finite("shared_space", space->series, (Size) n_times * k);
	}
	for (int i = 0; i < n_subjects; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_subject(r, space, validate);
	}
	return space;
}

static void *
copy_space(MemoryContext parent, const void *state)
{
	return space_copy(parent, state, 0);
}

static char *
summarize_space(const void *state)
{
	const SharedSpace *space = state;

	return psprintf("k=%d, times=%d, subjects=%d", space->k, space->n_times, space->n_subjects);
}

const StateKind shared_space_kind = {
	.name = "shared_space",
	.version = 1,
	.write = write_space,
	.read = read_space,
	.copy = copy_space,
	.summary = summarize_space,
	.size_hint = "Take fewer voxels or components: a subject's map has voxels times components numbers of 8 bytes."
};

STATE_IO_FUNCTIONS(shared_space, shared_space_kind)
