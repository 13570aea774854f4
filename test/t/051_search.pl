# Exact search, late interaction, token pooling, softmax projections: refused past the
# memory limit, back within a second of a timeout, the same answer at any number of
# threads; workers of a parallel scan compare with a query that is out of line.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('search');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{256}', i) FROM generate_series(1, 20000) i;
CREATE TABLE few AS SELECT id, x FROM rows WHERE id <= 600;
CREATE TABLE wide (id int, x tensor) WITH (parallel_workers = 2);
INSERT INTO wide SELECT i, random_normal('{4000}', i) FROM generate_series(1, 2000) i;
CREATE TABLE items AS SELECT random_normal('{9000,600}', 1) AS item, random_normal('{16000,600}', 2) AS query, random_normal('{5000,600}', 4) AS part;
CREATE TABLE small AS SELECT random_normal('{300,40}', 1) AS item, random_normal('{200,40}', 2) AS query;
CREATE TABLE weights AS SELECT random_normal('{10000,256}', 3) AS w;
SQL

# name => [ a long statement, a short one, what its memory is called ]
my %work = (
	'maxsim' => [ 'SELECT maxsim(query, part) FROM items', "SELECT maxsim(query, item), maxsim(query, item, 'cosine') FROM small", 'maxsim' ],
	'pool_tokens' => [ 'SELECT shape(pool_tokens(item, 2)) FROM items', 'SELECT pool_tokens(item, 4) FROM small', 'pool_tokens' ],
	'softmax_projection' => [ 'SELECT n_samples(softmax_projection((SELECT w FROM weights), x, 0.01)) FROM rows',
		'SELECT projected(softmax_projection((SELECT w[1:200] FROM weights), x, 0.01)) FROM few', 'softmax_projection' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '12MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: $work{$name}[2] needs [0-9.]+ (kB|MB|GB) of memory/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}
like(refusal($node, '150MB', $work{'pool_tokens'}[0]), qr/ERROR:  54000: pool_tokens needs 3[0-9]+ MB/, 'the distances are claimed before they are allocated');

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my %long = map { $_ => $work{$_}[0] } keys %work;
$long{'nearest of each row'} = 'SELECT sum(n.id) FROM rows r, LATERAL (SELECT id FROM rows o ORDER BY o.x <=> r.x LIMIT 3) n';
my $session = left_healthy($node, [ [ 400, 1 ], [ 1000, 2 ] ], 600, %long);
$session->quit;

# Three processes, a query that lies in a toast table: as one process answers.
foreach my $operator ('<=>', '<->', '<#>', '<+>', '<~>')
{
	my $search = "SELECT id, x $operator (SELECT x FROM wide WHERE id = 17) FROM wide ORDER BY 2, 1 LIMIT 10";
	my $plain = $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $search");
	my $parallel = 'SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;';
	like($node->safe_psql('postgres', "$parallel EXPLAIN $search"), qr/Gather Merge.*Parallel Seq Scan on wide/s, "$operator: a parallel plan");
	is($node->safe_psql('postgres', "$parallel $search"), $plain, "$operator: workers find the same");
}

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
