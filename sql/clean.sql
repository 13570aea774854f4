-- detrend(), highpass(), zscore_columns() and clean(): drifts and scale of the rows of a run
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Two runs, worked by hand: means 2 and 6; slopes 1 and -1; run 2's second column is a parabola,
-- 1 0 1 about its mean 2/3
CREATE TEMP TABLE series (run int, t int, x tensor, value float8);
INSERT INTO series VALUES
	(1, 1, '[1, 5]', 1), (1, 2, '[2, 5]', 2), (1, 3, '[3, 5]', 3),
	(2, 1, '[7, 1]', 7), (2, 2, '[6, 0]', 6), (2, 3, '[5, 1]', 5), (2, 4, '[6, 2]', 6);
SELECT run, t, detrend(x, 0) OVER w AS mean, zscore_columns(value) OVER w AS zscore
FROM series WHERE run = 1 OR t < 4 WINDOW w AS (PARTITION BY run ORDER BY t) ORDER BY run, t;
SELECT run, t, astype(detrend(x, 1) OVER w, 'float2') AS linear, detrend(x, 2) OVER w AS parabola
FROM series WHERE run = 1 OR t < 4 WINDOW w AS (PARTITION BY run ORDER BY t) ORDER BY run, t;
-- 7 6 5 6: slope -0.4, mean 6: 7 - 6.6, 6 - 6.2, 5 - 5.8, 6 - 5.4
SELECT t, round(detrend(value, 1) OVER (ORDER BY t)::numeric, 4) AS linear FROM series WHERE run = 2 ORDER BY t;
-- the order is the window's
SELECT t, zscore_columns(value) OVER (ORDER BY t DESC) FROM series WHERE run = 1 ORDER BY t;

-- Cosines: 4 rows 2 s apart last 8 s, so the cosines beside the constant have periods of 16, 8 and 5.3 s (columns
-- 2 to 4).  A cutoff of 8 s takes all but the last, one of 16 s the first, one of 4 s as many as there are rows
CREATE TEMP TABLE waves AS
	SELECT t, ARRAY[1, cos(pi() * (2 * t - 1) / 8), (ARRAY[1, -1, -1, 1])[t], cos(pi() * (2 * t - 1) * 3 / 8)]::float8[]::tensor AS x
	FROM generate_series(1, 4) AS t;
SELECT t, astype(x, 'float2') AS x FROM waves ORDER BY t;
SELECT t, astype(highpass(x, 8, 2) OVER w, 'float2') AS third, astype(highpass(x, 16, 2) OVER w, 'float2') AS second_third,
       astype(highpass(x, 'infinity', 2) OVER w, 'float2') AS all_but_constant, highpass(x, 4, 2) OVER w AS none
FROM waves WINDOW w AS (ORDER BY t) ORDER BY t;

-- All in one: what is left of the two together has mean 0, slope 0, no cosine, and sd 1
CREATE TEMP TABLE bold AS
	SELECT run, t, random_normal('{3}', 100 * run + t) + filled('{3}', run * t * 0.1) AS y
	FROM generate_series(1, 2) AS run, generate_series(1, 60) AS t;
CREATE TEMP TABLE cleaned AS
	SELECT run, t, clean(y, degree => 1, cutoff_s => 40, tr => 2) OVER w AS z,
	       clean(y, 1, 40, 2, false) OVER w AS residual
	FROM bold WINDOW w AS (PARTITION BY run ORDER BY t);
SELECT run, max_of(abs(avg(z))) < 1e-6 AS mean_0, max_of(abs(avg(z * z) - filled('{3}', 1))) < 1e-6 AS variance_1,
       max_of(abs(avg(z * filled('{3}', t)))) < 1e-5 AS slope_0,
       max_of(abs(avg(z * filled('{3}', cos(pi() * (2 * t - 1) * 6 / 120))))) < 1e-6 AS cosine_6_0,
       max_of(abs(avg(z * filled('{3}', cos(pi() * (2 * t - 1) * 7 / 120))))) < 1e-6 AS cosine_7_0
FROM cleaned GROUP BY run ORDER BY run;
-- ... which is the residual over its standard deviation
SELECT count(*), count(*) FILTER (WHERE max_of(abs(z - residual / sd)) > 1e-5) AS wrong
FROM cleaned JOIN (SELECT run, sqrt(avg(residual * residual)) AS sd FROM cleaned GROUP BY run) AS s USING (run);
-- one function after the other leaves some of the first in
SELECT run, max_of(abs(avg(h * filled('{3}', t - 30.5)))) > 0.01 AS trend_left
FROM (SELECT run, t, highpass(d, 40, 2) OVER (PARTITION BY run ORDER BY t) AS h
      FROM (SELECT run, t, detrend(y, 1) OVER (PARTITION BY run ORDER BY t) AS d FROM bold) AS s) AS s
GROUP BY run ORDER BY run;

