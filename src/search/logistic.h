/*
 * logistic.h
 *		Logistic regression of classes on vectors: two classes by one vector of
 *		weights (of the second class against the first), more by one a class
 *		(softmax).
 *
 * The objective is the sum over rows of weight times log loss, plus
 * alpha / 2 times the sum of squares of all weights; intercepts are free.  So
 * alpha is scikit-learn's 1 / C.
 */
#ifndef NEUROENC_LOGISTIC_H
#define NEUROENC_LOGISTIC_H

#include "postgres.h"

/* Vectors of weights, and decision values of a row. */
#define LOGISTIC_OUTPUTS(n_classes) ((n_classes) == 2 ? 1 : (n_classes))

typedef struct LogisticRows
{
	Size		n;
	Size		d;
	const double *x;			/* n x d, finite */
	int			n_classes;		/* 2 or more */
	const int32 *label;			/* n, from 0 */
	const double *weight;		/* n, >= 0, or NULL: 1 each */
	int			n_folds;		/* 0: none */
	const int32 *fold;			/* n, from 0; NULL without folds */
	bool		fit_intercept;
	bool		balanced;		/* rows of each class weigh n / (n_classes n_class) in a training set */
} LogisticRows;

/* ---- logistic.c: one fit and cross-validation ---- */

/*
 * The fit to all rows (folds are not looked at): weights, outputs x d, and
 * intercepts, outputs (0 without fit_intercept).  Each class must have a row of
 * weight > 0.  ERROR if alpha is 0 and the classes can be separated; memory is
 * claimed for the call.
 */
extern void logistic_fit(const LogisticRows *rows, double alpha, double *weights, double *intercepts);

/* Held-out scores at one alpha, by weight, over all rows; and of each fold. */
typedef struct LogisticScores
{
	double		log_loss;
	double		accuracy;
} LogisticScores;

typedef enum LogisticScoring
{
	LOGISTIC_LOG_LOSS,
	LOGISTIC_ACCURACY
} LogisticScoring;

/*
 * Fits without each fold at each of n_alphas alphas (in any order), scores them on
 * the fold, and fits all rows at the best alpha, whose place is returned (of equally
 * good ones the largest).  scores: n_alphas.  Each class must have a row outside
 * each fold; folds are 2 or more.
 */
extern int	logistic_cv(const LogisticRows *rows, int n_alphas, const double *alphas, LogisticScoring scoring,
						LogisticScores *scores, double *weights, double *intercepts);

/*
 * The fits that leave each fold out, at one alpha, and last the fit to all rows:
 * weights, (n_folds + 1) x outputs x d; intercepts, (n_folds + 1) x outputs.
 */
extern void logistic_fit_folds(const LogisticRows *rows, double alpha, double *weights, double *intercepts);

/* Decision values (m x outputs) of m rows of vectors: x weights' + intercepts. */
extern void logistic_decide(Size m, Size d, int outputs, const double *x, const double *weights,
							const double *intercepts, double *out);

/*
 * The class (from 0) of largest probability given a row's decision values, of
 * equal ones the first; proba: n_classes, or NULL.
 */
extern int	logistic_class(int n_classes, const double *decision, double *proba);

#endif							/* NEUROENC_LOGISTIC_H */
