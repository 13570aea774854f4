-- ---- false discovery rate ----

CREATE FUNCTION fdr_bh(p float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'stats_fdr_bh'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fdr_bh(float8) IS
'Benjamini and Hochberg''s q values: fdr_bh(p) OVER (PARTITION BY family) gives each test the smallest false discovery rate at which it is rejected among the partition''s tests: with the m p values in ascending order, the least of p_j m / j over j >= i, at most 1. WHERE q <= 0.05 then holds the expected share of false discoveries to 5 per cent, for independent or positively dependent tests (voxels mostly are). A NULL p gives NULL and is not counted in m; equal p have equal q; the order of rows and the window''s frame make no difference. 32 bytes a row are held. Error: p outside 0 to 1 or NaN. (Benjamini and Hochberg 1995)';

CREATE FUNCTION fdr_by(p float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'stats_fdr_by'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fdr_by(float8) IS
'Benjamini and Yekutieli''s q values, for tests of any dependence: those of fdr_bh(float8) before they are cut at 1, times 1 + 1/2 + ... + 1/m (about ln m + 0.58), at most 1. (Benjamini and Yekutieli 2001)';
