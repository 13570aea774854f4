# Threads: none until asked for, and every thread but the first has all signals
# blocked that Linux lets a thread block.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('threads');
create_rows($node, 'rows', 3000, 600, 3000);

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
		my %now = other_threads($pid);
		@seen{ keys %now } = values %now;
		$session->{run}->pump_nb;
		select(undef, undef, undef, 0.001);
	}
	$session->{stdout} = '';
	return \%seen;
}

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);

$session->query('SELECT n_samples(gram_agg(x, y, fold)) FROM rows WHERE id < 50;');
ok(wait_until(5, sub { !other_threads($pid) }), 'one thread after load and a small product');

my $seen = masks_during($session, $pid, ridge_statement('rows'));
is_deeply([ grep { !all_signals_blocked($_) } values %$seen ], [], 'threads 1: whatever helper runs has every signal blocked');

$session->query('SET neuroenc.threads = 2;');
$seen = masks_during($session, $pid, ridge_statement('rows'));
cmp_ok(scalar keys %$seen, '>', 0, 'threads 2: other threads were seen');
is_deeply([ grep { !all_signals_blocked($_) } values %$seen ], [], 'threads 2: each has every signal blocked')
  or diag(join ' ', values %$seen);

$seen = masks_during($session, $pid, 'SELECT pca(gram_agg(x), 5) IS NOT NULL FROM rows');
is_deeply([ grep { !all_signals_blocked($_) } values %$seen ], [], 'pca: each has every signal blocked');
$session->quit;

$node->stop;
done_testing();
