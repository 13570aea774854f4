-- spatial autocorrelation

CREATE TYPE moran_result AS (n bigint, n_pairs bigint, i float8, expected float8, variance float8, z float8, p float8);
COMMENT ON TYPE moran_result IS 'what moran_i found: n voxels, n_pairs pairs of neighbours, Moran''s i, its expected value and variance under random dealing, z = (i - expected) / sqrt(variance), and the two-sided p of z';

CREATE FUNCTION moran_add(points, voxel, float8, float8) RETURNS points
	AS 'MODULE_PATHNAME', 'clustering_moran_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION moran_add(points, voxel, float8, float8) IS 'transition function of moran_i';
CREATE FUNCTION moran_final(points) RETURNS moran_result
	AS 'MODULE_PATHNAME', 'clustering_moran_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION moran_final(points) IS 'final function of moran_i';

CREATE AGGREGATE moran_i(v voxel, value float8, radius float8) (
	SFUNC = moran_add, STYPE = points, SSPACE = 4194304,
	FINALFUNC = moran_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE moran_i(voxel, float8, float8) IS
'Spatial autocorrelation of a map, Moran''s I: do voxels at most radius apart (in the units of v) have values alike? i = n / S0 * sum over ordered pairs of neighbours of z_a z_b / sum of z^2, with z the values less their mean and S0 the number of ordered pairs (binary weights). Near 1: smooth; near expected = -1 / (n - 1): as if the values had been dealt to the voxels at random; below: neighbours differ. variance is that over all dealings of these values to these voxels (randomisation), so no distribution of values is assumed; z and the two-sided p come from the normal distribution, good for some 30 voxels or more. Rows where v or value is NULL or NaN are skipped (no value there); voxels without neighbours count in n; two rows at the same place are neighbours. i is NULL where all values are equal or no voxel has a neighbour, variance, z and p for fewer than 4 voxels too, z and p where each dealing gives the same i. No row gives NULL. Time and memory: 4 bytes for each neighbour of each voxel. Error: radius negative, NaN, NULL or not the same in all rows, an infinite value, what neuroenc.memory_limit would not hold. (Moran 1950; Cliff and Ord 1981, Spatial Processes, 1.34 and 1.44)';
