# Directions: partial aggregates in parallel plans, refused past the memory limit,
# back within a second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('directions');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{1200}', i) FROM generate_series(1, 3000) i;
CREATE TABLE few WITH (parallel_workers = 2) AS SELECT id, x[1:12] AS x FROM rows WHERE id <= 600;
CREATE TABLE wide AS SELECT class_sums_agg(random_normal('{2500}', i), i % 3) AS s FROM generate_series(1, 1200) i;
CREATE TABLE stacked AS SELECT stack(x[1:30]) AS m, stack(x[1:6]) FILTER (WHERE id <= 150) AS few FROM rows;
CREATE TABLE identity AS SELECT eye(2200) AS m;
ANALYZE;
SQL

# Partial aggregates, which give one scan's answer but for rounding.
my $settings = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; ';
foreach my $call ('mean_difference(x, id % 2)', "mean_difference(x, id % 2 = 0)", "lda_direction(x, 'c' || id % 2)",
	'lda_direction(class_sums_agg(x, id % 3), 0.1, 2)', '(lda(class_sums_agg(x, id % 3))).directions')
{
	my $plan = $node->safe_psql('postgres', "$settings EXPLAIN SELECT $call FROM few");
	like($plan, qr/Partial (Hash|Group)?Aggregate|Partial Aggregate/, "$call: partial aggregates");
	my $same = $node->safe_psql('postgres', "$settings CREATE TEMP TABLE one AS SELECT $call AS d FROM few; "
		  . "SET max_parallel_workers_per_gather = 0; SELECT max_of(abs(d - (SELECT $call FROM few))) < 1e-10 * max_of(abs(d)) FROM one");
	is($same, 't', "$call: the same from workers");
}

# name => [ a long statement, a short one, what its scratch is called ]
my %work = (
	'lda' => [ 'SELECT lda(s, 0.1) FROM wide', 'SELECT lda(class_sums_agg(x, id % 3)) FROM few', 'lda' ],
	'parallelograms' => [ 'SELECT count(*) FROM stacked, parallelograms(m, 0.5)', 'SELECT p FROM stacked, parallelograms(few, 0.25) AS p', 'parallelograms' ],
	'whiten' => [ "SELECT whiten(ones('{2200}'), m) FROM identity", "SELECT whiten(x, (SELECT covariance(gram_agg(x)) FROM few)) FROM few", 'whiten' ]);

foreach my $case ([ 'lda', '220MB' ], [ 'parallelograms', '40MB' ], [ 'whiten', '50MB' ])
{
	my ($name, $limit) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $work{$name}[2] needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# What is found is claimed too.
like(refusal($node, '9MB', 'SELECT count(*) FROM stacked, parallelograms(few, 1)'), qr/ERROR:  54000: parallelograms needs .*Lower the tolerance/s,
	'parallelograms: as many as memory holds');

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ], [ 700, 2 ] ], 600, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
