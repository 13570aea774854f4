/*
 * arguments.h
 *		Arguments that the fitting functions have in common: a gram with targets
 *		and rows, alphas, scoring, bands.  For SQL glue; bad values are errors.
 */
#ifndef NEUROENC_ARGUMENTS_H
#define NEUROENC_ARGUMENTS_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/array.h"

#include "encoding/encoder.h"
#include "stats/alphas.h"
#include "stats/gram.h"

/* ERROR if an argument of a function that is not strict is NULL; its name for the message. */
extern void argument_require_not_null(FunctionCallInfo fcinfo, int arg, const char *name);

/* A gram to fit on: it has targets and rows. */
extern const Gram *argument_gram(FunctionCallInfo fcinfo, int arg);

/* An int[] of widths, each at least 1, that sum to n_features; palloc'd. */
extern int *argument_bands(ArrayType *array, int n_features, int *n);

/* ERROR unless the gram has the encoder's features and targets. */
extern void argument_require_columns(const Encoder *e, const Gram *g);

/* r2, r or r2_pooled */
extern EncoderScoring argument_scoring(const text *name);

#endif							/* NEUROENC_ARGUMENTS_H */
