/*
 * identification.h
 *		Which stored item does a decoded vector name?
 */
#ifndef NEUROENC_IDENTIFICATION_H
#define NEUROENC_IDENTIFICATION_H

#include "stats/predictions.h"

typedef struct Identification
{
	int64		n;				/* rows */
	double		top_1;			/* share of rows whose own item ranks first */
	double		top_5;
	double		two_way;		/* NaN, as two_v_two, where there is only one item */
	double		two_v_two;
	double		median_rank;
} Identification;

/* Rows of two vectors (predicted, actual) with an item as label. */
extern Identification identification(const PredictionRows *rows);

#endif							/* NEUROENC_IDENTIFICATION_H */
