/*
 * decimal.c
 *		Decimal text to float2, float4 and float8, and back.
 *
 * In: the digits are gathered into a 64-bit integer w and a power of ten e.
 * float8 takes one of two exact roads: w <= 2^53 and |e| <= 22, where w and
 * 10^|e| are both float8 and one operation rounds once (Clinger 1990); or
 * e in -27 .. -1, where w / 5^-e is one 128 by 64 bit division, whose remainder
 * becomes a sticky bit.  float4 needs less: a float8 estimate within 4 units in
 * its last place decides the rounding to float4 unless it lies that near to the
 * middle of two float4 values.  Everything else (long numbers, extreme
 * exponents, subnormals, near ties) goes to strtod and strtof, which are exact.
 * float2 is read as float8 and rounded once more.
 *
 * Out: the shortest digits that read back to the same value, by PostgreSQL's own
 * Ryu for float4 and float8; for float2 the shortest of 1 to 5 digits, found by
 * trying.
 *
 * The subtlety: going through float8 to float4 without the middle check would
 * round twice, and be wrong about once in 2^29 numbers.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "port.h"

#include "tensor/decimal.h"

/* With extended-precision registers one operation may round twice: take the slow road. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
#define FAST_ROAD 1
#else
#define FAST_ROAD 0
#endif

static const double power_of_ten[23] = {1e0,  1e1,	1e2,  1e3,	1e4,  1e5,	1e6,  1e7,
										1e8,  1e9,	1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
										1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#ifdef __SIZEOF_INT128__
static const uint64 power_of_five[28] = {UINT64CONST(1),
										 UINT64CONST(5),
										 UINT64CONST(25),
										 UINT64CONST(125),
										 UINT64CONST(625),
										 UINT64CONST(3125),
										 UINT64CONST(15625),
										 UINT64CONST(78125),
										 UINT64CONST(390625),
										 UINT64CONST(1953125),
										 UINT64CONST(9765625),
										 UINT64CONST(48828125),
										 UINT64CONST(244140625),
										 UINT64CONST(1220703125),
										 UINT64CONST(6103515625),
										 UINT64CONST(30517578125),
										 UINT64CONST(152587890625),
										 UINT64CONST(762939453125),
										 UINT64CONST(3814697265625),
										 UINT64CONST(19073486328125),
										 UINT64CONST(95367431640625),
										 UINT64CONST(476837158203125),
										 UINT64CONST(2384185791015625),
										 UINT64CONST(11920928955078125),
										 UINT64CONST(59604644775390625),
										 UINT64CONST(298023223876953125),
										 UINT64CONST(1490116119384765625),
										 UINT64CONST(7450580596923828125)};
#endif

/* A finite decimal number: (-1)^negative * w * 10^exponent */
typedef struct Decimal
{
	const char *start;			/* at the sign, for strtod */
	uint64		w;				/* at most 19 significant digits */
	int			exponent;
	bool		negative;
	bool		truncated;		/* digits beyond the 19th were dropped */
} Decimal;

static inline bool
is_digit(char c)
{
	return (unsigned char) (c - '0') < 10;
}

/* Gather a finite number; NULL if there is none at s. */
static inline const char *
scan_number(const char *s, Decimal *d)
{
	const char *digits;
	int			significant = 0;
	bool		any = false;

	d->start = s;
	d->w = 0;
	d->exponent = 0;
	d->negative = (*s == '-');
	d->truncated = false;
	if (*s == '-' || *s == '+')
		s++;
	while (*s == '0')
	{
		any = true;
		s++;
	}
	for (digits = s; is_digit(*s); s++)
	{
		if (significant < 19)
		{
			d->w = d->w * 10 + (*s - '0');
			significant++;
		}
		else
		{
			d->exponent++;
			d->truncated = true;
		}
	}
	any = any || s > digits;
	if (*s == '.')
	{
		s++;
		for (digits = s; is_digit(*s); s++)
		{
			if (significant < 19)
			{
				d->w = d->w * 10 + (*s - '0');
				if (d->w != 0)
					significant++;
				d->exponent--;
			}
			else
				d->truncated = true;
		}
		any = any || s > digits;
	}
	if (!any)
		return NULL;
	if ((*s | 0x20) == 'e')
	{
		const char *p = s + 1;
		bool		minus = (*p == '-');
		int			e = 0;

		if (*p == '-' || *p == '+')
			p++;
		if (is_digit(*p))
		{
			for (; is_digit(*p); p++)
				if (e < 100000)
					e = e * 10 + (*p - '0');
			d->exponent += minus ? -e : e;
			s = p;
		}
	}
	return s;
}

