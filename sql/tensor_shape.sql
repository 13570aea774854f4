SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

SELECT shape('[[1,2,3],[4,5,6]]'), ndims('[[1,2,3],[4,5,6]]'), size('[[1,2,3],[4,5,6]]'), dtype('[[1,2,3],[4,5,6]]');
SELECT shape('7'), ndims('7'), size('7'), shape('[]'), ndims('[]'), size('(0,3):[]'), dtype('float2:7');
SELECT shape(NULL), ndims(NULL), size(NULL), dtype(NULL);
-- the header of a tensor stored out of line
CREATE TEMP TABLE big AS SELECT random_normal('{100,1000}', 1) AS v;
SELECT shape(v), ndims(v), size(v), dtype(v) FROM big;

SELECT astype('[0.1,NaN,-Infinity]', 'float8'), astype('float8:[0.1,1e-60,65504]', 'float2'), astype('[1]', 'float4');
-- one rounding: through float4 this would end on the tie and go to 1
SELECT astype('float8:[1.00048828126]', 'float2'), astype(astype('float8:[1.00048828126]', 'float4'), 'float2');
SELECT astype('[1,65520]', 'float2');
SELECT astype('float8:[1,1e39]', 'float4');
SELECT astype('[1]', 'int4');

SELECT reshape('[1,2,3,4,5,6]', '{2,3}'), reshape('[[1,2],[3,4]]', '{-1}'), reshape('[1,2,3,4,5,6]', '{3,-1}'), reshape('[5]', '{}'), reshape('5', '{1,1}');
SELECT reshape('[]', '{0,5}'), reshape('(0,3):[]', '{-1,3}');
SELECT reshape('[1,2,3]', '{2,2}');
SELECT reshape('[1,2,3]', '{2,-1}');
SELECT reshape('[1,2,3,4]', '{-1,-1}');
SELECT reshape('[1,2,3]', '{-3}');
SELECT reshape('[]', '{-1,0}');
SELECT reshape('[1]', '{1,1,1,1,1,1,1,1,1}');
SELECT flatten('[[1,2],[3,4]]'), flatten('5'), flatten('(2,0):[]');

SELECT transpose('[[1,2,3],[4,5,6]]'), transpose('[1,2]'), transpose('5'), transpose('(0,3):[]'), transpose('float2:[[1,2]]'), transpose('float8:[[1],[2]]');
SELECT transpose('[[[1,2],[3,4],[5,6]]]');
SELECT transpose('[[[1,2],[3,4],[5,6]]]', '{1,3,2}'), transpose('[[[1,2],[3,4],[5,6]]]', '{2,1,3}'), transpose('[[1,2]]', '{1,2}'), transpose('5', '{}');
-- larger than a tile, against the definition
SELECT count(*) FILTER (WHERE (transpose(v))[j][i] = v[i][j]) FROM (SELECT reshape(arange(0, 70 * 45), '{70,45}')) AS q (v), generate_series(1, 70, 7) AS i, generate_series(1, 45, 4) AS j;
SELECT transpose(transpose(v, '{3,1,4,2}'), '{2,4,1,3}') = v FROM (SELECT random_normal('{5,6,7,8}')) AS q (v);
SELECT transpose('[[1,2]]', '{1}');
SELECT transpose('[[1,2]]', '{1,1}');
SELECT transpose('[[1,2]]', '{0,1}');
SELECT transpose('[[1,2]]', '{1,3}');
SELECT transpose('[[1,2]]', '{1,NULL}');

SELECT '[1,2]'::tensor || '[3]', '[[1,2]]'::tensor || '[[3,4],[5,6]]', '[1]'::tensor || 'float8:[0.1]', '[]'::tensor || '[1]', '(0,2):[]'::tensor || '[[1,2]]';
SELECT '[1]'::tensor || NULL::tensor;
SELECT '[1]'::tensor || '[[1]]';
SELECT '[[1,2]]'::tensor || '[[1]]';
SELECT '1'::tensor || '2';
