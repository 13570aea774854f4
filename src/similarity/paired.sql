-- paired: two populations' responses to the same rows (before similarity_*.sql, which use the type)

CREATE TYPE paired;

CREATE FUNCTION paired_in(cstring) RETURNS paired
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION paired_in(cstring) IS 'input of type paired: paired(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION paired_out(paired) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION paired_out(paired) IS 'output of type paired';
CREATE FUNCTION paired_recv(internal) RETURNS paired
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION paired_recv(internal) IS 'binary input of type paired; every length, count and value is checked';
CREATE FUNCTION paired_send(paired) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION paired_send(paired) IS 'binary output of type paired, little-endian; paired_recv gives back the same state exactly';

CREATE TYPE paired (
    INPUT = paired_in, OUTPUT = paired_out, RECEIVE = paired_recv, SEND = paired_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE paired IS 'responses of two populations, x of p units and y of q, to the same rows (stimuli): the state of every row-paired alignment measure; made by paired_agg, merged by + and sum, so that one scan serves cka, cca, procrustes, mutual_knn and the others; holds the rows (their moments alone inside the aggregates that need no more); at most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION paired_add_rows(paired, tensor, tensor) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_rows' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION paired_add_rows(paired, tensor, tensor) IS 'transition function of paired_agg and of the measures that need the rows';
CREATE FUNCTION paired_add_rows(paired, tensor, tensor, float8) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_rows_real' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION paired_add_rows(paired, tensor, tensor, float8) IS 'transition function of measures that need the rows and have an option, the same in every row';
CREATE FUNCTION paired_add_rows(paired, tensor, tensor, int) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_rows_count' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION paired_add_rows(paired, tensor, tensor, int) IS 'transition function of measures that need the rows and have a whole number as option, the same in every row';
CREATE FUNCTION paired_add_sums(paired, tensor, tensor) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_sums' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION paired_add_sums(paired, tensor, tensor) IS 'transition function of measures that moments are enough for: memory stays that of 8 (p + q)^2 bytes';
CREATE FUNCTION paired_add_sums(paired, tensor, tensor, float8) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_sums_real' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION paired_add_sums(paired, tensor, tensor, float8) IS 'transition function of measures that moments are enough for and that have an option, the same in every row';
CREATE FUNCTION paired_add_sums(paired, tensor, tensor, int) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_add_sums_count' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION paired_add_sums(paired, tensor, tensor, int) IS 'transition function of measures that moments are enough for and that have a whole number as option, the same in every row';
CREATE FUNCTION paired_combine(paired, paired) RETURNS paired
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION paired_combine(paired, paired) IS 'combine function of the aggregates over pairs that keep sums; transition and combine function of sum(paired)';
CREATE FUNCTION paired_combine_rows(paired, paired) RETURNS paired
    AS 'MODULE_PATHNAME', 'paired_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000000;
COMMENT ON FUNCTION paired_combine_rows(paired, paired) IS 'combine function of the aggregates over pairs that keep their rows; its cost tells the planner that a parallel worker sends all of its rows, which takes longer than reading them';
CREATE FUNCTION paired_final(paired) RETURNS paired
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION paired_final(paired) IS 'final function of paired_agg and sum(paired): hands the state on without copying it';

CREATE AGGREGATE paired_agg(x tensor, y tensor) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = paired_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE paired_agg(tensor, tensor) IS 'two populations'' responses x (p finite elements) and y (q finite elements) to the same rows, for all alignment measures from one scan: cka(s), cca(s), procrustes(s) ...; rows with a NULL are skipped, no row gives NULL; memory: the rows, 4 or 8 (p + q) bytes each; the order of the rows does not matter; an error names the row, x or y and the element that is NaN or infinite, or the row of another length';

CREATE AGGREGATE sum(paired) (
    SFUNC = paired_combine, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = paired_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(paired) IS 'the rows of all paired states as one: NULLs are skipped, no state gives NULL; an error if the numbers of units differ';

CREATE FUNCTION paired_plus(paired, paired) RETURNS paired
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION paired_plus(paired, paired) IS 'the rows of both paired states as one; an error if the numbers of units differ';
CREATE OPERATOR + (LEFTARG = paired, RIGHTARG = paired, FUNCTION = paired_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (paired, paired) IS 'the rows of both paired states as one';

-- counts

CREATE FUNCTION n_samples(s paired) RETURNS bigint
    AS 'MODULE_PATHNAME', 'paired_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(paired) IS 'number of rows (stimuli)';
CREATE FUNCTION n_units_x(s paired) RETURNS int
    AS 'MODULE_PATHNAME', 'paired_n_x' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_units_x(paired) IS 'number of units of the first population, the elements of x';
CREATE FUNCTION n_units_y(s paired) RETURNS int
    AS 'MODULE_PATHNAME', 'paired_n_y' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_units_y(paired) IS 'number of units of the second population, the elements of y';
