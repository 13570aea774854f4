-- localizers: Welch's t of each unit, its q, the best per cent, random controls
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- by hand: unit 1 is (1,2,3,4,5) under the condition and (2,2,8,9) under the control: t -1.116313, df 3.844404, p .329158;
-- d' = (3 - 5.25) / sqrt((2.5 + 14.25) / 2) = -.777482. Unit 2 is unit 1 upside down, unit 3 is dead, unit 4 differs without variance:
-- p 0, so q is 0, .329158 and .329158 of three tests; ranks 3, 2, none and 1
CREATE TEMP TABLE rows (x tensor, condition boolean);
INSERT INTO rows VALUES ('[1,-1,5,1]', true), ('[2,-2,5,1]', true), ('[3,-3,5,1]', true), ('[4,-4,5,1]', true), ('[5,-5,5,1]', true),
	('[2,-2,5,0]', false), ('[2,-2,5,0]', false), ('[8,-8,5,0]', false), ('[9,-9,5,0]', false), (NULL, true), ('[1,2,3,4]', NULL);
SELECT unit, rank, t, round(df::numeric, 6) AS df, round(p::numeric, 6) AS p, round(q::numeric, 6) AS q, d_prime, mean, control
FROM (SELECT localizer(x, condition) AS l FROM rows) AS s, units(s.l) AS u WHERE unit IN (3, 4);
SELECT unit, rank, round(t::numeric, 6) AS t, round(df::numeric, 6) AS df, round(p::numeric, 6) AS p, round(q::numeric, 6) AS q,
	round(d_prime::numeric, 6) AS d_prime, round(mean::numeric, 6) AS mean, round(control::numeric, 6) AS control
FROM (SELECT localizer(x, condition) AS l FROM rows) AS s, units(s.l) AS u WHERE unit < 3;
-- one-sided: half of p on the side asked for, 1 minus that on the other
SELECT unit, round(p::numeric, 6) AS p FROM (SELECT localizer(x, condition) AS l FROM rows) AS s, units(s.l, one_sided => true) AS u;
SELECT unit, t, p FROM (SELECT localizer(x, NOT condition) AS l FROM rows) AS s, units(s.l, true) AS u WHERE unit = 4;
SELECT n_units(localizer(x, condition)), n_samples(localizer(x, condition)), localizer_units(localizer(x, condition), 50) AS best_two,
	localizer_units(localizer(x, condition)) AS best, localizer_units(localizer(x, condition), 100) AS with_a_t FROM rows;

-- no rows, one condition, one row under it
SELECT localizer(x, condition) IS NULL AS none FROM rows WHERE false;
SELECT u.* FROM (SELECT localizer(x, condition) AS l FROM rows WHERE condition) AS s, units(s.l) AS u WHERE unit = 1;
SELECT u.* FROM (SELECT localizer(x, condition) AS l FROM rows WHERE condition OR x[1] = 9) AS s, units(s.l) AS u WHERE unit = 1;
SELECT localizer_units(localizer(x, condition), 100) AS none FROM rows WHERE condition;
SELECT units(NULL);

-- the text form gives the same value back; parts add up, on any side; every element type
SELECT localizer(x, condition) AS text FROM (VALUES (tensor '[1,2]', true), ('[3,2]', true)) AS v (x, condition);
SELECT l::text::localizer::text = l::text AS round_trip FROM (SELECT localizer(x, condition) AS l FROM rows) AS s;
CREATE TEMP TABLE many AS SELECT i, random_normal('{5}', i) + 1000 + CASE WHEN i % 3 = 0 THEN tensor '[1,0,0,0.5,0]' ELSE zeros('{5}') END AS x, i % 3 = 0 AS condition
FROM generate_series(1, 300) AS i;
SELECT bool_and(abs(a.t / b.t - 1) < 1e-9 AND a.rank = b.rank AND abs(a.q / b.q - 1) < 1e-9) AS same, count(*)
FROM (SELECT localizer(x, condition) AS l FROM many) AS one, units(one.l) AS a,
	(SELECT sum(l) AS l FROM (SELECT localizer(x, condition) AS l FROM many GROUP BY i % 7 UNION ALL SELECT NULL) AS parts) AS summed, units(summed.l) AS b
WHERE a.unit = b.unit;
SELECT bool_and(abs(a.t / b.t - 1) < 1e-9) AS same, bool_and(c.df > 2 * a.df) AS twice
FROM (SELECT localizer(x, condition) AS l FROM many) AS one, units(one.l) AS a,
	(SELECT localizer(x, condition) FILTER (WHERE condition) AS x, localizer(x, condition) FILTER (WHERE NOT condition) AS y FROM many) AS halves,
	units(halves.x + halves.y) AS b, units(one.l + one.l) AS c WHERE a.unit = b.unit AND a.unit = c.unit;
