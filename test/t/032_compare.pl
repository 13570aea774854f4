# Comparing RDMs: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads, parallel plans.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('compare');
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION random_rdm(n int, seed int) RETURNS rdm LANGUAGE sql AS
	$$ SELECT rdm(c, random_normal('{20}', seed * 10000 + c), 'euclidean') FROM generate_series(1, n) c $$;
CREATE TABLE large AS SELECT i, random_rdm(2500, i) AS r FROM generate_series(1, 3) i;
CREATE TABLE middle AS SELECT i, random_rdm(300, i) AS r FROM generate_series(1, 60) i;
CREATE TABLE few AS SELECT i, random_rdm(30, i) AS r FROM generate_series(1, 12) i;
SQL

my @methods = qw(pearson spearman rho_a kendall_tau_a kendall_tau_b cosine whitened_cosine whitened_pearson cka bures bures_distance euclidean);

sub pair
{
	my ($method) = @_;
	return "SELECT rdm_compare(a.r, b.r, '$method') FROM large a, large b WHERE a.i = 1 AND b.i = 2";
}

sub set_of
{
	my ($method, $table) = @_;
	return "SELECT similarity_matrix(rdm_similarity(i, r, '$method')) FROM $table";
}

# Past the limit: refused, with both figures and the way out.
foreach my $method (@methods)
{
	foreach my $case ([ '20MB', pair($method), 'neuroenc rdm_compare' ], [ '22MB', set_of($method, 'middle'), '(neuroenc rdm_similarity|rdm_set)' ])
	{
		my ($limit, $statement, $what) = @$case;
		my $err = refusal($node, $limit, $statement);
		like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$method: refused with what it needs");
		like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$method: limit and way out are named");
	}
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => set_of($_, 'few') } @methods);

# Timeouts.
my %long = (
	'bures of a pair' => pair('bures'),
	'kendall of all pairs' => "SELECT similarity_matrix(rdm_similarity(i + g * 100, r, 'kendall_tau_a')) FROM middle, generate_series(1, 5) g",
	'bures of all pairs' => set_of('bures', 'middle'),
	'spearman, pair by pair' => "SELECT count(rdm_compare(a.r, b.r)) FROM middle a, middle b, generate_series(1, 20)",
	'partial, pair by pair' => 'SELECT count(rdm_partial(a.r, b.r, ARRAY[c.r])) FROM middle a, middle b, middle c WHERE c.i < 4',
	'large ones, one by one' => "SELECT similarity_matrix(rdm_similarity(i + g * 10, r, 'kendall_tau_b')) FROM large, generate_series(1, 5) g");
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ], [ 900, 2 ] ], [ 'SELECT n_rdms(rdm_similarity(i, r, \'cosine\')) FROM few', '12' ], %long);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
