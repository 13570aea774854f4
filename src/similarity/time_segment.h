/*
 * time_segment.h
 *		Time segment matching between subjects: arithmetic.
 */
#ifndef NEUROENC_TIME_SEGMENT_H
#define NEUROENC_TIME_SEGMENT_H

#include "postgres.h"

#include "similarity/recordings.h"

/* Segments of so many times, one at each time that it fits from. */
#define N_SEGMENTS(n_times, segment) ((n_times) - (segment) + 1)

/* The fewest times with which every segment has one to be taken for. */
#define SEGMENT_TIMES(segment) (3 * (int64) (segment) - 1)

/* accuracy[i]: share of subject i's segments nearest to the same segment of the others; no NaN in r */
extern void time_segment_match(const AlignedRecordings *r, int segment, double *accuracy);

/* What guessing gives. */
extern double time_segment_chance(int n_times, int segment);

#endif							/* NEUROENC_TIME_SEGMENT_H */
