-- concepts in maps of activations

CREATE FUNCTION concept_add(points, tensor, tensor) RETURNS points
    AS 'MODULE_PATHNAME', 'search_concept_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION concept_add(points, tensor, tensor) IS 'transition function of concept_agg(x, mask) and concept_vector(x, mask)';
CREATE FUNCTION concept_add(points, tensor, tensor, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'search_concept_add_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION concept_add(points, tensor, tensor, bigint) IS 'transition function of concept_agg(x, mask, fold) and concept_vector(x, mask, fold)';

CREATE AGGREGATE concept_agg(x tensor, mask tensor) (
    SFUNC = concept_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE concept_agg(tensor, tensor) IS 'the places of pictures as points, for concept_vector and concept_units: x holds a map of activations for each unit (units x height x width, or units x any shape), mask one of that shape, 1 where the concept is, 0 where it is not, NaN where that is not known (that place is left out: so a sample can be taken). Each place becomes a point of the units'' activations there, labelled 1 or 0. Nothing is resized. Rows where x or mask is NULL are skipped. Memory: units x places (float4 unless x is float8). Errors: shapes that do not fit, another value in a mask, an activation that is NaN or infinite (named by the point''s ordinal and the unit)';
CREATE AGGREGATE concept_agg(x tensor, mask tensor, fold bigint) (
    SFUNC = concept_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = points_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE concept_agg(tensor, tensor, bigint) IS 'concept_agg(x, mask) with a cross-validation fold for each picture, for held-out scores';

CREATE TYPE concept_vector_result AS (n bigint, n_concept bigint, unit int, threshold float8, unit_iou float8, weights tensor, intercept float8,
    combined_iou float8, held_out_unit_iou float8, held_out_combined_iou float8, thresholds tensor);
COMMENT ON TYPE concept_vector_result IS 'result of concept_vector: places, places with the concept; the best unit (from 1), above what it is active, its IoU; weights of the units and intercept of the best combination, its IoU; both IoUs on held-out folds (NULL without folds); the thresholds of all units';

CREATE FUNCTION concept_vector(p points, quantile float8 DEFAULT 0.005, alpha float8 DEFAULT 1, activations text DEFAULT 'thresholded', balanced bool DEFAULT true)
    RETURNS concept_vector_result
    AS 'MODULE_PATHNAME', 'search_concept_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION concept_vector(points, float8, float8, text, bool) IS 'does one unit carry a concept, or do several together? From the places of concept_agg (or of points_agg(t, label) with labels 0 and 1). A unit is active in a place where it is above its threshold, its own value that at most the share quantile of all places exceeds (network dissection; Bau et al. 2017); with fewer than 1 / quantile places no unit is ever active. IoU: places where it is active and the concept is, over places where either is, counted over all pictures. The best unit is that of largest IoU, of equal ones the first. The combination (Net2Vec; Fong and Vedaldi 2018) says that the concept is where sum w_k [unit k active] + intercept > 0, with weights by logistic regression on the places: log loss + alpha / 2 |w|^2, places with and without the concept weighing the same in all unless balanced is false (which suits a rare concept''s IoU better). activations raw: of the activations themselves, whose scale then matters to alpha. With folds: the unit is chosen and the weights are fitted without each fold in turn, and counts of all held-out places make one IoU; thresholds are those of all places, since they do not look at the concept. Error: no place with the concept or none without (also outside a fold), labels other than 0 and 1, quantile not between 0 and 1, alpha not positive and finite, another word for activations';
CREATE FUNCTION concept_vector_final(points) RETURNS concept_vector_result
    AS 'MODULE_PATHNAME', 'search_concept_vector_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION concept_vector_final(points) IS 'final function of concept_vector(x, mask)';
CREATE AGGREGATE concept_vector(x tensor, mask tensor) (
    SFUNC = concept_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = concept_vector_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE concept_vector(tensor, tensor) IS 'concept_vector(concept_agg(x, mask)) with its defaults: the best single unit for a concept against the best combination of units, from maps of activations x (units x height x width) and binary masks; NULL without rows';
CREATE AGGREGATE concept_vector(x tensor, mask tensor, fold bigint) (
    SFUNC = concept_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = concept_vector_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE concept_vector(tensor, tensor, bigint) IS 'concept_vector(x, mask) with folds of pictures: also the IoUs on held-out folds';

CREATE FUNCTION concept_units(p points, quantile float8 DEFAULT 0.005)
    RETURNS TABLE (unit int, threshold float8, iou float8)
    AS 'MODULE_PATHNAME', 'search_concept_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION concept_units(points, float8) IS 'network dissection (Bau et al. 2017) of one concept: for each unit, from 1, its threshold and its IoU with the concept, as in concept_vector; errors as there';
