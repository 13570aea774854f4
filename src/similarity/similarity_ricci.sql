-- curvature of neighbour graphs

CREATE FUNCTION ollivier_ricci(r rdm, k int, alpha float8 DEFAULT 0.5)
    RETURNS TABLE (a text, b text, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ollivier_ricci_rdm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ollivier_ricci(rdm, int, float8) IS 'Ollivier-Ricci curvature of a representation (Ollivier 2009; Lin, Lu and Yau 2011): the graph in which a condition is joined to its k nearest others, as seen from either side, edges as long as the distance; one row an edge, by label: curvature = 1 - W1(m_a, m_b) / d(a, b), with m_u of mass alpha at u and the rest on its neighbours in equal parts, d the shortest path and W1 the exact Wasserstein-1 distance over shortest paths (network simplex). Positive inside clusters, negative on bridges between them. Equal parts, whatever the edges'' lengths: GraphRicciCurvature weighs neighbours by exp(-d^2) unless all lengths are equal. Of equally near conditions the first by label; a missing pair (NaN) is no edge; curvature NULL where d is 0. 8 n^2 bytes for n conditions. Errors: a negative distance (crossnobis), k under 1, alpha not from 0 to 1, neuroenc.memory_limit';
CREATE FUNCTION ollivier_ricci(source bigint[], target bigint[], weight float8[] DEFAULT NULL, alpha float8 DEFAULT 0.5)
    RETURNS TABLE (a text, b text, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ollivier_ricci_edges' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ollivier_ricci(bigint[], bigint[], float8[], float8) IS 'Ollivier-Ricci curvature of the edges of a graph, given by the two ends of each (array_agg(source), array_agg(target)) and, unless all are 1, their lengths; without direction, each pair once, either end first; one row an edge with a before b, computed as ollivier_ricci(rdm, k, alpha). No rows where source, target or alpha is NULL. Errors: arrays of different lengths, a NULL label, an edge from a node to itself, a pair given twice, a length that is negative or not finite';
CREATE FUNCTION ollivier_ricci(source text[], target text[], weight float8[] DEFAULT NULL, alpha float8 DEFAULT 0.5)
    RETURNS TABLE (a text, b text, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ollivier_ricci_edges' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ollivier_ricci(text[], text[], float8[], float8) IS 'as ollivier_ricci(bigint[], bigint[], float8[], float8), of nodes that have text labels';

CREATE FUNCTION ricci_flow(r rdm, k int, n_iter int DEFAULT 10, alpha float8 DEFAULT 0.5, step float8 DEFAULT 1)
    RETURNS TABLE (a text, b text, weight float8, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ricci_flow_rdm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ricci_flow(rdm, int, int, float8, float8) IS 'the discrete Ricci flow (Ni, Lin, Luo and Gao 2019) of the k-nearest-neighbour graph of ollivier_ricci(rdm, k, alpha): n_iter times the edges'' lengths become d(a, b) (1 - step curvature) and are scaled to a mean of 1; one row an edge, its last length and the curvature by the last lengths. Edges inside communities become short and those between them long: cut those above a threshold, and what hangs together is a community. n_iter 0 gives the scaled lengths. An edge of length 0 keeps it, with curvature NULL. Costs n_iter + 1 times ollivier_ricci; reports progress. Errors as there, and n_iter not from 0 to 100000, step not over 0 and at most 1';
CREATE FUNCTION ricci_flow(source bigint[], target bigint[], weight float8[] DEFAULT NULL, n_iter int DEFAULT 10, alpha float8 DEFAULT 0.5, step float8 DEFAULT 1)
    RETURNS TABLE (a text, b text, weight float8, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ricci_flow_edges' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ricci_flow(bigint[], bigint[], float8[], int, float8, float8) IS 'the discrete Ricci flow of ricci_flow(rdm, k, n_iter, alpha, step) of a graph given by its edges, as ollivier_ricci(source, target, weight, alpha) takes them; no rows where another argument than weight is NULL';
CREATE FUNCTION ricci_flow(source text[], target text[], weight float8[] DEFAULT NULL, n_iter int DEFAULT 10, alpha float8 DEFAULT 0.5, step float8 DEFAULT 1)
    RETURNS TABLE (a text, b text, weight float8, curvature float8)
    AS 'MODULE_PATHNAME', 'similarity_ricci_flow_edges' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ricci_flow(text[], text[], float8[], int, float8, float8) IS 'as ricci_flow(bigint[], bigint[], float8[], int, float8, float8), of nodes that have text labels';
