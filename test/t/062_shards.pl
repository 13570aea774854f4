# Rows on three servers, by postgres_fdw and by PL/Proxy: states are computed where the rows are (the aggregate
# is in the Remote SQL) and merged here, with the answer of one table; a shard
# that dies in the middle of a query gives an error, never a partial answer.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $here = start_node('coordinator');
my @shards = map { start_node("shard$_") } 1 .. 3;

# The whole table, and its rows dealt to three servers.
my $columns = 'id bigint, run bigint, stimulus bigint, x tensor, y tensor';
my $row = "i, i % 5, i % 97, random_normal('{40}', i), (random_normal('{40}', i))[1:30] + 0.5::float8 * random_normal('{30}', -i)";
$here->safe_psql('postgres', "CREATE EXTENSION postgres_fdw; CREATE TABLE whole ($columns); INSERT INTO whole SELECT $row FROM generate_series(1, 6000::bigint) i; "
	  . "CREATE TABLE rows ($columns, shard int) PARTITION BY LIST (shard); CREATE TABLE slow (LIKE rows) PARTITION BY LIST (shard); ALTER SYSTEM SET enable_partitionwise_aggregate = on");
foreach my $s (1 .. 3)
{
	my ($node, $port, $host) = ($shards[$s - 1], $shards[$s - 1]->port, $shards[$s - 1]->host);
	$node->safe_psql('postgres', "CREATE TABLE rows ($columns, shard int); INSERT INTO rows SELECT $row, $s FROM generate_series(1, 6000::bigint) i WHERE i % 3 = $s - 1; ANALYZE rows; "
		  . 'CREATE VIEW slow AS SELECT * FROM rows WHERE pg_sleep(0.001) IS NOT NULL');
	$here->safe_psql('postgres', <<SQL);
CREATE SERVER shard$s FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'neuroenc', use_remote_estimate 'on', async_capable 'on');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard$s;
CREATE FOREIGN TABLE rows_$s PARTITION OF rows FOR VALUES IN ($s) SERVER shard$s OPTIONS (table_name 'rows');
CREATE FOREIGN TABLE slow_$s PARTITION OF slow FOR VALUES IN ($s) SERVER shard$s OPTIONS (table_name 'slow');
SQL
}
$here->restart;
$here->safe_psql('postgres', 'ANALYZE');

# name => [ aggregate, what is read from the merged state, how near the answer of the whole table is ]
my %work = (
	'gram' => [ 'gram_agg(x, y, run)', "(SELECT array_agg(round(r2::numeric, 9) ORDER BY target) FROM targets(ridge_cv(sum(s), alphas => '{1,10,100}')))" ],
	'patterns' => [ 'patterns_agg(stimulus, x)', "(SELECT array_agg(round(distance::numeric, 9) ORDER BY a, b) FROM rdm_entries(rdm(sum(s))))" ],
	'points' => [ 'points_agg(x)', 'md5(kmeans_fit(sum(s), 4)::text)' ],
	'predictions' => [ 'predictions_agg(x[1:30], y, run)', 'n_samples(sum(s))' ]);

