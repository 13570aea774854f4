# Gaussian mixtures and k-means' relatives: refused past the memory limit, back
# within a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('mixture');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{64}', i) FROM generate_series(1, 20000) i;
CREATE TABLE few AS SELECT id, x[1:8] + (id % 3)::float8 AS x FROM rows WHERE id <= 5000;
CREATE TABLE links AS SELECT array_agg(ARRAY[i, i + 1]) AS pairs FROM generate_series(1, 4000, 3) i;
SQL

# name => [ a long statement, a short one, what its scratch is called ]
my $links = '(SELECT pairs FROM links)';
my %work = (
	'gmm' => [ 'SELECT log_likelihood(gmm_fit(points_agg(x), 16, max_iter => 10000, tol => 0)) FROM rows',
		'SELECT gmm_fit(x, 3)::text FROM few', 'gmm' ],
	'gmm diag' => [ "SELECT sum(l) FROM (SELECT gmm(x, 16, 0, 'diag', 10, 10000, 0) OVER () AS l FROM rows) q",
		"SELECT gmm_fit(x, 3, 1, 'diag')::text FROM few", 'gmm' ],
	'balanced' => [ 'SELECT balanced_kmeans_fit(points_agg(x), 20, n_init => 500) FROM rows',
		'SELECT balanced_kmeans_fit(points_agg(x), 5, n_init => 2)::text FROM few', 'balanced k-means' ],
	'cop' => [ "SELECT sum(l) FROM (SELECT cop_kmeans(x, id, 20, '{}', $links, 0, 1000) OVER () AS l FROM rows) q",
		"SELECT sum(id * l) FROM (SELECT id, cop_kmeans(x, id, 5, '{}', $links, 0, 2) OVER () AS l FROM few) q", 'cop_kmeans' ],
	'minibatch' => [ 'SELECT inertia(minibatch_kmeans_fit(x, 300)) FROM rows, generate_series(1, 100)',
		'SELECT minibatch_kmeans_fit(x, 5 ORDER BY id)::text FROM few' ],
	'seeded' => [ 'SELECT sum(l) FROM (SELECT seeded_kmeans(x, CASE WHEN id <= 400 THEN id END, constrained => true) OVER () AS l FROM rows) q',
		'SELECT sum(id * l) FROM (SELECT id, seeded_kmeans(x, CASE WHEN id <= 40 THEN id END) OVER () AS l FROM few) q', 'seeded_kmeans' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '1MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the rows fit but the scratch does not
foreach my $case ([ 'gmm', '15500kB' ], [ 'balanced', '15500kB' ], [ 'cop', '14MB' ])
{
	my ($name, $limit) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).* needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# A stream is clustered in memory that does not hold its rows.
my $seen = $node->safe_psql('postgres', "SET neuroenc.memory_limit = '4MB';\nSELECT n_samples(minibatch_kmeans_fit(x, 10)) FROM rows");
is($seen, '20000', 'minibatch: 5 MB of rows under a limit of 4 MB');
my $err = refusal($node, '4MB', 'SELECT n_samples(kmeans_fit(x, 10)) FROM rows');
like($err, qr/needs .* of memory/, 'which kmeans_fit refuses');

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 1000, 2 ] ], 5000, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
