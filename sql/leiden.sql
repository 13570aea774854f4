-- graphs and their communities: graph_agg, edges, leiden, modularity
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- two triangles and a bridge: nodes 1 2 3 and 11 12 13, by hand
CREATE TEMP TABLE e (source bigint, target bigint, weight float8);
INSERT INTO e VALUES (1, 2, 1), (2, 3, 1), (3, 1, 1), (11, 12, 1), (12, 13, 1), (13, 11, 1), (3, 11, 1);
SELECT l.* FROM (SELECT graph_agg(source, target, weight) AS g FROM e) s, leiden(s.g) l ORDER BY node;
-- W = 7, two communities with 3 inside and K = 7: Q = 2 (3/7 - 1/4) = 5/14
SELECT (r).node, (r).community, (r).n_communities, round((r).modularity::numeric, 12) AS q, round(5 / 14.0, 12) AS by_hand
FROM (SELECT leiden(source, target, weight) AS r FROM e OFFSET 0) s;
WITH c AS (SELECT l.* FROM (SELECT graph_agg(source, target, weight) AS g FROM e) s, leiden(s.g) l)
SELECT round(modularity(a.community, b.community, weight)::numeric, 12) AS q,
    round(modularity(a.community, b.community, weight, 0)::numeric, 12) AS inside,
    round(modularity(a.community::text, b.community::text, weight)::numeric, 12) AS of_labels,
    round(modularity(a.community::text, b.community::text, weight, 2)::numeric, 12) AS sharper
FROM e JOIN c AS a ON a.node = source JOIN c AS b ON b.node = target;
SELECT modularity(1, 1, weight) AS one_community FROM e;

-- resolution: 0 joins what is connected, a high one leaves all alone; cpm: a triangle has density 1, both together 7/15
SELECT resolution, objective, array_agg(community ORDER BY node)
FROM (VALUES (0.0, 'modularity'), (1, 'modularity'), (20, 'modularity'), (0.05, 'cpm'), (0.5, 'cpm'), (1.5, 'cpm')) AS o (resolution, objective),
    (SELECT graph_agg(source, target, weight) AS g FROM e) s, leiden(s.g, resolution, objective => o.objective) l
GROUP BY 1, 2 ORDER BY 2 DESC, 1;

-- edges have no direction, parallel ones are added, a node may be joined to itself
CREATE TEMP TABLE p (source bigint, target bigint, weight float8);
INSERT INTO p VALUES (2, 1, 0.5), (1, 2, 0.25), (5, 5, 2), (7, 2, 0), (NULL, 1, 1), (1, NULL, 1), (1, 2, NULL), (9223372036854775807, -9223372036854775808, 1);
SELECT edges.* FROM (SELECT graph_agg(source, target, weight) AS g FROM p) s, edges(s.g);
SELECT n_nodes(graph_agg(source, target, weight)), n_edges(graph_agg(source, target, weight)), n_edges(graph_agg(source, target)) AS unweighted FROM p;
-- 0 does not join: 7 stays alone
SELECT l.* FROM (SELECT graph_agg(source, target, weight) AS g FROM p) s, leiden(s.g) l;
SELECT (leiden(source, target, weight)).modularity IS NULL AS no_weight FROM p WHERE weight = 0;
-- weights merged early give what weights merged late do
SELECT count(*), sum(weight), sum(weight * source) FROM (SELECT graph_agg(i % 7, i % 5, 1) AS g FROM generate_series(1, 10000) i) s, edges(s.g);
SELECT count(*), bool_and(weight = (SELECT sum(0.1 :: float8) FROM generate_series(1, 286))) AS sums
FROM (SELECT graph_agg(i % 5, 10 + i % 7, 0.1) AS g FROM generate_series(1, 10010) i) s, edges(s.g);

-- labels
SELECT l.* FROM (SELECT graph_agg('n' || source, 'n' || target, weight) AS g FROM e) s, leiden_labels(s.g) l;
SELECT l.* FROM (SELECT graph_agg(source, target, weight) AS g FROM e WHERE source < 3) s, leiden_labels(s.g) l;
SELECT l.* FROM (SELECT graph_agg(a, b) AS g FROM (VALUES ('b', 'a'), ('10', 'b'), ('9', '10'), ('a', 'b')) v (a, b)) s, edge_labels(s.g) l;
SELECT l.* FROM (SELECT graph_agg(1, 10)) s (g), edge_labels(s.g) l;

