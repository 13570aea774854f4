/*
 * discriminative.c
 *		Most discriminative stimuli (Burg et al. 2024, "Most discriminative stimuli
 *		for functional cell type clustering", ICLR), chosen among candidates whose
 *		responses are known.
 *
 * A stimulus x is the more discriminative for cluster j the higher
 *		J_j(x) = r_j(x) / T - log (1/k sum over l of exp(r_l(x) / T)),
 * r_j(x) the mean response of the cluster's neurons: the paper's objective, the log
 * softmax over clusters, at most log k.  The objective here is its mean over
 * neurons, sum over j of n_j/n times the mean of J_j over the m stimuli of cluster j.
 * An iteration has two halves, neither of which lowers it:
 *	 stimuli	each cluster takes the m candidates of the highest J_j, which is exact;
 *	 neurons	each goes to the cluster whose stimuli drive it most (the paper's rule), if
 *				that raises the objective with the stimuli as they are; otherwise
 *				they go there one by one, those whose move raises it.
 * The second way is needed since the rule alone may lower the objective.  Neurons never
 * go where the rule does not send them, even if that raised it: the objective alone is
 * highest where all but one of the clusters are single neurons that happen to
 * be silent.  No cluster loses its last neuron.
 *
 * Starts: k neurons drawn as in k-means++ by correlation distance, the others to
 * the nearest of them.
 *
 * Cost an iteration: n p additions and k p exponentials, and 4 n k m of those where
 * neurons move one by one.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "clustering/clustering.h"
#include "clustering/discriminative.h"
#include "linalg/linalg.h"

#define COLUMNS 256				/* stimuli of a task */
#define FIRST_STREAM 1			/* of random numbers, one a start */
#define LEAST_GAIN 1e-12		/* a neuron moves for more than rounding */

typedef struct Search
{
	const Discriminative *d;
	Size		n;
	Size		p;
	Size		k;
	Size		m;
	Size		chosen;			/* k m: stimuli chosen, cluster by cluster */
	double	   *unit;			/* n x p: rows centred and of unit length, for starts */
	double	   *distance;		/* n: to the nearest of the seeds */
	double	   *along;			/* n */
	int32	   *label;			/* n, from 0 */
	int32	   *label_before;	/* n */
	int64	   *size;			/* k */
	double	   *mean;			/* k x p, and then J */
	int32	   *stimulus;		/* k x m */
	double	   *drive;			/* n x chosen: responses to the stimuli chosen, over T */
	double	   *sum;			/* k x chosen: of the drives of a cluster's neurons */
	double	   *e;				/* k x chosen: exp(mean drive) */
	double	   *total;			/* chosen: sum over clusters of e */
	double	   *e_left;			/* chosen: e of a neuron's cluster without it */
	double		objective;
} Search;

Size
discriminative_scratch(Size n, Size p, int k, int m)
{
	Size		chosen = size_mul(k, m);
	Size		elements = size_add(size_mul(size_add(n, k), p), size_mul(size_add(n, 2 * (Size) k + 3), chosen));

	return size_add(size_mul(size_add(elements, size_mul(2, n) + k), sizeof(double)),
					size_mul(size_add(size_mul(8, n), size_mul(2, chosen)), sizeof(int32)));
}

/* ---- starts ---- */

static void
unit_rows(Search *s)
{
	for (Size i = 0; i < s->n; i++)
	{
		const double *row = s->d->responses + i * s->p;
		double	   *unit = s->unit + i * s->p;
		double		mean = 0;
		double		squared = 0;
		double		scale;

		breathe_row(i, s->p);
		for (Size x = 0; x < s->p; x++)
			mean += row[x] / (double) s->p;
		for (Size x = 0; x < s->p; x++)
		{
			unit[x] = row[x] - mean;
			squared += unit[x] * unit[x];
		}
		scale = squared > 0 ? 1 / sqrt(squared) : 0;
		for (Size x = 0; x < s->p; x++)
			unit[x] *= scale;
	}
}

