# Heap files written by earlier versions, read by this one: what pg_upgrade
# would hand over.  test/golden/VERSION/TYPE.heap.gz is the file of a table (id
# int, v TYPE) whose rows are frozen and not toasted; TYPE.text.gz is what they
# were, a line "id<tab>text<tab>md5 of the binary form" a row.
#
# A version adds the files of its types once, before it is released, and never
# changes those that are there:
#     NEUROENC_GOLDEN=/some/dir make check STAGES=tap ONLY=063

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use PostgreSQL::Test::Utils;
use Test::More;

use constant { PAGE => 8192, LSN_BYTES => 8 };

my $golden = "$FindBin::Bin/../golden";
my $node = start_node('golden');
is($node->safe_psql('postgres', 'SHOW block_size'), PAGE, 'pages are of the usual size');

my @types = split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'neuroenc'
WHERE t.typtype = 'b' AND t.typelem = 0 ORDER BY 1
SQL

my $what = sub { my ($table, $type) = @_; return "COPY (SELECT id, v::text, md5(${type}_send(v)) FROM $table ORDER BY id) TO STDOUT" };

sub heap_file
{
	my ($table) = @_;
	return $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('$table')");
}

sub write_file
{
	my ($name, $content) = @_;
	open(my $file, '>:raw', $name) or die "$name: $!";
	print $file $content;
	close($file) or die "$name: $!";
	return;
}

if (my $directory = $ENV{NEUROENC_GOLDEN})
{
	my %file;
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$FindBin::Bin/../samples.sql" ], 'samples load');
	foreach my $type (@types)
	{
		$node->safe_psql('postgres', "CREATE TABLE written_$type (id int, v $type); "
			  . "INSERT INTO written_$type SELECT id, v FROM samples_$type WHERE v IS NULL OR pg_column_size(v) < 1900 ORDER BY id LIMIT 40");
		is($node->safe_psql('postgres', "SELECT coalesce(max(pg_relation_size(reltoastrelid)), 0) FROM pg_class WHERE relname = 'written_$type' AND reltoastrelid <> 0"), '0', "$type: nothing is toasted");
		$node->safe_psql('postgres', "VACUUM (FREEZE) written_$type");
		my $text = $node->safe_psql('postgres', $what->("written_$type", $type)) . "\n";
		gzip(\$text => "$directory/$type.text.gz", -Minimal => 1) or die $GzipError;
		$file{$type} = heap_file("written_$type");
	}
	$node->safe_psql('postgres', 'CHECKPOINT');
	$node->stop;
	foreach my $type (@types)
	{
		my $heap = slurp_file($file{$type});
		substr($heap, $_ * PAGE, LSN_BYTES) = "\0" x LSN_BYTES for 0 .. length($heap) / PAGE - 1;
		gzip(\$heap => "$directory/$type.heap.gz", -Minimal => 1) or die $GzipError;
	}
	done_testing();
	exit;
}

my %place;
my %seen;
foreach my $directory (sort glob "$golden/*")
{
	my ($version) = $directory =~ m{/([^/]+)$};
	foreach my $name (sort glob "$directory/*.heap.gz")
	{
		my ($type) = $name =~ m{/(\w+)\.heap\.gz$};
		my $table = 'golden_' . ($version =~ tr/./_/r) . "_$type";
		$seen{$type} = 1;
		$node->safe_psql('postgres', "CREATE TABLE $table (id int, v $type)");
		$place{$table} = [ $version, $type, heap_file($table), $name ];
	}
}
$node->stop;
foreach my $table (sort keys %place)
{
	gunzip($place{$table}[3] => \my $heap) or die $GunzipError;
	write_file($place{$table}[2], $heap);
}
$node->start;
foreach my $table (sort keys %place)
{
	my ($version, $type, undef, $name) = @{ $place{$table} };
	gunzip($name =~ s/heap/text/r => \my $text) or die $GunzipError;
	cmp_ok(length($text), '>', 10, "$type of $version: there are values");
	is($node->safe_psql('postgres', $what->($table, $type)) . "\n", $text, "$type of $version reads as it was");
}
is(join(' ', grep { !$seen{$_} } @types), '', 'every type has its file');

$node->stop;
done_testing();
