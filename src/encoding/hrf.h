/*
 * hrf.h
 *		The canonical haemodynamic response function.
 */
#ifndef NEUROENC_HRF_H
#define NEUROENC_HRF_H

#include "postgres.h"

/*
 * response (n) = the double gamma at 0, tr, 2 tr, ... seconds, its sum made 1.
 * False if that sum is not positive: the step is too long to sample it.
 */
extern bool hrf_canonical(Size n, double tr, double *response);

#endif							/* NEUROENC_HRF_H */
