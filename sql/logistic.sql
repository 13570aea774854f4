SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- By hand: of four rows where x is 0 one is a yes, of four where it is 1 three.
-- Without penalty the intercept is the log odds at 0, -ln 3, and the weight the
-- log of the odds ratio, ln 9.
CREATE TEMP TABLE odds AS
    SELECT i, tensor('[' || x || ']') AS x, y, i % 2 AS fold
      FROM (VALUES (1, 0, 'no'), (2, 0, 'no'), (3, 0, 'no'), (4, 0, 'yes'), (5, 1, 'yes'), (6, 1, 'yes'), (7, 1, 'yes'), (8, 1, 'no')) v (i, x, y);
CREATE TEMP TABLE fitted AS SELECT logistic_fit(points_agg(x, y), 0) AS c FROM odds;
SELECT classes(c), alpha(c), n_samples(c), n_dimensions(c), shape(weights(c)), shape(intercepts(c)) FROM fitted;
SELECT abs((weights(c))[1] - ln(9)) < 1e-8 AS weight, abs((intercepts(c))[1] + ln(3)) < 1e-8 AS intercept FROM fitted;
SELECT round((decision_function(c, x))[1]::numeric, 6) AS log_odds, round((predict_proba(c, x))[1]::numeric, 6) AS no,
       round((predict_proba(c, x))[2]::numeric, 6) AS yes, predict_label(c, x)
  FROM fitted, (VALUES (tensor '[0]'), ('[1]'), ('float8:[0.25]')) v (x);
-- the rows of a matrix
SELECT shape(predict_proba(c, m)), shape(decision_function(c, m)), predict_labels(c, m), abs((predict_proba(c, m))[3][2] - 0.75) < 1e-8 AS third
  FROM fitted, (VALUES (tensor '[[0],[0.25],[1]]')) v (m);
SELECT shape(predict_proba(c, '(0,1):[]')), predict_labels(c, '(0,1):[]') FROM fitted;
-- a penalty draws the weight in and leaves the intercept free: the log odds are 0 at 1/2, where the rows are symmetric
SELECT abs((decision_function(c, '[0.5]'))[1]) < 1e-8 AS middle, (weights(c))[1] > 0 AND (weights(c))[1] < ln(9) AS smaller
  FROM (SELECT logistic_fit(points_agg(x, y)) AS c FROM odds) q;
-- ... by the condition of its least: the sum of x (p - y) is -alpha w
SELECT abs(sum(((predict_proba(c, x))[2] - (y = 'yes')::int) * x[1]) + 0.5 * (SELECT (weights(c))[1] FROM (SELECT logistic_fit(points_agg(x, y), 0.5) AS c FROM odds) m)) < 1e-8 AS stationary,
       abs(sum((predict_proba(c, x))[2] - (y = 'yes')::int)) < 1e-8 AS intercept
  FROM odds, (SELECT logistic_fit(points_agg(x, y), 0.5) AS c FROM odds) m;
-- no intercept: x = 0 is as likely one as the other, and of the rows at 1 three in four
SELECT intercepts(c), abs((weights(c))[1] - ln(3)) < 1e-8 AS ln_3, predict_label(c, '[0]') AS the_first_of_equals
  FROM (SELECT logistic_fit(points_agg(x, y), 0, fit_intercept => false) AS c FROM odds) q;

-- Several classes, where nothing but their shares is to be learnt: softmax of the intercepts, which sum to 0
CREATE TEMP TABLE shares AS SELECT i, tensor '[3,3]' AS x, (ARRAY[10, 9, 9, 2, 2, 2])[i] AS y FROM generate_series(1, 6) i;
SELECT classes(c), shape(weights(c)), weights(c) = 'float8:[[0,0],[0,0],[0,0]]' AS zero, abs((intercepts(c))[1] - (ln(3) - ln(6) / 3)) < 1e-8 AS of_2,
       abs((predict_proba(c, '[7,7]'))[1] - 3.0 / 6) + abs((predict_proba(c, '[7,7]'))[2] - 2.0 / 6) + abs((predict_proba(c, '[7,7]'))[3] - 1.0 / 6) < 1e-8 AS shares,
       predict_label(c, '[7,7]')
  FROM (SELECT logistic_fit(points_agg(x, y), 1) AS c FROM shares) q;
