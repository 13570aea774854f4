# What the TAP tests share: a node with the extension, rows to fit, and what
# /proc tells of a backend.

package Neuroenc;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use POSIX ();
use Time::HiRes qw(sleep time);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_node create_rows ridge_statement backend_pid anonymous_kb watch_memory
  stolen other_threads all_signals_blocked threads_at_once client_processes timed_out refusal left_healthy same_with_threads wait_until crashes);

# A running node; the extension is in database postgres.
# Scans begin at the first row, also after one that was cancelled in its middle: sums round alike.
sub start_node
{
	my ($name, $settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', <<CONF);
fsync = off
shared_buffers = 64MB
max_wal_size = 4GB
autovacuum = off
synchronize_seqscans = off
jit = off
CONF
	$node->append_conf('postgresql.conf', $settings) if defined $settings;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION neuroenc;' . slurp_file("$FindBin::Bin/../free_combine.sql"));
	return $node;
}

# n rows of x (p features) and y (v targets) in five folds: y has signal from x.
sub create_rows
{
	my ($node, $table, $n, $p, $v, $workers) = @_;
	$workers //= 0;
	my $repeats = int($v / $p) + 1;
	$node->safe_psql('postgres', <<SQL);
CREATE TABLE $table (id int, x tensor, y tensor, fold int)
	WITH (toast_tuple_target = 8160, parallel_workers = $workers);
INSERT INTO $table
	SELECT i, random_normal(ARRAY[$p], i), random_normal(ARRAY[$v], 1000000 + i), i % 5
	FROM generate_series(1, $n) i;
SQL
	return;
}

# The main job over such a table, one row of answers.
sub ridge_statement
{
	my ($table, $alphas) = @_;
	$alphas //= 'ARRAY[0.1, 1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8]::float8[]';
	return "SELECT count(*), avg(r2) FROM (SELECT ridge_cv(gram_agg(x, y, fold), alphas => $alphas) AS e "
	  . "FROM $table) s, targets(s.e) t";
}

sub backend_pid
{
	my ($session) = @_;
	my $pid = $session->query('SELECT pg_backend_pid()');
	$pid =~ s/\D//g;
	return $pid;
}

# Anonymous memory of a process in kB: its own, without shared buffers and files.
sub anonymous_kb
{
	my ($pid) = @_;
	open(my $status, '<', "/proc/$pid/status") or return 0;
	while (my $line = <$status>)
	{
		return $1 if $line =~ /^RssAnon:\s+(\d+) kB/;
	}
	return 0;
}

# Runs $code while a child process samples a backend's anonymous memory.
# Returns (kB at the start, kB at the peak).
sub watch_memory
{
	my ($pid, $code) = @_;
	my $before = anonymous_kb($pid);
	pipe(my $reader, my $writer) or die "pipe: $!";
	my $child = fork();
	die "fork: $!" unless defined $child;
	if ($child == 0)
	{
		my ($peak, $done) = (0, 0);
		local $SIG{TERM} = sub { $done = 1 };
		close $reader;
		while (!$done)
		{
			my $now = anonymous_kb($pid);
			$peak = $now if $now > $peak;
			select(undef, undef, undef, 0.002);
		}
		syswrite($writer, "$peak\n");
		POSIX::_exit(0);
	}
	close $writer;
	my $good = eval { $code->(); 1 };
	my $error = $@;
	kill 'TERM', $child;
	my $peak = <$reader>;
	waitpid($child, 0);
	die $error unless $good;
	chomp $peak;
	return ($before, $peak);
}

# A backend's threads but its first: thread id => its mask of blocked signals.
sub other_threads
{
	my ($pid) = @_;
	my %mask;
	foreach my $file (glob "/proc/$pid/task/*/status")
	{
		my ($thread) = $file =~ m{task/(\d+)/};
		next if $thread == $pid;
		open(my $status, '<', $file) or next;
		my $text = join '', <$status>;
		next if $text =~ /^Threads:\s+0$/m;			# it has ended: its mask is shown as empty
		$mask{$thread} = $1 if $text =~ /^SigBlk:\s+(\w+)/m;
	}
	return %mask;
}

# All but SIGKILL and SIGSTOP, and the two that glibc keeps for itself, which
# it blocks too while a thread starts or ends.
sub all_signals_blocked
{
	my ($mask) = @_;
	return $mask =~ /^fffffff[ef][7f]ffbfeff$/;
}

# How many of the threads of this look were there in the two looks before as
# well.  A joined thread is listed for a moment longer, and one look is not one
# moment, so that a single look sees more threads than ever run at once.
sub threads_at_once
{
	my ($looks, %now) = @_;
	push @$looks, \%now;
	shift @$looks if @$looks > 3;
	return 0 if @$looks < 3;
	return scalar grep { exists $looks->[0]{$_} && exists $looks->[1]{$_} } keys %now;
}

# Processes of the node that serve clients or are parallel workers, by pid.
sub client_processes
{
	my ($node) = @_;
	my $postmaster = $node->{_pid};
	my %found;
	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open(my $stat, '<', $file) or next;
		my $line = <$stat> // next;
		my ($pid, $parent) = $line =~ /^(\d+) \(.*\) \S (\d+)/ or next;
		next unless $parent == $postmaster;
		open(my $command, '<', "/proc/$pid/cmdline") or next;
		my $title = <$command> // '';
		$title =~ s/\0+$//;
		next
		  if $title =~
		  /(checkpointer|background writer|walwriter|autovacuum launcher|logical replication launcher|stats collector|io worker|logger|archiver|startup)/;
		$found{$pid} = $title;
	}
	return \%found;
}

