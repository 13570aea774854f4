/*
 * isc.h
 *		Inter-subject correlation and its functional connectivity: arithmetic.
 *
 * All take recordings of at least 2 subjects with the same v voxels.
 */
#ifndef NEUROENC_ISC_H
#define NEUROENC_ISC_H

#include "postgres.h"

#include "similarity/recordings.h"

/* Of n subjects */
#define SUBJECT_PAIRS(n) ((Size) (n) * ((n) - 1) / 2)

/* out (n_subjects x v): each subject with the mean of the others, by voxel */
extern void isc_leave_one_out(const AlignedRecordings *r, double *out);

/* out (pairs x v): (1, 2), (1, 3) .. (n - 1, n), by voxel */
extern void isc_pairwise(const AlignedRecordings *r, double *out);

/* out (v x v): mean over subjects of voxel i of one with voxel j of the others' mean, made symmetric; no NaN */
extern void isfc(const AlignedRecordings *r, double *out);

#endif							/* NEUROENC_ISC_H */
