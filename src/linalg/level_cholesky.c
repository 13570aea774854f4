/*
 * level_cholesky.c
 *		Cholesky factorisation of shift I - A for a sparse symmetric A, by the levels
 *		of its graph.
 *
 * A breadth-first search puts the rows into levels; an edge stays in its level or
 * goes to the next, so in this order the matrix is block tridiagonal (George and
 * Liu 1981, chapter 4).  Its factor has dense diagonal blocks L_i and dense blocks
 * G_i = inv(L_i) A_i,i+1 beside them, and nothing else fills:
 *
 *		L_i L_i' = D_i - G_{i-1}' G_{i-1},
 *
 * 7/3 n w^2 flops and 2 n w numbers for levels of w rows.  That is little for the
 * neighbour graph of points on a curve or in a plane, where products alone settle
 * nothing (the gaps of the spectrum are tiny), and too much for points in many
 * dimensions, where a few levels hold everything, but where products settle
 * quickly.  The search starts from the far end of a first search, which gives
 * long, narrow levels; thin ones are joined, since small blocks are slow.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "linalg/sparse.h"

#define BLOCK_MIN	64			/* rows; thinner levels are joined */
#define SEARCHES	3			/* the last of which counts */

/* The rows of a matrix in the order of their levels, and where blocks of them begin. */
typedef struct Levels
{
	int			n;
	int			n_blocks;
	int32	   *row;			/* n: the row at each place */
	int32	   *place;			/* n: the place of each row */
	int32	   *begin;			/* n_blocks + 1: places */
} Levels;

struct LevelCholesky
{
	Levels		levels;
	double	  **l;				/* n_blocks: the diagonal blocks' factors */
	double	  **g;				/* n_blocks - 1: the blocks beside them */
};

/* ---- levels ---- */

static void
add_level(Levels *levels, int32 begin)
{
	if (levels->n_blocks > 0 && begin - levels->begin[levels->n_blocks - 1] < BLOCK_MIN)
		return;
	levels->begin[levels->n_blocks++] = begin;
}

/* Searches from 'root' into row[first ..]; returns the end.  Levels are recorded if 'record'. */
static int32
search(const SparseSymmetric *a, Levels *levels, int32 root, int32 first, bool record)
{
	int32		reached = first;
	int32		level = first;

	levels->place[root] = reached;
	levels->row[reached++] = root;
	while (level < reached)
	{
		int32		end = reached;

		if (record)
			add_level(levels, level);
		CHECK_FOR_INTERRUPTS();
		for (; level < end; level++)
		{
			int32		u = levels->row[level];

			for (Size e = a->start[u]; e < a->start[u + 1]; e++)
				if (levels->place[a->column[e]] < 0)
				{
					levels->place[a->column[e]] = reached;
					levels->row[reached++] = a->column[e];
				}
		}
	}
	return reached;
}

static Levels
levels_of(const SparseSymmetric *a)
{
	Levels		levels = {.n = a->n};
	int32		first = 0;

	levels.row = huge_alloc(Max(1, (Size) a->n) * sizeof(int32));
	levels.place = huge_alloc(Max(1, (Size) a->n) * sizeof(int32));
	levels.begin = huge_alloc(((Size) a->n + 1) * sizeof(int32));
	for (int i = 0; i < a->n; i++)
		levels.place[i] = -1;
	for (int i = 0; i < a->n; i++)
	{
		int32		root = i;
		int32		end = first;

		if (levels.place[i] >= 0)
			continue;
		for (int s = 1; s <= SEARCHES; s++)
		{
			end = search(a, &levels, root, first, s == SEARCHES);
			root = levels.row[end - 1];
			for (int32 at = first; s < SEARCHES && at < end; at++)
				levels.place[levels.row[at]] = -1;
		}
		first = end;
	}
	levels.begin[levels.n_blocks] = a->n;
	return levels;
}

static void
levels_free(Levels *levels)
{
	pfree(levels->row);
	pfree(levels->place);
	pfree(levels->begin);
}

static inline Size
block_rows(const Levels *levels, int i)
{
	return i < levels->n_blocks ? (Size) (levels->begin[i + 1] - levels->begin[i]) : 0;
}

