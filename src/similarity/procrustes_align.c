/*
 * procrustes_align.c
 *		The similarity transform of one population onto another (Schoenemann and
 *		Carroll 1970): rotation, scale and translation.
 *
 * With X and Y centred and X'Y = U S V', R = U V' (p x q), the scale is sum(S) /
 * |X R|^2, and the share of |Y|^2 that is reached sum(S)^2 / (|X R|^2 |Y|^2).
 * From moments: n (p + q)^2 flops to have them, the SVD of X'Y, 2 p^2 q for |X R|.
 */
#include "postgres.h"

#include <math.h>

#include "linalg/linalg.h"
#include "similarity/alignment.h"
#include "similarity/procrustes_align.h"

bool
procrustes_align(PairedProducts *products, ProcrustesFit *fit)
{
	Size		p = products->p;
	Size		q = products->q;
	const double *mean_y = products->mean + p;
	double	   *turned = huge_matrix(p, q);
	double		norm;
	double		squares_x;
	double		squares_y = 0;

	norm = polar_f8(p, q, products->xy, fit->rotation);
	gemm_f8(false, false, p, q, p, 1, products->xx, p, fit->rotation, q, 0, turned, q);
	squares_x = dot_product(fit->rotation, turned, p * q);
	pfree(turned);
	for (Size j = 0; j < q; j++)
		squares_y += products->yy[j * q + j];
	if (!(norm > 0) || !(squares_x > 0))
		return false;
	fit->scale = norm / squares_x;
	fit->r2 = Min(1, norm / squares_x * (norm / squares_y));
	memcpy(fit->translation, mean_y, q * sizeof(double));
	gemv_f8(true, q, p, -fit->scale, fit->rotation, q, products->mean, 1, fit->translation);
	return true;
}
