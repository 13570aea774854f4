/*
 * spectral.c
 *		The spectral embedding of a graph: eigenvectors of its normalised Laplacian
 *		(Shi and Malik 2000; Ng, Jordan and Weiss 2001; von Luxburg 2007).
 *
 * N = inv(D^1/2) W inv(D^1/2) has its eigenvalues in [-1, 1]; those of the
 * Laplacian I - N nearest 0 are those of N nearest 1.  The eigenvalue 1 itself is
 * there once for each connected component, with D^1/2 on the component as its
 * vector: these are written down, not computed, so that none can be missed, and
 * -3 times them is added to N, which sends them below all others, to -2.
 *
 * The rest comes from block Krylov iteration, and where that does not settle soon
 * (long, thin graphs have gaps of 1e-6), from the same iteration with the inverse of
 * (1 + SHIFT) I - N, by Cholesky: n^3 / 3 flops for a dense graph, and for a sparse
 * one what its levels cost (linalg/level_cholesky.c), which is done at once where it
 * is little, and not at all where it is more than the machine's time or memory: a
 * graph that is so wide has gaps, and products settle it.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/clustering.h"
#include "clustering/kmeans.h"
#include "clustering/spectral.h"
#include "linalg/linalg.h"

#define TOLERANCE		1e-10	/* residuals of N's eigenvectors */
#define TOLERANCE_INVERSE 1e-12
#define SHIFT			1e-8
#define BLOCKS_DENSE	24		/* a product is 2 n^2 flops a row, so that this many cost about a factor */
#define BLOCKS_SPARSE	100
#define BLOCKS_INVERSE	200
#define BLOCKS_LAST		4000
#define FLOPS_MOST		2e12	/* of a sparse factor */
#define FLOPS_LITTLE	2e5		/* times n and k: what some 50 blocks of products take, orthogonalised */

/* N = inv(D^1/2) W inv(D^1/2). */
typedef struct Normalised
{
	int			n;
	double	   *dense;			/* n x n, or NULL */
	SparseSymmetric *sparse;	/* or NULL */
	double	   *root;			/* n: square roots of the degrees, 1 for 0 */
	int			n_components;
	int32	   *component;		/* n */
	double	   *volume;			/* n_components: sums of root^2 */
	double	   *sum;			/* n_components: of the vector in hand */
	double	   *factor;			/* dense: of (1 + SHIFT) I - N, or NULL */
	LevelCholesky *levels;		/* sparse: the same */
} Normalised;

/* ---- the graph ---- */

static int
dense_components(int n, const double *w, int32 *component)
{
	int32	   *queue = huge_alloc((Size) n * sizeof(int32));
	int			count = 0;

	for (int i = 0; i < n; i++)
		component[i] = -1;
	for (int i = 0; i < n; i++)
	{
		int			done = 0;
		int			reached = 0;

		if (component[i] >= 0)
			continue;
		component[i] = count;
		queue[reached++] = i;
		while (done < reached && reached < n)
		{
			const double *row = w + (Size) queue[done++] * n;

			CHECK_FOR_INTERRUPTS();
			for (int j = 0; j < n; j++)
				if (row[j] > 0 && component[j] < 0)
				{
					component[j] = count;
					queue[reached++] = j;
				}
		}
		count++;
	}
	pfree(queue);
	return count;
}

static void
normalise_dense(Normalised *s)
{
	Size		n = (Size) s->n;

	for (Size i = 0; i < n; i++)
	{
		double		degree = 0;

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			degree += s->dense[i * n + j];
		s->root[i] = degree > 0 ? sqrt(degree) : 1;
	}
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			s->dense[i * n + j] /= s->root[i] * s->root[j];
	}
}

static void
normalise_sparse(Normalised *s)
{
	SparseSymmetric *w = s->sparse;

	Assert(w != NULL);
	for (int i = 0; i < s->n; i++)
	{
		double		degree = 0;

		for (Size e = w->start[i]; e < w->start[i + 1]; e++)
			degree += w->value[e];
		s->root[i] = degree > 0 ? sqrt(degree) : 1;
	}
	for (int i = 0; i < s->n; i++)
		for (Size e = w->start[i]; e < w->start[i + 1]; e++)
			w->value[e] /= s->root[i] * s->root[w->column[e]];
}

static void
normalise(Normalised *s)
{
	Size		n = (Size) s->n;

	s->root = huge_matrix(1, n);
	s->component = huge_alloc(n * sizeof(int32));
	s->n_components = s->dense ? dense_components(s->n, s->dense, s->component) : sparse_components(s->sparse, s->component);
	if (s->dense)
		normalise_dense(s);
	else
		normalise_sparse(s);
	s->volume = huge_alloc0((Size) s->n_components * sizeof(double));
	s->sum = huge_matrix(1, s->n_components);
	for (Size i = 0; i < n; i++)
		s->volume[s->component[i]] += s->root[i] * s->root[i];
}

