-- spectral, ncut and their embeddings
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
CREATE FUNCTION pg_temp.r6(t tensor) RETURNS numeric[] LANGUAGE sql AS
	'SELECT array_agg(round(v::numeric, 6) ORDER BY i) FROM unnest(t::float8[]) WITH ORDINALITY AS u (v, i)';

-- By hand. neighbors 2: a row and its nearest other. 10 and 11 choose each other (weight 1), 13 chooses 11 (1/2): degrees 1, 3/2, 1/2.
-- 0 and 1 choose each other: degrees 1 and 1. Two components: coordinates 1/sqrt(3) and 1/sqrt(2).
CREATE TEMP TABLE line AS SELECT x, ARRAY[x]::tensor AS t FROM unnest(ARRAY[11, 0, 13, 1, 10]) AS x;
SELECT x, pg_temp.r6(spectral_embed(t, 2, neighbors => 2) OVER ()) FROM line ORDER BY x;
SELECT x, spectral(t, 2, neighbors => 2) OVER () AS label, spectral(t, 2, neighbors => 2, assign => 'rotation') OVER () AS rotation FROM line ORDER BY x;
-- in the chain 10 - 11 - 13, N = ((0, a, 0), (a, 0, b), (0, b, 0)), a^2 = 2/3, b^2 = 1/3: eigenvalues 1, 0, -1; that of 0 is (b, 0, -a)
-- over sqrt(degree): (1/sqrt(3), 0, -2/sqrt(3)), and the sign makes the largest positive; of -1, + and - 1/sqrt(3) in turns
SELECT x, pg_temp.r6(spectral_embed(t, 3, neighbors => 2) OVER ()) FROM line WHERE x >= 10 ORDER BY x;

-- Two rows at distance 1, w = exp(-gamma): spectral leaves self-affinities out, N = ((0, 1), (1, 0)), degree w: y = 1 / sqrt(2 w);
-- ncut has them, degree 1 + w: y = 1 / sqrt(2 (1 + w)); with gamma ln 4, or sigma 1 / sqrt(2 ln 4), w = 1/4
CREATE TEMP TABLE pair AS SELECT x, ARRAY[x]::tensor AS t FROM unnest(ARRAY[0, 1]) AS x;
SELECT x, pg_temp.r6(abs(spectral_embed(t, 2, 'rbf', gamma => ln(4)) OVER ())) AS spectral,
	pg_temp.r6(abs(ncut_embed(t, 2, affinity => 'rbf', sigma => 1 / sqrt(2 * ln(4))) OVER ())) AS ncut FROM pair ORDER BY x;
-- cosine: orthogonal unit vectors have exp(-1 / sigma^2), so sigma = 1 / sqrt(ln(4)) gives the same; lengths don't count
SELECT x, pg_temp.r6(abs(ncut_embed(t, 2, sigma => 1 / sqrt(ln(4))) OVER ()))
FROM (VALUES (1, '[3,0]'::tensor), (2, '[0,0.5]')) AS v (x, t) ORDER BY x;

-- Two rings, which k-means can't tell apart: the inner 60 rows, the outer 120
CREATE TEMP TABLE rings AS
SELECT i, CASE WHEN i < 60 THEN 2 ELSE 1 END AS ring,
	ARRAY[cos(a) * r, sin(a) * r]::tensor AS t
FROM (SELECT i, 2 * pi() * i / CASE WHEN i < 60 THEN 60 ELSE 120 END AS a, CASE WHEN i < 60 THEN 1 ELSE 2 END AS r FROM generate_series(0, 179) AS i) AS s;
SELECT ring, label, count(*) FROM (SELECT ring, spectral(t, 2) OVER () AS label FROM rings) AS s GROUP BY 1, 2 ORDER BY 1, 2;
SELECT ring, label, count(*) FROM (SELECT ring, spectral(t, 2, 'rbf', gamma => 20) OVER () AS label FROM rings) AS s GROUP BY 1, 2 ORDER BY 1, 2;
SELECT ring, label, count(*) FROM (SELECT ring, ncut(t, 2, affinity => 'rbf', sigma => 0.15) OVER () AS label FROM rings) AS s GROUP BY 1, 2 ORDER BY 1, 2;
SELECT ring, label, count(*) FROM (SELECT ring, ncut(t, 2, 120, 'rbf', 0.15, assign => 'kmeans') OVER () AS label FROM rings) AS s GROUP BY 1, 2 ORDER BY 1, 2;

-- More components than k: the k largest lead, the rest go with the largest
SELECT x, spectral(ARRAY[x]::tensor, 2, neighbors => 2) OVER () AS label
FROM unnest(ARRAY[0, 1, 10, 11, 13, 100, 101, 103, 107]) AS x ORDER BY x;

