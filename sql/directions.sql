-- directions: between classes, under a covariance, projected out, steered along
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS numeric[] LANGUAGE sql AS $$ SELECT array_agg(round(v::numeric, 9)) FROM unnest(flatten(t)) AS v $$;

-- By hand: means (2,1) and (0,0), pairs of rows around each; the covariance within is diag(1, 4).
CREATE TEMP TABLE rows (x tensor, face boolean, kind text, number int);
INSERT INTO rows VALUES ('[3,3]', true, 'face', 10), ('[1,-1]', true, 'face', 10), ('[3,-1]', true, 'face', 10), ('[1,3]', true, 'face', 10),
	('[1,2]', false, 'chair', 9), ('[-1,-2]', false, 'chair', 9), ('[1,-2]', false, 'chair', 9), ('[-1,2]', false, 'chair', 9),
	(NULL, true, 'face', 10), ('[7,7]', NULL, NULL, NULL);
SELECT mean_difference(x, face), mean_difference(x, kind), mean_difference(x, number), mean_difference(class_means_agg(x, kind), 'chair') AS other_way FROM rows;
-- inv(diag(1, 4)) (2, 1); with all shrunk away the covariance is 2.5 I
SELECT pg_temp.rounded(lda_direction(class_sums_agg(x, face), 0)) AS no_shrinkage, pg_temp.rounded(lda_direction(class_sums_agg(x, face), 1)) AS all FROM rows;
-- Ledoit and Wolf: |x - m|^4 = 25 in each row, beta (25 - 17) / 16, delta (17 - 12.5) / 2: shrinkage .5 / 2.25
SELECT round((l.l).shrinkage::numeric, 9) AS shrinkage, round(.5 / 2.25, 9) AS by_hand, (l).labels FROM (SELECT lda(class_sums_agg(x, kind)) AS l FROM rows) AS l;
SELECT lda_direction(x, face) = lda_direction(x, kind) AS same, lda_direction(x, face) = lda_direction(x, number) AS same,
	pg_temp.rounded(lda_direction(x, face)) = pg_temp.rounded(lda_direction(class_sums_agg(x, face), .5 / 2.25)) AS same FROM rows;
-- One axis, along (2, 1/4) with w' S w = 1; of d = (2, 1) the classes' variance is d d' / 4, so d' inv(S) d / 4 = 4.25 / 4
SELECT pg_temp.rounded((l).directions) AS directions, pg_temp.rounded((l).separation) AS separation, round((2 / sqrt(4.25))::numeric, 9) AS by_hand
FROM (SELECT lda(class_sums_agg(x, face), 0) AS l FROM rows) AS q;

-- Three classes: one against the others, and two of them.
CREATE TEMP TABLE three (x tensor, label int);
INSERT INTO three SELECT ARRAY[c.x + dx, c.y + dy]::float8[]::tensor, c.label
FROM (VALUES (1, 0, 0), (2, 3, 0), (10, 0, 6)) AS c (label, x, y), (VALUES (1, 0), (-1, 0), (0, 1), (0, -1)) AS e (dx, dy);
SELECT mean_difference(s, 10), mean_difference(s, '10', '2'), mean_difference(s, 2, 1), labels(s), n_samples(s), s::text ~ '^class_sums\(p=2, classes=3, n=12\)' AS text
FROM (SELECT class_means_agg(x, label) AS s FROM three OFFSET 0) AS q;
SELECT m.* FROM (SELECT class_means_agg(x, label) AS s FROM three) AS q, class_means(q.s) AS m;
SELECT m.* FROM (SELECT class_sums_agg(x, label) AS s FROM three WHERE label > 1) AS q, class_means(q.s) AS m;
-- within: I / 2; of (3,0) - (0,0)
SELECT pg_temp.rounded(lda_direction(class_sums_agg(x, label), 0, 2, 1)) FROM three;
SELECT (l).labels, shape((l).directions), pg_temp.rounded((l).separation) FROM (SELECT lda(class_sums_agg(x, label), 0) AS l FROM three) AS q;

