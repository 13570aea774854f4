-- which units: localizers and their controls, selectivity for classes, mutual information with them

CREATE TYPE localizer;

CREATE FUNCTION localizer_in(cstring) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION localizer_in(cstring) IS 'input of type localizer: localizer(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION localizer_out(localizer) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION localizer_out(localizer) IS 'output of type localizer';
CREATE FUNCTION localizer_recv(internal) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION localizer_recv(internal) IS 'binary input of type localizer; every length, count and value is checked';
CREATE FUNCTION localizer_send(localizer) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION localizer_send(localizer) IS 'binary output of type localizer, little-endian; localizer_recv gives back the same state exactly';

CREATE TYPE localizer (
    INPUT = localizer_in, OUTPUT = localizer_out, RECEIVE = localizer_recv, SEND = localizer_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE localizer IS 'means and variances of units over the rows of a condition and of its control: 32 bytes a unit, however many rows; made by localizer(x, condition), merged by + and sum (sessions, shards), read by units and localizer_units';

CREATE FUNCTION localizer_add(localizer, tensor, boolean) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION localizer_add(localizer, tensor, boolean) IS 'transition function of localizer(x, condition)';
CREATE FUNCTION localizer_combine(localizer, localizer) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION localizer_combine(localizer, localizer) IS 'combine function of localizer(x, condition); transition and combine function of sum(localizer)';
CREATE FUNCTION localizer_final(localizer) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION localizer_final(localizer) IS 'final function of localizer(x, condition) and sum(localizer): hands the state on without copying it';

CREATE AGGREGATE localizer(x tensor, condition boolean) (
    SFUNC = localizer_add, STYPE = localizer, SSPACE = 1048576,
    FINALFUNC = localizer_final, COMBINEFUNC = localizer_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE localizer(tensor, boolean) IS 'which units respond more to a condition than to its control (sentences and lists of non-words, faces and objects)? The state from which units(localizer) and localizer_units(localizer) say it: means and variances of each of the p elements of x over the rows where condition is true, and over those where it is false. Single pass, 40 bytes a unit. Rows with a NULL are skipped, no row gives NULL. An aggregate can''t return rows: write `FROM (SELECT localizer(x, condition) AS l FROM rows) AS q, units(q.l)`. Errors: a NaN or an infinity in x (row and element are named), vectors of different lengths, squares past the range of float8';

CREATE AGGREGATE sum(localizer) (
    SFUNC = localizer_combine, STYPE = localizer, SSPACE = 1048576,
    FINALFUNC = localizer_final, COMBINEFUNC = localizer_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(localizer) IS 'the localizer of the rows of all of them; NULLs are skipped, none gives NULL; an error if the numbers of units differ';

CREATE FUNCTION localizer_plus(localizer, localizer) RETURNS localizer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION localizer_plus(localizer, localizer) IS 'the localizer of the rows of both; an error if the numbers of units differ';
CREATE OPERATOR + (LEFTARG = localizer, RIGHTARG = localizer, FUNCTION = localizer_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (localizer, localizer) IS 'the localizer of the rows of both';

CREATE FUNCTION n_units(l localizer) RETURNS int
    AS 'MODULE_PATHNAME', 'localizer_n_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_units(localizer) IS 'number of units, the elements of x';
CREATE FUNCTION n_samples(l localizer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'localizer_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(localizer) IS 'number of rows, of the condition and of the control together';

CREATE FUNCTION units(l localizer, one_sided boolean DEFAULT false)
    RETURNS TABLE (unit int, rank int, t float8, df float8, p float8, q float8, d_prime float8, mean float8, control float8)
    AS 'MODULE_PATHNAME', 'search_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION units(localizer, boolean) IS 'one row a unit, from 1, in order: its mean under the condition and under the control; Welch''s t = (mean - control) / sqrt(v1 / n1 + v0 / n0), variances of divisor n - 1, with Satterthwaite''s degrees of freedom df; p, two-sided, or one_sided for mean > control; q, Benjamini and Hochberg''s over all units (q <= .05 AND t > 0: a localizer with 5 per cent of false discoveries); d_prime = (mean - control) / sqrt((v1 + v0) / 2), which does not grow with the number of rows; rank, 1 for the highest t, ties to the lower unit. Rows are samples: they should be independent (a mean a stimulus or block, not every time point). A unit without variance has t and d_prime +-Infinity, df NULL and p 0 (one_sided: 1 for -Infinity) where the means differ; where they are equal (a dead unit), and where a condition has fewer than 2 rows, t, df, p, q, d_prime and rank are NULL, and the unit does not count in q. (Welch 1947; Benjamini and Hochberg 1995; AlKhamissi et al. 2024, The LLM language network, who take the t of |x|: localizer(abs(x), condition))';

CREATE FUNCTION localizer_units(l localizer, percent float8 DEFAULT 1) RETURNS int[]
    AS 'MODULE_PATHNAME', 'search_localizer_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION localizer_units(localizer, float8) IS 'the percent per cent of units, rounded up, of the highest t, from 1, the highest first: units(localizer) of rank <= ceil(percent / 100 n_units). For ablation_curve, take, random_units. Units without a t are never among them. Error: percent not over 0 and at most 100';

CREATE FUNCTION random_units(n int, "like" int[], seed bigint DEFAULT 0, strata int[] DEFAULT '{}') RETURNS int[]
    AS 'MODULE_PATHNAME', 'search_random_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION random_units(int, int[], bigint, int[]) IS 'the control of chosen units: as many units as "like" has, drawn at random without replacement from those of 1 to n that are not in it, ascending. With strata, a whole number for each of the n units (its layer, or the decile of its mean activity: ntile(10) OVER (ORDER BY control)), as many of each stratum as "like" has there. The draw is a function of n, the set "like", seed and strata alone, and in a stratum of that stratum''s units alone. Errors: a unit outside 1 to n, or twice; more chosen units than others, in all or in a stratum; strata that are not n. (AlKhamissi et al. 2024: random units as many as the localized ones)';

-- classes

CREATE FUNCTION selectivity(p points)
    RETURNS TABLE (unit int, label text, d_prime float8, auc float8, mean float8, rest float8, selectivity float8)
    AS 'MODULE_PATHNAME', 'search_selectivity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION selectivity(points) IS 'how each unit tells each class from the others: of labelled points, points_agg(x, label), one row a unit (element of x, from 1) and label, by unit and then in the order of labels (numbers by value): mean of the class''s rows and of the rest, all other rows; d_prime = (mean - rest) / sqrt((v + v_rest) / 2), variances of divisor n - 1 (+-Infinity without variance, NULL where the means are then equal or a side has fewer than 2 rows); auc, the probability that the unit is higher for a row of the class than for another, ties half: .5 is chance, 0 tells as much as 1 (Mann and Whitney 1947); selectivity = (mean - m) / (mean + m), m the mean of the other classes'' means, which for the class of the highest mean is the class selectivity index of Morcos et al. 2018 (NULL unless all classes'' means are at least 0). One label only: mean alone. Each unit is ranked once: d n log n steps, shared by neuroenc.threads threads. Errors: points without labels, neuroenc.memory_limit';

CREATE FUNCTION mutual_information(p points, k int DEFAULT 3, method text DEFAULT 'knn', bins int DEFAULT 10)
    RETURNS TABLE (unit int, mi float8)
    AS 'MODULE_PATHNAME', 'search_mutual_information' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mutual_information(points, int, text, int) IS 'how much each unit says of the label, by itself and in whatever way: of labelled points, points_agg(x, label), the mutual information of each element of x (from 1) with the label, in nats; at most the entropy of the labels. ''knn'' is the estimator of Ross 2014, scikit-learn''s mutual_info_classif, from the distance of each row to its k-th nearest row of the same class: psi(N) - mean psi(N_i) + mean psi(k_i) - mean psi(m_i), at least 0; labels of a single row are left out. Where rows tie (a unit that is silent for many, or takes few values), it is the mean over the random orders that scikit-learn''s noise would give the tied rows, exact where nothing is nearer, so nothing is random here; without ties the two agree. ''bins'' is the plug-in estimate over bins bins of equally many rows, equal values in one bin; biased upward by about (bins - 1) (labels - 1) / 2n. Neither is a test: permute labels for that. d n log n steps, shared by neuroenc.threads threads. mi is NULL where every label has a single row. Errors: points without labels; k under 1; bins under 2; an unknown method; neuroenc.memory_limit';
