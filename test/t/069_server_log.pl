# The server's log never holds values of rows: not an element, a label or an id,
# in no message, detail, hint or notice.  The client is told them.
#
# A table's values carry marks (digits and words that nothing else has).  Every
# function, aggregate and window function of the catalog is called on them, many
# times and mostly wrongly, and the states that come of it are the arguments of the
# next calls.  What no chance finds is provoked by name.  Then the log is searched
# for the marks, and the client's messages must have had them.
#
# What a call's options were (k, alpha, a metric's name), shapes, counts, row
# numbers and positions may be logged: %option says which arguments are options;
# an argument that it doesn't name is data.  The input functions are no exception:
# a text that is no tensor may come from a column by a cast.  PostgreSQL's own lines
# are its settings' matter: the statement (log_statement, log_min_error_statement)
# and the CONTEXT of COPY, which quotes the line (log_error_verbosity = terse).
#
# ROUNDS=50 is the long form; SEED draws other calls.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{ROUNDS} // 1;
srand($ENV{SEED} // 1);

# 271828 with a decimal point anywhere, -8675309, SECRET
my $mark = qr/2\.?7\.?1\.?8\.?2\.?8|8\.?6\.?7\.?5\.?3\.?0\.?9|SECRET/;

my $node = start_node('log', <<'CONF');
log_min_messages = debug1
log_error_verbosity = verbose
log_statement = none
log_min_error_statement = panic
log_line_prefix = ''
autovacuum = off
neuroenc.memory_limit = '256MB'
neuroenc.progress = 1
CONF

# ---------------------------------------------------------------- values

# The first few of each type are well formed and fit one another; $well says how many.
my %well = (tensor => 6, text => 4, bigint => 4);
my %values = (
	tensor => [
		'[271828,1,2]', '[1,-271828,3]', '[2,5,0.271828]', '[4,271828,1]', '[0,0,271828]', 'float8:[3,2.71828,1]',
		'[NaN,271828,1]', '[Infinity,271828,1]', '[271828,271828,271828]', '[0,0,0]', '[271828]', '[271828,1]', 'float8:[2.71828e300,1,2]',
		'float8:[2.71828e160,1,2]', '[2.71828e30,1,2]', '[[0,271828,1],[271828,0,2],[1,2,0]]', '[[0,271828,1],[2,0,271828],[1,2,0]]',
		'[[271828,1,2],[1,271828,3],[2,3,271828]]', '[[-271828,1,2],[1,271828,3],[2,3,5]]', '[[1,0,0,271828],[0,1,0,2],[0,0,1,3],[0,0,0,1]]',
		'[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,271828]]', '[[271828,2,3],[4,5,6]]', '[[[1,271828],[3,4]],[[5,6],[7,-271828]]]', '[0.5,0.2,0.3]' ],
	sparse => [ '{1:271828,3:2}/3', '{2:-271828}/3', '{1:0.271828,2:1}/3', '{8675309:1}/8675400', '{1:2.71828e30}/3', '{}/3', 'float8:{1:2.71828e300}/3' ],
	voxel => [ '(271828,1,2)', '(1,2,271828)', '(0,0,-271828)', '(2.71828e30,0,0)' ],
	ball => [ '<(271828,1,2),271828>', '<(0,0,0),2.71828e30>' ],
	text => [ 'SECRET-face', 'SECRET-house', '{SECRET,a}', '{SECRET,b}', '{SECRET', '[1,SECRET]', '[2.71828e400]', '{SECRET,NULL}', '{SECRET,a,b}' ],
	bigint => [ 8675309, 86753091, -8675309, 86753092, 1, 2 ],
	integer => [ 8675309, -8675309, 1, 2, 3 ],
	'double precision' => [ 271828, -271828, 0.271828, 2.71828e300, 1, 0.5, 'NaN', 'Infinity' ],
	real => [ 271828, -271828, 2.71828e30 ],
	numeric => [ 271828, '271828e400', 'NaN' ],
	boolean => [ 't', 'f' ],
	'boolean[]' => [ '{t,f,t}', '{t,f}' ],
	'integer[]' => [ '{8675309,1,1}', '{1,1,8675309}', '{-8675309}', '{1,2,3}' ],
	'smallint[]' => ['{27182}'],
	'bigint[]' => [ '{8675309,86753091,1}', '{{8675309,86753091}}', '{8675309}', '{86753091,8675309}', '{8675309,8675309}', '{{8675309,2},{1,8675309}}' ],
	'double precision[]' => [ '{271828,1,2}', '{-271828}', '{1,271828,NaN}', '{2.71828e300}' ],
	'real[]' => ['{271828,2.71828e30}'],
	'numeric[]' => [ '{271828e400}', '{271828,1}' ],
	'text[]' => [ '{SECRET-face,SECRET-house,c}', '{SECRET-face}', '{SECRET-face,SECRET-face}', '{SECRET-face,SECRET-house}', '{SECRET-house,b}' ],
	json => [ '[271828,1]', '[271828,"SECRET"]', '{"SECRET":1}', '[271828e400]' ],
	jsonb => [ '[271828,1]', '[271828,"SECRET"]', '{"SECRET":1}', '[271828e400]' ],
	bytea => [ 'SECRET', '' ]);

# Options, by name, of scalars and number arrays.  Integers are counts and positions, but for those of %data_integer.
my %option = map { $_ => 1 } qw(seed dof
  activations affinity assign average covariance dtype fill init kind method metric objective of over scoring
  above alpha alphas concentration cutoff_s discard eps gamma height l1_ratio lambda length_s level lower min_gain percent
  prior_lambda prior_weight q quantile radius reg resolution share shrinkage sigma smoothing start step stop strengths temperature
  threshold tol tolerance tr upper variance);
my %data_integer = map { $_ => 1 } ('label integer', 'strata integer[]', 'indices integer[]', 'a integer[]');
my %options = (
	integer => [ 0, 1, 2, 3, 5, -1, 2 ],
	'integer[]' => [ "'{1,2}'", "'{3}'", "'{1}'", "'{1,2,3}'", "'{0}'", "'{9}'" ],
	bigint => [ 0, 1, 2 ],
	'double precision' => [ 0.5, 1, 0, 2, 10, -1, "'NaN'" ],
	'double precision[]' => [ "'{1,10}'", "'{0.5}'", "'{-1}'", "'{}'" ],
	text => [ map { "'$_'" } qw(euclidean sqeuclidean cosine correlation spearman pearson cka nonsense mean float8 float4 single ward
		  both subjects conditions r2 accuracy full diag relu topk jumprelu kmeans rbf knn macro phi moments features) ]);

sub is_option
{
	my ($name, $type) = @_;
	return !$data_integer{"$name $type"} if $type =~ /^integer/;
	return 1 if $type eq 'text' && $name eq 'weight';
	return exists $options{$type} && $option{$name};
}

my @types = split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
WHERE t.typtype = 'b' AND t.typelem = 0 ORDER BY 1
SQL
my %is_state = map { $_ => 1 } grep { !$values{$_} } @types;
my %pool = map { $_ => 0 } @types, keys %values, 'rdm[]';
my $setup = '';
foreach my $type (sort keys %pool)
{
	$setup .= qq{CREATE TABLE "$type values" (id bigint, v $type);\n};
	foreach my $value (@{ $values{$type} || [] })
	{
		$pool{$type}++;
		$setup .= qq{INSERT INTO "$type values" VALUES ($pool{$type}, '$value');\n};
	}
}
# Recordings' files, and distances with labels of all kinds
$setup .= <<'SQL';
CREATE TABLE recorded (id bigint, label text, fold bigint, x tensor, y float8);
INSERT INTO recorded SELECT 8675309 + i, 'SECRET-' || i % 5, 8675309 + i % 3, random_normal('{3}', i) * 271828, 271828 * i FROM generate_series(1, 60) i;
CREATE TABLE files AS
    SELECT to_npy('[271828,1,2]') AS npy,
           to_nifti('[[1,0,0,271828],[0,1,0,0],[0,0,1,0],[0,0,0,1]]', '[[[271828,1],[2,3]],[[4,5],[6,271828]]]') AS nifti;
CREATE TABLE distances AS
    SELECT rdm(label, x, 'euclidean') AS whole, rdm_from_matrix('{SECRET-1,SECRET-2,c}', '[[0,NaN,1],[NaN,0,2],[1,2,0]]') AS missing,
           rdm_from_matrix('{SECRET-1,SECRET-2,c}', '[[0,-271828,-1],[-271828,0,-2],[-1,-2,0]]', 'crossnobis') AS negative,
           rdm_from_matrix('{SECRET-1,SECRET-2,c}', 'float8:[[0,2.71828e300,1],[2.71828e300,0,2],[1,2,0]]') AS huge FROM recorded;
SQL
$node->safe_psql('postgres', $setup);
$pool{bytea} += 2;
$pool{rdm} += 4;
$node->safe_psql('postgres', <<'SQL');
INSERT INTO "bytea values" SELECT 3, npy FROM files UNION ALL SELECT 4, nifti FROM files;
INSERT INTO "rdm values" SELECT 1, whole FROM distances UNION ALL SELECT 2, missing FROM distances UNION ALL SELECT 3, negative FROM distances
    UNION ALL SELECT 4, huge FROM distances;
SQL

# ---------------------------------------------------------------- calls

# (name, kind, returns a set, variadic, defaults, result, [argument names], [types]) of what can be called from SQL
sub functions
{
	my @found;
	foreach my $line (split /\n/, $node->safe_psql('postgres', <<'SQL'))
WITH support AS (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[])
                 FROM pg_aggregate)
SELECT concat_ws('|', p.oid::regproc, p.prokind, p.proretset::int, (p.provariadic <> 0)::int, p.pronargdefaults, format_type(p.prorettype, NULL),
                 (SELECT string_agg(coalesce(nullif(p.proargnames[i], ''), '-'), ',' ORDER BY i) FROM generate_series(1, p.pronargs) i),
                 (SELECT string_agg(format_type(t, NULL), ',' ORDER BY i) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, i)))
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
WHERE p.oid NOT IN (TABLE support) AND p.pronargs > 0 AND p.prorettype <> ALL ('{internal,cstring,trigger}'::regtype[])
ORDER BY p.oid::regprocedure::text
SQL
	{
		my ($name, $kind, $set, $variadic, $defaults, $result, $names, $types) = split /\|/, $line;
		my @type_list = split /,/, $types;
		my @name_list = split /,/, $names // '';
		$name_list[$_] //= '-' foreach 0 .. $#type_list;
		next if grep { !exists $pool{$_} && !exists $options{$_} } @type_list;
		push @found, { name => $name, kind => $kind, set => $set, variadic => $variadic, defaults => $defaults, result => $result,
			names => \@name_list, types => \@type_list };
	}
	return @found;
}

