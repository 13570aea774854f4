SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET extra_float_digits = -6;

CREATE TEMP TABLE layers (layer int, name text, r rdm);
INSERT INTO layers VALUES
    (10, 'top', rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,1,2],[1,0,2,3],[1,2,0,3],[2,3,3,0]]')),
    (2, 'middle', rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,2,2],[1,0,3,3],[2,3,0,3],[2,3,3,0]]')),
    (1, 'first', rdm_from_matrix('{a,b,c,d}', tensor '[[0,6,5,4],[6,0,3,2],[5,3,0,1],[4,2,1,0]]'));

-- in the order of the labels, whatever that of the rows; numbers by value
SELECT p.* FROM (SELECT rdm_similarity(layer, r, 'spearman') AS s FROM layers) q, similarity_pairs(q.s) AS p;
SELECT labels(s), n_rdms(s), method(s), astype(similarity_matrix(s), 'float4') FROM (SELECT rdm_similarity(name, r, 'kendall_tau_a') AS s FROM layers) q;
SELECT count(*), max(abs(p.value - rdm_compare(a.r, b.r, m))) < 1e-12 AS as_rdm_compare
FROM unnest('{pearson,spearman,rho_a,kendall_tau_a,kendall_tau_b,bures}'::text[]) AS m,
    LATERAL (SELECT rdm_similarity(name, r, m) AS s FROM layers) q, similarity_pairs(q.s) AS p, layers a, layers b
WHERE a.name = p.label_a AND b.name = p.label_b;

-- stored, merged
CREATE TEMP TABLE sets AS SELECT layer, rdm_similarity(name, r, 'pearson') AS s FROM layers GROUP BY layer;
SELECT astype(similarity_matrix(sum(s)), 'float4'), similarity_matrix(sum(s)) = (SELECT similarity_matrix(rdm_similarity(name, r, 'pearson')) FROM layers) AS the_same FROM sets;
SELECT labels(a.s + b.s) FROM sets a, sets b WHERE a.layer = 1 AND b.layer = 10;
SELECT bool_and(s::text::rdm_set::text = s::text) AS round_trip FROM sets;
SELECT regexp_replace(s::text, ':.*', '') FROM sets WHERE layer = 1;

-- one RDM, none, NULLs
SELECT labels(s), similarity_matrix(s), (SELECT count(*) FROM similarity_pairs(s)) FROM sets WHERE layer = 1;
SELECT rdm_similarity(layer, r, 'cosine') FROM layers WHERE false;
SELECT labels(rdm_similarity(nullif(layer, 2), r, 'cosine')) FROM layers;
SELECT labels(rdm_similarity(layer, CASE WHEN layer < 10 THEN r END, 'cosine')) FROM layers;

-- other conditions, missing pairs and constants: over what two share
INSERT INTO layers VALUES
    (11, 'fewer', rdm_from_matrix('{d,b,a}', tensor '[[0,3,2],[3,0,1],[2,1,0]]')),
    (12, 'holes', rdm_from_matrix('{a,b,c,d}', tensor '[[0,NaN,1,2],[NaN,0,2,3],[1,2,0,3],[2,3,3,0]]')),
    (13, 'flat', rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,1,1],[1,0,1,1],[1,1,0,1],[1,1,1,0]]'));
SELECT p.* FROM (SELECT rdm_similarity(layer, r, 'pearson') AS s FROM layers WHERE layer >= 10) q, similarity_pairs(q.s) AS p;
SELECT astype(similarity_matrix(rdm_similarity(layer, r, 'rho_a')), 'float4') FROM layers WHERE layer >= 10;
SELECT astype(similarity_matrix(rdm_similarity(layer, r, 'euclidean')), 'float4') FROM layers WHERE layer >= 10;

-- errors
SELECT rdm_similarity('same', r, 'cosine') FROM layers;
SELECT rdm_similarity(layer, r, CASE WHEN layer = 1 THEN 'cosine' ELSE 'pearson' END ORDER BY layer) FROM layers;
SELECT rdm_similarity(layer, r, 'cosin') FROM layers;
SELECT rdm_similarity(layer, r, NULL::text) FROM layers;
SELECT s + s FROM sets WHERE layer = 1;
SELECT similarity_matrix(rdm_similarity(layer, CASE layer WHEN 2 THEN rdm_subset(r, '{a,b}'::text[]) ELSE r END, 'cosine')) FROM layers;
SELECT similarity_matrix(rdm_similarity(layer, r, 'cka')) FROM layers;
SELECT 'rdm_set(n=0, method=x):AQ=='::rdm_set;
SELECT 'rdm_set():AWMAAAAAAAA='::rdm_set;
SELECT 'rdm_set():AQAAAAEAAAA='::rdm_set;

-- parallel plans
CREATE TABLE rdm_similarity_rows AS SELECT i, rdm_from_matrix('{a,b,c}', (tensor '[[0,1,1],[1,0,1],[1,1,0]]') * (i % 7 + 1)) AS r FROM generate_series(1, 200) i;
ALTER TABLE rdm_similarity_rows SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT similarity_matrix(rdm_similarity(i, r, 'cosine')) FROM rdm_similarity_rows;
SELECT n_rdms(rdm_similarity(i, r, 'cosine')) FROM rdm_similarity_rows;
DROP TABLE rdm_similarity_rows;
