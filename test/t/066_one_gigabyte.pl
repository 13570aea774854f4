# A value over 1 GB, which PostgreSQL can't hold, is refused by whatever would make
# it: with program_limit_exceeded, its size or shape, and a hint what to do; before
# the memory is taken, and before the work is done.  Each function and aggregate of
# the catalog whose answer has no fixed length is either refused here or named below
# with the reason why it can't make such a value from arguments that are smaller.
#
# NEUROENC_LARGE=1 adds those that need gigabytes to be asked at all.

use strict;
use warnings;

BEGIN { $ENV{PG_TEST_TIMEOUT_DEFAULT} = 3600 if $ENV{NEUROENC_LARGE} }

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('large');

# name of the function => [ what is asked, MB of arguments and of state that it may take, seconds if not 5 (30 of the large ones) ]
my $rows = 'FROM generate_series(1, 5) i';
my $wide = "random_normal('{12000}', i)";
my $f2 = "zeros('{140000000}', 'float2')";
my %cases = (
	'zeros' => ["zeros('{300000000}')"],
	'zeros of many dimensions' => ["zeros('{2147483647,2147483647,2147483647,2147483647,2147483647,2147483647,2147483647,2147483647}')"],
	'zeros, just over' => ["zeros('{268435456}')"],
	'ones' => ["ones('{30000,30000}')"],
	'filled' => ["filled('{30000,30000}', 1)"],
	'random_normal' => ["random_normal('{30000,30000}')"],
	'random_uniform' => ["random_uniform('{30000,30000}')"],
	'eye' => ['eye(20000)'],
	'arange' => ['arange(0, 1e9)'],
	'arange of too many' => ['arange(0, 1e300)'],
	'logspace' => ['logspace(0, 1, 300000000)'],
	'hrf' => ['hrf(1e-7, 32)'],
	'hrf of too many' => ['hrf(1e-8, 32)'],
	'tensor_add' => ["zeros('{20000,1}') + zeros('{1,20000}')"],
	'tensor_subtract' => ["zeros('{20000,1}') - zeros('{1,20000}')"],
	'tensor_multiply' => ["zeros('{20000,1}') * zeros('{1,20000}')"],
	'tensor_divide' => ["zeros('{20000,1}') / zeros('{1,20000}')"],
	'power' => ["power(zeros('{20000,1}'), zeros('{1,20000}'))"],
	'matmul' => ["matmul(zeros('{20000,1}'), zeros('{1,20000}'))"],
	'tensor_concat' => ["$f2 || zeros('{1}', 'float8')", 600],
	'tensor_concat of empty ones' => ["zeros('{2147483647,0}') || zeros('{2147483647,0}')"],
	'take' => ["take(zeros('{1,1000000}'), array_fill(1, '{1000}'))", 50],
	'scatter' => ["scatter(zeros('{1}'), '{1}', 300000000)"],
	'random_projection' => ["random_projection('[1,2]', 300000000)"],
	'relative_representation' => ["relative_representation(zeros('{20000,2}'), zeros('{20000,2}'))"],
	'astype' => ["astype($f2, 'float8')", 600],
	'tensor_float8_array' => ["$f2\::float8[]", 600],
	'tensor_numeric_array' => ["zeros('{134217700}', 'float2')::numeric[]", 600],
	'tensor_jsonb of a long list' => ["zeros('{17000000}', 'float2')::jsonb", 100],
	'tensor_jsonb' => ["zeros('{3,8000000}', 'float2')::jsonb", 150],
	'column_corr' => ["column_corr(t, t) FROM (VALUES (zeros('{30000000}', 'float2'))) v(t)", 300],
	'column_r2' => ["column_r2(t, t) FROM (VALUES (zeros('{30000000}', 'float2'))) v(t)", 300],
	'split_half' => ["split_half(t, t) FROM (VALUES (zeros('{30000000}', 'float2'))) v(t)", 300],
	'noise_ceiling' => ["noise_ceiling(t, t, 3) FROM (VALUES (zeros('{30000000}', 'float2'))) v(t)", 300],
	'count_valid' => ["count_valid(t) FROM (VALUES ($f2)) v(t)", 850],
	'fir' => ["fir(t, array(SELECT generate_series(1, 3000))) OVER () FROM (VALUES (zeros('{100000}'))) v(t)"],
	'tensor' => ["'{1:1}/2000000000'::sparse::tensor"],
	'sum' => ["sum('{1:1}/2000000000'::sparse)"],
	'avg' => ["avg('{1:1}/2000000000'::sparse)"],
	'feature_activity' => ["feature_activity('{1:1}/2000000000'::sparse)"],
	'feature_density' => ["feature_density('{1:1}/2000000000'::sparse)"],
	'rdm' => ["rdm(i, '[1,2]'::tensor * i) FROM generate_series(1, 17000) i"],
	'crossnobis' => ["crossnobis(i / 2, '[1,2]'::tensor * i, i % 2) FROM generate_series(2, 40001) i"],
	'rdm_crossed' => ["rdm_crossed(i / 2, '[1,2]'::tensor * i, i % 2) FROM generate_series(2, 40001) i"],
	'poisson_rdm' => ["poisson_rdm(i, '[1,2]'::tensor * i) FROM generate_series(1, 17000) i"],
	'coassociation' => ['coassociation(i, 1, 1) FROM generate_series(1, 17000) i'],
	'similarity_matrix' => ["similarity_matrix(rdm_similarity(i, d, 'pearson')) FROM generate_series(1, 12000) i, (SELECT rdm(j, '[1,2]'::tensor * j) AS d FROM generate_series(1, 3) j) s"],
	'isfc' => ["isfc(s, t, random_normal('{12000}', s * 10 + t)) FROM generate_series(1, 2) s, generate_series(1, 4) t"],
	'isc_pairwise' => ["isc_pairwise(s, t, random_normal('{10000}', s * 10 + t)) FROM generate_series(1, 170) s, generate_series(1, 3) t"],
	'corr' => ["corr(gram_agg($wide)) $rows"],
	'weights' => ["weights(ridge(gram_agg($wide, random_normal('{30000}', i)), 1)) $rows"],
	'procrustes_rotation' => ["procrustes_rotation($wide, $wide) $rows"],
	'procrustes_align' => ["procrustes_align($wide, $wide) $rows"],
	'nmf' => ["nmf(random_uniform('{20000,2}', 1, 'float2'), 7000)"],
	'semi_nmf' => ["semi_nmf(random_uniform('{20000,2}', 1, 'float2'), 7000)"],
	'ntf' => ["ntf(random_uniform('{20000,2,2}', 1, 'float2'), 7000)"],
	'solve' => ["solve(eye(2), zeros('{2,70000000}', 'float2'))", 600],
	'predict_labels' => ["predict_labels(logistic_fit(points_agg(ARRAY[i]::tensor, (i % 2) || repeat('x', 1000000)), 1), zeros('{3000,1}')) FROM generate_series(1, 10) i", 100],
	'gmm_fit' => ["gmm_fit(points_agg($wide), 2, covariance => 'full') $rows"],
);
my %large = (
	'eigh' => ["eigh(zeros('{11600,11600}', 'float2'))", 600],
	'svd' => ["svd(zeros('{8300,8300}', 'float2'))", 300],
	'cholesky' => ["cholesky(zeros('{11600,11600}', 'float2'))", 600],
	'noise_precision' => ["noise_precision($wide) $rows", 50],
	'covariance' => ["covariance(residuals_agg($wide)) $rows", 50],
	'tensor_real_array' => ["zeros('{268435000}')::real[]", 2100],
	'tensor_smallint_array' => ["zeros('{140000000}', 'float2')::smallint[]", 600],
	'tensor_integer_array' => ["zeros('{140000000}', 'float2')::integer[]", 600],
	'tensor_bigint_array' => ["zeros('{140000000}', 'float2')::bigint[]", 600],
	'tensor from an array' => ["array_fill(0::smallint, '{134217727}')::tensor", 600],
	'tensor from text' => ["('float8:[' || repeat('0,', 140000000) || '0]')::tensor", 1400],
	'text of a tensor' => ["length(random_uniform('{60000000}', 1, 'float8')::text)", 1100],
	'tensor_json' => ["random_uniform('{60000000}', 1, 'float8')::json", 1100],
	'to_npy' => ["to_npy(zeros('{268434000}') || zeros('{1170}'))", 3300],
	'to_nifti' => ["to_nifti(eye(4), zeros('{30000,10000,1}', 'float2'))", 1300],
	'stack' => ["stack(t) FROM (SELECT zeros('{100000000}', 'float2') AS t FROM generate_series(1, 6)) s", 1500],
	'tensor_agg' => ['tensor_agg(1::float8) FROM generate_series(1, 11600) a, generate_series(1, 11600) b', 1700, 200],
	'sparse' => ["ones('{140000000}', 'float2')::sparse", 1000],
	'dictionary_decode' => ["dictionary_decode(zeros('{1,300000000}','float2'), '{1:1}/1'::sparse)", 2400],
	'rdm_from_matrix' => ["rdm_from_matrix(array(SELECT i::text FROM generate_series(1, 17000) i), zeros('{17000,17000}', 'float2'), 'euclidean')", 1200],
	'rdm_matrix' => ["rdm_matrix(rdm(i, '[1,2]'::tensor * i)) FROM generate_series(1, 13000) i", 2000],
	'column_spearman' => ["column_spearman(t, t) FROM (VALUES ($f2)) v(t)", 1200],
	'labels' => ["labels(patterns_agg(i || repeat('x', 1000000), '[1]'::tensor)) FROM generate_series(1, 1100) i", 2500],
	'state of points' => ["points_send(points_agg(zeros('{20000000}'))) FROM generate_series(1, 14) i", 2500],
	'state of a gram' => ["gram_send(gram_agg(zeros('{20000000}'))) FROM generate_series(1, 14) i", 2500],
	'state of predictions' => ["predictions_send(predictions_agg(zeros('{10000000}'), zeros('{10000000}'), 1)) FROM generate_series(1, 14) i", 2500],
	'state of recordings' => ["recordings_send(recordings_agg(1, i, zeros('{20000000}'))) FROM generate_series(1, 14) i", 2500],
	'text of a state' => ["length(gram_agg(zeros('{20000000}'))::text) FROM generate_series(1, 11) i", 2500],
);
%cases = (%cases, %large) if $ENV{NEUROENC_LARGE};

