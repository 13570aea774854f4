SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Arrays in: real[] is float4, every other number float8; the shape is kept
SELECT '{0.1,2,NaN}'::real[]::tensor, '{0.1,-Infinity}'::float8[]::tensor, '{0.1,1e300}'::numeric[]::tensor;
SELECT '{1,-2}'::smallint[]::tensor, '{1,-2}'::int[]::tensor, '{1,9007199254740993}'::bigint[]::tensor;
SELECT '{{1,2},{3,4}}'::real[]::tensor, '{{{1},{2}}}'::int[]::tensor, '[0:1][5:6]={{1,2},{3,4}}'::float8[]::tensor;
SELECT ARRAY[1.5, 2]::tensor, ARRAY[1, 2]::tensor;
-- a NULL element is NaN, an empty array has shape (0), NULL is NULL
SELECT '{1,NULL}'::real[]::tensor, '{NULL,1}'::float8[]::tensor, '{{NULL,1},{2,NULL}}'::numeric[]::tensor,
	'{NULL,7}'::smallint[]::tensor, '{NULL,7}'::int[]::tensor, '{NULL,7}'::bigint[]::tensor;
SELECT '{}'::real[]::tensor, '{}'::numeric[]::tensor, NULL::real[]::tensor;
SELECT '{NaN,Infinity}'::numeric[]::tensor;
SELECT ARRAY[1e400]::numeric[]::tensor;
SELECT ARRAY[1e-400]::numeric[]::tensor;

-- Arrays out
SELECT '[0.1,NaN]'::tensor::real[], '[0.1,NaN]'::tensor::float8[], 'float8:[0.1,1e10]'::tensor::real[], 'float2:[0.1]'::tensor::real[];
SELECT '[[1,2],[3,4]]'::tensor::real[], '[[[1]],[[2]]]'::tensor::int[];
-- numeric: the shortest digits of the element itself
SELECT '[0.1,NaN,-Infinity,1e10]'::tensor::numeric[], 'float8:[[0.30000000000000004,1e-5]]'::tensor::numeric[];
-- integers: to nearest, ties to even
SELECT '[0.5,1.5,-2.5,2.4]'::tensor::smallint[], '[0.5,1.5,-2.5]'::tensor::int[], 'float8:[9007199254740992,-9223372036854775808]'::tensor::bigint[];
SELECT 'float8:[32767.4,-32768.4]'::tensor::smallint[];
SELECT '[]'::tensor::real[], '(0,3):[]'::tensor::float8[], '(2,0):[]'::tensor::numeric[], '(0,1,1,1,1,1,1,1):[]'::tensor::int[], NULL::tensor::int[];
-- refused, with the element
SELECT '[1,NaN]'::tensor::int[];
SELECT '[Infinity]'::tensor::bigint[];
SELECT 'float8:[1,32767.5]'::tensor::smallint[];
SELECT 'float8:[2147483647.5]'::tensor::int[];
SELECT 'float8:[9223372036854775807]'::tensor::bigint[];
SELECT 'float8:[1,1e300]'::tensor::real[];
SELECT '5'::tensor::real[];
SELECT '[[[[[[[1]]]]]]]'::tensor::float8[];
SELECT '[[[[[[1]]]]]]'::tensor::float8[];

-- Assignment: INSERT takes arrays, operators and functions do not
CREATE TEMP TABLE t (v tensor, w tensor(float2, 2), a numeric[]);
INSERT INTO t VALUES (ARRAY[1, 2.5], ARRAY[[1, 2]]::real[], NULL);
INSERT INTO t VALUES (ARRAY[1, 2.5], '{1,2}'::real[], '[0.1]'::tensor) RETURNING *;
SELECT ndims(ARRAY[1, 2]);
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
WHERE 'tensor'::regtype IN (castsource, casttarget)
	AND (castsource::regtype::text || casttarget::regtype::text) ~ '(real|double|numeric|int|json|tensortensor)'
ORDER BY 1, 2;

-- There and back: shape and values
SELECT v::real[]::tensor = v, v::float8[]::tensor = v, astype(v::numeric[]::tensor, 'float4') = v
FROM (SELECT random_normal(ARRAY[3, 4, 5], 1)) AS q (v);
