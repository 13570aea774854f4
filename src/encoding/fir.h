/*
 * fir.h
 *		Finite impulse response features of the rows of a run.
 */
#ifndef NEUROENC_FIR_H
#define NEUROENC_FIR_H

#include "encoding/run_history.h"

/*
 * The copies of row 'at' (held, not NULL) delayed by each of delays, one after
 * another, in the element type of that row; zeros where a delay leaves the
 * run.  NULL if a row that it draws on is NULL.  Every row of the run within
 * reach of the delays must be held.
 */
extern Tensor *fir_row(const RunHistory *h, int64 at, int n_delays, const int32 *delays);

#endif							/* NEUROENC_FIR_H */