-- balanced: each class as likely as the others
SELECT abs((predict_proba(c, '[3,3]'))[1] - 1.0 / 3) < 1e-8 AS a_third FROM (SELECT logistic_fit(points_agg(x, y), 1, balanced => true) AS c FROM shares) q;

-- Cross-validation by hand.  Nothing but shares again: fold 1 is a, a, b and fold 2 a, b, b.  Without fold 2 p(b) is 1/3, so its rows
-- lose -ln(2/3) - 2 ln(1/3), and by symmetry those of fold 1; one row in three of each is right.
CREATE TEMP TABLE folded AS
    SELECT tensor '[1]' AS x, y, fold FROM (VALUES ('a', 1), ('a', 1), ('b', 1), ('a', 2), ('b', 2), ('b', 2)) v (y, fold);
SELECT s.alpha, abs(log_loss - (2 * ln(3) - ln(2.0 / 3)) / 3) < 1e-8 AS log_loss, round(accuracy::numeric, 6) AS accuracy, best
  FROM (SELECT logistic_cv(points_agg(x, y, fold), '{1,100,10}') AS c FROM folded) q, cv_scores(c) s;
-- alphas alike: the largest, whatever their order
SELECT alpha(c), n_samples(c) FROM (SELECT logistic_cv(points_agg(x, y, fold), '{1,100,10}', scoring => 'accuracy') AS c FROM folded) q;
SELECT count(*) FROM (SELECT logistic_fit(points_agg(x, y, fold)) AS c FROM folded) q, cv_scores(c);
-- the chosen fit is the fit at that alpha, of all rows
CREATE TEMP TABLE planted AS
    SELECT i, i % 4 AS fold, x, 'class ' || CASE WHEN (x[1] + x[2] > 1)::bool THEN 'a' WHEN (x[3] > 0.5)::bool THEN 'b' ELSE 'c' END AS y
      FROM (SELECT i, random_normal('{6}', i) AS x FROM generate_series(1, 160) i OFFSET 0) q;
SELECT alpha(c), weights(c) <-> weights(logistic_fit(p, alpha(c))) < 1e-6 AS weights, intercepts(c) <-> intercepts(logistic_fit(p, alpha(c))) < 1e-6 AS intercepts
  FROM (SELECT logistic_cv(p, '{0.1,1,10}') AS c, p FROM (SELECT points_agg(x, y, fold) AS p FROM planted) q) q;
