-- ---- cleaning of runs: drifts and scale ----

CREATE FUNCTION detrend(x tensor, degree int) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_detrend'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION detrend(tensor, int) IS
'Polynomial trends removed: detrend(x, degree) OVER (PARTITION BY run ORDER BY t) gives each row of a run what is left of it after least squares of every column of x (rank 1, any width) on the Legendre polynomials of degree 0 to degree over the run''s rows (degree 0: the mean is subtracted). Rows are taken as evenly spaced in the window''s order, a NULL row too. Computed in float8 for the whole partition at once, whatever the window''s frame; the result has x''s element type. A NaN is missing for its column alone: that column is fitted on the rows that it has, the NaN stays; a NULL row is missing for all columns and stays NULL; an infinity makes its column NaN. A column that the trends explain entirely, as a constant, becomes 0, and so does everything in a run of at most degree + 1 rows. All rows of a run are held, at 4 bytes an element (float8: 8). Error: degree negative, null or not the same in all rows, x of another rank, rows of differing width, a run past neuroenc.memory_limit.';

CREATE FUNCTION detrend(x float8, degree int) RETURNS float8
	AS 'MODULE_PATHNAME', 'encoding_detrend_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION detrend(float8, int) IS
'Polynomial trends removed from a single series: as detrend(tensor, int) for one column.';

CREATE FUNCTION highpass(x tensor, cutoff_s float8, tr float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_highpass'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION highpass(tensor, float8, float8) IS
'Slow oscillations removed, as SPM''s high-pass filter does: highpass(x, cutoff_s, tr) OVER (PARTITION BY run ORDER BY t) subtracts from every column of x the least-squares fit of a constant and cosines (the discrete cosine transform) of periods down to cutoff_s seconds; rows are tr seconds apart. In a run of n rows these are floor(2 n tr / cutoff_s + 1) functions, the constant among them (SPM itself leaves the mean in); 128 s is usual for event-related fMRI. A cutoff_s of over 2 n tr, or infinity, removes the mean only; where there are as many functions as rows (cutoff_s of about 2 tr), everything becomes 0. Spacing, types, NaN, NULL, frames and memory as in detrend(tensor, int). Error: cutoff_s or tr not positive, tr infinite, NaN, NULL or not the same in all rows of a run, and the errors of detrend. (Ashburner et al., SPM12 manual; Holmes, Josephs, Buchel and Friston 1997)';

CREATE FUNCTION highpass(x float8, cutoff_s float8, tr float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'encoding_highpass_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION highpass(float8, float8, float8) IS
'Slow oscillations removed from a single series: as highpass(tensor, float8, float8) for one column.';

CREATE FUNCTION zscore_columns(x tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_zscore_columns'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION zscore_columns(tensor) IS
'Every column standardized over the rows of a partition: zscore_columns(x) OVER (PARTITION BY run) gives each row (x - mean) / sd, column by column, with the standard deviation of divisor n (ddof 0) over the rows where the column is not NaN and x not NULL; a constant column becomes 0. zscore(tensor) is another thing: it standardizes over the elements of one tensor. Types, NaN, NULL, frames, memory and errors as in detrend(tensor, int).';

CREATE FUNCTION zscore_columns(x float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'encoding_zscore_columns_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION zscore_columns(float8) IS
'A single series standardized over the rows of a partition: as zscore_columns(tensor) for one column.';

CREATE FUNCTION clean(x tensor, degree int, cutoff_s float8, tr float8, standardize bool DEFAULT true) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_clean'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clean(tensor, int, float8, float8, bool) IS
'Trends and slow oscillations removed and columns standardized in one pass (window calls can''t be nested): clean(x, degree, cutoff_s, tr, standardize) OVER (PARTITION BY run ORDER BY t) subtracts from every column of x the least-squares fit of the polynomials of detrend(x, degree) and the cosines of highpass(x, cutoff_s, tr) together, and with standardize divides what is left by its standard deviation (divisor n; 0 where only rounding is left). Jointly: the two sets are not orthogonal, and one after the other would leave some of the first in. degree 0 has no trends, cutoff_s infinity no oscillations but the mean. 4 n k flops a column for n rows and k functions. Spacing, types, NaN, NULL, frames, memory and errors as in detrend(tensor, int) and highpass(tensor, float8, float8); standardize must not be NULL.';

CREATE FUNCTION clean(x float8, degree int, cutoff_s float8, tr float8, standardize bool DEFAULT true) RETURNS float8
	AS 'MODULE_PATHNAME', 'encoding_clean_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clean(float8, int, float8, float8, bool) IS
'Trends and slow oscillations removed from a single series: as clean(tensor, int, float8, float8, bool) for one column.';
