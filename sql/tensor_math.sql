SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
SET extra_float_digits = 0;

-- element by element
SELECT '[1,2,3]'::tensor + '[10,20,30]'::tensor AS sum,
       '[1,2,3]'::tensor - '[10,20,30]'::tensor AS difference,
       '[1,2,3]'::tensor * '[10,20,30]'::tensor AS product,
       '[1,2,3]'::tensor / '[10,20,40]'::tensor AS quotient;
SELECT tensor_add('[1]'::tensor, '[2]'::tensor), tensor_subtract('[1]'::tensor, '[2]'::tensor),
       tensor_multiply('[1]'::tensor, '[2]'::tensor), tensor_divide('[1]'::tensor, '[2]'::tensor);

-- a number on either side, of any numeric type
SELECT '[1,2]'::tensor + 1 AS plus, 1.5 + '[1,2]'::tensor AS plus, '[1,2]'::tensor - 1::smallint AS minus,
       1::real - '[1,2]'::tensor AS minus, 2::bigint * '[1,2]'::tensor AS times, '[1,2]'::tensor * 0.5 AS times,
       '[1,2]'::tensor / 4 AS over, 4 / '[1,2]'::tensor AS over;
-- also as a literal: a tensor with no dimensions
SELECT '[1,2]'::tensor + '1' AS plus;
SELECT -'[1,-2,0.5]'::tensor AS minus, - - '[1]'::tensor AS twice, 1 - -'[1]'::tensor AS three;

-- broadcasting
SELECT '[[1,2,3],[4,5,6]]'::tensor + '[10,20,30]'::tensor AS row_to_each_row;
SELECT '[10,20,30]'::tensor - '[[1,2,3],[4,5,6]]'::tensor AS row_from_the_left;
SELECT '[[1,2,3],[4,5,6]]'::tensor * '[[10],[100]]'::tensor AS column_to_each_column;
SELECT '[[1],[2],[3]]'::tensor * '[1,10]'::tensor AS outer_product;
SELECT '[[[1,2]],[[3,4]]]'::tensor + '[[10],[20],[30]]'::tensor AS both_ways;
SELECT '[[[1],[2]],[[3],[4]]]'::tensor + '[[[10,20]],[[30,40]]]'::tensor AS middle_axis;
SELECT '[[1,2]]'::tensor + '[5]'::tensor AS one_element;
SELECT '5'::tensor + '[1,2]'::tensor AS no_dimensions, '5'::tensor + '6'::tensor AS neither;
SELECT '[]'::tensor + '[]'::tensor AS empty, '[]'::tensor + '[1]'::tensor AS stretched, '[]'::tensor * 2 AS number;
SELECT '[1,2,3]'::tensor + '[1,2]'::tensor;
SELECT '[[1,2],[3,4]]'::tensor / '[[1,2,3]]'::tensor;
SELECT '[]'::tensor + '[1,2]'::tensor;

-- element types: the wider of two tensors; a number follows the tensor
SELECT 'float2:[1]'::tensor + 'float2:[2]'::tensor AS f2, 'float2:[1]'::tensor + '[2]'::tensor AS f4,
       '[1]'::tensor + 'float8:[2]'::tensor AS f8, 'float2:[1]'::tensor * 2.5 AS f2, 2.5 * 'float8:[1]'::tensor AS f8;
SELECT 'float2:[2048]'::tensor + 1 AS rounded_to_even, 'float2:[60000]'::tensor + 'float2:[60000]'::tensor AS overflow,
       'float2:[60000]'::tensor * 2 / 2 AS stays_infinite;
SELECT 'float8:[1]'::tensor / 3 AS f8, '[1]'::tensor / 3 AS f4, '[1]'::tensor * 1e300 AS beyond_float4;

-- IEEE arithmetic, no errors
SELECT '[1,-1,0]'::tensor / 0 AS over_zero, '[Infinity]'::tensor - '[Infinity]'::tensor AS inf, '[NaN,1]'::tensor + 1 AS nan;
SELECT sqrt('[4,2.25,-1,NaN]'::tensor), ln('[1,0,-1]'::tensor), exp('[0,1000,-Infinity]'::tensor), abs('[-1,2,-Infinity,NaN]'::tensor);
SELECT exp('float8:[1]'::tensor), ln('float8:[10]'::tensor), sqrt('float2:[2]'::tensor), abs('[[-1],[2]]'::tensor);
SELECT power('[1,2,3,-4]'::tensor, 2), power('[4,9,-1]'::tensor, 0.5), power('[2,10]'::tensor, -1),
       power('float8:[2,3]'::tensor, '[3,2]'::tensor), power('[[2],[3]]'::tensor, '[0,1,3]'::tensor);
SELECT clip('[-5,0,0.5,9,NaN]'::tensor, 0, 1), clip('[1,2,3]'::tensor, '-infinity', 2), clip('[]'::tensor, 0, 0);
SELECT clip('[1]'::tensor, 2, 1);
SELECT clip('[1]'::tensor, 'NaN', 1);

-- scaled to length 1, to mean 0 and sd 1
SELECT l2_normalize('[3,4]'), l2_normalize('[[1,1],[1,1]]'), l2_normalize('[0,0]'), l2_normalize('[]'), l2_normalize('[1,NaN]');
SELECT norm(l2_normalize('float8:[3e200,4e200]') - 'float8:[0.6,0.8]'::tensor) < 1e-15 AS large, l2_normalize('float8:[3e-200,4e-200]') AS small,
       l2_normalize('float2:[30000,40000]') AS half;
