/*
 * logistic_solver.h
 *		Many logistic regressions on the same rows at once.
 */
#ifndef NEUROENC_LOGISTIC_SOLVER_H
#define NEUROENC_LOGISTIC_SOLVER_H

#include "postgres.h"

#include "search/logistic.h"

/* ---- logistic_rows.c: rows in coordinates that suit the solver ---- */

/*
 * X (n x r): the rows less their mean, rotated onto the eigenvectors of their
 * scatter, and a last column of ones; without intercept neither mean nor ones.
 * Directions in which no row varies are left out, so r <= min(n, d) + 1.
 */
typedef struct LogisticBasis
{
	const LogisticRows *rows;
	Size		r;				/* columns, that of ones included */
	Size		rank;			/* without it */
	double	   *x;				/* n x r */
	double	   *square;			/* r: the sum of squares of each column */
	double	   *mean;			/* d */
	double	   *rotation;		/* rank x d: directions as rows; NULL: the features themselves */
	double	   *centred;		/* n x d where d > n: 'rotation' is to be multiplied by it; else NULL */
	int			n_sources;		/* columns of 'rotation': d, or n */
} LogisticBasis;

/* In CurrentMemoryContext, with logistic_basis_bytes to be claimed before. */
extern LogisticBasis *logistic_basis(const LogisticRows *rows);
extern Size logistic_basis_bytes(const LogisticRows *rows);
extern Size logistic_basis_columns(const LogisticRows *rows); /* at most */

/* Weights (outputs x r) of the basis as weights (outputs x d) and intercepts of the rows. */
extern void logistic_basis_return(const LogisticBasis *b, int outputs, const double *w, double *weights, double *intercepts);

/* ---- logistic_solver.c ---- */

#define LOGISTIC_EXACT	1e-9
#define LOGISTIC_SCORED	1e-7

/* One regression: the rows but for one fold, at one alpha. */
typedef struct LogisticProblem
{
	int			held_out;		/* a fold, or -1 */
	double		alpha;
	double		tolerance;		/* LOGISTIC_EXACT, or LOGISTIC_SCORED where only its scores count */
	double	   *w;				/* outputs x r: where to start, then the solution */
	double		held_loss;		/* sum of weight times log loss of the rows held out */
	double		held_right;		/* their weight, where the right class is the most probable */
} LogisticProblem;

/*
 * Solves them all, sharing each pass over the rows.  class_weight: (n_folds + 1) x n_classes, the last
 * row for held_out -1.
 */
extern void logistic_solve(const LogisticBasis *b, const double *class_weight, int n_problems, LogisticProblem *problems);
extern Size logistic_solve_bytes(const LogisticRows *rows, Size r, int n_problems);

#endif							/* NEUROENC_LOGISTIC_SOLVER_H */
