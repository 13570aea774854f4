-- The sparse vector type: input and output, type modifier.

CREATE TYPE sparse;

CREATE FUNCTION sparse_in(cstring, oid, int) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_in(cstring, oid, int) IS 'Reads a sparse vector from text; used by the type.';

CREATE FUNCTION sparse_out(sparse) RETURNS cstring
	AS 'MODULE_PATHNAME', 'sparse_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_out(sparse) IS 'Writes a sparse vector as text; used by the type.';

CREATE FUNCTION sparse_recv(internal, oid, int) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_recv(internal, oid, int) IS 'Reads a sparse vector from its binary form; used by the type.';

CREATE FUNCTION sparse_send(sparse) RETURNS bytea
	AS 'MODULE_PATHNAME', 'sparse_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_send(sparse) IS 'The binary form of a sparse vector: bytes 1 (version), value size 4 or 8, ''<'' (what follows the sizes is little-endian), 0; width and number of entries as big-endian int32; the indices, int32 from 0, ascending; the values.';

CREATE FUNCTION sparse_typmod_in(cstring[]) RETURNS int
	AS 'MODULE_PATHNAME', 'sparse_typmod_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_typmod_in(cstring[]) IS 'Reads a type modifier, sparse(1024); used by the type.';

CREATE FUNCTION sparse_typmod_out(int) RETURNS cstring
	AS 'MODULE_PATHNAME', 'sparse_typmod_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_typmod_out(int) IS 'Writes a type modifier; used by the type.';

CREATE FUNCTION sparse_typanalyze(internal) RETURNS bool
	AS 'MODULE_PATHNAME', 'sparse_typanalyze' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_typanalyze(internal) IS 'ANALYZE of sparse columns: what is kept of any type, and the most frequent active indices (pg_stats.most_common_elems); used by the type.';

CREATE TYPE sparse (
	INPUT = sparse_in,
	OUTPUT = sparse_out,
	RECEIVE = sparse_recv,
	SEND = sparse_send,
	TYPMOD_IN = sparse_typmod_in,
	TYPMOD_OUT = sparse_typmod_out,
	ANALYZE = sparse_typanalyze,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE sparse IS 'A vector of a stated width of which few elements are not zero: pairs of index and value, float4 (default) or float8, up to 1 GB; the code of a sparse autoencoder, a binary pattern (all values 1), a bag of words. Text: {1:0.5,7:2}/1024 (indices from 1 to the width, here 1024), float8:{1:0.1}/1024 for values of double precision, {}/1024 for zeros only. Pairs are read in any order and written in ascending order; zeros are dropped, so equal vectors have equal text. The width is from 1 to 2147483647. An index out of range or given twice, a NaN or infinity, or a value too large for the element type is an error. sparse(1024) fixes the width of a column.';

CREATE FUNCTION sparse(sparse, int, bool) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_apply_typmod' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse(sparse, int, bool) IS 'Applies a type modifier; used by casts to sparse(...).';

CREATE CAST (sparse AS sparse) WITH FUNCTION sparse(sparse, int, bool) AS IMPLICIT;
COMMENT ON CAST (sparse AS sparse) IS 'Another width than the modifier''s is an error.';
