SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Which indices are active: neither values nor widths count.
SELECT a && b AS overlaps, a @> b AS contains, a <@ b AS contained
FROM (VALUES ('{1:2,3:4,9:-1}/9'::sparse, '{3:1}/4'::sparse), ('{3:1}/9', '{1:1,3:1}/9'), ('{1:1}/9', '{2:1}/9'), ('{1:1}/9', '{}/9'), ('{}/9', '{1:1}/9'), ('{}/9', '{}/1'), ('{1:1,2:2}/2', '{1:3,2:4}/3')) v(a, b);
SELECT '{17:0.5,92:2,100:1}/1024' @> active_at(17, 92), '{17:0.5,92:2}/1024' @> active_at(17, 93), '{17:0.5}/1024' && active_at(3, 17);

-- Operators on arrays are what they were.
SELECT '{1,2}' && ARRAY[2], '{1,2}' @> ARRAY[2], ARRAY[1] <@ '{1,2}';

-- Items with 9 to 12 of 400 features, low ones more often; some with none, some NULL.
CREATE TABLE items (id int PRIMARY KEY, code sparse(400));
INSERT INTO items
SELECT i, CASE WHEN i % 500 = 0 THEN '{}/400' WHEN i % 501 <> 0 THEN sdr(f, 400) END
FROM generate_series(1, 6000) i,
     LATERAL (SELECT array_agg(DISTINCT 1 + ((hashint4(i * 16 + j) & 1023) * (hashint4(-i * 16 - j) & 1023)::bigint * 400 / 1048576)::int) AS f
              FROM generate_series(1, 12) j) q;
SELECT count(*), count(code), count(*) FILTER (WHERE n_active(code) = 0) AS empty, min(n_active(code)) FILTER (WHERE n_active(code) > 0), max(n_active(code)) FROM items;
CREATE INDEX ON items USING gin (code);
VACUUM ANALYZE items;

-- The index is used.
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE code @> active_at(17, 92);
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE code && active_at(399);
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE code <@ '{1:1,2:1}/400';

-- The same rows by the index as by reading all of them.
CREATE TABLE queries (q int, s sparse);
INSERT INTO queries SELECT 100 + id, code FROM items WHERE id IN (3, 500, 777, 2900);
INSERT INTO queries VALUES (1, active_at(17, 92)), (2, active_at(1)), (3, active_at(1, 2, 3, 4, 5)), (4, '{}/400'), (5, active_at(400)), (6, active_at(5000)), (7, active_at(2, 300)),
	(8, (SELECT sdr(array_agg(i), 400) FROM generate_series(1, 150) i));
CREATE FUNCTION found(op text, path text) RETURNS TABLE (q int, n bigint, ids bigint) LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	PERFORM set_config('enable_seqscan', (path = 'seq')::text, true), set_config('enable_bitmapscan', (path = 'gin')::text, true);
	FOR r IN SELECT * FROM queries ORDER BY q LOOP
		q := r.q;
		EXECUTE format('SELECT count(*), sum(hashint4(id)) FROM items WHERE code %s %L', op, r.s) INTO n, ids;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT g.q, g.n AS "&&", s.n = g.n AND s.ids IS NOT DISTINCT FROM g.ids AS same FROM found('&&', 'gin') g JOIN found('&&', 'seq') s USING (q) ORDER BY 1;
SELECT g.q, g.n AS "@>", s.n = g.n AND s.ids IS NOT DISTINCT FROM g.ids AS same FROM found('@>', 'gin') g JOIN found('@>', 'seq') s USING (q) ORDER BY 1;
SELECT g.q, g.n AS "<@", s.n = g.n AND s.ids IS NOT DISTINCT FROM g.ids AS same FROM found('<@', 'gin') g JOIN found('<@', 'seq') s USING (q) ORDER BY 1;

-- The items that activate a feature most, from the index.
UPDATE items SET code = sparse_from_entries(active(code), (SELECT array_agg((id * 7 + f) % 101 + 1.0::float8) FROM unnest(active(code)) f), 400) WHERE n_active(code) > 0;
SELECT id, activation(code, 92) FROM items WHERE code @> active_at(92) ORDER BY activation(code, 92) DESC, id LIMIT 3;
SELECT bool_and(code @> active_at(92)) AND count(*) > 100 AS changed_rows_are_found FROM items WHERE code @> active_at(92);

-- A join by the index.
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM queries q JOIN items i ON i.code && q.s;
RESET enable_seqscan;
RESET enable_hashjoin;
RESET enable_mergejoin;
DROP TABLE items, queries;
DROP FUNCTION found(text, text);

-- ANALYZE knows how often an index is active, and the planner how many rows to expect: within a factor of 2 of those there are, but for
-- an index that no row has, which is taken to be half as frequent as the rarest, and <@, whose share is a guess.
CREATE TABLE known (id int, code sparse);
INSERT INTO known SELECT i, CASE WHEN i % 10 > 0 THEN sdr(ARRAY[1, 2, 3 + i % 7, 20 + i % 100] || CASE WHEN i % 3 = 0 THEN ARRAY[500, 600] END, 1000) END FROM generate_series(1, 5000) i;
ANALYZE known;
SELECT (most_common_elems::text::int[])[1:12] AS elements, (most_common_elem_freqs)[1:12] AS shares, null_frac FROM pg_stats WHERE tablename = 'known' AND attname = 'code';
CREATE FUNCTION expected(condition text, OUT expected float8, OUT n float8) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT * FROM known WHERE ' || condition INTO plan;
	EXECUTE 'SELECT count(*) FROM known WHERE ' || condition INTO n;
	expected := plan->0->'Plan'->>'Plan Rows';
END $$;
SELECT c, expected, n, expected / greatest(n, 1) BETWEEN 0.5 AND 2 AS near
FROM unnest(ARRAY['code @> active_at(1)', 'code @> active_at(4)', 'code @> active_at(1, 500)', 'code @> active_at(5, 25)', 'code && active_at(4, 500)', 'active_at(3, 4, 5) && code', 'code && active_at(999)',
	'code && ''{}/7''', 'code @> ''{}/7''', 'active_at(1, 2) <@ code', 'code <@ active_at(1, 2)', 'active_at(500) @> code']) AS c, expected(c);
EXPLAIN (COSTS OFF) SELECT * FROM known WHERE code @> NULL;
TRUNCATE known;
ANALYZE known;
INSERT INTO known VALUES (1, '{}/3'), (2, '{}/3'), (3, NULL);
ANALYZE known;
SELECT most_common_elems, null_frac FROM pg_stats WHERE tablename = 'known' AND attname = 'code';
DROP TABLE known;
DROP FUNCTION expected(text);
