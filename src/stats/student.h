/*
 * student.h
 *		Tail probabilities of Student's t.
 */
#ifndef NEUROENC_STUDENT_H
#define NEUROENC_STUDENT_H

#include "postgres.h"

/* P(|T| >= |t|), T with df > 0 degrees of freedom (need not be whole); NaN for a NaN */
extern double student_two_sided(double t, double df);

#endif							/* NEUROENC_STUDENT_H */