foreach my $name (sort keys %work)
{
	my ($aggregate, $read) = @{ $work{$name} };
	my $sharded = "SELECT $read FROM (SELECT shard, $aggregate AS s FROM rows GROUP BY shard) q";
	my $plan = $here->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $sharded");
	my ($called) = $aggregate =~ /^(\w+)/;
	my $remote = () = $plan =~ /Remote SQL: SELECT [^\n]*\b$called\(/g;
	is($remote, 3, "$name: its rows are aggregated on each shard") or diag($plan);
	my $got = $here->safe_psql('postgres', $sharded);
	my $want = $here->safe_psql('postgres', "SELECT $read FROM (SELECT $aggregate AS s FROM whole) q");
	ok($want ne '', "$name: there is an answer");
	is($got, $want, "$name: the merged states' answer is the whole table's");
}

# One server after the other, as UNION ALL writes it, and states that stay on the shards as tables.
is($here->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM (SELECT gram_agg(x, y, run) AS g FROM rows_1 UNION ALL SELECT gram_agg(x, y, run) FROM rows_2 UNION ALL SELECT gram_agg(x, y, run) FROM rows_3) q'),
	'6000', 'shard by shard');
$here->safe_psql('postgres', "INSERT INTO rows_2 SELECT 6001, 1, 1, random_normal('{40}', 1), random_normal('{30}', 2), 2");
is($here->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM (SELECT shard, gram_agg(x, y, run) AS g FROM rows GROUP BY shard) q'), '6001', 'tensors go to a shard too');

# What moves: a state of each shard, whatever number of rows.
my $bytes = $here->safe_psql('postgres', 'SELECT max(length(g::text)) FROM (SELECT shard, gram_agg(x, y, run) AS g FROM rows GROUP BY shard) q');
my $rows_bytes = $here->safe_psql('postgres', 'SELECT sum(length(x::text) + length(y::text)) / 3 FROM whole');
cmp_ok($bytes, '<', $rows_bytes, "a shard sends $bytes bytes, its rows as text are " . int($rows_bytes));

# An error of a shard is the query's.
$shards[1]->safe_psql('postgres', "UPDATE rows SET x = '[1,2,3]' WHERE id = 6001");
my ($status, $out, $err) = $here->psql('postgres', 'SELECT n_samples(sum(g)) FROM (SELECT shard, gram_agg(x, y, run) AS g FROM rows GROUP BY shard) q');
like($err, qr/ERROR:  .*3.*40|ERROR:  .*40.*3/, 'rows that do not fit are refused with the shard\'s own words');
is($out, '', 'and nothing is answered');
$shards[1]->safe_psql('postgres', 'DELETE FROM rows WHERE id = 6001');

# A shard dies in the middle: an error, no partial answer; when it is back the same session goes on.
foreach my $victim (0 .. 2)
{
	my $slow = 'SELECT n_samples(sum(g)) FROM (SELECT shard, gram_agg(x, y, run) AS g FROM slow GROUP BY shard) q';
	my ($said, $complained) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $here->connstr('postgres'), '-c', $slow, '-c', "SELECT 'after'" ], '<', '/dev/null', '>', \$said, '2>', \$complained);
	ok(wait_until(30, sub { $shards[$victim]->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postgres_fdw' AND state = 'active' AND wait_event = 'PgSleep'") > 0 }),
		'shard ' . ($victim + 1) . ': its part runs');
	$shards[$victim]->stop('immediate');
	eval { IPC::Run::finish($psql) };
	like($complained, qr/ERROR:/, '... it dies: the query ends with an error');
	is($said, "after\n", '... no partial answer, and the session goes on');
	$shards[$victim]->start;
	is($here->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM (SELECT shard, gram_agg(x, y, run) AS g FROM rows GROUP BY shard) q'), '6000', '... it is back: all rows count');
}

# PL/Proxy is another way there: a statement goes to every server at once, and its rows come back as one set.
SKIP:
{
	skip 'postgresql-15-plproxy is not installed and could not be fetched', 6 unless -f $here->config_data('--pkglibdir') . '/plproxy.so';
	my $partitions = join ', ', map { 'p' . ($_ - 1) . " 'dbname=postgres host=" . $shards[ $_ - 1 ]->host . ' port=' . $shards[ $_ - 1 ]->port . "'" } 1 .. 3;
	$here->safe_psql('postgres', <<SQL);
CREATE EXTENSION plproxy;
CREATE SERVER lab FOREIGN DATA WRAPPER plproxy OPTIONS (modular_mapping '1', $partitions);
CREATE USER MAPPING FOR PUBLIC SERVER lab;
CREATE FUNCTION shard_grams() RETURNS SETOF gram LANGUAGE plproxy AS \$\$
	CLUSTER 'lab'; RUN ON ALL; SELECT gram_agg(x, y, run) FROM rows; \$\$;
CREATE FUNCTION slow_grams() RETURNS SETOF gram LANGUAGE plproxy AS \$\$
	CLUSTER 'lab'; RUN ON ALL; SELECT gram_agg(x, y, run) FROM slow; \$\$;
CREATE FUNCTION shard_points() RETURNS SETOF points LANGUAGE plproxy AS \$\$
	CLUSTER 'lab'; RUN ON ALL; SELECT points_agg(x) FROM rows; \$\$;
SQL
	my ($fit, $clusters) = ($work{gram}[1], $work{points}[1]);
	is($here->safe_psql('postgres', "SELECT $fit FROM shard_grams() s"), $here->safe_psql('postgres', "SELECT $fit FROM (SELECT gram_agg(x, y, run) AS s FROM whole) q"),
		'PL/Proxy: the fit of three servers\' grams is the whole table\'s');
	is($here->safe_psql('postgres', "SELECT $clusters FROM shard_points() s"), $here->safe_psql('postgres', "SELECT $clusters FROM (SELECT points_agg(x) AS s FROM whole) q"),
		'... the clusters too');
	my ($said, $complained) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $here->connstr('postgres'), '-c', 'SELECT n_samples(sum(s)) FROM slow_grams() s', '-c', "SELECT 'after'" ],
		'<', '/dev/null', '>', \$said, '2>', \$complained);
	ok(wait_until(30, sub { $shards[2]->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'") > 0 }),
		'... a server\'s part runs');
	$shards[2]->stop('immediate');
	eval { IPC::Run::finish($psql) };
	like($complained, qr/ERROR:/, '... the server dies: the query ends with an error');
	is($said, "after\n", '... no partial answer');
	$shards[2]->start;
	is($here->safe_psql('postgres', 'SELECT n_samples(sum(s)) FROM shard_grams() s'), '6000', '... it is back: all rows count');
}

is(crashes($here), 0, 'the coordinator lost no process');
$_->stop foreach @shards, $here;
done_testing();
