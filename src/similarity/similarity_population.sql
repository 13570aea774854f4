-- the geometry of one population's responses; neighbourhoods and angles of two (after similarity_patterns.sql, whose type it uses)

-- intrinsic dimension

CREATE TYPE two_nn_result AS (ml float8, fit float8, n bigint, n_copies bigint);
COMMENT ON TYPE two_nn_result IS 'intrinsic dimension by two_nn: ml, the unbiased maximum-likelihood estimate; fit, the slope fitted without the largest ratios; n, the rows that took part; n_copies, the rows left out because others are equal to them';

CREATE FUNCTION two_nn_add(paired, tensor) RETURNS paired
    AS 'MODULE_PATHNAME', 'population_add_row' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION two_nn_add(paired, tensor) IS 'transition function of two_nn(x): the rows, in a paired state without y';
CREATE FUNCTION two_nn_add(paired, tensor, float8) RETURNS paired
    AS 'MODULE_PATHNAME', 'population_add_row_real' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION two_nn_add(paired, tensor, float8) IS 'transition function of two_nn(x, discard)';
CREATE FUNCTION two_nn_final(paired) RETURNS two_nn_result
    AS 'MODULE_PATHNAME', 'population_two_nn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION two_nn_final(paired) IS 'final function of two_nn';

