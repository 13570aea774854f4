/*
 * ista.c
 *		Codes c of a row x that minimise |x - c D|^2 / 2 + lambda sum |c|^q.
 *
 * q = 1 is the lasso, convex, so any way there is as good: coordinate descent
 * (stats/lasso.c) until the duality gap is tol^2 |x|^2.
 *
 * q < 1 is not convex, and the answer is where iterative thresholding from c = 0
 * ends (Daubechies, Defrise and De Mol 2004; Blumensath and Davies 2008 for q = 0;
 * Xu et al. 2012 for q = 1/2): c <- T(c + (x - c D) D' / L), L the largest eigenvalue of
 * D D', T the minimiser for a single element, hard for q = 0.  Each step lowers the objective.
 *
 * With the atoms' products G a step costs m for each active element, since
 * (x - c D) D' = x D' - c G.  Rows are independent; a row's state outlives its task, which
 * stops after TASK_WORK, so that cancel is prompt.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/ista.h"
#include "stats/differences.h"
#include "stats/lasso.h"

#define BLOCK_BYTES		((Size) 32 << 20)
#define BLOCK_ROWS_MAX	1024
#define ROWS_PER_TASK	4
#define TASK_WORK		2e7
#define LASSO_TOL_LEAST 1e-16	/* what rounding leaves of a duality gap */

typedef struct Ista
{
	const Atoms *a;
	const IstaGram *gram;
	IstaOptions options;
	const Codes *codes;
	Lasso	   *lasso;			/* q = 1 */

	/* q < 1: rows x m */
	double	   *start;			/* x D' */
	double	   *code;
	double	   *gradient;		/* x D' - c G, a worker */
	int		   *steps;			/* a row */
	int		   *pending;
	bool	   *done;
	int			n_pending;
} Ista;

/*
 * Below the threshold 0 is better.  Over it, the larger root of c - z + penalty q c^(q - 1),
 * which is convex, so that Newton's steps from z come down to it without passing it.
 */
double
ista_threshold(double z, double penalty, double q)
{
	double		size = fabs(z);
	double		c = size;
	double		turn;

	if (penalty == 0)
		return z;
	if (q == 1)
		return size > penalty ? copysign(size - penalty, z) : 0;
	turn = pow(2 * penalty * (1 - q), 1 / (2 - q));
	if (!(size > (2 - q) / (2 - 2 * q) * turn))
		return 0;
	if (q == 0)
		return z;
	for (int i = 0; i < 100; i++)
	{
		double		slope = penalty * q * pow(c, q - 1);
		double		next = c - (c - size + slope) / (1 + slope * (q - 1) / c);

		if (!(next < c * (1 - 1e-15)))
			break;
		c = next;
	}
	return copysign(c, z);
}

/* ---- a step ---- */

HOT_LOOP static void
take_off_row(double *restrict out, const double *restrict row, Size m, double times)
{
	for (Size j = 0; j < m; j++)
		out[j] -= times * row[j];
}

/* Returns the work done. */
static double
step(const Ista *s, int row, double *gradient)
{
	Size		m = s->a->m;
	double	   *code = s->code + row * m;
	double		penalty = s->options.lambda / s->gram->largest;
	double		moved = 0;
	double		most = 0;
	Size		active = 0;

	memcpy(gradient, s->start + row * m, m * sizeof(double));
	for (Size j = 0; j < m; j++)
		if (code[j] != 0)
		{
			take_off_row(gradient, s->gram->gram + j * m, m, code[j]);
			active++;
		}
	for (Size j = 0; j < m; j++)
	{
		double		new = ista_threshold(code[j] + gradient[j] / s->gram->largest, penalty, s->options.q);

		moved = Max(moved, fabs(new - code[j]));
		most = Max(most, fabs(new));
		code[j] = new;
	}
	s->done[row] = ++s->steps[row] >= s->options.max_iter || moved <= s->options.tol * most;
	return (double) m * (4.0 + (double) active);
}

static void
step_task(int64 i, int worker, void *arg)
{
	const Ista *s = arg;
	int			end = Min(s->n_pending, (int) (i + 1) * ROWS_PER_TASK);
	double	   *gradient = s->gradient + (Size) worker * s->a->m;
	double		work = 0;

	for (int r = (int) i * ROWS_PER_TASK; r < end && work < TASK_WORK; r++)
		while (!s->done[s->pending[r]] && work < TASK_WORK)
			work += step(s, s->pending[r], gradient);
}

/* ---- a block ---- */

/* What is not 0 of rows of m. */
static void
gather(const Codes *codes, Size m, const double *code)
{
	for (int i = 0; i < codes->n; i++)
	{
		int			n = 0;

		for (Size j = 0; j < m; j++)
			if (code[i * m + j] != 0)
			{
				CODES_INDEX(codes, i)[n] = (int32) j;
				CODES_F8(codes, i)[n++] = code[i * m + j];
			}
		codes->count[i] = n;
	}
}

