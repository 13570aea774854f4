-- Tensors as rows.

CREATE FUNCTION unnest(t tensor) RETURNS SETOF float8
	AS 'MODULE_PATHNAME', 'tensor_unnest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION unnest(tensor) IS 'One row an element, in C order; WITH ORDINALITY numbers them from 1.';

CREATE FUNCTION rows(t tensor) RETURNS SETOF tensor
	AS 'MODULE_PATHNAME', 'tensor_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION rows(tensor) IS 'One row a place along the first axis: the rows of a matrix as vectors, in order; WITH ORDINALITY numbers them from 1. Fewer than 2 dimensions are an error.';
