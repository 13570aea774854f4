/*
 * points_rows.c
 *		The rows of points as one matrix, in the order of their content.
 *
 * Sorting by a hash of the elements costs one pass over them and a radix sort
 * of its upper half; rows that share that are compared by the whole hash, by
 * element, then by id, or label and fold.  Equal rows of equal key are the same row for
 * every method, so nothing is left for the order of arrival to decide.  The
 * passes over the elements are shared by threads.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/compare.h"
#include "linalg/linalg.h"
#include "stats/points.h"

#define DIGIT_BITS		11
#define DIGITS			3			/* of the 32 upper bits */
#define TASK_ELEMENTS	((Size) 1 << 19)

/* A row on its way into the matrix. */
typedef struct RowPlace
{
	uint64		hash;
	const void *from;
	int64		key;			/* id, or the label's place */
	int64		fold;			/* or 0 */
	int32		came;
	TensorType	dtype;			/* of 'from' */
} RowPlace;

/* The same while it is sorted. */
typedef struct HashOrder
{
	uint32		hash;			/* its upper half */
	int32		place;
} HashOrder;

static inline uint64
mix(uint64 hash, uint64 word)
{
	hash = (hash ^ word) * UINT64CONST(0x9E3779B97F4A7C15);
	return hash ^ (hash >> 32);
}

/* Element i of a row of either type; -0 becomes 0. */
static inline double
element(const RowPlace *row, int i)
{
	return (row->dtype == TENSOR_FLOAT4 ? (double) ((const float *) row->from)[i] : ((const double *) row->from)[i]) + 0.0;
}

static uint64
hash_f4(const float *x, int d)
{
	uint64		hash[2] = {1, 2};
	uint32		word[2];
	int			i = 0;

	for (; i + 2 <= d; i += 2)
	{
		float		value[2] = {x[i] + 0.0f, x[i + 1] + 0.0f};

		memcpy(word, value, sizeof(word));
		hash[(i >> 1) & 1] = mix(hash[(i >> 1) & 1], (uint64) word[0] << 32 | word[1]);
	}
	if (i < d)
	{
		float		value = x[i] + 0.0f;

		memcpy(word, &value, sizeof(float));
		hash[0] = mix(hash[0], word[0]);
	}
	return mix(hash[0], hash[1]);
}

/* Of the elements as float8, so that it is the same for a float4 row among float8 ones. */
static uint64
hash_f8(const RowPlace *row, int d)
{
	uint64		hash = 1;

	for (int i = 0; i < d; i++)
	{
		double		value = element(row, i);
		uint64		word;

		memcpy(&word, &value, sizeof(word));
		hash = mix(hash, word);
	}
	return hash;
}

static int
compare_places(const void *a, const void *b, void *dimensions)
{
	const RowPlace *x = a;
	const RowPlace *y = b;
	int			d = *(const int *) dimensions;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	for (int i = 0; i < d; i++)
	{
		double		u = element(x, i);
		double		v = element(y, i);

		if (u != v)
			return u < v ? -1 : 1;
	}
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->fold == y->fold ? 0 : x->fold < y->fold ? -1 : 1;
}

static TensorType
common_type(const Points *p)
{
	return p->rows == NULL || p->rows->last == NULL ? TENSOR_FLOAT4 : p->rows->last->dtype;
}

static Size
rows_bytes(const Points *p, TensorType dtype)
{
	Size		per_row = size_add(size_mul(points_dimensions(p), dtype), 2 * sizeof(RowPlace) + 2 * sizeof(HashOrder) + sizeof(int32) +
								 (p->key == POINTS_LABEL_FOLD ? 2 : 1) * sizeof(int64));

	return size_mul(Max(points_n(p), 1), per_row);
}

Size
points_rows_bytes(const Points *p)
{
	return rows_bytes(p, common_type(p));
}

/* ---- passes over the elements, in parts ---- */

typedef struct Pass
{
	PointRows  *r;
	RowPlace   *place;
	Size		rows_per_task;
} Pass;