-- States: text, merging, nothing
SELECT mean_difference(s::text::class_sums, 2, 1) = mean_difference(s, 2, 1) AS same, s::text::class_sums::text = s::text AS same
FROM (SELECT class_means_agg(x, label) AS s FROM three UNION ALL SELECT class_sums_agg(x, label) FROM three) AS q;
SELECT n_samples(sum(s)), mean_difference(sum(s), 10), pg_temp.rounded(lda_direction(sum(p), 0, 2, 1)), mean_difference(sum(p), 10)
FROM (SELECT class_means_agg(x, label) AS s, class_sums_agg(x, label) AS p FROM three GROUP BY label) AS q;
SELECT n_samples(s + s), mean_difference(s + s, 10) FROM (SELECT class_means_agg(x, label) AS s FROM three OFFSET 0) AS q;
SELECT mean_difference(x, face) IS NULL AS none, lda_direction(x, face) IS NULL AS none, class_sums_agg(x, face) IS NULL AS none FROM rows WHERE x IS NULL;
SELECT mean_difference(NULL::class_sums) IS NULL AS none, lda_direction(NULL::class_sums) IS NULL AS none, lda(NULL) IS NULL AS none, sum(NULL::class_sums) IS NULL AS none;
SELECT mean_difference(x, label) FROM (VALUES (tensor 'float2:[1,2]', 'a'), ('float8:[1.5,2]', 'b')) AS v (x, label);

-- Covariances: rows (3,1), (1,-1), (-1,1), (-3,-1) have S = [[5,1],[1,1]] over 4
CREATE TEMP TABLE words (x tensor);
INSERT INTO words VALUES ('[3,1]'), ('[1,-1]'), ('[-1,1]'), ('[-3,-1]');
SELECT covariance(gram_agg(x)), covariance(gram_agg(x), dof => 2), covariance(gram_agg(x), .5), covariance(residuals_agg(x), 1) FROM words;
-- inv(S) = [[1,-1],[-1,5]] / 4
SELECT round(causal_inner_product('[4,0]', '[1,0]', c)::numeric, 9) AS one, round(causal_inner_product('[4,0]', '[0,1]', c)::numeric, 9) AS minus_one,
	round(causal_inner_product('[1,1]', '[0,1]', c)::numeric, 9) AS one, round(dot(whiten('[1,1]', c), whiten('[0,1]', c))::numeric, 5) AS whitened
FROM (SELECT covariance(gram_agg(x)) AS c FROM words OFFSET 0) AS q;
SELECT pg_temp.rounded(whiten('float8:[[2,3],[4,9]]', '[[4,0],[0,9]]')), whiten('float2:[2,3]', '[[4,0],[0,9]]'), whiten('[[2,NaN],[4,9]]', '[[4,0],[0,9]]');
SELECT covariance(NULL::gram) IS NULL AS none, covariance(NULL::residuals) IS NULL AS none, causal_inner_product('[1]', '[1]', NULL) IS NULL AS none;

-- Without directions
SELECT project_out('[3,4]', '[0,2]'), project_out('[[3,4],[1,0]]', '[5,5]'), project_out('float2:[3,4]', '[1,0]'), project_out('[1,2,3]', '[[1,0,0],[0,0,7],[0,0,0]]');
SELECT project_out('[1,2,3]', '[[1,1,0],[2,2,0]]') AS dependent, project_out('[1,2]', '[[1,0],[0,1],[1,1]]') AS all, project_out('[1,2]', '[0,0]') AS none, project_out(tensor('{}'::float8[]), tensor('{}'::float8[])) AS empty;
SELECT project_out(t, d) = t AS none FROM (SELECT tensor '[1,2]' AS t, zeros('{0,2}') AS d) AS q;
SELECT steer('[1,2]', '[3,4]', 2), steer('[1,2]', '[3,4]', 10, unit => true), steer('[[1,2],[0,0]]', '[1,0]', -1), steer('float8:[1]', '[0.5]', 'Infinity');
-- Paris is to France as Rome is to Italy, on axes (city, France, Italy)
SELECT analogy('[1,1,0]', '[0,1,0]', '[1,0,1]'), analogy('float8:[2,0]', '[0,2]', '[2,0]', normalized => true), analogy('[NaN]', '[1]', '[1]');
SELECT word FROM (VALUES ('paris', tensor '[1,1,0]'), ('france', '[0,1,0]'), ('rome', '[1,0,1]'), ('italy', '[0.1,0,1]'), ('cheese', '[0,0.4,0.4]')) AS w (word, x)
WHERE word NOT IN ('paris', 'france', 'rome') ORDER BY x <=> analogy('[1,1,0]', '[0,1,0]', '[1,0,1]') LIMIT 1;

