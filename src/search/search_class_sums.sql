-- class_sums: rows summed by class; mean differences and linear discriminants

CREATE TYPE class_sums;

CREATE FUNCTION class_sums_in(cstring) RETURNS class_sums
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION class_sums_in(cstring) IS 'input of type class_sums: class_sums(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION class_sums_out(class_sums) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION class_sums_out(class_sums) IS 'output of type class_sums';
CREATE FUNCTION class_sums_recv(internal) RETURNS class_sums
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION class_sums_recv(internal) IS 'binary input of type class_sums; every length, count and value is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION class_sums_send(class_sums) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION class_sums_send(class_sums) IS 'binary output of type class_sums, little-endian; class_sums_recv gives back the same state exactly';

CREATE TYPE class_sums (
    INPUT = class_sums_in, OUTPUT = class_sums_out, RECEIVE = class_sums_recv, SEND = class_sums_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE class_sums IS 'rows of p features summed by their label: the mean of each class and the spread about it (class_means_agg; 8 p bytes a class), or all products of features as well (class_sums_agg; 8 p^2 bytes a class of more than some 256 rows, the rows themselves of smaller ones); merged by + and sum; read by mean_difference, class_means, ideal_words and, with products, lda_direction and lda. At most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION class_sums_add(class_sums, tensor, text) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_sums_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_sums_add(class_sums, tensor, text) IS 'transition function of class_sums_agg(x, label) and lda_direction(x, label)';
CREATE FUNCTION class_sums_add(class_sums, tensor, bigint) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_sums_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_sums_add(class_sums, tensor, bigint) IS 'transition function of class_sums_agg(x, label) and lda_direction(x, label), labels bigint';
CREATE FUNCTION class_sums_add(class_sums, tensor, boolean) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_sums_add_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_sums_add(class_sums, tensor, boolean) IS 'transition function of class_sums_agg(x, label) and lda_direction(x, label), labels boolean';
CREATE FUNCTION class_means_add(class_sums, tensor, text) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_means_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_means_add(class_sums, tensor, text) IS 'transition function of class_means_agg(x, label) and mean_difference(x, label)';
CREATE FUNCTION class_means_add(class_sums, tensor, bigint) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_means_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_means_add(class_sums, tensor, bigint) IS 'transition function of class_means_agg(x, label) and mean_difference(x, label), labels bigint';
CREATE FUNCTION class_means_add(class_sums, tensor, boolean) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_means_add_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_means_add(class_sums, tensor, boolean) IS 'transition function of class_means_agg(x, label) and mean_difference(x, label), labels boolean';
CREATE FUNCTION class_means_add(class_sums, tensor, text[]) RETURNS class_sums
    AS 'MODULE_PATHNAME', 'search_class_means_add_texts' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_means_add(class_sums, tensor, text[]) IS 'transition function of class_means_agg(x, levels)';
CREATE FUNCTION class_sums_combine(class_sums, class_sums) RETURNS class_sums
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION class_sums_combine(class_sums, class_sums) IS 'combine function of the aggregates over class_sums; transition and combine function of sum(class_sums)';
CREATE FUNCTION class_sums_final(class_sums) RETURNS class_sums
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION class_sums_final(class_sums) IS 'final function of class_sums_agg, class_means_agg and sum(class_sums): hands the state on without copying it';

CREATE AGGREGATE class_sums_agg(x tensor, label text) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_sums_agg(tensor, text) IS 'sums and products of the vectors x (p finite features) by label, for lda_direction and lda; rows where x or label is NULL are skipped, no row gives NULL. Cost: n p^2 flops by syrk. An error names the row and element that is NaN or infinite, a vector of another length, and what neuroenc.memory_limit would not hold';
CREATE AGGREGATE class_sums_agg(x tensor, label bigint) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_sums_agg(tensor, bigint) IS 'class_sums_agg(x, label) with labels given as numbers';
CREATE AGGREGATE class_sums_agg(x tensor, label boolean) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_sums_agg(tensor, boolean) IS 'class_sums_agg(x, label) with labels true and false, kept as these words';
CREATE AGGREGATE class_means_agg(x tensor, label text) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_means_agg(tensor, text) IS 'means of the vectors x (p finite features) by label, and the spread about them, without products of features: for mean_difference, class_means and ideal_words; p additions a row, 8 p bytes a class. Otherwise as class_sums_agg(x, label)';
CREATE AGGREGATE class_means_agg(x tensor, label bigint) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_means_agg(tensor, bigint) IS 'class_means_agg(x, label) with labels given as numbers';
CREATE AGGREGATE class_means_agg(x tensor, label boolean) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_means_agg(tensor, boolean) IS 'class_means_agg(x, label) with labels true and false, kept as these words';
CREATE AGGREGATE class_means_agg(x tensor, levels text[]) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE class_means_agg(tensor, text[]) IS 'class_means_agg(x, label) where a row is labelled by its levels of several factors, class_means_agg(x, ARRAY[colour, shape]): what ideal_words reads. The label is the array''s text, {red,round}. An array that is empty, has a NULL or more than one dimension is an error';
CREATE AGGREGATE sum(class_sums) (
    SFUNC = class_sums_combine, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = class_sums_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(class_sums) IS 'the sums over the rows of all; NULLs are skipped, none gives NULL; an error if features differ in number, or some have products and others not';
CREATE FUNCTION class_sums_plus(class_sums, class_sums) RETURNS class_sums
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION class_sums_plus(class_sums, class_sums) IS 'the sums over the rows of both';
CREATE OPERATOR + (LEFTARG = class_sums, RIGHTARG = class_sums, FUNCTION = class_sums_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (class_sums, class_sums) IS 'the sums over the rows of both';

CREATE FUNCTION n_samples(s class_sums) RETURNS bigint
    AS 'MODULE_PATHNAME', 'search_class_sums_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(class_sums) IS 'number of rows';
CREATE FUNCTION labels(s class_sums) RETURNS text[]
    AS 'MODULE_PATHNAME', 'search_class_sums_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION labels(class_sums) IS 'labels of the classes: whole numbers by value, then the others bytewise';
CREATE FUNCTION class_means(s class_sums) RETURNS TABLE (label text, n bigint, mean tensor)
    AS 'MODULE_PATHNAME', 'search_class_means' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION class_means(class_sums) IS 'a row for each class, in the order of labels(): its label, its number of rows and their mean (float8, p)';

-- the difference of means

CREATE FUNCTION mean_difference_final(class_sums) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_mean_difference_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_difference_final(class_sums) IS 'final function of the aggregates mean_difference(x, label): there must be two labels';
CREATE AGGREGATE mean_difference(x tensor, label boolean) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = mean_difference_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mean_difference(tensor, boolean) IS 'the direction from one class to the other: the mean of the rows of the positive class minus that of the negative one (float8, p), the concept vector of linear probing and activation steering: rows where label is true minus rows where it is false. Rows with a NULL are skipped, no row gives NULL; it is an error if all labels are equal, if an element is NaN or infinite, or if vectors differ in length';
CREATE AGGREGATE mean_difference(x tensor, label text) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = mean_difference_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mean_difference(tensor, text) IS 'mean_difference(x, label) where label is one of two texts: the later one minus the earlier (whole numbers by value, then other texts bytewise: cat before dog, so dog minus cat). One label or more than two are an error: mean_difference(class_means_agg(x, label), positive, negative) says which are meant';
CREATE AGGREGATE mean_difference(x tensor, label bigint) (
    SFUNC = class_means_add, STYPE = class_sums, SSPACE = 65536,
    FINALFUNC = mean_difference_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mean_difference(tensor, bigint) IS 'mean_difference(x, label) where label is one of two numbers: the larger minus the smaller';
CREATE FUNCTION mean_difference(s class_sums, positive text DEFAULT NULL, negative text DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_mean_difference_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_difference(class_sums, text, text) IS 'the direction from one class to the other: the mean of the rows of the positive class minus that of the negative one (float8, p), the concept vector of linear probing and activation steering. positive and negative are labels; negative NULL: all rows that are not positive, together; both NULL: the only two labels, the later minus the earlier. A NULL state gives NULL; a label that no row has is an error';
CREATE FUNCTION mean_difference(s class_sums, positive bigint, negative bigint DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_mean_difference_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_difference(class_sums, bigint, bigint) IS 'mean_difference(s, positive, negative) with labels given as numbers';

-- linear discriminants

CREATE FUNCTION lda_direction_final(class_sums) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_lda_direction_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lda_direction_final(class_sums) IS 'final function of the aggregates lda_direction(x, label): there must be two labels; Ledoit and Wolf''s shrinkage';
CREATE AGGREGATE lda_direction(x tensor, label boolean) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = lda_direction_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE lda_direction(tensor, boolean) IS 'the linear discriminant (Fisher 1936): inv(S) (m1 - m0), m1 and m0 the means of the positive and the negative class and S the covariance of rows about the mean of their own class (divided by n), shrunk to (1 - a) S + a mu I, mu its mean diagonal; float8, p, not of length 1: as scikit-learn''s LinearDiscriminantAnalysis(solver=''lsqr'', shrinkage=a).coef_. It is the mean difference whitened: what sets the classes apart beyond what varies within them. The positive class is true; a is Ledoit and Wolf''s (2004) intensity of the rows about their class''s mean, taken as one sample (scikit-learn''s shrinkage=''auto'' standardises and shrinks each class by itself: close, not equal); another a: lda_direction(class_sums_agg(x, label), a). Rows with a NULL are skipped, no row gives NULL. Cost: n p^2 + p^3 / 3 flops. Errors: all labels equal, NaN or infinity, vectors of different lengths, no variance within classes, neuroenc.memory_limit';
CREATE AGGREGATE lda_direction(x tensor, label text) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = lda_direction_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE lda_direction(tensor, text) IS 'lda_direction(x, label) where label is one of two texts: from the earlier to the later, as mean_difference(x, label)';
CREATE AGGREGATE lda_direction(x tensor, label bigint) (
    SFUNC = class_sums_add, STYPE = class_sums, SSPACE = 67108864,
    FINALFUNC = lda_direction_final, COMBINEFUNC = class_sums_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE lda_direction(tensor, bigint) IS 'lda_direction(x, label) where label is one of two numbers: from the smaller to the larger';
CREATE FUNCTION lda_direction(s class_sums, shrinkage float8 DEFAULT NULL, positive text DEFAULT NULL, negative text DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_lda_direction_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lda_direction(class_sums, float8, text, text) IS 'the linear discriminant (Fisher 1936): inv(S) (m1 - m0), m1 and m0 the means of the positive and the negative class and S the covariance of rows about the mean of their own class (divided by n), shrunk to (1 - a) S + a mu I, mu its mean diagonal; float8, p, not of length 1: as scikit-learn''s LinearDiscriminantAnalysis(solver=''lsqr'', shrinkage=a).coef_. It is the mean difference whitened: what sets the classes apart beyond what varies within them. S is of the rows of all classes, also of those that the direction is not between. shrinkage a from 0 to 1, NULL: Ledoit and Wolf''s (2004) intensity of the rows about their class''s mean, taken as one sample (scikit-learn''s shrinkage=''auto'' standardises and shrinks each class by itself: close, not equal). positive and negative as in mean_difference(s, positive, negative). A NULL state gives NULL. Errors: sums without products (class_means_agg), a label that no row has, a covariance without inverse (a = 0 and few rows)';
CREATE FUNCTION lda_direction(s class_sums, shrinkage float8, positive bigint, negative bigint DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_lda_direction_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lda_direction(class_sums, float8, bigint, bigint) IS 'lda_direction(s, shrinkage, positive, negative) with labels given as numbers';

CREATE TYPE lda_result AS (directions tensor, separation tensor, shrinkage float8, labels text[]);
COMMENT ON TYPE lda_result IS 'what lda returns: directions (m x p, a row an axis), separation (m: variance between the classes along the axis, of that within them), the shrinkage that was used, and the labels of the classes';
CREATE FUNCTION lda(s class_sums, shrinkage float8 DEFAULT NULL) RETURNS lda_result
    AS 'MODULE_PATHNAME', 'search_lda' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lda(class_sums, float8) IS 'linear discriminant analysis of two classes or more: the axes w with S_b w = l S w, S_b the covariance of the classes'' means weighted by their rows, S that of rows about their class''s mean, shrunk as in lda_direction. directions has at most min(classes - 1, p) rows, by falling separation l, each with w'' S w = 1 and its largest element positive (scikit-learn''s scalings_ of solver=''eigen'' without shrinkage; with it scikit-learn shrinks S_b too). project_out(x, (lda(s)).directions) takes from rows what tells the classes apart. A NULL state gives NULL; errors as lda_direction''s. (lda(s)).* computes it once a column: use FROM lda(s)';
