#!/usr/bin/python3
"""Run the guide: every fenced block of README.md and docs/guide/*.md, page by page.

Usage: run.py [page.md ...]

Needs PGHOST, PGUSER and a database to connect to (PGDATABASE) in the
environment, and the extension installed in that server.  Each page gets a
fresh database and an empty working directory that holds the recordings of
test/demo/fetch, and its blocks run in the order of the page:

    ```sql          one psql session a page, stopping at the first error
    ```sql error    the same, but must fail with the output shown
    ```sql cron     the same, in a server that runs pg_cron
    ```python       a script of its own
    ```sh           bash -e

A ```text block that follows at once is what the block must print.  Numbers
may differ by one unit of the last place shown, bars (####) by two characters
and counts beside a bar by 2, because the last bits differ between BLAS
kernels; a line "..." stands for any number of lines.  Other fences (```c, ```text alone) are prose.

pg_cron works in one database, which must stand before the server starts.
NEUROENC_CRON is its name; a page with cron blocks runs there.  Without it
these blocks are skipped, so no other block may depend on them.

The statements of test/demo/*.sql are those that first-fit.md explains: a
statement of the demo that the page does not show is a failure too.  So is a
command of README.md that make check does not run, a function that users call
and docs/reference does not have, and an example there that EXPLAIN refuses.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$", re.I)
TOKEN = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)|\w+|[^\s\w]", re.I)


class Block:
    def __init__(self, language, line, text):
        self.language, self.line, self.text = language, line, text
        self.expected = None


def blocks_of(page):
    """The runnable blocks of a page, each with the output that follows it."""
    found, current, blank_since = [], None, True
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if current is None and line.startswith("```"):
            current = Block(line[3:].strip(), number, "")
        elif current is not None and line.startswith("```"):
            if current.language == "text" and blank_since and found:
                found[-1].expected = current.text
            elif current.language in ("sql", "sql error", "sql cron", "python", "sh"):
                found.append(current)
            blank_since = current.language != "text"
            current = None
        elif current is not None:
            current.text += line + "\n"
        elif line.strip():
            blank_since = False
    return found


def same_token(a, b, count_slack):
    if a == b:
        return True
    if not (NUMBER.match(a) and NUMBER.match(b)):
        return False
    if "." not in a and "." not in b:
        return abs(int(a) - int(b)) <= count_slack
    places = len(a.partition(".")[2].lower().partition("e")[0])
    x, y = float(a), float(b)
    return abs(x - y) <= max(1.01 * 10.0 ** -places, 1e-6 * abs(x))


def same_line(expected, printed):
    bars = [sum(map(len, re.findall(r"#+", s))) for s in (expected, printed)]
    a, b = (TOKEN.findall(s.replace("#", " ")) for s in (expected, printed))
    slack = 2 if any(bars) else 0  # a histogram: a value on the edge of two bins
    return (abs(bars[0] - bars[1]) <= 2 and len(a) == len(b)
            and all(same_token(x, y, slack) for x, y in zip(a, b)))


def is_rule(line):
    return bool(line) and not line.strip("-+| ")


def same_output(expected, printed):
    e = [s for s in map(str.strip, expected.splitlines()) if s and not is_rule(s)]
    p = [s for s in map(str.strip, printed.splitlines()) if s and not is_rule(s)]
    if "..." in e:
        cut = e.index("...")
        tail = len(e) - cut - 1
        if len(p) < cut + tail:
            return False
        p = p[:cut] + p[len(p) - tail:] if tail else p[:cut]
        e = e[:cut] + e[cut + 1:]
    return len(e) == len(p) and all(map(same_line, e, p))


class Psql:
    """One psql session, fed a block at a time."""

    def __init__(self, directory, env):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-P", "pager=off", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=directory, env=env, text=True)
        self.count = 0

    def run(self, text):
        """(printed, alive): alive is False when psql stopped at an error."""
        self.count += 1
        mark = "--end-of-block-%d--" % self.count
        printed = []
        try:
            self.process.stdin.write("%s\n\\echo %s\n" % (text, mark))
            self.process.stdin.flush()
        except BrokenPipeError:
            return "psql has ended\n", False
        for line in self.process.stdout:
            if line.strip() == mark:
                return "".join(printed), True
            printed.append(re.sub(r"^psql:<stdin>:\d+: ", "", line))
        return "".join(printed), False

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def run_block(block, psql, directory, env):
    """(printed, succeeded)"""
    if block.language in ("sql", "sql cron"):
        return psql.run(block.text)
    if block.language == "sql error":
        printed, alive = psql.run("\\set ON_ERROR_STOP off\n%s\n\\set ON_ERROR_STOP on\n" % block.text)
        if not alive:
            return printed, False
        if "ERROR:" not in printed:
            return printed + "(no error was raised)\n", False
        return printed, True
    command = ["/usr/bin/python3", "-"] if block.language == "python" else ["bash", "-e", "-o", "pipefail", "-s"]
    done = subprocess.run(command, input=block.text, cwd=directory, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout, done.returncode == 0


def run_page(page, data):
    """(blocks passed, blocks failed) of one page"""
    name = "docs_" + re.sub(r"\W", "_", page.stem.lower()) + "_%d" % os.getpid()
    blocks = blocks_of(page)
    cron = os.environ.get("NEUROENC_CRON") if any(b.language == "sql cron" for b in blocks) else None
    name = cron or name
    env = dict(os.environ, PGDATABASE=name, PGOPTIONS="-c client_min_messages=warning")
    passed = failed = 0
    if not cron:
        subprocess.run(["createdb", "-T", "template0", name], check=True)
    try:
        with tempfile.TemporaryDirectory(prefix="neuroenc-docs.") as directory:
            for file in data.iterdir():
                os.symlink(file, Path(directory) / file.name)
            psql = Psql(directory, env)
            for block in blocks:
                where = "%s:%d (%s)" % (page.relative_to(ROOT), block.line, block.language)
                if block.language == "sql cron" and not cron:
                    print("ok %s # SKIP no server with pg_cron" % where, flush=True)
                    continue
                printed, good = run_block(block, psql, directory, env)
                if good and block.expected is not None and not same_output(block.expected, printed):
                    good = False
                    printed = "expected:\n%sprinted:\n%s" % (block.expected, printed)
                print("%s %s" % ("ok" if good else "not ok", where), flush=True)
                if good:
                    passed += 1
                    continue
                failed += 1
                print("".join("    %s\n" % s for s in printed.splitlines()), end="", flush=True)
                if psql.process.poll() is not None or not block.expected:
                    print("    the rest of the page was not run")
                    break
            psql.close()
    finally:
        if not cron:
            subprocess.run(["dropdb", "--if-exists", "--force", name], check=False)
    return passed, failed


def statements(text):
    """Statements and psql commands of a script, white space folded; no \\echo, no DROP."""
    text = re.sub(r"^\s*--.*$", "", text, flags=re.M)
    result, rest = [], []
    for line in text.splitlines():
        if line.startswith("\\"):
            if not re.match(r"\\(echo|pset|set ON_ERROR_STOP|set QUIET)\b", line):
                result.append(" ".join(line.split()))
            continue
        rest.append(line)
        if line.rstrip().endswith((";", "\\gx")):
            result.append(" ".join(" ".join(rest).split()))
            rest = []
    return [s for s in result if not s.startswith("DROP TABLE IF EXISTS")]


def check_demo():
    """Is every statement of the demo in first-fit.md?"""
    page = ROOT / "docs" / "guide" / "first-fit.md"
    shown = " ".join(" ".join(b.text for b in blocks_of(page)).split())
    missing = ["%s: %s" % (script.name, s) for script in sorted((ROOT / "test" / "demo").glob("*.sql"))
               for s in statements(script.read_text()) if s not in shown]
    print("%s first-fit.md shows the statements of test/demo/*.sql" % ("not ok" if missing else "ok"))
    for s in missing:
        print("    not shown: " + s)
    return (0, 1) if missing else (1, 0)


def report(good, what, why=""):
    print("%s %s" % ("ok" if good else "not ok", what), flush=True)
    for line in [] if good else why.splitlines()[-12:]:
        print("    " + line)
    return (1, 0) if good else (0, 1)


def check_readme():
    """Are README.md's commands those that make check runs?"""
    text = (ROOT / "README.md").read_text()
    driver = (ROOT / "test" / "run").read_text()
    ci = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if re.search(r"\bmake\b", line.partition("#")[0])]
    console = [line[2:].partition("  #")[0].strip() for block in re.findall(r"```console\n(.*?)```", text, re.S)
               for line in block.splitlines() if line.startswith("$ ")]
    inline = re.findall(r"`(make\b[^`]*)`", text)
    counts = [report(ci == ["exec make check"], "readme: continuous integration runs make check", "; ".join(ci))]

    # make: a target of the Makefile, and one that make check runs itself or that is a goal of the same driver
    ran = {"": r"run make -s -j\d", "install": r"run make -s install ", "installcheck": r"run make -s installcheck "}
    for command in sorted(set(console + inline)):
        words = command.split()
        words = words[1:] if words[0] == "sudo" else words
        if words[0] != "make":
            continue
        goals = " ".join(w for w in words[1:] if "=" not in w)
        tried = subprocess.run(["make", "-n", "-C", str(ROOT)] + goals.split(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        there = re.search(ran.get(goals, r"^goal_%s\(\)" % goals), driver, re.M)
        names = all(re.search(r"\b%s\b" % w.split("=")[0], driver) for w in words[1:] if "=" in w)
        counts.append(report(tried.returncode == 0 and there and names, "readme: " + command, tried.stdout))

    for command in console:
        words = command.split()
        if words[:3] == ["sudo", "apt-get", "install"]:
            major = re.search(r"postgresql-(\d+)", command)[1]
            function = re.search(r"^build_packages\(\) \{.*?^\}", driver, re.S | re.M)[0]
            wanted = subprocess.run(["bash", "-c", "say() { printf '%%s\\n' \"$*\"; }\n%s\nbuild_packages %s" % (function, major)],
                                    stdout=subprocess.PIPE, text=True, check=True).stdout.split()
            counts.append(report(sorted(words[3:]) == sorted(wanted), "readme: the packages are those of test/run", " ".join(wanted)))
        elif words[0] == "psql":
            subprocess.run(["createdb", "-T", "template0", words[-1]], check=True)
            done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            counts.append(report(done.returncode == 0, "readme: " + command, done.stdout))
            subprocess.run(["dropdb", "--force", words[-1]], check=True)
        elif "make" not in words:
            counts.append(report(False, "readme: " + command, "nothing runs it"))

    # make demo: what it does after the server is up
    with tempfile.TemporaryDirectory(prefix="neuroenc-demo.") as scratch:
        name = "docs_demo_%d" % os.getpid()
        subprocess.run(["createdb", "-T", "template0", name], check=True)
        done = subprocess.run([ROOT / "test" / "demo" / "run", scratch], env=dict(os.environ, PGDATABASE=name),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        counts.append(report(done.returncode == 0, "readme: the demo runs", done.stdout))
        subprocess.run(["dropdb", "--force", name], check=True)

    broken = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (ROOT / link).exists()]
    counts.append(report(not broken, "readme: its links lead somewhere", " ".join(broken)))
    return tuple(map(sum, zip(*counts)))


# What the examples in comments read.
EXAMPLE_TABLES = """
CREATE EXTENSION neuroenc;
CREATE TABLE t (layer int, r rdm);
CREATE TABLE rows (t tensor, label text, x tensor, condition boolean);
CREATE TABLE encoders (fit encoder);
CREATE TABLE probes (p points);
CREATE TABLE activations (id bigint, t tensor);
CREATE TABLE dictionaries (d tensor);
CREATE TABLE sae (w_enc tensor, b_enc tensor, b_dec tensor);
"""

# Functions that a user calls: not those behind a type, an aggregate, an operator class, a cast or an operator.
CALLED = """
SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'neuroenc'
WHERE NOT EXISTS (SELECT FROM pg_aggregate a
                  WHERE p.oid IN (aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn))
  AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript))
  AND NOT EXISTS (SELECT FROM pg_amproc WHERE amproc = p.oid) AND NOT EXISTS (SELECT FROM pg_cast WHERE castfunc = p.oid)
  AND NOT EXISTS (SELECT FROM pg_operator WHERE p.oid IN (oprcode, oprrest, oprjoin))
"""


def check_reference():
    """Is what a user calls in docs/reference, and do the examples there read existing things?  (test/reference --check: the
    pages are what the comments say.)"""
    text = "".join(page.read_text() for page in sorted((ROOT / "docs" / "reference").glob("*.md")))
    name = "docs_reference_%d" % os.getpid()
    env = dict(os.environ, PGDATABASE=name)

    def psql(script):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input=script, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode == 0, done.stdout

    subprocess.run(["createdb", "-T", "template0", name], check=True)
    try:
        good, printed = psql(EXAMPLE_TABLES + CALLED)
        missing = [f for f in printed.split() if "### `%s(" % f not in text]
        counts = [report(good and not missing, "reference: all %d functions that users call" % len(printed.split()),
                         " ".join(missing) if good else printed)]
        for example in sorted(set(re.findall(r"`(\(?SELECT [^`]*|FROM [^`]*)`", text))):
            statement = {"S": "", "(": "SELECT ", "F": "SELECT * "}[example[0]] + example
            good, printed = psql("EXPLAIN %s;" % statement)
            counts.append(report(good, "reference: " + example, printed))
    finally:
        subprocess.run(["dropdb", "--if-exists", "--force", name], check=False)
    return tuple(map(sum, zip(*counts)))


def main():
    given = [Path(a).resolve() for a in sys.argv[1:]]
    pages = given or [ROOT / "README.md"] + sorted((ROOT / "docs" / "guide").glob("*.md"))
    if not pages:
        print("1..0 # SKIP no page")
        return 0
    with tempfile.TemporaryDirectory(prefix="neuroenc-data.") as scratch:
        fetched = subprocess.run([ROOT / "test" / "demo" / "fetch", scratch], stdout=subprocess.PIPE, text=True)
        if fetched.returncode != 0:
            print("not ok docs/guide: the recordings could not be fetched")
            return 1
        counts = [run_page(page, Path(fetched.stdout.strip())) for page in pages]
        if not given:
            counts += [check_demo(), check_reference(), check_readme()]
    failed = sum(c[1] for c in counts)
    print("docs: %d blocks ran, %d failed" % (sum(map(sum, counts)), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
