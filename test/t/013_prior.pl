# ridge_prior_cv: what would pass the memory limit is refused with both figures,
# and a timeout ends it in each of its phases: the prior's eigenvectors, a fit a
# strength from rows and from moments, the way back to weights.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('prior');
create_rows($node, 'few', 200, 700, 1000);
create_rows($node, 'many', 2000, 200, 200);

my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET neuroenc.memory_limit = '4MB';\n"
	  . "SELECT ridge_prior_cv(gram_agg(x, y[1:1], fold), random_normal('{2000,700}')) FROM few WHERE id <= 20");
like($err, qr/ERROR:  54000: .*needs [0-9.]+ (bytes|kB|MB|GB)/, 'memory limit: program_limit_exceeded, and what it needs');
like($err, qr/HINT:  Give fewer rows of other subjects' weights.*neuroenc\.memory_limit/, 'memory limit: the way out') or diag($err);

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
$session->query("SELECT n_samples(gram_agg(x, y, fold)) FROM few WHERE id < 20;");
my $before = anonymous_kb($pid);
my %statement = map {
	my ($table, $p) = @$_;
	$table => "SELECT count(*) FROM (SELECT ridge_prior_cv(gram_agg(x, y, fold), random_normal('{1200,$p}')) AS e FROM $table) s, targets(s.e) t;"
} [ 'few', 700 ], [ 'many', 200 ];

foreach my $table (sort keys %statement)
{
	ends_in_time($session, "$table rows", $statement{$table});
}

$session->query('RESET statement_timeout;');
is($session->query('SELECT 40 + 2;'), '42', 'the backend is healthy');
cmp_ok(anonymous_kb($pid) - $before, '<', 100_000, 'and its memory is returned');
$session->quit;
is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
