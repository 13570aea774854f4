# RDMs of patterns and noise precision: refused past the memory limit, back
# within a second of a timeout, the same bits at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

# A leader that combines workers' states holds one more of them; what is refused first is then another thing.
my $node = start_node('patterns', 'max_parallel_workers_per_gather = 0');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (id int, x tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT i, random_normal('{1500}', i) FROM generate_series(1, 4000) i;
CREATE TABLE clusters AS SELECT id, (SELECT x FROM rows WHERE id = 1) + x * 1e-5 AS x FROM rows;
CREATE TABLE wide AS SELECT id, random_normal('{20000}', id) AS x FROM generate_series(1, 600) id;
CREATE TABLE few AS SELECT id, x[1:40] AS x FROM rows WHERE id <= 300;
CREATE TABLE precision AS SELECT noise_precision(x) AS s FROM rows;
CREATE TABLE few_precision AS SELECT noise_precision(x) AS s FROM few;
SQL

sub rdm_of
{
	my ($call, $table) = @_;
	return "SELECT md5(rdm_send($call)::text) FROM $table";
}

# Without the text of the answer, which PostgreSQL makes and sums up without a look at interrupts.
sub without_text
{
	my ($call, $table) = @_;
	return "SELECT $call IS NULL FROM $table";
}

# name => [ a long statement, a short one ]
my %work = (
	'rdm' => [ without_text('rdm(id, x)', 'rows'), rdm_of('rdm(id, x)', 'few') ],
	'rdm, wide' => [ without_text("rdm(id, x, 'euclidean')", 'wide'), rdm_of("rdm(id, x, 'euclidean')", 'few') ],
	'rdm, clusters' => [ without_text("rdm(id, x, 'euclidean')", 'clusters'), rdm_of("rdm(id, x + 1e5, 'cosine')", 'few') ],
	'rdm, cityblock' => [ without_text("rdm(id, x, 'cityblock')", 'rows'), rdm_of("rdm(id, x, 'cityblock')", 'few') ],
	'rdm, mahalanobis' => [ without_text('rdm(id, x, (SELECT s FROM precision))', 'rows'),
		rdm_of('rdm(id, x, (SELECT s FROM few_precision))', 'few') ],
	'crossnobis' => [ without_text('crossnobis(id % 1000, x, id / 1000)', 'rows'), rdm_of('crossnobis(id % 30, x, id / 37)', 'few') ],
	'crossnobis, unbalanced' => [ without_text('crossnobis(id % 700, x, id * 37 % 11)', 'rows'), rdm_of('crossnobis(id % 50, x, id * 37 % 11)', 'few') ],
	'rdm_crossed' => [ without_text('rdm_crossed(id % 400, x, id / 400)', 'rows'),
		'SELECT md5(tensor_send((rdm_crossed(id % 30, x, id / 37)).d)::text) FROM few' ],
	'poisson_rdm' => [ without_text('poisson_rdm(id % 1000, abs(x), id / 1000)', 'rows'), rdm_of('poisson_rdm(id % 30, abs(x), id / 37)', 'few') ],
	'noise_precision' => [ without_text('noise_precision(x)', 'rows'),
		'SELECT md5(tensor_send(noise_precision(x))::text) FROM few' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}
# ... and where only the answer or the scratch would not fit
foreach my $case ([ '70MB', 'rdm', 'rdm' ], [ '120MB', 'rdm', 'neuroenc distances' ], [ '50MB', 'crossnobis', 'crossnobis' ],
	[ '120MB', 'rdm, mahalanobis', '(whitening patterns|neuroenc distances)' ])
{
	my ($limit, $name, $what) = @$case;
	my $err = refusal($node, $limit, $work{$name}[0]);
	like($err, qr/ERROR:  54000: $what needs [0-9.]+ (kB|MB|GB) of memory/, "$name, $limit: claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts, on the way and at the end.
left_healthy($node, 2, [ 'SELECT n_conditions(rdm(id, x)) FROM few', '300' ], map { $_ => $work{$_}[0] } keys %work)->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
