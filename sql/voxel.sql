SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- A voxel is a point; <-> is the Euclidean distance (a 3-4-5 triangle, and a 2-3-6-7 one).
SELECT voxel(1, 2.5, -3), '( 1 , 2.5 , -3 )'::voxel, '(0,0,0)'::voxel <-> '(3,4,0)', voxel(1, 1, 1) <-> voxel(3, 4, 7) AS seven;
SELECT x(v), y(v), z(v) FROM (SELECT '(0.1,-2,1e10)'::voxel AS v) q;

-- A ball is closed: it holds the voxel at distance 5 exactly.
SELECT '(3,4,0)'::voxel <@ '<(0,0,0),5>'::ball AS closed, '(3,4,0)'::voxel <@ ball('(0,0,0)', 4.999) AS out,
       ball('(3,4,0)', 0) @> '(3,4,0)' AS zero_radius, '<(0,0,0),Infinity>'::ball @> '(3e38,-3e38,3e38)' AS everything;
SELECT ball('(1,2,3)', 0.1), '< ( 1,2,3 ) , 4.5 >'::ball, '<(-0,0,0),-0>'::ball;

-- Coordinates are kept to the bit; -0 is 0.
SELECT '(-0,1e-45,3.4028235e38)'::voxel, '(0.1,0.2,0.3)'::voxel;
SELECT voxel(1e-60, -1e-60, 0) AS rounds_to_zero;
SELECT '(3.4028235e38,0,0)'::voxel <-> '(-3.4028235e38,0,0)' AS no_overflow, '(1e-44,0,0)'::voxel <-> '(0,0,0)' AS no_underflow;

-- Order by x, then y, then z; a ball by its centre, then its radius.
SELECT v FROM unnest('{"(1,2,3)","(1,2,-3)","(0,9,9)","(1,-2,5)"}'::voxel[]) v ORDER BY v;
SELECT b FROM unnest(ARRAY['<(1,2,3),2>', '<(1,2,3),1>', '<(0,2,3),9>']::ball[]) b ORDER BY b DESC;
SELECT a = b AS eq, a <> b AS ne, a < b AS lt, a <= b AS le, a > b AS gt, a >= b AS ge
FROM (VALUES ('(1,2,3)'::voxel, '(1,2,3)'::voxel), ('(1,2,3)', '(1,2,4)'), ('(-0,2,3)', '(0,2,3)')) q (a, b);
SELECT a = b AS eq, a <> b AS ne, a < b AS lt, a <= b AS le, a > b AS gt, a >= b AS ge
FROM (VALUES ('<(1,2,3),1>'::ball, '<(1,2,3),1>'::ball), ('<(1,2,3),1>', '<(1,2,3),2>')) q (a, b);

-- GROUP BY by hash and by sort, DISTINCT, joins, keys.
CREATE TEMP TABLE p AS SELECT voxel(i % 3, i % 2, 0) AS v, ball(voxel(i % 3, 0, 0), i % 2) AS b FROM generate_series(1, 12) i;
SET enable_sort = off;
SELECT count(*) FROM (SELECT v, count(*) FROM p GROUP BY v) q;
SELECT count(*) FROM (SELECT b, count(*) FROM p GROUP BY b) q;
RESET enable_sort;
SET enable_hashagg = off;
SELECT v, count(*) FROM p GROUP BY v ORDER BY v;
RESET enable_hashagg;
SELECT count(*) FROM p AS a JOIN p AS c USING (v);
SELECT count(DISTINCT v), count(DISTINCT b) FROM p;
CREATE TEMP TABLE keyed (v voxel PRIMARY KEY, b ball UNIQUE);
INSERT INTO keyed VALUES ('(0,0,0)', '<(0,0,0),1>');
INSERT INTO keyed VALUES ('(-0,0,0)', '<(0,0,0),2>');
CREATE TEMP TABLE parts (v voxel) PARTITION BY HASH (v);
CREATE TEMP TABLE part0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TEMP TABLE part1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT v FROM p;
SELECT count(*), count(DISTINCT v) FROM parts;
CREATE INDEX p_hash ON p USING hash (v);
SET enable_seqscan = off;
SELECT count(*) FROM p WHERE v = '(1,1,0)';
RESET enable_seqscan;

-- Binary form: three, and four, big-endian float4.
SELECT voxel_send('(1,-2,0.5)'), ball_send('<(1,-2,0.5),8>');

-- NULL in, NULL out.
SELECT voxel(1, NULL, 3), ball(NULL, 1), NULL::voxel <-> '(0,0,0)', NULL::voxel <@ '<(0,0,0),1>', x(NULL);

-- What is refused.
SELECT voxel('NaN', 0, 0);
SELECT voxel(0, '-Infinity', 0);
SELECT voxel(0, 0, 1e39);
SELECT '(NaN,0,0)'::voxel;
SELECT '(0,inf,0)'::voxel;
SELECT '(1e39,0,0)'::voxel;
SELECT '(1e-46,0,0)'::voxel;
SELECT ''::voxel;
SELECT '(1,2)'::voxel;
SELECT '(1,2,3,4)'::voxel;
SELECT '(1,2,3'::voxel;
SELECT '(1,2,3) x'::voxel;
SELECT '(1,,3)'::voxel;
SELECT '1,2,3'::voxel;
SELECT '<(1,2,3)>'::ball;
SELECT '<(1,2,3),4'::ball;
SELECT '<(1,2,NaN),4>'::ball;
SELECT ball('(0,0,0)', -1);
SELECT ball('(0,0,0)', 'NaN');
SELECT ball('(0,0,0)', 1e39);
SELECT '<(0,0,0),-1e-3>'::ball;
SELECT '<(0,0,0),nan>'::ball;

-- Affine maps: 2 mm voxels, x flipped, origin at (90, -126, -72): the MNI 2 mm grid.
SELECT transform(a, voxel(45, 63, 36)) AS origin, transform(a, '(0,0,0)') AS corner,
       transform(invert_affine(a), '(-42,-4,2)') AS grid, invert_affine(a)
FROM (SELECT '[[-2,0,0,90],[0,2,0,-126],[0,0,2,-72],[0,0,0,1]]'::tensor AS a) q;
-- A shear, by hand: x' = x + y; its inverse is x - y. Half precision affines are read too.
SELECT transform('[[1,1,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]', '(1,2,3)'),
       invert_affine('float2:[[1,1,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]');
-- The size of a voxel does not make a map singular (and 1 / 1e-9 is 999999999.9999999 in float8).
SELECT invert_affine('float8:[[1e-9,0,0,0],[0,1e9,0,0],[0,0,1e-9,0],[0,0,0,1]]');

SELECT transform('[1,2,3]', '(0,0,0)');
SELECT transform('[[1,0,0],[0,1,0],[0,0,1]]', '(0,0,0)');
SELECT transform('[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,1,1]]', '(0,0,0)');
SELECT transform('[[1,0,0,0],[0,1,NaN,0],[0,0,1,0],[0,0,0,1]]', '(0,0,0)');
SELECT transform('[[1e38,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]', '(10,0,0)');
SELECT invert_affine('[[1,2,3,0],[2,4,6,0],[0,0,1,0],[0,0,0,1]]');
SELECT invert_affine('[[0,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]');
SELECT invert_affine('[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,2]]');
