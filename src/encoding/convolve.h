/*
 * convolve.h
 *		Causal convolution along the rows of a run.
 */
#ifndef NEUROENC_CONVOLVE_H
#define NEUROENC_CONVOLVE_H

#include "encoding/run_history.h"

/*
 * sum (h->width) = the sum over j of kernel[j] times row at - j, for the rows of
 * the run among them.  All rows from at - n_kernel + 1, or the first, to at must
 * be held.  False, and sum undefined, if one of them is NULL.
 */
extern bool convolve_row(const RunHistory *h, int64 at, Size n_kernel, const double *kernel,
						 double *sum);

#endif							/* NEUROENC_CONVOLVE_H */
