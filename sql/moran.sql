SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: four voxels in a row, 1 1 3 3: z is -1 -1 1 1; pairs 1 - 1 + 1 = 1 of 3, i = 4 / 6 * 2 / 4 = 1/3.
-- In turn 1 3 1 3: -3 of 3 pairs, i = -1.  expected -1/3.
CREATE TEMP TABLE map (v voxel, smooth float8, turns float8);
INSERT INTO map VALUES ('(0,0,0)', 1, 1), ('(2,0,0)', 1, 3), ('(4,0,0)', 3, 1), ('(6,0,0)', 3, 3);
SELECT n, n_pairs, round(i::numeric, 6) AS i, round(expected::numeric, 6) AS expected, round(variance::numeric, 6) AS variance, round(z::numeric, 6) AS z, round(p::numeric, 6) AS p
FROM (SELECT (moran_i(v, smooth, 2)).* FROM map UNION ALL SELECT (moran_i(v, turns, 2)).* FROM map) q;
-- the radius reaches two steps; all; none
SELECT (moran_i(v, smooth, 4)).n_pairs, (moran_i(v, smooth, 'Infinity')).*, (moran_i(v, smooth, 1.99)).* FROM map;

-- rows without a value or a place are skipped; neither scale nor offset matters
SELECT moran_i(v, value, 2) = (SELECT moran_i(v, smooth, 2) FROM map) AS same
FROM (SELECT v, smooth AS value FROM map UNION ALL VALUES (voxel '(1,0,0)', NULL::float8), ('(3,0,0)', 'NaN'), (NULL, 7)) q;
SELECT round((moran_i(v, smooth * 1e9 + 1e10, 2)).i::numeric, 12) AS i, round((moran_i(v, smooth * -1e300, 2)).i::numeric, 12) FROM map;

-- a smooth map on a grid, and noise
SELECT (m).n, (m).n_pairs, round((m).i::numeric, 3) AS i, (m).z > 20 AS smooth, (m).p < 1e-6 AS p
FROM (SELECT moran_i(voxel(x, y, z), sin(x / 3.0) + y / 10.0, 1) AS m FROM generate_series(1, 8) x, generate_series(1, 8) y, generate_series(1, 8) z) q;
SELECT abs((m).z) < 3 AS like_chance
FROM (SELECT moran_i(voxel(x, y, z), (random_normal('{1}', x * 100 + y * 10 + z))[1], 1.5) AS m FROM generate_series(1, 8) x, generate_series(1, 8) y, generate_series(1, 8) z) q;

-- edges: no row, one, two, three, all values equal, two rows at one place
SELECT moran_i(v, smooth, 2) FROM map WHERE false;
SELECT n, moran_i(v, smooth, 2) FROM map, generate_series(1, 3) n WHERE (v)::text = ANY (('{"(0,0,0)","(2,0,0)","(4,0,0)"}'::text[])[1:n]) GROUP BY n ORDER BY n;
SELECT moran_i(v, 0.1, 2) FROM map;
SELECT (moran_i(voxel '(1,1,1)', x, 0)).* FROM generate_series(1, 4) x;

-- an aggregate like others: groups, FILTER, points of moran_i are no others
SELECT smooth, (moran_i(v, turns, 2)).n_pairs FROM map GROUP BY smooth ORDER BY smooth;
SELECT (moran_i(v, smooth, 2) FILTER (WHERE turns = 3)).n FROM map;

-- errors
SELECT moran_i(v, smooth, -1) FROM map;
SELECT moran_i(v, smooth, 'NaN') FROM map;
SELECT moran_i(v, smooth, NULL) FROM map;
SELECT moran_i(v, smooth, turns) FROM map;
SELECT moran_i(v, 'Infinity', 2) FROM map;
SELECT moran_final(points_agg(t)) FROM (VALUES (tensor '[1,2,3,4]')) q (t);
SET neuroenc.memory_limit = '2MB';
SELECT moran_i(voxel(x, 0, 0), x, 'Infinity') FROM generate_series(1, 2000) x;
RESET neuroenc.memory_limit;
