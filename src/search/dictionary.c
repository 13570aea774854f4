/*
 * dictionary.c
 *		Online dictionary learning (Mairal, Bach, Ponce and Sapiro 2009): atoms D
 *		(k x d, of length at most 1) and codes C that minimise the mean over rows x of
 *		|x - c D|^2 / 2 + alpha |c|_1.
 *
 * A mini-batch's codes are lassos that share D D' (stats/lasso.c).  Then the means
 * A of c'c and B of c'x, in which earlier batches fade, hold all there is to know
 * for a better D: one pass of block coordinate descent over its atoms.
 *
 * The subtleties.  Earlier batches were coded by worse dictionaries: the means are
 * over the last pass, no longer.  The problem is not convex, and an atom that is
 * a copy of another, or used by no row, would stay so: after each of the first
 * passes it is replaced by what codes leave of the row that they represent worst (as in
 * K-SVD, Aharon, Elad and Bruckstein 2006).  Further starts do the same to the atom of the best
 * solution so far that is missed least: mostly it is one true atom that is
 * missing and another that is there twice, and a random start would lose others.
 *
 * Cost, a pass: 2 n k (2 d + k) flops, and the lassos; k^2 d a batch.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "search/atoms.h"
#include "search/dictionary.h"
#include "stats/differences.h"
#include "stats/lasso.h"

#define FIRST_STREAM	1		/* of random numbers: the first atoms; passes follow */
#define LASSO_CYCLES	1000
#define LASSO_TOL		1e-6
#define LASSO_TOL_LAST	1e-10
#define PATIENCE		5		/* passes without a better objective */
#define COPY			0.98	/* cosine of two atoms that are one */
#define REPLACING		0.5		/* of the passes */
#define UNUSED			1e-12	/* of the largest mean square of codes */

typedef struct Learning
{
	Size		n;
	Size		d;
	const double *x;
	const DictionaryOptions *options;
	Size		k;
	double	   *atom;			/* k x d */
	double	   *gram;			/* k x k */
	double	   *codes_squared;	/* A */
	double	   *codes_x;		/* B, k x d */
	double	   *scratch;		/* d */
	double	   *batch;			/* batch_size x d */
	double	   *loss;			/* n: squared residuals in this pass */
	int64	   *order;			/* n: the rows of this pass */
	Lasso	   *lasso;
	int64		batches;		/* so far */
	uint64		stream;			/* of random numbers: of the start's first pass */
	double	   *used;			/* k: sum of |c| */
	double	   *sign;			/* k: sum of c */
	double		n_active;
} Learning;

/* ---- codes ---- */

/* Codes of n rows of the batch, into lasso->weights; sets each one's squared residual, returns the sum of the objective. */
static double
encode(Learning *s, int n, const int64 *row)
{
	Lasso	   *lasso = s->lasso;
	Size		k = s->k;
	double		sum = 0;

	lasso->nt = lasso->n_pending = n;
	gemm_f8(false, true, n, k, s->d, 1, s->batch, s->d, s->atom, s->d, 0, lasso->xy, k);
	memcpy(lasso->gradient, lasso->xy, (Size) n * k * sizeof(double));
	memset(lasso->weights, 0, (Size) n * k * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		lasso->pending[i] = i;
		lasso->yy[i] = squared_length(s->batch + i * s->d, s->d);
		lasso->l1[i] = s->options->alpha;
		lasso->l2[i] = 0;
	}
	lasso_solve(lasso);
	for (int i = 0; i < n; i++)
	{
		double		residual = lasso->yy[i];
		double		size = 0;

		for (Size j = 0; j < k; j++)
		{
			double		c = lasso->weights[i * k + j];

			if (c == 0)
				continue;
			residual -= c * (lasso->xy[i * k + j] + lasso->gradient[i * k + j]);
			size += fabs(c);
			s->used[j] += fabs(c);
			s->sign[j] += c;
			s->n_active++;
		}
		residual = Max(residual, 0);
		s->loss[row[i]] = residual;
		sum += residual / 2 + s->options->alpha * size;
	}
	return sum;
}

