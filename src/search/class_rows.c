/*
 * class_rows.c
 *		Points with labels, and with folds, as rows of classes.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "search/class_rows.h"

/* ---- folds: their values in order, and which of them each row has ---- */

/* Where a value is or belongs among n that ascend. */
static int
place_of(const int64 *values, int n, int64 value)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = low + (n - low) / 2;

		if (values[middle] < value)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static void
number_folds(ClassRows *c, const PointRows *points)
{
	int			n = 0;
	int			room = 16;
	int32	   *fold = huge_alloc(points->n * sizeof(int32));

	c->fold = palloc(room * sizeof(int64));
	for (int i = 0; i < points->n; i++)
	{
		int			place = place_of(c->fold, n, points->fold[i]);

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (place < n && c->fold[place] == points->fold[i])
			continue;
		if (n == room)
		{
			room *= 2;
			c->fold = repalloc_huge(c->fold, room * sizeof(int64));
		}
		memmove(c->fold + place + 1, c->fold + place, (n - place) * sizeof(int64));
		c->fold[place] = points->fold[i];
		n++;
	}
	for (int i = 0; i < points->n; i++)
		fold[i] = place_of(c->fold, n, points->fold[i]);
	c->rows.n_folds = n;
	c->rows.fold = fold;
}

/* ---- checks ---- */

static void
require_classes(const ClassRows *c)
{
	if (c->rows.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points have no rows")));
	if (c->rows.n_classes < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows have the same label, but a classifier needs two classes or more"),
				 errdetail_client("It is \"%s\".", label_text(c->labels[0]))));
}

/* Every training set must have a row of every class. */
static void
require_training_sets(const ClassRows *c)
{
	int32	   *only = palloc(c->rows.n_classes * sizeof(int32));	/* the fold of all rows of a class so far, or -1 */

	if (c->rows.n_folds < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows are in one fold, but cross-validation needs two or more"),
				 errdetail_client("It is fold " INT64_FORMAT ".", c->fold[0])));
	for (int k = 0; k < c->rows.n_classes; k++)
		only[k] = -2;
	for (Size i = 0; i < c->rows.n; i++)
	{
		int32	   *mine = &only[c->rows.label[i]];

		if (*mine == -2)
			*mine = c->rows.fold[i];
		else if (*mine != c->rows.fold[i])
			*mine = -1;
	}
	for (int k = 0; k < c->rows.n_classes; k++)
		if (only[k] >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("all rows of a class are in one fold: without it nothing is left to learn the class from"),
					 errdetail_client("The class is \"%s\", the fold " INT64_FORMAT ".", label_text(c->labels[k]),
									  c->fold[only[k]]),
					 errhint("Leave the class out, or spread it over folds.")));
	pfree(only);
}

ClassRows *
class_rows(const Points *p, bool with_folds)
{
	ClassRows  *c = palloc0(sizeof(ClassRows));
	PointRows  *points;

	points_require_labels(p);
	if (with_folds)
		points_require_folds(p);
	points = points_rows_f8(p);
	memory_claim_add(memory_claim(CurrentMemoryContext, "points"), size_mul(points->n, sizeof(int32) + sizeof(int64)), NULL);
	c->labels = points->labels;
	c->rows.n = points->n;
	c->rows.d = points->d;
	c->rows.x = POINT_ROWS_F8(points);
	c->rows.n_classes = points->n_labels;
	c->rows.label = points->label;
	c->rows.fit_intercept = true;
	require_classes(c);
	if (with_folds)
	{
		number_folds(c, points);
		require_training_sets(c);
	}
	return c;
}
