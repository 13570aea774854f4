SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS text LANGUAGE sql IMMUTABLE STRICT
AS $$ SELECT shape(t)::text || ' ' || array_agg(round(x::numeric, 4) + 0)::text FROM unnest(flatten(t)) AS x $$;

-- 70 rows along three directions at right angles, 5 long: 40 along (0, -.8, .6), 20 along e1, 10 along (0, .6, .8); every
-- tenth points the other way.
CREATE TABLE rows AS
SELECT i AS id, (CASE WHEN i % 7 < 4 THEN '[0,-4,3]'::tensor(float8) WHEN i % 7 < 6 THEN '[5,0,0]' ELSE '[0,3,4]' END)
	* (CASE i % 10 WHEN 9 THEN -1 ELSE 1 END)::float8 AS x
FROM generate_series(0, 69) i;

-- These are the atoms, the most used first, signed as most of their rows are.  Codes are 4.5, so .5 is left of each row: the
-- objective is .5^2 / 2 + .5 4.5 = 2.375.
SELECT pg_temp.rounded(dictionary) AS dictionary, round(objective::numeric, 6) AS objective, n_active
FROM (SELECT points_agg(x) AS p FROM rows) q, dictionary_learn(p, 3, 0.5);
SELECT pg_temp.rounded(dictionary) AS dictionary, round(objective::numeric, 6) AS objective, n_active
FROM (SELECT stack(x ORDER BY id) AS m FROM rows) q, dictionary_learn(m, 3, 0.5, seed => 7);
SELECT pg_temp.rounded(c.code::tensor) AS code, count(*)
FROM (SELECT points_agg(x) AS p, points_agg(id, x) AS with_ids FROM rows) q, dictionary_learn(p, 3, 0.5) AS d, LATERAL ista_rows(d.dictionary, with_ids, 0.5) AS c
GROUP BY 1 ORDER BY count(*) DESC, 1;

-- One atom: the direction of most.  A batch smaller than the rows, one start.
SELECT pg_temp.rounded(dictionary) AS dictionary, n_active FROM (SELECT points_agg(x) AS p FROM rows) q, dictionary_learn(p, 1, 0.5, batch_size => 16, n_init => 1);

-- One pass over x = (1,0) and y = (.6,.8) in batches of one row, alpha 0: both batches count alike in the means.  From the atom x
-- and rows in the order x, y: codes 1 and .6, so the atom is along x + .6 y = (1.36, .48).  From y, in the order y, x: along
-- y + .6 x.  Where the atom is the row that comes second: the first batch turns it into the other, with the code .6, and its
-- atom is then along .6 y + .6 x.
SELECT pg_temp.rounded(dictionary) AS dictionary FROM generate_series(1, 20) AS seed,
	dictionary_learn('float8:[[1,0],[0.6,0.8]]'::tensor, 1, 0, batch_size => 1, max_iter => 1, n_init => 1, seed => seed) GROUP BY 1 ORDER BY 1;

-- An alpha over all products: nothing is coded.
SELECT objective, n_active FROM (SELECT points_agg(x) AS p FROM rows) q, dictionary_learn(p, 2, 100);

-- The same rows in another order, with ids, with labels, merged from parts: the same bits.
SELECT count(DISTINCT (d.dictionary, d.objective)) AS answers
FROM (SELECT points_agg(x ORDER BY id) AS p FROM rows UNION ALL SELECT points_agg(x ORDER BY id DESC) FROM rows
	UNION ALL SELECT points_agg(id, x) FROM rows UNION ALL SELECT points_agg(x, 'a') FROM rows
	UNION ALL SELECT sum(p) FROM (SELECT points_agg(x) AS p FROM rows GROUP BY id % 3) parts) q, LATERAL dictionary_learn(p, 3, 0.5, max_iter => 5) AS d;

-- More atoms than directions: the rows that differ are six.
SELECT shape(dictionary) FROM (SELECT points_agg(x) AS p FROM rows) q, dictionary_learn(p, 6, 0.5, max_iter => 3);
SELECT dictionary_learn(p, 7) FROM (SELECT points_agg(x) AS p FROM rows) q;

-- A row of zeros is coded by nothing.
SELECT pg_temp.rounded(dictionary) AS dictionary, n_active FROM dictionary_learn('[[0,0],[0,2],[0,0],[0,4]]'::tensor, 1, 0.5);

-- Errors
SELECT dictionary_learn('[[1,2],[3,NaN]]'::tensor, 1);
SELECT dictionary_learn('[1,2]'::tensor, 1);
SELECT dictionary_learn('[[1,2]]'::tensor, 0);
SELECT dictionary_learn('[[1,2]]'::tensor, 1, -1);
SELECT dictionary_learn('[[1,2]]'::tensor, 1, batch_size => 0);
SELECT dictionary_learn('[[1,2]]'::tensor, 1, tol => 2);
SELECT dictionary_learn('float8:[[1,1e160]]'::tensor, 1);
SELECT dictionary_learn(zeros(ARRAY[0, 3])::tensor, 1);
SELECT dictionary_learn(NULL::tensor, 1);

DROP TABLE rows;
