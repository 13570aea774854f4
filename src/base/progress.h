/*
 * progress.h
 *		Interrupts and progress of long work.
 *
 * neuroenc.progress = N (seconds, 0 is off) makes long work report stage, per
 * cent and time left by NOTICE, at most once in N seconds; and an aggregate how
 * many rows it has been given (base/aggregate.c).
 */
#ifndef NEUROENC_PROGRESS_H
#define NEUROENC_PROGRESS_H

#include "postgres.h"

#include "miscadmin.h"
#include "storage/pmsignal.h"

extern int	neuroenc_progress;

/*
 * FATAL if the postmaster has died.  PostgreSQL lets the statement end first, but
 * no new server starts meanwhile, and long work would keep it waiting for hours.
 */
extern void require_postmaster(void);

/* Start a stage (a literal) that is 'total' units of work, any unit (flops, rows, folds). */
extern void progress_begin(const char *stage, double total);

/* Done so much more, or nothing yet; checks for interrupts, reports if it is time. Backend thread only. */
extern void progress_add(double done);

/* The rest of the stage's work need not be done: it converged, or has no answer. */
extern void progress_skip(void);

/* The stage is complete: reports 100 % if the stage had reported before. */
extern void progress_end(void);

/* For work of unknown length that other code drives, outside of all stages: whether to tell now how far it is. */
extern bool progress_due(void);
extern void progress_tell_rows(const char *name, int64 rows);

/* In step i of a loop of short steps that may run in a thread: looks for interrupts, and reports, where it may. */
static inline void
breathe(bool interruptible, Size i)
{
	if (interruptible && (i & 0xfffff) == 0)
		progress_add(0);
}

/* The same in step i of a loop whose steps have so many elements. */
static inline void
breathe_row(Size i, Size elements)
{
	if ((i * elements) >> 20 != ((i + 1) * elements) >> 20)
		progress_add(0);
}

extern void progress_define_gucs(void);

#endif							/* NEUROENC_PROGRESS_H */
