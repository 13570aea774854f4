# Fifty sessions of mixed work at once, some with next to no work_mem, some
# without parallel workers, some cancelled at random: every answer is the one
# that a session alone gives.
#
# NEUROENC_SECONDS (20) is how long.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{NEUROENC_SECONDS} // 20;
my $node = start_node('sessions', "max_connections = 80\nmax_parallel_workers_per_gather = 2\nmax_parallel_workers = 6\nmin_parallel_table_scan_size = 0\nparallel_setup_cost = 0\nparallel_tuple_cost = 0\n");
create_rows($node, 'rows', 1000, 30, 40, 2);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE grams AS SELECT fold, gram_agg(x, y, fold) AS g FROM rows GROUP BY fold;
CREATE TABLE rdms AS SELECT 'area ' || a AS area, rdm(id % 30, y[a:a + 9]) AS d FROM rows, generate_series(1, 30) a GROUP BY a;
CREATE TABLE places AS SELECT i AS id, voxel(i % 20, i / 20 % 20, i / 400) AS place, i % 7 AS value FROM generate_series(1, 3000) i;
CREATE INDEX ON places USING gist (place);
CREATE TABLE work (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, statement text, answer text);
INSERT INTO work (statement) VALUES
	('SELECT string_agg(round(r2::numeric, 9)::text, '' '' ORDER BY target) FROM (SELECT ridge_cv(gram_agg(x, y, fold), ''{1,10,100}'') AS e FROM rows) s, targets(s.e)'),
	('SELECT string_agg(round(r2::numeric, 9)::text, '' '' ORDER BY target) FROM (SELECT ridge_cv(sum(g), ''{1,10,100}'') AS e FROM grams) s, targets(s.e)'),
	('SELECT string_agg(round(r::numeric, 9)::text, '' '' ORDER BY r) FROM (SELECT unnest(flatten(astype(corr(sum(g)), ''float8''))) AS r FROM grams) s'),
	('SELECT string_agg(round(rdm_compare(a.d, b.d, ''spearman'')::numeric, 9)::text, '' '' ORDER BY a.area, b.area) FROM rdms a, rdms b WHERE a.area < b.area'),
	('SELECT array_agg(c ORDER BY l)::text FROM (SELECT l, count(*) AS c FROM (SELECT kmeans(x, 4, 1) OVER () AS l FROM rows) s GROUP BY l) s'),
	('SELECT md5(linkage(id, x, ''ward'')::text) FROM rows WHERE id <= 300'),
	('SELECT array_agg(id ORDER BY id)::text FROM places WHERE place <@ ball(voxel(10, 10, 3), 3)'),
	('SELECT array_agg(id)::text FROM (SELECT id FROM rows ORDER BY x <=> (SELECT x FROM rows WHERE id = 7), id LIMIT 20) s'),
	('SELECT round((moran_i(place, value, 2)).i::numeric, 9)::text FROM places'),
	('SELECT round(cka(x, y)::numeric, 9)::text FROM rows'),
	('SELECT md5(string_agg(v::text, '','')) FROM (SELECT unnest(random_normal(''{20000}'', 3)) AS v) s');
CREATE FUNCTION check_answer(which int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	w work;
	got text;
BEGIN
	SELECT * INTO w FROM work WHERE id = which;
	EXECUTE w.statement INTO got;
	IF got IS DISTINCT FROM w.answer THEN
		RAISE EXCEPTION 'statement % answered % instead of %', which, got, w.answer;
	END IF;
END $$;
ANALYZE;
SQL
my $n = $node->safe_psql('postgres', 'SELECT count(*) FROM work');
foreach my $i (1 .. $n)
{
	my $answer = $node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 0; ' . $node->safe_psql('postgres', "SELECT statement FROM work WHERE id = $i"));
	cmp_ok(length($answer), '>', 5, "statement $i has an answer");
	$answer =~ s/'/''/g;
	$node->safe_psql('postgres', "UPDATE work SET answer = '$answer' WHERE id = $i");
}

my $dir = PostgreSQL::Test::Utils::tempdir();
append_to_file("$dir/work.sql", <<"SQL");
\\set i random(1, $n)
\\set memory random(1, 3)
\\set workers random(0, 2)
SELECT set_config('work_mem', CASE :memory WHEN 1 THEN '64kB' ELSE '4MB' END, false), set_config('max_parallel_workers_per_gather', :workers::text, false), set_config('neuroenc.threads', :memory::text, false);
SELECT check_answer(:i);
SQL
my ($out, $err) = ('', '');
my $done = IPC::Run::run([ 'pgbench', '-n', '-c', '50', '-j', '2', '-T', $seconds, '-f', "$dir/work.sql", $node->connstr('postgres') ], '>', \$out, '2>', \$err);
ok($done, "50 sessions for $seconds s end well") or diag($err);
my ($transactions) = $out =~ /number of transactions actually processed: (\d+)/;
my ($failed) = $out =~ /number of failed transactions: (\d+)/;
cmp_ok($transactions, '>', 50, "$transactions statements, each with the answer of a session alone");
is($failed // 0, '0', 'none failed');
unlike($err, qr/answered|ERROR/, 'no answer differed');

# The same while sessions are cancelled at random: those that go on answer right.
my $cancel = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', <<'SQL' ], '>', \my $cancelled, '2>', \my $complained);
DO $$ DECLARE n int := 0; BEGIN
	FOR i IN 1 .. 400 LOOP
		PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
		n := n + (SELECT count(pg_cancel_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%check_answer%' ORDER BY random() LIMIT 1) s);
	END LOOP;
	RAISE NOTICE 'cancelled %', n;
END $$
SQL
my $wrong = 0;
for my $round (1 .. 4)
{
	IPC::Run::run([ 'pgbench', '-n', '-c', '30', '-j', '2', '-T', '2', '-f', "$dir/work.sql", $node->connstr('postgres') ], '>', \$out, '2>', \$err);
	$wrong++ if $err =~ /answered|server closed|terminat/;
}
IPC::Run::finish($cancel);
like($complained, qr/cancelled [1-9]/, 'sessions were cancelled: ' . ($complained =~ /(cancelled \d+)/ ? $1 : $complained));
is($wrong, 0, 'no answer was wrong, no session lost');
my $left;
ok(wait_until(20, sub { $left = client_processes($node); !%$left }), 'no process is left') or diag(join "\n", %$left);

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