SELECT n_samples(l + l) AS twice FROM (SELECT localizer(x, condition) AS l FROM rows) AS s;
SELECT unit, round(a.t::numeric, 9) = round(b.t::numeric, 9) AS float8_is_float4
FROM (SELECT localizer(x, condition) AS l, localizer(astype(x, 'float8'), condition) AS m FROM many) AS s, units(l) AS a JOIN units(m) AS b USING (unit);
SELECT round(t::numeric, 6) AS t FROM (SELECT localizer(astype(x, 'float2'), condition) AS l FROM rows) AS s, units(s.l) AS u WHERE unit = 1;
-- an offset of 1e9 standard deviations
SELECT round(t::numeric, 5) AS t FROM (SELECT localizer(astype(x, 'float8') + 1e9, condition) AS l FROM rows) AS s, units(s.l) AS u WHERE unit = 1;

-- random controls: none of the chosen, as many, ascending, the same for the same seed; all of the others where there are no more
SELECT random_units(6, '{2,4,6}') AS others, random_units(6, '{}') AS none, random_units(1, '{}') AS one;
SELECT random_units(1000, '{5,7,9}', s) AS drawn FROM generate_series(0, 2) AS s;
SELECT random_units(1000, "like" => '{9,7,5}') = random_units(1000, '{5,7,9}', seed => 0) AS a_set;
SELECT count(DISTINCT u) AS drawn_of, count(*) FILTER (WHERE u = ANY ('{3,4}')) AS chosen, round(stddev(n), 1) < 36 AS evenly FROM (
	SELECT u, count(*) AS n FROM generate_series(1, 2000) AS s, unnest(random_units(12, '{3,4}', s)) AS u GROUP BY u) AS q;
-- by layer: two of units 1 to 5, one of 6 to 10; and a stratum is drawn for itself
SELECT bool_and(cardinality(r) = 3 AND r[2] <= 5 AND r[3] > 5 AND NOT r && '{1,2,9}') AS matched
FROM generate_series(1, 100) AS s, random_units(10, '{9,1,2}', s, '{1,1,1,1,1,2,2,2,2,2}') AS r;
SELECT (random_units(10, '{1,9}', 5, '{1,1,1,1,1,2,2,2,2,2}'))[1] = (random_units(10, '{1,6,9}', 5, '{1,1,1,1,1,7,7,7,7,7}'))[1] AS for_itself;
SELECT random_units(10, NULL) IS NULL AS null;

-- errors
SELECT localizer(x, true) FROM (VALUES (tensor '[1,2]'), ('[1,2,3]')) AS v (x);
SELECT localizer(x, true) FROM (VALUES (tensor '[[1,2]]')) AS v (x);
SELECT localizer(x, true) FROM (VALUES (tensor '[]')) AS v (x);
SELECT localizer(x, true) FROM (VALUES (tensor '[1,2]'), ('[1,NaN]')) AS v (x);
SELECT localizer(x, false) FROM (VALUES (tensor 'float8:[-Infinity]')) AS v (x);
SELECT localizer(x, false) FROM (VALUES (tensor 'float8:[1e308]'), ('float8:[-1e308]')) AS v (x);
SELECT a + b FROM (SELECT localizer(x, true) AS a FROM (VALUES (tensor '[1,2]')) AS v (x)) AS s, (SELECT localizer(tensor '[1]', true) AS b) AS u;
SELECT localizer_units(localizer(x, condition), 0) FROM rows;
SELECT localizer_units(localizer(x, condition), 101) FROM rows;
SELECT localizer_units(localizer(x, condition), 'NaN') FROM rows;
SELECT localizer 'localizer(units=1):AQAAAAEAAAA=';
-- no rows; a negative sum of squares, a mean that is no number, a negative count
SELECT localizer 'localizer():AQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==';
SELECT localizer 'localizer():AQAAAAEAAAACAAAAAAAAAAAAAAAAAPA/AAAAAAAA8L8AAAAAAAAAAA==';
SELECT localizer 'localizer():AQAAAAEAAAACAAAAAAAAAAAAAAAAAPh/AAAAAAAA8D8AAAAAAAAAAA==';
SELECT localizer 'localizer():AQAAAAEAAAD+/////////wAAAAAAAPA/AAAAAAAA8D8AAAAAAAAAAA==';
SELECT localizer 'gram(p=3)';
SELECT localizer_add(NULL, '[1]', true);
SELECT random_units(3, '{1,2}');
SELECT random_units(4, '{1,2}', 0, '{1,1,2,2}');
SELECT random_units(4, '{1,5}');
SELECT random_units(4, '{0}');
SELECT random_units(4, '{1,1}');
SELECT random_units(4, '{1,NULL}');
SELECT random_units(4, '{1}', 0, '{1,2}');
SELECT random_units(4, '{1}', 0, '{1,2,NULL,3}');
SELECT random_units(0, '{}');
