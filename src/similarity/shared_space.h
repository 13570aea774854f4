/*
 * shared_space.h
 *		A space that several subjects' responses are mapped into: the result of the
 *		shared response model and of hyperalignment.
 *
 * Of each subject it has the mean of every voxel and a map W (v x k), so that a
 * row y of the subject is (y - mean) W in the shared space; and the series S
 * (n_times x k), the mean of all subjects there.  W has orthonormal columns
 * where v >= k, and orthonormal rows where v < k.
 */
#ifndef NEUROENC_SHARED_SPACE_H
#define NEUROENC_SHARED_SPACE_H

#include "postgres.h"

#include "base/state.h"
#include "similarity/recordings.h"

typedef enum SpaceMethod
{
	SPACE_SRM = 1,
	SPACE_HYPERALIGN
} SpaceMethod;

typedef struct SpaceSubject
{
	int64		id;
	int			v;
	double		total;			/* |X|^2, X the centred rows that the map was fitted on */
	double		residual;		/* |X - S W'|^2 */
	double	   *mean;			/* v */
	double	   *map;			/* v x k */
} SpaceSubject;

typedef struct SharedSpace
{
	StateHeader hdr;			/* must be first */
	SpaceMethod method;
	int			k;
	int			n_times;
	int			n_subjects;
	int64	   *time;			/* n_times, ascending */
	double	   *series;			/* S, n_times x k */
	SpaceSubject *subject;		/* n_subjects, ascending by id */
	MemoryClaim *claim;
} SharedSpace;

/* ---- shared_space.c ---- */

/* Room for n_subjects, of which there are none yet. */
extern SharedSpace *space_new(MemoryContext parent, SpaceMethod method, int k, int n_times, int n_subjects);

/* The next subject, its mean and map not set; ids must ascend. */
extern SpaceSubject *space_append(SharedSpace *space, int64 id, int v);

/* NULL if it is not there */
extern const SpaceSubject *space_find(const SharedSpace *space, int64 id);

/* A copy, with n_more free places for subjects. */
extern SharedSpace *space_copy(MemoryContext parent, const SharedSpace *space, int n_more);

/* out (m x k) = (Y - mean) W, Y m x v, destroyed */
extern void space_project(const SharedSpace *space, const SpaceSubject *s, Size m, double *y, double *out);

/* out (m x v) = Z W' + mean, Z m x k */
extern void space_reconstruct(const SharedSpace *space, const SpaceSubject *s, Size m, double *z, double *out);

/* ---- space_fit.c: a subject's rows as a matrix X (n_times x v), centred by column ---- */

/* Fills mean and total.  ERROR when the subject does not vary, or out of range. */
extern void subject_moments(const AlignedSubject *a, SpaceSubject *s);

/* out (v x k) = X' S */
extern void subject_cross(const AlignedSubject *a, const double *mean, Size k, const double *series, double *out);

/* out (n_times x k) = X W */
extern void subject_project(const AlignedSubject *a, const double *mean, Size k, const double *map, double *out);

/* out (n_times x n_times) = X X' */
extern void subject_kernel(const AlignedSubject *a, const double *mean, double *out);

/*
 * The map of one subject that takes its rows nearest to the target (n_times x
 * k), and its rows there (projected, n_times x k).
 */
extern void subject_fit_map(const AlignedSubject *a, Size k, const double *target, SpaceSubject *s, double *projected);

/* All subjects' maps to the target, the series, and how much of each subject they explain. */
extern void space_fit_maps(SharedSpace *space, const AlignedRecordings *r, const double *target);

/* A copy with the subjects of r (aligned to the space's times, none of them in the space) mapped to its series. */
extern SharedSpace *space_add_subjects(MemoryContext parent, const SharedSpace *space, const AlignedRecordings *r);

/* Bytes that the functions above take for one subject with v voxels. */
extern Size space_fit_scratch(Size n_times, Size v, Size k);

/* ---- srm.c, hyperalign.c ---- */

extern SharedSpace *srm_fit(MemoryContext parent, const AlignedRecordings *r, int k, int n_iter, uint64 seed);
extern SharedSpace *hyperalign_fit(MemoryContext parent, const AlignedRecordings *r, int n_iter);

/* ---- shared_space_io.c ---- */

#define PG_GETARG_SPACE(n) ((const SharedSpace *) state_from_datum(&shared_space_kind, PG_GETARG_DATUM(n)))

extern const StateKind shared_space_kind;

#endif							/* NEUROENC_SHARED_SPACE_H */
