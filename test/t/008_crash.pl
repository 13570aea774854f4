# kill -9 of a backend, a parallel worker and the postmaster, in the middle of a
# fit, of an index build and of storing states.  What is left each time: a server
# that comes back (after the postmaster: once the old processes have ended by
# themselves), the states bit for bit, an index that is absent or right, no row of
# what did not commit, no process, no temporary file, no shared memory of before.
#
# fsync is off: what the system was given by a process that is killed is not lost,
# only a machine's end would lose it.  NEUROENC_KILLS (8) is how many there are, at
# random moments; NEUROENC_SEED (1) draws them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Cwd qw(abs_path);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);
use Test::More;

my $kills = $ENV{NEUROENC_KILLS} || 8;

my $node = start_node('crash', <<CONF);
restart_after_crash = on
maintenance_work_mem = 1MB
max_parallel_workers_per_gather = 2
max_parallel_workers = 4
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
CONF
create_rows($node, 'rows', 1000, 600, 800);
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION amcheck;
CREATE TABLE vectors (id int, t tensor) WITH (parallel_workers = 2, toast_tuple_target = 8160);
INSERT INTO vectors SELECT i, random_normal(ARRAY[256], i) FROM generate_series(1, 8000) i;
CREATE TABLE places AS SELECT i AS id, voxel(i % 97, i / 97 % 89, i % 83) AS place FROM generate_series(1, 150000) i;
CREATE TABLE codes AS SELECT i AS id, sdr(ARRAY(SELECT DISTINCT (i * 7919 + j * j * 31) % 4096 + 1 FROM generate_series(1, 40) j), 4096) AS code
	FROM generate_series(1, 15000) i;
CREATE TABLE grams AS SELECT fold, gram_agg(subvector(x, 200), subvector(y, 300), fold) AS g FROM rows GROUP BY fold;
CREATE TABLE stored (i int, g gram);
INSERT INTO stored SELECT 0, g FROM grams;
ANALYZE;
CHECKPOINT;
SQL
my $data = abs_path($node->data_dir);

my $copy = abs_path($node->basedir) . '/stored.copy';
$node->safe_psql('postgres', "COPY (SELECT 1, g FROM grams, generate_series(1, 20)) TO '$copy'");

my $states = "SELECT md5(string_agg(g::text, ' ' ORDER BY fold)) FROM grams UNION ALL SELECT md5(string_agg(g::text, ' ' ORDER BY g::text)) FROM stored WHERE i = 0";
my $near = 'SELECT md5(array_agg(id ORDER BY id)::text), count(*) FROM places WHERE place <@ ball(voxel(40, 40, 40), 9)';
my $active = 'SELECT md5(array_agg(id ORDER BY id)::text), count(*) FROM codes WHERE code && active_at(7, 100, 2000)';
my %want = map { $_ => $node->safe_psql('postgres', "SET enable_indexscan = off; SET enable_bitmapscan = off; $_") } $states, $near, $active;

# Where the states are shipped to the leader, a worker is there to be killed.
my $parallel = 'SELECT sum(length(send)) FROM (SELECT gram_send(gram_agg(t)) AS send FROM vectors, generate_series(1, 8) GROUP BY id % 3) s';
my $topk = 'SELECT length(topk_send(topk(id, t, random_normal(ARRAY[400, 256], 5), 20))) FROM vectors, generate_series(1, 10)';
my $fit = ridge_statement('rows');
my $long = 'SELECT length(clustering_send(kmeans_fit(points_agg(t), 40, n_init => 1000))) FROM vectors';
my $decomposition = "SELECT shape((eigh(m + transpose(m))).vectors) FROM random_normal('{3000,3000}', 3) m";
my $insert = 'INSERT INTO stored SELECT 1, g FROM grams, generate_series(1, 20)';
my $gist = 'CREATE INDEX built ON places USING gist (place)';
my $gin = 'CREATE INDEX built ON codes USING gin (code)';
my $building = "EXISTS (SELECT FROM pg_stat_progress_create_index WHERE pid = %1\$d AND blocks_done BETWEEN blocks_total / 20 AND blocks_total - 1)";
my $growing = "pg_relation_size((SELECT reltoastrelid FROM pg_class WHERE relname = 'stored')) > %2\$d";
my $working = "EXISTS (SELECT FROM pg_stat_activity WHERE leader_pid = %1\$d AND state = 'active')";

