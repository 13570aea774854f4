# Every aggregate that can be merged, from the catalog, with arguments that fit
# it, the rows it is tried on, and how far two of its answers differ.  What has
# no arguments here fails its test: a new aggregate is not forgotten.

package Aggregates;

use strict;
use warnings;

use Exporter 'import';
use Neuroenc;
use Test::More;

our @EXPORT = qw(create_aggregate_rows create_states mergeable_aggregates merging_session rows_of answers tolerance);

# Rows for aggregates over values, as float4, float8 and with missing targets.
sub create_aggregate_rows
{
	my ($node, $n) = @_;
	create_rows($node, 'rows4', $n, 20, 30, 2);
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows8 (id int, x tensor, y tensor, fold int) WITH (parallel_workers = 2);
INSERT INTO rows8 SELECT id, astype(x, 'float8') + 1e4, astype(y, 'float8') * 3, fold FROM rows4;
CREATE TABLE rows_missing (id int, x tensor, y tensor, fold int) WITH (parallel_workers = 2);
INSERT INTO rows_missing
    SELECT id, x, CASE WHEN id % 7 = 0 THEN tensor '[NaN]' ELSE tensor '[1]' END * y, fold FROM rows8;
ANALYZE;

-- A process that has read its first row waits for all others: none is done before the last has begun, so that every
-- answer is merged of as many states as there are processes.  Each takes one of the first pages, which a parallel
-- scan hands out in order; the leader, whose locks outlive the workers', says when all have come.
CREATE FUNCTION wait_for_all() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    FOR i IN 1 .. 30000 LOOP
        IF pg_backend_pid() = current_setting('neuroenc_test.leader')::int
            AND (SELECT count(DISTINCT pid) > current_setting('max_parallel_workers_per_gather')::int FROM pg_locks WHERE locktype = 'advisory') THEN
            PERFORM pg_advisory_xact_lock_shared(2);
        END IF;
        IF EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 2) THEN
            RETURN true;
        END IF;
        PERFORM pg_sleep(0.002);
    END LOOP;
    RAISE EXCEPTION 'not every process of the plan has come to read rows';
