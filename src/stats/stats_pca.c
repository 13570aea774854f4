/*
 * stats_pca.c
 *		SQL glue of pca: the type's input and output, pca(gram, k), project() and
 *		the accessors.
 *
 * The binary form, little-endian: uint8 version, 3 zeros, int32 p, k, int64 n,
 * float8 total variance, means, variances, components.  The text form is
 * pca(summary): and the binary form in base64.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/flat.h"
#include "base/memory.h"
#include "base/recent.h"
#include "linalg/linalg.h"
#include "stats/gram.h"
#include "stats/pca.h"
#include "tensor/tensor.h"

#define PG_GETARG_PCA(n) ((const Pca *) flat_from_datum(&pca_kind, PG_GETARG_DATUM(n)))

/* Doubles after the total variance: means, variances, components. */
static Size
pca_doubles(int32 p, int32 k)
{
	return (Size) p + (Size) k + (Size) k * (Size) p;
}

/* ---- input and output ---- */

static void
write_pca(StateWriter *w, const void *value)
{
	const Pca  *pca = value;
	uint8		head[3] = {0};

	state_put_bytes(w, head, sizeof(head));
	state_put_int32(w, pca->p);
	state_put_int32(w, pca->k);
	state_put_int64(w, pca->n);
	state_put_array(w, &pca->total_variance, 1, sizeof(double));
	state_put_array(w, pca->values, pca_doubles(pca->p, pca->k), sizeof(double));
}

static void
validate_pca(const Pca *pca)
{
	if (!isfinite(pca->total_variance) || pca->total_variance < 0)
		state_corrupt("pca", "its total variance is negative or not finite");
	state_require_finite("pca", pca->values, pca_doubles(pca->p, pca->k));
	for (int i = 0; i < pca->k; i++)
		if (PCA_VARIANCE(pca)[i] < 0 || (i > 0 && PCA_VARIANCE(pca)[i] > PCA_VARIANCE(pca)[i - 1]))
			state_corrupt("pca", "its variances are negative or ascend");
}

static void *
read_pca(StateReader *r)
{
	uint8		head[3];
	int32		p;
	int32		k;
	int64		n;
	Pca		   *pca;

	state_get_bytes(r, head, sizeof(head));
	if (head[0] || head[1] || head[2])
		state_corrupt("pca", "unknown flags");
	p = state_get_int32(r);
	k = state_get_int32(r);
	n = state_get_int64(r);
	if (p < 1 || n < 2 || k < 1 || k > p || k > n - 1 || pca_doubles(p, k) > MaxAllocSize)
		state_corrupt("pca", "bad number of features, components or rows");
	state_require(r, size_mul(size_add(pca_doubles(p, k), 1), sizeof(double)));
	pca = pca_new(p, k, n);
	state_get_array(r, &pca->total_variance, 1, sizeof(double));
	state_get_array(r, pca->values, pca_doubles(p, k), sizeof(double));
	validate_pca(pca);
	return pca;
}

static char *
summarize_pca(const void *value)
{
	const Pca  *pca = value;

	return psprintf("p=%d, k=%d, n=" INT64_FORMAT, pca->p, pca->k, pca->n);
}

static const FlatKind pca_kind = {
	.name = "pca",
	.version = PCA_VERSION,
	.write = write_pca,
	.read = read_pca,
	.summary = summarize_pca
};

FLAT_IO_FUNCTIONS(stats_pca, pca_kind)

/* ---- pca(gram, k) ---- */

#define MEMORY_HINT "Take fewer features, or make them fewer with random_projection()."

