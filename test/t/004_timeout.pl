# statement_timeout on long work: back within a second of it, the backend
# healthy, its memory returned.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('timeout');
create_rows($node, 'rows', 2500, 700, 2500);

# The asked-for 300 ms, then through all phases of the statement.
my %fit = (fit => ridge_statement('rows'));
my $sound = [ 'SELECT n_samples(gram_agg(x, y, fold)) FROM rows WHERE id < 20', '19' ];
left_healthy($node, [ [ 300, 1 ], [ 300, 2 ] ], $sound, %fit)->quit;
my $session = left_healthy($node, 7, $sound, %fit);
$session->query("$fit{fit};");
is($session->{stderr}, '', 'the same session runs the statement afterwards');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
