SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Text: the examples of the type's comment
SELECT '[1,2.5,NaN]'::tensor, '[[1,2],[3,4]]'::tensor, '3.5'::tensor, 'float8:[0.1]'::tensor, 'float2:[0.1]'::tensor;
-- spaces anywhere but inside a number; every spelling of NaN and infinity
SELECT E' float8 : [ [ 1 ,\t2 ] , [ 3 , 4 ] ] '::tensor;
SELECT '[nan,NAN,inf,-inf,+Infinity,-INFINITY,+1,-0,.5,5.,1E3,1e+3,1e-3]'::tensor;
SELECT '[[[1],[2]],[[3],[4]],[[5],[6]]]'::tensor, '[[[[[[[[7]]]]]]]]'::tensor;
-- empty tensors: brackets say (0) and (2,0), the other shapes are written before the value
SELECT '[]'::tensor, '[[],[]]'::tensor, '(0,3):[]'::tensor, 'float8(2,0,3):[]'::tensor, 'float2:[]'::tensor;
SELECT shape('[[],[]]'), shape('(0,3):[]'), shape('float8(2,0,3):[]'), shape('7'), shape('():7');
-- a shape before any flat list of the right length, or before the same shape
SELECT '(2,2):[1,2,3,4]'::tensor, '(2,2):[[1,2],[3,4]]'::tensor, '():[5]'::tensor, '(1,1):[5]'::tensor;

-- Numbers are rounded once and written with the fewest digits that read back
SELECT '[0.1,16777217,3.4028235e38,1e-45,1.17549435e-38,7.0064923216240853e-46,7.0064923216240854e-46]'::tensor;
SELECT 'float8:[0.1,9007199254740993,1.7976931348623157e308,5e-324,2.2250738585072011e-308,0.30000000000000004]'::tensor;
SELECT 'float2:[65504,65519,0.333,6e-8,2.99e-8,2.98e-8,1e-30,2049,2051]'::tensor;
SELECT '[1.00000005960464477539062,1.00000005960464477539063,123456789012345678901234567890]'::tensor;
SELECT '[1e-400,0e999999999999,-0.0000000000000000000000000000000000000000000000000001e52]'::tensor;

-- Refused, with the place
\set VERBOSITY default
SELECT ''::tensor;
SELECT '['::tensor;
SELECT '[1,2'::tensor;
SELECT '[1,]'::tensor;
SELECT '[,1]'::tensor;
SELECT '[1 2]'::tensor;
SELECT '[1,2]]'::tensor;
SELECT '[1,two]'::tensor;
SELECT '[1,0x10]'::tensor;
SELECT '[1,1e]'::tensor;
SELECT '[1,.]'::tensor;
SELECT '[null]'::tensor;
SELECT '[[1,2],[3]]'::tensor;
SELECT '[[1,2],[3,4,5]]'::tensor;
SELECT '[[1,2],3]'::tensor;
SELECT '[1,[2]]'::tensor;
SELECT '[[[],[]],[[]]]'::tensor;
SELECT '[[],[1]]'::tensor;
SELECT '[[1],[2],]'::tensor;
SELECT '[[[[[[[[[7]]]]]]]]]'::tensor;
SELECT 'float3:[1]'::tensor;
SELECT 'float8[1]'::tensor;
SELECT '(2,2)[1,2,3,4]'::tensor;
SELECT '(2,2:[1,2,3,4]'::tensor;
SELECT '(2,-2):[1,2,3,4]'::tensor;
SELECT '(2,2):[1,2,3]'::tensor;
SELECT '(4):[[1,2],[3,4]]'::tensor;
SELECT '(1,1,1,1,1,1,1,1,1):[1]'::tensor;
SELECT '(99999999999):[1]'::tensor;
SELECT '(0,2147483647,2147483647):[]'::tensor;
SELECT '[1e39]'::tensor, 'never';
SELECT 'float8:[1e309]'::tensor;
SELECT 'float2:[65520]'::tensor;
SELECT ('[' || repeat('1,', 100) || 'x]')::tensor;

-- Type modifier: element type, shape, both
CREATE TEMP TABLE typed (a tensor(3), b tensor(float2), c tensor(float8, 2, 2), d tensor);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'typed'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO typed VALUES ('[1,2,3]', '[1,2]', '[[1,2],[3,4]]', '5') RETURNING *;
INSERT INTO typed (a) VALUES ('[1,2]');
INSERT INTO typed (c) VALUES ('[1,2,3,4]');
INSERT INTO typed (b) VALUES ('[70000]');
SELECT '[1,2]'::tensor(2), '[1,2]'::tensor(float8), '[1,2]'::tensor(float4, 2);
-- a literal is read before the modifier applies; COPY reads with it
SELECT '[0.1]'::tensor(float8), 'float8:[0.1]'::tensor(float8);
CREATE TEMP TABLE wide (v tensor(float8));
COPY wide FROM stdin;
[0.1]
float4:[0.1]
\.
SELECT * FROM wide;
CREATE TEMP TABLE m (v tensor(67108863), w tensor(8191, 8191), x tensor(255, 1, 255), y tensor(float8, 63, 1, 2, 63));
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'm'::regclass AND attnum > 0 ORDER BY attnum;
SELECT '[1]'::tensor(67108864);
SELECT '[1]'::tensor(9000, 1);
SELECT '[1]'::tensor(1, 2, 3, 4, 5);
SELECT '[1]'::tensor(0);
SELECT '[1]'::tensor(-1);
SELECT '[1]'::tensor(flat);
SELECT '[1]'::tensor(float16);
SELECT '[1]'::tensor(768, float2);

-- Binary: header in full, then little-endian elements (receiving: test/oracle/test_tensor_io.py)
SELECT tensor_send('[1,2]'), tensor_send('3'), tensor_send('float2(0,3):[]'), tensor_send('float8:[[1],[2]]');
-- NULL, and a value long enough to be stored out of line
SELECT NULL::tensor;
CREATE TEMP TABLE back (v tensor);
INSERT INTO back SELECT random_normal(ARRAY[100, 100], 1);
SELECT count(*), max(size(v)) FROM back WHERE v::text::tensor = v;
SELECT typcategory, typispreferred, typstorage, typalign FROM pg_type WHERE oid = 'tensor'::regtype;
