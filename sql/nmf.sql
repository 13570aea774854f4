-- factorizations of a matrix: nmf, semi_nmf
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS text LANGUAGE sql
AS $$ SELECT shape(t)::text || ' ' || array_agg(round(x::numeric, 4) + 0)::text FROM unnest(flatten(t)) AS x $$;

-- ---- nmf ----

-- one component, by hand: ((2,4),(3,6)) = (2,3)' (1,2), and with the row of h of length 1, w = sqrt(5) (2,3)' = (4.4721, 6.7082)
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 10) AS error FROM nmf('[[2,4],[3,6]]', 1);
-- two blocks that share no row and no column: h = (.6,.8,0) with w = (5,10,0), and (0,0,1) with w = (0,0,2); the longer w first
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 10) AS error FROM nmf('[[3,4,0],[6,8,0],[0,0,2]]', 2);
-- the best single component is the leading singular one: svd's s are sqrt(125) and 2, so 2 is left over
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 6) AS error FROM nmf('[[3,4,0],[6,8,0],[0,0,2]]', 1);
-- from rows of a table
CREATE TEMP TABLE parts AS
SELECT i, matmul(clip(random_normal('{3}', i), 0, 'infinity'), clip(random_normal('{3,12}', -1), 0, 'infinity')) AS t FROM generate_series(1, 40) AS i;
SELECT shape(w) AS w, shape(h) AS h, round((error / norm(m))::numeric, 2) AS error, min_of(w) >= 0 AND min_of(h) >= 0 AS not_negative,
	round(norm(m - matmul(w, h))::numeric, 6) = round(error::numeric, 6) AS error_is_so
FROM (SELECT stack(t ORDER BY i) AS m FROM parts) AS q, nmf(m, 3);
-- the error never rises
SELECT bool_and(error <= before * (1 + 1e-9)) AS falls FROM (
	SELECT error, lag(error) OVER (ORDER BY n) AS before
	FROM (SELECT stack(t ORDER BY i) AS m FROM parts) AS q, generate_series(1, 30) AS n, nmf(m, 2, max_iter => n, tol => 0)) AS r;
-- each init, and more starts are never worse
SELECT init, round(error::numeric, 3) AS error
FROM (SELECT stack(t ORDER BY i) AS m FROM parts) AS q, unnest('{nndsvd,nndsvda,random}'::text[]) AS init, nmf(m, 2, init => init, tol => 1e-9, max_iter => 2000);
SELECT bool_and(error <= before * (1 + 1e-12)) AS better FROM (
	SELECT error, lag(error) OVER (ORDER BY n) AS before
	FROM (SELECT stack(t ORDER BY i) AS m FROM parts) AS q, generate_series(1, 5) AS n, nmf(m, 4, init => 'random', n_init => n)) AS r;
-- the same seed, the same answer; another seed of a random start, another
SELECT a.w = b.w AND a.h = b.h AS same, a.w = c.w AS other
FROM (SELECT stack(t ORDER BY i) AS m FROM parts) AS q, nmf(m, 5, 7, 'random') AS a, nmf(m, 5, 7, 'random') AS b, nmf(m, 5, 8, 'random') AS c;
-- scale: ((2,4),(3,6)) times 1e200 and 1e-200
SELECT round((error / 1e200)::numeric, 6) AS error, pg_temp.rounded(w / 1e200) AS w FROM nmf('float8:[[2e200,4e200],[3e200,6e200]]', 1);
SELECT round((error / 1e-200)::numeric, 6) AS error, pg_temp.rounded(w * 1e200) AS w FROM nmf('float8:[[2e-200,4e-200],[3e-200,6e-200]]', 1);
-- all zeros, one element, one row, one column, rows and columns of zeros, more components than the rank
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, error FROM nmf('[[0,0,0],[0,0,0]]', 2);
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, error FROM nmf('[[5]]', 1);
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 9) AS error FROM nmf('[[3,0,4]]', 1);
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 9) AS error FROM nmf('[[3],[0],[4]]', 1);
SELECT pg_temp.rounded(w) AS w, pg_temp.rounded(h) AS h, round(error::numeric, 9) AS error FROM nmf('[[3,0,4],[0,0,0],[6,0,8]]', 1);
SELECT shape(w) AS w, shape(h) AS h, round(error::numeric, 6) AS error FROM nmf('[[3,4],[6,8],[1,0]]', 5);
SELECT nmf(NULL, 2) IS NULL AS null;