END $$;
CREATE FUNCTION among_all(place tid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN place::text IN ('(0,1)', '(1,1)', '(2,1)') THEN wait_for_all() ELSE true END $$;

CREATE FUNCTION differ(a tensor, b tensor) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN a::text = b::text THEN 0 ELSE
        (SELECT max(CASE WHEN u.a = u.b OR (u.a = 'NaN' AND u.b = 'NaN') THEN 0 ELSE abs(u.a - u.b) END)
                / nullif(max(abs(u.b)) FILTER (WHERE u.b <> 'NaN'), 0)
         FROM ROWS FROM (unnest(flatten(astype(a, 'float8'))), unnest(flatten(astype(b, 'float8')))) u(a, b)) END $$;
CREATE FUNCTION differ(a gram, b gram) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN n_targets(a) = 0 THEN (n_samples(a) - n_samples(b))::float8 ELSE
        (SELECT max(greatest(abs(p.r - s.r), abs(p.r2 - s.r2), abs(p.alpha / s.alpha - 1), abs(p.intercept - s.intercept) / 1e4))
         FROM targets(ridge_cv(a, '{1,100}')) p JOIN targets(ridge_cv(b, '{1,100}')) s USING (target)) END $$;
CREATE FUNCTION differ(a predictions, b predictions) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN a::text LIKE 'predictions(vectors=3,%' THEN
        (SELECT max(greatest(abs(p.difference - s.difference), abs(p.p - s.p)))
         FROM compare_test(a) p JOIN compare_test(b) s USING (target)) ELSE
        (SELECT max(greatest(abs(p.r - s.r), abs(p.low - s.low), abs(p.high - s.high)))
         FROM bootstrap_r(a) p JOIN bootstrap_r(b) s USING (target)) END $$;
CREATE FUNCTION differ(a identification_result, b identification_result) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN a = b THEN 0 ELSE 1 END $$;
CREATE FUNCTION differ(a noise_ceiling_result, b noise_ceiling_result) RETURNS float8 LANGUAGE sql AS $$
    SELECT greatest(differ((a).ncsnr, (b).ncsnr), differ((a).percent_average, (b).percent_average)) $$;

CREATE FUNCTION differ(a rdm, b rdm) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(rdm_matrix(a), rdm_matrix(b)) $$;
CREATE FUNCTION differ(a crossed_rdm, b crossed_rdm) RETURNS float8 LANGUAGE sql AS $$ SELECT differ((a).d, (b).d) $$;
CREATE FUNCTION differ(a rdm_set, b rdm_set) RETURNS float8 LANGUAGE sql AS $$
    SELECT differ(similarity_matrix(a), similarity_matrix(b)) $$;
CREATE FUNCTION differ(a patterns, b patterns) RETURNS float8 LANGUAGE sql AS $$
    SELECT differ(rdm(a, 'sqeuclidean'), rdm(b, 'sqeuclidean')) + abs(n_samples(a) - n_samples(b)) $$;
CREATE FUNCTION differ(a paired, b paired) RETURNS float8 LANGUAGE sql AS $$ SELECT abs(cka(a) / cka(b) - 1) $$;
CREATE FUNCTION differ(a cross_gram, b cross_gram) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(corr(a), corr(b)) $$;
CREATE FUNCTION differ(a residuals, b residuals) RETURNS float8 LANGUAGE sql AS $$
    SELECT differ(noise_precision(a), noise_precision(b)) $$;
CREATE FUNCTION differ(a recordings, b recordings) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(isc(a), isc(b)) $$;
CREATE FUNCTION differ(a shared_space, b shared_space) RETURNS float8 LANGUAGE sql AS $$
    SELECT differ(shared_response(a), shared_response(b)) $$;
CREATE FUNCTION differ(a trial_set, b trial_set) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN labels(a) = labels(b) AND n_samples(a) = n_samples(b)
        THEN stochastic_shape_distance(a, b) / 100 END $$;
CREATE FUNCTION differ(a points, b points) RETURNS float8 LANGUAGE sql AS $$
    SELECT abs(n_samples(a) - n_samples(b)) + CASE WHEN kmeans_fit(a, 3)::text = kmeans_fit(b, 3)::text THEN 0 ELSE 1 END $$;
CREATE FUNCTION differ(a contingency, b contingency) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN (SELECT array_agg(e ORDER BY e::text) FROM entries(a) e) = (SELECT array_agg(e ORDER BY e::text) FROM entries(b) e) THEN 0 ELSE 1 END $$;
CREATE FUNCTION differ(a label_sets, b label_sets) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(coassociation(a), coassociation(b)) $$;
CREATE FUNCTION differ(a cooccurrence, b cooccurrence) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(phi(a), phi(b)) $$;
CREATE FUNCTION differ(a graph, b graph) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN (SELECT array_agg(e) FROM edge_labels(a) e) = (SELECT array_agg(e) FROM edge_labels(b) e) THEN 0 ELSE 1 END $$;
CREATE FUNCTION differ(a sparse, b sparse) RETURNS float8 LANGUAGE sql AS $$ SELECT differ(a::tensor, b::tensor) $$;
CREATE FUNCTION differ(a feature_activity, b feature_activity) RETURNS float8 LANGUAGE sql AS $$
    SELECT max(greatest(abs(p.n_active - s.n_active), abs(p.mean - s.mean), abs(p.max - s.max))) FROM features(a) p JOIN features(b) s USING (feature) $$;
CREATE FUNCTION differ(a class_sums, b class_sums) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN labels(a) = labels(b) AND n_samples(a) = n_samples(b)
        THEN (SELECT max(differ(p.mean, s.mean) + abs(p.n - s.n)) FROM class_means(a) p JOIN class_means(b) s USING (label)) END $$;
CREATE FUNCTION differ(a scored, b scored) RETURNS float8 LANGUAGE sql AS $$
    SELECT abs(n_samples(a) - n_samples(b)) + (SELECT max(abs(p.ndcg - s.ndcg)) FROM query_scores(a) p JOIN query_scores(b) s ON p.query IS NOT DISTINCT FROM s.query) $$;
CREATE FUNCTION differ(a softmax_projection, b softmax_projection) RETURNS float8 LANGUAGE sql AS $$
    SELECT differ(projected(a), projected(b)) + abs(n_samples(a) - n_samples(b)) $$;
CREATE FUNCTION differ(a topk, b topk) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN (SELECT array_agg(n) FROM neighbors(a) n) = (SELECT array_agg(n) FROM neighbors(b) n) THEN 0 ELSE 1 END $$;
CREATE FUNCTION differ(a localizer, b localizer) RETURNS float8 LANGUAGE sql AS $$
    SELECT max(greatest(abs(p.t - s.t), abs(p.p - s.p))) + count(*) FILTER (WHERE p.rank <> s.rank) FROM units(a) p JOIN units(b) s USING (unit) $$;
CREATE FUNCTION differ(a text, b text) RETURNS float8 LANGUAGE sql AS $$
    SELECT max(abs((m.v)[1]::float8 / nullif((n.v)[1]::float8, 0) - 1))
    FROM ROWS FROM (regexp_matches(a, '-?[0-9][0-9.e+-]*', 'g')) WITH ORDINALITY m(v, i)
        JOIN ROWS FROM (regexp_matches(b, '-?[0-9][0-9.e+-]*', 'g')) WITH ORDINALITY n(v, i) USING (i) $$;
SQL
	return;
}

