-- patterns: sums of the patterns of each condition, by fold; what RDMs are computed from

CREATE TYPE patterns;

CREATE FUNCTION patterns_in(cstring) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_in(cstring) IS 'input of type patterns: patterns(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION patterns_out(patterns) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_out(patterns) IS 'output of type patterns';
CREATE FUNCTION patterns_recv(internal) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_recv(internal) IS 'binary input of type patterns; every length, label, count and value is checked';
CREATE FUNCTION patterns_send(patterns) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_send(patterns) IS 'binary output of type patterns, little-endian, labels and folds ascending; patterns_recv gives back the same state exactly';

CREATE TYPE patterns (
    INPUT = patterns_in, OUTPUT = patterns_out, RECEIVE = patterns_recv, SEND = patterns_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE patterns IS 'the activity patterns of labelled conditions: for each label, and each fold (scanner run, repetition) if there are folds, the number of its rows and the sum of their patterns; made by patterns_agg, merged by + and sum, read by rdm, crossnobis, rdm_crossed and poisson_rdm, so that one scan serves many RDMs and a new session is added without another; at most 1 GB where it is stored, not in flight';

-- transitions

CREATE FUNCTION patterns_add(patterns, text, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor) IS 'transition function of patterns_agg(label, pattern), rdm(label, pattern) and poisson_rdm(label, pattern)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor) IS 'transition function of patterns_agg(label, pattern), rdm(label, pattern) and poisson_rdm(label, pattern)';

CREATE FUNCTION patterns_add(patterns, text, tensor, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, text) IS 'transition function of rdm(label, pattern, metric)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, text) IS 'transition function of rdm(label, pattern, metric)';

CREATE FUNCTION patterns_add(patterns, text, tensor, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, tensor) IS 'transition function of rdm(label, pattern, prec)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, tensor) IS 'transition function of rdm(label, pattern, prec)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint) IS 'transition function of patterns_agg, crossnobis, rdm_crossed and poisson_rdm of (label, pattern, fold)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint) IS 'transition function of patterns_agg, crossnobis, rdm_crossed and poisson_rdm of (label, pattern, fold)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint, text) IS 'transition function of rdm_crossed(label, pattern, fold, metric)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint, text) IS 'transition function of rdm_crossed(label, pattern, fold, metric)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint, tensor) IS 'transition function of crossnobis(label, pattern, fold, prec)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint, tensor) IS 'transition function of crossnobis(label, pattern, fold, prec)';