# Seconds that the host kept a processor of this machine from running what was ready, on average.
sub stolen
{
	open(my $stat, '<', '/proc/stat') or return 0;
	my ($ticks, $processors) = (0, 0);
	while (my $line = <$stat>)
	{
		$ticks = (split ' ', $line)[8] // 0 if $line =~ /^cpu /;
		$processors++ if $line =~ /^cpu\d/;
	}
	return $ticks / 100 / ($processors || 1);
}

# The seconds that a statement took under a timeout of $ms, and what it said.  A
# machine that pauses is not our latency: what the host took is left out, and a
# slow answer has two more tries.
sub timed_out
{
	my ($session, $ms, $statement) = @_;
	my $took;
	for my $try (1 .. 3)
	{
		$session->{stderr} = '';
		my ($start, $taken) = (time(), stolen());
		$session->query("SET statement_timeout = $ms;\n$statement");
		$took = time() - $start - (stolen() - $taken);
		last if $took < $ms / 1000 + 1;
	}
	return ($took, $session->{stderr});
}

# What a statement is refused with under a memory limit, verbosely.  One process:
# on a parallel plan it depends on who has which rows what is refused first.
sub refusal
{
	my ($node, $limit, $statement) = @_;
	my ($status, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSET max_parallel_workers_per_gather = 0; SET neuroenc.memory_limit = '$limit';\n$statement");
	return $err;
}

# Statements (name => text) under timeouts, in a session of their own: back within
# a second, by a cancel unless they ended before; no memory is claimed any more, at
# most one helper thread is left and soon none, and nothing grows.  The session
# goes on: a query of $sound, which is [ query, answer ], or a number of rows in
# table few, answers as ever, and memory is returned.  Timeouts are [ms, threads]; a
# number of them: the statement runs to its end, and then by so many steps through
# its phases.  With NEUROENC_MOMENTS=N see Moments.pm.  Returns the session.
sub left_healthy
{
	my ($node, $timeouts, $sound, %statements) = @_;
	$sound = [ 'SELECT count(*) FROM few', $sound ] unless ref $sound;
	my ($small, $answer) = @$sound;
	if ($ENV{NEUROENC_MOMENTS})
	{
		require Moments;
		Moments::attack($node, $_, $statements{$_}, $ENV{NEUROENC_MOMENTS}, @$sound) foreach sort keys %statements;
	}
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = backend_pid($session);
	is($session->query("$small;"), $answer, 'the small query');
	my $before = anonymous_kb($pid);
	foreach my $name (sort keys %statements)
	{
		foreach my $case (ref $timeouts ? @$timeouts : all_the_way($session, $timeouts, $name, $statements{$name}))
		{
			my ($ms, $threads) = @$case;
			my ($took, $said) = timed_out($session, $ms, "SET neuroenc.threads = $threads;\n$statements{$name};");
			my $at = "$name, threads $threads, timeout of $ms ms";
			ok($said !~ /ERROR/ || $said =~ /canceling statement due to statement timeout/, "$at: cancelled") or diag($said);
			cmp_ok($took, '<', $ms / 1000 + 1, sprintf('%s: back after %d ms', $at, $took * 1000));
			cmp_ok(scalar keys %{ { other_threads($pid) } }, '<=', 1, "$at: at most a helper is left");
			is($session->query('RESET statement_timeout; SELECT memory_in_use FROM neuroenc_info();'), '0', "$at: no memory is in use");
		}
	}
	ok(wait_until(10, sub { !other_threads($pid) }), 'no thread is left');
	$session->query('RESET neuroenc.threads;');
	$session->{stderr} = '';
	is($session->query("$small;"), $answer, 'the backend is healthy');
	cmp_ok(anonymous_kb($pid) - $before, '<', 100_000, 'and its memory is returned');
	return $session;
}

# Runs a statement to its end; $n timeouts on its way.
sub all_the_way
{
	my ($session, $n, $name, $statement) = @_;
	my $started = time();
	$session->{stderr} = '';
	$session->query("$statement;");
	my $whole = time() - $started;
	is($session->{stderr}, '', sprintf('%s: runs to its end in %.1f s', $name, $whole));
	return map { [ int($_ * $whole * 1000 / ($n + 1)) + 1, 1 + $_ % 2 ] } 1 .. $n;
}

# The answer of each statement (name => text) is the same, bit for bit, with one
# thread and with three; and each stage of its progress ends with its work done.
# Without parallel workers, which give rows in any order.
sub same_with_threads
{
	my ($node, %statements) = @_;
	foreach my $name (sort keys %statements)
	{
		my ($said, $untrue);
		my $alone = 'SET max_parallel_workers_per_gather = 0;';
		my $one = $node->safe_psql('postgres', "$alone\n$statements{$name}");
		$node->psql('postgres', "$alone SET client_min_messages = debug2; SET neuroenc.threads = 3;\n$statements{$name}", stdout => \my $three, stderr => \$said);
		is($three, $one, "$name: the same with 3 threads");
		$untrue = join "\n", grep { !/: ends at (?:100\.\d|99\.\d) % of its work/ } grep { /of its work/ } split /\n/, $said;
		is($untrue, '', "$name: the work of each stage is what was said");
		if ($ENV{NEUROENC_MOMENTS})
		{
			require Moments;
			Moments::attack($node, "$name, small", $statements{$name}, $ENV{NEUROENC_MOMENTS} / 5, 'SELECT 42', '42');
		}
	}
	return;
}

# Polls until $code is true; false after $seconds.
sub wait_until
{
	my ($seconds, $code, $step) = @_;
	$step //= 0.05;
	my $end = time() + $seconds;
	while (time() < $end)
	{
		return 1 if $code->();
		sleep($step);
	}
	return $code->() ? 1 : 0;
}

# How often the server lost a process to a signal or restarted.
sub crashes
{
	my ($node) = @_;
	my $log = slurp_file($node->logfile);
	my @found = $log =~ /(was terminated by signal|reinitializing)/g;
	return scalar @found;
}

1;
