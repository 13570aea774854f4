-- Values of every base type of the extension, one table a type: samples_TYPE(id, v).
-- Read by the dump and restore test and by the fuzzer; the former fails when a
-- type has no table here.  Runs in a database that has the extension.

SET client_min_messages = warning;

CREATE TABLE samples_tensor (id int GENERATED ALWAYS AS IDENTITY, v tensor);
INSERT INTO samples_tensor (v) VALUES
    ('[]'), ('[0]'), ('[1,2.5,-3]'), ('3.5'), ('-0'), ('NaN'), ('[NaN,Infinity,-Infinity,-0,0]'),
    ('[1e-45,3.4028235e38,1.17549435e-38,0.1]'),
    ('float8:[0.1,1e308,5e-324,NaN,-Infinity,-0]'), ('float8:2.718281828459045'), ('float8:[]'),
    ('float2:[0.1,65504,6e-8,NaN,Infinity,-0]'), ('float2:[[1,2],[3,4]]'),
    ('[[1,2],[3,4]]'), ('[[[1,2],[3,4]],[[5,6],[7,8]]]'), ('[[[[[[[[1]]]]]]]]'), ('(0,3):[]'), ('(2,0,4):[]'),
    (NULL);
INSERT INTO samples_tensor (v)
    SELECT (prefix || '[' || string_agg((sin(n * i) * exp(cos(i)))::text, ',' ORDER BY i) || ']')::tensor
    FROM unnest('{"",float2:,float4:,float8:}'::text[]) prefix, unnest('{1,17,300,5000}'::int[]) n, generate_series(1, n) i
    GROUP BY prefix, n;

CREATE TABLE samples_voxel (id int GENERATED ALWAYS AS IDENTITY, v voxel);
INSERT INTO samples_voxel (v) VALUES
    ('(0,0,0)'), ('(1,2.5,-3)'), ('(-0,1e-45,3.4028235e38)'), ('(0.1,0.2,0.3)'), ('(-90,126,-72)'), (NULL);

CREATE TABLE samples_ball (id int GENERATED ALWAYS AS IDENTITY, v ball);
INSERT INTO samples_ball (v) VALUES
    ('<(0,0,0),1>'), ('<(1,2.5,-3),0>'), ('<(-0,1e-45,3e38),3.4028235e38>'), ('<(0.1,0.2,0.3),0.4>'), (NULL);

CREATE TABLE samples_voxel_box (id int GENERATED ALWAYS AS IDENTITY, v voxel_box);
INSERT INTO samples_voxel_box (v) VALUES ('(0,0,0),(0,0,0)'), ('(-1,-2.5,3),(1,2.5,3e38)'), (NULL);

CREATE TABLE samples_gram (id int GENERATED ALWAYS AS IDENTITY, v gram);
CREATE TABLE sample_rows AS
    SELECT i AS id, i % 3 AS fold,
           tensor('[' || sin(i) || ',' || cos(i * i) || ',' || i % 5 || ']') AS x,
           tensor('float8:[' || sin(2 * i) || ',' || CASE i % 7 WHEN 0 THEN 'NaN' ELSE exp(cos(i))::text END || ']') AS y
    FROM generate_series(1, 400) i;
