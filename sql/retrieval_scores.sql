SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Five rows by score: relevant, not, relevant, not, not.
CREATE TEMP TABLE ranked (id int, score float8, relevant boolean, gain float8);
INSERT INTO ranked VALUES (1, 0.9, true, 3), (2, 0.7, false, 0), (3, 0.6, true, 1), (4, 0.3, false, 0), (5, -2, false, 0);

-- pairs in order: 3 + 2 of 6
SELECT auc(score, relevant), 5 / 6.0::float8 AS by_hand FROM ranked;
-- precision 1 at the first relevant row, 2/3 at the second
SELECT average_precision(score, relevant), (1 + 2 / 3.0::float8) / 2 AS by_hand FROM ranked;
SELECT reciprocal_rank(score, relevant), reciprocal_rank(score, NOT relevant) AS second FROM ranked;
SELECT recall_at(score, relevant, 1) AS at_1, recall_at(score, relevant, 2) AS at_2, recall_at(score, relevant, 3) AS at_3, recall_at(score, relevant, 100) AS at_100 FROM ranked;
SELECT round(ndcg(score, gain)::numeric, 9) AS ndcg, round(((3 + 1 / 2.0) / (3 + 1 / log(2, 3)))::numeric, 9) AS by_hand,
       round(ndcg(score, gain, 2)::numeric, 9) AS at_2, round((3 / (3 + 1 / log(2, 3)))::numeric, 9) AS by_hand FROM ranked;
-- the same from one state, and with the order of arrival turned round
SELECT auc(s), average_precision(s), reciprocal_rank(s), recall_at(s, 2), round(ndcg(s)::numeric, 9) AS ndcg, round(ndcg(s, 2)::numeric, 9) AS at_2, n_samples(s)
FROM (SELECT scored_agg(score, gain ORDER BY id DESC) AS s FROM ranked) q;
-- the first relevant row is at 1 for the odd ids (1, 3, 5), and there is none among the even ones
SELECT mean_reciprocal_rank(id % 2, score, relevant) FROM ranked;
-- places 1, 2 and 3
SELECT mean_reciprocal_rank(q, score, id = q), round((1 + 1 / 2.0 + 1 / 3.0) / 3, 9) AS by_hand FROM ranked, generate_series(1, 3) q;
SELECT query, n, n_relevant, auc, round(average_precision::numeric, 6) AS ap, reciprocal_rank AS rr, recall, round(ndcg::numeric, 6) AS ndcg
FROM query_scores((SELECT scored_agg(-q, score, gain * (q - 1)) FROM ranked, generate_series(1, 3) q), 2);
SELECT query, n, recall, round(ndcg::numeric, 6) AS ndcg FROM query_scores((SELECT scored_agg(score, gain) FROM ranked), NULL);
-- scores of a state with queries are means over those where they are defined
SELECT round(average_precision(s)::numeric, 6) AS map, auc(s) = 5 / 6.0::float8 AS auc, round(reciprocal_rank(s)::numeric, 6) AS mrr
FROM (SELECT scored_agg(q::bigint, score, relevant AND q > 1) AS s FROM ranked, generate_series(1, 3) q) t;

-- Ties: the mean over both orders of rows 2 and 3.
CREATE TEMP TABLE tied AS SELECT id, CASE WHEN id = 3 THEN 0.7 ELSE score END AS score, relevant, gain FROM ranked;
SELECT auc(score, relevant), (6 + 5) / 12.0::float8 AS by_hand, recall_at(score, relevant, 2) AS recall FROM tied;
SELECT round(ndcg(score, gain, 2)::numeric, 9) AS ndcg,
       round(((3 + 0.5 / log(2, 3)) / (3 + 1 / log(2, 3)))::numeric, 9) AS by_hand FROM tied;
-- the first relevant row among three of which one is relevant: places 1, 2, 3; of which two are: 1, 1, 2
SELECT round(reciprocal_rank(0, r)::numeric, 9) AS one, round((1 + 1 / 2.0 + 1 / 3.0) / 3, 9) AS by_hand FROM (VALUES (true), (false), (false)) v (r);
SELECT round(reciprocal_rank(0, r)::numeric, 9) AS two, round((1 + 1 + 1 / 2.0) / 3, 9) AS by_hand FROM (VALUES (true), (false), (true)) v (r);
-- average precision: tied rows are one step
SELECT average_precision(0, r) AS ap, auc(0, r) AS auc FROM (VALUES (true), (false), (false), (false)) v (r);
SELECT auc(s, r) AS zeros_are_tied FROM (VALUES ('-0'::float8, true), (0, false)) v (s, r);

-- edges
SELECT auc(score, relevant), average_precision(score, relevant), reciprocal_rank(score, relevant), recall_at(score, relevant, 1), ndcg(score, gain),
       mean_reciprocal_rank(id, score, relevant), f1(relevant, relevant), f1(id, id), scored_agg(score, gain) FROM ranked WHERE false;
SELECT auc(score, true) AS auc, auc(score, false) AS none, average_precision(score, true) AS ap, average_precision(score, false) AS no_ap,
       reciprocal_rank(score, false) AS no_rr, recall_at(score, false, 3) AS no_recall, ndcg(score, 0) AS no_ndcg, round(ndcg(score, 2)::numeric, 9) AS all_the_same FROM ranked;
SELECT auc(score, relevant), average_precision(score, relevant), recall_at(score, relevant, 1), ndcg(score, gain) FROM ranked WHERE id = 1;
SELECT auc(CASE WHEN id <> 2 THEN score END, CASE WHEN id <> 4 THEN relevant END) AS two_pairs, n_samples(scored_agg(id, NULL, gain)) AS n FROM ranked;
SELECT ndcg(score, gain * 5e307) = ndcg(score, gain) AS huge, ndcg(score, gain * 1e-300) = ndcg(score, gain) AS tiny FROM ranked;
SELECT * FROM query_scores(NULL);
SELECT auc(NULL::scored), ndcg(NULL::scored);