void
level_cholesky_cost(const SparseSymmetric *a, double *flops, Size *bytes)
{
	Levels		levels = levels_of(a);

	*flops = 0;
	*bytes = size_mul(a->n, 4 * sizeof(int32) + 4 * sizeof(void *));
	for (int i = 0; i < levels.n_blocks; i++)
	{
		Size		w = block_rows(&levels, i);
		Size		next = block_rows(&levels, i + 1);

		*flops += (double) w * w * ((double) w / 3 + next) + (double) w * next * next;
		*bytes = size_add(*bytes, size_mul(size_mul(w, w + next), sizeof(double)));
	}
	levels_free(&levels);
}

/* ---- the factor ---- */

/* Block i of shift I - A and, if there is one, the block beside it. */
static void
fill_block(const SparseSymmetric *a, double shift, const Levels *levels, int i, double *diagonal, double *beside)
{
	int32		begin = levels->begin[i];
	Size		w = block_rows(levels, i);
	Size		next = block_rows(levels, i + 1);

	memset(diagonal, 0, w * w * sizeof(double));
	if (next > 0)
		memset(beside, 0, w * next * sizeof(double));
	for (Size r = 0; r < w; r++)
	{
		int32		u = levels->row[begin + r];

		diagonal[r * w + r] = shift;
		for (Size e = a->start[u]; e < a->start[u + 1]; e++)
		{
			int32		c = levels->place[a->column[e]] - begin;

			if (c >= 0 && c < (int32) w)
				diagonal[r * w + c] -= a->value[e];
			else if (c >= (int32) w)
				beside[r * next + (c - w)] -= a->value[e];
		}
	}
}

LevelCholesky *
level_cholesky_new(const SparseSymmetric *a, double shift)
{
	LevelCholesky *f = palloc(sizeof(LevelCholesky));
	Levels	   *levels = &f->levels;

	f->levels = levels_of(a);
	f->l = huge_alloc((Size) (levels->n_blocks + 1) * sizeof(double *));
	f->g = huge_alloc((Size) (levels->n_blocks + 1) * sizeof(double *));
	for (int i = 0; i < levels->n_blocks; i++)
	{
		Size		w = block_rows(levels, i);
		Size		next = block_rows(levels, i + 1);

		CHECK_FOR_INTERRUPTS();
		f->l[i] = huge_matrix(w, w);
		f->g[i] = next > 0 ? huge_matrix(w, next) : NULL;
		fill_block(a, shift, levels, i, f->l[i], f->g[i]);
		if (i > 0)
			syrk_f8(true, w, block_rows(levels, i - 1), -1, f->g[i - 1], w, 1, f->l[i], w);
		if (cholesky_f8(w, f->l[i], w) != 0)
			return NULL;
		if (next > 0)
			trsm_lower_f8(false, w, next, f->l[i], w, f->g[i], next);
	}
	return f;
}

void
level_cholesky_solve(void *factor, Size b, const double *x, double *y)
{
	const LevelCholesky *f = factor;
	const Levels *levels = &f->levels;
	Size		n = (Size) levels->n;
	double	   *z = huge_matrix(n, b);	/* columns are vectors, rows in the order of levels */

	for (Size at = 0; at < n; at++)
		for (Size j = 0; j < b; j++)
			z[at * b + j] = x[j * n + levels->row[at]];
	for (int i = 0; i < levels->n_blocks; i++)
	{
		Size		w = block_rows(levels, i);
		Size		next = block_rows(levels, i + 1);
		double	   *zi = z + (Size) levels->begin[i] * b;

		CHECK_FOR_INTERRUPTS();
		trsm_lower_f8(false, w, b, f->l[i], w, zi, b);
		if (next > 0)
			gemm_f8(true, false, next, b, w, -1, f->g[i], next, zi, b, 1, zi + w * b, b);
	}
	for (int i = levels->n_blocks - 1; i >= 0; i--)
	{
		Size		w = block_rows(levels, i);
		Size		next = block_rows(levels, i + 1);
		double	   *zi = z + (Size) levels->begin[i] * b;

		CHECK_FOR_INTERRUPTS();
		if (next > 0)
			gemm_f8(false, false, w, b, next, -1, f->g[i], next, zi + w * b, b, 1, zi, b);
		trsm_lower_f8(true, w, b, f->l[i], w, zi, b);
	}
	for (Size at = 0; at < n; at++)
		for (Size j = 0; j < b; j++)
			y[j * n + levels->row[at]] = z[at * b + j];
	pfree(z);
}
