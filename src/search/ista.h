/*
 * ista.h
 *		Codes of least penalty: the lasso, and iterative thresholding.
 */
#ifndef NEUROENC_ISTA_H
#define NEUROENC_ISTA_H

#include "postgres.h"

#include "search/atoms.h"
#include "search/codes.h"

/* Codes c that minimise |x - c D|^2 / 2 + lambda sum |c|^q, q = 0 counting those that are not 0. */
typedef struct IstaOptions
{
	double		lambda;
	double		q;				/* 0 .. 1 */
	int			max_iter;
	double		tol;
} IstaOptions;

/* Products of the atoms that all rows share, in CurrentMemoryContext. */
typedef struct IstaGram
{
	const double *gram;			/* m x m */
	double		largest;		/* its largest eigenvalue */
} IstaGram;

extern void ista_gram(const Atoms *a, IstaGram *out);
extern Size ista_gram_bytes(Size m);

/* Rows come as float8, at most 'rows' at once. */
extern Coder *ista_coder(const Atoms *a, const IstaGram *gram, const IstaOptions *options, int rows);
extern Size ista_coder_bytes(Size m, const IstaOptions *options, int rows);
extern int	ista_block_rows(Size m, int64 n);

/* argmin over c of (c - z)^2 / 2 + penalty |c|^q: soft, hard, or between. */
extern double ista_threshold(double z, double penalty, double q);

#endif							/* NEUROENC_ISTA_H */
