-- transforms of the distances

CREATE FUNCTION rdm_rank(r rdm) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_rank(rdm) IS 'each distance''s rank among the distances, 1 to the number of pairs, ties averaged (rsatoolbox''s rank_transform); missing pairs stay missing; the metric becomes transformed. avg(rdm_rank(r)) is the mean RDM that a rank correlation is about';
CREATE FUNCTION rdm_scale(r rdm, method text DEFAULT 'unit') RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_scale(rdm, text) IS 'the distances on another scale, so that RDMs of different sizes can be averaged; d'' by method: unit d / sqrt(sum(d^2)), before avg for cosine; zscore (d - mean) / standard deviation (ddof 0), before avg for pearson; max d / max(d); minmax (d - min) / (max - min); sqrt sqrt(d), 0 where d < 0; positive d, 0 where d < 0 (the last three are rsatoolbox''s minmax_transform, sqrt_transform and positive_transform). Equal distances become 0 by zscore and minmax, and stay 0 by unit and max if they are 0; missing pairs stay missing; the metric becomes transformed; an error for max if no distance is positive and one is negative';
CREATE FUNCTION rdm_geotopological(r rdm, lower float8, upper float8) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_geotopological(rdm, float8, float8) IS 'the monotone transform of topological RSA (Lin and Kriegeskorte 2024, PNAS 121): 0 up to the lower quantile of the distances, 1 from the upper quantile on, linear between; 0 <= lower <= upper <= 1, quantiles linear between neighbours as numpy.quantile. 0 and 1 is minmax scaling (geometry), lower = upper a step (topology): 0 up to the threshold, 1 above it. Missing pairs stay missing; the metric becomes transformed. Both thresholds are applied once, to the distances themselves';
