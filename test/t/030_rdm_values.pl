# Tests of rdm values: a mean by parallel workers is the mean, heavy functions are
# refused past the memory limit and back within a second of a timeout.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('rdm_values');

# An rdm of n conditions, squared distances of half-normal noise.
sub rdm_of
{
	my ($n, $seed) = @_;
	return "SELECT rdm_from_matrix(ARRAY(SELECT i::text FROM generate_series(1, $n) i), (t + transpose(t)) * (1 - eye($n)), 'sqeuclidean') AS r "
	  . "FROM (SELECT abs(random_normal('{$n,$n}', $seed)) AS t OFFSET 0) q";
}
$node->safe_psql('postgres', 'CREATE TABLE few (id int, r rdm) WITH (parallel_workers = 3);'
	  . 'INSERT INTO few SELECT k, rdm_subset(r, (SELECT array_agg(i::text) FROM generate_series(1, 100) i WHERE i % 10 <> k % 10)) '
	  . 'FROM generate_series(1, 40) k, LATERAL (' . rdm_of(100, 'k') . ') s;');
# a large one, and without one condition or another, so that their mean grows
$node->safe_psql('postgres', 'CREATE TABLE large (id int, r rdm); ALTER TABLE large ALTER r SET STORAGE EXTERNAL;'
	  . 'INSERT INTO large SELECT 1, r FROM (' . rdm_of(4000, 1) . ') s;'
	  . 'INSERT INTO large SELECT 1 + k, rdm_subset(r, ARRAY(SELECT i::text FROM generate_series(1, 4000) i WHERE i <> k)) FROM large, generate_series(1, 3) k;');

# The mean of workers' means.
my $entries = "SELECT count(*), count(e.distance), sum(e.distance)::numeric(20, 6), sum(size(rdm_counts(m)))::bigint FROM (SELECT avg(r) AS m FROM few OFFSET 0) q, rdm_entries(m) e";
my $serial = $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0;\n$entries");
my $parallel = 'SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 3;';
like($node->safe_psql('postgres', "$parallel EXPLAIN $entries"), qr/Partial Aggregate/, 'avg: a parallel plan');
is($node->safe_psql('postgres', "$parallel $entries"), $serial, 'avg: the same from workers');
like($serial, qr/^4950\|4950\|/, 'avg: every pair is there');

my %work = (
	'avg' => 'SELECT n_conditions(avg(r)) FROM large, generate_series(1, 200)',
	'mds' => 'SELECT count(*) FROM large, mds(r) WHERE id = 1',
	'mds_eigenvalues' => 'SELECT size(mds_eigenvalues(r)) FROM large WHERE id = 1',
	'geometry' => 'SELECT (geometry(r)).dimensions FROM large WHERE id = 1',
	'rdm_rank' => 'SELECT count(rdm_rank(r)) FROM large, generate_series(1, 200)',
	'rdm_scale' => "SELECT count(rdm_scale(r, 'zscore')) FROM large, generate_series(1, 200)",
	'rdm_geotopological' => 'SELECT count(rdm_geotopological(r, 0.1, 0.9)) FROM large, generate_series(1, 200)',
	'rdm_entries' => 'SELECT count(distance) FROM large, rdm_entries(r)',
	'rdm_matrix' => 'SELECT count(rdm_matrix(r)) FROM large, generate_series(1, 200)');

# Past the limit: refused, with both figures and the way out.
foreach my $name ('avg', 'mds', 'mds_eigenvalues', 'geometry', 'rdm_rank', 'rdm_geotopological', 'rdm_matrix')
{
	my $err = refusal($node, '20MB', $work{$name});
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# Timeouts.
my $session = left_healthy($node, [ [ 200, 1 ], [ 700, 1 ] ], [ 'SELECT count(*) FROM few, mds(r, 2)', '3600' ], %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
