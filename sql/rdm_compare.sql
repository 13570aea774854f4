SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET extra_float_digits = -6;

-- six distances of four conditions: (1,1,2,2,3,3) and (1,2,2,3,3,3)
CREATE TEMP TABLE pair AS SELECT
    rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,1,2],[1,0,2,3],[1,2,0,3],[2,3,3,0]]', 'sqeuclidean') AS a,
    rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,2,2],[1,0,3,3],[2,3,0,3],[2,3,3,0]]', 'sqeuclidean') AS b;
-- tau_a = (9 - 0) / 15, tau_b = 9 / sqrt(12 * 11), rho_a = 12 / 210 * 13, euclidean = sqrt(2)
SELECT method, rdm_compare(a, b, method), abs(rdm_compare(b, a, method) - rdm_compare(a, b, method)) < 1e-14 AS symmetric
FROM pair, unnest('{kendall_tau_a,kendall_tau_b,spearman,rho_a,pearson,cosine,euclidean,whitened_cosine,whitened_pearson,cka,bures,bures_distance}'::text[]) AS method;
SELECT rdm_compare(a, b) = rdm_compare(a, b, 'spearman') AS default_is_spearman FROM pair;
SELECT method, rdm_compare(a, a, method) AS with_itself FROM pair,
    unnest('{kendall_tau_a,kendall_tau_b,spearman,rho_a,pearson,cosine,euclidean,whitened_cosine,whitened_pearson,cka,bures}'::text[]) AS method;

-- aligned by label: other orders, conditions that only one has; NaN pairs are left out
CREATE TEMP TABLE other AS SELECT
    rdm_from_matrix('{d,x,b,a,c}', tensor '[[0,9,3,2,3],[9,0,9,9,9],[3,9,0,1,2],[2,9,1,0,1],[3,9,2,1,0]]') AS r,
    rdm_from_matrix('{a,b,c,d}', tensor '[[0,NaN,2,2],[NaN,0,3,3],[2,3,0,3],[2,3,3,0]]') AS holes;
SELECT rdm_compare(pair.a, r, 'pearson') AS same_numbers, (rdm_shared(pair.a, r)).*, (rdm_shared(r, holes)).* FROM pair, other;
SELECT rdm_compare(a, holes, 'spearman') AS of_five_pairs, rdm_compare(a, holes, 'whitened_cosine') AS whitened FROM pair, other;

-- a constant has no correlation; tau_a and rho_a count it as all ties
CREATE TEMP TABLE flat AS SELECT rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,1,1],[1,0,1,1],[1,1,0,1],[1,1,1,0]]') AS r,
    rdm_from_matrix('{a,b,c,d}', zeros('{4,4}')) AS zero, rdm_from_matrix('{a,b,c,d}', zeros('{4,4}') / 0) AS nothing;
SELECT method, rdm_compare(pair.a, r, method) AS constant, rdm_compare(pair.a, zero, method) AS zero, rdm_compare(pair.a, nothing, method) AS nothing
FROM pair, flat, unnest('{pearson,spearman,kendall_tau_a,kendall_tau_b,rho_a,cosine,whitened_cosine,whitened_pearson,euclidean}'::text[]) AS method;
SELECT rdm_compare(a, NULL) AS of_null FROM pair;

-- controls
SELECT rdm_partial(a, b, ARRAY[other.r], 'pearson') AS nothing_left, rdm_partial(pair.a, pair.b, ARRAY[flat.r], 'pearson') = rdm_compare(a, b, 'pearson') AS constant_control
FROM pair, other, flat;
CREATE TEMP TABLE control AS SELECT rdm_from_matrix('{a,b,c,d}', tensor '[[0,1,0,0],[1,0,0,0],[0,0,0,1],[0,0,1,0]]') AS r;
-- (r_ab, r_ac, r_bc): pearson 3/sqrt(40/3), 0, -1/sqrt(10); spearman .839146, 0, -3/sqrt(180); tau 9/sqrt(132), 0, -2/sqrt(88)
SELECT method, rdm_partial(a, b, ARRAY[r], method) FROM pair, control, unnest('{pearson,spearman,kendall_tau_b}'::text[]) AS method;

-- errors
SELECT rdm_compare(a, b, 'kendall') FROM pair;
SELECT rdm_compare(a, rdm_subset(b, '{a,c}'::text[])) FROM pair;
SELECT rdm_compare(a, rdm_subset(b, '{}'::text[])) FROM pair;
SELECT rdm_compare(a, holes, 'cka') FROM pair, other;
SELECT rdm_compare(holes, a, 'bures') FROM pair, other;
SELECT rdm_partial(a, b, '{}'::rdm[]) FROM pair;
SELECT rdm_partial(a, b, ARRAY[r, NULL]) FROM pair, control;
SELECT rdm_partial(a, b, ARRAY[r], 'cosine') FROM pair, control;
SELECT rdm_partial(a, b, ARRAY[r, r], 'kendall_tau_b') FROM pair, control;
SELECT rdm_partial(a, b, ARRAY[rdm_subset(r, '{b,d}'::text[])]) FROM pair, control;
