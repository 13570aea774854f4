-- scores of rankings and classifications

CREATE TYPE scored;

CREATE FUNCTION scored_in(cstring) RETURNS scored
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scored_in(cstring) IS 'input of type scored: scored(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION scored_out(scored) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scored_out(scored) IS 'output of type scored';
CREATE FUNCTION scored_recv(internal) RETURNS scored
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scored_recv(internal) IS 'binary input of type scored; every length, count and value is checked';
CREATE FUNCTION scored_send(scored) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scored_send(scored) IS 'binary output of type scored, little-endian; scored_recv gives back the same state exactly';

CREATE TYPE scored (
    INPUT = scored_in, OUTPUT = scored_out, RECEIVE = scored_recv, SEND = scored_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE scored IS 'rows of (score, gain), with or without the query that each belongs to; made by scored_agg, merged by + and sum, read by auc, average_precision, reciprocal_rank, recall_at, ndcg and query_scores: several scores cost one scan. A row is relevant if its gain is over 0. 24 bytes a row, at most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION scored_add(scored, float8, boolean) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_relevant' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, float8, boolean) IS 'transition function of auc, average_precision, reciprocal_rank and scored_agg(score, relevant)';
CREATE FUNCTION scored_add(scored, float8, float8) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_gain' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, float8, float8) IS 'transition function of ndcg(score, gain) and scored_agg(score, gain)';
CREATE FUNCTION scored_add(scored, float8, boolean, int) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_relevant_k' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, float8, boolean, int) IS 'transition function of recall_at(score, relevant, k)';
CREATE FUNCTION scored_add(scored, float8, float8, int) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_gain_k' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, float8, float8, int) IS 'transition function of ndcg(score, gain, k)';
CREATE FUNCTION scored_add(scored, bigint, float8, boolean) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_query_relevant' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, bigint, float8, boolean) IS 'transition function of mean_reciprocal_rank and scored_agg(query, score, relevant)';
CREATE FUNCTION scored_add(scored, bigint, float8, float8) RETURNS scored
    AS 'MODULE_PATHNAME', 'scored_add_query_gain' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION scored_add(scored, bigint, float8, float8) IS 'transition function of scored_agg(query, score, gain)';
CREATE FUNCTION scored_combine(scored, scored) RETURNS scored
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION scored_combine(scored, scored) IS 'combine function of the aggregates over scored rows; transition and combine function of sum(scored)';
CREATE FUNCTION scored_final(scored) RETURNS scored
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scored_final(scored) IS 'final function of scored_agg and sum(scored): hands the state on without copying it';

