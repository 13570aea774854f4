/*
 * similarity_procrustes.c
 *		procrustes_align: the similarity transform of a paired state, as a row.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "similarity/procrustes_align.h"
#include "linalg/linalg.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(similarity_procrustes_align);

#define ALIGN_COLUMNS 4

static void
require_finite(const PairedProducts *products)
{
	Size		p = products->p;
	Size		q = products->q;
	double		sum = 0;

	for (Size i = 0; i < p; i++)
		sum += products->xx[i * p + i];
	for (Size j = 0; j < q; j++)
		sum += products->yy[j * q + j];
	if (!isfinite(sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of squares of x and y is out of range"),
				 errhint("Scale them down.")));
}

Datum
similarity_procrustes_align(PG_FUNCTION_ARGS)
{
	const Paired *s = PG_GETARG_PAIRED(0);
	Tensor	   *rotation;
	Tensor	   *translation;
	Size		bytes;
	MemoryContext scratch;
	MemoryContext old;
	PairedProducts products;
	ProcrustesFit fit;
	bool		found;
	TupleDesc	desc;
	Datum		values[ALIGN_COLUMNS];
	bool		nulls[ALIGN_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != ALIGN_COLUMNS)
		elog(ERROR, "procrustes_align must return %d columns", ALIGN_COLUMNS);
	if (paired_n(s) < 2)
		PG_RETURN_NULL();
	value_require("the result of procrustes_align", size_mul(size_mul((Size) s->p + 1, s->q), sizeof(double)), "Take fewer units.");
	rotation = tensor_new_matrix(TENSOR_FLOAT8, s->p, s->q);
	translation = tensor_new_vector(TENSOR_FLOAT8, s->q);
	bytes = size_add(paired_products_bytes(s), polar_scratch(s->p, s->q));
	bytes = size_add(bytes, size_mul(size_mul(s->p, s->q), sizeof(double)));
	scratch = scratch_create("procrustes_align", bytes, "Take fewer units.");
	old = MemoryContextSwitchTo(scratch);
	products = paired_products(s);
	require_finite(&products);
	fit.rotation = TENSOR_F8(rotation);
	fit.translation = TENSOR_F8(translation);
	found = procrustes_align(&products, &fit);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (!found)
		PG_RETURN_NULL();
	values[0] = PointerGetDatum(rotation);
	values[1] = Float8GetDatum(fit.scale);
	values[2] = PointerGetDatum(translation);
	values[3] = Float8GetDatum(fit.r2);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
