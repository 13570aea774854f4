-- k-means and spherical k-means

CREATE FUNCTION kmeans(t tensor, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10, max_iter int DEFAULT 300, tol float8 DEFAULT 1e-4, init tensor DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION kmeans(tensor, int, bigint, int, int, float8, tensor) IS 'k-means, as a window function: the cluster of each row of the partition, kmeans(t, 8) OVER (PARTITION BY ...), 1 .. k by size, the largest first, those of one size by their centroid; NULL where t is. Clusters minimise the squared distance to centroids (Lloyd 1982). Starts are greedy k-means++ (Arthur and Vassilvitskii 2007): each centre is the best of 2 + ln k draws, drawn from seed alone; the best of n_init starts by inertia, the sum of squared distances, counts. An iteration takes each row to the nearest centroid and each centroid to the mean of its rows; it ends when no row changes, when the centroids'' squared moves sum to at most tol times the mean variance of an element, or after max_iter (then labels, sizes and inertia are those of the rows whose means the centroids are, not yet converged). init: a k x d matrix of centres to start from, the only start then. A cluster that loses all rows takes the row farthest from its centroid. Rows are read in the order of their content, so the answer depends neither on their order, nor on the plan or neuroenc.threads. Cost: 2 n d k flops an iteration, as a matrix product in float4 of float4 rows (decided in float8 where that is not enough), less what bounds rule out where rows do form clusters (Hamerly 2010; Elkan 2003); a start as much once more times 2 + ln k. Errors: k below 1, fewer distinct rows than k (both are named), NaN or infinity in a row, vectors of different lengths, neuroenc.memory_limit, options that are not the same in all rows';

CREATE FUNCTION kmeans_final(points) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_kmeans_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION kmeans_final(points) IS 'final function of kmeans_fit(t, k) and kmeans_fit(t, k, seed)';

CREATE AGGREGATE kmeans_fit(t tensor, k int) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE kmeans_fit(tensor, int) IS 'k-means of all rows as a model, kmeans_fit(t, k, 0)';
CREATE AGGREGATE kmeans_fit(t tensor, k int, seed bigint) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE kmeans_fit(tensor, int, bigint) IS 'k-means of all rows as a model: a clustering, with centroids, sizes and inertia, that labels rows by assign(c, t), also of other tables; rows where t is NULL are skipped, no row gives NULL. Its labels are those of the window function kmeans(t, k, seed), whose comment tells the method; n_init 10, max_iter 300, tol 1e-4: for others kmeans_fit(points_agg(t), k, ...). Memory: the rows twice, and some 100 bytes a row. Errors as there';
CREATE FUNCTION kmeans_fit(p points, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10, max_iter int DEFAULT 300, tol float8 DEFAULT 1e-4, init tensor DEFAULT NULL) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_kmeans_fit' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION kmeans_fit(points, int, bigint, int, int, float8, tensor) IS 'k-means of points that are held already, with all options, kmeans_fit(points_agg(t), 8, n_init => 1); NULL points give NULL. Starts are greedy k-means++ (Arthur and Vassilvitskii 2007): each centre is the best of 2 + ln k draws, drawn from seed alone; the best of n_init starts by inertia, the sum of squared distances, counts. An iteration takes each row to the nearest centroid and each centroid to the mean of its rows; it ends when no row changes, when the centroids'' squared moves sum to at most tol times the mean variance of an element, or after max_iter (then labels, sizes and inertia are those of the rows whose means the centroids are, not yet converged). init: a k x d matrix of centres to start from, the only start then. A cluster that loses all rows takes the row farthest from its centroid. Otherwise as the window function kmeans';

-- spherical k-means

CREATE FUNCTION spherical_kmeans(t tensor, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10, max_iter int DEFAULT 300, tol float8 DEFAULT 1e-4, init tensor DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_spherical_kmeans' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spherical_kmeans(tensor, int, bigint, int, int, float8, tensor) IS 'spherical k-means, as a window function: the cluster of each row of the partition, spherical_kmeans(t, 8) OVER (PARTITION BY ...), 1 .. k by size, the largest first, those of one size by their centroid; NULL where t is. Clusters minimise the cosine: rows and centroids are scaled to length 1 (Dhillon and Modha 2001). Starts are greedy k-means++ (Arthur and Vassilvitskii 2007): each centre is the best of 2 + ln k draws, drawn from seed alone; the best of n_init starts by inertia, the sum of 1 - cosine, counts. An iteration takes each row to the centroid of the largest cosine and each centroid to the mean of its rows scaled to length 1; it ends when no row changes, when the centroids'' squared moves sum to at most tol times the mean variance of an element, or after max_iter (then labels, sizes and inertia are those of the rows whose means the centroids are, not yet converged). init: a k x d matrix of centres to start from, the only start then. A cluster that loses all rows takes the row farthest from its centroid. Rows are read in the order of their content, so the answer depends neither on their order, nor on the plan or neuroenc.threads. Cost: 2 n d k flops an iteration, as a matrix product in float4 of float4 rows (decided in float8 where that is not enough), less what bounds rule out where rows do form clusters (Hamerly 2010; Elkan 2003); a start as much once more times 2 + ln k. Errors: k below 1, fewer distinct rows than k (both are named), NaN or infinity in a row, a row of zeros (which is named), vectors of different lengths, neuroenc.memory_limit, options that are not the same in all rows';

CREATE FUNCTION spherical_kmeans_final(points) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_spherical_kmeans_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spherical_kmeans_final(points) IS 'final function of spherical_kmeans_fit(t, k) and spherical_kmeans_fit(t, k, seed)';

CREATE AGGREGATE spherical_kmeans_fit(t tensor, k int) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = spherical_kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE spherical_kmeans_fit(tensor, int) IS 'spherical k-means of all rows as a model, spherical_kmeans_fit(t, k, 0)';
CREATE AGGREGATE spherical_kmeans_fit(t tensor, k int, seed bigint) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = spherical_kmeans_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE spherical_kmeans_fit(tensor, int, bigint) IS 'spherical k-means of all rows as a model: a clustering, with centroids, sizes and inertia, that labels rows by assign(c, t), also of other tables; rows where t is NULL are skipped, no row gives NULL. Its labels are those of the window function spherical_kmeans(t, k, seed), whose comment tells the method; n_init 10, max_iter 300, tol 1e-4: for others spherical_kmeans_fit(points_agg(t), k, ...). Memory: the rows twice, and some 100 bytes a row. Errors as there';
CREATE FUNCTION spherical_kmeans_fit(p points, k int, seed bigint DEFAULT 0, n_init int DEFAULT 10, max_iter int DEFAULT 300, tol float8 DEFAULT 1e-4, init tensor DEFAULT NULL) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_spherical_kmeans_fit' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spherical_kmeans_fit(points, int, bigint, int, int, float8, tensor) IS 'spherical k-means of points that are held already, with all options, spherical_kmeans_fit(points_agg(t), 8, n_init => 1); NULL points give NULL. Starts are greedy k-means++ (Arthur and Vassilvitskii 2007): each centre is the best of 2 + ln k draws, drawn from seed alone; the best of n_init starts by inertia, the sum of 1 - cosine, counts. An iteration takes each row to the centroid of the largest cosine and each centroid to the mean of its rows scaled to length 1; it ends when no row changes, when the centroids'' squared moves sum to at most tol times the mean variance of an element, or after max_iter (then labels, sizes and inertia are those of the rows whose means the centroids are, not yet converged). init: a k x d matrix of centres to start from, the only start then. A cluster that loses all rows takes the row farthest from its centroid. Otherwise as the window function spherical_kmeans';
