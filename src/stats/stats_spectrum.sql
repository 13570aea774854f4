-- ---- the spectrum of the features ----

CREATE FUNCTION spectrum(g gram) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_spectrum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spectrum(gram) IS 'eigenvalues of the covariance (n - 1) of the x of a gram, all folds together, descending: min(n - 1, p) elements, float8, 0 past the rank of the data; from the moments (p x p), or from the kernel (n x n) where the gram holds its rows and they are fewer than the features; the values of explained_variance(pca(g)), without the components; an error for fewer than two rows, for squares that sum to over 1e300, and past neuroenc.memory_limit';

CREATE FUNCTION effective_rank(g gram, of text DEFAULT 'singular_values', centred boolean DEFAULT true) RETURNS float8
    AS 'MODULE_PATHNAME', 'stats_effective_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION effective_rank(gram, text, boolean) IS 'exp of the entropy (natural) of the shares that the singular values of X have in their sum, X about its mean or, with centred false, as it is (of => ''eigenvalues'': of X''X); 1 where one direction has all, min(n, p) where all have the same; Roy and Vetterli 2007; RankMe (Garrido et al. 2023) is centred => false, where a mean far from 0 counts as one large direction; NULL where nothing varies; errors as spectrum';

CREATE FUNCTION participation_ratio(g gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'stats_participation_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION participation_ratio(gram) IS 'squared sum of the eigenvalues of the covariance of x over the sum of their squares (Gao et al. 2017): 1 where one direction has all variance, p where all have the same; at most n - 1, so too small where rows are few; NULL where nothing varies; errors as spectrum';

CREATE FUNCTION spectral_decay(g gram, first int, last int) RETURNS float8
    AS 'MODULE_PATHNAME', 'stats_spectral_decay' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spectral_decay(gram, int, int) IS 'the exponent of the power law that the eigenvalues of the covariance of x follow from the first to the last given (both from 1): minus the least-squares slope of ln eigenvalue on ln of its place (alpha-ReQ, Agrawal et al. 2022; in cortex about 1 over places 11 to 500, Stringer et al. 2019); an error unless 1 <= first < last <= min(n - 1, p) and eigenvalue last is above 0; other errors as spectrum';
