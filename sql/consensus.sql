SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Three runs over rows 1 to 4; a label means the same only within its run; run 3 does not know row 4
CREATE TABLE labelled (id bigint, run bigint, label bigint);
INSERT INTO labelled VALUES (1,1,1), (2,1,1), (3,1,2), (4,1,2),  (1,2,2), (2,2,2), (3,2,2), (4,2,1),  (1,3,1), (2,3,3), (3,3,2);

-- 1-2 together in 2 of 3 runs, 1-3 in 1 of 3, 2-3 in 1 of 3; with row 4, of 2 runs: 1-4 0, 2-4 0, 3-4 1
SELECT round(distance::numeric, 6) AS distance, a, b FROM (SELECT coassociation(id, run, label) AS r FROM labelled) q, rdm_entries(r);
SELECT labels(r), metric(r) FROM (SELECT coassociation(id, run, label) AS r FROM labelled) q;
SELECT id, cluster FROM (SELECT label_sets_agg(id, run, label) AS s FROM labelled) q, consensus(s, 2);

-- texts as labels, states that are added, the linkage by hand
SELECT coassociation(id, run, 'cluster ' || label)::text = coassociation(id, run, label)::text AS same FROM labelled;
SELECT coassociation(sum(s))::text = (SELECT coassociation(id, run, label)::text FROM labelled) AS same
FROM   (SELECT label_sets_agg(id, run, label) AS s FROM labelled GROUP BY run) q;
SELECT coassociation(a.s + b.s)::text = (SELECT coassociation(id, run, label)::text FROM labelled) AS same
FROM   (SELECT label_sets_agg(id, run, label) AS s FROM labelled WHERE run = 1) a, (SELECT label_sets_agg(id, run, label::text) AS s FROM labelled WHERE run > 1) b;
SELECT label::bigint AS id, cluster FROM (SELECT coassociation(id, run, label) AS r FROM labelled) q, cut(linkage(r, 'ward'), 2);
SELECT id, cluster FROM (SELECT label_sets_agg(id, run, label) AS s FROM labelled) q, consensus(s, 3, method => 'single');

-- noise is together with none, not even with noise
SELECT distance, a, b FROM (SELECT coassociation(id, run, label) AS r FROM (VALUES (1,1,-1), (2,1,-1), (3,1,5), (4,1,5)) v (id, run, label)) q, rdm_entries(r);

-- the planted groups come back from runs that each get a fifth of the rows wrong
CREATE TABLE noisy AS
    SELECT i AS id, run, CASE WHEN (i * 7919 + run * 104729) % 5 = 0 THEN (i * 31 + run * 17) % 4 ELSE (i % 4 + run) % 4 END AS label
    FROM generate_series(1, 200) i, generate_series(1, 30) run;
SELECT count(DISTINCT (id % 4, cluster)) AS pairs, count(DISTINCT cluster) AS clusters
FROM   (SELECT label_sets_agg(id, run, label) AS s FROM noisy) q, consensus(s, 4);

-- the order of rows does not matter
SELECT (SELECT array_agg(cluster ORDER BY id) FROM (SELECT label_sets_agg(id, run, label) AS s FROM (SELECT * FROM noisy ORDER BY id % 11, run DESC, id) o) q, consensus(s, 4))
     = (SELECT array_agg(cluster ORDER BY id) FROM (SELECT label_sets_agg(id, run, label) AS s FROM noisy) q, consensus(s, 4)) AS same;

-- edges: no row, NULLs, one row, one id
SELECT label_sets_agg(id, run, label) IS NULL AND coassociation(id, run, label) IS NULL AS none FROM labelled WHERE false;
SELECT labels(coassociation(id, run, label)) FROM (VALUES (1, 1, 1), (NULL, 1, 1), (3, NULL, 1), (4, 1, NULL), (5, 1, 2)) v (id, run, label);
SELECT c.* FROM (SELECT label_sets_agg(7, 1, 'x') AS s) q, consensus(s, 1) c;
SELECT label_sets_agg(id, run, label)::text::label_sets::text = label_sets_agg(id, run, label)::text AS same FROM labelled;

-- a pair that no run has is missing
SELECT distance, a, b FROM (SELECT coassociation(id, run, label) AS r FROM (VALUES (1,1,1), (2,1,1), (2,2,1), (3,2,1)) v (id, run, label)) q, rdm_entries(r);

-- errors
SELECT consensus(label_sets_agg(id, run, label), 2) FROM (VALUES (1,1,1), (2,1,1), (2,2,1), (3,2,1)) v (id, run, label);
SELECT coassociation(id, 1, label) FROM labelled;
SELECT consensus(label_sets_agg(id, run, label), 0) FROM labelled;
SELECT consensus(label_sets_agg(id, run, label), 5) FROM labelled;
SELECT consensus(label_sets_agg(id, run, label), 2, 'majority') FROM labelled;
SELECT label_sets 'label_sets(n=1):AQ==';

DROP TABLE labelled, noisy;
