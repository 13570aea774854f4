# Functions of one large value: back within a second of a timeout.  And what long
# work shows: progress at its interval, and the statement in pg_stat_activity.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Moments;
use Neuroenc;
use Test::More;

my $node = start_node('large_values');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE big AS SELECT random_normal('{7000,7000}', 1) AS t;
-- not compressed: PostgreSQL's decompression looks for no interrupts
CREATE TABLE part (t tensor, written text);
ALTER TABLE part ALTER written SET STORAGE EXTERNAL;
INSERT INTO part SELECT t[1:2000], t[1:2000]::text FROM big;
CREATE TABLE square AS SELECT astype(t[1:3000][1:3000], 'float8') AS t FROM big;
CREATE TABLE definite AS SELECT matmul(t, transpose(t)) + eye(3000, 'float8') AS t FROM square;
CREATE TABLE image AS SELECT to_nifti(eye(4), reshape(t, '{250,200,70,4}')) AS file FROM part;
CREATE TABLE few AS SELECT i FROM generate_series(1, 3) i;
SQL

$Moments::held_most = 1572864;
my $session = left_healthy($node, [ [ 60, 1 ], [ 250, 2 ] ], 3,
	'element by element' => 'SELECT sum_of(exp(t) * t + power(abs(t), abs(t)) / 3) FROM big',
	'reductions' => 'SELECT std_of(t), max_of(t), argmax(t), nan_count(t), mean_of(t) FROM big, generate_series(1, 20)',
	'standardized' => 'SELECT sum_of(l2_normalize(zscore(clip(t, -1, 1)))) FROM big',
	'transposed' => "SELECT sum_of(transpose(reshape(t, '{700,70,1000}'), '{3,1,2}')) FROM big",
	'other types' => "SELECT sum_of(astype(astype(t, 'float2'), 'float8')) FROM big",
	'compared' => 'SELECT (SELECT t FROM big) = (SELECT t || t[1:0] FROM big), tensor_hash(t) FROM big',
	'joined' => 'SELECT size(t || t) FROM big',
	'drawn' => "SELECT sum_of(random_normal('{12000,12000}', 2))",
	'written' => 'SELECT length(t::text) FROM part',
	'read' => 'SELECT sum_of(written::tensor) FROM part',
	'npy' => 'SELECT sum_of(from_npy(to_npy(t))) FROM big',
	'an array' => 'SELECT cardinality(t::float8[]) FROM big',
	'from an array' => 'SELECT size((t::float8[])::tensor) FROM part',
	'json' => 'SELECT jsonb_typeof(t[1:700]::jsonb) FROM part',
	'unnested' => 'SELECT sum(u) FROM big, unnest(t) u',
	'product' => 'SELECT sum_of(matmul(t, t)) FROM big',
	'solved' => "SELECT sum_of(solve(t, t)) FROM square",
	'cholesky' => 'SELECT sum_of(cholesky(t)) FROM definite',
	'voxels of an image' => 'SELECT count(*) FROM image, nifti_voxels(file)',
	'volumes of an image' => 'SELECT count(*) FROM image, nifti_volumes(file), generate_series(1, 20)',
	'an image' => "SELECT length(to_nifti(eye(4), reshape(t, '{70,70,100,100}'))) FROM big");

# At work, a session is active with its statement; and it tells how far it is.
my $statement = 'SELECT sum(sum_of((eigh(m)).values)) FROM (SELECT t[1:800][1:800] + transpose(t[1:800][1:800]) AS m FROM square OFFSET 0) q, generate_series(1, 100)';
my $pid = backend_pid($session);
my $other = $node->background_psql('postgres');
Moments::begin($session, "SET neuroenc.progress = 1; SET neuroenc.threads = 2; SET statement_timeout = 4000;\n$statement;");
my %seen;
until (Moments::ended($session))
{
	$session->{run}->pump_nb;
	my ($state, $event, $query) = split /\|/, $other->query("SELECT state, coalesce(wait_event_type, ''), query FROM pg_stat_activity WHERE pid = $pid;");
	$seen{"$state/$event"}++ if defined $query && $query =~ /eigh/;
}
my ($out, $said) = Moments::finish($session);
like($said, qr/NOTICE:  eigendecomposition: \d+ %/, 'and it tells how far it is');
cmp_ok($seen{'active/'} // 0, '>', 0, 'at work: active, its statement is shown');
cmp_ok($seen{'active/Extension'} // 0, '>', 0, 'and a wait event while its threads or LAPACK are at work');
$other->quit;
$session->quit;

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
