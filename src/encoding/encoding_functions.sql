-- what a fitted encoder gives back

CREATE FUNCTION targets(e encoder, weights bool DEFAULT false)
    RETURNS TABLE (target bigint, n bigint, variance float8, alpha float8, r float8, r2 float8,
                   r2_pooled float8, intercept float8, weights tensor)
    AS 'MODULE_PATHNAME', 'encoding_targets' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION targets(encoder, bool) IS 'one row a target, from 1 in the order of the elements of y: rows it was fitted on, variance of y over them (ddof 1), alpha, cross-validated r, R2 and pooled R2 (definitions at ridge_cv), intercept (the prediction where all features are 0), and, only if asked for, the weights, a vector of p in units of y a unit of x. NULL where a value is not defined: scores of ridge() or of a target with fewer than 2 rows, r and r2_pooled without folds';
CREATE FUNCTION targets(e encoder, ids bigint[], weights bool DEFAULT false)
    RETURNS TABLE (target bigint, n bigint, variance float8, alpha float8, r float8, r2 float8,
                   r2_pooled float8, intercept float8, weights tensor)
    AS 'MODULE_PATHNAME', 'encoding_targets_ids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION targets(encoder, bigint[], bool) IS 'targets(encoder) with target numbers of your own (voxel ids), in the order of the elements of y; an error if there are not as many ids as targets or one is NULL. Write ids => ''{7,9}'' or ARRAY[7, 9]: a bare literal could also be the flag of targets(encoder, bool)';

CREATE FUNCTION weights(e encoder) RETURNS tensor
    AS 'MODULE_PATHNAME', 'encoding_weights' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION weights(encoder) IS 'all weights, a p x v matrix (features by targets) in units of y a unit of x, of the encoder''s element type; computed from the dual form if the encoder has that; an error past 1 GB: targets(encoder, weights => true) then gives them target by target';

CREATE FUNCTION encoder_info(e encoder, OUT n bigint, OUT n_features int, OUT n_targets int, OUT n_folds int,
                             OUT model text, OUT scores text, OUT scoring text, OUT scoring_asked text, OUT solver text,
                             OUT per_target bool, OUT standardize bool, OUT alphas float8[],
                             OUT l1_ratio float8, OUT n_components int, OUT bands int[], OUT prior_strength float8,
                             OUT form text, OUT dtype text, OUT bytes bigint)
    AS 'MODULE_PATHNAME', 'encoding_encoder_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION encoder_info(encoder) IS 'how a model was made: rows, features, targets and folds; model: ridge, banded ridge, elastic net, pls, pcr or ridge with prior; scores: cv (leave one fold out), gcv (generalized cross-validation, no folds) or none; with cv the scoring that chose alpha (r2 becomes r2_pooled if a fold has one row) and the solver that gave the scores: statistics (the held-out folds'' moments), predict (their rows) or kernel; the scoring that was asked for; one alpha a target or one for all; features standardized or not; the alphas tried, ascending; l1_ratio of an elastic net, n_components of pls and pcr, the widths of the bands of a banded ridge, the strength that a ridge with prior chose, NULL for other models; form: primal (weights, p x v) or dual (coefficients and rows, n x (p + v)); element type; bytes where it is stored';

CREATE FUNCTION predict(e encoder, x tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'encoding_predict' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predict(encoder, tensor) IS 'the predicted responses: x of p features gives v values, x of m rows (m x p) gives m x v, of the encoder''s element type; NaN or infinity in x makes that row''s predictions NaN or infinite; many rows at once cost a matrix product, one row reads all weights; an error if x has another number of features';

CREATE FUNCTION cv_predictions(g gram, e encoder)
    RETURNS TABLE ("row" bigint, fold bigint, prediction tensor)
    AS 'MODULE_PATHNAME', 'encoding_cv_predictions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cv_predictions(gram, encoder) IS 'each row predicted by a model that has not seen its fold: for every fold of the gram, ridge on all other folds at the encoder''s alphas and standardization predicts the rows of the fold. row: when the row came to gram_agg, from 1 (so give the aggregate an ORDER BY); by fold, then row; rows with missing responses are predicted too. Error: the gram has no folds or one, keeps moments instead of rows, or has other features and targets than the encoder';

CREATE FUNCTION score(e encoder, g gram) RETURNS TABLE (target bigint, r float8, r2 float8, n bigint)
    AS 'MODULE_PATHNAME', 'encoding_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION score(encoder, gram) IS 'how well the model predicts other data, from their gram alone: for each target (from 1), over the n rows of the gram that have it (all folds together), Pearson''s r and R2 = 1 - SSE / SYY with SYY about the mean of these rows. From moments by X''X and X''Y (2 p^2 v flops), from held rows by predicting them; a target that is constant there scores 0, one with fewer than 2 rows NULL; an error if features or targets differ in number';
