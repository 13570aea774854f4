/*
 * voxel_gist.c
 *		The GiST operator class of voxel: v <@ ball, v = voxel, and nearest first
 *		by v <-> voxel, with index-only scans.
 *
 * Keys are boxes (voxel_box, the STORAGE type): in a leaf lo = hi = the voxel.
 *
 * Nothing is rechecked, because both tests are exact.  A leaf's distance is
 * voxel_separation, the operator itself.  An inner box's distance is
 * voxel_length of the gaps between the point and the box on each axis; a gap
 * is the rounded difference of the query and the nearer face, rounding is
 * monotone, and so is every operation of voxel_length, so the bound is never
 * above the computed distance of any voxel in the box.
 *
 * Penalty is the growth of the sum of edges, not of the volume, which is 0 for
 * the flat and linear sets that a slice or a surface gives.  Splits follow the
 * R*-tree (Beckmann, Kriegel, Schneider and Seeger 1990): the axis whose cuts
 * have the smallest sum of edges, and on it the cut with the least overlap,
 * then the least volume, then the most even; O(n log n) for n entries a page.
 * Sorted builds use the order of interleaved coordinate bits (Morton 1966).
 */
#include "postgres.h"

#include <math.h>

#include "access/gist.h"
#include "access/stratnum.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/sortsupport.h"

#include "base/client_detail.h"
#include "voxel/voxel.h"

/* 24 bytes, aligned 4: the low and the high corner */
typedef struct VoxelBox
{
	Voxel		lo;
	Voxel		hi;
} VoxelBox;

StaticAssertDecl(sizeof(VoxelBox) == 24, "on-disk layout of voxel_box");

#define DatumGetVoxelBox(d)		((VoxelBox *) DatumGetPointer(d))
#define PG_GETARG_VOXEL_BOX(n)	DatumGetVoxelBox(PG_GETARG_DATUM(n))

/* ---- box arithmetic ---- */

static void
box_extend(VoxelBox *box, const VoxelBox *by)
{
	for (int d = 0; d < 3; d++)
	{
		box->lo.x[d] = Min(box->lo.x[d], by->lo.x[d]);
		box->hi.x[d] = Max(box->hi.x[d], by->hi.x[d]);
	}
}

static double
box_margin(const VoxelBox *box)
{
	double		sum = 0;

	for (int d = 0; d < 3; d++)
		sum += (double) box->hi.x[d] - box->lo.x[d];
	return sum;
}

static double
box_volume(const VoxelBox *box)
{
	double		product = 1;

	for (int d = 0; d < 3; d++)
		product *= (double) box->hi.x[d] - box->lo.x[d];
	return product;
}

static double
box_overlap(const VoxelBox *a, const VoxelBox *b)
{
	double		product = 1;

	for (int d = 0; d < 3; d++)
	{
		double		width = (double) Min(a->hi.x[d], b->hi.x[d]) - Max(a->lo.x[d], b->lo.x[d]);

		product *= Max(width, 0);
	}
	return product;
}

static bool
box_contains(const VoxelBox *box, const Voxel *v)
{
	for (int d = 0; d < 3; d++)
		if (v->x[d] < box->lo.x[d] || v->x[d] > box->hi.x[d])
			return false;
	return true;
}

/* Distance from a point to the nearest point of the box; to a leaf's voxel, its distance. */
static double
box_distance(const VoxelBox *box, const Voxel *v)
{
	double		gap[3];

	for (int d = 0; d < 3; d++)
	{
		double		below = (double) box->lo.x[d] - v->x[d];
		double		above = (double) v->x[d] - box->hi.x[d];

		gap[d] = Max(Max(below, above), 0);
	}
	return voxel_length(gap[0], gap[1], gap[2]);
}

/* ---- the storage type's text and binary forms: "(x,y,z),(x,y,z)" ---- */

static void
check_corners(const VoxelBox *box)
{
	for (int d = 0; d < 3; d++)
		if (box->lo.x[d] > box->hi.x[d])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the low corner of a voxel_box lies above its high corner on axis %d", d + 1),
					 errdetail_client("They are at %g and %g.", box->lo.x[d], box->hi.x[d])));
}

