-- fir(): finite impulse response features over the rows of a run
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Two runs, (1, 0, 2 | 3, 0, 5): delay 1 is the row before, 2 the one before that, -1 the next
CREATE TEMP TABLE series (run int, t int, x tensor, value float8);
INSERT INTO series VALUES
	(1, 1, '[1]', 1), (1, 2, '[0]', 0), (1, 3, '[2]', 2),
	(2, 1, '[3]', 3), (2, 2, '[0]', 0), (2, 3, '[5]', 5);
SELECT run, t, fir(x, '{1,2,-1}') OVER (PARTITION BY run ORDER BY t) FROM series ORDER BY run, t;
SELECT run, t, fir(value, '{1,2,-1}') OVER (PARTITION BY run ORDER BY t) FROM series ORDER BY run, t;
-- order is the window's, not the table's
SELECT t, fir(x, '{0,1}') OVER (ORDER BY run DESC, t DESC) FROM series ORDER BY run DESC, t DESC;

-- A delay is a block as wide as x; the element type is x's
CREATE TEMP TABLE wide AS
	SELECT i AS t, format('float8:[%s,%s]', i, 10 * i)::tensor AS x FROM generate_series(1, 4) AS i;
SELECT t, fir(x, '{0,2}') OVER (ORDER BY t) FROM wide;
-- far delays leave the run; repeated ones are repeated; a run of one row
SELECT t, fir(x, '{1000000000,-1000000000,0,0}') OVER (ORDER BY t) FROM wide;
SELECT fir(x, '{-1,0,1}') OVER () FROM wide WHERE t = 3;
-- rows that differ in element type: each takes its own
SELECT t, fir(x, '{0,1}') OVER (ORDER BY t)
FROM (VALUES (1, 'float2:[1]'::tensor), (2, 'float8:[0.1]'), (3, '[NaN]'), (4, 'float2:[-2]')) AS v (t, x);
-- a width of zero
SELECT fir('[]'::tensor, '{0,1}') OVER ();
-- the frame and a LIMIT make no difference
SELECT t, fir(x, '{-2}') OVER (ORDER BY t ROWS CURRENT ROW) FROM wide LIMIT 2;

-- NULL: the row itself, and each that draws on it, is NULL
SELECT t, fir(x, '{1}') OVER (ORDER BY t), fir(value, '{0,-1}') OVER (ORDER BY t)
FROM (VALUES (1, '[1]'::tensor, 1), (2, NULL, NULL), (3, '[3]', 3), (4, '[4]', 4), (5, NULL, NULL)) AS v (t, x, value);
SELECT fir(NULL::tensor, '{0,1}') OVER () FROM generate_series(1, 2);

-- Against lag() and lead() on many rows in runs of different length, with buffers that wrap around
CREATE TEMP TABLE long AS
	SELECT i / 700 AS run, i AS t, (i * 7919 % 1009)::float8 AS value FROM generate_series(1, 3000) AS i;
SELECT count(*), count(*) FILTER (WHERE f::text <> expected) AS wrong
FROM (SELECT fir(value, '{3,0,-2,40,-40}') OVER w AS f,
			 format('float8:[%s,%s,%s,%s,%s]', coalesce(lag(value, 3) OVER w, 0), value, coalesce(lead(value, 2) OVER w, 0),
					coalesce(lag(value, 40) OVER w, 0), coalesce(lead(value, 40) OVER w, 0)) AS expected
	  FROM long WINDOW w AS (PARTITION BY run ORDER BY t)) AS s;

-- Errors
SELECT fir(x, '{}') OVER () FROM wide;
SELECT fir(x, NULL) OVER () FROM wide;
SELECT fir(x, '{1,NULL}') OVER () FROM wide;
SELECT fir(x, '{{1,2},{3,4}}') OVER () FROM wide;
SELECT fir(x, '{0,-2000000000}') OVER () FROM wide;
SELECT fir(x, ARRAY[t]) OVER (ORDER BY t) FROM wide;
SELECT fir('[[1,2]]'::tensor, '{0}') OVER ();
SELECT fir(x, '{1}') OVER (ORDER BY t) FROM (VALUES (1, '[1,2]'::tensor), (2, NULL), (3, '[1]')) AS v (t, x);
SELECT fir('[1]'::tensor, '{1}');

-- Far delays hold the rows between (10,000 bytes each here), near ones do not: the limit is met
-- before memory is, and the claim is given back
SET neuroenc.memory_limit = '2MB';
CREATE TEMP TABLE heavy AS
	SELECT t, (SELECT format('float8:[%s]', string_agg((t + i)::text, ','))::tensor FROM generate_series(1, 1250) AS i) AS x
	FROM generate_series(1, 400) AS t;
SELECT count(f) FROM (SELECT fir(x, '{1,-1}') OVER (ORDER BY t) AS f FROM heavy) AS s;
\set VERBOSITY sqlstate
SELECT count(f) FROM (SELECT fir(x, '{-300}') OVER (ORDER BY t) AS f FROM heavy) AS s;
SELECT count(f) FROM (SELECT fir(x, '{300}') OVER (ORDER BY t) AS f FROM heavy) AS s;
\set VERBOSITY default
SELECT count(f) FROM (SELECT fir(x, '{100,-50}') OVER (ORDER BY t) AS f FROM heavy) AS s;
RESET neuroenc.memory_limit;