INSERT INTO samples_gram (v)
    SELECT gram_agg(x) FROM sample_rows WHERE id <= 2
    UNION ALL SELECT gram_agg(x, x) FROM sample_rows WHERE id <= 5
    UNION ALL SELECT gram_agg(x, y) FROM sample_rows WHERE id <= 5
    UNION ALL SELECT gram_agg(x, y, fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT gram_agg(x, y, fold) FROM sample_rows
    UNION ALL SELECT gram_agg(x, y) FROM sample_rows
    UNION ALL SELECT gram_agg(x) FROM sample_rows
    UNION ALL SELECT gram_agg(y, x, -fold) FROM sample_rows WHERE id % 7 <> 0
    UNION ALL SELECT NULL;

CREATE TABLE samples_encoder (id int GENERATED ALWAYS AS IDENTITY, v encoder);
INSERT INTO samples_encoder (v)
    SELECT ridge_cv(gram_agg(x, y, fold)) FROM sample_rows
    UNION ALL SELECT ridge_cv(gram_agg(x, y, fold), standardize => true) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT ridge_cv(gram_agg(x, y)) FROM sample_rows
    UNION ALL SELECT ridge_cv(gram_agg(x || x * x || sqrt(abs(x)) || exp(x), x, fold)) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT ridge(gram_agg(x, y), 1.5) FROM sample_rows
    UNION ALL SELECT banded_ridge_cv(gram_agg(x, y, fold), '{1,2}', n_iter => 3) FROM sample_rows
    UNION ALL SELECT elastic_net_cv(gram_agg(x, y, fold), 0.5) FROM sample_rows
    UNION ALL SELECT pls(gram_agg(x, y, fold), 2) FROM sample_rows
    UNION ALL SELECT pcr(gram_agg(x, y), 2) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_pca (id int GENERATED ALWAYS AS IDENTITY, v pca);
INSERT INTO samples_pca (v)
    SELECT pca(gram_agg(x), 2) FROM sample_rows
    UNION ALL SELECT pca(gram_agg(astype(x, 'float8')), 3) FROM sample_rows
    UNION ALL SELECT pca(gram_agg(x || x * x), 2) FROM sample_rows WHERE id <= 4
    UNION ALL SELECT NULL;

CREATE TABLE samples_predictions (id int GENERATED ALWAYS AS IDENTITY, v predictions);
INSERT INTO samples_predictions (v)
    SELECT predictions_agg(x, x * x, id) FROM sample_rows WHERE id <= 4
    UNION ALL SELECT predictions_agg(y, y * 2, id) FROM sample_rows WHERE id BETWEEN 5 AND 9
    UNION ALL SELECT predictions_agg(x, x * x, fold, id) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT predictions_agg(x, x + 1, x * x, fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT predictions_agg(x, x + 1, x * x, fold, id) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT predictions_agg(astype(x, CASE WHEN id > 3 THEN 'float8' ELSE 'float4' END), x, id) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT predictions_agg(x, x * x, fold, id) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_paired (id int GENERATED ALWAYS AS IDENTITY, v paired);
INSERT INTO samples_paired (v)
    SELECT paired_agg(x, x * x) FROM sample_rows WHERE id <= 4
    UNION ALL SELECT paired_agg(x, x || x) FROM sample_rows WHERE id BETWEEN 5 AND 9
    UNION ALL SELECT paired_agg(astype(x, CASE WHEN id > 3 THEN 'float8' ELSE 'float4' END), x + 1) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT paired_agg(x, x * x) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_patterns (id int GENERATED ALWAYS AS IDENTITY, v patterns);
INSERT INTO samples_patterns (v)
    SELECT patterns_agg(id, x) FROM sample_rows WHERE id <= 4
    UNION ALL SELECT patterns_agg('c' || id % 5, x) FROM sample_rows
    UNION ALL SELECT patterns_agg(id % 7, x, fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT patterns_agg(id % 4, astype(x, CASE WHEN id > 3 THEN 'float8' ELSE 'float2' END), fold) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT patterns_agg('', x) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_recordings (id int GENERATED ALWAYS AS IDENTITY, v recordings);
INSERT INTO samples_recordings (v)
    SELECT recordings_agg(1, id, x) FROM sample_rows WHERE id <= 2
    UNION ALL SELECT recordings_agg(fold, id / 3, CASE fold WHEN 2 THEN y ELSE x END) FROM sample_rows WHERE id BETWEEN 3 AND 17
    UNION ALL SELECT recordings_agg(fold - 1, id / 3, x) FROM sample_rows WHERE id >= 3
    UNION ALL SELECT NULL;

CREATE TABLE samples_shared_space (id int GENERATED ALWAYS AS IDENTITY, v shared_space);
INSERT INTO samples_shared_space (v)
    SELECT srm(fold, id / 3, x, 2) FROM sample_rows WHERE id BETWEEN 3 AND 17
    UNION ALL SELECT srm(fold, id / 3, CASE fold WHEN 1 THEN x || x * x ELSE x END, 1) FROM sample_rows WHERE id BETWEEN 3 AND 398
    UNION ALL SELECT hyperalign(fold, id / 3, CASE fold WHEN 1 THEN x || x * x ELSE x END) FROM sample_rows WHERE id BETWEEN 3 AND 17
    UNION ALL SELECT NULL;

CREATE TABLE samples_rdm (id int GENERATED ALWAYS AS IDENTITY, v rdm);
INSERT INTO samples_rdm (v)
    SELECT rdm_from_matrix('{b,10,a,2}', 'float8:[[0,1,2,3],[1,0,NaN,5],[2,NaN,0,6],[3,5,6,0]]', 'euclidean')
    UNION ALL SELECT rdm_from_matrix('{}', zeros('{0,0}'))
    UNION ALL SELECT rdm_from_matrix('{"a, \"b\"\\"}', '[[0]]', 'cosine')
    UNION ALL SELECT rdm_from_matrix('{é,"",日本}', '[[0,1e-30,-0.1],[1e-30,0,3],[-0.1,3,0]]', 'crossnobis')
    UNION ALL SELECT avg(r) FROM (VALUES (rdm_from_matrix('{a,b,c}', '[[0,1,NaN],[1,0,0.1],[NaN,0.1,0]]', 'correlation')),
        (rdm_from_matrix('{b,a,9}', '[[0,1,2],[1,0,0.1],[2,0.1,0]]', 'correlation'))) AS m (r)
    UNION ALL SELECT rdm_rank(rdm_from_matrix(array_agg(i::text), m)) FROM generate_series(1, 30) AS i,
        LATERAL (SELECT abs(t + transpose(t)) * (1 - eye(30)) AS m FROM (SELECT random_normal('{30,30}', 1) AS t) AS q) AS r GROUP BY m
    UNION ALL SELECT NULL;

CREATE TABLE samples_rdm_set (id int GENERATED ALWAYS AS IDENTITY, v rdm_set);
INSERT INTO samples_rdm_set (v)
    WITH r AS (SELECT k, rdm_from_matrix('{1,2,b,c}', tensor '[[0,1,2,3],[1,0,4,5],[2,4,0,6],[3,5,6,0]]' * k) AS r FROM generate_series(1, 3) k)
    SELECT rdm_similarity(k, r, 'spearman') FROM r
    UNION ALL SELECT rdm_similarity('layer ' || k, r, 'cka') FROM r
    UNION ALL SELECT rdm_similarity('', r, 'kendall_tau_a') FROM r WHERE k = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_cross_gram (id int GENERATED ALWAYS AS IDENTITY, v cross_gram);
INSERT INTO samples_cross_gram (v)
    SELECT cross_agg(x, x + 1) FROM sample_rows
    UNION ALL SELECT cross_agg(x, x * x) FROM sample_rows WHERE id <= 2
    UNION ALL SELECT cross_agg(astype(x, 'float8'), x) FROM sample_rows
    UNION ALL SELECT cross_agg(x, x) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_trial_set (id int GENERATED ALWAYS AS IDENTITY, v trial_set);
INSERT INTO samples_trial_set (v)
    SELECT trials_agg(fold, x) FROM sample_rows
    UNION ALL SELECT trials_agg('condition ' || fold, x) FROM sample_rows WHERE id <= 7
    UNION ALL SELECT trials_agg(fold, astype(x, CASE WHEN id > 3 THEN 'float8' ELSE 'float4' END)) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT trials_agg(i % 2, random_normal('{3}', i)) FROM generate_series(1, 600) i
    UNION ALL SELECT NULL;

CREATE TABLE samples_residuals (id int GENERATED ALWAYS AS IDENTITY, v residuals);
INSERT INTO samples_residuals (v)
    SELECT residuals_agg(x) FROM sample_rows WHERE id <= 1
    UNION ALL SELECT residuals_agg(x) FROM sample_rows WHERE id <= 30
    UNION ALL SELECT residuals_agg(x || x) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_points (id int GENERATED ALWAYS AS IDENTITY, v points);
INSERT INTO samples_points (v)
    SELECT points_agg(x) FROM sample_rows
    UNION ALL SELECT points_agg(id, astype(x, CASE WHEN id > 3 THEN 'float8' ELSE 'float4' END)) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT points_agg(x, fold) FROM sample_rows
    UNION ALL SELECT points_agg(x, 'classé ' || fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT NULL;

CREATE TABLE samples_contingency (id int GENERATED ALWAYS AS IDENTITY, v contingency);
INSERT INTO samples_contingency (v)
    SELECT contingency_agg(id % 3, fold) FROM sample_rows
    UNION ALL SELECT contingency_agg('classé ' || id % 2, 'b' || fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT contingency_agg(i % 40, i % 31) FROM generate_series(1, 2000) i
    UNION ALL SELECT NULL;

CREATE TABLE samples_graph (id int GENERATED ALWAYS AS IDENTITY, v graph);
INSERT INTO samples_graph (v)
    SELECT graph_agg(id, (id * 7) % 20, abs(x[1])) FROM sample_rows WHERE id <= 40
    UNION ALL SELECT graph_agg(id, fold) FROM sample_rows
    UNION ALL SELECT graph_agg('é' || fold, 'n' || id % 9, abs(x[1])) FROM sample_rows WHERE id <= 30
    UNION ALL SELECT knn_graph(id, x, 3, 'euclidean', 'distance') FROM sample_rows WHERE id <= 25
    UNION ALL SELECT NULL;

CREATE TABLE samples_cooccurrence (id int GENERATED ALWAYS AS IDENTITY, v cooccurrence);
INSERT INTO samples_cooccurrence (v)
    SELECT cooccurrence(x) FROM sample_rows
    UNION ALL SELECT cooccurrence(x || x * -1, 0.5) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT cooccurrence(x) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_clustering (id int GENERATED ALWAYS AS IDENTITY, v clustering);
INSERT INTO samples_clustering (v)
    SELECT kmeans_fit(x, 3) FROM sample_rows
    UNION ALL SELECT spherical_kmeans_fit(x, 4, 7) FROM sample_rows
    UNION ALL SELECT kmeans_fit(x, 1) FROM sample_rows WHERE id = 1
    UNION ALL SELECT kmeans_fit(points_agg(x), 2, max_iter => 1) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT gmm_fit(x, 2) FROM sample_rows
    UNION ALL SELECT gmm_fit(x, 3, 1, 'diag') FROM sample_rows
    UNION ALL SELECT gmm_fit(x, 2, 2, 'spherical') FROM sample_rows
    UNION ALL SELECT balanced_kmeans_fit(x, 4) FROM sample_rows
    UNION ALL SELECT minibatch_kmeans_fit(x, 2 ORDER BY id) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_dendrogram (id int GENERATED ALWAYS AS IDENTITY, v dendrogram);
INSERT INTO samples_dendrogram (v)
    SELECT linkage(id, x, 'ward') FROM sample_rows
    UNION ALL SELECT linkage(points_agg(x, 'façade ' || id), 'single') FROM sample_rows WHERE id <= 5
    UNION ALL SELECT linkage(rdm_from_matrix('{1,2,b}', '[[0,1,2],[1,0,3],[2,3,0]]'), 'complete')
    UNION ALL SELECT linkage(id, x) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_label_sets (id int GENERATED ALWAYS AS IDENTITY, v label_sets);
INSERT INTO samples_label_sets (v)
    SELECT label_sets_agg(id, fold, id % 3 - 1) FROM sample_rows
    UNION ALL SELECT label_sets_agg(id, 1, 'à ' || fold) FROM sample_rows WHERE id <= 12
    UNION ALL SELECT label_sets_agg(i, 7, 'one') FROM generate_series(-1, 1) i
    UNION ALL SELECT NULL;

CREATE TABLE samples_sparse (id int GENERATED ALWAYS AS IDENTITY, v sparse);
INSERT INTO samples_sparse (v) VALUES
    ('{1:0.5,7:2}/1024'), ('float8:{1:0.1,1024:-3e300}/1024'), ('{}/1'), ('float8:{}/2147483647'),
    ('{2147483647:1e-45}/2147483647'), ('{2:1,3:-2.5,5:3,8:4}/8'), (NULL);

CREATE TABLE samples_scored (id int GENERATED ALWAYS AS IDENTITY, v scored);
INSERT INTO samples_scored (v)
    SELECT scored_agg(x[1], fold = 1) FROM sample_rows
    UNION ALL SELECT scored_agg(fold, x[1], id::float8) FROM sample_rows
    UNION ALL SELECT scored_agg(id, -id, true) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;

CREATE TABLE samples_localizer (id int GENERATED ALWAYS AS IDENTITY, v localizer);
INSERT INTO samples_localizer (v)
    SELECT localizer(x, fold > 0) FROM sample_rows
    UNION ALL SELECT localizer(astype(x, 'float2'), fold = 1) FROM sample_rows WHERE id <= 9
    UNION ALL SELECT localizer(x, true) FROM sample_rows WHERE id <= 2
    UNION ALL SELECT localizer(y, id % 2 = 0) FROM sample_rows WHERE id % 7 <> 0
    UNION ALL SELECT localizer(tensor '[1]', false)
    UNION ALL SELECT NULL;

CREATE TABLE samples_feature_activity (id int GENERATED ALWAYS AS IDENTITY, v feature_activity);
INSERT INTO samples_feature_activity (v)
    SELECT feature_activity(v) FROM samples_sparse WHERE id <= 1
    UNION ALL SELECT feature_activity(v) FROM samples_sparse WHERE id IN (1, 2)
    UNION ALL SELECT feature_activity('{}/3'::sparse)
    UNION ALL SELECT NULL;

CREATE TABLE samples_softmax_projection (id int GENERATED ALWAYS AS IDENTITY, v softmax_projection);
INSERT INTO samples_softmax_projection (v)
    SELECT softmax_projection('[[1,2],[-3,0.5]]'::tensor, random_normal('{2}', i), 0.1) FROM generate_series(1, 9) i
    UNION ALL SELECT softmax_projection('float8:[1,2,3]', 'float2:[3,2,1]', 1)
    UNION ALL SELECT NULL;

CREATE TABLE samples_topk (id int GENERATED ALWAYS AS IDENTITY, v topk);
INSERT INTO samples_topk (v)
    SELECT topk(id, x, (SELECT stack(x) FROM sample_rows WHERE id <= 3), 4) FROM sample_rows
    UNION ALL SELECT topk(-id, x, (SELECT stack(x) FROM sample_rows WHERE id <= 3), 1000, 'euclidean') FROM sample_rows
    UNION ALL SELECT topk(id, x, (SELECT astype(x, 'float8') FROM sample_rows WHERE id = 7), 1, 'correlation') FROM sample_rows
    UNION ALL SELECT topk(id, x, (SELECT x FROM sample_rows WHERE id = 7), 2, 'cosine') FROM sample_rows WHERE id = 5
    UNION ALL SELECT topk(id, x, 5) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_classifier (id int GENERATED ALWAYS AS IDENTITY, v classifier);
INSERT INTO samples_classifier (v)
    SELECT logistic_fit(points_agg(x, fold)) FROM sample_rows
    UNION ALL SELECT logistic_cv(x, id % 2 = 0, fold) FROM sample_rows
    UNION ALL SELECT logistic_cv(points_agg(x, 'état ' || id % 3, id % 5), '{1,0.1}', false, true) FROM sample_rows
    UNION ALL SELECT NULL;

CREATE TABLE samples_class_sums (id int GENERATED ALWAYS AS IDENTITY, v class_sums);
INSERT INTO samples_class_sums (v)
    SELECT class_means_agg(x, fold) FROM sample_rows
    UNION ALL SELECT class_sums_agg(x, 'classé ' || fold) FROM sample_rows
    UNION ALL SELECT class_sums_agg(x[1:2], i % 2 = 0) FROM sample_rows, generate_series(1, 9) AS i
    UNION ALL SELECT class_means_agg(x, ARRAY['é' || fold, (id % 2)::text]) FROM sample_rows
    UNION ALL SELECT class_means_agg(x, true) FROM sample_rows WHERE id = 1
    UNION ALL SELECT NULL;
