#!/usr/bin/python3
"""Runs the oracle tests: every test_*(db) of test/oracle/test_*.py.

usage: run.py [--only REGEX] [FILE...]      (the server by PGHOST, PGPORT, PGUSER)

Each file has a database of its own with the extension in public; each test a
connection of its own (autocommit).  A test that raises fails; one that raises
neuroenc_oracle.Skip is skipped.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

try:
    import psycopg2
    import numpy
except ImportError as missing:
    sys.exit("%s (Debian: python3-numpy python3-scipy python3-sklearn python3-psycopg2, run by /usr/bin/python3)" % missing)

import neuroenc_oracle


def connect(database, **options):
    db = psycopg2.connect(dbname=database, **options)
    db.autocommit = True
    return db


def admin(statement):
    db = connect(os.environ.get("PGDATABASE", "postgres"))
    with db.cursor() as cur:
        cur.execute(statement)
    db.close()


def tests_of(path):
    name = os.path.basename(path)[:-3]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions = [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
    return [(n, f) for n, f in functions if getattr(f, "__module__", name) == name]


def run_one(label, function, database):
    started = time.time()
    db = connect(database)
    try:
        function(db)
        print("ok %s (%.1f s)" % (label, time.time() - started), flush=True)
        return True
    except neuroenc_oracle.Skip as why:
        print("ok %s # SKIP %s" % (label, why), flush=True)
        return True
    except Exception:
        print("not ok %s (%.1f s)" % (label, time.time() - started))
        for line in traceback.format_exc().rstrip().splitlines():
            print("# " + line)
        sys.stdout.flush()
        return False
    finally:
        db.close()


def run_file(path, only):
    file_name = os.path.basename(path)[5:-3]
    try:
        tests = [(n, f) for n, f in tests_of(path) if not only or only.search("%s: %s" % (file_name, n[5:]))]
    except Exception:
        print("not ok %s: does not load" % file_name)
        for line in traceback.format_exc().rstrip().splitlines():
            print("# " + line)
        return False
    if not tests:
        return True
    database = "oracle_%s_%d" % (file_name, os.getpid())
    admin('CREATE DATABASE "%s"' % database)
    try:
        db = connect(database)
        with db.cursor() as cur:
            cur.execute("CREATE EXTENSION neuroenc;" + (pathlib.Path(__file__).parent.parent / "free_combine.sql").read_text())
        db.close()
        return all([run_one("%s: %s" % (file_name, n[5:]), f, database) for n, f in tests])
    finally:
        admin('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % database)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="regular expression over 'file: test'")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    files = args.files or sorted(
        os.path.join(HERE, f) for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py")
    )
    only = re.compile(args.only) if args.only else None
    results = [run_file(path, only) for path in files]
    if not results:
        print("1..0 # SKIP no oracle test")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
