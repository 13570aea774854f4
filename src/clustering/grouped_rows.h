/*
 * grouped_rows.h
 *		Labelled points, cluster by cluster, as indices of a clustering read them.
 */
#ifndef NEUROENC_GROUPED_ROWS_H
#define NEUROENC_GROUPED_ROWS_H

#include "postgres.h"

#include "stats/points.h"

/* Clusters are in the order of their labels; all have rows. */
typedef struct GroupedRows
{
	int			n;
	int			d;
	int			k;
	double	   *x;				/* n x d, about their mean, times a power of two: none over 2 */
	double		scale;			/* one over that power: distances are this much larger */
	int		   *start;			/* k + 1: cluster c is rows start[c] .. start[c + 1] - 1 */
	int32	   *from;			/* n: which of the rows given this is */
	int32	   *group;			/* n: its cluster */
	int		   *label;			/* k: which of the labels given a cluster has */
} GroupedRows;

#define GROUP_SIZE(g, c) ((g)->start[(c) + 1] - (g)->start[c])

/*
 * Labelled rows cluster by cluster, and inside a cluster in the order given;
 * those of a label < 0 are left out.  'unit': each is scaled to length 1 first,
 * and one of zeros is an ERROR.  In CurrentMemoryContext, claimed for its life.
 */
extern GroupedRows *grouped_rows(const PointRows *r, bool unit);

/* Means of clusters, and how far their rows are from them. */
typedef struct GroupMeans
{
	double	   *mean;			/* k x d */
	double	   *squares;		/* k: sum of squared distances */
	double	   *distances;		/* k: sum of distances */
} GroupMeans;

extern GroupMeans *group_means(const GroupedRows *g);

#endif							/* NEUROENC_GROUPED_ROWS_H */
