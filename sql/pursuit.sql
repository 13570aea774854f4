SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Atoms e1, 2 e2, and (1, 1): x = (2, -1) is 2 e1 - .5 (2 e2).  Its products over lengths: 2, -1, .71.
SELECT omp('[[1,0],[0,2],[1,1]]', '[2,-1]', 1) AS one, omp('[[1,0],[0,2],[1,1]]', '[2,-1]', 2) AS two, omp('[[1,0],[0,2],[1,1]]', '[2,-1]', 3) AS no_more;
SELECT matching_pursuit('[[1,0],[0,2],[1,1]]', '[2,-1]', 1) AS one, matching_pursuit('[[1,0],[0,2],[1,1]]', '[2,-1]', 9) AS two;

-- x = (4, 3): |<a, x>| / |a| are 4, 3, 4.95.  Matching pursuit takes 3.5 (1, 1), leaving (.5, -.5), and of that e1: .5,
-- leaving (0, -.5), and of that 2 e2: -.25.  The orthogonal kind fits (1, 1) and e1 together: 3 (1, 1) + 1 e1.
SELECT matching_pursuit('[[1,0],[0,2],[1,1]]', '[4,3]', 1) AS one, matching_pursuit('[[1,0],[0,2],[1,1]]', '[4,3]', 2) AS two,
	matching_pursuit('[[1,0],[0,2],[1,1]]', '[4,3]', 3) AS three, omp('[[1,0],[0,2],[1,1]]', '[4,3]', 2) AS orthogonal;

-- An atom may come again: (0, -.5) is left after 3.5 (1, 1) and .5 e1; -.25 (1, 1) leaves (.25, -.25), and .25 e1 (0, -.25).
SELECT matching_pursuit('[[1,0],[1,1]]', 'float8:[4,3]', k) FROM generate_series(1, 4) k;

-- tol: |r| / |x| is .14 after one step, 0 after two.
SELECT omp('[[1,0],[0,2],[1,1]]', '[4,3]', 2, 0.2) AS enough, omp('[[1,0],[0,2],[1,1]]', '[4,3]', 2, 0.1) AS not_enough;

-- Equal atoms: the first.  Atoms of zeros are never chosen, nor is anything for a row of zeros.
SELECT omp('[[0,0],[0,3],[0,3],[0,-3]]', '[0,6]', 2) AS first, omp('[[1,0],[0,1]]', '[0,0]', 2) AS nothing, omp('[[0,0]]', '[1,2]', 1) AS no_atom;
SELECT id, code FROM omp_rows('[[0,0],[0,3],[0,3],[0,-3]]', '[[0,6],[0,0],[0,-3]]'::tensor, 2);
SELECT id, code FROM matching_pursuit_rows('[[1,0],[0,2],[1,1]]', '[[4,3],[2,-1]]'::tensor, 2);

-- Soft thresholds of orthonormal atoms: z less lambda, towards 0.
SELECT ista('[[1,0],[0,1]]', '[2,-1]', 0.5) AS soft, ista('[[1,0],[0,1]]', '[2,-1]', 1) AS soft_1, ista('[[1,0],[0,1]]', '[2,-1]', 0) AS none;
-- Hard ones keep what is over sqrt(2 lambda); those between keep a little less of it.
SELECT ista('[[1,0],[0,1]]', '[2,-1]', 0.4, 0) AS hard, ista('[[1,0],[0,1]]', '[2,-1]', 0.5, 0) AS at_the_threshold;
-- q = 1/2: over 1.5 lambda^(2/3), which is .8143 for .4; the root of c - 2 + .2 / sqrt(c) = 0 is 1.8531, of c - 1 + .2 / sqrt(c) = 0 .7724
SELECT round(value::numeric, 4) AS value, index FROM entries(ista('[[1,0],[0,1]]', 'float8:[2,-1]', 0.4, 0.5)) AS e (index, value);
SELECT id, code FROM ista_rows('[[1,0],[0,1]]', '[[2,-1],[0,0],[0.25,1]]'::tensor, 0.5);
SELECT id, code FROM ista_rows('[[1,0],[0,1]]', '[[2,-1],[0,0],[0.25,1.5]]'::tensor, 0.5, q => 0);
-- The lasso where atoms overlap: (1, 0) and (.8, .6) for x = (1, 1), lambda .1: if both were positive,
-- [1 .8; .8 1] c = (1 - .1, 1.4 - .1) and c = (-.14, .58) / .36, but the first is not; so c = (0, 1.4 - .1), where |1 - .8 1.3| <= .1.
SELECT ista('[[1,0],[0.8,0.6]]', '[1,1]', 0.1) AS c;

