-- ---- principal components ----

CREATE TYPE pca;

CREATE FUNCTION pca_in(cstring) RETURNS pca
	AS 'MODULE_PATHNAME', 'stats_pca_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pca_in(cstring) IS
'Text input of pca; what is inconsistent, truncated or not finite is refused.';

CREATE FUNCTION pca_out(pca) RETURNS cstring
	AS 'MODULE_PATHNAME', 'stats_pca_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pca_out(pca) IS
'Text output of pca: pca(summary): and its binary form in base64; the summary is for people.';

CREATE FUNCTION pca_recv(internal) RETURNS pca
	AS 'MODULE_PATHNAME', 'stats_pca_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pca_recv(internal) IS
'Binary input of pca; what is inconsistent, truncated or not finite is refused.';

CREATE FUNCTION pca_send(pca) RETURNS bytea
	AS 'MODULE_PATHNAME', 'stats_pca_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pca_send(pca) IS
'Binary output of pca, little-endian: version (1 byte), 3 zeros, features p (int4), components k (int4), rows n (int8), total variance, p means, k variances, k x p loadings (float8).';

CREATE TYPE pca (
	INPUT = pca_in,
	OUTPUT = pca_out,
	RECEIVE = pca_recv,
	SEND = pca_send,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE pca IS
'Principal components of a set of rows: means, components and their variances. Made by pca(gram, int), used by project(pca, tensor).';

CREATE FUNCTION pca(g gram, k int DEFAULT NULL) RETURNS pca
	AS 'MODULE_PATHNAME', 'stats_pca'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pca(gram, int) IS
'The first k principal components of the x of a gram, all folds together (k null: all, min(n - 1, p)). From the moments (p x p), or, when there are fewer rows than features and the gram holds them, from the kernel (n x n). Variances with n - 1. Each component has length 1 and its largest loading positive; components past the rank of the data are zero with variance 0. Error: fewer than two rows, k out of range, squares of features that sum to over 1e300, neuroenc.memory_limit, over 1 GB. (Pearson 1901; Jolliffe 2002)';

CREATE FUNCTION project(pca, x tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_pca_project'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION project(pca, tensor) IS
'Scores of x on the components, (x - mean) times components transposed: x a vector of p gives k elements, a matrix of rows (m x p) gives m x k; float8 for float8 x, else float4. NaN in a row makes that row''s scores NaN. Error: another number of features or dimensions.';

CREATE FUNCTION components(pca) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_pca_components'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION components(pca) IS
'Loadings of the principal components: float8, k x p, a component a row.';

CREATE FUNCTION mean(pca) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_pca_mean'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean(pca) IS
'Means of the features that project() subtracts: float8, p.';

CREATE FUNCTION explained_variance(pca) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_pca_explained_variance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION explained_variance(pca) IS
'Variance of the scores of each component, with n - 1, descending: float8, k.';

CREATE FUNCTION explained_variance_ratio(pca) RETURNS tensor
	AS 'MODULE_PATHNAME', 'stats_pca_explained_variance_ratio'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION explained_variance_ratio(pca) IS
'explained_variance as a share of the total variance of the features: float8, k; 0 where nothing varies.';
