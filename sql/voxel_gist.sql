SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- The operator classes are what PostgreSQL expects of them.
SELECT opcname, amname, amvalidate(c.oid)
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE opcintype IN ('voxel'::regtype, 'ball'::regtype) ORDER BY 1, 2;

-- A brain of 20 x 20 x 10 voxels of 2 mm, each of three subjects at the same places.
CREATE TABLE brain AS
SELECT s AS subject, voxel(2 * i, 2 * j, 2 * k) AS v
FROM generate_series(1, 3) s, generate_series(0, 19) i, generate_series(0, 19) j, generate_series(0, 9) k;
CREATE INDEX brain_v ON brain USING gist (v);
VACUUM ANALYZE brain;

-- A searchlight of 2 mm is a voxel and its six neighbours, times three subjects.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS off) SELECT v FROM brain WHERE v <@ ball('(20,20,10)', 2);
SELECT v, count(*) FROM brain WHERE v <@ ball('(20,20,10)', 2) GROUP BY v ORDER BY v;
EXPLAIN (COSTS off) SELECT subject, v FROM brain WHERE ball('(20,20,10)', 2) @> v;
SELECT count(*) FROM brain WHERE ball('(20,20,10)', 2) @> v AND subject = 2;
-- In a corner there are three neighbours; nothing within 0.5 mm of a point between voxels; radius 0 is the voxel.
SELECT count(*) FROM brain WHERE v <@ '<(0,0,0),2>' AND subject = 1;
SELECT count(*) FROM brain WHERE v <@ '<(1,1,1),0.5>';
SELECT count(*) FROM brain WHERE v <@ '<(4,4,4),0>';
SELECT count(*) FROM brain WHERE v <@ '<(0,0,0),Infinity>';

-- Nearest first. The distances from (0.5, 0, 0): 0.5, 1.5, then sqrt(4.25) twice, each three times.
EXPLAIN (COSTS off) SELECT v, v <-> '(0.5,0,0)' FROM brain ORDER BY v <-> '(0.5,0,0)' LIMIT 12;
SELECT round((v <-> '(0.5,0,0)')::numeric, 6) AS distance, count(*)
FROM (SELECT v FROM brain ORDER BY v <-> '(0.5,0,0)' LIMIT 12) q GROUP BY 1 ORDER BY 1;
EXPLAIN (COSTS off) SELECT subject, v FROM brain ORDER BY '(0.5,0,0)'::voxel <-> v LIMIT 3;
SELECT subject, v FROM (SELECT subject, v FROM brain ORDER BY '(0.5,0,0)'::voxel <-> v LIMIT 3) q ORDER BY 1;
-- both at once
SELECT DISTINCT v FROM (SELECT v FROM brain WHERE v <@ '<(10,10,10),2>' ORDER BY v <-> '(11,10,10)' LIMIT 6) q ORDER BY v;

-- Equality.
EXPLAIN (COSTS off) SELECT v FROM brain WHERE v = '(4,6,8)';
SELECT v FROM brain WHERE v = '(4,6,8)';
SELECT count(*) FROM brain WHERE v = '(4,6,8.5)';

-- A join: ordered pairs of neighbours of a 20 x 20 x 10 grid and the voxels themselves,
-- 2 (19 20 10 + 20 19 10 + 20 20 9) + 4000 = 26400.
SELECT count(*) FROM brain a JOIN brain b ON b.v <@ ball(a.v, 2) WHERE a.subject = 1 AND b.subject = 1;

-- The same answers from an index that grew by insertion, and after deletions.
CREATE TABLE grown (LIKE brain);
CREATE INDEX grown_v ON grown USING gist (v);
INSERT INTO grown SELECT * FROM brain ORDER BY hashtext(v::text), subject;
DELETE FROM grown WHERE subject = 3;
VACUUM ANALYZE grown;
SELECT v, count(*) FROM grown WHERE v <@ ball('(20,20,10)', 2) GROUP BY v ORDER BY v;
SELECT round((v <-> '(0.5,0,0)')::numeric, 6) AS distance, count(*)
FROM (SELECT v FROM grown ORDER BY v <-> '(0.5,0,0)' LIMIT 8) q GROUP BY 1 ORDER BY 1;

-- NULLs are indexed and not found; nothing but duplicates splits too.
INSERT INTO grown SELECT 1, NULL FROM generate_series(1, 10);
SELECT count(*) FROM grown WHERE v IS NULL;
SELECT count(*) FROM grown WHERE v <@ '<(0,0,0),Infinity>';
CREATE TABLE same (v voxel);
CREATE INDEX ON same USING gist (v);
INSERT INTO same SELECT '(1,2,3)' FROM generate_series(1, 2000);
SELECT count(*) FROM same WHERE v <@ '<(1,2,4),1>';
SELECT count(*) FROM same WHERE v <@ '<(1,2,4),0.999>';

-- The storage type.
SELECT '(0,1,2),(3,4,5)'::voxel_box, voxel_box_send('(0,1,2),(3,4,5)');
SELECT '(0,1,2),(3,0,5)'::voxel_box;
SELECT '(0,1,2)'::voxel_box;

DROP TABLE brain, grown, same;
