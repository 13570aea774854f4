# Sparse codes and dictionaries: refused past the memory limit, back within a second of
# a timeout, the same answer at any number of threads; rows come from a parallel plan.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('dictionary');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id bigint, x tensor) WITH (toast_tuple_target = 8160, parallel_workers = 2);
INSERT INTO rows SELECT i, random_normal('{128}', i) FROM generate_series(1, 20000) i;
CREATE TABLE few (id bigint, x tensor) WITH (parallel_workers = 2);
INSERT INTO few SELECT id, x[1:24] FROM rows WHERE id <= 600;
CREATE TABLE sae AS SELECT random_normal('{16384,128}', 1) AS w, random_normal('{16384}', 2) AS b_enc, zeros(ARRAY[128]) AS b_dec;
CREATE TABLE small_sae AS SELECT random_normal('{300,24}', 3) AS w, random_normal('{300}', 4) AS b_enc, random_normal('{24}', 5) AS b_dec;
CREATE TABLE dict AS SELECT random_normal('{3000,128}', 6) AS d;
CREATE TABLE small_dict AS SELECT random_normal('{200,24}', 7) AS d;
SQL

my $long = 'SELECT count(*), sum(n_active(c.code)) FROM (SELECT points_agg(id, x) AS p FROM rows) q';
my $short = 'SELECT md5(string_agg(c.code::text, \',\' ORDER BY c.id)) FROM (SELECT points_agg(id, x) AS p FROM few) q';

# name => [ a long statement, a short one ]
my %work = (
	'sae, relu' => [ "$long, sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p) c",
		"$short, small_sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p) c" ],
	'sae, topk' => [ "$long, sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p, 'topk', 32) c",
		"$short, small_sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p, 'topk', 10) c" ],
	'sae, batch_topk' => [ "$long, sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p, 'batch_topk', 32) c",
		"$short, small_sae, LATERAL sae_encode_rows(w, b_enc, b_dec, p, 'batch_topk', 10) c" ],
	'sae, a row at a time' => [ 'SELECT sum(n_active(sae_encode(w, b_enc, b_dec, x))) FROM rows, sae',
		'SELECT md5(string_agg(sae_encode(w, b_enc, b_dec, x)::text, \',\' ORDER BY id)) FROM few, small_sae' ],
	'omp' => [ "$long, dict, LATERAL omp_rows(d, p, 80) c", "$short, small_dict, LATERAL omp_rows(d, p, 10) c" ],
	'omp by residuals' => [ "$long, sae, LATERAL omp_rows(w, p, 20) c", "$short, small_dict, LATERAL omp_rows(d, p, 1) c" ],
	'matching pursuit' => [ "$long, dict, LATERAL matching_pursuit_rows(d, p, 5000) c",
		"$short, small_dict, LATERAL matching_pursuit_rows(d, p, 50) c" ],
	'lasso' => [ "$long, dict, LATERAL ista_rows(d, p, 5) c", "$short, small_dict, LATERAL ista_rows(d, p, 2) c" ],
	'iterative thresholding' => [ "$long, dict, LATERAL ista_rows(d, p, 5, 0.5) c",
		"$short, small_dict, LATERAL ista_rows(d, p, 2, 0.5) c" ],
	'codebook' => [ "$long, sae, LATERAL codebook_encode_rows(w, p, 5) c", "$short, small_dict, LATERAL codebook_encode_rows(d, p, 5) c" ],
	'dictionary learning' => [ 'SELECT objective FROM (SELECT points_agg(x) AS p FROM rows) q, dictionary_learn(p, 300, 2)',
		'SELECT dictionary, objective FROM (SELECT points_agg(x) AS p FROM few) q, dictionary_learn(p, 40, 1, max_iter => 5)' ]);

# Past the limit: refused, with both figures and the way out, by the name of what would not fit.
my %limits = (
	'sae, relu' => [ '5MB', 'points' ],
	'sae, topk' => [ '40MB', 'sae_encode' ],
	'sae, a row at a time' => [ '4MB', 'sae weights' ],
	'omp' => [ '60MB', 'matching pursuit' ],
	'matching pursuit' => [ '60MB', 'matching pursuit' ],
	'lasso' => [ '60MB', 'dictionary' ],
	'codebook' => [ '60MB', 'codebook_encode' ],
	'dictionary learning' => [ '35MB', '(points|dictionary_learn)' ]);
foreach my $name (sort keys %limits)
{
	my ($limit, $what) = @{ $limits{$name} };
	like(refusal($node, $limit, $work{$name}[0]), qr/ERROR:  54000: $what needs [0-9.]+ (bytes|kB|MB|GB) of memory.*\nDETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/,
		"$name: refused with what it needs");
}

# The same bits at one and three threads, and on a parallel plan.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);
my $parallel = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;";
foreach my $name ('sae, batch_topk', 'omp', 'dictionary learning')
{
	my $statement = $work{$name}[1];
	like($node->safe_psql('postgres', "$parallel EXPLAIN $statement"), qr/Partial Aggregate/, "$name: rows come from a parallel plan");
	is($node->safe_psql('postgres', "$parallel $statement"), $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $statement"),
		"$name: the same answer");
}

# Timeouts.
my $session = left_healthy($node, [ [ 300, 1 ], [ 700, 2 ] ], 600, map { $_ => $work{$_}[0] } keys %work);
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
