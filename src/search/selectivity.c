/*
 * selectivity.c
 *		How each unit tells each class of rows from the others: means, d', AUC and the
 *		class selectivity index, one class against the rest.
 *
 * A unit's rows are ranked once for all classes (ties averaged): with R the sum of
 * the ranks of a class of n1 rows among n, AUC = (R - n1 (n1 + 1) / 2) / (n1 (n - n1))
 * (Mann and Whitney 1947).  d' is (m1 - m0) / sqrt((v1 + v0) / 2).  The class
 * selectivity index is that of Morcos, Barrett, Rabinowitz and Botvinick 2018, for each
 * class in the place of the most active one.
 *
 * Moments of the rest are sums over the other classes from both sides (prefix and
 * suffix, merged after Chan, Golub and LeVeque 1983), never total minus class: a
 * class that varies much more than the others would leave rounding errors in place
 * of their variance.
 *
 * d (n log n + k) steps; rows are read unit by unit.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/selectivity.h"
#include "search/unit_columns.h"
#include "stats/rank.h"

typedef struct Moments
{
	double		n;
	double		mean;
	double		squares;		/* about the mean */
	double		means;			/* sum of the classes' means */
	double		least;			/* of the classes' means */
	int			classes;		/* that have rows */
} Moments;

/* One thread's */
typedef struct SelectivityScratch
{
	RankScratch rank;
	double	   *ranks;			/* n */
	double	   *rank_sum;		/* k */
	Moments    *own;			/* k */
	Moments    *before;			/* k + 1: of classes 0 .. c - 1 */
	Moments    *after;			/* k + 1: of classes c .. k - 1 */
} SelectivityScratch;

typedef struct SelectivityWork
{
	const PointRows *rows;
	const double *size;			/* k */
	SelectivityScratch *scratch;
	UnitSelectivity *out;
} SelectivityWork;

double
selectivity_d_prime(double n1, double m1, double ss1, double n0, double m0, double ss0)
{
	double		difference = m1 - m0;

	if (n1 < 2 || n0 < 2)
		return NAN;
	return difference / sqrt((ss1 / (n1 - 1) + ss0 / (n0 - 1)) / 2);
}

static Moments
merged(const Moments *a, const Moments *b)
{
	double		n = a->n + b->n;
	double		delta = b->mean - a->mean;
	Moments		m = *a;

	if (a->n == 0)
		return *b;
	if (b->n == 0)
		return *a;
	m.n = n;
	m.mean += delta * (b->n / n);
	m.squares += b->squares + delta * delta * (a->n * (b->n / n));
	m.means += b->means;
	m.least = Min(m.least, b->least);
	m.classes += b->classes;
	return m;
}

/* Moments of each class, and of those before and after it. */
static void
class_moments(const SelectivityWork *w, const double *values, SelectivityScratch *s)
{
	const PointRows *r = w->rows;
	int			k = r->n_labels;

	memset(s->own, 0, k * sizeof(Moments));
	/* about the class's first row, so that a constant is constant exactly */
	for (int i = 0; i < r->n; i++)
	{
		Moments    *m = &s->own[r->label[i]];

		if (m->n == 0)
			*m = (Moments) {.n = w->size[r->label[i]],.least = values[i],.classes = 1};
		m->mean += values[i] - m->least;
	}
	for (int c = 0; c < k; c++)
		if (s->own[c].n > 0)
		{
			Moments    *m = &s->own[c];

			m->means = m->mean = m->least + m->mean / m->n;
			m->least = m->mean;
		}
	for (int i = 0; i < r->n; i++)
	{
		Moments    *m = &s->own[r->label[i]];
		double		deviation = values[i] - m->mean;

		m->squares += deviation * deviation;
	}
	memset(&s->before[0], 0, sizeof(Moments));
	memset(&s->after[k], 0, sizeof(Moments));
	for (int c = 0; c < k; c++)
		s->before[c + 1] = merged(&s->before[c], &s->own[c]);
	for (int c = k - 1; c >= 0; c--)
		s->after[c] = merged(&s->own[c], &s->after[c + 1]);
}

static UnitSelectivity
one_class(const Moments *own, const Moments *rest, double rank_sum)
{
	UnitSelectivity out = {own->mean, NAN, NAN, NAN, NAN};
	double		others;

	if (own->n == 0)
		return (UnitSelectivity) {NAN, NAN, NAN, NAN, NAN};
	if (rest->n == 0)
		return out;
	out.rest = rest->mean;
	out.d_prime = selectivity_d_prime(own->n, own->mean, own->squares, rest->n, rest->mean, rest->squares);
	out.auc = (rank_sum - own->n * (own->n + 1) / 2) / (own->n * rest->n);
	others = rest->means / rest->classes;
	if (own->mean >= 0 && rest->least >= 0)
		out.index = (own->mean - others) / (own->mean + others);
	return out;
}

static void
select_unit(int unit, const double *values, int worker, bool interruptible, void *arg)
{
	const SelectivityWork *w = arg;
	const PointRows *r = w->rows;
	SelectivityScratch *s = &w->scratch[worker];
	int			k = r->n_labels;

	class_moments(w, values, s);
	rank_average(&s->rank, r->n, values, s->ranks, interruptible);
	memset(s->rank_sum, 0, k * sizeof(double));
	for (int i = 0; i < r->n; i++)
		s->rank_sum[r->label[i]] += s->ranks[i];
	for (int c = 0; c < k; c++)
	{
		Moments		rest = merged(&s->before[c], &s->after[c + 1]);

		w->out[(Size) unit * k + c] = one_class(&s->own[c], &rest, s->rank_sum[c]);
	}
}

static Size
scratch_bytes(const PointRows *r)
{
	Size		thread = size_add(rank_scratch_bytes(r->n), size_mul(r->n, sizeof(double)));

	thread = size_add(thread, size_mul((Size) r->n_labels + 1, sizeof(double) + 3 * sizeof(Moments)));
	return size_add(size_add(size_mul(thread, parallel_threads()), size_mul(r->n_labels, sizeof(double))), unit_columns_bytes(r));
}

void
selectivity(const PointRows *r, UnitSelectivity *out)
{
	Size		k = r->n_labels;
	int			threads = parallel_threads();
	MemoryContext scratch = scratch_create("selectivity", scratch_bytes(r), "Take fewer rows, a random part of them.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *size = huge_alloc0(k * sizeof(double));
	SelectivityWork w = {r, size, palloc(threads * sizeof(SelectivityScratch)), out};

	for (int i = 0; i < r->n; i++)
		size[r->label[i]]++;
	for (int t = 0; t < threads; t++)
	{
		SelectivityScratch *s = &w.scratch[t];

		rank_scratch_allocate(&s->rank, r->n);
		s->ranks = huge_alloc(r->n * sizeof(double));
		s->rank_sum = huge_alloc(k * sizeof(double));
		s->own = huge_alloc(k * sizeof(Moments));
		s->before = huge_alloc((k + 1) * sizeof(Moments));
		s->after = huge_alloc((k + 1) * sizeof(Moments));
	}
	unit_columns(r, "selectivity", 100, select_unit, &w);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
