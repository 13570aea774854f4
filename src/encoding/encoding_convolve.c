/*
 * encoding_convolve.c
 *		SQL glue of convolve(), a window function over the rows of a run, and of
 *		hrf(), the kernel that it mostly takes.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "encoding/convolve.h"
#include "encoding/hrf.h"
#include "encoding/run_window.h"

/* One partition's state; zeroed at its first row. */
typedef struct ConvolvePartition
{
	RunWindow	window;
	Tensor	   *given;			/* the kernel as given, to see that it stays the same */
	Size		n_kernel;
	double	   *kernel;
	double	   *sum;			/* as wide as a row */
} ConvolvePartition;

static void
convolve_set_kernel(ConvolvePartition *part, const Tensor *kernel)
{
	MemoryContext cxt = part->window.history->cxt;

	tensor_require_vector(kernel, "the kernel");
	part->n_kernel = tensor_size(kernel);
	if (part->n_kernel == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the kernel must have at least one element")));
	memory_claim_add(part->window.history->claim,
					 size_mul(part->n_kernel, sizeof(double) + kernel->dtype), "Use a shorter kernel.");
	part->kernel = MemoryContextAllocHuge(cxt, size_mul(part->n_kernel, sizeof(double)));
	tensor_read_f8(kernel, 0, part->n_kernel, part->kernel);
	for (Size i = 0; i < part->n_kernel; i++)
		if (!isfinite(part->kernel[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %zu of the kernel is %g", i + 1, part->kernel[i]),
					 errdetail("A kernel must be finite.")));
	part->given = MemoryContextAllocHuge(cxt, VARSIZE(kernel));
	memcpy(part->given, kernel, VARSIZE(kernel));
}

/* The state of this partition, with the kernel of this row checked. */
static ConvolvePartition *
convolve_partition(WindowObject winobj)
{
	ConvolvePartition *part = WinGetPartitionLocalMemory(winobj, sizeof(ConvolvePartition));
	Tensor	   *kernel = DatumGetTensor(run_argument(winobj, 1, "the kernel"));

	if (part->window.history == NULL)
	{
		run_window_start(&part->window, GetMemoryChunkContext(part), "convolve",
						 "The rows within the kernel's reach are held: use a shorter kernel, or narrower rows.");
		convolve_set_kernel(part, kernel);
	}
	else if (VARSIZE(kernel) != VARSIZE(part->given) ||
			 memcmp(kernel, part->given, VARSIZE(kernel)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the kernel must be the same for all rows of a run"),
				 errdetail("Row " INT64_FORMAT " of the run has another than its first row.",
						   WinGetCurrentPosition(winobj) + 1)));
	return part;
}

/* The current row convolved, or NULL if a row that it draws on is NULL. */
static const double *
convolve_current(WindowObject winobj, ConvolvePartition *part, RunReader read)
{
	RunHistory *h = part->window.history;
	int64		at = WinGetCurrentPosition(winobj);

	run_window_fetch(&part->window, winobj, at, read);
	run_history_trim(h, at - (int64) part->n_kernel + 1);
	if (run_history_row(h, at) == NULL)
		return NULL;
	if (part->sum == NULL)
	{
		Size		bytes = size_mul(Max(h->width, 1), sizeof(double));

		memory_claim_add(h->claim, bytes, h->hint);
		part->sum = MemoryContextAllocHuge(h->cxt, bytes);
	}
	return convolve_row(h, at, part->n_kernel, part->kernel, part->sum) ? part->sum : NULL;
}

PG_FUNCTION_INFO_V1(encoding_convolve);
Datum
encoding_convolve(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	ConvolvePartition *part = convolve_partition(winobj);
	const double *sum = convolve_current(winobj, part, run_read_tensor);
	const Tensor *row;
	Tensor	   *out;

	if (sum == NULL)
		PG_RETURN_NULL();
	row = run_history_row(part->window.history, WinGetCurrentPosition(winobj));
	out = tensor_new_unset((TensorType) row->dtype, 1, row->dims);
	tensor_write_f8(out, 0, tensor_size(row), sum);
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(encoding_convolve_float8);
Datum
encoding_convolve_float8(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	const double *sum = convolve_current(winobj, convolve_partition(winobj), run_read_float8);

	if (sum == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sum[0]);
}

PG_FUNCTION_INFO_V1(encoding_hrf);
Datum
encoding_hrf(PG_FUNCTION_ARGS)
{
	double		tr = PG_GETARG_FLOAT8(0);
	double		length = PG_GETARG_FLOAT8(1);
	double		n;
	Tensor	   *response;

	run_check_tr(tr);
	if (!(length >= tr) || isinf(length))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("length_s must be finite and at least tr, not %g", length),
				 errdetail("tr is %g s.", tr)));
	n = floor(length / tr) + 1;
	if (n > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a response of %g s has too many samples of %g s", length, tr),
				 errhint(TENSOR_SIZE_HINT)));
	response = tensor_new_vector(TENSOR_FLOAT8, (Size) n);
	if (!hrf_canonical((Size) n, tr, TENSOR_F8(response)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a tr of %g s is too long to sample the response", tr),
				 errdetail("The response peaks at 5 s; its samples must have a positive sum.")));
	PG_RETURN_TENSOR(response);
}
