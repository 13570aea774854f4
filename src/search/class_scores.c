/*
 * class_scores.c
 *		Precision, recall and F1 of classes from the counts of (actual, predicted).
 *
 * A class is any label that came on either side, as in scikit-learn: one that was
 * only ever predicted has F1 0 and counts in the macro average.
 */
#include "postgres.h"

#include <math.h>

#include "search/class_scores.h"

/*
 * The two sorted lists of labels as one: place_a[i] and place_b[j] are where their
 * labels stand in it.  Returns how many there are.
 */
static int
merge_labels(const ContingencyTable *t, Label *label, int *place_a, int *place_b)
{
	int			n = 0;
	int			i = 0;
	int			j = 0;

	while (i < t->n_rows || j < t->n_columns)
	{
		int			order = i == t->n_rows ? 1 : j == t->n_columns ? -1 : label_compare(t->a[i], t->b[j]);

		label[n] = order <= 0 ? t->a[i] : t->b[j];
		if (order <= 0)
			place_a[i++] = n;
		if (order >= 0)
			place_b[j++] = n;
		n++;
	}
	return n;
}

ClassCounts *
class_counts(const ContingencyTable *t)
{
	ClassCounts *c = palloc(sizeof(ClassCounts));
	Size		most = (Size) t->n_rows + t->n_columns + 1;
	int		   *place_a;
	int		   *place_b;

	memory_claim_add(memory_claim(CurrentMemoryContext, "class counts"),
					 size_mul(most, sizeof(Label) + 3 * sizeof(int64) + sizeof(int)), "Compare fewer classes.");
	c->n = t->n;
	c->label = huge_alloc(most * sizeof(Label));
	c->actual = huge_alloc0(most * sizeof(int64));
	c->predicted = huge_alloc0(most * sizeof(int64));
	c->right = huge_alloc0(most * sizeof(int64));
	place_a = huge_alloc(most * sizeof(int));
	place_b = place_a + t->n_rows;
	c->n_classes = merge_labels(t, c->label, place_a, place_b);
	for (int i = 0; i < t->n_rows; i++)
		c->actual[place_a[i]] = t->row_sum[i];
	for (int j = 0; j < t->n_columns; j++)
		c->predicted[place_b[j]] = t->column_sum[j];
	for (Size k = 0; k < t->n_cells; k++)
		if (place_a[t->row[k]] == place_b[t->column[k]])
			c->right[place_a[t->row[k]]] = t->count[k];
	pfree(place_a);
	return c;
}

double
class_f1(int64 right, int64 predicted, int64 actual)
{
	return predicted == 0 && actual == 0 ? NAN : 2 * (double) right / ((double) predicted + (double) actual);
}

double
class_mean_f1(const ClassCounts *c, ClassAverage average)
{
	double		sum = 0;
	double		weights = 0;

	for (int i = 0; i < c->n_classes; i++)
	{
		double		f1 = class_f1(c->right[i], c->predicted[i], c->actual[i]);
		double		weight = average == CLASS_WEIGHTED ? (double) c->actual[i] : 1;

		if (average == CLASS_MICRO)
		{
			sum += (double) c->right[i];
			weights += (double) c->actual[i];
		}
		else if (!isnan(f1))	/* the label came */
		{
			sum += weight * f1;
			weights += weight;
		}
	}
	return weights > 0 ? sum / weights : NAN;
}
