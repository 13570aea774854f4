/*
 * select_value.c
 *		The k-th smallest of some values, by Hoare's quickselect: O(n) but for
 *		arrangements that no data have.
 */
#include "postgres.h"

#include "stats/select_value.h"

void
select_value(double *values, int64 n, int64 k)
{
	int64		low = 0;
	int64		high = n - 1;

	while (low < high)
	{
		double		pivot = values[low + (high - low) / 2];
		int64		i = low;
		int64		j = high;

		while (i <= j)
		{
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i <= j)
			{
				double		swap = values[i];

				values[i++] = values[j];
				values[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}
