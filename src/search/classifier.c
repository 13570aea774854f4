/*
 * classifier.c
 *		The classifier type: making one, text and bytes.
 *
 * The binary form, little-endian: uint8 version, flags, encoding; int32 n_classes, d,
 * n_alphas, n_folds, label_bytes, label_end[n_classes], the bytes of the labels; int64 n; float8 alpha and
 * the values of classifier.h.  The text form is classifier(summary): and
 * the binary form in base64.  Labels are converted from the encoding of the database that
 * wrote them, so that classes may change places.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "search/classifier.h"
#include "stats/predictions.h"

Size
classifier_values(int n_classes, int d, int n_alphas)
{
	return size_add(size_mul(LOGISTIC_OUTPUTS(n_classes), (Size) d + 1), 3 * (Size) n_alphas);
}

Classifier *
classifier_new(const Label *labels, int n_classes, int d, int n_alphas)
{
	Size		label_bytes = 0;
	Size		bytes;
	Classifier *c;
	char	   *at;

	for (int i = 0; i < n_classes; i++)
		label_bytes = size_add(label_bytes, labels[i].length);
	bytes = size_add(offsetof(Classifier, values), size_mul(classifier_values(n_classes, d, n_alphas), sizeof(double)));
	bytes = size_add(bytes, size_add(label_bytes, size_mul(n_classes, sizeof(int32))));
	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a classifier of %d classes and %d elements takes %zu bytes, over the maximum of 1 GB", n_classes, d, bytes),
				 errhint("Take fewer classes or elements, or shorter labels.")));
	c = palloc0(bytes);
	SET_VARSIZE(c, bytes);
	c->version = CLASSIFIER_VERSION;
	c->n_classes = n_classes;
	c->d = d;
	c->n_alphas = n_alphas;
	c->label_bytes = (int32) label_bytes;
	at = CLASSIFIER_LABELS(c);
	for (int i = 0; i < n_classes; i++)
	{
		if (labels[i].length > 0)
			memcpy(at, labels[i].text, labels[i].length);
		at += labels[i].length;
		CLASSIFIER_LABEL_END(c)[i] = (int32) (at - CLASSIFIER_LABELS(c));
	}
	return c;
}

Label
classifier_label(const Classifier *c, int i)
{
	const int32 *end = CLASSIFIER_LABEL_END(c);
	int32		start = i == 0 ? 0 : end[i - 1];

	return (Label) {CLASSIFIER_LABELS(c) + start, end[i] - start};
}

/* ---- text and bytes ---- */

static void
write_classifier(StateWriter *w, const void *value)
{
	const Classifier *c = value;
	uint8		head[2] = {c->flags, label_encoding(CLASSIFIER_LABELS(c), c->label_bytes)};

	state_put_bytes(w, head, sizeof(head));
	state_put_int32(w, c->n_classes);
	state_put_int32(w, c->d);
	state_put_int32(w, c->n_alphas);
	state_put_int32(w, c->n_folds);
	state_put_int32(w, c->label_bytes);
	state_put_array(w, CLASSIFIER_LABEL_END(c), c->n_classes, 4);
	state_put_bytes(w, CLASSIFIER_LABELS(c), c->label_bytes);
	state_put_int64(w, c->n);
	state_put_array(w, &c->alpha, 1, 8);
	state_put_array(w, c->values, classifier_values(c->n_classes, c->d, c->n_alphas), 8);
}

