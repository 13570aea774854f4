-- classifiers: logistic regression of labels on vectors

CREATE TYPE classifier;

CREATE FUNCTION classifier_in(cstring) RETURNS classifier
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classifier_in(cstring) IS 'input of type classifier: classifier(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION classifier_out(classifier) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classifier_out(classifier) IS 'output of type classifier';
CREATE FUNCTION classifier_recv(internal) RETURNS classifier
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classifier_recv(internal) IS 'binary input of type classifier; every length and number is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION classifier_send(classifier) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classifier_send(classifier) IS 'binary output of type classifier, little-endian; classifier_recv gives back the same value exactly';

CREATE TYPE classifier (
    INPUT = classifier_in, OUTPUT = classifier_out, RECEIVE = classifier_recv, SEND = classifier_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = external
);
COMMENT ON TYPE classifier IS 'a logistic regression of labels (classes) on vectors of d elements: the classes, weights and intercepts (one set for two classes, else one a class), its alpha, and the cross-validated scores of the alphas that were compared; made by logistic_fit and logistic_cv, read by predict_proba, predict_label, weights and cv_scores';

-- fits

CREATE FUNCTION logistic_fit(p points, alpha float8 DEFAULT 1, fit_intercept boolean DEFAULT true, balanced boolean DEFAULT false) RETURNS classifier
    AS 'MODULE_PATHNAME', 'search_logistic_fit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION logistic_fit(points, float8, boolean, boolean) IS 'the logistic regression of the labels of points on their vectors, logistic_fit(points_agg(x, y), alpha => 10): of all rows, at one alpha. It minimises the sum over rows of the log loss plus alpha / 2 times the sum of squares of the weights; intercepts are not penalised. So alpha is 1 / C of scikit-learn''s LogisticRegression (penalty l2), whose weights these are: two classes have one vector of weights, for the second in the order of labels against the first; more have one a class (softmax; Bishop 2006, 4.3.4). Weights are not blind to the scale of features: bring those to one scale first (zscore_columns) where their units differ. Without fit_intercept the intercepts are 0; balanced makes the classes weigh the same in all, a row n / (classes rows of its class). float8, by Newton''s method with conjugate gradients (Nocedal and Wright 2006, chapter 7) in coordinates where the features are uncorrelated, until the distance to the least objective is about 1e-18 of where it began. Cost: 4 n r flops a class and product, r = min(n, d), some 10 to 60 products (more at small alphas), and 2 n d min(n, d) + 9 min(n, d)^3 once, on neuroenc.threads threads; memory: twice the rows. The rows'' order and the plan change nothing. Errors: points without labels or with one label; an alpha that is negative or not finite; at alpha 0 classes that the features separate, for which no weights are the best; neuroenc.memory_limit';

CREATE FUNCTION logistic_cv(p points, alphas float8[] DEFAULT '{0.01,0.1,1,10,100,1000,10000}', fit_intercept boolean DEFAULT true, balanced boolean DEFAULT false, scoring text DEFAULT 'log_loss') RETURNS classifier
    AS 'MODULE_PATHNAME', 'search_logistic_cv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION logistic_cv(points, float8[], boolean, boolean, text) IS 'the logistic regression of the labels of points on their vectors, at the best of several alphas: logistic_cv(points_agg(x, y, fold), alphas => ''{0.1,1,10}''). Each fold is left out in turn, the others are fitted at each alpha as logistic_fit does, and the fold''s rows are scored; of each alpha cv_scores has the mean log loss (in nats) of all rows and the share of rows whose label is the most probable, each row by the fit that has not seen its fold. The alpha of least log loss, or with scoring ''accuracy'' of the largest share (of equal ones the largest alpha), is used to fit all rows. Folds and alphas are solved together, each pass over the rows serving all of them, from the largest alpha down; held-out scores are good to some 1e-6, the fit of all rows as logistic_fit''s. Cost: as logistic_fit, times folds and alphas, but for the preparation; small alphas with more weights than the rows can settle take the most (hundreds of products a fold). Memory: three times the rows, and n classes folds float8 numbers for as many alphas as are solved at a time. Errors: as logistic_fit; points without folds, or all in one; a class that no row has outside some fold; an array of alphas that is empty or has a NULL';

CREATE FUNCTION logistic_points_add(points, tensor, boolean, bigint) RETURNS points
    AS 'MODULE_PATHNAME', 'search_logistic_add_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION logistic_points_add(points, tensor, boolean, bigint) IS 'transition function of logistic_cv(x, y, fold) where y is boolean';
