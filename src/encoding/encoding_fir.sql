-- ---- finite impulse response features ----

CREATE FUNCTION fir(x tensor, delays int[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_fir'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fir(tensor, int[]) IS
'Finite impulse response features: fir(x, delays) OVER (PARTITION BY run ORDER BY t) gives each row the copies of x (rank 1, width p) delayed by each of delays, one after another (p times the number of delays elements, in x''s element type). Delay d takes the row d rows earlier in the partition, 0 the row itself, a negative delay looks ahead; what lies outside the partition is zero, so delays never cross runs. The window''s frame is ignored. NaN is copied. A row is NULL where x, or a row that it draws on, is NULL, so that aggregates skip it; where NULL means that nothing was shown, give coalesce(x, zeros(ARRAY[p])). Rows between the longest delay and the furthest look ahead are held in memory. Error: empty, null or differing delays in a partition, x of another rank, rows of differing width. (Kay, David, Prenger, Hansen and Gallant 2008)';

CREATE FUNCTION fir(x float8, delays int[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'encoding_fir_float8'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fir(float8, int[]) IS
'Finite impulse response features of a single series: as fir(tensor, int[]) with x of width 1; the result is a float8 tensor with one element a delay.';
