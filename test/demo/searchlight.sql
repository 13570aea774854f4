-- Two fMRI runs, 10 x 10 x 18 voxels of 2.1 x 2.1 x 2.3 mm, 40 volumes each,
-- one every 1.35 s.

DROP TABLE IF EXISTS images, voxels, neighbours;

CREATE TABLE images (run int PRIMARY KEY, nifti bytea);
\set run1 `base64 -w 0 fmri1.nii.gz`
\set run2 `base64 -w 0 fmri2.nii.gz`
INSERT INTO images VALUES (1, decode(:'run1', 'base64')), (2, decode(:'run2', 'base64'));

-- The first volume is left out: 176 voxels are 0 there, and one huge jump that
-- all of them share passes for a correlation of .97.
CREATE TABLE voxels AS
SELECT run, n.i, n.j, n.k, n.v, n.series[2:40] AS series
FROM images, nifti_voxels(nifti) AS n;

CREATE INDEX ON voxels USING gist (v);
ANALYZE voxels;

\echo 'A searchlight: the voxels within 6 mm of a point, found through the index.'
EXPLAIN (COSTS OFF)
SELECT count(*), avg(series) FROM voxels WHERE run = 1 AND v <@ ball('(86,-49,-57)', 6);

SELECT count(*) AS voxels, round(mean_of(avg(series))::numeric, 1) AS mean_signal
FROM voxels WHERE run = 1 AND v <@ ball('(86,-49,-57)', 6);

\echo 'A searchlight round every voxel: how alike are the series within 4 mm?'
SELECT c.v AS centre, count(*) AS voxels,
       round(avg(1 - (c.series <~> n.series))::numeric, 3) AS mean_r
FROM voxels AS c JOIN voxels AS n
     ON n.run = c.run AND n.v <@ ball(c.v, 4) AND n.v <> c.v
WHERE c.run = 1
GROUP BY c.v ORDER BY mean_r DESC LIMIT 5;

-- Each voxel with the mean of those that touch it in its slice.
CREATE TABLE neighbours AS
SELECT c.run, c.v, c.series, m.around
FROM voxels AS c,
     LATERAL (SELECT avg(n.series) AS around FROM voxels AS n
              WHERE n.run = c.run AND n.v <@ ball(c.v, 2.2) AND n.v <> c.v) AS m;

CREATE TABLE prediction AS
SELECT v, t.r
FROM (SELECT v, ridge_cv(gram_agg(around[t:t], series[t:t], run)) AS fit
      FROM neighbours, generate_series(1, 39) AS t
      GROUP BY v) AS f,
     targets(fit) AS t;

\echo 'Each voxel predicted from the mean of its neighbours, fitted in one run, tested in the other:'
SELECT round(bin::numeric / 10, 1) AS r_from, count(*) AS voxels, repeat('#', round(count(*) / 8.0)::int) AS histogram
FROM prediction, floor(10 * r) AS bin
GROUP BY bin ORDER BY bin;

\echo 'and as control each voxel against what its neighbours did in the other run, with no fit:'
SELECT round(p::numeric, 2) AS quantile,
       round((SELECT percentile_cont(p) WITHIN GROUP (ORDER BY r) FROM prediction)::numeric, 3) AS r_predicted,
       round((SELECT percentile_cont(p) WITHIN GROUP (ORDER BY 1 - (a.series <~> b.around))
              FROM neighbours AS a JOIN neighbours AS b ON a.v = b.v AND a.run <> b.run)::numeric, 3) AS r_control
FROM unnest('{0.05,0.5,0.95}'::float8[]) AS p
ORDER BY p;
