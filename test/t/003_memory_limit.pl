# neuroenc.memory_limit: work that would pass it is refused with both figures
# before it starts, and what an error leaves behind is given back.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('memory_limit');
create_rows($node, 'rows', 400, 600, 3000);

my %refused = (
	'gram_agg' => 'SELECT n_samples(gram_agg(x, y, fold)) FROM rows',
	'ridge_cv' => ridge_statement('rows'),
	'sum(gram)' => 'SELECT n_samples(sum(g)) FROM (SELECT gram_agg(x, y, fold) AS g FROM rows GROUP BY id % 4) s',
	'pca' => 'SELECT pca(gram_agg(x), 5) IS NOT NULL FROM rows',
	'column_spearman' => 'SELECT size(column_spearman(y, y)) FROM rows',
	'clean' => 'SELECT count(z) FROM (SELECT clean(y, 1, 128, 2) OVER (ORDER BY id) AS z FROM rows) s',
	'convolve' => q{SELECT count(z) FROM (SELECT convolve(y, filled('{300}', 1)) OVER (ORDER BY id) AS z FROM rows) s},
	'fdr_bh' => 'SELECT count(q) FROM (SELECT fdr_bh(0.5) OVER () AS q FROM generate_series(1, 300000)) s');

foreach my $what (sort keys %refused)
{
	my ($status, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSET neuroenc.memory_limit = '2MB';\n$refused{$what}");
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$what: program_limit_exceeded, and what it needs");
	like($err, qr/DETAIL:  The limit is 20(48|00)[0-9.]* kB|DETAIL:  The limit is 2(\.0)? MB/, "$what: the limit is named")
	  or diag($err);
	like($err, qr/HINT:  .*neuroenc\.memory_limit/, "$what: the way out is named");
}

# One backend: refused again and again, then the same work under the default.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = backend_pid($session);
my $small = 'SELECT n_samples(gram_agg(x)) FROM rows WHERE id <= 10;';
$session->query($small);
my $before = anonymous_kb($pid);
for (1 .. 50)
{
	$session->query("SET neuroenc.memory_limit = '20MB'; SELECT n_samples(gram_agg(x, y, fold)) FROM rows;");
}
$session->{stderr} = '';
is($session->query("SET neuroenc.memory_limit = '20MB'; $small"), '10', 'after 50 refusals the budget is whole');
cmp_ok(anonymous_kb($pid) - $before, '<', 30_000, 'and the memory is returned');
is($session->query('RESET neuroenc.memory_limit; SELECT n_samples(gram_agg(x, y, fold)) FROM rows;'),
	'400', 'the same work under the default limit');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
