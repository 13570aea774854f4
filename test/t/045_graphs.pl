# Graphs, communities and co-occurring features: refused past the memory limit,
# back within a second of a timeout, the same answer at any number of threads
# and on any plan.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('graphs');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id bigint, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{400}', i) FROM generate_series(1, 20000) i;
CREATE TABLE few WITH (parallel_workers = 2) AS SELECT id, x[1:12] + 3 * (id % 5) AS x FROM rows WHERE id <= 1500;
CREATE TABLE edges WITH (parallel_workers = 2) AS
	SELECT i % 3001 AS source, (i * 7919::bigint + i * i % 977) % 3001 AS target, (i % 13 + 1) * 0.1::float8 AS weight FROM generate_series(1, 30000::bigint) i;
ANALYZE;
SQL

# name => [ a long statement, a short one, a limit, what is refused there ]
my %work = (
	'knn_graph' => [ 'SELECT n_edges(knn_graph(id, x, 10)) FROM rows',
		"SELECT md5(array_agg(e)::text) FROM (SELECT knn_graph(id, x, 8, 'euclidean', 'distance') AS g FROM few) s, edges(s.g) e", '60MB', 'points' ],
	'leiden' => [ 'SELECT count(*) FROM (SELECT graph_agg(source, target, weight) AS g FROM edges OFFSET 0) s, leiden(s.g, n_starts => 10000)',
		"SELECT md5(leiden(id, (id * id) % 997, id % 7)::text) FROM few", '3MB', 'leiden' ],
	'graph_agg' => [ 'SELECT n_edges(graph_agg(i % 1000003, i * i % 999983, i * 0.1)) FROM generate_series(1, 8000000::bigint) i',
		'SELECT md5(array_agg(e)::text) FROM (SELECT graph_agg(id % 50, id % 47, id * 0.1) AS g FROM few) s, edges(s.g) e', '3MB', 'graph' ],
	'cooccurrence_graph' => [ "SELECT n_edges(cooccurrence_graph(cooccurrence(random_normal('{4000}', i)))) FROM generate_series(1, 2000) i",
		'SELECT md5(array_agg(e)::text) FROM (SELECT cooccurrence_graph(cooccurrence(x)) AS g FROM few) s, edges(s.g) e', '60MB', 'graph' ],
	'cooccurrence' => [ "SELECT phi(cooccurrence(random_normal('{4000}', i))) FROM generate_series(1, 100000) i",
		'SELECT md5(cooccurrence_matrix(cooccurrence(x))::text) FROM few', '20MB', 'cooccurrence' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my ($statement, $limit, $what) = @{ $work{$name} }[ 0, 2, 3 ];
	my $err = refusal($node, $limit, $statement);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (bytes|kB|MB|GB) of memory/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Parallel workers see other rows in another order: the same graph, the same communities.
foreach my $case (
	[ 'leiden', 'SELECT md5((leiden(source, target, weight, 1, 3))::text) FROM edges' ],
	[ 'graph_agg', 'SELECT md5(array_agg(e)::text) FROM (SELECT graph_agg(source, target, weight) AS g FROM edges) s, edges(s.g) e' ],
	[ 'knn_graph', "SELECT md5(array_agg(e)::text) FROM (SELECT knn_graph(id, x, 9, 'cosine', 'jaccard') AS g FROM few) s, edges(s.g) e" ],
	[ 'cooccurrence', 'SELECT md5(cooccurrence_matrix(cooccurrence(x))::text) FROM few' ])
{
	my ($name, $statement) = @$case;
	my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
	like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, "$name: a parallel plan");
	is($node->safe_psql('postgres', "$parallel $statement"),
		$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $statement"), "$name: the same answer");
}

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 1000, 1 ], [ 700, 2 ] ], 1500, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
