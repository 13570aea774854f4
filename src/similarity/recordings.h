/*
 * recordings.h
 *		The recordings state: responses of several subjects to the same times.
 *
 * Subjects have their own numbers of voxels, and come in any order.  Each one's
 * rows are a predictions state (stats/predictions.h) of one vector, y, and one
 * label, the time; the recordings are these by subject id.
 *
 * An aggregate that takes options (srm(subject, t, y, k, n_iter, seed)) keeps
 * them here, since a final function does not see an aggregate's arguments.
 */
#ifndef NEUROENC_RECORDINGS_H
#define NEUROENC_RECORDINGS_H

#include "postgres.h"

#include "base/state.h"
#include "stats/predictions.h"
#include "tensor/tensor.h"

#define RECORDINGS_MAX_OPTIONS	3
#define RECORDINGS_MAX_SUBJECTS 1000000

typedef struct RecordingSubject
{
	int64		id;
	Predictions *rows;
} RecordingSubject;

typedef struct Recordings
{
	StateHeader hdr;			/* must be first */
	int			n_options;
	int64		option[RECORDINGS_MAX_OPTIONS];
	int			n_subjects;
	int			capacity;
	RecordingSubject *subject;	/* n_subjects, ascending by id */
} Recordings;

/* ---- recordings.c ---- */

extern const RowsOwner recordings_owner;

extern Recordings *recordings_new(MemoryContext parent, int n_options, const int64 *options);

/* A new subject, whose id is above the others': takes over the rows, which move into r's context. */
extern void recordings_adopt(Recordings *r, int64 id, Predictions *rows);

/* One row.  NaN is a missing value; an infinity is an ERROR that names subject, time and element. */
extern void recordings_add_row(Recordings *r, int64 subject, int64 time, Tensor *y);

/* dst += src, which is not changed.  ERROR when a subject's voxels differ in number, or the options. */
extern void recordings_merge(Recordings *dst, const Recordings *src);

/* All rows of all subjects. */
extern int64 recordings_n(const Recordings *r);

/* ---- recordings_align.c: the rows of all subjects at the times that all have ---- */

typedef struct AlignedSubject
{
	int64		id;
	int			v;
	int64		n_rows;			/* before aligning */
	PredictionRows *rows;		/* those at the shared times, in their order */
} AlignedSubject;

typedef struct AlignedRecordings
{
	int			n_subjects;
	int			n_times;
	int64	   *time;			/* n_times, ascending */
	AlignedSubject *subject;	/* n_subjects, ascending by id */
} AlignedRecordings;

/*
 * In CurrentMemoryContext, claimed for its life; points into r.  ERROR when a
 * subject has two rows at the same time.
 */
extern AlignedRecordings *recordings_align(const Recordings *r);

/* The same with the times that 'time' (n, ascending) has as well. */
extern AlignedRecordings *recordings_align_to(const Recordings *r, const int64 *time, int n);

/* Elements first .. first + count - 1 of n rows from r0: out n x count, row stride ld */
extern void recordings_gather(const AlignedSubject *s, int r0, int n, int first, int count, double *out, Size ld);

/* ERROR (naming subject, time, element and 'what') at the first NaN. */
extern void recordings_require_complete(const AlignedRecordings *r, const char *what);

/* The subjects' number of voxels; ERROR where it is not the same for all. */
extern int	recordings_same_width(const AlignedRecordings *r, const char *what);

/* ERROR with fewer subjects or shared times than these. */
extern void recordings_require_size(const AlignedRecordings *r, int subjects, int times, const char *what);

/* ---- recordings_io.c ---- */

#define PG_GETARG_RECORDINGS(n) ((const Recordings *) state_from_datum(&recordings_kind, PG_GETARG_DATUM(n)))

extern const StateKind recordings_kind;

#endif							/* NEUROENC_RECORDINGS_H */
