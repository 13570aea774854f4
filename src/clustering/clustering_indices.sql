-- indices that judge a clustering by its rows

CREATE FUNCTION silhouette_add(points, tensor, text, text) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_silhouette_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION silhouette_add(points, tensor, text, text) IS 'transition function of silhouette(t, label, metric)';
CREATE FUNCTION silhouette_add(points, tensor, bigint, text) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_silhouette_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION silhouette_add(points, tensor, bigint, text) IS 'transition function of silhouette(t, label, metric) where labels are numbers';
CREATE FUNCTION silhouette_final(points) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_silhouette_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION silhouette_final(points) IS 'final function of silhouette';

CREATE AGGREGATE silhouette(t tensor, label text) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = silhouette_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE silhouette(tensor, text) IS 'are rows nearer to their own cluster than to the next one? The mean over rows of (b - a) / max(a, b), a the mean euclidean distance to the other rows of the same label, b the least mean distance to the rows of another label; from -1 to 1, the larger the better (Rousseeuw 1987). A row alone in its cluster counts 0, and so does one with a = b = 0. Every label is a cluster: leave noise out with FILTER (WHERE label > 0). Rows where t or label is NULL are skipped, no row gives NULL. Distances are float8 about the mean, good to about 1e-10, also of near rows. Cost: n^2 d flops and n^2 / 2 square roots, in tiles shared by neuroenc.threads threads; memory: the rows as float8, never n^2. Errors: one label only, a label of its own for each row, NaN or infinity, vectors of different lengths, neuroenc.memory_limit';
CREATE AGGREGATE silhouette(t tensor, label bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = silhouette_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE silhouette(tensor, bigint) IS 'silhouette(t, label) with labels given as numbers, such as kmeans() makes';
CREATE AGGREGATE silhouette(t tensor, label text, metric text) (
    SFUNC = silhouette_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = silhouette_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE silhouette(tensor, text, text) IS 'silhouette(t, label) by another metric: ''euclidean''; ''sqeuclidean'', its square; ''cosine'', 1 - cosine. The last two take 3 n k d flops (k clusters) instead of n^2 d. Errors also: another word, a metric that is not the same in every row, with cosine a row of zeros';
CREATE AGGREGATE silhouette(t tensor, label bigint, metric text) (
    SFUNC = silhouette_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = silhouette_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE silhouette(tensor, bigint, text) IS 'silhouette(t, label, metric) with labels given as numbers';

CREATE FUNCTION silhouette(p points, metric text DEFAULT 'euclidean') RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_silhouette' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION silhouette(points, text) IS 'silhouette of labelled points that are held already, points_agg(t, label): several indices of one reading. As the aggregate silhouette(t, label, metric)';

CREATE FUNCTION silhouette_row(t tensor, label text, metric text DEFAULT 'euclidean') RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_silhouette_row_text' LANGUAGE C IMMUTABLE PARALLEL SAFE WINDOW COST 1000;
COMMENT ON FUNCTION silhouette_row(tensor, text, text) IS 'window function over a partition: the silhouette of each row, whose mean is silhouette(t, label, metric); rows that lie between clusters are near 0, those nearer to another cluster than to their own are negative. NULL where t or label is. Otherwise as silhouette(t, label)';
CREATE FUNCTION silhouette_row(t tensor, label bigint, metric text DEFAULT 'euclidean') RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_silhouette_row_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE WINDOW COST 1000;
COMMENT ON FUNCTION silhouette_row(tensor, bigint, text) IS 'silhouette_row(t, label) with labels given as numbers';

CREATE FUNCTION davies_bouldin(p points) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_davies_bouldin' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION davies_bouldin(points) IS 'final function of davies_bouldin(t, label); also davies_bouldin of labelled points that are held already, points_agg(t, label)';
CREATE AGGREGATE davies_bouldin(t tensor, label text) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = davies_bouldin, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE davies_bouldin(tensor, text) IS 'how wide are clusters against the space between them? The mean over clusters of the largest (s_i + s_j) / d_ij over the others, s the mean distance of a cluster''s rows to their mean, d_ij the distance of two means; 0 and up, the smaller the better (Davies and Bouldin 1979). Two means that coincide are passed over, as scikit-learn does. Rows where t or label is NULL are skipped, no row gives NULL. Errors: one label only, a label of its own for each row, NaN or infinity, vectors of different lengths, neuroenc.memory_limit';
CREATE AGGREGATE davies_bouldin(t tensor, label bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = davies_bouldin, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE davies_bouldin(tensor, bigint) IS 'davies_bouldin(t, label) with labels given as numbers';

CREATE FUNCTION calinski_harabasz(p points) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_calinski_harabasz' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION calinski_harabasz(points) IS 'final function of calinski_harabasz(t, label); also calinski_harabasz of labelled points that are held already, points_agg(t, label)';
CREATE AGGREGATE calinski_harabasz(t tensor, label text) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = calinski_harabasz, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE calinski_harabasz(tensor, text) IS 'variance between clusters over variance inside them, as F: (B / (k - 1)) / (W / (n - k)), B the sum over clusters of their rows times the squared distance of their mean to the mean of all, W the inertia; the larger the better, and 1 where W is 0 (Calinski and Harabasz 1974). Rows where t or label is NULL are skipped, no row gives NULL. Errors: one label only, a label of its own for each row, NaN or infinity, vectors of different lengths, neuroenc.memory_limit';
CREATE AGGREGATE calinski_harabasz(t tensor, label bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = calinski_harabasz, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE calinski_harabasz(tensor, bigint) IS 'calinski_harabasz(t, label) with labels given as numbers';

CREATE FUNCTION inertia(p points) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_inertia' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION inertia(points) IS 'final function of inertia(t, label); also inertia of labelled points that are held already, points_agg(t, label)';
CREATE AGGREGATE inertia(t tensor, label text) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = inertia, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE inertia(tensor, text) IS 'the sum over rows of the squared distance to the mean of their cluster, what k-means makes small; any number of clusters. Rows where t or label is NULL are skipped, no row gives NULL. Errors: NaN or infinity, vectors of different lengths, neuroenc.memory_limit';
CREATE AGGREGATE inertia(t tensor, label bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = inertia, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE inertia(tensor, bigint) IS 'inertia(t, label) with labels given as numbers';