CREATE AGGREGATE scored_agg(score float8, relevant boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = scored_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE scored_agg(float8, boolean) IS 'the scores of all rows and which of them are relevant, for any of the scores below; rows where one is NULL are skipped, no row gives NULL. Memory: 24 bytes a row. Errors: a score that is NaN or infinite, named by its row, what neuroenc.memory_limit would not hold';
CREATE AGGREGATE scored_agg(score float8, gain float8) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = scored_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE scored_agg(float8, float8) IS 'scored_agg(score, relevant) with gains instead of yes and no: 0 is not relevant, more is better; an error if one is negative, NaN or infinite';
CREATE AGGREGATE scored_agg(query bigint, score float8, relevant boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = scored_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE scored_agg(bigint, float8, boolean) IS 'the same for many queries at once: scores of such a state are means over the queries where they are defined, and query_scores gives each; rows where query is NULL are skipped';
CREATE AGGREGATE scored_agg(query bigint, score float8, gain float8) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = scored_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE scored_agg(bigint, float8, float8) IS 'scored_agg(query, score, relevant) with gains';
CREATE AGGREGATE sum(scored) (
    SFUNC = scored_combine, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = scored_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(scored) IS 'the rows of all states; NULLs are skipped, none gives NULL; an error if some have queries and others not, or if k differs';
CREATE FUNCTION scored_plus(scored, scored) RETURNS scored
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION scored_plus(scored, scored) IS 'the rows of both';
CREATE OPERATOR + (LEFTARG = scored, RIGHTARG = scored, FUNCTION = scored_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (scored, scored) IS 'the rows of both';
CREATE FUNCTION n_samples(s scored) RETURNS bigint
    AS 'MODULE_PATHNAME', 'scored_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(scored) IS 'number of rows';

-- scores

CREATE FUNCTION auc(s scored) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_auc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION auc(scored) IS 'final function of auc(score, relevant); also auc of rows that are held already, scored_agg(...): with queries, the mean over those that have relevant rows and others';
CREATE AGGREGATE auc(score float8, label boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = auc, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE auc(float8, boolean) IS 'area under the ROC curve, exact: the share of pairs of a true and a false row in which the true one has the higher score, ties counting half (Hanley and McNeil 1982); .5 is chance. What scikit-learns roc_auc_score computes. NULL if all rows are true, or none; rows with a NULL are skipped. O(n) by a radix sort; 24 bytes a row, 56 more while it is sorted. Error: a score that is NaN or infinite';

CREATE FUNCTION average_precision(s scored) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_average_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION average_precision(scored) IS 'final function of average_precision(score, relevant); also average_precision of rows that are held already: with queries, their mean (MAP) over those that have relevant rows';
CREATE AGGREGATE average_precision(score float8, relevant boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = average_precision, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE average_precision(float8, boolean) IS 'sum over the steps of the recall, best score first, of (step) times (precision there), without interpolation: scikit-learns average_precision_score. Tied rows are one step. NULL if no row is relevant; rows with a NULL are skipped. Error: a score that is NaN or infinite';

CREATE FUNCTION reciprocal_rank(s scored) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_reciprocal_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION reciprocal_rank(scored) IS 'final function of reciprocal_rank(score, relevant); also reciprocal_rank of rows that are held already: with queries, their mean';
CREATE AGGREGATE reciprocal_rank(score float8, relevant boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = reciprocal_rank, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE reciprocal_rank(float8, boolean) IS '1 / the rank (from 1) of the relevant row with the highest score; 0 if no row is relevant. Tied rows: the mean over all their orders. With GROUP BY query, one of each query. Rows with a NULL are skipped. Error: a score that is NaN or infinite';

CREATE AGGREGATE mean_reciprocal_rank(query bigint, score float8, relevant boolean) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = reciprocal_rank, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mean_reciprocal_rank(bigint, float8, boolean) IS 'mean over queries of reciprocal_rank(score, relevant) (MRR; Voorhees 1999): a query without relevant rows counts as 0. Rows with a NULL are skipped, so a query whose rows are all NULL does not count. Error: a score that is NaN or infinite';

CREATE FUNCTION recall_at(s scored, k int) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_recall' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION recall_at(scored, int) IS 'recall_at(score, relevant, k) of rows that are held already: with queries, the mean over those that have relevant rows; an error if k is below 1';
CREATE FUNCTION recall_at_final(scored) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_recall' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION recall_at_final(scored) IS 'final function of recall_at(score, relevant, k): k is in the state';
CREATE AGGREGATE recall_at(score float8, relevant boolean, k int) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = recall_at_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE recall_at(float8, boolean, int) IS 'share of the relevant rows that are among the k with the highest scores. Tied rows: the mean over all their orders. NULL if no row is relevant; rows where score or relevant is NULL are skipped. Errors: k below 1, NULL or not the same in every row, a score that is NaN or infinite';

CREATE FUNCTION ndcg(s scored, k int DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_ndcg' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ndcg(scored, int) IS 'ndcg(score, gain, k) of rows that are held already, of all rows if k is NULL: with queries, the mean over those that have relevant rows; an error if k is below 1';
CREATE FUNCTION ndcg_final(scored) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_ndcg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ndcg_final(scored) IS 'final function of ndcg(score, gain) and ndcg(score, gain, k): k is in the state';
CREATE AGGREGATE ndcg(score float8, gain float8) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = ndcg_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ndcg(float8, float8) IS 'normalised discounted cumulative gain (Jarvelin and Kekalainen 2002): sum of gain / log2(1 + rank), best score first, over the same sum in the best order. Gains are linear, as in scikit-learns ndcg_score (give 2^gain - 1 for the other kind). Tied rows: the mean over all their orders, so tied rows share their places discounts, as there. 1 is the best order; NULL if no gain is over 0; rows with a NULL are skipped. Errors: a gain that is negative, NaN or infinite, such a score';
CREATE AGGREGATE ndcg(score float8, gain float8, k int) (
    SFUNC = scored_add, STYPE = scored, SSPACE = 1048576,
    FINALFUNC = ndcg_final, COMBINEFUNC = scored_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ndcg(float8, float8, int) IS 'ndcg(score, gain) with both sums over the first k places; errors also: k below 1, NULL or not the same in every row';

CREATE FUNCTION query_scores(s scored, k int DEFAULT 10)
    RETURNS TABLE (query bigint, n bigint, n_relevant bigint, auc float8, average_precision float8, reciprocal_rank float8, recall float8, ndcg float8)
    AS 'MODULE_PATHNAME', 'search_query_scores' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION query_scores(scored, int) IS 'all scores of each query, one row a query by its number (one row with query NULL where rows came without): rows, relevant rows, auc, average_precision and reciprocal_rank of all rows, recall and ndcg of the first k (NULL: of all); definitions at the aggregates of these names. An error if k is below 1';

-- classifications

CREATE FUNCTION f1_add(bigint[], boolean, boolean) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'search_f1_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION f1_add(bigint[], boolean, boolean) IS 'transition function of f1(predicted, actual): counts of true positives, false positives, false negatives';
CREATE FUNCTION f1_combine(bigint[], bigint[]) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'search_f1_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION f1_combine(bigint[], bigint[]) IS 'combine function of f1(predicted, actual)';
CREATE FUNCTION f1_final(bigint[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_f1_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION f1_final(bigint[]) IS 'final function of f1(predicted, actual)';
CREATE AGGREGATE f1(predicted boolean, actual boolean) (
    SFUNC = f1_add, STYPE = bigint[], INITCOND = '{0,0,0}',
    FINALFUNC = f1_final, COMBINEFUNC = f1_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE f1(boolean, boolean) IS 'F1 of the true class: 2 true positives / (2 true positives + false positives + false negatives), the harmonic mean of precision and recall. NULL if no row is predicted or actually true; rows with a NULL are skipped';

CREATE FUNCTION f1(c contingency, average text DEFAULT 'macro') RETURNS float8
    AS 'MODULE_PATHNAME', 'search_f1' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION f1(contingency, text) IS 'F1 over classes from counts of their pairs, contingency_agg(actual, predicted) in that order: macro is the plain mean over all classes that came on either side, weighted their mean by actual rows, micro counts rows, not classes (which is then the accuracy). As scikit-learn''s f1_score. An error if average is another word';
CREATE FUNCTION f1_macro(c contingency) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_f1_macro' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION f1_macro(contingency) IS 'final function of f1(predicted, actual) where these are labels';
CREATE AGGREGATE f1(predicted text, actual text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = f1_macro, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE f1(text, text) IS 'F1 of classes, macro average: the plain mean of the F1 of every class that came, predicted or actual (one that was only predicted counts with 0). For other averages f1(contingency_agg(actual, predicted), ''weighted''). Rows with a NULL are skipped, no row gives NULL';
CREATE AGGREGATE f1(predicted bigint, actual bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = f1_macro, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE f1(bigint, bigint) IS 'f1(predicted, actual) with labels given as numbers';
CREATE FUNCTION class_scores(c contingency)
    RETURNS TABLE (label text, actual bigint, predicted bigint, correct bigint, "precision" float8, recall float8, f1 float8)
    AS 'MODULE_PATHNAME', 'search_class_scores' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION class_scores(contingency) IS 'one row a class from contingency_agg(actual, predicted), in the order of labels: rows that are of the class, rows that were predicted to be, rows that were rightly; precision (correct / predicted), recall (correct / actual) and F1. NULL for 0 / 0';
