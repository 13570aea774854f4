-- the noise ceiling of several subjects' RDMs

CREATE TYPE rsa_noise_ceiling_result AS (lower float8, upper float8, n int, n_conditions int);
COMMENT ON TYPE rsa_noise_ceiling_result IS 'result of rsa_noise_ceiling: the bounds, subjects, and conditions that all RDMs have';

CREATE FUNCTION rsa_noise_ceiling_add(rdm_set, rdm, text) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rsa_noise_ceiling_add(rdm_set, rdm, text) IS 'transition function of rsa_noise_ceiling';
CREATE FUNCTION rsa_noise_ceiling_combine(rdm_set, rdm_set) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rsa_noise_ceiling_combine(rdm_set, rdm_set) IS 'combine function of rsa_noise_ceiling: the second''s RDMs get the next numbers as labels';
CREATE FUNCTION rsa_noise_ceiling_final(rdm_set) RETURNS rsa_noise_ceiling_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rsa_noise_ceiling_final(rdm_set) IS 'final function of rsa_noise_ceiling; also the noise ceiling of an rdm_set by its own method';

CREATE AGGREGATE rsa_noise_ceiling(r rdm, method text) (
    SFUNC = rsa_noise_ceiling_add, STYPE = rdm_set, SSPACE = 67108864,
    FINALFUNC = rsa_noise_ceiling_final, COMBINEFUNC = rsa_noise_ceiling_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsa_noise_ceiling(rdm, text) IS 'how well could the true model''s RDM fit these subjects? Over rows of one RDM a subject: upper, the mean similarity (rdm_compare, by method) of each subject with the pooled mean of all, which no RDM can pass on these subjects; lower, the mean similarity of each with the pooled mean of the others, which a true model should reach (Nili et al. 2014). RDMs are pooled in the form that the method compares: of unit norm for cosine; centred and of unit norm for pearson; ranks for spearman, rho_a and Kendall''s tau (for these two upper is an approximation); whitened_cosine, whitened_pearson and cka of unit norm in their own metric V^-1. n: subjects; lower is NULL for one. Conditions are those that all subjects have (n_conditions), pairs those that none misses. Rows with a NULL are skipped, no row gives NULL. NULL bounds where a comparison is not defined (a constant RDM). Compare with estimate of rdm_bootstrap: a model between the bounds explains all there is to explain. Memory: the RDMs, twice. Errors: bures, bures_distance and euclidean; methods that differ between rows; fewer than 3 shared conditions; those of rdm_compare';
