/*
 * clustering_spectral.c
 *		SQL functions spectral, spectral_embed, ncut, ncut_embed.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "clustering/affinity.h"
#include "clustering/kmeans.h"
#include "clustering/ncut.h"
#include "clustering/spectral.h"
#include "stats/points_window.h"

PG_FUNCTION_INFO_V1(clustering_spectral);
PG_FUNCTION_INFO_V1(clustering_spectral_embed);
PG_FUNCTION_INFO_V1(clustering_ncut);
PG_FUNCTION_INFO_V1(clustering_ncut_embed);

/* ---- options ---- */

static bool
is_word(const text *t, const char *word)
{
	return VARSIZE_ANY_EXHDR(t) == strlen(word) && memcmp(VARDATA_ANY(t), word, strlen(word)) == 0;
}

static int
k_option(FunctionCallInfo fcinfo, const PointRows *rows)
{
	int			k = DatumGetInt32(points_window_option(fcinfo, 1, "k"));

	kmeans_require_distinct(rows, k);
	return k;
}

static double
positive_option(FunctionCallInfo fcinfo, int argument, const char *name)
{
	double		value = DatumGetFloat8(points_window_option(fcinfo, argument, name));

	if (!(value >= 1e-150 && value <= 1e150))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be positive, from 1e-150 to 1e150, not %g", name, value)));
	return value;
}

/* k-means of the embedding, or its rotation? */
static bool
assign_by_kmeans(FunctionCallInfo fcinfo, int argument)
{
	const text *word = DatumGetTextPP(points_window_option(fcinfo, argument, "assign"));

	if (is_word(word, "kmeans"))
		return true;
	if (!is_word(word, "rotation"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown way to assign labels \"%s\"", text_to_cstring(word)),
				 errhint("Ways are 'kmeans' and 'rotation'.")));
	return false;
}

/* Labels of rows from their coordinates y (n x k); in CurrentMemoryContext. */
static int32 *
labels_of(const PointRows *rows, int k, const double *y, bool by_kmeans, int64 seed)
{
	int32	   *label = huge_alloc((Size) rows->n * sizeof(int32));
	MemoryContext scratch = scratch_create("spectral labels", size_mul(rows->n, 4 * sizeof(double)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	if (k == 1)
		for (int i = 0; i < rows->n; i++)
			label[i] = 1;
	else if (by_kmeans)
		spectral_labels_kmeans(rows->n, k, y, k, seed, label);
	else
		spectral_labels_rotation(rows->n, k, y, seed, label);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return label;
}

static double *
new_coordinates(const PointRows *rows, int k)
{
	Size		bytes = size_mul(size_mul(rows->n, k), sizeof(double));

	memory_claim_add(memory_claim(CurrentMemoryContext, "spectral coordinates"), bytes, NULL);
	return huge_alloc(bytes);
}

/* ---- spectral ---- */

/* (t, k, affinity, neighbors, ...), gamma at 'gamma_argument': n x k in CurrentMemoryContext */
static double *
spectral_coordinates(FunctionCallInfo fcinfo, const PointRows *rows, int k, int gamma_argument)
{
	const text *word = DatumGetTextPP(points_window_option(fcinfo, 2, "affinity"));
	int			neighbors = DatumGetInt32(points_window_option(fcinfo, 3, "neighbors"));
	double		gamma = positive_option(fcinfo, gamma_argument, "gamma");
	bool		nearest = is_word(word, "nearest");
	bool		cosine = is_word(word, "cosine");
	Affinity	affinity = {cosine ? AFFINITY_COSINE : AFFINITY_RBF, gamma};
	Size		n = (Size) rows->n;
	Size		d = (Size) rows->d;
	Size		bytes;
	double	   *y;
	double	   *x;
	double	   *value;
	MemoryContext scratch;
	MemoryContext old;

	if (!nearest && !cosine && !is_word(word, "rbf"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown affinity \"%s\"", text_to_cstring(word)),
				 errhint("Affinities are 'nearest', 'rbf' and 'cosine'.")));
	if (neighbors < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("neighbors must be at least 2, not %d", neighbors),
				 errdetail("A row is the first of its own neighbors.")));
	y = new_coordinates(rows, k);
	bytes = size_add(size_mul(size_mul(n, d), sizeof(double)),
					 nearest ? affinity_nearest_bytes(n, neighbors) : size_mul(size_mul(n, n), sizeof(double)));
	scratch = scratch_create("spectral", bytes, nearest ? "Take fewer rows, a random part of them."
							 : "The affinities of all pairs are held: take affinity 'nearest', or ncut.");
	old = MemoryContextSwitchTo(scratch);
	x = affinity_rows(rows, cosine);
	value = palloc(k * sizeof(double));
	if (nearest)
		spectral_embedding_sparse(affinity_nearest(n, d, x, neighbors), k, value, y);
	else
	{
		double	   *w = huge_matrix(n, n);

		affinity_matrix(&affinity, n, d, x, 0, w);
		pfree(x);
		spectral_embedding_dense(rows->n, w, k, value, y);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return y;
}

static void
spectral_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int			k = k_option(fcinfo, rows);
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 4, "seed"));
	bool		by_kmeans = assign_by_kmeans(fcinfo, 6);
	double	   *y = spectral_coordinates(fcinfo, rows, k, 5);

	answer->label = labels_of(rows, k, y, by_kmeans, seed);
	pfree(y);
}

