/*
 * similarity_rdm.c
 *		SQL functions that make an rdm of a matrix and take one apart.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "similarity/rdm.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(rdm_from_matrix);
PG_FUNCTION_INFO_V1(rdm_labels);
PG_FUNCTION_INFO_V1(rdm_n_conditions);
PG_FUNCTION_INFO_V1(rdm_metric);
PG_FUNCTION_INFO_V1(rdm_matrix);

/* The elements of a text[] of labels, none NULL; they point into the array. */
static RdmLabel *
label_array(ArrayType *array, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	RdmLabel   *labels;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, n);
	labels = palloc(Max(1, *n) * sizeof(RdmLabel));
	for (int i = 0; i < *n; i++)
	{
		text	   *element;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of labels is NULL", i + 1)));
		element = DatumGetTextPP(elements[i]);
		labels[i] = (RdmLabel) {VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element)};
	}
	return labels;
}

/*
 * Twice the same distance, or an error that names the pair: NaN on both sides
 * is a missing pair, and sums in another order may differ in the last bits.
 */
static double
symmetric_distance(const Tensor *d, Size n, Size i, Size j)
{
	double		upper = tensor_get(d, i * n + j);
	double		lower = tensor_get(d, j * n + i);

	if (isnan(upper) && isnan(lower))
		return upper;
	if (isinf(upper) || isinf(lower))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the distance of conditions %zu and %zu is infinite", i + 1, j + 1),
				 errdetail("Distances must be finite, or NaN where one is missing.")));
	if (!(fabs(upper - lower) <= 1e-6 * (fabs(upper) + fabs(lower))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the matrix is not symmetric: element (%zu, %zu) is %g, element (%zu, %zu) is %g",
						i + 1, j + 1, upper, j + 1, i + 1, lower)));
	return (upper + lower) / 2;
}

Datum
rdm_from_matrix(PG_FUNCTION_ARGS)
{
	Tensor	   *d = PG_GETARG_TENSOR(1);
	RdmMetric	metric = rdm_metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int			n;
	RdmLabel   *labels = label_array(PG_GETARG_ARRAYTYPE_P(0), &n);
	RdmLabel   *sorted = palloc(Max(1, n) * sizeof(RdmLabel));
	int		   *order = palloc(Max(1, n) * sizeof(int));
	double	   *out;
	Rdm		   *r;

	if (d->ndim != 2 || d->dims[0] != n || d->dims[1] != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("d has shape %s, but there are %d labels", tensor_shape_text(d), n),
				 errdetail("The matrix of distances has a row and a column a label.")));
	rdm_sort_labels(labels, n, order);
	for (int i = 0; i < n; i++)
		sorted[i] = labels[order[i]];
	r = rdm_new(metric, sorted, n, false);
	out = RDM_DISTANCES(r);
	for (int i = 0; i < n; i++)
	{
		double		self = tensor_get(d, (Size) i * n + i);

		CHECK_FOR_INTERRUPTS();
		if (!isnan(self) && fabs(self) > 1e-6)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the distance of condition %d to itself is %g, not 0", i + 1, self)));
		for (int j = i + 1; j < n; j++)
			*out++ = symmetric_distance(d, n, order[i], order[j]);
	}
	PG_RETURN_POINTER(r);
}

Datum
rdm_labels(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	Datum	   *elements = palloc(Max(1, r->n_conditions) * sizeof(Datum));

	for (int i = 0; i < r->n_conditions; i++)
	{
		RdmLabel	label = rdm_label(r, i);

		elements[i] = PointerGetDatum(cstring_to_text_with_len(label.text, label.length));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, r->n_conditions, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
rdm_n_conditions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_RDM(0)->n_conditions);
}

Datum
rdm_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(rdm_metric_name(PG_GETARG_RDM(0)->metric)));
}

Datum
rdm_matrix(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	int32		dims[2] = {r->n_conditions, r->n_conditions};
	Tensor	   *out = tensor_new_unset(TENSOR_FLOAT8, 2, dims);

	rdm_square(r, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}
