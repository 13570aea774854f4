/*
 * shared_space.c
 *		A shared space in memory: making, copying, mapping rows into it and back.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "similarity/shared_space.h"

#define MEMORY_HINT "Take fewer voxels, subjects or components."

SharedSpace *
space_new(MemoryContext parent, SpaceMethod method, int k, int n_times, int n_subjects)
{
	SharedSpace *space = state_new(&shared_space_kind, parent, sizeof(SharedSpace));
	Size		series = size_mul(size_mul(n_times, k), sizeof(double));
	MemoryContext old;

	space->method = method;
	space->k = k;
	space->n_times = n_times;
	space->claim = memory_claim(STATE_CONTEXT(space), "shared space");
	memory_claim_add(space->claim, size_add(series, size_mul(n_times, sizeof(int64))), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(space));
	space->time = huge_alloc(n_times * sizeof(int64));
	space->series = huge_alloc(series);
	space->subject = huge_alloc0(n_subjects * sizeof(SpaceSubject));
	MemoryContextSwitchTo(old);
	return space;
}

SpaceSubject *
space_append(SharedSpace *space, int64 id, int v)
{
	SpaceSubject *s = &space->subject[space->n_subjects++];
	Size		doubles = size_mul(v, (Size) space->k + 1);
	MemoryContext old;

	memory_claim_add(space->claim, size_mul(doubles, sizeof(double)), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(space));
	s->id = id;
	s->v = v;
	s->mean = huge_alloc(v * sizeof(double));
	s->map = huge_matrix(v, space->k);
	MemoryContextSwitchTo(old);
	return s;
}

const SpaceSubject *
space_find(const SharedSpace *space, int64 id)
{
	for (int i = 0; i < space->n_subjects; i++)
		if (space->subject[i].id == id)
			return &space->subject[i];
	return NULL;
}

SharedSpace *
space_copy(MemoryContext parent, const SharedSpace *space, int n_more)
{
	SharedSpace *copy = space_new(parent, space->method, space->k, space->n_times, space->n_subjects + n_more);

	memcpy(copy->time, space->time, space->n_times * sizeof(int64));
	memcpy(copy->series, space->series, (Size) space->n_times * space->k * sizeof(double));
	for (int i = 0; i < space->n_subjects; i++)
	{
		const SpaceSubject *from = &space->subject[i];
		SpaceSubject *to = space_append(copy, from->id, from->v);

		CHECK_FOR_INTERRUPTS();
		to->total = from->total;
		to->residual = from->residual;
		memcpy(to->mean, from->mean, from->v * sizeof(double));
		memcpy(to->map, from->map, (Size) from->v * space->k * sizeof(double));
	}
	return copy;
}

void
space_project(const SharedSpace *space, const SpaceSubject *s, Size m, double *y, double *out)
{
	Size		v = s->v;
	Size		k = space->k;

	for (Size i = 0; i < m; i++)
		for (Size j = 0; j < v; j++)
			y[i * v + j] -= s->mean[j];
	if (m == 1)
		gemv_f8(true, k, v, 1, s->map, k, y, 0, out);
	else
		gemm_f8(false, false, m, k, v, 1, y, v, s->map, k, 0, out, k);
}

void
space_reconstruct(const SharedSpace *space, const SpaceSubject *s, Size m, double *z, double *out)
{
	Size		v = s->v;
	Size		k = space->k;

	if (m == 1)
		gemv_f8(false, v, k, 1, s->map, k, z, 0, out);
	else
		gemm_f8(false, true, m, v, k, 1, z, k, s->map, k, 0, out, v);
	for (Size i = 0; i < m; i++)
		for (Size j = 0; j < v; j++)
			out[i * v + j] += s->mean[j];
}
