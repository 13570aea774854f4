/*
 * feature_pursuit.c
 *		Orthogonal matching pursuit (Pati, Rezaiifar and Krishnaprasad 1993) of a
 *		class by features, in each training set.
 *
 * A step takes the feature that correlates most, in absolute value, with the residual of the
 * least squares fit (with intercept) on those taken before.  The residuals of all
 * training sets meet the rows in one product, 2 n d sets flops a step; the feature is
 * made orthogonal to those before, twice by Gram-Schmidt, 4 n k flops a set.  Rows
 * are centred panel by panel, so features far from the origin lose nothing.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/feature_pursuit.h"
#include "stats/differences.h"

#define PANEL_ROWS		1024
#define EXPLAINED		1e-10	/* a length, relative: what is left of a feature or residual is rounding */

typedef struct Pursuit
{
	const LogisticRows *rows;
	const ClassMoments *m;
	int			k;
	int			sets;
	double	   *centre;			/* d: the mean of all rows */
	double	   *panel;			/* PANEL_ROWS x d */
	double	   *residual;		/* n x sets, 0 outside a training set */
	double	   *product;		/* sets x d */
	double	   *direction;		/* sets x k x n: orthonormal */
	bool	   *used;			/* sets x d: taken, or explained by those taken */
	double	   *length;			/* sets: of the residual at first */
	bool	   *ended;			/* sets */
} Pursuit;

static Size
pursuit_bytes(const LogisticRows *rows, int k)
{
	Size		sets = RANKING_SETS(rows);
	Size		doubles = size_mul(rows->n, size_add(size_mul(sets, size_add(k, 1)), 1));

	doubles = size_add(doubles, size_mul(rows->d, size_add(sets, PANEL_ROWS + 1)));
	return size_add(size_mul(doubles, sizeof(double)), size_mul(sets, rows->d));
}

/* The residual of an intercept: the class less its mean. */
static void
start_residuals(Pursuit *p)
{
	for (int s = 0; s < p->sets; s++)
	{
		double		share = p->m->count[2 * (Size) s + 1] / (p->m->count[2 * (Size) s] + p->m->count[2 * (Size) s + 1]);
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < p->rows->n; i++)
		{
			double		value = ranking_set_has(p->rows, s, i) ? p->rows->label[i] - share : 0;

			p->residual[i * p->sets + s] = value;
			sum += value * value;
		}
		p->length[s] = sqrt(sum);
	}
}

/* product = residual' X */
static void
multiply(Pursuit *p)
{
	Size		d = p->rows->d;

	for (Size first = 0; first < p->rows->n; first += PANEL_ROWS)
	{
		Size		m = Min(PANEL_ROWS, p->rows->n - first);
		const double *x = p->rows->x + first * d;

		for (Size i = 0; i < m; i++)
			for (Size j = 0; j < d; j++)
				p->panel[i * d + j] = x[i * d + j] - p->centre[j];
		gemm_f8(true, false, p->sets, d, m, 1, p->residual + first * p->sets, p->sets, p->panel, d,
				first == 0 ? 0 : 1, p->product, d);
	}
}

/* The unused feature that correlates most with the residual, or -1; *most: its covariance over its deviation. */
static int
best_feature(const Pursuit *p, int set, double *most)
{
	Size		d = p->rows->d;
	int			best = -1;

	*most = 0;
	for (Size j = 0; j < d; j++)
	{
		double		squares = class_moments_squares(p->m, set, j);
		double		value;

		if (p->used[set * d + j] || !(squares > 0))
			continue;
		value = fabs(p->product[set * d + j]) / sqrt(squares);
		if (value > *most)
		{
			*most = value;
			best = (int) j;
		}
	}
	return best;
}