static void
hash_part(int64 number, int worker, void *arg)
{
	Pass	   *p = arg;
	Size		end = Min((Size) p->r->n, (number + 1) * p->rows_per_task);

	for (Size i = number * p->rows_per_task; i < end; i++)
		p->place[i].hash = p->r->dtype == TENSOR_FLOAT4 ? hash_f4(p->place[i].from, p->r->d) : hash_f8(&p->place[i], p->r->d);
}

static void
fill_part(int64 number, int worker, void *arg)
{
	Pass	   *p = arg;
	PointRows  *r = p->r;
	Size		end = Min((Size) r->n, (number + 1) * p->rows_per_task);

	for (Size i = number * p->rows_per_task; i < end; i++)
	{
		const RowPlace *row = &p->place[i];

		r->came[i] = row->came;
		if (r->id)
			r->id[i] = row->key;
		if (r->label)
			r->label[i] = (int32) row->key;
		if (r->fold)
			r->fold[i] = row->fold;
		if (r->dtype == TENSOR_FLOAT4)
		{
			float	   *to = POINT_ROWS_F4(r) + i * r->d;

			for (int j = 0; j < r->d; j++)
				to[j] = ((const float *) row->from)[j] + 0.0f;
		}
		else
		{
			double	   *to = POINT_ROWS_F8(r) + i * r->d;

			for (int j = 0; j < r->d; j++)
				to[j] = element(row, j);
		}
	}
}

static void
run_pass(PointRows *r, RowPlace *place, ParallelTask task)
{
	Pass		p = {r, place, Max(1, TASK_ELEMENTS / Max(r->d, 1))};

	parallel_for((int64) (((Size) r->n + p.rows_per_task - 1) / p.rows_per_task), 0, task, &p);
}

/* The rows as they came. */
static RowPlace *
places(const Points *p, const int *label_rank)
{
	int			d = points_dimensions(p);
	RowPlace   *place = huge_alloc(Max(1, (Size) points_n(p)) * sizeof(RowPlace));
	RowPlace   *at = place;

	for (const PredictionChunk *chunk = p->rows ? p->rows->first : NULL; chunk; chunk = chunk->next)
		for (int i = 0; i < chunk->n; i++, at++)
		{
			const int64 *label = chunk->labels + (Size) i * p->rows->n_labels;

			if ((i & 0xfff) == 0)
				CHECK_FOR_INTERRUPTS();
			at->from = (const char *) chunk->values + (Size) i * d * chunk->dtype;
			at->dtype = chunk->dtype;
			at->key = label_rank ? label_rank[label[0]] : label[0];
			at->fold = p->key == POINTS_LABEL_FOLD ? label[1] : 0;
			at->came = (int32) (at - place);
		}
	return place;
}

/* ---- sorting ---- */

/* By 'hash', stable, with as much scratch. */
static HashOrder *
radix_sort(HashOrder *order, HashOrder *scratch, int n)
{
	for (int digit = 0; digit < DIGITS; digit++)
	{
		int			shift = digit * DIGIT_BITS;
		uint32		mask = (1 << DIGIT_BITS) - 1;
		Size		start[(1 << DIGIT_BITS) + 1] = {0};
		HashOrder  *swap;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			start[(order[i].hash >> shift & mask) + 1]++;
		for (uint32 b = 0; b < mask; b++)
			start[b + 1] += start[b];
		for (int i = 0; i < n; i++)
			scratch[start[order[i].hash >> shift & mask]++] = order[i];
		swap = order;
		order = scratch;
		scratch = swap;
	}
	return order;
}

/* The places in the order of compare_places; 'place' is freed. */
static RowPlace *
sorted_places(RowPlace *place, int n, int d)
{
	RowPlace   *sorted = huge_alloc(Max(1, (Size) n) * sizeof(RowPlace));
	HashOrder  *pair = huge_alloc(Max(1, (Size) n) * 2 * sizeof(HashOrder));
	HashOrder  *order = pair;

	for (int i = 0; i < n; i++)
		order[i] = (HashOrder) {place[i].hash >> 32, i};
	order = radix_sort(order, order + n, n);
	for (int i = 0; i < n; i++)
		sorted[i] = place[order[i].place];
	for (int first = 0, end; first < n; first = end)
	{
		for (end = first + 1; end < n && order[end].hash == order[first].hash; end++)
			;
		if (end - first > 1)
		{
			CHECK_FOR_INTERRUPTS();
			qsort_arg(sorted + first, end - first, sizeof(RowPlace), compare_places, &d);
		}
	}
	pfree(pair);
	pfree(place);
	return sorted;
}

