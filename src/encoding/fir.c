/*
 * fir.c
 *		Finite impulse response (FIR) features: each row of a time series becomes
 *		the concatenation of the rows d steps earlier, for each delay d, so that
 *		a linear model on them learns a response of any shape over the delays
 *		(Kay, David, Prenger, Hansen and Gallant 2008; Theunissen et al. 2001).
 *
 * Drawn from a history that reaches from the longest delay to the furthest look
 * ahead: work O(rows x delays x width), memory (span of the delays) rows.
 *
 * The history is bounded by the run, so a delay never crosses from one run into
 * another: what lies outside is zero.
 */
#include "postgres.h"

#include "encoding/fir.h"

/* Copy n elements of 'from' to element 'start' of 'to', which may be of another type. */
static void
fir_copy_elements(Tensor *to, Size start, const Tensor *from, Size n)
{
	if (to->dtype == from->dtype)
		memcpy((char *) TENSOR_DATA(to) + start * to->dtype, TENSOR_DATA(from), n * to->dtype);
	else
		for (Size i = 0; i < n; i++)
			tensor_set(to, start + i, tensor_get(from, i));
}

Tensor *
fir_row(const RunHistory *h, int64 at, int n_delays, const int32 *delays)
{
	Size		width = (Size) h->width;
	Tensor	   *out;

	for (int i = 0; i < n_delays; i++)
	{
		int64		source = at - delays[i];

		if (source >= h->first && source < h->next && run_history_row(h, source) == NULL)
			return NULL;
	}

	out = tensor_new_vector(run_history_row(h, at)->dtype, size_mul(width, n_delays));
	for (int i = 0; i < n_delays; i++)
	{
		int64		source = at - delays[i];

		if (source >= h->first && source < h->next)
			fir_copy_elements(out, i * width, run_history_row(h, source), width);
	}
	return out;
}
