/*
 * kmeans_scan_loops.h
 *		The loops of kmeans_scan.c for vectors of SCAN_LANES floats, built once for
 *		each instruction set: SCAN_NAME and SCAN_TARGET name it, SCAN_EACH lists
 *		the rows of a group, whose sums and a panel's two vectors fill the
 *		registers.
 */

#define SCAN_JOIN(a, b) a##_##b
#define SCAN_PASTE(a, b) SCAN_JOIN(a, b)
#define SCAN(name) SCAN_PASTE(name, SCAN_NAME)

typedef float SCAN(Lanes) __attribute__((vector_size(SCAN_LANES * sizeof(float)), may_alias));
typedef int32 SCAN(Numbers) __attribute__((vector_size(SCAN_LANES * sizeof(int32)), may_alias));

/* Of one row: each lane's best, its second best, and where the best was. */
typedef struct SCAN(State)
{
	SCAN(Lanes) best;
	SCAN(Lanes) second;
	SCAN(Numbers) where;
} SCAN(State);

#define PICK(mask, a, b) (((SCAN(Numbers)) (a) & (mask)) | ((SCAN(Numbers)) (b) & ~(mask)))
#define LARGER(a, b)	((SCAN(Lanes)) PICK((a) > (b), a, b))
#define SMALLER(a, b)	((SCAN(Lanes)) PICK((a) > (b), b, a))

/* Joins what other centres had to what those before them had. */
static inline __attribute__((always_inline, target(SCAN_TARGET))) SCAN(State)
SCAN(join)(SCAN(State) s, SCAN(Lanes) best, SCAN(Lanes) second, SCAN(Numbers) where)
{
	SCAN(Numbers) better = best > s.best;
	SCAN(Lanes) lost = SMALLER(best, s.best);

	s.where = PICK(better, where, s.where);
	s.best = LARGER(best, s.best);
	s.second = LARGER(LARGER(second, lost), s.second);
	return s;
}

/* A panel against a group of rows. */
static __attribute__((target(SCAN_TARGET))) void
SCAN(group)(const float *rows, Size d, const float *panel, const float *half, int32 first, SCAN(State) *state)
{
	const SCAN(Lanes) *p = (const SCAN(Lanes) *) panel;
	SCAN(Numbers) number = {0};

#define DECLARE(i) const float *x##i = rows + i * d; SCAN(Lanes) a##i = {0}; SCAN(Lanes) b##i = {0};
	SCAN_EACH(DECLARE)
#pragma GCC unroll 4
	for (Size j = 0; j < d; j++)
	{
		SCAN(Lanes) left = p[2 * j];
		SCAN(Lanes) right = p[2 * j + 1];

#define ADD(i) a##i += x##i[j] * left; b##i += x##i[j] * right;
		SCAN_EACH(ADD)
	}
	for (int l = 0; l < SCAN_LANES; l++)
		number[l] = first + l;
	p = (const SCAN(Lanes) *) half;
#define LOOK(i) \
	a##i -= p[0]; \
	b##i -= p[1]; \
	state[i] = SCAN(join)(state[i], LARGER(a##i, b##i), SMALLER(a##i, b##i), PICK(b##i > a##i, number + SCAN_LANES, number));
	SCAN_EACH(LOOK)
#undef DECLARE
#undef ADD
#undef LOOK
}

/* Lanes are folded in halves; of equal scores it does not matter whose number is kept, since neither leads. */
static __attribute__((target(SCAN_TARGET))) void
SCAN(finish)(const SCAN(State) *state, Best *found)
{
	SCAN(State) s = *state;

	for (int half = SCAN_LANES / 2; half > 0; half /= 2)
	{
		SCAN(Numbers) from = {0};

		for (int l = 0; l < SCAN_LANES; l++)
			from[l] = l ^ half;
		s = SCAN(join)(s, __builtin_shuffle(s.best, from), __builtin_shuffle(s.second, from), __builtin_shuffle(s.where, from));
	}
	*found = (Best) {s.best[0], s.second[0], s.where[0]};
}

/* Rows in groups, the last of which is filled up with copies in 'scratch'; panels outside, so that one stays in the first cache. */
static __attribute__((target(SCAN_TARGET))) void
SCAN(scan)(const ScanCentres *c, const float *rows, int n, Best *found, void *scratch)
{
	SCAN(State) *state = (void *) TYPEALIGN(SCAN_ALIGNMENT, scratch);
	Size		d = c->d;
	int			width = 2 * SCAN_LANES;
	int			whole = n / SCAN_ROWS * SCAN_ROWS;
	float	   *rest = (float *) (state + whole + SCAN_ROWS);

	for (int i = 0; i < whole + SCAN_ROWS; i++)
	{
		for (int l = 0; l < SCAN_LANES; l++)
			state[i].best[l] = state[i].second[l] = -INFINITY;
		memset(&state[i].where, 0, sizeof(state[i].where));
	}
	for (int i = whole; i < whole + SCAN_ROWS && n > whole; i++)
		memcpy(rest + (i - whole) * d, rows + Min(i, n - 1) * d, d * sizeof(float));
	for (int first = 0; first < c->k; first += width)
	{
		const float *panel = c->panel + first * d;

		for (int i = 0; i < whole; i += SCAN_ROWS)
			SCAN(group)(rows + i * d, d, panel, c->half + first, first, state + i);
		if (n > whole)
			SCAN(group)(rest, d, panel, c->half + first, first, state + whole);
	}
	for (int i = 0; i < n; i++)
		SCAN(finish)(&state[i], &found[i]);
}

#undef PICK
#undef LARGER
#undef SMALLER
#undef SCAN
#undef SCAN_PASTE
#undef SCAN_JOIN
#undef SCAN_NAME
#undef SCAN_TARGET
#undef SCAN_LANES
#undef SCAN_ROWS
#undef SCAN_EACH
