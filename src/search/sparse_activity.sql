-- How often and how much features are active, over rows of sparse vectors.

CREATE TYPE feature_activity;

CREATE FUNCTION feature_activity_in(cstring) RETURNS feature_activity
	AS 'MODULE_PATHNAME', 'feature_activity_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_in(cstring) IS 'Input of type feature_activity: feature_activity(...):base64 of the binary form; the part in parentheses is for people.';

CREATE FUNCTION feature_activity_out(feature_activity) RETURNS cstring
	AS 'MODULE_PATHNAME', 'feature_activity_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_out(feature_activity) IS 'Output of type feature_activity.';

CREATE FUNCTION feature_activity_recv(internal) RETURNS feature_activity
	AS 'MODULE_PATHNAME', 'feature_activity_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_recv(internal) IS 'Binary input of type feature_activity; every length and number is checked.';

CREATE FUNCTION feature_activity_send(feature_activity) RETURNS bytea
	AS 'MODULE_PATHNAME', 'feature_activity_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_send(feature_activity) IS 'Binary output of type feature_activity, little-endian; feature_activity_recv gives back the same state exactly.';

CREATE TYPE feature_activity (
	INPUT = feature_activity_in, OUTPUT = feature_activity_out, RECEIVE = feature_activity_recv, SEND = feature_activity_send,
	INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE feature_activity IS 'How often and how much each feature of sparse vectors is active, over n rows: for each feature the number of rows, the sum and the greatest of its values. Made by the aggregate feature_activity, merged by + and sum, read by features and feature_density. 24 bytes a feature, at most 1 GB (44 million features).';

CREATE FUNCTION feature_activity_add(feature_activity, sparse) RETURNS feature_activity
	AS 'MODULE_PATHNAME', 'sparse_accumulate' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION feature_activity_add(feature_activity, sparse) IS 'Transition function of feature_activity, sum, avg and feature_density of sparse vectors.';

CREATE FUNCTION feature_activity_combine(feature_activity, feature_activity) RETURNS feature_activity
	AS 'MODULE_PATHNAME', 'sparse_accumulate_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION feature_activity_combine(feature_activity, feature_activity) IS 'Combine function of the aggregates over sparse vectors; transition function of sum(feature_activity).';

CREATE FUNCTION feature_activity_sums(feature_activity) RETURNS tensor
	AS 'MODULE_PATHNAME', 'feature_activity_sums' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_sums(feature_activity) IS 'Final function of sum(sparse).';

CREATE FUNCTION feature_activity_means(feature_activity) RETURNS tensor
	AS 'MODULE_PATHNAME', 'feature_activity_means' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_means(feature_activity) IS 'Final function of avg(sparse).';

CREATE FUNCTION feature_activity_union(feature_activity) RETURNS sparse
	AS 'MODULE_PATHNAME', 'feature_activity_union' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION feature_activity_union(feature_activity) IS 'Final function of union_sdr(sparse).';

CREATE FUNCTION feature_density(a feature_activity) RETURNS tensor
	AS 'MODULE_PATHNAME', 'feature_activity_density' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION feature_density(feature_activity) IS 'The share of rows in which each feature is active, float8; 0 is a dead feature.';

CREATE AGGREGATE feature_activity(s sparse) (
	SFUNC = feature_activity_add, STYPE = feature_activity, SSPACE = 1048576,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE feature_activity(sparse) IS 'How often and how much each feature of sparse vectors, such as codes of a sparse autoencoder, is active: a state, read by features() and feature_density(), merged by + and sum. Cost of a row: its stored values. NULL rows are skipped; NULL if there is no row. Rows of different widths are an error.';

CREATE AGGREGATE feature_density(s sparse) (
	SFUNC = feature_activity_add, STYPE = feature_activity, SSPACE = 1048576, FINALFUNC = feature_density,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE feature_density(sparse) IS 'The share of rows in which each feature is active (not zero), a float8 tensor; 0 is a dead feature. NULL rows are skipped; NULL if there is no row. Rows of different widths are an error.';

CREATE AGGREGATE sum(s sparse) (
	SFUNC = feature_activity_add, STYPE = feature_activity, SSPACE = 1048576, FINALFUNC = feature_activity_sums,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(sparse) IS 'The sum over rows, zeros included: a tensor. Summed in float8; float8 if a row is, else float4; a sum beyond that is an infinity. NULL rows are skipped; NULL if there is no row. Rows of different widths are an error.';

CREATE AGGREGATE union_sdr(s sparse) (
	SFUNC = feature_activity_add, STYPE = feature_activity, SSPACE = 1048576, FINALFUNC = feature_activity_union,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE union_sdr(sparse) IS '1 where any row is active: a union of patterns, which matches() each of them. NULL rows are skipped; NULL if there is no row. Rows of different widths are an error.';

CREATE AGGREGATE avg(s sparse) (
	SFUNC = feature_activity_add, STYPE = feature_activity, SSPACE = 1048576, FINALFUNC = feature_activity_means,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(sparse) IS 'The mean over rows, zeros included: a tensor. Summed in float8; float8 if a row is, else float4. NULL rows are skipped; NULL if there is no row. Rows of different widths are an error.';

CREATE AGGREGATE sum(feature_activity) (
	SFUNC = feature_activity_combine, STYPE = feature_activity, SSPACE = 1048576,
	COMBINEFUNC = feature_activity_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(feature_activity) IS 'The activity over the rows of all. NULLs are skipped, none gives NULL; different widths are an error.';

CREATE FUNCTION feature_activity_plus(feature_activity, feature_activity) RETURNS feature_activity
	AS 'MODULE_PATHNAME', 'feature_activity_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION feature_activity_plus(feature_activity, feature_activity) IS 'The activity over the rows of both; different widths are an error.';

CREATE OPERATOR + (LEFTARG = feature_activity, RIGHTARG = feature_activity, FUNCTION = feature_activity_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (feature_activity, feature_activity) IS 'The activity over the rows of both; different widths are an error.';

CREATE FUNCTION n_samples(a feature_activity) RETURNS bigint
	AS 'MODULE_PATHNAME', 'feature_activity_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(feature_activity) IS 'Number of rows.';

CREATE FUNCTION features(a feature_activity) RETURNS TABLE (feature int, n_active bigint, density float8, mean float8, mean_active float8, max float8)
	AS 'MODULE_PATHNAME', 'feature_activity_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION features(feature_activity) IS 'A row a feature, from 1: n_active, the rows in which it is active; density, their share; mean, over all rows, zeros included; mean_active and max, over the rows in which it is active, NULL of a dead feature.';
