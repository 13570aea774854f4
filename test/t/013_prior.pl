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

my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET neuroenc.memory_limit = '6MB';\n"
	  . "SELECT ridge_prior_cv(gram_agg(x, y[1:1], fold), random_normal('{2000,700}')) FROM few WHERE id <= 20");
like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, 'memory limit: program_limit_exceeded, and what it needs');
like($err, qr/HINT:  Give fewer rows of other subjects' weights.*neuroenc\.memory_limit/, 'memory limit: the way out') or diag($err);

my %statement = map {
	my ($table, $p) = @$_;
	"$table rows" => "SELECT count(*) FROM (SELECT ridge_prior_cv(gram_agg(x, y, fold), random_normal('{1200,$p}')) AS e FROM $table) s, targets(s.e) t"
} [ 'few', 700 ], [ 'many', 200 ];

left_healthy($node, 4, [ 'SELECT n_samples(gram_agg(x, y, fold)) FROM few WHERE id < 20', '19' ], %statement)->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
