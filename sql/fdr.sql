-- fdr_bh(), fdr_by(): false discovery rates of the tests of a family
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Four tests by hand: p m / j = 0.01 4/1, 0.02 4/2, 0.03 4/3, 0.5 4/4 = 0.04, 0.04, 0.04, 0.5; by: times 25/12
SELECT p, round(fdr_bh(p) OVER ()::numeric, 6) AS bh, round(fdr_by(p) OVER ()::numeric, 6) AS by
FROM (VALUES (0.5), (0.02), (0.01), (0.03)) AS v (p) ORDER BY p;
-- the least from above: 0.04 4/3 is less than 0.03 4/2 = 0.06
SELECT p, round(fdr_bh(p) OVER ()::numeric, 6) AS bh FROM (VALUES (0.03), (0.04), (0.001), (0.9)) AS v (p) ORDER BY p;
-- equal p have equal q; 0 stays 0, 1 stays 1, and nothing is more than 1
SELECT p, fdr_bh(p) OVER () AS bh, fdr_by(p) OVER () AS by FROM (VALUES (0.25), (0.25), (0), (1), (1)) AS v (p) ORDER BY p;
-- NULL is no test; a family of one is its p; no rows
SELECT p, fdr_bh(p) OVER () AS bh, fdr_by(p) OVER () AS by FROM (VALUES (0.25::float8), (NULL), (0.5), (NULL)) AS v (p) ORDER BY p;
SELECT fdr_bh(0.2) OVER (), fdr_by(0.2) OVER (), fdr_bh(NULL) OVER ();
SELECT fdr_bh(0.2) OVER () FROM generate_series(1, 0);
-- families apart; the order and the frame make no difference; real and numeric are taken
SELECT family, p, fdr_bh(p::numeric) OVER (PARTITION BY family ORDER BY p DESC ROWS CURRENT ROW) AS bh,
       fdr_bh(p::real) OVER (PARTITION BY family) AS bh_real
FROM (VALUES ('a', 0.125), ('a', 0.25), ('b', 0.125), ('b', NULL)) AS v (family, p) ORDER BY family, p;

-- Errors
SELECT fdr_bh(p) OVER () FROM (VALUES (0.5::float8), (1.5)) AS v (p);
SELECT fdr_by(-0.001) OVER ();
SELECT fdr_bh('NaN') OVER ();
SELECT fdr_bh('Infinity') OVER ();
SELECT fdr_bh(0.5);

-- The limit is met before memory is, and the claim given back
SET neuroenc.memory_limit = '1MB';
SELECT max(q) FROM (SELECT fdr_bh(i / 1e5) OVER () AS q FROM generate_series(1, 100000) AS i) AS s;
SELECT count(*), max(abs(q - 1)) < 1e-12 AS one FROM (SELECT fdr_bh(i / 2e4) OVER () AS q FROM generate_series(1, 20000) AS i) AS s;
RESET neuroenc.memory_limit;
