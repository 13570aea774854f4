-- alignment: how alike two populations' responses to the same rows are
--
-- A measure has up to four forms: an aggregate over (x, y), a function of a paired
-- state (one scan, many measures), of three grams (streams), of two RDMs (tables of layers).

-- centred kernel alignment

CREATE FUNCTION cka(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka(paired) IS 'linear centred kernel alignment (Kornblith et al. 2019), with the biased estimate of HSIC (Gretton et al. 2005): |X''Y|^2 / (|X''X| |Y''Y|) of columns centred, Frobenius norms; 0 to 1, invariant to rotation and isotropic scale; biased upwards where units are many and rows few (two independent populations of 2,000 units over 50 rows: .98): use cka_debiased there; equals rv, and rdm_compare(a, b, ''whitened_cosine'') of squared euclidean RDMs; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE cka(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cka, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cka(tensor, tensor) IS 'cka(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION cka(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as cka(paired)';
CREATE FUNCTION cka(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as cka(paired)';
CREATE FUNCTION cka_debiased(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_debiased_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka_debiased(paired) IS 'linear centred kernel alignment with the unbiased estimate of HSIC (Song et al. 2012, equation 5): about 0 for independent populations whatever the numbers of rows and units, may be negative; needs at least 4 rows, NULL for fewer, and the rows themselves; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE cka_debiased(x tensor, y tensor) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cka_debiased, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cka_debiased(tensor, tensor) IS 'cka_debiased(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the rows';
CREATE FUNCTION cka_debiased(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_debiased_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka_debiased(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as cka_debiased(paired)';
CREATE FUNCTION cka_rbf(s paired, sigma float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_rbf_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka_rbf(paired, float8) IS 'centred kernel alignment of radial basis functions exp(-d^2 / (2 sigma^2)), biased estimate of HSIC (Gretton et al. 2005); 2 n^2 (p + q) flops, n^2 exponentials each, no n x n memory; sigma is absolute, in the units of the responses (not a share of the median distance); over 0; NULL for fewer than 2 rows or where one population is constant';
CREATE FUNCTION cka_rbf_final(paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_rbf_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka_rbf_final(paired) IS 'final function of the aggregates cka_rbf: takes the option that the state remembers';
CREATE AGGREGATE cka_rbf(x tensor, y tensor) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cka_rbf_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cka_rbf(tensor, tensor) IS 'cka_rbf(paired, float8) of the rows x (p finite elements) and y (q finite elements), sigma 1; rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the rows';
CREATE AGGREGATE cka_rbf(x tensor, y tensor, sigma float8) (
    SFUNC = paired_add_rows, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cka_rbf_final, COMBINEFUNC = paired_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cka_rbf(tensor, tensor, float8) IS 'the same with sigma, which must be the same in every row';
CREATE FUNCTION cka_rbf(a rdm, b rdm, sigma float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_rbf_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cka_rbf(rdm, rdm, float8) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as cka_rbf(paired, float8)';

-- canonical correlations

CREATE FUNCTION cca(s paired, k int DEFAULT 0) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_cca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cca(paired, int) IS 'canonical correlations (Hotelling 1936), descending, a float8 vector of as many as the smaller rank; from rows singular values below max(n, p) epsilon of the first are taken for 0, from moments and RDMs eigenvalues below 1e-10 of the first; with fewer rows than p + q + 1 the first canonical correlations are 1 whatever the data; invariant to any invertible linear map of either population; k: the first so many of them, 0 is all; an error if it is more than the smaller number of units; NULL for fewer than 2 rows or where one population is constant';
CREATE FUNCTION cca_final(paired) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_cca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cca_final(paired) IS 'final function of the aggregates cca: takes the option that the state remembers';
CREATE AGGREGATE cca(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cca_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cca(tensor, tensor) IS 'cca(paired, int) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE AGGREGATE cca(x tensor, y tensor, k int) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = cca_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cca(tensor, tensor, int) IS 'the same with k, which must be the same in every row';
CREATE FUNCTION cca(xy gram, xx gram, yy gram, k int DEFAULT 0) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_cca_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cca(gram, gram, gram, int) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as cca(paired, int)';
CREATE FUNCTION cca(a rdm, b rdm, k int DEFAULT 0) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_cca_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cca(rdm, rdm, int) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as cca(paired, int); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION mean_cca(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_mean_cca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_cca(paired) IS 'mean canonical correlation, over the smaller of the two ranks; from rows singular values below max(n, p) epsilon of the first are taken for 0, from moments and RDMs eigenvalues below 1e-10 of the first; with fewer rows than p + q + 1 the first canonical correlations are 1 whatever the data; acos of it is netrep''s angular distance at alpha 0 for full ranks that are equal; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE mean_cca(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = mean_cca, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mean_cca(tensor, tensor) IS 'mean_cca(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION mean_cca(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_mean_cca_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_cca(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as mean_cca(paired)';
CREATE FUNCTION mean_cca(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_mean_cca_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mean_cca(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as mean_cca(paired); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION svcca(s paired, variance float8 DEFAULT 0.99, k int DEFAULT 0) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_svcca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION svcca(paired, float8, int) IS 'singular vector CCA (Raghu et al. 2017): mean canonical correlation between the first principal components of each population; variance: as many components of each as reach this share of the squared singular values, over 0 to 1; k over 0: so many components of each instead; NULL for fewer than 2 rows or where one population is constant';
CREATE FUNCTION svcca_final(paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_svcca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION svcca_final(paired) IS 'final function of the aggregates svcca: takes the option that the state remembers';
CREATE AGGREGATE svcca(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = svcca_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE svcca(tensor, tensor) IS 'svcca(paired, float8, int) of the rows x (p finite elements) and y (q finite elements), variance 0.99; rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE AGGREGATE svcca(x tensor, y tensor, variance float8) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = svcca_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE svcca(tensor, tensor, float8) IS 'the same with variance, which must be the same in every row';
CREATE FUNCTION svcca(xy gram, xx gram, yy gram, variance float8 DEFAULT 0.99, k int DEFAULT 0) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_svcca_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION svcca(gram, gram, gram, float8, int) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as svcca(paired, float8, int)';
CREATE FUNCTION svcca(a rdm, b rdm, variance float8 DEFAULT 0.99, k int DEFAULT 0) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_svcca_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION svcca(rdm, rdm, float8, int) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as svcca(paired, float8, int); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION pwcca(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_pwcca_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pwcca(paired) IS 'projection weighted CCA (Morcos, Raghu and Bengio 2018): sum of a_i rho_i / sum of a_i, a_i = sum over units j of x of |h_i'' x_j|, h_i the canonical variates of x; not symmetric; equal correlations, whose variates are not determined (the first are all 1 where n is at most p + q), get the mean of their weights over all bases, so that the value does not depend on one; another definition in use weights by unwhitened directions and gives other values; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE pwcca(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = pwcca, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE pwcca(tensor, tensor) IS 'pwcca(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION pwcca(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_pwcca_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pwcca(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as pwcca(paired)';

-- rotations and shapes

CREATE FUNCTION procrustes(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes(paired) IS 'Procrustes angle in radians: acos of the nuclear norm of X''Y, columns centred and each population scaled to unit Frobenius norm (Schoenemann 1966; Williams et al. 2021): 0 where one is a rotation of the other, at most pi / 2; a metric; unequal widths as if padded with zeros; exact near 0 from rows, to 1e-7 from moments; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE procrustes(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = procrustes, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE procrustes(tensor, tensor) IS 'procrustes(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION procrustes(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as procrustes(paired)';
CREATE FUNCTION procrustes(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as procrustes(paired); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION procrustes_rotation(s paired) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_rotation_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_rotation(paired) IS 'the orthogonal Procrustes rotation R of x onto y (Schoenemann 1966): the float8 p x q matrix with orthonormal columns (rows, where p < q) that makes (X - mean) R closest to Y - mean; not unique where X''Y lacks rank; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE procrustes_rotation(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = procrustes_rotation, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE procrustes_rotation(tensor, tensor) IS 'procrustes_rotation(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION procrustes_rotation(xy gram, xx gram, yy gram) RETURNS tensor
    AS 'MODULE_PATHNAME', 'alignment_rotation_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_rotation(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as procrustes_rotation(paired)';
CREATE FUNCTION procrustes_similarity(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_similarity(paired) IS 'cosine of the Procrustes angle: nuclear norm of X''Y of populations that are centred and of unit Frobenius norm; 0 to 1; equals bures_similarity; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE procrustes_similarity(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = procrustes_similarity, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE procrustes_similarity(tensor, tensor) IS 'procrustes_similarity(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION procrustes_similarity(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_similarity(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as procrustes_similarity(paired)';
CREATE FUNCTION procrustes_similarity(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION procrustes_similarity(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as procrustes_similarity(paired); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION shape_distance(s paired, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance(paired, float8) IS 'angular shape distance in radians (Williams et al. 2021; netrep''s LinearMetric): Procrustes angle of X (alpha I + (1 - alpha) (X''X)^-1/2) and the same of y, columns centred; a metric at each alpha; between 0 and 1 it depends on the scale of the responses, which are taken as they come; alpha from 0 (fully whitened: CCA) to 1 (Procrustes); NULL for fewer than 2 rows or where one population is constant';
CREATE FUNCTION shape_distance_final(paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance_final(paired) IS 'final function of the aggregates shape_distance: takes the option that the state remembers';
CREATE AGGREGATE shape_distance(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = shape_distance_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE shape_distance(tensor, tensor) IS 'shape_distance(paired, float8) of the rows x (p finite elements) and y (q finite elements), alpha 1; rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE AGGREGATE shape_distance(x tensor, y tensor, alpha float8) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = shape_distance_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE shape_distance(tensor, tensor, float8) IS 'the same with alpha, which must be the same in every row';
CREATE FUNCTION shape_distance(xy gram, xx gram, yy gram, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance(gram, gram, gram, float8) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as shape_distance(paired, float8)';
CREATE FUNCTION shape_distance(a rdm, b rdm, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_shape_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance(rdm, rdm, float8) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as shape_distance(paired, float8); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION shape_distance_euclidean(s paired, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_euclidean_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance_euclidean(paired, float8) IS 'euclidean shape distance (Williams et al. 2021; netrep''s score_method euclidean): Frobenius distance after rotation of the populations, centred and whitened in part as by shape_distance, each of the norm that it had before; a metric, in the units of the responses times the root of the number of rows; alpha from 0 (fully whitened: CCA) to 1 (Procrustes); NULL for fewer than 2 rows or where one population is constant';
CREATE FUNCTION shape_distance_euclidean_final(paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_euclidean_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance_euclidean_final(paired) IS 'final function of the aggregates shape_distance_euclidean: takes the option that the state remembers';
CREATE AGGREGATE shape_distance_euclidean(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = shape_distance_euclidean_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE shape_distance_euclidean(tensor, tensor) IS 'shape_distance_euclidean(paired, float8) of the rows x (p finite elements) and y (q finite elements), alpha 1; rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE AGGREGATE shape_distance_euclidean(x tensor, y tensor, alpha float8) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = shape_distance_euclidean_final, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE shape_distance_euclidean(tensor, tensor, float8) IS 'the same with alpha, which must be the same in every row';
CREATE FUNCTION shape_distance_euclidean(xy gram, xx gram, yy gram, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_euclidean_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance_euclidean(gram, gram, gram, float8) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as shape_distance_euclidean(paired, float8)';
CREATE FUNCTION shape_distance_euclidean(a rdm, b rdm, alpha float8 DEFAULT 1) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_euclidean_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shape_distance_euclidean(rdm, rdm, float8) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as shape_distance_euclidean(paired, float8); negative eigenvalues of a kernel (distances that are not euclidean) are left out';

-- other names for the same numbers

CREATE FUNCTION bures_similarity(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION bures_similarity(paired) IS 'normalized Bures similarity of the two linear kernels, tr((K^1/2 L K^1/2)^1/2) / sqrt(tr K tr L) (Harvey, Lipshutz and Williams 2023): the same number as procrustes_similarity; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE bures_similarity(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = bures_similarity, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE bures_similarity(tensor, tensor) IS 'bures_similarity(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION bures_similarity(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION bures_similarity(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as bures_similarity(paired)';
CREATE FUNCTION bures_similarity(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_similarity_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION bures_similarity(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as bures_similarity(paired); negative eigenvalues of a kernel (distances that are not euclidean) are left out';
CREATE FUNCTION rv(s paired) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_paired' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rv(paired) IS 'RV coefficient (Robert and Escoufier 1976): tr(X''Y Y''X) / sqrt(tr((X''X)^2) tr((Y''Y)^2)) of columns centred: the same number as cka; NULL for fewer than 2 rows or where one population is constant';
CREATE AGGREGATE rv(x tensor, y tensor) (
    SFUNC = paired_add_sums, STYPE = paired, SSPACE = 67108864,
    FINALFUNC = rv, COMBINEFUNC = paired_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rv(tensor, tensor) IS 'rv(paired) of the rows x (p finite elements) and y (q finite elements); rows with a NULL are skipped, no row gives NULL; an error names the row, x or y and the element that is NaN or infinite, or the row of another length; memory: the smaller of the rows and 8 (p + q)^2 bytes';
CREATE FUNCTION rv(xy gram, xx gram, yy gram) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_grams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rv(gram, gram, gram) IS 'over three grams, gram_agg(x, y), gram_agg(x) and gram_agg(y) of the same rows, for any number of rows in constant memory: moments resolve singular values down to 1e-5 of the largest; an error if the numbers of rows, the widths or the means disagree, or if y has missing values; otherwise as rv(paired)';
CREATE FUNCTION rv(a rdm, b rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'alignment_cka_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rv(rdm, rdm) IS 'over two RDMs, aligned by label, whose kernels K = -J D J / 2 (of squared euclidean distances; euclidean and mahalanobis are squared, all other metrics taken as they are) stand for the patterns; at least 3 shared conditions, none of their pairs missing; otherwise as rv(paired)';