# victim, what, statement, true once it is in the middle of it (%1$d: its pid, %2$d: bytes stored before)
my @cases = (
	[ 'backend', 'a fit with threads', "SET neuroenc.threads = 2; $fit" ],
	[ 'backend', 'a GiST build', $gist, $building ],
	[ 'backend', 'a COPY of states', "COPY stored FROM '$copy'", $growing ],
	[ 'worker', 'a search', $topk, $working ],
	[ 'postmaster', 'a long fit with threads', "SET neuroenc.threads = 2; $long" ],
	[ 'postmaster', 'LAPACK on a helper thread', "SET neuroenc.threads = 1; $decomposition", 'helper' ],
	[ 'postmaster', 'a GIN build', $gin, $building ],
	[ 'postmaster', 'an INSERT of states', $insert, $growing ],
	[ 'backend', 'a fit', "SET neuroenc.threads = 1; $fit" ],
	[ 'backend', 'a GIN build', $gin, $building ],
	[ 'backend', 'an INSERT of states', $insert, $growing ],
	[ 'worker', 'a gram', $parallel, $working ],
	[ 'postmaster', 'a long fit', "SET neuroenc.threads = 1; $long" ],
	[ 'postmaster', 'a parallel search', $topk, $working ],
	[ 'postmaster', 'a GiST build', $gist, $building ],
);

# Every process that runs in the node's data directory, whoever its parent is now.
sub processes
{
	my @found;
	foreach my $link (glob '/proc/[0-9]*/cwd')
	{
		push @found, $link =~ m{(\d+)/cwd} if (readlink($link) // '') eq $data;
	}
	return @found;
}

# Segments of shared memory that processes have mapped.
sub segments
{
	my %found;
	foreach my $pid (@_)
	{
		open(my $maps, '<', "/proc/$pid/maps") or next;
		while (<$maps>)
		{
			$found{$1} = 1 if m{ (/dev/shm/PostgreSQL\.\d+)};
		}
	}
	return keys %found;
}

sub temporary_files
{
	return grep { -f } glob("$data/base/pgsql_tmp/* $data/base/*/t[0-9]* $data/pg_tblspc/*/*/pgsql_tmp/*");
}

# A statement in the middle of its work, if it was not over too soon to be seen there: (client, its backend's pid)
sub under_way
{
	my ($statement, $until) = @_;
	my $bytes = $node->safe_psql('postgres', "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'stored'");
	my %client = (in => "SELECT pg_backend_pid();\n$statement;\nSELECT 'ended';\n", out => '', err => '');
	$client{psql} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$client{in}, \$client{out}, \$client{err});
	IPC::Run::pump($client{psql}) until $client{out} =~ /^(\d+)\n/;
	my ($pid) = $client{out} =~ /^(\d+)\n/;
	$until //= "EXISTS (SELECT FROM pg_stat_activity WHERE pid = %1\$d AND state = 'active' AND query NOT LIKE '%%pg_backend_pid%%')";
	if ($until eq 'helper')
	{
		wait_until(60, sub { my %threads = other_threads($pid); %threads }, 0.001) or die 'no helper thread';
		return (\%client, $pid);
	}
	my $test = sprintf("$until OR EXISTS (SELECT FROM pg_stat_activity WHERE pid = %1\$d AND query LIKE 'SELECT ''ended''%%')", $pid, $bytes);
	$node->safe_psql('postgres', "SET statement_timeout = '30s'; DO \$\$ BEGIN WHILE NOT ($test) LOOP PERFORM pg_sleep(0.002), pg_stat_clear_snapshot(); END LOOP; END \$\$");
	return (\%client, $pid);
}

