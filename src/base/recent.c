/*
 * recent.c
 *		What a call site made of a stored argument, kept from row to row.
 */
#include "postgres.h"

#include "utils/memutils.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "base/memory.h"
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

/* ---- several arguments ---- */

/* fn_extra */
typedef struct RecentArguments
{
	MemoryContext cxt;
	Size	   *sizes;			/* of the arguments' stored bytes */
	char	   *key;			/* these bytes, one after another */
	void	   *value;			/* NULL: none */
} RecentArguments;

/* Bytes of the arguments as they are stored; 0 if one is held in another form. */
static Size
stored_size(FunctionCallInfo fcinfo, int n, const int *arguments)
{
	Size		size = 0;

	for (int i = 0; i < n; i++)
	{
		struct varlena *stored = (struct varlena *) PG_GETARG_POINTER(arguments[i]);

		if (VARATT_IS_EXTERNAL(stored) && !VARATT_IS_EXTERNAL_ONDISK(stored))
			return 0;
		size = size_add(size, VARSIZE_ANY(stored));
	}
	return size;
}

static bool
same_arguments(const RecentArguments *recent, FunctionCallInfo fcinfo, int n, const int *arguments)
{
	const char *key = recent->key;

	if (recent->value == NULL)
		return false;
	for (int i = 0; i < n; i++)
	{
		const char *stored = PG_GETARG_POINTER(arguments[i]);

		if (recent->sizes[i] != VARSIZE_ANY(stored) || memcmp(key, stored, recent->sizes[i]) != 0)
			return false;
		key += recent->sizes[i];
	}
	return true;
}

/* Copies what the arguments are stored as, in the context of 'recent'. */
static void
keep_arguments(RecentArguments *recent, FunctionCallInfo fcinfo, int n, const int *arguments, Size size)
{
	char	   *key = recent->key = huge_alloc(size);

	recent->sizes = palloc(n * sizeof(Size));
	for (int i = 0; i < n; i++)
	{
		const char *stored = PG_GETARG_POINTER(arguments[i]);

		recent->sizes[i] = VARSIZE_ANY(stored);
		memcpy(key, stored, recent->sizes[i]);
		key += recent->sizes[i];
	}
}

void *
recent_arguments(FunctionCallInfo fcinfo, int n, const int *arguments, void *(*make) (FunctionCallInfo fcinfo))
{
	Size		size = fcinfo->flinfo == NULL ? 0 : stored_size(fcinfo, n, arguments);
	RecentArguments *recent;
	MemoryContext old;

	if (size == 0)
		return make(fcinfo);
	recent = fcinfo->flinfo->fn_extra;
	if (recent == NULL)
	{
		recent = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RecentArguments));
		recent->cxt = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "neuroenc stored arguments",
											ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = recent;
	}
	if (same_arguments(recent, fcinfo, n, arguments))
		return recent->value;
	recent->value = NULL;
	MemoryContextReset(recent->cxt);
	old = MemoryContextSwitchTo(recent->cxt);
	keep_arguments(recent, fcinfo, n, arguments, size);
	recent->value = make(fcinfo);
	MemoryContextSwitchTo(old);
	return recent->value;
}
