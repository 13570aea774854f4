/*
 * fdr.h
 *		False discovery rate: q values of many p values.
 */
#ifndef NEUROENC_FDR_H
#define NEUROENC_FDR_H

#include "postgres.h"

/*
 * p (n, each from 0 to 1) = its q values.  Benjamini and Hochberg's, or with
 * any_dependence Benjamini and Yekutieli's.  Allocates FDR_SCRATCH(n) bytes in
 * CurrentMemoryContext.
 */
extern void fdr_adjust(Size n, double *p, bool any_dependence);

typedef struct FdrRank
{
	double		p;
	Size		index;
} FdrRank;

#define FDR_SCRATCH(n) ((n) * sizeof(FdrRank))

#endif							/* NEUROENC_FDR_H */
