/*
 * voxel.h
 *		The voxel (a point in space) and the ball (a searchlight): layout, and the
 *		arithmetic that the operators and the index share.
 *
 * voxel, 12 bytes, aligned 4:		ball, 16 bytes, aligned 4:
 *	 0  float4  x						 0  voxel   center
 *	 4  float4  y						12  float4  radius
 *	 8  float4  z
 *
 * Coordinates are finite and never -0 (voxel_set sees to both), so equality is
 * equality of bytes, and order, hash and index agree.
 */
#ifndef NEUROENC_VOXEL_H
#define NEUROENC_VOXEL_H

#include "postgres.h"
#include "fmgr.h"

#include "tensor/tensor.h"

typedef struct Voxel
{
	float4		x[3];
} Voxel;

typedef struct Ball
{
	Voxel		center;
	float4		radius;			/* >= 0, may be infinite */
} Ball;

StaticAssertDecl(sizeof(Voxel) == 12 && sizeof(Ball) == 16, "on-disk layout of voxel and ball");

#define DatumGetVoxel(d)		((Voxel *) DatumGetPointer(d))
#define PG_GETARG_VOXEL(n)		DatumGetVoxel(PG_GETARG_DATUM(n))
#define DatumGetBall(d)			((Ball *) DatumGetPointer(d))
#define PG_GETARG_BALL(n)		DatumGetBall(PG_GETARG_DATUM(n))

/* ---- voxel.c ---- */

/* v = (x, y, z) rounded to float4; ERROR if one is NaN, infinite or beyond float4 */
extern void voxel_set(Voxel *v, double x, double y, double z);

/* Order by x, then y, then z. */
extern int	voxel_compare(const Voxel *a, const Voxel *b);

/* Euclidean distance. */
extern double voxel_separation(const Voxel *a, const Voxel *b);

/*
 * Length of (dx, dy, dz).  The one place where lengths are computed: each of
 * its rounded operations is monotone, so gaps that are no larger give a length
 * that is no larger, which is what the index's lower bound stands on.
 */
extern double voxel_length(double dx, double dy, double dz);

/* Readers of the text forms; 'start' is the whole text, for the message. */
extern float4 voxel_scan_number(const char **s, const char *start, const char *type);
extern void voxel_scan_char(const char **s, char wanted, const char *start, const char *type);
extern void voxel_scan(const char **s, Voxel *v, const char *start, const char *type);
extern void voxel_scan_end(const char *s, const char *start, const char *type);

/* "(x,y,z)" into out, at most VOXEL_TEXT_SIZE bytes with the end; returns the length. */
#define VOXEL_TEXT_SIZE 64
extern int	voxel_print(const Voxel *v, char *out);

/* ---- ball.c ---- */
extern bool ball_contains(const Ball *b, const Voxel *v);

/* ---- affine.c: 4 x 4 maps from grid to millimetres, last row 0 0 0 1 ---- */

/* The upper three rows of the tensor; ERROR unless it is a finite affine. */
extern void affine_read(const Tensor *t, double m[3][4]);
extern Tensor *affine_tensor(double m[3][4]);
extern void affine_apply(double m[3][4], const double x[3], double out[3]);

/* Inverse; false if singular. */
extern bool affine_invert(double m[3][4], double out[3][4]);

#endif							/* NEUROENC_VOXEL_H */
