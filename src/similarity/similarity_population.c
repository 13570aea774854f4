/*
 * similarity_population.c
 *		SQL functions over the geometry of one population's responses, and over
 *		the neighbourhoods and angles of two: two_nn, mutual_knn,
 *		manifold_capacity_mmcr, relative_representation, and the grams that
 *		linear_predictivity fits.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/recent.h"
#include "base/record.h"
#include "linalg/linalg.h"
#include "similarity/mutual_knn.h"
#include "similarity/paired.h"
#include "similarity/patterns.h"
#include "similarity/predictivity.h"
#include "stats/rdm.h"
#include "similarity/two_nn.h"
#include "similarity/unit_rows.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(population_add_row);
PG_FUNCTION_INFO_V1(population_add_row_real);
PG_FUNCTION_INFO_V1(population_two_nn);
PG_FUNCTION_INFO_V1(population_mutual_knn);
PG_FUNCTION_INFO_V1(population_mutual_knn_final);
PG_FUNCTION_INFO_V1(population_mutual_knn_rdm);
PG_FUNCTION_INFO_V1(population_mmcr_add_text);
PG_FUNCTION_INFO_V1(population_mmcr_add_bigint);
PG_FUNCTION_INFO_V1(population_mmcr_final);
PG_FUNCTION_INFO_V1(population_relative);
PG_FUNCTION_INFO_V1(population_gram_xy);
PG_FUNCTION_INFO_V1(population_gram_yx);

#define ROWS_HINT "Take fewer rows, a random part of them."

/* ---- two_nn ---- */

/* The rows of one population: a paired state without y. */
static Datum
add_row(FunctionCallInfo fcinfo, bool has_option)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Paired	   *s = state_running(&paired_kind, fcinfo, cxt);
	const Tensor *x;

	if (PG_ARGISNULL(1) || (has_option && PG_ARGISNULL(2)))
		return state_return(fcinfo, s);
	x = PG_GETARG_TENSOR(1);
	if (s == NULL)
	{
		if (tensor_size(x) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("x of row 1 has no elements")));
		s = paired_new(cxt, (int) Min(tensor_size(x), PG_INT32_MAX), 0, true);
	}
	if (has_option)
		paired_set_option(s, PG_GETARG_FLOAT8(2));
	paired_add_row(s, x, NULL);
	return state_return(fcinfo, s);
}

Datum
population_add_row(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false);
}

Datum
population_add_row_real(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true);
}

