/*
 * elementwise_loops.h
 *		The loops of elementwise.c for one element type: included with REAL, its
 *		name in NAME(), and its own POW, SQRT, ... from <math.h>.
 */

/* With x and y the operands of one element.  A step of 0 repeats one value. */
#define EACH_PAIR(EXPRESSION) \
	do { \
		if (step_a && step_b) \
			for (Size i = 0; i < n; i++) \
			{ \
				REAL		x = a[i]; \
				REAL		y = b[i]; \
				out[i] = (EXPRESSION); \
			} \
		else if (step_a) \
		{ \
			const REAL	y = b[0]; \
			for (Size i = 0; i < n; i++) \
			{ \
				REAL		x = a[i]; \
				out[i] = (EXPRESSION); \
			} \
		} \
		else \
		{ \
			const REAL	x = a[0]; \
			for (Size i = 0; i < n; i++) \
			{ \
				REAL		y = b[i]; \
				out[i] = (EXPRESSION); \
			} \
		} \
	} while (0)

#define EACH(EXPRESSION) \
	do { \
		for (Size i = 0; i < n; i++) \
		{ \
			REAL		x = a[i]; \
			out[i] = (EXPRESSION); \
		} \
	} while (0)

HOT_LOOP static void
NAME(binary) (BinaryOp op, Size n, const REAL *restrict a, int step_a,
			  const REAL *restrict b, int step_b, REAL *restrict out)
{
	switch (op)
	{
		case BINARY_ADD:
			EACH_PAIR(x + y);
			break;
		case BINARY_SUBTRACT:
			EACH_PAIR(x - y);
			break;
		case BINARY_MULTIPLY:
			EACH_PAIR(x * y);
			break;
		case BINARY_DIVIDE:
			EACH_PAIR(x / y);
			break;
		case BINARY_POWER:
			if (!step_b && b[0] == 2)
				EACH(x * x);
			else
				EACH_PAIR(REAL_POW(x, y));
			break;
	}
}

HOT_LOOP static void
NAME(unary) (UnaryOp op, Size n, const REAL *restrict a, REAL lo, REAL hi, REAL *restrict out)
{
	switch (op)
	{
		case UNARY_NEGATE:
			EACH(-x);
			break;
		case UNARY_ABS:
			EACH(REAL_FABS(x));
			break;
		case UNARY_SQRT:
			EACH(REAL_SQRT(x));
			break;
		case UNARY_EXP:
			EACH(REAL_EXP(x));
			break;
		case UNARY_LN:
			EACH(REAL_LOG(x));
			break;
		case UNARY_CLIP:
			/* both comparisons are false for NaN, which stays */
			EACH(x < lo ? lo : x > hi ? hi : x);
			break;
	}
}

#undef EACH_PAIR
#undef EACH
#undef REAL
#undef NAME
#undef REAL_POW
#undef REAL_FABS
#undef REAL_SQRT
#undef REAL_EXP
#undef REAL_LOG
