-- populations unit by unit

CREATE TYPE soft_match_result AS (score float8, distance float8);
COMMENT ON TYPE soft_match_result IS 'result of soft_match: the mean correlation of matched units, and the soft matching distance';

CREATE FUNCTION soft_match(r tensor) RETURNS soft_match_result
    AS 'MODULE_PATHNAME', 'similarity_soft_match_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION soft_match(tensor) IS 'soft matching of two populations'' units from the p x q matrix of their correlations, corr(gram) or corr(cross_gram) (Khosla and Williams 2024): score is the largest sum of plan[i,j] r[i,j] over transport plans with masses 1/p and 1/q, distance sqrt(2 - 2 score), the soft matching distance of units that are centred and of unit norm, a metric. Unlike alignment by rotation it tells populations apart that have the same geometry in other axes. With p = q the plan is a permutation, the best one-to-one matching. NaN, a constant unit, counts as a correlation of 0. Exact (shortest augmenting paths, or the network simplex); the plan itself: transport_plan(1 - r). NULL for an empty matrix; an error if r is not a matrix, or an element is beyond 1';

CREATE FUNCTION soft_match(g cross_gram, scaled bool DEFAULT true) RETURNS soft_match_result
    AS 'MODULE_PATHNAME', 'similarity_soft_match' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION soft_match(cross_gram, bool) IS 'soft matching (Khosla and Williams 2024) of units that are centred and scaled to unit norm, as soft_match(corr(g)); or, with scaled false, of units that are centred alone: distance = sqrt(mean |x_i|^2 + mean |y_j|^2 - 2 sum plan[i,j] x_i''y_j), norms and products summed over rows, and score = sum plan[i,j] x_i''y_j / sqrt(mean |x_i|^2 mean |y_j|^2). With as many units on both sides acos(score) of the latter is netrep''s PermutationMetric (angular), and sqrt(p) distance its euclidean one. NULL for fewer than 2 rows';

CREATE FUNCTION soft_match_final(cross_gram) RETURNS soft_match_result
    AS 'MODULE_PATHNAME', 'similarity_soft_match_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION soft_match_final(cross_gram) IS 'final function of soft_match(x, y)';

CREATE AGGREGATE soft_match(x tensor, y tensor) (
    SFUNC = cross_gram_add, STYPE = cross_gram, SSPACE = 67108864,
    FINALFUNC = soft_match_final, COMBINEFUNC = cross_gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE soft_match(tensor, tensor) IS 'soft matching score and distance of two populations that responded to the same rows, x of p units and y of q (Khosla and Williams 2024), units centred and scaled to unit norm: soft_match(cross_agg(x, y)); rows with a NULL are skipped, fewer than 2 rows give NULL; errors as cross_agg';

CREATE FUNCTION excess_correlation(g gram, seed bigint DEFAULT 0)
    RETURNS TABLE (unit int, partner int, r float8, r_rotated float8, excess float8)
    AS 'MODULE_PATHNAME', 'similarity_excess_correlation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION excess_correlation(gram, bigint) IS 'which units are universal (Gurnee et al. 2024)? For a gram_agg(x, y) of two models, one row a unit of y (a target, from 1): partner, the unit of x (a feature) that correlates best with it, r; r_rotated, the best after a random rotation of x, which keeps what x tells and takes away its axes; excess = r - r_rotated. The rotation is orthogonal and uniform (QR of Gaussian rows, signs fixed), of x as it comes, neither centred nor scaled by unit, and a function of seed and the number of features alone. Of equal partners the first; constant units of x are passed over, for a constant unit of y all is NULL. All from the gram, without a further scan: about 8 p^3 + 2 p^2 v flops, 8 (2 p^2 + p v + p max(p, v)) bytes and the scratch of a QR. Errors: a gram without targets or with targets that miss values, neuroenc.memory_limit';
