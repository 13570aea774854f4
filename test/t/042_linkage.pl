# Trees, parcels and consensus: refused past the memory limit, back within a second
# of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('linkage');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{64}', i) FROM generate_series(1, 20000) i;
CREATE TABLE voxels AS SELECT id, ('(' || id % 30 || ',' || id / 30 % 30 || ',' || id / 900 || ')')::voxel AS v, x FROM rows;
CREATE TABLE given AS SELECT id, run, id * (run + 7919) % 13 AS label FROM generate_series(1, 4000) id, generate_series(1, 60) run;
CREATE TABLE trees AS SELECT 1 AS id, rdm(id, x, 'euclidean') AS r FROM rows WHERE id <= 5000;
CREATE TABLE grown AS SELECT linkage(r, 'average') AS d, r FROM (SELECT rdm(id, x, 'euclidean') AS r FROM rows WHERE id <= 1800) q;
SQL

my %long = (
	'linkage, ward' => "SELECT linkage(id, x, 'ward') FROM rows",
	'linkage, single' => "SELECT linkage(id, x, 'single') FROM rows",
	'linkage of an rdm' => "SELECT n_leaves(linkage(r, m)) FROM trees, unnest('{ward,average,complete,single}'::text[]) m, generate_series(1, 10)",
	'cophenetic, dasgupta_cost' => 'SELECT sum(n_conditions(cophenetic(d))), sum(dasgupta_cost(d, r)) FROM grown, generate_series(1, 250)',
	'ward_parcellate' => 'SELECT count(p) FROM (SELECT ward_parcellate(v, x, 20, 1.8) OVER () AS p FROM voxels) q',
	'coassociation' => 'SELECT n_conditions(coassociation(id, run, label)) FROM (SELECT * FROM given UNION ALL SELECT id, run + 60, label FROM given UNION ALL SELECT id + 4000, run, label FROM given) g',
	'consensus' => "SELECT count(*) FROM (SELECT label_sets_agg(id, run, label) AS s FROM (SELECT * FROM given UNION ALL SELECT id + 4000, run, label FROM given) g) q, consensus(s, 5)");

# Past the limit: refused, with both figures and the way out.
foreach my $case (
	[ 'linkage, ward', '2MB', 'points' ], [ 'linkage, ward', '1GB', 'linkage' ], [ 'linkage of an rdm', '50MB', 'linkage' ],
	[ 'ward_parcellate', '14MB', '(ward_parcellate|points)' ], [ 'ward_parcellate', '24MB', '(neighbours of voxels|ward_parcellate)' ],
	[ 'coassociation', '1MB', 'label_sets' ], [ 'coassociation', '150MB', 'coassociation' ], [ 'consensus', '100MB', 'consensus' ])
{
	my ($name, $limit, $what) = @$case;
	my $err = refusal($node, $limit, $long{$name});
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (bytes|kB|MB|GB)/, "$name, $limit: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name, $limit: limit and way out are named");
}

# The same bits at one and three threads.
same_with_threads($node,
	'linkage' => "SELECT md5(linkage(id, x, m)::text) FROM rows, unnest('{ward,average,complete,single}'::text[]) m WHERE id <= 1500 GROUP BY m ORDER BY m",
	'ward_parcellate' => 'SELECT md5(string_agg(p::text, \',\' ORDER BY id)) FROM (SELECT id, ward_parcellate(v, x, 20, 1) OVER () AS p FROM voxels WHERE id <= 3000) q',
	'coassociation' => 'SELECT md5(coassociation(id, run, label)::text) FROM given WHERE id <= 1000');

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 900, 2 ] ], [ 'SELECT count(*) FROM voxels', '20000' ], %long);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
