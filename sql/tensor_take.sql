SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- take: elements or rows, counted from 1
SELECT take('[10,20,30]', '{3,1,1}'), take('[[1,2],[3,4],[5,6]]', '{3,1}'), take('float2:[1]', '{}'), take('float8:[[[1,2]]]', '{1,1}');
SELECT take('(2,0):[]', '{2}'), take(NULL, '{1}');
SELECT take('[1,2]', '{3}');
SELECT take('[1,2]', '{0}');
SELECT take('[1,2]', '{1,NULL}');
SELECT take('[]', '{1}');
SELECT take('1', '{1}');

-- mask: where true, NULL counts as false
SELECT mask('[10,20,30]', '{t,f,t}'), mask('[10,20,30]', '{NULL,t,NULL}'), mask('[[1,2],[3,4]]', '{f,t}'), mask('[1]', '{f}'), mask('[]', '{}');
SELECT mask('[1,2]', '{t}');
SELECT mask('1', '{t}');

-- scatter: the inverse of take
SELECT scatter('[5,6]', '{4,2}', 5), scatter('[[1,2]]', '{2}', 3), scatter('[]', '{}', 2), scatter('float8:[0.1]', '{1}', 1);
SELECT take(scatter(v, i, 9), i) = v FROM (VALUES ('[5,6,7]'::tensor, '{9,1,4}'::int[])) AS q (v, i);
SELECT scatter('[1,2]', '{2,2}', 3);
SELECT scatter('[1,2]', '{1,4}', 3);
SELECT scatter('[1,2]', '{1}', 3);
SELECT scatter('[1]', '{1}', -1);
SELECT scatter('1', '{1}', 1);
SELECT scatter('[1]', '{NULL}', 1);

-- unnest and rows
SELECT * FROM unnest('[[1,2],[NaN,4]]'::tensor) WITH ORDINALITY;
SELECT unnest('7'::tensor), unnest('float2:[0.1]'::tensor);
SELECT count(*) FROM unnest('[]'::tensor);
SELECT count(*) FROM unnest(NULL::tensor);
SELECT * FROM rows('[[1,2],[3,4]]') WITH ORDINALITY;
SELECT rows('[[[1,2],[3,4]]]'), rows('float8(2,0):[]');
SELECT count(*) FROM rows('(0,3):[]');
SELECT * FROM rows('[1,2]');
SELECT * FROM rows('1');
SELECT unnest(random_uniform('{1000000}')) < 1 LIMIT 1;
SELECT count(*), sum(u) FROM unnest(arange(0, 1000000)) AS u;
-- a second set in the same row, and arguments from a table
SELECT id, u FROM (VALUES (1, '[1,2]'::tensor), (2, '[3]')) AS t (id, v), unnest(v) AS u;
