-- An auditory receptor of a grasshopper: sound amplitude every 50 us and the
-- times of its spikes in us, two recordings of 10 s.  What in the sound makes
-- the cell fire, and how much later?

DROP TABLE IF EXISTS sound, spikes, bins, design, receptor;

CREATE TABLE sound (recording int, t_us int, amplitude float8);
CREATE TABLE spikes (recording int, t_us int);
\copy sound from program 'sed "s/^/1 /; s/  / /" grasshopper_stimulus1.txt' (delimiter ' ')
\copy sound from program 'sed "s/^/2 /; s/  / /" grasshopper_stimulus2.txt' (delimiter ' ')
\copy spikes from program 'sed -n "s/^[0-9]/1 &/p" grasshopper_spike_times1.txt' (delimiter ' ')
\copy spikes from program 'sed -n "s/^[0-9]/2 &/p" grasshopper_spike_times2.txt' (delimiter ' ')

-- Bins of 2 ms: mean amplitude, number of spikes.
CREATE TABLE bins AS
SELECT s.recording, s.bin, s.amplitude, coalesce(k.spikes, 0) AS spikes
FROM   (SELECT recording, t_us / 2000 AS bin, avg(amplitude) AS amplitude
        FROM sound GROUP BY 1, 2) AS s
       LEFT JOIN
       (SELECT recording, t_us / 2000 AS bin, count(*) AS spikes
        FROM spikes GROUP BY 1, 2) AS k USING (recording, bin);

SELECT recording, count(*) AS bins, sum(spikes) AS spikes,
       round(sum(spikes) / (count(*) * 0.002), 1) AS spikes_per_s
FROM bins GROUP BY recording ORDER BY recording;

-- Features: the sound of this bin and of the 14 before.  Folds: ten stretches of 1 s.
CREATE TABLE design AS
SELECT recording, bin, ntile(10) OVER w AS fold,
       fir(amplitude, '{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14}') OVER w AS x,
       ARRAY[spikes]::tensor AS y
FROM bins
WINDOW w AS (PARTITION BY recording ORDER BY bin);

CREATE TABLE receptor AS
SELECT recording, ridge_cv(gram_agg(x, y, fold)) AS fit
FROM design GROUP BY recording;

\echo 'How well does the sound predict the spikes?  Ten-fold cross-validated r:'
SELECT recording, t.n, round(t.alpha::numeric, 3) AS alpha,
       round(t.r::numeric, 3) AS r, round(t.r2::numeric, 3) AS r2
FROM receptor, targets(fit) AS t
ORDER BY recording;

\echo 'The filter: spikes per unit of amplitude, by the time since the sound (recording 1):'
SELECT 2 * (lag - 1) AS ms, round(w::numeric, 2) AS weight,
       lpad(repeat('#', round(greatest(-w, 0) / max(w) OVER () * 40)::int), 12) || '|' ||
       repeat('#', round(greatest(w, 0) / max(w) OVER () * 40)::int) AS filter
FROM receptor, targets(fit, weights => true) AS t,
     unnest(t.weights) WITH ORDINALITY AS u (w, lag)
WHERE recording = 1
ORDER BY lag;

\echo 'Does the filter of one recording predict the other?'
SELECT f.recording AS fitted_on, g.recording AS scored_on, round(s.r::numeric, 3) AS r
FROM receptor AS f
     JOIN (SELECT recording, gram_agg(x, y) AS g FROM design GROUP BY recording) AS g
     ON f.recording <> g.recording,
     score(f.fit, g.g) AS s
ORDER BY 1;
