-- topk: for each query the k best of all rows, in one scan

CREATE TYPE topk;

CREATE FUNCTION topk_in(cstring) RETURNS topk
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topk_in(cstring) IS 'input of type topk: topk(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION topk_out(topk) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topk_out(topk) IS 'output of type topk';
CREATE FUNCTION topk_recv(internal) RETURNS topk
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topk_recv(internal) IS 'binary input of type topk; every length, count and score is checked';
CREATE FUNCTION topk_send(topk) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topk_send(topk) IS 'binary output of type topk, little-endian; topk_recv gives back the same state exactly';

CREATE TYPE topk (
    INPUT = topk_in, OUTPUT = topk_out, RECEIVE = topk_recv, SEND = topk_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE topk IS 'for each of q queries the k best of the rows seen, as ids and scores; made by the aggregate topk, merged by + and sum, read by neighbors. It holds a fingerprint of the queries, not the queries: q x k x 16 bytes where it is stored. The same rows give the same bytes in whatever order they came and on any plan';

-- making one

CREATE FUNCTION topk_add(topk, bigint, tensor, tensor, int) RETURNS topk
    AS 'MODULE_PATHNAME', 'search_topk_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION topk_add(topk, bigint, tensor, tensor, int) IS 'transition function of topk(id, key, queries, k)';
CREATE FUNCTION topk_add(topk, bigint, tensor, tensor, int, text) RETURNS topk
    AS 'MODULE_PATHNAME', 'search_topk_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION topk_add(topk, bigint, tensor, tensor, int, text) IS 'transition function of topk(id, key, queries, k, metric)';
CREATE FUNCTION topk_add(topk, bigint, tensor, int) RETURNS topk
    AS 'MODULE_PATHNAME', 'search_topk_add_elements' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION topk_add(topk, bigint, tensor, int) IS 'transition function of topk(id, key, k)';
CREATE FUNCTION topk_combine(topk, topk) RETURNS topk
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION topk_combine(topk, topk) IS 'combine function of the aggregates topk; transition and combine function of sum(topk)';
CREATE FUNCTION topk_final(topk) RETURNS topk
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topk_final(topk) IS 'final function of topk and sum(topk): hands the state on without copying it';

CREATE AGGREGATE topk(id bigint, key tensor, queries tensor, k int, metric text) (
    SFUNC = topk_add, STYPE = topk, SSPACE = 67108864,
    FINALFUNC = topk_final, COMBINEFUNC = topk_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE topk(bigint, tensor, tensor, int, text) IS 'for each of the q queries, the k rows with the best score, all queries in one scan: which images drive each voxel most, which items are nearest to each of many. queries: a matrix q x d, or a vector (one query), the same value in every row: give it as a constant or a sub-select, (SELECT w FROM ...), so that it is read once. key: d elements (flattened) of any element type. metric: ''dot'', the inner product, largest first; ''cosine'', the cosine similarity, largest first; ''euclidean'', the distance, nearest first; ''correlation'', Pearson''s r over the elements, largest first. Equal scores: the lower id first. Scores are taken in float8 whatever the element type, and do not depend on plan, order of rows or neuroenc.threads, which shares the work. Every row counts, also those of the same id. Rows whose id or key is NULL are skipped; no row gives NULL; fewer than k rows give shorter lists. Cost: 2 n q d flops, in float4 products that only decide which scores can''t be among the best. Memory, a group: the queries two times, the lists (16 q k bytes), up to 24 megabytes of rows. An error: an element of a key (named by its id and place) or a query that is NaN, infinite or past 1e150; a key of zeros with cosine, a constant one with correlation; another number of elements; queries, k or metric that change or are NULL; k below 1; what neuroenc.memory_limit would not hold';
CREATE AGGREGATE topk(id bigint, key tensor, queries tensor, k int) (
    SFUNC = topk_add, STYPE = topk, SSPACE = 67108864,
    FINALFUNC = topk_final, COMBINEFUNC = topk_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE topk(bigint, tensor, tensor, int) IS 'topk(id, key, queries, k, ''dot''): with weights of voxels as queries and features of images as keys, the images of the highest predicted response (as BrainSCUBA, Luo et al. 2024, and LaVCa, Matsuyama et al. 2025, ask)';
CREATE AGGREGATE topk(id bigint, key tensor, k int) (
    SFUNC = topk_add, STYPE = topk, SSPACE = 67108864,
    FINALFUNC = topk_final, COMBINEFUNC = topk_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE topk(bigint, tensor, int) IS 'without queries: for each element of key (feature, unit, latent), the k rows where it is largest; neighbors then has the element''s number as query and its value as score. Equal values: the lower id first, also where they are 0: keep those with score > 0 of sparse codes (tensor(code)). key: as many elements (flattened) in every row. Cost: reading the rows. Memory: 16 k bytes an element. NULL, errors and all else as with queries';
CREATE AGGREGATE sum(topk) (
    SFUNC = topk_combine, STYPE = topk, SSPACE = 67108864,
    FINALFUNC = topk_final, COMBINEFUNC = topk_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(topk) IS 'the k best of the rows of all, for the same queries; NULLs are skipped, none gives NULL; an error if queries, k or metric differ';

CREATE FUNCTION topk_plus(topk, topk) RETURNS topk
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION topk_plus(topk, topk) IS 'the k best of the rows of both';
CREATE OPERATOR + (LEFTARG = topk, RIGHTARG = topk, FUNCTION = topk_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (topk, topk) IS 'the k best of the rows of both, for the same queries: add what was found in a new batch of rows';

-- reading it

CREATE FUNCTION neighbors(t topk) RETURNS TABLE (query int, rank int, id bigint, score float8)
    AS 'MODULE_PATHNAME', 'search_topk_neighbors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 1000;
COMMENT ON FUNCTION neighbors(topk) IS 'the rows found for each query, by query (its row in queries, from 1) and rank (from 1, the best): their ids and scores, which are inner products (dot), similarities (cosine, correlation) or distances (euclidean)';

CREATE FUNCTION n_samples(t topk) RETURNS bigint
    AS 'MODULE_PATHNAME', 'search_topk_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(topk) IS 'number of rows that were compared with the queries';
