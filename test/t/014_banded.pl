# banded_ridge_cv, split_r2 and variance_partition: what would pass the memory
# limit is refused with both figures, and a timeout ends them in each of their
# phases: sums, draws from moments and from the kernel, the fit a draw.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('banded');
create_rows($node, 'few', 300, 900, 300);
create_rows($node, 'many', 3000, 300, 300);

my %call = (
	'banded_ridge_cv' => "targets(banded_ridge_cv(g, '{100,200}'))",
	'split_r2' => "split_r2(ridge(g, 1), g, '{100,200}')",
	'variance_partition' => "variance_partition(g, '{100,200}')");
foreach my $name (sort keys %call)
{
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nCREATE TEMP TABLE one AS SELECT gram_agg(x, y, fold) AS g FROM many;\n"
		  . "SET neuroenc.memory_limit = '8MB';\nSELECT count(*) FROM one, $call{$name}");
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: program_limit_exceeded, and what it needs") or diag($err);
	like($err, qr/HINT:  .*neuroenc\.memory_limit/, "$name: the way out");
}

my %statement = (
	'kernel' => "SELECT count(*) FROM (SELECT banded_ridge_cv(gram_agg(x, y, fold), '{300,600}', n_iter => 6) AS e FROM few) s, targets(s.e) t",
	'moments' => "SELECT count(*) FROM (SELECT banded_ridge_cv(gram_agg(x, y, fold), '{100,200}', n_iter => 12) AS e FROM many) s, targets(s.e) t",
	'subsets' => "SELECT count(*) FROM (SELECT gram_agg(x, y, fold) AS g FROM many OFFSET 0) s, variance_partition(g, '{100,100,100}')");

left_healthy($node, 4, [ 'SELECT n_samples(gram_agg(x, y, fold)) FROM few WHERE id < 20', '19' ], %statement)->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
