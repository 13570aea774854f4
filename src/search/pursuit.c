/*
 * pursuit.c
 *		Matching pursuit (Mallat and Zhang 1993) and orthogonal matching pursuit
 *		(Pati, Rezaiifar and Krishnaprasad 1993): a row as a sum of few atoms, each
 *		the one that its residual points to most.
 *
 * Both choose the atom of the largest |<a, r>| / |a|.  Matching pursuit takes its
 * projection off the residual; the orthogonal kind fits all atoms chosen so far
 * anew, by a Cholesky factor of their products that grows by a row a step.
 *
 * Two ways to the products of the residual with all m atoms.  From the atoms' own
 * products G (Rubinstein, Zibulevsky and Elad 2008), D r = D x - G c: m flops a step and
 * chosen atom, after m^2 d flops for G.  Or from the residual itself, 2 m d flops a step,
 * one product for a block of rows.  The cheaper one is taken, so the last bits of
 * an answer may depend on how many rows come.
 *
 * Where two atoms are as good as each other (to 1e-12) the first is chosen, so that
 * rounding does not choose.  Rows are independent; a row's state outlives its task, which
 * stops after TASK_WORK, so that cancel is prompt.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/pursuit.h"
#include "stats/differences.h"

#define BLOCK_BYTES		((Size) 64 << 20)
#define BLOCK_ROWS_MAX	2048
#define GRAM_BYTES_MAX	((Size) 1 << 30)
#define ROWS_PER_TASK	4
#define TASK_WORK		2e7
#define AS_GOOD			(1 - 1e-12)
#define NOTHING_LEFT	1e-10	/* of |x|: what rounding leaves of a residual */
#define DEPENDENT		1e-12	/* of |a|^2: what is left of an atom that others make up */

typedef struct PursuitRow
{
	int			row;
	int			n;				/* atoms chosen */
	int			steps;
	double		xx;
	double		rr;				/* |residual|^2 */
	bool		done;
} PursuitRow;

typedef struct Pursuit
{
	const Atoms *a;
	PursuitOptions options;
	double	   *square;			/* m */
	double	   *inverse;		/* m: 1 / |a|, 0 for an atom of zeros */
	double	   *gram;			/* m x m, or NULL: by residuals */
	const Codes *codes;
	PursuitRow *rows;			/* those that are not done come first */
	int			n_rows;
	double	   *start;			/* a row x m: D x; with gram only */
	double	   *now;			/* a row x m: D r, of row i of 'rows' where there is no gram */
	double	   *residual;		/* a row x d; without gram only */
	double	   *gathered;		/* the residuals of the rows that are not done */
	double	   *x_chosen;		/* a row x k: <a, x> of the chosen; orthogonal only */
	double	   *factor;			/* a row x k (k + 1) / 2: rows of L; orthogonal only */
} Pursuit;

/* ---- choosing ---- */

HOT_LOOP static double
largest(const double *now, const double *inverse, Size m)
{
	double		most = 0;

#pragma omp simd reduction(max:most)
	for (Size j = 0; j < m; j++)
	{
		double		size = fabs(now[j]) * inverse[j];

		most = size > most ? size : most;
	}
	return most;
}

/* The atom that the residual points to most; -1 if there is nothing left of it. */
static int32
choose(const Pursuit *s, const PursuitRow *row, const double *now)
{
	double		most = largest(now, s->inverse, s->a->m);

	if (!(most > NOTHING_LEFT * sqrt(row->xx)))
		return -1;
	for (Size j = 0; j < s->a->m; j++)
		if (fabs(now[j]) * s->inverse[j] >= most * AS_GOOD)
			return (int32) j;
	return -1;
}

static int
place_of(const int32 *index, int n, int32 atom)
{
	for (int i = 0; i < n; i++)
		if (index[i] == atom)
			return i;
	return -1;
}

/* ---- the orthogonal fit ---- */

