-- graph: weighted edges without direction, and graphs of nearest neighbours

CREATE TYPE graph;

CREATE FUNCTION graph_in(cstring) RETURNS graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION graph_in(cstring) IS 'input of type graph: graph(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION graph_out(graph) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION graph_out(graph) IS 'output of type graph';
CREATE FUNCTION graph_recv(internal) RETURNS graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION graph_recv(internal) IS 'binary input of type graph; every length, count and value is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION graph_send(graph) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION graph_send(graph) IS 'binary output of type graph, little-endian; graph_recv gives back the same state exactly';

CREATE TYPE graph (
    INPUT = graph_in, OUTPUT = graph_out, RECEIVE = graph_recv, SEND = graph_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE graph IS 'edges without direction, each with a weight that is finite and not negative, between nodes that are bigint identifiers or text labels; made by graph_agg and knn_graph, merged by + and sum, read by edges, leiden and other methods. Parallel edges (the same two nodes, either way round) count as one of their weights'' sum; an edge may join a node to itself. 24 bytes a row, parallel edges of whole weights merged as they come; at most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION graph_add(graph, bigint, bigint) RETURNS graph
    AS 'MODULE_PATHNAME', 'graph_add_ids' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION graph_add(graph, bigint, bigint) IS 'transition function of graph_agg(source, target)';
CREATE FUNCTION graph_add(graph, bigint, bigint, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'graph_add_ids' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION graph_add(graph, bigint, bigint, float8) IS 'transition function of graph_agg(source, target, weight)';
CREATE FUNCTION graph_add(graph, text, text) RETURNS graph
    AS 'MODULE_PATHNAME', 'graph_add_labels' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION graph_add(graph, text, text) IS 'transition function of graph_agg(source, target) where nodes have labels';
CREATE FUNCTION graph_add(graph, text, text, float8) RETURNS graph
    AS 'MODULE_PATHNAME', 'graph_add_labels' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION graph_add(graph, text, text, float8) IS 'transition function of graph_agg(source, target, weight) where nodes have labels';
CREATE FUNCTION graph_combine(graph, graph) RETURNS graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION graph_combine(graph, graph) IS 'combine function of the aggregates over edges; transition and combine function of sum(graph)';
CREATE FUNCTION graph_final(graph) RETURNS graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION graph_final(graph) IS 'final function of graph_agg and sum(graph): hands the state on without copying it';

CREATE AGGREGATE graph_agg(source bigint, target bigint, weight float8) (
    SFUNC = graph_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = graph_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE graph_agg(bigint, bigint, float8) IS 'the graph of all rows, an edge a row, without direction; parallel edges count as one of their weights'' sum. Rows with a NULL are skipped, no row gives NULL. Weights say how strong an edge is (a similarity, not a distance), and 0 is no connection. A graph does not depend on the order of its rows. Errors: a weight that is negative or not finite, neuroenc.memory_limit';
CREATE AGGREGATE graph_agg(source bigint, target bigint) (
    SFUNC = graph_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = graph_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE graph_agg(bigint, bigint) IS 'graph_agg(source, target, weight) with all weights 1';
CREATE AGGREGATE graph_agg(source text, target text, weight float8) (
    SFUNC = graph_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = graph_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE graph_agg(text, text, float8) IS 'graph_agg(source, target, weight) of nodes that have text labels; edge_labels and leiden_labels give them back';
CREATE AGGREGATE graph_agg(source text, target text) (
    SFUNC = graph_add, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = graph_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE graph_agg(text, text) IS 'graph_agg(source, target, weight) of nodes that have text labels, with all weights 1';
CREATE AGGREGATE sum(graph) (
    SFUNC = graph_combine, STYPE = graph, SSPACE = 67108864,
    FINALFUNC = graph_final, COMBINEFUNC = graph_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(graph) IS 'the edges of all graphs, weights of the same pair of nodes added; NULLs are skipped, none gives NULL; an error if some have labels and others not';

CREATE FUNCTION graph_plus(graph, graph) RETURNS graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION graph_plus(graph, graph) IS 'the edges of both, weights of the same pair of nodes added';
CREATE OPERATOR + (LEFTARG = graph, RIGHTARG = graph, FUNCTION = graph_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (graph, graph) IS 'the edges of both, weights of the same pair of nodes added';

-- what is in it

CREATE FUNCTION n_nodes(g graph) RETURNS bigint
    AS 'MODULE_PATHNAME', 'graph_n_nodes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION n_nodes(graph) IS 'number of nodes that have an edge';
CREATE FUNCTION n_edges(g graph) RETURNS bigint
    AS 'MODULE_PATHNAME', 'graph_n_edges' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION n_edges(graph) IS 'number of pairs of nodes that are joined, parallel edges counted once';
CREATE FUNCTION edges(g graph) RETURNS TABLE (source bigint, target bigint, weight float8)
    AS 'MODULE_PATHNAME', 'graph_edges' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10000;
COMMENT ON FUNCTION edges(graph) IS 'one row for each pair of nodes that are joined, source <= target, in that order; weight is the sum of parallel edges. Error: nodes with labels, for which there is edge_labels';
CREATE FUNCTION edge_labels(g graph) RETURNS TABLE (source text, target text, weight float8)
    AS 'MODULE_PATHNAME', 'graph_edge_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10000;
COMMENT ON FUNCTION edge_labels(graph) IS 'edges(graph) with nodes as text: labels, or identifiers as they print; labels that are whole numbers come first, by value, then the others bytewise';

-- graphs of nearest neighbours

CREATE FUNCTION knn_graph(p points, k int, metric text DEFAULT 'euclidean', weight text DEFAULT 'connectivity') RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_knn_graph' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION knn_graph(points, int, text, text) IS 'the graph of nearest neighbours of points with ids: two rows are joined where one of them is among the k nearest of the other. Neighbours are exact, by metric euclidean or cosine (distance 1 - cosine), in float8; of rows equally near the first in the order of content, then of id. weight: connectivity, 1; distance, for shortest paths and the like, not for communities; jaccard, the share of neighbours that two rows have in common, what is in both neighbourhoods over what is in either, the row itself and its k nearest being its neighbourhood (as PhenoGraph: Levine et al. 2015): weak between clusters, never 0. edges(g) lists it, leiden(g) finds its communities. Cost: n^2 d flops for n rows of d elements, shared by neuroenc.threads threads; memory: the rows as float8, 40 (k + 4) n bytes and 24 bytes an edge. Errors: k under 1 or not under n, an id that comes twice, points without ids, a row of zeros (cosine), neuroenc.memory_limit';
CREATE FUNCTION knn_graph_add(points, bigint, tensor, int) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_knn_graph_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION knn_graph_add(points, bigint, tensor, int) IS 'transition function of knn_graph(id, t, k)';
CREATE FUNCTION knn_graph_add(points, bigint, tensor, int, text) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_knn_graph_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION knn_graph_add(points, bigint, tensor, int, text) IS 'transition function of knn_graph(id, t, k, metric)';
CREATE FUNCTION knn_graph_add(points, bigint, tensor, int, text, text) RETURNS points
    AS 'MODULE_PATHNAME', 'clustering_knn_graph_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION knn_graph_add(points, bigint, tensor, int, text, text) IS 'transition function of knn_graph(id, t, k, metric, weight)';
CREATE FUNCTION knn_graph_final(points) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_knn_graph_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION knn_graph_final(points) IS 'final function of the aggregates knn_graph';

CREATE AGGREGATE knn_graph(id bigint, t tensor, k int) (
    SFUNC = knn_graph_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = knn_graph_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE knn_graph(bigint, tensor, int) IS 'the graph of nearest neighbours of the vectors t of all rows: knn_graph(points_agg(id, t), k), where the rest is told. Rows where id or t is NULL are skipped, no row gives NULL; k must be the same in every row';
CREATE AGGREGATE knn_graph(id bigint, t tensor, k int, metric text) (
    SFUNC = knn_graph_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = knn_graph_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE knn_graph(bigint, tensor, int, text) IS 'knn_graph(points_agg(id, t), k, metric)';
CREATE AGGREGATE knn_graph(id bigint, t tensor, k int, metric text, weight text) (
    SFUNC = knn_graph_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = knn_graph_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE knn_graph(bigint, tensor, int, text, text) IS 'knn_graph(points_agg(id, t), k, metric, weight)';
