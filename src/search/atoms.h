/*
 * atoms.h
 *		A dictionary: atoms whose sums are to make rows.
 */
#ifndef NEUROENC_ATOMS_H
#define NEUROENC_ATOMS_H

#include "postgres.h"

typedef struct Atoms
{
	Size		m;
	Size		d;
	const double *atom;			/* m x d */
} Atoms;

/* |a|^2 of each atom: out m. */
extern void atoms_squares(const Atoms *a, double *out);

/* The inner products of all atoms: out m x m. */
extern void atoms_gram(const Atoms *a, double *out);

/* out += sum of value[i] atom[index[i]] */
extern void atoms_add(const Atoms *a, int n, const int32 *index, const double *value, double *out);

#endif							/* NEUROENC_ATOMS_H */
