/*
 * gunzip.c
 *		Reads a file from memory as a stream, inflating it by zlib if it starts
 *		with gzip's magic (RFC 1952), members one after another included.
 *
 * Only the bytes that are asked for are inflated, in steps of at most 256 kB
 * out and 1 MB in (empty blocks give nothing) with interrupts checked between, so a small file that would inflate to
 * terabytes costs no more than its reader wants of it.  zlib's own memory (44
 * kB) is palloc'd in the stream's context and goes with it on an error.
 *
 * Deflate cannot expand by more than 1032 (a match of 258 bytes in 2 bits), so
 * a claimed size is refutable before anything is allocated: stream_bound.
 */
#include "postgres.h"

#include <zlib.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "voxel/gunzip.h"

#define DEFLATE_MAX_RATIO 1032
#define INFLATE_STEP ((Size) 256 * 1024)
#define FEED_STEP ((Size) 1024 * 1024)

/* After the last byte wanted, so many more are inflated to reach the checksum. */
#define TRAILING_MAX ((Size) 64 * 1024)

struct ByteStream
{
	const uint8 *file;
	Size		bytes;
	Size		position;		/* bytes given (plain) or handed to zlib (gzip) */
	bool		gzip;
	bool		ended;			/* the last gzip member is complete */
	z_stream	z;
};

static voidpf
zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	/* no longjmp through zlib: it turns NULL into Z_MEM_ERROR */
	return MemoryContextAllocExtended((MemoryContext) opaque, (Size) items * size,
									  MCXT_ALLOC_NO_OOM);
}

static void
zlib_free(voidpf opaque, voidpf address)
{
	pfree(address);
}

ByteStream *
stream_open(const void *file, Size bytes)
{
	ByteStream *s = palloc0(sizeof(ByteStream));

	s->file = file;
	s->bytes = bytes;
	s->gzip = bytes >= 2 && s->file[0] == 0x1f && s->file[1] == 0x8b;
	if (s->gzip)
	{
		s->z.zalloc = zlib_alloc;
		s->z.zfree = zlib_free;
		s->z.opaque = CurrentMemoryContext;
		if (inflateInit2(&s->z, 15 + 16) != Z_OK)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory for inflating a gzip file")));
	}
	return s;
}

bool
stream_is_gzip(const ByteStream *s)
{
	return s->gzip;
}

Size
stream_bound(const ByteStream *s)
{
	if (!s->gzip)
		return s->bytes - s->position;
	/* zlib holds a few bytes more in its bit buffer, and the rest of a match */
	return (s->bytes - s->position + s->z.avail_in + 64) * DEFLATE_MAX_RATIO;
}

static void
feed(ByteStream *s)
{
	Size		n = Min(s->bytes - s->position, FEED_STEP);

	if (s->z.avail_in > 0)
		return;
	s->z.next_in = (Bytef *) s->file + s->position;
	s->z.avail_in = (uInt) n;
	s->position += n;
}

/* Starts the next gzip member; false at the end (padding and other trailing bytes are not read). */
static bool
next_member(ByteStream *s)
{
	const uint8 *at = s->file + s->position - s->z.avail_in;

	if (s->file + s->bytes - at < 2 || at[0] != 0x1f || at[1] != 0x8b)
		return false;
	inflateReset(&s->z);
	s->ended = false;
	return true;
}

/* One step: inflates up to n bytes; 0 only at the end. */
static Size
inflate_step(ByteStream *s, void *out, Size n)
{
	Size		wanted = Min(n, INFLATE_STEP);

	s->z.next_out = out;
	s->z.avail_out = (uInt) wanted;
	while (s->z.avail_out > 0)
	{
		int			code;

		CHECK_FOR_INTERRUPTS();
		if (s->ended && !next_member(s))
			break;
		feed(s);
		if (s->z.avail_in == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("the gzip file ends early"),
					 errdetail("Its %zu bytes are not a complete gzip file.", s->bytes)));

		code = inflate(&s->z, Z_NO_FLUSH);
		if (code == Z_STREAM_END)
			s->ended = true;
		else if (code == Z_MEM_ERROR)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory for inflating a gzip file")));
		else if (code != Z_OK && code != Z_BUF_ERROR)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("the gzip file is corrupt"),
					 s->z.msg ? errdetail("zlib says: %s.", s->z.msg) : 0));
	}
	return wanted - s->z.avail_out;
}

Size
stream_read(ByteStream *s, void *out, Size n)
{
	Size		done = 0;

	if (!s->gzip)
	{
		done = Min(n, s->bytes - s->position);
		memcpy(out, s->file + s->position, done);
		s->position += done;
		return done;
	}

	while (done < n)
	{
		Size		got = inflate_step(s, (char *) out + done, n - done);

		if (got == 0)
			break;
		done += got;
	}
	return done;
}

bool
stream_skip(ByteStream *s, Size n)
{
	char	   *waste;

	if (!s->gzip)
	{
		if (n > s->bytes - s->position)
			return false;
		s->position += n;
		return true;
	}

	waste = palloc(Min(n, INFLATE_STEP) + 1);
	while (n > 0)
	{
		Size		got = stream_read(s, waste, Min(n, INFLATE_STEP));

		if (got == 0)
			return false;
		n -= got;
	}
	pfree(waste);
	return true;
}

void
stream_verify_end(ByteStream *s)
{
	char	   *waste;

	if (!s->gzip || s->ended)
		return;
	waste = palloc(TRAILING_MAX);
	stream_read(s, waste, TRAILING_MAX);
	pfree(waste);
}
