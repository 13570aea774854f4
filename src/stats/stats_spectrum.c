/*
 * stats_spectrum.c
 *		SQL functions over the spectrum of a gram's x: spectrum, effective_rank,
 *		participation_ratio, spectral_decay.
 *
 * The eigenvalues of p features over n rows are those of X'X (p x p) or, where
 * the rows are held and fewer, of the kernel X X' (n x n).
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "base/record.h"
#include "linalg/linalg.h"
#include "stats/gram.h"
#include "stats/spectrum.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(stats_spectrum);
PG_FUNCTION_INFO_V1(stats_effective_rank);
PG_FUNCTION_INFO_V1(stats_participation_ratio);
PG_FUNCTION_INFO_V1(stats_spectral_decay);

#define MEMORY_HINT "Take fewer features, or make them fewer with random_projection()."

/* X'X or X X', whichever is smaller, and the scratch that it lives in. */
typedef struct Products
{
	MemoryContext scratch;
	Size		order;
	double	   *a;				/* order x order */
} Products;

/* The rows (n x p) or the sums of products (p x p) about the mean, moved back to the origin. */
static void
add_mean(double *rows, Size n, Size p, const double *mean)
{
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			rows[i * p + j] += mean[j];
	}
}

static void
add_mean_products(double *scatter, Size n, Size p, const double *mean)
{
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			scatter[i * p + j] += (double) n * mean[i] * mean[j];
	}
}

/* Of all rows, about their mean or about the origin. */
static Products
gram_products(const Gram *g, bool centred)
{
	Size		n = (Size) gram_n(g);
	Size		p = (Size) g->p;
	bool		kernel = n < p && gram_rows_held(g);
	Size		order = kernel ? n : p;
	Size		doubles = size_add(size_mul(order, order), size_mul(4, p));
	Products	products = {.order = order};
	double	   *mean;
	MemoryContext old;

	if (n < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a spectrum needs at least two rows, not %zu", n)));
	if (kernel)
		doubles = size_add(doubles, size_mul(n, p));
	products.scratch = scratch_create("spectrum", size_mul(doubles, sizeof(double)), MEMORY_HINT);
	old = MemoryContextSwitchTo(products.scratch);
	mean = huge_matrix(1, p);
	products.a = huge_matrix(order, order);
	if (kernel)
	{
		double	   *rows = huge_matrix(n, p);

		gram_centred_rows(g, mean, rows);
		if (!centred)
			add_mean(rows, n, p, mean);
		syrk_f8(false, n, p, 1, rows, p, 0, products.a, n);
		pfree(rows);
	}
	else
	{
		gram_scatter(g, mean, products.a);
		if (!centred)
			add_mean_products(products.a, n, p, mean);
	}
	MemoryContextSwitchTo(old);
	return products;
}

/* The n_values largest, descending, in CurrentMemoryContext. */
static double *
gram_eigenvalues(const Gram *g, bool centred, Size n_values)
{
	double	   *values = huge_matrix(1, n_values);
	Products	products = gram_products(g, centred);
	MemoryContext old = MemoryContextSwitchTo(products.scratch);

	spectrum_eigenvalues(products.order, products.a, (Size) gram_n(g), (Size) g->p, n_values, values);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(products.scratch);
	return values;
}

/* How many eigenvalues can differ from 0 */
static Size
n_values(const Gram *g, bool centred)
{
	int64		n = gram_n(g);

	return (Size) Max(Min((int64) g->p, centred ? n - 1 : n), 0);
}

Datum
stats_spectrum(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	Size		k = n_values(g, true);
	double	   *values = gram_eigenvalues(g, true, k);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, k);

	for (Size i = 0; i < k; i++)
		TENSOR_F8(out)[i] = values[i] / (double) (gram_n(g) - 1);
	PG_RETURN_TENSOR(out);
}

Datum
stats_effective_rank(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	char	   *of = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		centred = PG_GETARG_BOOL(2);
	Size		k = n_values(g, centred);
	bool		singular = strcmp(of, "singular_values") == 0;
	double	   *weights;

	if (!singular && strcmp(of, "eigenvalues") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("effective rank of \"%s\" is not known", of),
				 errhint("It is of singular_values or of eigenvalues.")));
	weights = gram_eigenvalues(g, centred, k);
	if (singular)
		for (Size i = 0; i < k; i++)
			weights[i] = sqrt(weights[i]);
	return number_or_null(fcinfo, spectrum_effective_rank(k, weights));
}

/* From the products' trace and norm: no eigenvalues are needed. */
Datum
stats_participation_ratio(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	Products	products = gram_products(g, true);
	Size		n = products.order;
	double		trace = spectrum_trace(n, products.a);
	double		squares = 0;

	spectrum_require_finite(n, products.a);
	for (Size i = 0; i < n && trace > 0; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			squares += products.a[i * n + j] / trace * (products.a[i * n + j] / trace);
	}
	MemoryContextDelete(products.scratch);
	return number_or_null(fcinfo, trace > 0 ? 1 / squares : NAN);
}

Datum
stats_spectral_decay(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int32		first = PG_GETARG_INT32(1);
	int32		last = PG_GETARG_INT32(2);
	Size		k = n_values(g, true);
	double	   *values;

	if (first < 1 || last <= first || (Size) last > k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first and last must be two different eigenvalues from 1 to %zu, not %d and %d", k, first, last)));
	values = gram_eigenvalues(g, true, (Size) last);
	if (!(values[last - 1] > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("eigenvalue %d is 0", last),
				 errdetail("The rank of the data is less; a power law has no zeros."),
				 errhint("Give a smaller last.")));
	PG_RETURN_FLOAT8(spectrum_decay(values, (Size) first, (Size) last));
}
