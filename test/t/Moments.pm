# The long form of the statements that other tests put under timeouts, and what
# it judges by.  With NEUROENC_MOMENTS=N each statement is run whole (or as long
# as CAP allows) and its progress notices are judged; it is ended at N random
# moments, by statement_timeout and by pg_cancel_backend by turns; its client is
# lost at some more; and it is run under memory limits from the least upwards.
# Each statement is one test.  Its figures are a line of the file that
# NEUROENC_MOMENTS_LOG names; test/run adds them up.

package Moments;

use strict;
use warnings;

use IPC::Run ();
use List::Util qw(max min sum0);
use Neuroenc;
use Time::HiRes qw(sleep time);
use Test::More;

use constant {
	CAP => 8,				# s: so much of a statement is run whole
	LATEST => 3,			# s: the last moment
	BAR => 1.0,				# s: an ended statement is back within it
	LOST_CLIENTS => 3,
	LEAST_LIMIT => 1024,	# kB, as the setting's
	MOST_LIMIT => 4194304,
	STEP => 1.5,			# from one memory limit to the next
	LIMIT_CAP => 6000,		# ms: what fits a limit so long is taken to fit it
	OVER_LIMIT => 16384,	# kB: over the limit and what is held
};

# kB: what a statement that is refused at once may have taken, for the values it is given; a test of larger values raises it
our $held_most = 196608;

# ---- a statement that goes on while we look

sub begin
{
	my ($session, $sql) = @_;
	my $banner = 'moments ' . ++$session->{moments};
	$session->{banner} = qr/^$banner\r?\n/m;
	$session->{$_} = '' foreach qw(stdout stderr);
	$session->{timeout}->start;
	$session->{stdin} .= "$sql\n;\n\\echo '$banner'\n\\warn '$banner'\n";
	$session->{run}->pump_nb;
	return;
}

sub ended
{
	my ($session) = @_;
	return $session->{stdout} =~ $session->{banner} && $session->{stderr} =~ $session->{banner};
}

# Waits for the end: what it printed and what it complained of.
sub finish
{
	my ($session) = @_;
	until (ended($session))
	{
		$session->{run}->pump;
		die 'psql timed out' if $session->{timeout}->is_expired;
	}
	my ($out, $err) = @$session{qw(stdout stderr)};
	s/$session->{banner}// foreach $out, $err;
	$session->{$_} = '' foreach qw(stdout stderr);
	return ($out, $err);
}

# ---- progress

# Runs a statement: what finish returns, the seconds, its notices as [ second, text ].
sub watched
{
	my ($session, $sql) = @_;
	my @notices;
	my ($start, $taken) = (time(), stolen());
	my $elapsed = sub { max(0, time() - $start - (stolen() - $taken)) };
	begin($session, $sql);
	until (ended($session))
	{
		$session->{run}->pump;
		my @lines = $session->{stderr} =~ /^(?:psql:\S+ )?NOTICE:  (.*)\n/mg;
		push @notices, [ $elapsed->(), $lines[$_] ] foreach scalar(@notices) .. $#lines;
	}
	my $seconds = $elapsed->();
	return (finish($session), $seconds, \@notices);
}

