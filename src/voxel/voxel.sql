-- voxel: a point in space; ball: a searchlight; affine maps between grid and millimetres

CREATE TYPE voxel;

CREATE FUNCTION voxel_in(cstring) RETURNS voxel
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_in(cstring) IS 'Text input of voxel: (x,y,z).';

CREATE FUNCTION voxel_out(voxel) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_out(voxel) IS 'Text output of voxel: the shortest decimals that read back exactly.';

CREATE FUNCTION voxel_recv(internal) RETURNS voxel
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_recv(internal) IS 'Binary input of voxel: three big-endian float4.';

CREATE FUNCTION voxel_send(voxel) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_send(voxel) IS 'Binary output of voxel: three big-endian float4.';

CREATE TYPE voxel (
	INPUT = voxel_in,
	OUTPUT = voxel_out,
	RECEIVE = voxel_recv,
	SEND = voxel_send,
	INTERNALLENGTH = 12,
	ALIGNMENT = int4
);
COMMENT ON TYPE voxel IS 'A point (x,y,z) of three float4, in millimetres or in grid units. Coordinates are finite: NaN and infinities are refused, since neither an index nor a distance has a place for them. -0 is stored as 0.';

CREATE TYPE ball;

CREATE FUNCTION ball_in(cstring) RETURNS ball
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball_in(cstring) IS 'Text input of ball: <(x,y,z),r>.';

CREATE FUNCTION ball_out(ball) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball_out(ball) IS 'Text output of ball: the shortest decimals that read back exactly.';

CREATE FUNCTION ball_recv(internal) RETURNS ball
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball_recv(internal) IS 'Binary input of ball: x, y, z and the radius, four big-endian float4.';

CREATE FUNCTION ball_send(ball) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball_send(ball) IS 'Binary output of ball: x, y, z and the radius, four big-endian float4.';

CREATE TYPE ball (
	INPUT = ball_in,
	OUTPUT = ball_out,
	RECEIVE = ball_recv,
	SEND = ball_send,
	INTERNALLENGTH = 16,
	ALIGNMENT = int4
);
COMMENT ON TYPE ball IS 'A closed ball <(x,y,z),r>: the searchlight around a voxel (Kriegeskorte, Goebel and Bandettini 2006). The radius is a float4 in the units of the voxels, not negative and not NaN; Infinity holds every voxel.';

-- making and reading

CREATE FUNCTION voxel(x float8, y float8, z float8) RETURNS voxel
AS 'MODULE_PATHNAME', 'voxel_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel(float8, float8, float8) IS 'The voxel (x,y,z), coordinates rounded to float4. A NaN, an infinity or a value beyond float4 is an error.';

CREATE FUNCTION ball(v voxel, r float8) RETURNS ball
AS 'MODULE_PATHNAME', 'ball_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball(voxel, float8) IS 'The closed ball of radius r (rounded to float4) around v. A negative or NaN radius is an error.';

CREATE FUNCTION x(v voxel) RETURNS float4
AS 'MODULE_PATHNAME', 'voxel_x' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION x(voxel) IS 'The x coordinate, in the units of the voxel.';

CREATE FUNCTION y(v voxel) RETURNS float4
AS 'MODULE_PATHNAME', 'voxel_y' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION y(voxel) IS 'The y coordinate, in the units of the voxel.';

CREATE FUNCTION z(v voxel) RETURNS float4
AS 'MODULE_PATHNAME', 'voxel_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION z(voxel) IS 'The z coordinate, in the units of the voxel.';

-- distance and containment

CREATE FUNCTION voxel_distance(a voxel, b voxel) RETURNS float8
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_distance(voxel, voxel) IS 'Euclidean distance, the operator <->: computed in float8 from the float4 coordinates.';

CREATE OPERATOR <-> (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_distance, COMMUTATOR = <->
);
COMMENT ON OPERATOR <-> (voxel, voxel) IS 'Euclidean distance, float8. ORDER BY v <-> p LIMIT k uses a GiST index on v. Write 1 - (a <-> b) with its parentheses: all named operators have one precedence, below + and -.';

