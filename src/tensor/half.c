/*
 * half.c
 *		IEEE 754 binary16 ("half", float2 in SQL) to and from binary32.
 *
 * Half has 1 sign, 5 exponent (bias 15) and 10 mantissa bits.  Narrowing rounds
 * to nearest, ties to even, subnormals included; overflow gives infinity.  Whole
 * arrays go eight at a time through F16C, which every AVX2 processor has; the
 * scalar code gives bit for bit the same answer (a signalling NaN becomes quiet
 * in both).  The subtlety: float8 to float2 by way of float4 would round twice.
 * double_to_half therefore rounds the first step to odd, which keeps the
 * information that the second needs (Boldo and Melquiond 2008).
 */
#include "postgres.h"

#include "tensor/tensor.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_F16C_BUILD
#include <immintrin.h>
#endif

static inline uint32
float_bits(float f)
{
	uint32		u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline float
bits_float(uint32 u)
{
	float		f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

float
half_to_float(uint16 h)
{
	uint32		sign = (uint32) (h & 0x8000) << 16;
	uint32		exponent = (h >> 10) & 0x1f;
	uint32		mantissa = h & 0x3ff;

	if (exponent == 0x1f)
		return bits_float(sign | 0x7f800000 | (mantissa << 13) | (mantissa ? 0x400000 : 0));
	if (exponent == 0)
	{
		/* zero or subnormal: mantissa * 2^-24, exact in float4 */
		float		f = (float) mantissa * 0x1p-24f;

		return sign ? -f : f;
	}
	return bits_float(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

uint16
float_to_half(float f)
{
	uint32		u = float_bits(f);
	uint16		sign = (uint16) ((u >> 16) & 0x8000);
	uint32		a = u & 0x7fffffff;

	if (a > 0x7f800000)			/* NaN: keep the payload's top, make it quiet */
		return sign | 0x7e00 | ((a >> 13) & 0x3ff);
	if (a >= 0x477ff000)		/* 65520 and more round to infinity */
		return sign | 0x7c00;
	if (a < 0x38800000)
	{
		/*
		 * Below 2^-14 the result is subnormal, a multiple of 2^-24.  Adding 0.5
		 * (whose last bit is worth 2^-24) makes the hardware round to that.
		 */
		return sign | (uint16) (float_bits(bits_float(a) + 0.5f) - 0x3f000000);
	}
	/* rebias, round to nearest even on the 13 bits dropped; a carry moves the exponent rightly */
	a -= 112u << 23;
	a += 0xfff + ((a >> 13) & 1);
	return sign | (uint16) (a >> 13);
}

uint16
double_to_half(double d)
{
	float		f = (float) d;

	if ((double) f != d && d == d)
	{
		uint32		u = float_bits(f);

		/* round to odd: of the two neighbours of d, the one whose last bit is 1 */
		if ((u & 1) == 0)
		{
			double		wide = (double) f;

			if ((d < 0 ? -wide : wide) > (d < 0 ? -d : d))
				u -= 1;
			else
				u |= 1;
			f = bits_float(u);
		}
	}
	return float_to_half(f);
}

#ifdef HAVE_F16C_BUILD

__attribute__((target("avx2,f16c"))) static Size
half_to_float_f16c(const uint16 *h, float *f, Size n)
{
	Size		i;

	for (i = 0; i + 8 <= n; i += 8)
		_mm256_storeu_ps(f + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (h + i))));
	return i;
}

__attribute__((target("avx2,f16c"))) static Size
float_to_half_f16c(const float *f, uint16 *h, Size n)
{
	Size		i;

	for (i = 0; i + 8 <= n; i += 8)
		_mm_storeu_si128((__m128i *) (h + i),
						 _mm256_cvtps_ph(_mm256_loadu_ps(f + i), _MM_FROUND_TO_NEAREST_INT));
	return i;
}

#endif

void
half_to_float_n(const uint16 *h, float *f, Size n)
{
	Size		i = 0;

#ifdef HAVE_F16C_BUILD
	if (n >= 8 && __builtin_cpu_supports("avx2"))
		i = half_to_float_f16c(h, f, n);
#endif
	for (; i < n; i++)
		f[i] = half_to_float(h[i]);
}

void
float_to_half_n(const float *f, uint16 *h, Size n)
{
	Size		i = 0;

#ifdef HAVE_F16C_BUILD
	if (n >= 8 && __builtin_cpu_supports("avx2"))
		i = float_to_half_f16c(f, h, n);
#endif
	for (; i < n; i++)
		h[i] = float_to_half(f[i]);
}
