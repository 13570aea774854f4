/*
 * dispatch.h
 *		HOT_LOOP marks a function that the compiler builds for several
 *		instruction sets and the loader picks at run time, so that the library is
 *		built with portable flags and still uses AVX2 or AVX-512 where they are.
 */
#ifndef NEUROENC_DISPATCH_H
#define NEUROENC_DISPATCH_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HOT_LOOP __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HOT_LOOP
#endif

#endif							/* NEUROENC_DISPATCH_H */
