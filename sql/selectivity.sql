-- selectivity for classes, and mutual information with them
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- by hand: unit 1 against a: (1, 2) and (3, 4, 5), no pair the right way round; d' = (1.5 - 4) / sqrt((.5 + 1) / 2) = -2.886751;
-- index (1.5 - 4.25) / (1.5 + 4.25), 4.25 the mean of the means of b and c. Unit 2 against b: (0, 1) and (0, 0, 0),
-- 3 pairs the right way round and 3 ties of 6, .75; against a: 2 pairs the wrong way and 4 ties of 6, .333333
CREATE TEMP TABLE rows (x tensor, label text);
INSERT INTO rows VALUES ('[1,0,7,-1]', 'a'), ('[2,0,7,0.5]', 'a'), ('[3,0,7,2]', 'b'), ('[4,1,7,3]', 'b'), ('[5,0,7,0]', 'c'), (NULL, 'a'), ('[1,2,3,4]', NULL);
SELECT unit, label, round(d_prime::numeric, 6) AS d_prime, round(auc::numeric, 6) AS auc, mean, round(rest::numeric, 6) AS rest, round(selectivity::numeric, 6) AS selectivity
FROM (SELECT points_agg(x, label) AS p FROM rows) AS q, selectivity(q.p) WHERE unit < 3;
-- a dead unit: all ties; a class with a mean below 0: no index
SELECT unit, label, round(d_prime::numeric, 6) AS d_prime, round(auc::numeric, 6) AS auc, mean, round(rest::numeric, 6) AS rest, selectivity FROM (SELECT points_agg(x, label) AS p FROM rows) AS q, selectivity(q.p) WHERE unit > 2;
-- numbers as labels, by value; no variance
SELECT unit, label, d_prime, auc, round(mean::numeric, 6) AS mean FROM (SELECT points_agg(x, label) AS p FROM (VALUES (tensor '[1,0.1]', 10), ('[1,0.1]', 10), ('[0,0.3]', 2), ('[0,0.3]', 2)) AS v (x, label)) AS q, selectivity(q.p) AS s;
-- one label, one row, none
SELECT s.* FROM (SELECT points_agg(x, 'a') AS p FROM rows WHERE x[1] < 4) AS q, selectivity(q.p) AS s WHERE unit = 4;
SELECT s.* FROM (SELECT points_agg(tensor '[1]', 'a') AS p) AS q, selectivity(q.p) AS s;
SELECT count(*) FROM (SELECT points_agg(x, label) AS p FROM rows WHERE false) AS q, selectivity(q.p) AS s;

-- two classes: 1 - auc and -d' of each other, and d' that of a localizer
CREATE TEMP TABLE many AS SELECT i, i % 3 = 0 AS condition, random_normal('{6}', i) + CASE WHEN i % 3 = 0 THEN tensor '[1,0,0,0.5,0,2]' ELSE zeros('{6}') END AS x
FROM generate_series(1, 300) AS i;
SELECT bool_and(abs(a.auc + b.auc - 1) < 1e-14) AS auc, bool_and(abs(a.d_prime + b.d_prime) < 1e-14) AS d_prime, bool_and(abs(a.d_prime - u.d_prime) < 1e-12) AS localizer
FROM (SELECT points_agg(x, condition::text) AS p, localizer(x, condition) AS l FROM many) AS q, selectivity(p) AS a, selectivity(p) AS b, units(l) AS u
WHERE a.unit = b.unit AND a.unit = u.unit AND a.label = 'true' AND b.label = 'false';
-- the same rows in another order; text and bigint labels
SELECT count(DISTINCT t) AS answers FROM (
	SELECT (SELECT string_agg(s::text, ' ') FROM selectivity(points_agg(x, i % 4 ORDER BY i)) AS s) FROM many UNION ALL
	SELECT (SELECT string_agg(s::text, ' ') FROM selectivity(points_agg(x, i % 4 ORDER BY md5(i::text))) AS s) FROM many UNION ALL
	SELECT (SELECT string_agg(s::text, ' ') FROM selectivity(points_agg(x, (i % 4)::text)) AS s) FROM many) AS q (t);

-- mutual information by hand, k 1. Values 1, 2 | 4, 5 of two classes: every row is 1 from its nearest of the class,
-- and no other is as near: psi(4) - psi(2) + psi(1) - psi(1) = 1/2 + 1/3
SELECT unit, round(mi::numeric, 6) AS mi FROM (SELECT points_agg(x, label) AS p
	FROM (VALUES (tensor '[1]', 'a'), ('[2]', 'a'), ('[4]', 'b'), ('[5]', 'b')) AS v (x, label)) AS q, mutual_information(q.p, 1);
-- 0, 1, 2 | 3 and a label of its own, which is left out: N 3 of one class, nothing to be known
SELECT unit, mi FROM (SELECT points_agg(x, label) AS p FROM (VALUES (tensor '[0]', 'a'), ('[1]', 'a'), ('[2]', 'a'), ('[3]', 'b')) AS v (x, label)) AS q, mutual_information(q.p, 1);
SELECT unit, mi FROM (SELECT points_agg(x, label) AS p FROM (VALUES (tensor '[0]', 'a'), ('[3]', 'b')) AS v (x, label)) AS q, mutual_information(q.p);
-- a unit that is the label itself, silent or not: ln 2 from bins, and psi(N) - psi(N/2) from neighbours, all of which tie; another that is not
SELECT unit, method, round(mi::numeric, 6) AS mi FROM (SELECT points_agg(tensor(ARRAY[i % 2, i / 2 % 2]), i % 2) AS p FROM generate_series(1, 400) AS i) AS q,
	unnest('{bins,knn}'::text[]) AS method, mutual_information(q.p, method => method) ORDER BY unit, method;
SELECT round(sum(1.0 / i), 6) AS psi FROM generate_series(200, 399) AS i;
-- four labels of a unit with two values tell ln 2; a monotone unit tells the same in bins
SELECT unit, round(mi::numeric, 6) AS mi FROM (SELECT points_agg(tensor(ARRAY[i % 4 / 2, exp(i % 4)]), i % 4) AS p FROM generate_series(1, 400) AS i) AS q,
	mutual_information(q.p, method => 'bins', bins => 4);
SELECT round(ln(2.0), 6) AS ln2, round(ln(4.0), 6) AS ln4;
-- k is the class's size less 1 where a class is smaller
SELECT bool_and(a.mi = b.mi) AS same FROM (SELECT points_agg(x, i % 60) AS p FROM many) AS q, mutual_information(q.p, 4) AS a, mutual_information(q.p, 1000) AS b WHERE a.unit = b.unit;
SELECT count(DISTINCT t) AS answers FROM (
	SELECT (SELECT string_agg(m::text, ' ') FROM mutual_information(points_agg(x, i % 4 ORDER BY i)) AS m) FROM many UNION ALL
	SELECT (SELECT string_agg(m::text, ' ') FROM mutual_information(points_agg(x, i % 4 ORDER BY md5(i::text))) AS m) FROM many) AS q (t);
SELECT mutual_information(NULL);
SELECT count(*) FROM (SELECT points_agg(x, label) AS p FROM rows WHERE false) AS q, mutual_information(q.p);

-- errors
SELECT selectivity(points_agg(x)) FROM rows;
SELECT mutual_information(points_agg(x)) FROM rows;
SELECT mutual_information(points_agg(x, label), 0) FROM rows;
SELECT mutual_information(points_agg(x, label), method => 'kraskov') FROM rows;
SELECT mutual_information(points_agg(x, label), bins => 1) FROM rows;