# Why no argument under 1 GB makes an answer over it, function by function.
my %never = (
	'as large as an argument, or smaller' => 'abs analogy assign_proba cc_norm clean clip convolve detrend exp flatten from_npy highpass l2_normalize ln mask max min nanavg nansum pool_tokens '
	  . 'project_out reshape residualize rows sqrt stddev steer subvector tensor_negate transpose variance whiten zscore zscore_columns mean_difference lda_direction codebook_encode ista matching_pursuit omp '
	  . 'sae_encode active active_at sdr sparse_from_entries union_sdr random_units localizer_units isc cca centroids class_means components explained_variance explained_variance_ratio mean '
	  . 'mds_eigenvalues spectrum geometry time_segment_match explainable_variance predict_proba decision_function intercepts project projected reconstruct shared_response subject_map '
	  . 'concept_vector excess_correlation fold folds cooccurrence_matrix phi covariances predict rdm_counts rdm_geotopological rdm_rank rdm_scale rdm_subset rdm_shared cophenetic classes dtype method metric shape '
	  . 'leaf_order invert_affine nifti_affine soft_match leiden_labels predict_label sae_decode ideal_words',
	'a state, which refuses to be flattened in get_flat_size, or a model of checked size' => 'add_subjects balanced_kmeans_fit banded_ridge_cv class_means_agg class_sums_agg class_sums_plus concept_agg '
	  . 'contingency_agg contingency_plus cooccurrence cooccurrence_graph cooccurrence_plus cross_agg cross_gram_plus elastic_net_cv feature_activity_plus gram_agg gram_features gram_minus gram_plus '
	  . 'gram_targets gram_xy gram_yx graph_agg graph_plus hyperalign kmeans_fit knn_graph label_sets_agg label_sets_plus linkage localizer localizer_plus logistic_cv logistic_fit minibatch_kmeans_fit '
	  . 'paired_agg paired_plus patterns_agg patterns_plus pca pcr pls points_agg points_plus predictions_agg predictions_plus rdm_set_plus rdm_similarity recordings_agg recordings_plus residuals_agg '
	  . 'residuals_plus ridge ridge_cv ridge_prior_cv scored_agg scored_plus softmax_projection softmax_projection_plus spherical_kmeans_fit srm topk topk_plus trial_set_plus trials_agg without_folds',
	'rows or a record, each of numbers, a label or a vector' => 'ablation_curve assignment band_samples band_scales best_match bicluster bootstrap_r class_scores clusters codebook_encode_rows compare_test '
	  . 'concept_units consensus contrast cut cut_height cv_predictions cv_scores dictionary_learn edge_labels edges encoder_info entries explain_clusters features gap_statistic identification ista_rows '
	  . 'leiden lda linear_predictivity matching_pursuit_rows mds merges moran_i most_discriminative_stimuli mutual_information ncut_embed neighbors neuroenc_info nifti_header nifti_volumes nifti_voxels '
	  . 'ollivier_ricci omp_rows parallelograms permutation_test pmi_label projections query_scores rdm_bootstrap rdm_compare_models rdm_entries rdm_permutation_test recordings_subjects ricci_flow rsa_fit '
	  . 'rsa_noise_ceiling sae_encode_rows score selectivity shared_series similarity_pairs space_info space_subjects sparse_probe sparse_probe_sweep spectral_embed split_r2 targets transport_plan two_nn '
	  . 'units variance_partition',
);

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query("\\set VERBOSITY verbose\nSET neuroenc.memory_limit = '32GB';");

