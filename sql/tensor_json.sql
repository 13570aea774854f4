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

-- Refused
SELECT '[[1,2],[3]]'::json::tensor;
SELECT '[1,[2]]'::jsonb::tensor;
SELECT '{"a": 1}'::json::tensor;
SELECT '[1,true]'::jsonb::tensor;
SELECT '["1"]'::jsonb::tensor;
SELECT '"x"'::json::tensor;
SELECT '[[[[[[[[[1]]]]]]]]]'::json::tensor;
SELECT '[1e400]'::json::tensor;
