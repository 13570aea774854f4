# statement_timeout on an eigenproblem of 4,000 and an SVD of 2,000 x 2,000:
# back within a second of it in every phase, the backend healthy, its memory
# returned.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Time::HiRes qw(time);
use Test::More;

my $node = start_node('linalg_timeout');
$node->safe_psql('postgres', <<SQL);
CREATE TABLE eigh_4000 AS SELECT t + transpose(t) AS t FROM (SELECT astype(random_normal('{4000,4000}', 1), 'float8') AS t OFFSET 0) AS s;
CREATE TABLE svd_2000 AS SELECT astype(random_normal('{2000,2000}', 1), 'float8') AS t;
CREATE TABLE eigh_1500 AS SELECT t + transpose(t) AS t FROM (SELECT astype(random_normal('{1500,1500}', 1), 'float8') AS t OFFSET 0) AS s;
CREATE TABLE svd_1200 AS SELECT astype(random_normal('{1200,1200}', 1), 'float8') AS t;
SQL
my %statement = (
	eigh_4000 => 'SELECT shape(e.values) FROM eigh_4000, eigh(t) AS e;',
	svd_2000 => 'SELECT shape(d.s) FROM svd_2000, svd(t) AS d;',
	eigh_1500 => 'SELECT shape(e.values) FROM eigh_1500, eigh(t) AS e;',
	svd_1200 => 'SELECT shape(d.s) FROM svd_1200, svd(t) AS d;');

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query('SELECT threads FROM neuroenc_info();');
my $before = anonymous_kb($pid);

sub interrupted_after
{
	my ($name, $threads, $ms) = @_;
	my ($took, $said) = timed_out($session, $ms, "SET neuroenc.threads = $threads;\n$statement{$name}");
	if ($said =~ /canceling statement due to statement timeout/)
	{
		cmp_ok($took, '<', $ms / 1000 + 1.0, sprintf('%s, threads %d, timeout of %d ms: back after %d ms', $name, $threads, $ms, $took * 1000));
	}
	else
	{
		is($said, '', "$name: it had ended before $ms ms");
	}
	$session->query('RESET statement_timeout;');
	my $in_use = $session->query('SELECT memory_in_use FROM neuroenc_info();');
	is($in_use, '0', '... and no memory is in use') if $in_use ne '0';
	return;
}

foreach my $threads (1, 2)
{
	interrupted_after('eigh_4000', $threads, 300);
	interrupted_after('svd_2000', $threads, 300);
}

# Through the phases: reading, panels, LAPACK's helper, transforming back.
foreach my $name ('eigh_1500', 'svd_1200')
{
	$session->query('SET neuroenc.threads = 1;');
	my $started = time();
	$session->query($statement{$name});
	my $whole = time() - $started;
	interrupted_after($name, 1, int(1000 * $whole * $_ / 16) + 1) foreach 1 .. 15;
}

is($session->query('SELECT memory_in_use FROM neuroenc_info();'), '0', 'no memory is in use');
ok(wait_until(20, sub { scalar(glob "/proc/$pid/task/*") && anonymous_kb($pid) - $before < 60_000 }), 'the memory is returned, that of a helper left behind when it ends')
  or diag(anonymous_kb($pid) - $before . ' kB more');
$session->{stderr} = '';
like($session->query($statement{svd_1200}), qr/\{1200\}/, 'the same session runs the statement afterwards');
is($session->query('SELECT 40 + 2;'), '42', 'the backend is healthy');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