/* (t tensor, k int, affinity text, neighbors int, seed bigint, gamma float8, assign text) */
Datum
clustering_spectral(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, spectral_method);
}

static void
spectral_embed_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	answer->width = k_option(fcinfo, rows);
	answer->vector = spectral_coordinates(fcinfo, rows, answer->width, 4);
}

/* (t tensor, k int, affinity text, neighbors int, gamma float8) */
Datum
clustering_spectral_embed(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, spectral_embed_method);
}

/* ---- ncut ---- */

static int
landmarks_option(FunctionCallInfo fcinfo, const PointRows *rows, int k)
{
	int			n_landmarks;

	if (points_window_option_is_null(fcinfo, 2))
		return rows->n <= NCUT_EXACT_MAX ? rows->n : Max(NCUT_LANDMARKS, k);
	n_landmarks = DatumGetInt32(points_window_option(fcinfo, 2, "n_landmarks"));
	if (n_landmarks < k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_landmarks is %d, fewer than k, %d", n_landmarks, k)));
	return n_landmarks;
}

/* (t, k, n_landmarks, affinity, sigma, ...): n x k in CurrentMemoryContext */
static double *
ncut_coordinates(FunctionCallInfo fcinfo, const PointRows *rows, int k)
{
	int			n_landmarks = landmarks_option(fcinfo, rows, k);
	const text *word = DatumGetTextPP(points_window_option(fcinfo, 3, "affinity"));
	double		sigma = positive_option(fcinfo, 4, "sigma");
	bool		cosine = is_word(word, "cosine");
	double	   *y;
	MemoryContext scratch;
	MemoryContext old;

	if (!cosine && !is_word(word, "rbf"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown affinity \"%s\"", text_to_cstring(word)),
				 errhint("Affinities are 'cosine' and 'rbf'.")));
	y = new_coordinates(rows, k);
	scratch = scratch_create("ncut", size_mul(size_mul(rows->n, rows->d), sizeof(double)), "Take fewer rows.");
	old = MemoryContextSwitchTo(scratch);
	ncut_embedding(rows->n, rows->d, affinity_rows(rows, cosine), 1 / (2 * sigma * sigma), n_landmarks, k, y);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return y;
}

static void
ncut_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int			k = k_option(fcinfo, rows);
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 5, "seed"));
	bool		by_kmeans = assign_by_kmeans(fcinfo, 6);
	double	   *y = ncut_coordinates(fcinfo, rows, k);

	answer->label = labels_of(rows, k, y, by_kmeans, seed);
	pfree(y);
}

/* (t tensor, k int, n_landmarks int, affinity text, sigma float8, seed bigint, assign text) */
Datum
clustering_ncut(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, ncut_method);
}

static void
ncut_embed_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	answer->width = k_option(fcinfo, rows);
	answer->vector = ncut_coordinates(fcinfo, rows, answer->width);
}

/* (t tensor, k int, n_landmarks int, affinity text, sigma float8) */
Datum
clustering_ncut_embed(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, ncut_embed_method);
}
