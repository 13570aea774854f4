-- convolve(): causal convolution over the rows of a run; hrf(): the kernel it mostly takes
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Two runs: an event of height 1 at the first row, one of height 2 at the third; the second run starts anew
CREATE TEMP TABLE events (run int, t int, x tensor, value float8);
INSERT INTO events VALUES
	(1, 1, '[1, 0]', 1), (1, 2, '[0, 0]', 0), (1, 3, '[2, 1]', 2), (1, 4, '[0, 0]', 0), (1, 5, '[0, 0]', 0),
	(2, 1, '[0, 3]', 0), (2, 2, '[0, 0]', 0);
SELECT run, t, convolve(x, '[1,10,100]') OVER w, convolve(value, '[1,10,100]') OVER w AS scalar
FROM events WINDOW w AS (PARTITION BY run ORDER BY t) ORDER BY run, t;
-- a kernel of one element scales, one of a delayed 1 shifts, one longer than the run is cut
SELECT run, t, convolve(value, '[-2]') OVER w AS scaled, convolve(value, '[0,1]') OVER w AS shifted,
       convolve(value, '[1,0,0,0,5,1000,1000]') OVER w AS cut
FROM events WINDOW w AS (PARTITION BY run ORDER BY t) ORDER BY run, t;
-- order is the window's; the frame and a LIMIT make no difference; integers are series too
SELECT t, convolve(t, 'float8:[1,1]') OVER (ORDER BY t DESC ROWS CURRENT ROW) FROM events WHERE run = 1 LIMIT 3;
-- the element type is x's
SELECT t, convolve(x, '[1,0.1]') OVER (ORDER BY t)
FROM (VALUES (1, 'float2:[1]'::tensor), (2, 'float8:[1]'), (3, '[1]'), (4, 'float2:[1]')) AS v (t, x);
-- a run of one row, a width of zero, no rows
SELECT convolve(x, '[3,4]') OVER () FROM events WHERE run = 2 AND t = 1;
SELECT convolve('[]'::tensor, '[3,4]') OVER () FROM generate_series(1, 2);
SELECT convolve(x, '[3,4]') OVER () FROM events WHERE false;

-- NaN reaches as far as the kernel, in its own column; NULL likewise, for the whole row
SELECT t, convolve(x, '[1,0]') OVER (ORDER BY t) AS "nan", convolve(y, '[1,0]') OVER (ORDER BY t) AS "null", convolve(z, '[1,0]') OVER (ORDER BY t) AS scalar
FROM (VALUES (1, '[1,1]'::tensor, '[1]'::tensor, 1), (2, '[NaN,2]', NULL, NULL), (3, '[3,3]', '[3]', 3), (4, '[4,4]', '[4]', 4)) AS v (t, x, y, z);

-- The canonical response: 0 at 0 s, highest at 5 s, an undershoot of a tenth about 16 s, sum 1
SELECT shape(hrf(1)), (hrf(1))[1] AS first, argmax(hrf(1)) - 1 AS peak_s, argmin(hrf(1)) - 1 AS undershoot_s,
       round((min_of(hrf(1)) / max_of(hrf(1)))::numeric, 3) AS depth, round(sum_of(hrf(1))::numeric, 12) AS sum;
-- two gamma densities by hand: t^5 e^-t / 5! - t^15 e^-t / 15! / 6 at 0, 2, 4, 6 s, over their sum
SELECT hrf(2, 6)::tensor(float4) AS hrf,
       (SELECT array_agg(h / total ORDER BY t)::tensor::tensor(float4)
        FROM (SELECT t, h, sum(h) OVER () AS total
              FROM (SELECT t, exp(-t) * (t ^ 5 / 120 - t ^ 15 / 1307674368000 / 6) AS h FROM (VALUES (0::float8), (2), (4), (6)) AS v (t)) AS s) AS s) AS by_hand;
-- floor(length / tr) + 1 samples
SELECT size(hrf(2)), size(hrf(1.5)), size(hrf(0.72, 20)), size(hrf(5, 5));
-- a stimulus that stays on brings the response to 1
SELECT t, round(convolve(1.0::float8, hrf(2)) OVER (ORDER BY t)::numeric, 4) AS response FROM generate_series(1, 18) AS t ORDER BY t;

-- Errors
SELECT convolve(x, '[]') OVER () FROM events;
SELECT convolve(x, NULL) OVER () FROM events;
SELECT convolve(x, '[[1,2]]') OVER () FROM events;
SELECT convolve(x, '[1,NaN]') OVER () FROM events;
SELECT convolve(x, '[1,2,-Infinity]') OVER () FROM events;
SELECT convolve(x, filled('{1}', t)) OVER (ORDER BY t) FROM events;
SELECT convolve('[[1,2]]'::tensor, '[1]') OVER ();
SELECT convolve(x, '[1]') OVER (ORDER BY t) FROM (VALUES (1, '[1,2]'::tensor), (2, NULL), (3, '[1]')) AS v (t, x);
SELECT convolve('[1]'::tensor, '[1]');
SELECT hrf(0);
SELECT hrf(-2);
SELECT hrf('NaN');
SELECT hrf('infinity', 'infinity');
SELECT hrf(2, 1);
SELECT hrf(2, 'infinity');
SELECT hrf(2, 'NaN');
SELECT hrf(12);
SELECT hrf(1e-9);
SELECT hrf(NULL);

-- As many rows are held as the kernel is long (10,000 bytes each here): the limit is met before
-- memory is, and the claim is given back
SET neuroenc.memory_limit = '2MB';
CREATE TEMP TABLE heavy AS
	SELECT t, filled('{1250}', t)::tensor(float8) AS x FROM generate_series(1, 400) AS t;
\set VERBOSITY sqlstate
SELECT count(y) FROM (SELECT convolve(x, filled('{300}', 1)) OVER (ORDER BY t) AS y FROM heavy) AS s;
\set VERBOSITY default
SELECT count(y), max((y)[1250]) FROM (SELECT convolve(x, filled('{100}', 1)) OVER (ORDER BY t) AS y FROM heavy) AS s;
RESET neuroenc.memory_limit;