SELECT count(*) FILTER (WHERE predict_label(c, x) = y) AS right, count(*) FROM planted, (SELECT logistic_cv(x, y, fold) AS c FROM planted) q;
-- the aggregate is the function with its defaults; labels that are numbers or booleans
SELECT logistic_cv(x, y, fold)::text = logistic_cv(points_agg(x, y, fold))::text AS same FROM planted;
SELECT classes(logistic_cv(x, fold % 2, i)) AS numbers, classes(logistic_cv(x, fold % 2 = 0, i)) AS booleans FROM (SELECT x, fold, i % 3 AS i FROM planted) q;
SELECT weights(logistic_cv(x, y = 'class a', fold)) <-> weights(logistic_cv(x, (y = 'class a')::int, fold)) AS none FROM planted;
-- NULLs are skipped, no row gives NULL
SELECT logistic_cv(x, y, fold) IS NULL AS none FROM planted WHERE false;
SELECT n_samples(logistic_cv(CASE WHEN i <> 7 THEN x END, CASE WHEN i <> 8 THEN y END, CASE WHEN i <> 9 THEN fold END)) FROM planted;
SELECT n_samples(logistic_cv(CASE WHEN i <> 7 THEN x END, CASE WHEN i <> 8 THEN y = 'class a' END, CASE WHEN i <> 9 THEN fold END)) FROM planted;
SELECT logistic_fit(NULL) IS NULL AS fit, predict_proba(NULL, '[1]') IS NULL AS proba, logistic_cv(NULL::points) IS NULL AS cv;
-- the order of rows and the number of threads change nothing
CREATE TEMP TABLE answers (c text);
INSERT INTO answers SELECT logistic_cv(x, y, fold ORDER BY i)::text FROM planted;
SET neuroenc.threads = 3;
INSERT INTO answers SELECT logistic_cv(x, y, fold ORDER BY -i)::text FROM planted;
RESET neuroenc.threads;
SELECT count(DISTINCT c) AS one FROM answers;
-- all rows equal; more elements than rows
SELECT weights(logistic_fit(points_agg(tensor '[5,5]', i % 2))) FROM generate_series(1, 6) i;
SELECT shape(weights(c)), predict_label(c, '[1,0,0,0]') AS first, predict_label(c, '[0,0,0,1]') AS last
  FROM (SELECT logistic_fit(points_agg(x, y)) AS c FROM (VALUES (tensor '[1,0,0,0]', 'one'), ('[0,0,0,1]', 'two')) v (x, y)) q;

-- Text and binary forms
SELECT c::text LIKE 'classifier(classes=2, d=1, n=8, alpha=0):%' AS text, c::text::classifier::text = c::text AS same FROM fitted;
SELECT classes(c::text::classifier), cv_scores(c::text::classifier) = cv_scores(c) AS scores FROM (SELECT logistic_cv(points_agg(x, y, fold), '{2}') AS c FROM planted) q;
CREATE TEMP TABLE stored AS SELECT logistic_cv(x, y, fold) AS c FROM planted;
SELECT count(*) FROM planted, stored WHERE predict_label(c, x) = predict_label(c::text::classifier, x);
SELECT 'classifier(x):AQ=='::classifier;
SELECT 'classifier'::classifier;

-- Errors
SELECT logistic_fit(points_agg(x)) FROM odds;
SELECT logistic_fit(points_agg(i, x)) FROM odds;
SELECT logistic_fit(points_agg(x, 'same')) FROM odds;
SELECT logistic_fit(points_agg(x, y), -1) FROM odds;
SELECT logistic_fit(points_agg(x, y), 'Infinity') FROM odds;
-- x alone tells the classes apart
SELECT logistic_fit(points_agg(x, x[1]::int), 0) FROM odds;
SELECT logistic_cv(points_agg(x, y)) FROM odds;
SELECT logistic_cv(points_agg(x, y, 1)) FROM odds;
SELECT logistic_cv(points_agg(x, y, CASE WHEN y = 'yes' THEN 3 ELSE i END)) FROM odds;
SELECT logistic_cv(points_agg(x, y, fold), '{}') FROM odds;
SELECT logistic_cv(points_agg(x, y, fold), '{1,NULL}') FROM odds;
SELECT logistic_cv(points_agg(x, y, fold), '{1,-2}') FROM odds;
SELECT logistic_cv(points_agg(x, y, fold), scoring => 'auc') FROM odds;
SELECT predict_proba(c, '[1,2]') FROM fitted;
SELECT predict_proba(c, '[[1,2]]') FROM fitted;
SELECT predict_proba(c, '[NaN]') FROM fitted;
SELECT decision_function(c, '[[1],[Infinity]]') FROM fitted;
SELECT predict_label(c, '[[1],[2]]') FROM fitted;
SELECT predict_labels(c, '[1]') FROM fitted;
SELECT logistic_cv(x, y, fold) FROM (SELECT tensor '[1,NaN]' AS x, 'a' AS y, 1 AS fold) q;
-- sums of squares past float8
SELECT logistic_fit(points_agg(tensor('float8:[' || i || 'e200]'), y)) FROM odds;
