/*
 * contingency_scores.h
 *		How far two labelings agree, from the counts of their pairs.
 */
#ifndef NEUROENC_CONTINGENCY_SCORES_H
#define NEUROENC_CONTINGENCY_SCORES_H

#include "postgres.h"

#include "stats/contingency.h"

/* ---- contingency_scores.c: all of n >= 1 rows ---- */

extern double contingency_rand_index(const ContingencyTable *t);
extern double contingency_adjusted_rand(const ContingencyTable *t);
extern double contingency_fowlkes_mallows(const ContingencyTable *t);
extern double contingency_purity(const ContingencyTable *t);

/* in nats */
extern double contingency_mutual_info(const ContingencyTable *t);
extern double contingency_variation_of_information(const ContingencyTable *t);

extern double contingency_homogeneity(const ContingencyTable *t);
extern double contingency_completeness(const ContingencyTable *t);
extern double contingency_v_measure(const ContingencyTable *t);
extern double contingency_nmi(const ContingencyTable *t);
extern double contingency_ami(const ContingencyTable *t);

/* ---- contingency_chance.c ---- */

/* Mean mutual information of labelings with these sums, all arrangements equally likely; nats */
extern double contingency_expected_mutual_info(const ContingencyTable *t);

#endif							/* NEUROENC_CONTINGENCY_SCORES_H */
