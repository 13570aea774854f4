-- clustering: k clusters of n points as a model that labels new points

CREATE TYPE clustering;

CREATE FUNCTION clustering_in(cstring) RETURNS clustering
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clustering_in(cstring) IS 'input of type clustering: clustering(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION clustering_out(clustering) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clustering_out(clustering) IS 'output of type clustering';
CREATE FUNCTION clustering_recv(internal) RETURNS clustering
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clustering_recv(internal) IS 'binary input of type clustering; what is inconsistent, truncated or not finite is refused';
CREATE FUNCTION clustering_send(clustering) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clustering_send(clustering) IS 'binary output of type clustering, little-endian: version, method, covariance and flags (1 byte each), clusters k and elements d (int4), points n (int8), objective (float8), iterations (int4), k sizes (int8), k x d centroids (float8), of gmm the weights and covariances; clustering_recv gives back the same exactly';

CREATE TYPE clustering (
    INPUT = clustering_in, OUTPUT = clustering_out, RECEIVE = clustering_recv, SEND = clustering_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = external
);
COMMENT ON TYPE clustering IS 'k clusters that were fitted to n points of d elements: the method, centroids, sizes, inertia (of gmm: weights, covariances and the log likelihood). Made by kmeans_fit and the other _fit aggregates, read by assign(clustering, t), clusters, centroids. Clusters are numbered from 1 by size, the largest first; those of one size by their centroid';

CREATE FUNCTION assign(c clustering, t tensor) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_assign' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION assign(clustering, tensor) IS 'the cluster of a point, 1 .. k: that of the nearest centroid (of spherical_kmeans: of the largest cosine; of gmm: the component of the largest responsibility), the lower number where two are equally near. Of the points that c was fitted to it gives the clusters whose sizes c tells, if c converged. A stored clustering is fetched once a query, not once a row. Errors: t is not a vector of d elements, is not finite, or is all zeros where the cosine counts';

CREATE FUNCTION clusters(c clustering) RETURNS TABLE (label int, size bigint, centroid tensor)
    AS 'MODULE_PATHNAME', 'clustering_clusters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10;
COMMENT ON FUNCTION clusters(clustering) IS 'the clusters, a row each, from 1: how many of the points that c was fitted to it has, and its centroid (float8 vector of d elements; of spherical_kmeans of length 1)';
CREATE FUNCTION centroids(c clustering) RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_centroids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION centroids(clustering) IS 'the centroids, float8 tensor k x d, in the order of the labels; can be given to kmeans_fit(points, k, init => ...)';

CREATE FUNCTION method(c clustering) RETURNS text
    AS 'MODULE_PATHNAME', 'clustering_method' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION method(clustering) IS 'the method that made a clustering: kmeans, spherical_kmeans, minibatch_kmeans, balanced_kmeans, cop_kmeans, seeded_kmeans or gmm';
CREATE FUNCTION n_clusters(c clustering) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_n_clusters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_clusters(clustering) IS 'number of clusters, k';
CREATE FUNCTION n_samples(c clustering) RETURNS bigint
    AS 'MODULE_PATHNAME', 'clustering_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(clustering) IS 'number of points that it was fitted to';
CREATE FUNCTION n_dimensions(c clustering) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_n_dimensions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_dimensions(clustering) IS 'number of elements of a point, d';
CREATE FUNCTION inertia(c clustering) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_type_inertia' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION inertia(clustering) IS 'the sum over its points of the squared distance to the centroid of their cluster; of spherical_kmeans of 1 - cosine; NULL for gmm, which maximises a likelihood';
CREATE FUNCTION iterations(c clustering) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_iterations' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION iterations(clustering) IS 'number of iterations that its best start took';
CREATE FUNCTION converged(c clustering) RETURNS bool
    AS 'MODULE_PATHNAME', 'clustering_converged' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION converged(clustering) IS 'did its best start settle before max_iter?';

-- what aggregates of several methods share

CREATE FUNCTION clustering_points_add(points, tensor, int) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_points_add_k' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clustering_points_add(points, tensor, int) IS 'transition function of aggregates f(t, k) that cluster rows';
CREATE FUNCTION clustering_points_add(points, tensor, int, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_points_add_k_seed' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clustering_points_add(points, tensor, int, bigint) IS 'transition function of aggregates f(t, k, seed) that cluster rows';
