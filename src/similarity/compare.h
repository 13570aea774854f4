/*
 * compare.h
 *		How alike two RDMs of the same conditions are.
 *
 * a and b are the dissimilarities of n conditions, RDM_PAIRS(n) each in condensed
 * order.  Pairs that are NaN in either are left out.  r_a, r_b: ranks of the pairs
 * left, ties averaged.
 *
 *	 pearson			correlation of a and b
 *	 spearman			correlation of r_a and r_b
 *	 rho_a				12 / (m^3 - m) sum (r_a - mean)(r_b - mean), m pairs: the expected
 *						Spearman r when ties are broken at random (Schuett et al. 2023)
 *	 kendall_tau_a		(concordant - discordant) / all pairs of pairs
 *	 kendall_tau_b		the same over the geometric mean of those not tied in a, not tied in b
 *	 cosine				a'b / (|a| |b|)
 *	 whitened_cosine	a' V^-1 b / sqrt(a' V^-1 a b' V^-1 b), V as in whitening.h
 *	 whitened_pearson	the same, the mean of each vector subtracted first
 *	 cka				linear CKA of their kernels (rdm_kernel.h): the whitened cosine of
 *						the squared distances
 *	 bures				fidelity of their kernels, tr (A^1/2 B A^1/2)^1/2 / sqrt(tr A tr B)
 *	 bures_distance		sqrt(tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2)
 *	 euclidean			|a - b|
 *
 * Undefined (a constant where it is divided by its spread, no pair left) is NaN;
 * tau_a and rho_a of a constant are 0.
 */
#ifndef NEUROENC_COMPARE_H
#define NEUROENC_COMPARE_H

#include "stats/rdm.h"

/* Stored in rdm_set: never renumber. */
typedef enum CompareMethod
{
	COMPARE_PEARSON = 0,
	COMPARE_SPEARMAN = 1,
	COMPARE_RHO_A = 2,
	COMPARE_KENDALL_TAU_A = 3,
	COMPARE_KENDALL_TAU_B = 4,
	COMPARE_COSINE = 5,
	COMPARE_WHITENED_COSINE = 6,
	COMPARE_WHITENED_PEARSON = 7,
	COMPARE_CKA = 8,
	COMPARE_BURES = 9,
	COMPARE_BURES_DISTANCE = 10,
	COMPARE_EUCLIDEAN = 11
} CompareMethod;

#define COMPARE_LAST COMPARE_EUCLIDEAN

/* "spearman" and back (ERROR listing them on any other word) */
extern CompareMethod compare_method_from_name(const char *name);
extern const char *compare_method_name(CompareMethod method);

/* bures_distance and euclidean are 0 where others are 1 */
extern bool compare_is_distance(CompareMethod method);

/* whitened_cosine and whitened_pearson: products are taken of whitened vectors */
extern bool compare_whitens(CompareMethod method);

/* Pairs of conditions of an RDM up to which a thread may sort it without a look for interrupts */
#define COMPARE_MAX_PAIRS_UNINTERRUPTED ((Size) 1 << 19)

/*
 * Two vectors of the dissimilarities of n conditions, NaN = missing.  Backend
 * thread, looks for interrupts.  Methods by kernel take squared distances.
 */
extern double compare_distances(CompareMethod method, int n, const double *a, const double *b);

/* ERROR, with the numbers, if fewer than 3 conditions are in all of the RDMs. */
#define COMPARE_MIN_CONDITIONS 3
extern void compare_require_shared(int n_shared, const Rdm *const *rdms, int n_rdms);

/*
 * What compare_distances takes of an RDM's m conditions (ascending indices), RDM_PAIRS(m):
 * its distances; for methods by kernel squared where rdm_kernel.h says so, ERROR if one is missing.
 */
extern void compare_gather(CompareMethod method, const Rdm *r, const int *index, int m, double *out);

/* The m values of a and b where both are not NaN, to out_a and out_b (may be a and b); returns their number. */
extern Size compare_valid(Size m, const double *a, const double *b, double *out_a, double *out_b);

/* x becomes centred (where 'centre') and of unit norm; false where it has no spread, and is then undefined. */
extern bool compare_normalize(Size m, double *x, bool centre);

/* Sum of products, in blocks. */
extern double compare_dot(Size m, const double *a, const double *b);

/*
 * Two RDMs over the m conditions (at least 3) whose indices are index_a and
 * index_b, as rdm_align gives them.
 */
extern double compare_rdms(CompareMethod method, const Rdm *a, const int *index_a,
						   const Rdm *b, const int *index_b, int m);

#endif							/* NEUROENC_COMPARE_H */
