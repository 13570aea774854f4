SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

SELECT zeros('{2,3}'), zeros('{}'), zeros('{0}'), zeros('{2,0}'), zeros('{2}', 'float2');
SELECT ones('{3}'), ones('{1,2}', 'float8'), ones('{}'), ones('{0,4}');
SELECT filled('{2}', 0.1), filled('{2}', 0.1, 'float8'), filled('{2,2}', 'NaN'), filled('{1}', '-Infinity', 'float2');
SELECT eye(2), eye(1, 'float8'), eye(0);
SELECT shape(zeros('{1,1,1,1,1,1,1,2}'));
-- refused
SELECT zeros('{1,1,1,1,1,1,1,1,1}');
SELECT zeros('{2,-1}');
SELECT zeros('{2,NULL}');
SELECT zeros('{{2,3}}');
SELECT zeros('{100000,100000}');
SELECT zeros('{0,100000,100000}');
SELECT zeros('{2}', 'int8');
SELECT filled('{2}', 1e300);
SELECT eye(-1);
SELECT zeros(NULL), eye(2, NULL);

-- arange(start, stop, step): without stop, as NumPy
SELECT arange(0, 3), arange(1, 2, 0.25), arange(5, 0, -2), arange(0, 0), arange(0, 1, -1), arange(3, 1);
SELECT arange(0, 0.3, 0.1), arange(0, 3, 1, 'float4');
SELECT size(arange(0, 1e6));
SELECT arange(0, 3, 0);
SELECT arange(0, 'NaN');
SELECT arange(0, 'Infinity');
SELECT arange(0, 1e300);
SELECT arange(0, 1e9);
SELECT arange(0, 1e5, 5e4, 'float2');
SELECT arange(0, 1.5e5, 1e5, 'float2');

-- logspace(a, b, n): both ends
SELECT logspace(-2, 2, 5), logspace(0, 3, 4, 'float4'), logspace(2, 3, 1), logspace(0, 1, 0);
SELECT logspace(0, 1, -1);
SELECT logspace(0, 400, 3);
SELECT logspace('NaN', 0, 3);
SELECT logspace(0, 40, 2, 'float4');

-- Random: a pure function of shape and seed
SELECT random_uniform('{3}', 1), random_uniform('{3}', 1) = random_uniform('{3}', 1) AS same,
	random_uniform('{3}', 1) = random_uniform('{3}', 2) AS other;
SELECT random_normal('{2,2}'), random_normal('{4}', 0) = flatten(random_normal('{2,2}')) AS by_place;
SELECT random_normal('{}', -1), random_normal('{0}');
SELECT dtype(random_normal('{1}')), dtype(random_uniform('{1}', 0, 'float2'));
-- 1e6 draws: moments within 5 standard errors, range within [0, 1)
SELECT abs(avg(u)) < 0.005, abs(stddev(u) - 1) < 0.005, max(abs(u)) BETWEEN 4 AND 7
FROM unnest(random_normal('{1000000}', 3, 'float8')) AS u;
SELECT abs(avg(u) - 0.5) < 0.0015, abs(variance(u) - 1.0 / 12) < 0.0005, min(u) >= 0, max(u) < 1, max(u) > 0.9999
FROM unnest(random_uniform('{1000000}', 3)) AS u;
SELECT min(u) >= 0, max(u) < 1 FROM unnest(random_uniform('{100000}', 4, 'float2')) AS u;

-- larger than the memory limit
SET neuroenc.memory_limit = '1MB';
SELECT zeros('{1000,300}');
RESET neuroenc.memory_limit;
