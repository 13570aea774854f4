/*
 * stats_fdr.c
 *		SQL glue of fdr_bh() and fdr_by(): window functions whose rows are the
 *		tests of a family, computed once for the partition.
 */
#include "postgres.h"
#include "fmgr.h"

#include <float.h>

#include "miscadmin.h"
#include "windowapi.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "stats/fdr.h"

/* One partition's state; zeroed at its first row. */
typedef struct FdrPartition
{
	double	   *q;				/* of each row; -1 where p is NULL */
} FdrPartition;

#define FDR_NULL (-1.0)

static double
check_p(double p)
{
	if (!(p >= 0 && p <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("p must be from 0 to 1"), errdetail_client("It is %.*g.", DBL_DIG, p)));
	return p;
}

/* The p of all rows of the partition into q. */
static void
read_partition(WindowObject winobj, int64 n_rows, double *q)
{
	for (int64 i = 0; i < n_rows; i++)
	{
		bool		isnull;
		bool		isout;
		Datum		p;

		CHECK_FOR_INTERRUPTS();
		p = WinGetFuncArgInPartition(winobj, 0, (int) i, WINDOW_SEEK_HEAD, false, &isnull, &isout);
		q[i] = isnull ? FDR_NULL : check_p(DatumGetFloat8(p));
	}
}

/* Adjusts those that are not NULL, drawn together. */
static void
adjust_partition(int64 n_rows, double *q, bool any_dependence)
{
	double	   *p = huge_alloc(Max(1, (Size) n_rows * sizeof(double)));
	Size		n = 0;

	for (int64 i = 0; i < n_rows; i++)
		if (q[i] != FDR_NULL)
			p[n++] = q[i];
	fdr_adjust(n, p, any_dependence);
	n = 0;
	for (int64 i = 0; i < n_rows; i++)
		if (q[i] != FDR_NULL)
			q[i] = p[n++];
}

static void
fdr_partition(WindowObject winobj, FdrPartition *part, bool any_dependence)
{
	static const char *const hint = "All p of a family are held: PARTITION BY takes families apart.";
	MemoryContext cxt = GetMemoryChunkContext(part);
	int64		n_rows = WinGetPartitionRowCount(winobj);
	Size		bytes = size_mul((Size) n_rows, sizeof(double));
	MemoryContext old = MemoryContextSwitchTo(cxt);
	MemoryContext scratch;

	if (n_rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a family of " INT64_FORMAT " tests is too large", n_rows)));
	memory_claim_add(memory_claim(cxt, "fdr"), bytes, hint);
	part->q = huge_alloc(bytes);
	read_partition(winobj, n_rows, part->q);
	scratch = scratch_create("fdr", size_add(bytes, FDR_SCRATCH((Size) n_rows)), hint);
	MemoryContextSwitchTo(scratch);
	adjust_partition(n_rows, part->q, any_dependence);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static Datum
fdr_window(FunctionCallInfo fcinfo, bool any_dependence)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	FdrPartition *part = WinGetPartitionLocalMemory(winobj, sizeof(FdrPartition));
	double		q;

	if (part->q == NULL)
		fdr_partition(winobj, part, any_dependence);
	q = part->q[WinGetCurrentPosition(winobj)];
	if (q == FDR_NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(q);
}

PG_FUNCTION_INFO_V1(stats_fdr_bh);
Datum
stats_fdr_bh(PG_FUNCTION_ARGS)
{
	return fdr_window(fcinfo, false);
}

PG_FUNCTION_INFO_V1(stats_fdr_by);
Datum
stats_fdr_by(PG_FUNCTION_ARGS)
{
	return fdr_window(fcinfo, true);
}
