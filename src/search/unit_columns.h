/*
 * unit_columns.h
 *		The rows of points unit by unit.
 */
#ifndef NEUROENC_UNIT_COLUMNS_H
#define NEUROENC_UNIT_COLUMNS_H

#include "postgres.h"

#include "stats/points.h"

/*
 * Of one unit (from 0): values n.  A task of parallel_for, with no call of
 * PostgreSQL, unless it is 'interruptible': then it runs on the backend's thread, and looks
 * for interrupts.
 */
typedef void (*UnitTask) (int unit, const double *values, int worker, bool interruptible, void *arg);

/*
 * Runs task for every unit on parallel_threads() threads, and reports progress as
 * 'stage' (a literal).  A task takes about 'ns' nanoseconds a value: where that is
 * long, tasks are interruptible.  Holds some units' values at a time:
 * unit_columns_bytes.
 */
extern void unit_columns(const PointRows *r, const char *stage, int ns, UnitTask task, void *arg);
extern Size unit_columns_bytes(const PointRows *r);

#endif							/* NEUROENC_UNIT_COLUMNS_H */
