SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Two elements, three latents: e1, e2 and their sum, which has bias -1; b_dec is (1, 0).
CREATE TABLE sae AS SELECT '[[1,0],[0,1],[1,1]]'::tensor AS w_enc, '[0,0,-1]'::tensor AS b_enc, '[1,0]'::tensor AS b_dec,
	'[[1,0],[0,1],[0.5,0.5]]'::tensor AS w_dec;
CREATE TABLE rows (id bigint, x tensor);
-- x - b_dec:            (1, 3)         (-1, 2)       (0, 0)        (2, 0)
-- z:                    1, 3, 3        -1, 2, 0      0, 0, -1      2, 0, 1
INSERT INTO rows VALUES (7, '[2,3]'), (3, '[0,2]'), (5, '[1,0]'), (9, NULL), (4, '[3,0]');

-- A row at a time: 3 and 3 are equal, and the first counts.
SELECT id, sae_encode(w_enc, b_enc, b_dec, x) AS relu,
	sae_encode(w_enc, b_enc, b_dec, x, 'topk', 1) AS top1,
	sae_encode(w_enc, b_enc, b_dec, x, 'topk', 2) AS top2,
	sae_encode(w_enc, b_enc, b_dec, x, 'jumprelu', 1) AS over1
FROM rows, sae ORDER BY id;
SELECT id, sae_encode(w_enc, b_enc, b_dec, x, 'jumprelu', '[0,2.5,3]'::tensor) AS each_its_own,
	sae_encode(w_enc, b_enc, b_dec, x, 'batch_topk', 1) AS a_batch_of_one,
	sae_encode(w_enc, b_enc, b_dec, x, 'batch_topk', 1.5) AS its_threshold,
	sae_encode(transpose(w_enc), b_enc, b_dec, x) = sae_encode(w_enc, b_enc, b_dec, x) AS transposed
FROM rows, sae ORDER BY id;

-- Rows of a matrix, and points, whose ids are in order.
SELECT c.* FROM sae, sae_encode_rows(w_enc, b_enc, b_dec, '[[2,3],[0,2],[1,0],[3,0]]'::tensor) c;
SELECT c.* FROM sae, (SELECT points_agg(id, x) AS p FROM rows) q, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p, 'topk', 1) c;
SELECT c.* FROM sae, (SELECT points_agg(id, x) AS p FROM rows) q, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p, 'jumprelu', '[0,2.5,3]'::tensor) c;
SELECT c.* FROM sae, (SELECT points_agg(id, x) AS p FROM rows) q, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p, 'batch_topk', 1.5) c;

-- A batch of four keeps four activations: 3, 3 and the 2s of ids 3 and 4.  Of four equal ones two are kept, the first row's.
SELECT c.* FROM sae, (SELECT points_agg(id, x) AS p FROM rows) q, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p, 'batch_topk', 1) c;
SELECT * FROM sae_encode_rows('[[1,0],[0,1],[-1,-1]]', '[0,0,0]', '[0,0]', '[[1,1],[1,1]]'::tensor, 'batch_topk', 1);

-- Back: 2 w_dec[2] + 1 w_dec[3] + b_dec = (0 + .5 + 1, 2 + .5)
SELECT sae_decode(w_dec, b_dec, '{2:2,3:1}/3'), sae_decode(transpose(w_dec), b_dec, '{2:2,3:1}/3'), sae_decode(w_dec, b_dec, '{}/3'),
	sae_decode(w_dec, b_dec, 'float8:{2:2}/3'), dictionary_decode(w_dec, '{2:2,3:1}/3') FROM sae;

-- With as many latents as elements rows are latents.
SELECT sae_encode('[[1,2],[0,1]]', '[0,0]', '[0,0]', '[1,1]'), sae_decode('[[1,2],[0,1]]', '[0,0]', '{1:1}/2');