# Aggregates whose arguments must agree with one another.
my %arguments = (
	'identification(tensor,tensor,bigint)' => [ 'x', 'x * x', 'id' ],
	'noise_ceiling(tensor,tensor,bigint)' => [ 'x', 'x * x', 'fold + 2' ],
	'explainable_variance(tensor,bigint,bigint)' => [ 'x', '(id - 1) / 5', '(id - 1) % 5' ],
	'predictions_agg(tensor,tensor,bigint)' => [ 'x', 'x * x', 'fold' ],
	'predictions_agg(tensor,tensor,bigint,bigint)' => [ 'x', 'x * x', 'id / 10', 'id' ],
	'predictions_agg(tensor,tensor,tensor,bigint)' => [ 'x', 'x * x', 'x + 1', 'id / 10' ],
	'predictions_agg(tensor,tensor,tensor,bigint,bigint)' => [ 'x', 'x * x', 'x + 1', 'id / 10', 'id' ]);
my %argument = ('tensor 1' => 'x', 'tensor 2' => 'y', 'tensor 3' => 'x', 'tensor 4' => "ones('{30}')",
	'bigint 1' => 'id % 40', 'text 1' => "'condition ' || id % 40", 'bigint 3' => 'fold', 'text 3' => "'euclidean'", 'text 4' => "'cosine'",
	'integer 3' => '3', 'double precision 1' => 'sum_of(x)', 'double precision 2' => '0.1', 'double precision 3' => '0.5', 'double precision 4' => '0.5');

# Subjects are folds, and a row's time its place in its fold.
my @recording = ('fold', 'id / 5', 'y');
$arguments{"$_(bigint,bigint,tensor)"} = \@recording foreach 'hyperalign', 'isc', 'isc_pairwise', 'isfc', 'recordings_agg';
$arguments{'srm(bigint,bigint,tensor' . ',integer' x (@$_ > 1 ? 2 : 1) . (@$_ > 2 ? ',bigint)' : ')')} = [ @recording, @$_ ]
  foreach [3], [ 3, 4 ], [ 3, 4, 7 ];