static void
require_int_rows(int64 n, const char *what)
{
	if (n > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s takes at most %d rows, not " INT64_FORMAT, what, PG_INT32_MAX, n)));
}

Datum
population_two_nn(PG_FUNCTION_ARGS)
{
	const Paired *s = state_from_datum(&paired_kind, PG_GETARG_DATUM(0));
	Size		n = (Size) paired_n(s);
	double		discard = s->has_option ? s->option : 0.1;
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;
	MemoryContext scratch;
	MemoryContext old;
	TwoNn		found;
	double	   *x;

	if (!(discard >= 0 && discard < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discard must be at least 0 and below 1, not %g", discard)));
	if (s->q != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("two_nn is of one population, the state has two")));
	paired_require_rows(s, "two_nn");
	require_int_rows((int64) n, "two_nn");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 4)
		elog(ERROR, "two_nn must return four columns");
	scratch = scratch_create("two_nn", size_add(paired_rows_bytes(s), two_nn_scratch(n)), ROWS_HINT);
	old = MemoryContextSwitchTo(scratch);
	x = huge_matrix(n, s->p);
	paired_rows(s, x, NULL);
	found = two_nn(n, (Size) s->p, x, discard);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	record_put_number(values, nulls, 0, found.ml);
	record_put_number(values, nulls, 1, found.fit);
	values[2] = Int64GetDatum(found.n);
	values[3] = Int64GetDatum(found.n_copies);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- mutual_knn ---- */

static int
checked_k(double k, int64 n, const char *what)
{
	if (!(k >= 1 && k < (double) n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to " INT64_FORMAT ", not %.0f", n - 1, k),
				 errdetail("There are " INT64_FORMAT " %s, and each has the others as neighbours.", n, what)));
	return (int) k;
}

static double
mutual_knn_of(const Paired *s, double neighbours)
{
	Size		n = (Size) paired_n(s);
	int			k;
	MemoryContext scratch;
	MemoryContext old;
	double	   *x;
	double	   *y;
	double		overlap;

	paired_require_rows(s, "mutual_knn");
	require_int_rows((int64) n, "mutual_knn");
	k = checked_k(neighbours, (int64) n, "rows");
	scratch = scratch_create("mutual_knn", size_add(paired_rows_bytes(s), mutual_knn_scratch(n, k)), ROWS_HINT);
	old = MemoryContextSwitchTo(scratch);
	x = huge_matrix(n, s->p);
	y = huge_matrix(n, s->q);
	paired_rows(s, x, y);
	overlap = mutual_knn_rows(n, (Size) s->p, x, (Size) s->q, y, k);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return overlap;
}

Datum
population_mutual_knn(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(mutual_knn_of(PG_GETARG_PAIRED(0), PG_GETARG_INT32(1)));
}

Datum
population_mutual_knn_final(PG_FUNCTION_ARGS)
{
	const Paired *s = PG_GETARG_PAIRED(0);

	PG_RETURN_FLOAT8(mutual_knn_of(s, s->has_option ? s->option : 10));
}

/* The distances of these conditions, square; ERROR where one is missing. */
static double *
square_of(const Rdm *r, const int *conditions, int m)
{
	double	   *condensed = huge_matrix(1, RDM_PAIRS(m));
	double	   *square = huge_alloc0(size_mul(size_mul(m, m), sizeof(double)));

	rdm_gather(r, conditions, m, condensed);
	for (Size i = 0, at = 0; i < (Size) m; i++)
		for (Size j = i + 1; j < (Size) m; j++, at++)
		{
			if (isnan(condensed[at]))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("the distance of two conditions is missing"),
						 errdetail_client("They are \"%s\" and \"%s\".",
										  label_text(rdm_label(r, conditions[i])), label_text(rdm_label(r, conditions[j]))),
						 errhint("Leave out such conditions with rdm_subset.")));
			square[i * m + j] = square[j * m + i] = condensed[at];
		}
	pfree(condensed);
	return square;
}

Datum
population_mutual_knn_rdm(PG_FUNCTION_ARGS)
{
	const Rdm  *rdms[2] = {PG_GETARG_RDM(0), PG_GETARG_RDM(1)};
	int		   *index[2];
	int			m = rdm_align(rdms, 2, index);
	int			k = checked_k(PG_GETARG_INT32(2), m, "conditions that both have");
	MemoryContext scratch = scratch_create("mutual_knn", size_mul(size_mul(m, m), 3 * sizeof(double)),
										   "Take fewer conditions (rdm_subset).");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *a = square_of(rdms[0], index[0], m);
	double	   *b = square_of(rdms[1], index[1], m);
	double		overlap = mutual_knn_distances((Size) m, a, b, k);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(overlap);
}

/* ---- manifold_capacity_mmcr ---- */

/* The row in float8, of unit length; as it is where it is not finite, which is refused where it is added. */
static Tensor *
unit_row(const Tensor *x, int64 ordinal)
{
	Tensor	   *unit = tensor_new_unset(TENSOR_FLOAT8, x->ndim, x->dims);
	Size		n = tensor_size(x);

	tensor_read_f8(x, 0, n, TENSOR_F8(unit));
	for (Size i = 0; i < n; i++)
		if (!isfinite(TENSOR_F8(unit)[i]))
			return unit;
	if (n == 0 || unit_rows(1, n, TENSOR_F8(unit)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x of row " INT64_FORMAT " %s, and so has no direction", ordinal,
						n == 0 ? "has no elements" : "is all zeros")));
	return unit;
}

static Datum
mmcr_add(FunctionCallInfo fcinfo, bool is_bigint)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Patterns   *p = state_running(&patterns_kind, fcinfo, cxt);
	Tensor	   *x;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, p);
	x = unit_row(PG_GETARG_TENSOR(2), p ? p->n_rows + 1 : 1);
	if (p == NULL)
		p = patterns_new(cxt, (int) Min(tensor_size(x), PG_INT32_MAX), false);
	patterns_add_row(p, label_argument(fcinfo, 1, is_bigint), x, 0);
	return state_return(fcinfo, p);
}

Datum
population_mmcr_add_text(PG_FUNCTION_ARGS)
{
	return mmcr_add(fcinfo, false);
}