-- float8 where a weight is; float2 as float4
SELECT sae_encode('float8:[[0.1,0],[0,1],[1,1]]', '[0,0,-1]', '[0,0]', '[1,-3]'), sae_encode('float2:[[0.5,0],[0,1],[1,1]]', '[0,0,-1]', '[0,0]', '[1,-3]');

-- One latent, one element; no rows; NULL
SELECT sae_encode('[[2]]', '[1]', '[0]', '[3]'), sae_encode('[[2]]', '[1]', '[0]', '[3]', 'topk', 9), sae_encode(NULL, '[1]', '[0]', '[3]');
SELECT * FROM sae_encode_rows('[[2]]', '[1]', '[0]', zeros(ARRAY[0, 1])::tensor);
SELECT c.* FROM (SELECT points_agg(id, x) AS p FROM rows WHERE id > 100) q, sae, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p) c;

-- Many latents: of 3,000 equal activations the first ones, whichever way they are found
SELECT (sae_encode(ones(ARRAY[3000, 2]), zeros(ARRAY[3000]), '[0,0]', '[1,1]', 'topk', 5)) AS first_five,
	n_active(sae_encode(ones(ARRAY[3000, 2]), zeros(ARRAY[3000]), '[0,0]', '[1,1]', 'topk', 700)) AS k_700,
	n_active(sae_encode(ones(ARRAY[3000, 2]), zeros(ARRAY[3000]), '[0,0]', '[1,1]')) AS relu;

-- Weights that change from row to row are read again.
SELECT i, sae_encode(w, '[0]', '[0]', '[1]'), sae_encode(('[[' || i || ']]')::tensor, '[0]', '[0]', '[1]')
FROM (VALUES (1, '[[1]]'::tensor), (2, '[[2]]'), (3, '[[2]]'), (4, '[[1]]')) AS v (i, w);
SELECT i, sae_encode('[[2]]', '[0]', '[0]', '[1]', 'jumprelu', i * 0.9) FROM generate_series(1, 3) i;

-- Errors
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0]', '[0,0,0,0]', '[1,1]');
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0,0]', '[0,0]', '[1,1,1]');
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0,0]', '[0,0]', '[[1,1]]');
SELECT sae_encode('[1,0]', '[0,0,0]', '[0,0]', '[1,1]');
SELECT sae_encode('[[1,0],[0,NaN],[1,1]]', '[0,0,0]', '[0,0]', '[1,1]');
SELECT sae_encode('[[1,0,1],[0,NaN,1]]', '[0,0,0]', '[0,0]', '[1,1]');
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0,Infinity]', '[0,0]', '[1,1]');
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0,0]', '[0,0]', '[1,NaN]');
SELECT sae_encode('[[1,0],[0,1],[1,1]]', '[0,0,0]', '[0,0]', 'float8:[1,1e300]');
SELECT sae_encode('[[1e38]]', '[0]', '[0]', '[1e38]');
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'gelu');
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'topk');
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'topk', 0);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'topk', 0.5);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'relu', 1);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'jumprelu', -0.5);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'jumprelu', '[1,2]'::tensor);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'jumprelu', '[-1]'::tensor);
SELECT sae_encode('[[1]]', '[0]', '[0]', '[1]', 'batch_topk', '[1]'::tensor);
SELECT * FROM sae_encode_rows('[[1]]', '[0]', '[0]', '[1]'::tensor);
SELECT * FROM sae_encode_rows('[[1]]', '[0]', '[0]', '[[1,2]]'::tensor);
SELECT * FROM sae_encode_rows('[[1]]', '[0]', '[0]', '[[1],[NaN]]'::tensor);
SELECT c.* FROM (SELECT points_agg(x) AS p FROM rows) q, sae, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p) c;
SELECT sae_decode('[[1,0],[0,1],[1,1]]', '[0,0]', '{1:1}/4');
SELECT sae_decode('[[1,0],[0,1],[1,1]]', '[0,0,0,0]', '{1:1}/3');
SELECT dictionary_decode('[1,0]', '{1:1}/2');

DROP TABLE sae, rows;
