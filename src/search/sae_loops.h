/*
 * sae_loops.h
 *		The loops of sae.c over one element type: included with REAL, its unsigned
 *		integer BITS, and its name in NAME().
 */

/* out[i] = weights[i] . x for rows first .. end - 1 of the weights */
HOT_LOOP static void
NAME(multiply) (const REAL *restrict weights, const REAL *restrict x, Size d, Size first, Size end, REAL *restrict out)
{
	for (Size i = first; i < end; i++)
	{
		const REAL *restrict row = weights + i * d;
		REAL		sum = 0;

#pragma omp simd reduction(+:sum)
		for (Size j = 0; j < d; j++)
			sum += row[j] * x[j];
		out[i] = sum;
	}
}

/* x less 'before', rounded once */
static void
NAME(subtract) (const REAL *x, const double *before, Size n, Size d, REAL *out)
{
	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < d; j++)
			out[i * d + j] = (REAL) ((double) x[i * d + j] - before[j]);
}

/* Adds the biases of a chunk; is one of its sums over its threshold? */
static inline bool
NAME(add_bias) (REAL *restrict z, const REAL *restrict bias, const REAL *restrict threshold)
{
	int			any = 0;

	for (int j = 0; j < CHUNK; j++)
	{
		z[j] += bias[j];
		any |= z[j] > threshold[j];
	}
	return any != 0;
}

/* The same for any sum over 'least' */
static inline bool
NAME(add_bias_least) (REAL *restrict z, const REAL *restrict bias, REAL least)
{
	int			any = 0;

	for (int j = 0; j < CHUNK; j++)
	{
		z[j] += bias[j];
		any |= z[j] > least;
	}
	return any != 0;
}

/* Moves what is over its threshold to the front of z, and its indices to 'index'; returns how many. */
HOT_LOOP static int
NAME(keep_over) (REAL *z, const REAL *bias, const REAL *threshold, Size m, int32 *index)
{
	Size		whole = m / CHUNK * CHUNK;
	int			n = 0;

	for (Size first = 0; first < m; first += CHUNK)
	{
		Size		end = Min(m, first + CHUNK);

		if (first < whole && !NAME(add_bias) (z + first, bias + first, threshold + first))
			continue;
		for (Size j = first; j < end; j++)
		{
			REAL		value = z[j] + (first < whole ? 0 : bias[j]);

			z[n] = value;
			index[n] = (int32) j;
			n += value > threshold[j];
		}
	}
	return n;
}

HOT_LOOP static int
NAME(count_from) (const REAL *x, int n, REAL least)
{
	int			count = 0;

#pragma omp simd reduction(+:count)
	for (int i = 0; i < n; i++)
		count += x[i] >= least;
	return count;
}

/*
 * The k-th largest of n values over 'least' >= 0, k <= n: positive numbers are
 * in the order of their bits, which are found from the first to the last.
 */
static REAL
NAME(kth_largest) (const REAL *x, int n, int k, REAL least)
{
	REAL		most = least;
	BITS		low;
	BITS		high;

	for (int i = 0; i < n; i++)
		most = x[i] > most ? x[i] : most;
	memcpy(&low, &least, sizeof(REAL));
	memcpy(&high, &most, sizeof(REAL));
	while (low < high)
	{
		BITS		middle = low + (high - low + 1) / 2;
		REAL		value;

		memcpy(&value, &middle, sizeof(REAL));
		if (NAME(count_from) (x, n, value) >= k)
			low = middle;
		else
			high = middle - 1;
	}
	memcpy(&least, &low, sizeof(REAL));
	return least;
}

/* Keeps the k largest of n entries, the first where values are equal, in their order; returns the least value. */
static REAL
NAME(shrink) (REAL *z, int32 *index, int n, int k, REAL least)
{
	int			kept = 0;
	int			equal;

	least = NAME(kth_largest) (z, n, k, least);
	equal = k;
	for (int i = 0; i < n; i++)
		equal -= z[i] > least;
	for (int i = 0; i < n; i++)
	{
		REAL		value = z[i];

		if (!(value > least) && !(value == least && equal-- > 0))
			continue;
		z[kept] = value;
		index[kept++] = index[i];
	}
	return least;
}

/* The same as keep_over for the k largest of those over 0, with room for indices >= k + CHUNK, or >= m. */
HOT_LOOP static int
NAME(keep_top) (REAL *z, const REAL *bias, Size m, int k, int32 *index, Size room)
{
	Size		whole = m / CHUNK * CHUNK;
	REAL		least = 0;
	int			n = 0;

	for (Size first = 0; first < m; first += CHUNK)
	{
		Size		end = Min(m, first + CHUNK);

		if (first < whole && !NAME(add_bias_least) (z + first, bias + first, least))
			continue;
		if (n + (end - first) > room)
		{
			least = NAME(shrink) (z, index, n, k, least);
			n = k;
		}
		for (Size j = first; j < end; j++)
		{
			REAL		value = z[j] + (first < whole ? 0 : bias[j]);

			z[n] = value;
			index[n] = (int32) j;
			n += value > least;
		}
	}
	if (n > k)
	{
		NAME(shrink) (z, index, n, k, least);
		n = k;
	}
	return n;
}

static void
NAME(select_row) (const SaeMethod *s, const Codes *codes, Size i)
{
	REAL	   *z = (REAL *) codes->value + i * codes->value_room;
	int32	   *index = CODES_INDEX(codes, i);
	const Sae  *sae = s->sae;

	if (s->rule.k > 0)
		codes->count[i] = NAME(keep_top) (z, sae->bias, sae->m, s->rule.k, index, codes->index_room);
	else
		codes->count[i] = NAME(keep_over) (z, sae->bias, s->threshold, sae->m, index);
}
