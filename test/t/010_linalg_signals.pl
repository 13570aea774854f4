# Each thread beside a backend's first has every signal blocked: those of a
# product, and LAPACK's helper under an eigenproblem and an SVD.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Time::HiRes qw(sleep time);
use Test::More;

my $node = start_node('linalg_signals');
$node->safe_psql('postgres', <<SQL);
CREATE TABLE square AS SELECT astype(random_normal('{1800,1800}', 1), 'float8') AS t;
CREATE TABLE symmetrical AS SELECT t + transpose(t) AS t FROM square;
SQL

my $session = $node->background_psql('postgres');
my $pid = backend_pid($session);
$session->query('SELECT blas_threads FROM neuroenc_info();');
ok(!other_threads($pid), 'no thread after loading the library');

sub watch
{
	my ($name, $threads, $statement) = @_;
	my (%seen, @looks);
	my $most = 0;
	my $end = time() + 120;
	$session->query_until(qr/started/, "SET neuroenc.threads = $threads;\n\\echo started\n$statement;\n\\echo finished\n");
	while ($session->{stdout} !~ /finished/ && time() < $end)
	{
		my %now = other_threads($pid);
		@seen{ keys %now } = values %now;
		my $at_once = threads_at_once(\@looks, %now);
		$most = $at_once if $at_once > $most;
		$session->{run}->pump_nb;
		sleep(0.002);
	}
	$session->{stdout} = '';
	cmp_ok(scalar keys %seen, '>', 0, "$name, threads $threads: other threads were seen");
	cmp_ok($most, '<=', $threads == 1 ? 1 : $threads - 1, '... no more than were asked for');
	is_deeply([ grep { !all_signals_blocked($_) } values %seen ], [], '... each with every signal blocked');
	ok(wait_until(5, sub { !other_threads($pid) }), '... and gone afterwards');
	return;
}

watch('product', 2, "SELECT shape(matmul(t, matmul(t, matmul(t, t)))) FROM square");
watch('product', 4, "SELECT shape(matmul(t, matmul(t, matmul(t, t)))) FROM square");
watch('eigenproblem', 1, 'SELECT shape(e.values) FROM symmetrical, eigh(t) AS e');
watch('eigenproblem', 2, 'SELECT shape(e.values) FROM symmetrical, eigh(t) AS e');
watch('svd', 1, 'SELECT shape(d.s) FROM square, svd(t) AS d');

# Signals that arrive while threads work do what they do without them.
$session->query_until(qr/started/, "\\echo started\nSELECT shape(e.values) FROM symmetrical, eigh(t) AS e;\n\\echo finished\n");
for (1 .. 40)
{
	$node->safe_psql('postgres', "SELECT pg_log_backend_memory_contexts($pid)") if $_ % 10 == 0;
	$node->reload if $_ % 10 == 5;
	sleep(0.02);
}
my $end = time() + 120;
while ($session->{stdout} !~ /finished/ && time() < $end)
{
	$session->{run}->pump_nb;
	sleep(0.01);
}
like($session->{stdout}, qr/\{1800\}/, 'reload and memory reports amid the work change nothing');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