/* From the sums of products of all rows. */
static void
fit_moments(const Gram *g, Pca *pca)
{
	Size		p = (Size) g->p;
	Size		square = size_mul(size_mul(p, p), sizeof(double));
	MemoryContext scratch = scratch_create("neuroenc pca", size_add(square, pca_scratch(0, p, 0, false)),
										   MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *scatter = huge_alloc(square);

	gram_scatter(g, PCA_MEAN(pca), scatter);
	pca_from_scatter(pca, scatter);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* From the rows that the gram holds. */
static void
fit_rows(const Gram *g, Pca *pca)
{
	Size		p = (Size) g->p;
	Size		n = (Size) pca->n;
	Size		rows_bytes = size_mul(size_mul(n, p), sizeof(double));
	MemoryContext scratch = scratch_create("neuroenc pca", size_add(rows_bytes, pca_scratch(n, p, 0, true)),
										   MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *rows = huge_alloc(rows_bytes);

	gram_centred_rows(g, PCA_MEAN(pca), rows);
	pca_from_rows(pca, rows);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

PG_FUNCTION_INFO_V1(stats_pca);
Datum
stats_pca(PG_FUNCTION_ARGS)
{
	const Gram *g;
	Pca		   *pca;
	int64		n;
	int64		most;
	int32		k;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	g = PG_GETARG_GRAM(0);
	n = gram_n(g);
	most = Min((int64) g->p, n - 1);
	if (most < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pca needs at least two rows and one feature, not " INT64_FORMAT " rows of %d",
						n, g->p)));
	k = PG_ARGISNULL(1) ? (int32) most : PG_GETARG_INT32(1);
	if (k < 1 || k > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to " INT64_FORMAT ", not %d", most, k),
				 errdetail("There are " INT64_FORMAT " rows of %d features.", n, g->p)));
	pca = pca_new(g->p, k, n);
	if (n < g->p && gram_rows_held(g))
		fit_rows(g, pca);
	else
		fit_moments(g, pca);
	PG_RETURN_POINTER(pca);
}

/* ---- project(pca, x) ---- */

/* A stored pca, as it is kept from row to row. */
static void *
fetch_pca(Datum d)
{
	return (void *) flat_from_datum(&pca_kind, d);
}

PG_FUNCTION_INFO_V1(stats_pca_project);
Datum
stats_pca_project(PG_FUNCTION_ARGS)
{
	const Pca  *pca = recent_value(fcinfo, 0, fetch_pca);
	Tensor	   *x = PG_GETARG_TENSOR(1);
	TensorType	dtype = tensor_common_type(x->dtype, TENSOR_FLOAT4);
	Size		p = (Size) pca->p;
	Size		k = (Size) pca->k;
	Size		m = x->ndim == 2 ? (Size) x->dims[0] : 1;
	MemoryContext scratch,
				old;
	double	   *rows;
	double	   *projected;
	Tensor	   *out;

	if (x->ndim != 1 && x->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a vector or a matrix of rows, not a tensor of shape %s",
						tensor_shape_text(x))));
	if (x->dims[x->ndim - 1] != pca->p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x has %d features, the pca has %d", x->dims[x->ndim - 1], pca->p)));

	out = x->ndim == 1 ? tensor_new_vector(dtype, k) : tensor_new_matrix(dtype, m, k);
	if (m == 0)
		PG_RETURN_TENSOR(out);
	scratch = scratch_create("neuroenc project",
							 size_mul(size_mul(m, size_add(p, k)), sizeof(double)),
							 "Project fewer rows at a time.");
	old = MemoryContextSwitchTo(scratch);
	rows = huge_alloc(m * p * sizeof(double));
	tensor_read_f8(x, 0, m * p, rows);
	projected = dtype == TENSOR_FLOAT8 ? TENSOR_F8(out) : huge_alloc(m * k * sizeof(double));
	pca_project(pca, m, rows, projected);
	if (dtype != TENSOR_FLOAT8)
		tensor_write_f8(out, 0, m * k, projected);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(out);
}

/* ---- accessors ---- */

PG_FUNCTION_INFO_V1(stats_pca_components);
Datum
stats_pca_components(PG_FUNCTION_ARGS)
{
	const Pca  *pca = PG_GETARG_PCA(0);
	Tensor	   *out = tensor_new_matrix(TENSOR_FLOAT8, (Size) pca->k, (Size) pca->p);

	memcpy(TENSOR_F8(out), PCA_COMPONENTS(pca), (Size) pca->k * (Size) pca->p * sizeof(double));
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(stats_pca_mean);
Datum
stats_pca_mean(PG_FUNCTION_ARGS)
{
	const Pca  *pca = PG_GETARG_PCA(0);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, (Size) pca->p);

	memcpy(TENSOR_F8(out), PCA_MEAN(pca), (Size) pca->p * sizeof(double));
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(stats_pca_explained_variance);
Datum
stats_pca_explained_variance(PG_FUNCTION_ARGS)
{
	const Pca  *pca = PG_GETARG_PCA(0);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, (Size) pca->k);

	memcpy(TENSOR_F8(out), PCA_VARIANCE(pca), (Size) pca->k * sizeof(double));
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(stats_pca_explained_variance_ratio);
Datum
stats_pca_explained_variance_ratio(PG_FUNCTION_ARGS)
{
	const Pca  *pca = PG_GETARG_PCA(0);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, (Size) pca->k);

	for (int i = 0; i < pca->k; i++)
		TENSOR_F8(out)[i] = pca->total_variance > 0 ?
			PCA_VARIANCE(pca)[i] / pca->total_variance : 0;
	PG_RETURN_TENSOR(out);
}
