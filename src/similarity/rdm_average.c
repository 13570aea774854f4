/*
 * rdm_average.c
 *		The mean of RDMs, pair by pair over those that have the pair.
 *
 * RDMs of the same labels, which is nearly always so, take one pass over their
 * pairs.  Otherwise two merges of the sorted labels say where each condition
 * goes in the union; the state is laid out anew only when it grows, so that
 * subsets of conditions that are known already cost their own pairs.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "similarity/rdm_average.h"

#define BLOCK 65536				/* pairs between checks for interrupts */

static bool
same_labels(const Rdm *a, const Rdm *b)
{
	return a->n_conditions == b->n_conditions && a->label_bytes == b->label_bytes &&
		memcmp(a->label_end, b->label_end, a->n_conditions * sizeof(int32)) == 0 &&
		memcmp(RDM_LABELS_START(a), RDM_LABELS_START(b), a->label_bytes) == 0;
}

/* ---- pairs that lie side by side ---- */

/* These return whether all counts are still counts. */
HOT_LOOP static bool
add_distances(double *restrict sum, int32 *restrict count, const double *restrict d, Size n)
{
	uint32		signs = 0;

	for (Size i = 0; i < n; i++)
	{
		bool		present = d[i] == d[i];
		double		before = count[i] > 0 ? sum[i] : 0;

		sum[i] = present ? before + d[i] : sum[i];
		count[i] = (int32) ((uint32) count[i] + present);
		signs |= (uint32) count[i];
	}
	return (int32) signs >= 0;
}

HOT_LOOP static bool
add_sums(double *restrict sum, int32 *restrict count, const double *restrict d,
		 const int32 *restrict c, Size n)
{
	uint32		signs = 0;

	for (Size i = 0; i < n; i++)
	{
		double		before = count[i] > 0 ? sum[i] : 0;

		sum[i] = c[i] > 0 ? before + d[i] : sum[i];
		count[i] = (int32) ((uint32) count[i] + (uint32) c[i]);
		signs |= (uint32) count[i];
	}
	return (int32) signs >= 0;
}

static void
require_counts(bool good)
{
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the mean of RDMs counts at most %d of them", PG_INT32_MAX)));
}

static void
add_same_labels(Rdm *sums, const Rdm *other, bool of_sums)
{
	Size		pairs = RDM_PAIRS(sums->n_conditions);

	for (Size start = 0; start < pairs; start += BLOCK)
	{
		Size		n = Min(BLOCK, pairs - start);

		CHECK_FOR_INTERRUPTS();
		if (of_sums)
			require_counts(add_sums(RDM_DISTANCES(sums) + start, RDM_COUNTS(sums) + start,
									RDM_DISTANCES(other) + start, RDM_COUNTS(other) + start, n));
		else
			require_counts(add_distances(RDM_DISTANCES(sums) + start, RDM_COUNTS(sums) + start,
										 RDM_DISTANCES(other) + start, n));
	}
}

/* ---- pairs that go elsewhere ---- */

/* at[i]: where condition i of other, every one of which sums has, is in sums */
static void
add_at(Rdm *sums, const int *at, const Rdm *other, bool of_sums)
{
	Size		from = 0;

	for (int i = 0; i < other->n_conditions; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < other->n_conditions; j++, from++)
		{
			Size		to = rdm_pair(sums->n_conditions, at[i], at[j]);

			if (of_sums)
				require_counts(add_sums(RDM_DISTANCES(sums) + to, RDM_COUNTS(sums) + to,
										RDM_DISTANCES(other) + from, RDM_COUNTS(other) + from, 1));
			else
				require_counts(add_distances(RDM_DISTANCES(sums) + to, RDM_COUNTS(sums) + to,
											 RDM_DISTANCES(other) + from, 1));
		}
	}
}

/* Sums of nothing yet; their memory is claimed for as long as the current context lives. */
static Rdm *
empty_sums(RdmMetric metric, const Label *labels, int n)
{
	Size		bytes = rdm_bytes(labels, n, true);
	Size		pairs = RDM_PAIRS(n);
	Rdm		   *sums;

	if (bytes >= RDM_SUMS_CLAIMED)
		memory_claim_add(memory_claim(CurrentMemoryContext, "avg(rdm)"), bytes, RDM_SUMS_HINT);
	sums = rdm_new(metric, labels, n, true);
	for (Size i = 0; i < pairs; i++)
		RDM_DISTANCES(sums)[i] = NAN;
	return sums;
}

/*
 * The labels of a or b, merged, and where each one's conditions are among them.
 * Returns their number.
 */
static int
unite(const Rdm *a, const Rdm *b, Label *labels, int *at_a, int *at_b)
{
	int			i = 0;
	int			j = 0;
	int			n = 0;

	while (i < a->n_conditions || j < b->n_conditions)
	{
		int			cmp = i == a->n_conditions ? 1 : j == b->n_conditions ? -1 :
			label_compare(rdm_label(a, i), rdm_label(b, j));

		labels[n] = cmp <= 0 ? rdm_label(a, i) : rdm_label(b, j);
		if (cmp <= 0)
			at_a[i++] = n;
		if (cmp >= 0)
			at_b[j++] = n;
		n++;
	}
	return n;
}

static Rdm *
add_other_labels(Rdm *sums, const Rdm *other, bool of_sums)
{
	Size		most = (Size) sums->n_conditions + (Size) other->n_conditions;
	Label	   *labels = palloc(Max(1, most) * sizeof(Label));
	int		   *at_sums = palloc(Max(1, most) * sizeof(int));
	int		   *at_other = palloc(Max(1, most) * sizeof(int));
	int			n = unite(sums, other, labels, at_sums, at_other);

	if (n > sums->n_conditions)
	{
		Rdm		   *larger = empty_sums(sums->metric, labels, n);

		add_at(larger, at_sums, sums, true);
		sums = larger;
	}
	add_at(sums, at_other, other, of_sums);
	pfree(labels);
	pfree(at_sums);
	pfree(at_other);
	return sums;
}

/* ---- the state ---- */

Rdm *
rdm_sums_of(const Rdm *r)
{
	Label	   *labels = rdm_all_labels(r);
	Rdm		   *sums = empty_sums(r->metric, labels, r->n_conditions);

	pfree(labels);
	add_same_labels(sums, r, false);
	return sums;
}

Rdm *
rdm_sums_add(Rdm *sums, const Rdm *other, bool of_sums)
{
	if (same_labels(sums, other))
		add_same_labels(sums, other, of_sums);
	else
		sums = add_other_labels(sums, other, of_sums);
	if (sums->metric != other->metric)
		sums->metric = RDM_UNKNOWN;
	return sums;
}

Rdm *
rdm_sums_mean(const Rdm *sums)
{
	Size		pairs = RDM_PAIRS(sums->n_conditions);
	Rdm		   *mean = palloc(VARSIZE(sums));
	double	   *d;
	const int32 *count;

	memcpy(mean, sums, VARSIZE(sums));
	d = RDM_DISTANCES(mean);
	count = RDM_COUNTS(mean);
	for (Size i = 0; i < pairs; i++)
	{
		if (i % BLOCK == 0)
			CHECK_FOR_INTERRUPTS();
		d[i] /= count[i];		/* NaN of no RDM stays NaN */
		if (count[i] > 0 && !isfinite(d[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the sum of the distances of a pair is out of range")));
	}
	return mean;
}
