/*
 * distance.c
 *		Inner product and distances between two tensors of equal shape.
 *
 * Every sum is float8, taken in vector lanes over blocks.  Differences come
 * before squares, and the correlation is about each tensor's first element, so
 * that a common offset costs no digits.  One pass gives means and products; where
 * that element lies many standard deviations from the mean (or all elements are
 * equal, whose variance is then exactly 0) a second takes the products about the
 * means.
 *
 * 1 - cos loses its digits when two vectors are nearly parallel.  Then the angle
 * comes from one more pass: for unit vectors u and v, 1 - u.v = |u - v|^2 / 2,
 * whose error is of second order in the errors of the two norms.
 *
 * Squares of float8 may leave its range where the elements don't; then the
 * tensors are scaled by their largest element and the sums taken again.  (No
 * square of a float4 leaves the range of float8.)
 *
 * float2 is widened a block at a time into the first cache, not into a tensor of
 * its own: a scan of halves then costs no allocation a row.
 *
 * Cost: 2 n flops for dot, 3 n for L1 and L2, 6 n for cosine, 10 n for correlation.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "tensor/distance.h"
#include "tensor/elementwise.h"
#include "tensor/reduce.h"

/* elements between checks for interrupts */
#define BLOCK 65536

/* the same of float2, which are widened on the stack */
#define HALF_BLOCK 1024

/* Past this cosine, 1 - cos is taken from the difference of the unit vectors. */
#define NEARLY_PARALLEL (1 - 1e-4)

/* Sums of squares about a point keep 14 digits when so much of them is about the mean. */
#define ABOUT_THE_MEAN 1e-2

typedef struct Products
{
	double		ab;
	double		aa;
	double		bb;
} Products;

/* How a tensor's elements are seen: ((x - shift) - mean) / norm */
typedef struct View
{
	double		shift;
	double		mean;
	double		norm;
} View;

#define REAL float
#define NAME(what) what##_f4
#include "tensor/distance_loops.h"

#define REAL double
#define NAME(what) what##_f8
#include "tensor/distance_loops.h"

/* CALL what_f4 or what_f8 on each block: 'A, B, N' and then the arguments given */
#define EACH_BLOCK(CALL, what, ...) \
	do { \
		float		widened[2][HALF_BLOCK]; \
		Size		total = tensor_size(a); \
		Size		block = a->dtype == TENSOR_FLOAT2 || b->dtype == TENSOR_FLOAT2 ? HALF_BLOCK : BLOCK; \
		for (Size start = 0; start < total; start += block) \
		{ \
			Size		n = Min(block, total - start); \
			CHECK_FOR_INTERRUPTS(); \
			if (a->dtype == TENSOR_FLOAT8) \
				CALL what##_f8(TENSOR_F8(a) + start, TENSOR_F8(b) + start, n __VA_ARGS__); \
			else \
				CALL what##_f4(floats(a, start, n, widened[0]), floats(b, start, n, widened[1]), n __VA_ARGS__); \
		} \
	} while (0)

#define COMMA ,

static inline void
check_types(const Tensor *a, const Tensor *b)
{
	Assert((a->dtype == TENSOR_FLOAT8) == (b->dtype == TENSOR_FLOAT8));
}

/* n elements of a float4 tensor, or of a float2 tensor widened */
static inline const float *
floats(const Tensor *t, Size start, Size n, float *widened)
{
	if (t->dtype == TENSOR_FLOAT4)
		return TENSOR_F4(t) + start;
	half_to_float_n(TENSOR_F2(t) + start, widened, n);
	return widened;
}

/* Whether a sum of squares may have overflowed or lost digits to underflow */
static inline bool
out_of_range(const Tensor *t, double squares)
{
	return t->dtype == TENSOR_FLOAT8 && !(squares > 1e-280 && squares < 1e300);
}

