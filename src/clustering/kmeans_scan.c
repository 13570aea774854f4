/*
 * kmeans_scan.c
 *		The two best centres of rows, without storing a score.
 *
 * A product that is written out to be looked at once costs a third more than its
 * flops where rows are short: the library packs the rows, clears and adds to the
 * scores, and they are read again.  Here a panel of centres stays in the first
 * cache, a group of rows meets it with all sums in registers, and their lanes
 * keep the two best.  For 12 rows and 32 centres (AVX-512) a step is 24 fused
 * multiply-adds for 14 loads.
 *
 * A score is one sum over the elements in their order, so its rounding is at most
 * (d + 1) epsilon |x||c|, as tile_error counts it.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "clustering/kmeans_scan.h"

/* Sums of more elements are off by more than tile_error says. */
#define MOST_ELEMENTS	4096

/* A vector that straddles two cache lines is loaded twice. */
#define SCAN_ALIGNMENT	64

typedef struct Scanner
{
	int			width;			/* centres of a panel; 0: none */
	int			rows;			/* of a group */
	Size		state_bytes;	/* of a row */
	void		(*scan) (const ScanCentres *c, const float *rows, int n, Best *found, void *scratch);
} Scanner;

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#define SCAN_NAME		avx512
#define SCAN_TARGET		"arch=x86-64-v4"
#define SCAN_LANES		16
#define SCAN_ROWS		12
#define SCAN_EACH(F)	F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#include "clustering/kmeans_scan_loops.h"

#define SCAN_NAME		avx2
#define SCAN_TARGET		"arch=x86-64-v3"
#define SCAN_LANES		8
#define SCAN_ROWS		6
#define SCAN_EACH(F)	F(0) F(1) F(2) F(3) F(4) F(5)
#include "clustering/kmeans_scan_loops.h"

static Scanner
scanner(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
		__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		return (Scanner) {32, 12, sizeof(State_avx512), scan_avx512};
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
		return (Scanner) {16, 6, sizeof(State_avx2), scan_avx2};
	return (Scanner) {0};
}

#else

static Scanner
scanner(void)
{
	return (Scanner) {0};
}

#endif

bool
scan_pays(int d)
{
	return scanner().width > 0 && d <= MOST_ELEMENTS;
}

/* k, filled up to whole panels */
static Size
padded(int k)
{
	Size		width = scanner().width;

	return (k + width - 1) / width * width;
}

Size
scan_centres_bytes(int k, int d)
{
	return size_add(size_mul(size_mul(padded(k), size_add(d, 1)), sizeof(float)), SCAN_ALIGNMENT);
}

ScanCentres *
scan_centres_new(int k, int d)
{
	ScanCentres *s = palloc0(sizeof(ScanCentres));

	s->k = k;
	s->d = d;
	s->half = (float *) TYPEALIGN(SCAN_ALIGNMENT, huge_alloc0(scan_centres_bytes(k, d)));
	s->panel = s->half + padded(k);
	return s;
}

void
scan_centres_set(ScanCentres *s, const float *centre, const float *half)
{
	Size		width = scanner().width;

	for (Size c = 0; c < padded(s->k); c++)
		s->half[c] = c < (Size) s->k ? half[c] : INFINITY;
	for (Size c = 0; c < (Size) s->k; c++)
		for (int j = 0; j < s->d; j++)
			s->panel[(c / width * s->d + j) * width + c % width] = centre[c * s->d + j];
}

Size
scan_scratch_bytes(int n, int d)
{
	Scanner		s = scanner();

	return size_add(size_add(size_mul(size_add(n, s.rows), s.state_bytes), size_mul(s.rows, size_mul(d, sizeof(float)))), SCAN_ALIGNMENT);
}

void
scan_rows(const ScanCentres *s, const float *rows, int n, Best *found, void *scratch)
{
	scanner().scan(s, rows, n, found, scratch);
}
