SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
-- Shortens the noise of the last bits.
CREATE FUNCTION pg_temp.r(t tensor) RETURNS tensor LANGUAGE sql RETURN
	reshape((SELECT tensor_agg(CASE WHEN abs(x) < 1e-9 THEN 0 ELSE round(x::numeric, 6)::float8 END ORDER BY i)
			 FROM unnest(t) WITH ORDINALITY AS u (x, i)), shape(t));

-- eigh, by hand: [[2,1],[1,2]] has eigenvalues 1 and 3, vectors (1,-1) and (1,1) over sqrt(2).
SELECT pg_temp.r(values) AS values, pg_temp.r(vectors) AS vectors FROM eigh('[[2,1],[1,2]]');
-- A diagonal matrix: its elements sorted, and unit vectors.
SELECT values, vectors FROM eigh('[[5,0,0],[0,-1,0],[0,0,2]]');
-- The second difference of order 3: 2 - sqrt(2), 2, 2 + sqrt(2)
SELECT pg_temp.r(values) AS values, pg_temp.r(vectors) AS vectors FROM eigh('float8:[[2,-1,0],[-1,2,-1],[0,-1,2]]');
SELECT values, vectors FROM eigh('[[7]]');
SELECT shape(values), shape(vectors), dtype(values) FROM eigh(zeros('{0,0}'));
SELECT values, vectors FROM eigh(zeros('{2,2}'));
-- All element types; computed in float8.
SELECT dtype(values), dtype(vectors), pg_temp.r(values) FROM eigh('float2:[[2,1],[1,2]]');
-- Extremes are scaled: eigenvalues 1 and 3 times 1e-300, 1e300, the least subnormal.
SELECT pg_temp.r(values * 1e300) AS tiny FROM eigh('float8:[[2e-300,1e-300],[1e-300,2e-300]]');
SELECT pg_temp.r(values / 1e300) AS huge FROM eigh('float8:[[2e300,1e300],[1e300,2e300]]');
SELECT values AS subnormal FROM eigh('float8:[[4.94065645841247e-324,0],[0,0]]');
-- Asymmetry by rounding is averaged, more is an error.
SELECT pg_temp.r(values) FROM eigh('[[2,1.00001],[1,2]]');
SELECT eigh('[[2,1.01],[1,2]]');
SELECT eigh('float8:[[2,1.00001],[1,2]]');
SELECT eigh('[[1,2,3],[4,5,6]]');
SELECT eigh('[1,2]');
SELECT eigh('[[1,NaN],[NaN,1]]');
SELECT eigh('[[1,0],[0,-Infinity]]');
SELECT eigh(NULL) IS NULL AS null_in;
-- 385 and more take the panels and the helper: A = Q diag Q' for a Householder Q = I - 2 u u', diag = 1 .. n.
WITH u AS (SELECT l2_normalize(astype(random_normal('{400}', 3), 'float8')) AS u),
q AS (SELECT eye(400) - 2 * matmul(reshape(u, '{400,1}'), reshape(u, '{1,400}')) AS q FROM u),
a AS (SELECT matmul(q * arange(1, 401, 1), transpose(q)) AS a FROM q),
e AS (SELECT a, e.values AS w, e.vectors AS v FROM a, eigh((a + transpose(a)) / 2) AS e)
SELECT max_of(abs(w - arange(1, 401, 1))) < 1e-10 AS values,
	max_of(abs(matmul(transpose(v), v) - eye(400))) < 1e-12 AS orthonormal,
	max_of(abs(matmul(a, v) - v * w)) < 1e-9 AS equation FROM e;

