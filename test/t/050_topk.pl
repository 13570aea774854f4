# topk: a parallel plan with the same bytes, refused past the memory limit, back
# within a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('topk');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, key tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{512}', i) FROM generate_series(1, 30000) i;
CREATE TABLE few AS SELECT id, key[1:12] AS key FROM rows WHERE id <= 4000;
ALTER TABLE few SET (parallel_workers = 2);
CREATE TABLE weights AS SELECT random_normal('{20000,512}', 7) AS w;
CREATE TABLE voxels AS SELECT random_normal('{300,12}', 7) AS w;
CREATE TABLE ones AS SELECT ones('{3000,12}') AS w;
ANALYZE;
SQL

# Workers get the queries as a parameter; metric => statement of one text.
sub answer
{
	my ($metric) = @_;
	return 'SELECT topk(id, key, 10)::text FROM few' if $metric eq 'element';
	return "SELECT topk(id, key, (SELECT w FROM voxels), 10, '$metric')::text FROM few";
}

my $parallel = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;\n";
foreach my $metric (qw(dot cosine euclidean correlation element))
{
	my $serial = $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0;\n" . answer($metric));
	like($node->safe_psql('postgres', $parallel . 'EXPLAIN (COSTS off) ' . answer($metric)), qr/Partial Aggregate/, "$metric: parallel plan");
	is($node->safe_psql('postgres', $parallel . answer($metric)), $serial, "$metric: the same bytes from a parallel plan");
}
like($node->safe_psql('postgres', $parallel . 'EXPLAIN (COSTS off) SELECT topk(id, key, (SELECT w FROM voxels), 10) FROM few'), qr/Partial Aggregate/,
	'of four arguments: parallel plan');
is($node->safe_psql('postgres', $parallel . <<'SQL'), 't', 'sum of stored states on a parallel plan');
CREATE TABLE parts WITH (parallel_workers = 2) AS SELECT id % 30 AS part, topk(id, key, (SELECT w FROM voxels), 10) AS t FROM few GROUP BY 1;
SELECT (SELECT sum(t)::text FROM parts) = (SELECT topk(id, key, (SELECT w FROM voxels), 10)::text FROM few);
SQL

# name => [ a long statement, a short one ]
my %work = (
	'products' => [ 'SELECT topk(id, key, (SELECT w FROM weights), 10) FROM rows', answer('dot') ],
	'distances' => [ "SELECT topk(id, key, (SELECT w FROM weights), 10, 'euclidean') FROM rows", answer('euclidean') ],
	'ties' => [ "SELECT topk(i, ones('{12}'), (SELECT w FROM ones), 10) FROM generate_series(1, 300000) i",
		"SELECT topk(i, ones('{12}'), (SELECT w FROM ones), 10)::text FROM generate_series(1, 2000) i" ]);

same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Past the limit: the queries, the lists, the block.
foreach my $case ([ '60MB', $work{products}[0] ], [ '100MB', 'SELECT topk(id, key, (SELECT w FROM voxels), 1000000, \'cosine\') FROM (SELECT id, key[1:12] AS key FROM rows) s' ],
	[ '10MB', 'SELECT topk(i, ones(ARRAY[1000000]), 1) FROM generate_series(1, 3) i' ],
	[ '1MB', 'SELECT topk(id, key, (SELECT key FROM rows LIMIT 1), 1) FROM rows' ])
{
	my $err = refusal($node, @$case);
	like($err, qr/ERROR:  54000: topk needs [0-9.]+ (bytes|kB|MB|GB) of memory/, "$case->[0]: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$case->[0]: limit and way out are named");
}

my $session = left_healthy($node, [ [ 400, 1 ], [ 1200, 1 ], [ 1000, 2 ] ], 4000, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
