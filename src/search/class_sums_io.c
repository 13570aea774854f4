/*
 * class_sums_io.c
 *		The bytes of class_sums where they are stored or shipped (little-endian):
 *
 *	uint8 version, products, 2 zeros;  int32 p
 *	the labels, one a class, as label_set_write() has them
 *	with products: each class as residuals.c writes it
 *	without: float8 centre[p] and for each class int64 n,
 *	float8 squares, sum[p]
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "search/class_sums.h"

#define HEAD_BYTES	3

static void
write_class_sums(StateWriter *w, const void *state)
{
	const ClassSums *s = state;
	uint8		head[HEAD_BYTES] = {s->products, 0, 0};

	state_put_bytes(w, head, HEAD_BYTES);
	state_put_int32(w, s->p);
	label_set_write(w, s->labels);
	if (s->centre)
		state_put_sums(w, "class_sums", s->centre, s->p);
	for (int i = 0; i < s->labels->n; i++)
	{
		const ClassSum *class = &s->classes[i];

		if (s->products)
			residuals_kind.write(w, class->residuals);
		else
		{
			state_put_int64(w, class->n);
			state_put_sums(w, "class_sums", &class->squares, 1);
			state_put_sums(w, "class_sums", class->sum, s->p);
		}
	}
}

/* The classes without products; their number was in the labels. */
static void
read_sums(StateReader *r, ClassSums *s, int n_classes, bool validate)
{
	state_require(r, size_mul(size_add(size_mul(n_classes, size_add(s->p, 2)), s->p), sizeof(double)));
	memory_claim_add(s->claim, s->p * sizeof(double), NULL);
	s->centre = huge_alloc(s->p * sizeof(double));
	state_get_array(r, s->centre, s->p, 8);
	if (validate)
		state_require_finite(r->name, s->centre, s->p);
	for (int i = 0; i < n_classes; i++)
	{
		ClassSum   *class = &s->classes[i];

		CHECK_FOR_INTERRUPTS();
		memory_claim_add(s->claim, s->p * sizeof(double), NULL);
		class->sum = huge_alloc(s->p * sizeof(double));
		class->n = state_get_int64(r);
		state_get_array(r, &class->squares, 1, 8);
		state_get_array(r, class->sum, s->p, 8);
		if (class->n < 1 || class->n > STATE_MAX_ROWS - s->n)
			state_corrupt(r->name, "bad number of rows");
		if (!(class->squares >= 0 && isfinite(class->squares)))
			state_corrupt(r->name, "bad sum of squares");
		if (validate)
			state_require_finite(r->name, class->sum, s->p);
		s->n += class->n;
	}
}

static void
read_products(StateReader *r, ClassSums *s, int n_classes, bool validate)
{
	for (int i = 0; i < n_classes; i++)
	{
		Residuals  *residuals = residuals_kind.read(r, STATE_CONTEXT(s), validate);

		CHECK_FOR_INTERRUPTS();
		s->classes[i].residuals = residuals;
		if (residuals->sums.p != s->p || residuals_n(residuals) < 1 || residuals_n(residuals) > STATE_MAX_ROWS - s->n)
			state_corrupt(r->name, "bad number of features or rows of a class");
		s->n += residuals_n(residuals);
	}
}

static void *
read_class_sums(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[HEAD_BYTES];
	int32		p;
	ClassSums  *s;
	MemoryContext old;
	Size		bytes;

	state_get_bytes(r, head, HEAD_BYTES);
	p = state_get_int32(r);
	if (head[0] > 1 || head[1] || head[2] || p < 1 || p > (head[0] ? RESIDUALS_MAX_CHANNELS : CLASS_SUMS_MAX_FEATURES))
		state_corrupt(r->name, "bad flags or number of features");
	state_require(r, size_mul(p, sizeof(double)));
	s = class_sums_new(parent, p, head[0]);
	label_set_read(r, s->labels);
	if (s->labels->n == 0)
		state_corrupt(r->name, "it has no class");
	bytes = size_mul(s->labels->n, sizeof(ClassSum));
	memory_claim_add(s->claim, bytes, NULL);
	old = MemoryContextSwitchTo(STATE_CONTEXT(s));
	s->classes = huge_alloc0(bytes);
	s->max_classes = s->labels->n;
	if (s->products)
		read_products(r, s, s->labels->n, validate);
	else
		read_sums(r, s, s->labels->n, validate);
	MemoryContextSwitchTo(old);
	return s;
}

static void *
copy_class_sums(MemoryContext parent, const void *state)
{
	return class_sums_copy(parent, state);
}

static void
merge_class_sums(void *dst, const void *src)
{
	class_sums_merge(dst, src);
}

static char *
summarize_class_sums(const void *state)
{
	const ClassSums *s = state;

	return psprintf("p=%d, classes=%d, n=" INT64_FORMAT, s->p, s->labels->n, s->n);
}

const StateKind class_sums_kind = {
	.name = "class_sums",
	.version = 1,
	.write = write_class_sums,
	.read = read_class_sums,
	.copy = copy_class_sums,
	.merge = merge_class_sums,
	.summary = summarize_class_sums,
	.size_hint = "Take fewer features, or pass it straight to the solver: "
	"lda_direction(class_sums_agg(x, label)) in one query level does not copy it."
};

STATE_IO_FUNCTIONS(class_sums, class_sums_kind)
STATE_MERGE_FUNCTIONS(class_sums, class_sums_kind)
