-- The extension's objects as the catalog sees them, and installation in a
-- schema of its own.  In a database of its own: objects of other tests must
-- not matter.
SET client_min_messages = warning;
\set here :DBNAME
CREATE DATABASE neuroenc_catalog TEMPLATE template0;
\c neuroenc_catalog
SET client_min_messages = warning;
CREATE SCHEMA lab;
CREATE EXTENSION neuroenc SCHEMA lab;
CREATE VIEW members AS
    SELECT d.classid, d.objid, i.type, i.identity
    FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.deptype = 'e' AND e.extname = 'neuroenc';
CREATE VIEW functions AS
    SELECT p.*, p.oid::regprocedure::text AS signature FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;

-- Every object has a comment, of whatever kind it is, and every setting a description.
SELECT DISTINCT type FROM members ORDER BY 1;
SELECT type, identity FROM members WHERE obj_description(objid, classid::regclass::name) IS NULL ORDER BY 1, 2;
LOAD 'neuroenc';
SELECT name, length(short_desc) > 12 AS described FROM pg_settings WHERE name LIKE 'neuroenc.%' ORDER BY 1;

-- ... and none is a placeholder.
SELECT identity FROM members WHERE length(obj_description(objid, classid::regclass::name)) < 12 ORDER BY 1;

-- Everything is immutable and parallel safe but these.
SELECT signature, provolatile, proparallel FROM functions
WHERE prokind <> 'a' AND (provolatile <> 'i' OR proparallel <> 's') ORDER BY 1;

-- No aggregate that can be merged is kept from parallel plans; these can't be merged.
SELECT f.signature FROM functions f JOIN pg_aggregate a ON a.aggfnoid = f.oid
WHERE a.aggcombinefn <> 0 AND f.proparallel <> 's' ORDER BY 1;
SELECT f.signature FROM functions f JOIN pg_aggregate a ON a.aggfnoid = f.oid WHERE a.aggcombinefn = 0 ORDER BY 1;

-- Support functions of a parallel aggregate are parallel safe themselves.
SELECT a.aggfnoid::regprocedure, p.oid::regprocedure
FROM pg_aggregate a JOIN functions f ON f.oid = a.aggfnoid
JOIN pg_proc p ON p.oid IN (a.aggtransfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggfinalfn)
WHERE f.proparallel = 's' AND p.proparallel <> 's' ORDER BY 1, 2;

-- A worker that keeps rows sends them all: the cost of combining keeps the planner from it.
SELECT f.signature FROM functions f JOIN pg_aggregate a ON a.aggfnoid = f.oid JOIN pg_proc p ON p.oid = a.aggcombinefn
WHERE a.aggtranstype::regtype::text IN ('lab.points', 'lab.predictions', 'lab.recordings', 'lab.trial_set') AND p.procost < 1e8 ORDER BY 1;

-- An internal state that is merged is serialised too; no polymorphic arguments.
SELECT f.signature FROM functions f JOIN pg_aggregate a ON a.aggfnoid = f.oid
WHERE a.aggtranstype = 'internal'::regtype AND a.aggcombinefn <> 0 AND (a.aggserialfn = 0 OR a.aggdeserialfn = 0) ORDER BY 1;
SELECT signature FROM functions, unnest(proargtypes) t JOIN pg_type ON pg_type.oid = t
WHERE typtype = 'p' AND prokind = 'a' ORDER BY 1;

-- Citus and the like compute an aggregate on each shard and merge the states if the state is a type of its own, sent by its
-- input and output functions, and the final function takes nothing beside it.  These are computed over the rows instead.
SELECT f.signature FROM functions f JOIN pg_aggregate a ON a.aggfnoid = f.oid JOIN pg_type t ON t.oid = a.aggtranstype
WHERE a.aggcombinefn <> 0 AND (t.typtype = 'p' OR t.typinput = 0 OR t.typoutput = 0 OR a.aggfinalextra OR a.aggkind <> 'n') ORDER BY 1;

