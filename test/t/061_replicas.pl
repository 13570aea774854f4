# A physical standby and a copy by pg_basebackup answer as their primary does:
# stored values of every type, indexes, serial and parallel aggregates.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION neuroenc');
$primary->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-f', "$FindBin::Bin/../samples.sql" ],
	'values of every type are stored');
create_rows($primary, 'rows', 2000, 100, 150, 2);
$primary->safe_psql('postgres', <<'SQL');
CREATE TABLE grams AS SELECT fold, gram_agg(x, y, fold) AS g FROM rows GROUP BY fold;
CREATE TABLE places AS SELECT i AS id, voxel(i % 40, i / 40 % 40, i / 1600) AS place FROM generate_series(1, 5000) i;
CREATE INDEX ON places USING gist (place);
CREATE TABLE codes AS SELECT i AS id, sparse_from_entries(ARRAY[i % 97 + 1, 100 + i % 89, 200 + i % 83], ARRAY[1, 2, 3], 300) AS code,
    tensor(ARRAY[i % 211, i % 7]::float8[]) AS v FROM generate_series(1, 5000) i;
CREATE INDEX ON codes USING gin (code);
CREATE INDEX ON codes USING hash (v);
CREATE INDEX ON codes (v);
ANALYZE;
SQL

my @statements = (
	(map { "SELECT md5(string_agg(v::text, ' ' ORDER BY id)) FROM $_" } split /\n/,
		$primary->safe_psql('postgres', "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'samples\\_%' ORDER BY 1")),
	'SELECT md5(string_agg(t::text, chr(10))) FROM (SELECT ridge_cv(sum(g)) AS e FROM grams) s, targets(s.e) t',
	'SET enable_seqscan = off; SELECT array_agg(id ORDER BY id) FROM places WHERE place <@ ball(voxel(10, 10, 1), 2.5)',
	'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SELECT n_samples(gram_agg(x, y, fold)), count(*) FROM rows',
	'SET max_parallel_workers_per_gather = 0; SELECT md5(gram_agg(x, y, fold)::text) FROM rows',
	'SELECT md5(array_agg(label)::text) FROM (SELECT kmeans(x, 5, 1) OVER () AS label FROM rows) s');

# By index: the same rows, and the plan says so.
my %indexed = (
	places_place_idx => 'SELECT array_agg(id ORDER BY id) FROM places WHERE place <@ ball(voxel(10, 10, 1), 2.5)',
	codes_code_idx => q{SELECT array_agg(id ORDER BY id) FROM codes WHERE code @> active_at(11)},
	codes_v_idx => q{SELECT array_agg(id ORDER BY id) FROM codes WHERE v = (SELECT v FROM codes WHERE id = 105)},
	codes_v_idx1 => q{SELECT array_agg(id ORDER BY id) FROM codes WHERE v < 'float8:[1,4]'});
my $by_index = 'SET enable_seqscan = off;';
push @statements, map { "$by_index $indexed{$_}" } sort keys %indexed;

sub answers
{
	my ($node) = @_;
	return [ map { $node->safe_psql('postgres', $_) } @statements ];
}

sub indexes_used
{
	my ($node, $what) = @_;
	foreach my $index (sort keys %indexed)
	{
		like($node->safe_psql('postgres', "$by_index EXPLAIN $indexed{$index}"), qr/Scan (using|on) $index/, "$what: by $index");
	}
	return;
}

$primary->backup('copy');

# The copy by itself is a server of its own, as its primary was then.
my $then = answers($primary);
my $alone = PostgreSQL::Test::Cluster->new('alone');
$alone->init_from_backup($primary, 'copy');
$alone->start;
is_deeply(answers($alone), $then, 'the copy by pg_basebackup answers as its primary did');
indexes_used($alone, 'the copy');
$alone->stop;

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

# What is written after the copy was made arrives by the log.
$primary->safe_psql('postgres', 'INSERT INTO rows SELECT id + 10000, x + x, y, fold FROM rows WHERE id <= 300; INSERT INTO grams SELECT 7, gram_agg(x, y, 7) FROM rows WHERE id > 10000; DELETE FROM places WHERE id % 3 = 0; DELETE FROM codes WHERE id % 3 = 0; INSERT INTO codes SELECT id + 10000, code, v + 1 FROM codes WHERE id < 900');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $want = answers($primary);
cmp_ok(scalar(@$want), '>', 20, scalar(@$want) . ' statements');
isnt("@$want", "@$then", 'what was written since changes the answers');
is_deeply(answers($standby), $want, 'the standby answers as the primary');
indexes_used($standby, 'the standby');
my ($status, $out, $err) = $standby->psql('postgres', 'CREATE TABLE refused AS SELECT tensor \'[1]\' AS t');
like($err, qr/read-only transaction/, 'it is a standby');

# The standby takes over.
$primary->stop('immediate');
$standby->promote;
is_deeply(answers($standby), $want, 'promoted, it still does');
$standby->safe_psql('postgres', 'INSERT INTO grams SELECT 8, gram_agg(x, y, 8) FROM rows WHERE id <= 10');
is($standby->safe_psql('postgres', 'SELECT n_samples(sum(g)) FROM grams'), '2310', 'and goes on from the states it has');
$standby->stop;
done_testing();
