/*
 * selectivity.h
 *		How each unit tells each class of rows from the others.
 */
#ifndef NEUROENC_SELECTIVITY_H
#define NEUROENC_SELECTIVITY_H

#include "postgres.h"

#include "stats/points.h"

/* One unit and one class; NaN where it is not defined */
typedef struct UnitSelectivity
{
	double		mean;			/* of the class's rows */
	double		rest;			/* of all other rows */
	double		d_prime;		/* (mean - rest) / sqrt((v + v_rest) / 2), variances of ddof 1 */
	double		auc;			/* P(row of the class > other row), ties half */
	double		index;			/* (mean - m) / (mean + m), m the mean of the other classes' means */
} UnitSelectivity;

/*
 * out: d x n_labels.  Labelled rows; classes without rows have NaN throughout.
 * Scratch of its own is claimed for the time of the call.
 */
extern void selectivity(const PointRows *rows, UnitSelectivity *out);

/*
 * (m1 - m0) / sqrt((v1 + v0) / 2) from counts, means and sums of squares about them;
 * +-Infinity for different means without variance, NaN for equal ones or a count under 2
 */
extern double selectivity_d_prime(double n1, double m1, double ss1, double n0, double m0, double ss0);

#endif							/* NEUROENC_SELECTIVITY_H */
