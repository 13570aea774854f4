SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Four rows along two axes: sums of squares 8 and 2, covariances 8/3 and 2/3.
CREATE TEMP TABLE axes AS SELECT * FROM (VALUES (1, '[2,0]'::tensor), (2, '[-2,0]'), (3, '[0,1]'), (4, '[0,-1]')) v (id, x);
SELECT astype(spectrum(gram_agg(x)), 'float4') FROM axes;
-- singular values sqrt(8), sqrt(2): shares 2/3, 1/3; eigenvalues' shares 4/5, 1/5
SELECT round(effective_rank(gram_agg(x))::numeric, 6) AS singular, round(exp(2/3.0 * ln(1.5) + 1/3.0 * ln(3.0)), 6) AS by_hand,
       round(effective_rank(gram_agg(x), of => 'eigenvalues')::numeric, 6) AS eigen, round(exp(0.8 * ln(1.25) + 0.2 * ln(5.0)), 6) AS by_hand
FROM axes;
-- (8 + 2)^2 / (64 + 4)
SELECT round(participation_ratio(gram_agg(x))::numeric, 6) AS ratio, round(100 / 68.0, 6) AS by_hand FROM axes;
-- ln 4 over ln 2
SELECT round(spectral_decay(gram_agg(x), 1, 2)::numeric, 6) FROM axes;

-- a mean far away is one direction where X is not centred
SELECT round(effective_rank(gram_agg(x + 1000), centred => false)::numeric, 3), round(effective_rank(gram_agg(x + 1000))::numeric, 6) FROM axes;

-- fewer rows than features: the kernel, n - 1 values
SELECT astype(spectrum(gram_agg(x || x || x)), 'float4') FROM axes;
SELECT shape(spectrum(gram_agg(x || x || x))) FROM axes WHERE id < 4;

-- folds are all one here; sums too
SELECT spectrum(gram_agg(x, x, id % 2)) = spectrum(gram_agg(x)) AS folds FROM axes;
SELECT astype(spectrum(sum(g)), 'float4') FROM (SELECT gram_agg(x) AS g FROM axes GROUP BY id) q;

-- nothing varies
SELECT spectrum(gram_agg(x * 0)), effective_rank(gram_agg(x * 0)), participation_ratio(gram_agg(x * 0)) FROM axes;
SELECT spectrum(NULL), effective_rank(NULL), participation_ratio(NULL), spectral_decay(NULL, 1, 2);

-- errors
SELECT spectrum(gram_agg(x)) FROM axes WHERE id = 1;
SELECT effective_rank(gram_agg(x), 'values') FROM axes;
SELECT spectral_decay(gram_agg(x), 0, 2) FROM axes;
SELECT spectral_decay(gram_agg(x), 2, 2) FROM axes;
SELECT spectral_decay(gram_agg(x), 1, 3) FROM axes;
SELECT spectral_decay(gram_agg(x || x), 1, 3) FROM axes;
SELECT participation_ratio(gram_agg(astype(x, 'float8') * 1e160)) FROM axes;
