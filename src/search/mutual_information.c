/*
 * mutual_information.c
 *		Mutual information between a real variable (a unit) and classes of rows, in nats.
 *
 * knn (Ross 2014, "Mutual information between discrete and continuous data sets";
 * scikit-learn's mutual_info_classif): row i of a class of N_i rows is r_i away
 * from its k-th nearest row of the class (k is N_i - 1 where the class has fewer),
 * and m_i rows of any class are as near.  With psi the digamma function
 *
 *	 I = psi(N) - mean psi(N_i) + mean psi(k_i) - mean psi(m_i)
 *
 * over the N rows of classes of two rows or more, cut at 0.
 *
 * The subtlety is ties: units are silent for many rows, or take few values.
 * scikit-learn adds a little noise, so that chance says which of the tied rows are
 * the nearer.  Here the estimate is the mean over that chance.  Let S rows be
 * nearer than r_i and T at r_i, s and t of them of the row's class.  The k-th of
 * the class comes as number m' among the T, and where S is 0 then
 * E psi(m') = psi(k) + psi(T + 1) - psi(t + 1) exactly (the k-th smallest of t of T
 * uniform variables has E log u = psi(k) - psi(t + 1); as number m' of them all it
 * has psi(m') - psi(T + 1)).  Otherwise m_i is taken at the mean of S + m', which is
 * S + (k - s)(T + 1) / (t + 1).  Without ties both are Ross's own.
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
#include "base/progress.h"
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

/* psi(x), x >= 1: DLMF 5.5.2 up to 10, then 5.11.2 */
static double
digamma(double x)
{
	double		before = 0;
	double		s;

	while (x < 10)
		before -= 1 / x++;
	s = 1 / (x * x);
	return before + log(x) - 0.5 / x - s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s / 132))));
}

/* Is the value so many steps before or after v[at] nearer to it than r, or also at r? */
static inline bool
is_near(const double *v, Size at, Size steps, bool after, double r, bool also_at_r)
{
	double		distance = after ? v[at + steps] - v[at] : v[at] - v[at - steps];

	return also_at_r ? distance <= r : distance < r;
}

/* How many of n sorted values but v[at] are: by doubling steps and halving. */
static Size
count_near(const double *v, Size at, Size n, double r, bool also_at_r)
{
	Size		count = 0;

	for (int after = 0; after < 2; after++)
	{
		Size		room = after ? n - 1 - at : at;
		Size		near = 0;	/* so many are */
		Size		far = 1;	/* so many are not, or there are not as many */

		while (far <= room && is_near(v, at, far, after, r, also_at_r))
		{
			near = far;
			far *= 2;
		}
		far = Min(far, room + 1);
		while (far - near > 1)
		{
			Size		middle = (near + far) / 2;

			if (is_near(v, at, middle, after, r, also_at_r))
				near = middle;
			else
				far = middle;
		}
		count += near;
	}
	return count;
}

/* psi(k) - E psi(m_i) of a row: own[i] (of size) in its class, sorted[place] (of n) among all */
static double
row_term(const double *psi, const double *own, Size i, Size size, const double *sorted, Size place, Size n, Size k, double r)
{
	Size		nearer = count_near(sorted, place, n, r, false);
	Size		tied = count_near(sorted, place, n, r, true) - nearer;
	Size		own_nearer;
	Size		own_tied;

	if (tied == 1)
		return psi[k] - psi[nearer + 1];
	own_nearer = count_near(own, i, size, r, false);
	own_tied = count_near(own, i, size, r, true) - own_nearer;
	if (nearer == 0)
		return psi[own_tied + 1] - psi[tied + 1];
	return psi[k] - digamma((double) nearer + (double) (k - own_nearer) * (double) (tied + 1) / (double) (own_tied + 1));
}

/* The sum of the terms of a class: own (size) its sorted values, place where they stand among all. */
static double
class_sum(const InformationProblem *p, const double *own, const int32 *place, Size size, const double *sorted, bool interruptible)
{
	Size		k = Min(p->number, size - 1);
	Size		first = 0;		/* of the k + 1 values nearest to a row, itself among them */
	double		sum = 0;
	double		term = 0;

	for (Size i = 0; i < size; i++)
	{
		double		x = own[i];

		breathe(interruptible, i);
		while (first + k + 1 < size && own[first + k + 1] - x < x - own[first])
			first++;
		/* equal rows have equal terms */
		if (i == 0 || x != own[i - 1])
			term = row_term(p->digamma, own, i, size, sorted, place[i], p->n_rows, k, Max(x - own[first], own[first + k] - x));
		sum += term;
	}
	return sum;
}

static double
information_by_neighbours(const InformationProblem *p, const double *x, InformationScratch *s, bool interruptible)
{
	RankOrder	order;
	double		sum = 0;

	for (Size i = 0; i < p->n_rows; i++)
		s->values[i] = x[p->row[i]];
	order = rank_order(&s->rank, p->n_rows, s->values, interruptible);
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
			sum += class_sum(p, s->own + start, s->place + start, p->start[c + 1] - start, s->sorted, interruptible);
	}
	return Max(0, p->constant + sum / (double) p->n_rows);
}

/* ---- bins ---- */

static double
information_by_bins(const InformationProblem *p, const double *x, InformationScratch *s, bool interruptible)
{
	RankOrder	order = rank_order(&s->rank, p->n, x, interruptible);
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
information_of(const InformationProblem *p, const double *x, int worker, bool interruptible)
{
	if (p->n_rows == 0)
		return NAN;
	return p->method == INFORMATION_KNN ? information_by_neighbours(p, x, &p->scratch[worker], interruptible) :
		information_by_bins(p, x, &p->scratch[worker], interruptible);
}
