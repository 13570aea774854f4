/*
 * info.c
 *		neuroenc_info(): what this backend computes with.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

PG_FUNCTION_INFO_V1(linalg_info);
Datum
linalg_info(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[9];
	bool		nulls[lengthof(values)] = {false};
	int			n = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);

	values[n++] = CStringGetTextDatum(NEUROENC_VERSION);
	values[n++] = CStringGetTextDatum(blas_library_path());
	values[n++] = CStringGetTextDatum(blas.get_config());
	values[n++] = CStringGetTextDatum(blas.get_corename());
	values[n++] = Int32GetDatum(blas.get_num_threads());
	values[n++] = Int32GetDatum(neuroenc_threads);
	values[n++] = CStringGetTextDatum(GetConfigOptionByName("neuroenc.memory_limit", NULL, false));
	values[n++] = Int64GetDatum((int64) memory_claimed());
	values[n++] = Int32GetDatum(neuroenc_progress);
	Assert(n == desc->natts);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
