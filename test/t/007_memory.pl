# Peak memory of the ridge_cv statement: under three times X'X and X'Y of all
# folds in float8, whatever n.  And of the dual form: under 1 GB.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('memory');
my ($p, $v, $folds) = (400, 4000, 5);
my $statistics = $folds * ($p * $p + $p * $v) * 8 / 1024;

foreach my $n (500, 2000, 8000, 24_000)
{
	create_rows($node, "rows_$n", $n, $p, $v);
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = backend_pid($session);
	$session->query("SELECT n_samples(gram_agg(x, y, fold)) FROM rows_$n WHERE id < 10;");
	my ($before, $peak) = watch_memory($pid, sub { $session->query(ridge_statement("rows_$n") . ';') });
	is($session->{stderr}, '', "n $n: no error");
	cmp_ok($peak - $before, '<', 3 * $statistics,
		sprintf('n %d: %.0f MB, %.2f times the %.0f MB of all folds\' statistics', $n, ($peak - $before) / 1024,
			($peak - $before) / $statistics, $statistics / 1024));
	cmp_ok(anonymous_kb($pid) - $before, '<', 40_000, "n $n: returned at the end");
	$session->quit;
	$node->safe_psql('postgres', "DROP TABLE rows_$n");
}

create_rows($node, 'wide', 500, 20_000, 2000);
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query('SELECT n_samples(gram_agg(x, y, fold)) FROM wide WHERE id < 3;');
my ($before, $peak) = watch_memory($pid, sub { $session->query(ridge_statement('wide') . ';') });
is($session->{stderr}, '', 'p 20,000: no error');
cmp_ok($peak - $before, '<', 1024 * 1024, sprintf('p 20,000, n 500, v 2,000: %.0f MB', ($peak - $before) / 1024));
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
