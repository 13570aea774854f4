/*
 * recordings_io.c
 *		The bytes of recordings where they are stored or shipped (little-endian):
 *
 *	uint8 version, n_options (0 to 3), 2 zeros;  int32 n_subjects;  int64 option[n_options]
 *	subjects, ascending:  int64 id, and its rows as predictions_io.c writes them
 */
#include "postgres.h"

#include "miscadmin.h"

#include "similarity/recordings.h"

static void
write_recordings(StateWriter *w, const void *state)
{
	const Recordings *r = state;
	uint8		head[3] = {r->n_options, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, r->n_subjects);
	state_put_array(w, r->option, r->n_options, 8);
	for (int i = 0; i < r->n_subjects; i++)
	{
		state_put_int64(w, r->subject[i].id);
		predictions_kind.write(w, r->subject[i].rows);
	}
}

static void
read_subject(StateReader *in, Recordings *r, bool validate)
{
	int64		id = state_get_int64(in);
	Predictions *rows = predictions_read(in, CurrentMemoryContext, &recordings_owner, validate);

	if (rows->n_vectors != 1 || rows->n_labels != 1)
		state_corrupt("recordings", "a subject's rows are not of one vector and one time");
	if (r->n_subjects > 0 && r->subject[r->n_subjects - 1].id >= id)
		state_corrupt("recordings", "subjects do not ascend");
	recordings_adopt(r, id, rows);
}

static void *
read_recordings(StateReader *in, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int64		options[RECORDINGS_MAX_OPTIONS] = {0};
	int32		n_subjects;
	Recordings *r;

	state_get_bytes(in, head, 3);
	n_subjects = state_get_int32(in);
	if (head[0] > RECORDINGS_MAX_OPTIONS || head[1] || head[2] || n_subjects < 0 || n_subjects > RECORDINGS_MAX_SUBJECTS)
		state_corrupt("recordings", "bad number of options or subjects");
	state_get_array(in, options, head[0], 8);
	r = recordings_new(parent, head[0], options);
	for (int i = 0; i < n_subjects; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_subject(in, r, validate);
	}
	return r;
}

static void *
copy_recordings(MemoryContext parent, const void *state)
{
	const Recordings *r = state;
	Recordings *copy = recordings_new(parent, r->n_options, r->option);

	recordings_merge(copy, r);
	return copy;
}

static void
merge_recordings(void *dst, const void *src)
{
	recordings_merge(dst, src);
}

static char *
summarize_recordings(const void *state)
{
	const Recordings *r = state;

	return psprintf("subjects=%d, n=" INT64_FORMAT, r->n_subjects, recordings_n(r));
}

const StateKind recordings_kind = {
	.name = "recordings",
	.version = 1,
	.write = write_recordings,
	.read = read_recordings,
	.copy = copy_recordings,
	.merge = merge_recordings,
	.summary = summarize_recordings,
	.size_hint = "Take fewer voxels or subjects, or pass the rows straight to the analysis: "
	"isc(recordings_agg(...)) in one query level does not copy them."
};

STATE_IO_FUNCTIONS(recordings, recordings_kind)
