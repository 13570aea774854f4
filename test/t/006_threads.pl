# Threads: none until asked for, and every thread but the first has all signals
# blocked that Linux lets a thread block.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

# All but SIGKILL and SIGSTOP, and the two that glibc keeps for itself, which
# it blocks too while a thread starts or ends.
my $all_blocked = qr/^fffffff[ef][7f]ffbfeff$/;

my $node = start_node('threads');
create_rows($node, 'rows', 3000, 600, 3000);

sub masks
{
	my ($pid) = @_;
	my %mask;
	foreach my $file (glob "/proc/$pid/task/*/status")
	{
		my ($thread) = $file =~ m{task/(\d+)/};
		next if $thread == $pid;
		open(my $status, '<', $file) or next;
		my $text = join '', <$status>;
		next if $text =~ /^Threads:\s+0$/m;		# it has ended: nothing is left to read
		next if $text =~ /^Threads:\s+0$/m;			# it has ended: its mask is shown as empty
		$mask{$thread} = $1 if $text =~ /^SigBlk:\s+(\w+)/m;
	}
	return \%mask;
}

# Runs a statement and collects the masks of all threads seen meanwhile.
sub masks_during
{
	my ($session, $pid, $statement) = @_;
	my %seen;
	$session->query_until(qr/started/, "\\echo started\n$statement;\n\\echo finished\n");
	$session->{stdout} = '' unless $session->{stdout} =~ /finished/;
	my $end = time() + 120;
	while ($session->{stdout} !~ /finished/ && time() < $end)
	{
		my $now = masks($pid);
		@seen{ keys %$now } = values %$now;
		$session->{run}->pump_nb;
		select(undef, undef, undef, 0.001);
	}
	$session->{stdout} = '';
	return \%seen;
}

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);

$session->query('SELECT n_samples(gram_agg(x, y, fold)) FROM rows WHERE id < 50;');
is(scalar keys %{ masks($pid) }, 0, 'one thread after load and a small product');

my $seen = masks_during($session, $pid, ridge_statement('rows'));
is_deeply([ grep { $seen->{$_} !~ $all_blocked } keys %$seen ], [], 'threads 1: whatever helper runs has every signal blocked');

$session->query('SET neuroenc.threads = 2;');
$seen = masks_during($session, $pid, ridge_statement('rows'));
cmp_ok(scalar keys %$seen, '>', 0, 'threads 2: other threads were seen');
is_deeply([ grep { $seen->{$_} !~ $all_blocked } keys %$seen ], [], 'threads 2: each has every signal blocked')
  or diag(join ' ', values %$seen);

$seen = masks_during($session, $pid, 'SELECT pca(gram_agg(x), 5) IS NOT NULL FROM rows');
is_deeply([ grep { $seen->{$_} !~ $all_blocked } keys %$seen ], [], 'pca: each has every signal blocked');
$session->quit;

$node->stop;
done_testing();
