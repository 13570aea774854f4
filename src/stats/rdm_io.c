/*
 * rdm_io.c
 *		Text and binary forms of an rdm.
 *
 * The binary form, little-endian: uint8 version, metric, flags, encoding; int32
 * n_conditions, label_bytes, label_end[n], the bytes of the labels, float8
 * distances, int32 counts if flagged.  The text form is rdm(summary): and the
 * binary form in base64.
 *
 * No client converts bytes inside a binary form, so it says which encoding
 * (PostgreSQL's number of it) its labels are in: the database's, or 0 (SQL_ASCII)
 * if they are plain ASCII.  Input converts them to its own database's encoding,
 * and since labels are ordered by their bytes the conditions may change places.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "stats/rdm.h"

static void
write_rdm(StateWriter *w, const void *value)
{
	const Rdm  *r = value;
	uint8		head[3] = {r->metric, r->flags, label_encoding(RDM_LABELS_START(r), r->label_bytes)};
	Size		pairs = RDM_PAIRS(r->n_conditions);

	state_put_bytes(w, head, 3);
	state_put_int32(w, r->n_conditions);
	state_put_int32(w, r->label_bytes);
	state_put_array(w, r->label_end, r->n_conditions, 4);
	state_put_bytes(w, RDM_LABELS_START(r), r->label_bytes);
	state_put_array(w, RDM_DISTANCES(r), pairs, 8);
	if (r->flags & RDM_HAS_COUNTS)
		state_put_array(w, RDM_COUNTS(r), pairs, 4);
}

static void
require_distances(const Rdm *r)
{
	bool		has_counts = r->flags & RDM_HAS_COUNTS;
	Size		pairs = RDM_PAIRS(r->n_conditions);

	for (Size i = 0; i < pairs; i++)
	{
		if (isinf(RDM_DISTANCES(r)[i]))
			state_corrupt("rdm", "a distance is infinite");
		if (has_counts && (RDM_COUNTS(r)[i] < 0 || (RDM_COUNTS(r)[i] == 0) != isnan(RDM_DISTANCES(r)[i])))
			state_corrupt("rdm", "a count is negative, or 0 where there is a distance");
	}
}

static void *
read_rdm(StateReader *in)
{
	uint8		head[3];
	int32		n;
	int32		label_bytes;
	Size		pairs;
	Label	   *labels;
	bool		converted;
	Rdm		   *r;

	state_get_bytes(in, head, 3);
	if (head[0] > RDM_TRANSFORMED || (head[1] & ~RDM_HAS_COUNTS) || !PG_VALID_BE_ENCODING(head[2]))
		state_corrupt("rdm", "unknown metric, flags or encoding");
	n = state_get_int32(in);
	label_bytes = state_get_int32(in);
	if (n < 0 || n > RDM_MAX_CONDITIONS || label_bytes < 0)
		state_corrupt("rdm", "bad number of conditions or bytes");
	labels = labels_read(in, n, label_bytes, head[2], &converted);
	pairs = RDM_PAIRS(n);
	state_require(in, size_mul(pairs, sizeof(double) + (head[1] & RDM_HAS_COUNTS ? sizeof(int32) : 0)));
	r = rdm_new(head[0], labels, n, head[1] & RDM_HAS_COUNTS);
	state_get_array(in, RDM_DISTANCES(r), pairs, 8);
	if (r->flags & RDM_HAS_COUNTS)
		state_get_array(in, RDM_COUNTS(r), pairs, 4);
	require_distances(r);
	if (converted)
	{
		int		   *order = palloc(Max(1, n) * sizeof(int));

		labels_sort(labels, n, order);
		r = rdm_subset(r, order, n);
	}
	return r;
}

static char *
summarize_rdm(const void *value)
{
	const Rdm  *r = value;

	return psprintf("n=%d, metric=%s", r->n_conditions, rdm_metric_name(r->metric));
}

const FlatKind rdm_kind = {
	.name = "rdm",
	.version = RDM_VERSION,
	.write = write_rdm,
	.read = read_rdm,
	.summary = summarize_rdm
};

FLAT_IO_FUNCTIONS(rdm, rdm_kind)

const Rdm **
rdm_array(ArrayType *array, int least, const char *what, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	const Rdm **rdms;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls, n);
	if (*n < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d RDMs, at least %d %s needed", what, *n, least, least == 1 ? "is" : "are")));
	rdms = palloc(Max(1, *n) * sizeof(Rdm *));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is NULL", i + 1, what)));
		rdms[i] = DatumGetRdm(elements[i]);
	}
	return rdms;
}