CREATE FUNCTION logistic_cv_final(points) RETURNS classifier
    AS 'MODULE_PATHNAME', 'search_logistic_cv_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION logistic_cv_final(points) IS 'final function of logistic_cv(x, y, fold): logistic_cv(points)';

CREATE AGGREGATE logistic_cv(x tensor, y text, fold bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = logistic_cv_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE logistic_cv(tensor, text, bigint) IS 'the logistic regression of labels y on vectors x, its alpha from 0.01, 0.1, ... 10000 chosen by cross-validation over fold: logistic_cv(points_agg(x, y, fold)), which takes options; rows with a NULL are skipped, no row gives NULL. Errors as there, and those of points_agg';
CREATE AGGREGATE logistic_cv(x tensor, y bigint, fold bigint) (
    SFUNC = points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = logistic_cv_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE logistic_cv(tensor, bigint, bigint) IS 'logistic_cv(x, y, fold) with labels given as numbers';
CREATE AGGREGATE logistic_cv(x tensor, y boolean, fold bigint) (
    SFUNC = logistic_points_add, STYPE = points, SSPACE = 67108864,
    FINALFUNC = logistic_cv_final, COMBINEFUNC = points_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE logistic_cv(tensor, boolean, bigint) IS 'logistic_cv(x, y, fold) of a yes and no: its classes are false and true, its weights those of true against false';

-- predictions

CREATE FUNCTION predict_proba(c classifier, x tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_predict_proba' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predict_proba(classifier, tensor) IS 'the probabilities of the classes, in the order of classes(c): of a vector a float8 vector that sums to 1, of a matrix a matrix with a row a row. A stored classifier is read once a query, not once a row. Errors: another number of elements, NaN or infinity';
CREATE FUNCTION decision_function(c classifier, x tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_decision_function' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION decision_function(classifier, tensor) IS 'weights times x plus intercepts: of two classes one number, the log odds of the second, else one a class, whose softmax are the probabilities; of a vector a float8 vector, of a matrix a matrix with a row a row. Errors as predict_proba';
CREATE FUNCTION predict_label(c classifier, x tensor) RETURNS text
    AS 'MODULE_PATHNAME', 'search_predict_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predict_label(classifier, tensor) IS 'the most probable class of a vector; of equal ones the first in the order of classes(c). Errors as predict_proba, and a matrix';
CREATE FUNCTION predict_labels(c classifier, x tensor) RETURNS text[]
    AS 'MODULE_PATHNAME', 'search_predict_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predict_labels(classifier, tensor) IS 'predict_label of each row of a matrix. Errors as predict_proba, and a vector';

-- what a classifier tells

CREATE FUNCTION classes(c classifier) RETURNS text[]
    AS 'MODULE_PATHNAME', 'search_classifier_classes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classes(classifier) IS 'its labels: whole numbers by value, then other texts bytewise';
CREATE FUNCTION weights(c classifier) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_classifier_weights' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION weights(classifier) IS 'its weights, float8: of two classes a vector of d, for the second class against the first; else classes x d, which sum to 0 over classes';
CREATE FUNCTION intercepts(c classifier) RETURNS tensor
    AS 'MODULE_PATHNAME', 'search_classifier_intercepts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION intercepts(classifier) IS 'its intercepts, float8: of two classes one, else one a class, which sum to 0';
CREATE FUNCTION alpha(c classifier) RETURNS float8
    AS 'MODULE_PATHNAME', 'search_classifier_alpha' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION alpha(classifier) IS 'the penalty that its weights were fitted with: the best of those compared, where there was cross-validation';
CREATE FUNCTION cv_scores(c classifier) RETURNS TABLE (alpha float8, log_loss float8, accuracy float8, best boolean)
    AS 'MODULE_PATHNAME', 'search_classifier_cv_scores' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION cv_scores(classifier) IS 'the cross-validated scores of each alpha, in the order in which these were given: mean log loss of a row in nats (equal probabilities have ln(classes)), share of rows whose label is the most probable, and whether this alpha was used; no row for logistic_fit';
CREATE FUNCTION n_samples(c classifier) RETURNS bigint
    AS 'MODULE_PATHNAME', 'search_classifier_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(classifier) IS 'number of rows that it was fitted to';
CREATE FUNCTION n_dimensions(c classifier) RETURNS int
    AS 'MODULE_PATHNAME', 'search_classifier_n_dimensions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_dimensions(classifier) IS 'number of elements of the vectors that it classifies';
