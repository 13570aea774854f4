# Units and curvature: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads, cross_agg in parallel plans.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('units');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor, y tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{1500}', i), random_normal('{1200}', -i) FROM generate_series(1, 1500) i;
CREATE TABLE few AS SELECT id, x[1:40] AS x, y[1:30] + x[1:30] AS y FROM rows WHERE id <= 300;
-- costs that take many augmenting paths, and many pivots
CREATE TABLE costs AS SELECT matmul(random_normal('{4000,3}', 1), random_normal('{3,4000}', 2)) AS square,
	matmul(random_normal('{4000,40}', 1), random_normal('{40,3700}', 2)) / 100 AS oblong, random_normal('{40,30}', 3) AS little;
CREATE TABLE rdms AS SELECT n, rdm_from_matrix(ARRAY(SELECT i::text FROM generate_series(1, n) i), abs(t + transpose(t)) * (1 - eye(n)), 'euclidean') AS r
	FROM (SELECT n, random_normal(ARRAY[n, n], 1) AS t FROM (VALUES (800), (40)) s (n) OFFSET 0) q;
ANALYZE;
SQL

# name => [ a long statement, a short one ]
my %work = (
	'corr of a cross_gram' => [ 'SELECT size(corr(cross_agg(x, y))) FROM rows, generate_series(1, 50)',
		'SELECT corr(cross_agg(x, y ORDER BY id)) FROM few' ],
	'assignment' => [ 'SELECT sum(cost) FROM costs, assignment(square)', 'SELECT a.* FROM costs, assignment(little) a' ],
	'transport_plan' => [ 'SELECT sum(mass) FROM costs, transport_plan(oblong)', 'SELECT t.* FROM costs, transport_plan(little) t' ],
	'soft_match' => [ 'SELECT soft_match(oblong) FROM costs', 'SELECT soft_match(x, y ORDER BY id) FROM few' ],
	'excess_correlation' => [ 'SELECT sum(excess) FROM (SELECT gram_agg(x || y, x) AS g FROM rows OFFSET 0) q, excess_correlation(g)',
		'SELECT e.* FROM (SELECT gram_agg(x, y ORDER BY id) AS g FROM few OFFSET 0) q, excess_correlation(g) e' ],
	'ollivier_ricci, many small' => [ 'SELECT count(*) FROM rdms, ollivier_ricci(r, 100) WHERE n = 800',
		'SELECT e.* FROM rdms, ollivier_ricci(r, 5) e WHERE n = 40' ],
	'ollivier_ricci, large' => [ 'SELECT count(*) FROM rdms, ollivier_ricci(r, 700) WHERE n = 800',
		'SELECT e.* FROM rdms, ollivier_ricci(r, 39) e WHERE n = 40' ],
	'ricci_flow' => [ 'SELECT count(*) FROM rdms, ricci_flow(r, 20, 1000) WHERE n = 800',
		'SELECT e.* FROM rdms, ricci_flow(r, 5, 5) e WHERE n = 40' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Parallel plans.
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;';
foreach my $call ('corr(cross_agg(x, y))', '(soft_match(x, y)).score')
{
	like($node->safe_psql('postgres', "$parallel EXPLAIN SELECT $call FROM rows"), qr/Partial Aggregate/, "$call: partial aggregates");
}
is($node->safe_psql('postgres', "$parallel SELECT max(abs(u)) < 1e-6 FROM (SELECT corr(cross_agg(x, y)) AS a FROM rows) p, "
	. '(SELECT corr(cross_agg(x, y ORDER BY id)) AS b FROM rows) s, unnest(a - b) u'), 't', 'corr: the same from workers');

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ], [ 900, 2 ] ], [ 'SELECT n_samples(cross_agg(x, y)) FROM few', '300' ], map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
