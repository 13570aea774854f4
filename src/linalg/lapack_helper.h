/*
 * lapack_helper.h
 *		One long LAPACK call beside the backend, for this room only.
 */
#ifndef NEUROENC_LAPACK_HELPER_H
#define NEUROENC_LAPACK_HELPER_H

#include "postgres.h"

typedef struct LapackJob LapackJob;

/* What the helper does with the job's memory; it must call LAPACK and nothing of PostgreSQL. */
typedef void (*LapackWork) (void *memory);

/*
 * A job with 'bytes' of malloc'ed memory, 64-byte aligned, claimed against
 * neuroenc.memory_limit.  It ends with CurrentMemoryContext, or by
 * lapack_job_end; if its helper is still at work, that frees the memory.
 */
extern LapackJob *lapack_job_new(Size bytes);
extern void *lapack_job_memory(LapackJob *job);

/* Runs work(memory) on a helper thread and waits for it, interruptibly. */
extern void lapack_job_run(LapackJob *job, LapackWork work);

extern void lapack_job_end(LapackJob *job);

#endif							/* NEUROENC_LAPACK_HELPER_H */
