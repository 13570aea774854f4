/*
 * memory.c
 *		Size arithmetic, huge allocations and the backend's memory budget.
 *
 * The budget is one counter for the backend.  A claim is a few bytes in the
 * memory context whose memory it speaks for, with a reset callback that gives
 * the bytes back: abort, reset and delete all pass there, so the counter can
 * not drift.  Claims are estimates made before allocating; nothing here
 * allocates the claimed bytes.
 */
#include "postgres.h"

#include <limits.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "access/xact.h"
#include "utils/guc.h"

#include "base/memory.h"

#define LARGE_PAGE		((Size) 2 * 1024 * 1024)
#define LARGE_BUFFER	(4 * LARGE_PAGE)

struct MemoryClaim
{
	Size		bytes;
	const char *what;
	MemoryContextCallback callback;
};

int			neuroenc_memory_limit = 4 * 1024 * 1024;

static Size claimed_bytes = 0;
static Size most_claimed = 0;	/* in this transaction */

Size
size_add(Size a, Size b)
{
	Size		sum;

	if (__builtin_add_overflow(a, b, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("requested size is too large: %zu + %zu bytes", a, b),
				 errhint("Take it in parts.")));
	return sum;
}

Size
size_mul(Size a, Size b)
{
	Size		product;

	if (__builtin_mul_overflow(a, b, &product))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("requested size is too large: %zu times %zu bytes", a, b),
				 errhint("Take it in parts.")));
	return product;
}

void
value_require(const char *what, Size bytes, const char *hint)
{
	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s of %zu bytes exceeds the maximum of 1 GB", what, bytes),
				 errhint("%s", hint)));
}

static void
claim_release(void *arg)
{
	MemoryClaim *claim = arg;

	Assert(claimed_bytes >= claim->bytes);
	claimed_bytes -= claim->bytes;
	claim->bytes = 0;
}

MemoryClaim *
memory_claim(MemoryContext cxt, const char *what)
{
	MemoryClaim *claim = MemoryContextAllocZero(cxt, sizeof(MemoryClaim));

	claim->what = what;
	claim->callback.func = claim_release;
	claim->callback.arg = claim;
	MemoryContextRegisterResetCallback(cxt, &claim->callback);
	return claim;
}

/* "12 kB", "4096 MB", "1.5 GB": at most four digits before the unit */
static const char *
size_text(Size bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	double		value = (double) bytes;
	int			unit = 0;

	while (value >= 10000.0 && unit < (int) lengthof(units) - 1)
	{
		value /= 1024.0;
		unit++;
	}
	if (unit == 0 || value >= 100.0)
		return psprintf("%.0f %s", value, units[unit]);
	return psprintf("%.1f %s", value, units[unit]);
}

static Size
limit_bytes(void)
{
	return (Size) neuroenc_memory_limit * 1024;
}

_Noreturn static void
report_over_limit(const char *what, Size bytes, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("%s needs %s of memory, more than neuroenc.memory_limit allows", what, size_text(bytes)),
			 errdetail("The limit is %s, of which %s are in use.", size_text(limit_bytes()), size_text(claimed_bytes)),
			 hint ? errhint("%s Or raise neuroenc.memory_limit.", hint) :
			 errhint("Raise neuroenc.memory_limit.")));
}

void
memory_require(const char *what, Size bytes, const char *hint)
{
	if (bytes > limit_bytes())
		report_over_limit(what, bytes, hint);
}

void
memory_claim_add(MemoryClaim *claim, Size bytes, const char *hint)
{
	Size		limit = limit_bytes();

	if (bytes > limit || claimed_bytes > limit - bytes)
		report_over_limit(claim->what, bytes, hint);
	claimed_bytes += bytes;
	most_claimed = Max(most_claimed, claimed_bytes);
	claim->bytes += bytes;
}

void
memory_claim_sub(MemoryClaim *claim, Size bytes)
{
	Assert(claim->bytes >= bytes);
	claimed_bytes -= bytes;
	claim->bytes -= bytes;
}

Size
memory_claimed(void)
{
	return claimed_bytes;
}

MemoryContext
scratch_create(const char *name, Size bytes, const char *hint)
{
	MemoryContext cxt = AllocSetContextCreateInternal(CurrentMemoryContext, name,
													  ALLOCSET_DEFAULT_SIZES);

	memory_claim_add(memory_claim(cxt, name), bytes, hint);
	return cxt;
}

/*
 * Large buffers are filled from end to end: with 2 MB pages that takes one page
 * fault where 4 kB pages take 512, a tenth of the time of reading wide rows.
 */
static void
prefer_large_pages(void *buffer, Size bytes)
{
#ifdef MADV_HUGEPAGE
	char	   *first = (char *) TYPEALIGN(LARGE_PAGE, buffer);
	char	   *last = (char *) TYPEALIGN_DOWN(LARGE_PAGE, (char *) buffer + bytes);

	if (bytes >= LARGE_BUFFER && last > first)
		(void) madvise(first, last - first, MADV_HUGEPAGE);
#endif
}

void *
huge_alloc(Size bytes)
{
	void	   *buffer = MemoryContextAllocHuge(CurrentMemoryContext, bytes);

	prefer_large_pages(buffer, bytes);
	return buffer;
}

void *
huge_alloc0(Size bytes)
{
	void	   *buffer = huge_alloc(bytes);

	memset(buffer, 0, bytes);
	return buffer;
}

double *
huge_matrix(Size rows, Size columns)
{
	return huge_alloc(Max(1, size_mul(size_mul(rows, columns), sizeof(double))));
}

#ifdef __GLIBC__

/* A transaction that claimed this much has its free memory returned at its end. */
#define TRIM_AFTER ((Size) 32 * 1024 * 1024)

static void
trim_at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	if (most_claimed >= TRIM_AFTER)
		malloc_trim(0);
	most_claimed = claimed_bytes;
}

/*
 * Blocks of 4 MB and more get their own mapping, so that freeing one returns it
 * to the system.  glibc otherwise raises that threshold to 32 MB as such blocks
 * come and go; large states then live in the heap, where one small allocation
 * above them keeps hundreds of megabytes in an idle backend.  Of the smaller
 * blocks the heap is trimmed at the end of a transaction that used much.
 */
void
memory_return_to_system(void)
{
	mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
	RegisterXactCallback(trim_at_transaction_end, NULL);
}

#else

void
memory_return_to_system(void)
{
}

#endif

void
memory_define_gucs(void)
{
	DefineCustomIntVariable("neuroenc.memory_limit",
							"Memory that neuroenc's live states and scratch may take in a backend.",
							"An estimate is made before work starts; work that would pass the limit "
							"is refused with both figures, as is a tensor that alone is larger. Default 4GB, at least 1MB; kB if no unit is given.",
							&neuroenc_memory_limit,
							4 * 1024 * 1024, 1024, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
}
