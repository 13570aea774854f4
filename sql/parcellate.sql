SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Six voxels in a row: the ends are alike, but only what touches may merge
CREATE TABLE strip AS SELECT i AS id, ('(' || i || ',0,0)')::voxel AS v, tensor(ARRAY[(ARRAY[1, 1.1, 5, 5.2, 1, 1.1])[i]]) AS t FROM generate_series(1, 6) i;
SELECT id, ward_parcellate(v, t, 3, 1) OVER () AS three, ward_parcellate(v, t, 2, 1) OVER () AS two,
       ward_parcellate(v, t, 2, 10) OVER () AS two_anywhere, ward_parcellate(v, t, 6, 1) OVER () AS six, ward_parcellate(v, t, 1, 1) OVER () AS one
FROM   strip ORDER BY id;

-- the order of rows does not matter; rows without t have no label; partitions are apart
SELECT array_agg(p ORDER BY id) FROM (SELECT id, ward_parcellate(v, t, 3, 1) OVER (ORDER BY -id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS p FROM strip) q;
SELECT id, ward_parcellate(v, CASE WHEN id <> 3 THEN t END, 2, 2) OVER () FROM strip ORDER BY id;
SELECT id, ward_parcellate(v, t, 1, 1) OVER (PARTITION BY id <= 3), ward_parcellate(v, t, 2, 1) OVER (PARTITION BY id <= 3) FROM strip ORDER BY id;

-- ties go by place: all rows equal
SELECT array_agg(p ORDER BY id) FROM (SELECT id, ward_parcellate(v, tensor '[1]', 2, 1) OVER () AS p FROM strip) q;
SELECT array_agg(p ORDER BY id) FROM (SELECT id, ward_parcellate(v, tensor '[1]', 2, 1) OVER (ORDER BY -id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS p FROM strip) q;

-- voxels at one place touch, also at radius 0
SELECT ward_parcellate(voxel '(1,2,3)', t, 1, 0) OVER () FROM strip WHERE id <= 2;

-- a plane of 900 voxels in four quarters, with noise: faces join, parcels are the quarters
SELECT array_agg(DISTINCT q.p ORDER BY q.p) AS parcels, count(DISTINCT (q.p, q.quarter)) AS pairs
FROM  (SELECT (x / 15) * 2 + y / 15 AS quarter,
              ward_parcellate(('(' || x || ',' || y || ',0)')::voxel, random_normal('{4}', x * 30 + y) + 4 * ((x / 15) * 2 + y / 15), 4, 1.0) OVER () AS p
       FROM generate_series(0, 29) x, generate_series(0, 29) y) q;

-- none, one
SELECT ward_parcellate(v, t, 1, 1) OVER () FROM strip WHERE false;
SELECT ward_parcellate(v, t, 1, 0) OVER () FROM strip WHERE id = 4;
SELECT ward_parcellate(v, NULL::tensor, 1, 0) OVER () FROM strip WHERE id = 4;

-- errors
SELECT ward_parcellate(v, t, 2, 0.5) OVER () FROM strip;
SELECT ward_parcellate(v, t, 2, 1) OVER () FROM strip WHERE id <> 2 AND id <> 4;
SELECT ward_parcellate(v, t, 0, 1) OVER () FROM strip;
SELECT ward_parcellate(v, t, 7, 1) OVER () FROM strip;
SELECT ward_parcellate(v, t, id, 1) OVER () FROM strip;
SELECT ward_parcellate(v, t, NULL, 1) OVER () FROM strip;
SELECT ward_parcellate(v, t, 2, -1) OVER () FROM strip;
SELECT ward_parcellate(v, t, 2, 'NaN') OVER () FROM strip;
SELECT ward_parcellate(CASE WHEN id > 1 THEN v END, t, 2, 1) OVER () FROM strip;
SELECT ward_parcellate(v, CASE WHEN id > 1 THEN t ELSE '[NaN]' END, 2, 1) OVER () FROM strip;

DROP TABLE strip;
