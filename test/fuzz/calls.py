"""What can be called, read from the catalog, and with which arguments.

Edge values stand by type under the name of what they are (EDGES); the rest of
a type's pool are further such values, and of the extension's types the values
of test/samples.sql.  To an argument belong also its default and the words that
the function's comment gives in quotes, such as 'euclidean'.
"""

import bisect
import collections
import random
import re

SUBQUERY = "(SELECT v FROM samples_%s WHERE id = %d)"

# The classes, by type.
EDGES = {
    "tensor": {
        "NULL": "NULL", "empty": "'[]'", "empty of rank 2": "'(0,3):[]'", "rank 0": "'5'", "rank 1": "'[1,2,3]'",
        "rank 2": "'[[1,2,3],[4,5,6],[7,8,10]]'", "rank 8": "'[[[[[[[[1,2]]]]]]]]'", "float2": "'float2:[1,2,4]'",
        "float8": "'float8:[1,2,3]'", "NaN": "'[1,NaN,3]'", "infinity": "'[1,Infinity,-Infinity]'",
        "huge dimensions": "'(0,65536,4):[]'", "a million elements": "zeros('{1000000}')", "negative": "'[-1,-2,-3]'", "zero": "'[0,0,0]'",
    },
    "integer": {"NULL": "NULL", "zero": "0", "one": "1", "negative": "-1", "two": "2", "huge": "2147483647"},
    "bigint": {"NULL": "NULL", "zero": "0", "one": "1", "negative": "-1", "two": "2", "huge": "9223372036854775807"},
    "smallint": {"NULL": "NULL", "zero": "0", "negative": "'-32768'", "huge": "32767"},
    "double precision": {"NULL": "NULL", "zero": "0", "one": "1", "negative": "-1", "half": "0.5", "NaN": "'NaN'",
                         "infinity": "'Infinity'", "huge": "1e300"},
    "real": {"NULL": "NULL", "zero": "0", "negative": "-1", "half": "0.5", "NaN": "'NaN'", "infinity": "'Infinity'", "huge": "3e38"},
    "numeric": {"NULL": "NULL", "zero": "0", "negative": "-1.5", "NaN": "'NaN'", "huge": "1e400"},
    "boolean": {"NULL": "NULL", "true": "true", "false": "false"},
    "text": {"NULL": "NULL", "empty": "''", "wrong": "'nonsense'"},
    "name": {"NULL": "NULL", "one": "'x'"},
    "bytea": {"NULL": "NULL", "empty": "''", "one": "'\\x00'", "wrong": "'\\x934e554d5059'"},
    "integer[]": {"NULL": "NULL", "empty": "'{}'", "zero": "'{0}'", "valid": "'{1,2}'", "negative": "'{-1}'", "huge": "'{2147483647}'",
                  "with NULL": "'{1,NULL}'", "rank 2": "'{{1,2},{3,4}}'"},
    "bigint[]": {"NULL": "NULL", "empty": "'{}'", "zero": "'{0}'", "valid": "'{1,2}'", "negative": "'{-1}'", "huge": "'{9223372036854775807}'",
                 "with NULL": "'{1,NULL}'", "rank 2": "'{{1,2},{3,4}}'"},
    "smallint[]": {"NULL": "NULL", "empty": "'{}'", "with NULL": "'{1,NULL}'", "rank 2": "'{{1,2},{3,4}}'"},
    "double precision[]": {"NULL": "NULL", "empty": "'{}'", "zero": "'{0}'", "valid": "'{1,10,100}'", "negative": "'{-1}'", "NaN": "'{NaN}'",
                           "infinity": "'{Infinity,1}'", "with NULL": "'{1,NULL}'", "rank 2": "'{{1,2},{3,4}}'"},
    "real[]": {"NULL": "NULL", "empty": "'{}'", "with NULL": "'{1,NULL,NaN}'", "rank 2": "'{{1,2},{3,4}}'"},
    "numeric[]": {"NULL": "NULL", "empty": "'{}'", "huge": "'{1e400}'", "with NULL": "'{1,NULL,NaN}'", "infinity": "'{Infinity}'"},
    "boolean[]": {"NULL": "NULL", "empty": "'{}'", "valid": "'{t,f,t}'", "with NULL": "'{t,NULL,f}'", "rank 2": "'{{t,f},{f,t}}'"},
    "text[]": {"NULL": "NULL", "empty": "'{}'", "valid": "'{a,b}'", "with NULL": "'{a,NULL}'", "rank 2": "'{{a,b},{c,d}}'"},
    "json": {"NULL": "NULL", "empty": "'[]'", "with NULL": "'[1,null]'", "ragged": "'[[1],[2,3]]'", "object": "'{}'", "rank 0": "'1'", "text": "'\"x\"'"},
    "jsonb": {"NULL": "NULL", "empty": "'[]'", "with NULL": "'[1,null]'", "ragged": "'[[1],[2,3]]'", "object": "'{}'", "huge": "'1e400'", "text": "'\"x\"'"},
    "cstring": {"NULL": "NULL", "empty": "''", "valid": "'[1,2]'", "wrong": "'nonsense'"},
    "cstring[]": {"NULL": "NULL", "empty": "'{}'", "valid": "'{3}'", "wrong": "'{nonsense}'", "with NULL": "'{3,NULL}'"},
    "oid": {"NULL": "NULL", "zero": "0", "one": "23", "huge": "4294967295"},
}

