/*
 * valgrind.c
 *		Linked into the library under valgrind (make valgrind), never otherwise.
 *
 * A server that is not built for valgrind (USE_VALGRIND) hands out chunks of
 * blocks that memcheck sees as one piece of memory: reads past the end of a
 * chunk, of a freed one, and of one that holds what it held before, go unseen.
 * Here the library's own calls (--wrap) ask for chunks that are large enough
 * to get a block of their own from malloc and give it back to free, and what
 * was not asked for is forbidden to touch.  Arguments and parts of messages
 * are given to the library as copies in such chunks.
 */
#include "postgres.h"

#include <valgrind/memcheck.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/memutils.h"

/* aset.c's ALLOC_CHUNK_LIMIT and 1 */
#define OWN_BLOCK ((Size) 8193)

#define WRAPPED(result, name, ...) \
	extern result __real_##name(__VA_ARGS__); \
	extern result __wrap_##name(__VA_ARGS__)

WRAPPED(void *, palloc, Size size);
WRAPPED(void *, palloc0, Size size);
WRAPPED(void *, palloc_extended, Size size, int flags);
WRAPPED(void *, MemoryContextAlloc, MemoryContext context, Size size);
WRAPPED(void *, MemoryContextAllocZero, MemoryContext context, Size size);
WRAPPED(void *, MemoryContextAllocExtended, MemoryContext context, Size size, int flags);
WRAPPED(void *, MemoryContextAllocHuge, MemoryContext context, Size size);
WRAPPED(void *, repalloc, void *chunk, Size size);
WRAPPED(void *, repalloc_huge, void *chunk, Size size);
WRAPPED(struct varlena *, pg_detoast_datum, struct varlena *datum);
WRAPPED(struct varlena *, pg_detoast_datum_packed, struct varlena *datum);
WRAPPED(const char *, pq_getmsgbytes, StringInfo msg, int datalen);

static Size
own_block(Size size)
{
	return Max(size, OWN_BLOCK);
}

/* What lies behind the size that was asked for is nobody's. */
static void *
guarded(void *chunk, Size size)
{
	if (chunk != NULL)
		(void) VALGRIND_MAKE_MEM_NOACCESS((char *) chunk + size, MAXALIGN(own_block(size)) - size);
	return chunk;
}

/* The size that a chunk was asked for, or a little more if it is not one of ours. */
static Size
size_of_chunk(void *chunk)
{
	Size		size = GetMemoryChunkSpace(chunk);
	char		bits;

	while (size > 0 && VALGRIND_GET_VBITS((char *) chunk + size - 1, &bits, 1) == 3)
		size--;
	return size;
}

static void *
grown(void *chunk, Size old_size, Size size)
{
	if (size > old_size)
		(void) VALGRIND_MAKE_MEM_UNDEFINED((char *) chunk + old_size, size - old_size);
	return guarded(chunk, size);
}

static void *
copied(const void *bytes, Size size)
{
	return memcpy(guarded(__real_palloc(own_block(size)), size), bytes, size);
}

void *
__wrap_palloc(Size size)
{
	return guarded(__real_palloc(own_block(size)), size);
}

void *
__wrap_palloc0(Size size)
{
	return guarded(__real_palloc0(own_block(size)), size);
}

void *
__wrap_palloc_extended(Size size, int flags)
{
	return guarded(__real_palloc_extended(own_block(size), flags), size);
}

void *
__wrap_MemoryContextAlloc(MemoryContext context, Size size)
{
	return guarded(__real_MemoryContextAlloc(context, own_block(size)), size);
}

void *
__wrap_MemoryContextAllocZero(MemoryContext context, Size size)
{
	return guarded(__real_MemoryContextAllocZero(context, own_block(size)), size);
}

void *
__wrap_MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return guarded(__real_MemoryContextAllocExtended(context, own_block(size), flags), size);
}

void *
__wrap_MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return guarded(__real_MemoryContextAllocHuge(context, own_block(size)), size);
}

void *
__wrap_repalloc(void *chunk, Size size)
{
	Size		old_size = size_of_chunk(chunk);

	return grown(__real_repalloc(chunk, own_block(size)), old_size, size);
}

void *
__wrap_repalloc_huge(void *chunk, Size size)
{
	Size		old_size = size_of_chunk(chunk);

	return grown(__real_repalloc_huge(chunk, own_block(size)), old_size, size);
}

struct varlena *
__wrap_pg_detoast_datum(struct varlena *datum)
{
	struct varlena *plain = __real_pg_detoast_datum(datum);

	return copied(plain, VARSIZE_ANY(plain));
}

struct varlena *
__wrap_pg_detoast_datum_packed(struct varlena *datum)
{
	struct varlena *plain = __real_pg_detoast_datum_packed(datum);

	return copied(plain, VARSIZE_ANY(plain));
}

const char *
__wrap_pq_getmsgbytes(StringInfo msg, int datalen)
{
	return copied(__real_pq_getmsgbytes(msg, datalen), datalen);
}

/* Three errors, of the kinds that memcheck would not see without the above, so that its silence means something. */
PG_FUNCTION_INFO_V1(memcheck_control);
Datum
memcheck_control(PG_FUNCTION_ARGS)
{
	volatile char *chunk = palloc(10);
	volatile char sink = 0;

	if (chunk[3] == 7)			/* not initialised */
		sink++;
	sink = chunk[10];			/* past the end */
	pfree((char *) chunk);
	sink = chunk[0];			/* freed */
	PG_RETURN_VOID();
}
