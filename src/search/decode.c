/*
 * decode.c
 *		Sums of a decoder's rows, as codes weight them: 2 d flops an active element.
 */
#include "postgres.h"

#include "base/dispatch.h"
#include "search/decode.h"

HOT_LOOP static void
add_f4(double *restrict out, const float *restrict row, Size d, double times)
{
	for (Size j = 0; j < d; j++)
		out[j] += times * (double) row[j];
}

HOT_LOOP static void
add_f8(double *restrict out, const double *restrict row, Size d, double times)
{
	for (Size j = 0; j < d; j++)
		out[j] += times * row[j];
}

void
decode_row(const Decoder *d, const Sparse *code, double *out)
{
	for (Size j = 0; j < d->d; j++)
		out[j] = d->bias ? d->bias[j] : 0;
	for (int32 i = 0; i < code->n; i++)
	{
		Size		at = (Size) code->index[i] * d->d;

		if (d->dtype == TENSOR_FLOAT4)
			add_f4(out, (const float *) d->rows + at, d->d, sparse_value(code, i));
		else
			add_f8(out, (const double *) d->rows + at, d->d, sparse_value(code, i));
	}
}