$arguments{'time_segment_match(bigint,bigint,tensor,integer)'} = [ @recording, 10 ];
foreach my $label ('bigint', 'text')
{
	my $id = $argument{"$label 1"};
	$arguments{"poisson_rdm($label,tensor)"} = [ $id, 'y * y' ];
	$arguments{"poisson_rdm($label,tensor,bigint)"} = [ $id, 'y * y', 'fold' ];
	$arguments{"rdm($label,tensor,tensor)"} = [ $id, 'y', $argument{'tensor 4'} ];
	# Few units and conditions: the distance is a search, whose least minimum stands out where conditions differ.
	my @trials = ($id =~ s/40/3/r, map { "($_\[1:3] + (id % 3) * tensor '[1,2,0]') * tensor '[4,3,2]'" } 'y', 'x');
	$arguments{"trials_agg($label,tensor)"} = [ @trials[0, 1] ];
	$arguments{"stochastic_shape_distance($label,tensor,tensor)"} = \@trials;
	$arguments{"stochastic_shape_distance($label,tensor,tensor,double precision)"} = [ @trials, 0.5 ];
	$arguments{"rdm_similarity($label,rdm,text)"} = [ "part::$label", 's_rdm', "'spearman'" ];
}
$arguments{'rsa_noise_ceiling(rdm,text)'} = [ 's_rdm', "'spearman'" ];

# Clusters: the same to the last bit.
$arguments{"${_}(tensor,integer)"} = [ 'x', 3 ] foreach 'kmeans_fit', 'spherical_kmeans_fit', 'balanced_kmeans_fit', 'gmm_fit';
$arguments{"${_}(tensor,integer,bigint)"} = [ 'x', 3, 7 ] foreach 'kmeans_fit', 'spherical_kmeans_fit', 'balanced_kmeans_fit', 'gmm_fit';
$arguments{'gmm_fit(tensor,integer,bigint,text)'} = [ 'x', 3, 7, "'diag'" ];
$arguments{'knn_graph(bigint,tensor,integer' . ',text' x $_ . ')'} = [ 'id', 'x', 5, ("'cosine'", "'jaccard'")[ 0 .. $_ - 1 ] ] foreach 0 .. 2;
$arguments{'linkage(bigint,tensor)'} = [ 'id', 'x' ];
$arguments{'linkage(bigint,tensor,text)'} = [ 'id', 'x', "'ward'" ];
$arguments{'points_agg(bigint,tensor)'} = [ 'id', 'x' ];
$arguments{'moran_i(voxel,double precision,double precision)'} = [ 'voxel(id % 15, id / 15 % 15, id / 225)', 'sum_of(x)', 1.5 ];
$arguments{'cooccurrence(tensor)'} = ['x'];
$arguments{'cooccurrence(tensor,double precision)'} = [ 'x', 0.5 ];
foreach my $label ('bigint', 'text')
{
	my @edge = ("(id % 40)::$label", "(id * 7 % 41)::$label");
	$arguments{"points_agg(tensor,$label)"} = [ 'x', "fold::$label" ];
	$arguments{"graph_agg($label,$label)"} = [@edge];
	$arguments{"$_(bigint,bigint,$label)"} = [ 'id / 5', 'fold', "(id * 7 % 3)::$label" ] foreach 'label_sets_agg', 'coassociation';
	$arguments{"graph_agg($label,$label,double precision)"} = [ @edge, 'id % 3' ];
	$arguments{"leiden($label,$label,double precision)"} = [ @edge, 'id % 3' ];
	$arguments{"leiden($label,$label,double precision,double precision,bigint)"} = [ @edge, 'id % 3', 1.5, 7 ];
	$arguments{"modularity($label,$label,double precision)"} = [ "(id % 4)::$label", "(id * 7 % 5)::$label", 'id % 3' ];
	$arguments{"modularity($label,$label,double precision,double precision)"} = [ "(id % 4)::$label", "(id * 7 % 5)::$label", 'id % 3', 1.5 ];
	$arguments{"$_(tensor,$label)"} = [ 'x', "fold::$label" ] foreach 'silhouette', 'davies_bouldin', 'calinski_harabasz', 'inertia';
	$arguments{"silhouette(tensor,$label,text)"} = [ 'x', "fold::$label", "'cosine'" ];
	$arguments{"$_($label,$label)"} = [ "(id % 4)::$label", "(id / 7 % 5)::$label" ]
	  foreach qw(adjusted_rand ami completeness contingency_agg fowlkes_mallows homogeneity mutual_info nmi purity rand_index v_measure variation_of_information);
}