/* out = L^-1 of the atom's products with those chosen; what is left of its square. */
static double
eliminate(const Pursuit *s, const PursuitRow *row, const double *factor, const int32 *index, int32 atom, double *out)
{
	double		left = s->square[atom];

	for (int i = 0; i < row->n; i++)
	{
		const double *l = factor + (Size) i * (i + 1) / 2;
		double		sum = s->gram ? s->gram[(Size) atom * s->a->m + index[i]]
			: inner_product(s->a->atom + (Size) atom * s->a->d, s->a->atom + (Size) index[i] * s->a->d, s->a->d);

		for (int t = 0; t < i; t++)
			sum -= l[t] * out[t];
		out[i] = sum / l[i];
		left -= out[i] * out[i];
	}
	return left;
}

/* value = (L L')^-1 of the products of the chosen with x */
static void
fit_chosen(const PursuitRow *row, const double *factor, const double *x_chosen, double *value)
{
	for (int i = 0; i < row->n; i++)
	{
		const double *l = factor + (Size) i * (i + 1) / 2;

		value[i] = x_chosen[i];
		for (int t = 0; t < i; t++)
			value[i] -= l[t] * value[t];
		value[i] /= l[i];
	}
	for (int i = row->n - 1; i >= 0; i--)
	{
		const double *l = factor + (Size) i * (i + 1) / 2;

		value[i] /= l[i];
		for (int t = 0; t < i; t++)
			value[t] -= l[t] * value[i];
	}
}

/* Adds the atom and fits all anew; false if it is made up of those that are there. */
static bool
add_orthogonal(const Pursuit *s, PursuitRow *row, int32 atom, double x_atom)
{
	Size		k = s->codes->index_room;
	double	   *factor = s->factor + (Size) row->row * (k * (k + 1) / 2);
	double	   *x_chosen = s->x_chosen + row->row * k;
	int32	   *index = CODES_INDEX(s->codes, row->row);
	double	   *value = CODES_F8(s->codes, row->row);
	double	   *last = factor + (Size) row->n * (row->n + 1) / 2;
	double		left;

	if (place_of(index, row->n, atom) >= 0)
		return false;
	left = eliminate(s, row, factor, index, atom, last);
	if (!(left > DEPENDENT * s->square[atom]))
		return false;
	last[row->n] = sqrt(left);
	index[row->n] = atom;
	x_chosen[row->n++] = x_atom;
	fit_chosen(row, factor, x_chosen, value);
	row->rr = row->xx;
	for (int i = 0; i < row->n; i++)
		row->rr -= value[i] * x_chosen[i];
	return true;
}

/* ---- a step ---- */

/* out = from - sum of value[i] times row index[i] of a matrix of n columns */
HOT_LOOP static void
take_off(const double *restrict from, const double *restrict rows, Size n, int count, const int32 *index,
		 const double *value, double *restrict out)
{
	if (from != out)
		memcpy(out, from, n * sizeof(double));
	for (int i = 0; i < count; i++)
	{
		const double *restrict row = rows + (Size) index[i] * n;
		double		times = value[i];

		for (Size j = 0; j < n; j++)
			out[j] -= times * row[j];
	}
}

/* What D r, or r, becomes when these are taken off 'from'. */
static void
renew(const Pursuit *s, const PursuitRow *row, bool all, int count, const int32 *index, const double *value, const double *x)
{
	Size		n = s->gram ? s->a->m : s->a->d;
	double	   *out = (s->gram ? s->now : s->residual) + row->row * n;
	const double *from = all ? (s->gram ? s->start : x) + row->row * n : out;

	take_off(from, s->gram ? s->gram : s->a->atom, n, count, index, value, out);
}

