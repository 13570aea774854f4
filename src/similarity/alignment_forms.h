/*
 * alignment_forms.h
 *		Two populations from what SQL gives: a paired state, three grams, two RDMs.
 */
#ifndef NEUROENC_ALIGNMENT_FORMS_H
#define NEUROENC_ALIGNMENT_FORMS_H

#include "similarity/alignment.h"
#include "similarity/paired.h"
#include "stats/rdm.h"

/* Rows where they are held, else products. */
extern Alignment *alignment_from_paired(const Paired *s);

/* Products; ERROR unless the grams are of (x, y), x and y over the same rows. */
extern Alignment *alignment_from_grams(const Gram *xy, const Gram *xx, const Gram *yy);

/* Kernels of the conditions that both have; ERROR if they are fewer than 3 or a pair is missing. */
extern Alignment *alignment_from_rdms(const Rdm *x, const Rdm *y);

#endif							/* NEUROENC_ALIGNMENT_FORMS_H */
