-- parallelograms among rows
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Three edges with the step (1,0): a square and two slanted ones.
-- Rows: 1 (0,0), 2 (1,0), 3 (1,1), 4 (0,1), 5 (1,3), 6 (2,3)
SELECT * FROM parallelograms(tensor '[[0,0],[1,0],[1,1],[0,1],[1,3],[2,3]]', 0) ORDER BY a, b, c, d;
-- man, woman, king, queen, with an error of .1 in one corner: sides 1 and 2, so .1 over the mean of 1 and .9
SELECT a, b, c, d, round(error::numeric, 9) AS error, round((.1 / ((1 + .9) / 2))::numeric, 9) AS by_hand FROM parallelograms(tensor 'float8:[[0,0],[1,0],[0,2],[0.9,2]]', .2) AS p;
SELECT count(*) FROM parallelograms(tensor 'float8:[[0,0],[1,0],[0,2],[0.9,2]]', .1);
-- points of a grid of 3 x 3 are corners of 10 rectangles (one of them askew) and 12 others (the sequence A189413)
SELECT count(*), max(error) FROM (SELECT stack(ARRAY[i, j]::float8[]::tensor) AS m FROM generate_series(1, 3) AS i, generate_series(1, 3) AS j) AS q, parallelograms(q.m, 0);

-- None: fewer than four rows, on a line, all equal, pairs of equal rows
SELECT count(*) FROM parallelograms(zeros('{0,3}'), .5);
SELECT count(*) FROM parallelograms(tensor '[[0,0],[1,0],[1,1]]', .5);
SELECT count(*) FROM parallelograms(tensor '[[0],[1],[2],[3],[5]]', .5);
SELECT count(*) FROM parallelograms(tensor '[[0,0],[1,1],[2,2],[3,3]]', .5);
SELECT count(*) FROM parallelograms(ones('{9,2}'), 1);
SELECT count(*) FROM parallelograms(tensor '[[0,0],[0,0],[3,1],[3,1]]', 1);
SELECT count(*) FROM parallelograms(zeros('{9,0}'), 1);
SELECT count(*) FROM parallelograms(NULL::tensor, 1);

-- By ids, whatever the order of rows
CREATE TEMP TABLE words (id bigint, x tensor);
INSERT INTO words VALUES (40, '[0,0]'), (-7, '[1,0]'), (12, '[1,2]'), (3, '[0,2]'), (5, '[7,8]'), (6, NULL);
SELECT p.* FROM (SELECT points_agg(id, x) AS s FROM words) AS q, parallelograms(q.s, .1) AS p;
SELECT p.* FROM (SELECT points_agg(id, x ORDER BY x[1], id DESC) AS s FROM words) AS q, parallelograms(q.s, .1) AS p;

-- Errors
SELECT * FROM parallelograms(tensor '[1,2]', .1);
SELECT * FROM parallelograms(tensor '[[1,2],[3,NaN]]', .1);
SELECT * FROM parallelograms(tensor '[[1,2],[3,4]]', -.1);
SELECT * FROM parallelograms(tensor '[[1,2],[3,4]]', 'NaN');
SELECT * FROM parallelograms(tensor '[[1,2],[3,4]]', 1.5);
SELECT p.* FROM (SELECT points_agg(x) AS s FROM words) AS q, parallelograms(q.s, .1) AS p;
SELECT p.* FROM (SELECT points_agg(id % 2, x) AS s FROM words) AS q, parallelograms(q.s, .1) AS p;
SELECT * FROM parallelograms(zeros('{50001,1}'), .1);
