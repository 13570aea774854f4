-- alignment of two populations: CKA, CCA, Procrustes, shape distances
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET extra_float_digits = 0;

-- One unit each, by hand: centred x = (-1.5, -.5, .5, 1.5), y = (-1.75, -.75, .25, 2.25); x'y = 6.5, x'x = 5,
-- y'y = 8.75; r = 6.5 / sqrt(43.75) = .982708, r^2 = .965714, acos(r) = .186239; the euclidean distance is
-- sqrt(5 + 8.75 - 2 * 6.5) = .866025
CREATE TEMP TABLE one (i int, x tensor, y tensor);
INSERT INTO one VALUES (1, '[1]', '[1]'), (2, '[2]', '[2]'), (3, '[3]', '[3]'), (4, '[4]', '[5]');
SELECT round(cka(x, y)::numeric, 6) AS cka, round(rv(x, y)::numeric, 6) AS rv, round(mean_cca(x, y)::numeric, 6) AS cca,
	round(svcca(x, y)::numeric, 6) AS svcca, round(pwcca(x, y)::numeric, 6) AS pwcca FROM one;
SELECT round(procrustes_similarity(x, y)::numeric, 6) AS similarity, round(bures_similarity(x, y)::numeric, 6) AS bures,
	round(procrustes(x, y)::numeric, 6) AS angle, round(shape_distance(x, y)::numeric, 6) AS shape,
	round(shape_distance_euclidean(x, y)::numeric, 6) AS euclidean, procrustes_rotation(x, y) AS rotation FROM one;
-- the unbiased HSIC of Song et al., equation 5, checked by the oracle; of a population with itself it is 1
SELECT round(cka_debiased(x, y)::numeric, 6) AS debiased, round(cka_debiased(x, x)::numeric, 6) AS itself FROM one;
-- kernels exp(-d^2 / (2 sigma^2)): with a wide one the kernel is 1 - d^2 / (2 sigma^2), and the measure that of linear kernels
SELECT round(cka_rbf(x, y)::numeric, 6) AS sigma_1, round(cka_rbf(x, y, 2)::numeric, 6) AS sigma_2,
	round(cka_rbf(x, y, 1e5)::numeric, 6) AS wide, round(cka_rbf(x, x)::numeric, 6) AS itself FROM one;

-- y is x turned by a right angle: distance 0, and the rotation says which
CREATE TEMP TABLE turned (i int, x tensor, y tensor);
INSERT INTO turned VALUES (1, '[1,0]', '[0,1]'), (2, '[0,2]', '[-2,0]'), (3, '[-1,0]', '[0,-1]'), (4, '[0,-2]', '[2,0]');
SELECT round(cka(x, y)::numeric, 9) AS cka, max_of(abs(cca(x, y) - 1)) < 1e-9 AS cca, procrustes(x, y) < 1e-12 AS zero, shape_distance(x, y, 0) < 1e-12 AS zero_cca,
	shape_distance(x, y, 0.5) < 1e-12 AS zero_half, max_of(abs(procrustes_rotation(x, y) - tensor '[[0,1],[-1,0]]')) < 1e-12 AS rotation FROM turned;
-- the same through three grams: moments know a distance to 1e-7
SELECT round(cka(xy, xx, yy)::numeric, 9) AS cka, max_of(abs(cca(xy, xx, yy) - 1)) < 1e-9 AS cca, procrustes(xy, xx, yy) < 1e-7 AS zero,
	shape_distance(xy, xx, yy, 0) < 1e-7 AS zero_cca, max_of(abs(procrustes_rotation(xy, xx, yy) - tensor '[[0,1],[-1,0]]')) < 1e-12 AS rotation
FROM (SELECT gram_agg(x, y) AS xy, gram_agg(x) AS xx, gram_agg(y) AS yy FROM turned) AS q;

-- every measure in every form, unequal widths
CREATE TEMP TABLE pop AS
	SELECT i, random_normal('{4}', i) AS x, random_normal('{3}', -i) + take(random_normal('{4}', i), '{1,2,3}') AS y
	FROM generate_series(1, 40) AS i;
CREATE TEMP TABLE forms AS
	SELECT paired_agg(x, y) AS s, gram_agg(x, y) AS xy, gram_agg(x) AS xx, gram_agg(y) AS yy,
		(SELECT rdm_from_matrix((SELECT array_agg(i::text ORDER BY i) FROM pop), reshape(tensor_agg(l2_distance(a.x, b.x) ^ 2 ORDER BY a.i, b.i), '{40,40}'), 'sqeuclidean')
			FROM pop AS a, pop AS b) AS rx,
		(SELECT rdm_from_matrix((SELECT array_agg(i::text ORDER BY i) FROM pop), reshape(tensor_agg(l2_distance(a.y, b.y) ORDER BY a.i, b.i), '{40,40}'), 'euclidean')
			FROM pop AS a, pop AS b) AS ry
	FROM pop;