-- As many landmarks as rows are no landmarks. Where each row stands twice, half as many stand for two each, and nothing is lost.
SELECT bool_and(a = b) AS same
FROM (SELECT ncut_embed(t, 3, 180, 'rbf') OVER () AS a, ncut_embed(t, 3, NULL, 'rbf') OVER () AS b FROM rings) AS s;
SELECT max(max_of(abs(a - b))) < 1e-14 AS same
FROM (SELECT ncut_embed(t, 3, 5, 'rbf', 2) OVER () AS a, ncut_embed(t, 3, NULL, 'rbf', 2) OVER () AS b FROM line, generate_series(1, 2)) AS s;

-- In any order of the rows, the same
SELECT bool_and(a = b AND c = d AND e = f) AS same FROM
	(SELECT i, spectral(t, 5, seed => 3) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS a,
		spectral(t, 5, seed => 3) OVER (ORDER BY -i) AS b,
		ncut(t, 5, 50, 'rbf') OVER (ORDER BY i) AS c, ncut(t, 5, 50, 'rbf') OVER (ORDER BY i % 7, -i) AS d,
		ncut_embed(t, 5, 50, 'rbf') OVER (ORDER BY i) AS e, ncut_embed(t, 5, 50, 'rbf') OVER (ORDER BY i % 7, -i) AS f FROM rings) AS s;

-- Edges: k 1, k of all rows, one row, NULL, partitions, no rows
SELECT x, spectral(t, 1) OVER () AS one, spectral(t, 5, neighbors => 2) OVER () AS each_alone, ncut(t, 1, affinity => 'rbf') OVER () AS one_cut,
	ncut(t, 5, affinity => 'rbf', sigma => 0.1, assign => 'kmeans') OVER () AS cut_alone FROM line ORDER BY x;
SELECT spectral(t, 1) OVER (), pg_temp.r6(spectral_embed(t, 1) OVER ()), ncut(t, 1) OVER (), pg_temp.r6(ncut_embed(t, 1) OVER ())
FROM (VALUES ('[3,4]'::tensor)) AS v (t);
SELECT i, spectral(t, 1) OVER () FROM (VALUES (1, '[1]'::tensor), (2, NULL), (3, '[2]')) AS v (i, t) ORDER BY i;
SELECT spectral(NULL::tensor, 3) OVER (), ncut_embed(NULL::tensor, 3) OVER ();
SELECT x > 5 AS part, x, spectral(t, 2, neighbors => 2) OVER (PARTITION BY x > 5) AS label FROM line ORDER BY x;
SELECT spectral(t, 2) OVER () FROM line WHERE x < 0;
-- all rows equal: one cluster, and no more
SELECT DISTINCT spectral(t, 1) OVER (), ncut(t, 1) OVER (), pg_temp.r6(spectral_embed(t, 1, 'rbf') OVER ()) FROM (SELECT '[1,2]'::tensor AS t FROM generate_series(1, 5)) AS s;
-- equal rows are a component of their own where neighbors are few
SELECT x, spectral(ARRAY[x]::tensor, 2, neighbors => 3) OVER () FROM unnest(ARRAY[1, 1, 1, 1, 5, 5, 5]) AS x ORDER BY x;

-- Errors
SELECT spectral(t, 2) OVER () FROM (SELECT '[1,2]'::tensor AS t FROM generate_series(1, 5)) AS s;
SELECT spectral(t, 6) OVER () FROM line;
SELECT spectral(t, 0) OVER () FROM line;
SELECT spectral(t, NULL) OVER () FROM line;
SELECT spectral(t, 2, 'linear') OVER () FROM line;
SELECT spectral(t, 2, neighbors => 1) OVER () FROM line;
SELECT spectral(t, 2, gamma => 0) OVER () FROM line;
SELECT spectral(t, 2, gamma => 'NaN') OVER () FROM line;
SELECT spectral(t, 2, assign => 'nearest') OVER () FROM line;
SELECT spectral(t, x) OVER () FROM line;
SELECT spectral(t, 2, 'cosine') OVER () FROM line;
SELECT spectral(t, 2) OVER () FROM (VALUES ('[1,2]'::tensor), ('[1,NaN]')) AS v (t);
SELECT spectral(t, 2) OVER () FROM (VALUES ('[1,2]'::tensor), ('[1]')) AS v (t);
SELECT spectral(t, 2) OVER () FROM (VALUES ('float8:[1e200]'::tensor), ('[1]')) AS v (t);
SELECT ncut(t, 2, 1) OVER () FROM line;
SELECT ncut(t, 2, affinity => 'nearest') OVER () FROM line;
SELECT ncut(t, 2, affinity => 'rbf', sigma => -1) OVER () FROM line;
SELECT ncut(t, 2) OVER () FROM line;
-- of one direction, so that landmarks are the same
SELECT ncut(t, 2, 2) OVER () FROM line WHERE x > 0;