/* Feature j of a training set, made orthogonal to the 'taken' directions; false: they explain it. */
static bool
new_direction(Pursuit *p, int set, int taken, int j)
{
	Size		n = p->rows->n;
	double	   *mine = p->direction + ((Size) set * p->k + taken) * n;
	double		mean = class_moments_mean(p->m, set, j);
	double		full;
	double		left;

	for (Size i = 0; i < n; i++)
		mine[i] = ranking_set_has(p->rows, set, i) ? p->rows->x[i * p->rows->d + j] - mean : 0;
	full = sqrt(squared_length(mine, n));
	for (int round = 0; round < 2; round++)
		for (int t = 0; t < taken; t++)
		{
			const double *other = p->direction + ((Size) set * p->k + t) * n;
			double		share = inner_product(mine, other, n);

			CHECK_FOR_INTERRUPTS();
			for (Size i = 0; i < n; i++)
				mine[i] -= share * other[i];
		}
	left = sqrt(squared_length(mine, n));
	if (!(left > EXPLAINED * full))
		return false;
	for (Size i = 0; i < n; i++)
		mine[i] /= left;
	return true;
}

static void
take_off(Pursuit *p, int set, const double *direction)
{
	double		share = 0;

	for (Size i = 0; i < p->rows->n; i++)
		share += direction[i] * p->residual[i * p->sets + set];
	for (Size i = 0; i < p->rows->n; i++)
		p->residual[i * p->sets + set] -= share * direction[i];
}

static double
residual_length(const Pursuit *p, int set)
{
	double		sum = 0;

	for (Size i = 0; i < p->rows->n; i++)
		sum += p->residual[i * p->sets + set] * p->residual[i * p->sets + set];
	return sqrt(sum);
}

/* The features that are not taken yet, in the order that was there. */
static void
fill_up(const Pursuit *p, int set, int taken, const int32 *other, int32 *feature, double *score)
{
	for (int i = 0; i < p->k && taken < p->k; i++)
	{
		bool		there = false;

		for (int t = 0; t < taken; t++)
			there |= feature[t] == other[i];
		if (there)
			continue;
		feature[taken] = other[i];
		score[taken++] = 0;
	}
}

static void
step(Pursuit *p, int set, int taken, const int32 *other, int32 *feature, double *score)
{
	double		length = residual_length(p, set);
	double		most;
	int			j;

	do
	{
		j = length > EXPLAINED * p->length[set] ? best_feature(p, set, &most) : -1;
		if (j < 0 || most <= EXPLAINED * length)
		{
			p->ended[set] = true;
			fill_up(p, set, taken, other, feature, score);
			return;
		}
		p->used[set * p->rows->d + j] = true;
	} while (!new_direction(p, set, taken, j));
	feature[taken] = j;
	score[taken] = Min(1, most / length);
	take_off(p, set, p->direction + ((Size) set * p->k + taken) * p->rows->n);
}

void
feature_pursuit(const LogisticRows *rows, const ClassMoments *m, int k, int32 *feature, double *score)
{
	int			sets = RANKING_SETS(rows);
	MemoryContext scratch = scratch_create("feature pursuit", pursuit_bytes(rows, k), "Take fewer rows, or a smaller k.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Pursuit		p = {.rows = rows, .m = m, .k = k, .sets = sets};
	int32	   *other = palloc((Size) sets * k * sizeof(int32));

	memcpy(other, feature, (Size) sets * k * sizeof(int32));
	p.centre = huge_matrix(1, rows->d);
	p.panel = huge_matrix(PANEL_ROWS, rows->d);
	p.residual = huge_matrix(rows->n, sets);
	p.product = huge_matrix(sets, rows->d);
	p.direction = huge_matrix(size_mul(sets, k), rows->n);
	p.used = huge_alloc0(sets * rows->d);
	p.length = palloc(sets * sizeof(double));
	p.ended = palloc0(sets * sizeof(bool));
	for (Size j = 0; j < rows->d; j++)
		p.centre[j] = class_moments_mean(m, rows->n_folds, j);
	start_residuals(&p);
	progress_begin("feature pursuit", (double) k);
	for (int taken = 0; taken < k; taken++)
	{
		multiply(&p);
		for (int s = 0; s < sets; s++)
			if (!p.ended[s])
				step(&p, s, taken, other + (Size) s * k, feature + (Size) s * k, score + (Size) s * k);
		progress_add(1);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
