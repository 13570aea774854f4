/*
 * recent.c
 *		What a call site made of a stored argument, kept from row to row.
 */
#include "postgres.h"

#include "utils/memutils.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/recent.h"

/* fn_extra */
typedef struct RecentValue
{
	MemoryContext cxt;
	char		key[VARHDRSZ_EXTERNAL + sizeof(varatt_external)];
	void	   *value;			/* NULL: none */
} RecentValue;

void *
recent_value(FunctionCallInfo fcinfo, int n, void *(*make) (Datum d))
{
	struct varlena *stored = (struct varlena *) PG_GETARG_POINTER(n);
	RecentValue *recent;
	MemoryContext old;

	if (!VARATT_IS_EXTERNAL_ONDISK(stored) || fcinfo->flinfo == NULL)
		return make(PG_GETARG_DATUM(n));
	recent = fcinfo->flinfo->fn_extra;
	if (recent == NULL)
	{
		recent = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RecentValue));
		recent->cxt = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "neuroenc stored argument",
											ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = recent;
	}
	if (recent->value != NULL && memcmp(recent->key, stored, VARSIZE_EXTERNAL(stored)) == 0)
		return recent->value;
	recent->value = NULL;
	MemoryContextReset(recent->cxt);
	memcpy(recent->key, stored, VARSIZE_EXTERNAL(stored));
	old = MemoryContextSwitchTo(recent->cxt);
	recent->value = make(PG_GETARG_DATUM(n));
	MemoryContextSwitchTo(old);
	return recent->value;
}
