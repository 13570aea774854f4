# Which units: refused past the memory limit, back within a second of a timeout,
# the same answer at any number of threads and on any plan.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('units');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id bigint, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{500}', i) FROM generate_series(1, 12000) i;
CREATE TABLE few WITH (parallel_workers = 2) AS SELECT id, x[1:70] * (1 + id % 5) AS x, id % 7 AS class,
	concat_ws(' ', 'w' || id % 31, 'w' || id % 7, 'w' || id * id % 57) AS words FROM rows WHERE id <= 1500;
ANALYZE;
SQL

# name => [ a long statement, a short one ]
my %work = (
	'localizer' => [ "SELECT n_units(localizer(random_normal('{100000}', i), i % 2 = 0)) FROM generate_series(1, 20000) i",
		'SELECT md5(array_agg(u)::text) FROM (SELECT localizer(x, class < 3) AS l FROM few) s, units(s.l) u' ],
	'selectivity' => [ 'SELECT count(*) FROM (SELECT points_agg(x || x, id % 2000) AS p FROM rows) s, selectivity(s.p)',
		'SELECT md5(array_agg(e)::text) FROM (SELECT points_agg(x, class) AS p FROM few) s, selectivity(s.p) e' ],
	'mutual_information' => [ 'SELECT count(*) FROM (SELECT points_agg(x || x || x || x, id % 10) AS p FROM rows) s, mutual_information(s.p)',
		'SELECT md5(array_agg(e)::text) FROM (SELECT points_agg(x, class) AS p FROM few) s, mutual_information(s.p) e' ],
	'pmi_label' => [ "SELECT count(*) FROM (SELECT points_agg(x || x || x || x, repeat('w' || id % 1000 || ' v' || id % 777 || ' ', 30) || id) AS p FROM rows) s, pmi_label(s.p, 0.9)",
		'SELECT md5(array_agg(e)::text) FROM (SELECT points_agg(x, words) AS p FROM few) s, pmi_label(s.p) e' ]);

# name => [ a statement, a limit, what is refused there ]
my %refused = (
	'localizer' => [ "SELECT localizer(random_normal('{100000}', 1), true)", '2MB', 'localizer' ],
	'its units' => [ "SELECT count(*) FROM (SELECT localizer(random_normal('{100000}', 1), true) AS l) s, units(s.l)", '10MB', 'localized units' ],
	'random_units' => [ "SELECT random_units(1000000, '{1}')", '10MB', 'random_units' ],
	'selectivity' => [ 'SELECT count(*) FROM (SELECT points_agg(x[1:100], id) AS p FROM rows) s, selectivity(s.p)', '50MB', 'selectivity of units' ],
	'mutual_information' => [ "SELECT count(*) FROM (SELECT points_agg(x, id % 1000) AS p FROM rows) s, mutual_information(s.p, method => 'bins', bins => 10000)", '100MB', 'mutual_information' ],
	'pmi_label' => [ 'SELECT count(*) FROM (SELECT points_agg(x, id) AS p FROM rows) s, pmi_label(s.p, n_words => 10000)', '100MB', 'labels of units' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %refused)
{
	my ($statement, $limit, $what) = @{ $refused{$name} };
	my $err = refusal($node, $limit, $statement);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (bytes|kB|MB|GB) of memory/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Parallel workers see other rows in another order: the same answer; to the last bits but one where sums are merged.
foreach my $case (
	[ 'localizer', 'SELECT array_agg(rank ORDER BY unit), round(sum(abs(t))::numeric, 8), round(sum(q)::numeric, 8) FROM (SELECT localizer(x, class < 3) AS l FROM few) s, units(s.l) u' ],
	map { [ $_, $work{$_}[1] ] } 'selectivity', 'mutual_information', 'pmi_label')
{
	my ($name, $statement) = @$case;
	my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
	like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, "$name: a parallel plan");
	is($node->safe_psql('postgres', "$parallel $statement"),
		$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $statement"), "$name: the same answer");
}

# Timeouts.
$work{'random_units'} = [ "SELECT count(random_units(5000000, '{1,2,3}', i)) FROM generate_series(1, 10) i" ];
my $session = left_healthy($node, [ [ 300, 1 ], [ 1000, 1 ], [ 700, 2 ] ], 1500, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
