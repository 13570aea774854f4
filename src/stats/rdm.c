/*
 * rdm.c
 *		Representational dissimilarity matrices: making, reading, aligning.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "stats/rdm.h"

#define TILE 64					/* of a square matrix, so that mirrored elements are written while they are in cache */

static const char *const metric_names[] = {
	"unknown", "correlation", "cosine", "euclidean", "sqeuclidean", "cityblock", "mahalanobis",
	"crossnobis", "poisson", "transformed"
};

const char *
rdm_metric_name(RdmMetric metric)
{
	return metric_names[metric];
}

RdmMetric
rdm_metric_from_name(const char *name)
{
	for (int i = 0; i < (int) lengthof(metric_names); i++)
		if (strcmp(name, metric_names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("metric \"%s\" is not known", name),
			 errhint("Metrics are unknown, correlation, cosine, euclidean, sqeuclidean, cityblock, mahalanobis, crossnobis, poisson and transformed.")));
}

/* ---- labels ---- */

Label
rdm_label(const Rdm *r, int i)
{
	int			start = i == 0 ? 0 : r->label_end[i - 1];

	return (Label) {RDM_LABELS_START(r) + start, r->label_end[i] - start};
}

Label *
rdm_all_labels(const Rdm *r)
{
	Label	   *labels = palloc(Max(1, r->n_conditions) * sizeof(Label));

	for (int i = 0; i < r->n_conditions; i++)
		labels[i] = rdm_label(r, i);
	return labels;
}

/* ---- making ---- */

Size
rdm_bytes(const Label *labels, int n, bool has_counts)
{
	Size		label_bytes = 0;
	Size		pairs = RDM_PAIRS(n);
	Size		bytes;

	for (int i = 0; i < n; i++)
		label_bytes = size_add(label_bytes, labels[i].length);
	if (n > RDM_MAX_CONDITIONS || label_bytes > MaxAllocSize / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an rdm of %d conditions and %zu bytes of labels would pass 1 GB: at most %d conditions",
						n, label_bytes, RDM_MAX_CONDITIONS),
				 errhint("Take fewer conditions, or average them into fewer labels.")));
	bytes = size_add(RDM_HEADER_SIZE(n, label_bytes), size_mul(pairs, sizeof(double) + (has_counts ? sizeof(int32) : 0)));
	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an rdm of %d conditions and %zu bytes would pass 1 GB", n, bytes),
				 errhint("Take fewer conditions, or average them into fewer labels.")));
	return bytes;
}

Rdm *
rdm_new(RdmMetric metric, const Label *labels, int n, bool has_counts)
{
	Size		bytes = rdm_bytes(labels, n, has_counts);
	Size		label_bytes = 0;
	char	   *at;
	Rdm		   *r;

	for (int i = 0; i < n; i++)
		label_bytes += labels[i].length;
	r = palloc(bytes);
	memset(r, 0, RDM_HEADER_SIZE(n, label_bytes));
	SET_VARSIZE(r, bytes);
	r->version = RDM_VERSION;
	r->metric = metric;
	r->flags = has_counts ? RDM_HAS_COUNTS : 0;
	r->n_conditions = n;
	r->label_bytes = (int32) label_bytes;
	at = RDM_LABELS_START(r);
	for (int i = 0; i < n; i++)
	{
		if (labels[i].length > 0)
			memcpy(at, labels[i].text, labels[i].length);
		at += labels[i].length;
		r->label_end[i] = (int32) (at - RDM_LABELS_START(r));
	}
	if (has_counts)
		memset(RDM_COUNTS(r), 0, RDM_PAIRS(n) * sizeof(int32));
	return r;
}

/* ---- reading ---- */

void
rdm_gather(const Rdm *r, const int *conditions, int m, double *out)
{
	const double *d = RDM_DISTANCES(r);
	Size		n = r->n_conditions;

	if (m == r->n_conditions)
	{
		memcpy(out, d, RDM_PAIRS(n) * sizeof(double));
		return;
	}
	for (int i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < m; j++)
			*out++ = d[rdm_pair(n, conditions[i], conditions[j])];
	}
}

void
rdm_square(const Rdm *r, double *out)
{
	const double *d = RDM_DISTANCES(r);
	Size		n = r->n_conditions;

	for (Size row = 0; row < n; row += TILE)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size column = row; column < n; column += TILE)
			for (Size i = row; i < Min(row + TILE, n); i++)
				for (Size j = Max(column, i + 1); j < Min(column + TILE, n); j++)
					out[i * n + j] = out[j * n + i] = d[rdm_pair(n, i, j)];
		for (Size i = row; i < Min(row + TILE, n); i++)
			out[i * n + i] = 0;
	}
}

int
rdm_find(const Rdm *r, Label label)
{
	int			low = 0;
	int			high = r->n_conditions - 1;

	while (low <= high)
	{
		int			middle = low + (high - low) / 2;
		int			cmp = label_compare(rdm_label(r, middle), label);

		if (cmp == 0)
			return middle;
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

Rdm *
rdm_subset(const Rdm *r, const int *conditions, int m)
{
	Label	   *labels = palloc(Max(1, m) * sizeof(Label));
	bool		has_counts = r->flags & RDM_HAS_COUNTS;
	Rdm		   *out;
	Size		at = 0;

	for (int i = 0; i < m; i++)
		labels[i] = rdm_label(r, conditions[i]);
	out = rdm_new(r->metric, labels, m, has_counts);
	for (int i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < m; j++, at++)
		{
			Size		pair = rdm_pair(r->n_conditions, Min(conditions[i], conditions[j]),
										Max(conditions[i], conditions[j]));

			RDM_DISTANCES(out)[at] = RDM_DISTANCES(r)[pair];
			if (has_counts)
				RDM_COUNTS(out)[at] = RDM_COUNTS(r)[pair];
		}
	}
	pfree(labels);
	return out;
}

int
rdm_align(const Rdm *const *rdms, int n_rdms, int **index)
{
	int			n_shared = rdms[0]->n_conditions;

	index[0] = palloc(Max(1, n_shared) * sizeof(int));
	for (int i = 0; i < n_shared; i++)
		index[0][i] = i;
	for (int k = 1; k < n_rdms; k++)
	{
		const Rdm  *other = rdms[k];
		int			kept = 0;
		int			at = 0;

		index[k] = palloc(Max(1, n_shared) * sizeof(int));
		for (int i = 0; i < n_shared; i++)
		{
			Label		label = rdm_label(rdms[0], index[0][i]);
			int			cmp = -1;

			while (at < other->n_conditions && (cmp = label_compare(rdm_label(other, at), label)) < 0)
				at++;
			if (at == other->n_conditions || cmp != 0)
				continue;
			for (int earlier = 0; earlier < k; earlier++)
				index[earlier][kept] = index[earlier][i];
			index[k][kept++] = at++;
		}
		n_shared = kept;
	}
	return n_shared;
}
