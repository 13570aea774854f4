# Cancel and disconnect at once, 40 times, in a leader and in parallel workers:
# the server never restarts and no process is left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IPC::Run ();
use Time::HiRes qw(sleep time);
use Test::More;

my $node = start_node('cancel', "max_parallel_workers_per_gather = 2\nmax_parallel_workers = 8\n");
create_rows($node, 'rows', 3000, 800, 2000);
create_rows($node, 'wide', 3000, 800, 2000, 2);

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my @statements = (
	[ 'fit', ridge_statement('rows') ],
	[ 'fit, 2 threads', 'SET neuroenc.threads = 2; ' . ridge_statement('rows') ],
	[ 'pca', 'SELECT pca(gram_agg(x), 10) IS NOT NULL FROM rows' ],
	[ 'fit in a parallel plan', $parallel . ridge_statement('wide') ]);

srand(7);
my ($ended, $workers_hit) = (0, 0);
for my $round (1 .. 40)
{
	my ($name, $statement) = @{ $statements[ $round % @statements ] };
	my ($in, $out, $err) = ("SELECT pg_backend_pid();\n$statement;\n", '', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$in, \$out, \$err);
	IPC::Run::pump($psql) until $out =~ /^(\d+)\n/;
	my ($pid) = $out =~ /^(\d+)\n/;
	sleep(0.02 + rand() * 0.9);
	my @victims = ($pid);
	if ($name =~ /parallel/)
	{
		my $workers = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE leader_pid = $pid AND pid <> $pid");
		# Every other time a worker is cancelled, not its leader.
		if ($workers ne '')
		{
			$workers_hit++;
			@victims = (split /\n/, $workers)[0] if $round % 8 == 3;
		}
	}
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($_)") foreach @victims;
	IPC::Run::kill_kill($psql, grace => 0);
	$ended++;
}
is($ended, 40, 'forty statements were cancelled and their clients killed');
cmp_ok($workers_hit, '>', 0, "parallel workers were running ($workers_hit times)");

my $left;
ok(wait_until(20, sub { $left = client_processes($node); !%$left }), 'no process is left')
  or diag(join "\n", map { "$_ $left->{$_}" } keys %$left);
is(crashes($node), 0, 'the server never restarted');
is($node->safe_psql('postgres', 'SELECT n_samples(gram_agg(x)) FROM rows WHERE id <= 100'), '100', 'and works');

$node->stop;
done_testing();
