# Spectral clustering: refused past the memory limit, back within a second of a
# timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('spectral');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{200}', i) FROM generate_series(1, 20000) i;
CREATE TABLE plane AS SELECT id, x[1:2] AS x FROM rows;
CREATE TABLE space AS SELECT id, x[1:12] AS x FROM rows WHERE id <= 6000;
CREATE TABLE few AS SELECT id, x[1:8] AS x FROM rows WHERE id <= 1500;
CREATE TABLE matrices AS SELECT abs(random_normal('{3200,3000}', 1)) AS m, abs(random_normal('{90,60}', 2)) AS small;
SQL

sub window
{
	my ($call, $table) = @_;
	return "SELECT sum(hashtext(l::text)::bigint) FROM (SELECT $call OVER () AS l FROM $table) AS s";
}

# a graph whose factor has no room is solved without it: the last digits differ
my $rounded = 'SELECT sum(hashtext(round(u::numeric, 6)::text)::bigint) FROM (SELECT spectral_embed(x[1:2], 9) OVER () AS l FROM few) AS s, unnest(l) AS u';

# name => [ a long statement, a short one, what its scratch is called, a limit that holds the rows ]
my %work = (
	'nearest rows' => [ window('spectral(x, 8)', 'rows'), window('spectral(x, 8)', 'few'), 'spectral', '70MB' ],
	'a long graph' => [ window('spectral_embed(x, 60)', 'plane'), $rounded, 'spectral', '12MB' ],
	'dense graph' => [ window("spectral(x, 8, 'rbf', gamma => 3)", 'space'), window("spectral(x, 8, 'rbf', gamma => 3)", 'few'), 'spectral', '200MB' ],
	'landmarks' => [ window('ncut(x, 8, 6000)', 'rows'), window('ncut(x, 8, 300)', 'few'), 'ncut', '150MB' ],
	'all rows' => [ window("ncut_embed(x, 8, affinity => 'rbf', n_landmarks => 6000)", 'space'), window("ncut(x, 8, assign => 'kmeans')", 'few'), 'ncut', '100MB' ],
	'bicluster' => [ 'SELECT sum(label) FROM matrices, bicluster(m, 5)', 'SELECT array_agg(label) FROM matrices, bicluster(small, 5)', 'bicluster', '50MB' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '1MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
	$err = refusal($node, $work{$name}[3], $work{$name}[0]);
	like($err, qr/ERROR:  54000: $work{$name}[2].* needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 2 ] ], 1500, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