CREATE AGGREGATE two_nn(x tensor) (
    SFUNC = two_nn_add, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = two_nn_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE two_nn(tensor) IS 'intrinsic dimension of the manifold that the rows lie on, from the ratio of each row''s second to its first nearest neighbour''s euclidean distance (Facco et al. 2017): ml (n - 1) / sum ln ratio, and fit, the slope through 0 of -ln(1 - i/n) on the i-th smallest ln ratio, the largest tenth left out (noise, and what lies at the edge); whatever the density, as long as it hardly changes over two neighbours; x a vector of p finite elements; rows equal to another count once; exact neighbours: n^2 p flops, memory 8 n p bytes and the rows; ml and fit are NULL where all ratios are 1 (a lattice); NULL rows are skipped, no row gives NULL; an error for fewer than 3 different rows, an element that is NaN or infinite (named), or a row of another length; noise in all directions gives its dimension at that scale: try subsets of the rows, too';
CREATE AGGREGATE two_nn(x tensor, discard float8) (
    SFUNC = two_nn_add, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = two_nn_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE two_nn(tensor, float8) IS 'the same where the fit leaves out this share of the largest ratios, from 0 to below 1, the same in every row';

-- overlap of neighbourhoods

CREATE FUNCTION mutual_knn(s paired, k int DEFAULT 10) RETURNS float8
    AS 'MODULE_PATHNAME', 'population_mutual_knn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mutual_knn(paired, int) IS 'mean share of a row''s k nearest other rows in x that are among its k nearest in y, nearest by cosine (Huh et al. 2024, the Platonic representation hypothesis): 1 where all neighbourhoods agree, k / (n - 1) by chance; exact: n^2 (p + q) flops; rows at the same distance: the one that came first; an error unless 1 <= k < n, for a row of zeros, and for a state without rows';
CREATE FUNCTION mutual_knn_final(paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'population_mutual_knn_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mutual_knn_final(paired) IS 'final function of the aggregate mutual_knn';
CREATE FUNCTION mutual_knn(a rdm, b rdm, k int DEFAULT 10) RETURNS float8
    AS 'MODULE_PATHNAME', 'population_mutual_knn_rdm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mutual_knn(rdm, rdm, int) IS 'mean share of a condition''s k nearest other conditions by a that are among its k nearest by b, over the conditions that both have: of RDMs of metric cosine the same as mutual_knn of the patterns; at equal distance the label that comes first; an error unless 1 <= k < the number of conditions, and where a distance is missing';

CREATE AGGREGATE mutual_knn(x tensor, y tensor) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = mutual_knn_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mutual_knn(tensor, tensor) IS 'mean share of a row''s 10 nearest other rows in x that are among its 10 nearest in y, nearest by cosine (Huh et al. 2024); rows as paired_agg, otherwise as mutual_knn(paired, k)';
CREATE AGGREGATE mutual_knn(x tensor, y tensor, k int) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = mutual_knn_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mutual_knn(tensor, tensor, int) IS 'the same with k neighbours, the same in every row';

-- manifold capacity

CREATE FUNCTION mmcr_add(patterns, text, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'population_mmcr_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mmcr_add(patterns, text, tensor) IS 'transition function of manifold_capacity_mmcr: sums of rows of unit length, by label';
CREATE FUNCTION mmcr_add(patterns, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'population_mmcr_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mmcr_add(patterns, bigint, tensor) IS 'transition function of manifold_capacity_mmcr: sums of rows of unit length, by label';
CREATE FUNCTION mmcr_final(patterns) RETURNS float8
    AS 'MODULE_PATHNAME', 'population_mmcr_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mmcr_final(patterns) IS 'final function of manifold_capacity_mmcr';

CREATE AGGREGATE manifold_capacity_mmcr(label text, x tensor) (
    SFUNC = mmcr_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = mmcr_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE manifold_capacity_mmcr(text, tensor) IS 'nuclear norm of the matrix of class centroids, each the mean of its rows scaled to unit length (maximum manifold capacity representations, Yerxa et al. 2023: their loss is minus this): large where classes are compact and point in different directions; at most the root of classes times min(classes, p), so compare only with the same number of classes; memory 8 classes p bytes; rows with a NULL are skipped, no row gives NULL; an error for a row of zeros, of another length, or with an element that is NaN or infinite';
CREATE AGGREGATE manifold_capacity_mmcr(label bigint, x tensor) (
    SFUNC = mmcr_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = mmcr_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE manifold_capacity_mmcr(bigint, tensor) IS 'nuclear norm of the matrix of class centroids, each the mean of its rows scaled to unit length (maximum manifold capacity representations, Yerxa et al. 2023: their loss is minus this): large where classes are compact and point in different directions; at most the root of classes times min(classes, p), so compare only with the same number of classes; memory 8 classes p bytes; rows with a NULL are skipped, no row gives NULL; an error for a row of zeros, of another length, or with an element that is NaN or infinite';

-- relative representation

CREATE FUNCTION relative_representation(x tensor, anchors tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'population_relative' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION relative_representation(tensor, tensor) IS 'cosine of x with each of k anchors, the rows of a k x p matrix (Moschella et al. 2023): a vector of p gives k elements, a matrix of rows (m x p) gives m x k; float8 if either is, else float4; the same for populations that differ by a rotation and a scale, if the anchors are their responses to the same stimuli; NaN for a row of zeros and for what is not finite; anchors stored in a table are prepared once for all rows of a query; an error for other shapes';

-- ridge both ways

CREATE TYPE linear_predictivity_result AS (x_to_y float8, y_to_x float8);
COMMENT ON TYPE linear_predictivity_result IS 'how well each of two populations is predicted linearly from the other: the mean over y''s units of their cross-validated R2 from x, and the other way round';

CREATE FUNCTION gram_xy(s paired) RETURNS gram
    AS 'MODULE_PATHNAME', 'population_gram_xy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_xy(paired) IS 'the gram of features x and targets y, without folds, for ridge_cv and the like';
CREATE FUNCTION gram_yx(s paired) RETURNS gram
    AS 'MODULE_PATHNAME', 'population_gram_yx' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_yx(paired) IS 'the gram of features y and targets x, without folds, for ridge_cv and the like';

CREATE FUNCTION linear_predictivity(xy gram, yx gram, alphas float8[] DEFAULT NULL, scoring text DEFAULT 'r2') RETURNS linear_predictivity_result
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
BEGIN ATOMIC
    SELECT CASE WHEN xy IS NOT NULL AND yx IS NOT NULL THEN
        ROW((SELECT avg(CASE scoring WHEN 'r' THEN t.r WHEN 'r2_pooled' THEN t.r2_pooled ELSE t.r2 END)
             FROM targets(ridge_cv(xy, alphas => alphas, scoring => scoring)) AS t),
            (SELECT avg(CASE scoring WHEN 'r' THEN t.r WHEN 'r2_pooled' THEN t.r2_pooled ELSE t.r2 END)
             FROM targets(ridge_cv(yx, alphas => alphas, scoring => scoring)) AS t))::linear_predictivity_result END;
END;
COMMENT ON FUNCTION linear_predictivity(gram, gram, float8[], text) IS 'linear predictivity of two populations, ridge both ways, from gram_agg(x, y, fold) and gram_agg(y, x, fold): the mean over targets of the score (r2, r or r2_pooled) that targets(ridge_cv(g, alphas, scoring => scoring)) gives, which is of left-out folds, each target at its best alpha; folds should be of stimuli that the others do not repeat; not symmetric: a large population predicts a small one better; r and r2_pooled are NULL without folds; errors as ridge_cv';
CREATE FUNCTION linear_predictivity(s paired, alphas float8[] DEFAULT NULL) RETURNS linear_predictivity_result
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
BEGIN ATOMIC
    SELECT CASE WHEN s IS NOT NULL THEN linear_predictivity(gram_xy(s), gram_yx(s), alphas) END;
END;
COMMENT ON FUNCTION linear_predictivity(paired, float8[]) IS 'the same without folds: R2 by generalized cross-validation, as ridge_cv says, which is for rows that are independent, and weak where units are as many as rows; where there are folds use linear_predictivity(gram, gram)';
CREATE FUNCTION linear_predictivity_final(s paired) RETURNS linear_predictivity_result
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
BEGIN ATOMIC
    SELECT linear_predictivity(s);
END;
COMMENT ON FUNCTION linear_predictivity_final(paired) IS 'final function of the aggregate linear_predictivity';
CREATE AGGREGATE linear_predictivity(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = linear_predictivity_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE linear_predictivity(tensor, tensor) IS 'mean cross-validated R2 of ridge from x to y and from y to x, rows as paired_agg, otherwise as linear_predictivity(paired): without folds, by generalized cross-validation';
