/*
 * random_units.h
 *		Random units as controls of chosen ones.
 */
#ifndef NEUROENC_RANDOM_UNITS_H
#define NEUROENC_RANDOM_UNITS_H

#include "postgres.h"

/* A unit (from 0) and the stratum it may be exchanged in. */
typedef struct StratumUnit
{
	int32		stratum;
	int32		unit;
	bool		chosen;
} StratumUnit;

/*
 * Of each stratum as many units that are not chosen as are, at random: 'units'
 * (n of them) is sorted, and out is ascending, as many as are chosen.  Returns false, with
 * *stratum the one that has too few, where that can't be.
 */
extern bool random_units(Size n, StratumUnit *units, uint64 seed, int32 *out, int32 *stratum);

#endif							/* NEUROENC_RANDOM_UNITS_H */
