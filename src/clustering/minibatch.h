/*
 * minibatch.h
 *		k-means of a stream: a model that batches of rows move.
 */
#ifndef NEUROENC_MINIBATCH_H
#define NEUROENC_MINIBATCH_H

#include "clustering/clustering.h"
#include "stats/points.h"

#define MINIBATCH_FIRST_ROWS	4096	/* or 4 k, if that is more: what the model starts from */
#define MINIBATCH_ROWS			1024	/* of a batch */

typedef struct Minibatch
{
	int			k;
	int			d;
	int64		seed;
	int64		n;				/* rows so far; 0: not started */
	int			batches;
	bool		converged;		/* the start */
	double		inertia;		/* of the rows as they came */
	double	   *centre;			/* k x d; NULL before the start */
	int64	   *count;			/* k */
	MemoryContext cxt;			/* where it lives */
} Minibatch;

/* In a context below 'parent'. */
extern Minibatch *minibatch_new(MemoryContext parent, int k, int64 seed);
extern Minibatch *minibatch_copy(MemoryContext parent, const Minibatch *m);

/* How many rows it wants next. */
extern int	minibatch_wants(const Minibatch *m);

/* Takes a batch: the first makes the model. */
extern void minibatch_take(Minibatch *m, const PointRows *rows);

/* As the SQL type. */
extern Clustering *minibatch_clustering(const Minibatch *m);

#endif							/* NEUROENC_MINIBATCH_H */
