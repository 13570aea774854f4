-- sparse autoencoders: rows to sparse codes and back

CREATE FUNCTION sae_encode(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text DEFAULT 'relu') RETURNS sparse
    AS 'MODULE_PATHNAME', 'search_sae_encode_plain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION sae_encode(tensor, tensor, tensor, tensor, text) IS 'the latents of a sparse autoencoder that a vector x of d elements activates: of z = w_enc (x - b_dec) + b_enc what the kind keeps, as a sparse vector of width m whose values are the activations, all of them positive. kind relu keeps what is over 0 (Bricken et al. 2023); topk the k largest of these, the lower index where two are equal (Gao et al. 2024); jumprelu what is over a threshold, one for all or a tensor of one for each latent (Rajamanoharan et al. 2024; 0 or more); batch_topk with k the k n largest of all n rows together, with a threshold what is over it, as the authors do once training has ended (Bussmann, Leask and Nanda 2024). w_enc: latents x elements, m x d, a latent''s weights in a row, or its transpose, told apart by the lengths of b_enc (m) and b_dec (d); where m = d rows are latents. An autoencoder that takes nothing off its input (Gemma Scope) has a b_dec of zeros here. Computed in float4, or float8 if a weight is. Weights that are the same from row to row (a sub-select, a constant) are read once a query: then a row takes 2 d m flops, bound by reading w_enc; sae_encode_rows codes many rows some 10 times as fast. Errors: shapes that don''t fit, a weight or element that is NaN or infinite (named), a kind without the option that it takes or with another, neuroenc.memory_limit, a matrix x';

CREATE FUNCTION sae_encode(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, k int) RETURNS sparse
    AS 'MODULE_PATHNAME', 'search_sae_encode_k' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION sae_encode(tensor, tensor, tensor, tensor, text, int) IS 'sae_encode with an option: topk and batch_topk take k; jumprelu takes a whole number for its threshold. The comment of sae_encode(w_enc, b_enc, b_dec, x, kind) tells the rest';

CREATE FUNCTION sae_encode(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, threshold float8) RETURNS sparse
    AS 'MODULE_PATHNAME', 'search_sae_encode_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION sae_encode(tensor, tensor, tensor, tensor, text, float8) IS 'sae_encode with an option: jumprelu and batch_topk take one threshold. The comment of sae_encode(w_enc, b_enc, b_dec, x, kind) tells the rest';

CREATE FUNCTION sae_encode(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, threshold tensor) RETURNS sparse
    AS 'MODULE_PATHNAME', 'search_sae_encode_thresholds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION sae_encode(tensor, tensor, tensor, tensor, text, tensor) IS 'sae_encode with an option: jumprelu takes a threshold for each latent. The comment of sae_encode(w_enc, b_enc, b_dec, x, kind) tells the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text DEFAULT 'relu') RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_matrix_plain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, tensor, text) IS 'sae_encode of all rows of x, a matrix product a block of rows: id counts a matrix''s rows from 1, in their order; points bring theirs, points_agg(id, t), and come in that order. Use it in FROM: `SELECT c.* FROM sae, (SELECT points_agg(id, t) AS p FROM activations) q, LATERAL sae_encode_rows(w_enc, b_enc, b_dec, p, ''topk'', 32) c`. 2 n d m flops on neuroenc.threads threads, in float4 unless a weight is float8; memory: the weights, points again, and a block. Where batch_topk takes k, the batch is all rows: n of them keep k n activations in all, ties going to the earlier row, then the lower index. The last bits of an activation may differ from sae_encode''s';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, p points, kind text DEFAULT 'relu') RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_points_plain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, points, text) IS 'sae_encode_rows of points with ids; the comment of sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tells the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, k int) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_matrix_k' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, tensor, text, int) IS 'sae_encode_rows with an option: topk and batch_topk take k; jumprelu takes a whole number for its threshold. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, p points, kind text, k int) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_points_k' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, points, text, int) IS 'sae_encode_rows with an option: topk and batch_topk take k; jumprelu takes a whole number for its threshold. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, threshold float8) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_matrix_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, tensor, text, float8) IS 'sae_encode_rows with an option: jumprelu and batch_topk take one threshold. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, p points, kind text, threshold float8) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_points_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, points, text, float8) IS 'sae_encode_rows with an option: jumprelu and batch_topk take one threshold. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, x tensor, kind text, threshold tensor) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_matrix_thresholds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, tensor, text, tensor) IS 'sae_encode_rows with an option: jumprelu takes a threshold for each latent. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_encode_rows(w_enc tensor, b_enc tensor, b_dec tensor, p points, kind text, threshold tensor) RETURNS TABLE(id bigint, code sparse)
    AS 'MODULE_PATHNAME', 'search_sae_encode_points_thresholds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION sae_encode_rows(tensor, tensor, tensor, points, text, tensor) IS 'sae_encode_rows with an option: jumprelu takes a threshold for each latent. The comments of sae_encode and sae_encode_rows(w_enc, b_enc, b_dec, x, kind) tell the rest';

CREATE FUNCTION sae_decode(w_dec tensor, b_dec tensor, code sparse) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_sae_decode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION sae_decode(tensor, tensor, sparse) IS 'what a sparse autoencoder makes of a code: the sum of its values times their latents'' rows of w_dec, and b_dec (d elements). w_dec: latents x elements, m x d, or its transpose; where m = d rows are latents. Summed in float8; float4 unless w_dec or the code is float8. Weights that are the same from row to row are read once a query; 2 d flops an active latent. Errors: shapes that don''t fit, a code of another width than m, a weight that is NaN or infinite (named)';

CREATE FUNCTION dictionary_decode(dictionary tensor, code sparse) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_dictionary_decode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION dictionary_decode(tensor, sparse) IS 'the sum of a code''s values times their atoms, which are the rows of dictionary (m x d): what omp, matching_pursuit, ista and codebook_encode approximate x by. Otherwise as sae_decode without a bias';
