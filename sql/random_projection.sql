-- random_projection: very sparse random projection
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- One column: density 1, each entry + or - sqrt(1/k), so every element of a length 4 vector to 4 elements is +-2
SELECT translate(random_projection('[4]', 4)::text, '-', '');
-- width 4: entries are + or - sqrt(2/8) with probability 1/2, so the unit vectors give the columns
SELECT i, translate(random_projection(x, 8, 5)::text, '-', '') ~ '^\[((0|0\.5)(,|\]$)){8}$' AS entries
FROM (VALUES (1, '[1,0,0,0]'::tensor), (2, '[0,1,0,0]'), (3, '[0,0,1,0]'), (4, '[0,0,0,1]')) AS v (i, x);
-- the same matrix on any call; another for another seed, also a negative one
SELECT random_projection(x, 16) = random_projection(x, 16, 0) AS default_seed,
	   random_projection(x, 16, 1) = random_projection(x, 16, 1) AS same,
	   random_projection(x, 16, 1) <> random_projection(x, 16, 2) AS other,
	   random_projection(x, 16, seed => -1) <> random_projection(x, 16, 1) AS negative
FROM (SELECT '[1,2,3,4,5,6,7,8,9]'::tensor AS x) AS s;
-- seeds and widths that change from row to row, against rows of their own
SELECT bool_and(p = q) AS same
FROM (SELECT random_projection(x, k, seed) AS p,
			 CASE seed WHEN 0 THEN CASE k WHEN 3 THEN random_projection(x, 3, 0) ELSE random_projection(x, 4, 0) END
			 ELSE CASE k WHEN 3 THEN random_projection(x, 3, 1) ELSE random_projection(x, 4, 1) END END AS q
	  FROM (VALUES ('[1,2,3]'::tensor), ('[1,2,3,4,5]'), ('[5,1,2]')) AS v (x), generate_series(3, 4) AS k, generate_series(0, 1) AS seed) AS s;
-- linear
SELECT random_projection('float8:[1,2,3,4]', 8) + random_projection('float8:[4,3,2,1]', 8) = random_projection('float8:[5,5,5,5]', 8) AS linear;
-- element types: float8 for float8, else float4
SELECT dtype(random_projection('float2:[1]', 1)), dtype(random_projection('[1]', 1)), dtype(random_projection('float8:[1]', 1));
-- NaN and infinity reach every element; zeros; nothing
SELECT random_projection('[1,NaN,3]', 3), random_projection('[Infinity,0,0]', 2), random_projection('[0,0,0]', 2), random_projection('[]', 2);
SELECT random_projection(NULL, 2), random_projection('[1]', NULL), random_projection('[1]', 1, NULL);
-- Errors
SELECT random_projection('[1]', 0);
SELECT random_projection('[1]', -3);
SELECT random_projection('[[1,2]]', 1);
SELECT random_projection('3', 1);
SET neuroenc.memory_limit = '1MB';
\set VERBOSITY sqlstate
SELECT random_projection(zeros('{1000000}'), 10);
SELECT random_projection(zeros('{10000}'), 100000);
\set VERBOSITY default
RESET neuroenc.memory_limit;
