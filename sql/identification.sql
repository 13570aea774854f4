-- identification: which stored item does a decoded vector name?
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: three items whose vectors correlate -.5 with one another.  Item 1 is decoded exactly, item 2 as item 3 and the reverse.
-- Row 1 ranks 1; rows 2 and 3 have one better (1 against -.5) and one equal (-.5): rank 2.5.  Two-way: row 1 wins 2, rows 2 and
-- 3 lose one and tie one: (2 + .5 + .5) / 6.  2v2: (1,2): 1 - .5 > -.5 - .5, won, and so (1,3); (2,3): -1 < 2, lost: 2/3.
CREATE TEMP TABLE decoded (item int, predicted tensor, actual tensor);
INSERT INTO decoded VALUES (1, '[2,-1,-1]', '[2,-1,-1]'), (2, '[-1,-1,2]', '[-1,2,-1]'), (3, '[-1,2,-1]', '[-1,-1,2]');
SELECT (identification(predicted, actual, item)).* FROM decoded;
-- scale and offset don't matter
SELECT (identification(predicted * 5 + 100, actual * 0.1 - 3, item)).* FROM decoded;
-- repeats of an item are no distractors: item 1 twice, still 2 distractors for each of its rows, and 3 for rows 2 and 3.
-- Rows 2 and 3: one better, two equal: rank 3.  Two-way (2 + 2 + .5 * 2 + .5 * 2) / 10; 2v2 4 of the 5 pairs of different items
SELECT (identification(predicted, actual, item)).* FROM (SELECT * FROM decoded UNION ALL SELECT * FROM decoded WHERE item = 1) AS q;
-- all decoded exactly; a prediction of nothing ties with everything (two-way (2 + 2 + 1) / 6)
SELECT (identification(actual, actual, item)).* FROM decoded;
SELECT (identification(CASE item WHEN 3 THEN '[0,0,0]' ELSE actual END, actual, item)).* FROM decoded;
-- one item, one row, no row, NULLs, one element
SELECT (identification(predicted, actual, 5)).* FROM decoded;
SELECT (identification(predicted, actual, item)).* FROM decoded WHERE item = 1;
SELECT identification(predicted, actual, item) IS NULL AS none FROM decoded WHERE false;
SELECT (identification(predicted, CASE WHEN item < 3 THEN actual END, item)).* FROM decoded;
SELECT (identification('1', '2', item)).* FROM decoded;
-- groups; rows that are held already
SELECT g, (identification(predicted, actual, item)).two_way FROM decoded, generate_series(1, 2) AS g GROUP BY g ORDER BY g;
SELECT (identification_final(predictions_agg(predicted, actual, item))).median_rank FROM decoded;
-- several tiles and threads
CREATE TEMP TABLE many AS SELECT i, x, x + random_normal('{20}', -i) * 2.5 AS decoded
	FROM (SELECT i, random_normal('{20}', i) AS x FROM generate_series(1, 200) AS i OFFSET 0) AS q;
SELECT (identification(decoded, x, i)).* FROM many;
SET neuroenc.threads = 3;
SELECT (identification(decoded, x, i)).* FROM many;
RESET neuroenc.threads;

-- Errors
SELECT identification(predicted, CASE item WHEN 2 THEN '[1,NaN,3]' ELSE actual END, item) FROM decoded;
SELECT identification(predicted, '[1,2,Infinity]', item) FROM decoded;
SELECT identification(predicted, '[1,2]', item) FROM decoded;
SELECT identification_final(predictions_agg(predicted, actual, actual, item)) FROM decoded;
SET neuroenc.memory_limit = '1MB';
SELECT identification(x, x, i) FROM (SELECT i, random_normal('{3000}', i) AS x FROM generate_series(1, 30) AS i OFFSET 0) AS q;
RESET neuroenc.memory_limit;
