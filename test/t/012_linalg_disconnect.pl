# Forty cancels followed at once by the loss of the client, while LAPACK's
# helper runs, in a leader and in parallel workers: the server never restarts,
# no process is left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IPC::Run ();
use Time::HiRes qw(sleep time);
use Test::More;

my $node = start_node('linalg_disconnect', "max_parallel_workers_per_gather = 2\nmax_parallel_workers = 8\n");
$node->safe_psql('postgres', <<SQL);
CREATE TABLE one AS SELECT t + transpose(t) AS t FROM (SELECT astype(random_normal('{900,900}', 1), 'float8') AS t OFFSET 0) AS s;
-- The filler makes it one row a page, so that each worker has rows.
CREATE TABLE many (t tensor, filler text) WITH (parallel_workers = 2);
ALTER TABLE many ALTER filler SET STORAGE plain;
INSERT INTO many SELECT t + transpose(t), repeat('x', 6000) FROM one, generate_series(1, 40);
SQL

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my $in_workers = 'SELECT count(*) FROM many WHERE max_of((eigh(t)).values) > 0';
like($node->safe_psql('postgres', "$parallel EXPLAIN (COSTS OFF) $in_workers"), qr/Partial Aggregate.*Parallel Seq Scan on many\n\s+Filter: .*eigh/s,
	'the parallel plan decomposes in its workers');

my @statements = (
	[ 'eigh', 'SELECT count(*) FROM many, eigh(t) AS e WHERE max_of(e.values) > 0' ],
	[ 'eigh, 2 threads', 'SET neuroenc.threads = 2; SELECT count(*) FROM many, eigh(t) AS e WHERE max_of(e.values) > 0' ],
	[ 'svd', 'SELECT count(*) FROM many, svd(t) AS d WHERE max_of(d.s) > 0' ],
	[ 'eigh in parallel workers', "$parallel $in_workers" ]);

srand(11);
my $workers_hit = 0;
for my $round (1 .. 40)
{
	my ($name, $statement) = @{ $statements[ $round % @statements ] };
	my ($in, $out, $err) = ("SELECT pg_backend_pid();\n$statement;\n", '', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$in, \$out, \$err);
	IPC::Run::pump($psql) until $out =~ /^(\d+)\n/;
	my ($pid) = $out =~ /^(\d+)\n/;
	my @victims = ($pid);

	# Half of the time strike when a helper is seen, else anywhere.
	sleep(0.1 + rand() * 0.4);
	my @watched = ($pid);
	if ($name =~ /parallel/)
	{
		my $workers = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE leader_pid = $pid AND pid <> $pid");
		if ($workers ne '')
		{
			$workers_hit++;
			@watched = split /\n/, $workers;
			@victims = ($watched[0]) if $round % 8 == 3;
		}
	}
	wait_until(1, sub { grep { my @threads = glob "/proc/$_/task/*"; @threads > 1 } @watched }) if $round % 2;
	if ($round % 3 == 0)
	{
		kill 'TERM', @victims;	# what pg_terminate_backend sends
	}
	else
	{
		kill 'INT', @victims;
	}
	IPC::Run::kill_kill($psql, grace => 0);
}
cmp_ok($workers_hit, '>', 3, "parallel workers were running ($workers_hit times)");

my $left;
ok(wait_until(30, sub { $left = client_processes($node); !%$left }), 'no process is left')
  or diag(join "\n", map { "$_ $left->{$_}" } keys %$left);
is(crashes($node), 0, 'the server never restarted');
is($node->safe_psql('postgres', 'SELECT shape(e.values) FROM one, eigh(t) AS e'), '{900}', 'and works');

$node->stop;
done_testing();
