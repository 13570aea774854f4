# kill -9 of a backend in the middle of its work: the server recovers, the data
# and the extension are there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep);
use Test::More;

my $node = start_node('crash', "restart_after_crash = on\n");
create_rows($node, 'rows', 2000, 600, 1500);
$node->safe_psql('postgres', 'CREATE TABLE grams AS SELECT fold, gram_agg(x, y, fold) AS g FROM rows GROUP BY fold; CHECKPOINT');
my $want = $node->safe_psql('postgres', 'SELECT fold, md5(g::text) FROM grams ORDER BY fold');

for my $threads (1, 2)
{
	my ($in, $out, $err) = ("SELECT pg_backend_pid();\nSET neuroenc.threads = $threads;\n" . ridge_statement('rows') . ";\n", '', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$in, \$out, \$err);
	IPC::Run::pump($psql) until $out =~ /^(\d+)\n/;
	my ($pid) = $out =~ /^(\d+)\n/;
	sleep(0.3);

	# Until the postmaster sees the death, the old server still answers: its log tells of the new one.
	my $logged = -s $node->logfile;
	kill 'KILL', $pid;
	eval { IPC::Run::finish($psql) };
	ok(wait_until(60, sub { substr(slurp_file($node->logfile), $logged) =~ /ready to accept connections/ }),
		"threads $threads: the server is back after kill -9");
	is($node->safe_psql('postgres', 'SELECT fold, md5(g::text) FROM grams ORDER BY fold'), $want, 'the stored states are what they were');
	is($node->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM grams'), '2000', 'and can be used');
}

$node->stop;
done_testing();
