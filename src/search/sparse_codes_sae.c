/*
 * sparse_codes_sae.c
 *		SQL glue of sparse autoencoders, and of decoders of sparse codes.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "utils/builtins.h"

#include "base/convert.h"
#include "base/memory.h"
#include "base/recent.h"
#include "search/decode.h"
#include "search/sae.h"
#include "search/sparse.h"
#include "search/sparse_codes.h"
#include "tensor/tensor.h"

#define HINT "Encode fewer rows at a time."

/* Arguments of sae_encode and sae_encode_rows */
enum
{
	W_ENC,
	B_ENC,
	B_DEC,
	X,
	KIND,
	OPTION						/* k, or a threshold; not always there */
};

typedef enum SaeOption
{
	NO_OPTION,
	OPTION_K,
	OPTION_THRESHOLD,
	OPTION_THRESHOLDS
} SaeOption;

/* ---- options ---- */

static void
refuse_option(const char *kind, const char *needs)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("kind %s takes %s", kind, needs)));
}

static void
check_threshold(double threshold)
{
	if (!(threshold >= 0 && threshold < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be finite and not negative, not %g", threshold)));
}

/* What the kind makes of its option; zeroed where nothing is set, for rules are compared by their bytes. */
static void
sae_rule(FunctionCallInfo fcinfo, SaeOption option, SaeRule *rule, bool *batch)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(KIND));

	memset(rule, 0, sizeof(SaeRule));
	*batch = false;
	if (option == OPTION_K && strcmp(kind, "jumprelu") == 0)
	{
		rule->threshold = PG_GETARG_INT32(OPTION);
		check_threshold(rule->threshold);
		option = OPTION_THRESHOLD;
	}
	else if (option == OPTION_K)
	{
		rule->k = PG_GETARG_INT32(OPTION);
		if (rule->k < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("k must be at least 1, not %d", rule->k)));
	}
	else if (option == OPTION_THRESHOLD)
	{
		rule->threshold = PG_GETARG_FLOAT8(OPTION);
		check_threshold(rule->threshold);
	}
	if (strcmp(kind, "relu") == 0)
	{
		if (option != NO_OPTION)
			refuse_option(kind, "neither k nor a threshold");
	}
	else if (strcmp(kind, "topk") == 0)
	{
		if (option != OPTION_K)
			refuse_option(kind, "k, an int");
	}
	else if (strcmp(kind, "jumprelu") == 0)
	{
		if (option != OPTION_THRESHOLD && option != OPTION_THRESHOLDS)
			refuse_option(kind, "a threshold, a float8 or a tensor of one for each latent");
	}
	else if (strcmp(kind, "batch_topk") == 0)
	{
		if (option != OPTION_K && option != OPTION_THRESHOLD)
			refuse_option(kind, "k, an int, or the threshold that stands for it, a float8");
		*batch = option == OPTION_K;
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind \"%s\"", kind),
				 errhint("It is relu, topk, jumprelu or batch_topk.")));
}

/* ---- weights ---- */

/* Is the matrix d x m rather than m x d? */
static bool
is_transposed(const Tensor *t, const char *what, Size m, Size d)
{
	tensor_require_matrix(t, what);
	if ((Size) t->dims[0] == m && (Size) t->dims[1] == d)
		return false;
	if ((Size) t->dims[0] == d && (Size) t->dims[1] == m)
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("%s has shape %s, but b_enc has %zu elements and b_dec %zu", what, tensor_shape_text(t), m, d),
			 errdetail("It is latents x elements of a row, or the transpose.")));
}

static Size
vector_size(const Tensor *t, const char *what)
{
	tensor_require_vector(t, what);
	if (t->dims[0] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s has no elements", what)));
	return (Size) t->dims[0];
}

static void *
read_vector(const Tensor *t, const char *what, TensorType dtype)
{
	void	   *out = huge_alloc(size_mul(t->dims[0], dtype));

	codes_read_finite(t, what, 0, t->dims[0], dtype, out);
	return out;
}

static void *
read_thresholds(const Tensor *t, Size m, TensorType dtype)
{
	void	   *out;

	if (vector_size(t, "threshold") != m)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("threshold has %d elements, but there are %zu latents", t->dims[0], m)));
	out = read_vector(t, "threshold", dtype);
	for (Size j = 0; j < m; j++)
		check_threshold(dtype == TENSOR_FLOAT4 ? (double) ((float *) out)[j] : ((double *) out)[j]);
	return out;
}

