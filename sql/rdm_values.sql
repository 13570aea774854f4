-- rdm: means, transforms, maps and geometry
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
CREATE FUNCTION pg_temp.upper_triangle(r rdm) RETURNS float8[] LANGUAGE sql AS 'SELECT array_agg(round(distance::numeric, 6)::float8) FROM rdm_entries(r)';

-- avg: pair by pair over those that have it, on all conditions that one of them has
CREATE TEMP TABLE subjects (id int, r rdm);
INSERT INTO subjects VALUES
	(1, rdm_from_matrix('{a,b,c}', '[[0,1,2],[1,0,3],[2,3,0]]', 'cosine')),
	(2, rdm_from_matrix('{c,b,a}', '[[0,5,4],[5,0,NaN],[4,NaN,0]]', 'cosine')),
	(3, rdm_from_matrix('{b,d}', '[[0,7],[7,0]]', 'cosine')),
	(4, NULL);
SELECT labels(m), metric(m), rdm_matrix(m), rdm_counts(m) FROM (SELECT avg(r) AS m FROM subjects) AS q;
-- in any order, and when the conditions come one by one
SELECT avg(r ORDER BY id DESC)::text = avg(r ORDER BY id)::text AS same FROM subjects;
SELECT id, labels(m), pg_temp.upper_triangle(m) FROM (SELECT id, avg(r) OVER (ORDER BY id DESC) AS m FROM subjects) AS q ORDER BY id DESC;
SELECT avg(r) IS NULL AS none FROM subjects WHERE id = 4;
SELECT avg(r) IS NULL AS none FROM subjects WHERE false;
-- one RDM is its own mean, and each has one vote, a mean too
SELECT pg_temp.upper_triangle(avg(r)) FROM subjects WHERE id = 2;
SELECT pg_temp.upper_triangle(avg(m)), rdm_counts(avg(m)) FROM (SELECT avg(r) AS m FROM subjects WHERE id < 3 UNION ALL
	SELECT rdm_from_matrix('{a,b}', '[[0,4],[4,0]]')) AS q;
-- metrics that differ
SELECT metric(avg(r)) FROM (VALUES (rdm_from_matrix('{a,b}', '[[0,4],[4,0]]', 'cosine')), (rdm_from_matrix('{a,b}', '[[0,4],[4,0]]', 'euclidean'))) AS v (r);
-- 0 and 1 conditions
SELECT labels(m), n_conditions(m), rdm_counts(m) FROM (SELECT avg(rdm_from_matrix((ARRAY['x', 'y'])[:n], zeros(ARRAY[n, n]))) AS m FROM generate_series(0, 2) AS n) AS q;
SELECT labels(avg(r)) FROM (VALUES (rdm_from_matrix('{}', zeros('{0,0}'))), (rdm_from_matrix('{x}', '[[0]]'))) AS v (r);
-- a subset keeps the counts, the text form too
SELECT rdm_counts(rdm_subset(m, ARRAY['a', 'c'])), rdm_counts(m::text::rdm) FROM (SELECT avg(r) AS m FROM subjects) AS q;
SELECT avg(r) FROM (VALUES (rdm_from_matrix('{a,b}', 'float8:[[0,1e308],[1e308,0]]')), (rdm_from_matrix('{a,b}', 'float8:[[0,1e308],[1e308,0]]'))) AS v (r);
SELECT rdm_average_add(NULL, NULL);

-- parallel plans: each RDM has i in one pair, and every third lacks condition z
CREATE TABLE rdm_rows (i int, r rdm) WITH (parallel_workers = 2);
INSERT INTO rdm_rows SELECT i, CASE i % 3 WHEN 0 THEN rdm_subset(r, ARRAY['x', 'y']) ELSE r END
FROM generate_series(1, 3000) AS i, LATERAL (SELECT rdm_from_matrix('{x,y,z}', ARRAY[[0, i, 2 * i], [i, 0, 3], [2 * i, 3, 0]]::float8[]::tensor) AS r) AS q;
ANALYZE rdm_rows;
CREATE TEMP TABLE serial_answer AS SELECT avg(r) AS m FROM rdm_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT avg(r) FROM rdm_rows;
-- (1 + .. + 3000) / 3000, and twice the mean of those that 3 does not divide
SELECT pg_temp.upper_triangle(avg(r)), rdm_counts(avg(r)), avg(r)::text = (SELECT m::text FROM serial_answer) AS same FROM rdm_rows;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
-- 1,000 groups
SELECT count(*), sum(rdm_distance(m, 'x', 'y')) FROM (SELECT i % 1000 AS g, avg(r) AS m FROM rdm_rows GROUP BY 1) AS q;
DROP TABLE rdm_rows;

