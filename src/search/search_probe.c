/*
 * search_probe.c
 *		SQL functions of classifiers: fits, predictions, what one tells.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/memory.h"
#include "base/recent.h"
#include "base/rows.h"
#include "search/class_rows.h"
#include "search/classifier.h"
#include "stats/alphas.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_logistic_fit);
PG_FUNCTION_INFO_V1(search_logistic_cv);
PG_FUNCTION_INFO_V1(search_logistic_cv_final);
PG_FUNCTION_INFO_V1(search_logistic_add_boolean);
PG_FUNCTION_INFO_V1(search_predict_proba);
PG_FUNCTION_INFO_V1(search_decision_function);
PG_FUNCTION_INFO_V1(search_predict_label);
PG_FUNCTION_INFO_V1(search_predict_labels);
PG_FUNCTION_INFO_V1(search_classifier_classes);
PG_FUNCTION_INFO_V1(search_classifier_weights);
PG_FUNCTION_INFO_V1(search_classifier_intercepts);
PG_FUNCTION_INFO_V1(search_classifier_alpha);
PG_FUNCTION_INFO_V1(search_classifier_cv_scores);
PG_FUNCTION_INFO_V1(search_classifier_n_samples);
PG_FUNCTION_INFO_V1(search_classifier_n_dimensions);

/* ---- fits ---- */

typedef struct FitOptions
{
	int			n_alphas;		/* 0: no cross-validation, at alpha */
	const double *alphas;
	double		alpha;
	bool		fit_intercept;
	bool		balanced;
	LogisticScoring scoring;
} FitOptions;

static LogisticScoring
scoring_argument(const text *name)
{
	char	   *word = text_to_cstring(name);

	if (strcmp(word, "log_loss") == 0)
		return LOGISTIC_LOG_LOSS;
	if (strcmp(word, "accuracy") == 0)
		return LOGISTIC_ACCURACY;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scoring must be log_loss or accuracy, not \"%s\"", word)));
}

