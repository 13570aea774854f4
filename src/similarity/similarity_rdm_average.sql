-- the mean of RDMs

CREATE FUNCTION rdm_average_add(rdm, rdm) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rdm_average_add(rdm, rdm) IS 'transition function of avg(rdm)';
CREATE FUNCTION rdm_average_combine(rdm, rdm) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rdm_average_combine(rdm, rdm) IS 'combine function of avg(rdm)';
CREATE FUNCTION rdm_average_final(rdm) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_average_final(rdm) IS 'final function of avg(rdm)';
CREATE AGGREGATE avg(rdm) (
    SFUNC = rdm_average_add, STYPE = rdm, SSPACE = 65536,
    FINALFUNC = rdm_average_final, COMBINEFUNC = rdm_average_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(rdm) IS 'the mean RDM: its conditions are all that any of the RDMs has, and each pair is the plain mean over the RDMs that have it (rdm_counts says how many, a pair that none has is missing). Each RDM has one vote, a mean of other RDMs too, as in rsatoolbox: where means of means should weigh by their sizes, average the RDMs themselves. The metric stays if all agree, else it is unknown. RDMs whose distances are of different sizes are scaled first: avg(rdm_scale(r)). NULLs are skipped, no RDMs give NULL; an error over 1 GB (13,000 conditions)';
