/*
 * encoding_clean.c
 *		SQL glue of detrend(), highpass(), zscore_columns() and clean(): window
 *		functions over the rows of a run, computed once for the partition.
 *
 * All four are one computation: the constant, cosines and polynomials that a
 * function asks for are removed, and the columns standardized or not.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "miscadmin.h"

#include "encoding/clean.h"
#include "encoding/run_window.h"

/* What a call asks for, from its arguments in the current row */
typedef struct CleanRequest
{
	int			degree;			/* 0: none but the constant */
	double		cutoff;			/* seconds; infinite: none but the constant */
	double		tr;
	bool		standardize;
} CleanRequest;

static const CleanRequest clean_nothing = {.degree = 0, .cutoff = INFINITY, .tr = 1};

/* One partition's state; zeroed at its first row. */
typedef struct CleanPartition
{
	RunMatrix  *matrix;
	CleanRequest request;		/* of the first row */
} CleanPartition;

static void
check_request(const CleanRequest *r)
{
	if (r->degree < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("degree must not be negative, but is %d", r->degree)));
	run_check_tr(r->tr);
	if (!(r->cutoff > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cutoff_s must be positive, not %g", r->cutoff),
				 errdetail("It is the longest period in seconds that is kept; infinity removes the mean only.")));
}

/* The number of cosines, the constant among them, of SPM's high-pass filter */
static Size
count_cosines(const CleanRequest *r, Size n_rows)
{
	double		count = isinf(r->cutoff) ? 1 :
		floor(2 * ((double) n_rows * r->tr) / r->cutoff + 1);

	return count < (double) n_rows ? (Size) count : n_rows;
}

/* Reads and cleans the partition: its first row was asked for. */
static void
clean_partition(WindowObject winobj, CleanPartition *part, RunReader read)
{
	MemoryContext cxt = GetMemoryChunkContext(part);
	int64		n_rows = WinGetPartitionRowCount(winobj);
	MemoryContext old;
	MemoryContext scratch;
	DriftSpec	drifts;

	if (n_rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a run of " INT64_FORMAT " rows is too long", n_rows)));
	part->matrix = run_matrix_new(cxt, (Size) n_rows);
	scratch = AllocSetContextCreate(cxt, "neuroenc run row", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	for (int64 i = 0; i < n_rows; i++)
	{
		bool		isnull;
		bool		isout;
		Datum		x;

		CHECK_FOR_INTERRUPTS();
		x = WinGetFuncArgInPartition(winobj, 0, (int) i, WINDOW_SEEK_HEAD, false, &isnull, &isout);
		run_matrix_set(part->matrix, (Size) i, isnull ? NULL : read(x));
		MemoryContextReset(scratch);
	}
	drifts.n_cosines = count_cosines(&part->request, (Size) n_rows);
	drifts.degree = Min((Size) part->request.degree, (Size) n_rows);
	run_matrix_clean(part->matrix, &drifts, part->request.standardize);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* The current row, cleaned, as a tensor; NULL if x is NULL there. */
static Tensor *
clean_row(WindowObject winobj, const CleanRequest *request, RunReader read)
{
	CleanPartition *part = WinGetPartitionLocalMemory(winobj, sizeof(CleanPartition));
	int64		at = WinGetCurrentPosition(winobj);

	if (part->matrix == NULL)
	{
		check_request(request);
		part->request = *request;
		clean_partition(winobj, part, read);
	}
	else if (request->degree != part->request.degree || request->cutoff != part->request.cutoff ||
			 request->tr != part->request.tr || request->standardize != part->request.standardize)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the arguments after x must be the same for all rows of a run"),
				 errdetail("Row " INT64_FORMAT " of the run has others than its first row.", at + 1)));
	return run_matrix_get(part->matrix, (Size) at);
}

static Datum
clean_tensor(FunctionCallInfo fcinfo, const CleanRequest *request)
{
	Tensor	   *row = clean_row(PG_WINDOW_OBJECT(), request, run_read_tensor);

	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TENSOR(row);
}

static Datum
clean_float8(FunctionCallInfo fcinfo, const CleanRequest *request)
{
	Tensor	   *row = clean_row(PG_WINDOW_OBJECT(), request, run_read_float8);

	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(TENSOR_F8(row)[0]);
}

/* ---- what each function asks for ---- */

static CleanRequest
detrend_request(FunctionCallInfo fcinfo)
{
	CleanRequest r = clean_nothing;

	r.degree = DatumGetInt32(run_argument(PG_WINDOW_OBJECT(), 1, "degree"));
	return r;
}

static CleanRequest
highpass_request(FunctionCallInfo fcinfo)
{
	CleanRequest r = clean_nothing;

	r.cutoff = DatumGetFloat8(run_argument(PG_WINDOW_OBJECT(), 1, "cutoff_s"));
	r.tr = DatumGetFloat8(run_argument(PG_WINDOW_OBJECT(), 2, "tr"));
	return r;
}

static CleanRequest
zscore_request(void)
{
	CleanRequest r = clean_nothing;

	r.standardize = true;
	return r;
}

static CleanRequest
clean_request(FunctionCallInfo fcinfo)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	CleanRequest r;

	r.degree = DatumGetInt32(run_argument(winobj, 1, "degree"));
	r.cutoff = DatumGetFloat8(run_argument(winobj, 2, "cutoff_s"));
	r.tr = DatumGetFloat8(run_argument(winobj, 3, "tr"));
	r.standardize = DatumGetBool(run_argument(winobj, 4, "standardize"));
	return r;
}

PG_FUNCTION_INFO_V1(encoding_detrend);
Datum
encoding_detrend(PG_FUNCTION_ARGS)
{
	CleanRequest r = detrend_request(fcinfo);

	return clean_tensor(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_detrend_float8);
Datum
encoding_detrend_float8(PG_FUNCTION_ARGS)
{
	CleanRequest r = detrend_request(fcinfo);

	return clean_float8(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_highpass);
Datum
encoding_highpass(PG_FUNCTION_ARGS)
{
	CleanRequest r = highpass_request(fcinfo);

	return clean_tensor(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_highpass_float8);
Datum
encoding_highpass_float8(PG_FUNCTION_ARGS)
{
	CleanRequest r = highpass_request(fcinfo);

	return clean_float8(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_zscore_columns);
Datum
encoding_zscore_columns(PG_FUNCTION_ARGS)
{
	CleanRequest r = zscore_request();

	return clean_tensor(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_zscore_columns_float8);
Datum
encoding_zscore_columns_float8(PG_FUNCTION_ARGS)
{
	CleanRequest r = zscore_request();

	return clean_float8(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_clean);
Datum
encoding_clean(PG_FUNCTION_ARGS)
{
	CleanRequest r = clean_request(fcinfo);

	return clean_tensor(fcinfo, &r);
}

PG_FUNCTION_INFO_V1(encoding_clean_float8);
Datum
encoding_clean_float8(PG_FUNCTION_ARGS)
{
	CleanRequest r = clean_request(fcinfo);

	return clean_float8(fcinfo, &r);
}
