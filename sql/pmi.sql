-- pmi_label: units in the words of their top items
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- by hand: ten items, three top items. Unit 1: items 1 to 3; red is in 2 of them and in 3 of 10 (RED is another word): ln((2/3) / (3/10)) = .798508,
-- P(2 or more of 3) = (3 * 7 + 1) / 120 = .183333. Unit 2: the third tie with the fourth, so four items, without those at its lowest, 0:
-- tree in 2 of 4 and 4 of 10, ln 1.25. Unit 3 is silent.
CREATE TEMP TABLE items (x tensor, description text);
INSERT INTO items VALUES ('[9,0,0]', 'a red car'), ('[8,1,0]', 'red   bus'), ('[7,0,0]', 'a RED tree'), ('[1,0,0]', E'tree\ta'), ('[2,0,0]', ' blue car '),
	('[3,0,0]', 'blue red sky sky'), ('[0,5,0]', 'a tree'), ('[0,5,0]', 'tree tree'), ('[0,1,0]', ''), ('[0,0,0]', E'a\nblue'), (NULL, 'a'), ('[9,9,9]', NULL);
SELECT unit, rank, word, round(pmi::numeric, 6) AS pmi, count, items, total, round(p_value::numeric, 6) AS p_value
FROM (SELECT points_agg(x, description) AS p FROM items) AS q, pmi_label(q.p, 0.3, min_count => 1);
-- fewer words, in fewer items; smoothing: 2/3 over (3 + 2) / (10 + 2), and red is before the rarer RED, bus and car
SELECT unit, rank, word FROM (SELECT points_agg(x, description) AS p FROM items) AS q, pmi_label(q.p, 0.3, 1, 2);
SELECT unit, word, round(pmi::numeric, 6) AS pmi, round(ln((2 / 3.0) / (5 / 12.0)), 6) AS by_hand FROM (SELECT points_agg(x, description) AS p FROM items) AS q, pmi_label(q.p, 0.3, 2, 1, 2) WHERE rank = 1;
-- the share is rounded up, and one item at least; at the lowest activity there is no top item
SELECT DISTINCT share, unit, items FROM (SELECT points_agg(x, description) AS p FROM items) AS q, unnest('{0.001,0.1,0.11,0.7,0.9}'::float8[]) AS share, pmi_label(q.p, share, min_count => 1) ORDER BY share, unit;
-- a unit of two values: all items at the higher one
SELECT unit, word, count, items FROM (SELECT points_agg(tensor(ARRAY[i % 2]), CASE i % 2 WHEN 1 THEN 'odd ' ELSE '' END || 'number') AS p FROM generate_series(1, 20) AS i) AS q, pmi_label(q.p);
-- words are told apart by their bytes, and ordered as labels are: numbers by value first
SELECT rank, word, round(pmi::numeric, 6) AS pmi FROM (SELECT points_agg(x, d) AS p FROM (VALUES (tensor '[1]', '10 9 b é Z日本'), ('[0]', 'other')) AS v (x, d)) AS q, pmi_label(q.p, 0.5, 10, 1);

-- planted words: unit u likes items that are described by word u; the same rows in another order
CREATE TEMP TABLE planted AS SELECT i, random_normal('{8}', i) / 2 + (SELECT tensor(array_agg(CASE WHEN i % 11 = u THEN 2 ELSE 0 END ORDER BY u)) FROM generate_series(1, 8) AS u) AS x,
	concat_ws(' ', 'thing', 'word' || i % 11, 'word' || i * i % 23, 'word' || i * 7 % 19) AS description FROM generate_series(1, 2000) AS i;
SELECT unit, word, count, items, total, p_value < 1e-30 AS sure FROM (SELECT points_agg(x, description) AS p FROM planted) AS q, pmi_label(q.p, n_words => 1, min_count => 20);
SELECT count(DISTINCT t) AS answers FROM (
	SELECT (SELECT string_agg(l::text, ' ') FROM pmi_label(points_agg(x, description ORDER BY i)) AS l) FROM planted UNION ALL
	SELECT (SELECT string_agg(l::text, ' ') FROM pmi_label(points_agg(x, description ORDER BY md5(i::text))) AS l) FROM planted) AS q (t);
-- no description, no row, NULL
SELECT count(*) FROM (SELECT points_agg(x, '') AS p FROM items) AS q, pmi_label(q.p, min_count => 1);
SELECT count(*) FROM (SELECT points_agg(x, description) AS p FROM items WHERE false) AS q, pmi_label(q.p);
SELECT count(*) FROM (SELECT points_agg(tensor '[1]', 'one') AS p) AS q, pmi_label(q.p, min_count => 1);
SELECT pmi_label(NULL);

-- errors
SELECT pmi_label(points_agg(x)) FROM items;
SELECT pmi_label(points_agg(x, description), 0) FROM items;
SELECT pmi_label(points_agg(x, description), 1) FROM items;
SELECT pmi_label(points_agg(x, description), 'NaN') FROM items;
SELECT pmi_label(points_agg(x, description), n_words => 0) FROM items;
SELECT pmi_label(points_agg(x, description), min_count => 0) FROM items;
SELECT pmi_label(points_agg(x, description), smoothing => -1) FROM items;