CREATE TEMP TABLE answers (measure text, direct float8, paired float8, grams float8, rdms float8);
INSERT INTO answers
	SELECT m.* FROM (SELECT * FROM forms OFFSET 0) AS f, LATERAL (VALUES
		('cka', (SELECT cka(x, y) FROM pop), cka(s), cka(xy, xx, yy), cka(rx, ry)),
		('cka_debiased', (SELECT cka_debiased(x, y) FROM pop), cka_debiased(s), NULL, cka_debiased(rx, ry)),
		('cka_rbf', (SELECT cka_rbf(x, y) FROM pop), cka_rbf(s), NULL, cka_rbf(rx, ry)),
		('cka_rbf 2', (SELECT cka_rbf(x, y, 2) FROM pop), cka_rbf(s, 2), NULL, cka_rbf(rx, ry, sigma => 2)),
		('mean_cca', (SELECT mean_cca(x, y) FROM pop), mean_cca(s), mean_cca(xy, xx, yy), mean_cca(rx, ry)),
		('svcca', (SELECT svcca(x, y) FROM pop), svcca(s), svcca(xy, xx, yy), svcca(rx, ry)),
		('svcca .7', (SELECT svcca(x, y, 0.7) FROM pop), svcca(s, 0.7), svcca(xy, xx, yy, variance => 0.7), svcca(rx, ry, 0.7)),
		('svcca 2', NULL, svcca(s, k => 2), svcca(xy, xx, yy, k => 2), svcca(rx, ry, k => 2)),
		('pwcca', (SELECT pwcca(x, y) FROM pop), pwcca(s), pwcca(xy, xx, yy), NULL),
		('procrustes', (SELECT procrustes(x, y) FROM pop), procrustes(s), procrustes(xy, xx, yy), procrustes(rx, ry)),
		('procrustes_similarity', (SELECT procrustes_similarity(x, y) FROM pop), procrustes_similarity(s), procrustes_similarity(xy, xx, yy), procrustes_similarity(rx, ry)),
		('shape_distance', (SELECT shape_distance(x, y) FROM pop), shape_distance(s), shape_distance(xy, xx, yy), shape_distance(rx, ry)),
		('shape_distance .3', (SELECT shape_distance(x, y, 0.3) FROM pop), shape_distance(s, 0.3), shape_distance(xy, xx, yy, 0.3), shape_distance(rx, ry, alpha => 0.3)),
		('shape_distance 0', (SELECT shape_distance(x, y, 0) FROM pop), shape_distance(s, 0), shape_distance(xy, xx, yy, 0), shape_distance(rx, ry, 0)),
		('euclidean', (SELECT shape_distance_euclidean(x, y) FROM pop), shape_distance_euclidean(s), shape_distance_euclidean(xy, xx, yy), shape_distance_euclidean(rx, ry)),
		('euclidean .3', (SELECT shape_distance_euclidean(x, y, 0.3) FROM pop), shape_distance_euclidean(s, 0.3), shape_distance_euclidean(xy, xx, yy, 0.3), shape_distance_euclidean(rx, ry, 0.3)),
		('rv', (SELECT rv(x, y) FROM pop), rv(s), rv(xy, xx, yy), rv(rx, ry)),
		('bures_similarity', (SELECT bures_similarity(x, y) FROM pop), bures_similarity(s), bures_similarity(xy, xx, yy), bures_similarity(rx, ry))) AS m;
SELECT measure, round(paired::numeric, 6) AS value, coalesce(abs(direct - paired) < 1e-9, true) AS direct,
	abs(grams - paired) < 1e-6 AS grams, abs(rdms - paired) < 1e-6 AS rdms FROM answers;
-- the pairs that are one number
SELECT a.measure, b.measure FROM answers AS a JOIN answers AS b ON a.measure < b.measure AND a.paired = b.paired ORDER BY 1, 2;
-- tensors: canonical correlations and rotations
SELECT max_of(abs(cca(s) - cca(xy, xx, yy))) < 1e-6 AS grams, max_of(abs(cca(s) - cca(rx, ry))) < 1e-6 AS rdms, shape(cca(s, 2)), shape(cca(rx, ry, k => 1)),
	max_of(abs(procrustes_rotation(s) - procrustes_rotation(xy, xx, yy))) < 1e-6 AS rotation FROM forms;
SELECT shape(cca(x, y, 2)), shape(cca(x, y, 0)), shape(procrustes_rotation(y, x)) FROM pop;

-- invariances: turned, scaled and shifted populations are the same; CCA takes any invertible map
CREATE TEMP TABLE mapped AS SELECT i, x, y,
	matmul(x, rotation) * 3 + 100 AS turned, matmul(x, tensor '[[1,2,0,0],[0,1,3,0],[0,0,1,-1],[1,0,0,1]]') AS sheared