/* ---- the matrix ---- */

static PointRows *
rows_as(const Points *p, TensorType dtype)
{
	PointRows  *r = palloc0(sizeof(PointRows));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "points");
	int		   *label_rank = NULL;
	RowPlace   *place;

	r->n = points_n(p);
	r->d = points_dimensions(p);
	r->dtype = dtype;
	memory_claim_add(claim, rows_bytes(p, dtype), "Take fewer rows or elements: a sample fits a model that labels the others.");
	if (p->labels)
	{
		label_rank = label_set_ranks(p->labels);
		r->n_labels = p->labels->n;
		r->labels = label_set_sorted(p->labels, label_rank);
	}
	place = places(p, label_rank);
	run_pass(r, place, hash_part);
	place = sorted_places(place, r->n, r->d);
	r->values = huge_alloc(Max(1, size_mul((Size) r->n * r->d, dtype)));
	r->came = huge_alloc(Max(1, (Size) r->n) * sizeof(int32));
	if (p->key == POINTS_ID)
		r->id = huge_alloc(Max(1, (Size) r->n) * sizeof(int64));
	if (p->labels)
		r->label = huge_alloc(Max(1, (Size) r->n) * sizeof(int32));
	if (p->key == POINTS_LABEL_FOLD)
		r->fold = huge_alloc(Max(1, (Size) r->n) * sizeof(int64));
	run_pass(r, place, fill_part);
	pfree(place);
	memory_claim_sub(claim, Max(r->n, 1) * (2 * sizeof(RowPlace) + 2 * sizeof(HashOrder)));
	if (label_rank)
		pfree(label_rank);
	return r;
}

PointRows *
points_rows(const Points *p)
{
	return rows_as(p, common_type(p));
}

PointRows *
points_rows_f8(const Points *p)
{
	return rows_as(p, TENSOR_FLOAT8);
}

void
point_rows_read_f8(const PointRows *r, int first, int n, double *out)
{
	Size		at = (Size) first * r->d;
	Size		size = (Size) n * r->d;

	if (r->dtype == TENSOR_FLOAT8)
		memcpy(out, POINT_ROWS_F8(r) + at, size * sizeof(double));
	else
		for (Size i = 0; i < size; i++)
			out[i] = POINT_ROWS_F4(r)[at + i];
}

#define ROWS_AT_ONCE 64

void
point_rows_columns_f8(const PointRows *r, int first, int n, double *out)
{
	Size		rows = r->n;

	for (Size i0 = 0; i0 < rows; i0 += ROWS_AT_ONCE)
	{
		Size		end = Min(rows, i0 + ROWS_AT_ONCE);

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < (Size) n; j++)
			for (Size i = i0; i < end; i++)
			{
				Size		at = i * r->d + first + j;

				out[j * rows + i] = r->dtype == TENSOR_FLOAT8 ? POINT_ROWS_F8(r)[at] : POINT_ROWS_F4(r)[at];
			}
	}
}

int
point_rows_distinct(const PointRows *r, int enough)
{
	Size		bytes = (Size) r->d * r->dtype;
	int			distinct = r->n > 0;

	for (int i = 1; i < r->n && distinct < enough; i++)
		distinct += memcmp((char *) r->values + (i - 1) * bytes, (char *) r->values + i * bytes, bytes) != 0;
	return distinct;
}

void
point_rows_require_distinct_ids(const PointRows *r)
{
	int64	   *sorted = huge_alloc(Max(1, (Size) r->n) * sizeof(int64));

	memcpy(sorted, r->id, (Size) r->n * sizeof(int64));
	qsort(sorted, r->n, sizeof(int64), compare_int64);
	for (int i = 1; i < r->n; i++)
		if (sorted[i] == sorted[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("an id comes twice"),
					 errdetail_client("It is " INT64_FORMAT ".", sorted[i])));
	pfree(sorted);
}