-- svd, by hand
SELECT pg_temp.r(u) AS u, pg_temp.r(s) AS s, pg_temp.r(vt) AS vt FROM svd('[[3,0],[0,-4],[0,0]]');
SELECT pg_temp.r(u) AS u, pg_temp.r(s) AS s, pg_temp.r(vt) AS vt FROM svd('[[0,0,2],[1,0,0]]');
-- Rank one: |(1,2)| |(2,1)| = 5
-- of rank 1: the signs of what belongs to the 0 are rounding's
SELECT pg_temp.r(abs(u)), pg_temp.r(s), pg_temp.r(abs(vt)) FROM svd('float8:[[2,1],[4,2]]');
SELECT s FROM svd(zeros('{2,3}'));
SELECT u, s, vt FROM svd('[[-2]]');
SELECT shape(u), shape(s), shape(vt) FROM svd(zeros('{0,3}'));
SELECT shape(u), shape(s), shape(vt) FROM svd(zeros('{3,0}'));
SELECT pg_temp.r(s * 1e300) AS tiny FROM svd('float8:[[3e-300,0],[0,4e-300]]');
SELECT pg_temp.r(s / 1e300) AS huge FROM svd('float8:[[3e300,0],[0,4e300]]');
SELECT svd('[1,2]');
SELECT svd('[[1,NaN],[3,4]]');
-- Tall, wide and square by panels: t = u diag(s) vt, orthonormal, descending.
SELECT m, n, max_of(abs(matmul(u * s, vt) - t)) < 1e-11 AS product,
	max_of(abs(matmul(transpose(u), u) - eye(least(m, n)))) < 1e-12 AS u,
	max_of(abs(matmul(vt, transpose(vt)) - eye(least(m, n)))) < 1e-12 AS vt
FROM (VALUES (350, 350), (400, 350), (350, 400), (900, 250), (250, 900)) AS v (m, n),
	LATERAL (SELECT astype(random_normal(ARRAY[m, n], 5), 'float8') AS t) AS x, svd(t);

-- cholesky: [[4,2],[2,5]] = L L' with L = [[2,0],[1,2]]
SELECT cholesky('[[4,2],[2,5]]'), cholesky('[[9]]'), shape(cholesky(zeros('{0,0}')));
-- [[1,2],[2,1]] has an eigenvalue -1; its minors are 1 and -3.
SELECT cholesky('[[1,2],[2,1]]');
SELECT cholesky('[[0]]');
SELECT cholesky('[[1,2],[3,1]]');
SELECT cholesky('[[1,2]]');
SELECT cholesky('[[Infinity]]');
SELECT max_of(abs(matmul(l, transpose(l)) - a)) < 1e-9 AS product
FROM (SELECT matmul(b, transpose(b)) + 600 * eye(600) AS a
	  FROM astype(random_normal('{600,600}', 2), 'float8') AS b) AS s, cholesky(a) AS l;

-- solve: 2 y = 2, 4 x = 4; a matrix of right sides; a zero pivot is no matter.
SELECT solve('[[0,2],[4,0]]', '[2,4]'), solve('[[0,2],[4,0]]', '[[2,4],[4,8]]');
SELECT shape(solve(zeros('{0,0}'), zeros('{0}'))), shape(solve(eye(2), zeros('{2,0}')));
SELECT solve('[[1,2],[2,4]]', '[1,1]');
SELECT solve('[[0]]', '[1]');
SELECT solve('[[1,2],[3,4]]', '[1,2,3]');
SELECT solve('[[1,2],[3,4]]', '5');
SELECT solve('[1,2]', '[1,2]');
SELECT solve('[[1,2],[3,4]]', '[1,NaN]');
SELECT max_of(abs(matmul(a, solve(a, b)) - b)) < 1e-9 AS solved
FROM (SELECT astype(random_normal('{500,500}', 2), 'float8') AS a, astype(random_normal('{500,7}', 3), 'float8') AS b) AS s;

-- The number of threads doesn't change a bit.
CREATE TEMP TABLE one AS SELECT t, matmul(t, transpose(t)) AS product FROM (SELECT astype(random_normal('{500,450}', 8), 'float8') AS t OFFSET 0) AS s;
CREATE TEMP TABLE answers AS SELECT 1 AS threads, product, e.values, e.vectors, s.u, s.s, s.vt FROM one, eigh(product) AS e, svd(t) AS s;
SET neuroenc.threads = 3;
INSERT INTO answers SELECT 3, matmul(t, transpose(t)), e.values, e.vectors, s.u, s.s, s.vt FROM one, eigh(product) AS e, svd(t) AS s;
SELECT a.product = b.product AS product, a.values = b.values AS values, a.vectors = b.vectors AS vectors,
	a.u = b.u AS u, a.s = b.s AS s, a.vt = b.vt AS vt
FROM answers AS a, answers AS b WHERE a.threads = 1 AND b.threads = 3;
RESET neuroenc.threads;
