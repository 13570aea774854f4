-- patterns: the mean patterns of labelled conditions, and the RDMs of them
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE rows (i int, label text, fold int, x tensor);
INSERT INTO rows VALUES
	(1, 'b', 1, '[0,0]'),
	(2, 'a', 1, '[3,4]'),
	(3, '10', 1, '[0,6]'),
	(4, '2', 1, '[3,1]'),
	(5, '2', 2, '[5,-1]'),
	(6, NULL, 1, '[1,1]'),
	(7, 'a', 1, NULL);

-- by hand: 2 is averaged to (4,0); whole numbers come before text; rows with a NULL are skipped
SELECT labels(p), folds(p), n_conditions(p), n_channels(p), n_samples(p) FROM (SELECT patterns_agg(label, x) AS p FROM rows) AS q;
SELECT rdm_matrix(rdm(p, 'euclidean')) FROM (SELECT patterns_agg(label, x) AS p FROM rows WHERE label IN ('b', 'a', '10', '2')) AS q;
SELECT e.* FROM (SELECT rdm(label, x, 'euclidean') AS r FROM rows) AS q, rdm_entries(r) AS e;
SELECT e.* FROM (SELECT rdm(label, x, 'sqeuclidean') AS r FROM rows) AS q, rdm_entries(r) AS e;
SELECT e.* FROM (SELECT rdm(label, x, 'cityblock') AS r FROM rows) AS q, rdm_entries(r) AS e;
-- b is 0, which has no direction: NULL
SELECT a, b, round(distance::numeric, 6) AS distance FROM (SELECT rdm(label, x, 'cosine') AS r FROM rows) AS q, rdm_entries(r) AS e;
-- correlation is the default; (0,0) is constant; over two channels r is 1 or -1
SELECT a, b, round(distance::numeric, 6) AS distance FROM (SELECT rdm(label, x) AS r FROM rows) AS q, rdm_entries(r) AS e;
SELECT metric(rdm(label, x)), metric(rdm(label, x, 'cosine')), metric(rdm(label, x, tensor '[1,1]')), metric(poisson_rdm(label, abs(x))) FROM rows;

