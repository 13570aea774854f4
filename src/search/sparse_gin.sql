-- Which indices are active, and an index for it.

CREATE FUNCTION sparse_overlaps(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_overlaps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION sparse_overlaps(sparse, sparse) IS 'Whether some index is active in both. The operator &&. Values and widths do not count, so the query can be active_at(17, 92).';

CREATE FUNCTION sparse_contains(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION sparse_contains(sparse, sparse) IS 'Whether all indices active in b are active in a. The operator @>. Values and widths do not count, so the query can be active_at(17, 92).';

CREATE FUNCTION sparse_contained(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_contained' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION sparse_contained(sparse, sparse) IS 'Whether all indices active in a are active in b. The operator <@. Values and widths do not count, so the query can be active_at(17, 92).';

CREATE FUNCTION sparse_overlaps_sel(internal, oid, internal, int) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_overlaps_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_overlaps_sel(internal, oid, internal, int) IS 'How many rows && is expected to find, from what ANALYZE knows of the most frequent active indices; used by the planner.';

CREATE FUNCTION sparse_contains_sel(internal, oid, internal, int) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_contains_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_contains_sel(internal, oid, internal, int) IS 'How many rows @> is expected to find, from what ANALYZE knows of the most frequent active indices; used by the planner.';

CREATE FUNCTION sparse_contained_sel(internal, oid, internal, int) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_contained_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_contained_sel(internal, oid, internal, int) IS 'How many rows <@ is expected to find, from what ANALYZE knows of the most frequent active indices; used by the planner.';

CREATE OPERATOR && (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_overlaps,
	COMMUTATOR = &&, RESTRICT = sparse_overlaps_sel, JOIN = contjoinsel);
COMMENT ON OPERATOR && (sparse, sparse) IS 'Whether some index is active in both. Values and widths do not count, so the query can be active_at(17, 92). A GIN index serves it.';

CREATE OPERATOR @> (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_contains,
	COMMUTATOR = <@, RESTRICT = sparse_contains_sel, JOIN = contjoinsel);
COMMENT ON OPERATOR @> (sparse, sparse) IS 'Whether all indices active in the right vector are active in the left one: code @> active_at(17, 92) finds items whose features 17 and 92 are both active. Values and widths do not count, so the query can be active_at(17, 92). A GIN index serves it.';

CREATE OPERATOR <@ (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_contained,
	COMMUTATOR = @>, RESTRICT = sparse_contained_sel, JOIN = contjoinsel);
COMMENT ON OPERATOR <@ (sparse, sparse) IS 'Whether all indices active in the left vector are active in the right one; a vector of zeros is contained in any. Values and widths do not count, so the query can be active_at(17, 92). A GIN index serves it, with a look at each candidate.';

CREATE FUNCTION sparse_gin_extract_value(sparse, internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'sparse_gin_extract_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_gin_extract_value(sparse, internal, internal) IS 'GIN support: the active indices of an item.';

CREATE FUNCTION sparse_gin_extract_query(sparse, internal, smallint, internal, internal, internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'sparse_gin_extract_query' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_gin_extract_query(sparse, internal, smallint, internal, internal, internal, internal) IS 'GIN support: the active indices of a query.';

CREATE FUNCTION sparse_gin_consistent(internal, smallint, sparse, int, internal, internal, internal, internal) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_gin_consistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_gin_consistent(internal, smallint, sparse, int, internal, internal, internal, internal) IS 'GIN support: whether an item with these indices fits.';

CREATE FUNCTION sparse_gin_triconsistent(internal, smallint, sparse, int, internal, internal, internal) RETURNS "char"
	AS 'MODULE_PATHNAME', 'sparse_gin_triconsistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_gin_triconsistent(internal, smallint, sparse, int, internal, internal, internal) IS 'GIN support: whether an item fits of which some indices are not known yet.';

CREATE OPERATOR CLASS sparse_gin_ops DEFAULT FOR TYPE sparse USING gin AS
	OPERATOR 1 &&,
	OPERATOR 2 @>,
	OPERATOR 3 <@,
	FUNCTION 1 btint4cmp(int, int),
	FUNCTION 2 sparse_gin_extract_value(sparse, internal, internal),
	FUNCTION 3 sparse_gin_extract_query(sparse, internal, smallint, internal, internal, internal, internal),
	FUNCTION 4 sparse_gin_consistent(internal, smallint, sparse, int, internal, internal, internal, internal),
	FUNCTION 6 sparse_gin_triconsistent(internal, smallint, sparse, int, internal, internal, internal),
	STORAGE int;
COMMENT ON OPERATOR CLASS sparse_gin_ops USING gin IS '&&, @> and <@ over the active indices: CREATE INDEX ON items USING gin (code).';
COMMENT ON OPERATOR FAMILY sparse_gin_ops USING gin IS 'Which indices of sparse vectors are active.';
