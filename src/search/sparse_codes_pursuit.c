/*
 * sparse_codes_pursuit.c
 *		SQL glue of codes over a dictionary whose rows are atoms: matching pursuits,
 *		iterative thresholding and codebooks.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "utils/builtins.h"

#include "base/memory.h"
#include "base/recent.h"
#include "search/atoms.h"
#include "search/codebook.h"
#include "search/ista.h"
#include "search/pursuit.h"
#include "search/sparse_codes.h"
#include "tensor/tensor.h"

#define HINT "Code fewer rows at a time, or take fewer atoms."

/* Arguments: dictionary, x, options */
enum
{
	DICTIONARY,
	X,
	FIRST_OPTION
};

typedef struct AtomsArgument
{
	Atoms		atoms;
	TensorType	dtype;			/* of the argument */
	IstaGram	gram;			/* of ista */
} AtomsArgument;

/* In CurrentMemoryContext, without what the argument took to fetch. */
static AtomsArgument *
read_atoms(FunctionCallInfo fcinfo, bool with_gram)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("dictionary", 0, NULL);
	AtomsArgument *a = palloc0(sizeof(AtomsArgument));
	const Tensor *t;
	Size		bytes;

	MemoryContextSwitchTo(scratch);
	t = PG_GETARG_TENSOR(DICTIONARY);
	tensor_require_matrix(t, "dictionary");
	if (tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("dictionary has shape %s: no elements", tensor_shape_text(t))));
	a->dtype = codes_dtype(t);
	a->atoms.m = (Size) t->dims[0];
	a->atoms.d = (Size) t->dims[1];

	MemoryContextSwitchTo(keep);
	bytes = size_mul(tensor_size(t), sizeof(double));
	memory_claim_add(memory_claim(keep, "dictionary"), with_gram ? size_add(bytes, ista_gram_bytes(a->atoms.m)) : bytes, HINT);
	a->atoms.atom = codes_read_matrix(t, "dictionary", false, TENSOR_FLOAT8);
	MemoryContextDelete(scratch);
	if (with_gram)
		ista_gram(&a->atoms, &a->gram);
	return a;
}

static void *
keep_atoms(FunctionCallInfo fcinfo)
{
	return kept_coder_new(read_atoms(fcinfo, false));
}

static void *
keep_atoms_and_gram(FunctionCallInfo fcinfo)
{
	return kept_coder_new(read_atoms(fcinfo, true));
}

/* What a method gives: its options, and how a coder is made of them. */
typedef struct Method
{
	const char *rows_function;
	Size		options_bytes;
	void		(*read_options) (FunctionCallInfo fcinfo, void *options);	/* into zeroed bytes */
	CoderMaker	make;
	int			(*block_rows) (const void *dictionary, const void *options, int64 n_rows);
	bool		gram;
} Method;

static Datum
code_row(FunctionCallInfo fcinfo, const Method *method)
{
	static const int arguments[] = {DICTIONARY};
	char		options[64] = {0};
	KeptCoder  *kept;
	const AtomsArgument *a;

	method->read_options(fcinfo, options);
	kept = recent_arguments(fcinfo, 1, arguments, method->gram ? keep_atoms_and_gram : keep_atoms);
	a = kept->dictionary;
	return code_one_row(fcinfo, X, kept, method->make, options, method->options_bytes,
						tensor_common_type(a->dtype, codes_dtype(PG_GETARG_TENSOR_HEADER(X))), method->rows_function);
}

static ManyRows
describe(FunctionCallInfo fcinfo, const Method *method)
{
	ManyRows	rows = {.make = method->make, .block_rows = method->block_rows, .follow_rows = true};
	void	   *options = palloc0(method->options_bytes);
	AtomsArgument *a;

	method->read_options(fcinfo, options);
	a = read_atoms(fcinfo, method->gram);
	rows.options = options;
	rows.dictionary = a;
	rows.d = a->atoms.d;
	rows.dtype = a->dtype;
	return rows;
}

static int
positive_argument(FunctionCallInfo fcinfo, int argument, const char *what)
{
	int			value = PG_GETARG_INT32(argument);

	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %d", what, value)));
	return value;
}

