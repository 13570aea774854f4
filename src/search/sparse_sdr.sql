-- Binary sparse distributed representations: only which indices are active counts.

CREATE FUNCTION overlap(a sparse, b sparse) RETURNS int
	AS 'MODULE_PATHNAME', 'sdr_overlap' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION overlap(sparse, sparse) IS 'How many indices are active in both. Different widths are an error.';

CREATE FUNCTION matches(segment sparse, pattern sparse, threshold int) RETURNS bool
	AS 'MODULE_PATHNAME', 'sdr_matches' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION matches(sparse, sparse, int) IS 'Whether at least threshold indices are active in both: a segment of synapses that recognises a pattern of active cells (Ahmad and Hawkins 2016). A threshold of 0 always matches, a negative one is an error. Different widths are an error.';

CREATE FUNCTION union_sdr(a sparse, b sparse) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sdr_union' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION union_sdr(sparse, sparse) IS '1 where a or b is active. Different widths are an error.';

CREATE FUNCTION sdr_false_match(n int, a int, s int, theta int, patterns int DEFAULT 1) RETURNS float8
	AS 'MODULE_PATHNAME', 'sdr_false_match' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION sdr_false_match(int, int, int, int, int) IS 'The probability that a segment of s synapses matches by chance: that theta or more of them meet the a cells that are active, at random, among n. sum over b >= theta of C(s, b) C(n - s, a - b) / C(n, a) (Ahmad and Hawkins 2016, How do neurons operate on sparse distributed representations?, arXiv:1601.00720), to 12 digits. s is under the size of the stored pattern where a segment samples it. With patterns > 1 it is met by the union of that many random patterns of a cells, taken to have sdr_union_active(n, a, patterns) cells, rounded: their approximation. A count outside 0 to n is an error.';

CREATE FUNCTION sdr_union_active(n int, a int, patterns int) RETURNS float8
	AS 'MODULE_PATHNAME', 'sdr_union_active' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION sdr_union_active(int, int, int) IS 'How many of n cells the union of random patterns of a active cells each is expected to have: n (1 - (1 - a / n)^patterns) (Ahmad and Hawkins 2015, arXiv:1503.07469). A count outside 0 to n is an error.';
