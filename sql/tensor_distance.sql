SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
SET extra_float_digits = 0;

-- the 3-4-5 triangle; |3| + |4|; minus (1*4 + 2*6)
SELECT '[1,2]'::tensor <-> '[4,6]' AS l2, '[1,2]'::tensor <+> '[4,6]' AS l1, '[1,2]'::tensor <#> '[4,6]' AS nip;
SELECT l2_distance(tensor '[1,2]', '[4,6]'), l1_distance(tensor '[1,2]', '[4,6]'), negative_inner_product(tensor '[1,2]', '[4,6]'),
       cosine_distance(tensor '[1,0]', '[0,2]'), correlation_distance('[1,2,3]', '[3,2,1]');
-- angles of 0, 45, 90 and 180 degrees
SELECT '[1,2]'::tensor <=> '[2,4]' AS same, abs(('[1,0]'::tensor <=> '[1,1]') - (1 - sqrt(0.5))) < 1e-15 AS half,
       '[1,0]'::tensor <=> '[0,1]' AS right, '[1,0]'::tensor <=> '[-3,0]' AS opposite;
-- r of (1,2,3,4) and (1,3,2,4) is 0.8
SELECT '[1,2,3,4]'::tensor <~> '[1,3,2,4]' AS r8, '[1,2,3]'::tensor <~> '[10,20,30]' AS same,
       '[1,2,3]'::tensor <~> '[3,2,1]' AS opposite, '[1,2,3,4]'::tensor <~> '[1,-1,-1,1]' AS none;

-- precedence and lexing, as the comments say
SELECT 1 - ('[1,0]'::tensor <=> '[0,1]') AS similarity, ('[1,2]'::tensor <~> -'[1,2]'::tensor) AS space_before_minus;
SELECT 1 - '[1,0]'::tensor <=> '[0,1]'::tensor AS of_one_minus_a;

-- any mix of element types and any shape
SELECT a <-> b AS l2, a <+> b AS l1, a <#> b AS nip, round((a <=> b)::numeric, 12) AS cos, round((a <~> b)::numeric, 12) AS corr
FROM (VALUES ('float2:[1,2,4]'::tensor), ('[1,2,4]'), ('float8:[1,2,4]')) s(a),
	(VALUES ('float2:[2,2,0]'::tensor), ('[2,2,0]'), ('float8:[2,2,0]')) t(b);
SELECT '[[1,2],[3,4]]'::tensor <-> '[[1,2],[3,5]]' AS matrices, '3'::tensor <-> '5' AS numbers;
SELECT '[1,2]'::tensor <-> '[1,2,3]';
SELECT '[1,2]'::tensor <=> '[[1,2]]';
SELECT '[[1,2,3],[4,5,6]]'::tensor <~> '[[1,2],[3,4],[5,6]]';
SELECT NULL::tensor <-> '[1]', '[1]'::tensor <=> NULL;

-- where there is no answer: zero vectors, constants, one element, none
SELECT '[0,0]'::tensor <=> '[1,2]' AS zero, '[]'::tensor <=> '[]' AS empty, '[5,5,5]'::tensor <~> '[1,2,3]' AS constant,
       '[0.1,0.1,0.1]'::tensor <~> '[1,2,3]' AS constant, '[1]'::tensor <~> '[1]' AS one, '[]'::tensor <~> '[]' AS empty;
SELECT '[]'::tensor <-> '[]' AS l2, '[]'::tensor <+> '[]' AS l1, '[]'::tensor <#> '[]' AS nip;
SELECT '[1,NaN]'::tensor <-> '[1,2]' AS l2, '[1,NaN]'::tensor <+> '[1,2]' AS l1, '[1,NaN]'::tensor <#> '[1,2]' AS nip,
       '[1,NaN]'::tensor <=> '[1,2]' AS cos, '[1,NaN,2]'::tensor <~> '[1,2,3]' AS corr;
SELECT '[Infinity]'::tensor <-> '[1]' AS l2, '[Infinity,1]'::tensor <=> '[1,1]' AS cos, '[Infinity,1]'::tensor <~> '[1,2]' AS corr;

-- digits: a small difference on an offset, nearly parallel vectors, squares beyond float8
SELECT 'float8:[100000000,100000001]'::tensor <-> 'float8:[100000000.5,100000001.5]' AS sqrt_half,
       '[10000,10001]'::tensor <+> '[10000.5,10001]' AS half;
-- 1 - cos(x) = x^2 / 2 for a small angle x = 1e-6, within 1e-11 of itself
SELECT abs(('float8:[1,0]'::tensor <=> 'float8:[1,1e-6]') / 5e-13 - 1) < 1e-11 AS cos,
       'float8:[1,2,3]'::tensor <~> 'float8:[1000001,1000002,1000003]' AS corr_of_an_offset;
SELECT 'float8:[3e200,4e200]'::tensor <-> 'float8:[0,0]' AS l2, 'float8:[3e-200,0]'::tensor <-> 'float8:[0,4e-200]' AS l2,
       'float8:[1e200,0]'::tensor <=> 'float8:[0,1e-200]' AS right, 'float8:[1e-200,1e-200]'::tensor <=> 'float8:[1,1]' < 1e-15 AS same,
       'float8:[1e200,2e200,3e200]'::tensor <~> 'float8:[3e-200,2e-200,1e-200]' AS opposite;

-- a scan against one tensor, toasted or not, given as a literal, a sub-select or another row
CREATE TABLE dist_rows (id int, v tensor);
INSERT INTO dist_rows SELECT i, zeros('{1500}') + i FROM generate_series(1, 6) i;
INSERT INTO dist_rows SELECT i, astype(zeros('{1500}') + i, 'float2') FROM generate_series(7, 9) i;
SELECT id, v <-> (SELECT v FROM dist_rows WHERE id = 3) AS l2 FROM dist_rows ORDER BY 2, 1 LIMIT 3;
SELECT id, (SELECT v FROM dist_rows WHERE id = 9) <+> v AS l1 FROM dist_rows ORDER BY 2, 1 LIMIT 3;
SELECT a.id, b.id, a.v <+> b.v AS l1 FROM dist_rows a, dist_rows b WHERE a.id < b.id AND a.id % 3 = 0 ORDER BY 1, 2;
DROP TABLE dist_rows;

-- each operator is its own commutator
SELECT o.oprname, c.oprname = o.oprname AS commutes, f.proname
FROM pg_operator o JOIN pg_operator c ON c.oid = o.oprcom JOIN pg_proc f ON f.oid = o.oprcode
WHERE o.oprleft = 'tensor'::regtype AND o.oprright = 'tensor'::regtype AND o.oprresult = 'float8'::regtype ORDER BY 1;
