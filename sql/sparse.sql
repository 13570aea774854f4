SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Text: pairs in any order, zeros dropped, ascending on the way out.
SELECT '{1:0.5,7:2}/1024'::sparse;
SELECT ' float8: { 7 : 0.1 , 2:0, 1:-3e300 } / 9 '::sparse;
SELECT '{}/1'::sparse, 'float8:{}/2147483647'::sparse(2147483647), '{2147483647:-0.0,1:1e-60}/2147483647'::sparse;
SELECT '{1:1}/3'::sparse::text::sparse = '{1:1}/3'::sparse;

-- Binary: version, value size, '<', 0, width and n in network order, indices from 0, values.
SELECT sparse_send('{1:0.5,7:2}/1024');
SELECT sparse_send('float8:{2:-1}/3');

-- What is refused in text.
SELECT '{1:1,1:2}/3'::sparse;
SELECT '{4:1}/3'::sparse;
SELECT '{0:1}/3'::sparse;
SELECT '{-1:1}/3'::sparse;
SELECT '{1:NaN}/3'::sparse;
SELECT 'float8:{1:-inf}/3'::sparse;
SELECT '{1:1e40}/3'::sparse;
SELECT '{1:1,}/3'::sparse;
SELECT '{1:1,2}/3'::sparse;
SELECT '{1:1'::sparse;
SELECT '{1:1}'::sparse;
SELECT '{}/0'::sparse;
SELECT '{1:1}/99999999999999999999'::sparse;
SELECT '{1:1}/3 4'::sparse;
SELECT 'float2:{1:1}/3'::sparse;
SELECT '[1,2]'::sparse;
SELECT ''::sparse;

-- Type modifier: the width.
CREATE TEMP TABLE fixed (s sparse(4));
INSERT INTO fixed VALUES ('{1:1}/4');
INSERT INTO fixed VALUES ('{1:1}/5');
SELECT '{1:1}/4'::sparse::sparse(5);
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'fixed'::regclass AND attname = 's';
SELECT '{}/1'::sparse(0);
SELECT '{}/1'::sparse(1, 2);

-- Casts with tensors.
SELECT '[0,1.5,0,-2]'::tensor::sparse, 'float8:[0,0.1]'::tensor::sparse, 'float2:[0.5,0]'::tensor::sparse;
SELECT '{2:1.5,4:-2}/4'::sparse::tensor, 'float8:{1:0.1}/2'::sparse::tensor, '{}/3'::sparse::tensor;
INSERT INTO fixed VALUES ('[0,0,7,0]'::tensor);
TABLE fixed;
SELECT '[[1,2]]'::tensor::sparse;
SELECT '[]'::tensor::sparse;
SELECT '3'::tensor::sparse;
SELECT '[1,NaN]'::tensor::sparse;
SELECT 'float8:[1,0,-Infinity]'::tensor::sparse;
SELECT '{1:1}/2147483647'::sparse::tensor;

-- From arrays.
SELECT sparse_from_entries('{7,1,3}', '{2,0.5,0}', 1024);
SELECT sparse_from_entries('{2}', '{0.1}', 3, 'float8'), sparse_from_entries('{}', '{}', 3), sparse_from_entries('{{1,2},{3,4}}', '{1,2,3,4}', 4);
SELECT sdr('{5,2,9}', 10), sdr('{}', 10), active_at(92, 17), active_at(VARIADIC '{}');
SELECT sparse_from_entries('{1,2}', '{1}', 3);
SELECT sparse_from_entries('{1,NULL}', '{1,2}', 3);
SELECT sparse_from_entries('{1,2}', '{1,NULL}', 3);
SELECT sparse_from_entries('{1,2}', '{1,NaN}', 3);
SELECT sparse_from_entries('{2,1,2}', '{1,2,3}', 3);
SELECT sparse_from_entries('{1,4}', '{1,2}', 3);
SELECT sparse_from_entries('{0}', '{1}', 3);
SELECT sparse_from_entries('{1}', '{1e39}', 3);
SELECT sparse_from_entries('{1}', '{1}', 0);
SELECT sparse_from_entries('{1}', '{1}', 3, 'float2');
SELECT sparse_from_entries('{1}', '{1}', 3, 'int');
SELECT sdr('{1,1}', 3);
SELECT active_at(-5);

