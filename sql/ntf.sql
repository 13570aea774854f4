-- non-negative factorization of a tensor of 3 dimensions
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS text LANGUAGE sql
AS $$ SELECT shape(t)::text || ' ' || array_agg(round(x::numeric, 4) + 0)::text FROM unnest(flatten(t)) AS x $$;

-- one term, by hand: (3,4) o (1,0) o (0,2): a = (.6,.8), b = (1,0), c = (0,1), weight 5 * 1 * 2 = 10
SELECT pg_temp.rounded(a) AS a, pg_temp.rounded(b) AS b, pg_temp.rounded(c) AS c, pg_temp.rounded(weights) AS weights, round(error::numeric, 9) AS error
FROM ntf('[[[0,6],[0,0]],[[0,8],[0,0]]]', 1);
-- two: with it (0,1) o (0,1) o (1,0), weight 1
SELECT pg_temp.rounded(transpose(a)) AS a, pg_temp.rounded(transpose(b)) AS b, pg_temp.rounded(transpose(c)) AS c, pg_temp.rounded(weights) AS weights, round(error::numeric, 6) AS error
FROM ntf('[[[0,6],[0,0]],[[0,8],[1,0]]]', 2);
-- and its best single term leaves the other over: error 1
SELECT pg_temp.rounded(weights) AS weights, round(error::numeric, 6) AS error FROM ntf('[[[0,6],[0,0]],[[0,8],[1,0]]]', 1);

-- planted: neurons x time x trials, two assemblies; matrices of trials in a table
CREATE TEMP TABLE trials AS
SELECT trial, matmul(reshape(neurons * (CASE WHEN assembly = 1 THEN trial ELSE 21 - trial END)::float8, '{15,1}'), reshape(times, '{1,30}')) AS m, assembly
FROM generate_series(1, 20) AS trial,
	(SELECT assembly, random_uniform('{15}', assembly) AS neurons,
		(SELECT tensor_agg(exp(-power((t - 10.0 * assembly) / 4.0, 2) / 2) ORDER BY t) FROM generate_series(1, 30) AS t) AS times
	 FROM generate_series(1, 2) AS assembly OFFSET 0) AS a;
CREATE TEMP TABLE recording AS SELECT transpose(stack(m ORDER BY trial), '{2,3,1}') AS t FROM (SELECT trial, sum(m) AS m FROM trials GROUP BY trial) AS q;
SELECT shape(t), shape(a) AS neurons, shape(b) AS times, shape(c) AS trials, (error / norm(t)) < 1e-3 AS exact FROM recording, ntf(t, 2);
-- each component's neurons, and that its trials rise or fall
SELECT assembly, round(max(1 - (row <=> random_uniform('{15}', assembly)))::numeric, 3) AS alike
FROM recording, ntf(t, 2) AS f, rows(transpose(f.a)) AS row, generate_series(1, 2) AS assembly GROUP BY assembly ORDER BY assembly;
SELECT count(*), bool_or(row[1] < row[20]) AND bool_or(row[1] > row[20]) AS one_rises_one_falls FROM recording, ntf(t, 2) AS f, rows(transpose(f.c)) AS row;
-- the error never rises, more starts are never worse, the same seed gives the same
SELECT bool_and(error <= before * (1 + 1e-9)) AS falls FROM (
	SELECT error, lag(error) OVER (ORDER BY n) AS before
	FROM generate_series(1, 30) AS n, ntf(random_uniform('{6,7,8}', 1), 4, max_iter => n, tol => 0, n_init => 1)) AS r;
SELECT bool_and(error <= before * (1 + 1e-12)) AS better FROM (
	SELECT error, lag(error) OVER (ORDER BY n) AS before FROM generate_series(1, 5) AS n, ntf(random_uniform('{6,7,8}', 1), 4, n_init => n)) AS r;
SELECT x.a = y.a AND x.b = y.b AND x.c = y.c AND x.weights = y.weights AS same, x.a = z.a AS other
FROM ntf(random_uniform('{6,7,8}', 1), 4, 3) AS x, ntf(random_uniform('{6,7,8}', 1), 4, 3) AS y, ntf(random_uniform('{6,7,8}', 1), 4, 4) AS z;
-- error is what the term leaves over
SELECT round(norm(t - reshape(matmul(matmul(a, reshape(weights, '{1,1}')), transpose(reshape(matmul(b, transpose(c)), '{12,1}'))), '{2,3,4}'))::numeric, 5) = round(error::numeric, 5) AS error_is_so
FROM (SELECT random_uniform('{2,3,4}', 5) AS t OFFSET 0) AS q, ntf(t, 1);
-- all zeros, one element, dimensions of 1, more terms than the rank, a very large and a very small scale
SELECT pg_temp.rounded(a) AS a, pg_temp.rounded(weights) AS weights, error FROM ntf(zeros('{2,2,2}'), 2);
SELECT pg_temp.rounded(a) AS a, pg_temp.rounded(weights) AS weights, round(error::numeric, 9) AS error FROM ntf('[[[7]]]', 1);
SELECT pg_temp.rounded(b) AS b, pg_temp.rounded(weights) AS weights, round(error::numeric, 9) AS error FROM ntf('[[[3],[4]]]', 1);
SELECT shape(weights), round(error::numeric, 4) AS error FROM ntf('[[[0,6],[0,0]],[[0,8],[1,0]]]', 6);
SELECT pg_temp.rounded(weights / 1e200) AS weights FROM ntf('float8:[[[3e200],[4e200]]]', 1);
SELECT pg_temp.rounded(weights * 1e200) AS weights FROM ntf('float8:[[[3e-200],[4e-200]]]', 1);
SELECT ntf(NULL, 2) IS NULL AS null;

SELECT ntf('[[[1,2],[3,-4]]]', 1);
SELECT ntf('[[[1,2],[NaN,4]]]', 1);
SELECT ntf('[[1,2],[3,4]]', 1);
SELECT ntf(zeros('{2,0,2}'), 1);
SELECT ntf('[[[1,2],[3,4]]]', 0);
SELECT ntf('[[[1,2],[3,4]]]', 1, max_iter => 0);
SELECT ntf('[[[1,2],[3,4]]]', 1, tol => 1);
SELECT ntf('[[[1,2],[3,4]]]', 1, n_init => -1);
SELECT ntf('[[[1,2],[3,4]]]', 2000000000);
