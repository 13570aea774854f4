/*
 * mutual_information.h
 *		Mutual information between a real variable (a unit) and classes of rows, in nats.
 */
#ifndef NEUROENC_MUTUAL_INFORMATION_H
#define NEUROENC_MUTUAL_INFORMATION_H

#include "postgres.h"

#include "stats/rank.h"

typedef enum InformationMethod
{
	INFORMATION_KNN,			/* Ross 2014: the k nearest rows of the same class */
	INFORMATION_BINS			/* the plug-in estimate over bins of equally many rows */
} InformationMethod;

/* One thread's scratch */
typedef struct InformationScratch
{
	RankScratch rank;
	double	   *values;			/* n: of the rows that count */
	double	   *sorted;			/* n */
	double	   *own;			/* n: sorted, class by class */
	int32	   *place;			/* n: where own[i] stands in sorted */
	Size	   *filled;			/* n_classes */
	int64	   *cell;			/* bins x n_classes */
} InformationScratch;

/* What all units share that are measured against the same classes. */
typedef struct InformationProblem
{
	InformationMethod method;
	Size		n;
	int			n_classes;
	const int32 *class;			/* n, from 0; the caller's */
	Size		number;			/* k, or of bins */
	Size		n_rows;			/* rows that count: of classes of two rows or more, or all */
	int32	   *row;			/* n_rows */
	Size	   *start;			/* n_classes + 1: of classes among the rows that count */
	double	   *digamma;		/* n + 1: of whole numbers */
	double		constant;		/* what is the same for all units */
	InformationScratch *scratch;	/* one a thread */
} InformationProblem;

/*
 * For rows of classes 0 .. n_classes - 1, n of them; number: k >= 1, or bins >= 2.
 * In CurrentMemoryContext, information_bytes in all.
 */
extern InformationProblem *information_problem(InformationMethod method, const int32 *class, Size n, int n_classes, int number);
extern Size information_bytes(InformationMethod method, Size n, int n_classes, int number);

/*
 * I(x; class) of one unit, x n finite values, at least 0; NaN if no row counts.
 * From any thread: 'worker' is that of parallel_for; interruptible: on the
 * backend's, which then looks for interrupts.  n log n steps or less, some 300 ns a row.
 */
extern double information_of(const InformationProblem *problem, const double *x, int worker, bool interruptible);

#endif							/* NEUROENC_MUTUAL_INFORMATION_H */
