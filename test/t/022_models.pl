# Elastic net, PLS, PCR and contrasts: refused past the memory limit, back within
# a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('models');
create_rows($node, 'rows', 1500, 600, 1500);
create_rows($node, 'few', 60, 300, 20);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE long AS SELECT gram_agg(x, y + x[1:1] * 3 + x[2:2], fold) AS g FROM rows;
CREATE TABLE short AS SELECT gram_agg(x, y + x[1:20], fold) AS g FROM few;
SQL

# name of the solver in errors => [ call, call of the short run ]
my %work = (
	'elastic net' => [ 'elastic_net_cv(g, 0.5, tol => 1e-8)', 'elastic_net_cv(g, 0.5, tol => 1e-8)' ],
	'pls' => [ 'pls(g, 400)', 'pls(g, 20)' ],
	'pls by target' => [ 'pls(g, 200, per_target => true)', 'pls(g, 20, true)' ],
	'pcr' => [ 'pcr(g, 300)', 'pcr(g, 20)' ],
	'contrast' => [ "contrast(g, array_fill(1::float8, '{600}'))", "contrast(gram_features(g, '{1,2,3,4,5,6,7,8}'), '{1,1,1,1,-1,-1,-1,-1}')" ]);

sub statement
{
	my ($name, $call, $table) = @_;
	return "SELECT t.* FROM $table, $call AS t ORDER BY 1" if $name eq 'contrast';
	return "SELECT t.* FROM (SELECT $call AS e FROM $table OFFSET 0) AS q, targets(q.e, weights => true) AS t ORDER BY 1";
}

# Past the limit: the state fits, the solver's scratch does not.
foreach my $name (sort keys %work)
{
	my $refused = statement($name, $work{$name}[$name eq 'contrast' ? 0 : 1] =~ s/600/300/r, 'short');
	my $what = $name =~ s/ by target//r;
	my $err = refusal($node, '1MB', $refused);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (kB|MB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => statement($_, $work{$_}[1], 'short') } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 1500, 1 ], [ 1200, 2 ] ], [ 'SELECT n_samples(g) FROM short', '60' ], map { $_ => statement($_, $work{$_}[0], 'long') . ' LIMIT 1' } keys %work);

# Progress
$session->{stderr} = '';
$session->query("SET neuroenc.progress = 1; SET statement_timeout = '4s';\n" . statement('elastic net', $work{'elastic net'}[0], 'long') . ';');
like($session->{stderr}, qr/NOTICE:  elastic net: \w+: \d+ %/, 'progress is reported');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
