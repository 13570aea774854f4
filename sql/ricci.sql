SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- a path 1 - 2 - 3, alpha 1/2.  Walk from 1: 1/2 at 1, 1/2 at 2; from 2: 1/2 at 2, 1/4 at 1 and 3.
-- To move: 1/4 from 1 to 3, length 2: W1 = 1/2, curvature 1/2; so is the other edge.
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3]);
-- alpha 0: all of 1's mass at 2, 2's half at 1 and half at 3: W1 = 1, curvature 0
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], alpha => 0);
-- alpha 1: nothing moves but the node itself: W1 = d
SELECT * FROM ollivier_ricci(ARRAY['a','b'], ARRAY['b','c'], alpha => 1);
-- a triangle: walks differ by 1/4 at the ends: W1 = 1/4, curvature 3/4
SELECT * FROM ollivier_ricci(ARRAY[3,1,2], ARRAY[1,2,3]);
-- lengths: the path with edges of 1 and 3; at (1,2): 1/4 from 1 to 3 is 4 away, W1 = 1, curvature 0; at (2,3): 1/4 over 4, 1/3 of an edge of 3
SELECT a, b, round(curvature::numeric, 6) AS curvature FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[1,3]);
-- labels sort as an rdm's do; text labels
SELECT * FROM ollivier_ricci(ARRAY[10,2], ARRAY[9,10]);
SELECT * FROM ollivier_ricci(ARRAY['house','face'], ARRAY['face','cat']);
-- an edge of length 0 has no curvature
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[0,1]);
SELECT count(*) FROM ollivier_ricci('{}'::bigint[], '{}'::bigint[]);
SELECT count(*) FROM ollivier_ricci(NULL::bigint[], '{1}'::bigint[]);

-- of an rdm: points 0, 1, 3, 7 on a line, each joined to its nearest: a path
CREATE TABLE line AS SELECT rdm_from_matrix('{a,b,c,d}', '[[0,1,3,7],[1,0,2,6],[3,2,0,4],[7,6,4,0]]', 'unknown') AS r;
SELECT e.a, e.b, round(curvature::numeric, 6) AS curvature FROM line, ollivier_ricci(r, 1) e;
SELECT e.a, e.b, round(curvature::numeric, 6) AS curvature FROM line, ollivier_ricci(r, 3) e;
SELECT count(*) FROM line, ollivier_ricci(r, 100) e;
-- missing pairs are no edges; one condition has none
SELECT e.* FROM ollivier_ricci(rdm_from_matrix('{a,b,c}', '[[0,1,NaN],[1,0,1],[NaN,1,0]]', 'unknown'), 2) e;
SELECT count(*) FROM ollivier_ricci(rdm_from_matrix('{a}', '[[0]]', 'unknown'), 1);

-- ricci_flow: a path of three edges; the first step by hand.  Ends: W1 = 1/4 * 2, curvature 1/2; the middle:
-- walks (1/4, 1/2, 1/4, 0) and (0, 1/4, 1/2, 1/4): two quarters go two on, W1 = 1, curvature 0.
-- Lengths 1/2, 1, 1/2, times 3/2
SELECT * FROM ollivier_ricci(ARRAY[1,2,3], ARRAY[2,3,4]);
SELECT a, b, round(weight::numeric, 6) AS weight FROM ricci_flow(ARRAY[1,2,3], ARRAY[2,3,4], n_iter => 1);
SELECT a, b, round(weight::numeric, 6) AS weight, round(curvature::numeric, 6) AS curvature FROM ricci_flow(ARRAY[1,2,3], ARRAY[2,3,4], ARRAY[2,2,2], n_iter => 0);
-- two triangles and a bridge, which becomes the longest
SELECT a, b, weight = max(weight) OVER () AS longest FROM ricci_flow(ARRAY['a','b','c','d','e','f','c'], ARRAY['b','c','a','e','f','d','d']);
SELECT e.a, e.b, round(e.weight::numeric, 4) AS weight FROM line, ricci_flow(r, 1, 2) e;
SELECT count(*) FROM ricci_flow(ARRAY[1], ARRAY[2], n_iter => NULL);

-- errors
SELECT e.* FROM line, ollivier_ricci(r, 0) e;
SELECT e.* FROM line, ollivier_ricci(r, 1, 1.5) e;
SELECT * FROM ollivier_ricci(rdm_from_matrix('{a,b}', '[[0,-1],[-1,0]]', 'crossnobis'), 1);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2]);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,2]);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,1]);
SELECT * FROM ollivier_ricci(ARRAY[1,NULL], ARRAY[2,1]);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[1]);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[1,-1]);
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[1,NULL]);
SELECT e.* FROM line, ricci_flow(r, 1, -1) e;
SELECT e.* FROM line, ricci_flow(r, 1, 1, step => 0) e;
DROP TABLE line;
