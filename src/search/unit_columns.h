/*
 * unit_columns.h
 *		The rows of points unit by unit.
 */
#ifndef NEUROENC_UNIT_COLUMNS_H
#define NEUROENC_UNIT_COLUMNS_H

#include "postgres.h"

#include "stats/points.h"

/* Of one unit (from 0): values n.  A task of parallel_for: well under 100 ms, no call of PostgreSQL. */
typedef void (*UnitTask) (int unit, const double *values, int worker, void *arg);

/*
 * Runs task for every unit on parallel_threads() threads, and reports progress as
 * 'stage' (a literal).  Holds some units' values at a time: unit_columns_bytes.
 */
extern void unit_columns(const PointRows *r, const char *stage, UnitTask task, void *arg);
extern Size unit_columns_bytes(const PointRows *r);

#endif							/* NEUROENC_UNIT_COLUMNS_H */
