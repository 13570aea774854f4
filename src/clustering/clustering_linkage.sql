-- linkage: agglomerative clustering of the conditions of an RDM, or of rows

CREATE FUNCTION linkage(r rdm, method text DEFAULT 'average') RETURNS dendrogram
    AS 'MODULE_PATHNAME', 'linkage_of_rdm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linkage(rdm, text) IS 'agglomerative clustering of the conditions of r: the two nearest clusters merge, n - 1 times. The distance of two clusters is that of their nearest pair (single), of their farthest (complete), the mean over pairs (average, UPGMA), or ward: sqrt(2 |a| |b| / (|a| + |b|)) times the distance of their centroids, which is so where distances are euclidean; ward takes any as if they were, as SciPy does. Minimum spanning tree, or nearest-neighbour chain with the updates of Lance and Williams (Muellner 2011): O(n^2) time, 8 n (n - 1) / 2 bytes. Merges, heights and ties are SciPy''s (scipy.cluster.hierarchy.linkage) for conditions in the order of labels. An error names a pair that is missing (NaN), a negative distance for ward, an unknown method, and what neuroenc.memory_limit would not hold';
CREATE FUNCTION linkage(p points, method text DEFAULT 'average') RETURNS dendrogram
    AS 'MODULE_PATHNAME', 'linkage_of_points' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linkage(points, text) IS 'agglomerative clustering of rows by their euclidean distances, which are taken in float8 from the differences: as linkage(rdm). Leaves are the rows'' ids, or their labels (points_agg(t, label)), which must be distinct. No rows give NULL. An error names an id that is there twice and elements over 1e140; points without ids or labels are refused';

CREATE FUNCTION linkage_add(points, bigint, tensor) RETURNS points
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION linkage_add(points, bigint, tensor) IS 'transition function of linkage(id, t)';
CREATE FUNCTION linkage_add(points, bigint, tensor, text) RETURNS points
    AS 'MODULE_PATHNAME', 'linkage_add_method' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION linkage_add(points, bigint, tensor, text) IS 'transition function of linkage(id, t, method)';
CREATE FUNCTION linkage_final(points) RETURNS dendrogram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION linkage_final(points) IS 'final function of the linkage aggregates';

CREATE AGGREGATE linkage(id bigint, t tensor) (
    SFUNC = linkage_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = linkage_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE linkage(bigint, tensor) IS 'linkage(id, t, ''average'')';
CREATE AGGREGATE linkage(id bigint, t tensor, method text) (
    SFUNC = linkage_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = linkage_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE linkage(bigint, tensor, text) IS 'agglomerative clustering of all rows by the euclidean distances of their vectors t: single, complete, average or ward, as linkage(points, method), with the ids as leaves. Rows where id or t is NULL are skipped, no row gives NULL. Memory: 4 n (n - 1) bytes, besides the rows: 10,000 rows 400 MB';
