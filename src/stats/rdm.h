/*
 * rdm.h
 *		The rdm type: labelled dissimilarities of n conditions, one a pair.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, RDM_VERSION
 *	 5  uint8   metric, an RdmMetric
 *	 6  uint8   flags, RDM_HAS_COUNTS
 *	 7  uint8   zero
 *	 8  int32   n_conditions
 *	12  int32   label_bytes
 *	16  int32   label_end[n_conditions]: end of label i in the bytes
 *	    char    labels, without terminators; zero padding to a multiple of 8
 *	    float8  distance[n (n - 1) / 2], SciPy's condensed order: (0,1) (0,2) .. (1,2) ..; NaN is a missing pair, none is infinite
 *	    int32   count[n (n - 1) / 2] if RDM_HAS_COUNTS: rdms that a mean had for the pair, 0 where it is missing
 *
 * Labels are distinct and ascend by label_compare, so that the order in
 * which rows came does not matter and two RDMs are aligned by one merge.
 */
#ifndef NEUROENC_RDM_H
#define NEUROENC_RDM_H

#include "postgres.h"
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/flat.h"
#include "stats/label.h"

#define RDM_VERSION		1
#define RDM_HAS_COUNTS	1
#define RDM_MAX_CONDITIONS 16000	/* 1 GB of distances */

/* Stored: never renumber. */
typedef enum RdmMetric
{
	RDM_UNKNOWN = 0,			/* a matrix from elsewhere */
	RDM_CORRELATION = 1,		/* 1 - Pearson's r */
	RDM_COSINE = 2,				/* 1 - cosine */
	RDM_EUCLIDEAN = 3,
	RDM_SQEUCLIDEAN = 4,
	RDM_CITYBLOCK = 5,
	RDM_MAHALANOBIS = 6,		/* sqrt(d' S d) */
	RDM_CROSSNOBIS = 7,			/* squared, signed, divided by channels */
	RDM_POISSON = 8,			/* symmetrised Kullback-Leibler divergence of rates */
	RDM_TRANSFORMED = 9			/* ranks, scaled or clipped values */
} RdmMetric;

typedef struct Rdm
{
	int32		vl_len_;
	uint8		version;
	uint8		metric;
	uint8		flags;
	uint8		zero;
	int32		n_conditions;
	int32		label_bytes;
	int32		label_end[FLEXIBLE_ARRAY_MEMBER];
} Rdm;

#define RDM_PAIRS(n)	((Size) (n) * ((Size) (n) - 1) / 2)
#define RDM_LABELS_START(r) ((char *) ((r)->label_end + (r)->n_conditions))
#define RDM_HEADER_SIZE(n, label_bytes) \
	TYPEALIGN(8, offsetof(Rdm, label_end) + (Size) (n) * sizeof(int32) + (Size) (label_bytes))
#define RDM_DISTANCES(r) ((double *) ((char *) (r) + RDM_HEADER_SIZE((r)->n_conditions, (r)->label_bytes)))
#define RDM_COUNTS(r)	((int32 *) (RDM_DISTANCES(r) + RDM_PAIRS((r)->n_conditions)))

/* Where the distance of conditions i < j is. */
static inline Size
rdm_pair(Size n, Size i, Size j)
{
	return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

extern Label rdm_label(const Rdm *r, int i);

/* All of them, palloc'd; their text stays r's own. */
extern Label *rdm_all_labels(const Rdm *r);

/* Bytes of an RDM; ERROR past RDM_MAX_CONDITIONS or 1 GB. */
extern Size rdm_bytes(const Label *labels, int n, bool has_counts);

/*
 * A new RDM in CurrentMemoryContext, distances unset (counts 0).  Labels must
 * ascend strictly; ERROR as rdm_bytes.
 */
extern Rdm *rdm_new(RdmMetric metric, const Label *labels, int n, bool has_counts);

/* The conditions (ascending indices) of r, in condensed order; out: RDM_PAIRS(m), may not be r's own. */
extern void rdm_gather(const Rdm *r, const int *conditions, int m, double *out);

/* The whole symmetric matrix, zeros on the diagonal: out n x n. */
extern void rdm_square(const Rdm *r, double *out);

/* The condition of this label; -1: there is none. */
extern int	rdm_find(const Rdm *r, Label label);

/* A new RDM of the conditions, which are distinct and in the order of their labels, with metric and counts. */
extern Rdm *rdm_subset(const Rdm *r, const int *conditions, int m);

/*
 * Conditions that all of the RDMs have, ascending: index[k] (n_conditions of
 * rdms[0] long, palloc'd) holds rdms[k]'s index of each.  Returns their number.
 */
extern int	rdm_align(const Rdm *const *rdms, int n_rdms, int **index);

/* "correlation" and back (ERROR listing them on any other word) */
extern const char *rdm_metric_name(RdmMetric metric);
extern RdmMetric rdm_metric_from_name(const char *name);

extern const FlatKind rdm_kind;

#define DatumGetRdm(d)	((const Rdm *) flat_from_datum(&rdm_kind, d))
#define PG_GETARG_RDM(n) DatumGetRdm(PG_GETARG_DATUM(n))

struct ArrayType;

/* An rdm[] argument: at least 'least' RDMs, none NULL; 'what' names it in errors. */
extern const Rdm **rdm_array(struct ArrayType *array, int least, const char *what, int *n);

#endif							/* NEUROENC_RDM_H */