static void
encode_thresholded(Ista *s, int n, const double *x)
{
	Size		m = s->a->m;

	gemm_f8(false, true, n, m, s->a->d, 1, x, s->a->d, s->a->atom, s->a->d, 0, s->start, m);
	memset(s->code, 0, (Size) n * m * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		s->pending[i] = i;
		s->steps[i] = 0;
		s->done[i] = s->gram->largest == 0;
	}
	s->n_pending = n;
	while (s->n_pending > 0)
	{
		int			left = 0;

		parallel_for((s->n_pending + ROWS_PER_TASK - 1) / ROWS_PER_TASK, 0, step_task, s);
		for (int r = 0; r < s->n_pending; r++)
			if (!s->done[s->pending[r]])
				s->pending[left++] = s->pending[r];
		s->n_pending = left;
	}
	gather(s->codes, m, s->code);
}

static void
encode_lasso(Ista *s, int n, const double *x)
{
	Lasso	   *lasso = s->lasso;
	Size		m = s->a->m;

	lasso->nt = lasso->n_pending = n;
	gemm_f8(false, true, n, m, s->a->d, 1, x, s->a->d, s->a->atom, s->a->d, 0, lasso->xy, m);
	memcpy(lasso->gradient, lasso->xy, (Size) n * m * sizeof(double));
	memset(lasso->weights, 0, (Size) n * m * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		lasso->pending[i] = i;
		lasso->yy[i] = squared_length(x + i * s->a->d, s->a->d);
		lasso->l1[i] = s->options.lambda;
		lasso->l2[i] = 0;
	}
	lasso_solve(lasso);
	gather(s->codes, m, lasso->weights);
}

static void
encode(const Coder *c, int n, const void *x)
{
	Ista	   *s = c->method;

	c->codes->n = n;
	if (s->lasso)
		encode_lasso(s, n, x);
	else
		encode_thresholded(s, n, x);
}

/* ---- making one ---- */

Size
ista_gram_bytes(Size m)
{
	return size_add(size_mul(size_mul(m, m), sizeof(double)), size_add(size_mul(m, sizeof(double)), eigh_top_scratch(m)));
}

void
ista_gram(const Atoms *a, IstaGram *out)
{
	double	   *gram = huge_matrix(a->m, a->m);
	double	   *vector = huge_matrix(1, a->m);

	atoms_gram(a, gram);
	out->gram = gram;
	out->largest = eigh_top_f8(a->m, gram, vector);
	pfree(vector);
}

int
ista_block_rows(Size m, int64 n)
{
	Size		rows = BLOCK_BYTES / size_mul(m, 3 * sizeof(double));

	return (int) Max(1, Min(n, Min(BLOCK_ROWS_MAX, (int64) rows)));
}

Size
ista_coder_bytes(Size m, const IstaOptions *options, int rows)
{
	Size		codes = codes_bytes(TENSOR_FLOAT8, rows, m, m);
	Size		elements = size_mul(m, size_add(size_mul(2, rows), parallel_threads()));

	if (options->q == 1)
		return size_add(codes, lasso_bytes((int) m, rows));
	return size_add(codes, size_add(size_mul(elements, sizeof(double)), size_mul(rows, 2 * sizeof(int) + sizeof(bool))));
}

Coder *
ista_coder(const Atoms *a, const IstaGram *gram, const IstaOptions *options, int rows)
{
	Coder	   *c = palloc0(sizeof(Coder));
	Ista	   *s = palloc0(sizeof(Ista));

	c->d = a->d;
	c->m = a->m;
	c->dtype = TENSOR_FLOAT8;
	c->block_rows = rows;
	c->codes = codes_new(TENSOR_FLOAT8, rows, a->m, a->m);
	c->encode = encode;
	c->method = s;
	s->a = a;
	s->gram = gram;
	s->options = *options;
	s->codes = c->codes;
	if (options->q == 1)
	{
		s->lasso = lasso_new((int) a->m, rows);
		s->lasso->xx = gram->gram;
		s->lasso->max_iter = options->max_iter;
		s->lasso->tol = Max(options->tol * options->tol, LASSO_TOL_LEAST);
		return c;
	}
	s->start = huge_matrix(rows, a->m);
	s->code = huge_matrix(rows, a->m);
	s->gradient = huge_matrix(parallel_threads(), a->m);
	s->steps = palloc(rows * sizeof(int));
	s->pending = palloc(rows * sizeof(int));
	s->done = palloc(rows * sizeof(bool));
	return c;
}
