SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- ---- two_nn ----

-- Points 0, 1, 3, 7 on a line: first and second neighbours (1, 3), (1, 2), (2, 3), (4, 6).
CREATE TEMP TABLE line AS SELECT i, tensor(ARRAY[x, 2 * x]::float8[]) AS x FROM (VALUES (1, 0.0), (2, 1), (3, 3), (4, 7)) v (i, x);
SELECT round(ml::numeric, 6) AS ml, round(3 / (ln(3.0) + ln(2.0) + 2 * ln(1.5)), 6) AS by_hand,
       -- ratios ascending 1.5, 1.5, 2, 3; floor(0.9 * 4) = 3 of them
       round(fit::numeric, 6) AS fit,
       round((ln(1.5) * ln(4 / 3.0) + ln(1.5) * ln(2.0) + ln(2.0) * ln(4.0)) / (2 * ln(1.5) ^ 2 + ln(2.0) ^ 2), 6) AS by_hand, n, n_copies
FROM (SELECT (two_nn(x)).* FROM line) q;
-- half of the ratios
SELECT round(fit::numeric, 6) AS fit, round((ln(4 / 3.0) + ln(2.0)) / (2 * ln(1.5)), 6) AS by_hand FROM (SELECT (two_nn(x, 0.5)).* FROM line) q;
-- copies count once, and -0 is 0
SELECT (two_nn(x)).n, (two_nn(x)).n_copies, (two_nn(x)).ml = (SELECT (two_nn(x)).ml FROM line) AS same
FROM (SELECT x FROM line UNION ALL SELECT x FROM line WHERE i < 3 UNION ALL SELECT tensor(ARRAY[-0.0::float8, 0])) q;
-- a lattice has no estimate
SELECT (two_nn(tensor(ARRAY[i, j]::float8[]))).* FROM generate_series(1, 4) i, generate_series(1, 4) j;
-- planted: a plane in 20 dimensions
SELECT ml BETWEEN 1.8 AND 2.2 AS ml, fit BETWEEN 1.8 AND 2.2 AS fit, n
FROM (SELECT (two_nn(matmul(random_uniform('{2}', i), (SELECT random_normal('{2,20}', 1))))).* FROM generate_series(1, 1500) i) q;
SELECT two_nn(x) FROM line WHERE false;
SELECT (two_nn(CASE WHEN i > 0 THEN x END)).n FROM (SELECT * FROM line UNION ALL SELECT 0, NULL) q;
-- errors
SELECT two_nn(x) FROM line WHERE i < 3;
SELECT two_nn(x, 1) FROM line;
SELECT two_nn(x, i * 0.1) FROM line;
SELECT two_nn(CASE WHEN i = 3 THEN x || x ELSE x END) FROM line;
SELECT two_nn(CASE WHEN i = 3 THEN x / 0 ELSE x END) FROM line;
SELECT two_nn('[]'::tensor);

-- ---- mutual_knn ----

-- Angles of x 0, 10, 90, 100 degrees; of y 0, 90, 10, 100: nearest in x 2, 1, 4, 3, in y 3, 4, 1, 2.
CREATE TEMP TABLE angles AS
    SELECT i, tensor(ARRAY[cosd(a), sind(a)]) AS x, tensor(ARRAY[cosd(b), sind(b)]) * 7 AS y
    FROM (VALUES (1, 0, 0), (2, 10, 90), (3, 90, 10), (4, 100, 100)) v (i, a, b);
SELECT mutual_knn(x, y, 1), mutual_knn(x, x, 1), round(mutual_knn(x, y, 2)::numeric, 6) AS two, mutual_knn(x, y, 3) AS all_others FROM angles;
SELECT mutual_knn(paired_agg(x, y), 1), round(mutual_knn(paired_agg(x, y), k => 2)::numeric, 6) AS two FROM angles;
SELECT mutual_knn(rdm(i, x, 'cosine'), rdm(i, y, 'cosine'), 1) AS one,
       round(mutual_knn(rdm(i, x, 'cosine'), rdm(i, y, 'cosine'), 2)::numeric, 6) AS two FROM angles;
-- conditions that both have: 2, 3, 4
SELECT mutual_knn((SELECT rdm(i, x, 'cosine') FROM angles WHERE i > 1), (SELECT rdm(i, y, 'cosine') FROM angles), 1);
SELECT mutual_knn(x, y) FROM angles WHERE false;
-- errors
SELECT mutual_knn(x, y) FROM angles;
SELECT mutual_knn(x, y, 0) FROM angles;
SELECT mutual_knn(x, y, i) FROM angles;
SELECT mutual_knn(x, y * (i - 2), 1) FROM angles;
SELECT mutual_knn(rdm(i, x, 'cosine'), rdm(i, y, 'cosine')) FROM angles;
SELECT mutual_knn(rdm_from_matrix('{a,b,c}', '[[0,1,NaN],[1,0,2],[NaN,2,0]]'), rdm_from_matrix('{a,b,c}', '[[0,1,2],[1,0,2],[2,2,0]]'), 1);