-- a precision: a vector, a matrix, one without full rank; sqrt(d' S d)
SELECT e.* FROM (SELECT rdm(label, x, tensor '[4,1]') AS r FROM rows WHERE i < 4) AS q, rdm_entries(r) AS e;
SELECT e.* FROM (SELECT rdm(label, x, tensor '[[4,0],[0,1]]') AS r FROM rows WHERE i < 4) AS q, rdm_entries(r) AS e;
SELECT a, b, round(distance::numeric, 6) AS distance FROM (SELECT rdm(patterns_agg(label, x), '[[1,1],[1,1]]'::tensor) AS r FROM rows WHERE i < 4) AS q, rdm_entries(r) AS e;

-- labels that are numbers; one condition; none
SELECT labels(patterns_agg(i, x)), labels(patterns_agg(-i::bigint, x, fold)), folds(patterns_agg(i, x, -fold)) FROM rows;
SELECT labels(r), rdm_matrix(r) FROM (SELECT rdm('only', x) AS r FROM rows) AS q;
SELECT rdm(label, x) IS NULL AS none, patterns_agg(label, x) IS NULL AS none FROM rows WHERE i > 5;
SELECT rdm(label, x) IS NULL AS none, crossnobis(label, x, fold) IS NULL AS none FROM rows WHERE false;

-- Poisson rates: (x - y)(ln x - ln y), rates (mean + .1) / 1.1, a mean over channels
SELECT round(distance::numeric, 9) AS distance, round(((2.1 / 1.1 - 5.1 / 1.1) * ln(2.1 / 5.1) / 2)::numeric, 9) AS by_hand
FROM (SELECT poisson_rdm(l, x) AS r FROM (VALUES ('a', tensor '[2,1]'), ('b', '[5,1]')) AS v (l, x)) AS q, rdm_entries(r) AS e;
SELECT round(distance::numeric, 9) AS distance, round(((2 - 5) * ln(2 / 5.0) / 2)::numeric, 9) AS by_hand
FROM (SELECT poisson_rdm(patterns_agg(l, x), prior_weight => 0) AS r FROM (VALUES ('a', tensor '[2,1]'), ('b', '[5,1]')) AS v (l, x)) AS q, rdm_entries(r) AS e;
-- across folds: ((4 - 1)(ln 3 - ln 2) + (3 - 2)(ln 4 - ln 1)) / 2
SELECT round(distance::numeric, 9) AS distance, round((3 * ln(1.5) + ln(4.0)) / 2, 9) AS by_hand
FROM (SELECT poisson_rdm(patterns_agg(l, x, f), 1, 0) AS r FROM (VALUES ('a', 1, tensor '[4]'), ('b', 1, '[1]'), ('a', 2, '[3]'), ('b', 2, '[2]')) AS v (l, f, x)) AS q,
	rdm_entries(r) AS e;

-- text and binary forms; labels and folds ascend
SELECT patterns_agg(label, x) AS p FROM rows WHERE i < 3;
SELECT patterns_send(patterns_agg(label, x, fold)) FROM rows WHERE label = '2';
SELECT p::text::patterns::text = p::text AS same, n_samples(p::text::patterns)
FROM (SELECT patterns_agg(label, astype(x, CASE WHEN i > 2 THEN 'float8' ELSE 'float2' END), fold) AS p FROM rows) AS q;
SELECT (SELECT patterns_agg(label, x ORDER BY i) FROM rows)::text = (SELECT patterns_agg(label, x ORDER BY -i) FROM rows)::text AS same;

-- merging: sum, +, groups
SELECT n_samples(sum(p)), rdm(sum(p), 'euclidean')::text = (SELECT rdm(label, x, 'euclidean') FROM rows)::text AS same
FROM (SELECT patterns_agg(label, x) AS p FROM rows GROUP BY i) AS q;
SELECT n_samples(p + p), n_conditions(p + p), rdm(p + p)::text = rdm(p)::text AS same FROM (SELECT patterns_agg(label, x) AS p FROM rows OFFSET 0) AS q;
SELECT n_samples(sum(p)) FROM (VALUES (NULL::patterns), (NULL)) AS v (p);
CREATE TEMP TABLE kept AS SELECT fold, patterns_agg(label, x, fold) AS p FROM rows WHERE fold IS NOT NULL GROUP BY fold;
SELECT fold, labels(p), folds(p) FROM kept ORDER BY fold;
SELECT labels(sum(p)), folds(sum(p)) FROM kept;
SELECT i, n_conditions(rdm(label, x) OVER (ORDER BY i)) FROM rows WHERE i < 6 ORDER BY i;

-- parallel plans
CREATE TABLE patterns_rows (label int, fold int, x tensor) WITH (parallel_workers = 2);
INSERT INTO patterns_rows SELECT i % 7, i % 3, random_normal('{5}', i) FROM generate_series(1, 2000) AS i;
ANALYZE patterns_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT rdm(label, x), rdm(label, x, 'cosine'), rdm(label, x, tensor '[1,1,1,1,1]'), patterns_agg(label, x), patterns_agg(label, x, fold),
	crossnobis(label, x, fold), crossnobis(label, x, fold, tensor '[1,1,1,1,1]'), rdm_crossed(label, x, fold), rdm_crossed(label, x, fold, 'cosine'),
	poisson_rdm(label, x), poisson_rdm(label, x, fold), rdm(label::text, x)
FROM patterns_rows;
CREATE TEMP TABLE parallel_answer AS SELECT rdm(label, x, 'euclidean') AS r, rdm(label, x, tensor '[1,2,3,4,5]') AS m FROM patterns_rows;
SET max_parallel_workers_per_gather = 0;
SELECT metric(m), bool_and(abs(e.distance - f.distance) < 1e-12), bool_and(abs(g.distance - h.distance) < 1e-12)
FROM parallel_answer, rdm_entries(r) AS e, rdm_entries((SELECT rdm(label, x, 'euclidean') FROM patterns_rows)) AS f,
	rdm_entries(m) AS g, rdm_entries((SELECT rdm(label, x, tensor '[1,2,3,4,5]') FROM patterns_rows)) AS h
WHERE (e.a, e.b) = (f.a, f.b) AND (g.a, g.b) = (h.a, h.b) AND (e.a, e.b) = (g.a, g.b) GROUP BY 1;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE patterns_rows;

-- errors of rows
SELECT rdm('a', tensor '[[1,2]]');
SELECT rdm('a', tensor '[]');
SELECT rdm('a', x) FROM (VALUES ('[1,2]'::tensor), (NULL), ('[1]')) AS v (x);
SELECT rdm(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1,NaN]')) AS v (x);
SELECT rdm(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1,2]'), ('float8:[-Infinity,NaN]')) AS v (x);
SELECT patterns_add(NULL, 'a', tensor '[1]');
SELECT rdm(i, x) FROM (VALUES (1, tensor 'float8:[1e200,0]'), (2, '[0,0]')) AS v (i, x);
SELECT rdm(i, x, 'euclidean') FROM (VALUES (1, tensor 'float8:[1e200,0]'), (2, '[0,0]')) AS v (i, x);

-- errors of what rows ask for
SELECT rdm('a', tensor '[1,2]', 'manhattan');
SELECT rdm('a', tensor '[1,2]', 'mahalanobis');
SELECT rdm('a', tensor '[1,2]', NULL::text);
SELECT rdm(i, tensor '[1,2]', m) FROM (VALUES (1, 'cosine'), (2, 'euclidean')) AS v (i, m);
SELECT rdm('a', tensor '[1,2]', NULL::tensor);
SELECT rdm('a', tensor '[1,2]', tensor '[1,2,3]');
SELECT rdm('a', tensor '[1,2]', tensor '[1,-2]');
SELECT rdm('a', tensor '[1,2]', tensor '[[1,2],[3,4]]');
SELECT rdm('a', tensor '[1,2]', tensor '[[1,NaN],[NaN,4]]');
SELECT rdm(i, x, tensor '[[1,2],[2,1]]') FROM (VALUES (1, tensor '[1,2]'), (2, '[3,4]')) AS v (i, x);
SELECT rdm(i, tensor '[1,2]', s) FROM (VALUES (1, tensor '[1,2]'), (2, '[1,3]')) AS v (i, s);
SELECT poisson_rdm(i, x) FROM (VALUES (1, tensor '[1,2]'), (2, '[3,-4]')) AS v (i, x);
SELECT poisson_rdm(patterns_agg(i, x), prior_weight => 0) FROM (VALUES (1, tensor '[1,2]'), (2, '[3,0]')) AS v (i, x);
SELECT poisson_rdm(patterns_agg('a', tensor '[1]'), prior_lambda => -1);
SELECT poisson_rdm(patterns_agg('a', tensor '[1]'), prior_weight => 'NaN');

-- errors of merging
SELECT patterns_agg('a', tensor '[1]') + patterns_agg('a', tensor '[1,2]');
SELECT patterns_agg('a', tensor '[1]') + patterns_agg('a', tensor '[1]', 1);

-- errors of values from elsewhere
SELECT 'gram(p=1):AQAA'::patterns;
SELECT 'patterns():!!!'::patterns;
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN n_samples(('patterns():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::patterns)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- head, channels, labels, sums, bytes of labels | ends, bytes | label, fold, rows, type | values
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	('good', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0100000000000000 04 0000803f0000803f'),
	('empty', ''),
	('version', '0200000000'),
	('metric', '0100070000 02000000 01000000 01000000'),
	('precision', '0100000301 02000000 01000000 01000000'),
	('no channels', '0100000000 00000000 01000000 01000000'),
	('huge channels', '0100000000 ffffff7f 01000000 01000000'),
	('huge labels', '0100000000 02000000 ffffff7f ffffff7f 01000000'),
	('many labels', '0100000000 02000000 ffffff07 ffffff07 01000000'),
	('label passes its end', '0100000000 02000000 01000000 01000000 01000000 02000000 61'),
	('label has a zero', '0100000000 02000000 01000000 01000000 01000000 01000000 00'),
	('label is no UTF-8', '0100000000 02000000 01000000 01000000 01000000 01000000 ff'),
	('same label twice', '0100000000 02000000 02000000 02000000 02000000 01000000 02000000 6161'),
	('fold without folds', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0100000000000000 0100000000000000 04 0000803f0000803f'),
	('no rows', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0000000000000000 04 0000803f0000803f'),
	('two rows in float4', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0200000000000000 04 0000803f0000803f'),
	('NaN', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0100000000000000 04 0000803f0000c07f'),
	('cut short', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0100000000000000 04 0000803f'),
	('bytes left', '0100000000 02000000 01000000 01000000 01000000 01000000 61 00000000 0000000000000000 0100000000000000 04 0000803f0000803f00')
) AS v (what, hex);