/* One atom more; now: D r.  Returns the work done. */
static double
step(const Pursuit *s, PursuitRow *row, const double *now, const double *x)
{
	int32	   *index = CODES_INDEX(s->codes, row->row);
	double	   *value = CODES_F8(s->codes, row->row);
	Size		length = s->gram ? s->a->m : s->a->d;
	int32		atom = choose(s, row, now);

	row->done = true;
	if (atom < 0)
		return s->a->m;
	if (s->options.orthogonal)
	{
		double		x_atom = s->gram ? s->start[row->row * s->a->m + atom]
			: inner_product(s->a->atom + (Size) atom * s->a->d, x + row->row * s->a->d, s->a->d);

		if (!add_orthogonal(s, row, atom, x_atom))
			return s->a->m;
		renew(s, row, true, row->n, index, value, x);
	}
	else
	{
		double		amount = now[atom] / s->square[atom];
		int			at = place_of(index, row->n, atom);

		if (at < 0)
		{
			at = row->n++;
			index[at] = atom;
			value[at] = 0;
		}
		value[at] += amount;
		row->rr -= amount * now[atom];
		renew(s, row, false, 1, &atom, &amount, x);
	}
	row->done = ++row->steps >= s->options.k || row->rr <= s->options.tol * s->options.tol * row->xx;
	return (double) s->a->m + (double) length * (s->options.orthogonal ? row->n : 1);
}

typedef struct StepTask
{
	Pursuit    *s;
	const double *x;
} StepTask;

static void
step_task(int64 i, int worker, void *arg)
{
	const StepTask *t = arg;
	const Pursuit *s = t->s;
	int			end = Min(s->n_rows, (int) (i + 1) * ROWS_PER_TASK);
	double		work = 0;

	for (int r = (int) i * ROWS_PER_TASK; r < end && work < TASK_WORK; r++)
	{
		PursuitRow *row = &s->rows[r];

		if (s->gram == NULL)
			step(s, row, s->now + r * s->a->m, t->x);
		else
			while (!row->done && work < TASK_WORK)
				work += step(s, row, s->now + row->row * s->a->m, t->x);
	}
}

/* ---- a block ---- */

/* Those that are not done, in their order, to the front. */
static void
drop_done(Pursuit *s)
{
	int			left = 0;

	for (int r = 0; r < s->n_rows; r++)
		if (s->rows[r].done)
			s->codes->count[s->rows[r].row] = s->rows[r].n;
		else
			s->rows[left++] = s->rows[r];
	s->n_rows = left;
}

/* D r of the rows that are not done, from their residuals. */
static void
multiply_residuals(Pursuit *s)
{
	Size		m = s->a->m;
	Size		d = s->a->d;

	for (int r = 0; r < s->n_rows; r++)
		memcpy(s->gathered + r * d, s->residual + s->rows[r].row * d, d * sizeof(double));
	if (s->n_rows == 1)
		gemv_f8(false, m, d, 1, s->a->atom, d, s->gathered, 0, s->now);
	else
		gemm_f8(false, true, s->n_rows, m, d, 1, s->gathered, d, s->a->atom, d, 0, s->now, m);
}

static void
start_rows(Pursuit *s, int n, const double *x)
{
	Size		m = s->a->m;
	Size		d = s->a->d;

	for (int r = 0; r < n; r++)
	{
		PursuitRow *row = &s->rows[r];

		memset(row, 0, sizeof(PursuitRow));
		row->row = r;
		row->xx = row->rr = squared_length(x + r * d, d);
		row->done = row->xx == 0;
	}
	s->n_rows = n;
	if (s->gram)
	{
		gemm_f8(false, true, n, m, d, 1, x, d, s->a->atom, d, 0, s->now, m);
		if (s->options.orthogonal)
			memcpy(s->start, s->now, (Size) n * m * sizeof(double));
	}
	else
		memcpy(s->residual, x, (Size) n * d * sizeof(double));
}