sub cpu_seconds
{
	open(my $stat, '<', "/proc/$pid/stat") or return 0;
	my @field = split ' ', (<$stat> =~ s/^.*\)//r);
	return ($field[11] + $field[12]) / 100;
}

my $refused = 0;
foreach my $name (sort keys %cases)
{
	my ($asked, $allowed, $seconds) = @{ $cases{$name} };
	$seconds //= $large{$name} ? 30 : 5;
	$session->{stderr} = '';
	my $start = cpu_seconds();
	my ($before, $peak) = watch_memory($pid, sub { $session->query("DO \$\$ BEGIN PERFORM $asked; END \$\$;") });
	my $took = cpu_seconds() - $start;
	my $said = $session->{stderr};
	ok($said =~ /ERROR:  54000: .*(1 GB|is too large|too many samples|too long|the maximum|can't be stored)/ && $said =~ /^HINT:  .{10}/m, "$name: refused, with a hint") && $refused++
	  or diag($said);
	cmp_ok(($peak - $before) / 1024, '<', ($allowed // 0) + 100, sprintf('%s: %d MB were taken', $name, ($peak - $before) / 1024));
	cmp_ok($took, '<', $seconds, sprintf('%s: refused after %.1f s', $name, $took));
}
is($session->query('SELECT memory_in_use FROM neuroenc_info();'), '0', 'no memory is claimed');
is($refused, scalar keys %cases, "values over 1 GB: $refused refused of " . keys %cases);

# The catalog: what returns a value without a fixed length, alone or in a record.
my @sized = split /\n/, $node->safe_psql('postgres', <<'SQL');
WITH ours AS (SELECT p.* FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
		WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'neuroenc')),
	support AS (SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn]::oid[]) AS oid FROM pg_aggregate
		UNION SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typsubscript]::oid[]) FROM pg_type),
	sized AS (SELECT p.oid, t FROM ours p, unnest(coalesce(p.proallargtypes, ARRAY[p.prorettype]::oid[]), coalesce(p.proargmodes, '{t}'::"char"[])) AS a(t, m) WHERE m IN ('t', 'o', 'b')
		UNION SELECT p.oid, a.atttypid FROM ours p JOIN pg_type r ON r.oid = p.prorettype JOIN pg_attribute a ON a.attrelid = r.typrelid AND a.attnum > 0
		UNION SELECT p.oid, p.prorettype FROM ours p)
SELECT DISTINCT p.proname FROM ours p JOIN sized s USING (oid) JOIN pg_type t ON t.oid = s.t
WHERE t.typlen = -1 AND NOT EXISTS (SELECT FROM support WHERE oid = p.oid) ORDER BY 1
SQL
my %known = map { $_ => 1 } (keys %cases, keys %large, map { split } values %never);
is(join(' ', grep { !$known{$_} } @sized), '', 'every function with an answer of any length: ' . @sized);
my %there = map { $_ => 1 } @sized;
is(join(' ', grep { !$there{$_} } map { split } values %never), '', 'and none that is not there');

$session->quit;
is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
