/*
 * guard.c
 *		Linked into the library when the fuzzer runs under ASan (make fuzz
 *		SANITIZE=1), never otherwise.
 *
 * palloc'ed memory lies in blocks of the server's, so ASan does not see a read
 * that runs past the end of an argument or of a message.  Here the functions by
 * which values come in (--wrap) give the library exact copies from malloc,
 * which ASan guards; they are freed with the memory context of the call.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/memutils.h"

extern int	__sanitizer_get_ownership(const volatile void *p);

extern struct varlena *__real_pg_detoast_datum(struct varlena *datum);
extern struct varlena *__wrap_pg_detoast_datum(struct varlena *datum);
extern struct varlena *__real_pg_detoast_datum_packed(struct varlena *datum);
extern struct varlena *__wrap_pg_detoast_datum_packed(struct varlena *datum);
extern const char *__real_pq_getmsgbytes(StringInfo msg, int datalen);
extern const char *__wrap_pq_getmsgbytes(StringInfo msg, int datalen);
extern void __real_pfree(void *pointer);
extern void __wrap_pfree(void *pointer);

typedef struct Copy
{
	MemoryContextCallback callback;
	void	   *bytes;
} Copy;

static void
copy_free(void *arg)
{
	Copy	   *copy = arg;

	free(copy->bytes);
	free(copy);
}

static void *
copy_guarded(const void *bytes, Size n)
{
	Copy	   *copy = malloc(sizeof(Copy));

	copy->bytes = malloc(n);
	memcpy(copy->bytes, bytes, n);
	copy->callback.func = copy_free;
	copy->callback.arg = copy;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &copy->callback);
	return copy->bytes;
}

struct varlena *
__wrap_pg_detoast_datum(struct varlena *datum)
{
	struct varlena *plain = __real_pg_detoast_datum(datum);

	return copy_guarded(plain, VARSIZE_ANY(plain));
}

struct varlena *
__wrap_pg_detoast_datum_packed(struct varlena *datum)
{
	struct varlena *plain = __real_pg_detoast_datum_packed(datum);

	return copy_guarded(plain, VARSIZE_ANY(plain));
}

const char *
__wrap_pq_getmsgbytes(StringInfo msg, int datalen)
{
	return copy_guarded(__real_pq_getmsgbytes(msg, datalen), datalen);
}

/* A copy's turn comes with its context. */
void
__wrap_pfree(void *pointer)
{
	if (!__sanitizer_get_ownership(pointer))
		__real_pfree(pointer);
}