/* Rows first .. first + n - 1 of this pass into the batch. */
static void
gather(Learning *s, Size first, int n)
{
	for (int i = 0; i < n; i++)
		memcpy(s->batch + i * s->d, s->x + s->order[first + i] * s->d, s->d * sizeof(double));
}

/* ---- atoms ---- */

/* A and B: means over the batches of the last pass. */
static void
remember(Learning *s, int n)
{
	Size		k = s->k;
	int64		a_pass = (int64) ((s->n + s->options->batch_size - 1) / s->options->batch_size);
	const double *codes = s->lasso->weights;
	double		share;

	s->batches++;
	share = 1.0 / (double) Min(s->batches, a_pass);
	gemm_f8(true, false, k, k, n, share / n, codes, k, codes, k, 1 - share, s->codes_squared, k);
	gemm_f8(true, false, k, s->d, n, share / n, codes, k, s->batch, s->d, 1 - share, s->codes_x, s->d);
}

static void
improve_atoms(Learning *s)
{
	Size		k = s->k;
	Size		d = s->d;
	double		most = 0;

	for (Size j = 0; j < k; j++)
		most = Max(most, s->codes_squared[j * k + j]);
	for (Size j = 0; j < k; j++)
	{
		double		square = s->codes_squared[j * k + j];
		double	   *atom = s->atom + j * d;
		double		length;

		if (!(square > UNUSED * most))
			continue;
		memcpy(s->scratch, s->codes_x + j * d, d * sizeof(double));
		gemv_f8(true, d, k, -1, s->atom, d, s->codes_squared + j * k, 1, s->scratch);
		for (Size e = 0; e < d; e++)
			atom[e] += s->scratch[e] / square;
		length = sqrt(squared_length(atom, d));
		for (Size e = 0; length > 1 && e < d; e++)
			atom[e] /= length;
	}
}

static void
renew_gram(Learning *s)
{
	Atoms		atoms = {s->k, s->d, s->atom};

	atoms_gram(&atoms, s->gram);
}

/* Row i as atom j; false for a row of zeros. */
static bool
take_row(Learning *s, Size j, int64 i)
{
	const double *row = s->x + i * s->d;
	double		length = sqrt(squared_length(row, s->d));

	for (Size e = 0; length > 0 && e < s->d; e++)
		s->atom[j * s->d + e] = row[e] / length;
	return length > 0;
}

/* What the code of the row that is worst represented leaves of it, as atom j; false if all rows are whole. */
static bool
take_worst_row(Learning *s, Size j)
{
	int64		worst = 0;
	double		length;

	for (Size i = 1; i < s->n; i++)
		if (s->loss[i] > s->loss[worst])
			worst = (int64) i;
	if (s->loss[worst] == 0)
		return false;
	memcpy(s->batch, s->x + worst * s->d, s->d * sizeof(double));
	encode(s, 1, &worst);
	gemv_f8(true, s->d, s->k, -1, s->atom, s->d, s->lasso->weights, 1, s->batch);
	length = sqrt(squared_length(s->batch, s->d));
	s->loss[worst] = 0;
	for (Size e = 0; length > 0 && e < s->d; e++)
		s->atom[j * s->d + e] = s->batch[e] / length;
	return length > 0;
}

/* Is atom j used by no row, or a copy of one before it? */
static bool
is_needless(const Learning *s, Size j)
{
	if (s->used[j] == 0)
		return true;
	for (Size i = 0; i < j; i++)
	{
		double		product = s->gram[i * s->k + j];

		if (product * product >= COPY * COPY * s->gram[i * s->k + i] * s->gram[j * s->k + j])
			return true;
	}
	return false;
}

static void
replace_needless(Learning *s)
{
	Size		k = s->k;

	for (Size j = 0; j < k; j++)
	{
		if (!is_needless(s, j))
			continue;
		if (!take_worst_row(s, j))
			return;
		memset(s->codes_x + j * s->d, 0, s->d * sizeof(double));
		for (Size i = 0; i < k; i++)
			s->codes_squared[i * k + j] = s->codes_squared[j * k + i] = 0;
	}
}

