/*
 * dictionary.h
 *		Dictionary learning: atoms of which rows are sums of few.
 */
#ifndef NEUROENC_DICTIONARY_H
#define NEUROENC_DICTIONARY_H

#include "postgres.h"

typedef struct DictionaryOptions
{
	int			k;
	double		alpha;
	uint64		seed;
	int			batch_size;
	int			max_iter;		/* passes over the rows, a start */
	double		tol;
	int			n_init;			/* starts: each after the first has an atom of the best so far replaced */
} DictionaryOptions;

typedef struct Dictionary
{
	double	   *atom;			/* k x d */
	double		objective;		/* mean over rows of |x - c D|^2 / 2 + alpha |c|_1 */
	double		active;			/* mean over rows of how many elements of c are not 0 */
	int			iterations;
} Dictionary;

/* X n x d, in an order that means nothing; in CurrentMemoryContext.  Some k of the rows must differ. */
extern Dictionary *dictionary_learn(Size n, Size d, const double *x, const DictionaryOptions *options);
extern Size dictionary_learn_bytes(Size n, Size d, const DictionaryOptions *options);

#endif							/* NEUROENC_DICTIONARY_H */