sub one_of { return $_[ int(rand(@_)) ]; }

# A row of the pool; $fitting: one of those that fit one another
sub row_of
{
	my ($type, $fitting) = @_;
	my $most = $fitting && $well{$type} ? $well{$type} : $pool{$type};
	return 1 + int(rand($most || 1));
}

sub call
{
	my ($f) = @_;
	my @types = @{ $f->{types} };
	my $fitting = rand() < 0.6;
	my $n = $f->{kind} eq 'f' ? 1 : 1 + int(rand(8));
	pop @types foreach 1 .. int(rand($f->{defaults} + 1));
	my @rows = map { my $i = $_; '(' . join(', ', $i, map { row_of($_, $fitting) } @types) . ')' } 1 .. $n;
	my @arguments = map {
		my ($name, $type) = ($f->{names}[$_], $types[$_]);
		is_option($name, $type)
		  ? one_of(@{ $options{$type} }) . "::$type"
		  : qq{(SELECT v FROM "$type values" WHERE id = i$_)}
	} 0 .. $#types;
	$arguments[-1] = "VARIADIC $arguments[-1]" if $f->{variadic} && @types == @{ $f->{types} };
	my $text = "$f->{name}(" . join(', ', @arguments) . ($f->{kind} eq 'a' && !$f->{variadic} ? ' ORDER BY o' : '') . ')';
	$text .= ' OVER ()' if $f->{kind} eq 'w';
	my $from = '(VALUES ' . join(', ', @rows) . ') AS q(' . join(', ', 'o', map { "i$_" } 0 .. $#types) . ')';
	return "SELECT count(r) FROM $from, LATERAL $text r;" if $f->{set};
	if ($f->{kind} ne 'w' && $is_state{ $f->{result} })
	{
		my $values = qq{"$f->{result} values"};
		return "INSERT INTO $values SELECT n + 1, v FROM (SELECT $text AS v FROM $from) r, (SELECT count(*) AS n FROM $values) c WHERE v IS NOT NULL AND n < 12;";
	}
	return "SELECT left(v::text, 9) FROM (SELECT $text AS v FROM $from) r;";
}
# Errors as blocks of text, from what psql or the log has of a session
sub errors_in { return grep { /^(ERROR|FATAL|PANIC|WARNING|NOTICE)/ } split /^(?:psql:[^\n]*?: )?(?=(?:ERROR|FATAL|PANIC|WARNING|NOTICE|LOG|DEBUG\d?):)/m, $_[0]; }

# file:line of an error of ours
sub place_of { return $_[0] =~ /^LOCATION:\s+\w+, (?:.*\/)?([\w.]+\.c:\d+)/m ? $1 : ''; }

my $dir = PostgreSQL::Test::Utils::tempdir();
my ($calls, %raised, %told, %detail) = (0);		# by place: errors, those that told the client a mark, what they told

sub run_all
{
	my (@statements) = @_;
	open(my $script, '>', "$dir/calls.sql") or die "calls.sql: $!";
	print $script "\\set VERBOSITY verbose\nSET statement_timeout = '10s';\n", map { "$_\n" } @statements;
	print $script "SELECT 'all of them';\n";
	close $script;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$dir/calls.sql" ], '>', \$out, '2>', \$err);
	$calls += @statements;
	foreach my $error (errors_in($err))
	{
		my $place = place_of($error) or next;
		$raised{$place}++;
		$told{$place} = 1 if $error =~ /^DETAIL:.*$mark/m;
		$detail{$place} //= $1 if $error =~ /^DETAIL:  (.*)$/m;
	}
	like($out, qr/all of them$/, scalar(@statements) . ' calls: the session lived');
	return $err;
}

my @functions = functions();
foreach my $pass (1 .. 3)
{
	run_all(map { my $f = $_; map { call($f) } 1 .. $rounds * ($f->{kind} eq 'f' ? 1 : 2) } @functions);
	$pool{$_} = $node->safe_psql('postgres', qq{SELECT count(*) FROM "$_ values"}) foreach @types, 'rdm[]';
}

# What no chance finds: values of rows in errors that take a little building.
my @by_name = map { "$_;" } split /\n/, <<'SQL';
SELECT transform('[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,271828]]', '(0,0,0)')
SELECT voxel '(SECRET)'
SELECT voxel '(1,2.71828e39,3)'
SELECT voxel_box '(271828,0,0),(1,1,1)'
SELECT tensor '[1,SECRET]'
SELECT '{1:SECRET}/3'::sparse
SELECT '{8675309:1}/0'::sparse
SELECT '{0271828271828271828:1}/3'::sparse
SELECT '{1:2.71828e300}/3'::sparse
SELECT 'float8:{1:2.71828e300}/3'::sparse(3), sparse(tensor 'float8:[2.71828e300]')::sparse
SELECT gram 'SECRET'
SELECT astype('[1,271828]', 'float2')
SELECT norm(tensor '[1,2]', -271828)
SELECT arange(0, 2.71828e30, 1)
SELECT eigh('[[1,271828],[2,1]]')
SELECT dictionary_learn(p, 1) FROM (SELECT points_agg(x * 2.71828e160::float8) AS p FROM (SELECT astype(x, 'float8') AS x FROM recorded) q) q
SELECT pool_tokens('float8:[[1,2],[3,2.71828e200]]', 2)
SELECT assignment('[[1,2],[3,4]]'), transport_plan('[[1,2],[3,4]]', '[1,-271828]')
SELECT transport_plan('[[1,2],[3,4]]', '[1,271828]', '[1,2]')
SELECT noise_ceiling(x, NULL, id) FROM recorded
SELECT noise_ceiling(x, -abs(x), 2) FROM recorded
SELECT identification(CASE WHEN id % 7 = 0 THEN tensor '[1,NaN,2]' ELSE x END, x, id) FROM recorded
SELECT permutation_test(predictions_agg(x, x, fold, fold)) FROM recorded
SELECT spectral(t, 2) OVER () FROM (VALUES ('float8:[2.71828e200]'::tensor), ('[1]')) AS v (t)
SELECT cka(gram_agg(x, x), gram_agg(x), gram_agg(x + 271828)) FROM recorded
SELECT consensus(label_sets_agg(id, fold, label), 2) FROM recorded
SELECT most_discriminative_stimuli('[[1,271828],[3,4]]', 1, temperature => 1e-3)
SELECT nmf('[[1,-271828],[3,4]]', 1)
SELECT kmeans(x, 2, init => 'float8:[[1,2,3],[4,5,2.71828e200]]') OVER () FROM recorded
SELECT linkage(id, astype(x, 'float8') * 2.71828e145::float8) FROM recorded
SELECT linkage(missing) FROM distances
SELECT linkage(negative, 'ward') FROM distances
SELECT dasgupta_cost(linkage(rdm_from_matrix('{SECRET-1,SECRET-2,c}', '[[0,1,1],[1,0,2],[1,2,0]]')), missing) FROM distances
SELECT cop_kmeans(x, id, 2, '{{1,8675309}}') OVER () FROM recorded
SELECT cop_kmeans(x, id, 2, '{}', '{{8675310,8675311},{8675311,8675312},{8675310,8675312}}') OVER () FROM recorded
SELECT cop_kmeans(x, id, 2, '{{8675310,8675311}}', '{{8675310,8675311}}') OVER () FROM recorded
SELECT a.g - b.g FROM (SELECT gram_agg(x, x, 8675309) AS g FROM recorded WHERE fold = 8675309) AS a, (SELECT gram_agg(x * 100, x, 8675309) AS g FROM recorded WHERE fold = 8675310) AS b
SELECT fold(gram_agg(x, x, fold), '{86753091}') FROM recorded
SELECT knn_graph(id, x * 0, 1, 'cosine') FROM recorded
SELECT to_nifti('float8:[[2.71828e300,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]', zeros('{1,1,1}'))
SELECT nifti_header(overlay(nifti PLACING '\x84bb8448' FROM 109)) FROM files
SELECT nifti_header(overlay(nifti PLACING '\xe8d03748' FROM 109)) FROM files
SELECT nifti_header(overlay(nifti PLACING '\x70c90972' FROM 109)) FROM files
SELECT nifti_affine(overlay(overlay(nifti PLACING '\x01000000' FROM 253) PLACING '\x84bb8448' FROM 265)) FROM files
SELECT v.* FROM files, nifti_volumes(overlay(nifti PLACING '\x84bb84480000807f' FROM 113)) v
SELECT from_npy(overlay(npy PLACING 'SECRET'::bytea FROM 22)) FROM files
SELECT from_npy(overlay(npy PLACING 'SECRET'::bytea FROM 13)) FROM files
SELECT from_npy(overlay(npy PLACING '<i8'::bytea FROM 22)) FROM (SELECT to_npy('float8:[271828]') AS npy) q
SELECT rdm(label, x, tensor '[[1,271828,0],[2,1,0],[0,0,1]]') FROM recorded
SELECT similarity_matrix(rdm_similarity(label, r, 'cosine')) FROM (SELECT label, CASE label WHEN 'SECRET-1' THEN missing ELSE whole END AS r FROM distances, (SELECT DISTINCT label FROM recorded) l) q
SELECT rdm_scale(negative, 'max') FROM distances
SELECT isfc(fold, id / 3, CASE WHEN id = 8675345 THEN '[1,NaN,3]' ELSE x END) FROM recorded
SELECT isc(fold, id / 3, CASE fold WHEN 8675310 THEN x[1:2] ELSE x END) FROM recorded
SELECT w.* FROM (SELECT class_means_agg(x, '{SECRET,NULL}'::text) AS s FROM recorded) AS q, ideal_words(q.s) AS w
SELECT w.* FROM (SELECT class_means_agg(x, CASE WHEN fold = 8675310 THEN ARRAY['SECRET'] ELSE ARRAY['SECRET', 'b'] END) AS s FROM recorded) AS q, ideal_words(q.s) AS w
SELECT f1_add('{1,2,-8675309}', true, false)
SELECT sparse_probe(points_agg(x, label), 1) FROM recorded
SELECT sparse_probe(points_agg(x, label), 1, positive => 'SECRET') FROM recorded
SELECT topk(id, zeros('{0}'), 3) FROM recorded
SELECT topk(id, x, '[1,2,3]'::tensor, 3) FROM (SELECT id, astype(x, 'float8') * 2.71828e160::float8 AS x FROM recorded) q
SELECT topk(id, x * 0, '[1,2,3]'::tensor, 3, 'cosine') FROM recorded
SELECT topk(id, x * 0 + 1, '[1,2,3]'::tensor, 3, 'correlation') FROM recorded
SELECT topk(id, x, 'float8:[2.71828e160,2,3]'::tensor, 3) FROM recorded
SELECT random_units(4, '{1,2}', 0, '{8675309,8675309,2,2}')
SELECT cka(whole, missing) FROM distances
SELECT rdm_from_matrix('{a,b}', '[[0,271828],[2,0]]')
SELECT rdm_from_matrix('{a,b}', '[[0,1],[1,271828]]')
SELECT * FROM ollivier_ricci(ARRAY[1,2], ARRAY[2,3], ARRAY[1,-271828])
SELECT add_subjects(s, r) FROM (SELECT srm(fold, id / 3, x, 1) AS s, recordings_agg(fold, id / 3, x) AS r FROM recorded) q
SELECT srm(fold, id / 3, CASE fold WHEN 8675310 THEN x[1:2] ELSE x END, 3) FROM recorded
SELECT project(srm(fold, id / 3, x, 1), 86753091, '[1,2,3]') FROM recorded
SELECT add_subjects(s, r) FROM (SELECT srm(fold, id / 3, x, 3) AS s, recordings_agg(fold + 86753091, id / 3, x[1:2]) AS r FROM recorded) q
SELECT srm(fold, id / 3, x * 0 + 1, 1) FROM recorded
SELECT srm(fold, id / 3, astype(x, 'float8') * 1e100::float8, 1) FROM recorded
SELECT softmax_projection('[1,2,3]', astype(x, 'float8') * 2.71828e160::float8, 1) FROM recorded
SELECT ball(voxel(1, 2, 3), -271828)
SELECT ball(voxel(1, 2, 3), 2.71828e300)
SELECT voxel(2.71828e300, 2, 3)
SELECT logistic_cv(x, label, CASE WHEN label = 'SECRET-1' THEN 8675309 ELSE fold END) FROM recorded
SELECT logistic_fit(points_agg(x, 'SECRET'::text)) FROM recorded
SELECT logistic_cv(x, label, 8675309) FROM recorded
SELECT bicluster('[[1,-271828],[3,4]]', 2)
SELECT dasgupta_cost(linkage(whole), missing) FROM distances
SELECT linkage(8675309, x) FROM recorded
SELECT cop_kmeans(x, fold, 2) OVER () FROM recorded
SELECT seeded_kmeans(x, -8675309) OVER () FROM recorded
SELECT seeded_kmeans(x, 8675309) OVER () FROM recorded
SELECT seeded_kmeans(x, CASE WHEN id % 9 = 0 THEN 8675309 ELSE 1 END, 3) OVER () FROM recorded
SELECT consensus(label_sets_agg(fold, 8675309, label), 2) FROM recorded
SELECT graph_agg(id, fold, -y) FROM recorded
SELECT graph_agg(label, label, -y) FROM recorded
SELECT a.g - b.g FROM (SELECT gram_agg(x, x, 8675309) AS g FROM recorded WHERE id < 8675320) AS a, (SELECT gram_agg(x, x, 8675309) AS g FROM recorded) AS b
SELECT rdm_subset(whole, '{SECRET-1,SECRET-1}'::text[]) FROM distances
SELECT rdm_subset(whole, '{SECRET-house}'::text[]) FROM distances
SELECT from_npy(overlay(npy PLACING 'SECRE'::bytea FROM 13)) FROM files
SELECT from_npy(overlay(overlay(npy PLACING '<i8'::bytea FROM 22) PLACING '\x8fe459b9a08aae25'::bytea FROM length(npy) - 7)) FROM (SELECT to_npy('float8:[1]') AS npy) q
SELECT r.* FROM distances, ollivier_ricci(negative, 2) r
SELECT rdm(label, x, tensor '[1,-271828,1]') FROM recorded
SELECT rdm(label, x, tensor '[[1,271828,0],[271828,1,0],[0,0,1]]') FROM recorded
SELECT poisson_rdm(label, x - 271828) FROM recorded
SELECT rdm(label, astype(x, 'float8') * 1e200::float8, 'sqeuclidean') FROM recorded
SELECT knn_graph(8675309, x, 1, 'euclidean') FROM recorded
SELECT mds(missing, 1) FROM distances
SELECT mutual_knn(missing, missing, 1) FROM distances
SELECT rdm_similarity('SECRET'::text, whole, 'cosine') FROM distances, generate_series(1, 2)
SELECT recordings_agg(fold, id, tensor '[1,Infinity]') FROM recorded
SELECT recordings_agg(fold, id, tensor '[[1,2]]') FROM recorded
SELECT recordings_agg(8675309, id, CASE WHEN id % 2 = 0 THEN x ELSE x[1:2] END) FROM recorded
SELECT isc(fold, 8675309, x) FROM recorded
SELECT ndcg(y, -y, 3) FROM recorded
SELECT omp(eye(2), 'float8:[2.71828e200,1]', 1)
SELECT mean_difference(class_means_agg(x, label), 'SECRET') FROM recorded
SELECT mean_difference(class_means_agg(x, 'SECRET'::text)) FROM recorded
SELECT mean_difference(class_means_agg(x, label), 'SECRET-1', 'SECRET-1') FROM recorded
SELECT concept_vector(reshape(x, '{3,1}'), tensor '[271828]') FROM recorded
SELECT w.* FROM (SELECT class_means_agg(x, label) AS s FROM recorded) AS q, ideal_words(q.s) AS w
SELECT w.* FROM (SELECT class_means_agg(x, '{SECRET') AS s FROM recorded) AS q, ideal_words(q.s) AS w
SELECT * FROM ollivier_ricci(ARRAY[1,8675309], ARRAY[2,8675309], ARRAY[1,1])
SELECT * FROM ollivier_ricci(ARRAY[1,8675309], ARRAY[8675309,1], ARRAY[1,1])
SELECT soft_match(tensor '[[1,27.1828],[0,1]]')
SELECT softmax_projection('float8:[2.71828e160,2,3]', x, 1) FROM recorded
SELECT sparse_from_entries('{1,8675309}', '{1,1}', 3)
SELECT sparse_from_entries('{8675309,8675309}', '{1,1}', 9000000)
SELECT sparse_from_entries('{-8675309}', '{1}', 3)
SELECT sparse_from_entries('{1}', '{2.71828e300}', 3, 'float4')
SELECT norm(sparse '{1:1}/3', -271828)
SELECT weighted_jaccard(sparse '{1:-271828}/3', '{1:1}/3')
SELECT fdr_bh(y) OVER () FROM recorded
SELECT explainable_variance(x, id, 8675309) FROM recorded
SELECT explainable_variance(x, 8675309, fold) FROM recorded
SELECT explainable_variance(x, id, fold) FROM recorded
SELECT explainable_variance(x, id / 3, fold) FROM recorded WHERE id < 8675366
SELECT cc_norm(0.5::float8, 271828)
SELECT permutation_test(predictions_agg(x, x, 8675309)) FROM recorded
SELECT tensor 'float8:[2.71828e300]'::int[]
SELECT ARRAY[271828e400]::numeric[]::tensor
SELECT logspace(0, 271828, 3)
SELECT tensor '[2.71828e300]'
SELECT clip('[1]', 271828, 1)
UPDATE recorded SET x[1] = 2.71828e300
SELECT topk(id, x[1:2], '[1,2,3]'::tensor, 3) FROM recorded
SELECT topk(id, CASE WHEN id % 2 = 0 THEN x ELSE x[1:2] END, 3) FROM recorded
SQL
my $answers = run_all(@by_name);
unlike($answers, qr/ERROR:  42/, 'what is provoked by name is understood') or diag($answers =~ /(.*ERROR:  42.*)/);

# A sparse vector's binary form, with an index past the width and with a value of 0
sub run_binary
{
	my ($at, $bytes) = @_;
	my $value = pack('H*', $node->safe_psql('postgres', q{SELECT encode(sparse_send('{8675310:1}/9000000'), 'hex')}));
	substr($value, $at < 0 ? length($value) + $at : $at, length($bytes)) = $bytes;
	open(my $file, '>:raw', "$dir/binary") or die "binary: $!";
	print $file "PGCOPY\n\xff\r\n\0", pack('NNnN', 0, 0, 1, length($value)), $value, pack('n', 0xffff);
	close $file;
	return run_all(qq{\\copy "sparse values" (v) FROM '$dir/binary' (FORMAT binary)});
}
run_binary(4, pack('N', 3));
run_binary(-4, pack('N', 0));

# A parallel worker tells its leader, which logs what it is told.
$node->safe_psql('postgres', 'CREATE TABLE many (x tensor) WITH (parallel_workers = 2); INSERT INTO many SELECT x FROM recorded, generate_series(1, 50)');
my $parallel = run_all('SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;',
	q{SELECT sum(astype(x, 'float2')) FROM many;});
like($parallel, qr/out of range for type float2\nDETAIL:  A parallel worker does not tell values/, 'a parallel worker tells no value');

# ---------------------------------------------------------------- the log

sub lines_with_mark
{
	my ($text) = @_;
	return grep { $_ =~ $mark } split /\n/, $text;
}

my $log = slurp_file($node->logfile);
my @marked = lines_with_mark($log);
is(scalar(@marked), 0, "$calls calls on marked values: no line of the log has a mark") or diag(join "\n", @marked[0 .. ($#marked < 20 ? $#marked : 20)]);
my %logged;
foreach my $error (errors_in($log))
{
	my $place = place_of($error) or next;
	$logged{$place} //= $error;
}
is(join(' ', grep { !$logged{$_} } sort keys %raised), '', scalar(keys %raised) . ' kinds of error: each is in the log');
cmp_ok(scalar(keys %told), '>=', 90, scalar(keys %told) . ' of them told the client a marked value');

# Wherever the source keeps a value from the log, that was provoked, and the client was told something else than the log.
my $places = my $kept = 0;
my @not_seen;
foreach my $file (glob "$FindBin::Bin/../../src/*/*.c")
{
	my @lines = split /\n/, slurp_file($file);
	my ($name) = $file =~ m{([^/]+)$};
	my $start = 0;
	foreach my $i (1 .. @lines)
	{
		$start = $i if $lines[ $i - 1 ] =~ /\bereport\(/;
		next unless $lines[ $i - 1 ] =~ /errdetail_client\(/;
		$places++;
		my ($place) = grep { $detail{$_} } map { "$name:$_" } $start .. $i + 4;
		if (!$place) { push @not_seen, "$name:$i"; next }
		$kept++ if $logged{$place} =~ /^DETAIL:  Values are told to the client only\.$/m && $detail{$place} !~ /^(Values|A parallel)/;
	}
}
cmp_ok($places, '>', 100, "the source keeps values from the log in $places places");
is("@not_seen", '', 'each was provoked');
is($kept, $places - @not_seen, 'each told the client, and not the log');

# PostgreSQL's own line for COPY quotes the input, unless log_error_verbosity is terse; ours don't.
sub copied
{
	my ($verbosity) = @_;
	my $before = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres', "SET log_error_verbosity = $verbosity;\nCOPY recorded (x) FROM STDIN;\n[1,SECRET]\n\\.\n");
	like($err, qr/DETAIL: .*SECRET/, "COPY of a text that is no tensor, $verbosity: the client is told");
	return lines_with_mark(slurp_file($node->logfile, $before));
}
is(join("\n", grep { !/^CONTEXT:  COPY/ } copied('default')), '', '... and the log has it in the CONTEXT of COPY alone');
is(join("\n", copied('terse')), '', '... or nowhere');

# This test would find a mark.
my $before = -s $node->logfile;
$node->psql('postgres', q{DO $$ BEGIN RAISE 'the mean is %, of id % in %', -2.71828, 8675309, 'SECRET'; END $$});
is(scalar(lines_with_mark(slurp_file($node->logfile, $before))), 1, 'a mark in the log is found');
done_testing();
