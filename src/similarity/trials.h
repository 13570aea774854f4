/*
 * trials.h
 *		The trial_set state (in C, Trials): repeated responses to labelled
 *		conditions, of one population or of two.
 *
 * A row is a trial of a condition: a response vector of the first population,
 * of the second, or of both (the trials of two populations need not be paired).
 * Each population is a gram (stats/gram.h) whose folds are the conditions, so a
 * condition's trials stay rows while they take fewer bytes than their moments,
 * and then are number, sum and sums of products about a provisional mean.
 */
#ifndef NEUROENC_TRIALS_H
#define NEUROENC_TRIALS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "stats/gram.h"
#include "stats/label.h"
#include "tensor/tensor.h"

typedef struct Trials
{
	StateHeader hdr;			/* must be first */
	int			n_populations;	/* 1 or 2 */
	Gram	   *gram[2];		/* NULL before the first trial of that population */
	bool		has_option;
	double		option;			/* an aggregate's, from its first row on; 0 if there is none */

	LabelSet   *labels;			/* condition i is fold i of the grams */
	MemoryClaim *claim;
} Trials;

/* An empty state whose context is a child of 'parent'. */
extern Trials *trials_new(MemoryContext parent, int n_populations);

/* A trial of the given population, 0 or 1: a finite vector; errors name its row among those of the population (from 1) and the element. */
extern void trials_add(Trials *t, Label label, int population, const Tensor *x);

/* The aggregate's option in the row that comes; ERROR if it was another before. */
extern void trials_set_option(Trials *t, double option);

extern const StateKind trials_kind;

#define PG_GETARG_TRIALS(n) ((const Trials *) state_from_datum(&trials_kind, PG_GETARG_DATUM(n)))

#endif							/* NEUROENC_TRIALS_H */