double
distance_dot(const Tensor *a, const Tensor *b)
{
	double		sum = 0;

	check_types(a, b);
	EACH_BLOCK(sum +=, dot);
	return sum;
}

double
distance_l2(const Tensor *a, const Tensor *b)
{
	double		sum = 0;

	check_types(a, b);
	EACH_BLOCK(sum +=, difference_squares);
	if (out_of_range(a, sum))
		return reduce_norm(elementwise_binary(BINARY_SUBTRACT, a, b, TENSOR_FLOAT8), 2);
	return sqrt(sum);
}

double
distance_l1(const Tensor *a, const Tensor *b)
{
	double		sum = 0;

	check_types(a, b);
	EACH_BLOCK(sum +=, difference_abs);
	return sum;
}

/* 1 - cos of the angle that the products tell, NaN where a norm is 0 */
static double
angle(const Tensor *a, const Tensor *b, View u, View v, Products p)
{
	double		cosine;
	double		sum = 0;

	u.norm = sqrt(p.aa);
	v.norm = sqrt(p.bb);
	if (u.norm == 0 || v.norm == 0)
		return NAN;
	cosine = p.ab / u.norm / v.norm;
	if (!(cosine > NEARLY_PARALLEL))
		return 1 - (cosine < -1 ? -1 : cosine);
	EACH_BLOCK(sum +=, unit_squares, COMMA u COMMA v);
	return sum / 2;
}

/* The tensor over its largest absolute element; NULL if that is 0 or not finite. */
static const Tensor *
scaled(const Tensor *t)
{
	double		max = reduce_norm(t, INFINITY);

	return max > 0 && isfinite(max) ? elementwise_standardize(t, 0, 0, max) : NULL;
}

static Products
cosine_products(const Tensor *a, const Tensor *b)
{
	Products	p = {0, 0, 0};

	EACH_BLOCK(, add_products, COMMA &p);
	return p;
}

double
distance_cosine(const Tensor *a, const Tensor *b)
{
	const View	plain = {0, 0, 1};
	Products	p;

	check_types(a, b);
	p = cosine_products(a, b);
	if (out_of_range(a, p.aa) || out_of_range(b, p.bb))
	{
		a = scaled(a);
		b = scaled(b);
		if (a == NULL || b == NULL)
			return NAN;
		p = cosine_products(a, b);
	}
	return angle(a, b, plain, plain, p);
}

static Products
centred_products(const Tensor *a, const Tensor *b, View *u, View *v)
{
	Products	about = {0, 0, 0};
	Products	p;
	double		sum[2] = {0, 0};
	double		n = (double) tensor_size(a);

	*u = (View) {.shift = tensor_get(a, 0)};
	*v = (View) {.shift = tensor_get(b, 0)};
	EACH_BLOCK(, add_shifted_products, COMMA *u COMMA *v COMMA &about COMMA sum);
	u->mean = sum[0] / n;
	v->mean = sum[1] / n;
	p.ab = about.ab - sum[0] * v->mean;
	p.aa = about.aa - sum[0] * u->mean;
	p.bb = about.bb - sum[1] * v->mean;
	if (p.aa > ABOUT_THE_MEAN * about.aa && p.bb > ABOUT_THE_MEAN * about.bb)
		return p;
	p = (Products) {0, 0, 0};
	EACH_BLOCK(, add_centred_products, COMMA *u COMMA *v COMMA &p);
	return p;
}

double
distance_correlation(const Tensor *a, const Tensor *b)
{
	View		u;
	View		v;
	Products	p;

	check_types(a, b);
	if (tensor_size(a) == 0)
		return NAN;
	p = centred_products(a, b, &u, &v);
	if (out_of_range(a, p.aa) || out_of_range(b, p.bb))
	{
		a = scaled(a);
		b = scaled(b);
		if (a == NULL || b == NULL)
			return NAN;
		p = centred_products(a, b, &u, &v);
	}
	return angle(a, b, u, v, p);
}
