/*
 * dendrogram.h
 *		The dendrogram type: the tree that agglomerative clustering of n labelled
 *		leaves makes.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, DENDROGRAM_VERSION
 *	 5  uint8   method, a LinkageMethod
 *	 6  uint8   zero[2]
 *	 8  int32   n, leaves, at least 1
 *	12  int32   label_bytes
 *	16  int32   label_end[n]: end of label i in the bytes
 *	    char    labels, without terminators; zero padding to a multiple of 8
 *	    float8  height[n - 1], not descending, finite
 *	    int32   pair[n - 1][2]: merge i joins these two into cluster n + i, the smaller number first
 *
 * Leaves 0 .. n - 1 ascend by label_compare, so the order in which rows came
 * does not matter.  Pairs and heights are SciPy's Z.
 */
#ifndef NEUROENC_DENDROGRAM_H
#define NEUROENC_DENDROGRAM_H

#include "postgres.h"
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/flat.h"
#include "stats/linkage.h"
#include "stats/label.h"
#include "stats/rdm.h"

#define DENDROGRAM_VERSION 1

typedef struct Dendrogram
{
	int32		vl_len_;
	uint8		version;
	uint8		method;
	uint8		zero[2];
	int32		n;
	int32		label_bytes;
	int32		label_end[FLEXIBLE_ARRAY_MEMBER];
} Dendrogram;

#define DENDROGRAM_HEADER_SIZE(n, label_bytes) \
	TYPEALIGN(8, offsetof(Dendrogram, label_end) + (Size) (n) * sizeof(int32) + (Size) (label_bytes))
#define DENDROGRAM_LABELS_START(d) ((char *) ((d)->label_end + (d)->n))
#define DENDROGRAM_HEIGHTS(d) ((double *) ((char *) (d) + DENDROGRAM_HEADER_SIZE((d)->n, (d)->label_bytes)))
#define DENDROGRAM_PAIRS(d) ((int32 *) (DENDROGRAM_HEIGHTS(d) + ((d)->n - 1)))

/* A new one in CurrentMemoryContext, merges unset; labels ascend strictly.  ERROR past 1 GB. */
extern Dendrogram *dendrogram_new(LinkageMethod method, const Label *labels, int n);

extern Label dendrogram_label(const Dendrogram *d, int leaf);
extern Label *dendrogram_labels(const Dendrogram *d);

extern const FlatKind dendrogram_kind;

#define DatumGetDendrogram(d) ((const Dendrogram *) flat_from_datum(&dendrogram_kind, d))
#define PG_GETARG_DENDROGRAM(n) DatumGetDendrogram(PG_GETARG_DATUM(n))

/* size[0 .. 2 n - 2]: leaves of each cluster */
extern void dendrogram_sizes(int n, const int32 *pair, int32 *size);

/*
 * The clusters that the first n_merges merges make: label[i] of leaf i is 1 .. k,
 * the largest cluster 1, those of one size by their first leaf.  Returns k.
 */
extern int	dendrogram_cut(int n, const int32 *pair, int n_merges, int32 *label);

/*
 * The order of leaves in which each cluster stands together, of two merged ones
 * the one with the smaller number first: leaf[0 .. n - 1], and where each
 * cluster begins in it, start[0 .. 2 n - 2].
 */
extern void dendrogram_order(int n, const int32 *pair, const int32 *size, int32 *leaf, int32 *start);

/* The heights at which pairs of leaves are joined, in condensed order. */
extern void dendrogram_cophenetic(const Dendrogram *d, double *out);

/*
 * The sum over pairs of leaves of the pair's weight in r times the number of
 * leaves of the smallest cluster that has both; condition[i] is leaf i in r.
 */
extern double dendrogram_cost(const Dendrogram *d, const Rdm *r, const int *condition);

#endif							/* NEUROENC_DENDROGRAM_H */
