/*
 * similarity_rdm_transform.c
 *		SQL functions that transform the distances of an rdm: rdm_rank, rdm_scale,
 *		rdm_geotopological.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "stats/rdm.h"
#include "similarity/rdm_transform.h"

PG_FUNCTION_INFO_V1(rdm_rank);
PG_FUNCTION_INFO_V1(rdm_scale);
PG_FUNCTION_INFO_V1(rdm_geotopological);

/* Its conditions and distances, to be transformed in place. */
static Rdm *
copy_to_transform(const Rdm *r)
{
	Rdm		   *out = rdm_new(RDM_TRANSFORMED, rdm_all_labels(r), r->n_conditions, false);

	memcpy(RDM_DISTANCES(out), RDM_DISTANCES(r), RDM_PAIRS(r->n_conditions) * sizeof(double));
	return out;
}

Datum
rdm_rank(PG_FUNCTION_ARGS)
{
	Rdm		   *out = copy_to_transform(PG_GETARG_RDM(0));
	Size		pairs = RDM_PAIRS(out->n_conditions);
	MemoryContext scratch = scratch_create("rdm_rank", distances_scratch(pairs), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	distances_rank(pairs, RDM_DISTANCES(out));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(out);
}

static DistanceScale
scale_from_name(const char *name)
{
	static const char *const names[] = {"unit", "max", "minmax", "zscore", "sqrt", "positive"};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("method \"%s\" is not known", name),
			 errhint("Methods are unit, max, minmax, zscore, sqrt and positive.")));
}

Datum
rdm_scale(PG_FUNCTION_ARGS)
{
	DistanceScale scale = scale_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	Rdm		   *out = copy_to_transform(PG_GETARG_RDM(0));

	distances_scale(RDM_PAIRS(out->n_conditions), RDM_DISTANCES(out), scale);
	PG_RETURN_POINTER(out);
}

Datum
rdm_geotopological(PG_FUNCTION_ARGS)
{
	double		lower = PG_GETARG_FLOAT8(1);
	double		upper = PG_GETARG_FLOAT8(2);
	Rdm		   *out = copy_to_transform(PG_GETARG_RDM(0));
	Size		pairs = RDM_PAIRS(out->n_conditions);
	MemoryContext scratch;
	MemoryContext old;

	if (!(lower >= 0 && lower <= upper && upper <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lower and upper must be quantiles, 0 <= lower <= upper <= 1, not %g and %g", lower, upper)));
	scratch = scratch_create("rdm_geotopological", distances_scratch(pairs), NULL);
	old = MemoryContextSwitchTo(scratch);
	distances_clip(pairs, RDM_DISTANCES(out), lower, upper);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(out);
}
