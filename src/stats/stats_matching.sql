-- matching the rows and columns of a matrix

CREATE FUNCTION best_match(m tensor)
    RETURNS TABLE (unit int, partner int, value float8)
    AS 'MODULE_PATHNAME', 'stats_best_match' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION best_match(tensor) IS 'the largest element of each row of a matrix and its column, from 1: with corr(gram), each unit''s best partner in the other model. Of equal elements the first; NaN (a constant unit) is passed over, and a row of nothing else has partner and value NULL. Several units may share a partner (assignment does not let them); for the partners of the columns transpose the matrix, for the smallest element negate it. An error if m is not a matrix';

CREATE FUNCTION assignment(cost tensor, maximize bool DEFAULT false)
    RETURNS TABLE (row_index int, column_index int, cost float8)
    AS 'MODULE_PATHNAME', 'stats_assignment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION assignment(tensor, bool) IS 'the one-to-one matching of rows and columns (from 1) whose costs have the least sum, or with maximize the largest: one row a pair, min(m, n) of an m x n matrix, by row (Jonker and Volgenant 1987; rectangular as Crouse 2016; same total as scipy.optimize.linear_sum_assignment). Infinity forbids a pair, -Infinity when maximizing. Cost: O(m^2 n) at worst, in practice a few passes over the matrix; memory 8 m n bytes, twice if m > n. Errors: NaN, an infinity that would be the best pair, no matching without forbidden pairs, not a matrix';

CREATE FUNCTION transport_plan(cost tensor, supply tensor DEFAULT NULL, demand tensor DEFAULT NULL)
    RETURNS TABLE (source int, sink int, mass float8, cost float8)
    AS 'MODULE_PATHNAME', 'stats_transport_plan' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION transport_plan(tensor, tensor, tensor) IS 'optimal transport between two discrete distributions, exactly: the masses moved from sources (rows of cost, from 1) to sinks (columns) at the least total cost, one row a pair that moves mass, at most m + n - 1 of an m x n matrix; sum(mass * cost) is the total, the Wasserstein-1 distance where cost is a distance, and the square of Wasserstein-2 where it is a squared one. supply has m masses and demand n, none negative, of the same sum (within 1e-6; supply is scaled to demand); one that is left out is uniform, both uniform have sum 1. By the network simplex method over strongly feasible trees; memory 8 m n bytes. No rows where cost is NULL or has no elements. Errors: NaN or infinity in cost, a mass that is negative, NaN or infinite, sums that differ, shapes that don''t fit';
