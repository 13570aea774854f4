# Inference on RDMs: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('inference');

# RDMs of random points: of 700 conditions, and of 40
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE many AS SELECT k, rdm(i, random_normal('{8}', 1000 * k + i), 'sqeuclidean') AS r
	FROM generate_series(1, 8) k, generate_series(1::bigint, 700) i GROUP BY k;
CREATE TABLE few AS SELECT k, rdm_subset(r, (SELECT array_agg(i::text) FROM generate_series(1, 40) i)) AS r FROM many;
SQL

sub statement
{
	my ($call, $table) = @_;
	return "SELECT t.* FROM (SELECT array_agg(r ORDER BY k) FILTER (WHERE k <= 4) AS data, "
	  . "array_agg(r ORDER BY k) FILTER (WHERE k > 4) AS models FROM $table) q, $call AS t ORDER BY 1";
}

# name => [ a call that takes long, what is refused ]
my %work = (
	'bootstrap, cosine' => [ "rdm_bootstrap(data, models, 'cosine', n => N)", 20000, 'aligned RDMs|rdm_bootstrap' ],
	'bootstrap, whitened' => [ "rdm_bootstrap(data, models, 'whitened_pearson', n => N)", 20000, 'aligned RDMs|rdm_bootstrap' ],
	'bootstrap, spearman' => [ "rdm_bootstrap(data, models, 'spearman', n => N)", 2000, 'aligned RDMs|rdm_bootstrap' ],
	'bootstrap, kendall' => [ "rdm_bootstrap(data, models, 'kendall_tau_a', n => N)", 500, 'aligned RDMs|rdm_bootstrap' ],
	'compare_models' => [ "rdm_compare_models(data, models, 'pearson', n => N)", 20000, 'aligned RDMs|rdm_bootstrap' ],
	'permutation, spearman' => [ "rdm_permutation_test(data[1], models[1], 'spearman', n => N)", 100000, 'rdm_permutation_test' ],
	'permutation, kendall' => [ "rdm_permutation_test(data[1], models[1], 'kendall_tau_b', n => N)", 5000, 'rdm_permutation_test' ],
	'permutation, bures' => [ "rdm_permutation_test(data[1], models[1], 'bures', n => N)", 500, 'rdm_permutation_test' ],
	'fit' => [ "rsa_fit(data[1], models, N)", 200, 'rsa_fit' ]);

sub work
{
	my ($name, $n, $table) = @_;
	my $call = $work{$name}[0];
	$call =~ s/\bN\b/$n/;
	return statement($call, $table);
}

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $refused = work($name, 10, 'many');
	my $err = refusal($node, '3MB', $refused);
	like($err, qr/ERROR:  54000: ($work{$name}[2]) needs [0-9.]+ (kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# The same bits at one and three threads, small and large.
same_with_threads($node, map { ("$_, few" => work($_, 10, 'few')) } keys %work);
# of many conditions, ranks of each in turn left out would take minutes
same_with_threads($node, map { ("$_, many" => work($_, 3, 'many')) } grep { !/^bootstrap, (kendall|spearman)/ } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 2 ] ], [ 'SELECT count(*) FROM few', '8' ], map { $_ => work($_, $work{$_}[1], 'many') } keys %work);

# Progress
$session->{stderr} = '';
$session->query("SET neuroenc.progress = 1; SET statement_timeout = '3500ms';\n" . work('bootstrap, spearman', 2000, 'many') . ';');
like($session->{stderr}, qr/NOTICE:  rdm_bootstrap: \d+ %, about \d+ s left/, 'progress is reported');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
