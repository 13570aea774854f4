/*
 * gunzip.h
 *		A byte stream over a buffer that holds a file, gzip-compressed or plain.
 */
#ifndef NEUROENC_GUNZIP_H
#define NEUROENC_GUNZIP_H

#include "postgres.h"

typedef struct ByteStream ByteStream;

/* In CurrentMemoryContext; the buffer must outlive the stream. */
extern ByteStream *stream_open(const void *file, Size bytes);
extern bool stream_is_gzip(const ByteStream *s);

/* Bytes that the stream can still give at most, a bound that no file can pass. */
extern Size stream_bound(const ByteStream *s);

/* Reads up to n bytes, less only at the end of the file. Interruptible. */
extern Size stream_read(ByteStream *s, void *out, Size n);

/* Skips n bytes; false if the file ends before. */
extern bool stream_skip(ByteStream *s, Size n);

/*
 * For a file that has been read as far as it is wanted: if it ends here, or
 * soon, its checksum is verified.
 */
extern void stream_verify_end(ByteStream *s);

#endif							/* NEUROENC_GUNZIP_H */
