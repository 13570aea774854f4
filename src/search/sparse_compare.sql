-- Comparison of sparse vectors and its operator classes.

CREATE FUNCTION sparse_eq(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_eq(sparse, sparse) IS 'Whether a is equal to b: the operator =, which says more.';

CREATE FUNCTION sparse_ne(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_ne(sparse, sparse) IS 'Whether a is not equal to b: the operator <>.';

CREATE FUNCTION sparse_lt(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_lt(sparse, sparse) IS 'Whether a is less than b: the operator <.';

CREATE FUNCTION sparse_le(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_le(sparse, sparse) IS 'Whether a is less than or equal to b: the operator <=.';

CREATE FUNCTION sparse_gt(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_gt(sparse, sparse) IS 'Whether a is greater than b: the operator >.';

CREATE FUNCTION sparse_ge(a sparse, b sparse) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_ge(sparse, sparse) IS 'Whether a is greater than or equal to b: the operator >=.';

CREATE FUNCTION sparse_cmp(a sparse, b sparse) RETURNS int
	AS 'MODULE_PATHNAME', 'sparse_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_cmp(sparse, sparse) IS '-1, 0 or 1 as a is less than, equal to or greater than b. By elements as the tensors that they stand for: the first element that differs decides, zeros included, then the width. The element type does not count.';

CREATE FUNCTION sparse_hash(s sparse) RETURNS int
	AS 'MODULE_PATHNAME', 'sparse_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_hash(sparse) IS 'A hash of width, indices and values; equal vectors have equal hashes, whatever their element types.';

CREATE FUNCTION sparse_hash_extended(s sparse, seed bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'sparse_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION sparse_hash_extended(sparse, bigint) IS 'A 64-bit hash of width, indices and values with a seed; equal vectors have equal hashes.';

CREATE OPERATOR = (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR = (sparse, sparse) IS 'Equality of width, indices and values. The element type does not count, so {1:0.5}/3 equals float8:{1:0.5}/3.';

CREATE OPERATOR <> (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (sparse, sparse) IS 'Whether the two differ in width, indices or values.';

CREATE OPERATOR < (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (sparse, sparse) IS 'Whether the left vector is less than the right one. By elements as the tensors that they stand for: the first element that differs decides, zeros included, then the width. The element type does not count.';

CREATE OPERATOR <= (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (sparse, sparse) IS 'Whether the left vector is less than or equal to the right one. By elements as the tensors that they stand for: the first element that differs decides, zeros included, then the width. The element type does not count.';

CREATE OPERATOR > (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (sparse, sparse) IS 'Whether the left vector is greater than the right one. By elements as the tensors that they stand for: the first element that differs decides, zeros included, then the width. The element type does not count.';

CREATE OPERATOR >= (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = sparse_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (sparse, sparse) IS 'Whether the left vector is greater than or equal to the right one. By elements as the tensors that they stand for: the first element that differs decides, zeros included, then the width. The element type does not count.';

CREATE OPERATOR CLASS sparse_btree_ops DEFAULT FOR TYPE sparse USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 sparse_cmp(sparse, sparse);
COMMENT ON OPERATOR CLASS sparse_btree_ops USING btree IS 'ORDER BY, DISTINCT, merge joins and btree indexes of sparse vectors; a btree index entry holds up to 2,704 bytes, some 330 float4 elements.';
COMMENT ON OPERATOR FAMILY sparse_btree_ops USING btree IS 'Comparison of sparse vectors.';

CREATE OPERATOR CLASS sparse_hash_ops DEFAULT FOR TYPE sparse USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 sparse_hash(sparse),
	FUNCTION 2 sparse_hash_extended(sparse, bigint);
COMMENT ON OPERATOR CLASS sparse_hash_ops USING hash IS 'Equality of sparse vectors of any size: GROUP BY, hash joins and hash indexes.';
COMMENT ON OPERATOR FAMILY sparse_hash_ops USING hash IS 'Equality of sparse vectors.';
