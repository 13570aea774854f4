-- points: rows of vectors, alone, with ids or with labels, for methods that need the rows

CREATE TYPE points;

CREATE FUNCTION points_in(cstring) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION points_in(cstring) IS 'input of type points: points(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION points_out(points) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION points_out(points) IS 'output of type points';
CREATE FUNCTION points_recv(internal) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION points_recv(internal) IS 'binary input of type points; every length, count and value is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION points_send(points) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION points_send(points) IS 'binary output of type points, little-endian; points_recv gives back the same state exactly';

CREATE TYPE points (
    INPUT = points_in, OUTPUT = points_out, RECEIVE = points_recv, SEND = points_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE points IS 'rows of finite vectors t of d elements, each alone, with a bigint id, with a label (text or bigint), or with a label and a cross-validation fold; made by points_agg, merged by + and sum, read by the methods that need the rows themselves: clustering, linkage, neighbours, indices of a clustering. They are read in an order given by their content, so no answer depends on the order in which rows came. At most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION points_add(points, tensor) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_alone' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, tensor) IS 'transition function of points_agg(t)';
CREATE FUNCTION points_add(points, bigint, tensor) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_with_id' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, bigint, tensor) IS 'transition function of points_agg(id, t)';
CREATE FUNCTION points_add(points, tensor, text) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_with_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, tensor, text) IS 'transition function of points_agg(t, label)';
CREATE FUNCTION points_add(points, tensor, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_with_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, tensor, bigint) IS 'transition function of points_agg(t, label) where labels are numbers';
CREATE FUNCTION points_add(points, tensor, text, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_with_text_and_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, tensor, text, bigint) IS 'transition function of points_agg(t, label, fold)';
CREATE FUNCTION points_add(points, tensor, bigint, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'points_add_with_bigint_and_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION points_add(points, tensor, bigint, bigint) IS 'transition function of points_agg(t, label, fold) where labels are numbers';
CREATE FUNCTION points_combine(points, points) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION points_combine(points, points) IS 'transition function of sum(points)';
CREATE FUNCTION points_combine_rows(points, points) RETURNS points
    AS 'MODULE_PATHNAME', 'points_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000000;
COMMENT ON FUNCTION points_combine_rows(points, points) IS 'combine function of the aggregates over points and of sum(points); its cost tells the planner that a parallel worker sends all of its rows, which takes longer than reading them';
CREATE FUNCTION points_final(points) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION points_final(points) IS 'final function of points_agg and sum(points): hands the state on without copying it';

CREATE AGGREGATE points_agg(t tensor) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(tensor) IS 'the vectors t of all rows, each of d finite elements; rows where t is NULL are skipped, no row gives NULL. Memory: the rows (float4 unless a float8 comes). An error names the row and element that is NaN or infinite, a vector of another length, and what neuroenc.memory_limit would not hold';
CREATE AGGREGATE points_agg(id bigint, t tensor) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(bigint, tensor) IS 'the vectors t of all rows with their ids, for methods that name rows in their answer (linkage, knn_graph); rows where id or t is NULL are skipped. Otherwise as points_agg(t)';
CREATE AGGREGATE points_agg(t tensor, label text) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(tensor, text) IS 'the vectors t of all rows with their labels (clusters, classes), for methods that compare groups of rows (silhouette, explain_clusters); rows where t or label is NULL are skipped. Otherwise as points_agg(t)';
CREATE AGGREGATE points_agg(t tensor, label bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(tensor, bigint) IS 'points_agg(t, label) with labels given as numbers, such as kmeans() makes';
CREATE AGGREGATE points_agg(t tensor, label text, fold bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(tensor, text, bigint) IS 'the vectors t of all rows with their labels (classes) and cross-validation folds, for classifiers and probes; rows where t, label or fold is NULL are skipped. Otherwise as points_agg(t)';
CREATE AGGREGATE points_agg(t tensor, label bigint, fold bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE points_agg(tensor, bigint, bigint) IS 'points_agg(t, label, fold) with labels given as numbers';
CREATE AGGREGATE sum(points) (
    SFUNC = points_combine, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(points) IS 'the rows of all points; NULLs are skipped, none gives NULL; an error if vectors differ in length, or some have ids, labels or folds and others not';

CREATE FUNCTION points_plus(points, points) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION points_plus(points, points) IS 'the rows of both';
CREATE OPERATOR + (LEFTARG = points, RIGHTARG = points, FUNCTION = points_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (points, points) IS 'the rows of both';

CREATE FUNCTION n_samples(p points) RETURNS bigint
    AS 'MODULE_PATHNAME', 'points_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(points) IS 'number of rows';
CREATE FUNCTION n_dimensions(p points) RETURNS int
    AS 'MODULE_PATHNAME', 'points_n_dimensions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_dimensions(points) IS 'number of elements of each vector; 0 without rows';
