/*
 * sae.c
 *		Sparse autoencoders: z = W (x - b) + bias, and which of its m elements stay.
 *
 *	 relu		those over 0 (Bricken et al. 2023)
 *	 topk		the k largest of these (Gao et al. 2024), the lower index where two are equal
 *	 jumprelu	those over a threshold of their own (Rajamanoharan et al. 2024)
 *	 batch_topk	of a batch of n rows the k n largest (Bussmann, Leask and Nanda 2024)
 *
 * Cost: 2 n d m flops in one product a block of rows; what follows is one pass
 * over z, whose chunks of CHUNK elements are looked at together and mostly hold
 * nothing.  What is kept moves to the front of z itself, so that a block takes z
 * and no more.  A single row reads the weights once and is bound by that.
 *
 * The k-th largest is found by its bits, a count of the candidates for each: no
 * input is slow, and loops of counts are the fastest there are.
 */
#include "postgres.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/sae.h"

#define CHUNK			32
#define BLOCK_BYTES		((Size) 48 << 20)	/* of z */
#define BLOCK_ROWS_MAX	4096
#define BLOCK_ROWS_MIN	32
#define TASK_ELEMENTS	((Size) 1 << 19)

typedef struct SaeMethod
{
	const Sae  *sae;
	SaeRule		rule;
	void	   *threshold;		/* m; of a rule without k */
	void	   *centred;		/* a block of rows less 'before' */
	const Codes *codes;
	Size		per_task;
} SaeMethod;

#define REAL float
#define BITS uint32
#define NAME(name) name##_f4
#include "search/sae_loops.h"
#undef REAL
#undef BITS
#undef NAME

#define REAL double
#define BITS uint64
#define NAME(name) name##_f8
#include "search/sae_loops.h"
#undef REAL
#undef BITS
#undef NAME

/* ---- a block ---- */

static Size
index_room(Size m, const SaeRule *rule)
{
	return rule->k > 0 ? Min(m, size_add(4 * (Size) rule->k, 4 * (Size) CHUNK)) : m;
}

int
sae_block_rows(Size m, TensorType dtype, int64 n)
{
	Size		rows = BLOCK_BYTES / size_mul(m, dtype);

	return (int) Max(1, Min(n, Min(BLOCK_ROWS_MAX, Max(BLOCK_ROWS_MIN, (int64) rows))));
}

Size
sae_coder_bytes(Size d, Size m, TensorType dtype, const SaeRule *rule, int rows)
{
	Size		elements = size_add(size_mul(rows, d), m);

	return size_add(codes_bytes(dtype, rows, m, index_room(m, rule)), size_mul(elements, dtype));
}

static void
multiply_task(int64 i, int worker, void *arg)
{
	const SaeMethod *s = arg;
	const Sae  *sae = s->sae;
	Size		first = i * s->per_task;
	Size		end = Min(sae->m, first + s->per_task);

	if (sae->dtype == TENSOR_FLOAT4)
		multiply_f4(sae->weights, s->centred, sae->d, first, end, s->codes->value);
	else
		multiply_f8(sae->weights, s->centred, sae->d, first, end, s->codes->value);
}

static void
select_task(int64 i, int worker, void *arg)
{
	const SaeMethod *s = arg;
	Size		end = Min((Size) s->codes->n, (i + 1) * s->per_task);

	for (Size row = i * s->per_task; row < end; row++)
		if (s->sae->dtype == TENSOR_FLOAT4)
			select_row_f4(s, s->codes, row);
		else
			select_row_f8(s, s->codes, row);
}

/* z = W (x - before) */
static void
multiply_rows(SaeMethod *s, int n, const void *x)
{
	const Sae  *sae = s->sae;
	Size		d = sae->d;
	Size		m = sae->m;

	if (sae->dtype == TENSOR_FLOAT4)
		subtract_f4(x, sae->before, n, d, s->centred);
	else
		subtract_f8(x, sae->before, n, d, s->centred);
	if (n == 1)
	{
		s->per_task = Max(1, TASK_ELEMENTS / d);
		parallel_for((int64) ((m + s->per_task - 1) / s->per_task), 0, multiply_task, s);
	}
	else if (sae->dtype == TENSOR_FLOAT4)
		gemm_f4(false, true, n, m, d, 1, s->centred, d, sae->weights, d, 0, s->codes->value, m);
	else
		gemm_f8(false, true, n, m, d, 1, s->centred, d, sae->weights, d, 0, s->codes->value, m);
}

static void
encode(const Coder *c, int n, const void *x)
{
	SaeMethod  *s = c->method;

	c->codes->n = n;
	multiply_rows(s, n, x);
	s->per_task = Max(1, TASK_ELEMENTS / s->sae->m);
	parallel_for((int64) ((n + s->per_task - 1) / s->per_task), 0, select_task, s);
}

