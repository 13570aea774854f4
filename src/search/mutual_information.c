/*
 * mutual_information.c
 *		Mutual information between a real variable (a unit) and classes of rows, in nats.
 *
 * knn (Ross 2014, "Mutual information between discrete and continuous data sets";
 * scikit-learn's mutual_info_classif): row i of a class of N_i rows is r_i away
 * from its k-th nearest row of the class (k is N_i - 1 where the class has fewer);
 * m_i rows of any class are as near.  With psi the digamma function
 *
 *	 I = psi(N) - mean psi(N_i) + mean psi(k_i) - mean psi(m_i)
 *
 * over the N rows of classes of two rows or more, cut at 0.  k_i is k, or where
 * distances tie the number of rows of the class within r_i, itself not counted, as
 * it is for m_i: a unit that is silent for many rows (r_i 0) is measured
 * as it is (Gao, Kannan, Oh and Viswanath 2017 for r_i 0), and nothing needs
 * the noise that scikit-learn adds to tell equal values apart.
 *
 * One radix sort a unit.  A row's k nearest are a window of its class's sorted
 * values, which moves with the row; what ties and what is as near is found by
 * doubling steps from there: n (log n + log k) in all.
 *
 * bins: the unit's values in bins of equally many rows, equal values in the same
 * one, and the plug-in estimate sum p log(p / (p_bin p_class)).  It is biased upward by
 * about (bins - 1) (classes - 1) / 2n.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/mutual_information.h"

#define EULER_GAMMA 0.57721566490153286

Size
information_bytes(InformationMethod method, Size n, int n_classes, int number)
{
	Size		thread = size_add(rank_scratch_bytes(n), size_mul(n, 3 * sizeof(double) + sizeof(int32)));
	Size		classes = size_mul(size_add(n_classes, 1), 2 * sizeof(Size));

	thread = size_add(thread, classes);
	if (method == INFORMATION_BINS)
		thread = size_add(thread, size_mul(size_mul(number, n_classes), sizeof(int64)));
	return size_add(size_mul(thread, parallel_threads()), size_add(size_mul(n + 1, sizeof(double) + sizeof(int32)), classes));
}

/* psi(1) .. psi(n) */
static double *
digamma_table(Size n)
{
	double	   *psi = huge_alloc((n + 1) * sizeof(double));

	psi[0] = NAN;
	if (n > 0)
		psi[1] = -EULER_GAMMA;
	for (Size i = 2; i <= n; i++)
		psi[i] = psi[i - 1] + 1 / (double) (i - 1);
	return psi;
}

/* The rows of classes of least or more rows, and where each class starts among them. */
static void
choose_rows(InformationProblem *p, Size least)
{
	Size	   *size = huge_alloc0(((Size) p->n_classes + 1) * sizeof(Size));

	for (Size i = 0; i < p->n; i++)
		size[p->class[i]]++;
	p->start = huge_alloc(((Size) p->n_classes + 1) * sizeof(Size));
	p->start[0] = 0;
	for (int c = 0; c < p->n_classes; c++)
		p->start[c + 1] = p->start[c] + (size[c] >= least ? size[c] : 0);
	p->n_rows = p->start[p->n_classes];
	p->row = huge_alloc(Max(1, p->n_rows) * sizeof(int32));
	for (Size i = 0, at = 0; i < p->n; i++)
		if (size[p->class[i]] >= least)
			p->row[at++] = (int32) i;
	pfree(size);
}

InformationProblem *
information_problem(InformationMethod method, const int32 *class, Size n, int n_classes, int number)
{
	InformationProblem *p = palloc0(sizeof(InformationProblem));
	int			threads = parallel_threads();

	*p = (InformationProblem) {.method = method,.n = n,.n_classes = n_classes,.class = class,.number = number};
	choose_rows(p, method == INFORMATION_KNN ? 2 : 1);
	if (method == INFORMATION_KNN && p->n_rows > 0)
	{
		p->digamma = digamma_table(p->n_rows);
		p->constant = p->digamma[p->n_rows];
		for (int c = 0; c < n_classes; c++)
		{
			Size		size = p->start[c + 1] - p->start[c];

			if (size > 0)
				p->constant -= p->digamma[size] * ((double) size / (double) p->n_rows);
		}
	}
	p->scratch = palloc0(threads * sizeof(InformationScratch));
	for (int t = 0; t < threads; t++)
	{
		InformationScratch *s = &p->scratch[t];
		Size		room = Max(1, p->n_rows);

		rank_scratch_allocate(&s->rank, room);
		s->values = huge_alloc(room * sizeof(double));
		s->sorted = huge_alloc(room * sizeof(double));
		s->own = huge_alloc(room * sizeof(double));
		s->place = huge_alloc(room * sizeof(int32));
		s->filled = huge_alloc(((Size) n_classes + 1) * sizeof(Size));
		if (method == INFORMATION_BINS)
			s->cell = huge_alloc(size_mul(size_mul(number, n_classes), sizeof(int64)));
	}
	return p;
}

