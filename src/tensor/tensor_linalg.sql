-- Decompositions and linear systems

CREATE TYPE eigh_result AS (values tensor, vectors tensor);
COMMENT ON TYPE eigh_result IS 'What eigh returns: n eigenvalues, ascending, and an n x n matrix with the eigenvectors in its columns.';

CREATE FUNCTION eigh(t tensor) RETURNS eigh_result
	AS 'MODULE_PATHNAME', 'tensor_eigh' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION eigh(tensor) IS 'Eigenvalues and eigenvectors of a symmetric matrix t (n x n), as NumPy''s eigh: t = vectors * diag(values) * vectors'', values ascending, vectors in columns, of unit length. Computed and returned in float8. A vector''s sign is chosen so that its element of largest magnitude (the first, of those within 1e-6) is positive. t may be asymmetric by rounding, up to the square root of its element type''s precision times its largest element, and is then averaged with its transpose; beyond that, and for NaN or infinite elements, or a tensor that is not a square matrix, it is an error. Householder tridiagonalisation, divide and conquer (LAPACK dstedc), on neuroenc.threads threads; can be cancelled at any time. (eigh(t)).* computes it once a column: use FROM eigh(t).';

CREATE TYPE svd_result AS (u tensor, s tensor, vt tensor);
COMMENT ON TYPE svd_result IS 'What svd returns for an m x n matrix, r = min(m, n): u is m x r, s has r singular values, descending, vt is r x n.';

CREATE FUNCTION svd(t tensor) RETURNS svd_result
	AS 'MODULE_PATHNAME', 'tensor_svd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION svd(tensor) IS 'Thin singular value decomposition of a matrix t (m x n): t = u * diag(s) * vt with r = min(m, n), u m x r and vt r x n orthonormal, s descending. Computed and returned in float8. The sign of a pair of vectors is chosen so that the element of largest magnitude of u''s column (the first, of those within 1e-6) is positive. NaN or infinite elements and a tensor that is not a matrix are an error. Householder bidiagonalisation (after QR when one side is twice the other), divide and conquer (LAPACK dbdsdc), on neuroenc.threads threads; can be cancelled at any time. (svd(t)).* computes it once a column: use FROM svd(t).';

CREATE FUNCTION cholesky(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_cholesky' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION cholesky(tensor) IS 'The lower triangular L (float8, n x n) with L * L'' = t, for a symmetric positive definite matrix t. Symmetry is checked as by eigh. A matrix that is not positive definite is an error that names the first leading minor that fails; so are NaN or infinite elements and a tensor that is not a square matrix.';

CREATE FUNCTION solve(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_solve' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION solve(tensor, tensor) IS 'The x (float8, of b''s shape) with a * x = b, for a square matrix a (n x n) of any kind and b a vector of n or a matrix n x m. LU factorisation with partial pivoting. An exactly singular a is an error (a nearly singular one gives large numbers, as in NumPy); so are NaN or infinite elements, and shapes that don''t fit.';