CREATE FUNCTION patterns_combine(patterns, patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_combine(patterns, patterns) IS 'combine function of the aggregates over patterns; transition and combine function of sum(patterns)';
CREATE FUNCTION patterns_final(patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_final(patterns) IS 'final function of patterns_agg and sum(patterns): hands the state on without copying it';

-- making one

CREATE AGGREGATE patterns_agg(label text, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(text, tensor) IS 'the patterns of labelled conditions (pattern: a vector of m channels, the same for all rows; a label met several times is averaged), for rdm(patterns) and poisson_rdm(patterns). Rows with a NULL are skipped, no row gives NULL. Memory: m elements a label, float4 while a label has one float4 row, else float8. An error names the row and element that is NaN or infinite, or the pattern of another length, and says what neuroenc.memory_limit would not hold';

CREATE AGGREGATE patterns_agg(label bigint, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(bigint, tensor) IS 'patterns_agg(label, pattern) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE patterns_agg(label text, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(text, tensor, bigint) IS 'patterns_agg(label, pattern) with the fold (scanner run, repetition) of each row, for crossnobis, rdm_crossed and poisson_rdm across folds; rdm(patterns) of it is that of the means over all rows. Memory: m elements for each label in each fold';

CREATE AGGREGATE patterns_agg(label bigint, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(bigint, tensor, bigint) IS 'patterns_agg(label, pattern, fold) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE sum(patterns) (
    SFUNC = patterns_combine, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(patterns) IS 'the rows of all patterns; rows of the same label and fold join in one mean, so give the runs of each session fold numbers of their own; NULLs are skipped, no patterns give NULL; an error if channels differ in number or only some have folds';
CREATE FUNCTION patterns_plus(patterns, patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION patterns_plus(patterns, patterns) IS 'the rows of both; rows of the same label and fold join in one mean';
CREATE OPERATOR + (LEFTARG = patterns, RIGHTARG = patterns, FUNCTION = patterns_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (patterns, patterns) IS 'the rows of both; rows of the same label and fold join in one mean';

CREATE FUNCTION labels(p patterns) RETURNS text[]
    AS 'MODULE_PATHNAME', 'patterns_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION labels(patterns) IS 'the labels of the conditions, in the order that RDMs have them: whole numbers by value, then text bytewise';
CREATE FUNCTION folds(p patterns) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'patterns_folds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION folds(patterns) IS 'the folds, ascending; NULL if the patterns were made without';
CREATE FUNCTION n_conditions(p patterns) RETURNS int
    AS 'MODULE_PATHNAME', 'patterns_n_conditions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_conditions(patterns) IS 'number of conditions, which are the different labels';
CREATE FUNCTION n_channels(p patterns) RETURNS int
    AS 'MODULE_PATHNAME', 'patterns_n_channels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_channels(patterns) IS 'number of channels (voxels, units, sensors), the elements of a pattern';
CREATE FUNCTION n_samples(p patterns) RETURNS bigint
    AS 'MODULE_PATHNAME', 'patterns_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(patterns) IS 'number of rows';

-- dissimilarities of the means over all rows of a label

CREATE FUNCTION rdm_final(patterns) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_rdm_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_final(patterns) IS 'final function of the aggregates rdm: by the metric or precision that the rows gave';

CREATE AGGREGATE rdm(label text, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(text, tensor) IS 'representational dissimilarity matrix (Kriegeskorte, Mur and Bandettini 2008) of correlation distances, 1 - Pearson''s r over the m channels of a pattern, of all pairs of labels; a label met several times is averaged first, each row counting once. A pair with a constant pattern is NaN, as in SciPy. Rows with a NULL label or pattern are skipped, no row gives NULL. Agrees with scipy.spatial.distance to 1e-6 relative, whatever offset the channels share: distances of near-equal patterns are taken from their differences. Cost: one product, n^2 m flops for n labels; memory: the patterns (see patterns_agg) and 8 n^2 bytes. For several RDMs in one scan: rdm(patterns_agg(label, pattern), metric). Errors: a NaN or infinity in a pattern (row and element are named), a pattern of another length, over 16,000 conditions, neuroenc.memory_limit';

CREATE AGGREGATE rdm(label bigint, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(bigint, tensor) IS 'rdm(label, pattern) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE rdm(label text, pattern tensor, metric text) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(text, tensor, text) IS 'rdm(label, pattern) by another metric, the same in every row. correlation: 1 - Pearson''s r of the two patterns; cosine: 1 - cosine; euclidean and sqeuclidean: SciPy''s, neither divided by the number of channels nor, for euclidean, squared (rsatoolbox''s euclidean is the squared distance over the number of channels); cityblock: sum of absolute differences (no matrix product says it: n^2 m / 2 differences). Mahalanobis distances: rdm(label, pattern, prec); across folds: crossnobis; of spike counts: poisson_rdm. An error if the metric is NULL, not one of these, or changes between rows of a group';

CREATE AGGREGATE rdm(label bigint, pattern tensor, metric text) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(bigint, tensor, text) IS 'rdm(label, pattern, metric) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE rdm(label text, pattern tensor, prec tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(text, tensor, tensor) IS 'Mahalanobis distances sqrt(d'' S d), d the difference of two labels'' mean patterns, S = prec: a symmetric m x m matrix (noise_precision of residuals), or a vector of m precisions of channels that are taken as independent. The same in every row: the first row''s is kept, the others'' are compared (one that is stored out of line by its address alone), and one that differs is an error, as are NULL, an asymmetry over 1e-6, and a negative eigenvalue. Otherwise as rdm(label, pattern); cost: 2 n m^2 + m^3 / 3 flops more';

CREATE AGGREGATE rdm(label bigint, pattern tensor, prec tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm(bigint, tensor, tensor) IS 'rdm(label, pattern, prec) with whole numbers as labels, which are kept as text';

CREATE FUNCTION rdm(p patterns, metric text DEFAULT 'correlation') RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_rdm_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm(patterns, text) IS 'the RDM of patterns that are held already: one scan, many RDMs. correlation: 1 - Pearson''s r of the two patterns; cosine: 1 - cosine; euclidean and sqeuclidean: SciPy''s, neither divided by the number of channels nor, for euclidean, squared (rsatoolbox''s euclidean is the squared distance over the number of channels); cityblock: sum of absolute differences. The mean over all rows of a label, whatever their folds. See the aggregate rdm(text, tensor)';

CREATE FUNCTION rdm(p patterns, prec tensor) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_rdm_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm(patterns, tensor) IS 'Mahalanobis distances of patterns that are held already; prec: symmetric, m x m, or a vector of m. See the aggregate rdm(text, tensor, tensor)';

-- across folds

CREATE FUNCTION crossnobis_final(patterns) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_crossnobis' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION crossnobis_final(patterns) IS 'final function of the aggregates crossnobis: with the precision that the rows gave, or none';

CREATE AGGREGATE crossnobis(label text, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = crossnobis_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE crossnobis(text, tensor, bigint) IS 'cross-validated squared distances of all pairs of labels over folds (scanner runs): the mean over ordered pairs of different folds f, g of d_f'' S d_g / m, d_f the difference of the two labels'' mean patterns in fold f, m the number of channels: a squared distance that noise does not bias, so it may be negative, and is 0 on average where two labels do not differ (Walther et al. 2016; Diedrichsen et al. 2021). Squared, signed and divided by m, as rsatoolbox''s calc_rdm_crossnobis. With balanced folds it is the leave-one-fold-out mean. A label may be missing in some folds: a pair then has the folds that hold both, each pair of them with the same weight, and is NaN with fewer than two. S is the identity here. Rows with a NULL label or pattern are skipped, no row gives NULL. Cost: (folds + 1) n^2 m flops, also where folds are unbalanced; memory: m elements for each label in each fold. Errors: a NaN or infinity in a pattern (row and element are named), a pattern of another length, over 16,000 conditions, neuroenc.memory_limit';

CREATE AGGREGATE crossnobis(label bigint, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = crossnobis_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE crossnobis(bigint, tensor, bigint) IS 'crossnobis(label, pattern, fold) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE crossnobis(label text, pattern tensor, fold bigint, prec tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = crossnobis_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE crossnobis(text, tensor, bigint, tensor) IS 'crossnobis(label, pattern, fold) with S = prec: a symmetric m x m matrix (noise_precision of residuals) or a vector of m precisions; the same in every row, see rdm(label, pattern, prec). One precision for all folds';

CREATE AGGREGATE crossnobis(label bigint, pattern tensor, fold bigint, prec tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = crossnobis_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE crossnobis(bigint, tensor, bigint, tensor) IS 'crossnobis(label, pattern, fold, prec) with whole numbers as labels, which are kept as text';

CREATE FUNCTION crossnobis(p patterns) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_crossnobis' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION crossnobis(patterns) IS 'cross-validated squared distances of patterns that are held already: the mean over ordered pairs of different folds f, g of d_f'' S d_g / m, d_f the difference of the two labels'' mean patterns in fold f, m the number of channels: a squared distance that noise does not bias, so it may be negative, and is 0 on average where two labels do not differ (Walther et al. 2016; Diedrichsen et al. 2021). Squared, signed and divided by m, as rsatoolbox''s calc_rdm_crossnobis. With balanced folds it is the leave-one-fold-out mean. See the aggregate crossnobis(text, tensor, bigint). An error if the patterns have no folds';

CREATE FUNCTION crossnobis(p patterns, prec tensor) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_crossnobis_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION crossnobis(patterns, tensor) IS 'crossnobis(patterns) with S = prec: a symmetric m x m matrix, or a vector of m precisions';

CREATE TYPE crossed_rdm AS (labels text[], d tensor);
COMMENT ON TYPE crossed_rdm IS 'result of rdm_crossed: the labels of the rows and of the columns, in the order of an RDM''s, and the n x n float8 matrix of distances across folds, which is not symmetric and has a diagonal';

CREATE FUNCTION rdm_crossed_final(patterns) RETURNS crossed_rdm
    AS 'MODULE_PATHNAME', 'similarity_rdm_crossed_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_crossed_final(patterns) IS 'final function of the aggregates rdm_crossed: by the metric that the rows gave';

CREATE AGGREGATE rdm_crossed(label text, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_crossed_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_crossed(text, tensor, bigint) IS 'the rectangular RDM across folds, of correlation distances: the distance of label i''s mean pattern in fold f and label j''s in fold g, averaged over all pairs of folds f < g that have them: rows are of the earlier fold, columns of the later. The diagonal is how far a label is from itself on another occasion (reliability: with correlation, 1 minus the mean cross-fold correlation), which no RDM within folds shows; noise that a fold''s patterns share does not make its labels alike. An element that no pair of folds has, or only with constant patterns, is NaN. Rows with a NULL label or pattern are skipped, no row gives NULL. Errors: a NaN or infinity in a pattern (row and element are named), a pattern of another length, over 16,000 conditions, neuroenc.memory_limit';

CREATE AGGREGATE rdm_crossed(label bigint, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_crossed_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_crossed(bigint, tensor, bigint) IS 'rdm_crossed(label, pattern, fold) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE rdm_crossed(label text, pattern tensor, fold bigint, metric text) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_crossed_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_crossed(text, tensor, bigint, text) IS 'rdm_crossed(label, pattern, fold) by another metric, the same in every row: correlation, cosine, euclidean, sqeuclidean, cityblock, as those of rdm(label, pattern, metric). Roots are taken before the mean';

CREATE AGGREGATE rdm_crossed(label bigint, pattern tensor, fold bigint, metric text) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = rdm_crossed_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_crossed(bigint, tensor, bigint, text) IS 'rdm_crossed(label, pattern, fold, metric) with whole numbers as labels, which are kept as text';

CREATE FUNCTION rdm_crossed(p patterns, metric text DEFAULT 'correlation') RETURNS crossed_rdm
    AS 'MODULE_PATHNAME', 'similarity_rdm_crossed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_crossed(patterns, text) IS 'the rectangular RDM across folds of patterns that are held already: the distance of label i''s mean pattern in fold f and label j''s in fold g, averaged over all pairs of folds f < g that have them: rows are of the earlier fold, columns of the later. The diagonal is how far a label is from itself on another occasion (reliability: with correlation, 1 minus the mean cross-fold correlation), which no RDM within folds shows; noise that a fold''s patterns share does not make its labels alike. See the aggregate rdm_crossed(text, tensor, bigint). An error if the patterns have no folds';

-- Poisson rates

CREATE FUNCTION poisson_rdm_final(patterns) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_poisson_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION poisson_rdm_final(patterns) IS 'final function of the aggregates poisson_rdm: across folds if the rows had folds';

CREATE AGGREGATE poisson_rdm(label text, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = poisson_rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE poisson_rdm(text, tensor) IS 'dissimilarities of spike counts or rates: the mean over channels of (x - y)(ln x - ln y), the Kullback-Leibler divergence of two Poisson distributions and its mirror image in sum, x and y the two labels'' rates (mean + lambda w) / (1 + w) under a gamma prior of mean lambda and weight w (rsatoolbox''s calc_rdm_poisson); here lambda is 1 and w .1: other priors by poisson_rdm(patterns, prior_lambda, prior_weight). A rate that is not positive is an error. Otherwise as rdm(label, pattern)';

CREATE AGGREGATE poisson_rdm(label bigint, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = poisson_rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE poisson_rdm(bigint, tensor) IS 'poisson_rdm(label, pattern) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE poisson_rdm(label text, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = poisson_rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE poisson_rdm(text, tensor, bigint) IS 'poisson_rdm(label, pattern) across folds: across folds, the rates are of a label''s rows outside fold f (each row counting once), their logarithms of its rows in f, and the mean is over the folds f in which both labels have both (rsatoolbox''s calc_rdm_poisson_cv returns its last fold only). Noise does not bias it upwards as it does the plain one; it may be negative; a pair without such a fold is NaN';

CREATE AGGREGATE poisson_rdm(label bigint, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = poisson_rdm_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE poisson_rdm(bigint, tensor, bigint) IS 'poisson_rdm(label, pattern, fold) with whole numbers as labels, which are kept as text';

CREATE FUNCTION poisson_rdm(p patterns, prior_lambda float8 DEFAULT 1, prior_weight float8 DEFAULT 0.1, crossvalidate boolean DEFAULT true) RETURNS rdm
    AS 'MODULE_PATHNAME', 'similarity_poisson' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION poisson_rdm(patterns, float8, float8, boolean) IS 'Poisson dissimilarities of patterns that are held already: the mean over channels of (x - y)(ln x - ln y), the Kullback-Leibler divergence of two Poisson distributions and its mirror image in sum, x and y the two labels'' rates (mean + lambda w) / (1 + w) under a gamma prior of mean lambda and weight w (rsatoolbox''s calc_rdm_poisson). Where the patterns have folds and crossvalidate is true, across folds: across folds, the rates are of a label''s rows outside fold f (each row counting once), their logarithms of its rows in f, and the mean is over the folds f in which both labels have both (rsatoolbox''s calc_rdm_poisson_cv returns its last fold only); false takes the means over all rows. An error if a prior is negative or not finite, or if a rate is not positive';
