/*
 * codebook.h
 *		The vectors of a codebook that are nearest to a row.
 */
#ifndef NEUROENC_CODEBOOK_H
#define NEUROENC_CODEBOOK_H

#include "postgres.h"

#include "search/atoms.h"
#include "search/codes.h"

typedef enum CodebookMetric
{
	CODEBOOK_COSINE,
	CODEBOOK_EUCLIDEAN,
	CODEBOOK_DOT
} CodebookMetric;

/* Rows come as float8, at most 'rows' at once; each gets k codes of value 1, k <= m. */
extern Coder *codebook_coder(const Atoms *codebook, CodebookMetric metric, int k, int rows);
extern Size codebook_coder_bytes(const Atoms *codebook, int k, int rows);
extern int	codebook_block_rows(Size m, int64 n);

#endif							/* NEUROENC_CODEBOOK_H */