/* ---- nearest rows ---- */

/* How many of the values right before v[at] are within r of x, and how many right after it of n. */
static inline Size
within_before(const double *v, Size at, double x, double r)
{
	Size		low = 0;		/* so many are */
	Size		high = 1;

	while (high <= at && x - v[at - high] <= r)
	{
		low = high;
		high *= 2;
	}
	high = Min(high, at + 1);	/* so many are not */
	while (high - low > 1)
	{
		Size		middle = (low + high) / 2;

		if (x - v[at - middle] <= r)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static inline Size
within_after(const double *v, Size at, Size n, double x, double r)
{
	Size		low = 0;
	Size		high = 1;

	while (at + high < n && v[at + high] - x <= r)
	{
		low = high;
		high *= 2;
	}
	high = Min(high, n - at);
	while (high - low > 1)
	{
		Size		middle = (low + high) / 2;

		if (v[at + middle] - x <= r)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The sum of psi(k_i) - psi(m_i) over a class: own (size) its sorted values, place where they stand among all. */
static double
class_sum(const InformationProblem *p, const double *own, const int32 *place, Size size, const double *sorted)
{
	Size		k = Min(p->number, size - 1);
	Size		first = 0;		/* of the k + 1 values nearest to a row, itself among them */
	double		sum = 0;

	for (Size i = 0; i < size; i++)
	{
		double		x = own[i];
		double		r;
		Size		near;
		Size		of_any;

		while (first + k + 1 < size && own[first + k + 1] - x < x - own[first])
			first++;
		r = Max(x - own[first], own[first + k] - x);
		near = within_before(own, i, x, r) + within_after(own, i, size, x, r);
		of_any = within_before(sorted, place[i], x, r) + within_after(sorted, place[i], p->n_rows, x, r);
		sum += p->digamma[near] - p->digamma[of_any];
	}
	return sum;
}

static double
information_by_neighbours(const InformationProblem *p, const double *x, InformationScratch *s)
{
	RankOrder	order;
	double		sum = 0;

	for (Size i = 0; i < p->n_rows; i++)
		s->values[i] = x[p->row[i]];
	order = rank_order(&s->rank, p->n_rows, s->values, false);
	memcpy(s->filled, p->start, p->n_classes * sizeof(Size));
	for (Size i = 0; i < p->n_rows; i++)
	{
		uint32		at = rank_index(&order, i);
		Size		to = s->filled[p->class[p->row[at]]]++;

		s->sorted[i] = s->own[to] = s->values[at];
		s->place[to] = (int32) i;
	}
	for (int c = 0; c < p->n_classes; c++)
	{
		Size		start = p->start[c];

		if (p->start[c + 1] > start)
			sum += class_sum(p, s->own + start, s->place + start, p->start[c + 1] - start, s->sorted);
	}
	return Max(0, p->constant + sum / (double) p->n_rows);
}

/* ---- bins ---- */

static double
information_by_bins(const InformationProblem *p, const double *x, InformationScratch *s)
{
	RankOrder	order = rank_order(&s->rank, p->n, x, false);
	double		n = (double) p->n;
	double		sum = 0;
	Size		end;

	memset(s->cell, 0, p->number * p->n_classes * sizeof(int64));
	for (Size first = 0; first < p->n; first = end)
	{
		int64	   *bin;

		for (end = first + 1; end < p->n && rank_tied(&order, end);)
			end++;
		bin = s->cell + (first + end) * p->number / (2 * p->n) * p->n_classes;
		for (Size i = first; i < end; i++)
			bin[p->class[rank_index(&order, i)]]++;
	}
	for (Size b = 0; b < p->number; b++)
	{
		const int64 *bin = s->cell + b * p->n_classes;
		double		size = 0;

		for (int c = 0; c < p->n_classes; c++)
			size += (double) bin[c];
		for (int c = 0; c < p->n_classes; c++)
			if (bin[c] > 0)
				sum += (double) bin[c] / n * log((double) bin[c] / size * (n / (double) (p->start[c + 1] - p->start[c])));
	}
	return Max(0, sum);
}

double
information_of(const InformationProblem *p, const double *x, int worker)
{
	if (p->n_rows == 0)
		return NAN;
	return p->method == INFORMATION_KNN ? information_by_neighbours(p, x, &p->scratch[worker]) :
		information_by_bins(p, x, &p->scratch[worker]);
}
