-- crossnobis and rdm_crossed: distances across folds
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS numeric[] LANGUAGE sql AS $$ SELECT array_agg(round(v::numeric, 9)) FROM unnest(flatten(t)) AS v $$;

-- By hand: a - b is (2,0), (1,1) and (-1,2) in three folds; their products 2, -2 and 1 have
-- the mean 1/3; over 2 channels 1/6.
CREATE TEMP TABLE rows (label text, fold int, x tensor);
INSERT INTO rows VALUES
	('a', 1, '[3,1]'), ('b', 1, '[1,1]'),
	('a', 2, '[5,5]'), ('b', 2, '[4,4]'),
	('a', 7, '[0,2]'), ('b', 7, '[1,0]');
SELECT a, b, round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x, fold) AS r FROM rows) AS q, rdm_entries(r);
SELECT metric(crossnobis(label, x, fold)) FROM rows;
-- a precision weighs the channels: 2 * 4, -1 * 4 + 2, -2 * 4 -> (8 + -2 + -8) / 3 / 2
SELECT round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x, fold, tensor '[4,1]') AS r FROM rows) AS q, rdm_entries(r);
SELECT round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(patterns_agg(label, x, fold), tensor '[[4,0],[0,1]]') AS r FROM rows) AS q, rdm_entries(r);
-- what the folds share moves nothing; rows of a label within a fold are averaged
SELECT round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x + fold * 1000, fold) AS r FROM rows) AS q, rdm_entries(r);
SELECT round(distance::numeric, 9) AS distance
FROM (SELECT crossnobis(label, x + CASE WHEN fold = 2 THEN s ELSE 0 END, fold) AS r FROM rows, (VALUES (-1), (1)) AS v (s)) AS q, rdm_entries(r);

-- a condition that some folds lack: its pairs have the folds that hold both, the others are as they were
INSERT INTO rows VALUES ('c', 1, '[1,2]'), ('c', 7, '[2,0]');
SELECT a, b, round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x, fold) AS r FROM rows) AS q, rdm_entries(r);
-- fewer than two folds: no distance
SELECT a, b, round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x, fold) AS r FROM rows WHERE fold < 7) AS q, rdm_entries(r);
SELECT a, b, round(distance::numeric, 9) AS distance FROM (SELECT crossnobis(label, x, fold) AS r FROM rows WHERE fold = 2) AS q, rdm_entries(r);

-- one scan, many answers
SELECT pg_temp.rounded(rdm_matrix(rdm(p, 'sqeuclidean'))) AS of_means, pg_temp.rounded(rdm_matrix(crossnobis(p))) AS crossnobis, pg_temp.rounded((rdm_crossed(p, 'cityblock')).d) AS crossed
FROM (SELECT patterns_agg(label, x, fold) AS p FROM rows OFFSET 0) AS q;

-- rdm_crossed by hand: a in fold 1 to a in fold 2 is |3 - 5| + |1 - 5| = 6, to fold 7 4, 2 to 7 8: 6
SELECT (r).labels, pg_temp.rounded((r).d) AS d FROM (SELECT rdm_crossed(label, x, fold, 'cityblock') AS r FROM rows WHERE label < 'c') AS q;
SELECT (r).labels, pg_temp.rounded((r).d) AS d FROM (SELECT rdm_crossed(label, x, fold, 'cityblock') AS r FROM rows) AS q;
-- reliability: patterns that come back alike have a small diagonal
SELECT pg_temp.rounded((r).d) AS d FROM (SELECT rdm_crossed(label, x, fold) AS r FROM (VALUES
	('a', 1, tensor '[1,2,3]'), ('b', 1, '[3,1,2]'), ('a', 2, '[2,4,6]'), ('b', 2, '[3,1,2]')) AS v (label, fold, x)) AS q;
SELECT (r).d FROM (SELECT rdm_crossed(label, x, fold) AS r FROM rows WHERE fold = 1) AS q;

-- errors
SELECT crossnobis(patterns_agg(label, x)) FROM rows;
SELECT rdm_crossed(patterns_agg(label, x)) FROM rows;
SELECT crossnobis(label, x, fold, tensor '[1]') FROM rows;
SELECT crossnobis(patterns_agg(label, x, fold), tensor '[1]') FROM rows;
SELECT crossnobis(label, x, fold, NULL) FROM rows;
SELECT rdm_crossed(label, x, fold, 'mahalanobis') FROM rows;
SELECT rdm_crossed(patterns_agg(label, x, fold), 'crossnobis') FROM rows;