/* The same for all latents. */
static void
fill_threshold(const SaeMethod *s, double threshold)
{
	const Sae  *sae = s->sae;

	for (Size j = 0; j < sae->m; j++)
		if (sae->dtype == TENSOR_FLOAT4)
			((float *) s->threshold)[j] = (float) threshold;
		else
			((double *) s->threshold)[j] = threshold;
}

Coder *
sae_coder(const Sae *sae, const SaeRule *rule, int rows)
{
	Coder	   *c = palloc0(sizeof(Coder));
	SaeMethod  *s = palloc0(sizeof(SaeMethod));

	c->d = sae->d;
	c->m = sae->m;
	c->dtype = sae->dtype;
	c->block_rows = rows;
	c->codes = codes_new(sae->dtype, rows, sae->m, index_room(sae->m, rule));
	c->encode = encode;
	c->method = s;
	s->sae = sae;
	s->rule = *rule;
	s->codes = c->codes;
	s->centred = huge_alloc(size_mul(size_mul(rows, sae->d), sae->dtype));
	if (rule->k == 0 && sae->threshold)
		s->threshold = sae->threshold;
	else if (rule->k == 0)
	{
		s->threshold = huge_alloc(sae->m * sae->dtype);
		fill_threshold(s, rule->threshold);
	}
	return c;
}

/* ---- a batch ---- */

#define ENTRY_BYTES (2 * sizeof(int32) + sizeof(double))

SaeBatch *
sae_batch_new(int64 most)
{
	SaeBatch   *b = palloc0(sizeof(SaeBatch));

	b->most = most;
	b->claim = memory_claim(CurrentMemoryContext, "batch_topk");
	return b;
}

static void *
larger(void *old, Size used, Size bytes)
{
	void	   *new = huge_alloc(bytes);

	if (old)
	{
		memcpy(new, old, used);
		pfree(old);
	}
	return new;
}

static void
make_room(SaeBatch *b, int64 more)
{
	int64		room = b->room;

	if (b->n + more <= room)
		return;
	room = Max(b->n + more, room + room / 2);
	memory_claim_add(b->claim, size_mul(room - b->room, ENTRY_BYTES), "Encode fewer rows at a time, or by a threshold.");
	b->row = larger(b->row, b->n * sizeof(int32), room * sizeof(int32));
	b->index = larger(b->index, b->n * sizeof(int32), room * sizeof(int32));
	b->value = larger(b->value, b->n * sizeof(double), room * sizeof(double));
	b->room = room;
}

static int64
count_over(const SaeBatch *b, double least, bool or_equal)
{
	int64		count = 0;

	for (int64 i = 0; i < b->n; i++)
	{
		breathe(true, i);
		count += or_equal ? b->value[i] >= least : b->value[i] > least;
	}
	return count;
}

/* As kth_largest, of more entries than an int counts. */
static double
least_of_most(const SaeBatch *b)
{
	double		most = b->least;
	double		least;
	uint64		low;
	uint64		high;

	for (int64 i = 0; i < b->n; i++)
		most = Max(most, b->value[i]);
	memcpy(&low, &b->least, sizeof(double));
	memcpy(&high, &most, sizeof(double));
	while (low < high)
	{
		uint64		middle = low + (high - low + 1) / 2;

		memcpy(&least, &middle, sizeof(double));
		if (count_over(b, least, true) >= b->most)
			low = middle;
		else
			high = middle - 1;
	}
	memcpy(&least, &low, sizeof(double));
	return least;
}

void
sae_batch_finish(SaeBatch *b)
{
	int64		kept = 0;
	int64		equal;

	if (b->n <= b->most)
		return;
	b->least = least_of_most(b);
	equal = b->most - count_over(b, b->least, false);
	for (int64 i = 0; i < b->n; i++)
	{
		breathe(true, i);
		if (!(b->value[i] > b->least) && !(b->value[i] == b->least && equal-- > 0))
			continue;
		b->row[kept] = b->row[i];
		b->index[kept] = b->index[i];
		b->value[kept++] = b->value[i];
	}
	b->n = kept;
}

void
sae_batch_add(SaeBatch *b, const Coder *c, int first_row)
{
	const Codes *codes = c->codes;
	double	   *value = huge_matrix(1, c->m);

	for (int i = 0; i < codes->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		codes_read_f8(codes, i, value);
		make_room(b, codes->count[i]);
		for (int e = 0; e < codes->count[i]; e++)
		{
			if (!(value[e] > b->least))
				continue;
			b->row[b->n] = first_row + i;
			b->index[b->n] = CODES_INDEX(codes, i)[e];
			b->value[b->n++] = value[e];
		}
		if (b->n > 2 * b->most)
			sae_batch_finish(b);
	}
	pfree(value);
	if (b->least > 0)
		fill_threshold(c->method, b->least);
}