PG_FUNCTION_INFO_V1(voxel_box_in);
Datum
voxel_box_in(PG_FUNCTION_ARGS)
{
	const char *start = PG_GETARG_CSTRING(0);
	const char *s = start;
	VoxelBox   *box = palloc(sizeof(VoxelBox));

	voxel_scan(&s, &box->lo, start, "voxel_box");
	voxel_scan_char(&s, ',', start, "voxel_box");
	voxel_scan(&s, &box->hi, start, "voxel_box");
	voxel_scan_end(s, start, "voxel_box");
	check_corners(box);
	PG_RETURN_POINTER(box);
}

PG_FUNCTION_INFO_V1(voxel_box_out);
Datum
voxel_box_out(PG_FUNCTION_ARGS)
{
	VoxelBox   *box = PG_GETARG_VOXEL_BOX(0);
	char	   *out = palloc(2 * (Size) VOXEL_TEXT_SIZE);
	int			n = voxel_print(&box->lo, out);

	out[n++] = ',';
	voxel_print(&box->hi, out + n);
	PG_RETURN_CSTRING(out);
}

PG_FUNCTION_INFO_V1(voxel_box_recv);
Datum
voxel_box_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	VoxelBox   *box = palloc(sizeof(VoxelBox));
	float4		c[6];

	for (int d = 0; d < 6; d++)
		c[d] = pq_getmsgfloat4(buf);
	voxel_set(&box->lo, c[0], c[1], c[2]);
	voxel_set(&box->hi, c[3], c[4], c[5]);
	check_corners(box);
	PG_RETURN_POINTER(box);
}