/* Classes in the order of labels that were converted. */
static Classifier *
in_order(const Classifier *c, const Label *labels)
{
	int		   *order = palloc(c->n_classes * sizeof(int));
	Label	   *sorted = palloc(c->n_classes * sizeof(Label));
	Size		d = c->d;
	Classifier *to;

	labels_sort(labels, c->n_classes, order);
	for (int i = 0; i < c->n_classes; i++)
		sorted[i] = labels[order[i]];
	to = classifier_new(sorted, c->n_classes, c->d, c->n_alphas);
	to->flags = c->flags;
	to->n_folds = c->n_folds;
	to->n = c->n;
	to->alpha = c->alpha;
	memcpy(to->values, c->values, classifier_values(c->n_classes, c->d, c->n_alphas) * sizeof(double));
	if (c->n_classes == 2)
	{
		for (Size j = 0; order[0] != 0 && j < d + 1; j++)
			CLASSIFIER_INTERCEPTS(to)[j] = -CLASSIFIER_INTERCEPTS(c)[j];
		return to;
	}
	for (int i = 0; i < c->n_classes; i++)
	{
		CLASSIFIER_INTERCEPTS(to)[i] = CLASSIFIER_INTERCEPTS(c)[order[i]];
		memcpy(CLASSIFIER_WEIGHTS(to) + i * d, CLASSIFIER_WEIGHTS(c) + order[i] * d, d * sizeof(double));
	}
	return to;
}

static void
validate_classifier(const Classifier *c)
{
	bool		found = c->n_alphas == 0;

	if (!isfinite(c->alpha) || c->alpha < 0)
		state_corrupt("classifier", "its alpha is negative or not finite");
	state_require_finite("classifier", c->values, classifier_values(c->n_classes, c->d, c->n_alphas));
	for (int i = 0; i < c->n_alphas; i++)
	{
		if (CLASSIFIER_ALPHAS(c)[i] < 0 || CLASSIFIER_LOG_LOSS(c)[i] < 0 || CLASSIFIER_ACCURACY(c)[i] < 0 || CLASSIFIER_ACCURACY(c)[i] > 1)
			state_corrupt("classifier", "an alpha or score is out of range");
		found |= CLASSIFIER_ALPHAS(c)[i] == c->alpha;
	}
	if (!found)
		state_corrupt("classifier", "its alpha is none of those compared");
}

static void *
read_classifier(StateReader *r)
{
	uint8		head[2];
	int32		n_classes;
	int32		d;
	int32		n_alphas;
	int32		n_folds;
	int32		label_bytes;
	Label	   *labels;
	bool		converted;
	Size		values;
	Classifier *c;

	state_get_bytes(r, head, sizeof(head));
	if (head[0] > (CLASSIFIER_INTERCEPT | CLASSIFIER_BALANCED) || !PG_VALID_BE_ENCODING(head[1]))
		state_corrupt("classifier", "unknown flags or encoding");
	n_classes = state_get_int32(r);
	d = state_get_int32(r);
	n_alphas = state_get_int32(r);
	n_folds = state_get_int32(r);
	label_bytes = state_get_int32(r);
	if (n_classes < 2 || d < 1 || d > PREDICTIONS_MAX_COLUMNS || n_alphas < 0 || label_bytes < 0)
		state_corrupt("classifier", "bad number of classes, elements, alphas or bytes");
	if (n_folds < 0 || n_folds == 1 || (n_folds == 0) != (n_alphas == 0))
		state_corrupt("classifier", "bad number of folds");
	labels = labels_read(r, n_classes, label_bytes, head[1], &converted);
	values = classifier_values(n_classes, d, n_alphas);
	state_require(r, size_add(size_mul(values, 8), 16));
	c = classifier_new(labels, n_classes, d, n_alphas);
	c->flags = head[0];
	c->n_folds = n_folds;
	c->n = state_get_int64(r);
	if (c->n < n_classes)
		state_corrupt("classifier", "fewer rows than classes");
	state_get_array(r, &c->alpha, 1, 8);
	state_get_array(r, c->values, values, 8);
	validate_classifier(c);
	return converted ? in_order(c, labels) : c;
}

static char *
summarize_classifier(const void *value)
{
	const Classifier *c = value;

	return psprintf("classes=%d, d=%d, n=" INT64_FORMAT ", alpha=%g", c->n_classes, c->d, c->n, c->alpha);
}

const FlatKind classifier_kind = {
	.name = "classifier",
	.version = CLASSIFIER_VERSION,
	.write = write_classifier,
	.read = read_classifier,
	.summary = summarize_classifier
};

FLAT_IO_FUNCTIONS(classifier, classifier_kind)
