-- k-means' relatives: clusters of equal size, streams, constraints

-- clusters of equal size

CREATE FUNCTION balanced_kmeans(t tensor, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_balanced_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION balanced_kmeans(tensor, int, bigint, int) IS 'k-means with clusters of equal size, as a window function: the cluster of each row of the partition, balanced_kmeans(t, 8) OVER (PARTITION BY ...), 1 .. k by size, those of one size by their centroid; NULL where t is. Clusters have n / k rows, rounded down or up, and minimise the sum of squared distances to their centroids: assignment and means in turn (Malinen and Franti 2014), the assignment being exact, by a flow of least cost over the clusters, so that the sum falls each turn until no row moves. It starts as k-means does; the best of n_init starts counts. Rows are read in the order of their content (of equal rows in different clusters it can''t be told which is which); the answer depends neither on their order, nor on the plan or neuroenc.threads. Cost a turn: 2 n k d flops, n k for heaps, and k^2 + k log n for each row that has to give way, at first a good part of n, later few; memory 32 n k bytes: 100,000 rows in 100 clusters take 320 MB, and minutes where clusters are far from equal. Errors: k below 1, fewer distinct rows than k, NaN or infinity in a row, vectors of different lengths, neuroenc.memory_limit, options that are not the same in all rows';

CREATE FUNCTION balanced_kmeans_final(points) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_balanced_kmeans_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION balanced_kmeans_final(points) IS 'final function of balanced_kmeans_fit(t, k) and balanced_kmeans_fit(t, k, seed)';

CREATE AGGREGATE balanced_kmeans_fit(t tensor, k int) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = balanced_kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE balanced_kmeans_fit(tensor, int) IS 'k-means with clusters of equal size of all rows as a model, balanced_kmeans_fit(t, k, 0)';
CREATE AGGREGATE balanced_kmeans_fit(t tensor, k int, seed bigint) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = balanced_kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE balanced_kmeans_fit(tensor, int, bigint) IS 'k-means with clusters of equal size of all rows as a model: a clustering, with centroids, sizes (equal up to one) and inertia; rows where t is NULL are skipped, no row gives NULL. Method and errors as balanced_kmeans(t, k, seed). assign(c, t) gives a row the nearest centroid, whatever the sizes then are';
CREATE FUNCTION balanced_kmeans_fit(p points, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_balanced_kmeans_fit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION balanced_kmeans_fit(points, int, bigint, int) IS 'the same of points that are held already, with the number of starts; NULL gives NULL';

-- streams

CREATE FUNCTION minibatch_kmeans(t tensor, k int, seed bigint DEFAULT 0) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_minibatch_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION minibatch_kmeans(tensor, int, bigint) IS 'k-means in one pass, as a window function: the nearest centroid for each row of the partition, of the model that minibatch_kmeans_fit makes of its rows in the order of a hash of their content, so the answer does not depend on their order; 1 .. k by size, the largest first, those of one size by their centroid; NULL where t is. The time of one or two iterations of kmeans, and an inertia some per cent higher. It holds the rows: where they don''t fit, minibatch_kmeans_fit and assign. Errors as kmeans';

CREATE FUNCTION minibatch_kmeans_add(internal, tensor, int) RETURNS internal
    AS 'MODULE_PATHNAME', 'clustering_minibatch_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION minibatch_kmeans_add(internal, tensor, int) IS 'transition function of minibatch_kmeans_fit(t, k)';
CREATE FUNCTION minibatch_kmeans_add(internal, tensor, int, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'clustering_minibatch_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION minibatch_kmeans_add(internal, tensor, int, bigint) IS 'transition function of minibatch_kmeans_fit(t, k, seed)';
CREATE FUNCTION minibatch_kmeans_final(internal) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_minibatch_final' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION minibatch_kmeans_final(internal) IS 'final function of minibatch_kmeans_fit';

CREATE AGGREGATE minibatch_kmeans_fit(t tensor, k int) (
    SFUNC = minibatch_kmeans_add, STYPE = internal, SSPACE = 16777216,
    FINALFUNC = minibatch_kmeans_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE minibatch_kmeans_fit(tensor, int) IS 'k-means in one pass, minibatch_kmeans_fit(t, k, 0)';
CREATE AGGREGATE minibatch_kmeans_fit(t tensor, k int, seed bigint) (
    SFUNC = minibatch_kmeans_add, STYPE = internal, SSPACE = 16777216,
    FINALFUNC = minibatch_kmeans_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE minibatch_kmeans_fit(tensor, int, bigint) IS 'k-means of all rows in one pass and constant memory, for tables that don''t fit neuroenc.memory_limit: a clustering that labels rows by assign(c, t); rows where t is NULL are skipped, no row gives NULL. The first 4,096 rows (4 k, if that is more) are clustered by k-means; then rows come in batches of 1,024, go to the nearest centroid as it was before the batch, and move it by 1 / (rows that it has had), so that each centroid is the mean of all the rows that went to it (Sculley 2010). Sizes and inertia are those of the rows as they came. The answer depends on the order of rows, and is good if that means nothing: minibatch_kmeans_fit(t, k, 0 ORDER BY hashint8(id)), or a table that was written in random order; a cluster that the first rows don''t show gets no centroid of its own. That is why it is not merged from parts of a table in a parallel plan: each run would give another answer. Cost: 2 n k d flops; memory: 4,096 rows and k centroids. Errors: fewer distinct rows than k among the first ones; otherwise as kmeans_fit';

-- constraints

CREATE FUNCTION cop_kmeans(t tensor, id bigint, k int, must_link bigint[] DEFAULT '{}', cannot_link bigint[] DEFAULT '{}', seed bigint DEFAULT 0, n_init int DEFAULT 10) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_cop_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cop_kmeans(tensor, bigint, int, bigint[], bigint[], bigint, int) IS 'k-means in which the pairs of rows of must_link are together and those of cannot_link apart, as a window function: cop_kmeans(t, id, 3, ''{{1,2},{2,7}}'', ''{{1,9}}'') OVER (), the cluster of each row of the partition, 1 .. k by size, the largest first, those of one size by their centroid; NULL where t is. Pairs name rows by id; rows that must be together, and what follows from it (1 and 7 above), go to a cluster as one (Wagstaff, Cardie, Rogers and Schroedl 2001). Assignments are searched for: rows with the fewest clusters left first (Brelaz 1979), with steps back out of dead ends, then improved by moves and exchanges; each turn of assignment and means lowers the sum of squared distances, and the best of n_init starts counts. Rows are read in the order of their content and id: the answer depends neither on their order, nor on the plan or neuroenc.threads. Without pairs it is kmeans. Cost a turn: 2 n k d flops, and m^2 + m k steps for m groups of rows in cannot_link. Errors: a pair of cannot_link whose rows must_link joins is named; so is a pair that is in the way when no assignment satisfies all (that there is none can be certain only where the search could end, as it says); an id that no row has or that comes twice; k below 1, fewer distinct rows or groups than k, NaN or infinity in a row, vectors of different lengths, neuroenc.memory_limit, options that are not the same in all rows';

CREATE FUNCTION seeded_kmeans(t tensor, label int, k int DEFAULT NULL, seed bigint DEFAULT 0, constrained bool DEFAULT false) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_seeded_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION seeded_kmeans(tensor, int, int, bigint, bool) IS 'k-means from partial labels, as a window function: label is the cluster of a row that is known, from 1, NULL where it is not; seeded_kmeans(t, label) OVER () is the cluster of each row of the partition; NULL where t is. A cluster starts at the mean of its labelled rows (Basu, Banerjee and Mooney 2002, Seeded-KMeans) and keeps their number: labels are not made anew by size. constrained: labelled rows stay in their cluster (their Constrained-KMeans); else they may go to another. k NULL: the largest label; clusters without labelled rows start at rows drawn by the squared distance to the other centres, by seed, and have the numbers left, by size. The answer depends neither on the order of rows, nor on the plan or neuroenc.threads. Errors: no row has a label, a label below 1 or over k; k below 1, fewer distinct rows than k, NaN or infinity in a row, vectors of different lengths, neuroenc.memory_limit, options that are not the same in all rows';
