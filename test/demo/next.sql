\echo 'The tables stand in this database (KEEP=1 make demo leaves the server up). Try'
\echo
\echo '  \\d+ design                                          what a design looks like'
\echo '  SELECT encoder_info(fit) FROM receptor;             how a fit was made'
\echo '  SELECT * FROM targets((SELECT fit FROM receptor WHERE recording = 1));'
\echo '  SELECT ridge_cv(gram_agg(x, y, fold), alphas => ARRAY[0.1, 1, 10]) IS NOT NULL FROM design;'
\echo '  SELECT v, r FROM prediction ORDER BY v <-> ''(86,-49,-57)'' LIMIT 10;   nearest voxels'
\echo
\echo 'docs/guide/first-fit.md walks this demo line by line, docs/guide/loading.md brings your own data in.'
