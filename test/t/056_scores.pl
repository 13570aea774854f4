# Scores of rankings, ablation curves, concept vectors: refused past the memory limit,
# back within a second of a timeout, the same answer at any number of threads; scores
# of many groups are sorted into groups instead of held all at once.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('scores');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE ranked AS SELECT scored_agg(i % 999, sin(i), (i * 7919::bigint % 11)::float8) AS s FROM generate_series(1, 1500000) i;
CREATE TABLE wide (id int, x tensor, y tensor) WITH (toast_tuple_target = 8160);
INSERT INTO wide SELECT i, random_normal('{1800}', i), random_normal('{1800}', -i) FROM generate_series(1, 2200) i;
CREATE TABLE grams AS SELECT gram_agg(x, y, id % 5) AS g FROM wide;
CREATE TABLE few AS SELECT id, x[1:60] AS x, x[1:30] + y[1:30] AS y FROM wide WHERE id <= 600;
CREATE TABLE pictures AS SELECT i AS id, random_normal('{48,24,24}', i) AS x, clip((random_uniform('{24,24}', i) - 0.9) * 1e9, 0, 1) AS mask FROM generate_series(1, 300) i;
CREATE TABLE small AS SELECT id, x[1:12][1:9][1:9] AS x, mask[1:9][1:9] AS mask FROM pictures WHERE id <= 60;
CREATE TABLE rows AS SELECT i AS id, i % 20000 AS query, sin(i) AS score, i % 7 = 0 AS relevant FROM generate_series(1, 200000) i;
ANALYZE;
SQL

# name => [ a long statement, a short one, what its memory is called ]
my %work = (
	'ranking' => [ 'SELECT ndcg(s) + auc(s) + ndcg(s, 3) + average_precision(s) FROM ranked',
		'SELECT ndcg(score, id), mean_reciprocal_rank(id % 9, score, relevant) FROM rows', 'ranking' ],
	'ablation_curve' => [ 'SELECT count(*) FROM ablation_curve((SELECT g FROM grams), (SELECT array_agg(i) FROM generate_series(1, 1800) i), 10)',
		"SELECT * FROM ablation_curve((SELECT gram_agg(x, y, id % 5) FROM few), '{9,2,60,33,12}', 10, per_target => true)", 'ablation_curve' ],
	'concept_vector' => [ 'SELECT concept_vector(concept_agg(x, mask, id % 5), 0.1, 0.001) FROM pictures',
		'SELECT concept_vector(concept_agg(x, mask, id % 5), 0.1) FROM small', 'concept' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}

# ... and where the state fits but the scratch does not
foreach my $case ([ 'ranking', '60MB', 'ranking' ], [ 'ablation_curve', '100MB', 'ablation_curve' ], [ 'concept_vector', '170MB', '(concept|logistic)' ])
{
	my ($name, $limit, $what) = @$case;
	like(refusal($node, $limit, $work{$name}[0]), qr/ERROR:  54000: $what.* needs [0-9.]+ (kB|MB|GB) of memory/, "$name: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 900, 1 ], [ 700, 2 ] ], 600, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

# A state of its own for each of 20,000 groups: in sorted groups, one at a time.
my $by_query = 'SELECT query, ndcg(score, id) FROM rows GROUP BY query';
like($node->safe_psql('postgres', "EXPLAIN (COSTS OFF) $by_query"), qr/GroupAggregate/, 'many groups are sorted');
is($node->safe_psql('postgres', "SET neuroenc.memory_limit = '1MB'; SELECT count(*) FROM ($by_query) q"), 20000, 'and need the memory of one');
is($node->safe_psql('postgres', 'SELECT avg(r) - (SELECT mean_reciprocal_rank(query, score, relevant) FROM rows) BETWEEN -1e-12 AND 1e-12
	FROM (SELECT reciprocal_rank(score, relevant) AS r FROM rows GROUP BY query) q'), 't', 'the mean over groups is the mean over queries');

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
