-- Event-related fMRI: the BOLD signal of motion-sensitive voxels near area MT,
-- one volume every 2 s, while six types of motion stimuli came and went.

DROP TABLE IF EXISTS bold, bold_design, haemodynamic;

CREATE TABLE bold (
	volume	int GENERATED ALWAYS AS IDENTITY,
	signal	float8,		-- per cent change
	event	float8		-- 1 to 6, 0 = none
);
\copy bold (signal, event) from event_related_fmri.csv csv header

-- Twelve runs of 280 volumes.  Six indicators, and their copies up to 28 s later.
CREATE TABLE bold_design AS
SELECT volume, run, ARRAY[signal]::tensor AS y,
       fir(ARRAY[(event = 1)::int, (event = 2)::int, (event = 3)::int,
                 (event = 4)::int, (event = 5)::int, (event = 6)::int]::tensor,
           '{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14}')
       OVER (PARTITION BY run ORDER BY volume) AS x
FROM (SELECT *, (volume - 1) / 280 + 1 AS run FROM bold) AS b;

CREATE TABLE haemodynamic AS
SELECT t.*, reshape(t.weights, '{15,6}') AS response		-- delay, event type
FROM (SELECT ridge_cv(gram_agg(x, y, run)) AS fit FROM bold_design) AS f,
     targets(fit, weights => true) AS t;

\echo 'Leave-one-run-out:'
SELECT n, round(alpha::numeric, 2) AS alpha, round(r::numeric, 3) AS r, round(r2::numeric, 3) AS r2
FROM haemodynamic;

\echo 'Haemodynamic response by event type (per cent signal change), and their mean:'
SELECT 2 * (d - 1) AS s,
       round(response[d][1]::numeric, 2) AS type1, round(response[d][2]::numeric, 2) AS type2,
       round(response[d][3]::numeric, 2) AS type3, round(response[d][4]::numeric, 2) AS type4,
       round(response[d][5]::numeric, 2) AS type5, round(response[d][6]::numeric, 2) AS type6,
       lpad(repeat('#', round(greatest(-m, 0) * 50)::int), 14) || '|' ||
       repeat('#', round(greatest(m, 0) * 50)::int) AS mean
FROM haemodynamic, generate_series(1, 15) AS d,
     LATERAL (SELECT mean_of(response[d:d]) AS m) AS q
ORDER BY d;

\echo 'When does each peak?'
SELECT k AS event_type, 2 * (d - 1) AS peak_s, round(w::numeric, 2) AS peak
FROM (SELECT DISTINCT ON (k) k, d, response[d][k] AS w
      FROM haemodynamic, generate_series(1, 6) AS k, generate_series(1, 15) AS d
      ORDER BY k, w DESC) AS q
ORDER BY k;
