# statement_timeout on an eigenproblem of 4,000 and an SVD of 2,000 x 2,000:
# back within a second of it in every phase, the backend healthy, its memory
# returned.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('linalg_timeout');
$node->safe_psql('postgres', <<SQL);
CREATE TABLE eigh_4000 AS SELECT t + transpose(t) AS t FROM (SELECT astype(random_normal('{4000,4000}', 1), 'float8') AS t OFFSET 0) AS s;
CREATE TABLE svd_2000 AS SELECT astype(random_normal('{2000,2000}', 1), 'float8') AS t;
CREATE TABLE eigh_1500 AS SELECT t + transpose(t) AS t FROM (SELECT astype(random_normal('{1500,1500}', 1), 'float8') AS t OFFSET 0) AS s;
CREATE TABLE svd_1200 AS SELECT astype(random_normal('{1200,1200}', 1), 'float8') AS t;
SQL
my $sound = [ 'SELECT shape(d.s) FROM svd_1200, svd(t) AS d', '{1200}' ];
left_healthy($node, [ [ 300, 1 ], [ 300, 2 ] ], $sound, eigh_4000 => 'SELECT shape(e.values) FROM eigh_4000, eigh(t) AS e',
	svd_2000 => 'SELECT shape(d.s) FROM svd_2000, svd(t) AS d')->quit;

# Through the phases: reading, panels, LAPACK's helper, transforming back.
left_healthy($node, 15, $sound, eigh_1500 => 'SELECT shape(e.values) FROM eigh_1500, eigh(t) AS e',
	svd_1200 => $sound->[0])->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
