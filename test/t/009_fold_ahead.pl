# Terminated, cancelled and left by its client while gram_agg's other threads
# fold a block in: the server never restarts, no process is left, a cancelled
# session goes on, and several grams in flight come out as one at a time.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IPC::Run ();
use Time::HiRes qw(sleep time);
use Test::More;

my $node = start_node('fold_ahead', "client_connection_check_interval = 20ms\nenable_sort = off\n");
# Wide enough that a block of theirs goes to the other threads; read again and again.
create_rows($node, 'rows', 80, 600, 2000);
$node->safe_psql('postgres', 'CREATE VIEW many AS SELECT id + 80 * k AS id, x, y, fold FROM generate_series(0, 9999) k, rows');

my @statements = (
	[ 'one gram', 'SELECT n_samples(gram_agg(x, y)) FROM many' ],
	[ 'five folds', 'SELECT n_samples(gram_agg(x, y, fold)) FROM many' ],
	[ 'three grams', 'SELECT n_samples(gram_agg(x, y)) FROM many GROUP BY id % 3' ],
	[ 'a caught cancel', <<SQL ]);
DO \$\$ BEGIN
	PERFORM id % 2, n_samples(gram_agg(x, y)) FROM many GROUP BY 1;
EXCEPTION WHEN query_canceled THEN
	PERFORM id % 2, n_samples(gram_agg(x, y)) FROM many WHERE id <= 2000 GROUP BY 1;
END \$\$
SQL

srand(5);
my ($in_flight, $went_on, $most) = (0, 0, 0);
my $n_rounds = 24;
for my $round (0 .. $n_rounds - 1)
{
	my $how = (qw(terminate cancel disconnect))[ $round % 3 ];
	my ($name, $statement) = @{ $statements[ int($round / 3) % ($how eq 'cancel' ? 4 : 3) ] };
	my ($in, $out, $err) = ("SELECT pg_backend_pid();\nSET neuroenc.threads = 2;\n$statement;\nSELECT n_samples(gram_agg(x, y)) FROM rows;\n", '', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], \$in, \$out, \$err);
	IPC::Run::pump($psql) until $out =~ /^(\d+)\n/;
	my ($pid) = $out =~ /^(\d+)\n/;

	# Rows become moments first, of three grams later. Then strike when another thread is seen, or anywhere.
	my $earliest = time() + ($name eq 'three grams' ? 0.6 : 0.15) + rand() * 0.2;
	my ($seen, @looks);
	wait_until(2, sub {
		my %others = other_threads($pid);
		my $at_once = threads_at_once(\@looks, %others);
		$seen = %others ? 1 : 0;
		$most = $at_once if $at_once > $most;
		return time() > $earliest && ($seen || $round % 4 == 0);
	}, 0.005);
	$in_flight++ if $seen;

	kill 'TERM', $pid if $how eq 'terminate';	# what pg_terminate_backend sends
	kill 'INT', $pid if $how eq 'cancel';
	if ($how eq 'disconnect')
	{
		IPC::Run::kill_kill($psql, grace => 0);
		next;
	}
	eval { IPC::Run::finish($psql) };
	$went_on++ if $how eq 'cancel' && $out =~ /^80$/m && ($name eq 'a caught cancel' || $err =~ /canceling statement due to user request/);
}
cmp_ok($in_flight, '>', $n_rounds / 4, "another thread was at work ($in_flight times of $n_rounds)");
cmp_ok($most, '<=', 1, 'and never more than neuroenc.threads allows');
is($went_on, $n_rounds / 3, 'every session whose statement was cancelled went on');

my $left;
ok(wait_until(10, sub { $left = client_processes($node); !%$left }), 'no process is left')
  or diag(join "\n", map { "$_ $left->{$_}" } keys %$left);
is(crashes($node), 0, 'the server never restarted');

# Interleaved groups hand the other threads from one gram to the next.
is($node->safe_psql('postgres', <<SQL), 'same|same', 'grams in flight by turns are what they are on one thread');
SET neuroenc.threads = 2;
CREATE TEMP TABLE two AS SELECT id % 2 AS part, weights(ridge(gram_agg(x, y), 100)) AS w FROM many WHERE id <= 4000 GROUP BY 1;
SET neuroenc.threads = 1;
CREATE TEMP TABLE one AS SELECT id % 2 AS part, weights(ridge(gram_agg(x, y), 100)) AS w FROM many WHERE id <= 4000 GROUP BY 1;
SELECT string_agg(CASE WHEN max_of(abs(one.w - two.w)) < 1e-6 * max_of(abs(one.w)) THEN 'same' ELSE 'other' END, '|') FROM one JOIN two USING (part);
SQL

$node->stop;
done_testing();