# What is wrong with the notices of a statement that ran so many seconds under
# neuroenc.progress = 1: per cents that fall, a stage that is done long before
# its end, one that ends unsaid, and longer silence than the setting's and two
# seconds.
sub progress_faults
{
	my ($seconds, $ended, $notices) = @_;
	my (@faults, @open);			# [ name, per cent, second of 100 % ] from the outermost stage inwards
	my ($last, $silent) = (0, 0);
	foreach my $notice (@$notices, [ $seconds, '' ])
	{
		my ($at, $text) = @$notice;
		$silent = max($silent, $at - $last);
		push @faults, sprintf('%.1f s of silence before %.1f s: %s', $at - $last, $at, $text) if @open && $at - $last > 3;
		$last = $at;
		next if $text eq '' || $text =~ /^[^:]*: \d+ rows$/;
		if ($text =~ /^(.*): 100 %, [\d.]+ s$/)
		{
			my ($level) = grep { $open[$_][0] eq $1 } reverse 0 .. $#open;
			push @faults, "ends without having begun: $text" unless defined $level;
			push @faults, sprintf('%s: at 100 %% for the last %.1f s', $1, $at - $open[$level][2])
			  if defined $level && defined $open[$level][2] && $at - $open[$level][2] > 2;
			$#open = ($level // @open) - 1;
			next;
		}
		my @stages = $text =~ /\G(.+?): (\d+) %(?:, (?:about \d+ s left$)?|$)/g;
		foreach my $level (0 .. $#stages / 2)
		{
			my ($name, $percent) = @stages[ 2 * $level, 2 * $level + 1 ];
			my $before = $open[$level];
			if (defined $before && $before->[0] ne $name)
			{
				push @faults, "$before->[0] ended unsaid: $text";
				$#open = $level - 1;
				$before = undef;
			}
			push @faults, "$name fell from $before->[1] %: $text" if defined $before && $percent < $before->[1];
			$open[$level] = [ $name, $percent, $percent < 100 ? undef : $before->[2] // $at ];
		}
	}
	push @faults, map { "$_->[0] ended unsaid" } @open if $ended;
	return ($silent, @faults);
}

# ---- what is left behind

# The memory contexts of a session by name: [ how many, their bytes ].  PostgreSQL makes one at the first message of a
# parallel worker, which may be at any moment, and keeps it.
sub contexts_of
{
	my ($session) = @_;
	my $listed = $session->query('SELECT name, count(*), sum(total_bytes) FROM pg_backend_memory_contexts '
		  . "WHERE name <> 'HandleParallelMessages' GROUP BY name;");
	return { map { my ($name, $count, $bytes) = /^(.*)\|(\d+)\|(\d+)$/; ($name => [ $count, $bytes ]) } split /\n/, $listed };
}

# What has grown from one look to the next.
sub grown
{
	my ($before, $after) = @_;
	return map {
		my ($count, $bytes) = @{ $before->{$_} // [ 0, 0 ] };
		$after->{$_}[1] > $bytes ? "$_: $count of $bytes bytes, now $after->{$_}[0] of $after->{$_}[1]" : ()
	} sort keys %$after;
}

# ---- one statement

sub clear_timeout
{
	my ($session) = @_;
	for (1 .. 50)		# a timeout of 1 ms can end this too
	{
		return if $session->query('SET statement_timeout = 0; SHOW statement_timeout;') eq '0';
	}
	die 'statement_timeout is not to be reset';
}

# A cancel that is sent before the statement has arrived is for nothing, as it
# should be.  Returns when it was sent, as time() and stolen() tell.
sub cancel_once_active
{
	my ($session, $other, $pid) = @_;
	my @sent = (time(), stolen());
	until (ended($session))
	{
		@sent = (time(), stolen());
		last if $other->query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $pid AND state = 'active';") eq 't';
		$session->{run}->pump_nb;
	}
	return @sent;
}

# Ends a statement after so many seconds, by a timeout or by another session's
# cancel.  Returns the seconds that it went on, and what it said.
sub end_at
{
	my ($session, $other, $pid, $statement, $after, $threads, $how) = @_;
	$session->query("SET neuroenc.threads = $threads;");
	my ($start, $taken) = (time(), stolen());
	if ($how eq 'timeout')
	{
		my $ms = max(1, int($after * 1000));
		$start += $ms / 1000;
		begin($session, "SET statement_timeout = $ms;\n$statement");
	}
	else
	{
		begin($session, $statement);
		sleep($after);
		($start, $taken) = cancel_once_active($session, $other, $pid);
	}
	my ($out, $said) = finish($session);
	my $latency = time() - $start - (stolen() - $taken);
	clear_timeout($session) if $how eq 'timeout';
	return ($latency, $said);
}

# Kills a client so many seconds after the statement began; the seconds until its backend is gone.
sub lose_client
{
	my ($node, $other, $statement, $after, $threads, $cancel) = @_;
	my ($in, $out, $err) = ("SET client_connection_check_interval = 50; SET neuroenc.threads = $threads;\nSELECT pg_backend_pid();\n$statement;\n", '', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$in, \$out, \$err);
	IPC::Run::pump($psql) until $out =~ /^(\d+)\n/;
	my ($pid) = $out =~ /^(\d+)\n/;
	sleep($after);
	$other->query("SELECT pg_cancel_backend($pid);") if $cancel;
	my ($start, $taken) = (time(), stolen());
	IPC::Run::kill_kill($psql, grace => 0);
	wait_until(30, sub { !-e "/proc/$pid" }, 0.005);
	return time() - $start - (stolen() - $taken);
}

# Peak of a backend's anonymous memory, in kB, while $code runs, over what it had
# before; from the kernel's own mark of the most that was resident.
sub growth_during
{
	my ($pid, $code) = @_;
	my $status = sub {
		open(my $file, '<', "/proc/$pid/status") or return;
		return map { /^(VmHWM|RssAnon|RssFile|RssShmem):\s+(\d+) kB/ ? ($1 => $2) : () } <$file>;
	};
	open(my $mark, '>', "/proc/$pid/clear_refs") or die "clear_refs: $!";
	print $mark "5\n";
	close $mark;
	my %before = $status->();
	$code->();
	my %after = $status->();
	return $after{VmHWM} - $after{RssFile} - $after{RssShmem} - $before{RssAnon};
}

# Under limits from the least upwards until one is enough: each answer right, or
# refused with what is needed, the limit and a way out, and no more memory taken
# than the limit and what was held.  Values are bounded one by one, not together:
# a statement of which nothing but a value was refused may hold $held_most.
sub climb
{
	my ($session, $pid, $statement, $answer, $figures) = @_;
	my (@faults, @peaks, $held, $claims);
	$session->query("\\set VERBOSITY verbose\nSET max_parallel_workers_per_gather = 0;");
	for (my $limit = LEAST_LIMIT; $limit <= MOST_LIMIT; $limit = int($limit * STEP))
	{
		my ($out, $said);
		my $peak = growth_during($pid, sub {
			begin($session, "SET neuroenc.memory_limit = $limit; SET statement_timeout = " . LIMIT_CAP . ";\n$statement");
			($out, $said) = finish($session);
		});
		clear_timeout($session);
		$figures->{steps}++;
		$held //= min($peak, $held_most);
		push @peaks, [ $limit, $peak ];
		$claims ||= $said =~ /ERROR:  54000: (?!a tensor )/;
		if ($said =~ /ERROR/)
		{
			last if $said =~ /ERROR:  57014:/;
			push @faults, "limit $limit kB: $said"
			  unless $said =~ /ERROR:  54000: .*needs [0-9.]+ (?:bytes|kB|MB|GB).*\nDETAIL:  The limit is .*\n(?:.*\n)*?HINT:  .*neuroenc\.memory_limit/;
			$figures->{refused}++ if $said =~ /ERROR:  54000:/;
		}
		else
		{
			push @faults, "limit $limit kB: another answer" if defined $answer && $out ne $answer;
			last;
		}
	}
	$held = $held_most if !$claims && $figures->{refused};
	foreach (@peaks)
	{
		my ($limit, $peak) = @$_;
		my $over = $peak - $limit - $held;
		($figures->{over}, $figures->{at}, $figures->{held}) = ($over, $limit, $held) unless defined $figures->{over} && $over <= $figures->{over};
		push @faults, "limit $limit kB: took $peak kB, beside $held kB" if $over > OVER_LIMIT;
	}
	$session->query("\\set VERBOSITY default\nRESET neuroenc.memory_limit; RESET max_parallel_workers_per_gather;");
	return @faults;
}

sub random_moment
{
	my ($seconds) = @_;
	return 0.001 * exp(rand() * log(max(2, 1000 * min($seconds, LATEST))));
}

# All of it.  $sound is a small query and $result what it must answer afterwards.
sub attack
{
	my ($node, $name, $statement, $n_moments, $sound, $result) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $other = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = backend_pid($session);
	$_->set_query_timer_restart foreach $session, $other;
	my %figures = (moments => 0, cancelled => 0, worst => 0, again => 0, lost => 0, steps => 0, refused => 0);
	my @faults;
	srand(unpack('%32C*', $name) * 1000 + $n_moments);

	# whole, and what it tells
	my ($out, $said, $whole, $notices) = watched($session, 'SET max_parallel_workers_per_gather = 0; SET neuroenc.threads = 2; SET neuroenc.progress = 1; SET statement_timeout = '
		  . CAP * 1000 . ";\n$statement");
	clear_timeout($session);
	$session->query("$sound;");		# without workers too: those might read all of its rows, and later this session some
	$session->query('RESET max_parallel_workers_per_gather; RESET neuroenc.progress;');
	my $answer = $said =~ /ERROR/ ? undef : $out;
	push @faults, "whole: $said" if $said =~ /ERROR/ && $said !~ /statement timeout/;
	@figures{qw(whole ended notices)} = ($whole, defined $answer ? 1 : 0, scalar @$notices);
	my ($silent, @unsaid) = progress_faults($whole, defined $answer, $notices);
	$figures{silent} = $silent;
	push @faults, @unsaid;

	# random moments
	my $before;
	for my $moment (0 .. $n_moments)		# the first is a rehearsal: what an error loads is there afterwards
	{
		my $after = $moment == 0 ? min($whole / 2, LATEST) : random_moment($whole);
		my ($how, $threads) = (($moment % 2 ? 'timeout' : 'cancel'), ($moment >> 1) % 2 + 1);
		my ($latency, $at) = (0, sprintf('%d ms, %s, threads %d', $after * 1000, $how, $threads));
		for my $try (1 .. 3)
		{
			($latency, $said) = end_at($session, $other, $pid, $statement, $after, $threads, $how);
			last if $latency < BAR;
			diag(sprintf('%s, %s: back after %.2f s', $name, $at, $latency));
			$figures{again}++;
		}
		my $threads_left = keys %{ { other_threads($pid) } };
		$figures{moments}++;
		$figures{cancelled}++ if $said =~ /ERROR/;
		$figures{worst} = max($figures{worst}, $latency);
		push @faults, sprintf('%s: back after %.2f s', $at, $latency) if $latency >= BAR;
		push @faults, "$at: $said" if $said =~ /ERROR/ && $said !~ /canceling statement due to (statement timeout|user request)/;
		push @faults, "$at: $threads_left threads left" if $threads_left > 1;
		push @faults, "$at: a thread is left for over 10 s" unless wait_until(10, sub { !other_threads($pid) }, 0.02);
		my $in_use = $session->query('SELECT memory_in_use FROM neuroenc_info();');
		push @faults, "$at: $in_use bytes are still claimed" if $in_use ne '0';
		my $small = $session->query("$sound;");
		push @faults, "$at: the next query says $small" if $small ne $result;
		my $now = contexts_of($session);
		$before //= $now;
		push @faults, map { "$at: $_" } grown($before, $now);
		last if @faults > 20;
	}

	# lost clients
	for my $i (1 .. LOST_CLIENTS)
	{
		my $after = random_moment($whole);
		my $seconds = lose_client($node, $other, $statement, $after, $i % 2 + 1, $i == 2);
		$figures{lost}++;
		$figures{gone} = max($figures{gone} // 0, $seconds);
		push @faults, sprintf('client lost after %d ms: its backend is gone after %.2f s', $after * 1000, $seconds) if $seconds >= BAR;
	}
	push @faults, climb($session, $pid, $statement, $answer, \%figures);
	$session->quit;
	$other->quit;

	is(join("\n", @faults), '', sprintf('%s: %d moments of %.1f s, worst %d ms; %d clients lost; %d limits', $name, $figures{moments}, $whole,
			1000 * $figures{worst}, $figures{lost}, $figures{steps}));
	if (defined $ENV{NEUROENC_MOMENTS_LOG})
	{
		open(my $log, '>>', $ENV{NEUROENC_MOMENTS_LOG}) or die "$ENV{NEUROENC_MOMENTS_LOG}: $!";
		printf $log "%s\t%s\t%s\n", $0 =~ s{.*/}{}r, $name, join "\t", map { "$_=" . ($figures{$_} // 0) } sort keys %figures;
		close $log;
	}
	return;
}

1;
