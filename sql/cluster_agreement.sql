SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: a = 1 1 1 2 2 2, b = 1 1 2 2 3 3
CREATE TEMP TABLE pair AS SELECT * FROM (VALUES (1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 2, 3), (6, 2, 3)) AS v (id, a, b);
SELECT e.* FROM (SELECT contingency_agg(a, b) AS c FROM pair) AS q, entries(q.c) AS e;
-- of 15 pairs 2 are together in both, 4 in a only, 1 in b only, 8 in neither
SELECT round((rand_index(a, b) - 10 / 15.0)::numeric, 15) AS rand, round((adjusted_rand(a, b) - (2 - 6 * 3 / 15.0) / ((6 + 3) / 2.0 - 6 * 3 / 15.0))::numeric, 15) AS adjusted,
       round((fowlkes_mallows(a, b) - 2 / sqrt(6 * 3.0))::numeric, 15) AS fowlkes_mallows, round((purity(a, b) - 5 / 6.0)::numeric, 15) AS purity FROM pair;
-- H(a) = ln 2, H(b) = ln 3; of b's clusters 1 and 3 are pure, 2 is half and half: H(a | b) = ln 2 / 3
SELECT round((mutual_info(a, b) - 2 * ln(2) / 3)::numeric, 15) AS mutual_info, round((homogeneity(a, b) - 2 / 3.0)::numeric, 15) AS homogeneity,
       round((completeness(a, b) - 2 * ln(2) / 3 / ln(3))::numeric, 15) AS completeness,
       round((v_measure(a, b) - 4 * ln(2) / 3 / ln(6))::numeric, 15) AS v_measure, round((nmi(a, b) - v_measure(a, b))::numeric, 15) AS nmi,
       round((variation_of_information(a, b) - (ln(2) + ln(3) - 4 * ln(2) / 3))::numeric, 15) AS variation FROM pair;
-- chance: the mean information e of all 20 ways to give 3 of the 6 rows to a's first class
SELECT round((ami(a, b) - (mutual_info(a, b) - e) / (ln(6) / 2 - e))::numeric, 14) AS ami
FROM pair, (SELECT avg(i) AS e FROM (SELECT mutual_info(CASE WHEN row_id IN (x, y, z) THEN 1 ELSE 2 END, b) AS i
      FROM generate_series(1, 6) AS x, generate_series(1, 6) AS y, generate_series(1, 6) AS z, (SELECT id AS row_id, b FROM pair) AS p
      WHERE x < y AND y < z GROUP BY x, y, z) AS ways) AS chance GROUP BY e;

-- names of labels don't matter, except to purity and homogeneity which is which
SELECT bool_and(x = y) AS same FROM (SELECT unnest(ARRAY[rand_index(a, b), adjusted_rand(a, b), nmi(a, b), ami(a, b), fowlkes_mallows(a, b), mutual_info(a, b)]) AS x,
    unnest(ARRAY[rand_index('x' || -a, 'y' || b), adjusted_rand(-a, b * 10), nmi('x' || a, b::text), ami(chr(64 + a), chr(64 + b)), fowlkes_mallows(a + 5, b), mutual_info(-a, b)]) AS y FROM pair) AS q;
SELECT round((homogeneity(a, b) - completeness(b, a))::numeric, 15) AS swapped, purity(a, b) AS purity, purity(b, a) AS of_b FROM pair;

-- perfect, none, one
SELECT rand_index(a, a), adjusted_rand(a, a), mutual_info(a, a) - ln(2.0::float8) AS mutual_info, nmi(a, a), ami(a, a), v_measure(a, a), purity(a, a), fowlkes_mallows(a, a), variation_of_information(a, a) FROM pair;
SELECT rand_index(a, 7), adjusted_rand(a, 7), mutual_info(a, 7), nmi(a, 7), ami(a, 7), homogeneity(a, 7), completeness(a, 7), v_measure(a, 7), purity(a, 7) FROM pair;
SELECT adjusted_rand(1, 1), nmi(1, 1), ami(1, 1), homogeneity(1, 1), completeness(1, 1), variation_of_information(1, 1) FROM pair;
SELECT adjusted_rand(id, -id), nmi(id, -id), ami(id, -id), fowlkes_mallows(id, -id) FROM pair;
SELECT rand_index(a, b), adjusted_rand(a, b), mutual_info(a, b), nmi(a, b), ami(a, b), v_measure(a, b), purity(a, b), fowlkes_mallows(a, b), variation_of_information(a, b) FROM pair WHERE id = 1;
SELECT rand_index(a, b), adjusted_rand(a, b), mutual_info(a, b), nmi(a, b), ami(a, b), v_measure(a, b), purity(a, b), fowlkes_mallows(a, b), variation_of_information(a, b) FROM pair WHERE false;
SELECT contingency_agg(a, b) IS NULL AS "null", adjusted_rand(contingency_agg(a, b)) FROM pair WHERE false;
-- NULLs are skipped; the empty text is a label
SELECT adjusted_rand(a, b) = (SELECT adjusted_rand(a, b) FROM pair) AS skipped
FROM (SELECT a, b FROM pair UNION ALL SELECT NULL, 1 UNION ALL SELECT 1, NULL UNION ALL SELECT NULL, NULL) AS q;
SELECT e.* FROM (SELECT contingency_agg(a, b) AS c FROM (VALUES ('', 'z'), ('', 'z'), ('10', ''), ('9', 'x')) AS v (a, b)) AS q, entries(q.c) AS e;

-- the state: merging, storing; counts beyond 32 bits (where rand_index is 1 - 18 / 36 - 12 / 36 + 2 * 10 / 36)
CREATE TEMP TABLE held AS SELECT id % 2 AS part, contingency_agg(a, b) AS c FROM pair GROUP BY 1;
SELECT ami(sum(c)) = (SELECT ami(a, b) FROM pair) AS sum, n_samples(sum(c)) AS n FROM held;
SELECT e.* FROM (SELECT sum(c) AS c FROM held) AS q, entries(q.c) AS e;
SELECT (SELECT array_agg(n) FROM entries(x.c + y.c)) AS sums, (SELECT array_agg(n) FROM entries(x.c + x.c)) AS twice FROM held AS x, held AS y WHERE x.part = 0 AND y.part = 1;
SELECT nmi(contingency(c::text)) = nmi(c) AS text, left(c::text, 26) AS form FROM (SELECT sum(c) AS c FROM held) AS q;
WITH RECURSIVE doubled AS (SELECT 0 AS i, sum(c) AS c FROM held UNION ALL SELECT i + 1, c + c FROM doubled WHERE i < 58)
SELECT n_samples(c), (SELECT max(n) FROM entries(c)), round((rand_index(c) - 26 / 36.0)::numeric, 15) AS rand,
       round((ami(c) - (SELECT nmi(a, b) FROM pair))::numeric, 12) AS ami FROM doubled WHERE i = 58;
WITH RECURSIVE doubled AS (SELECT 0 AS i, sum(c) AS c FROM held UNION ALL SELECT i + 1, c + c FROM doubled WHERE i < 60)
SELECT n_samples(c) FROM doubled WHERE i = 60;

-- errors
SELECT adjusted_rand(a, b::text) FROM pair;
SELECT 'contingency(a=1):AQ=='::contingency;
SELECT 'contingency'::contingency;
SELECT 'gram(p=1):AQ=='::contingency;
