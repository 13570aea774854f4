/*
 * pursuit.h
 *		Matching pursuit and orthogonal matching pursuit.
 */
#ifndef NEUROENC_PURSUIT_H
#define NEUROENC_PURSUIT_H

#include "postgres.h"

#include "search/atoms.h"
#include "search/codes.h"

typedef struct PursuitOptions
{
	bool		orthogonal;
	int			k;				/* steps at most */
	double		tol;			/* of |residual| / |x|: enough */
} PursuitOptions;

/*
 * Rows come as float8, at most 'rows' at once, some n_rows in all: from that it
 * chooses whether the products of all atoms are worth their flops.
 */
extern Coder *pursuit_coder(const Atoms *a, const PursuitOptions *options, int rows, int64 n_rows);
extern Size pursuit_coder_bytes(const Atoms *a, const PursuitOptions *options, int rows, int64 n_rows);
extern int	pursuit_block_rows(const Atoms *a, const PursuitOptions *options, int64 n_rows);

#endif							/* NEUROENC_PURSUIT_H */