static Datum
fit_points(const Points *p, const FitOptions *o)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("logistic regression", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	ClassRows  *rows = class_rows(p, o->n_alphas > 0);
	LogisticScores *scores = palloc(Max(1, o->n_alphas) * sizeof(LogisticScores));
	Classifier *c;

	rows->rows.fit_intercept = o->fit_intercept;
	rows->rows.balanced = o->balanced;
	MemoryContextSwitchTo(result);
	c = classifier_new(rows->labels, rows->rows.n_classes, (int) rows->rows.d, o->n_alphas);
	MemoryContextSwitchTo(scratch);
	c->flags = (o->fit_intercept ? CLASSIFIER_INTERCEPT : 0) | (o->balanced ? CLASSIFIER_BALANCED : 0);
	c->n = rows->rows.n;
	c->alpha = o->alpha;
	if (o->n_alphas == 0)
		logistic_fit(&rows->rows, o->alpha, CLASSIFIER_WEIGHTS(c), CLASSIFIER_INTERCEPTS(c));
	else
	{
		c->n_folds = rows->rows.n_folds;
		c->alpha = o->alphas[logistic_cv(&rows->rows, o->n_alphas, o->alphas, o->scoring, scores,
										 CLASSIFIER_WEIGHTS(c), CLASSIFIER_INTERCEPTS(c))];
		for (int a = 0; a < o->n_alphas; a++)
		{
			CLASSIFIER_ALPHAS(c)[a] = o->alphas[a];
			CLASSIFIER_LOG_LOSS(c)[a] = scores[a].log_loss;
			CLASSIFIER_ACCURACY(c)[a] = scores[a].accuracy;
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(c);
}

/* (points, alpha, fit_intercept, balanced) */
Datum
search_logistic_fit(PG_FUNCTION_ARGS)
{
	FitOptions	o = {.alpha = PG_GETARG_FLOAT8(1), .fit_intercept = PG_GETARG_BOOL(2), .balanced = PG_GETARG_BOOL(3)};

	argument_require_alpha(o.alpha, true);
	return fit_points(PG_GETARG_POINTS(0), &o);
}

/* (points, alphas, fit_intercept, balanced, scoring) */
Datum
search_logistic_cv(PG_FUNCTION_ARGS)
{
	FitOptions	o = {.fit_intercept = PG_GETARG_BOOL(2), .balanced = PG_GETARG_BOOL(3)};

	o.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(1), true, &o.n_alphas);
	o.scoring = scoring_argument(PG_GETARG_TEXT_PP(4));
	return fit_points(PG_GETARG_POINTS(0), &o);
}

/* (points): the alphas that logistic_cv(points) has by default */
Datum
search_logistic_cv_final(PG_FUNCTION_ARGS)
{
	static const double alphas[] = {0.01, 0.1, 1, 10, 100, 1000, 10000};
	FitOptions	o = {.n_alphas = lengthof(alphas), .alphas = alphas, .fit_intercept = true, .scoring = LOGISTIC_LOG_LOSS};

	return fit_points(PG_GETARG_POINTS(0), &o);
}

/* (points, t, label boolean, fold) */
Datum
search_logistic_add_boolean(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Points	   *p = state_running(&points_kind, fcinfo, cxt);
	Label		label;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return state_return(fcinfo, p);
	if (p == NULL)
		p = points_new(cxt, POINTS_LABEL_FOLD, NULL);
	label = PG_GETARG_BOOL(2) ? (Label) {"true", 4} : (Label) {"false", 5};
	points_add_label_fold(p, label, PG_GETARG_INT64(3), PG_GETARG_TENSOR(1));
	return state_return(fcinfo, p);
}

/* ---- predictions ---- */

static void *
classifier_of(Datum d)
{
	return unconstify(Classifier *, DatumGetClassifier(d));
}

/* Decision values of a vector or of the rows of a matrix, argument 1. */
typedef struct Decisions
{
	const Classifier *c;
	bool		is_matrix;
	Size		m;
	double	   *value;			/* m x outputs */
} Decisions;

static void
decide(FunctionCallInfo fcinfo, Decisions *r)
{
	const Classifier *c = recent_value(fcinfo, 0, classifier_of);
	const Tensor *t = PG_GETARG_TENSOR(1);
	Size		outputs = CLASSIFIER_OUTPUTS(c);
	Size		d = c->d;
	double	   *x;

	r->c = c;
	r->is_matrix = t->ndim == 2;
	r->m = r->is_matrix ? t->dims[0] : 1;
	if (t->ndim > 2 || (r->is_matrix ? (Size) t->dims[1] != d : tensor_size(t) != d))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the classifier takes vectors of %d element%s, not a tensor of shape %s", c->d, c->d == 1 ? "" : "s", tensor_shape_text(t))));
	if (r->is_matrix)
		memory_claim_add(memory_claim(CurrentMemoryContext, "classifier"),
						 size_mul(size_mul(r->m, size_add(d, outputs)), sizeof(double)), "Take fewer rows at a time.");
	x = huge_matrix(Max(r->m, 1), d);
	r->value = huge_matrix(Max(r->m, 1), outputs);
	tensor_read_f8(t, 0, r->m * d, x);
	for (Size i = 0; i < r->m * d; i++)
		if (!isfinite(x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 r->is_matrix ? errmsg("element %zu of row %zu is not finite", i % d + 1, i / d + 1)
					 : errmsg("element %zu of the vector is not finite", i + 1)));
	if (r->m > 0)
		logistic_decide(r->m, d, (int) outputs, x, CLASSIFIER_WEIGHTS(c), CLASSIFIER_INTERCEPTS(c), r->value);
	pfree(x);
}

static Tensor *
result_tensor(const Decisions *r, Size columns)
{
	return r->is_matrix ? tensor_new_matrix(TENSOR_FLOAT8, r->m, columns) : tensor_new_vector(TENSOR_FLOAT8, columns);
}

Datum
search_predict_proba(PG_FUNCTION_ARGS)
{
	Decisions	r;
	Tensor	   *t;

	decide(fcinfo, &r);
	t = result_tensor(&r, r.c->n_classes);
	for (Size i = 0; i < r.m; i++)
		logistic_class(r.c->n_classes, r.value + i * CLASSIFIER_OUTPUTS(r.c), TENSOR_F8(t) + i * r.c->n_classes);
	PG_RETURN_TENSOR(t);
}

Datum
search_decision_function(PG_FUNCTION_ARGS)
{
	Decisions	r;
	Tensor	   *t;

	decide(fcinfo, &r);
	t = result_tensor(&r, CLASSIFIER_OUTPUTS(r.c));
	memcpy(TENSOR_F8(t), r.value, r.m * CLASSIFIER_OUTPUTS(r.c) * sizeof(double));
	PG_RETURN_TENSOR(t);
}

static Label
predicted(const Decisions *r, Size i)
{
	return classifier_label(r->c, logistic_class(r->c->n_classes, r->value + i * CLASSIFIER_OUTPUTS(r->c), NULL));
}

Datum
search_predict_label(PG_FUNCTION_ARGS)
{
	Decisions	r;
	Label		label;

	decide(fcinfo, &r);
	if (r.is_matrix)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("predict_label takes a vector, not a matrix"),
				 errhint("predict_labels gives the labels of a matrix's rows.")));
	label = predicted(&r, 0);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(label.text, label.length));
}

