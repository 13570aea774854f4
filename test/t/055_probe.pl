# Classifiers and sparse probes: made by parallel plans, refused past the memory
# limit, back within a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('probe');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, fold int, y int, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, i % 5, CASE WHEN (x[1] > 1)::bool THEN 0 WHEN (x[2] > 0)::bool THEN 1 ELSE 2 + (i / 7) % 10 END, x
	FROM generate_series(1, 15000) i, LATERAL (SELECT random_normal('{300}', i) AS x OFFSET 0) q;
CREATE TABLE few AS SELECT id, fold, y, x[1:20] AS x FROM rows WHERE id <= 600;
CREATE TABLE wide AS SELECT id, fold, id % 3 AS y, random_normal('{5000}', id) AS x FROM rows WHERE id <= 1500;
ANALYZE;
SQL

my $points = '(SELECT points_agg(x, y, fold) AS p FROM rows OFFSET 0) q';
my $two = '(SELECT points_agg(x, y = 0, fold) AS p FROM rows OFFSET 0) q';

# name => [ a long statement, a short one ]
my %work = (
	'logistic_cv' => [ 'SELECT alpha(logistic_cv(x, y, fold)) FROM rows', 'SELECT logistic_cv(x, y, fold) FROM few' ],
	'logistic_cv, more features than rows' => [ 'SELECT alpha(logistic_cv(x, y, fold)) FROM wide', 'SELECT logistic_cv(x[1:2], y, fold) FROM few' ],
	'logistic_fit' => [ "SELECT alpha(logistic_fit(p, 1e-5)) FROM $points", 'SELECT logistic_fit(points_agg(x, y)) FROM few' ],
	map {
		$_ => [ "SELECT count(*) FROM $points, sparse_probe_sweep(p, '{100,200,300}', '$_', '1', alpha => 1e-3)",
			"SELECT s FROM (SELECT points_agg(x, y, fold) AS p FROM few) q, sparse_probe_sweep(p, '{1,5}', '$_', '1') s" ]
	} qw(mutual_information omp logistic));

# The aggregates in parallel plans, with the answer of one process.
$node->safe_psql('postgres', 'ALTER TABLE rows SET (parallel_workers = 2)');
foreach my $y ('y', 'y::text', '(y = 0)')
{
	my $statement = "SELECT logistic_cv(x[1:10], $y, fold) FROM rows WHERE id <= 3000";
	my $parallel = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;";
	like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, "logistic_cv(x, $y, fold) has a parallel plan");
	is($node->safe_psql('postgres', "$parallel $statement"),
		$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $statement"), '... and the answer of one process');
}

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the rows fit but the scratch does not
foreach my $case ([ 'logistic_cv', '90MB', 'logistic regression' ], [ 'logistic_fit', '90MB', 'logistic regression' ],
	[ 'mutual_information', '61MB', 'sparse probe' ], [ 'omp', '175MB', 'feature pursuit' ], [ 'logistic', '150MB', 'logistic ranking' ])
{
	my ($name, $limit, $what) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 1000, 2 ] ], 600, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
