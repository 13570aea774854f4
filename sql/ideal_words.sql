-- ideal_words: a vector for each level of each factor
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS numeric[] LANGUAGE sql AS $$ SELECT array_agg(trim_scale(round(v::numeric, 9))) FROM unnest(flatten(t)) AS v $$;

-- By hand: 5 + colour (red -1, green 1) + shape (round -2, square 2) on the first axis, colour alone on the second.
CREATE TEMP TABLE things (id int, colour text, shape text, x tensor);
INSERT INTO things VALUES (1, 'red', 'round', '[2,-1]'), (2, 'green', 'round', '[4,1]'), (3, 'red', 'square', '[6,-1]'), (4, 'green', 'square', '[8,1]'),
	(5, 'red', NULL, NULL);
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2 FROM (SELECT class_means_agg(x, ARRAY[colour, shape]) AS s FROM things) AS q, ideal_words(q.s) AS w;
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2 FROM (SELECT stack(x ORDER BY id) AS m, array_agg(ARRAY[colour, shape] ORDER BY id) AS f FROM things WHERE id < 5) AS q, ideal_words(q.m, q.f) AS w;
-- Three of the four: still determined, and exact
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2 FROM ideal_words('[[2,-1],[4,1],[6,-1]]', '{{red,round},{green,round},{red,square}}'::text[]);
-- Rows that a sum can't make: the corner (8,1) moved to (12,1) adds 1 to each effect, and leaves 4 residuals of 1
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2, round(1 - 4 / (16.0 + 4 + 0 + 36 + 4), 9) AS by_hand
FROM ideal_words('[[2,-1],[4,1],[6,-1],[12,1]]', '{{1,1},{2,1},{1,2},{2,2}}'::int[]);
-- One factor: the levels' means (20, 10, 2) about the mean of these, in the order of numbers
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2 FROM ideal_words('[[1],[3],[10],[20]]', '{10,10,9,-1}'::int[]);
-- A level for all, rows that do not vary, one row
SELECT factor, level, n, pg_temp.rounded(vector) AS vector, round(r2::numeric, 9) AS r2 FROM ideal_words('[[1,2],[3,4]]', '{{a,b},{a,c}}'::text[]);
SELECT * FROM ideal_words('[[1],[1]]', '{a,b}'::text[]);
SELECT * FROM ideal_words('[[1]]', '{a}'::text[]);
SELECT count(*) FROM ideal_words(zeros('{0,3}'), '{}'::text[]);
SELECT count(*) FROM ideal_words(NULL, '{}'::text[]);
-- Labels are kept as they are
SELECT level FROM (SELECT class_means_agg(x, l) AS s FROM (VALUES (tensor '[1]', ARRAY['a,"b', '{}']), ('[2]', ARRAY['NULL', '']), ('[3]', ARRAY['NULL', '{}'])) AS v (x, l)) AS q, ideal_words(q.s) WHERE factor > 0;

-- Errors
SELECT * FROM ideal_words('[[1],[2]]', '{{a,a},{b,b}}'::text[]);
SELECT * FROM ideal_words('[[1],[2],[3]]', '{{a,a},{b,b}}'::text[]);
SELECT * FROM ideal_words('[[1],[2]]', '{a,NULL}'::text[]);
SELECT * FROM ideal_words('[[1],[2]]', '{{a,b},{b,NULL}}'::text[]);
SELECT * FROM ideal_words('[1,2]', '{a,b}'::text[]);
SELECT * FROM ideal_words('[[1],[NaN]]', '{a,b}'::text[]);
SELECT w.* FROM (SELECT class_means_agg(x, colour) AS s FROM things) AS q, ideal_words(q.s) AS w;
SELECT w.* FROM (SELECT class_sums_agg(x, colour) AS s FROM things) AS q, ideal_words(q.s) AS w;
SELECT w.* FROM (SELECT class_means_agg(x, CASE WHEN id = 1 THEN ARRAY['a'] ELSE ARRAY['a', 'b'] END) AS s FROM things) AS q, ideal_words(q.s) AS w;
SELECT w.* FROM (SELECT class_means_agg(x, '{a,NULL}'::text) AS s FROM things) AS q, ideal_words(q.s) AS w;
SELECT w.* FROM (SELECT class_means_agg(x, '{a'::text) AS s FROM things) AS q, ideal_words(q.s) AS w;