/* Infinity and NaN, in any case; NULL if neither. */
static const char *
scan_special(const char *s, double *value)
{
	double		sign = 1;

	if (*s == '-' || *s == '+')
		sign = (*s++ == '-') ? -1 : 1;
	if (pg_strncasecmp(s, "nan", 3) == 0)
	{
		*value = NAN;
		return s + 3;
	}
	if (pg_strncasecmp(s, "infinity", 8) == 0)
	{
		*value = sign * INFINITY;
		return s + 8;
	}
	if (pg_strncasecmp(s, "inf", 3) == 0)
	{
		*value = sign * INFINITY;
		return s + 3;
	}
	return NULL;
}

#ifdef __SIZEOF_INT128__

/* w / 10^k, w > 0, 1 <= k <= 27, correctly rounded */
static double
divide_exactly(uint64 w, int k)
{
	uint64		divisor = power_of_five[k];
	int			shift_w = __builtin_clzll(w);
	int			shift_d = __builtin_clzll(divisor);
	unsigned __int128 numerator = (unsigned __int128) (w << shift_w) << 63;
	uint64		quotient;
	int			exponent = shift_d - shift_w - 63 - k;
	uint64		scale_bits = (uint64) (1023 + exponent) << 52;
	double		scale;

	/* both operands have their top bit set, so the quotient has 63 or 64 bits: 10 to spare */
	divisor <<= shift_d;
	quotient = (uint64) (numerator / divisor);
	if (numerator != (unsigned __int128) quotient * divisor)
		quotient |= 1;
	memcpy(&scale, &scale_bits, sizeof(scale));
	return (double) quotient * scale;
}

#endif

static inline double
to_float8(const Decimal *d)
{
	double		v;

	if (d->w == 0)
		v = 0;
	else if (FAST_ROAD && !d->truncated && d->w <= (UINT64CONST(1) << 53) && d->exponent >= -22 &&
			 d->exponent <= 22)
		v = d->exponent < 0 ? (double) d->w / power_of_ten[-d->exponent]
							: (double) d->w * power_of_ten[d->exponent];
#ifdef __SIZEOF_INT128__
	else if (FAST_ROAD && !d->truncated && d->exponent < 0 && d->exponent >= -27)
		v = divide_exactly(d->w, -d->exponent);
#endif
	else
		return strtod(d->start, NULL);
	return d->negative ? -v : v;
}

static inline float
to_float4(const Decimal *d)
{
	double		v;
	uint64		bits;
	int			middle;

	if (d->w == 0)
		return d->negative ? -0.0f : 0.0f;
	if (!FAST_ROAD || d->exponent < -44 || d->exponent > 44)
		return strtof(d->start, NULL);

	/* at most four roundings, and a truncation far smaller: within 4 units of the last place */
	v = (double) d->w;
	if (d->exponent < -22)
		v = v / power_of_ten[22] / power_of_ten[-d->exponent - 22];
	else if (d->exponent < 0)
		v /= power_of_ten[-d->exponent];
	else if (d->exponent <= 22)
		v *= power_of_ten[d->exponent];
	else
		v = v * power_of_ten[22] * power_of_ten[d->exponent - 22];

	/* float4 drops 29 bits; the middle between two of its values is bit 28 alone */
	memcpy(&bits, &v, sizeof(bits));
	middle = (int) (bits & 0x1fffffff) - 0x10000000;
	if (v < FLT_MIN || (middle >= -8 && middle <= 8))
		return strtof(d->start, NULL);
	return (float) (d->negative ? -v : v);
}