Datum
population_mmcr_add_bigint(PG_FUNCTION_ARGS)
{
	return mmcr_add(fcinfo, true);
}

Datum
population_mmcr_final(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);
	Size		n = (Size) p->n_labels;
	Size		d = (Size) p->n_channels;
	MemoryContext scratch = scratch_create("manifold_capacity_mmcr", size_mul(size_mul(n, d), sizeof(double)),
										   "Take fewer labels.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PatternTable *table = patterns_table(p);
	double	   *centroids = huge_matrix(n, d);
	double	   *values = huge_matrix(1, Min(n, d));
	double		sum = 0;

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pattern_mean(table->cells + table->start[i], table->start[i + 1] - table->start[i], 0, d, centroids + i * d);
	}
	svd_f8(n, d, centroids, values, NULL, NULL);
	for (Size i = 0; i < Min(n, d); i++)
		sum += values[i];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(sum);
}

/* ---- relative_representation ---- */

/* Rows of unit length in float8; a vector is one row. */
typedef struct UnitRows
{
	TensorType	dtype;			/* of the tensor */
	Size		n;
	Size		p;
	double	   *rows;
} UnitRows;

static UnitRows
unit_rows_of(const Tensor *t)
{
	UnitRows	u = {.dtype = tensor_common_type(t->dtype, TENSOR_FLOAT4), .p = t->dims[t->ndim - 1]};

	u.n = t->ndim == 2 ? t->dims[0] : 1;
	u.rows = huge_matrix(u.n, u.p);
	tensor_read_f8(t, 0, u.n * u.p, u.rows);
	(void) unit_rows(u.n, u.p, u.rows);
	return u;
}

/* The anchors, as they are kept from row to row. */
static void *
make_anchors(Datum d)
{
	const Tensor *t = DatumGetTensor(d);
	UnitRows   *anchors = palloc(sizeof(UnitRows));

	if (t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("anchors must be a matrix of rows, not a tensor of shape %s", tensor_shape_text(t)),
				 errhint("stack(x) of the anchors' rows makes one.")));
	memory_claim_add(memory_claim(CurrentMemoryContext, "anchors"), size_mul(tensor_size(t), sizeof(double)),
					 "Take fewer anchors.");
	*anchors = unit_rows_of(t);
	return anchors;
}

Datum
population_relative(PG_FUNCTION_ARGS)
{
	const UnitRows *anchors = recent_value(fcinfo, 1, make_anchors);
	const Tensor *x = PG_GETARG_TENSOR(0);
	int32		dims[2];
	TensorType	dtype = tensor_common_type(tensor_common_type(x->dtype, anchors->dtype), TENSOR_FLOAT4);
	Tensor	   *out;
	MemoryContext scratch;
	MemoryContext old;
	UnitRows	rows;
	double	   *cosines;

	if (x->ndim != 1 && x->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a vector or a matrix of rows, not a tensor of shape %s", tensor_shape_text(x))));
	if ((Size) x->dims[x->ndim - 1] != anchors->p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x has %d elements a row, the anchors have %zu", x->dims[x->ndim - 1], anchors->p)));
	dims[0] = x->dims[0];
	dims[x->ndim - 1] = (int32) anchors->n;
	out = tensor_new_unset(dtype, x->ndim, dims);
	scratch = scratch_create("relative_representation",
							 size_mul(size_add(tensor_size(x), tensor_size(out)), sizeof(double)),
							 "Give fewer rows at a time.");
	old = MemoryContextSwitchTo(scratch);
	rows = unit_rows_of(x);
	cosines = dtype == TENSOR_FLOAT8 ? TENSOR_F8(out) : huge_matrix(1, tensor_size(out));
	unit_cosines(rows.n, anchors->n, rows.p, rows.rows, anchors->rows, cosines);
	if (dtype != TENSOR_FLOAT8)
		tensor_write_f8(out, 0, tensor_size(out), cosines);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(out);
}

/* ---- linear_predictivity ---- */

Datum
population_gram_xy(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(GramGetDatum(predictivity_gram(CurrentMemoryContext, PG_GETARG_PAIRED(0), false)));
}

Datum
population_gram_yx(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(GramGetDatum(predictivity_gram(CurrentMemoryContext, PG_GETARG_PAIRED(0), true)));
}