-- mean 3, sd sqrt(2)
SELECT zscore('float8:[1,2,3,4,5]'), zscore('[2,4]'), zscore('[0.1,0.1,0.1]') AS constant, zscore('[]') AS empty,
       zscore('[7]') AS one, zscore('[1,NaN]') AS nan;
SELECT zscore('float8:[100000001,100000002,100000003]') AS offset_1e8, zscore('float8:[1,2,3]') AS no_offset;

-- products: [[1,2],[3,4]] [[5,6],[7,8]] = [[5+14,6+16],[15+28,18+32]]
SELECT matmul('[[1,2],[3,4]]', '[[5,6],[7,8]]');
SELECT matmul('[1,2]', '[[5,6],[7,8]]') AS vector_matrix, matmul('[[5,6],[7,8]]', '[1,2]') AS matrix_vector;
SELECT matmul('[[1,2,3]]', '[[1],[2],[3]]') AS inner_one, matmul('[[1],[2]]', '[[3,4,5]]') AS outer_one;
SELECT matmul('float2:[[1,2]]', 'float2:[[3],[4]]') AS f2, matmul('float2:[[1,2]]', 'float8:[[3],[4]]') AS f8,
       matmul('[[1,2]]', 'float2:[3,4]') AS f4;
SELECT matmul('[[1,2]]', '[[1,2]]');
SELECT matmul('[1,2]', '[3,4]');
SELECT matmul('[1,2]', '[[1,2],[3,4],[5,6]]');
SELECT matmul('3', '[[1]]');
SELECT matmul('[[[1]]]', '[[1]]');
SELECT dot(tensor '[1,2,3]', '[4,5,6]'), dot(tensor 'float2:[1,2]', 'float8:[0.5,0.25]') AS mixed, dot(tensor '[[1,2],[3,4]]', '[[1,1],[1,1]]') AS matrices,
       dot(tensor '[]', '[]') AS empty, dot(tensor '[1,NaN]', '[0,0]') AS nan;
SELECT dot(tensor '[1,2]', '[1,2,3]');

-- norms
SELECT norm(tensor '[3,4]'), norm(tensor '[3,-4]', 1) AS l1, norm(tensor '[3,-4]', 'infinity') AS max, norm(tensor '[3,0,-4]', 0) AS l0,
       norm(tensor '[1,2]', 3) ^ 3 AS l3_cubed, norm(tensor '[4,9]', 0.5) AS l_half, norm(tensor '[[1,1],[1,1]]') AS frobenius;
SELECT norm(tensor '[]'), norm(tensor '[]', 1) AS l1, norm(tensor '[]', 'infinity') AS max, norm(tensor '[]', 3) AS l3, norm(tensor '[0,0]') AS zero,
       norm(tensor '[1,NaN]') AS nan, norm(tensor '[1,NaN]', 'infinity') AS nan, norm(tensor '[1,-Infinity]') AS inf, norm(tensor '[0,NaN]', 0) AS l0;
SELECT norm(tensor 'float8:[3e300,4e300]') AS large, norm(tensor 'float8:[3e-300,4e-300]') AS small, norm(tensor 'float8:[3e300,4e300]', 3) < 5e300 AS l3;
SELECT norm(tensor '[1]', -1);
SELECT norm(tensor '[1]', 'NaN');

-- numbers over all elements
SELECT sum_of(t), mean_of(t), std_of(t), min_of(t), max_of(t), argmin(t), argmax(t), nan_count(t)
FROM (VALUES ('[2,4,4,4,5,5,7,9]'::tensor), ('[[1,5],[7,1]]'), ('float2:[1,2]'), ('float8:[-1,0,1]'), ('7'), ('[]'),
	('[1,NaN,3,NaN]'), ('[NaN]'), ('[-Infinity,1]'), ('[Infinity,Infinity]')) v(t);
SELECT t[argmax(t)] = max_of(t) AS position_is_a_subscript FROM (VALUES ('[3,9,2,9]'::tensor)) v(t);
-- 10,000 elements: more than a block
SELECT sum_of(t), mean_of(t), std_of(t), argmax(t), max_of(t) FROM (SELECT tensor_agg(i::real ORDER BY i) FROM generate_series(1, 10000) i) v(t);
-- an offset costs no digits
SELECT std_of('float8:[1e300,3e300]'), std_of('float8:[1e-310,3e-310]'), zscore('float8:[1e300,3e300]'), std_of('[1,Infinity]');
SELECT std_of('float8:[1000000001,1000000002,1000000003,1000000004,1000000005]') ^ 2 AS two;

-- NULL in, NULL out
SELECT NULL::tensor + '[1]'::tensor, '[1]'::tensor * NULL::float8, norm(NULL::tensor), matmul(NULL, '[1]'), zscore(NULL), clip('[1]', NULL, 1);

-- plain numbers mean what they meant
SELECT 1 + 2 AS int, '1' + 2 AS int, 1.5 * '2' AS numeric, abs('-3') AS float, sqrt('4') AS float,
       power('2', '3') AS float, pg_typeof(sqrt(4)), pg_typeof('1' + 2), pg_typeof(2 ^ 3);
PREPARE untyped AS SELECT abs($1), sqrt($2), $3 + 1, power($4, 2);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'untyped';