# Searches: items of few features, scores with ties, maps of two units.
my $queries = 'random_normal(ARRAY[6, 20], 5)';
my $codes = 'clip(x, 0, 1e9)::sparse';
my $score = 'round(sum_of(x)::numeric, 1)::float8';
$arguments{"topk(bigint,tensor,integer)"} = [ 'id', 'x', 5 ];
$arguments{"topk(bigint,tensor,tensor,integer" . ($_ ? ',text' : '') . ')'} = [ 'id', 'x', $queries, 5, $_ ? "'euclidean'" : () ] foreach 0, 1;
$arguments{'softmax_projection(tensor,tensor,double precision)'} = [ $queries, 'x', 0.5 ];
$arguments{"$_(sparse)"} = [$codes] foreach qw(avg sum union_sdr feature_density feature_activity cooccurrence);
$arguments{'cooccurrence(sparse,double precision)'} = [ $codes, 1 ];
$arguments{'localizer(tensor,boolean)'} = [ 'x', 'id % 3 = 0' ];
$arguments{"$_(double precision,boolean)"} = [ $score, 'id % 3 = 0' ] foreach qw(auc average_precision reciprocal_rank scored_agg);
$arguments{'recall_at(double precision,boolean,integer)'} = [ $score, 'id % 3 = 0', 100 ];
$arguments{'mean_reciprocal_rank(bigint,double precision,boolean)'} = [ 'id % 40', $score, 'id % 3 = 0' ];
$arguments{"$_(double precision,double precision)"} = [ $score, 'id % 3' ] foreach qw(ndcg scored_agg);
$arguments{'ndcg(double precision,double precision,integer)'} = [ $score, 'id % 3', 100 ];
$arguments{'scored_agg(bigint,double precision,boolean)'} = [ 'id % 40', $score, 'id % 3 = 0' ];
$arguments{'scored_agg(bigint,double precision,double precision)'} = [ 'id % 40', $score, 'id % 3' ];
$arguments{'f1(boolean,boolean)'} = [ 'id % 2 = 0', 'id % 3 = 0' ];
$arguments{'class_means_agg(tensor,text[])'} = [ 'x', "ARRAY['colour ' || id % 3, 'shape ' || id % 4]" ];
foreach my $label ('bigint', 'text', 'boolean')
{
	my $two = $label eq 'boolean' ? 'id % 3 = 0' : "(id % 2)::$label";
	$arguments{"$_(tensor,$label)"} = [ 'x', $two ] foreach qw(class_sums_agg class_means_agg mean_difference lda_direction);
	$arguments{"logistic_cv(tensor,$label,bigint)"} = [ 'x[1:4]', $two, 'fold' ];
	$arguments{"points_agg(tensor,$label,bigint)"} = [ 'x', $two, 'fold' ];
	$arguments{"f1($label,$label)"} //= [ "(id % 4)::$label", "(id / 7 % 5)::$label" ];
}
my @maps = ('reshape(x, ARRAY[2, 2, 5])', 'reshape(clip((x[1:10] - mean_of(x[1:10])) * 1e12, 0, 1), ARRAY[2, 5])');
$arguments{"$_(tensor,tensor)"} = [@maps] foreach qw(concept_agg concept_vector);
$arguments{"$_(tensor,tensor,bigint)"} = [ @maps, 'fold' ] foreach qw(concept_agg concept_vector);