/* ---- products ---- */

/* Each row of Y (b x n) takes 'share' of its part along the components' vectors in X. */
static void
add_trivial(const Normalised *s, Size b, double share, const double *x, double *y)
{
	Size		n = (Size) s->n;

	for (Size r = 0; r < b; r++)
	{
		const double *from = x + r * n;
		double	   *to = y + r * n;

		memset(s->sum, 0, (Size) s->n_components * sizeof(double));
		for (Size i = 0; i < n; i++)
			s->sum[s->component[i]] += s->root[i] * from[i];
		for (int c = 0; c < s->n_components; c++)
			s->sum[c] *= share / s->volume[c];
		for (Size i = 0; i < n; i++)
			to[i] += s->root[i] * s->sum[s->component[i]];
	}
}

static void
product(void *arg, Size b, const double *x, double *y)
{
	Normalised *s = arg;
	Size		n = (Size) s->n;

	if (s->dense)
		gemm_f8(false, false, b, n, n, 1, x, n, s->dense, n, 0, y, n);
	else
		sparse_product(s->sparse, b, x, y);
	add_trivial(s, b, -3, x, y);
}

static void
inverse_product(void *arg, Size b, const double *x, double *y)
{
	Normalised *s = arg;
	Size		n = (Size) s->n;
	double	   *columns = huge_matrix(n, b);

	memcpy(columns, x, b * n * sizeof(double));
	add_trivial(s, b, -1, x, columns);
	if (s->dense)
	{
		/* rows are what is solved for: inv(A) is symmetric, Y = X inv(L') inv(L) by its transpose */
		for (Size i = 0; i < n; i++)
			for (Size r = 0; r < b; r++)
				y[i * b + r] = columns[r * n + i];
		trsm_lower_f8(false, n, b, s->factor, n, y, b);
		trsm_lower_f8(true, n, b, s->factor, n, y, b);
		memcpy(columns, y, b * n * sizeof(double));
		for (Size i = 0; i < n; i++)
			for (Size r = 0; r < b; r++)
				y[r * n + i] = columns[i * b + r];
	}
	else
		level_cholesky_solve(s->levels, b, columns, y);
	memcpy(columns, y, b * n * sizeof(double));
	add_trivial(s, b, -1, columns, y);
	pfree(columns);
}

/* ---- eigenvectors ---- */

static bool
factor_dense(Normalised *s)
{
	Size		n = (Size) s->n;

	s->factor = huge_matrix(n, n);
	for (Size i = 0; i < n * n; i++)
	{
		breathe(true, i);
		s->factor[i] = -s->dense[i];
	}
	for (Size i = 0; i < n; i++)
		s->factor[i * n + i] += 1 + SHIFT;
	return cholesky_f8(n, s->factor, n) == 0;
}

/* Factors (1 + SHIFT) I - N if that is within reach, or already was. */
static bool
factor_sparse(Normalised *s, double flops_most)
{
	double		flops;
	Size		bytes;

	if (s->levels)
		return true;
	level_cholesky_cost(s->sparse, &flops, &bytes);
	if (flops > flops_most || size_add(bytes, memory_claimed()) > (Size) neuroenc_memory_limit * 1024)
		return false;
	memory_claim_add(memory_claim(CurrentMemoryContext, "spectral embedding"), bytes, NULL);
	s->levels = level_cholesky_new(s->sparse, 1 + SHIFT);
	return s->levels != NULL;
}

static bool
settle_inverse(Normalised *s, int k, double *w, double *x)
{
	if (!eigh_largest_of(s->n, inverse_product, s, k, TOLERANCE_INVERSE, BLOCKS_INVERSE, w, x))
		return false;
	for (int j = 0; j < k; j++)
		w[j] = 1 + SHIFT - 1 / w[j];
	return true;
}

/* The k largest eigenvalues below the components' own, ascending. */
static bool
nontrivial(Normalised *s, int k, double *w, double *x)
{
	Size		n = (Size) s->n;

	if (s->dense)
		return eigh_largest_of(n, product, s, k, TOLERANCE, BLOCKS_DENSE, w, x) ||
			(factor_dense(s) && settle_inverse(s, k, w, x));
	return (factor_sparse(s, FLOPS_LITTLE * (double) n * k) && settle_inverse(s, k, w, x)) ||
		eigh_largest_of(n, product, s, k, TOLERANCE, BLOCKS_SPARSE, w, x) ||
		(factor_sparse(s, FLOPS_MOST) && settle_inverse(s, k, w, x)) ||
		eigh_largest_of(n, product, s, k, TOLERANCE, BLOCKS_LAST, w, x);
}

