# statement_timeout on long work: back within a second of it, the backend
# healthy, its memory returned.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Time::HiRes qw(time);
use Test::More;

my $node = start_node('timeout');
create_rows($node, 'rows', 2500, 700, 2500);

my $fit = ridge_statement('rows');
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query("SELECT n_samples(gram_agg(x, y, fold)) FROM rows WHERE id < 20;");
my $before = anonymous_kb($pid);

my $started = time();
$session->query("$fit;");
my $whole = time() - $started;
is($session->{stderr}, '', sprintf('the statement runs to its end in %.1f s', $whole));

# The asked-for 300 ms, then through all phases of the statement.
foreach my $case ([ 300, 1 ], [ 300, 2 ], map { [ int($_ * $whole * 1000 / 8), 1 ] } 1 .. 7)
{
	my ($ms, $threads) = @$case;
	my ($took, $said) = timed_out($session, $ms, "SET neuroenc.threads = $threads;\n$fit;");
	if ($said =~ /canceling statement due to statement timeout/)
	{
		cmp_ok($took, '<', $ms / 1000 + 1,
			sprintf('timeout of %d ms, threads %d: back after %d ms', $ms, $threads, $took * 1000));
	}
	else
	{
		is($said, '', "timeout of $ms ms: it had ended before");
	}
}

$session->query('RESET statement_timeout; RESET neuroenc.threads;');
is($session->query('SELECT 40 + 2;'), '42', 'the backend is healthy');
cmp_ok(anonymous_kb($pid) - $before, '<', 100_000, 'and its memory is returned');
$session->{stderr} = '';
$session->query("$fit;");
is($session->{stderr}, '', 'the same session runs the statement afterwards');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