-- Codebook: of e1, 2 e2, (1, 1) for (2, -1): cosines .894, -.447, .316; inner products 2, -2, 1; squared distances 2, 13, 5
SELECT codebook_encode('[[1,0],[0,2],[1,1]]', '[2,-1]') AS one, codebook_encode('[[1,0],[0,2],[1,1]]', '[2,-1]', 2) AS two,
	codebook_encode('[[1,0],[0,2],[1,1]]', '[2,-1]', 3) AS all;
-- (1, 3): cosines .316, .949, .894; inner products 1, 6, 4; squared distances 9, 2, 4
SELECT metric, codebook_encode('[[1,0],[0,2],[1,1]]', '[1,3]', 1, metric), codebook_encode('[[1,0],[0,9],[1,1]]', '[1,3]', 1, metric) AS far
FROM (VALUES ('cosine'), ('euclidean'), ('dot')) AS m (metric);
-- Equal vectors: the first; a vector of zeros has cosine 0
SELECT codebook_encode('[[0,0],[1,0],[1,0],[2,0]]', '[1,0]') AS first, codebook_encode('[[-1,0],[0,0],[1,0]]', '[-1,0]', 2) AS zero,
	codebook_encode('[[0,1],[1,0],[1,0],[2,0]]', '[1,0]', 2, 'euclidean') AS first_two;
-- Decoded: the sum of the codes' vectors
SELECT id, code, dictionary_decode('[[1,0],[0,2],[1,1]]', code) FROM codebook_encode_rows('[[1,0],[0,2],[1,1]]', '[[2,-1],[1,3]]'::tensor, 2);

-- Of points, in the order of their ids; those of one id stay together
SELECT c.* FROM (SELECT points_agg(id, x) AS p FROM (VALUES (5, '[4,3]'::tensor), (2, '[2,-1]'), (5, '[0,1]')) AS r (id, x)) q,
	LATERAL omp_rows('[[1,0],[0,2],[1,1]]', p, 1) c;
SELECT c.* FROM (SELECT points_agg(id, x) AS p FROM (VALUES (5, '[4,3]'::tensor), (2, '[2,-1]')) AS r (id, x)) q,
	LATERAL matching_pursuit_rows('[[1,0],[0,2],[1,1]]', p, 1) c;
SELECT c.* FROM (SELECT points_agg(id, x) AS p FROM (VALUES (5, '[4,3]'::tensor), (2, '[2,-1]')) AS r (id, x)) q,
	LATERAL ista_rows('[[1,0],[0,1]]', p, 1) c;
SELECT c.* FROM (SELECT points_agg(id, x) AS p FROM (VALUES (5, '[4,3]'::tensor), (2, '[2,-1]')) AS r (id, x)) q,
	LATERAL codebook_encode_rows('[[1,0],[0,2],[1,1]]', p) c;

-- A row and a matrix of one agree, whichever way products are taken; no rows; NULL; options that change from row to row
SELECT bool_and(omp(d, x, 9) = c.code) AS same
FROM (SELECT random_normal('{40,12}', 1)::tensor(float8) AS d, random_normal('{12}', 2)::tensor(float8) AS x) q, LATERAL omp_rows(d, reshape(x, '{1,12}'), 9) c;
SELECT * FROM omp_rows('[[1]]', zeros(ARRAY[0, 1])::tensor, 1);
SELECT omp(NULL, '[1]', 1), ista('[[1]]', NULL, 1);
SELECT k, omp('[[1,0],[0,2],[1,1]]', '[4,3]', k) FROM generate_series(1, 2) k;

-- Errors
SELECT omp('[[1,0]]', '[1]', 1);
SELECT omp('[1,0]', '[1]', 1);
SELECT omp('[[1,0]]', '[[1,2]]', 1);
SELECT omp('[[1,0]]', '[1,2]', 0);
SELECT omp('[[1,0]]', '[1,2]', 1, 1);
SELECT omp('[[1,0]]', '[1,2]', 1, 'NaN');
SELECT omp('[[1,NaN]]', '[1,2]', 1);
SELECT omp('[[1,0]]', 'float8:[1,1e200]', 1);
SELECT omp(zeros(ARRAY[0, 2]), '[1,2]', 1);
SELECT * FROM omp_rows('[[1,0]]', '[[1,2],[3,Infinity]]'::tensor, 1);
SELECT * FROM omp_rows('[[1,0]]', '[[1,2,3]]'::tensor, 1);
SELECT ista('[[1,0]]', '[1,2]', -1);
SELECT ista('[[1,0]]', '[1,2]', 1, 2);
SELECT ista('[[1,0]]', '[1,2]', 1, 1, 0);
SELECT codebook_encode('[[1,0]]', '[1,2]', 2);
SELECT codebook_encode('[[1,0]]', '[1,2]', 1, 'manhattan');
