SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Out: NaN is null, an infinity is a string, the element type is lost
SELECT '[1,2.5,NaN]'::tensor::json, '[[1,Infinity],[-Infinity,-0]]'::tensor::json, '3'::tensor::json, 'NaN'::tensor::json;
SELECT '[0.1,1e10,1e-10]'::tensor::json, 'float8:[0.1]'::tensor::json, 'float2:[0.1]'::tensor::json;
SELECT '[1,2.5,NaN]'::tensor::jsonb, '[[1,Infinity],[-Infinity,1e3]]'::tensor::jsonb;
SELECT '[]'::tensor::json, '(2,0):[]'::tensor::json, '(0,3):[]'::tensor::json, '(2,0,3):[]'::tensor::jsonb, NULL::tensor::json;

-- In: float8, null is NaN
SELECT '[1,2.5,null]'::json::tensor, '[[1,"Infinity"],["-Infinity","NaN"]]'::json::tensor, '3'::json::tensor, 'null'::json::tensor;
SELECT E' [\n1 , 2 ] '::json::tensor, '[0.1, 1e5, null]'::jsonb::tensor, '[[1, 2], [3, 4]]'::jsonb::tensor;
SELECT '[]'::json::tensor, '[[],[]]'::jsonb::tensor, NULL::json::tensor;
-- a float4 tensor comes back exactly
SELECT astype(v::json::tensor, 'float4') = v, astype(v::jsonb::tensor, 'float4') = v
FROM (SELECT random_normal(ARRAY[7, 3], 2)) AS q (v);

-- jsonb is written in its stored form: the bytes are those that PostgreSQL makes of the same JSON
SELECT name, record_image_eq(row(v::jsonb), row(v::json::text::jsonb)) AS same_bytes, size(v::jsonb::tensor) AS n
FROM (VALUES ('a number', '-1.5'::tensor), ('NaN', 'NaN'), ('an infinity', '-Infinity'), ('empty', '[]'), ('empty lists', zeros('{40,0}')),
	('empty lists of lists', zeros('{2,33,0,3}')), ('no numbers', '[NaN,Infinity,1,-Infinity,NaN,0,-0]'), ('widest', 'float8:[1e308,-2.2250738585072014e-308,5e-324,0.1234567890123456]'),
	('float2', random_normal('{5,100}', 1, 'float2')), ('float4', random_normal('{3,2,65}', 1)), ('float8', random_normal('{70,3}', 1, 'float8') * 1e6),
	('integers', arange(0, 10000)), ('many lists', ones('{300,1}'))) AS q (name, v);

-- Refused
SELECT '[[1,2],[3]]'::json::tensor;
SELECT '[1,[2]]'::jsonb::tensor;
SELECT '{"a": 1}'::json::tensor;
SELECT '[1,true]'::jsonb::tensor;
SELECT '["1"]'::jsonb::tensor;
SELECT '"x"'::json::tensor;
SELECT '[[[[[[[[[1]]]]]]]]]'::json::tensor;
SELECT '[1e400]'::json::tensor;
-- in the text that PostgreSQL makes of the jsonb
SELECT '{"a": [1, {"b\"c": null}], "d": false, "e": {}}'::jsonb::tensor;
SELECT '[[1, "x\ty", [], null], {}]'::jsonb::tensor;
SELECT 'true'::jsonb::tensor;
