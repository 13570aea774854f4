/*
 * feature_ranking.h
 *		Which features tell one class from the rest, in each training set.
 */
#ifndef NEUROENC_FEATURE_RANKING_H
#define NEUROENC_FEATURE_RANKING_H

#include "postgres.h"

#include "search/logistic.h"

typedef enum RankingMethod
{
	RANKING_MEAN_DIFFERENCE,	/* |mean of class 1 - mean of class 0| */
	RANKING_F,					/* of a one-way analysis of variance */
	RANKING_MUTUAL_INFORMATION, /* nats, by the 3 nearest neighbours */
	RANKING_OMP,				/* orthogonal matching pursuit of the class */
	RANKING_LOGISTIC			/* |weight| of a logistic regression on features of one scale */
} RankingMethod;

/* Training sets: all rows but a fold, for each fold, and last all rows. */
#define RANKING_SETS(rows) ((rows)->n_folds + 1)

static inline bool
ranking_set_has(const LogisticRows *rows, int set, Size row)
{
	return set == rows->n_folds || rows->fold[row] != set;
}

/* Counts, means and sums of squares about them, by class, of each training set. */
typedef struct ClassMoments
{
	int			n_sets;
	Size		d;
	double	   *count;			/* n_sets x 2 */
	double	   *mean;			/* n_sets x 2 x d */
	double	   *squares;		/* n_sets x 2 x d */
} ClassMoments;

/* Of rows of two classes.  In CurrentMemoryContext, class_moments_bytes. */
extern ClassMoments *class_moments(const LogisticRows *rows);
extern Size class_moments_bytes(const LogisticRows *rows);

/* Mean, and sum of squares about it, of feature j in a training set. */
extern double class_moments_mean(const ClassMoments *m, int set, Size j);
extern double class_moments_squares(const ClassMoments *m, int set, Size j);

typedef struct RankingOptions
{
	RankingMethod method;
	int			k;				/* features wanted, 1 .. d */
	double		alpha;			/* of RANKING_LOGISTIC */
} RankingOptions;

/*
 * The k best features (from 0) of each training set and their scores, best first, equal
 * ones by number: feature and score, sets x k.  For RANKING_OMP the order in
 * which they were taken, and the correlation with what those before had left.
 */
extern void feature_rank(const LogisticRows *rows, const ClassMoments *m, const RankingOptions *o, int32 *feature, double *score);

#endif							/* NEUROENC_FEATURE_RANKING_H */
