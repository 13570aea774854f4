/*
 * sae.h
 *		Sparse autoencoders: rows to the latents that they activate.
 */
#ifndef NEUROENC_SAE_H
#define NEUROENC_SAE_H

#include "postgres.h"

#include "search/codes.h"

/* An encoder, all in one element type. */
typedef struct Sae
{
	Size		d;
	Size		m;				/* latents */
	TensorType	dtype;
	void	   *weights;		/* m x d: a latent's in a row */
	void	   *bias;			/* m */
	double	   *before;			/* d: taken from a row before it is multiplied */
	void	   *threshold;		/* m, not negative; NULL: none */
} Sae;

typedef struct SaeRule
{
	int			k;				/* the k largest of a row; 0: all over the threshold */
	double		threshold;		/* of every latent, where the encoder has none; not negative */
} SaeRule;

/* Codes hold the activations that are positive, and over the threshold. */
extern Coder *sae_coder(const Sae *s, const SaeRule *rule, int rows);
extern Size sae_coder_bytes(Size d, Size m, TensorType dtype, const SaeRule *rule, int rows);

/* How many rows make a block, of n: enough for a good product. */
extern int	sae_block_rows(Size m, TensorType dtype, int64 n);

/*
 * The k x n largest activations of n rows together (BatchTopK), in the order of
 * rows and then latents.  Blocks come one after another, from a coder without k or
 * thresholds, which then leaves out what is too small to be among them.
 */
typedef struct SaeBatch
{
	int64		most;			/* k x n */
	double		least;			/* what is not over it is not among them */
	int64		n;				/* entries at hand */
	int64		room;
	int32	   *row;
	int32	   *index;
	double	   *value;
	MemoryClaim *claim;
} SaeBatch;

extern SaeBatch *sae_batch_new(int64 most);
extern void sae_batch_add(SaeBatch *b, const Coder *c, int first_row);
extern void sae_batch_finish(SaeBatch *b);

#endif							/* NEUROENC_SAE_H */
