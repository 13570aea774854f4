SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- By hand.  Unit 1 is 4 for yes and 0 for no, but for one row each; unit 2 is the
-- same for all; unit 3 differs by 1, without overlap; unit 4 is unit 1 again.
CREATE TEMP TABLE hand AS
    SELECT i, fold, y, tensor('[' || a || ',7,' || c || ',' || a || ']') AS x
      FROM (VALUES (1, 1, 'yes', 4, 1.1), (2, 1, 'no', 0, 0.1), (3, 2, 'yes', 4, 0.9), (4, 2, 'no', 0, -0.1),
                   (5, 1, 'yes', 0, 1.1), (6, 1, 'no', 0, 0.1), (7, 2, 'yes', 4, 0.9), (8, 2, 'no', 4, -0.1)) v (i, fold, y, a, c);
-- Mean differences are 3 - 1 = 2, 0, 1 and 2: of units 1 and 4, equal, the lower number first
SELECT rank, unit, round(score::numeric, 6) AS score, folds FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 4);
-- F: of unit 1, between 8 (with 3, 3, 1, 1 about 2: 2 rows x 1 x 4 = 8), within 12 + 12 on 6 degrees: 8 / 4 = 2; of unit 3, 2 / (0.08 / 6) = 150
SELECT rank, unit, round(score::numeric, 4) AS score, weight > 0 AS positive FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 3, 'f');
-- OMP: unit 3 first, with r = sqrt(150 / 156); unit 1 next; unit 4 has nothing to add, and unit 2 nothing at all
SELECT rank, unit, round(score::numeric, 6) AS score, round(sqrt(150.0 / 156), 6) AS first
  FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 4, 'omp');
SELECT unit FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 1, 'mutual_information');
SELECT unit FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 1, 'logistic');
-- The sweep: unit 3 alone finds all; unit 1, learnt from one fold, finds of the other what it shows there
SELECT k, fold, n, positives, f1, accuracy, units FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe_sweep(p, '{1,2}', 'f');
SELECT k, fold, round(f1::numeric, 6) AS f1, accuracy, units FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe_sweep(p, '{1}', 'mean_difference');
-- f1 of a probe is the mean of its folds'
SELECT round(max(f1)::numeric, 6) AS f1, count(DISTINCT f1) AS one FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 2);
SELECT round(avg(f1)::numeric, 6) AS f1 FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe_sweep(p, '{2}');
-- The other label: the same units, weights turned round
SELECT a.unit, b.unit, abs(a.weight + b.weight) < 1e-9 AS opposite
  FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q, sparse_probe(p, 2, 'f') a JOIN LATERAL sparse_probe(p, 2, 'f', 'no') b USING (rank);
-- Without folds, no held-out score
SELECT rank, unit, folds, f1 FROM (SELECT points_agg(x, y) AS p FROM hand) q, sparse_probe(p, 2, 'f');
-- A fold without the label, in which nothing is found: F1 is not defined, and the mean is of the others
SELECT fold, positives, f1, accuracy FROM (SELECT points_agg(x, y, CASE WHEN i = 2 THEN 3 ELSE fold END) AS p FROM hand) q, sparse_probe_sweep(p, '{1}', 'f');
SELECT f1 FROM (SELECT points_agg(x, y, CASE WHEN i = 2 THEN 3 ELSE fold END) AS p FROM hand) q, sparse_probe(p, 1, 'f');

-- Planted: of 40 units, 11, 23 and 37 carry the label, ever less; three rows of four have another
CREATE TEMP TABLE planted AS
    SELECT i, i % 5 AS fold, (ARRAY['face', 'house', 'tool', 'word'])[1 + i % 4] AS y,
           random_normal('{40}', i) + CASE WHEN i % 4 = 0 THEN (zeros('{10}') || '[4]' || zeros('{11}') || '[3]' || zeros('{13}') || '[2]' || zeros('{3}')) ELSE zeros('{40}') END AS x
      FROM generate_series(1, 400) i;
SELECT method, array_agg(unit ORDER BY rank) AS units, min(folds) AS folds, min(f1) > 0.95 AS found, bool_and(weight > 0) AS positive
  FROM (SELECT points_agg(x, y, fold) AS p FROM planted) q, unnest('{mean_difference,f,mutual_information,omp,logistic}'::text[]) method,
       sparse_probe(p, 3, method, 'face')
 GROUP BY method ORDER BY method;
SELECT k, avg(f1) > 0.9 AS above, count(*) FROM (SELECT points_agg(x, y, fold) AS p FROM planted) q, sparse_probe_sweep(p, '{1,2,3}', 'f', 'face') GROUP BY k ORDER BY k;
-- a word that no unit carries
SELECT avg(f1) < 0.5 AS none FROM (SELECT points_agg(x, y, fold) AS p FROM planted) q, sparse_probe_sweep(p, '{3}', 'f', 'word', balanced => true);
-- labels that are numbers; the order of rows and the number of threads change nothing
SELECT unit FROM (SELECT points_agg(x, i % 4, fold) AS p FROM planted) q, sparse_probe(p, 1, positive => '0');
CREATE TEMP TABLE answers (method text, a text);
INSERT INTO answers SELECT method, s::text FROM (SELECT points_agg(x, y, fold ORDER BY i) AS p FROM planted) q, unnest('{mean_difference,f,mutual_information,omp,logistic}'::text[]) method, sparse_probe(p, 3, method, 'face') s;
SET neuroenc.threads = 3;
INSERT INTO answers SELECT method, s::text FROM (SELECT points_agg(x, y, fold ORDER BY -i) AS p FROM planted) q, unnest('{mean_difference,f,mutual_information,omp,logistic}'::text[]) method, sparse_probe(p, 3, method, 'face') s;
RESET neuroenc.threads;
SELECT method, count(DISTINCT a) AS three FROM answers GROUP BY method ORDER BY method;
-- nothing varies
SELECT rank, unit, score, weight FROM (SELECT points_agg(tensor '[1,1]', i % 2, i % 3) AS p FROM generate_series(1, 12) i) q, sparse_probe(p, 2, 'omp');

-- Errors
SELECT sparse_probe(p, 2) FROM (SELECT points_agg(x) AS p FROM hand) q;
SELECT sparse_probe(p, 2) FROM (SELECT points_agg(x, 'same') AS p FROM hand) q;
SELECT sparse_probe(p, 0) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 5) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 2, 'variance') FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 2, positive => 'maybe') FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 2) FROM (SELECT points_agg(x, y) AS p FROM planted) q;
SELECT sparse_probe(p, 2, alpha => -1) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, NULL) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 2, alpha => NULL) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
-- no points, no probe
SELECT count(*) FROM sparse_probe(NULL, 2);
SELECT count(*) FROM sparse_probe_sweep((SELECT points_agg(x, y, fold) FROM hand WHERE false), '{1}');
-- unit 3 tells the labels apart
SELECT sparse_probe(p, 1, 'f', alpha => 0) FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe(p, 1) FROM (SELECT points_agg(x, y, CASE WHEN y = 'yes' THEN 3 ELSE i END) AS p FROM hand) q;
SELECT sparse_probe_sweep(p, '{1}') FROM (SELECT points_agg(x, y) AS p FROM hand) q;
SELECT sparse_probe_sweep(p, '{}') FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q;
SELECT sparse_probe_sweep(p, '{1,NULL}') FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q;
SELECT sparse_probe_sweep(p, '{1,5}') FROM (SELECT points_agg(x, y, fold) AS p FROM hand) q;
