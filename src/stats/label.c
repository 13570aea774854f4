/*
 * label.c
 *		The order of labels, labels in SQL and in binary forms.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "stats/label.h"

char *
label_text(Label label)
{
	int			shown = pg_mbcliplen(label.text, label.length, 60);

	return psprintf("%.*s%s", shown, label.text, shown < label.length ? "..." : "");
}

/* Digits of a whole number as bigint prints it, but of any length; false: not one. */
static bool
whole_number(Label label, bool *negative, Label *digits)
{
	*negative = label.length > 0 && label.text[0] == '-';
	*digits = (Label) {label.text + *negative, label.length - *negative};
	if (digits->length == 0 || (digits->text[0] == '0' && label.length > 1))
		return false;
	for (int i = 0; i < digits->length; i++)
		if (digits->text[i] < '0' || digits->text[i] > '9')
			return false;
	return true;
}

static int
compare_bytes(Label a, Label b)
{
	int			cmp = memcmp(a.text, b.text, Min(a.length, b.length));

	return cmp != 0 ? cmp : a.length - b.length;
}

int
label_compare(Label a, Label b)
{
	bool		negative_a,
				negative_b;
	Label		digits_a,
				digits_b;
	bool		whole_a = whole_number(a, &negative_a, &digits_a);
	bool		whole_b = whole_number(b, &negative_b, &digits_b);
	int			cmp;

	if (whole_a != whole_b)
		return whole_a ? -1 : 1;
	if (!whole_a)
		return compare_bytes(a, b);
	if (negative_a != negative_b)
		return negative_a ? -1 : 1;
	cmp = digits_a.length != digits_b.length ? digits_a.length - digits_b.length : compare_bytes(digits_a, digits_b);
	return negative_a ? -cmp : cmp;
}

static int
compare_indirect(const void *a, const void *b, void *labels)
{
	return label_compare(((const Label *) labels)[*(const int *) a],
							  ((const Label *) labels)[*(const int *) b]);
}

void
labels_sort(const Label *labels, int n, int *order)
{
	for (int i = 0; i < n; i++)
		order[i] = i;
	qsort_arg(order, n, sizeof(int), compare_indirect, (void *) labels);
	for (int i = 1; i < n; i++)
		if (label_compare(labels[order[i - 1]], labels[order[i]]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a label is there twice"),
					 errdetail_client("It is \"%s\".", label_text(labels[order[i]]))));
}

/* ---- in SQL ---- */

Datum *
labels_datums(const Label *labels, int n)
{
	Datum	   *datums = huge_alloc(size_mul(Max(1, n), sizeof(Datum)));

	for (int i = 0; i < n; i++)
		datums[i] = PointerGetDatum(cstring_to_text_with_len(labels[i].text, labels[i].length));
	return datums;
}

Size
labels_array_bytes(const Label *labels, int n)
{
	Size		bytes = ARR_OVERHEAD_NONULLS(1);

	for (int i = 0; i < n; i++)
		bytes = size_add(bytes, INTALIGN(VARHDRSZ + (Size) labels[i].length));
	return bytes;
}

ArrayType *
labels_array(const Label *labels, int n)
{
	value_require("an array of labels", labels_array_bytes(labels, n), "Use shorter labels, or fewer rows at a time.");
	return construct_array(labels_datums(labels, n), n, TEXTOID, -1, false, TYPALIGN_INT);
}

Label
label_from_datum(Datum value, bool is_bigint)
{
	text	   *label;

	if (is_bigint)
	{
		char	   *digits = DatumGetCString(DirectFunctionCall1(int8out, value));

		return (Label) {digits, (int) strlen(digits)};
	}
	label = DatumGetTextPP(value);
	return (Label) {VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)};
}

Label
label_argument(FunctionCallInfo fcinfo, int n, bool is_bigint)
{
	return label_from_datum(PG_GETARG_DATUM(n), is_bigint);
}

/* ---- in binary forms ---- */

char *
label_bytes_to_server(const char *state, const char *bytes, int n, int encoding)
{
	int			ours = GetDatabaseEncoding();

	if (encoding != ours && encoding != PG_SQL_ASCII && ours != PG_SQL_ASCII &&
		!OidIsValid(FindDefaultConversionProc(encoding, ours)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s has labels in encoding %s, which can't be converted to this database's, %s", state,
						pg_encoding_to_char(encoding), GetDatabaseEncodingName())));
	return pg_any_to_server(bytes, n, encoding);
}

Label *
labels_read(StateReader *r, int n, int label_bytes, int encoding, bool *converted)
{
	Label	   *labels;
	int32	   *end;
	char	   *text;

	state_require(r, size_add(size_mul(n, sizeof(int32)), label_bytes));
	end = huge_alloc(size_mul(Max(1, n), sizeof(int32)));
	text = palloc(Max(1, label_bytes));
	labels = huge_alloc(size_mul(Max(1, n), sizeof(Label)));
	state_get_array(r, end, n, 4);
	state_get_bytes(r, text, label_bytes);
	*converted = false;
	for (int i = 0; i < n; i++)
	{
		int			start = i == 0 ? 0 : end[i - 1];
		char	   *label = text + start;
		char	   *ours;

		CHECK_FOR_INTERRUPTS();
		if (end[i] < start || end[i] > label_bytes)
			state_corrupt(r->name, "labels overlap or pass their end");
		if (memchr(label, 0, end[i] - start))
			state_corrupt(r->name, "a label contains a zero byte");
		ours = label_bytes_to_server(r->name, label, end[i] - start, encoding);
		*converted |= ours != label;
		labels[i] = (Label) {ours, ours != label ? (int) strlen(ours) : end[i] - start};
	}
	if ((n == 0 ? 0 : end[n - 1]) != label_bytes)
		state_corrupt(r->name, "bytes are left over after the labels");
	for (int i = 1; i < n && !*converted; i++)
		if (label_compare(labels[i - 1], labels[i]) >= 0)
			state_corrupt(r->name, "labels do not ascend");
	return labels;
}
