# k-means: refused past the memory limit, back within a second of a timeout, the
# same answer at any number of threads and in a parallel plan.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('kmeans');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{250}', i) FROM generate_series(1, 30000) i;
CREATE TABLE few AS SELECT id, x[1:12] * (1 + id % 3) + id % 5 AS x FROM rows WHERE id <= 4000;
CREATE TABLE wide WITH (toast_tuple_target = 8160) AS SELECT id, astype(x, 'float8') AS x FROM rows;
SQL

# name => [ a long statement, a short one ]
my %work = (
	'kmeans_fit' => [ 'SELECT inertia(kmeans_fit(x, 300)) FROM rows', 'SELECT kmeans_fit(x, 40) FROM few' ],
	'kmeans window' => [ 'SELECT max(l) FROM (SELECT kmeans(x, 300) OVER () AS l FROM rows) s',
		'SELECT sum(l * id) FROM (SELECT id, kmeans(x, 10, 3) OVER () AS l FROM few) s' ],
	'spherical_kmeans_fit' => [ 'SELECT inertia(spherical_kmeans_fit(x, 300)) FROM rows', 'SELECT spherical_kmeans_fit(x, 20) FROM few' ],
	'kmeans_fit of float8' => [ 'SELECT inertia(kmeans_fit(x, 200)) FROM wide', q{SELECT kmeans_fit(astype(x, 'float8'), 20) FROM few} ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the rows fit but the scratch does not
my $err = refusal($node, '65MB', $work{'kmeans_fit'}[0]);
like($err, qr/ERROR:  54000: (k-means|k-means\+\+|k-means rows) needs [0-9.]+ (kB|MB) of memory/, 'scratch is claimed before it is allocated');

# The same bits at one and three threads, and in a parallel plan.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);
my $statement = 'SELECT kmeans_fit(x, 20, 1) FROM rows WHERE id <= 3000';
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, 'the aggregate is parallel');
is($node->safe_psql('postgres', "$parallel $statement"), $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $statement"),
	'and gives the same');

# Long work tells how far it is.
my $notices;
$node->psql('postgres', "SET neuroenc.progress = 1; SET statement_timeout = '3500ms';\n$work{'kmeans_fit'}[0]", stderr => \$notices);
like($notices, qr/NOTICE:  k-means: \d+ %, (k-means\+\+|iterations): \d+ %/, 'progress is reported');

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 1200, 2 ] ], 4000, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