-- A C function that takes SQL values and is not strict must expect NULL: these do
-- (aggregates' transitions, merges and finals apart).
SELECT signature FROM functions f
WHERE prokind = 'f' AND NOT proisstrict
  AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE f.oid IN (a.aggtransfn, a.aggcombinefn, a.aggfinalfn, a.aggmtransfn))
ORDER BY 1;

-- Nothing is SECURITY DEFINER, nothing sets its own parameters.
SELECT signature FROM functions WHERE prosecdef OR proconfig IS NOT NULL;

-- Base types go by text and binary, and are validated on the way in.
SELECT t.typname FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
WHERE t.typtype = 'b' AND t.typelem = 0 AND (t.typreceive = 0 OR t.typsend = 0) ORDER BY 1;

-- Used from elsewhere, by schema-qualified names.
SET search_path = pg_catalog;
SELECT lab.tensor '[1,2,3]' OPERATOR(lab.+) lab.tensor '[10,20,30]' AS sum,
       lab.tensor '[1,2]' OPERATOR(lab.<->) lab.tensor '[4,6]' AS distance,
       (lab.tensor '[[1,2],[3,4]]')[2][1] AS element, (lab.tensor '[5,6,7]')[2:3] AS slice;
SELECT lab.shape(lab.matmul('[[1,2]]', '[[3],[4]]')), '{1.5,2}'::real[]::lab.tensor, lab.tensor '[1,2]'::float8[];
SELECT lab.avg(v), lab.sum(v), lab.stack(v ORDER BY v) FROM (VALUES (lab.tensor '[1,2]'), ('[3,6]')) q(v);
SELECT * FROM lab.unnest(lab.tensor '[7,8]') u;
CREATE TABLE public.places (id int, place lab.voxel);
INSERT INTO public.places SELECT i, lab.voxel(i, 0, 0) FROM generate_series(1, 1000) i;
CREATE INDEX ON public.places USING gist (place);
SET enable_seqscan = off;
SELECT array_agg(id ORDER BY id) FROM public.places WHERE place OPERATOR(lab.<@) lab.ball '<(10,0,0),2>';
SELECT id FROM public.places ORDER BY place OPERATOR(lab.<->) lab.voxel '(500.2,0,0)' LIMIT 2;
RESET enable_seqscan;
CREATE TABLE public.rows AS
    SELECT i % 4 AS fold, lab.tensor('[' || i || ',' || (i * i) % 7 || ']') AS x, lab.tensor('[' || 2 * i + 1 || ']') AS y
    FROM generate_series(1, 40) i;
SELECT target, alpha, round(r2::numeric, 6) AS r2
FROM (SELECT lab.ridge_cv(lab.gram_agg(x, y, fold), alphas => '{1e-6}') AS e FROM public.rows) s, lab.targets(s.e) t;
SELECT lab.n_samples(g OPERATOR(lab.-) lab.without_folds(g, '{1}')) FROM (SELECT lab.gram_agg(x, y, fold) AS g FROM public.rows) s;

-- Moved, with the tables, views and indexes that use it.
CREATE VIEW public.used AS SELECT id, place OPERATOR(lab.<->) lab.voxel '(3,0,0)' AS d FROM public.places;
CREATE SCHEMA elsewhere;
ALTER EXTENSION neuroenc SET SCHEMA elsewhere;
SELECT id, d FROM public.used ORDER BY d, id LIMIT 3;
SELECT id FROM public.places ORDER BY place OPERATOR(elsewhere.<->) elsewhere.voxel '(500.2,0,0)' LIMIT 2;
SELECT target, round(r2::numeric, 6) AS r2
FROM (SELECT elsewhere.ridge_cv(elsewhere.gram_agg(x, y, fold), alphas => '{1e-6}') AS e FROM public.rows) s, elsewhere.targets(s.e) t;

-- Dropped, nothing stays behind.
DROP EXTENSION neuroenc CASCADE;
SELECT count(*) FROM pg_proc WHERE probin LIKE '%neuroenc%';
\c :"here"
DROP DATABASE neuroenc_catalog;
