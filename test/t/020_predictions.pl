# Tests of predictions and measures from repeats: refused past the memory limit,
# back within a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('predictions');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor, y tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{1500}', i), random_normal('{1500}', -i) FROM generate_series(1, 3000) i;
CREATE TABLE few AS SELECT id, x[1:40] AS x, x[1:40] + y[1:40] * 2 AS y FROM rows WHERE id <= 300;
SQL

sub rows_of
{
	my ($call, $aggregate, $table) = @_;
	return "SELECT t.* FROM (SELECT predictions_agg($aggregate) AS s FROM $table OFFSET 0) q, $call AS t ORDER BY 1";
}

# name => [ a long statement, a short one ]
my %work = (
	'permutation_test, rows' => [ rows_of('permutation_test(s, n_perm => 20000)', 'x, y, id', 'rows'),
		rows_of('permutation_test(s)', 'x, y, id', 'few') ],
	'permutation_test, blocks' => [ rows_of('permutation_test(s, n_perm => 500000)', 'x, y, id / 20, id', 'rows'),
		rows_of('permutation_test(s)', 'x, y, id / 20, id', 'few') ],
	'compare_test' => [ rows_of('compare_test(s, n_perm => 20000)', 'x, y, x + y, id', 'rows'),
		rows_of('compare_test(s)', 'x, y, x + y, id', 'few') ],
	'bootstrap_r' => [ rows_of('bootstrap_r(s, n_boot => 20000)', 'x, y, id', 'rows'),
		rows_of('bootstrap_r(s)', 'x, y, id', 'few') ],
	'identification' => [ 'SELECT (identification(x, y, id)).* FROM (SELECT * FROM rows UNION ALL SELECT id + 5000, y, x FROM rows) q',
		'SELECT (identification(x, y, id)).* FROM few' ],
	'cv_predictions' => [ 'SELECT count(*) FROM (SELECT gram_agg(x, y, id % 5) AS g FROM rows OFFSET 0) q, cv_predictions(g, ridge_cv(g))',
		'SELECT p.* FROM (SELECT gram_agg(x, y, id % 5) AS g FROM few OFFSET 0) q, cv_predictions(g, ridge_cv(g)) p' ],
	'explainable_variance' => [
		'SELECT size(explainable_variance(x, id, g)) FROM (SELECT id, x, g FROM rows, generate_series(1, 4) g) q',
		'SELECT explainable_variance(x, (id - 1) / 5, (id - 1) % 5) FROM few' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $refused = $work{$name}[0];
	$refused =~ s/n_perm => \d+|n_boot => \d+/n_perm => 10/ if $name ne 'bootstrap_r';
	my $err = refusal($node, '2MB', $refused);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}
# ... and where only the scratch would not fit
foreach my $case ([ '21MB', 'permutation_test(s, n_perm => 5000000)', 'x, y, id', 'permutation_test' ],
	[ '8MB', 'bootstrap_r(s, n_boot => 5000000)', 'x, y, id', 'bootstrap_r' ],
	[ '2MB', 'compare_test(s)', 'x, y, y, id', 'compare_test' ])
{
	my ($limit, $call, $aggregate, $what) = @$case;
	my $err = refusal($node, $limit, rows_of($call, $aggregate, 'few'));
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (kB|MB|GB) of memory/, "$what: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ], [ 900, 2 ] ], [ 'SELECT n_samples(predictions_agg(x, y, id)) FROM few', '300' ], map { $_ => $work{$_}[0] } keys %work);

# Progress
$session->{stderr} = '';
$session->query("SET neuroenc.progress = 1; SET statement_timeout = '2500ms';\n$work{'permutation_test, rows'}[0];");
like($session->{stderr}, qr/NOTICE:  permutation_test: \d+ %, about \d+ s left/, 'progress is reported');

# ... by an aggregate in rows, as no one knows how many will come: of six, a second after the last notice, and each counted once
$session->{stderr} = '';
$session->query('SET statement_timeout = 0; SET max_parallel_workers_per_gather = 0;
	SELECT n_samples(predictions_agg(x, y, id)), count_valid(x) FROM (SELECT *, pg_sleep(0.4) FROM few LIMIT 6 OFFSET 0) q;');
my @rows = $session->{stderr} =~ /NOTICE:  predictions_agg: (\d) rows\n/g;
ok(@rows && $rows[0] >= 2 && $rows[0] <= 3 && $rows[-1] <= 6, "rows are told: @rows of 6");
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
