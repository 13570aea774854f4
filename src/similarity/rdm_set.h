/*
 * rdm_set.h
 *		The rdm_set state: labelled RDMs, and how they are to be compared.
 *
 * It holds the RDMs as they came, in the order of their labels, since what is
 * compared of one depends on the conditions that the others have.  All pairs are
 * compared when it is read (rdm_set_compare.c).
 */
#ifndef NEUROENC_RDM_SET_H
#define NEUROENC_RDM_SET_H

#include "base/memory.h"
#include "base/state.h"
#include "similarity/compare.h"
#include "stats/rdm.h"

#define RDM_SET_MAX (1 << 20)

typedef struct RdmSet
{
	StateHeader hdr;			/* must be first */
	CompareMethod method;
	int			n;
	int			max;
	Label	   *labels;			/* n, ascending by label_compare */
	const Rdm **rdms;			/* n */
	MemoryClaim *claim;
} RdmSet;

/* ---- rdm_set.c ---- */

/* An empty state whose context is a child of 'parent'. */
extern RdmSet *rdm_set_new(MemoryContext parent, CompareMethod method);

/* A copy of r under its label: ERROR, naming it, if the label is there already. */
extern void rdm_set_add(RdmSet *s, Label label, const Rdm *r);

/* ERROR unless the set is compared by this method. */
extern void rdm_set_require_method(const RdmSet *s, CompareMethod method);

extern const StateKind rdm_set_kind;

#define PG_GETARG_RDM_SET(n) ((const RdmSet *) state_from_datum(&rdm_set_kind, PG_GETARG_DATUM(n)))

/* ---- rdm_set_compare.c ---- */

/* The n x n matrix of rdm_compare of all pairs; NaN where it is undefined. */
extern void rdm_set_compare(const RdmSet *s, double *out);

#endif							/* NEUROENC_RDM_SET_H */