-- ranks and scales: ties, a missing pair, a negative (crossnobis) distance
CREATE TEMP TABLE example AS SELECT rdm_from_matrix('{a,b,c,d}', '[[0,3,-1,4],[3,0,NaN,3],[-1,NaN,0,1],[4,3,1,0]]', 'crossnobis') AS r;
SELECT pg_temp.upper_triangle(r) FROM example;
SELECT pg_temp.upper_triangle(rdm_rank(r)), metric(rdm_rank(r)) FROM example;
SELECT method, pg_temp.upper_triangle(rdm_scale(r, method)), metric(rdm_scale(r, method))
FROM example, unnest('{unit,max,minmax,zscore,sqrt,positive}'::text[]) WITH ORDINALITY AS m (method, i) ORDER BY i;
SELECT rdm_scale(r)::text = rdm_scale(r, 'unit')::text AS by_default FROM example;
-- equal distances, none, and all missing
SELECT method, pg_temp.upper_triangle(rdm_scale(rdm_from_matrix('{a,b,c}', '[[0,0.1,0.1],[0.1,0,0.1],[0.1,0.1,0]]'), method)) AS equal,
	pg_temp.upper_triangle(rdm_scale(rdm_from_matrix('{a,b,c}', zeros('{3,3}')), method)) AS zero,
	pg_temp.upper_triangle(rdm_scale(rdm_from_matrix('{a,b}', '[[0,NaN],[NaN,0]]'), method)) AS missing,
	n_conditions(rdm_scale(rdm_from_matrix('{a}', '[[0]]'), method)) AS one
FROM unnest('{unit,max,minmax,zscore,sqrt,positive}'::text[]) WITH ORDINALITY AS m (method, i) ORDER BY i;
SELECT pg_temp.upper_triangle(rdm_rank(rdm_from_matrix('{a,b,c}', zeros('{3,3}')))) AS tied, pg_temp.upper_triangle(rdm_rank(rdm_from_matrix('{a,b}', '[[0,NaN],[NaN,0]]'))) AS missing,
	labels(rdm_rank(rdm_from_matrix('{}', zeros('{0,0}')))) AS none;
-- far from 1
SELECT rdm_distance(rdm_scale(rdm_from_matrix('{a,b,c}', 'float8:[[0,3e300,0],[3e300,0,4e300],[0,4e300,0]]')), 'b', 'c') AS huge,
	rdm_distance(rdm_scale(rdm_from_matrix('{a,b,c}', 'float8:[[0,3e-300,0],[3e-300,0,4e-300],[0,4e-300,0]]')), 'b', 'c') AS tiny;
SELECT rdm_scale(r, 'log') FROM example;
SELECT rdm_scale(rdm_from_matrix('{a,b}', '[[0,-2],[-2,0]]'), 'max');

-- geotopological: of 1 .. 6, the quantiles 0.2 and 0.8 are 2 and 5
CREATE TEMP TABLE six AS SELECT rdm_from_matrix('{a,b,c,d}', '[[0,1,2,3],[1,0,4,5],[2,4,0,6],[3,5,6,0]]') AS r;
SELECT pg_temp.upper_triangle(rdm_geotopological(r, 0.2, 0.8)), metric(rdm_geotopological(r, 0.2, 0.8)) FROM six;
SELECT pg_temp.upper_triangle(rdm_geotopological(r, 0, 1)), pg_temp.upper_triangle(rdm_scale(r, 'minmax')) FROM six;
SELECT pg_temp.upper_triangle(rdm_geotopological(r, 0.5, 0.5)) AS step, pg_temp.upper_triangle(rdm_geotopological(r, 0.2, 0.2)) AS at_a_value FROM six;
SELECT pg_temp.upper_triangle(rdm_geotopological(r, 0, 0.5)) AS with_missing FROM example;
SELECT labels(rdm_geotopological(rdm_from_matrix('{a}', '[[0]]'), 0, 1)), pg_temp.upper_triangle(rdm_geotopological(rdm_from_matrix('{a,b}', '[[0,NaN],[NaN,0]]'), 0, 1));
SELECT rdm_geotopological(r, 0.8, 0.2) FROM six;
SELECT rdm_geotopological(r, -0.1, 0.2) FROM six;
SELECT rdm_geotopological(r, 'NaN', 0.2) FROM six;
SELECT rdm_geotopological(r, 0.2, 80) FROM six;

