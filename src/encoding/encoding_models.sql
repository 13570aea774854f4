-- models from a gram other than ridge

CREATE FUNCTION elastic_net_cv(g gram, l1_ratio float8 DEFAULT 0.5, alphas float8[] DEFAULT NULL,
                               max_iter int DEFAULT 1000, tol float8 DEFAULT 1e-4,
                               standardize bool DEFAULT false, scoring text DEFAULT 'r2') RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_elastic_net_cv' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION elastic_net_cv(gram, float8, float8[], int, float8, bool, text) IS 'x';
CREATE FUNCTION pls(g gram, n_components int DEFAULT 25, per_target bool DEFAULT false) RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_pls' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pls(gram, int, bool) IS 'x';
CREATE FUNCTION pcr(g gram, n_components int) RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_pcr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pcr(gram, int) IS 'x';
