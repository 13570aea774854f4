-- encoder: a fitted encoding model

CREATE TYPE encoder;

CREATE FUNCTION encoder_in(cstring) RETURNS encoder
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION encoder_in(cstring) IS 'input of type encoder: encoder(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION encoder_out(encoder) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION encoder_out(encoder) IS 'output of type encoder';
CREATE FUNCTION encoder_recv(internal) RETURNS encoder
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION encoder_recv(internal) IS 'binary input of type encoder; every length and count is checked';
CREATE FUNCTION encoder_send(encoder) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION encoder_send(encoder) IS 'binary output of type encoder, little-endian; encoder_recv gives back the same model exactly';

CREATE TYPE encoder (
    INPUT = encoder_in, OUTPUT = encoder_out, RECEIVE = encoder_recv, SEND = encoder_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE encoder IS 'a fitted encoding model: weights (p x v) or, when features outnumber rows, dual coefficients with their rows; per target alpha, cross-validated r and R2 and what is needed for the intercept; made by ridge_cv and ridge, read by targets, weights, predict and score';

-- fits

CREATE FUNCTION ridge_cv(g gram, alphas float8[] DEFAULT NULL, per_target bool DEFAULT true,
                         standardize bool DEFAULT false, scoring text DEFAULT 'r2') RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_ridge_cv' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ridge_cv(gram, float8[], bool, bool, text) IS 'cross-validated ridge regression of every target on the features: minimises ||y - b0 - Xb||^2 + alpha ||b||^2 (Hoerl and Kennard 1970), the intercept from training folds only. Each fold of the gram is left out in turn; the alpha with the best score is kept for each target (per_target) or for all (best mean score), equal scores going to the larger alpha, and the model is refitted on all rows. scoring: r2 (by fold against the fold''s own mean, averaged over folds), r (Pearson, the same way) or r2_pooled (squared errors of all folds over the sum of squares about the overall mean); with a fold of one row r2 becomes r2_pooled. Without folds, or with one, alpha is chosen by generalized cross-validation (Golub, Heath and Wahba 1979), r2 is 1 - GCV / GCV of the mean alone and r is NULL. alphas: positive; NULL is 20 from 1e-5 to 1e5 times trace(X''X) / min(n - 1, p). standardize: features divided by their training standard deviation (ddof 0, 0 becomes 1). A constant target scores 0; targets with missing rows are fitted on the rows they have; a target with fewer than 2 rows gets its mean. Equal alphas count once. Features and targets whose squares sum to less than 2e-308 count as constant. Error: no targets, no rows, an alpha that is not positive and finite, a feature or target whose squares sum to over 1e290, weights beyond the element type (float8 if an x or y was, else float4), past neuroenc.memory_limit';

CREATE FUNCTION ridge(g gram, alpha float8, standardize bool DEFAULT false) RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_ridge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ridge(gram, float8, bool) IS 'ridge regression of every target at one alpha (0 is least squares of minimum norm), without cross-validation: r and R2 are NULL; folds do not matter; penalty, intercept, missing rows and errors as ridge_cv';
CREATE FUNCTION ridge(g gram, alphas float8[], standardize bool DEFAULT false) RETURNS encoder
    AS 'MODULE_PATHNAME', 'encoding_ridge_alphas' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ridge(gram, float8[], bool) IS 'ridge regression at one alpha a target, in the order of the elements of y, without cross-validation; an error if there are not as many alphas as targets; otherwise as ridge(gram, float8). Write alphas => ''{1,2}'' or ARRAY[1, 2]: a bare literal could also be one alpha';