-- mds: the corners of a rectangle of 4 x 3, whose diagonals are 5
CREATE TEMP TABLE rectangle AS SELECT rdm_from_matrix('{a,b,c,d}', '[[0,3,5,4],[3,0,4,5],[5,4,0,3],[4,5,3,0]]', 'euclidean') AS r;
CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS float8[] LANGUAGE sql AS 'SELECT array_agg(round(x::numeric, 6)::float8) FROM unnest(t::float8[]) AS x';
SELECT label, pg_temp.rounded(coordinates) FROM rectangle, mds(r);
SELECT label, pg_temp.rounded(coordinates) FROM rectangle, mds(r, k => 3);
SELECT pg_temp.rounded(mds_eigenvalues(r)) FROM rectangle;
-- squared distances as they are; a matrix of unknown metric is squared
SELECT metric, pg_temp.rounded(mds_eigenvalues(rdm_from_matrix('{a,b,c,d}', CASE WHEN root THEN m ELSE m * m END, metric)))
FROM (SELECT rdm_matrix(r) AS m FROM rectangle) AS q, (VALUES ('sqeuclidean', false), ('crossnobis', false), ('correlation', false), ('cosine', false), ('poisson', false),
	('euclidean', true), ('mahalanobis', true), ('unknown', true), ('cityblock', true), ('transformed', true)) AS v (metric, root);
-- not euclidean: 1, 1 and 5 break the triangle inequality; the second dimension is 0
SELECT label, pg_temp.rounded(coordinates) FROM mds(rdm_from_matrix('{a,b,c}', '[[0,1,5],[1,0,1],[5,1,0]]')) ;
SELECT pg_temp.rounded(mds_eigenvalues(rdm_from_matrix('{a,b,c}', '[[0,1,5],[1,0,1],[5,1,0]]')));
-- 1, 2 conditions, none; all in one place
SELECT label, pg_temp.rounded(coordinates) FROM mds(rdm_from_matrix('{a,b}', '[[0,3],[3,0]]', 'euclidean'), 1);
SELECT label, pg_temp.rounded(coordinates) FROM mds(rdm_from_matrix('{a,b,c}', zeros('{3,3}')));
SELECT n, mds_eigenvalues(rdm_from_matrix((ARRAY['x', 'y'])[:n], zeros(ARRAY[n, n]))) FROM generate_series(0, 2) AS n;
SELECT * FROM rectangle, mds(r, 4);
SELECT * FROM rectangle, mds(r, 0);
SELECT * FROM mds(rdm_from_matrix('{a}', '[[0]]'), 1);
SELECT * FROM example, mds(r);
SELECT mds_eigenvalues(r) FROM example;
SELECT mds_eigenvalues(rdm_from_matrix('{a,b}', 'float8:[[0,1e200],[1e200,0]]', 'euclidean'));

-- geometry: eigenvalues 16 and 9; exp of the entropy of 4/7, 3/7 and of 16/25, 9/25; 625 / 337
SELECT g.n_conditions, g.mean_distance, g.dimensions, round(g.effective_rank::numeric, 6) AS effective_rank,
	round(g.participation_ratio::numeric, 6) AS participation_ratio, g.negative_share FROM rectangle, geometry(r) AS g;
SELECT round((geometry(r, of => 'eigenvalues')).effective_rank::numeric, 6) AS of_eigenvalues,
	round(exp(-(16 * ln(16 / 25.0) + 9 * ln(9 / 25.0)) / 25), 6) AS by_hand FROM rectangle;
-- eigenvalues 2.5 and -1/6
SELECT dimensions, participation_ratio, round(negative_share::numeric, 6) FROM geometry(rdm_from_matrix('{a,b,c}', '[[0,1,5],[1,0,1],[5,1,0]]', 'sqeuclidean'));
SELECT n, g.* FROM generate_series(0, 2) AS n, geometry(rdm_from_matrix((ARRAY['x', 'y'])[:n], zeros(ARRAY[n, n]))) AS g;
SELECT geometry(NULL) IS NULL AS none;
SELECT geometry(r, 'variances') FROM rectangle;
SELECT geometry(r) FROM example;

-- the limit
SET neuroenc.memory_limit = '1MB';
SELECT rdm_rank(rdm_from_matrix(array_agg(i::text), zeros('{300,300}'))) FROM generate_series(1, 300) AS i;
SELECT mds_eigenvalues(rdm_from_matrix(array_agg(i::text), zeros('{300,300}'))) FROM generate_series(1, 300) AS i;
SELECT avg(r) FROM (SELECT rdm_from_matrix(array_agg(i::text), zeros('{500,500}')) AS r FROM generate_series(1, 500) AS i) AS q;
RESET neuroenc.memory_limit;
