/*
 * predictivity.h
 *		A paired state as the gram of a regression of one population on the other.
 */
#ifndef NEUROENC_PREDICTIVITY_H
#define NEUROENC_PREDICTIVITY_H

#include "similarity/paired.h"

/* In 'parent': x the features and y the targets or, with swap, the other way round; no folds. */
extern Gram *predictivity_gram(MemoryContext parent, const Paired *s, bool swap);

#endif							/* NEUROENC_PREDICTIVITY_H */
