-- Gaussian mixtures

CREATE FUNCTION gmm(t tensor, k int, seed bigint DEFAULT 0, covariance text DEFAULT 'full', n_init int DEFAULT 1, max_iter int DEFAULT 100, tol float8 DEFAULT 1e-3, reg float8 DEFAULT 1e-6) RETURNS int
    AS 'MODULE_PATHNAME', 'clustering_gmm' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gmm(tensor, int, bigint, text, int, int, float8, float8) IS 'a mixture of k Gaussians, as a window function: the component of largest responsibility for each row of the partition, gmm(t, 3) OVER (PARTITION BY ...), 1 .. k by how many rows it has, the largest first, those of one size by their mean; NULL where t is. Expectation maximisation (Dempster, Laird and Rubin 1977) from k-means, as scikit-learn''s GaussianMixture: covariance is ''full'' (a matrix a component), ''diag'' (a variance a component and element) or ''spherical'' (a variance a component); reg is added to the variances; it ends when the mean log likelihood of a row changes by less than tol, or after max_iter; the best of n_init starts by log likelihood counts (other local optima are common: raise n_init). float8 throughout, from differences to the means, so far from the origin as good as near. Rows are read in the order of their content: the answer depends neither on their order, nor on the plan or neuroenc.threads. Cost: full 2 n k d^2 flops an iteration at most, n k d^2 where components are apart; diag and spherical some 8 n k d. Errors: a covariance that is not positive definite in spite of reg names its component; k below 1, fewer distinct rows than k, NaN or infinity in a row, vectors of different lengths, neuroenc.memory_limit (full takes 24 k d^2 bytes), options that are not the same in all rows';

CREATE FUNCTION gmm_points_add(points, tensor, int, bigint, text) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_gmm_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION gmm_points_add(points, tensor, int, bigint, text) IS 'transition function of gmm_fit(t, k, seed, covariance)';
CREATE FUNCTION gmm_final(points) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_gmm_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gmm_final(points) IS 'final function of gmm_fit(t, k), gmm_fit(t, k, seed) and gmm_fit(t, k, seed, covariance)';

CREATE AGGREGATE gmm_fit(t tensor, k int) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = gmm_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gmm_fit(tensor, int) IS 'a mixture of Gaussians of all rows as a model, gmm_fit(t, k, 0, ''full'')';
CREATE AGGREGATE gmm_fit(t tensor, k int, seed bigint) (
    SFUNC = clustering_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = gmm_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gmm_fit(tensor, int, bigint) IS 'a mixture of Gaussians of all rows as a model, gmm_fit(t, k, seed, ''full'')';
CREATE AGGREGATE gmm_fit(t tensor, k int, seed bigint, covariance text) (
    SFUNC = gmm_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = gmm_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gmm_fit(tensor, int, bigint, text) IS 'a mixture of k Gaussians of all rows as a model: a clustering, with weights, means (centroids), covariances and log likelihood, that gives rows their component by assign(c, t) and their responsibilities by assign_proba(c, t), also of other tables; rows where t is NULL are skipped, no row gives NULL. Its labels are those of the window function gmm(t, k, seed, covariance), whose comment tells the method; n_init 1, max_iter 100, tol 1e-3, reg 1e-6: for others gmm_fit(points_agg(t), k, ...). Errors as there';
CREATE FUNCTION gmm_fit(p points, k int, seed bigint DEFAULT 0, covariance text DEFAULT 'full', n_init int DEFAULT 1, max_iter int DEFAULT 100, tol float8 DEFAULT 1e-3, reg float8 DEFAULT 1e-6) RETURNS clustering
    AS 'MODULE_PATHNAME', 'clustering_gmm_fit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gmm_fit(points, int, bigint, text, int, int, float8, float8) IS 'a mixture of k Gaussians of points that are held already, with all options, gmm_fit(points_agg(t), 3, n_init => 10): of several k the one of least bic. The options are those of the window function gmm; NULL gives NULL';

CREATE FUNCTION assign_proba(c clustering, t tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_assign_proba' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION assign_proba(clustering, tensor) IS 'the responsibilities of the components of a gmm for a point, float8 vector of k that sums to 1: weight times density, over their sum; 1/k each where all densities are 0. A clustering is made ready once a query, not once a row. Errors: a clustering of another method; t is not a vector of d elements, or not finite';
CREATE FUNCTION weights(c clustering) RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_weights' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION weights(clustering) IS 'the weights of the components of a gmm, float8 vector of k that sums to 1; an error of other methods';
CREATE FUNCTION covariances(c clustering) RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_covariances' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION covariances(clustering) IS 'the covariances of the components of a gmm, reg included, float8: k x d x d (full), k x d (diag) or k (spherical: the variance of every element); an error of other methods';
CREATE FUNCTION log_likelihood(c clustering) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION log_likelihood(clustering) IS 'the log likelihood of a gmm, summed over the points that it was fitted to; an error of other methods';
CREATE FUNCTION bic(c clustering) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_bic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION bic(clustering) IS 'the Bayesian information criterion of a gmm (Schwarz 1978), p log(n) - 2 log_likelihood, where p counts its free parameters: k - 1 weights, k d means, and k d (d + 1) / 2 (full), k d (diag) or k (spherical) variances; the least is best; an error of other methods';
CREATE FUNCTION aic(c clustering) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_aic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION aic(clustering) IS 'Akaike''s information criterion of a gmm (1974), 2 p - 2 log_likelihood, p as in bic; the least is best; an error of other methods';