FROM pop, (SELECT procrustes_rotation(x, exp(-x)) AS rotation FROM pop) AS r;
SELECT abs(cka(x, y) - cka(turned, y)) < 1e-6 AS cka, abs(cka_debiased(x, y) - cka_debiased(turned, y)) < 1e-6 AS debiased,
	abs(procrustes(x, y) - procrustes(turned, y)) < 1e-6 AS procrustes, procrustes(x, turned) < 1e-5 AS itself,
	abs(mean_cca(x, y) - mean_cca(sheared, y)) < 1e-6 AS cca, abs(shape_distance(x, y, 0) - shape_distance(sheared, y, 0)) < 1e-6 AS shape_0,
	abs(cka(x, y) - cka(y, x)) < 1e-12 AS symmetric, abs(shape_distance_euclidean(x, y, 0.4) - shape_distance_euclidean(y, x, 0.4)) < 1e-12 AS symmetric
FROM mapped;

-- fewer rows than units: the first canonical correlations are 1 whatever the data
SELECT max_of(abs(cca(x, y) - 1)) < 1e-9 AS cca, round(mean_cca(x, y)::numeric, 9) AS mean, round(pwcca(x, y)::numeric, 9) AS pwcca FROM pop WHERE i <= 4;

-- not defined: one row, constant populations, fewer than 4 rows for the unbiased estimate
SELECT cka(x, y), cka_debiased(x, y), cka_rbf(x, y), cca(x, y), mean_cca(x, y), svcca(x, y), pwcca(x, y), procrustes(x, y), procrustes_rotation(x, y),
	shape_distance(x, y, 0.5), shape_distance_euclidean(x, y) FROM pop WHERE i = 1;
SELECT cka(x, c), cka_debiased(x, c), cka_rbf(x, c), cca(x, c), mean_cca(x, c), svcca(x, c), pwcca(x, c), procrustes(x, c), procrustes_rotation(x, c),
	shape_distance(x, c, 0.5), shape_distance_euclidean(x, c) FROM (SELECT x, tensor 'float8:[0.1,1e9]' AS c FROM pop) AS q;
SELECT cka(xc, xx, cc), cca(xc, xx, cc), mean_cca(xc, xx, cc), pwcca(xc, xx, cc), procrustes(xc, xx, cc), procrustes_rotation(xc, xx, cc), shape_distance(xc, xx, cc, 0.5)
FROM (SELECT gram_agg(x, c) AS xc, gram_agg(x) AS xx, gram_agg(c) AS cc FROM (SELECT x, tensor 'float8:[0.1,1e9]' AS c FROM pop, generate_series(1, 20)) AS q) AS q;
SELECT cka_debiased(x, y) AS three, cka_debiased(paired_agg(x, y)) IS NULL AS null FROM pop WHERE i <= 3;
-- equidistant rows have nothing left after the unbiased centring
SELECT cka_debiased(x, x) FROM (VALUES (tensor '[1,0,0,0]'), ('[0,1,0,0]'), ('[0,0,1,0]'), ('[0,0,0,1]')) AS v (x);

-- large and small numbers
SELECT round(cka(x, y)::numeric, 6) = (SELECT round(cka(x, y)::numeric, 6) FROM pop) AS cka, round(procrustes(x, y)::numeric, 6) = (SELECT round(procrustes(x, y)::numeric, 6) FROM pop) AS procrustes
FROM (SELECT astype(x, 'float8') * 1e150 AS x, astype(y, 'float8') * 1e-150 AS y FROM pop) AS q;

-- errors of options
SELECT cka_rbf(s, 0) FROM forms;
SELECT cka_rbf(rx, ry, 'NaN') FROM forms;
SELECT cka_rbf(x, y, -1) FROM pop;
SELECT svcca(s, 0) FROM forms;
SELECT svcca(s, 1.01) FROM forms;
SELECT svcca(s, k => -1) FROM forms;
SELECT cca(s, 4) FROM forms;
SELECT cca(s, -1) FROM forms;
SELECT shape_distance(s, -0.1) FROM forms;
SELECT shape_distance_euclidean(x, y, 2) FROM pop;

-- errors of grams
SELECT cka(xx, xx, yy) FROM forms;
SELECT cka(xy, yy, yy) FROM forms;
SELECT cka(xy, xx, xx) FROM forms;
SELECT cka(xy, xx, (SELECT gram_agg(y) FROM pop WHERE i <> 7)) FROM forms;
SELECT cka(xy, xx, (SELECT gram_agg(CASE WHEN i = 7 THEN y + 1 ELSE y END) FROM pop)) FROM forms;
SELECT cka(xy, (SELECT gram_agg(CASE WHEN i = 7 THEN x + 1 ELSE x END) FROM pop), yy) FROM forms;
SELECT cka(gram_agg(x, y * CASE WHEN i = 3 THEN 'NaN'::float8 ELSE 1 END), gram_agg(x), gram_agg(y)) FROM pop;
-- rows without a fold and rows with one are the same rows
SELECT abs(cka(gram_agg(x, y, i % 3), gram_agg(x), gram_agg(y)) - cka(x, y)) < 1e-12 AS same FROM pop;

-- errors of RDMs
SELECT cka(rx, rdm_from_matrix('{1,2,a}', '[[0,1,2],[1,0,1],[2,1,0]]')) FROM forms;
SELECT cka(rx, rdm_from_matrix('{1,2,3}', '[[0,1,NaN],[1,0,1],[NaN,1,0]]')) FROM forms;
