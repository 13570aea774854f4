-- Comparison and its operator classes.

CREATE FUNCTION tensor_eq(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_eq(tensor, tensor) IS 'Whether a is equal to b, in shape and values: the operator =, which says more.';

CREATE FUNCTION tensor_ne(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_ne(tensor, tensor) IS 'Whether a is not equal to b: the operator <>.';

CREATE FUNCTION tensor_lt(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_lt(tensor, tensor) IS 'Whether a is less than b: the operator <.';

CREATE FUNCTION tensor_le(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_le(tensor, tensor) IS 'Whether a is less than or equal to b: the operator <=.';

CREATE FUNCTION tensor_gt(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_gt(tensor, tensor) IS 'Whether a is greater than b: the operator >.';

CREATE FUNCTION tensor_ge(a tensor, b tensor) RETURNS bool
	AS 'MODULE_PATHNAME', 'tensor_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_ge(tensor, tensor) IS 'Whether a is greater than or equal to b: the operator >=.';

CREATE FUNCTION tensor_cmp(a tensor, b tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_cmp(tensor, tensor) IS '-1, 0 or 1 as a is less than, equal to or greater than b. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE FUNCTION tensor_hash(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_hash(tensor) IS 'A hash of shape and values; equal tensors have equal hashes, whatever their element types.';

CREATE FUNCTION tensor_hash_extended(t tensor, seed bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'tensor_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tensor_hash_extended(tensor, bigint) IS 'A 64-bit hash of shape and values with a seed; equal tensors have equal hashes.';

CREATE OPERATOR = (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR = (tensor, tensor) IS 'Equality of shape and values. NaN equals NaN, -0 equals 0; the element type does not count, so [0.5] equals float8:[0.5].';

CREATE OPERATOR <> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (tensor, tensor) IS 'Whether the left tensor is not equal to the right one. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE OPERATOR < (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (tensor, tensor) IS 'Whether the left tensor is less than the right one. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE OPERATOR <= (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (tensor, tensor) IS 'Whether the left tensor is less than or equal to the right one. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE OPERATOR > (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (tensor, tensor) IS 'Whether the left tensor is greater than the right one. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE OPERATOR >= (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (tensor, tensor) IS 'Whether the left tensor is greater than or equal to the right one. By elements first, as SQL arrays: the first that differs decides, then their number, the rank and the dimensions. NaN equals NaN and is greater than any number, -0 equals 0; the element type does not count.';

CREATE OPERATOR CLASS tensor_ops DEFAULT FOR TYPE tensor USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 tensor_cmp(tensor, tensor);
COMMENT ON OPERATOR CLASS tensor_ops USING btree IS 'Sorting, DISTINCT, merge joins and btree indexes. A btree index holds tensors of at most 2,704 bytes (about 670 float4 elements); ORDER BY, GROUP BY, DISTINCT, joins and hash indexes take any size.';
COMMENT ON OPERATOR FAMILY tensor_ops USING btree IS 'Order of tensors, by elements first.';

CREATE OPERATOR CLASS tensor_ops DEFAULT FOR TYPE tensor USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 tensor_hash(tensor),
	FUNCTION 2 tensor_hash_extended(tensor, bigint);
COMMENT ON OPERATOR CLASS tensor_ops USING hash IS 'GROUP BY, DISTINCT, hash joins and hash indexes, of tensors of any size.';
COMMENT ON OPERATOR FAMILY tensor_ops USING hash IS 'Equality of tensors by hashing.';