Datum
search_predict_labels(PG_FUNCTION_ARGS)
{
	Decisions	r;
	Label	   *labels;

	decide(fcinfo, &r);
	if (!r.is_matrix)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("predict_labels takes a matrix, not a vector"),
				 errhint("predict_label gives the label of a vector.")));
	labels = palloc(Max(r.m, 1) * sizeof(Label));
	for (Size i = 0; i < r.m; i++)
		labels[i] = predicted(&r, i);
	PG_RETURN_ARRAYTYPE_P(labels_array(labels, (int) r.m));
}

/* ---- what a classifier tells ---- */

Datum
search_classifier_classes(PG_FUNCTION_ARGS)
{
	const Classifier *c = PG_GETARG_CLASSIFIER(0);
	Label	   *labels = palloc(c->n_classes * sizeof(Label));

	for (int i = 0; i < c->n_classes; i++)
		labels[i] = classifier_label(c, i);
	PG_RETURN_ARRAYTYPE_P(labels_array(labels, c->n_classes));
}

Datum
search_classifier_weights(PG_FUNCTION_ARGS)
{
	const Classifier *c = PG_GETARG_CLASSIFIER(0);
	Tensor	   *t = c->n_classes == 2 ? tensor_new_vector(TENSOR_FLOAT8, c->d) : tensor_new_matrix(TENSOR_FLOAT8, c->n_classes, c->d);

	memcpy(TENSOR_F8(t), CLASSIFIER_WEIGHTS(c), tensor_size(t) * sizeof(double));
	PG_RETURN_TENSOR(t);
}

Datum
search_classifier_intercepts(PG_FUNCTION_ARGS)
{
	const Classifier *c = PG_GETARG_CLASSIFIER(0);
	Tensor	   *t = tensor_new_vector(TENSOR_FLOAT8, CLASSIFIER_OUTPUTS(c));

	memcpy(TENSOR_F8(t), CLASSIFIER_INTERCEPTS(c), tensor_size(t) * sizeof(double));
	PG_RETURN_TENSOR(t);
}

Datum
search_classifier_alpha(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(PG_GETARG_CLASSIFIER(0)->alpha);
}

static ResultRows *
cv_scores(FunctionCallInfo fcinfo)
{
	const Classifier *c = PG_GETARG_CLASSIFIER(0);
	ResultRows *rows = result_rows_new(c->n_alphas, 4);

	for (int a = 0; a < c->n_alphas; a++)
	{
		rows->values[4 * (Size) a] = Float8GetDatum(CLASSIFIER_ALPHAS(c)[a]);
		rows->values[4 * a + 1] = Float8GetDatum(CLASSIFIER_LOG_LOSS(c)[a]);
		rows->values[4 * a + 2] = Float8GetDatum(CLASSIFIER_ACCURACY(c)[a]);
		rows->values[4 * a + 3] = BoolGetDatum(CLASSIFIER_ALPHAS(c)[a] == c->alpha);
	}
	return rows;
}

Datum
search_classifier_cv_scores(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, cv_scores);
}

Datum
search_classifier_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_CLASSIFIER(0)->n);
}

Datum
search_classifier_n_dimensions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_CLASSIFIER(0)->d);
}
