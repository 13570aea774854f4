-- communities of graphs

CREATE FUNCTION leiden(g graph, resolution float8 DEFAULT 1, seed bigint DEFAULT 0, n_iterations int DEFAULT -1, n_starts int DEFAULT 1, objective text DEFAULT 'modularity')
    RETURNS TABLE (node bigint, community int)
    AS 'MODULE_PATHNAME', 'clustering_leiden' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 1000;
COMMENT ON FUNCTION leiden(graph, float8, bigint, int, int, text) IS 'communities of a graph by the Leiden algorithm (Traag, Waltman and van Eck 2019): one row a node, in their order; communities are 1, 2, ... by number of nodes, those of one size by their first node. Nodes are moved, communities refined and aggregated in iterations, until four in a row bring less than .0001 each (n_iterations: until so many are done, or four in a row bring nothing), and of n_starts runs the best is taken. Communities are connected. objective modularity: the share of the weight inside communities, less resolution times what a random graph of the same strengths would have there (Newman and Girvan 2004; Reichardt and Bornholdt 2006): a higher resolution gives more and smaller ones; cpm: the weight inside less resolution times the number of pairs of nodes inside (Traag, Van Dooren and Nesterov 2011): resolution is then the least density of a community. Weights are similarities, not distances. Draws in refining have theta .05 times the mean weight, so that the scale of weights has no part in modularity. A function of the edges and seed alone, in whatever order rows came. Cost: near linear, about a second an iteration for 1,000,000 edges; memory: 72 bytes an edge and 200 a node. Errors: nodes with labels (use leiden_labels), a negative resolution, an unknown objective, neuroenc.memory_limit';
CREATE FUNCTION leiden_labels(g graph, resolution float8 DEFAULT 1, seed bigint DEFAULT 0, n_iterations int DEFAULT -1, n_starts int DEFAULT 1, objective text DEFAULT 'modularity')
    RETURNS TABLE (label text, community int)
    AS 'MODULE_PATHNAME', 'clustering_leiden_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 1000;
COMMENT ON FUNCTION leiden_labels(graph, float8, bigint, int, int, text) IS 'leiden(g, ...) with nodes as text: labels, or identifiers as they print';

CREATE TYPE leiden_result AS (node bigint[], community int[], n_communities int, modularity float8);
COMMENT ON TYPE leiden_result IS 'result of the aggregate leiden: the nodes in their order, the community of each (1 .. n_communities), and the partition''s modularity at the resolution asked for; unnest(r.node, r.community) gives rows';

CREATE FUNCTION leiden_add(graph, bigint, bigint, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_leiden_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION leiden_add(graph, bigint, bigint, float8) IS 'transition function of leiden(source, target, weight)';
CREATE FUNCTION leiden_add(graph, bigint, bigint, float8, float8, bigint) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_leiden_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION leiden_add(graph, bigint, bigint, float8, float8, bigint) IS 'transition function of leiden(source, target, weight, resolution, seed)';
CREATE FUNCTION leiden_final(graph) RETURNS leiden_result
    AS 'MODULE_PATHNAME', 'clustering_leiden_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION leiden_final(graph) IS 'final function of the aggregates leiden';

CREATE AGGREGATE leiden(source bigint, target bigint, weight float8, resolution float8, seed bigint) (
    SFUNC = leiden_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = leiden_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE leiden(bigint, bigint, float8, float8, bigint) IS 'communities of the graph of all rows, in one row: leiden(graph_agg(source, target, weight), resolution, seed), where the method is told, as arrays, with the modularity reached. One graph a group: one partition a layer, subject or resolution. Rows where source, target or weight is NULL are skipped, no row gives NULL; resolution and seed must be the same in every row';
CREATE AGGREGATE leiden(source bigint, target bigint, weight float8) (
    SFUNC = leiden_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = leiden_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE leiden(bigint, bigint, float8) IS 'leiden(source, target, weight, resolution, seed) with resolution 1 and seed 0';

CREATE FUNCTION modularity_add(graph, bigint, bigint, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_modularity_add_ids' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION modularity_add(graph, bigint, bigint, float8) IS 'transition function of modularity(source_community, target_community, weight)';
CREATE FUNCTION modularity_add(graph, bigint, bigint, float8, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_modularity_add_ids' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION modularity_add(graph, bigint, bigint, float8, float8) IS 'transition function of modularity(source_community, target_community, weight, resolution)';
CREATE FUNCTION modularity_add(graph, text, text, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_modularity_add_labels' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION modularity_add(graph, text, text, float8) IS 'transition function of modularity(source_community, target_community, weight) where communities have labels';
CREATE FUNCTION modularity_add(graph, text, text, float8, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_modularity_add_labels' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION modularity_add(graph, text, text, float8, float8) IS 'transition function of modularity(source_community, target_community, weight, resolution) where communities have labels';
CREATE FUNCTION modularity_final(graph) RETURNS float8
    AS 'MODULE_PATHNAME', 'clustering_modularity_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION modularity_final(graph) IS 'final function of modularity: that of a graph in which every node is a community';

CREATE AGGREGATE modularity(source_community bigint, target_community bigint, weight float8) (
    SFUNC = modularity_add, STYPE = graph, SSPACE = 1048576,
    FINALFUNC = modularity_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE modularity(bigint, bigint, float8) IS 'the modularity of a partition of a graph''s nodes (Newman and Girvan 2004), over its edges, each once (edges(g)), without direction, given by the communities of its two ends: the sum over communities of in / W - (K / 2W)^2, W the weight of all edges, in that inside the community, K the sum of its nodes'' strengths (an edge from a node to itself counts twice there). Any labels of nodes can be judged so. 0 where all is one community; at most 1. Memory: a row for each pair of communities that are joined. Rows with a NULL are skipped; NULL without weight. Error: a weight that is negative or not finite';
CREATE AGGREGATE modularity(source_community bigint, target_community bigint, weight float8, resolution float8) (
    SFUNC = modularity_add, STYPE = graph, SSPACE = 1048576,
    FINALFUNC = modularity_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE modularity(bigint, bigint, float8, float8) IS 'modularity(source_community, target_community, weight) with (K / 2W)^2 times resolution, which must be the same in every row';
CREATE AGGREGATE modularity(source_community text, target_community text, weight float8) (
    SFUNC = modularity_add, STYPE = graph, SSPACE = 1048576,
    FINALFUNC = modularity_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE modularity(text, text, float8) IS 'modularity(source_community, target_community, weight) of communities that have text labels';
CREATE AGGREGATE modularity(source_community text, target_community text, weight float8, resolution float8) (
    SFUNC = modularity_add, STYPE = graph, SSPACE = 1048576,
    FINALFUNC = modularity_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE modularity(text, text, float8, float8) IS 'modularity(source_community, target_community, weight, resolution) of communities that have text labels';
