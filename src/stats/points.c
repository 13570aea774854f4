/*
 * points.c
 *		Rows of points: adding and merging.
 *
 * A row is one copy into its chunk (stats/predictions.c), which is checked for
 * NaN and infinities, and a look-up of its label.  Merging numbers the other
 * state's labels here, and copies chunks.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "stats/points.h"

#define MEMORY_HINT "Take fewer rows (a sample fits a model that labels the others) or fewer elements."

const RowsOwner points_owner = {"points", MEMORY_HINT};

Points *
points_new(MemoryContext parent, PointsKey key, const PointsOptions *options)
{
	Points	   *p = state_new(&points_kind, parent, sizeof(Points));

	p->key = key;
	if (options)
		p->options = *options;
	p->claim = memory_claim(STATE_CONTEXT(p), points_owner.name);
	if (points_key_has_labels(key))
		p->labels = label_set_new(STATE_CONTEXT(p), p->claim, MEMORY_HINT);
	return p;
}

void
points_set_word(PointsOptions *options, const char *word)
{
	strlcpy(options->word, word, sizeof(options->word));
}

void
points_require_options(const Points *p, const PointsOptions *options)
{
	const PointsOptions *own = &p->options;

	if (own->n != options->n || strcmp(own->word, options->word) != 0 ||
		memcmp(own->number, options->number, own->n * sizeof(int64)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the options of an aggregate over points must be the same in every row")));
}

void
points_require_labels(const Points *p)
{
	if (!points_key_has_labels(p->key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points have no labels"),
				 errhint("Make them with points_agg(t, label).")));
}

void
points_require_folds(const Points *p)
{
	if (p->key != POINTS_LABEL_FOLD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points have no folds"),
				 errhint("Make them with points_agg(t, label, fold).")));
}

/* ---- rows ---- */

HOT_LOOP static bool
all_finite_f4(const float *x, Size n)
{
	int			bad = 0;

	for (Size i = 0; i < n; i++)
		bad |= !(fabsf(x[i]) < INFINITY);
	return bad == 0;
}

HOT_LOOP static bool
all_finite_f8(const double *x, Size n)
{
	int			bad = 0;

	for (Size i = 0; i < n; i++)
		bad |= !(fabs(x[i]) < INFINITY);
	return bad == 0;
}

static bool
all_finite(const Tensor *t)
{
	Size		n = tensor_size(t);

	if (t->dtype == TENSOR_FLOAT4)
		return all_finite_f4(TENSOR_F4(t), n);
	if (t->dtype == TENSOR_FLOAT8)
		return all_finite_f8(TENSOR_F8(t), n);
	for (Size i = 0; i < n; i++)
		if (!isfinite(tensor_get(t, i)))
			return false;
	return true;
}

_Noreturn static void
report_not_finite(const Tensor *t, int64 ordinal)
{
	Size		i = 0;

	while (isfinite(tensor_get(t, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of row " INT64_FORMAT " is %s", i + 1, ordinal,
					isnan(tensor_get(t, i)) ? "NaN" : tensor_get(t, i) > 0 ? "Infinity" : "-Infinity"),
			 errdetail("Points must be finite.")));
}

static void
start_rows(Points *p, int d)
{
	p->rows = predictions_new(STATE_CONTEXT(p), &points_owner, 1, p->key == POINTS_LABEL_FOLD ? 2 : 1, d);
}

static void
add(Points *p, int64 key, int64 fold, const Tensor *t)
{
	int64		ordinal = p->cleared + points_n(p) + 1;
	Size		d = tensor_size(t);
	Tensor	   *row = (Tensor *) t;

	if (t->ndim > 1 || d == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row " INT64_FORMAT " has shape %s, but a vector of one or more is needed",
						ordinal, tensor_shape_text(t))));
	if (d > PREDICTIONS_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("points have at most %d elements, not %zu", PREDICTIONS_MAX_COLUMNS, d)));
	if (p->rows && (Size) p->rows->v != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row " INT64_FORMAT " has %zu elements, but the rows before it have %d", ordinal, d, p->rows->v)));
	if (!all_finite(t))
		report_not_finite(t, ordinal);
	if (p->rows == NULL)
		start_rows(p, (int) d);
	predictions_add_row(p->rows, &row, (int64[]) {key, fold});
}

/* A user's own aggregate may begin with points of any kind. */
static void
require_key(const Points *p, PointsKey key)
{
	if (p->key != key)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("points with ids, with labels, with folds and without can't be added to each other")));
}

void
points_add(Points *p, const Tensor *t)
{
	require_key(p, POINTS_ALONE);
	add(p, 0, 0, t);
}

void
points_add_id(Points *p, int64 id, const Tensor *t)
{
	require_key(p, POINTS_ID);
	add(p, id, 0, t);
}

void
points_add_label(Points *p, Label label, const Tensor *t)
{
	require_key(p, POINTS_LABEL);
	add(p, label_set_number(p->labels, label, "points"), 0, t);
}

void
points_add_label_fold(Points *p, Label label, int64 fold, const Tensor *t)
{
	require_key(p, POINTS_LABEL_FOLD);
	add(p, label_set_number(p->labels, label, "points"), fold, t);
}

void
points_clear(Points *p)
{
	Predictions *rows = p->rows;

	if (rows == NULL)
		return;
	p->cleared += rows->n;
	p->rows = NULL;
	start_rows(p, rows->v);
	MemoryContextDelete(STATE_CONTEXT(rows));
}

/* ---- merging ---- */

/* Labels from row 'first' on are numbers of the other state: make them ours. */
static void
renumber(Predictions *rows, int64 first, const int64 *ours)
{
	int64		at = 0;

	for (PredictionChunk *chunk = rows->first; chunk; at += chunk->n, chunk = chunk->next)
		for (int64 i = Max(0, first - at); i < chunk->n; i++)
			chunk->labels[i * rows->n_labels] = ours[chunk->labels[i * rows->n_labels]];
}

void
points_merge(Points *dst, const Points *src)
{
	int64		first = points_n(dst);

	require_key(dst, src->key);
	points_require_options(dst, &src->options);
	if (src->rows == NULL)
		return;
	if (dst->rows == NULL)
		start_rows(dst, src->rows->v);
	if (dst->rows->v != src->rows->v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("points of %d and of %d elements can't be added", dst->rows->v, src->rows->v)));
	predictions_merge(dst->rows, src->rows);
	if (src->labels && src != dst)
	{
		int64	   *ours = huge_alloc(Max(1, (Size) src->labels->n) * sizeof(int64));

		for (int i = 0; i < src->labels->n; i++)
			ours[i] = label_set_number(dst->labels, src->labels->label[i], "points");
		renumber(dst->rows, first, ours);
		pfree(ours);
	}
}

Points *
points_copy(MemoryContext parent, const Points *p)
{
	Points	   *copy = points_new(parent, p->key, &p->options);

	points_merge(copy, p);
	return copy;
}