DecimalStatus
decimal_read(const char **s, TensorType dtype, void *data, Size i)
{
	Decimal		d;
	double		special;
	const char *end = scan_number(*s, &d);

	if (end != NULL)
	{
		*s = end;
		if (dtype == TENSOR_FLOAT4)
		{
			float		v = to_float4(&d);

			((float *) data)[i] = v;
			return isinf(v) ? DECIMAL_OVERFLOW : DECIMAL_OK;
		}
		else if (dtype == TENSOR_FLOAT8)
		{
			double		v = to_float8(&d);

			((double *) data)[i] = v;
			return isinf(v) ? DECIMAL_OVERFLOW : DECIMAL_OK;
		}
		else
		{
			uint16		h = double_to_half(to_float8(&d));

			((uint16 *) data)[i] = h;
			return (h & 0x7fff) == 0x7c00 ? DECIMAL_OVERFLOW : DECIMAL_OK;
		}
	}

	end = scan_special(*s, &special);
	if (end == NULL)
		return DECIMAL_SYNTAX;
	*s = end;
	if (dtype == TENSOR_FLOAT4)
		((float *) data)[i] = (float) special;
	else if (dtype == TENSOR_FLOAT8)
		((double *) data)[i] = special;
	else
		((uint16 *) data)[i] = double_to_half(special);
	return DECIMAL_OK;
}

/* n / 10^k, k of either sign */
static inline double
scaled(double n, int k)
{
	return k < 0 ? n * power_of_ten[-k] : n / power_of_ten[k];
}

/* The float4 nearest to the shortest decimal that reads back to this finite, positive half */
static float
shortest_of_half(uint16 h)
{
	double		v = half_to_float(h);
	int			exponent = (int) floor(log10(v));

	/* five digits tell any two halves apart */
	for (int digits = 1;; digits++)
	{
		int			k = digits - 1 - exponent;	/* -4 .. 12 */
		double		x = scaled(v, -k);
		double		near = rint(x);
		double		far = near > x ? near - 1 : near + 1;

		if (digits == 5 || double_to_half(scaled(near, k)) == h)
			return (float) scaled(near, k);
		/* above a power of two the interval is wider than below it */
		if (double_to_half(scaled(far, k)) == h)
			return (float) scaled(far, k);
	}
}

int
decimal_print(TensorType dtype, const void *data, Size i, char *out)
{
	float		f;

	if (dtype == TENSOR_FLOAT8)
	{
		double		v = ((const double *) data)[i];

		if (isfinite(v))
			return double_to_shortest_decimal_bufn(v, out);
		f = (float) v;
	}
	else if (dtype == TENSOR_FLOAT4)
	{
		f = ((const float *) data)[i];
		if (isfinite(f))
			return float_to_shortest_decimal_bufn(f, out);
	}
	else
	{
		uint16		h = ((const uint16 *) data)[i];

		f = half_to_float(h);
		if (isfinite(f))
		{
			if ((h & 0x7fff) != 0)
				f = copysignf(shortest_of_half(h & 0x7fff), f);
			return float_to_shortest_decimal_bufn(f, out);
		}
	}
	if (isnan(f))
	{
		memcpy(out, "NaN", 3);	/* NOLINT(bugprone-not-null-terminated-result): of known length */
		return 3;
	}
	memcpy(out, "-Infinity", 9);	/* NOLINT(bugprone-not-null-terminated-result): of known length */
	if (f < 0)
		return 9;
	memmove(out, out + 1, 8);
	return 8;
}