-- Looking in.
SELECT sparse_width(s), n_active(s), active(s), activation(s, 7), activation(s, 6), norm(s), norm(s, 1), norm(s, 'infinity'), norm(s, 0)
FROM (VALUES ('{1:-3,7:4}/1024'::sparse)) v(s);
SELECT n_active(s), active(s), norm(s), norm(s, 0), norm(s, 1) FROM (VALUES ('{}/8'::sparse)) v(s);
SELECT norm('float8:{1:3e300,2:4e300}/2'::sparse), norm('float8:{1:3e-320,2:4e-320}/2'::sparse) > 0;
SELECT * FROM entries('float8:{7:0.1,1:-3}/1024'::sparse);
SELECT count(*) FROM entries('{}/1024'::sparse);
SELECT activation('{1:1}/3', 0);
SELECT activation('{1:1}/3', 4);
SELECT norm('{1:1}/3'::sparse, -1);

-- Order: that of the tensors; the element type does not count.
SELECT s FROM (VALUES ('{2:1}/3'::sparse), ('{1:-1,2:9}/3'), ('{}/3'), ('{}/4'), ('{3:-1}/3'), ('{3:-1}/2147483647'), ('{1:1}/2'), ('{1:1,3:-1}/3'), ('{1:1}/3'), ('float8:{2:1}/3')) v(s)
ORDER BY s, s::text;
SELECT s, count(*) FROM (VALUES ('{1:0.5}/3'::sparse), ('float8:{1:0.5}/3'), ('{1:0.5}/4'), ('{2:0.5}/3')) v(s) GROUP BY s ORDER BY s;
SELECT a = b, a <> b, a < b, a <= b, a > b, a >= b, sparse_cmp(a, b) FROM (VALUES ('{1:1}/3'::sparse, '{2:1}/3'::sparse), ('{1:1}/3', 'float8:{1:1}/3')) v(a, b);
SELECT sparse_hash('{1:0.5}/3') = sparse_hash('float8:{1:0.5}/3'), sparse_hash_extended('{1:0.5}/3', 7) = sparse_hash_extended('float8:{1:0.5}/3', 7),
       sparse_hash('{1:0.5}/3') = sparse_hash('{1:0.5}/4');

-- Products and distances: (3, 0, 4) and (0, 0, 5).
SELECT dot(a, b), negative_inner_product(a, b), l2_distance(a, b), cosine_distance(a, b), a <#> b, a <-> b, a <=> b
FROM (VALUES ('{1:3,3:4}/3'::sparse, 'float8:{3:5}/3'::sparse)) v(a, b);
SELECT dot(s, '[1,10,100]'::tensor), dot('float2:[1,10,100]'::tensor, s), dot(s, 'float8:[1,10,100]'::tensor) FROM (VALUES ('{1:3,3:4}/3'::sparse)) v(s);
SELECT a <=> a, a <=> b, a <-> a, a <=> '{}/3', dot(a, '{}/3'::sparse), a <-> '{}/3', a <#> '{}/3' FROM (VALUES ('{1:0.1,2:0.7}/3'::sparse, 'float8:{1:-0.1,2:-0.7}/3'::sparse)) v(a, b);
SELECT a <-> b, a <=> b FROM (VALUES ('float8:{1:3e300}/2'::sparse, 'float8:{2:4e300}/2'::sparse), ('float8:{1:3e-200}/2', 'float8:{2:4e-200}/2'), ('float8:{1:5e-324}/2', 'float8:{1:5e-324}/2')) v(a, b);
SELECT jaccard('{1:1,2:5,9:1}/9', '{2:1,9:-3,3:1}/9'), jaccard('{}/9', '{1:1}/9'), jaccard('{}/9', '{}/9');
SELECT weighted_jaccard('{1:1,2:5}/9', '{2:1,3:2}/9'), weighted_jaccard('{1:1,2:1}/9', '{2:1,3:1}/9'), weighted_jaccard('{}/9', '{}/9');
SELECT weighted_jaccard('{1:1}/9', '{2:-1}/9');
SELECT '{1:1}/3'::sparse <=> '{1:1}/4';
SELECT dot('{1:1}/3'::sparse, '[1,2]'::tensor);
SELECT dot('{1:1}/3'::sparse, '[[1,2,3]]'::tensor);
SELECT jaccard('{1:1}/3', '{1:1}/4');

-- Lists of very different length are searched by bisection: the same products.
SELECT dot(long, short), dot(short, long), overlap(long, short), overlap(short, long), l2_distance(long, short), short && long, long @> short, short <@ long
FROM (SELECT sparse_from_entries(array_agg(3 * i), array_agg(1.0::float8), 100000) AS long FROM generate_series(1, 30000) i) a,
     (VALUES ('{3:1,4:1,300:2,89999:7,90000:3}/100000'::sparse), ('{3:1,90000:3}/100000'), ('{1:1,100000:1}/100000'), ('{}/100000')) b(short);

