/*
 * target_group.h
 *		Targets of a gram, grouped by the rows they have, and those rows by fold.
 */
#ifndef NEUROENC_TARGET_GROUP_H
#define NEUROENC_TARGET_GROUP_H

#include "postgres.h"

#include "stats/gram.h"

/* The rows of one fold that a group's targets have. */
typedef struct TargetFold
{
	int64		id;
	int64		n;
	int			n_cells;
	const int  *cells;			/* into Gram.cells */
} TargetFold;

/* Targets that have the same rows. */
typedef struct TargetGroup
{
	int			n_targets;
	int		   *targets;		/* 0-based, ascending */
	int64		n;				/* rows */
	int			n_cells;
	int		   *cells;			/* by fold */
	int			n_folds;		/* folds with rows */
	TargetFold *folds;			/* ascending id */
	bool		rows_held;		/* every row is held as a row */
} TargetGroup;

extern TargetGroup *target_groups(const Gram *g, int *n_groups);

/* All targets as one group, of the rows that have them all. */
extern TargetGroup *target_complete_group(const Gram *g);

#endif							/* NEUROENC_TARGET_GROUP_H */
