/*
 * labels.c
 *		The numbers of clusters: 1 .. k by size, -1 for noise.
 */
#include "postgres.h"

#include "base/memory.h"
#include "clustering/clustering.h"

typedef struct Group
{
	int64		size;
	int32		first;			/* its first row */
	int32		number;			/* as it was given */
} Group;

static int
compare_groups(const void *a, const void *b)
{
	const Group *x = a;
	const Group *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

int
labels_by_size(int n, int32 *label)
{
	Group	   *group = huge_alloc(Max(1, (Size) n) * sizeof(Group));
	int32	   *renamed = huge_alloc(Max(1, (Size) n) * sizeof(int32));
	int			k = 0;

	for (int i = 0; i < n; i++)
		renamed[i] = -1;
	for (int i = 0; i < n; i++)
	{
		if (label[i] < 0)
			continue;
		if (renamed[label[i]] < 0)
		{
			group[k] = (Group) {0, i, label[i]};
			renamed[label[i]] = k++;
		}
		group[renamed[label[i]]].size++;
	}
	qsort(group, k, sizeof(Group), compare_groups);
	for (int j = 0; j < k; j++)
		renamed[group[j].number] = j + 1;
	for (int i = 0; i < n; i++)
		label[i] = label[i] < 0 ? -1 : renamed[label[i]];
	pfree(group);
	pfree(renamed);
	return k;
}
