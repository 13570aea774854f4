/*
 * within_loops.h
 *		The loops of within.c over products of one type: included with REAL, its
 *		name in NAME(), and its product GEMM.
 */

/* Can any of CHUNK rows, of another group than 'own', be near enough? */
HOT_LOOP static bool
NAME(any_near) (const REAL *product, const REAL *least, REAL limit, const int32 *group, int32 own)
{
	int			near = 0;

	for (int j = 0; j < CHUNK; j++)
		near |= (least[j] - product[j] <= limit) & (group[j] != own);
	return near != 0;
}

/*
 * Half the squared distance is h_i + h_j - product, h half of a squared norm, off
 * by at most slack (h_i + h_j): 'half_least' holds (1 - slack) h.
 */
static void
NAME(search_row) (const Search *s, TilePairs *found, Size i, Size first, Size end, Size j0, const REAL *product)
{
	const Within *w = s->w;
	const REAL *least = (const REAL *) s->half_least + j0;
	REAL		limit = (REAL) s->half_square - ((const REAL *) s->half_least)[i];
	int32		own = s->group[i];

	for (Size j = first; j < end; j += CHUNK)
	{
		Size		stop = Min(end, j + CHUNK);

		if (stop == j + CHUNK && !NAME(any_near) (product + j, least + j, limit, s->group + j0 + j, own))
			continue;
		for (Size c = j; c < stop; c++)
		{
			double		most = (s->half_norm[i] + s->half_norm[j0 + c]) * (1 + s->slack);

			if (!(least[c] - product[c] <= limit) || s->group[j0 + c] == own)
				continue;
			if (most - product[c] < s->half_square_least || within_distance(w, (int) i, (int) (j0 + c)) <= w->radius)
				found->pair[found->n++] = (WithinPair) {(int32) i, (int32) (j0 + c)};
		}
	}
}

static void
NAME(search_tile) (int64 number, int worker, void *arg)
{
	Search	   *s = arg;
	Tile		t = tile_of_batch(s, number);
	const REAL *y = s->y;
	Size		d = s->w->d;
	REAL	   *products = (REAL *) (s->products + worker * s->product_bytes);

	GEMM (false, true, t.rows, t.columns, d, 1, y + t.i0 * d, d, y + t.j0 * d, d, 0, products, t.columns);
	for (Size i = 0; i < t.rows; i++)
		NAME(search_row) (s, &s->found[number], t.i0 + i, t.i0 == t.j0 ? i + 1 : 0, t.columns, t.j0, products + i * t.columns);
}

#undef REAL
#undef GEMM
#undef NAME
