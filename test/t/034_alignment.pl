# Tests of alignment measures: refused past the memory limit, back within a
# second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('alignment');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor, y tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{1800}', i), random_normal('{1800}', -i) FROM generate_series(1, 2600) i;
CREATE TABLE few AS SELECT id, x[1:40] AS x, x[1:30] + y[1:30] * 2 AS y FROM rows WHERE id <= 300;
CREATE TABLE medium AS SELECT id, x[1:300] AS x, y[1:300] AS y FROM rows WHERE id <= 600;
SQL

sub of_state
{
	my ($call, $table) = @_;
	return "SELECT $call FROM (SELECT paired_agg(x, y) AS s FROM $table OFFSET 0) q";
}

my %call = (
	'cka' => 'cka(s)',
	'cka_debiased' => 'cka_debiased(s)',
	'cka_rbf' => 'cka_rbf(s, 40)',
	'cca' => 'cca(s, 3)',
	'svcca' => 'svcca(s)',
	'pwcca' => 'pwcca(s)',
	'procrustes' => 'procrustes(s)',
	'procrustes_rotation' => 'sum_of(procrustes_rotation(s))',
	'shape_distance' => 'shape_distance(s, 0.5)');
my %work = map { $_ => [ of_state($call{$_}, 'rows'), of_state($call{$_}, 'few'), of_state($call{$_}, 'medium') ] } keys %call;
foreach my $measure ('cka', 'mean_cca', 'pwcca', 'procrustes', 'shape_distance_euclidean')
{
	$work{"$measure of grams"} = [ map { "SELECT $measure(gram_agg(x, y), gram_agg(x), gram_agg(y)) FROM $_" } ('rows', 'few', 'medium') ];
}

# Past the limit: refused, with both figures and the way out, where rows or the scratch would not fit.
foreach my $name (sort keys %work)
{
	foreach my $case ([ '3MB', 0 ], [ $name =~ /grams/ ? '4MB' : '3500kB', 2 ])
	{
		my ($limit, $which) = @$case;
		my $err = refusal($node, $limit, $work{$name}[$which]);
		like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name, $limit: refused with what it needs");
		like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name, $limit: limit and way out are named");
	}
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 900, 1 ], [ 900, 2 ] ], [ 'SELECT n_samples(paired_agg(x, y)) FROM few', '300' ], map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