CREATE FUNCTION voxel_in_ball(v voxel, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION voxel_in_ball(voxel, ball) IS 'Whether v <-> center <= radius, the operator <@.';

CREATE FUNCTION ball_contains_voxel(b ball, v voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ball_contains_voxel(ball, voxel) IS 'Whether v <-> center <= radius, the operator @>.';

CREATE OPERATOR <@ (
	LEFTARG = voxel, RIGHTARG = ball, FUNCTION = voxel_in_ball, COMMUTATOR = @>,
	RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (voxel, ball) IS 'The voxel lies in the closed ball: its distance from the centre is at most the radius. Uses a GiST index on the voxel.';

CREATE OPERATOR @> (
	LEFTARG = ball, RIGHTARG = voxel, FUNCTION = ball_contains_voxel, COMMUTATOR = <@,
	RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (ball, voxel) IS 'The closed ball holds the voxel: the commutator of <@.';

-- order and hash of voxel: by x, then y, then z

CREATE FUNCTION voxel_eq(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_eq(voxel, voxel) IS 'Order of voxel: equal; the operator =.';

CREATE OPERATOR = (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_eq, COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (voxel, voxel) IS 'Equal, by x, then y, then z.';

CREATE FUNCTION voxel_ne(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_ne(voxel, voxel) IS 'Order of voxel: not equal; the operator <>.';

CREATE OPERATOR <> (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_ne, COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (voxel, voxel) IS 'Not equal, by x, then y, then z.';

CREATE FUNCTION voxel_lt(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_lt(voxel, voxel) IS 'Order of voxel: before; the operator <.';

CREATE OPERATOR < (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_lt, COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (voxel, voxel) IS 'Before, by x, then y, then z.';

CREATE FUNCTION voxel_le(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_le(voxel, voxel) IS 'Order of voxel: before or equal; the operator <=.';

CREATE OPERATOR <= (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_le, COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (voxel, voxel) IS 'Before or equal, by x, then y, then z.';

CREATE FUNCTION voxel_gt(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_gt(voxel, voxel) IS 'Order of voxel: after; the operator >.';

CREATE OPERATOR > (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_gt, COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (voxel, voxel) IS 'After, by x, then y, then z.';

CREATE FUNCTION voxel_ge(a voxel, b voxel) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_ge(voxel, voxel) IS 'Order of voxel: after or equal; the operator >=.';

CREATE OPERATOR >= (
	LEFTARG = voxel, RIGHTARG = voxel, FUNCTION = voxel_ge, COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (voxel, voxel) IS 'After or equal, by x, then y, then z.';

CREATE FUNCTION voxel_cmp(a voxel, b voxel) RETURNS int
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_cmp(voxel, voxel) IS '-1, 0 or 1: order of voxel, by x, then y, then z.';

CREATE FUNCTION voxel_hash(voxel) RETURNS int
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_hash(voxel) IS 'Hash for hash joins, grouping and hash indexes.';

CREATE FUNCTION voxel_hash_extended(voxel, bigint) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION voxel_hash_extended(voxel, bigint) IS 'Seeded 64-bit hash, for hash partitions.';

CREATE OPERATOR CLASS voxel_ops DEFAULT FOR TYPE voxel USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 voxel_cmp(voxel, voxel),
	FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS voxel_ops USING btree IS 'Order of voxel, by x, then y, then z.';
COMMENT ON OPERATOR FAMILY voxel_ops USING btree IS 'Order of voxel, by x, then y, then z.';

CREATE OPERATOR CLASS voxel_ops DEFAULT FOR TYPE voxel USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 voxel_hash(voxel),
	FUNCTION 2 voxel_hash_extended(voxel, bigint);
COMMENT ON OPERATOR CLASS voxel_ops USING hash IS 'Equality of voxel.';
COMMENT ON OPERATOR FAMILY voxel_ops USING hash IS 'Equality of voxel by hashing.';

-- order and hash of ball: by centre (x, y, z), then radius

CREATE FUNCTION ball_eq(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_eq(ball, ball) IS 'Order of ball: equal; the operator =.';

CREATE OPERATOR = (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_eq, COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (ball, ball) IS 'Equal, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_ne(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_ne(ball, ball) IS 'Order of ball: not equal; the operator <>.';

CREATE OPERATOR <> (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_ne, COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (ball, ball) IS 'Not equal, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_lt(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_lt(ball, ball) IS 'Order of ball: before; the operator <.';

CREATE OPERATOR < (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_lt, COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (ball, ball) IS 'Before, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_le(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_le(ball, ball) IS 'Order of ball: before or equal; the operator <=.';

CREATE OPERATOR <= (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_le, COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (ball, ball) IS 'Before or equal, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_gt(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_gt(ball, ball) IS 'Order of ball: after; the operator >.';

CREATE OPERATOR > (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_gt, COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (ball, ball) IS 'After, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_ge(a ball, b ball) RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_ge(ball, ball) IS 'Order of ball: after or equal; the operator >=.';

CREATE OPERATOR >= (
	LEFTARG = ball, RIGHTARG = ball, FUNCTION = ball_ge, COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (ball, ball) IS 'After or equal, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_cmp(a ball, b ball) RETURNS int
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_cmp(ball, ball) IS '-1, 0 or 1: order of ball, by centre (x, y, z), then radius.';

CREATE FUNCTION ball_hash(ball) RETURNS int
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_hash(ball) IS 'Hash for hash joins, grouping and hash indexes.';

CREATE FUNCTION ball_hash_extended(ball, bigint) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ball_hash_extended(ball, bigint) IS 'Seeded 64-bit hash, for hash partitions.';

CREATE OPERATOR CLASS ball_ops DEFAULT FOR TYPE ball USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 ball_cmp(ball, ball),
	FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS ball_ops USING btree IS 'Order of ball, by centre (x, y, z), then radius.';
COMMENT ON OPERATOR FAMILY ball_ops USING btree IS 'Order of ball, by centre (x, y, z), then radius.';

CREATE OPERATOR CLASS ball_ops DEFAULT FOR TYPE ball USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 ball_hash(ball),
	FUNCTION 2 ball_hash_extended(ball, bigint);
COMMENT ON OPERATOR CLASS ball_ops USING hash IS 'Equality of ball.';
COMMENT ON OPERATOR FAMILY ball_ops USING hash IS 'Equality of ball by hashing.';

-- affine maps

CREATE FUNCTION transform(affine tensor, v voxel) RETURNS voxel
AS 'MODULE_PATHNAME', 'voxel_transform' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION transform(tensor, voxel) IS 'v mapped by a 4 x 4 affine, affine times (x, y, z, 1), computed in float8 and rounded to float4. With nifti_affine(file) it takes 0-based grid indices to millimetres. An error unless the affine is finite, of shape (4, 4), with last row 0 0 0 1, and if the result is beyond float4.';

CREATE FUNCTION invert_affine(affine tensor) RETURNS tensor
AS 'MODULE_PATHNAME', 'voxel_invert_affine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION invert_affine(tensor) IS 'The inverse of a 4 x 4 affine, as float8: millimetres to grid. An error unless the affine is finite, of shape (4, 4), with last row 0 0 0 1, and if it is singular (its three axes span a volume under 1e-12 of the product of their lengths).';
