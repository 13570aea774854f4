/*
 * parallel.h
 *		What parallel.c shows to this room only.
 */
#ifndef NEUROENC_PARALLEL_H
#define NEUROENC_PARALLEL_H

#include "postgres.h"

#define MAX_THREADS 64

/* neuroenc.threads */
extern int	neuroenc_threads;

extern void parallel_define_gucs(void);

/*
 * A buffer of at least 'bytes' for each worker of the next parallel_for, worker
 * w's at w * bytes (rounded up to 64).  It is kept for the next call, so that
 * small blocks don't pay the page faults of a new one each; its size is bounded
 * by the tiles of gemm.c, and it is no part of the memory budget.
 */
extern char *parallel_scratch(Size bytes);

/* Which tile (i, j), i >= j, of a lower triangle of tiles counted row by row (gemm.c) */
extern void triangle_tile(int64 number, Size *i, Size *j);

/* syrk_f8 without the upper triangle, which is not touched (gemm.c) */
extern void syrk_lower_f8(bool trans, Size n, Size k, double alpha, const double *a, Size lda,
						  double beta, double *c, Size ldc);

#endif							/* NEUROENC_PARALLEL_H */
