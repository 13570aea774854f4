# Factorizations: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('factors');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE matrices AS SELECT random_uniform('{6000,1500}', 1) AS m, random_uniform('{300,250,120}', 2) AS t, random_normal('{40000,200}', 3) AS r;
CREATE TABLE few AS SELECT random_uniform('{700,300}', 1) AS m, random_uniform('{40,50,60}', 2) AS t, random_normal('{500,600}', 3) AS r;
SQL

# name => [ a long statement, a short one, its memory limit ]
my %work = (
	'nmf' => [ 'SELECT (nmf(m, 60, tol => 0, max_iter => 2000)).error FROM matrices', 'SELECT nmf(m, 15, max_iter => 20) FROM few' ],
	'nmf of many components' => [ 'SELECT (nmf(m, 700, tol => 0, max_iter => 2000)).error FROM matrices', 'SELECT nmf(m, 290, max_iter => 3) FROM few' ],
	'semi_nmf' => [ 'SELECT (semi_nmf(m - 0.5, 60, n_init => 1, tol => 0, max_iter => 2000)).error FROM matrices', 'SELECT semi_nmf(m - 0.5, 15, max_iter => 20) FROM few' ],
	'semi_nmf, starts' => [ 'SELECT (semi_nmf(r, 200, n_init => 1000)).error FROM matrices', 'SELECT semi_nmf(r, 15, n_init => 3, max_iter => 2) FROM few' ],
	'ntf' => [ 'SELECT (ntf(t, 20, tol => 0, max_iter => 2000)).error FROM matrices', 'SELECT ntf(t, 6, max_iter => 20) FROM few' ],
	'most_discriminative_stimuli' => [ 'SELECT (most_discriminative_stimuli(r, 40, 3, n_init => 1000)).objective FROM matrices',
		'SELECT most_discriminative_stimuli(r, 10, 2, n_init => 2) FROM few' ]);

# Past the limit: refused before anything is computed, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my ($what) = $name =~ /^(\w+)/;
	my $err = refusal($node, '40MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (kB|MB|GB) of memory/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# What is claimed is what is taken: the peak of the process stays below the claim and what it came with.
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = backend_pid($session);
	$session->query("SELECT nmf(m, 2, max_iter => 1), ntf(t, 2, max_iter => 1) FROM few;");
	foreach my $case ([ 'nmf', 'nmf(m, 60, max_iter => 2)', 120 ], [ 'ntf', 'ntf(t, 20, n_init => 1, max_iter => 2)', 150 ],
		[ 'most_discriminative_stimuli', 'most_discriminative_stimuli(r, 40, 3, n_init => 1, max_iter => 2)', 190 ])
	{
		my ($name, $call, $claim) = @$case;
		my ($before, $peak) = watch_memory($pid, sub { $session->query("SELECT 1 FROM (SELECT $call AS f FROM matrices OFFSET 0) q WHERE f IS NOT NULL;") });
		cmp_ok(($peak - $before) / 1024, '<', $claim + 60, "$name: takes what it claims and the datum");
	}
	$session->quit;
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 2 ] ], 1, map { $_ => $work{$_}[0] } keys %work);

# Progress names the stage.
$session->{stderr} = '';
$session->query("SET neuroenc.progress = 1; SET statement_timeout = 4000;\n$work{'nmf'}[0];");
like($session->{stderr}, qr/NOTICE:  nmf: \d+ %/, 'progress is reported');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
