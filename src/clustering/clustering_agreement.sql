-- agreement of two labelings of the same rows

CREATE FUNCTION rand_index(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_rand_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rand_index(contingency) IS 'final function of rand_index(a, b); also rand_index of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE rand_index(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = rand_index, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rand_index(text, text) IS 'the share of pairs of rows on which two labelings agree: together in both, or apart in both (Rand 1971); from 0 to 1, and large by chance alone where there are many clusters: see adjusted_rand. One row gives 1. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE rand_index(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = rand_index, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rand_index(bigint, bigint) IS 'rand_index(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION adjusted_rand(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_adjusted_rand' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION adjusted_rand(contingency) IS 'final function of adjusted_rand(a, b); also adjusted_rand of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE adjusted_rand(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = adjusted_rand, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE adjusted_rand(text, text) IS 'the Rand index less what chance alone gives, over what it could have above that: 1 for equal partitions, 0 on average for independent ones with the same sizes of clusters, down to -.5 (Hubert and Arabie 1985). Names of labels do not matter. 1 where all rows are in one cluster in both, or each alone. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE adjusted_rand(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = adjusted_rand, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE adjusted_rand(bigint, bigint) IS 'adjusted_rand(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION mutual_info(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_mutual_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mutual_info(contingency) IS 'final function of mutual_info(a, b); also mutual_info of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE mutual_info(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = mutual_info, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mutual_info(text, text) IS 'mutual information of two labelings in nats, sum p(a, b) log(p(a, b) / p(a) p(b)); it grows with the number of clusters: see ami. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE mutual_info(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = mutual_info, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mutual_info(bigint, bigint) IS 'mutual_info(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION nmi(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_nmi' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nmi(contingency) IS 'final function of nmi(a, b); also nmi of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE nmi(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = nmi, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nmi(text, text) IS 'normalised mutual information: mutual_info over the arithmetic mean of the entropies of a and b, from 0 to 1; equal to v_measure. Not corrected for chance. 1 where all rows are in one cluster in both. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE nmi(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = nmi, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nmi(bigint, bigint) IS 'nmi(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION ami(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_ami' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ami(contingency) IS 'final function of ami(a, b); also ami of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE ami(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = ami, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ami(text, text) IS 'adjusted mutual information: (I - E) / ((H(a) + H(b)) / 2 - E), I mutual_info and E its exact mean over all labelings with the same sizes of clusters (Vinh, Epps and Bailey 2010): 1 for equal partitions, 0 on average for independent ones. Better than adjusted_rand where clusters differ much in size. Cost: the number of different pairs of sizes times 20 standard deviations of a cells count. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE ami(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = ami, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ami(bigint, bigint) IS 'ami(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION homogeneity(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_homogeneity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION homogeneity(contingency) IS 'final function of homogeneity(a, b); also homogeneity of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE homogeneity(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = homogeneity, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE homogeneity(text, text) IS 'does each cluster of b hold rows of one class of a only? 1 - H(a | b) / H(a), from 0 to 1 (Rosenberg and Hirschberg 2007); 1 where there is one class. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE homogeneity(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = homogeneity, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE homogeneity(bigint, bigint) IS 'homogeneity(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION completeness(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_completeness' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION completeness(contingency) IS 'final function of completeness(a, b); also completeness of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE completeness(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = completeness, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE completeness(text, text) IS 'are the rows of each class of a in one cluster of b? 1 - H(b | a) / H(b), from 0 to 1 (Rosenberg and Hirschberg 2007); 1 where there is one cluster. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE completeness(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = completeness, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE completeness(bigint, bigint) IS 'completeness(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION v_measure(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_v_measure' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION v_measure(contingency) IS 'final function of v_measure(a, b); also v_measure of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE v_measure(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = v_measure, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE v_measure(text, text) IS 'harmonic mean of homogeneity and completeness, from 0 to 1 (Rosenberg and Hirschberg 2007); equal to nmi. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE v_measure(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = v_measure, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE v_measure(bigint, bigint) IS 'v_measure(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION purity(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_purity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purity(contingency) IS 'final function of purity(a, b); also purity of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE purity(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = purity, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purity(text, text) IS 'the share of rows that are of the commonest class of a in their cluster of b: not symmetric, and 1 where each row is a cluster. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE purity(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = purity, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purity(bigint, bigint) IS 'purity(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION fowlkes_mallows(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_fowlkes_mallows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fowlkes_mallows(contingency) IS 'final function of fowlkes_mallows(a, b); also fowlkes_mallows of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE fowlkes_mallows(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = fowlkes_mallows, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fowlkes_mallows(text, text) IS 'geometric mean of precision and recall over pairs of rows: TP / sqrt((TP + FP) (TP + FN)), TP pairs together in both labelings (Fowlkes and Mallows 1983); 0 where no pair is together in both. a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE fowlkes_mallows(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = fowlkes_mallows, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fowlkes_mallows(bigint, bigint) IS 'fowlkes_mallows(a, b) with labels given as numbers, such as kmeans() makes';

CREATE FUNCTION variation_of_information(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_variation_of_information' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION variation_of_information(contingency) IS 'final function of variation_of_information(a, b); also variation_of_information of counts that are held already, contingency_agg(a, b)';
CREATE AGGREGATE variation_of_information(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = variation_of_information, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE variation_of_information(text, text) IS 'H(a | b) + H(b | a) in nats: 0 for equal partitions, and a metric on partitions (Meila 2007). a: what is known, b: what was found. Rows where a or b is NULL are skipped, no row gives NULL. Errors: neuroenc.memory_limit';
CREATE AGGREGATE variation_of_information(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = variation_of_information, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE variation_of_information(bigint, bigint) IS 'variation_of_information(a, b) with labels given as numbers, such as kmeans() makes';
