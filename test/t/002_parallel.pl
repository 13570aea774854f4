# Aggregates that can be merged run as Partial Aggregate under Gather, with one
# worker and with two, and give the answer of the plan without: each process has
# read rows, so that states of all are merged.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Aggregates;
use Neuroenc;
use Test::More;

my $node = start_node('parallel', "shared_preload_libraries = 'neuroenc'\n");
create_aggregate_rows($node, 3000);
create_states($node, $_) foreach 'rows4', 'rows8';
my @aggregates = mergeable_aggregates($node);
cmp_ok(scalar @aggregates, '>', 200, scalar @aggregates . ' aggregates to try');
my $session = merging_session($node);

# What is wrong with a plan that should have so many workers, each of which has read rows.
sub wrong_plan
{
	my ($nodes, $plan, $workers) = @_;
	my @read = $plan =~ /Parallel Seq Scan/ ? $' =~ /Worker \d+:\s+actual rows=(\d+)/g : ();
	return if $nodes eq ($workers == 0 ? 'Aggregate, Seq Scan'
		: "Finalize Aggregate, Gather, Workers Planned: $workers, Workers Launched: $workers, Partial Aggregate, Parallel Seq Scan")
	  && $workers == grep { $_ > 0 } @read;
	return "with $workers workers the plan is\n$plan";
}

foreach my $aggregate (@aggregates)
{
	foreach my $table ('rows4', 'rows8', 'rows_missing')
	{
		next if $table eq 'rows_missing' && $aggregate->{name} ne 'gram_agg' && $aggregate->{name} !~ /nan|count/;
		my $rows = rows_of($aggregate, $table);
		my $statement = "SELECT $aggregate->{call} AS v FROM $rows WHERE among_all(ctid)" . ($aggregate->{searches} ? ' AND id <= 300' : '');
		my ($differences, $plans, $nodes, $problem) =
		  answers($session, $aggregate, 0, map { [ "SET max_parallel_workers_per_gather = $_", $statement ] } 0 .. 2);
		my @wrong = $problem eq '' ? () : $problem;
		foreach my $workers (0 .. 2)
		{
			push @wrong, wrong_plan($nodes->[$workers] // '', $plans->[$workers] // '', $workers);
			push @wrong, "with $workers workers the answer is off by $differences->[$workers]"
			  unless ($differences->[$workers] // 'Infinity') <= tolerance($aggregate, $table);
		}
		is(join("\n", @wrong), '', "$aggregate->{call} over $rows: merged of 1, 2 and 3 processes' rows, the same");
	}
}

$session->quit;
$node->stop;
done_testing();
