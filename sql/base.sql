SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
-- Loads the library, so that the settings are known.
SELECT version, blas_threads, threads, memory_limit, memory_in_use, progress FROM neuroenc_info();
-- OpenBLAS says who and what it is.
SELECT blas_library LIKE '%openblas%' AS library, blas_config LIKE 'OpenBLAS%' AS config, blas_kernel <> '' AS kernel
FROM neuroenc_info();

-- The settings, their units and ranges
SELECT name, setting, unit, vartype, context, min_val, max_val FROM pg_settings WHERE name LIKE 'neuroenc.%' ORDER BY name;
SET neuroenc.threads = 64;
SET neuroenc.memory_limit = '10GB';
SET neuroenc.progress = '2min';
SELECT threads, memory_limit, progress FROM neuroenc_info();
SET neuroenc.threads = 0;
SET neuroenc.threads = 65;
SET neuroenc.memory_limit = '1023kB';
SET neuroenc.progress = -1;
-- A misspelt setting is refused, not kept.
SET neuroenc.thread = 2;
RESET neuroenc.threads;
RESET neuroenc.memory_limit;
RESET neuroenc.progress;
SELECT threads, memory_limit, progress FROM neuroenc_info();

-- Past the limit: both figures and the way out. 300 x 300 in float8 is 720 kB,
-- twice that for the working copy and the result.
SET neuroenc.memory_limit = '1MB';
SELECT e.values IS NULL FROM eigh(eye(300)) AS e;
-- The refused claim is given back.
SELECT memory_in_use FROM neuroenc_info();
-- The argument passes, the decomposition's own scratch does not: n = 200 has
-- 640 kB of copy and result, and dsyevd wants 2 n^2 + 6 n + 1 doubles, 5 n + 3 ints.
SELECT e.values IS NULL FROM eigh(eye(200)) AS e;
SELECT memory_in_use FROM neuroenc_info();
SET neuroenc.memory_limit = '2MB';
SELECT shape(e.values) FROM eigh(eye(200)) AS e;
RESET neuroenc.memory_limit;
SELECT memory_in_use FROM neuroenc_info();
-- Random numbers are pure functions of seed and shape.
SELECT random_uniform('{3}', 1) = random_uniform('{3}', 1) AS same,
	random_uniform('{3}', 1) = random_uniform('{3}', 2) AS other_seed;
