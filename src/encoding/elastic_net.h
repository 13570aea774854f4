/*
 * elastic_net.h
 *		Lasso and elastic net of many targets from a gram.
 */
#ifndef NEUROENC_ELASTIC_NET_H
#define NEUROENC_ELASTIC_NET_H

#include "postgres.h"

#include "encoding/encoder.h"
#include "stats/gram.h"

typedef struct ElasticNetOptions
{
	double		l1_ratio;		/* over 0, up to 1 */
	int			n_alphas;		/* 0: each target's default grid */
	const double *alphas;
	int			max_iter;		/* cycles over the features, an alpha and target */
	double		tol;			/* duality gap over the target's sum of squares */
	bool		standardize;
	EncoderScoring scoring;
} ElasticNetOptions;

/*
 * Cross-validated fit over a gram with two folds or more; the encoder is in a
 * child context of 'parent'.  *n_fits, *n_failed: solutions sought, and those
 * that max_iter cut off.
 */
extern Encoder *elastic_net_cv_fit(MemoryContext parent, const Gram *g, const ElasticNetOptions *options,
								   int64 *n_fits, int64 *n_failed);

#endif							/* NEUROENC_ELASTIC_NET_H */
