/*
 * kmeans_assign.h
 *		The nearest centre of each row, from scratch or with what the last
 *		assignment told.
 */
#ifndef NEUROENC_KMEANS_ASSIGN_H
#define NEUROENC_KMEANS_ASSIGN_H

#include "postgres.h"

#include "clustering/kmeans.h"
#include "clustering/kmeans_scan.h"
#include "clustering/kmeans_tiles.h"

typedef struct Assignment
{
	const KmeansRows *r;
	int			k;
	const double *centre;		/* k x d, given with each call */
	int32	   *label;			/* n */
	double	   *upper;			/* n: at least the distance to the row's centre; NULL: no bounds are kept */
	double	   *lower;			/* n: at most the distance to every other one */
	bool	   *open;			/* n, with bounds: they don't settle the row */
	int32	   *order;			/* n, with bounds: open rows by their centre */
	TileCentres *tile_centres;
	ScanCentres *scan;			/* the same for assignment_start; NULL: it takes products */
	TileShape	shape;
	char	   *scratch;		/* scratch_bytes a worker */
	Size		scratch_bytes;
	double		work;			/* units of progress in an assignment; 0: none is told */
} Assignment;

/* In CurrentMemoryContext, which must have claimed assignment_bytes. */
extern Assignment *assignment_new(const KmeansRows *r, int k, int32 *label, bool bounds);
extern Size assignment_bytes(const KmeansRows *r, int k, bool bounds);

/* Every row against every centre: 2 n d k flops. */
extern void assignment_start(Assignment *a, const double *centre);

/* A row's centre is another now, and its bounds are unknown. */
extern void assignment_set(Assignment *a, Size i, int32 label);

/* A worker's scratch. */
typedef struct AssignmentScratch
{
	void	   *rows;			/* a tile of them */
	void	   *products;
	Best	   *found;			/* of the tile's rows */
	void	   *scan;			/* of scan_rows */
	double	   *x;				/* d */
	double	   *distance;		/* k */
	TileCentres some;			/* room for all */
	int32	   *which;			/* k */
} AssignmentScratch;

extern AssignmentScratch assignment_scratch(const Assignment *a, int worker);

/*
 * Labels and bounds of rows first .. (row NULL) or row[first ..], n of them, at
 * most shape.rows, among all of 'c', whose numbers 'which' (NULL: the centres' own) tells.
 */
extern void assignment_search(Assignment *a, const TileCentres *c, const int32 *which,
							  const int32 *row, Size first, int n, AssignmentScratch *s);

/* Bounds are put off by this share, so that no rounding of float8 matters. */
extern double assignment_slack(const KmeansRows *r);

/* ---- kmeans_bounds.c ---- */

/* assignment_start's answer after the centres have moved by 'moved' (k): what bounds rule out is left out. */
extern void assignment_again(Assignment *a, const double *centre, const double *moved);

#endif							/* NEUROENC_KMEANS_ASSIGN_H */
