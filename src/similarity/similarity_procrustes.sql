-- the similarity transform of one population onto another

CREATE TYPE procrustes_result AS (rotation tensor, scale float8, translation tensor, r2 float8);
COMMENT ON TYPE procrustes_result IS 'a similarity transform: y is nearest to scale x rotation + translation; rotation p x q with orthonormal columns (rows, where p < q), scale, translation of q elements (all float8), and r2, the share of y''s sum of squares about its mean that it reaches';

CREATE FUNCTION procrustes_align(s paired) RETURNS procrustes_result
    AS 'MODULE_PATHNAME', 'similarity_procrustes_align' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_align(paired) IS 'the similarity transform of x onto y, hyperalignment''s step (Schoenemann and Carroll 1970; Haxby et al. 2011): rotation R, scale and translation that make scale x R + translation nearest to y in squared error over the rows; R is that of procrustes_rotation (a reflection is allowed), scale the nuclear norm of X''Y over |X R|^2 of the centred rows, r2 the share of y''s sum of squares that is reached; R is not unique where X''Y lacks rank; NULL for fewer than 2 rows or where x and y do not vary together at all; an error if squares are out of range or past neuroenc.memory_limit';
CREATE AGGREGATE procrustes_align(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = procrustes_align, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE procrustes_align(tensor, tensor) IS 'procrustes_align(paired) of the rows x (p finite elements) and y (q finite elements): (procrustes_align(x, y)).rotation and so on; rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length';
