/*
 * hyperalign.c
 *		Hyperalignment (Haxby et al. 2011, "A common, high-dimensional model of the
 *		representational space in human ventral temporal cortex", Neuron 72).
 *
 * Three passes of orthogonal Procrustes, X_i centred by column and not scaled:
 *	 1. the subject with the most voxels (of those the first by id) is the
 *		reference; the others, in the order of their ids, are each mapped to the
 *		mean of the reference and those mapped before;
 *	 2. n_iter times: every subject is mapped to the mean of the others;
 *	 3. every subject is mapped to the mean of all.
 * The space has p dimensions, the most voxels of any subject; a subject with
 * fewer is as if padded with voxels of zeros.
 *
 * Costs (n_iter + 2) times, a subject, 4 n_times v p flops and the SVD of X'T
 * (v x p), about 20 v^2 p, which is most of it: take voxels by the hundred (a
 * searchlight, an area), or the shared response model where there are many.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/shared_space.h"

#define MEMORY_HINT "Take fewer voxels, subjects or times, or the shared response model, srm."

typedef struct Hyperalignment
{
	const AlignedRecordings *r;
	SharedSpace *space;
	Size		elements;		/* n_times x p */
	double	   *projected;		/* n_subjects x n_times x p */
	double	   *mean;			/* n_times x p */
	double	   *target;			/* n_times x p */
} Hyperalignment;

static Size
hyperalign_scratch(const AlignedRecordings *r, Size p)
{
	Size		matrices = size_add(r->n_subjects, 2);
	Size		bytes = size_mul(size_mul(matrices, size_mul(r->n_times, p)), sizeof(double));

	return size_add(bytes, space_fit_scratch(r->n_times, p, p));
}

static double *
projected_of(Hyperalignment *h, int subject)
{
	return h->projected + subject * h->elements;
}

/* Maps a subject to the target. */
static void
map_subject(Hyperalignment *h, int subject, const double *target)
{
	subject_fit_map(&h->r->subject[subject], h->space->k, target, &h->space->subject[subject],
					projected_of(h, subject));
	progress_add(1);
}

/* Centred rows of the reference, which has p voxels, as they are. */
static void
place_reference(Hyperalignment *h, int subject)
{
	const AlignedSubject *a = &h->r->subject[subject];
	const double *mean = h->space->subject[subject].mean;
	double	   *rows = projected_of(h, subject);

	for (int i = 0; i < h->r->n_times; i++)
	{
		double	   *row = rows + (Size) i * a->v;

		CHECK_FOR_INTERRUPTS();
		recordings_gather(a, i, 1, 0, a->v, row, a->v);
		for (int j = 0; j < a->v; j++)
			row[j] -= mean[j];
	}
}

static void
first_pass(Hyperalignment *h, int reference)
{
	int			n_mapped = 1;

	place_reference(h, reference);
	memcpy(h->mean, projected_of(h, reference), h->elements * sizeof(double));
	for (int i = 0; i < h->r->n_subjects; i++)
	{
		const double *mapped = projected_of(h, i);

		if (i == reference)
			continue;
		map_subject(h, i, h->mean);
		n_mapped++;
		for (Size e = 0; e < h->elements; e++)
			h->mean[e] += (mapped[e] - h->mean[e]) / n_mapped;
	}
}

static void
set_mean(Hyperalignment *h)
{
	memset(h->mean, 0, h->elements * sizeof(double));
	for (int i = 0; i < h->r->n_subjects; i++)
	{
		const double *mapped = projected_of(h, i);

		CHECK_FOR_INTERRUPTS();
		for (Size e = 0; e < h->elements; e++)
			h->mean[e] += mapped[e] / h->r->n_subjects;
	}
}

static void
second_pass(Hyperalignment *h)
{
	double		n = h->r->n_subjects;

	for (int i = 0; i < h->r->n_subjects; i++)
	{
		const double *mapped = projected_of(h, i);

		for (Size e = 0; e < h->elements; e++)
			h->target[e] = (n * h->mean[e] - mapped[e]) / (n - 1);
		map_subject(h, i, h->target);
	}
	set_mean(h);
}

/* The most voxels; of several the first. */
static int
reference_of(const AlignedRecordings *r)
{
	int			reference = 0;

	for (int i = 1; i < r->n_subjects; i++)
		if (r->subject[i].v > r->subject[reference].v)
			reference = i;
	return reference;
}

SharedSpace *
hyperalign_fit(MemoryContext parent, const AlignedRecordings *r, int n_iter)
{
	int			reference = reference_of(r);
	int			p = r->subject[reference].v;
	SharedSpace *space = space_new(parent, SPACE_HYPERALIGN, p, r->n_times, r->n_subjects);
	MemoryContext scratch = scratch_create("hyperalign", hyperalign_scratch(r, p), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Hyperalignment h = {.r = r, .space = space, .elements = (Size) r->n_times * p};

	h.projected = huge_matrix(r->n_subjects, h.elements);
	h.mean = huge_matrix(r->n_times, p);
	h.target = huge_matrix(r->n_times, p);
	for (int i = 0; i < r->n_subjects; i++)
		subject_moments(&r->subject[i], space_append(space, r->subject[i].id, r->subject[i].v));

	progress_begin("hyperalign", (double) r->n_subjects * (n_iter + 1) - 1);
	first_pass(&h, reference);
	set_mean(&h);
	for (int pass = 0; pass < n_iter; pass++)
		second_pass(&h);
	progress_end();
	space_fit_maps(space, r, h.mean);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return space;
}