-- Features of items, by the state and by the aggregates.
CREATE TEMP TABLE codes (id int, code sparse);
INSERT INTO codes VALUES (1, '{1:2,3:4}/4'), (2, '{3:6}/4'), (3, NULL), (4, '{1:-1}/4'), (5, '{}/4');
SELECT f.* FROM (SELECT feature_activity(code) AS a FROM codes) q, features(a) f;
SELECT feature_density(code), sum(code), avg(code), n_samples(feature_activity(code)), feature_density(feature_activity(code)) FROM codes;
SELECT feature_density(code), sum(code), avg(code), feature_activity(code), union_sdr(code) FROM codes WHERE id = 3;
SELECT sum(s), avg(s) FROM (VALUES ('{1:0.5}/2'::sparse), ('float8:{2:0.1}/2')) v(s);
SELECT sum(s) FROM (VALUES ('{1:3e38}/2'::sparse), ('{1:3e38}/2')) v(s);
SELECT f.* FROM (SELECT a + b AS a FROM (SELECT feature_activity(code) AS a FROM codes WHERE id < 2) a, (SELECT feature_activity(code) AS b FROM codes WHERE id > 1) b) q, features(a) f;
SELECT feature_density(sum(a)), n_samples(sum(a)) FROM (SELECT feature_activity(code) AS a FROM codes GROUP BY id) q;
SELECT feature_activity(code)::text FROM codes WHERE id = 2;
SELECT feature_activity(code)::text::feature_activity::text = feature_activity(code)::text FROM codes;
SELECT id % 2 AS odd, feature_density(code) FROM codes GROUP BY 1 ORDER BY 1;
SELECT id, sum(code) OVER (ORDER BY id) FROM codes;
SELECT sum(s) FROM (VALUES ('{1:1}/2'::sparse), ('{1:1}/3')) v(s);
SELECT union_sdr(s) FROM (VALUES ('{1:1}/2'::sparse), ('{1:1}/3')) v(s);
SELECT sum(a) FROM (SELECT feature_activity(s) a FROM (VALUES ('{1:1}/2'::sparse), ('{1:1}/3')) v(s) GROUP BY s) q;
SELECT feature_activity_add(NULL, '{1:1}/2');
SELECT feature_activity(s) FROM (VALUES ('{}/2147483647'::sparse)) v(s);
SELECT 'feature_activity(width=1):AQQAAAEAAAABAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=='::feature_activity;
SET neuroenc.memory_limit = '1MB';
SELECT feature_density(s) IS NULL FROM (VALUES ('{}/100000'::sparse)) v(s);
RESET neuroenc.memory_limit;

-- Features that are active together: as of the tensors.
SELECT n_samples(c), n_features(c), cooccurrence_matrix(c, 'count') FROM (SELECT cooccurrence(code) AS c FROM codes) q;
SELECT cooccurrence(code)::text = cooccurrence(code::tensor)::text, cooccurrence(code, 3)::text = cooccurrence(code::tensor, 3)::text FROM codes;
SELECT bool_and(d.same) FROM (SELECT cooccurrence(s)::text = cooccurrence(s::tensor)::text AS same
	FROM (SELECT sdr(array_agg(j), 40) AS s FROM generate_series(1, 300) i, generate_series(1, 40) j WHERE (i * j) % (i % 9 + 1) = 0 GROUP BY i) q) d;
SELECT cooccurrence(code) FROM codes WHERE id = 3;
SELECT cooccurrence(s) FROM (VALUES ('{1:1}/2'::sparse), ('{1:1}/3')) v(s);
SELECT cooccurrence('{}/65537'::sparse);
SELECT cooccurrence(code, -1) FROM codes;
SELECT cooccurrence(code, id) FROM codes;
SELECT cooccurrence(code, NULL) FROM codes;

-- Toasted values are the same values.
CREATE TEMP TABLE large (s sparse);
INSERT INTO large SELECT sparse_from_entries(array_agg(i), array_agg(i::float8), 50000) FROM generate_series(1, 50000, 7) i;
SELECT n_active(s), dot(s, s), dot(s, s::tensor), s = s::tensor::sparse, overlap(s, sdr('{1,2,8}', 50000)) FROM large;