-- states: text, addition, nothing
SELECT g::text::graph::text = g::text AS round_trip, (g + g)::text <> g::text AS more FROM (SELECT graph_agg(source, target, weight) AS g FROM e) s;
SELECT e.* FROM (SELECT graph_agg(source, target, weight) AS g FROM e WHERE source < 3) s, edges(g + g) e;
SELECT e.* FROM (SELECT sum(g) AS g FROM (SELECT graph_agg(source::text, target::text, weight) AS g FROM e GROUP BY source) q) s, edge_labels(s.g) e WHERE e.source = '11' ORDER BY 2;
SELECT graph_agg(source, target) IS NULL AS graph, leiden(source, target, 1) IS NULL AS leiden, modularity(source, target, 1) IS NULL AS modularity FROM e WHERE false;
SELECT * FROM leiden(NULL);

-- the same edges in another order, either way round: the same communities for the same seed
CREATE TEMP TABLE r AS SELECT i, (random() * 300)::bigint AS a, (random() * 300)::bigint AS b, random() AS w FROM generate_series(1, 2000) i;
SELECT seed, bool_and(x = y) AS same FROM generate_series(0, 3) seed,
    LATERAL (SELECT leiden(a, b, w, 1, seed)::text AS x FROM (SELECT * FROM r ORDER BY i) q) x,
    LATERAL (SELECT leiden(b, a, w, 1, seed)::text AS y FROM (SELECT * FROM r ORDER BY w) q) y GROUP BY 1 ORDER BY 1;
-- weights in other units: the same
SELECT x.node = y.node AND x.community = y.community AS same
FROM (SELECT (leiden(a, b, w)).* FROM r) x, (SELECT (leiden(a, b, w * 1024)).* FROM r) y;
-- the best of many starts is not worse than the first
WITH l AS MATERIALIZED (SELECT n, l.* FROM (SELECT graph_agg(a, b, w) AS g FROM r) s, (VALUES (1), (10)) v (n), leiden(s.g, n_starts => n) l),
    q AS (SELECT x.n, modularity(x.community, y.community, w) AS q FROM r JOIN l AS x ON x.node = a JOIN l AS y ON y.node = b AND y.n = x.n GROUP BY x.n)
SELECT max(q) FILTER (WHERE n = 10) >= max(q) FILTER (WHERE n = 1) - 1e-12 AS as_good FROM q;

-- errors
SELECT graph_agg(1, 2, -0.5);
SELECT graph_agg('a', 'b', 'NaN');
SELECT graph_agg(1, 2, 'Infinity');
SELECT n_edges(graph_agg(1, i, 1e308)) FROM generate_series(1, 2) i;
SELECT l.* FROM (SELECT graph_agg('a', 'b')) s (g), leiden(s.g) l;
SELECT l.* FROM (SELECT graph_agg('a', 'b')) s (g), edges(s.g) l;
SELECT graph_agg(1, 2) + graph_agg('a', 'b');
SELECT l.* FROM (SELECT graph_agg(1, 2)) s (g), leiden(s.g, -1) l;
SELECT l.* FROM (SELECT graph_agg(1, 2)) s (g), leiden(s.g, 'NaN') l;
SELECT l.* FROM (SELECT graph_agg(1, 2)) s (g), leiden(s.g, n_iterations => 0) l;
SELECT l.* FROM (SELECT graph_agg(1, 2)) s (g), leiden(s.g, n_starts => 0) l;
SELECT l.* FROM (SELECT graph_agg(1, 2)) s (g), leiden(s.g, objective => 'rber') l;
SELECT leiden(source, target, weight, source, 0) FROM e;
SELECT leiden(source, target, weight, 1, NULL) FROM e;
SELECT leiden(source, target, weight, 'NaN', 0) FROM e;
SELECT modularity(source, target, weight, weight + source) FROM e;
SELECT modularity(source, target, -weight) FROM e;
SELECT graph 'graph(n=1):AQAAAA==';
SELECT graph 'graph(n=1):Ag==';
SELECT graph 'points(n=1):AQAAAA==';
