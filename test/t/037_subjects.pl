# Analyses over several subjects: refused past the memory limit, back within a
# second of a timeout, the same answer at any number of threads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = start_node('subjects');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE rows (subject int, t int, y tensor) WITH (toast_tuple_target = 8160);
INSERT INTO rows SELECT s, t, random_normal('{1800}', t) + random_normal('{1800}', 10000 * s + t)
	FROM generate_series(1, 6) s, generate_series(1, 700) t;
CREATE TABLE few AS SELECT subject, t, y[1:60] AS y FROM rows WHERE t <= 150;
CREATE TABLE many AS SELECT s * 10 + subject AS subject, t, y FROM rows, generate_series(1, 5) s;
CREATE TABLE narrow AS SELECT subject, t + 700 * r AS t, y[1:300] AS y FROM rows, generate_series(0, 4) r;
CREATE TABLE fitted AS SELECT srm(subject, t, y, 20) AS space FROM few WHERE subject < 6;
SQL

sub over
{
	my ($call, $table) = @_;
	return "SELECT $call FROM (SELECT recordings_agg(subject, t, y) AS r FROM $table OFFSET 0) q";
}

sub filters
{
	my ($table) = @_;
	return "SELECT detrend(y, 3) OVER w AS d, highpass(y, 128, 2) OVER w AS h, fir(y, '{1,2,3}') OVER w AS f FROM $table WINDOW w AS (PARTITION BY subject ORDER BY t)";
}

# name => [ a long statement, a short one ]
my %work = (
	'isc' => [ 'SELECT size(isc(subject, t, y)), size(isc(subject + 100, t, y)), size(isc(subject + 200, t, y)), size(isc(subject + 300, t, y)) FROM many',
		over('isc(r)', 'few') ],
	'isc_pairwise' => [ 'SELECT size(isc_pairwise(subject, t, y)), size(isc_pairwise(subject + 100, t, y)) FROM many', over('isc_pairwise(r)', 'few') ],
	'isfc' => [ over('size(isfc(r))', 'many'), over('isfc(r)', 'few') ],
	'detrend, highpass, fir' => [ 'SELECT count(d), count(h), count(f) FROM (' . filters('many') . ') q', filters('few') ],
	'srm, wide' => [ over('(space_info(srm(r, 200, 1000))).k', 'rows'), over('srm(r, 10)::text', 'few') ],
	'srm, narrow' => [ over('(space_info(srm(r, 50, 1000))).k', 'narrow'), over('srm(r, 10, 30, 3)::text', 'few') ],
	'hyperalign' => [ over('(space_info(hyperalign(r))).k', 'rows'), over('hyperalign(r)::text', 'few') ],
	'time_segment_match' => [ 'SELECT count(*) FROM (SELECT recordings_agg(subject, t, y) AS r FROM narrow OFFSET 0) q, time_segment_match(r, 10)',
		'SELECT m.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM few OFFSET 0) q, time_segment_match(r, 10) AS m' ],
	'add_subjects' => [ 'SELECT length(add_subjects(space, r)::text) FROM (SELECT hyperalign(subject, t, y) AS space FROM rows WHERE subject < 3) s, '
		  . '(SELECT recordings_agg(subject, t, y) AS r FROM rows WHERE subject >= 3) q',
		'SELECT add_subjects(space, r)::text FROM fitted, (SELECT recordings_agg(subject, t, y) AS r FROM few WHERE subject = 6) q' ]);

# Past the limit: refused, with both figures and the way out.
foreach my $name (sort keys %work)
{
	my $err = refusal($node, '2MB', $work{$name}[0]);
	like($err, qr/ERROR:  54000: (?!a tensor ).*needs [0-9.]+ (bytes|kB|MB|GB)/, "$name: refused with what it needs");
	like($err, qr/DETAIL:  The limit is .*\n.*HINT:  .*neuroenc\.memory_limit/, "$name: limit and way out are named");
}
# ... and where only the scratch would not fit
foreach my $case ([ '50MB', over('isfc(r)', 'rows'), 'isfc' ], [ '50MB', over('srm(r, 200)', 'rows'), 'srm' ],
	[ '50MB', over('hyperalign(r)', 'rows'), 'hyperalign|shared space' ],
	[ '43500kB', over('isc(r)', 'rows'), 'isc' ],
	[ '50MB', 'SELECT m.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows) q, time_segment_match(r, 3) AS m', 'time_segment_match' ])
{
	my ($limit, $statement, $what) = @$case;
	my $err = refusal($node, $limit, $statement);
	like($err, qr/ERROR:  54000: ($what) needs [0-9.]+ (kB|MB|GB) of memory/, "$what: its scratch is claimed before it is allocated");
}

# The same bits at one and three threads.
same_with_threads($node, map { $_ => $work{$_}[1] } keys %work);

# Timeouts.
my $session = left_healthy($node, [ [ 400, 1 ], [ 1100, 1 ], [ 1100, 2 ] ], [ 'SELECT n_samples(recordings_agg(subject, t, y)) FROM few', '900' ], map { $_ => $work{$_}[0] } keys %work);

# Progress
$session->{stderr} = '';
$session->query("SET neuroenc.progress = 1; SET statement_timeout = '4000ms';\n$work{'srm, wide'}[0];");
like($session->{stderr}, qr/NOTICE:  srm.*: \d+ %, about \d+ s left/, 'progress is reported');
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
