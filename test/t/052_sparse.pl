# Sparse vectors: aggregates refused past the memory limit, the same bits on any
# plan, long values and index builds back within a second of a timeout.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('sparse', "max_parallel_workers_per_gather = 2\nmaintenance_work_mem = '256MB'\n");
# whole values, so that sums are exact in any order
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE codes (id int, code sparse(2000)) WITH (parallel_workers = 2);
INSERT INTO codes
    SELECT i, sparse_from_entries(array_agg(f), array_agg((i + f) % 7 + 1.0::float8), 2000)
    FROM generate_series(1, 40000) i, LATERAL (SELECT DISTINCT (i::bigint * j * j * 7919 % 2000 + 1)::int AS f FROM generate_series(1, 24) j) q GROUP BY i;
INSERT INTO codes VALUES (0, NULL), (-1, '{}/2000');
ANALYZE codes;
CREATE TABLE few AS SELECT * FROM codes WHERE id BETWEEN 1 AND 600;
CREATE TABLE wide AS SELECT sparse_from_entries('{1,100000}', '{1,2}', 100000) AS code FROM generate_series(1, 10);
CREATE TABLE long (t text, s sparse);
INSERT INTO long (t) SELECT '{' || string_agg(i || ':1', ',' ORDER BY -i) || '}/4000000' FROM generate_series(1, 1000000) i;
UPDATE long SET s = t::sparse;
SQL

# The same answer by parallel workers, to the last bit.
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my $serial = 'SET max_parallel_workers_per_gather = 0;';
foreach my $answer ('feature_activity(code)', 'feature_density(code)', 'sum(code)', 'avg(code)', 'union_sdr(code)', 'cooccurrence(code)')
{
	my $statement = "SELECT md5(($answer)::text) FROM codes";
	like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, "$answer: by workers");
	is($node->safe_psql('postgres', "$parallel $statement"), $node->safe_psql('postgres', "$serial $statement"), "$answer: the same on both plans");
	is( $node->safe_psql('postgres', "$serial SELECT md5(($answer)::text) FROM (SELECT * FROM codes ORDER BY id DESC) q"),
		$node->safe_psql('postgres', "$serial $statement"),
		"$answer: the same in another order");
}
is($node->safe_psql('postgres', 'SELECT md5(sum(a)::text) FROM (SELECT feature_activity(code) AS a FROM codes GROUP BY id % 5) q'),
	$node->safe_psql('postgres', 'SELECT md5(feature_activity(code)::text) FROM codes'), 'and merged from states of parts');

# The index finds what a scan finds, by workers too.
my @found = map { $node->safe_psql('postgres', "$_ SELECT count(*), sum(hashint4(id)) FROM codes WHERE code \@> active_at(1677, 1920)") }
  'SET enable_bitmapscan = off;', $parallel;
$node->safe_psql('postgres', 'CREATE INDEX ON codes USING gin (code)');
push @found, $node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*), sum(hashint4(id)) FROM codes WHERE code @> active_at(1677, 1920)');
is($found[$_], $found[0], 'the same rows by each way of looking') foreach 1, 2;
isnt($found[0], '0|', 'and some');

# Past the limit: refused, with both figures and the way out.
foreach my $statement ('SELECT feature_density(code) FROM wide', 'SELECT union_sdr(code) FROM wide', 'SELECT feature_activity(code) FROM wide')
{
	my $err = refusal($node, '2MB', $statement);
	like($err, qr/ERROR:  54000: feature_activity needs [0-9.]+ kB of memory/, "$statement: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, 'limit and way out are named');
}
like(refusal($node, '2MB', 'SELECT cooccurrence(code) FROM codes'), qr/ERROR:  54000: cooccurrence needs [0-9.]+ kB of memory/, 'cooccurrence too');

# Timeouts: long values, long statements, an index build.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ] ], 600,
	'reading text of millions of entries' => 'SELECT sum(n_active(t::sparse)) FROM long, generate_series(1, 40)',
	'writing millions of entries' => 'SELECT sum(length(s::text)) FROM long, generate_series(1, 40)',
	'products of millions of entries' => 'SELECT sum(s <-> s) FROM long, generate_series(1, 2000)',
	'comparison of millions of entries' => 'SELECT count(*) FROM long a, long b, generate_series(1, 4000) i WHERE (CASE WHEN i > 0 THEN a.s END) < b.s',
	'all pairs' => 'SELECT sum(dot(a.code, b.code)) FROM codes a, codes b',
	'density' => 'SELECT feature_density(a.code) FROM codes a, codes b',
	'index' => 'CREATE INDEX ON codes USING gin (union_sdr(code, code), code, union_sdr(code, code))');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
