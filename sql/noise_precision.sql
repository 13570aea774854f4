-- noise_precision: the inverse of a shrunk covariance
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS numeric[] LANGUAGE sql AS $$ SELECT array_agg(round(v::numeric, 9)) FROM unnest(flatten(t)) AS v $$;

-- By hand: four rows with covariance diag(4, 1) (divided by n), mean variance 2.5.
CREATE TEMP TABLE rows (i int, x tensor);
INSERT INTO rows VALUES (1, '[12,11]'), (2, '[8,11]'), (3, '[12,9]'), (4, '[8,9]'), (5, NULL);
SELECT pg_temp.rounded(noise_precision(x, 0)) FROM rows;
SELECT pg_temp.rounded(noise_precision(x, 1)) FROM rows;
-- (4 + 2.5) / 2 and (1 + 2.5) / 2
SELECT pg_temp.rounded(noise_precision(x, .5)), round(1 / 3.25, 9) AS by_hand, round(1 / 1.75, 9) AS by_hand FROM rows;
-- every row has |x - mean|^2 = 5: beta = (25 - 17) / 8, delta = (17 - 12.5) / 2, shrinkage 1 / 2.25
SELECT round(noise_shrinkage(residuals_agg(x))::numeric, 9) AS shrinkage FROM rows;
SELECT pg_temp.rounded(noise_precision(x)) = pg_temp.rounded(noise_precision(x, 1 / 2.25)) AS same, noise_precision(x) = noise_precision(x, NULL) AS same FROM rows;
-- dof 2 in place of 4 doubles the covariance
SELECT pg_temp.rounded(noise_precision(residuals_agg(x), 0, 2)) AS dof_2, pg_temp.rounded(noise_precision(residuals_agg(x), shrinkage => 0)) AS dof_4,
	pg_temp.rounded(noise_precision(gram_agg(x), 0)) AS of_gram FROM rows;
SELECT pg_temp.rounded(noise_precision(x, 0)) FROM (VALUES (tensor '[1]'), ('[3]'), ('[5]')) AS v (x);
SELECT noise_precision(x) IS NULL AS none FROM rows WHERE i = 5;

-- text and binary forms, merging
SELECT residuals_agg(x) AS r FROM rows WHERE i = 1;
SELECT n_samples(r), n_channels(r), r::text::residuals::text = r::text AS same FROM (SELECT residuals_agg(x) AS r FROM rows, generate_series(1, 200)) AS q;
SELECT n_samples(sum(r)), pg_temp.rounded(noise_precision(sum(r))) = (SELECT pg_temp.rounded(noise_precision(x)) FROM rows) AS same
FROM (SELECT residuals_agg(x) AS r FROM rows GROUP BY i % 2) AS q;
SELECT n_samples(r + r), pg_temp.rounded(noise_precision(r + r, 0)) = pg_temp.rounded(noise_precision(r, 0)) AS same FROM (SELECT residuals_agg(x) AS r FROM rows OFFSET 0) AS q;
SELECT n_samples(sum(r)) FROM (VALUES (NULL::residuals), (NULL)) AS v (r);
SELECT noise_precision(NULL::residuals) IS NULL AS none;

-- errors
SELECT noise_precision(x) FROM rows WHERE i = 1;
SELECT noise_shrinkage(residuals_agg(x)) FROM rows WHERE i = 1;
SELECT noise_precision(x, 0) FROM rows WHERE i < 3;
SELECT noise_precision(x, 1.5) FROM rows;
SELECT noise_precision(x, 'NaN') FROM rows;
SELECT noise_precision(x, i / 10.0) FROM rows;
SELECT noise_precision(residuals_agg(x), -1) FROM rows;
SELECT noise_precision(residuals_agg(x), dof => 0) FROM rows;
SELECT noise_precision(gram_agg(x), 2) FROM rows;
SELECT noise_precision(x) FROM (VALUES (tensor '[1,2]'), ('[1]')) AS v (x);
SELECT noise_precision(x) FROM (VALUES (tensor '[1,2]'), ('[1,NaN]')) AS v (x);
SELECT noise_precision(tensor '[]');
SELECT noise_precision(tensor '[[1,2]]');
SELECT residuals_agg(tensor '[1]') + residuals_agg(tensor '[1,2]');
SELECT residuals_add(NULL, tensor '[1]');
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN n_samples(('residuals():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::residuals)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- version, has sums | channels | n in the sums | rows held | shrinkage | rows
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	('good', '01000000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f03f'),
	('empty', ''),
	('version', '02000000'),
	('flags', '01020000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f03f'),
	('no channels', '01000000 00000000 0000000000000000 01000000'),
	('huge', '01010000 ffffff7f 0100000000000000 00000000'),
	('sums that are not there', '01010000 50c30000 0100000000000000 00000000 000000000000f87f'),
	('no rows', '01000000 01000000 0000000000000000 00000000 000000000000f87f'),
	('shrinkage', '01000000 01000000 0000000000000000 01000000 0000000000000040 000000000000f03f'),
	('NaN', '01000000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f87f'),
	('negative square', '01010000 01000000 0100000000000000 00000000 000000000000f87f 0000000000000000 0000000000000000 0000000000000000 000000000000f0bf 0000000000000000'),
	('bytes left', '01000000 01000000 0000000000000000 01000000 000000000000f87f 000000000000f03f00')
) AS v (what, hex);
