SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: 10 places, 3 units. The concept is in places 1 to 4. With quantile 0.3 three places of each unit are active:
-- unit 1 in 1, 2, 3: IoU 3 / 4; unit 2 in 4, 5, 6: 1 / 6; unit 3 in 8, 9, 10: 0 / 7.
CREATE TEMP TABLE pictures (id int, x tensor, mask tensor);
INSERT INTO pictures VALUES (1, '[[9,8,7,1,2],[0,1,2,9,8],[3,2,1,0,4]]', '[1,1,1,1,0]'), (2, '[[3,4,5,6,0],[7,3,4,5,6],[5,6,7,8,9]]', '[0,0,0,0,0]');
SELECT u.* FROM (SELECT concept_agg(x, mask) AS p FROM pictures) q, concept_units(p, 0.3) u;
-- where unit 2 is active one place with the concept weighs 10 / (2 * 4) and two without weigh 2 * 10 / (2 * 6): not the concept,
-- so the combination says places 1, 2 and 3 as well
SELECT (r).n, (r).n_concept, (r).unit, (r).threshold, (r).unit_iou, round((r).combined_iou::numeric, 6) AS combined_iou,
       (r).held_out_unit_iou, (r).held_out_combined_iou, (r).thresholds, (r).weights[1] > 0 AS unit_1, (r).weights[3] < 0 AS unit_3
FROM (SELECT concept_vector(concept_agg(x, mask), 0.3, 0.01) AS r FROM pictures) q;
-- ties are not above the threshold: one of five is active at quantile 0.4, since two more are equal to the third
SELECT threshold, iou FROM (SELECT concept_agg('[[3,2,2,2,1]]', '[1,0,0,0,0]') AS p) q, concept_units(p, 0.4);
-- fewer than 1 / quantile places: none is active
SELECT (r).unit, (r).unit_iou FROM (SELECT concept_vector(x, mask) AS r FROM pictures) q;
-- places that are not known are left out, and so are rows with NULLs
SELECT n_samples(concept_agg(x, m)) AS n FROM (SELECT x, mask || '[]'::tensor AS m FROM pictures UNION ALL VALUES (NULL::tensor, '[1]'::tensor), ('[[1],[2],[3]]', NULL), ('[[1,2],[2,3],[3,4]]', '[NaN,1]')) q;
SELECT concept_vector(x, mask) FROM pictures WHERE false;
-- height and width; a single place
SELECT n_samples(concept_agg('[[[1,2],[3,4]],[[5,6],[7,8]]]', '[[0,1],[1,0]]')) AS places, n_dimensions(concept_agg('[[[1,2],[3,4]],[[5,6],[7,8]]]', '[[0,1],[1,0]]')) AS units;
SELECT n_samples(concept_agg('[1,2,3]', '1')) AS places;

-- folds: the same whatever the order of the pictures, and in parallel
CREATE TABLE concept_pictures AS
    SELECT i, reshape(random_normal('{6,25}', i) + matmul('[[0],[2],[-1],[0],[1],[0]]', reshape(m, '{1,25}')), '{6,5,5}') AS x, reshape(m, '{5,5}') AS mask, i % 4 AS fold
    FROM (SELECT i, tensor((SELECT array_agg(CASE WHEN (k + i) % 7 < 2 THEN 1.0 ELSE 0 END ORDER BY k) FROM generate_series(1, 25) k)) AS m
          FROM generate_series(1, 80) i) q;
SELECT (r).n, (r).unit, (r).unit_iou > 0.15 AS one, (r).combined_iou > (r).unit_iou AS together, abs((r).held_out_combined_iou - (r).combined_iou) < 0.05 AS held_out
FROM (SELECT concept_vector(concept_agg(x, mask, fold), 0.1) AS r FROM concept_pictures) q;
SELECT a::text = b::text AS same FROM (SELECT concept_vector(x, mask, fold ORDER BY i) AS a, concept_vector(x, mask, fold ORDER BY md5(i::text)) AS b FROM concept_pictures) q;
ALTER TABLE concept_pictures SET (parallel_workers = 2);
ALTER FUNCTION points_combine_rows(points, points) COST 1;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT concept_vector(x, mask, fold) FROM concept_pictures;
CREATE TEMP TABLE in_parallel AS SELECT concept_vector(x, mask, fold)::text AS r, n_samples(concept_agg(x, mask)) AS n FROM concept_pictures;
SET max_parallel_workers_per_gather = 0;
SELECT p.r = s.r AS same, n FROM in_parallel p, (SELECT concept_vector(x, mask, fold)::text AS r FROM concept_pictures) s;
RESET ALL;
DROP TABLE concept_pictures;

-- errors
SELECT concept_agg(x, mask[1:4]) FROM pictures;
SELECT concept_agg('3', '1');
SELECT concept_agg(x, mask * 2) FROM pictures;
SELECT concept_agg('[[1,2],[NaN,3]]', '[0,1]');
SELECT concept_vector(x, mask) FROM pictures WHERE id = 2;
SELECT concept_vector(x, 1 - mask * 0) FROM pictures;
SELECT concept_vector(x, mask, id) FROM pictures;
SELECT concept_vector(concept_agg(x, mask), 0) FROM pictures;
SELECT concept_vector(concept_agg(x, mask), 1) FROM pictures;
SELECT concept_vector(concept_agg(x, mask), 'NaN') FROM pictures;
SELECT concept_vector(concept_agg(x, mask), alpha => 0) FROM pictures;
SELECT concept_vector(concept_agg(x, mask), activations => 'binary') FROM pictures;
SELECT concept_vector(points_agg(mask, 'a' || id)) FROM pictures;
SELECT concept_vector(points_agg(mask)) FROM pictures;
SELECT concept_units(concept_agg(x, mask), 2) FROM pictures;
