# Geometry of populations: refused past the memory limit, back within a second of
# a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('geometry');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor, y tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{250}', i), random_normal('{250}', -i) FROM generate_series(1, 20000) i;
CREATE TABLE few AS SELECT id, x[1:12] AS x, x[1:12] + y[1:12] AS y FROM rows WHERE id <= 600;
CREATE TABLE wide AS SELECT gram_agg(random_normal('{2200}', i)) AS g FROM generate_series(1, 2500) i;
CREATE TABLE sessions AS SELECT id % 60 AS label, x, y FROM rows WHERE id <= 6000;
SQL

# name => [ a long statement, a short one, what its scratch is called ]
my %work = (
	'two_nn' => [ 'SELECT two_nn(x || y) FROM rows', 'SELECT two_nn(x) FROM few', 'two_nn' ],
	'mutual_knn' => [ 'SELECT mutual_knn(x, y) FROM rows', 'SELECT mutual_knn(x, y) FROM few', 'mutual_knn' ],
	'spectrum' => [ 'SELECT effective_rank(g) FROM wide', 'SELECT spectrum(gram_agg(x || y)) FROM few', 'spectrum' ],
	'stochastic shape' => [ 'SELECT stochastic_shape_distance(label, x, y) FROM sessions',
		'SELECT stochastic_shape_distance(id % 9, x, y) FROM few', 'stochastic_shape_distance' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the state fits but the scratch does not
foreach my $case ([ 'two_nn', '100MB' ], [ 'mutual_knn', '100MB' ], [ 'spectrum', '50MB' ], [ 'stochastic shape', '30MB' ])
{
	my ($name, $limit) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $work{$name}[2] needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 1200, 1 ], [ 1000, 2 ] ], 600, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