/* In CurrentMemoryContext, without what the arguments took to fetch. */
static Sae *
read_sae(FunctionCallInfo fcinfo, bool thresholds)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("sae weights", 0, NULL);
	Sae		   *sae = palloc0(sizeof(Sae));
	const Tensor *w;
	const Tensor *b_enc;
	const Tensor *b_dec;
	const Tensor *t = NULL;
	bool		transposed;

	MemoryContextSwitchTo(scratch);
	w = PG_GETARG_TENSOR(W_ENC);
	b_enc = PG_GETARG_TENSOR(B_ENC);
	b_dec = PG_GETARG_TENSOR(B_DEC);
	if (thresholds)
		t = PG_GETARG_TENSOR(OPTION);
	sae->m = vector_size(b_enc, "b_enc");
	sae->d = vector_size(b_dec, "b_dec");
	transposed = is_transposed(w, "w_enc", sae->m, sae->d);
	sae->dtype = tensor_common_type(tensor_common_type(codes_dtype(w), codes_dtype(b_enc)), codes_dtype(b_dec));

	MemoryContextSwitchTo(keep);
	memory_claim_add(memory_claim(keep, "sae weights"),
					 size_add(size_mul(size_mul(sae->m, size_add(sae->d, 2)), sae->dtype), size_mul(sae->d, sizeof(double))), NULL);
	sae->weights = codes_read_matrix(w, "w_enc", transposed, sae->dtype);
	sae->bias = read_vector(b_enc, "b_enc", sae->dtype);
	sae->before = read_vector(b_dec, "b_dec", TENSOR_FLOAT8);
	if (t)
		sae->threshold = read_thresholds(t, sae->m, sae->dtype);
	MemoryContextDelete(scratch);
	return sae;
}

static Coder *
make_coder(const void *dictionary, const void *options, int rows, int64 n_rows)
{
	const Sae  *sae = dictionary;
	SaeRule		rule = *(const SaeRule *) options;

	rule.k = (int) Min((Size) rule.k, sae->m);
	memory_claim_add(memory_claim(CurrentMemoryContext, "sae_encode"),
					 sae_coder_bytes(sae->d, sae->m, sae->dtype, &rule, rows), HINT);
	return sae_coder(sae, &rule, rows);
}

static int
block_rows(const void *dictionary, const void *options, int64 n_rows)
{
	const Sae  *sae = dictionary;

	return sae_block_rows(sae->m, sae->dtype, n_rows);
}

/* ---- a row at a time ---- */

static void *
keep_sae(FunctionCallInfo fcinfo)
{
	return kept_coder_new(read_sae(fcinfo, false));
}

static void *
keep_sae_with_thresholds(FunctionCallInfo fcinfo)
{
	return kept_coder_new(read_sae(fcinfo, true));
}

static Datum
encode_row(FunctionCallInfo fcinfo, SaeOption option)
{
	static const int arguments[] = {W_ENC, B_ENC, B_DEC, OPTION};
	bool		thresholds = option == OPTION_THRESHOLDS;
	SaeRule		rule;
	bool		batch;
	KeptCoder  *kept;

	sae_rule(fcinfo, option, &rule, &batch);
	kept = recent_arguments(fcinfo, thresholds ? 4 : 3, arguments, thresholds ? keep_sae_with_thresholds : keep_sae);
	return code_one_row(fcinfo, X, kept, make_coder, &rule, sizeof(rule), ((Sae *) kept->dictionary)->dtype, "sae_encode_rows");
}

/* ---- many rows ---- */

static ManyRows
describe(FunctionCallInfo fcinfo, SaeOption option)
{
	SaeRule    *rule = palloc0(sizeof(SaeRule));
	ManyRows	rows = {.options = rule, .make = make_coder, .block_rows = block_rows};
	bool		batch;
	Sae		   *sae;

	sae_rule(fcinfo, option, rule, &batch);
	sae = read_sae(fcinfo, option == OPTION_THRESHOLDS);
	rows.dictionary = sae;
	rows.d = sae->d;
	rows.dtype = sae->dtype;
	if (batch)
	{
		/* the block keeps what is positive; the batch chooses */
		rows.batch_k = Min((int64) rule->k, (int64) sae->m);
		rule->k = 0;
	}
	return rows;
}

