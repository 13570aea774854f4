-- softmax_projection: queries moved onto the span of a bank of keys

CREATE TYPE softmax_projection;

CREATE FUNCTION softmax_projection_in(cstring) RETURNS softmax_projection
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION softmax_projection_in(cstring) IS 'input of type softmax_projection: softmax_projection(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION softmax_projection_out(softmax_projection) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION softmax_projection_out(softmax_projection) IS 'output of type softmax_projection';
CREATE FUNCTION softmax_projection_recv(internal) RETURNS softmax_projection
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION softmax_projection_recv(internal) IS 'binary input of type softmax_projection; every length, count and sum is checked';
CREATE FUNCTION softmax_projection_send(softmax_projection) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION softmax_projection_send(softmax_projection) IS 'binary output of type softmax_projection, little-endian; softmax_projection_recv gives back the same state exactly';

CREATE TYPE softmax_projection (
    INPUT = softmax_projection_in, OUTPUT = softmax_projection_out, RECEIVE = softmax_projection_recv, SEND = softmax_projection_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE softmax_projection IS 'for each of q queries, sums over a bank of keys under softmax weights; made by the aggregate softmax_projection, merged by + and sum (more images), read by projections and projected. It holds a fingerprint of the queries'' directions, not the queries: 8 q (d + 4) bytes where it is stored. Sums may differ in their last bits between plans';

-- making one

CREATE FUNCTION softmax_projection_add(softmax_projection, tensor, tensor, float8) RETURNS softmax_projection
    AS 'MODULE_PATHNAME', 'search_projection_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION softmax_projection_add(softmax_projection, tensor, tensor, float8) IS 'transition function of softmax_projection(query, key, temperature)';
CREATE FUNCTION softmax_projection_combine(softmax_projection, softmax_projection) RETURNS softmax_projection
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION softmax_projection_combine(softmax_projection, softmax_projection) IS 'combine function of the aggregate softmax_projection; transition and combine function of sum(softmax_projection)';
CREATE FUNCTION softmax_projection_final(softmax_projection) RETURNS softmax_projection
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION softmax_projection_final(softmax_projection) IS 'final function of softmax_projection and sum(softmax_projection): hands the state on without copying it';

CREATE AGGREGATE softmax_projection(query tensor, key tensor, temperature float8) (
    SFUNC = softmax_projection_add, STYPE = softmax_projection, SSPACE = 67108864,
    FINALFUNC = softmax_projection_final, COMBINEFUNC = softmax_projection_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE softmax_projection(tensor, tensor, float8) IS 'queries moved onto the span of a bank of keys, in one pass: a voxel''s weights, which no image has as its embedding, as a mean of the embeddings of natural images that agree with them, so that captions can be decoded or items be searched from it. Key j weighs exp(cos(query, key j) / temperature) over the sum of the same of all keys; norm and direction are averaged apart (projections). query: a vector, or a matrix q x d of a row each, the same value in every row: give it as a constant or a sub-select, (SELECT w FROM ...), so that it is read once. Its length does not matter. key: d elements (flattened). Any element types, computed in float8. temperature: as the cosine''s unit; BrainSCUBA takes 1/150; towards 0 the nearest key is left, above 1 the plain mean. Rows whose key is NULL are skipped; no row gives NULL. Cost: 4 n q d flops and n q exponentials, shared by neuroenc.threads. Memory: the queries two times, the sums (8 q d bytes), some blocks. An error: a query or key of zeros, or with an element that is NaN, infinite or past 1e150 (named by the key''s ordinal, which under a parallel plan is a worker''s own); another number of elements; a query or temperature that changes or is NULL; temperature not above 0; what neuroenc.memory_limit would not hold. (Luo, Henderson, Tarr and Wehbe 2024, BrainSCUBA, the decoupled projection)';
CREATE AGGREGATE sum(softmax_projection) (
    SFUNC = softmax_projection_combine, STYPE = softmax_projection, SSPACE = 67108864,
    FINALFUNC = softmax_projection_final, COMBINEFUNC = softmax_projection_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(softmax_projection) IS 'the projection onto the keys of all, for the same queries; NULLs are skipped, none gives NULL; an error if queries or temperature differ';

CREATE FUNCTION softmax_projection_plus(softmax_projection, softmax_projection) RETURNS softmax_projection
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION softmax_projection_plus(softmax_projection, softmax_projection) IS 'the projection onto the keys of both';
CREATE OPERATOR + (LEFTARG = softmax_projection, RIGHTARG = softmax_projection, FUNCTION = softmax_projection_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (softmax_projection, softmax_projection) IS 'the projection onto the keys of both, for the same queries: add what a new batch of images says';

-- reading it

CREATE FUNCTION projections(p softmax_projection) RETURNS TABLE (query int, projection tensor, norm float8, length float8, n_effective float8)
    AS 'MODULE_PATHNAME', 'search_projections' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 100;
COMMENT ON FUNCTION projections(softmax_projection) IS 'one row a query (its row in the queries, from 1), w_j being the weight of key j, all weights summing to 1: norm = sum w_j |key_j|; length, of the mean direction sum w_j key_j / |key_j|: 1 where one direction has all the weight, near 0 where keys point everywhere; projection (d, float8) = norm times that mean direction, so that its own length is norm times length: l2_normalize(projection) is the direction alone. n_effective = 1 / sum w_j^2: how many keys share the weight. (Luo et al. 2024)';

CREATE FUNCTION projected(p softmax_projection) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_projected' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION projected(softmax_projection) IS 'all projections as a matrix q x d (float8), a row a query: what topk takes as queries';

CREATE FUNCTION n_samples(p softmax_projection) RETURNS bigint
    AS 'MODULE_PATHNAME', 'search_projection_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(softmax_projection) IS 'number of keys that were averaged';
