# Aggregates that can be merged over partitioned tables, with
# enable_partitionwise_aggregate: by the partitions' key each partition is
# aggregated whole; without it each gives a state, and these are merged; in one
# process and with a partition to each of three.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Aggregates;
use Neuroenc;
use Test::More;

my $node = start_node('partitions', "shared_preload_libraries = 'neuroenc'\n");
create_aggregate_rows($node, 600);
create_states($node, 'rows4');
my @aggregates = mergeable_aggregates($node);
cmp_ok(scalar @aggregates, '>', 200, scalar @aggregates . ' aggregates to try');

# The rows of a table by LIST (site) and by HASH of their number, three partitions each.
sub partition
{
	my ($table, $number) = @_;
	my $sql = "CREATE TABLE listed_$table (LIKE $table) PARTITION BY LIST (site); CREATE TABLE hashed_$table (LIKE $table) PARTITION BY HASH ($number);\n";
	foreach my $i (0 .. 2)
	{
		$sql .= "CREATE TABLE listed_${table}_$i PARTITION OF listed_$table FOR VALUES IN ($i) WITH (parallel_workers = 0);\n"
		  . "CREATE TABLE hashed_${table}_$i PARTITION OF hashed_$table FOR VALUES WITH (MODULUS 3, REMAINDER $i) WITH (parallel_workers = 0);\n";
	}
	return $sql . "INSERT INTO listed_$table TABLE $table; INSERT INTO hashed_$table TABLE $table;\nANALYZE listed_$table, hashed_$table;\n";
}

$node->safe_psql('postgres', 'ALTER TABLE rows4 ADD site int; UPDATE rows4 SET site = (id - 1) / 200;' . partition('rows4', 'id'));
my %states = map { $_->{state} => 1 } grep { defined $_->{state} } @aggregates;
$node->safe_psql('postgres', join '', map { partition("rows4_$_", 'part') } sort keys %states);
# so many states that the planner merges those of a partition first
$node->safe_psql('postgres', "UPDATE pg_class SET reltuples = 1000 WHERE relname ~ '^(listed|hashed)_rows4_.*_[0-2]\$'");

my $session = merging_session($node);
$session->query_safe('SET cpu_tuple_cost = 1000');		# rows are dear above the scan: aggregate early

my $whole = ', Aggregate, Seq Scan' x 3;
my $partial = ', Partial Aggregate, Seq Scan' x 3;
my $workers = 'Workers Planned: 2, Workers Launched: 2, Parallel Append';

# The plain plan, then partitionwise with no workers and with two: what runs, and the answers.
sub compare_plans
{
	my ($aggregate, $grouped, $what, $statement, @expected) = @_;
	my @settings = map { "SET enable_partitionwise_aggregate = $_->[0]; SET max_parallel_workers_per_gather = $_->[1]" } [ 'off', 0 ], [ 'on', 0 ], [ 'on', 2 ];
	$statement .= ' WHERE ' . ($aggregate->{searches} ? 'CASE WHEN among_all(ctid) THEN id % 7 < 3 END' : 'among_all(ctid) IS NOT NULL');
	$statement .= ' GROUP BY site' if $grouped;
	my ($differences, $plans, $nodes, $problem) = answers($session, $aggregate, $grouped, map { [ $_, $statement ] } @settings);
	my @wrong = $problem eq '' ? () : $problem;
	foreach my $i (0 .. 2)
	{
		push @wrong, "the plan is\n$plans->[$i]" if ($nodes->[$i] // '') ne $expected[$i];
		push @wrong, "plan $i is off by $differences->[$i]" unless ($differences->[$i] // 'Infinity') <= tolerance($aggregate, 'rows4');
	}
	is(join("\n", @wrong), '', "$aggregate->{call}, $what: the same partitionwise, without workers and with two");
	return;
}

my $plain = 'Aggregate, Append' . ', Seq Scan' x 3;
my @merged = ($plain, "Finalize Aggregate, Append$partial", "Finalize Aggregate, Gather, $workers$partial");
foreach my $aggregate (@aggregates)
{
	my $rows = rows_of($aggregate, 'rows4');
	compare_plans($aggregate, 1, 'by the key', "SELECT site AS k, $aggregate->{call} AS v FROM listed_$rows t", $plain, "Append$whole", "Gather, $workers$whole");
	compare_plans($aggregate, 0, 'of all partitions', "SELECT $aggregate->{call} AS v FROM hashed_$rows t", @merged);
	compare_plans($aggregate, 1, 'by what is no key', "SELECT site AS k, $aggregate->{call} AS v FROM hashed_$rows t", @merged)
	  if $aggregate->{name} =~ /^(avg|column_corr|gram_agg|patterns_agg|points_agg)$/ && !defined $aggregate->{state} && $aggregate->{call} !~ /sparse/;
}

$session->quit;
$node->stop;
done_testing();