#define SAE_FUNCTIONS(suffix, option) \
	PG_FUNCTION_INFO_V1(search_sae_encode##suffix); \
	PG_FUNCTION_INFO_V1(search_sae_encode_matrix##suffix); \
	PG_FUNCTION_INFO_V1(search_sae_encode_points##suffix); \
	Datum \
	search_sae_encode##suffix(PG_FUNCTION_ARGS) \
	{ \
		return encode_row(fcinfo, option); \
	} \
	static ManyRows \
	describe##suffix(FunctionCallInfo fcinfo) \
	{ \
		return describe(fcinfo, option); \
	} \
	Datum \
	search_sae_encode_matrix##suffix(PG_FUNCTION_ARGS) \
	{ \
		return code_many_rows(fcinfo, X, false, describe##suffix); \
	} \
	Datum \
	search_sae_encode_points##suffix(PG_FUNCTION_ARGS) \
	{ \
		return code_many_rows(fcinfo, X, true, describe##suffix); \
	}

SAE_FUNCTIONS(_plain, NO_OPTION)
SAE_FUNCTIONS(_k, OPTION_K)
SAE_FUNCTIONS(_threshold, OPTION_THRESHOLD)
SAE_FUNCTIONS(_thresholds, OPTION_THRESHOLDS)

/* ---- decoding ---- */

/* In CurrentMemoryContext; b NULL: rows of w are the latents', and nothing is added. */
static Decoder *
read_decoder(FunctionCallInfo fcinfo, bool with_bias)
{
	const char *what = with_bias ? "w_dec" : "dictionary";
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("decoder", 0, NULL);
	Decoder    *d = palloc0(sizeof(Decoder));
	const Tensor *w;
	const Tensor *b;
	bool		transposed = false;

	MemoryContextSwitchTo(scratch);
	w = PG_GETARG_TENSOR(0);
	b = with_bias ? PG_GETARG_TENSOR(1) : NULL;
	tensor_require_matrix(w, what);
	d->dtype = codes_dtype(w);
	d->d = b ? vector_size(b, "b_dec") : (Size) w->dims[1];
	if ((Size) w->dims[1] != d->d)
	{
		transposed = (Size) w->dims[0] == d->d;
		if (!transposed)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("w_dec has shape %s, but b_dec has %zu elements", tensor_shape_text(w), d->d),
					 errdetail("It is latents x elements of a row, or the transpose.")));
	}
	d->m = (Size) w->dims[transposed ? 1 : 0];

	MemoryContextSwitchTo(keep);
	memory_claim_add(memory_claim(keep, "decoder"),
					 size_add(size_mul(size_mul(d->m, d->d), d->dtype), size_mul(d->d, sizeof(double))), NULL);
	d->rows = codes_read_matrix(w, what, transposed, d->dtype);
	if (b)
		d->bias = read_vector(b, "b_dec", TENSOR_FLOAT8);
	MemoryContextDelete(scratch);
	return d;
}

static void *
keep_decoder(FunctionCallInfo fcinfo)
{
	return read_decoder(fcinfo, true);
}

static void *
keep_dictionary(FunctionCallInfo fcinfo)
{
	return read_decoder(fcinfo, false);
}

static Datum
decode(const Decoder *d, const Sparse *code)
{
	TensorType	dtype = tensor_common_type(d->dtype, (TensorType) code->dtype);
	Tensor	   *t = tensor_new_vector(dtype, d->d);
	double	   *sum;

	if ((Size) code->width != d->m)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the code has %d elements, but the dictionary %zu atoms", code->width, d->m)));
	sum = dtype == TENSOR_FLOAT8 ? TENSOR_F8(t) : huge_matrix(1, Max(1, d->d));
	decode_row(d, code, sum);
	if (dtype == TENSOR_FLOAT4)
		narrow_doubles(sum, TENSOR_F4(t), d->d);
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(search_sae_decode);
Datum
search_sae_decode(PG_FUNCTION_ARGS)
{
	static const int arguments[] = {0, 1};

	return decode(recent_arguments(fcinfo, 2, arguments, keep_decoder), PG_GETARG_SPARSE(2));
}

PG_FUNCTION_INFO_V1(search_dictionary_decode);
Datum
search_dictionary_decode(PG_FUNCTION_ARGS)
{
	static const int arguments[] = {0};

	return decode(recent_arguments(fcinfo, 1, arguments, keep_dictionary), PG_GETARG_SPARSE(1));
}
