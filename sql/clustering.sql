-- the clustering type
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

CREATE TEMP TABLE fitted AS SELECT kmeans_fit(x, 2) AS c FROM (VALUES (tensor '[1,1]'), ('[1,2]'), ('[7,7]')) v(x);
SELECT c FROM fitted;
SELECT method(c), n_clusters(c), n_dimensions(c), n_samples(c), inertia(c), iterations(c), converged(c) FROM fitted;
SELECT centroids(c), shape(centroids(c)) FROM fitted;
SELECT * FROM fitted, clusters(c);

-- the text form gives the same value back
SELECT c::text::clustering::text = c::text AS text_round_trip FROM fitted;
SELECT encode(clustering_send(c), 'hex') FROM fitted;

-- stored out of line, and fetched once for many rows
CREATE TEMP TABLE models (id int, c clustering);
INSERT INTO models SELECT s, kmeans_fit(random_normal('{400}', i), 5, s) FROM generate_series(1, 40) i, generate_series(1, 2) s GROUP BY s;
SELECT pg_column_size(c) > 2000 AS large FROM models;
SELECT m.id, count(*), count(DISTINCT a) FROM models m, LATERAL (SELECT assign(m.c, random_normal('{400}', i)) AS a FROM generate_series(1, 40) i) s GROUP BY 1 ORDER BY 1;
SELECT bool_and(n = size) AS same_sizes FROM
    (SELECT m.id, a, count(*) AS n FROM models m, LATERAL (SELECT assign(m.c, random_normal('{400}', i)) AS a FROM generate_series(1, 40) i) s GROUP BY 1, 2) s
    JOIN (SELECT id, label, size FROM models, clusters(c)) t ON t.id = s.id AND label = a;

-- equally near: the lower number
SELECT assign(c, '[0]') FROM (SELECT kmeans_fit(x, 2) FROM (VALUES (tensor '[-1]'), ('[1]')) v(x)) s(c);

-- NULL
SELECT assign(NULL, '[1]') IS NULL AND assign(c, NULL) IS NULL AS strict FROM fitted;

-- errors of points
SELECT assign(c, '[1]') FROM fitted;
SELECT assign(c, '[[1,2]]') FROM fitted;
SELECT assign(c, '[1,NaN]') FROM fitted;
SELECT assign(c, '[1,-Infinity]') FROM fitted;
SELECT assign(spherical_kmeans_fit(x, 1), '[0,0]') FROM (VALUES (tensor '[1,2]')) v(x);

-- bytes that are none: each field in its turn
CREATE FUNCTION pg_temp.try(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN method(('clustering():' || replace(encode(bytes, 'base64'), E'\n', ''))::clustering);
EXCEPTION WHEN invalid_binary_representation OR program_limit_exceeded THEN
    RETURN SQLERRM;
END $$;
CREATE TEMP TABLE bytes AS SELECT clustering_send(c) AS b FROM fitted;
SELECT what, pg_temp.try(t) FROM bytes, LATERAL (VALUES
    (1, 'itself', b),
    (2, 'version', set_byte(b, 0, 2)),
    (3, 'method', set_byte(b, 1, 7)),
    (4, 'gmm without covariances', set_byte(b, 1, 6)),
    (5, 'covariances of kmeans', set_byte(b, 2, 1)),
    (6, 'flags', set_byte(b, 3, 2)),
    (7, 'k 0', set_byte(b, 4, 0)),
    (8, 'k 3', set_byte(b, 4, 3)),
    (9, 'k 1', set_byte(b, 4, 1)),
    (10, 'large k', set_byte(b, 7, 127)),
    (11, 'negative k', set_byte(b, 7, 255)),
    (12, 'large d', set_byte(b, 11, 1)),
    (13, 'n', set_byte(b, 12, 4)),
    (14, 'negative n', set_byte(b, 19, 255)),
    (15, 'objective', set_byte(b, 27, 191)),
    (16, 'infinite objective', set_byte(set_byte(b, 27, 127), 26, 240)),
    (17, 'iterations', set_byte(b, 31, 255)),
    (18, 'sizes', set_byte(b, 32, 3)),
    (19, 'negative size', set_byte(b, 39, 255)),
    (20, 'order', set_byte(set_byte(b, 32, 1), 40, 2)),
    (21, 'centroid', set_byte(set_byte(b, 55, 127), 54, 240)),
    (22, 'not of length 1', set_byte(b, 1, 1)),
    (23, 'short', substr(b, 1, length(b) - 1)),
    (24, 'long', b || '\x00'),
    (25, 'nothing', '\x')) v(id, what, t) ORDER BY id;
SELECT clustering 'clustering()';
SELECT clustering 'pca():AAAA';
SELECT clustering 'clustering():?';
