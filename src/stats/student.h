/*
 * student.h
 *		Tail probabilities and critical values of Student's t.
 */
#ifndef NEUROENC_STUDENT_H
#define NEUROENC_STUDENT_H

#include "postgres.h"

/* P(|T| >= |t|), T with df > 0 degrees of freedom (need not be whole); NaN for a NaN */
extern double student_two_sided(double t, double df);

/* The t >= 0 with P(|T| >= t) = p, 0 < p < 1: half of an interval in standard errors */
extern double student_critical(double p, double df);

#endif							/* NEUROENC_STUDENT_H */