-- the state: text, binary, +, sum
SELECT s::text::scored::text = s::text AS text_round_trip, left(s::text, 12) AS header,
       auc(s + s) = auc(s) AS doubled, n_samples(s + s) AS n FROM (SELECT scored_agg(score, gain) AS s FROM tied) q;
SELECT auc(sum(s)) = (SELECT auc(score, relevant) FROM ranked) AS sum_of_parts FROM (SELECT scored_agg(score, relevant) AS s FROM ranked GROUP BY id % 2) q;
-- any order of arrival, the same bits: gains whose sum depends on their order
SELECT count(DISTINCT v) FROM (SELECT ndcg(i % 7, sqrt(i) ORDER BY i * o % 1009) AS v FROM generate_series(1, 1008) i, generate_series(1, 20) o GROUP BY o) q;
SELECT count(DISTINCT v) FROM (SELECT ndcg(scored_agg(i % 5, i % 7, sqrt(i) ORDER BY i * o % 1009)) AS v FROM generate_series(1, 1008) i, generate_series(1, 20) o GROUP BY o) q;
-- parallel plans
CREATE TABLE retrieval_rows AS SELECT i AS id, (i * 7919 % 1000)::float8 AS score, i % 3 = 0 AS relevant FROM generate_series(1, 20000) i;
ALTER TABLE retrieval_rows SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT auc(score, relevant), f1(score > 500, relevant), f1(id % 5, id % 3), mean_reciprocal_rank(id % 100, score, relevant) FROM retrieval_rows;
CREATE TEMP TABLE in_parallel AS SELECT auc(score, relevant), average_precision(score, relevant), ndcg(score, sqrt(id)), f1(score > 500, relevant), f1(id % 5, id % 3) AS classes,
    mean_reciprocal_rank(id % 100, score, relevant), recall_at(score, relevant, 777) FROM retrieval_rows;
SET max_parallel_workers_per_gather = 0;
SELECT p = s AS same FROM in_parallel p, (SELECT auc(score, relevant), average_precision(score, relevant), ndcg(score, sqrt(id)), f1(score > 500, relevant), f1(id % 5, id % 3) AS classes,
    mean_reciprocal_rank(id % 100, score, relevant), recall_at(score, relevant, 777) FROM retrieval_rows) s;
RESET ALL;
DROP TABLE retrieval_rows;

-- errors
SELECT auc(CASE WHEN id = 3 THEN 'NaN' ELSE score END, relevant ORDER BY id) FROM ranked;
SELECT auc(CASE WHEN id = 2 THEN '-Infinity' ELSE score END, relevant ORDER BY id) FROM ranked;
SELECT ndcg(score, gain - 1 ORDER BY id) FROM ranked;
SELECT ndcg(score, 'NaN') FROM ranked;
SELECT recall_at(score, relevant, 0) FROM ranked;
SELECT recall_at(score, relevant, NULL) FROM ranked;
SELECT recall_at(score, relevant, id ORDER BY id) FROM ranked;
SELECT ndcg(scored_agg(score, gain), 0) FROM ranked;
SELECT scored_agg(score, gain) + scored_agg(1, score, gain) FROM ranked;
SELECT 'scored(n=1):AQAAAA=='::scored;
SELECT 'ranking'::scored;

-- ---- F1 ----

-- predicted yes 1, 2, 3; actually yes 1, 3: precision 2/3, recall 1
SELECT f1(id <= 3, relevant), 2 * (2 / 3.0::float8) * 1 / (2 / 3.0::float8 + 1) AS by_hand FROM ranked;
SELECT f1(false, false) AS none, f1(true, false) AS wrong, f1(true, true) AS right FROM ranked;
SELECT f1(CASE WHEN id <> 2 THEN id <= 3 END, relevant) AS without_row_2 FROM ranked;
-- actual a a a b c, predicted a a b b d: F1 of a 4/5, of b 2/3, of c and d 0
CREATE TEMP TABLE classes AS SELECT * FROM (VALUES ('a', 'a'), ('a', 'a'), ('b', 'a'), ('b', 'b'), ('d', 'c')) v (predicted, actual);
SELECT round(f1(predicted, actual)::numeric, 9) AS macro, round((4 / 5.0 + 2 / 3.0) / 4, 9) AS by_hand FROM classes;
SELECT round(f1(c)::numeric, 9) AS macro, f1(c, 'micro') AS micro, round(f1(c, average => 'weighted')::numeric, 9) AS weighted, round((3 * 4 / 5.0 + 2 / 3.0) / 5, 9) AS by_hand
FROM (SELECT contingency_agg(actual, predicted) AS c FROM classes) q;
SELECT label, actual, predicted, correct, round("precision"::numeric, 6) AS precision, round(recall::numeric, 6) AS recall, round(f1::numeric, 6) AS f1
FROM class_scores((SELECT contingency_agg(actual, predicted) FROM classes));
SELECT f1(ascii(predicted), ascii(actual)) = f1(predicted, actual) AS numbers FROM classes;
-- errors
SELECT f1(contingency_agg(actual, predicted), 'best') FROM classes;
SELECT f1_final('{1,2}');
SELECT f1_add('{1,2,-3}', true, false);
SELECT f1_combine('{1,2,NULL}', '{1,2,3}');
SELECT f1_final(f1_add(f1_combine('{1,2,3}', '{1,1,1}'), true, true)) AS of_counts;
