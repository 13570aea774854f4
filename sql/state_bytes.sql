-- States that are sums: what comes of adding them reads back as the same bytes,
-- and sums past the range of float8 are refused where they would be written.
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE byte_rows AS
    SELECT i, i % 3 AS fold, tensor('[' || sin(i) || ',' || cos(i * i) || ',' || i % 5 || ']') AS x
    FROM generate_series(1, 400) AS i;

-- Rows that were held before moments came to them lay in several pieces.
SELECT gram_send(g) = gram_send(g::text::gram) AS same_bytes
FROM (SELECT sum(g ORDER BY o) AS g
      FROM (SELECT 1, gram_agg(x) FROM byte_rows WHERE i <= 12
            UNION ALL SELECT 2, gram_agg(x) FROM byte_rows) AS s (o, g)) AS q;
SELECT trial_set_send(t) = trial_set_send(t::text::trial_set) AS same_bytes
FROM (SELECT sum(t ORDER BY o) AS t
      FROM (SELECT 1, trials_agg(1, x) FROM byte_rows WHERE i <= 12
            UNION ALL SELECT 2, trials_agg(1, x) FROM byte_rows) AS s (o, t)) AS q;

-- Values whose squares are past float8
CREATE TEMP TABLE byte_large AS
    SELECT tensor('float8:[' || CASE i % 2 WHEN 0 THEN '-' ELSE '' END || '1e300,' || i || ',1]') AS x FROM generate_series(1, 300) AS i;
SELECT gram_agg(x)::text IS NULL FROM byte_large;
SELECT gram_send(gram_agg(x)) IS NULL FROM byte_large;
CREATE TEMP TABLE byte_stored AS SELECT gram_agg(x) AS g FROM byte_large;
SELECT residuals_agg(x)::text IS NULL FROM byte_large;
SELECT class_sums_agg(x, 1)::text IS NULL FROM byte_large;
SELECT class_means_agg(x, 1)::text IS NULL FROM byte_large;
SELECT trials_agg(1, x)::text IS NULL FROM byte_large;

-- The sum of two states whose sums of squares, 2^1023, are just in range (p = q = 1, n = 2)
SELECT (c + c)::text IS NULL
FROM (SELECT ('cross_gram():' || translate(encode(decode('01080000' || '01000000' || '01000000' || '0200000000000000' ||
              '0000000000000000' || '0000000000000000' || '000000000000e07f' ||
              '0000000000000000' || '0000000000000000' || '000000000000e07f' || '0000000000000000', 'hex'), 'base64'), E'\n', ''))::cross_gram AS c) AS q;

DROP TABLE byte_rows, byte_large;

-- Aggregates that a user declares over our functions may begin with any value of the state's type: one of another kind is refused.
CREATE FUNCTION pg_temp.goes_on(start anyelement, step text, types text, given text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE AGGREGATE pg_temp.made(%s) (SFUNC = %s, STYPE = %s, INITCOND = %L)', types, step, pg_typeof(start), start);
    EXECUTE format('SELECT pg_temp.made(%s)', given) INTO start;
    EXECUTE format('DROP AGGREGATE pg_temp.made(%s)', types);
    RETURN start;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.goes_on(graph_agg(1, 2), 'graph_add', 'text, text', $$'a', 'b'$$);
SELECT pg_temp.goes_on(graph_agg('a'::text, 'b'), 'graph_add', 'bigint, bigint', '1, 2');
SELECT pg_temp.goes_on(points_agg(tensor '[1]'), 'logistic_points_add', 'tensor, boolean, bigint', $$'[1]', true, 1$$);
SELECT pg_temp.goes_on(points_agg(tensor '[1]'), 'points_add', 'bigint, tensor', $$1, '[1]'$$);
SELECT pg_temp.goes_on(r, 'rdm_average_combine', 'rdm', format('%L::rdm', r)) FROM (SELECT rdm_from_matrix('{a,b}', '[[0,1],[1,0]]')) s(r);
SELECT pg_temp.goes_on(r, 'rdm_average_add', 'rdm', format('%L::rdm', r)) FROM (SELECT rdm_from_matrix('{a,b}', '[[0,1],[1,0]]')) s(r);
-- of its own kind it goes on
SELECT pg_temp.goes_on(graph_agg(1, 2), 'graph_add', 'bigint, bigint', '2, 3') = (SELECT graph_agg(i, i + 1)::text FROM generate_series(1, 2) i) AS goes_on;

-- Counts past what can be read back, 2^53 rows.
WITH RECURSIVE d AS (SELECT 0 AS i, localizer(tensor '[1]', true) AS l UNION ALL SELECT i + 1, l + l FROM d WHERE i < 60) SELECT count(n_units(l)) FROM d;
WITH RECURSIVE d AS (SELECT 0 AS i, feature_activity(sparse '{1:1}/2') AS a UNION ALL SELECT i + 1, a + a FROM d WHERE i < 60) SELECT count(a) FROM d;
WITH RECURSIVE d AS (SELECT 0 AS i, cross_agg(tensor '[1]', tensor '[2]') AS g UNION ALL SELECT i + 1, g + g FROM d WHERE i < 60) SELECT count(g) FROM d;
