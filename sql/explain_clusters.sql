SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: the second feature divides a from the rest, the first b from c
CREATE TEMP TABLE animal AS SELECT * FROM (VALUES
    (tensor '[1,10]', 'a'), ('[2,12]', 'a'), ('[3,11]', 'a'),
    ('[1,1]', 'b'), ('[2,2]', 'b'),
    ('[5,1]', 'c'), ('[6,3]', 'c')) AS v (t, label);
SELECT e.* FROM (SELECT points_agg(t, label) AS p FROM animal) AS q, explain_clusters(q.p) AS e;
SELECT label, name, side, threshold FROM (SELECT points_agg(t, label) AS p FROM animal) AS q, explain_clusters(q.p, '{size,weight}') AS e;
SELECT label, term, feature, accuracy FROM (SELECT points_agg(t, label) AS p FROM animal) AS q, explain_clusters(q.p, max_terms => 1) AS e;
-- b's second term brings 0.1: too little where more is asked for
SELECT label, term, accuracy FROM (SELECT points_agg(t, label) AS p FROM animal) AS q, explain_clusters(q.p, min_gain => 0.2) AS e;

-- a rule holds for the rows that it was made from: accuracy, recall and purity again by SQL
WITH rule AS (SELECT e.* FROM (SELECT points_agg(t, label) AS p FROM animal) AS q, explain_clusters(q.p) AS e),
inside AS (SELECT r.label, a.label = r.label AS member, bool_and(CASE r.side WHEN '<=' THEN t[r.feature] <= r.threshold ELSE t[r.feature] > r.threshold END) AS inside
           FROM animal AS a, rule AS r GROUP BY r.label, a.ctid, a.label)
SELECT label, (avg(inside::int) FILTER (WHERE member) + avg((NOT inside)::int) FILTER (WHERE NOT member)) / 2 = max(accuracy) AS accuracy,
       avg(inside::int) FILTER (WHERE member) = max(recall) AS recall, avg(member::int) FILTER (WHERE inside) = max(purity) AS purity
FROM inside JOIN (SELECT DISTINCT ON (label) label, accuracy, recall, purity FROM rule ORDER BY label, term DESC) AS last USING (label) GROUP BY label ORDER BY label;

-- labels as numbers are in their order; a label that nothing tells apart has no row; neighbours in float8
SELECT label, term, feature, threshold, side, accuracy
FROM (SELECT points_agg(t, label) AS p FROM (VALUES (tensor '[1]', 10), ('[2]', 9), ('[3]', 9), ('[4]', 10)) AS v (t, label)) AS q, explain_clusters(q.p, max_terms => 2) AS e;
SELECT count(*) FROM (SELECT points_agg(tensor '[1,2]', i % 2) AS p FROM generate_series(1, 6) AS i) AS q, explain_clusters(q.p);
SELECT threshold = 1, side, accuracy FROM (SELECT points_agg(t, label) AS p FROM (VALUES (tensor 'float8:[1]', 1), ('float8:[1.0000000000000002]', 2)) AS v (t, label)) AS q, explain_clusters(q.p);
SELECT threshold, side, accuracy FROM (SELECT points_agg(t, label) AS p FROM (VALUES (tensor 'float8:[-1.7e308]', 1), ('float8:[1.7e308]', 2)) AS v (t, label)) AS q, explain_clusters(q.p);
-- rows with NULL are skipped
SELECT count(*) FROM (SELECT points_agg(t, label) AS p FROM (SELECT * FROM animal UNION ALL SELECT NULL, 'a' UNION ALL SELECT '[0,0]', NULL) AS u) AS q, explain_clusters(q.p);
SELECT count(*) FROM explain_clusters(NULL);

-- errors
SELECT explain_clusters(points_agg(t, 'a'::text)) FROM animal;
SELECT explain_clusters(points_agg(t)) FROM animal;
SELECT explain_clusters(p, '{x}') FROM (SELECT points_agg(t, label) AS p FROM animal) AS q;
SELECT explain_clusters(p, '{x,NULL}') FROM (SELECT points_agg(t, label) AS p FROM animal) AS q;
SELECT explain_clusters(p, max_terms => 0) FROM (SELECT points_agg(t, label) AS p FROM animal) AS q;
SELECT explain_clusters(p, min_gain => 'NaN') FROM (SELECT points_agg(t, label) AS p FROM animal) AS q;