/* A neuron drawn in proportion to its distance; where all are 0, the first without a label. */
static Size
draw_neuron(const Search *s, RandomStream *random)
{
	double		sum = 0;
	double		at;
	Size		i;

	for (i = 0; i < s->n; i++)
		sum += s->distance[i];
	at = random_double(random) * sum;
	for (i = 0; i < s->n; i++)
	{
		at -= s->distance[i];
		if (at < 0)
			return i;
	}
	for (i = 0; s->label[i] >= 0; i++)
		;
	return i;
}

static void
start(Search *s, RandomStream *random)
{
	for (Size i = 0; i < s->n; i++)
	{
		s->distance[i] = 1;
		s->label[i] = s->label_before[i] = -1;
	}
	for (Size j = 0; j < s->k; j++)
	{
		Size		seed = draw_neuron(s, random);

		progress_add(0);
		gemv_f8(false, s->n, s->p, 1, s->unit, s->p, s->unit + seed * s->p, 0, s->along);
		for (Size i = 0; i < s->n; i++)
		{
			double		distance = Max(1 - s->along[i], 0);

			if (j == 0 || distance < s->distance[i])
			{
				s->distance[i] = distance;
				s->label_before[i] = (int32) j;
			}
		}
		s->distance[seed] = 0;
		s->label[seed] = (int32) j;
	}
	for (Size i = 0; i < s->n; i++)
		if (s->label[i] < 0)
			s->label[i] = s->label_before[i];
}

static void
count_sizes(Search *s)
{
	memset(s->size, 0, s->k * sizeof(int64));
	for (Size i = 0; i < s->n; i++)
		s->size[s->label[i]]++;
}

/* ---- stimuli ---- */

HOT_LOOP static void
add_row(Size n, const double *row, double *sum)
{
	for (Size i = 0; i < n; i++)
		sum[i] += row[i];
}

/* J of every cluster for some columns */
static void
contrast_task(int64 block, int worker, void *arg)
{
	const Search *s = arg;
	Size		first = (Size) block * COLUMNS;
	Size		width = Min(COLUMNS, s->p - first);
	double		sum[COLUMNS] = {0};

	for (Size j = 0; j < s->k; j++)
		memset(s->mean + j * s->p + first, 0, width * sizeof(double));
	for (Size i = 0; i < s->n; i++)
		add_row(width, s->d->responses + i * s->p + first, s->mean + (Size) s->label[i] * s->p + first);
	for (Size j = 0; j < s->k; j++)
		for (Size x = 0; x < width; x++)
		{
			double	   *mean = s->mean + j * s->p + first + x;

			*mean /= (double) s->size[j] * s->d->temperature;
			sum[x] += exp(*mean);
		}
	for (Size x = 0; x < width; x++)
		sum[x] = log(sum[x] / (double) s->k);
	for (Size j = 0; j < s->k; j++)
		for (Size x = 0; x < width; x++)
			s->mean[j * s->p + first + x] -= sum[x];
}

/* The m highest of p values, the highest first, the lower index first where two are equal. */
static void
take_highest(Size p, Size m, const double *value, int32 *best)
{
	Size		found = 0;

	for (Size x = 0; x < p; x++)
	{
		Size		at;

		if (found == m && value[x] <= value[best[m - 1]])
			continue;
		at = found < m ? found++ : m - 1;
		for (; at > 0 && value[x] > value[best[at - 1]]; at--)
			best[at] = best[at - 1];
		best[at] = (int32) x;
	}
}

/* Returns whether any cluster changed its stimuli. */
static bool
choose_stimuli(Search *s)
{
	int32	   *best = palloc_extended(s->m * sizeof(int32), MCXT_ALLOC_HUGE);
	bool		changed = false;

	parallel_for((int64) ((s->p + COLUMNS - 1) / COLUMNS), 0, contrast_task, s);
	for (Size j = 0; j < s->k; j++)
	{
		CHECK_FOR_INTERRUPTS();
		take_highest(s->p, s->m, s->mean + j * s->p, best);
		changed |= memcmp(s->stimulus + j * s->m, best, s->m * sizeof(int32)) != 0;
		memcpy(s->stimulus + j * s->m, best, s->m * sizeof(int32));
	}
	for (Size i = 0; changed && i < s->n; i++)
	{
		breathe_row(i, s->chosen);
		for (Size c = 0; c < s->chosen; c++)
			s->drive[i * s->chosen + c] = s->d->responses[i * s->p + s->stimulus[c]] / s->d->temperature;
	}
	pfree(best);
	return changed;
}