static double
tolerance_argument(FunctionCallInfo fcinfo, int argument)
{
	double		tol = PG_GETARG_FLOAT8(argument);

	if (!(tol >= 0 && tol < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tol must be from 0 to below 1, not %g", tol)));
	return tol;
}

/* ---- matching pursuits: (dictionary, x, k, tol) ---- */

static void
pursuit_options(FunctionCallInfo fcinfo, void *options)
{
	PursuitOptions *o = options;

	o->k = positive_argument(fcinfo, FIRST_OPTION, "k");
	o->tol = tolerance_argument(fcinfo, FIRST_OPTION + 1);
}

static void
omp_options(FunctionCallInfo fcinfo, void *options)
{
	pursuit_options(fcinfo, options);
	((PursuitOptions *) options)->orthogonal = true;
}

static Coder *
make_pursuit(const void *dictionary, const void *options, int rows, int64 n_rows)
{
	const AtomsArgument *a = dictionary;

	memory_claim_add(memory_claim(CurrentMemoryContext, "matching pursuit"),
					 pursuit_coder_bytes(&a->atoms, options, rows, n_rows), HINT);
	return pursuit_coder(&a->atoms, options, rows, n_rows);
}

static int
pursuit_rows(const void *dictionary, const void *options, int64 n_rows)
{
	return pursuit_block_rows(&((const AtomsArgument *) dictionary)->atoms, options, n_rows);
}

static const Method matching_pursuit = {"matching_pursuit_rows", sizeof(PursuitOptions), pursuit_options, make_pursuit, pursuit_rows, false};
static const Method omp = {"omp_rows", sizeof(PursuitOptions), omp_options, make_pursuit, pursuit_rows, false};

/* ---- iterative thresholding: (dictionary, x, lambda, q, max_iter, tol) ---- */

static void
ista_options(FunctionCallInfo fcinfo, void *options)
{
	IstaOptions *o = options;

	o->lambda = PG_GETARG_FLOAT8(FIRST_OPTION);
	o->q = PG_GETARG_FLOAT8(FIRST_OPTION + 1);
	o->max_iter = positive_argument(fcinfo, FIRST_OPTION + 2, "max_iter");
	o->tol = tolerance_argument(fcinfo, FIRST_OPTION + 3);
	if (!(o->lambda >= 0 && o->lambda < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lambda must be finite and not negative, not %g", o->lambda)));
	if (!(o->q >= 0 && o->q <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("q must be from 0 to 1, not %g", o->q)));
}

static Coder *
make_ista(const void *dictionary, const void *options, int rows, int64 n_rows)
{
	const AtomsArgument *a = dictionary;

	memory_claim_add(memory_claim(CurrentMemoryContext, "ista"),
					 ista_coder_bytes(a->atoms.m, options, rows), HINT);
	return ista_coder(&a->atoms, &a->gram, options, rows);
}

static int
ista_rows(const void *dictionary, const void *options, int64 n_rows)
{
	return ista_block_rows(((const AtomsArgument *) dictionary)->atoms.m, n_rows);
}

static const Method ista = {"ista_rows", sizeof(IstaOptions), ista_options, make_ista, ista_rows, true};

/* ---- codebooks: (codebook, x, k, metric) ---- */

typedef struct CodebookOptions
{
	int			k;
	CodebookMetric metric;
} CodebookOptions;

static void
codebook_options(FunctionCallInfo fcinfo, void *options)
{
	static const char *const names[] = {"cosine", "euclidean", "dot"};
	CodebookOptions *o = options;
	char	   *metric = text_to_cstring(PG_GETARG_TEXT_PP(FIRST_OPTION + 1));

	o->k = positive_argument(fcinfo, FIRST_OPTION, "k");
	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(metric, names[i]) == 0)
		{
			o->metric = (CodebookMetric) i;
			return;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown metric \"%s\"", metric),
			 errhint("It is cosine, euclidean or dot.")));
}

static Coder *
make_codebook(const void *dictionary, const void *options, int rows, int64 n_rows)
{
	const AtomsArgument *a = dictionary;
	const CodebookOptions *o = options;

	if ((Size) o->k > a->atoms.m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but the codebook has %zu vectors", o->k, a->atoms.m)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "codebook_encode"),
					 codebook_coder_bytes(&a->atoms, o->k, rows), HINT);
	return codebook_coder(&a->atoms, o->metric, o->k, rows);
}

static int
codebook_rows(const void *dictionary, const void *options, int64 n_rows)
{
	return codebook_block_rows(((const AtomsArgument *) dictionary)->atoms.m, n_rows);
}

static const Method codebook = {"codebook_encode_rows", sizeof(CodebookOptions), codebook_options, make_codebook, codebook_rows, false};

/* ---- functions ---- */

#define CODE_FUNCTIONS(name, method) \
	PG_FUNCTION_INFO_V1(search_##name); \
	PG_FUNCTION_INFO_V1(search_##name##_matrix); \
	PG_FUNCTION_INFO_V1(search_##name##_points); \
	Datum \
	search_##name(PG_FUNCTION_ARGS) \
	{ \
		return code_row(fcinfo, &(method)); \
	} \
	static ManyRows \
	describe_##name(FunctionCallInfo fcinfo) \
	{ \
		return describe(fcinfo, &(method)); \
	} \
	Datum \
	search_##name##_matrix(PG_FUNCTION_ARGS) \
	{ \
		return code_many_rows(fcinfo, X, false, describe_##name); \
	} \
	Datum \
	search_##name##_points(PG_FUNCTION_ARGS) \
	{ \
		return code_many_rows(fcinfo, X, true, describe_##name); \
	}

CODE_FUNCTIONS(matching_pursuit, matching_pursuit)
CODE_FUNCTIONS(omp, omp)
CODE_FUNCTIONS(ista, ista)
CODE_FUNCTIONS(codebook_encode, codebook)