-- The element type is x's, row by row
SELECT t, detrend(x, 0) OVER (ORDER BY t)
FROM (VALUES (1, 'float2:[1]'::tensor), (2, 'float8:[0.25]'), (3, '[NaN]'), (4, 'float2:[-2]')) AS v (t, x);
-- the frame and a LIMIT make no difference
SELECT t, zscore_columns(value) OVER (ORDER BY t ROWS CURRENT ROW) FROM series WHERE run = 1 LIMIT 2;
-- no rows, one row, a width of zero
SELECT detrend(x, 1) OVER () FROM series WHERE false;
SELECT detrend(x, 1) OVER (), highpass(x, 100, 2) OVER (), zscore_columns(x) OVER (), clean(x, 1, 100, 2) OVER () FROM series WHERE run = 1 AND t = 3;
SELECT clean('[]'::tensor, 1, 100, 2) OVER () FROM generate_series(1, 2);

-- More drifts than rows explain everything; a cutoff longer than the run leaves all but the mean
SELECT t, detrend(value, 2) OVER w AS degree_2, detrend(value, 2147483647) OVER w AS degree_most,
       highpass(value, 0.001, 2) OVER w AS cutoff_short, highpass(value, 1e9, 2) OVER w AS cutoff_long
FROM series WHERE run = 1 WINDOW w AS (ORDER BY t) ORDER BY t;

-- NaN is missing for its column: 1 NaN 3 has mean 2 and slope 1; the others do not notice.
-- NULL is a time point without values: 1 . 3 4 with slope 1.  Infinity makes its column NaN.
SELECT t, detrend(x, 0) OVER w AS mean, detrend(x, 1) OVER w AS linear, zscore_columns(x) OVER w AS zscore
FROM (VALUES (1, '[1, 1, NaN, 0]'::tensor), (2, '[2, NaN, NaN, Infinity]'), (3, '[3, 3, NaN, 0]')) AS v (t, x)
WINDOW w AS (ORDER BY t) ORDER BY t;
SELECT t, detrend(x, 0) OVER w AS mean, detrend(x, 1) OVER w AS linear, zscore_columns(value) OVER w AS zscore
FROM (VALUES (1, NULL::tensor, NULL::float8), (2, '[1]', 5), (3, NULL, NULL), (4, '[3]', 7), (5, '[4]', NULL)) AS v (t, x, value)
WINDOW w AS (ORDER BY t) ORDER BY t;
SELECT detrend(NULL::tensor, 1) OVER (), zscore_columns(NULL::float8) OVER () FROM generate_series(1, 2);
-- columns that lack different rows are fitted apart, those that lack the same together
SELECT t, detrend(x, 1) OVER (ORDER BY t)
FROM (VALUES (1, '[0, NaN, 0, NaN]'::tensor), (2, '[2, 2, NaN, 2]'), (3, '[4, 1, 4, 1]'), (4, '[6, 0, 6, 0]')) AS v (t, x) ORDER BY t;

-- Errors
SELECT detrend(x, -1) OVER () FROM series;
SELECT detrend(x, NULL) OVER () FROM series;
SELECT detrend(x, t) OVER (ORDER BY t) FROM series;
SELECT highpass(x, 0, 2) OVER () FROM series;
SELECT highpass(x, -128, 2) OVER () FROM series;
SELECT highpass(x, 'NaN', 2) OVER () FROM series;
SELECT highpass(x, 128, 0) OVER () FROM series;
SELECT highpass(x, 128, 'infinity') OVER () FROM series;
SELECT highpass(x, NULL, 2) OVER () FROM series;
SELECT clean(x, 1, 128, NULL) OVER () FROM series;
SELECT clean(x, 1, 128, 2, NULL) OVER () FROM series;
SELECT clean(x, 1, 128 + t, 2) OVER (ORDER BY run, t) FROM series;
SELECT zscore_columns('[[1,2]]'::tensor) OVER ();
SELECT zscore_columns(x) OVER (ORDER BY t) FROM (VALUES (1, NULL), (2, '[1,2]'::tensor), (3, '[1]')) AS v (t, x);
SELECT detrend('[1]'::tensor, 1);

-- A run is refused before it is held (here 400 rows of 10,000 bytes), and so are too many drifts;
-- what was claimed is given back
SET neuroenc.memory_limit = '2MB';
CREATE TEMP TABLE heavy AS
	SELECT t, random_normal('{1250}', t)::tensor(float8) AS x FROM generate_series(1, 400) AS t;
SELECT count(z) FROM (SELECT zscore_columns(x) OVER (ORDER BY t) AS z FROM heavy) AS s;
\set VERBOSITY sqlstate
SELECT count(z) FROM (SELECT zscore_columns(x) OVER (ORDER BY t) AS z FROM heavy) AS s;
SET neuroenc.memory_limit = '1MB';
SELECT count(z) FROM (SELECT highpass(x[1:2], 2.5, 1) OVER (ORDER BY t) AS z FROM heavy) AS s;
SELECT count(z) FROM (SELECT detrend(x[1:2], 300) OVER (ORDER BY t) AS z FROM heavy) AS s;
\set VERBOSITY default
SELECT count(z) FROM (SELECT zscore_columns(x) OVER (PARTITION BY t / 50 ORDER BY t) AS z FROM heavy) AS s;
RESET neuroenc.memory_limit;