PG_FUNCTION_INFO_V1(voxel_box_send);
Datum
voxel_box_send(PG_FUNCTION_ARGS)
{
	VoxelBox   *box = PG_GETARG_VOXEL_BOX(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	for (int d = 0; d < 3; d++)
		pq_sendfloat4(&buf, box->lo.x[d]);
	for (int d = 0; d < 3; d++)
		pq_sendfloat4(&buf, box->hi.x[d]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- keys ---- */

PG_FUNCTION_INFO_V1(voxel_gist_compress);
Datum
voxel_gist_compress(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	GISTENTRY  *out;
	VoxelBox   *box;

	if (!entry->leafkey)
		PG_RETURN_POINTER(entry);

	box = palloc(sizeof(VoxelBox));
	box->lo = box->hi = *DatumGetVoxel(entry->key);
	out = palloc(sizeof(GISTENTRY));
	gistentryinit(*out, PointerGetDatum(box), entry->rel, entry->page, entry->offset, false);
	PG_RETURN_POINTER(out);
}

PG_FUNCTION_INFO_V1(voxel_gist_fetch);
Datum
voxel_gist_fetch(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	GISTENTRY  *out = palloc(sizeof(GISTENTRY));
	Voxel	   *v = palloc(sizeof(Voxel));

	*v = DatumGetVoxelBox(entry->key)->lo;
	gistentryinit(*out, PointerGetDatum(v), entry->rel, entry->page, entry->offset, false);
	PG_RETURN_POINTER(out);
}

PG_FUNCTION_INFO_V1(voxel_gist_union);
Datum
voxel_gist_union(PG_FUNCTION_ARGS)
{
	GistEntryVector *entries = (GistEntryVector *) PG_GETARG_POINTER(0);
	int		   *size = (int *) PG_GETARG_POINTER(1);
	VoxelBox   *box = palloc(sizeof(VoxelBox));

	*box = *DatumGetVoxelBox(entries->vector[0].key);
	for (int i = 1; i < entries->n; i++)
		box_extend(box, DatumGetVoxelBox(entries->vector[i].key));
	*size = sizeof(VoxelBox);
	PG_RETURN_POINTER(box);
}

PG_FUNCTION_INFO_V1(voxel_gist_same);
Datum
voxel_gist_same(PG_FUNCTION_ARGS)
{
	VoxelBox   *a = PG_GETARG_VOXEL_BOX(0);
	VoxelBox   *b = PG_GETARG_VOXEL_BOX(1);
	bool	   *same = (bool *) PG_GETARG_POINTER(2);

	*same = voxel_compare(&a->lo, &b->lo) == 0 && voxel_compare(&a->hi, &b->hi) == 0;
	PG_RETURN_POINTER(same);
}

/* ---- searching ---- */

PG_FUNCTION_INFO_V1(voxel_gist_consistent);
Datum
voxel_gist_consistent(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	StrategyNumber strategy = (StrategyNumber) PG_GETARG_UINT16(2);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(4);
	VoxelBox   *box = DatumGetVoxelBox(entry->key);

	*recheck = false;
	switch (strategy)
	{
		case RTContainedByStrategyNumber:
			{
				Ball	   *ball = PG_GETARG_BALL(1);

				PG_RETURN_BOOL(box_distance(box, &ball->center) <= ball->radius);
			}
		case RTEqualStrategyNumber:
			PG_RETURN_BOOL(box_contains(box, PG_GETARG_VOXEL(1)));
		default:
			elog(ERROR, "unrecognized strategy number: %d", strategy);
	}
}

PG_FUNCTION_INFO_V1(voxel_gist_distance);
Datum
voxel_gist_distance(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(4);

	*recheck = false;
	PG_RETURN_FLOAT8(box_distance(DatumGetVoxelBox(entry->key), PG_GETARG_VOXEL(1)));
}

/* ---- growing ---- */

PG_FUNCTION_INFO_V1(voxel_gist_penalty);
Datum
voxel_gist_penalty(PG_FUNCTION_ARGS)
{
	GISTENTRY  *old = (GISTENTRY *) PG_GETARG_POINTER(0);
	GISTENTRY  *new = (GISTENTRY *) PG_GETARG_POINTER(1);
	float	   *penalty = (float *) PG_GETARG_POINTER(2);
	VoxelBox	grown = *DatumGetVoxelBox(old->key);
	double		before = box_margin(&grown);

	box_extend(&grown, DatumGetVoxelBox(new->key));
	*penalty = (float) (box_margin(&grown) - before);
	PG_RETURN_POINTER(penalty);
}

typedef struct SplitEntry
{
	VoxelBox   *box;
	double		middle;			/* lo + hi on the axis being sorted */
	OffsetNumber offset;
} SplitEntry;

/* One axis: its entries in order, and the boxes of every head and tail. */
typedef struct SplitAxis
{
	SplitEntry *entries;
	VoxelBox   *head;			/* head[i]: union of entries 0 .. i */
	VoxelBox   *tail;			/* tail[i]: union of entries i .. n - 1 */
	double		margins;		/* sum over all allowed cuts */
} SplitAxis;

static int
compare_split_entries(const void *a, const void *b)
{
	const SplitEntry *x = a;
	const SplitEntry *y = b;

	if (x->middle != y->middle)
		return x->middle < y->middle ? -1 : 1;
	return (int) x->offset - (int) y->offset;
}

static void
sort_axis(SplitAxis *axis, const SplitEntry *entries, int n, int fewest, int d)
{
	axis->entries = palloc(n * sizeof(SplitEntry));
	axis->head = palloc(n * sizeof(VoxelBox));
	axis->tail = palloc(n * sizeof(VoxelBox));
	memcpy(axis->entries, entries, n * sizeof(SplitEntry));

	for (int i = 0; i < n; i++)
		axis->entries[i].middle = (double) entries[i].box->lo.x[d] + entries[i].box->hi.x[d];
	qsort(axis->entries, n, sizeof(SplitEntry), compare_split_entries);

	axis->head[0] = *axis->entries[0].box;
	axis->tail[n - 1] = *axis->entries[n - 1].box;
	for (int i = 1; i < n; i++)
	{
		axis->head[i] = axis->head[i - 1];
		box_extend(&axis->head[i], axis->entries[i].box);
		axis->tail[n - 1 - i] = axis->tail[n - i];
		box_extend(&axis->tail[n - 1 - i], axis->entries[n - 1 - i].box);
	}

	axis->margins = 0;
	for (int cut = fewest; cut <= n - fewest; cut++)
		axis->margins += box_margin(&axis->head[cut - 1]) + box_margin(&axis->tail[cut]);
}

/* The number of entries that go left. */
static int
best_cut(const SplitAxis *axis, int n, int fewest)
{
	int			best = n / 2;
	double		best_overlap = INFINITY;
	double		best_volume = INFINITY;

	for (int cut = fewest; cut <= n - fewest; cut++)
	{
		const VoxelBox *left = &axis->head[cut - 1];
		const VoxelBox *right = &axis->tail[cut];
		double		overlap = box_overlap(left, right);
		double		volume = box_volume(left) + box_volume(right);

		if (overlap < best_overlap ||
			(overlap == best_overlap && volume < best_volume) ||
			(overlap == best_overlap && volume == best_volume &&
			 abs(2 * cut - n) < abs(2 * best - n)))
		{
			best = cut;
			best_overlap = overlap;
			best_volume = volume;
		}
	}
	return best;
}

PG_FUNCTION_INFO_V1(voxel_gist_picksplit);
Datum
voxel_gist_picksplit(PG_FUNCTION_ARGS)
{
	GistEntryVector *vector = (GistEntryVector *) PG_GETARG_POINTER(0);
	GIST_SPLITVEC *split = (GIST_SPLITVEC *) PG_GETARG_POINTER(1);
	int			n = vector->n - FirstOffsetNumber;
	int			fewest = Max(1, n / 3);
	int			cut;
	SplitEntry *entries = palloc(n * sizeof(SplitEntry));
	SplitAxis	axes[3];
	SplitAxis  *axis = &axes[0];
	VoxelBox   *boxes = palloc(2 * sizeof(VoxelBox));

	for (int i = 0; i < n; i++)
	{
		entries[i].box = DatumGetVoxelBox(vector->vector[i + FirstOffsetNumber].key);
		entries[i].offset = i + FirstOffsetNumber;
	}
	for (int d = 0; d < 3; d++)
	{
		sort_axis(&axes[d], entries, n, fewest, d);
		if (axes[d].margins < axis->margins)
			axis = &axes[d];
	}
	cut = best_cut(axis, n, fewest);

	split->spl_left = palloc(n * sizeof(OffsetNumber));
	split->spl_right = palloc(n * sizeof(OffsetNumber));
	split->spl_nleft = cut;
	split->spl_nright = n - cut;
	for (int i = 0; i < n; i++)
	{
		if (i < cut)
			split->spl_left[i] = axis->entries[i].offset;
		else
			split->spl_right[i - cut] = axis->entries[i].offset;
	}
	boxes[0] = axis->head[cut - 1];
	boxes[1] = axis->tail[cut];
	split->spl_ldatum = PointerGetDatum(&boxes[0]);
	split->spl_rdatum = PointerGetDatum(&boxes[1]);
	PG_RETURN_POINTER(split);
}

/* ---- sorted builds ---- */

/* Bits that order as the float does. */
static uint32
ordered_bits(float4 f)
{
	union
	{
		float4		f;
		uint32		bits;
	}			u = {.f = f};

	return (u.bits & 0x80000000) ? ~u.bits : (u.bits | 0x80000000);
}

/*
 * Morton order without interleaving: the axis on which the two differ in the
 * highest bit decides (Chan 2002).
 */
static int
compare_morton(Datum a, Datum b, SortSupport ssup)
{
	const Voxel *p = &DatumGetVoxelBox(a)->lo;
	const Voxel *q = &DatumGetVoxelBox(b)->lo;
	uint32		most = 0;
	int			order = 0;

	for (int d = 0; d < 3; d++)
	{
		uint32		u = ordered_bits(p->x[d]);
		uint32		v = ordered_bits(q->x[d]);
		uint32		differ = u ^ v;

		if (most < differ && most < (most ^ differ))
		{
			most = differ;
			order = u < v ? -1 : 1;
		}
	}
	return order;
}

PG_FUNCTION_INFO_V1(voxel_gist_sortsupport);
Datum
voxel_gist_sortsupport(PG_FUNCTION_ARGS)
{
	SortSupport ssup = (SortSupport) PG_GETARG_POINTER(0);

	ssup->comparator = compare_morton;
	PG_RETURN_VOID();
}