-- Errors
SELECT mean_difference(x, face) FROM rows WHERE face;
SELECT mean_difference(x, label) FROM three;
SELECT mean_difference(class_means_agg(x, label), 3) FROM three;
SELECT mean_difference(class_means_agg(x, label), 'b', 'b') FROM (VALUES (tensor '[1]', 'a'), ('[2]', 'b')) AS v (x, label);
SELECT mean_difference(class_means_agg(x, label), NULL, '1') FROM three;
SELECT mean_difference(x, label) FROM (VALUES (tensor '[1,2]', 'a'), ('[1,-Infinity]', 'b')) AS v (x, label);
SELECT mean_difference(x, label) FROM (VALUES (tensor '[1,2]', 'a'), ('[1]', 'b')) AS v (x, label);
SELECT mean_difference(tensor '[[1]]', 'a'), 1;
SELECT mean_difference(tensor('{}'::float8[]), true);
SELECT lda_direction(class_means_agg(x, face)) FROM rows;
SELECT lda_direction(class_sums_agg(x, face), 1.5) FROM rows;
SELECT lda_direction(class_sums_agg(x, face), 0) FROM rows WHERE x[2] > 1;
SELECT lda_direction(x, label) FROM (VALUES (tensor '[1,2]', 'a'), ('[2,2]', 'b')) AS v (x, label);
SELECT lda(class_sums_agg(x, face)) FROM rows WHERE face;
SELECT class_sums_agg(x, face) + class_means_agg(x, face) FROM rows;
SELECT class_means_agg(x, face) + class_means_agg(tensor '[1]', face) FROM rows;
SELECT class_means_agg(x, '{}'::text[]) FROM rows;
SELECT class_means_agg(x, '{a,NULL}'::text[]) FROM rows;
SELECT class_sums_add(NULL, tensor '[1]', true);
SELECT covariance(gram_agg(x)) FROM words LIMIT 0;
SELECT covariance(gram_agg(tensor '[1,2]'));
SELECT covariance(gram_agg(x), dof => 0) FROM words;
SELECT causal_inner_product('[1,2]', '[1,2,3]', '[[1,0],[0,1]]');
SELECT causal_inner_product('[1,2]', '[1,2]', '[[1,0,0],[0,1,0]]');
SELECT causal_inner_product('[1,2]', '[1,2]', '[[1,1],[1,1]]');
SELECT causal_inner_product('[1,2]', '[1,2]', '[[1,2],[0,1]]');
SELECT causal_inner_product('[1,2]', '[1,2]', '[[1,0],[0,NaN]]');
SELECT whiten('[1,2]', '[[1,1],[1,1]]');
SELECT whiten('[1,2,3]', '[[1,0],[0,1]]');
SELECT whiten('[[[1]]]', '[[1]]');
SELECT project_out('[1,2]', '[1,2,3]');
SELECT project_out('[1,2]', '[1,NaN]');
SELECT project_out('[1,2]', '[[[1,2]]]');
SELECT steer('[1,2]', '[1,2,3]', 1);
SELECT steer('[1,2]', '[[1,2]]', 1);
SELECT steer('[1,2]', '[0,0]', 1, true);
SELECT analogy('[1]', '[1,2]', '[1]');
SELECT analogy('[0,0]', '[1,2]', '[1,3]', true);
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN n_samples(('class_sums():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::class_sums)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- version, products | p | encoding, labels, lengths, bytes | centre | n, squares, sum
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	('good', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0200000000000000 000000000000f03f 000000000000f03f'),
	('empty', ''),
	('version', '02000000 01000000'),
	('flags', '01020000 01000000 00 01000000 01000000 61'),
	('huge', '01000000 ffffff03 00 01000000 01000000 61'),
	('too many features', '01000000 ffffff7f 00 01000000 01000000 61'),
	('no class', '01000000 01000000 00 00000000 000000000000f03f'),
	('twice', '01000000 01000000 00 02000000 01000000 01000000 61 61 000000000000f03f'),
	('no rows', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0000000000000000 000000000000f03f 000000000000f03f'),
	('negative squares', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0200000000000000 000000000000f0bf 000000000000f03f'),
	('NaN', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0200000000000000 000000000000f03f 000000000000f87f'),
	('short', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0200000000000000 000000000000f03f 000000000000f0'),
	('long', '01000000 01000000 00 01000000 01000000 61 000000000000f03f 0200000000000000 000000000000f03f 000000000000f03f 00'),
	('products', '01010000 01000000 00 01000000 01000000 61 000000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f03f'),
	('products of others', '01010000 02000000 00 01000000 01000000 61 000000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f03f')) AS v (what, hex);