typedef struct AtomUse
{
	double		used;
	Size		j;
} AtomUse;

static int
compare_use(const void *a, const void *b)
{
	const AtomUse *x = a;
	const AtomUse *y = b;

	if (x->used != y->used)
		return x->used > y->used ? -1 : 1;
	return x->j < y->j ? -1 : x->j > y->j;
}

/* The atom that is missed least but for 'but' others: what of its codes' squares the next one could not take over. */
static Size
least_missed(const Learning *s, int but)
{
	Size		k = s->k;
	AtomUse    *use = huge_alloc(k * sizeof(AtomUse));
	Size		found;

	for (Size j = 0; j < k; j++)
	{
		double		next = 0;

		for (Size i = 0; i < k; i++)
		{
			double		lengths = s->gram[i * k + i] * s->gram[j * k + j];

			if (i != j && lengths > 0)
				next = Max(next, s->gram[i * k + j] * s->gram[i * k + j] / lengths);
		}
		use[j] = (AtomUse) {s->codes_squared[j * k + j] * (1 - next), j};
	}
	qsort(use, k, sizeof(AtomUse), compare_use);
	found = use[k - 1 - (Size) but % k].j;
	pfree(use);
	return found;
}

/* Random rows that differ in direction, then any that are not zero, then random directions. */
static void
first_atoms(Learning *s)
{
	RandomStream random;
	Size		j = 0;

	random_start(&random, s->options->seed, FIRST_STREAM);
	random_permute(&random, s->order, (int64) s->n);
	for (Size i = 0; i < s->n && j < s->k; i++)
	{
		bool		copy = !take_row(s, j, s->order[i]);

		for (Size other = 0; other < j && !copy; other++)
		{
			double		squared = squared_difference(s->atom + other * s->d, s->atom + j * s->d, s->d);

			copy = Min(squared, 4 - squared) < 2 * (1 - COPY);
		}
		CHECK_FOR_INTERRUPTS();
		j += !copy;
	}
	for (; j < s->k; j++)
	{
		double		length;

		for (Size e = 0; e < s->d; e++)
			s->atom[j * s->d + e] = random_gaussian(&random);
		length = sqrt(squared_length(s->atom + j * s->d, s->d));
		for (Size e = 0; e < s->d; e++)
			s->atom[j * s->d + e] /= length;
	}
}

/* ---- passes ---- */

static void
clear_counts(Learning *s)
{
	memset(s->used, 0, s->k * sizeof(double));
	memset(s->sign, 0, s->k * sizeof(double));
	s->n_active = 0;
}

/* One pass over the rows; returns the mean objective, by the dictionaries of the time. */
static double
pass(Learning *s, int number, bool learn)
{
	RandomStream random;
	double		sum = 0;

	clear_counts(s);
	if (learn)
	{
		random_start(&random, s->options->seed, s->stream + (uint64) number);
		random_permute(&random, s->order, (int64) s->n);
	}
	for (Size first = 0; first < s->n; first += s->options->batch_size)
	{
		int			n = (int) Min((Size) s->options->batch_size, s->n - first);

		gather(s, first, n);
		sum += encode(s, n, s->order + first);
		if (learn)
		{
			remember(s, n);
			improve_atoms(s);
			renew_gram(s);
		}
		progress_add(n);
	}
	return sum / (double) s->n;
}

/* Most used first, codes positive in sum. */
static double *
in_order(const Learning *s)
{
	AtomUse    *use = huge_alloc(s->k * sizeof(AtomUse));
	double	   *atom = huge_matrix(s->k, s->d);

	for (Size j = 0; j < s->k; j++)
		use[j] = (AtomUse) {s->used[j], j};
	qsort(use, s->k, sizeof(AtomUse), compare_use);
	for (Size j = 0; j < s->k; j++)
		for (Size e = 0; e < s->d; e++)
		{
			double		value = s->atom[use[j].j * s->d + e];

			atom[j * s->d + e] = s->sign[use[j].j] < 0 ? 0 - value : value;
		}
	pfree(use);
	return atom;
}

