/*
 * rdm_average.h
 *		The mean of RDMs, pair by pair over those that have the pair.
 *
 * The running state is itself laid out as an RDM with counts, but its distances
 * are sums (NaN where no RDM had the pair), so that two states add up exactly to
 * the state of all their RDMs.
 */
#ifndef NEUROENC_RDM_AVERAGE_H
#define NEUROENC_RDM_AVERAGE_H

#include "stats/rdm.h"

/* States of this many bytes and more are claimed from neuroenc.memory_limit. */
#define RDM_SUMS_CLAIMED ((Size) 1024 * 1024)
#define RDM_SUMS_HINT "Average fewer groups at a time, or RDMs of fewer conditions."

/* The sums of one RDM: each pair that it has counts 1, whatever counts of its own it has. */
extern Rdm *rdm_sums_of(const Rdm *r);

/*
 * sums += other, an RDM that counts 1 or (of_sums) other sums.  Returns sums,
 * changed in place, or if other has conditions that sums has not a new one of
 * the union of their conditions.  The metric stays if they agree, else unknown.
 */
extern Rdm *rdm_sums_add(Rdm *sums, const Rdm *other, bool of_sums);

/* The mean, with counts. */
extern Rdm *rdm_sums_mean(const Rdm *sums);

#endif							/* NEUROENC_RDM_AVERAGE_H */
