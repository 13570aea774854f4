/*
 * kmeans_tiles.h
 *		Products of tiles of rows with centres: what assignment and seeding share.
 */
#ifndef NEUROENC_KMEANS_TILES_H
#define NEUROENC_KMEANS_TILES_H

#include "postgres.h"

#include "clustering/kmeans.h"

/*
 * Centres as the right side of products: less the rows' shift, in float4 or, if
 * wide, float8.  The score of a row for a centre is x.c - |c|^2 / 2: the nearest
 * centre has the largest.  A score is off by at most tile_error.
 */
typedef struct TileCentres
{
	int			k;
	int			d;
	bool		wide;
	void	   *values;			/* k x d */
	void	   *half;			/* k: |c|^2 / 2 */
	double		longest;		/* largest |c| */
} TileCentres;

/* In CurrentMemoryContext: tile_centres_bytes. */
extern TileCentres *tile_centres_new(const KmeansRows *r, int k);
extern Size tile_centres_bytes(const KmeansRows *r, int k);

/* Sets them to centre (k x d). */
extern void tile_centres_set(TileCentres *t, const KmeansRows *r, int k, const double *centre);

/* Sets 'to' (with room) to the m of 'from' that 'which' tells. */
extern void tile_centres_take(TileCentres *to, const TileCentres *from, int m, const int32 *which);

/* The shape of tiles: rows, and centres at a time. */
typedef struct TileShape
{
	int			rows;
	int			centres;
} TileShape;

extern TileShape tile_shape(const KmeansRows *r, int k);

/*
 * Rows first .. first + n - 1 (row NULL) or those that row[first ..] tells, as
 * the left side of products: where they lie, or a copy at 'copy' (rows x d) if they must be
 * scaled, shifted, widened or gathered.
 */
extern const void *tile_rows(const KmeansRows *r, bool wide, const int32 *row, Size first, int n, void *copy);

/* Products n x m of a tile with centres from .. from + m - 1. */
extern void tile_products(const TileCentres *t, const void *rows, int n, int from, int m, void *products);

extern double tile_error(const TileCentres *t, double norm);

#endif							/* NEUROENC_KMEANS_TILES_H */