/* ---- neurons ---- */

/* Everything that depends on the labels, with the stimuli as they are; sets the objective. */
static void
set_state(Search *s)
{
	double		objective = 0;

	count_sizes(s);
	memset(s->sum, 0, s->k * s->chosen * sizeof(double));
	memset(s->total, 0, s->chosen * sizeof(double));
	for (Size i = 0; i < s->n; i++)
	{
		breathe_row(i, s->chosen);
		add_row(s->chosen, s->drive + i * s->chosen, s->sum + (Size) s->label[i] * s->chosen);
	}
	for (Size j = 0; j < s->k; j++)
		for (Size c = 0; c < s->chosen; c++)
		{
			s->e[j * s->chosen + c] = exp(s->sum[j * s->chosen + c] / (double) s->size[j]);
			s->total[c] += s->e[j * s->chosen + c];
		}
	for (Size j = 0; j < s->k; j++)
		for (Size c = j * s->m; c < (j + 1) * s->m; c++)
			objective += s->sum[j * s->chosen + c] - (double) s->size[j] * log(s->total[c] / (double) s->k);
	s->objective = objective / ((double) s->n * (double) s->m);
}

/* The cluster whose stimuli drive neuron i most, on average. */
static int32
most_driving(const Search *s, Size i)
{
	int32		best = 0;
	double		most = -INFINITY;

	for (Size j = 0; j < s->k; j++)
	{
		double		sum = 0;

		for (Size c = j * s->m; c < (j + 1) * s->m; c++)
			sum += s->drive[i * s->chosen + c];
		if (sum > most)
		{
			most = sum;
			best = (int32) j;
		}
	}
	return best;
}

/* The paper's rule for all neurons at once, undone unless it raises the objective; returns whether it did. */
static bool
reassign_all(Search *s)
{
	double		before = s->objective;
	bool		kept;

	memcpy(s->label_before, s->label, s->n * sizeof(int32));
	for (Size i = 0; i < s->n; i++)
	{
		breathe_row(i, s->chosen);
		s->label[i] = most_driving(s, i);
	}
	count_sizes(s);
	kept = true;
	for (Size j = 0; j < s->k; j++)
		kept &= s->size[j] > 0;
	if (kept)
	{
		set_state(s);
		kept = s->objective > before + LEAST_GAIN;
	}
	if (!kept)
	{
		memcpy(s->label, s->label_before, s->n * sizeof(int32));
		set_state(s);
	}
	return kept;
}

/*
 * n m times the objective if neuron i went from cluster a to b (b == a: as it is).
 * e_left must be that of a without it.
 */
static double
objective_with_move(Search *s, Size i, Size a, Size b)
{
	const double *drive = s->drive + i * s->chosen;
	double		objective = 0;

	for (Size c = 0; c < s->chosen; c++)
	{
		Size		j = c / s->m;
		double		sum = s->sum[j * s->chosen + c];
		double		size = (double) s->size[j];
		double		total = s->total[c];

		if (a != b)
		{
			double		joined = exp((s->sum[b * s->chosen + c] + drive[c]) / (double) (s->size[b] + 1));

			total += s->e_left[c] - s->e[a * s->chosen + c] + joined - s->e[b * s->chosen + c];
			total = Max(total, s->e_left[c] + joined);
			if (j == a)
			{
				sum -= drive[c];
				size -= 1;
			}
			else if (j == b)
			{
				sum += drive[c];
				size += 1;
			}
		}
		objective += sum - size * log(total / (double) s->k);
	}
	return objective;
}

static void
move_neuron(Search *s, Size i, Size a, Size b)
{
	const double *drive = s->drive + i * s->chosen;

	s->label[i] = (int32) b;
	s->size[a]--;
	s->size[b]++;
	for (Size c = 0; c < s->chosen; c++)
	{
		s->sum[a * s->chosen + c] -= drive[c];
		s->sum[b * s->chosen + c] += drive[c];
		s->e[a * s->chosen + c] = s->e_left[c];
		s->e[b * s->chosen + c] = exp(s->sum[b * s->chosen + c] / (double) s->size[b]);
		s->total[c] = 0;
		for (Size j = 0; j < s->k; j++)
			s->total[c] += s->e[j * s->chosen + c];
	}
}

