-- most discriminative stimuli
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- by hand, as they are, T 1: neurons 1 to 3 answer stimulus 1, neurons 4 and 5 stimulus 3; stimulus 2 drives all.
-- J_1(1) = 4 - ln((e^4 + e^0)/2) = .675, J_2(3) = 2 - ln((e^2 + e^0)/2) = .566, and J(2) = 0; the objective is .6 .675 + .4 .566 = .6315
SELECT stimuli, labels, round(objective::numeric, 4) AS objective
FROM most_discriminative_stimuli('[[4,9,0],[4,9,0],[4,9,0],[0,9,2],[0,9,2]]', 2, temperature => 1, standardize => false);
SELECT round((.6 * (4 - ln((exp(4.0) + 1) / 2)) + .4 * (2 - ln((exp(2.0) + 1) / 2)))::numeric, 4) AS objective;
-- two stimuli a cluster, the more discriminative first
SELECT stimuli, labels, round(objective::numeric, 4) AS objective
FROM most_discriminative_stimuli('[[4,9,0,3,0],[4,9,0,3,0],[4,9,0,3,0],[0,9,2,0,1],[0,9,2,0,1]]', 2, 2, temperature => 1, standardize => false);
-- one cluster: nothing to discriminate, ln 1
SELECT stimuli, labels, round(objective::numeric, 4) AS objective FROM most_discriminative_stimuli('[[1,2],[2,1]]', 1);
-- as many clusters as neurons, all of one size: numbered in the order of the rows' content
SELECT stimuli, labels FROM most_discriminative_stimuli('[[5,0,0],[0,5,0],[0,0,5]]', 3);
-- neurons that differ in gain and baseline alone are alike once standardized, and clusters of one size are numbered by content too
SELECT labels FROM most_discriminative_stimuli('[[10,0,0,0],[0,1,0,0],[7,6,6,6],[2,9,2,2]]', 2);

-- planted types: 4 of 60, 40, 30 and 20 neurons, by their preferred stimuli
CREATE TEMP TABLE neurons AS
SELECT n, CASE WHEN n <= 60 THEN 1 WHEN n <= 100 THEN 2 WHEN n <= 130 THEN 3 ELSE 4 END AS type FROM generate_series(1, 150) AS n;
CREATE TEMP TABLE answers AS
SELECT n, type, (1 + n % 3)::float8 * (random_uniform('{50}', -type) + 0.15 * random_normal('{50}', n)) AS t FROM neurons;
CREATE TEMP TABLE found AS SELECT d.* FROM (SELECT stack(t ORDER BY n) AS m FROM answers) AS q, most_discriminative_stimuli(m, 4, 3) AS d;
SELECT type, labels[n] AS label, count(*) FROM neurons, found GROUP BY 1, 2 ORDER BY 1, 2;
-- a neuron's cluster is the one whose stimuli drive it most
SELECT bool_and(labels[n] = driving) AS the_rule
FROM found, answers, LATERAL (SELECT k AS driving FROM generate_series(1, 4) AS k
	ORDER BY mean_of(take(zscore(t), ARRAY(SELECT unnest(stimuli[k:k])))) DESC LIMIT 1) AS r;
-- the objective never falls, more starts are never worse, the same seed gives the same
SELECT bool_and(objective >= before - 1e-12) AS rises FROM (
	SELECT objective, lag(objective) OVER (ORDER BY i) AS before
	FROM (SELECT stack(t ORDER BY n) AS m FROM answers) AS q, generate_series(1, 12) AS i, most_discriminative_stimuli(m, 6, 1, max_iter => i, n_init => 1)) AS r;
SELECT bool_and(objective >= before) AS better FROM (
	SELECT objective, lag(objective) OVER (ORDER BY i) AS before
	FROM (SELECT stack(t ORDER BY n) AS m FROM answers) AS q, generate_series(1, 6) AS i, most_discriminative_stimuli(m, 6, 1, n_init => i)) AS r;
SELECT a = b AS same FROM (SELECT stack(t ORDER BY n) AS m FROM answers) AS q, most_discriminative_stimuli(m, 6, 2, 9) AS a, most_discriminative_stimuli(m, 6, 2, 9) AS b;
-- constants, equal neurons, one neuron
SELECT labels, round(objective::numeric, 9) AS objective FROM most_discriminative_stimuli('[[1,1],[1,1],[1,1]]', 2);
SELECT stimuli, labels FROM most_discriminative_stimuli('[[1,3,2]]', 1, 2);
SELECT most_discriminative_stimuli(NULL, 2) IS NULL AS null;

SELECT most_discriminative_stimuli('[[1,2],[NaN,4]]', 1);
SELECT most_discriminative_stimuli('[1,2]', 1);
SELECT most_discriminative_stimuli(zeros('{0,2}'), 1);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 3);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 0);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, 3);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, 0);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, temperature => 0);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, temperature => 1e-3);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, n_init => 0);
SELECT most_discriminative_stimuli('[[1,2],[3,4]]', 1, max_iter => 0);