# Kills once.  True if the statement had not ended by then.
sub killed
{
	my ($victim, $what, $statement, $until, $delay) = @_;
	my ($client, $pid) = under_way($statement, $until);
	my @before = processes();
	sleep($delay) unless ($until // '') eq 'helper';
	IPC::Run::pump_nb($client->{psql});
	return 0 if $client->{out} =~ /ended/;
	my @segments = segments(@before);
	my $logged = -s $node->logfile;
	my $log_says = sub { my ($seconds, $what) = @_; wait_until($seconds, sub { substr(slurp_file($node->logfile), $logged) =~ $what }) };

	if ($victim eq 'postmaster')
	{
		$node->kill9;
	}
	elsif ($victim eq 'backend')
	{
		kill 'KILL', $pid;
	}
	else
	{
		my ($worker) = grep { (slurp_file("/proc/$_/cmdline")) =~ /parallel worker for PID $pid/ } grep { -e "/proc/$_/cmdline" } @before;
		kill 'KILL', $worker if defined $worker;
		return 0 unless defined $worker;
	}
	my $start = time();
	eval { IPC::Run::finish($client->{psql}) };
	if ($victim eq 'postmaster')
	{
		my $gone = wait_until(30, sub { !grep { -e "/proc/$_" } @before }, 0.02);
		kill 'KILL', @before unless $gone;
		eval { IPC::Run::finish($client->{psql}) };
		ok($gone, sprintf('the postmaster in %s: all processes end by themselves, in %.1f s', $what, time() - $start));
		$node->start;
	}
	else
	{
		eval { IPC::Run::finish($client->{psql}) };
		my $ended = $client->{out} =~ /ended/;

		# Until the postmaster sees the death, the old server still answers: its log tells of the new one,
		# which also comes if the kill was too late for the statement, but not for its process.
		return 0 if $ended && !$log_says->(5, qr/was terminated by signal 9/);
		my $back = $log_says->(60, qr/ready to accept connections/);
		return 0 if $ended && $back;
		ok($back, "a $victim in $what: the server is back");
	}
	is(join(' ', grep { -e $_ } @segments), '', 'no shared memory is left') if $victim ne 'backend';
	return 1;
}

# Whether the index 'built' answers as a scan of the table does, if it is there.
sub index_is_right
{
	my ($query, $name) = @_;
	like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN (COSTS OFF) $query"), qr/Index Scan (using|on) built/, "$name: an index that is there is used");
	is($node->safe_psql('postgres', "SET enable_seqscan = off; $query"), $want{$query}, 'and answers as a scan of the table does');
	return;
}

# What there is after a kill in the middle of $what.  A backend whose postmaster is
# killed ends its statement, if it is not ours that works, and may have committed.
sub left
{
	my ($victim, $what, $statement) = @_;
	my @rows = $victim eq 'postmaster' && $statement =~ /INSERT/ ? (5, 105) : (5);
	is($node->safe_psql('postgres', $states), $want{$states}, "after $what: the stored states are what they were");
	is($node->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM grams'), '1000', 'and can be used');
	my $stored = $node->safe_psql('postgres', 'SELECT count(*) FROM stored');
	ok(scalar(grep { $_ == $stored } @rows), "all rows of what committed, none of what did not: $stored");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class c, LATERAL verify_heapam(c.oid) WHERE relname IN ('rows', 'vectors', 'grams', 'stored')"), '0', 'no table is damaged');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relpersistence <> 'p'"), '0', 'no temporary relation');
	my $built = $node->safe_psql('postgres', "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('built')");
	if ($built eq '' || $victim ne 'postmaster')
	{
		is($built, '', 'no index is half built');
	}
	else
	{
		is($built, 't', 'the index is whole');
		index_is_right($statement =~ /gist/ ? $near : $active, $what);
	}
	$node->safe_psql('postgres', 'DROP INDEX IF EXISTS built; DELETE FROM stored WHERE i = 1');
	is(join(' ', temporary_files()), '', 'no temporary file');
	my $postmaster = $node->{_pid};
	my @strangers = grep
	{
		my $stat = eval { slurp_file("/proc/$_/stat") } // '';
		$_ != $postmaster && $stat =~ /\) \S (\d+)/ && $1 != $postmaster
	} processes();
	is("@strangers", '', 'no process of before');
	return;
}

my %survived;
my $survived = 0;
srand($ENV{NEUROENC_SEED} // 1);
for my $i (0 .. $kills - 1)
{
	my ($victim, $what, $statement, $until) = @{ $cases[ $i % @cases ] };
	my $delay = rand(0.3);
	for my $try (1 .. 6)
	{
		if (killed($victim, $what, $statement, $until, $delay))
		{
			left($victim, $what, $statement);
			$survived{$victim}++;
			$survived++;
			last;
		}
		$delay /= 3;
		$node->safe_psql('postgres', 'DROP INDEX IF EXISTS built; DELETE FROM stored WHERE i = 1');
	}
}
foreach my $index ([ $gist, $near ], [ $gin, $active ])		# the builds again, to their end
{
	$node->safe_psql('postgres', $index->[0]);
	index_is_right($index->[1], $index->[0]);
	$node->safe_psql('postgres', 'DROP INDEX built');
}
is($survived, $kills, "kills survived: $survived of $kills (" . join(', ', map { "$_ $survived{$_}" } sort keys %survived) . ')');

$node->stop;
done_testing();