typedef struct ComponentSize
{
	int			number;
	int			rows;
} ComponentSize;

static int
compare_component_sizes(const void *a, const void *b)
{
	const ComponentSize *x = a;
	const ComponentSize *y = b;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* The components, the largest first, those of one size by their first rows. */
static ComponentSize *
components_by_size(const Normalised *s)
{
	ComponentSize *sizes = huge_alloc((Size) s->n_components * sizeof(ComponentSize));

	for (int c = 0; c < s->n_components; c++)
		sizes[c] = (ComponentSize) {c, 0};
	for (int i = 0; i < s->n; i++)
		sizes[s->component[i]].rows++;
	qsort(sizes, s->n_components, sizeof(ComponentSize), compare_component_sizes);
	return sizes;
}

void
spectral_fix_sign(int n, int k, double *y)
{
	for (int j = 0; j < k; j++)
	{
		double		largest = 0;
		Size		i = 0;

		for (Size l = 0; l < (Size) n; l++)
			largest = Max(largest, fabs(y[l * k + j]));
		while (fabs(y[i * k + j]) < (1 - 1e-6) * largest)
			i++;
		if (y[i * k + j] < 0)
			for (Size l = 0; l < (Size) n; l++)
				y[l * k + j] = -y[l * k + j];
	}
}

static void
embed(Normalised *s, int k, double *value, double *y)
{
	Size		n = (Size) s->n;
	ComponentSize *components;
	int			trivial;
	int			rest;

	normalise(s);
	components = components_by_size(s);
	trivial = Min(k, s->n_components);
	rest = k - trivial;
	for (Size i = 0; i < n; i++)
		for (int j = 0; j < trivial; j++)
			y[i * k + j] = s->component[i] == components[j].number ? 1 / sqrt(s->volume[s->component[i]]) : 0;
	for (int j = 0; j < trivial; j++)
		value[j] = 1;
	if (rest > 0)
	{
		double	   *w = huge_matrix(1, rest);
		double	   *x = huge_matrix(rest, n);

		if (!nontrivial(s, rest, w, x))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("the %d smallest eigenvectors of the graph's Laplacian did not settle", k),
					 errhint("More neighbors make larger gaps between eigenvalues.")));
		for (int j = 0; j < rest; j++)
		{
			value[trivial + j] = w[rest - 1 - j];
			for (Size i = 0; i < n; i++)
				y[i * k + trivial + j] = x[(rest - 1 - j) * n + i] / s->root[i];
		}
	}
	spectral_fix_sign(s->n, k, y);
}

/* Besides the matrix itself; 'b': rows of a block are few more than k. */
static Size
common_scratch(int n, int k)
{
	Size		numbers = size_mul(n, size_add(8, size_mul(2, k)));

	return size_add(eigh_largest_of_scratch(n, k), size_mul(numbers, sizeof(double)));
}

Size
spectral_embedding_dense_scratch(int n, int k)
{
	return size_add(common_scratch(n, k), size_mul(size_mul(n, n), sizeof(double)));
}

Size
spectral_embedding_sparse_scratch(int n, int k)
{
	return size_add(common_scratch(n, k), sparse_product_scratch(n, (Size) k + 8));
}

void
spectral_embedding_dense(int n, double *w, int k, double *value, double *y)
{
	MemoryContext scratch = scratch_create("spectral embedding", spectral_embedding_dense_scratch(n, k),
										   "Take fewer rows, or a sparse graph: affinity 'nearest'.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Normalised	s = {.n = n, .dense = w};

	embed(&s, k, value, y);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
spectral_embedding_sparse(SparseSymmetric *w, int k, double *value, double *y)
{
	MemoryContext scratch = scratch_create("spectral embedding", spectral_embedding_sparse_scratch(w->n, k),
										   "Take fewer rows, a random part of them.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Normalised	s = {.n = w->n, .sparse = w};

	embed(&s, k, value, y);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- labels ---- */

void
spectral_labels_kmeans(int n, int width, const double *y, int k, int64 seed, int32 *label)
{
	KmeansOptions options = kmeans_options(k, seed);
	KmeansRows *rows = kmeans_rows_of(n, width, TENSOR_FLOAT8, y, NULL, false);
	KmeansFit  *fit = kmeans_fit(rows, &options);

	memcpy(label, fit->label, (Size) n * sizeof(int32));
	labels_by_size(n, label);
}