MORE = {
    "tensor": ["'[3,1,2]'", "'[1]'", "'[[1],[2],[3]]'", "'[[2,1,0,0],[0,2,0,0],[0,0,3,0],[0,0,0,1]]'", "'[NaN,Infinity,-Infinity]'",
               "'float8:[1e300,1e-300,-1e300]'", "'(0,3):[]'", "zeros('{1000000,1}')", "zeros('{1,1000000}')", "'[0.25,0.5,0.25]'"],
    "integer": ["3", "5", "7", "100", "'-2147483648'"],
    "bigint": ["3", "10", "'-9223372036854775808'"],
    "double precision": ["2", "1e-300", "'-Infinity'", "1e15", "0.1"],
    "numeric": ["'Infinity'", "1"],
    "text": ["'float2'", "'float4'", "'float8'", "'é'", "repeat('x', 3000)", "'1'"],
    "integer[]": ["'{1}'", "'{2,3}'", "'{3,3}'", "'{65536,65536}'", "'{1,1,1,1,1,1,1,1,1}'", "'{0,2147483647}'", "'[5:6]={1,2}'", "'{-2147483648}'"],
    "bigint[]": ["'{1}'", "'{1,1}'", "'{1,2,3}'"],
    "double precision[]": ["'{1}'", "'{1e-300,1e300}'", "'{1,1}'"],
    "boolean[]": ["'{t}'", "'{t,f}'"],
    "text[]": ["'{a}'", "'{a,b,c}'"],
    "cstring[]": ["'{float2,3,4}'"],
}

PLAUSIBLE = {
    "tensor": ["'[1,2,3]'", "'[3,1,2]'", "'[[1,2,3],[4,5,6],[7,8,10]]'", "'float8:[1,2,3]'", "'[0.25,0.5,0.25]'",
               "'[[2,1,0,0],[0,2,0,0],[0,0,3,0],[0,0,0,1]]'"],
    "integer": ["1", "2", "3"], "bigint": ["1", "2", "3"], "smallint": ["1"], "double precision": ["1", "0.5", "2"], "real": ["1"],
    "integer[]": ["'{1,2}'", "'{1}'"], "bigint[]": ["'{1,2}'"], "double precision[]": ["'{1,10,100}'"], "boolean[]": ["'{t,f,t}'"],
    "text[]": ["'{a,b,c}'"], "text": ["'a'"], "boolean": ["true", "false"],
}

# form: the call as a template of its arguments, of what is not written NAME(...); kind: as pg_proc.prokind, and "d": a DO block
Callable = collections.namedtuple("Callable", "name arguments kind returns_set result variadic defaults words form")

FUNCTIONS = """
SELECT p.oid::regproc::text, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, i) ORDER BY i),
       p.prokind, p.proretset, format_type(p.prorettype, NULL), p.provariadic <> 0,
       ARRAY(SELECT pg_get_function_arg_default(p.oid, i) FROM generate_series(1, p.pronargs) i),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
ORDER BY p.oid::regprocedure::text
"""

CASTS = """
SELECT format_type(castsource, NULL), format_type(casttarget, NULL)
FROM pg_cast c JOIN pg_depend d ON d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'e' ORDER BY 1, 2
"""

