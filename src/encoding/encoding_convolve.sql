-- ---- from stimulus to response ----

CREATE FUNCTION convolve(x tensor, kernel tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_convolve'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION convolve(tensor, tensor) IS
'Causal convolution along time: convolve(x, kernel) OVER (PARTITION BY run ORDER BY t) gives row t of a run kernel[1] x[t] + kernel[2] x[t - 1] + ..., column by column of x (rank 1, any width), cut to the run''s length; what lies before the run counts as zero, so runs never mix. kernel is a vector with a value a row of time, e.g. hrf(tr). Computed in float8, the result has x''s element type. A NaN in x stays in its column and makes the rows within the kernel''s length after it NaN; a row is NULL where x, or a row that it draws on, is NULL: where NULL means that nothing was shown, give coalesce(x, zeros(ARRAY[p])). The window''s frame is ignored. 2 m flops an element for a kernel of m; as many rows are held. Error: an empty, null, infinite or NaN kernel, one of another rank or not the same in all rows of a run, x of another rank, rows of differing width.';

CREATE FUNCTION convolve(x float8, kernel tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'encoding_convolve_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION convolve(float8, tensor) IS
'Causal convolution of a single series: as convolve(tensor, tensor) for one column.';

CREATE FUNCTION hrf(tr float8, length_s float8 DEFAULT 32) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_hrf'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hrf(float8, float8) IS
'The canonical haemodynamic response to an instant at 0 s, sampled every tr seconds from 0 to length_s: SPM''s double gamma, gamma(6) - gamma(16) / 6 as densities of t in seconds, which peaks at 5 s. A float8 vector of floor(length_s / tr) + 1 values, the first 0, their sum 1: a stimulus of unit height that stays on brings the response to 1. The kernel of convolve(). Error: tr not positive and finite, length_s less than tr or infinite, tr too long to sample the response (from about 11 s). (Friston, Fletcher, Josephs, Holmes, Rugg and Turner 1998)';