SELECT nmf('[[1,2],[3,-4]]', 1);
SELECT nmf('[[1,NaN],[3,4]]', 1);
SELECT nmf('[[1,2],[infinity,4]]', 1);
SELECT nmf('[1,2,3]', 1);
SELECT nmf(zeros('{0,3}'), 1);
SELECT nmf('[[1,2],[3,4]]', 0);
SELECT nmf('[[1,2],[3,4]]', 1, init => 'nndsvdr');
SELECT nmf('[[1,2],[3,4]]', 1, max_iter => 0);
SELECT nmf('[[1,2],[3,4]]', 1, tol => -1);
SELECT nmf('[[1,2],[3,4]]', 1, n_init => 0);
SELECT nmf('[[1,2],[3,4]]', 2000000000);

-- ---- semi_nmf ----

-- one component a row, by hand: rows are 1 and 2 times (.6,-.8) and 3 times (0,-1); f in the order of |g|: 3 > sqrt(5)
SELECT pg_temp.rounded(f) AS f, pg_temp.rounded(g) AS g, round(error::numeric, 9) AS error FROM semi_nmf('[[0.6,-0.8],[0,-3],[1.2,-1.6]]', 2);
-- k 1: the leading singular component where its left vector has one sign; here the second row points the other way and gets 0
SELECT pg_temp.rounded(f) AS f, pg_temp.rounded(g) AS g, round(error::numeric, 6) AS error FROM semi_nmf('[[3,4],[-0.3,-0.4]]', 1);
-- planted: three directions, one a row
CREATE TEMP TABLE rays AS
SELECT i, i % 3 + 1 AS ray, (1 + i % 5) * random_normal('{20}', -(i % 3)) + 0.1 * random_normal('{20}', i) AS t FROM generate_series(1, 60) AS i;
SELECT count(*), min(alike) > .99 AS found FROM (
	SELECT max(1 - (row <=> random_normal('{20}', -d))) AS alike
	FROM (SELECT stack(t ORDER BY i) AS m FROM rays) AS q, semi_nmf(m, 3) AS s, rows(s.f) AS row, generate_series(0, 2) AS d GROUP BY d) AS r;
SELECT min_of(g) >= 0 AS not_negative, round(norm(m - matmul(g, f))::numeric, 5) = round(error::numeric, 5) AS error_is_so
FROM (SELECT stack(t ORDER BY i) AS m FROM rays) AS q, semi_nmf(m, 3);
SELECT bool_and(error <= before * (1 + 1e-9)) AS falls FROM (
	SELECT error, lag(error) OVER (ORDER BY n) AS before
	FROM (SELECT stack(t ORDER BY i) AS m FROM rays) AS q, generate_series(1, 30) AS n, semi_nmf(m, 2, max_iter => n, tol => 0)) AS r;
SELECT a.f = b.f AND a.g = b.g AS same FROM (SELECT stack(t ORDER BY i) AS m FROM rays) AS q, semi_nmf(m, 4, 7) AS a, semi_nmf(m, 4, 7) AS b;
SELECT pg_temp.rounded(f) AS f, pg_temp.rounded(g) AS g, error FROM semi_nmf('[[0,0],[0,0]]', 2);
SELECT pg_temp.rounded(f) AS f, pg_temp.rounded(g) AS g, round(error::numeric, 9) AS error FROM semi_nmf('[[-5]]', 1);
SELECT shape(f) AS f, shape(g) AS g, round(error::numeric, 6) AS error FROM semi_nmf('[[3,-4]]', 3);

SELECT semi_nmf('[[1,NaN],[3,4]]', 1);
SELECT semi_nmf('[1,2,3]', 1);
SELECT semi_nmf('[[1,2],[3,4]]', 0);
