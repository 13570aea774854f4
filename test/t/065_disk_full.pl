# A disk that is full of temporary files: sorts, hashes, windows, functions that
# return rows and index builds, all with next to no work_mem, fail with disk_full,
# leave no file and no memory behind, and answer right when there is room again.
# And plans that count on workers when there are none: the same answers.
#
# The disk is filled by a library that the server preloads: while a file exists,
# writes to files in pgsql_tmp fail with ENOSPC after 20,000 bytes of a process.
# So it needs no mount, and the error is the system's own, in the server's own call.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Cwd qw(abs_path);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
my $full = "$dir/full";
append_to_file("$dir/full.c", <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM 20000

/* True if the disk is full for n more bytes of this file. */
static int
no_room(int fd, size_t n)
{
	static size_t written = 0;
	char		link[64];
	char		path[4096];
	ssize_t		length;
	const char *full = getenv("DISK_FULL");

	if (full == NULL || access(full, F_OK) != 0)
	{
		written = 0;
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	if (strstr(path, "pgsql_tmp") == NULL)
		return 0;
	written += n;
	if (written <= ROOM)
		return 0;
	errno = ENOSPC;
	return 1;
}

#define NEXT(name) static __typeof__(&name) next; if (next == NULL) next = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)

ssize_t
write(int fd, const void *bytes, size_t n)
{
	NEXT(write);
	return no_room(fd, n) ? -1 : next(fd, bytes, n);
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	NEXT(pwrite);
	return no_room(fd, n) ? -1 : next(fd, bytes, n, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	NEXT(pwrite64);
	return no_room(fd, n) ? -1 : next(fd, bytes, n, at);
}

static size_t
total(const struct iovec *part, int n_parts)
{
	size_t		n = 0;

	for (int i = 0; i < n_parts; i++)
		n += part[i].iov_len;
	return n;
}

ssize_t
pwritev(int fd, const struct iovec *part, int n_parts, off_t at)
{
	NEXT(pwritev);
	return no_room(fd, total(part, n_parts)) ? -1 : next(fd, part, n_parts, at);
}

ssize_t
pwritev64(int fd, const struct iovec *part, int n_parts, off64_t at)
{
	NEXT(pwritev64);
	return no_room(fd, total(part, n_parts)) ? -1 : next(fd, part, n_parts, at);
}
C
system_or_bail('gcc', '-shared', '-fPIC', '-o', "$dir/full.so", "$dir/full.c", '-ldl');

local $ENV{DISK_FULL} = $full;
my $node;
{
	local $ENV{LD_PRELOAD} = "$dir/full.so";
	$node = start_node('full', <<CONF);
work_mem = 64kB
maintenance_work_mem = 1MB
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
max_parallel_workers_per_gather = 0
max_parallel_workers = 4
CONF
}
mkdir "$dir/space";
$node->safe_psql('postgres', "CREATE TABLESPACE scratch LOCATION '$dir/space'");
create_rows($node, 'rows', 1000, 30, 40, 2);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE grams AS SELECT fold, gram_agg(x, y, fold) AS g FROM rows GROUP BY fold;
CREATE TABLE rdms AS SELECT 'area ' || a AS area, rdm(id % 30, y[a:a + 9]) AS d FROM rows, generate_series(1, 20) a GROUP BY a;
CREATE TABLE places AS SELECT i AS id, voxel(i % 20, i / 20 % 20, i / 400) AS place, i % 7 AS value FROM generate_series(1, 40000) i;
CREATE TABLE codes AS SELECT i AS id, sdr(ARRAY(SELECT DISTINCT (i * 7919 + j * j * 31) % 512 + 1 FROM generate_series(1, 12) j), 512) AS code FROM generate_series(1, 1000) i;
ALTER DATABASE postgres SET temp_tablespaces = scratch;
ANALYZE;
SQL

# Each needs a temporary file under work_mem = 64kB.
my %spilling = (
	'sorted rows of a stack' => 'SELECT md5(stack(x ORDER BY id)::text) FROM rows',
	'sorted rows of a gram' => 'SELECT round((ridge_cv_mean).r2::numeric, 9) FROM (SELECT avg(t.r2) AS r2 FROM (SELECT ridge_cv(gram_agg(x, y, fold ORDER BY id)) AS e FROM rows) s, targets(s.e) t) ridge_cv_mean',
	'groups by sorting' => 'SET enable_hashagg = off; SELECT md5(string_agg(t::text, \' \' ORDER BY f)) FROM (SELECT fold AS f, avg(y) AS t FROM rows GROUP BY fold) s',
	'groups by hashing' => 'SET enable_sort = off; SELECT md5(string_agg(t::text, \' \' ORDER BY f)) FROM (SELECT id % 700 AS f, sum(y) AS t FROM rows GROUP BY 1) s',
	'a hash join' => 'SET enable_mergejoin = off; SET enable_nestloop = off; SELECT round(cka(a.x, b.y)::numeric, 9) FROM rows a JOIN rows b USING (id)',
	'k-means as a window' => 'SELECT string_agg(c::text, \' \' ORDER BY l) FROM (SELECT l, count(*) AS c FROM (SELECT kmeans(x, 4, 1) OVER () AS l FROM rows) s GROUP BY l) s',
	'columns as a window' => 'SELECT md5(string_agg(z::text, \' \' ORDER BY id)) FROM (SELECT id, zscore_columns(y) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS z FROM rows) s',
	'q values as a window' => 'SELECT count(*) FROM (SELECT fdr_bh(p) OVER () AS q FROM (SELECT (i % 999 + 1) / 1000.0::float8 AS p FROM generate_series(1, 50000) i) s) s WHERE q < 0.5',
	'elements as rows' => 'SELECT round(sum(v)::numeric, 6) FROM unnest(random_normal(\'{100000}\', 3)) v',
	'distances as rows' => 'SELECT count(*) FROM (SELECT rdm(id, y) AS d FROM rows WHERE id <= 300) s, rdm_entries(s.d)',
	'neighbours as rows' => 'SELECT count(*) FROM (SELECT topk(id, x, (SELECT stack(x ORDER BY id) FROM rows WHERE id <= 200), 30) AS k FROM rows) s, neighbors(s.k)',
	'a CTE of tensors' => 'WITH t AS MATERIALIZED (SELECT id, x FROM rows) SELECT md5(max(x)::text) FROM (SELECT a.x FROM t a, t b WHERE a.id = 1) s',
	'a GiST build' => 'DROP INDEX IF EXISTS near; CREATE INDEX near ON places USING gist (place); SET enable_seqscan = off; SELECT array_agg(id ORDER BY id) FROM places WHERE place <@ ball(voxel(10, 10, 3), 2)',
);

sub temporary_files
{
	return grep { -f } glob("$dir/space/*/pgsql_tmp/* $dir/space/*/pgsql_tmp/*/* " . $node->data_dir . '/base/pgsql_tmp/*');
}

my $session = $node->background_psql('postgres', on_error_stop => 0);
sub said
{
	my ($statement) = @_;
	$session->{stderr} = '';
	my $out = $session->query("\\set VERBOSITY verbose\nRESET ALL; SET client_min_messages = warning;\n$statement;");
	return ($out, $session->{stderr});
}

my $refused = 0;
foreach my $name (sort keys %spilling)
{
	my ($want, $none) = said($spilling{$name});
	append_to_file($full, '');
	my ($out, $err) = said($spilling{$name});
	like($err, qr/ERROR:  53100: could not write to file .*pgsql_tmp.*No space left on device/, "$name: a full disk is an error");
	$refused++ if $err =~ /53100/;
	is(join(' ', temporary_files()), '', 'no temporary file is left');
	($out) = said('SELECT memory_in_use FROM neuroenc_info()');
	is($out, '0', 'no memory is claimed, the session goes on');
	unlink $full;
	($out, $err) = said($spilling{$name});
	ok($out eq $want && $out ne '' && $none . $err eq '', 'with room again the answer is right') or diag("$want / $out: $none$err");
}

# The administrator's own limit of temporary files, likewise.
my ($out, $err) = said("SET temp_file_limit = '100kB'; $spilling{'elements as rows'}");
like($err, qr/ERROR:  53400: temporary file size exceeds temp_file_limit/, 'more temporary files than temp_file_limit are an error');
is(join(' ', temporary_files()), '', 'no temporary file is left');
is($refused, scalar keys %spilling, "full disks: $refused refused of " . keys %spilling);
$session->quit;

# The same answers as of one process with memory: next to no work_mem, a Gather for
# which no worker is there, both.  Aggregates sum in another order then: 9 digits.
my @work = (
	'SELECT string_agg(round(r2::numeric, 9)::text, \' \' ORDER BY target) FROM (SELECT ridge_cv(gram_agg(x, y, fold), \'{1,10,100}\') AS e FROM rows) s, targets(s.e)',
	'SELECT string_agg(round(r2::numeric, 9)::text, \' \' ORDER BY target) FROM (SELECT ridge_cv(sum(g), \'{1,10,100}\') AS e FROM grams) s, targets(s.e)',
	'SELECT string_agg(round(r::numeric, 9)::text, \' \' ORDER BY r) FROM (SELECT unnest(flatten(astype(corr(gram_agg(x, y)), \'float8\'))) AS r FROM rows) s',
	'SELECT string_agg(round(rdm_compare(a.d, b.d, \'spearman\')::numeric, 9)::text, \' \' ORDER BY a.area, b.area) FROM rdms a, rdms b WHERE a.area < b.area',
	'SELECT string_agg(round(distance::numeric, 9)::text, \' \' ORDER BY distance) FROM (SELECT rdm(id % 20, astype(y, \'float8\')) AS d FROM rows) s, rdm_entries(s.d)',
	'SELECT string_agg(c::text, \' \' ORDER BY l) FROM (SELECT l, count(*) AS c FROM (SELECT kmeans(x, 4, 1) OVER () AS l FROM rows) s GROUP BY l) s',
	'SELECT md5(linkage(id, x, \'ward\')::text) FROM rows WHERE id <= 300',
	'SELECT string_agg(round(score::numeric, 6)::text, \' \' ORDER BY query, rank) FROM (SELECT topk(id, x, random_normal(\'{20,30}\', 9), 10) AS k FROM rows) s, neighbors(s.k)',
	'SELECT array_agg(id)::text FROM (SELECT id FROM rows ORDER BY x <=> random_normal(\'{30}\', 5), id LIMIT 20) s',
	'SELECT round((moran_i(place, value, 2)).i::numeric, 9)::text FROM places WHERE id < 3000',
	'SELECT round(cka(x, y)::numeric, 9)::text FROM rows',
	'SELECT string_agg(round(v::numeric, 9)::text, \' \') FROM (SELECT unnest(avg(astype(y, \'float8\'))) AS v FROM rows) s',
	'SELECT string_agg(round(density::numeric, 9)::text, \' \' ORDER BY feature) FROM (SELECT feature_activity(code) AS a FROM codes) s, features(s.a)',
);
my %settings = (
	'work_mem = 64kB' => '',
	'max_parallel_workers = 0' => "SET work_mem = '16MB'; SET max_parallel_workers_per_gather = 2; SET max_parallel_workers = 0;",
	'both' => 'SET max_parallel_workers_per_gather = 2; SET max_parallel_workers = 0;',
);
my $gathers = 0;
foreach my $i (0 .. $#work)
{
	my $want = $node->safe_psql('postgres', "SET work_mem = '16MB'; $work[$i]");
	cmp_ok(length($want), '>', 5, "statement $i has an answer");
	foreach my $setting (sort keys %settings)
	{
		is($node->safe_psql('postgres', "$settings{$setting} $work[$i]"), $want, "$setting: the same");
	}
	my $plan = $node->safe_psql('postgres', "$settings{both} EXPLAIN (ANALYZE, COSTS OFF) $work[$i]");
	$gathers++ if $plan =~ /Workers Planned: 2/ && $plan =~ /Workers Launched: 0/;
}
cmp_ok($gathers, '>=', 7, "$gathers of the plans wait for workers of which none came");

is(crashes($node), 0, 'no process was lost');
$node->stop;
done_testing();