Size
dictionary_learn_bytes(Size n, Size d, const DictionaryOptions *options)
{
	Size		k = options->k;
	Size		elements = size_add(size_mul(k, size_add(size_mul(4, k), size_add(size_mul(5, d), 6))),
									size_mul(options->batch_size + 1, d));

	return size_add(size_add(size_mul(elements, sizeof(double)), lasso_bytes(options->k, options->batch_size)),
					size_mul(n, 2 * sizeof(double) + sizeof(int64)));
}

/* Passes from the atoms at hand until they settle; returns the objective, counts being those of the end. */
static double
settle(Learning *s, int start, int *iterations)
{
	const DictionaryOptions *options = s->options;
	double		best = INFINITY;
	int			since = 0;

	s->stream = FIRST_STREAM + 1 + (uint64) start * (uint64) options->max_iter;
	s->batches = 0;
	s->lasso->tol = LASSO_TOL;
	renew_gram(s);
	*iterations = 0;
	while (*iterations < options->max_iter && since < PATIENCE)
	{
		double		objective = pass(s, (*iterations)++, true);

		since = objective < best * (1 - options->tol) ? 0 : since + 1;
		best = Min(best, objective);
		if (*iterations < REPLACING * options->max_iter)
		{
			replace_needless(s);
			renew_gram(s);
		}
	}
	progress_add((double) s->n * (options->max_iter - *iterations));
	s->lasso->tol = LASSO_TOL_LAST;
	return pass(s, 0, false);
}

/* What a start ends with, to be taken up again. */
typedef struct Settled
{
	double	   *atom;
	double	   *codes_squared;
	double	   *loss;
} Settled;

static void
copy_settled(const Learning *s, Settled *kept, bool back)
{
	double	   *mine[] = {s->atom, s->codes_squared, s->loss};
	double	   *its[] = {kept->atom, kept->codes_squared, kept->loss};
	Size		elements[] = {s->k * s->d, s->k * s->k, s->n};

	for (int i = 0; i < (int) lengthof(mine); i++)
		memcpy(back ? mine[i] : its[i], back ? its[i] : mine[i], elements[i] * sizeof(double));
}

static void
learn_best(Learning *s, Dictionary *result)
{
	Settled		kept = {huge_matrix(s->k, s->d), huge_matrix(s->k, s->k), huge_matrix(1, s->n)};
	int			failed = 0;

	first_atoms(s);
	for (int start = 0; start < s->options->n_init; start++)
	{
		double		objective;
		int			iterations;

		if (start > 0)
		{
			copy_settled(s, &kept, true);
			renew_gram(s);
			if (!take_worst_row(s, least_missed(s, failed++)))
				break;
		}
		objective = settle(s, start, &iterations);
		result->iterations += iterations;
		if (start > 0 && !(objective < result->objective))
			continue;
		failed = 0;
		copy_settled(s, &kept, false);
		result->objective = objective;
		result->active = s->n_active / (double) s->n;
		if (result->atom)
			pfree(result->atom);
		result->atom = in_order(s);
	}
}

Dictionary *
dictionary_learn(Size n, Size d, const double *x, const DictionaryOptions *options)
{
	Learning	s = {.n = n, .d = d, .x = x, .options = options, .k = options->k};
	Dictionary *result = palloc0(sizeof(Dictionary));

	s.atom = huge_matrix(s.k, d);
	s.gram = huge_matrix(s.k, s.k);
	s.codes_squared = huge_alloc0(s.k * s.k * sizeof(double));
	s.codes_x = huge_alloc0(s.k * d * sizeof(double));
	s.scratch = huge_matrix(1, d);
	s.batch = huge_matrix(options->batch_size, d);
	s.loss = huge_matrix(1, n);
	s.order = huge_alloc(n * sizeof(int64));
	s.used = huge_matrix(1, s.k);
	s.sign = huge_matrix(1, s.k);
	s.lasso = lasso_new(options->k, options->batch_size);
	s.lasso->xx = s.gram;
	s.lasso->max_iter = LASSO_CYCLES;
	progress_begin("dictionary learning", (double) n * (options->max_iter + 1) * options->n_init);
	learn_best(&s, result);
	progress_end();
	return result;
}
