-- ---- agreement of two tensors, column by column over rows ----

CREATE FUNCTION column_moments_transition(tensor, tensor, tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_column_moments_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION column_moments_transition(tensor, tensor, tensor) IS
'Transition of column_corr and column_r2; callable only inside an aggregate.';

CREATE FUNCTION column_moments_combine(tensor, tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_column_moments_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION column_moments_combine(tensor, tensor) IS
'Merges two states of column_corr or column_r2; callable only inside an aggregate.';

CREATE FUNCTION column_corr_final(tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_column_corr'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION column_corr_final(tensor) IS
'Final function of column_corr.';

CREATE FUNCTION column_r2_final(tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_column_r2'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION column_r2_final(tensor) IS
'Final function of column_r2.';

CREATE AGGREGATE column_corr(tensor, tensor) (
	SFUNC = column_moments_transition,
	STYPE = tensor,
	COMBINEFUNC = column_moments_combine,
	FINALFUNC = column_corr_final,
	SSPACE = 65536,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE column_corr(tensor, tensor) IS
'Pearson correlation over rows of two vectors of the same width p, column by column: a float8 tensor of p. A row where either value is NaN is missing for that column alone; fewer than two valid rows, an infinite value, or squares beyond float8 give NaN; a constant column gives 0. Rows where a or b is NULL are skipped; no rows give NULL. Error: not vectors, differing widths. Sums in float8 about a provisional mean (Chan, Golub and LeVeque 1983).';

CREATE AGGREGATE column_r2(tensor, tensor) (
	SFUNC = column_moments_transition,
	STYPE = tensor,
	COMBINEFUNC = column_moments_combine,
	FINALFUNC = column_r2_final,
	SSPACE = 65536,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE column_r2(tensor, tensor) IS
'Coefficient of determination over rows of y (first argument) by its prediction (second), vectors of the same width p, column by column: 1 - sum (y - predicted)^2 / sum (y - mean y)^2, a float8 tensor of p. No fit is made: a prediction worse than the mean is negative. A row where either value is NaN is missing for that column alone; fewer than two valid rows, an infinite value, or squares beyond float8 give NaN; a constant y gives 0. Rows with a NULL are skipped; no rows give NULL. Error: not vectors, differing widths.';

CREATE FUNCTION column_spearman_transition(internal, tensor, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'stats_column_spearman_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION column_spearman_transition(internal, tensor, tensor) IS
'Transition of column_spearman.';

CREATE FUNCTION column_spearman_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'stats_column_spearman_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION column_spearman_combine(internal, internal) IS
'Merges two states of column_spearman.';

CREATE FUNCTION column_spearman_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'stats_column_spearman_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION column_spearman_serialize(internal) IS
'A state of column_spearman on its way from a parallel worker.';

CREATE FUNCTION column_spearman_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'stats_column_spearman_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION column_spearman_deserialize(bytea, internal) IS
'A state of column_spearman on arrival from a parallel worker.';

CREATE FUNCTION column_spearman_final(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_column_spearman'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION column_spearman_final(internal) IS
'Final function of column_spearman.';

CREATE AGGREGATE column_spearman(tensor, tensor) (
	SFUNC = column_spearman_transition,
	STYPE = internal,
	COMBINEFUNC = column_spearman_combine,
	SERIALFUNC = column_spearman_serialize,
	DESERIALFUNC = column_spearman_deserialize,
	FINALFUNC = column_spearman_final,
	SSPACE = 8388608,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE column_spearman(tensor, tensor) IS
'Spearman rank correlation over rows of two vectors of the same width p, column by column: Pearson''s r of the ranks, ties averaged, a float8 tensor of p. A row where either value is NaN is missing for that column alone, and the others are ranked without it; infinities rank as the extremes; fewer than two valid rows give NaN; a constant column gives 0. Rows with a NULL are skipped; no rows give NULL. All rows are held in memory (2 p elements each), and ranked by neuroenc.threads threads. Error: not vectors, differing widths, neuroenc.memory_limit. (Spearman 1904)';
