-- GiST on voxel: searchlights and nearest neighbours

CREATE TYPE voxel_box;

CREATE FUNCTION voxel_box_in(cstring) RETURNS voxel_box
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_box_in(cstring) IS 'Text input of voxel_box: (x,y,z),(x,y,z), low corner first.';

CREATE FUNCTION voxel_box_out(voxel_box) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_box_out(voxel_box) IS 'Text output of voxel_box.';

CREATE FUNCTION voxel_box_recv(internal) RETURNS voxel_box
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_box_recv(internal) IS 'Binary input of voxel_box: six big-endian float4.';

CREATE FUNCTION voxel_box_send(voxel_box) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_box_send(voxel_box) IS 'Binary output of voxel_box: six big-endian float4.';

CREATE TYPE voxel_box (
	INPUT = voxel_box_in,
	OUTPUT = voxel_box_out,
	RECEIVE = voxel_box_recv,
	SEND = voxel_box_send,
	INTERNALLENGTH = 24,
	ALIGNMENT = int4
);
COMMENT ON TYPE voxel_box IS 'A box in space, the key of GiST indexes on voxel. Not for columns: it has no operators.';

CREATE FUNCTION voxel_gist_consistent(internal, voxel, smallint, oid, internal) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_consistent(internal, voxel, smallint, oid, internal) IS 'GiST support: whether a key can hold what is searched for; exact in leaves.';

CREATE FUNCTION voxel_gist_union(internal, internal) RETURNS voxel_box
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_union(internal, internal) IS 'GiST support: the bounding box of keys.';

CREATE FUNCTION voxel_gist_compress(internal) RETURNS internal
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_compress(internal) IS 'GiST support: a voxel as a box of no extent.';

CREATE FUNCTION voxel_gist_penalty(internal, internal, internal) RETURNS internal
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_penalty(internal, internal, internal) IS 'GiST support: growth of the sum of edges.';

CREATE FUNCTION voxel_gist_picksplit(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_picksplit(internal, internal) IS 'GiST support: the split of the R*-tree (Beckmann, Kriegel, Schneider and Seeger 1990).';

CREATE FUNCTION voxel_gist_same(voxel_box, voxel_box, internal) RETURNS internal
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_same(voxel_box, voxel_box, internal) IS 'GiST support: equality of keys.';

CREATE FUNCTION voxel_gist_distance(internal, voxel, smallint, oid, internal) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_distance(internal, voxel, smallint, oid, internal) IS 'GiST support: distance to the nearest point of a key; exact in leaves.';

CREATE FUNCTION voxel_gist_fetch(internal) RETURNS internal
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_fetch(internal) IS 'GiST support: the voxel of a leaf, for index-only scans.';

CREATE FUNCTION voxel_gist_sortsupport(internal) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gist_sortsupport(internal) IS 'GiST support: Morton order, for sorted builds.';

CREATE OPERATOR CLASS voxel_gist_ops DEFAULT FOR TYPE voxel USING gist AS
	OPERATOR 8 <@ (voxel, ball),
	OPERATOR 15 <-> (voxel, voxel) FOR ORDER BY float_ops,
	OPERATOR 18 = (voxel, voxel),
	FUNCTION 1 voxel_gist_consistent(internal, voxel, smallint, oid, internal),
	FUNCTION 2 voxel_gist_union(internal, internal),
	FUNCTION 3 voxel_gist_compress(internal),
	FUNCTION 5 voxel_gist_penalty(internal, internal, internal),
	FUNCTION 6 voxel_gist_picksplit(internal, internal),
	FUNCTION 7 voxel_gist_same(voxel_box, voxel_box, internal),
	FUNCTION 8 voxel_gist_distance(internal, voxel, smallint, oid, internal),
	FUNCTION 9 voxel_gist_fetch(internal),
	FUNCTION 11 voxel_gist_sortsupport(internal),
	STORAGE voxel_box;
COMMENT ON OPERATOR CLASS voxel_gist_ops USING gist IS 'v <@ ball, v = voxel and ORDER BY v <-> voxel, without rechecks, with index-only scans.';
COMMENT ON OPERATOR FAMILY voxel_gist_ops USING gist IS 'Searchlights and nearest neighbours of voxels.';
