# pg_dump and restore of tables with every type of the extension: identical
# values, in plain and custom format, in public and in a schema of its own.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('dump');
my $dir = PostgreSQL::Test::Utils::tempdir();
my $samples = "$FindBin::Bin/../samples.sql";

sub make_source
{
	my ($database, $schema) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE SCHEMA IF NOT EXISTS $schema; CREATE EXTENSION neuroenc SCHEMA $schema");
	$node->safe_psql('postgres', "ALTER DATABASE $database SET search_path = public, $schema");
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', $samples ],
		"$database: samples load");
	$node->safe_psql($database, <<'SQL');
CREATE TABLE columns (id int PRIMARY KEY, v3 tensor(3), h tensor(float2), h2 tensor(float8, 2, 2), many tensor[],
    place voxel, light ball, doubled tensor GENERATED ALWAYS AS (v3 + v3) STORED, CHECK (norm(v3) >= 0));
INSERT INTO columns
    SELECT i, tensor '[1,2,3]' * i, tensor 'float2:[0.1,0.2]', tensor 'float8:[[0.1,2],[3,4]]',
           ARRAY[tensor '[1]', NULL, tensor '[[1,2]]'], voxel(i, i / 3.0, -i), ball(voxel(i, 0, 0), i + 0.1)
    FROM generate_series(1, 50) i;
CREATE INDEX ON columns USING gist (place);
CREATE INDEX ON columns (v3);
CREATE INDEX ON columns USING hash (h);
CREATE VIEW near AS SELECT id, place <-> voxel(1, 2, 3) AS d, v3 <=> tensor '[1,1,1]' AS cosine
    FROM columns WHERE place <@ ball '<(5,2,-5),9>';
CREATE MATERIALIZED VIEW sums AS SELECT sum(v3) AS total, avg(v3) AS mean, gram_agg(v3, v3, id) AS g FROM columns;
SQL
	return;
}

# Every table as text and as binary, row by row.
sub contents
{
	my ($database) = @_;
	my %all;
	my $tables = $node->safe_psql($database,
		"SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') "
		  . "AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e') ORDER BY 1");
	foreach my $table (split /\n/, $tables)
	{
		my $order = $table eq 'sums' ? '' : 'ORDER BY id';
		# Binary arrays hold the element type's oid, which differs between databases.
		my $columns = $table eq 'columns' ? 'id, v3, h, h2, place, light, doubled' : '*';
		$all{"$table text"} = $node->safe_psql($database, "COPY (SELECT * FROM public.$table $order) TO STDOUT");
		$node->safe_psql($database, "COPY (SELECT $columns FROM public.$table $order) TO '$dir/binary' (FORMAT binary)");
		$all{"$table binary"} = unpack('H*', slurp_file("$dir/binary"));
	}
	return \%all;
}

my $uncovered = "SELECT string_agg(t.typname, ' ') FROM pg_type t "
  . "JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' "
  . "JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'neuroenc' "
  . "WHERE t.typtype = 'b' AND t.typelem = 0 AND t.typreceive <> 0 AND to_regclass('public.samples_' || t.typname) IS NULL";

foreach my $case ([ 'plain_source', 'public' ], [ 'schema_source', 'neuro' ])
{
	my ($source, $schema) = @$case;
	make_source($source, $schema);
	is($node->safe_psql($source, $uncovered), '', "$source: every type has samples");
	my $want = contents($source);

	my %restores = (
		plain => sub {
			my ($target) = @_;
			$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr($source) ], "$source: pg_dump plain");
			$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($target), '-f', "$dir/plain.sql" ],
				"$source: restored by psql");
		},
		custom => sub {
			my ($target) = @_;
			$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/custom.dump", $node->connstr($source) ], "$source: pg_dump -Fc");
			$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr($target), "$dir/custom.dump" ],
				"$source: restored by pg_restore -j 2");
		},
		inserts => sub {
			my ($target) = @_;
			$node->command_ok([ 'pg_dump', '--inserts', '-f', "$dir/inserts.sql", $node->connstr($source) ],
				"$source: pg_dump --inserts");
			$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($target), '-f', "$dir/inserts.sql" ],
				"$source: restored by INSERTs");
		});
	foreach my $how (sort keys %restores)
	{
		my $target = "${source}_$how";
		$node->safe_psql('postgres', "CREATE DATABASE $target");
		$restores{$how}->($target);
		my $got = contents($target);
		my @differ = grep { ($got->{$_} // '') ne $want->{$_} } sort keys %$want;
		is("@differ", '', "$source, $how: every value of " . scalar(keys %$want) / 2 . " tables and views is identical");
	}
}

$node->stop;
done_testing();