/* The paper's rule for one neuron after another, where that raises the objective; returns whether any moved. */
static bool
reassign_one_by_one(Search *s)
{
	double		before = s->objective;
	double		least = LEAST_GAIN * (double) s->n * (double) s->m;
	bool		moved = false;

	memcpy(s->label_before, s->label, s->n * sizeof(int32));
	for (Size i = 0; i < s->n; i++)
	{
		Size		a = (Size) s->label[i];
		Size		to = (Size) most_driving(s, i);

		breathe_row(i, s->chosen);
		if (a == to || s->size[a] == 1)
			continue;
		for (Size c = 0; c < s->chosen; c++)
			s->e_left[c] = exp((s->sum[a * s->chosen + c] - s->drive[i * s->chosen + c]) / (double) (s->size[a] - 1));
		if (objective_with_move(s, i, a, to) > objective_with_move(s, i, a, a) + least)
		{
			move_neuron(s, i, a, to);
			moved = true;
		}
	}
	set_state(s);
	/* rounding of very large ratios apart, it has risen */
	if (moved && s->objective <= before)
	{
		memcpy(s->label, s->label_before, s->n * sizeof(int32));
		set_state(s);
		moved = false;
	}
	return moved;
}

/* ---- the search ---- */

static int
alternate(Search *s, int max_iter)
{
	int			iterations = 0;
	bool		changed = true;

	memset(s->stimulus, -1, s->chosen * sizeof(int32));
	while (changed && iterations < max_iter)
	{
		count_sizes(s);
		changed = choose_stimuli(s);
		set_state(s);
		changed |= reassign_all(s) || reassign_one_by_one(s);
		iterations++;
		progress_add(1);
	}
	return iterations;
}

static void
take_result(const Search *s, Discriminative *d, int iterations)
{
	memcpy(d->label, s->label, s->n * sizeof(int32));
	memcpy(d->stimulus, s->stimulus, s->chosen * sizeof(int32));
	d->objective = s->objective;
	d->iterations = iterations;
}

/* Clusters by size. */
static void
number_clusters(Search *s, Discriminative *d)
{
	memcpy(s->label, d->label, s->n * sizeof(int32));
	memcpy(s->stimulus, d->stimulus, s->chosen * sizeof(int32));
	labels_by_size((int) s->n, d->label);
	for (Size i = 0; i < s->n; i++)
		memcpy(d->stimulus + (Size) (d->label[i] - 1) * s->m, s->stimulus + (Size) s->label[i] * s->m,
			   s->m * sizeof(int32));
}

void
discriminative_stimuli(Discriminative *d, uint64 seed, int n_init, int max_iter)
{
	Size		n = d->n;
	Search		s = {.d = d, .n = n, .p = d->p, .k = (Size) d->k, .m = (Size) d->m};

	s.chosen = s.k * s.m;
	s.unit = huge_matrix(n, s.p);
	s.distance = huge_matrix(1, n);
	s.along = huge_matrix(1, n);
	s.label = huge_alloc(n * sizeof(int32));
	s.label_before = huge_alloc(n * sizeof(int32));
	s.size = huge_alloc(s.k * sizeof(int64));
	s.mean = huge_matrix(s.k, s.p);
	s.stimulus = huge_alloc(s.chosen * sizeof(int32));
	s.drive = huge_matrix(n, s.chosen);
	s.sum = huge_matrix(s.k, s.chosen);
	s.e = huge_matrix(s.k, s.chosen);
	s.total = huge_matrix(1, s.chosen);
	s.e_left = huge_matrix(1, s.chosen);
	unit_rows(&s);

	d->objective = -INFINITY;
	progress_begin("most_discriminative_stimuli", (double) n_init * max_iter);
	for (int i = 0; i < n_init; i++)
	{
		RandomStream random;
		int			iterations;

		random_start(&random, seed, FIRST_STREAM + (uint64) i);
		start(&s, &random);
		iterations = alternate(&s, max_iter);
		progress_add(max_iter - iterations);
		if (s.objective > d->objective)
			take_result(&s, d, iterations);
	}
	progress_end();
	number_clusters(&s, d);
}
