# Clusters by density and Moran's I: refused past the memory limit, back within a
# second of a timeout, the same answer at any number of threads and in parallel plans.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('density', "max_parallel_workers_per_gather = 2\n");
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, t tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{48}', i) + random_normal('{48}', -(i % 9) - 1) * 3 FROM generate_series(1, 60000) i;
CREATE TABLE few AS SELECT id, t[1:10] AS t FROM rows WHERE id <= 2000;
CREATE TABLE plane (id int, t tensor);
INSERT INTO plane SELECT i, random_normal('{3}', i) * (1 + i % 4) FROM generate_series(1, 400000) i;
CREATE TABLE map (v voxel, value float8) WITH (parallel_workers = 2);
INSERT INTO map SELECT voxel(x, y, z), sin(x / 5.0) + (x * 7919 + y * 104729 + z) % 101
	FROM generate_series(1, 60) x, generate_series(1, 60) y, generate_series(1, 60) z;
SQL

# name => [ a long statement, a short one, what its scratch is called ]
my $labels = 'md5(string_agg(l::text, \',\' ORDER BY id))';
my %work = (
	'dbscan' => [ 'SELECT max(l) FROM (SELECT dbscan(t, 8, 10) OVER () AS l FROM rows) q',
		"SELECT $labels FROM (SELECT id, dbscan(t, 4, 6) OVER () AS l FROM few) q", 'rows within a radius' ],
	'dbscan, cityblock' => [ 'SELECT max(l) FROM (SELECT dbscan(t, 50, 10, \'cityblock\') OVER () AS l FROM rows) q',
		"SELECT $labels FROM (SELECT id, dbscan(t, 9, 6, 'cityblock') OVER () AS l FROM few) q", 'rows within a radius' ],
	'dbscan in a few dimensions' => [ 'SELECT max(l) FROM (SELECT dbscan(t, 0.7, 5000) OVER () AS l FROM plane) q',
		"SELECT $labels FROM (SELECT id, dbscan(t, 0.1, 6) OVER () AS l FROM plane WHERE id < 20000) q", 'dbscan' ],
	'hdbscan' => [ 'SELECT max(l) FROM (SELECT hdbscan(t, 10) OVER () AS l FROM rows) q',
		"SELECT $labels FROM (SELECT id, hdbscan(t, 5) OVER () AS l FROM few) q", 'hdbscan' ],
	'hdbscan_probability' => [ 'SELECT max(l) FROM (SELECT hdbscan_probability(t, 10) OVER () AS l FROM rows) q',
		"SELECT $labels FROM (SELECT id, hdbscan_probability(t, 5) OVER () AS l FROM few) q", 'hdbscan' ],
	'moran_i' => [ 'SELECT moran_i(v, value, 5) FROM map', 'SELECT moran_i(v, value, 2) FROM map', 'neighbours of voxels' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the rows fit but the scratch does not
my %limit = ('dbscan' => '40MB', 'dbscan, cityblock' => '40MB', 'dbscan in a few dimensions' => '63MB', 'hdbscan' => '40MB',
	'hdbscan_probability' => '40MB', 'moran_i' => '100MB');
foreach my $name (sort keys %limit)
{
	my $err = refusal($node, $limit{$name}, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $work{$name}[2] needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# dbscan with a radius that takes everything: pairs within clusters are not kept
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
my ($before, $peak) = watch_memory($pid, sub { $session->query('SELECT max(l) FROM (SELECT dbscan(t, 1000, 10) OVER () AS l FROM rows WHERE id <= 10000) q;') });
cmp_ok($peak - $before, '<', 60_000, "a radius over all rows: " . ($peak - $before) . ' kB');

# The same bits at one and three threads, and in parallel plans.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);
my $serial = $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0;\n$work{'moran_i'}[1]");
my $force = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;\n";
like($node->safe_psql('postgres', "${force}EXPLAIN (COSTS OFF) $work{'moran_i'}[1]"), qr/Partial Aggregate/, 'moran_i: a parallel plan');
is($node->safe_psql('postgres', "$force$work{'moran_i'}[1]"), $serial, 'moran_i: the same in a parallel plan');

# Timeouts.
$session->quit;
$session = left_healthy($node, [ [ 400, 1 ], [ 1200, 1 ], [ 1000, 2 ] ], 2000, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
