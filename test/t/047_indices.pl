# Judging clusterings: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads and on a parallel plan.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('indices');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, t tensor, label int) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{200}', i), i % 50 FROM generate_series(1, 40000) i;
CREATE TABLE few WITH (parallel_workers = 2) AS SELECT id, t[1:12] AS t, label % 5 AS label FROM rows WHERE id <= 900;
CREATE TABLE held AS SELECT points_agg(t, label) AS p, points_agg(t, id) AS alone FROM rows;
CREATE TABLE pairs AS SELECT (i::bigint * i) % 9973 AS a, i % 9001 AS b FROM generate_series(1, 300000) i;
SQL

# name => [ a long statement, a short one ]
my %work = (
	'silhouette' => [ 'SELECT silhouette(t, label) FROM rows', 'SELECT silhouette(t, label) FROM few' ],
	'silhouette of pairs' => [ 'SELECT silhouette(t, id / 2) FROM rows', 'SELECT silhouette(t, id / 2) FROM few' ],
	'silhouette by cosine' => [ q{SELECT silhouette(t, id / 2, 'cosine') FROM rows}, q{SELECT silhouette(t, id / 2, 'cosine') FROM few} ],
	'silhouette_row' => [ 'SELECT sum(s) FROM (SELECT silhouette_row(t, label) OVER () AS s FROM rows) q',
		'SELECT sum(s) FROM (SELECT silhouette_row(t, label) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS s FROM few) q' ],
	'davies_bouldin' => [ 'SELECT davies_bouldin(t, id / 2) FROM rows', 'SELECT davies_bouldin(t, id / 2) FROM few' ],
	'gap_statistic' => [ 'SELECT sum(gap) FROM held, gap_statistic(p, 12)',
		'SELECT array_agg(gap) FROM (SELECT points_agg(t) AS p FROM few OFFSET 0) q, gap_statistic(q.p, 3, n_reference => 2)' ],
	'explain_clusters' => [ 'SELECT count(*) FROM held, explain_clusters(p, min_gain => 0)',
		'SELECT array_agg(e) FROM (SELECT points_agg(t, label) AS p FROM few OFFSET 0) q, explain_clusters(q.p, min_gain => 0) e' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the points fit but the scratch does not
foreach my $case ([ 'silhouette', '110MB', 'rows by cluster' ], [ 'silhouette of pairs', '160MB', 'silhouette' ], [ 'davies_bouldin', '160MB', 'means of clusters' ],
	[ 'gap_statistic', '120MB', 'gap_statistic' ], [ 'explain_clusters', '90MB', 'explain_clusters' ])
{
	my ($name, $limit, $what) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: its scratch is claimed before it is allocated");
}
my $err = refusal($node, '1MB', 'SELECT ami(a, b) FROM pairs');
like($err, qr/ERROR:  54000: contingency needs [0-9.]+ (bytes|kB|MB)/, 'ami: pairs are counted as far as memory goes');

# n^2 distances are never held: 40,000 rows would be 12.8 GB
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query('SELECT count(*) FROM few;');
my $rows = 16000;
my ($before, $peak) = watch_memory($pid, sub { $session->query("SELECT silhouette(t, label) FROM rows WHERE id <= $rows;") });
cmp_ok($peak - $before, '<', 150_000, sprintf('silhouette of %d rows takes %d MB, not n^2', $rows, ($peak - $before) / 1024));

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# ... and on a parallel plan
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
foreach my $call ('silhouette(t, label)', 'davies_bouldin(t, label)', 'calinski_harabasz(t, label)', 'inertia(t, label)', q{silhouette(t, label, 'cosine')},
	'ami(id % 7, label)', 'adjusted_rand(label, id % 3)')
{
	like($node->safe_psql('postgres', "$parallel EXPLAIN SELECT $call FROM few"), qr/Partial Aggregate/, "$call: in parallel");
	is($node->safe_psql('postgres', "$parallel SELECT $call FROM few"),
		$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; SELECT $call FROM few"), "$call: the same in parallel");
}

# Timeouts.
$work{'ami'} = [ 'SELECT ami(a * i, b) FROM pairs, generate_series(1, 40) i' ];
$session->quit;
$session = left_healthy($node, [ [ 400, 1 ], [ 1100, 2 ] ], 900, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