OPERATORS = """
SELECT oprname, format_type(nullif(oprleft, 0), NULL), format_type(oprright, NULL), format_type(oprresult, NULL)
FROM pg_operator o JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e' ORDER BY 1, 2, 3
"""


class Catalog:
    """The callables, and a pool of values for each of their arguments."""

    def __init__(self, db, types):
        self.types = types
        self.samples = {name: [row[0] for row in db.run("SELECT id FROM samples_%s WHERE v IS NOT NULL AND pg_column_size(v) < 3000 "
                                                        "ORDER BY pg_column_size(v), id" % name)] for name in types}
        rows = db.run(FUNCTIONS)
        self.internal = sum("internal" in row[1] for row in rows)       # no SQL can call these: there is no value of type internal
        self.callables = [Callable(*row[:7], sorted(set(re.findall(r"'([a-z][a-z0-9_]*)'", row[7]))), None)
                          for row in rows if "internal" not in row[1]]
        self.casts = [Callable("cast", [source], "f", False, target, False, [None], [], "CAST(%%s AS %s)" % target)
                      for source, target in db.run(CASTS)]
        self.operators = db.run(OPERATORS)
        subscripts = [("(%s)[%s]", ["tensor", "integer"]), ("(%s)[%s][%s]", ["tensor", "integer", "integer"]),
                      ("(%s)[%s:%s]", ["tensor", "integer", "integer"]), ("(%s)[:%s][%s:]", ["tensor", "integer", "integer"])]
        changes = [("tensor_changed[%s] := %s", ["tensor", "integer", "double precision"]), ("tensor_changed[%s:%s] := %s", ["tensor", "integer", "integer", "tensor"]),
                   ("tensor_changed[%s][%s] := %s", ["tensor", "integer", "integer", "double precision"])]
        self.casts += [Callable("subscript", arguments, "f", False, "tensor" if ":" in form else "double precision", False,
                                [None] * len(arguments), [], form) for form, arguments in subscripts]
        self.casts += [Callable("assignment", arguments, "d", False, "void", False, [None] * len(arguments), [],
                                "DO $do$ DECLARE tensor_changed tensor := %s; BEGIN " + form + "; END $do$") for form, arguments in changes]
        self.unknown = sorted({kind for c in self.callables for kind in c.arguments if not self.edges_of_type(kind)})

    # ------------------------------------------------------------ pools

    def edges_of_type(self, kind):
        if kind in EDGES:
            return list(EDGES[kind].values())
        if kind in self.types:
            ids = self.samples[kind]
            return ["NULL"] + [SUBQUERY % (kind, i) for i in sorted({ids[0], ids[len(ids) // 2]})]
        if kind.endswith("[]") and kind[:-2] in self.types:
            return ["NULL", "'{}'", "'{NULL}'", "(SELECT array_agg(v) FROM samples_%s WHERE id < 6)" % kind[:-2]]
        return []

    def own(self, function, at):
        """Values that belong to that argument alone."""
        default = [function.defaults[at]] if function.defaults[at] else []
        words = ["'%s'" % word for word in function.words] if function.arguments[at] == "text" else []
        return default + words

    def edges(self, function, at):
        """The issue's classes for an argument, its default, and two of its words."""
        return list(dict.fromkeys(self.edges_of_type(function.arguments[at]) + self.own(function, at)[:3]))

    def values_of_type(self, kind):
        samples = [SUBQUERY % (kind, i) for i in self.samples[kind]] if kind in self.types else []
        return list(dict.fromkeys(self.edges_of_type(kind) + MORE.get(kind, []) + samples))

    def everything(self, function, at):
        return list(dict.fromkeys(self.values_of_type(function.arguments[at]) + self.own(function, at)))

    def plausible(self, function, at):
        kind = function.arguments[at]
        samples = [SUBQUERY % (kind, i) for i in self.samples[kind]] if kind in self.types and kind != "tensor" else []
        return self.own(function, at) or PLAUSIBLE.get(kind) or samples or self.edges_of_type(kind)

    def draw(self, rng, function, at):
        """A value for an argument: of the plausible ones or of all."""
        return rng.choice(self.plausible(function, at) if rng.random() < 0.6 else self.everything(function, at))

    def parts_of_aggregates(self):
        """(transition function, final function or None) of every aggregate that a user can declare over the extension's functions."""
        plain = [f for f in self.callables if f.kind == "f" and not f.returns_set and f.arguments]
        return [(step, final) for step in plain if len(step.arguments) > 1 and step.result == step.arguments[0]
                for final in [None] + plain if not final or final.arguments in (step.arguments[:1], step.arguments)]

    # ------------------------------------------------------------ statements

    def expression(self, function, values):
        """values: SQL expressions, one an argument, fewer where the rest have defaults."""
        typed = ["(%s)::%s" % (value, kind) if value != "NULL" else "NULL::" + kind for value, kind in zip(values, function.arguments)]
        if function.form:
            return function.form % tuple(typed)
        if function.variadic and len(values) == len(function.arguments):
            typed[-1] = "VARIADIC " + typed[-1]
        return "%s(%s)" % (function.name, ", ".join(typed))

    def statement(self, function, values, rows=None):
        """Calls the function and writes its result as text, where it is not large; what it gives back is a complaint or nothing.

        Of aggregates and window functions rows are those that they run over, tuples of values; without them three
        rows of the same values.
        """
        if function.kind == "d":
            return self.expression(function, values)
        if rows:
            columns = ["a%d" % i for i in range(len(rows[0]))]
            expression = "%s(%s)" % (function.name, ", ".join(columns))
            source = " FROM (VALUES %s) q(%s)" % (", ".join(
                "(%s)" % ", ".join("(%s)::%s" % pair for pair in zip(row, function.arguments)) for row in rows), ", ".join(columns))
        else:
            expression = self.expression(function, values)
            source = " FROM generate_series(1, 3)" if function.kind in "aw" else ""
        if function.kind == "w":
            expression += " OVER (ROWS UNBOUNDED PRECEDING)"
        if function.returns_set:
            return "SELECT t FROM (SELECT q::text AS t FROM %s q LIMIT 1000) s WHERE length(t) < 0" % expression
        if function.result in self.types:
            return ("SELECT max(reads_back(v::text, '%s')) FROM (SELECT %s AS v%s OFFSET 0) s WHERE pg_column_size(v) < 100000"
                    % (function.result, expression, source))
        return "SELECT t FROM (SELECT (%s)::text AS t%s OFFSET 0) s WHERE length(t) < 0" % (expression, source)

    @staticmethod
    def asks_for_long_work(statement):
        """An integer of a million or more among the arguments: a number of iterations, or a dimension."""
        return re.search(r"(?<![\d.e+])\d{7,}", statement) is not None

    # ------------------------------------------------------------ combinations

    def parts(self, function):
        """The combinations of a function's arguments, as products: [(positions, values of each)].

        Each value at each position; each pair of values at the first two; each pair of edge values at each two
        positions; and every combination of edge values of all positions where these are fewer than 3,000.
        """
        n = len(function.arguments)
        everything = [self.everything(function, at) for at in range(n)]
        edges = [self.edges(function, at) for at in range(n)]
        found = [((at,), [everything[at]]) for at in range(n)]
        if n > 1:
            found.append(((0, 1), everything[:2]))
        found += [((a, b), [edges[a], edges[b]]) for a in range(n) for b in range(a + 1, n) if (a, b) != (0, 1)]
        if n > 2 and size(edges) < 3000:
            found.append((tuple(range(n)), edges))
        return found or [((), [])]


def size(lists):
    product = 1
    for one in lists:
        product *= len(one)
    return product


class Combinations:
    """Every combination of arguments of every callable, numbered, so that any of them can be made without the others."""

    def __init__(self, catalog, callables, seed):
        self.catalog = catalog
        self.seed = seed
        self.products = [(function, positions, lists) for function in callables for positions, lists in catalog.parts(function)]
        self.starts = [0]
        for _, _, lists in self.products:
            self.starts.append(self.starts[-1] + size(lists))

    def __len__(self):
        return self.starts[-1]

    def function_and_statement(self, number):
        which = bisect.bisect_right(self.starts, number) - 1
        function, positions, lists = self.products[which]
        rest = number - self.starts[which]
        fixed = {}
        for at, values in zip(positions, lists):
            rest, chosen = divmod(rest, len(values))
            fixed[at] = values[chosen]
        rng = random.Random("%s %d" % (self.seed, number))
        values = [fixed[at] if at in fixed else self.catalog.draw(rng, function, at) for at in range(len(function.arguments))]
        return function, self.catalog.statement(function, values)