# What makes a state of some rows, for aggregates over states.
my %state = (
	gram => 'gram_agg(x, y, fold)', predictions => 'predictions_agg(x, x * x, id / 10)', rdm => "rdm(id % 40, y, 'sqeuclidean')",
	cross_gram => 'cross_agg(x, y)', paired => 'paired_agg(x, y)', patterns => 'patterns_agg(id % 40, y)',
	rdm_set => "rdm_similarity(label, r, 'pearson')", recordings => 'recordings_agg(fold, id / 5, y)', residuals => 'residuals_agg(y)',
	trial_set => 'trials_agg(id % 3, y[1:4])', points => 'points_agg(x)', contingency => 'contingency_agg(id % 4, id / 7 % 5)',
	graph => 'graph_agg(id % 40, id * 7 % 41)', cooccurrence => 'cooccurrence(x)', label_sets => 'label_sets_agg(id / 5, fold, id % 3)', topk => "topk(id, x, $queries, 5)",
	softmax_projection => "softmax_projection($queries, x, 0.5)", feature_activity => "feature_activity($codes)", localizer => 'localizer(x, id % 3 = 0)',
	scored => "scored_agg(id % 40, $score, id % 3 = 0)", class_sums => 'class_sums_agg(x, id % 2)');
$argument{"$_ 1"} = "s_$_" foreach keys %state;

# Their solvers take all rows against all, or a search: fewer rows will do.
my $searches = qr/^(balanced_kmeans_fit|cka_rbf|concept_vector|gmm_fit|identification|kmeans_fit|knn_graph|linkage|logistic_cv|mutual_knn|silhouette|spherical_kmeans_fit|two_nn)$/;

# The states of six parts of a table's rows, two of each third, in TABLE_KIND; each
# on a page of its own, so that processes can share them.
sub create_states
{
	my ($node, $table) = @_;
	my $sql = '';
	foreach my $kind (sort keys %state)
	{
		my $rows = "(SELECT *, (id - 1) * 3 / count(*) OVER () AS site, id / 40 % 2 AS half FROM $table) r";
		$rows = "(SELECT site, fold % 2 AS half, fold + 5 * site AS label, rdm(id / 5 % 12, y, 'sqeuclidean') AS r FROM $rows GROUP BY site, fold) r"
		  if $kind eq 'rdm_set';
		$sql .= <<SQL;
CREATE TABLE ${table}_$kind (part int, site int, s_$kind $kind, page text) WITH (parallel_workers = 2);
ALTER TABLE ${table}_$kind ALTER page SET STORAGE plain;
INSERT INTO ${table}_$kind SELECT site * 2 + half, site, $state{$kind}, repeat('-', 4100) FROM $rows GROUP BY site, half;
SQL
	}
	$node->safe_psql('postgres', $sql);
	return;
}

