-- ---- random projection ----

CREATE FUNCTION random_projection(x tensor, k int, seed bigint DEFAULT 0) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_random_projection'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION random_projection(tensor, int, bigint) IS
'Sparse random projection R x of a vector x of width d to k elements (float8 for float8 x, else float4), for features too wide to keep: R (k x d) has entries 0 with probability 1 - 1/sqrt(d), else + or - sqrt(sqrt(d)/k), so that lengths and dot products are kept in the mean, with a relative spread of about sqrt(2/k). R depends on d, k and seed alone: rows projected in different queries, plans or machines are comparable. A NaN or an infinity anywhere in x makes the whole result NaN. The first row of a query pays for making R (about k sqrt(d) entries of 4 bytes, held to the end of the query). Error: x not a vector, k < 1, neuroenc.memory_limit. (Li, Hastie and Church 2006; Achlioptas 2003)';
