# A trusted extension: a database's owner who is no superuser installs and uses
# it, where somebody else had filled the schema with traps; the library itself
# can neither open files nor run programs.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Neuroenc;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->start;

# ---- the library asks the system for nothing that reads, writes or runs (dlopen and dlsym: OpenBLAS, by a constant name)

my $library = $node->config_data('--pkglibdir') . '/neuroenc.so';
my @imports = map { s/@.*//r } split ' ', `nm -D --undefined-only --format=just-symbols '$library'`;
cmp_ok(scalar(@imports), '>', 100, 'the library has imports');
my @able = grep {
	/^(f|fd|p)?open(64|at|dir)?$|^(exec|spawn|system|popen|fork|vfork|clone|unlink|rename|socket|connect|bind|creat|mkdir|set[eu]*id|syscall|ptrace)/
	  || /^(SPI_|AllocateFile|OpenTransientFile|PathNameOpenFile|OpenPipeStream|BasicOpenFile|BufFile|SetUserId|SetConfigOption|set_config|LoadExternal|load_file|ProcessUtility|DirectFunctionCall\w*pg_read)/
} @imports;
is("@able", '', 'no function that opens files, runs programs or SQL, or changes the user');

# ---- traps

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE owner LOGIN;
CREATE ROLE mallory LOGIN;
CREATE DATABASE lab OWNER owner;
CREATE DATABASE known;
\c known
CREATE EXTENSION neuroenc;
\c lab
GRANT CREATE ON SCHEMA public TO mallory;
CREATE TABLE public.caught (who name, what text);
GRANT INSERT ON public.caught TO PUBLIC;
SQL

# Names of the extension's functions and operators, as an attacker knows them, for arguments of any type.
my @functions = split /\n/, $node->safe_psql('known', <<'SQL');
SELECT DISTINCT p.proname, cardinality(p.proargtypes::oid[]) FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE cardinality(p.proargtypes::oid[]) BETWEEN 1 AND 5 ORDER BY 1, 2
SQL
my $traps = "SET ROLE mallory;\n";
foreach my $line (@functions)
{
	my ($name, $n) = split /\|/, $line;
	my $arguments = join(', ', ('anyelement') x $n);
	$traps .= qq{CREATE FUNCTION public."$name"($arguments) RETURNS anyelement LANGUAGE plpgsql AS \$\$ }
	  . qq{BEGIN INSERT INTO public.caught VALUES (current_user, '$name'); RETURN \$1; END \$\$;\n};
}
my @operators = split /\n/, $node->safe_psql('known',
	"SELECT DISTINCT oprname FROM pg_operator o JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e' WHERE oprkind = 'b' ORDER BY 1");
$traps .= qq{CREATE FUNCTION public.trap(anyelement, anyelement) RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO public.caught VALUES (current_user, 'operator'); RETURN true; END \$\$;\n};
$traps .= "CREATE OPERATOR public.$_ (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = public.trap);\n" foreach @operators;
# ... and what an install script might call of PostgreSQL's own
$traps .= qq{CREATE FUNCTION public.$_(anyelement) RETURNS anyelement LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO public.caught VALUES (current_user, '$_'); RETURN \$1; END \$\$;\n}
  foreach qw(array_agg array_length cardinality format set_config);
$node->safe_psql('lab', $traps);
cmp_ok(scalar(@functions), '>', 300, scalar(@functions) . ' functions and ' . scalar(@operators) . ' operators lie in wait');

is($node->safe_psql('lab', 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user', extra_params => [ '-U', 'owner' ]), 'f', 'the owner is no superuser');
$node->safe_psql('lab', 'CREATE EXTENSION neuroenc SCHEMA public', extra_params => [ '-U', 'owner' ]);
is($node->safe_psql('lab', 'SELECT count(*) FROM caught'), '0', 'the install script calls none of the traps');
is($node->safe_psql('lab', <<'SQL'), '0', 'and nothing it made depends on them');
SELECT count(*) FROM pg_depend d
JOIN pg_depend e ON (e.classid, e.objid) = (d.classid, d.objid) AND e.deptype = 'e'
JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
WHERE p.proowner = 'mallory'::regrole
SQL
is($node->safe_psql('lab', <<'SQL'), $node->safe_psql('known', <<'SQL'), 'the extension has as many objects as where nobody interfered');
SELECT count(*) FROM pg_depend WHERE deptype = 'e'
SQL
SELECT count(*) FROM pg_depend WHERE deptype = 'e'
SQL
is($node->safe_psql('lab', <<'SQL'), '0', 'every function is C of the library or a body bound when it was made, none with other rights than the caller\'s');
SELECT count(*) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'neuroenc'
WHERE p.prokind <> 'a' AND NOT (l.lanname = 'c' AND p.probin = '$libdir/neuroenc' OR l.lanname = 'sql' AND p.prosqlbody IS NOT NULL) OR p.prosecdef
SQL

# ---- functions that only the server calls, called by hand

$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('known'), '-f', "$FindBin::Bin/../samples.sql" ], 'there are values of every type');
my $called = $node->safe_psql('known', <<'SQL');
CREATE FUNCTION call_internal(OUT tried int, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
	f record;
	value text;
	arguments text;
BEGIN
	tried := 0;
	FOR f IN SELECT p.proname, p.proargtypes::oid[] AS types FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'neuroenc'
		WHERE p.prokind = 'f' AND (p.proargtypes::oid[] && ARRAY['internal'::regtype::oid, 'cstring'::regtype::oid] OR p.prorettype = 'internal'::regtype)
	LOOP
		FOREACH value IN ARRAY ARRAY['NULL', '(SELECT v FROM samples_%1$s LIMIT 1)'] LOOP
			SELECT string_agg(CASE WHEN t = 'internal'::regtype THEN 'NULL' WHEN t = 'cstring'::regtype THEN '''x'''
				WHEN to_regclass(quote_ident('samples_' || format_type(t, NULL))) IS NULL THEN 'NULL::' || format_type(t, NULL)
				ELSE format(value, format_type(t, NULL)) || '::' || format_type(t, NULL) END, ', ' ORDER BY i)
			INTO arguments FROM unnest(f.types) WITH ORDINALITY u(t, i);
			tried := tried + 1;
			BEGIN
				EXECUTE format('SELECT (%I(%s)) IS NULL', f.proname, arguments);
			EXCEPTION WHEN OTHERS THEN
				IF SQLSTATE LIKE 'XX%' THEN
					wrong := concat_ws('; ', wrong, f.proname || ': ' || SQLERRM);
				END IF;
			END;
		END LOOP;
	END LOOP;
END $$;
SELECT * FROM call_internal();
SQL
like($called, qr/^[1-9]\d\d\|$/, "called by hand, with NULL and with values: $called, each refuses or answers");

# ---- the owner's work, and what the owner may not do

$node->safe_psql('lab', <<'SQL', extra_params => [ '-U', 'owner' ]);
CREATE SCHEMA study;
CREATE TABLE study.rows AS SELECT i, i % 5 AS fold, random_normal('{4}', i) AS x, random_normal('{3}', i) || random_normal('{2}', -i) AS y FROM generate_series(1, 200) i;
SQL
is($node->safe_psql('lab', 'SELECT count(*) FROM (SELECT ridge_cv(gram_agg(x, y, fold)) AS e FROM study.rows) s, targets(s.e) t WHERE t.n = 200', extra_params => [ '-U', 'owner' ]),
	'5', 'the owner fits');
my ($status, $out, $err) = $node->psql('lab', 'CREATE OR REPLACE FUNCTION public.l2_distance(a tensor, b tensor) RETURNS float8 LANGUAGE sql AS $$ SELECT 0::float8 $$', extra_params => [ '-U', 'owner' ]);
like($err, qr/must be owner of function l2_distance/, 'its functions are not the owner\'s to replace');
($status, $out, $err) = $node->psql('lab', "CREATE FUNCTION f(tensor) RETURNS tensor AS '\$libdir/neuroenc', 'tensor_negate' LANGUAGE C", extra_params => [ '-U', 'owner' ]);
like($err, qr/permission denied for language c/, 'nor is the library open to other declarations');
($status, $out, $err) = $node->psql('lab', 'DROP EXTENSION neuroenc', extra_params => [ '-U', 'mallory' ]);
like($err, qr/must be owner of extension neuroenc/, 'nobody else drops it');
$node->safe_psql('lab', 'DROP EXTENSION neuroenc CASCADE', extra_params => [ '-U', 'owner' ]);
is($node->safe_psql('lab', "SELECT count(*) FROM pg_proc WHERE probin LIKE '%neuroenc%'"), '0', 'the owner does, and nothing stays behind');

$node->stop;
done_testing();