# Each as { name, call, state (the kind it is over, if over states), result (its type), searches }.
sub mergeable_aggregates
{
	my ($node) = @_;
	my @found;
	foreach my $entry (split /\n/, $node->safe_psql('postgres', <<'SQL'))
SELECT p.proname || '|' || array_to_string(ARRAY(SELECT format_type(t, NULL) || ' ' || i
           FROM unnest(p.proargtypes) WITH ORDINALITY u(t, i) ORDER BY i), ',') || '|' || format_type(p.prorettype, NULL)
FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'neuroenc'
WHERE a.aggcombinefn <> 0 ORDER BY p.oid::regprocedure::text;
SQL
	{
		my ($name, $types, $result) = split /\|/, $entry;
		my @types = split /,/, $types;
		my $signature = "$name(" . join(',', map { s/ \d+$//r } @types) . ')';
		my @arguments = $arguments{$signature} ? @{ $arguments{$signature} } : map { $argument{$_} // '' } @types;
		# Two of the same kind must agree in width.
		$arguments[1] = 'x * x' if "@arguments" eq 'x y' && $result eq 'tensor';
		if (grep { $_ eq '' } @arguments)
		{
			fail("$signature: the test knows no argument");
			next;
		}
		my $call = "$name(" . join(', ', @arguments) . ')';
		my ($state) = $call =~ /\bs_(\w+)/;
		push @found, { name => $name, call => $call, state => $state, result => $result, searches => scalar $name =~ $searches };
	}
	return @found;
}

# The table that it reads, for rows of this table.
sub rows_of
{
	my ($aggregate, $table) = @_;
	return defined $aggregate->{state} ? "${table}_$aggregate->{state}" : $table;
}

# A session whose plans have workers wherever they may, and where among_all knows the leader.
sub merging_session
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->set_query_timer_restart;
	$session->query_safe(<<'SQL');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET default_toast_compression = lz4;	-- of the answers: a tenth of all time is pglz's
SELECT set_config('neuroenc_test.leader', pg_backend_pid()::text, false);
SQL
	return $session;
}

# Runs statements, each [ settings, statement ], that answer with a column v, of groups k if $grouped.  Returns, each
# by the statement's number: how far its answer is from the first one's (undef where a group lacks), the plan as it
# was run and the plan's nodes alone; and what went wrong.
sub answers
{
	my ($session, $aggregate, $grouped, @statements) = @_;
	my $result = $aggregate->{result};
	my $script = '';
	foreach my $i (0 .. $#statements)
	{
		my ($settings, $statement) = @{ $statements[$i] };
		$script .= "$settings;\n\\echo NEXT\nEXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) CREATE TEMP TABLE answer$i AS $statement;\n";
	}
	my $compare =
	    $result eq 'bigint' || $result eq 'integer' ? 'abs(p.v - s.v)::float8'
	  : $result eq 'double precision'               ? 'CASE WHEN p.v = s.v THEN 0 ELSE abs(p.v / s.v - 1) END'
	  : $result =~ /^(linear_predictivity|procrustes|rsa_noise_ceiling|soft_match|two_nn)_result$/ ? 'differ(p.v::text, s.v::text)'
	  : $result =~ /^(clustering|dendrogram|leiden_result|moran_result|classifier|concept_vector_result)$/ ? '(p.v::text <> s.v::text)::int'
	  : 'differ(p.v, s.v)';
	my $same = $grouped ? 'p.k = s.k' : 'true';
	$script .= "\\echo NEXT\nSET max_parallel_workers_per_gather = 0;\n";
	foreach my $i (0 .. $#statements)
	{
		$script .= "SELECT CASE WHEN count(d) = count(*) AND count(*) > 0 THEN max(d) END"
		  . " FROM (SELECT $compare AS d FROM answer0 s FULL JOIN answer$i p ON $same) c;\n";
	}
	my $tables = join ', ', map { "answer$_" } 0 .. $#statements;
	$session->{stderr} = '';
	my (undef, @plans) = split /^NEXT\n/m, $session->query("$script DROP TABLE $tables;");
	my $problem = $session->{stderr};
	my @differences = map { $_ eq '' ? undef : $_ } split /\n/, pop(@plans) // '', -1;
	if ($problem ne '')
	{
		$session->query("SET client_min_messages = error; DROP TABLE IF EXISTS $tables; RESET client_min_messages;");
		$session->{stderr} = '';
	}
	my @nodes;
	foreach my $plan (@plans)
	{
		my $found = join ', ', $plan =~ /^\s*(?:->\s+)?((?:Finalize |Partial )?(?:Hash|Group|)Aggregate|(?:Parallel |Merge )?Append|Gather|Workers \w+: \d+|(?:Parallel )?Seq Scan)/mg;
		push @nodes, $found =~ s/(Hash|Group)(?=Aggregate)|Merge (?=Append)//gr;
	}
	return (\@differences, \@plans, \@nodes, $problem);
}

# float4 results may differ by a rounding; decompositions lose digits.
sub tolerance
{
	my ($aggregate, $table) = @_;
	my $exact = $aggregate->{result} =~ /^(gram|predictions)$/ || ($aggregate->{result} eq 'tensor' && $table ne 'rows4');
	return $exact && $aggregate->{name} !~ /cca|rotation|precision/ ? 1e-9 : 1e-6;
}

1;
