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
statement of the demo that the page does not show is a failure too.
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
            counts.append(check_demo())
    failed = sum(c[1] for c in counts)
    print("docs: %d blocks ran, %d failed" % (sum(map(sum, counts)), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