static void
encode(const Coder *c, int n, const void *x)
{
	Pursuit    *s = c->method;
	StepTask	task = {s, x};

	c->codes->n = n;
	start_rows(s, n, x);
	drop_done(s);
	while (s->n_rows > 0)
	{
		if (s->gram == NULL)
			multiply_residuals(s);
		parallel_for((s->n_rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, 0, step_task, &task);
		drop_done(s);
	}
}

/* ---- making one ---- */

/* At most so many atoms are chosen: none of OMP's is chosen twice, or made up of d others. */
static Size
most_chosen(const Atoms *a, const PursuitOptions *options)
{
	Size		most = Min((Size) options->k, a->m);

	return options->orthogonal ? Min(most, a->d) : most;
}

static bool
gram_pays(const Atoms *a, const PursuitOptions *options, int64 n_rows)
{
	double		m = (double) a->m;
	double		k = options->orthogonal ? (double) most_chosen(a, options) : options->k;
	double		a_step = options->orthogonal ? k / 2 : 1;
	double		by_gram = m * m * (double) a->d + 2.0 * (double) n_rows * k * m * a_step;
	double		by_residuals = 2.0 * (double) n_rows * k * m * (double) a->d;

	return m * m * sizeof(double) <= GRAM_BYTES_MAX && by_gram < by_residuals;
}

static Size
row_bytes(const Atoms *a, const PursuitOptions *options, bool gram)
{
	Size		k = most_chosen(a, options);
	Size		elements = gram && options->orthogonal ? size_mul(2, a->m) : a->m;

	if (!gram)
		elements = size_add(elements, size_mul(2, a->d));
	if (options->orthogonal)
		elements = size_add(elements, size_add(size_mul(k, k + 1) / 2, k));
	return size_add(size_mul(elements, sizeof(double)), sizeof(PursuitRow) + codes_bytes(TENSOR_FLOAT8, 1, k, k));
}

int
pursuit_block_rows(const Atoms *a, const PursuitOptions *options, int64 n_rows)
{
	Size		rows = BLOCK_BYTES / row_bytes(a, options, gram_pays(a, options, n_rows));

	return (int) Max(1, Min(n_rows, Min(BLOCK_ROWS_MAX, (int64) rows)));
}

Size
pursuit_coder_bytes(const Atoms *a, const PursuitOptions *options, int rows, int64 n_rows)
{
	bool		gram = gram_pays(a, options, n_rows);
	Size		elements = size_add(size_mul(2, a->m), gram ? size_mul(a->m, a->m) : 0);

	return size_add(size_mul(elements, sizeof(double)), size_mul(rows, row_bytes(a, options, gram)));
}

Coder *
pursuit_coder(const Atoms *a, const PursuitOptions *options, int rows, int64 n_rows)
{
	Coder	   *c = palloc0(sizeof(Coder));
	Pursuit    *s = palloc0(sizeof(Pursuit));
	Size		k = most_chosen(a, options);

	c->d = a->d;
	c->m = a->m;
	c->dtype = TENSOR_FLOAT8;
	c->block_rows = rows;
	c->codes = codes_new(TENSOR_FLOAT8, rows, k, k);
	c->encode = encode;
	c->method = s;
	s->a = a;
	s->options = *options;
	s->codes = c->codes;
	s->rows = huge_alloc(rows * sizeof(PursuitRow));
	s->square = huge_matrix(1, a->m);
	s->inverse = huge_matrix(1, a->m);
	atoms_squares(a, s->square);
	for (Size j = 0; j < a->m; j++)
		s->inverse[j] = s->square[j] > 0 ? 1 / sqrt(s->square[j]) : 0;
	s->now = huge_matrix(rows, a->m);
	if (gram_pays(a, options, n_rows))
	{
		s->gram = huge_matrix(a->m, a->m);
		atoms_gram(a, s->gram);
		if (options->orthogonal)
			s->start = huge_matrix(rows, a->m);
	}
	else
	{
		s->residual = huge_matrix(rows, a->d);
		s->gathered = huge_matrix(rows, a->d);
	}
	if (options->orthogonal)
	{
		s->x_chosen = huge_matrix(rows, k);
		s->factor = huge_matrix(rows, k * (k + 1) / 2);
	}
	return c;
}
