/*
 * classifier.h
 *		The classifier type: a logistic regression of classes on vectors.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, CLASSIFIER_VERSION
 *	 5  uint8   flags: CLASSIFIER_INTERCEPT, CLASSIFIER_BALANCED
 *	 6  zeros
 *	 8  int32   n_classes, 2 or more
 *	12  int32   d, elements of a vector
 *	16  int32   n_alphas that were compared, 0 without cross-validation
 *	20  int32   n_folds, 0 without
 *	24  int32   label_bytes
 *	28  int32   zero
 *	32  int64   n, rows that it was fitted to
 *	40  float8  alpha
 *	48  float8  alphas[n_alphas], held-out log loss[n_alphas], held-out accuracy[n_alphas]
 *	    float8  intercept[outputs], weight[outputs][d]: outputs is 1 for two classes (of the second against the first), else n_classes
 *	    int32   label_end[n_classes]: end of label i in the bytes
 *	    char    labels, without terminators
 *
 * Labels are distinct and ascend by label_compare.
 */
#ifndef NEUROENC_CLASSIFIER_H
#define NEUROENC_CLASSIFIER_H

#include "postgres.h"
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/flat.h"
#include "search/logistic.h"
#include "stats/label.h"

#define CLASSIFIER_VERSION		1
#define CLASSIFIER_INTERCEPT	1
#define CLASSIFIER_BALANCED		2

typedef struct Classifier
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint8		zeros[2];
	int32		n_classes;
	int32		d;
	int32		n_alphas;
	int32		n_folds;
	int32		label_bytes;
	int32		zero;
	int64		n;
	double		alpha;
	double		values[FLEXIBLE_ARRAY_MEMBER];
} Classifier;

#define CLASSIFIER_OUTPUTS(c)	LOGISTIC_OUTPUTS((c)->n_classes)
#define CLASSIFIER_ALPHAS(c)	((c)->values)
#define CLASSIFIER_LOG_LOSS(c)	((c)->values + (c)->n_alphas)
#define CLASSIFIER_ACCURACY(c)	((c)->values + 2 * (Size) (c)->n_alphas)
#define CLASSIFIER_INTERCEPTS(c) ((c)->values + 3 * (Size) (c)->n_alphas)
#define CLASSIFIER_WEIGHTS(c)	(CLASSIFIER_INTERCEPTS(c) + CLASSIFIER_OUTPUTS(c))
#define CLASSIFIER_LABEL_END(c) ((int32 *) (CLASSIFIER_WEIGHTS(c) + (Size) CLASSIFIER_OUTPUTS(c) * (c)->d))
#define CLASSIFIER_LABELS(c)	((char *) (CLASSIFIER_LABEL_END(c) + (c)->n_classes))

/* float8 values of one */
extern Size classifier_values(int n_classes, int d, int n_alphas);

/* A new one in CurrentMemoryContext with these labels, zeros but for what is given here; ERROR past 1 GB. */
extern Classifier *classifier_new(const Label *labels, int n_classes, int d, int n_alphas);

extern Label classifier_label(const Classifier *c, int i);

extern const FlatKind classifier_kind;

#define DatumGetClassifier(d) ((const Classifier *) flat_from_datum(&classifier_kind, d))
#define PG_GETARG_CLASSIFIER(n) DatumGetClassifier(PG_GETARG_DATUM(n))

#endif							/* NEUROENC_CLASSIFIER_H */
