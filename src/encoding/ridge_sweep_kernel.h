/*
 * ridge_sweep_kernel.h
 *		Inner loops of ridge_sweep.c, included once with REAL float and once with
 *		REAL double (like PostgreSQL's sort_template.h).  No include guard.
 */
#define NAME_2(a, b) a##_##b
#define NAME_1(a, b) NAME_2(a, b)
#define NAME(a) NAME_1(a, REAL)

/* m <= TILE columns of a p x nt float8 matrix as a p x m tile of REAL */
HOT_LOOP static void
NAME(load_tile)(const double *in, Size ld, int p, int m, REAL *out)
{
	for (int i = 0; i < p; i++)
		for (int q = 0; q < m; q++)
			out[(Size) i * m + q] = (REAL) in[(Size) i * ld + q];
}

/* u = z / (lambda + alpha), row by row */
HOT_LOOP static void
NAME(shrink_tile)(const REAL *z, const double *lambda, double alpha, int p, int m, REAL *u)
{
	for (int i = 0; i < p; i++)
	{
		REAL		shrink = (REAL) (1 / (lambda[i] + alpha));

		for (int q = 0; q < m; q++)
			u[(Size) i * m + q] = shrink * z[(Size) i * m + q];
	}
}

/* out[q] = sum over rows of x[., q] w[., q]; partial sums of 32 rows in REAL */
HOT_LOOP static void
NAME(column_dots)(const REAL *x, const REAL *w, int n, int m, double *out)
{
	REAL		part[PAIR_TILE];

	for (int q = 0; q < m; q++)
		out[q] = 0;
	for (int i0 = 0; i0 < n; i0 += 32)
	{
		int			i1 = Min(n, i0 + 32);

		for (int q = 0; q < m; q++)
			part[q] = 0;
		for (int i = i0; i < i1; i++)
			for (int q = 0; q < m; q++)
				part[q] += x[(Size) i * m + q] * w[(Size) i * m + q];
		for (int q = 0; q < m; q++)
			out[q] += part[q];
	}
}

/* out[q] = sum over rows of d[i] u[i, q] */
HOT_LOOP static void
NAME(column_weighted)(const double *d, const REAL *u, int n, int m, double *out)
{
	REAL		part[PAIR_TILE];

	for (int q = 0; q < m; q++)
		out[q] = 0;
	for (int i0 = 0; i0 < n; i0 += 32)
	{
		int			i1 = Min(n, i0 + 32);

		for (int q = 0; q < m; q++)
			part[q] = 0;
		for (int i = i0; i < i1; i++)
		{
			REAL		weight = (REAL) d[i];

			for (int q = 0; q < m; q++)
				part[q] += weight * u[(Size) i * m + q];
		}
		for (int q = 0; q < m; q++)
			out[q] += part[q];
	}
}

/* a2 of a tile of m <= PAIR_TILE columns u; w is scratch of max(p, n_rows) x m */
static void
NAME(held_squares)(const SweepFold *f, const REAL *quad, const REAL *u, int m, REAL *w, double *a2)
{
	if (f->predict)
	{
		NAME(gemm)(f->n_rows, m, f->p, quad, u, w);
		NAME(column_dots)(w, w, f->n_rows, m, a2);
	}
	else
	{
		memcpy(w, u, (Size) f->p * m * sizeof(REAL));
		NAME(trmm)(f->p, m, quad, w);
		NAME(column_dots)(u, w, f->p, m, a2);
		for (int q = 0; q < m; q++)
			a2[q] *= 2;
	}
}

/* The three sums of a tile of m columns u; w is scratch of max(p, n_rows) x m */
static void
NAME(evaluate_tile)(const SweepFold *f, const REAL *quad, const REAL *u, const REAL *e, int m,
					REAL *w, double *a1, double *a2, double *a3)
{
	NAME(held_squares)(f, quad, u, m, w, a2);
	NAME(column_dots)(u, e, f->p, m, a1);
	NAME(column_weighted)(f->d, u, f->p, m, a3);
}

#undef NAME_2
#undef NAME_1
#undef NAME