-- ---- manifold_capacity_mmcr ----

-- Two classes in directions at right angles: the nuclear norm of the identity.
SELECT manifold_capacity_mmcr(label, x) FROM (VALUES ('a', '[3,0]'::tensor), ('a', '[5,0]'), ('b', '[0,0.1]')) v (label, x);
-- One class half way between two directions: the length of its centroid.
SELECT round(manifold_capacity_mmcr(7, x)::numeric, 6) AS class, round(sqrt(0.5), 6) AS by_hand FROM (VALUES ('[3,0]'::tensor), ('[0,2]')) v (x);
SELECT manifold_capacity_mmcr(1, x) FROM (VALUES (NULL::tensor)) v (x);
SELECT manifold_capacity_mmcr(NULL::text, '[1]'::tensor);
SELECT manifold_capacity_mmcr(1, x) FROM (VALUES ('[1,2]'::tensor), ('[0,0]')) v (x);
SELECT manifold_capacity_mmcr(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1,NaN]')) v (x);
SELECT manifold_capacity_mmcr(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1]')) v (x);
SELECT manifold_capacity_mmcr(1, '[]'::tensor);

-- ---- relative_representation ----

SELECT relative_representation('[3,4]', '[[1,0],[0,2],[-3,-4]]');
SELECT relative_representation('[[3,4],[0,0],[NaN,1]]', '[[1,0],[0,2]]');
SELECT relative_representation('float8:[3,4]', '[[1,0]]'), relative_representation('float2:[3,4]'::tensor, 'float2:[[1,0]]'::tensor);
-- the same after a rotation by a quarter and another scale
SELECT relative_representation('[-8,6]', '[[0,1],[-5,0],[4,-3]]');
SELECT relative_representation(NULL, '[[1]]'), relative_representation('[1]', NULL);
SELECT relative_representation('[1,2]', '[1,2]');
SELECT relative_representation('[1,2,3]', '[[1,2]]');
SELECT relative_representation('[[[1,2]]]', '[[1,2]]');

-- ---- linear_predictivity ----

-- y is a line of x, so each predicts the other but for the shrinkage.
CREATE TEMP TABLE pairs AS SELECT i, random_normal('{3}', i) AS x, random_normal('{3}', i) * 2 + 1 AS y FROM generate_series(1, 60) i;
SELECT round(x_to_y::numeric, 3) AS x_to_y, round(y_to_x::numeric, 3) AS y_to_x FROM (SELECT (linear_predictivity(x, y)).* FROM pairs) q;
SELECT round(x_to_y::numeric, 3) AS x_to_y, round(y_to_x::numeric, 3) AS y_to_x
FROM (SELECT gram_agg(x, y, i % 5) AS xy, gram_agg(y, x, i % 5) AS yx FROM pairs) g, linear_predictivity(xy, yx);
-- the mean of ridge_cv's scores
SELECT (SELECT l.x_to_y FROM linear_predictivity(xy, yx, '{5}') l) = (SELECT avg(r2) FROM targets(ridge_cv(xy, '{5}'))) AS r2,
       (SELECT l.y_to_x FROM linear_predictivity(xy, yx, '{5}', 'r') l) = (SELECT avg(r) FROM targets(ridge_cv(yx, '{5}', scoring => 'r'))) AS r,
       (SELECT l.y_to_x FROM linear_predictivity(xy, yx, '{5}', 'r2_pooled') l)
           = (SELECT avg(r2_pooled) FROM targets(ridge_cv(yx, '{5}', scoring => 'r2_pooled'))) AS pooled
FROM (SELECT gram_agg(x, y, i % 5) AS xy, gram_agg(y, x, i % 5) AS yx FROM pairs) g;
SELECT linear_predictivity(NULL::paired), linear_predictivity(NULL::gram, NULL);
SELECT linear_predictivity(x, y) FROM pairs WHERE false;
SELECT gram_xy(paired_agg(x, y))::text = gram_agg(astype(x, 'float8'), astype(y, 'float8'))::text AS xy,
       gram_yx(paired_agg(x, y))::text = gram_agg(astype(y, 'float8'), astype(x, 'float8'))::text AS yx FROM pairs;
SELECT linear_predictivity(gram_agg(x, y), gram_agg(y, x), '{-1}') FROM pairs;
