-- Features of sparse vectors that are active together.

CREATE FUNCTION cooccurrence_add(cooccurrence, sparse) RETURNS cooccurrence
	AS 'MODULE_PATHNAME', 'sparse_cooccurrence_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cooccurrence_add(cooccurrence, sparse) IS 'Transition function of cooccurrence(codes sparse).';

CREATE FUNCTION cooccurrence_add(cooccurrence, sparse, float8) RETURNS cooccurrence
	AS 'MODULE_PATHNAME', 'sparse_cooccurrence_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cooccurrence_add(cooccurrence, sparse, float8) IS 'Transition function of cooccurrence(codes sparse, threshold).';

CREATE AGGREGATE cooccurrence(codes sparse) (
	SFUNC = cooccurrence_add, STYPE = cooccurrence, SSPACE = 67108864,
	FINALFUNC = cooccurrence_final, COMBINEFUNC = cooccurrence_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cooccurrence(sparse) IS 'In how many rows each pair of features is active, over 0: cooccurrence(codes::tensor) without making the tensors. Cost of a row: a^2 / 2 increments for a active features; memory 2 p^2 bytes for a width of p, 0.5 GB at 16,384. Rows where codes is NULL are skipped, no row gives NULL. Errors: different widths, more than 65,536 features or 4,294,967,295 rows, neuroenc.memory_limit.';

CREATE AGGREGATE cooccurrence(codes sparse, threshold float8) (
	SFUNC = cooccurrence_add, STYPE = cooccurrence, SSPACE = 67108864,
	FINALFUNC = cooccurrence_final, COMBINEFUNC = cooccurrence_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cooccurrence(sparse, float8) IS 'cooccurrence(codes) where values over threshold, the same in every row and not negative, are active.';
